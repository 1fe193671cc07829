"""A noisy map of one dimension as a matrix: what all n = 1 routes share once the integrals are sums.

With nodes x_i and the transition probabilities K_ij of one step to (the weight of) node j, the probability that the state has
stayed in the basin for t steps from x_i is `(K^t 1)_i`. The kernel K is killed outside the basin; without killing,
`(F^{t-1} s)_i` with `s_i = P(next in the basin | x_i)` is the probability of being there at t.

Whatever is small is summed from the probabilities of leaving, all of one sign, and never found as 1 minus something: the
escape rate is the flux `sum pi_i P(leave | x_i)` out of the quasi-stationary law pi, the limit of the rows of K^t.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.validation import Array

SAME = 1e-13  # relative change of a step at which a law has become stationary
DOUBLINGS = 60
MOST_STEPS = 20_000
COMPARED = 16  # steps
LONGEST_PASSAGE = 2000  # steps
SETTLED = 1e-11  # the same where matrices have small negative entries
SAME_PROBABILITY, SAME_RATE = 1e-12, 1e-10  # between two numbers of nodes: absolute, relative


class Chain(NamedTuple):
    """One step from each of N nodes and, last, from the start: (N + 1, N + 1) with a last column of zeros."""

    matrix: Array
    inside: NDArray[np.bool_]  # nodes in the basin, and the start
    stay: Array  # probability that the next state is in the basin
    leave: Array  # 1 - stay, to full relative accuracy
    positive: bool  # whether no entry is negative: powers of the matrix then keep relative accuracy

    @property
    def killed(self) -> tuple[Array, Array, Array]:
        """The matrix within the basin, and its `stay` and `leave`."""
        return self.matrix[np.ix_(self.inside, self.inside)], self.stay[self.inside], self.leave[self.inside]


class Course(NamedTuple):
    """Probabilities at the times 0 to T: of having left, of not having left, of being outside and of being inside."""

    lost: Array
    survival: Array
    away: Array
    returned: Array
    drift: float  # how far what has left and what has not, summed independently, are from 1 together


class Rate(NamedTuple):
    """Probability per step of leaving the quasi-stationary law, and the mean number of steps until the state is out."""

    rate: float
    mean_exit_time: float


class Integrated(NamedTuple):
    """What a matrix gives, and how much it still changed when the nodes were refined."""

    course: Course
    rate: Rate
    error: float  # absolute, of probabilities
    rate_error: float  # relative
    rate_change: float  # absolute

    @property
    def exact(self) -> bool:
        """Whether nothing changed beyond rounding."""
        return self.error <= SAME_PROBABILITY and self.rate_error <= SAME_RATE


def refined(chains: Iterable[Chain], period: int, steps: int) -> Integrated | None:
    """The first of ever finer matrices that agrees with the one before, or the last; None if there are not two.

    Kernels are compared by their first steps and by the rate, in which every node counts.
    """
    before: tuple[Course, Rate] | None = None
    best: tuple[Chain, Integrated] | None = None
    for chain in chains:
        now = course(chain, min(steps, COMPARED)), escape(chain, period)
        if before is not None:
            best = chain, _compared(before, now)
            if best[1].exact:
                break
        before = now
    if best is None:
        return None
    chain, found = best
    whole = course(chain, steps)
    return found._replace(course=whole, error=max(found.error, whole.drift))


def _compared(before: tuple[Course, Rate], now: tuple[Course, Rate]) -> Integrated:
    error = max(float(np.abs(old - new).max()) for old, new in zip(before[0][:4], now[0][:4], strict=True))
    change = abs(before[1].rate - now[1].rate)
    unresolved = not now[1].rate > 0 and change > 0
    return Integrated(*now, error, np.inf if unresolved else change / now[1].rate if change else 0.0, change)


def course(chain: Chain, steps: int) -> Course:
    """The probabilities at every time; of each pair that adds up to 1 the larger from the smaller."""
    K, stay, leave = chain.killed
    alive, flux = _iterated(K, np.stack([stay, leave], axis=1), steps).T
    inside, outside = _iterated(chain.matrix, np.stack([chain.stay, chain.leave], axis=1), steps).T
    lost = np.cumsum(flux)
    drift = max(float(np.abs(lost + alive - 1.0).max()), float(np.abs(outside + inside - 1.0).max()))
    return Course(*_pair(lost, alive), *_pair(outside, inside), drift)


def _iterated(matrix: Array, values: Array, steps: int) -> Array:
    """The last row of `values`, `matrix @ values`, ...: shape (steps, columns); geometric once it has become so."""
    rows = np.empty((steps, values.shape[1]))
    for t in range(steps):
        rows[t] = values[-1]
        if t == steps - 1:
            break
        moved = matrix @ values
        if t % 32 == 31:
            factor = moved[-1] / np.where(values[-1] > 0, values[-1], 1.0)
            if np.all(np.abs(moved - factor * values) <= SAME * np.abs(moved)):
                rows[t + 1 :] = moved[-1] * factor ** np.arange(steps - t - 1)[:, None]
                break
        values = moved
    return rows


def _pair(small: Array, large: Array) -> tuple[Array, Array]:
    small = np.clip(np.append(0.0, small), 0.0, 1.0)
    large = np.clip(np.append(1.0, large), 0.0, 1.0)
    first = small <= 0.5
    # The smaller of the two has the digits.
    return np.where(first, small, 1.0 - large), np.where(first, 1.0 - small, large)


def escape(chain: Chain, period: int) -> Rate:
    """The rate in the limit of many steps, averaged over the period of the attractor, and the mean exit time."""
    return _by_doubling(chain, period) if chain.positive else _by_steps(chain, period)


def _around(K: Array, value: Array, period: int) -> Array:
    total, moved = value.copy(), value
    for _ in range(period - 1):
        moved = K @ moved
        total += moved
    return total


def _by_doubling(chain: Chain, period: int) -> Rate:
    """Powers K^(2^k); `total` is the sum of the survival probabilities so far."""
    K, _, leave = chain.killed
    flux, alive = _around(K, leave, period), _around(K, np.ones(len(K)), period)
    power, log_scale, total = K, 0.0, np.ones(len(K))
    rate = 0.0
    for _ in range(DOUBLINGS):
        left, kept = power @ flux, power @ alive
        known = kept > 0
        rates = left[known] / kept[known]
        rate = float(left[-1] / kept[-1]) if kept[-1] > 0 else 1.0
        if np.all(np.abs(rates - rate) <= SAME * period * rate + 1e-320):
            break
        total = total + np.exp(log_scale) * (power @ total)
        power = power @ power
        scale = float(power.sum(1).max())
        power, log_scale = power / scale, 2.0 * log_scale + np.log(scale)
    rest = np.exp(log_scale) * (power @ np.ones(len(K)))[-1]
    with np.errstate(over="ignore"):  # longer than any float: infinite
        return Rate(rate, float(total[-1] + rest / rate) if rate > 0 else np.inf)


def _by_steps(chain: Chain, period: int) -> Rate:
    """Step by step, for matrices with small negative entries, whose powers would fill the zeros with rounding.

    A rate that the nodes do not resolve may come out negative.
    """
    K, _, leave = chain.killed
    values = np.stack([leave, np.ones(len(K))], axis=1)
    total, before, rate = 0.0, np.nan, 0.0
    for step in range(MOST_STEPS):
        flux, alive = 0.0, 0.0
        for _ in range(period):
            flux, alive = flux + float(values[-1, 0]), alive + float(values[-1, 1])
            values = K @ values
        total += alive
        rate = min(flux / alive, 1.0) if alive > 0 else 1.0
        # Before bounded noise has had the time to reach an edge the flux is 0.
        if alive < 1e-300 or (abs(rate - before) <= SETTLED * abs(rate) and (rate != 0.0 or step > LONGEST_PASSAGE)):
            break
        before = rate
    return Rate(rate, float(total + max(float(values[-1, 1]), 0.0) / rate) if rate > 0 else np.inf)
