"""The four readings of "the Jacobian along the orbit is below one", decided for every number of steps at once.

An orbit y_0, y_1, ... that ends in the contraction ball of an attractor, with J_k = M'(y_k) and N_l = J_{l-1} ... J_0, is

    spectral    rho(N_l) < 1             for all l >= 1
    product     |N_l| < 1                for all l >= 1
    stepwise    |J_k| < 1                for all k >= 0
    adapted     |S_{k+1} J_k S_k^-1| < 1 for all k >= 0

Only finitely many steps matter. Inside the ball `|R_{k+1} J_k R_k^-1| <= q < 1` in the norms R_j of the ball, so
`|N_m| <= max_j |R_j^-1| |R_k N_k|` for all m >= k: once that is below 1 nothing can happen any more to the first two. For the
last two the ball is shrunk until an interval bound on J over it is below 1: an orbit within half of it stays in it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.attracting_sets.entry import Indices
from dynlatch.analysis.contraction import ContractionBall, norm_bound
from dynlatch.intervals import EPS
from dynlatch.linalg import matrix_norm, spectral_radius
from dynlatch.maps import SmoothMap, interval_jacobian
from dynlatch.validation import Array

SPECTRAL, PRODUCT, STEPWISE, ADAPTED = range(4)
OUT, IN, OPEN, UNDECIDED = 0, 1, 2, 3
SLACK = 64.0 * EPS  # norms that differ from 1 by less than this times the dimension are not told from 1
SHRINKS = 40
SAMPLES = 64

Words = NDArray[np.int8]


class Limit(NamedTuple):
    """Norms at the attractor itself: the part of the ball where they stay below 1, and whether one of them is above 1."""

    scale: float
    exceeded: bool


class Frame(NamedTuple):
    """What the steps are measured with: the ball, the factors S_j (p, n, n) of the adapted norm, and the limits."""

    ball: ContractionBall
    factors: Array
    inverses: Array
    stepwise: Limit
    adapted: Limit


def frame(map: SmoothMap, ball: ContractionBall, factors: Array) -> Frame:
    """Limits of the stepwise norms, Euclidean and adapted, around the attractor."""
    inverses = np.asarray(np.linalg.inv(factors), dtype=np.float64)
    identity: Array = np.broadcast_to(np.eye(factors.shape[-1]), factors.shape)
    limits = (_limit(map, ball, identity, identity), _limit(map, ball, factors, inverses))
    return Frame(ball, factors, inverses, *limits)


def _limit(map: SmoothMap, ball: ContractionBall, factors: Array, inverses: Array) -> Limit:
    following = np.roll(factors, -1, axis=0)
    at_rest = matrix_norm(following @ map.jacobian(ball.orbit) @ inverses).max()
    if at_rest > 1.0 - _slack(factors.shape[-1]):
        return Limit(0.0, bool(at_rest > 1.0 + _slack(factors.shape[-1])))
    scale = 1.0
    for _ in range(SHRINKS):
        if _largest_norm(map, ball, scale, following, inverses) < 1.0:
            return Limit(scale, exceeded=False)
        scale *= 0.7
    return Limit(0.0, exceeded=False)


def _largest_norm(map: SmoothMap, ball: ContractionBall, scale: float, left: Array, right: Array) -> float:
    """Bound on `|left_j J right_j|` over the ball shrunk by `scale`; the largest of samples without interval bounds."""
    width = scale * ball.half_widths * (1.0 + 1e-12)
    bounds = interval_jacobian(map, ball.orbit - width, ball.orbit + width)
    if bounds is None:
        shares = np.random.default_rng(0).uniform(-1.0, 1.0, (SAMPLES, *ball.orbit.shape))
        return float(matrix_norm(left @ map.jacobian(ball.orbit + shares * width) @ right).max())
    return float(norm_bound(left, bounds, right).max())


def _slack(n: int) -> float:
    return SLACK * n


class Product(NamedTuple):
    """N_l in columns, each scaled to largest entry 1, and the logarithms (m, n) of the scales: it cannot under- or overflow."""

    columns: Array
    logs: Array

    def times(self, J: Array) -> Product:
        """`J N`."""
        columns = J @ self.columns
        largest = np.abs(columns).max(axis=-2)
        safe = np.where(largest > 0, largest, 1.0)
        logs = np.where(largest > 0, self.logs + np.log(safe), -np.inf)
        return Product(columns / safe[..., None, :], logs)

    def select(self, rows: NDArray[np.bool_]) -> Product:
        return Product(self.columns[rows], self.logs[rows])

    @property
    def value(self) -> Array:
        """N_l to be compared with 1: tiny entries may underflow, huge ones are cut at e^300, so that squares stay finite."""
        return np.asarray(self.columns * np.exp(np.minimum(self.logs, 300.0))[..., None, :])


def decide(map: SmoothMap, given: Frame, states: Array, when: Indices, phase: Indices, most: int) -> tuple[Words, Indices]:
    """IN, OUT or UNDECIDED for each criterion and state (4, m), and the number of steps that took (m,).

    The orbit of each state (m, n) enters the ball after `when` steps, and follows the point `phase` + k of the cycle.
    """
    n, period = states.shape[-1], len(given.ball.orbit)
    words = np.full((4, len(states)), OPEN, dtype=np.int8)
    words[STEPWISE, :] = OUT if given.stepwise.exceeded else OPEN
    steps = np.zeros(len(states), dtype=np.intp)
    doubtful = np.zeros((4, len(states)), dtype=bool)
    who, now = np.arange(len(states)), states
    product = Product(np.broadcast_to(np.eye(n), (len(states), n, n)), np.zeros((len(states), n)))
    for step in range(most):
        J = map.jacobian(now)
        j = (phase[who] + step) % period
        _settle(given, words, doubtful, who, now, j, product, step >= when[who])
        product = product.times(J)
        _test(given, words, doubtful, who, J, j, product.value)
        on = (words[:, who] == OPEN).any(0)
        steps[who] = step + 1
        who, now, product = who[on], map.step(now[on]), product.select(on)
        if not len(who):
            break
    return np.where((words == OPEN) | ((words == IN) & doubtful), UNDECIDED, words).astype(np.int8), steps


def _settle(
    given: Frame, words: Words, doubtful: NDArray[np.bool_], who: Indices, now: Array, j: Indices, product: Product,
    inside: NDArray[np.bool_],
) -> None:  # fmt: skip
    """Close what nothing can change any more: those still open have passed all steps so far, and will pass the rest."""
    if not inside.any():
        return
    ball, w, j = given.ball, who[inside], j[inside]
    distance = np.sqrt(np.square(_apply(ball.factors, j, (now[inside] - ball.orbit[j])[..., None])).sum((-2, -1)))
    for criterion, limit in ((STEPWISE, given.stepwise), (ADAPTED, given.adapted)):
        close = distance <= 0.5 * limit.scale * ball.radius
        _close(words[criterion], w[close])
    largest = float(matrix_norm(ball.inverses).max())
    bound = largest * matrix_norm(_apply(ball.factors, j, product.select(inside).value), "fro")
    small = w[bound < 1.0 - _slack(now.shape[-1])]
    _close(words[SPECTRAL], small)
    _close(words[PRODUCT], small)
    for criterion, limit in ((STEPWISE, given.stepwise), (ADAPTED, given.adapted)):
        if limit.scale == 0.0:  # its norm at the attractor is 1 to rounding: what comes later is not to be told
            doubtful[criterion, small] = True
            _close(words[criterion], small)


def _close(words: NDArray[np.int8], who: Indices) -> None:
    words[who] = np.where(words[who] == OPEN, IN, words[who])


def _test(given: Frame, words: Words, doubtful: NDArray[np.bool_], who: Indices, J: Array, j: Indices, product: Array) -> None:
    """Apply each criterion to the step just taken, where it is still open."""
    period = len(given.ball.orbit)
    for criterion in (PRODUCT, STEPWISE, ADAPTED, SPECTRAL):
        open_ = words[criterion, who] == OPEN
        if not open_.any():
            continue
        if criterion == ADAPTED:
            A = _apply(given.factors, (j[open_] + 1) % period, J[open_])
            A = A @ given.inverses[j[open_]] if period > 1 else A @ given.inverses[0]
        else:
            A = (J if criterion == STEPWISE else product)[open_]
        side = _radius_side(A) if criterion == SPECTRAL else _norm_side(A)
        w = who[open_]
        words[criterion, w[side > 0]] = OUT
        doubtful[criterion, w[side == 0]] = True


def _apply(factors: Array, j: Indices, A: Array) -> Array:
    """`S_j A` for each of a batch of matrices."""
    return np.asarray((factors[0] if len(factors) == 1 else factors[j]) @ A)


def _side(values: Array, slack: float) -> Words:
    """-1 below 1, 1 above, 0 where rounding does not tell."""
    return np.asarray((values > 1.0 + slack).astype(np.int8) - (values < 1.0 - slack))


def _norm_side(A: Array) -> Words:
    """On which side of 1 the 2-norm of each matrix lies; cheap bounds first."""
    n = A.shape[-1]
    if n == 1:
        return _side(np.abs(A[:, 0, 0]), _slack(n))
    if n == 2:
        a, b, c, d = A[:, 0, 0], A[:, 0, 1], A[:, 1, 0], A[:, 1, 1]
        return _side(0.5 * (np.hypot(a + d, b - c) + np.hypot(a - d, b + c)), _slack(n))
    size = np.abs(A)
    above = np.minimum(np.sqrt(size.sum(-1).max(-1) * size.sum(-2).max(-1)), matrix_norm(A, "fro"))
    below = np.sqrt(np.maximum(np.square(A).sum(-1).max(-1), np.square(A).sum(-2).max(-1)))
    return _refined(A, above, below, matrix_norm)


def _radius_side(A: Array) -> Words:
    """The same for the spectral radius, which no norm is below."""
    n = A.shape[-1]
    if n == 1:
        return _side(np.abs(A[:, 0, 0]), _slack(n))
    if n == 2:
        half, det = 0.5 * (A[:, 0, 0] + A[:, 1, 1]), A[:, 0, 0] * A[:, 1, 1] - A[:, 0, 1] * A[:, 1, 0]
        # half^2 - det without cancellation: equal eigenvalues would otherwise lose half the digits.
        root = (0.5 * (A[:, 0, 0] - A[:, 1, 1])) ** 2 + A[:, 0, 1] * A[:, 1, 0]
        real = np.abs(half) + np.sqrt(np.maximum(root, 0.0))
        return _side(np.where(root >= 0, real, np.sqrt(np.maximum(det, 0.0))), _slack(n))
    size = np.abs(A)
    above = np.minimum.reduce([size.sum(-1).max(-1), size.sum(-2).max(-1), matrix_norm(A, "fro")])
    below = np.abs(np.trace(A, axis1=-2, axis2=-1)) / n
    return _refined(A, above, below, spectral_radius)


def _refined(A: Array, above: Array, below: Array, exact: Callable[[Array], Array]) -> Words:
    slack = _slack(A.shape[-1])
    values = np.where(above < 1.0 - slack, above, below)
    rest = ~((above < 1.0 - slack) | (below > 1.0 + slack))
    if rest.any():
        values[rest] = exact(A[rest])
    return _side(values, slack)
