"""What the papers say can be done, one text a diagnosis."""

from __future__ import annotations

import numpy as np

MU = 0.01  # a usual constant of the pseudo-Newton rules


def latching(factor: float) -> str:
    """Against the trade-off of holding and learning; `factor` is what a step leaves of the gradient."""
    reach = ""
    if 0.0 < factor < 1.0:
        reach = f" (mu = {MU:g}: about {np.log(MU) / (2.0 * np.log(factor)):.2g} steps here)"
    delays = ""
    if 0.0 < factor < 1.0:
        delays = f"; with 5 of them a step back would leave about {factor ** (1 / 5):.2g} instead of {factor:.2g}, not 1"
    return (
        "More epochs do not extend the horizon, and a curriculum of short sequences helps only if they contain the dependency. "
        f"What does: gated cells that carry their state with slope near 1 (LSTM); delayed connections (NARX){delays}; "
        f"time-weighted pseudo-Newton up to ln(mu) / (2 ln factor) steps{reach}; and searches that need no gradient through "
        "time: simulated annealing, multigrid random search, discrete error propagation. Compare with random guessing of the "
        "weights first."
    )


EXPLODING = (
    "Clip the norm of the gradient (Pascanu, Mikolov and Bengio, 2013). On chaotic orbits no clipping makes it informative "
    "(Mikhaeil, Monfared and Durstewitz, 2022): force the state to the data every ln 2 / exponent steps or sooner, or penalise "
    "the leading exponents before training (gradient flossing, Engelken 2023)."
)
FORGETTING = (
    "Nothing can be learned over longer lags from here by gradients: give the network something to hold first. A tanh unit "
    "latches if its weight to itself is above 1 (times the greatest slope of its activation); start with such weights, or use "
    "gated cells with a forget gate that starts open (LSTM)."
)
INTEGRATOR = (
    "Good for learning, not robust for holding: expect values to drift (Park, Sagodi and Sokol, 2023; Sagodi et al., 2024). "
    "If bits must last, train with noise until discrete states form."
)
SATURATION = (
    "Saturated units pass no gradient, in either direction of time. Smaller weights or a penalty on them bring slopes back; "
    "pseudo-Newton steps weigh such units by their curvature (Becker and LeCun, 1988)."
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
UNUSED = "States that no sequence uses cost nothing, but the data do not test them either."
