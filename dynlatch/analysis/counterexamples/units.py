"""Counterexamples of one unit, `a' = w tanh(a) + c + u`: what follows Theorem 1, Theorems 2 and 4."""

from __future__ import annotations

import numpy as np

from dynlatch.analysis.counterexamples.record import Counterexample
from dynlatch.analysis.counterexamples.slopes import slopes
from dynlatch.analysis.scalar import critical_point, u_star
from dynlatch.analysis.theorems.claims import Claim, above, below, equal, identity, proved
from dynlatch.analysis.theorems.curves import Curve, Curves
from dynlatch.analysis.theorems.statements import ICNN
from dynlatch.maps import trajectory
from dynlatch.networks import LatchNeuron
from dynlatch.validation import Array

A = "activation a"


# What the text concludes from Theorem 1.
def _growth_claims(example: Counterexample) -> tuple[Claim, ...]:
    visited = trajectory(example.map, example.data["a0"], steps=60)
    growth = np.cumprod(slopes(LatchNeuron(2.0), visited[:-1]))
    held = example.data["held"]
    return (
        below("a_0 = 0.2 against a_c: it is in the basin but not in Gamma", visited[0, 0], critical_point(2.0)),
        above("largest da_t/da_0: uncertainty grows at first", growth.max(), 2.0),
        below("da_60/da_0: and vanishes in the end", growth[-1], 1e-30),
        above(
            "rate of growth (log a step) where an input holds the state at a_0",
            float(np.log(slopes(LatchNeuron(2.0), visited[:1])[0])),
            0.6,
        ),
        below("size of that input, against u*", abs(held[0]), u_star(2.0)),
    )


def _growth_picture(example: Counterexample) -> Curves:
    visited = trajectory(example.map, example.data["a0"], steps=14)
    factors = slopes(LatchNeuron(2.0), visited[:-1])
    t = np.arange(15.0)
    return Curves(
        (
            Curve("no input", t, np.concatenate([[1.0], np.cumprod(factors)]), marks="o-"),
            Curve("held at a_0 by an input of size 0.195", t, factors[0] ** t, "saddle", "o-"),
        ),
        "t",
        "|da_t/da_0|",
        1.0,
        "1",
        logarithmic=True,
    )


GROWTH = Counterexample(
    name="growth",
    about=("1",),
    title="outside Gamma uncertainty grows for a while, not exponentially for ever",
    map=LatchNeuron(2.0),
    data={"a0": np.array([0.2]), "held": np.array([0.2 - 2.0 * np.tanh(0.2)])},
    literal="if a_0 is in beta(X) but not in Gamma(X), a ball of uncertainty around a_0 grows exponentially as t increases.",
    corrected="for a_0 in beta(X), X linearly stable, (M^t)'(a_0) -> 0: the growth is transient. It can last only where inputs "
    "hold the state in the expanding region.",
    sketch="from some step on the orbit is in a ball around X where an adapted norm contracts; finitely many factors come "
    "before. Theorem 1 itself is about one step.",
    source=f"{ICNN}, text after Theorem 1 and before Theorem 4",
    _claims=_growth_claims,
    _proof=None,
    _picture=_growth_picture,
)


# Theorem 2: below 1 everywhere, but not by a margin.
def _contraction_claims(_: Counterexample) -> tuple[Claim, ...]:
    a_c = critical_point(2.0)
    x = a_c + np.array([2e-2, 2e-4, 2e-6])
    ratio = 2.0 * (np.tanh(x) - np.tanh(a_c + 0.5 * (x - a_c))) / (0.5 * (x - a_c))
    inside = a_c + np.geomspace(1e-6, 1e2, 2000)
    return (
        below("largest |M'| at 2000 points of D: the hypothesis holds", (2.0 / np.cosh(inside) ** 2).max(), 1.0),
        above("largest |M(x) - M(y)| / |x - y| of three pairs of D", ratio.max(), 1.0 - 1e-5),
    )


def _contraction_proof(_: Counterexample) -> tuple[Claim, ...]:
    import sympy

    h, s = sympy.symbols("h s", positive=True)
    a_c = sympy.atanh(1 / sympy.sqrt(2))
    quotient = sympy.diff(2 * sympy.tanh(s), s).subs(sympy.tanh(s), 1 / sympy.sqrt(2))
    t = sympy.tanh(h)
    # tanh(a_c + h) by the addition theorem, so that the sign of 1 - M' can be read off.
    moved = (1 / sympy.sqrt(2) + t) / (1 + t / sympy.sqrt(2))
    slope = sympy.limit(2 * (1 - moved**2), h, 0)
    return (
        proved("M'(a_c)", sympy.simplify(quotient), "=", 1),
        proved("supremum of M' on (a_c, inf): its limit at a_c", slope, "=", 1),
        proved("M' at a_c + 1, inside D", 2 * (1 - sympy.tanh(a_c + 1) ** 2), "<", 1),
    )


def _contraction_picture(_: Counterexample) -> Curves:
    a_c = critical_point(2.0)
    h = np.geomspace(1e-5, 3.0, 200)
    ratio = 2.0 * (np.tanh(a_c + h) - np.tanh(a_c + 0.5 * h)) / (0.5 * h)
    return Curves(
        (
            Curve("M'(a_c + h)", np.log10(h), 2.0 / np.cosh(a_c + h) ** 2),
            Curve("|M(x) - M(y)| / |x - y|, x = a_c + h, y = a_c + h/2", np.log10(h), ratio, "saddle"),
        ),
        "log10 h",
        "factor",
        1.0,
        "1: no alpha < 1 is above all of them",
    )


CONTRACTION = Counterexample(
    name="contraction",
    about=("2", "definition6"),
    title="|M'| < 1 on all of Gamma, and no alpha < 1 for all pairs",
    map=LatchNeuron(2.0),
    data={"D": np.array([critical_point(2.0), np.inf])},
    literal="differentiable on a convex D with |M'| < 1 there, hence contracting on D.",
    corrected="|M'| <= alpha < 1 on D, or |M'| < 1 on a compact convex D with M' continuous.",
    sketch="on D = (a_c, inf), which is Gamma of the latch w = 2, the slope tends to 1 at the open end. The mean value theorem "
    "gives |M(x) - M(y)| < |x - y| and no more.",
    source=f"{ICNN}, Theorem 2 with Definition 6",
    _claims=_contraction_claims,
    _proof=_contraction_proof,
    _picture=_contraction_picture,
)


# Theorem 4: factors below 1 whose product does not vanish.
def harmonic_run(steps: int) -> tuple[Array, Array]:
    """States a_0 ... a_T in Gamma with M'(a_t) = 1 - 1/(t+2)^2, and the inputs (T, 1) that make them."""
    d = 1.0 - 1.0 / (np.arange(steps + 1) + 2.0) ** 2
    states = np.arctanh(np.sqrt(1.0 - 0.5 * d))[:, None]
    return states, states[1:] - 2.0 * np.tanh(states[:-1])


def _harmonic_claims(example: Counterexample) -> tuple[Claim, ...]:
    T = 1000
    states, inputs = harmonic_run(T)
    visited = trajectory(example.map, states[0], inputs)
    factors = slopes(LatchNeuron(2.0), visited[:-1])
    return (
        below("largest |a_t - intended state| in 1000 steps under these inputs", np.abs(visited - states).max(), 1e-9),
        above("least a_t - a_c: never outside Gamma", visited.min() - critical_point(2.0), 0.0),
        below("largest |M'(a_t)|", factors.max(), 1.0),
        equal("da_1000/da_0 against (T+2)/(2(T+1))", float(np.prod(factors)), (T + 2) / (2 * (T + 1)), rtol=1e-9),
        below("last inputs: |u_1000 + u*|", abs(float(inputs[-1, 0]) + u_star(2.0)), 1e-5),
    )


def _harmonic_proof(_: Counterexample) -> tuple[Claim, ...]:
    import sympy

    t, T = sympy.symbols("t T", integer=True, nonnegative=True)
    d = 1 - 1 / (t + 2) ** 2
    product = (T + 2) / (2 * (T + 1))
    a = sympy.atanh(sympy.sqrt(1 - d / 2))
    step = product.subs(T, T + 1) / product - d.subs(t, T)
    return (
        identity("M'(a_t) = 1 - 1/(t+2)^2 for a_t = artanh sqrt(1 - d_t/2)", 2 * (1 - sympy.tanh(a) ** 2) - d),
        identity("da_T/da_0 = (T+2)/(2(T+1)), by induction: P_{T+1}/P_T = d_T", step),
        proved("the induction begins at P_0", product.subs(T, 0), "=", 1),
        proved("limit of da_T/da_0", sympy.limit(product, T, sympy.oo), "=", sympy.Rational(1, 2)),
    )


def _harmonic_picture(example: Counterexample) -> Curves:
    states, inputs = harmonic_run(60)
    factors = slopes(LatchNeuron(2.0), states[:-1])
    t = np.arange(1.0, 61.0)
    return Curves(
        (
            Curve("da_t/da_0", t, np.asarray(np.cumprod(factors), dtype=np.float64)),
            Curve("M'(a_{t-1})", t, factors, "saddle"),
            Curve("size of the input |u_t|", t, np.abs(inputs[:, 0]), "neutral"),
        ),
        "t",
        "",
        0.5,
        "limit 1/2",
    )


HARMONIC = Counterexample(
    name="harmonic",
    about=("4",),
    title="robustly latched for ever, every factor below 1, and da_t/da_0 -> 1/2",
    map=LatchNeuron(2.0),
    data={"a0": harmonic_run(0)[0][0], "inputs": harmonic_run(100)[1]},
    literal="if the inputs keep a_t in Gamma(X), da_t/da_0 -> 0.",
    corrected="if they keep it in a compact subset of Gamma: then |M'| <= lambda < 1 there, and |da_t/da_0| <= lambda^t.",
    sketch="an infinite product of 1 - 1/(t+2)^2 is 1/2; the states approach the edge a_c of Gamma, where M' = 1, and a "
    "compact subset keeps away from it. The inputs tend to -u*.",
    source=f"{ICNN}, Theorem 4",
    _claims=_harmonic_claims,
    _proof=_harmonic_proof,
    _picture=_harmonic_picture,
)
