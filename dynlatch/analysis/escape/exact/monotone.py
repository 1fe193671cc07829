"""Exact thresholds of maps that preserve an order, and of cycles of maps that reverse it.

If a net preserves the order, every input of size at most b keeps the state between its orbits under the two constant extreme
inputs, and b is safe if and only if both orbits can be released: their limits a+- under the push lead back to the attractor X
once the push is off (all states between two that return are squeezed, M^k(a-) <= M^k(y) <= M^k(a+)).

The limit a+(b) rises along the branch of fixed points that starts at X, up to its first fold. On the way nothing is lost: if
a+(b) did not return, it would lie above another fixed point p >= X of M; at the first such b the two agree in some unit i, so
`sum_j W_ij (f(a_j) - f(p_j)) + b d_i = 0` with terms >= 0: the units in which they agree hear neither the input nor the others,
and there a+ = p for smaller b too. So a fold comes first. Beyond it the orbit jumps to the next fixed point, and either that
one leads back, and the branch is followed from there, or the fold is the threshold.

If a net reverses the order, its alternating extremes do the same: the states at even and odd times form one net of twice the
size, `X'_j+1 = M(X_j) + ...`, which preserves the order with the signs s, -s. (With f odd and no bias this is the gauge
a_t -> (-1)^t a_t.) The same net of p phases serves cycles of period p; only then the push alternates if the order does.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.escape.exact.answer import Undecided
from dynlatch.analysis.escape.exact.branch import BranchPoint, FirstFold, first_fold
from dynlatch.analysis.escape.exact.extremes import Extremes
from dynlatch.analysis.escape.exact.pushed import Pushed, limit, rest_near
from dynlatch.validation import Array

JUMP = 1e-4  # relative excess at which the state beyond a fold is looked up
MOST_FOLDS = 20
BACK = 1e-6  # share of the way from the attractor to the pushed state within which a released state is back


class Net(NamedTuple):
    """All phases as one net without leak, pushed up in the order by an input of size `scale`; shapes (N,) with N = p n."""

    W: Array
    c: Array
    d: Array
    order: Array
    attractor: Array
    scale: float


class Side(NamedTuple):
    """One extreme direction of a part of the net that is connected and hears the input."""

    way: float  # +1 up, -1 down in the order
    system: Pushed
    attractor: Array  # (k,), of the units of the part
    kept: NDArray[np.bool_]  # (N,)
    scale: float  # the push 1 of the system is an input of this size


class Loss(NamedTuple):
    """The fold at which the attractor is lost, and the fixed point (N,) above it to which the released state goes."""

    size: float
    fold: FirstFold
    beyond: Array


def all_phases(case: Extremes) -> Net:
    """The net of all phases."""
    form, p = case.form, len(case.points)
    gain = float(np.abs(case.push).max())
    stays = np.tile(1.0 - form.leak, p)
    W = form.W if p == 1 else np.kron(np.roll(np.eye(p), 1, axis=0), form.W)  # phase j feeds phase j + 1
    d = (case.flips[:, None] * case.push).reshape(-1) / (gain * stays)
    c = np.tile(form.c, p) / stays
    return Net(W / stays[:, None], c, d, case.order.reshape(-1), case.points.reshape(-1), 1.0 / gain)


def sides(case: Extremes, ways: tuple[float, ...]) -> list[Side]:
    """Both directions of every part of the net that hears the input: the parts lose their attractors independently.

    Units that no input reaches stay where they are, as a part of the bias. Equal parts are listed once.
    """
    net = all_phases(case)
    hears = reached(net.W, net.d)
    c = net.c + np.where(hears, 0.0, net.W) @ case.form.f(net.attractor)
    found: dict[bytes, list[Side]] = {}
    for kept in parts(net.W, hears):
        W, d, order = net.W[np.ix_(kept, kept)], net.d[kept], net.order[kept]
        attractor = rest_near(Pushed(W, c[kept], d, case.form.f, order), net.attractor[kept], 0.0)
        if attractor is None:
            raise Undecided
        key = b"".join(x.tobytes() for x in (W, c[kept], d, order, net.attractor[kept]))
        both = [Side(way, Pushed(W, c[kept], way * d, case.form.f, way * order), attractor, kept, net.scale) for way in ways]
        found.setdefault(key, both)
    return [side for both in found.values() for side in both]


def reached(W: Array, d: Array) -> NDArray[np.bool_]:
    """Units (N,) that hear the input, directly or through others."""
    hears = d != 0
    for _ in range(len(d)):
        more = hears | ((W != 0) @ hears)
        if np.array_equal(more, hears):
            break
        hears = more
    return np.asarray(hears)


def parts(W: Array, among: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """The connected parts of the units in `among`, as masks (N,)."""
    linked = ((W != 0) | (W != 0).T) & among & among[:, None]
    left, found = among.copy(), []
    while left.any():
        part = np.zeros(len(left), dtype=bool)
        part[np.argmax(left)] = True
        while True:
            more = part | (linked @ part)
            if np.array_equal(more, part):
                break
            part = more
        found.append(part)
        left &= ~part
    return found


def first_loss(system: Pushed, attractor: Array) -> Loss | None:
    """The first fold on the way up that the state does not come back from; None if it always comes back.

    Raises
    ------
    Undecided
        Next to a degenerate fold.
    """
    here = BranchPoint(attractor, 0.0)
    for _ in range(MOST_FOLDS):
        fold = first_fold(system, here)
        if fold is None:
            return None
        here, beyond = past(system, attractor, fold, JUMP)
        if beyond is not None:
            return Loss(fold.b, fold, beyond)
    raise Undecided


def past(system: Pushed, attractor: Array, fold: FirstFold, excess: float) -> tuple[BranchPoint, Array | None]:
    """Where the state settles under a push slightly beyond the fold, and where it goes when released there: None is back."""
    b = fold.b * (1.0 + excess)
    pushed = BranchPoint(limit(system, fold.point, b, 1.0), b)
    released = limit(system, pushed.a, 0.0, -1.0)
    away = np.abs(released - attractor).max() > BACK * np.abs(pushed.a - attractor).max()
    return pushed, released if away else None


def is_only_one(case: Extremes) -> bool:
    """Whether both extreme orbits of the net without input end in the attractor, so that every orbit does."""
    net, (lowest, highest) = all_phases(case), case.form.f.limits
    for way in (1.0, -1.0):
        system = Pushed(net.W, net.c, np.zeros_like(net.d), case.form.f, way * net.order)
        corner = net.W @ np.where(system.s > 0, highest, lowest) + net.c
        last = limit(system, corner, 0.0, -1.0)
        if np.abs(last - net.attractor).max() > BACK * np.abs(corner - net.attractor).max():
            return False
    return True
