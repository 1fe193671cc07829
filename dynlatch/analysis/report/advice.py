"""What the papers say can be done, one text a diagnosis."""

from __future__ import annotations

import numpy as np

MU = 0.01  # a usual constant of the pseudo-Newton rules


def latching(factor: float, gated: bool) -> str:
    """Against the trade-off of holding and learning; `factor` is what a step leaves of the gradient."""
    reach = delays = ""
    if 0.0 < factor < 1.0:
        reach = f" (with mu = {MU:g} about {np.log(MU) / (2.0 * np.log(factor)):.2g} steps here)"
        delays = f" (with 5 of them a step back leaves about {factor ** (1 / 5):.2g}, not {factor:.2g})"
    cells = (
        "starting with gates that keep the state" if gated else "gated cells that carry their state with slope near 1 (LSTM)"
    )
    return (
        "More epochs do not extend the horizon, and a curriculum of short sequences helps only if they contain the dependency. "
        f"What does: {cells}; delayed connections (NARX){delays}; time-weighted pseudo-Newton, up to ln(mu) / (2 ln factor) "
        f"steps{reach}; searches that need no gradient through time (simulated annealing, multigrid random search, discrete "
        "error propagation). Compare each with guessing the weights at random."
    )


EXPLODING = (
    "Clip the norm of the gradient (Pascanu, Mikolov and Bengio, 2013). On chaotic orbits no clipping makes it informative "
    "(Mikhaeil, Monfared and Durstewitz, 2022): force the state to the data every ln 2 / exponent steps or sooner, or penalise "
    "the leading exponents before training (gradient flossing, Engelken 2023)."
)
FORGETTING = (
    "Nothing can be learned over longer lags from here by gradients: give the network something to hold first. A tanh unit "
    "latches if its weight to itself is above 1; start with such weights, or with gated cells that keep their state (LSTM with "
    "an open forget gate)."
)
INTEGRATOR = (
    "Good for learning, not robust for holding: expect values to drift (Park, Sagodi and Sokol, 2023; Sagodi et al., 2024). "
    "If bits must last, train with noise until discrete states form."
)
SATURATION = (
    "Saturated units pass no gradient, in either direction of time. Smaller weights or a penalty on them bring slopes back; "
    "pseudo-Newton steps weigh such units by their curvature (Becker and LeCun, 1988)."
)
STUCK_GATES = (
    "A gate that is fully open or shut carries or cuts the state, which may be what it should do; but its own weights hardly "
    "learn any more. If it is stuck on the wrong side, reset its bias."
)
READOUT = (
    "Look at the readout first: its weights may be zero, or its cost flat where the outputs are. No change of the recurrent "
    "weights helps before that."
)
WEAK_INPUT = (
    "Scale the inputs up, or the input weights, until they exceed u*; training cannot find that out from gradients, which see "
    "one basin only."
)
NO_SWITCH = (
    "If these sequences should change what is remembered, try larger inputs: only inputs above u* move a state from one basin "
    "to another (`dynlatch escape`)."
)
BLIND_READOUT = (
    "Retrain the readout alone on the memory states (it is linear, and least squares will do) before anything else is changed."
)
