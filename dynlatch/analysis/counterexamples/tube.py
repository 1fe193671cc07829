"""Theorem 3 as written: a piecewise-linear map, computed in rational numbers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from dynlatch.analysis.counterexamples.record import Counterexample
from dynlatch.analysis.theorems.claims import Claim, above, below, equal, identity
from dynlatch.analysis.theorems.curves import Curve, Curves
from dynlatch.analysis.theorems.statements import ICNN
from dynlatch.functions import FunctionMap
from dynlatch.maps import trajectory
from dynlatch.validation import Array

X = ("-2", "2", "19.9", "20.001", "20.44", "22.5", "30", "39", "43", "48.9", "52.1", "90", "99", "101")
Y = ("-.5", ".5", "0", "0", "40", "40", "40", "0", "0", "19.505", "20.945", "47.5", "49.75", "50.25")
KNOTS = tuple(Fraction(x) for x in X), tuple(Fraction(y) for y in Y)
B, RATE, INPUT, START = Fraction(1), Fraction(1, 2), Fraction("0.999"), Fraction(100)
AT, VALUES = (np.array([float(k) for k in knots]) for knots in KNOTS)


def _step(a: Fraction) -> Fraction:
    """The map, exactly; beyond the knots it is constant."""
    x, y = KNOTS
    if not x[0] < a < x[-1]:
        return y[0] if a <= x[0] else y[-1]
    k = max(i for i in range(len(x) - 1) if x[i] <= a)
    return y[k] + (y[k + 1] - y[k]) * (a - x[k]) / (x[k + 1] - x[k])


def _steepest(lo: Fraction, hi: Fraction) -> Fraction:
    """Largest |slope| on [lo, hi]."""
    x, y = KNOTS
    pieces = zip(x, x[1:], y, y[1:], strict=False)
    return max((abs((d - c) / (b - a)) for a, b, c, d in pieces if a < hi and b > lo), default=Fraction(0))


def _runs(steps: int) -> tuple[list[Fraction], list[Fraction]]:
    """States under the input and without it."""
    driven, alone = [START], [START]
    for _ in range(steps):
        driven.append(_step(driven[-1]) + INPUT)
        alone.append(_step(alone[-1]))
    return driven, alone


def _slope(a: Array, u: Array) -> Array:
    k = np.clip(np.searchsorted(AT, a[..., 0], side="right") - 1, 0, len(AT) - 2)
    inside = (a[..., 0] >= AT[0]) & (a[..., 0] < AT[-1])
    return np.asarray(np.where(inside, np.diff(VALUES)[k] / np.diff(AT)[k], 0.0)[..., None, None])


def _claims(example: Counterexample) -> tuple[Claim, ...]:
    driven, alone = _runs(40)
    slopes = [_steepest(a - B, a + B) for a in driven]
    visited = trajectory(example.map, [float(START)], np.full((3, 1), float(INPUT)))
    return (
        below("largest |M'| on any D_t, 40 steps", float(max(slopes)), float(RATE)),
        below("largest |u_t|", float(INPUT), float(B)),
        below("last state without input: a_0 is in the basin of X = {0}", abs(float(alone[-1])), 1e-9),
        equal("|a_3 - a~_3|", float(abs(driven[3] - alone[3])), 40.999, rtol=1e-15),
        above("the same, against b / (1 - lambda)", float(abs(driven[3] - alone[3])), float(B / (1 - RATE))),
        equal("the same in floating point", float(abs(visited[3, 0] - float(alone[3]))), 40.999, rtol=1e-12),
        above(
            "steepest slope between a_2 and a~_2, where the proof needs |M'| < 1/2",
            float(_steepest(alone[2], driven[2])),
            float(RATE),
        ),
    )


def _proof(_: Counterexample) -> tuple[Claim, ...]:
    import sympy

    rate, b = sympy.symbols("lambda b", positive=True)
    t = sympy.symbols("t", integer=True, nonnegative=True)
    radius = b * (1 - rate**t) / (1 - rate)
    recursion = radius.subs(t, t + 1) - (rate * radius + b)
    return (
        identity("rho_{t+1} = lambda rho_t + b for rho_t = b (1 - lambda^t) / (1 - lambda)", recursion),
        identity("and rho_0 = 0", radius.subs(t, 0)),
        identity(
            "limit of rho_t for lambda = 1/2 is b / (1 - lambda)",
            sympy.limit(radius.subs(rate, sympy.Rational(1, 2)), t, sympy.oo) - 2 * b,
        ),
    )


def _picture(_: Counterexample) -> Curves:
    driven, alone = _runs(8)
    t = np.arange(9.0)
    distance = np.array([float(abs(a - b)) for a, b in zip(driven, alone, strict=True)])
    tube = float(B) * (1 - float(RATE) ** t) / (1 - float(RATE))
    return Curves(
        (
            Curve("|a_t - a~_t|", t, distance, "repelling", "o-"),
            Curve("rho_t = b (1 - lambda^t) / (1 - lambda)", t, tube, "attracting", "o-"),
        ),
        "t",
        "distance from the autonomous run",
        2.0,
        "b / (1 - lambda)",
    )


TUBE = Counterexample(
    name="tube",
    about=("3",),
    title="|M'| < 1/2 on every ball around a_t, and 41 away from the autonomous run instead of 2",
    map=FunctionMap(lambda a, u: np.interp(a, AT, VALUES) + u, dim=1, input_dim=1, jacobian=_slope),
    data={
        "knots": np.stack([AT, VALUES]),
        "a0": np.array([float(START)]),
        "inputs": np.full((8, 1), float(INPUT)),
        "b": np.array(float(B)),
        "lambda": np.array(float(RATE)),
    },
    literal="|u_t| < b and |M'| < lambda on the ball of radius b around a_t, hence |a_t - a~_t| < b / (1 - lambda).",
    corrected="|M'| <= lambda along all runs under s u_t, 0 <= s <= 1, hence |a_t - a~_t| <= b (1 - lambda^t) / (1 - lambda). "
    "Around a fixed point x*: B(x*, r) is never left under |u_t| <= b if b <= r - max |M(x* + d) - x*| over |d| <= r.",
    sketch="the distance may reach b / (1 - lambda) > b: the segment from a~_t to a_t leaves the ball of radius b, and the "
    "mean value theorem needs |M'| on the segment. Along s -> a_t^s nothing is left out.",
    source=f"{ICNN}, Theorem 3; piecewise linear, every number rational, and smoothing the corners changes nothing",
    _claims=_claims,
    _proof=_proof,
    _picture=_picture,
)
