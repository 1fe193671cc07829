"""The last step of the proof again, in ball arithmetic (Arb), and on which side of the unit circle every eigenvalue lies.

Each point is improved by Newton's method in PRECISION bits; Krawczyk's operator over a small ball around it then proves that
there is exactly one fixed point in the ball. The Jacobian of the map over that ball is a matrix of balls, whose eigenvalues
are enclosed by verified diagonalisation (van der Hoeven and Mourrain 2017; Rump 2010). Weights are taken as they are; nothing
is rounded on the way.

Source: Johansson (2017), Arb: efficient arbitrary-precision midpoint-radius interval arithmetic. IEEE Trans. Computers 66.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.activations import LOGISTIC, TANH
from dynlatch.analysis.structure import AdditiveForm, additive_form
from dynlatch.errors import MissingExtra, NotEnclosable
from dynlatch.maps import Map, WithInput, coordinates
from dynlatch.networks import ElmanNetwork, LeakyNetwork
from dynlatch.validation import Array, states

PRECISION = 112  # bits: beyond 128 Arb's matrices cost three times as much
NEWTON = 6  # steps with one approximate inverse: each gains at least the digits that it has
WIDENINGS = 8  # attempts with a ball a thousand times larger each


class Certificates(NamedTuple):
    """What is certified of each point.

    1. `verified` (k,): Newton's method from it leads to a fixed point, alone in a small ball and within `radius` (k,) of
       the given point in every component (infinite where nothing is verified).
    2. `unstable` (k,): the number of eigenvalues of the map's Jacobian there outside the unit circle, all others being
       inside; -1 where an eigenvalue cannot be told from the circle.
    """

    verified: NDArray[np.bool_]
    radius: Array
    unstable: NDArray[np.int64]


class _Exact(NamedTuple):
    # W, c and leak in balls, the names of f, and whether points are outputs h = f(a).
    W: Any
    c: Any
    rate: list[Any]
    logistic: bool
    outputs: bool


def certify(map: Map, points: Any) -> Certificates:
    """Certify fixed points of an additive, leaky or Elman network with tanh or logistic units.

    Parameters
    ----------
    map : AdditiveNetwork, LeakyNetwork, ElmanNetwork, or one of them in WithInput
    points : array_like, shape (k, n)
        Approximate fixed points, in the coordinates of the map.

    Returns
    -------
    Certificates

    Raises
    ------
    MissingExtra
        Without python-flint.
    NotEnclosable
        For any other map.

    Examples
    --------
    >>> import dynlatch as dl
    >>> from dynlatch.analysis.fixed_points.proof.rigorous import certify
    >>> c = certify(dl.LatchNeuron(2.0), [[0.0], [1.915008048]])
    >>> c.verified.tolist(), c.unstable.tolist()
    ([True, True], [1, 0])
    """
    form = additive_form(map)
    if form is None or form.f not in (TANH, LOGISTIC):
        kind = type(map).__name__ if form is None else f"{form.f.name} units"
        raise NotEnclosable(
            "certificates in ball arithmetic are for additive, leaky and Elman networks with tanh or logistic units; "
            f"got {kind}."
        )
    flint = _flint()
    given = states(map, points, "points").reshape(-1, map.dim)
    before, flint.ctx.prec = flint.ctx.prec, PRECISION
    try:
        exact = _exact(flint, map, form)
        rows = [_certify_one(flint, exact, form, x) for x in given]
    finally:
        flint.ctx.prec = before
    verified, radius, unstable = zip(*rows, strict=True) if rows else ((), (), ())
    return Certificates(np.array(verified, bool), np.array(radius, np.float64), np.array(unstable, np.int64))


def _flint() -> ModuleType:
    try:
        import flint
    except ImportError:
        raise MissingExtra("certificates in ball arithmetic need python-flint: pip install 'dynlatch[rigorous]'.") from None
    return flint


def _exact(flint: ModuleType, map: Map, form: AdditiveForm) -> _Exact:
    """The network in balls; what `WithInput` adds to the bias is added without rounding."""
    entering = flint.arb_mat(len(form.W), 1)
    B = _matrix(flint, form.B)
    while isinstance(map, WithInput):
        entering += B * _matrix(flint, map.u0[:, None])
        map = map.map
    inner = additive_form(map)
    assert inner is not None
    rate = map.rate if isinstance(map, LeakyNetwork) else np.ones(len(form.W))
    c = _matrix(flint, inner.c[:, None]) + entering
    outputs = coordinates(map) == ElmanNetwork.coordinates
    return _Exact(_matrix(flint, form.W), c, [flint.arb(r) for r in rate.tolist()], form.f is LOGISTIC, outputs)


def _matrix(flint: ModuleType, values: Array) -> Any:
    return flint.arb_mat(values.tolist()) if values.size else flint.arb_mat(*values.shape)


def _certify_one(flint: ModuleType, net: _Exact, form: AdditiveForm, point: Array) -> tuple[bool, float, int]:
    start = form.W @ point + form.c if net.outputs else point
    X = _verify(flint, net, form, start)
    if X is None:
        return False, np.inf, -1
    n = len(point)
    images = _units(flint, net, X)[0] if net.outputs else [X[i, 0] for i in range(n)]
    away = [abs(image - flint.arb(value)).abs_upper() for image, value in zip(images, point.tolist(), strict=True)]
    radius = float(np.nextafter(max(float(gap) for gap in away), np.inf))
    return True, radius, _unstable(flint, net, X)


def _units(flint: ModuleType, net: _Exact, X: Any) -> tuple[list[Any], list[Any]]:
    """f and f' of every component of the ball vector X."""
    entries = [X[i, 0] for i in range(X.nrows())]
    if net.logistic:
        values = [1 / (1 + (-x).exp()) for x in entries]
        return values, [y * (1 - y) for y in values]
    return [x.tanh() for x in entries], [x.sech() ** 2 for x in entries]


def _column(flint: ModuleType, values: list[Any]) -> Any:
    return flint.arb_mat([[value] for value in values])


def _slope(flint: ModuleType, net: _Exact, X: Any) -> Any:
    """`W diag f'` over the ball vector X."""
    slopes = _units(flint, net, X)[1]
    n = len(slopes)
    return flint.arb_mat([[net.W[i, j] * slopes[j] for j in range(n)] for i in range(n)])


def _verify(flint: ModuleType, net: _Exact, form: AdditiveForm, start: Array) -> Any | None:
    """A ball vector near `start` with exactly one fixed point in it; None if none can be proved."""
    n = len(start)
    try:
        approximate = np.asarray(np.linalg.inv(np.eye(n) - form.W * form.f.derivative(start)), dtype=np.float64)
    except np.linalg.LinAlgError:
        return None
    if not np.isfinite(approximate).all():
        return None
    Y, x = _matrix(flint, approximate), _matrix(flint, start[:, None])
    for _ in range(NEWTON):
        x = (x - Y * (x - net.W * _column(flint, _units(flint, net, x)[0]) - net.c)).mid()
    step = Y * (x - net.W * _column(flint, _units(flint, net, x)[0]) - net.c)
    size = max(float(abs(step[i, 0]).abs_upper()) for i in range(n)) * 4.0 + 1e-28 * (1.0 + float(np.abs(start).max()))
    one = flint.arb_mat([[int(i == j) for j in range(n)] for i in range(n)])
    for _ in range(WIDENINGS):
        if not np.isfinite(size):
            return None
        ball = _column(flint, [flint.arb(0, size)] * n)
        X = x + ball
        K = x - step + (one - Y * (one - _slope(flint, net, X))) * ball
        if all(X[i, 0].contains_interior(K[i, 0]) for i in range(n)):
            return K
        size *= 1e3
    return None


def _unstable(flint: ModuleType, net: _Exact, X: Any) -> int:
    """Eigenvalues of `diag(1 - rate) + diag(rate) W diag f'` outside the unit circle; -1 if one may lie on it."""
    slope, n = _slope(flint, net, X), X.nrows()
    rows = [[net.rate[i] * slope[i, j] + (1 - net.rate[i] if i == j else 0) for j in range(n)] for i in range(n)]
    values = flint.acb_mat(rows).eig(multiple=True, nonstop=True)
    outside = [value.abs_lower() > 1 for value in values]
    inside = [value.abs_upper() < 1 for value in values]
    return sum(outside) if all(o or i for o, i in zip(outside, inside, strict=True)) else -1
