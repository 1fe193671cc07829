"""Counterexamples to the words of Definitions 3, 4 and 5: systems of one dimension."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from dynlatch.analysis.counterexamples.record import Counterexample
from dynlatch.analysis.counterexamples.slopes import slopes
from dynlatch.analysis.theorems.claims import Claim, above, below, equal, identity
from dynlatch.analysis.theorems.curves import Curve, Curves
from dynlatch.analysis.theorems.statements import ICNN
from dynlatch.functions import FunctionMap
from dynlatch.maps import trajectory
from dynlatch.networks import LatchNeuron

A = "activation a"


def _sign_claims(example: Counterexample) -> tuple[Claim, ...]:
    visited = trajectory(example.map, example.data["y"], steps=40)
    products = np.asarray(np.cumprod(slopes(LatchNeuron(-2.0), visited[:-1])), dtype=np.float64)
    return (
        below("largest (M^l)'(y), l = 1 ... 40: as written, y is in Gamma", products.max(), 1.0),
        above("|M'(y)|: yet M expands there", abs(products[0]), 1.0),
    )


def _sign_picture(example: Counterexample) -> Curves:
    visited = trajectory(example.map, example.data["y"], steps=12)
    products = np.asarray(np.cumprod(slopes(LatchNeuron(-2.0), visited[:-1])), dtype=np.float64)
    return Curves((Curve("(M^l)'(y)", np.arange(1.0, 13.0), products, marks="o-"),), "l", "derivative", -1.0, "-1")


SIGN = Counterexample(
    name="sign",
    about=("definition4",),
    title="an eigenvalue below -1 is less than 1",
    map=LatchNeuron(-2.0),
    data={"y": np.array([0.8])},
    literal="all the eigenvalues of (M^l)'(y) are less than 1.",
    corrected="their moduli are less than 1.",
    sketch="it is the modulus that bounds powers; M = -2 tanh and y = 0.8 satisfy the text while M expands at y by 1.118.",
    source=f"{ICNN}, Definition 4",
    _claims=_sign_claims,
    _proof=None,
    _picture=_sign_picture,
)


# Definition 3: close is not convergent.
def _angle(runs: int) -> list[int]:
    """Binary digits of theta / pi: ever longer runs of zeros, each ended by a one."""
    return [digit for k in range(1, runs + 1) for digit in (*[0] * k, 1)]


def _orbit_angles(runs: int) -> list[Fraction]:
    """`2^l theta / pi mod 1`, exactly; only the beginning of the infinite expansion, which is what these l can see."""
    digits = _angle(runs)
    value = Fraction(sum(d << (len(digits) - 1 - i) for i, d in enumerate(digits)), 1 << len(digits))
    return [(value * 2**length) % 1 for length in range(len(digits) - runs)]


def _close_claims(example: Counterexample) -> tuple[Claim, ...]:
    x = np.sin(np.pi * np.array([float(angle) for angle in _orbit_angles(30)])) ** 2
    stepped = example.map.step(x[:-1, None])[:, 0]
    return (
        below("largest difference of x_{l+1} and M(x_l): it is an orbit of M", np.abs(x[1:] - stepped).max(), 1e-12),
        below("least distance from X = {0} within 464 steps: it comes close", x.min(), 1e-8),
        above("largest distance in the last 60 of them: it does not stay", x[-60:].max(), 0.5),
        above("|M'(0)|: X repels", abs(float(example.map.jacobian(np.zeros(1))[0, 0])), 1.0),
    )


def _close_proof(_: Counterexample) -> tuple[Claim, ...]:
    import sympy

    theta = sympy.symbols("theta", real=True)
    x = sympy.sin(theta) ** 2
    return (identity("4 x (1 - x) at x = sin^2 theta is sin^2 (2 theta)", 4 * x * (1 - x) - sympy.sin(2 * theta) ** 2),)


def _close_picture(_: Counterexample) -> Curves:
    x = np.sin(np.pi * np.array([float(angle) for angle in _orbit_angles(14)])) ** 2
    return Curves(
        (Curve("", np.arange(len(x), dtype=np.float64), x, marks=".-"),), "step l", "distance from X = {0}", logarithmic=True
    )


COMES_CLOSE = Counterexample(
    name="comes close",
    about=("definition3",),
    title="an orbit comes as close as you like to X, again and again, and never stays",
    map=FunctionMap(lambda a, u: 4.0 * a * (1.0 - a), dim=1),
    data={"X": np.zeros(1)},
    literal="a is in beta(X) if for every eps there are l and x in X with |M^l(a) - x| < eps.",
    corrected="dist(M^l(a), X) -> 0.",
    sketch="the text says that the infimum of the distances is 0. Theta / pi = 0.01 001 0001 ... in binary gives an orbit "
    "x_l = sin^2(2^l theta) that is near 0 during every run of zeros and leaves at its end. For an asymptotically stable X "
    "both readings agree, since what comes close stays: a repelling X is what tells them apart.",
    source=f"{ICNN}, Definition 3; the orbit is computed in rational numbers",
    _claims=_close_claims,
    _proof=_close_proof,
    _picture=_close_picture,
)


# Definition 5: Gamma by eigenvalues is not invariant.
def _invariance_claims(example: Counterexample) -> tuple[Claim, ...]:
    visited = trajectory(example.map, example.data["y"], steps=60)
    factors = slopes(LatchNeuron(2.0, 0.6), visited[:-1])
    return (
        below("largest |(M^l)'(y)|, l = 1 ... 60: y = -10 is in Gamma", np.abs(np.cumprod(factors)).max(), 1.0),
        above("largest slope that the same orbit meets later: that state is not", factors.max(), 1.0),
        equal("the state where it meets it", visited[factors.argmax(), 0], 0.14966, rtol=1e-4),
    )


def _invariance_picture(example: Counterexample) -> Curves:
    visited = trajectory(example.map, example.data["y"], steps=20)
    factors = np.abs(slopes(LatchNeuron(2.0, 0.6), visited[:-1]))
    t = np.arange(1.0, 21.0)
    return Curves(
        (
            Curve("|(M^l)'(y)|: what Definition 4 asks of y", t, np.asarray(np.cumprod(factors), dtype=np.float64), marks="o-"),
            Curve("|M'(M^{l-1} y)|: of each step", t, factors, "saddle", "o-"),
        ),
        "l",
        "derivative",
        1.0,
        "1",
        logarithmic=True,
    )


INVARIANCE = Counterexample(
    name="invariance",
    about=("definition5", "definition4"),
    title="robustly latched at t_0, and with no input at all no longer at t_0 + k",
    map=LatchNeuron(2.0, 0.6),
    data={"y": np.array([-10.0])},
    literal="a network in Gamma(X) is robustly latched, and remains so while the inputs keep it there.",
    corrected="Gamma by the norm of every step, |M'(M^k y)| < 1 for all k, is mapped into itself.",
    sketch="the first step from y = -10 contracts by 4.7e-8, which pays for all later expansion in the products; one step "
    "on, that credit is gone. The stepwise set asks the same of every later state, so M maps it into itself.",
    source=f"{ICNN}, Definitions 4 and 5",
    _claims=_invariance_claims,
    _proof=None,
    _picture=_invariance_picture,
)
