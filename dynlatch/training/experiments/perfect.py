"""The minimal problem with perfect inputs: the chance, exact, that a run meets the criterion while w stays where it is.

The map `a' = w tanh(a) + u` increases in a and in u. With the same noise no trained inputs answer right where infinite ones do
not, presentation by presentation: no learner of the inputs converges more often than the perfect latch does.
"""

from __future__ import annotations

import numpy as np

from dynlatch.analysis import Gaussian, feasibility_ceiling
from dynlatch.training.tasks import Latch
from dynlatch.validation import Array, count

NARROWEST, WIDEST = 0.02, 3.0  # standard deviations between which `bearable` looks
CLOSE = 1e-4


def answered(task: Latch, w: float) -> float:
    """Probability that one noisy sequence is answered right, amplitude included, after infinite inputs of the right sign."""
    assert task.std is not None
    return feasibility_ceiling(w, Gaussian(task.std), task.T, inputs=task.L, level=task.criterion.low)


def chance(task: Latch, w: float, presentations: int) -> float:
    """Probability that a run with perfect inputs meets the criterion within its presentations.

    Frozen noise: both of its two sequences have to be answered right. Fresh noise: as many in a row as the task asks for.

    Examples
    --------
    >>> from dynlatch.training.experiments.perfect import chance
    >>> from dynlatch.training.tasks import Latch
    >>> [round(chance(Latch(T, std=0.2), 1.25, 4000), 2) for T in (5, 10, 15, 20)]
    [1.0, 0.95, 0.2, 0.04]
    """
    p = answered(task, w)
    return p**2 if task.frozen else in_a_row(p, task.streak(2), presentations)


def in_a_row(p: float, needed: int, shown: int) -> float:
    """Probability of `needed` successes in a row somewhere in `shown` independent trials of rate p.

    c_m = c_{m-1} + (1 - c_{m-1-needed}) (1 - p) p^needed, c_needed = p^needed: the first such row ends at m after a failure.

    Examples
    --------
    >>> from dynlatch.training.experiments.perfect import in_a_row
    >>> in_a_row(0.5, 2, 3)  # of 8 sequences 110, 011, 111
    0.375
    """
    k, n = count("needed", needed, least=1), count("shown", shown, least=0)
    if n < k:
        return 0.0
    whole = p**k
    chances = [0.0] * k + [whole]
    for m in range(k + 1, n + 1):
        chances.append(chances[-1] + (1.0 - chances[m - 1 - k]) * (1.0 - p) * whole)
    return min(chances[-1], 1.0)


def bearable(w: Array, T: int, L: int, presentations: int) -> Array:
    """Standard deviation of fresh noise at which half of the runs with perfect inputs meet the criterion, shape of w.

    0 where that is below 0.02 (no w <= 1 bears any noise for long) or the presentations do not suffice; 3 where it is above.
    """
    needed = Latch(T, L).streak(2)
    if presentations < needed:
        return np.zeros(len(w))
    rate = _half(needed, presentations)
    return np.array([_bearable(float(weight), T, L, rate) for weight in w])


def _half(needed: int, shown: int) -> float:
    """The rate p at which `in_a_row` is 1/2."""
    from scipy.optimize import brentq

    return float(brentq(lambda p: in_a_row(p, needed, shown) - 0.5, 0.0, 1.0, xtol=1e-9))


def _bearable(w: float, T: int, L: int, rate: float) -> float:
    from scipy.optimize import brentq

    def surplus(std: float) -> float:
        return answered(Latch(T, L, std=std), w) - rate

    if surplus(NARROWEST) < 0.0:
        return 0.0
    return WIDEST if surplus(WIDEST) > 0.0 else float(brentq(surplus, NARROWEST, WIDEST, xtol=CLOSE))
