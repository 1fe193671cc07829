"""What no learning can exceed: the accuracy of a perfectly latched bit read after noise.

Source: the latching task of Bengio, Frasconi and Simard (1993), ICNN, Fig. 2: L inputs set the sign of one neuron
`a' = w tanh(a) + u`, which is read at time T.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from dynlatch.analysis.noise.chain import refined
from dynlatch.analysis.noise.laws import Gaussian, Noise, noise_law
from dynlatch.analysis.noise.line import FARTHEST, Line, reached
from dynlatch.analysis.noise.scalar import gaussian_chains
from dynlatch.analysis.noise.uniform import uniform_chains
from dynlatch.errors import InvalidInput
from dynlatch.validation import Array, count, positive_number

SATURATED = 40.0  # tanh of it is 1 in float64


def feasibility_ceiling(w: float, noise: Noise, steps: int, *, inputs: int = 3, level: float = 0.0) -> float:
    """Probability that the sign of the latch `a' = w tanh(a) + noise` is still right at time T, after perfect inputs.

    The inputs of the first L steps leave the state as large as it can be, |a_L| = inf; then noise acts for T - L steps. A
    network of fixed w that learns its inputs cannot be right more often than this.

    Parameters
    ----------
    w : float
        Positive; at most 1 is no latch, and the probability tends to 1/2 fast.
    noise : Gaussian or Uniform
    steps : int
        T, at least `inputs`.
    inputs : int
        L.
    level : float
        What the output tanh(a_T) has to exceed to count as right: 0 asks for the sign, more for the amplitude too; in [0, 1).

    Returns
    -------
    float

    Raises
    ------
    InvalidInput
        On w <= 0, T < L, a level outside [0, 1), or noise so small beside w that the integral needs too many nodes.

    Examples
    --------
    >>> from dynlatch.analysis import Gaussian, feasibility_ceiling
    >>> [round(feasibility_ceiling(1.25, Gaussian(0.2), T), 3) for T in (10, 20, 40, 80)]
    [0.993, 0.948, 0.865, 0.742]

    With 0.2 as the variance the same task is out of reach:

    >>> [round(feasibility_ceiling(1.25, Gaussian.from_variance(0.2), T), 3) for T in (5, 10, 20, 40)]
    [0.976, 0.785, 0.594, 0.51]
    """
    weight, law = positive_number("w", w), noise_law(noise)
    L = count("inputs", inputs, least=0)
    T = count("steps", steps, least=L)
    if not 0.0 <= level < 1.0:
        raise InvalidInput(f"`level` is an output that tanh can exceed: give a number in [0, 1); got {level!r}.")
    needed = math.atanh(level)
    if T == L:
        return 1.0

    def step(a: Array) -> Array:
        return np.asarray(weight * np.tanh(a))

    if law.width == 0.0:
        return float(_quiet(step, T - L) > needed)
    push = law.width * (FARTHEST if isinstance(law, Gaussian) else 1.0)
    reach = reached(step, (weight, weight), push)
    assert reach is not None  # tanh is bounded
    if reach[0] > needed:
        return 1.0
    line = Line(step, law.width, SATURATED, 1, ((needed, math.inf),), reach, 0.0)
    chains = gaussian_chains(line) if isinstance(law, Gaussian) else uniform_chains(line)
    found = refined(chains, 1, T - L)
    if found is None:
        raise InvalidInput(f"noise of width {law.width:.3g} beside `w` = {weight:.6g} needs too many nodes: take larger noise.")
    return float(found.course.returned[-1])


def _quiet(step: Callable[[Array], Array], steps: int) -> float:
    """The activation after that many steps without noise."""
    a = np.array(SATURATED)
    for _ in range(steps):
        a = step(a)
    return float(a)
