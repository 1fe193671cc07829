"""Counterexamples that need two dimensions: eigenvalues do not bound products, nor norms."""

from __future__ import annotations

import numpy as np

from dynlatch.analysis.counterexamples.record import Counterexample
from dynlatch.analysis.theorems.claims import Claim, above, below, equal, proved
from dynlatch.analysis.theorems.curves import Curve, Curves
from dynlatch.analysis.theorems.statements import ICNN
from dynlatch.linalg import matrix_norm, spectral_radius
from dynlatch.maps import trajectory
from dynlatch.networks import AdditiveNetwork
from dynlatch.validation import Array


def _newton_cycle(map: AdditiveNetwork, points: Array) -> Array:
    """The cycle of period 2 near `points` (2, 2), to rounding."""
    x = points[0]
    for _ in range(6):
        y = map.step(x)
        slope = map.jacobian(y) @ map.jacobian(x) - np.eye(2)
        x = x - np.linalg.solve(slope, map.step(y) - x)
    return np.stack([x, map.step(x)])


# Definition 2 and Lemma 1 for cycles.
def _cycle_claims(example: Counterexample) -> tuple[Claim, ...]:
    net = AdditiveNetwork(example.data["W"], example.data["c"])
    p, q = _newton_cycle(net, example.data["cycle"])
    J, K = net.jacobian(p), net.jacobian(q)
    return (
        below("|M(M(p)) - p|: a cycle of period 2", float(np.abs(net.step(q) - p).max()), 1e-12),
        equal("rho(M'(p))", float(spectral_radius(J)), 0.871824, rtol=1e-5),
        equal("rho(M'(q))", float(spectral_radius(K)), 0.476199, rtol=1e-5),
        below(
            "the larger of both: {p, q} is a hyperbolic attractor by Definition 2",
            float(max(spectral_radius(J), spectral_radius(K))),
            1.0,
        ),
        above("rho((M^2)'(p)): it repels, and p is not in Gamma", float(spectral_radius(K @ J)), 26.0),
        above("distance from p after 12 steps from 1e-6 away", float(_distances(example, 12)[-1]), 1.0),
    )


def _distances(example: Counterexample, steps: int) -> Array:
    net = AdditiveNetwork(example.data["W"], example.data["c"])
    cycle = _newton_cycle(net, example.data["cycle"])
    visited = trajectory(net, cycle[0] + 1e-6, steps=steps)
    return np.asarray(np.linalg.norm(visited[:, None] - cycle, axis=-1).min(-1))


def _cycle_picture(example: Counterexample) -> Curves:
    t = np.arange(31.0)
    away = _distances(example, 30)
    return Curves((Curve("from 1e-6 away", t, away, marks="o-"),), "step", "distance from {p, q}", logarithmic=True)


_CYCLE_DATA = {
    "W": np.array([[-0.5, -5.3], [-5.4, 0.9]]),
    "c": np.array([1.2, -0.2]),
    "cycle": np.array([[6.61827453, 0.17955409], [-0.24153827, -5.44009657]]),
}
CYCLE = Counterexample(
    name="cycle",
    about=("definition2", "lemma1"),
    title="a hyperbolic attractor, by Definition 2, that repels violently",
    map=AdditiveNetwork(_CYCLE_DATA["W"], _CYCLE_DATA["c"]),
    data=_CYCLE_DATA,
    literal="X invariant and all eigenvalues of M'(a) below 1 in modulus for a in X; then X is in Gamma(X).",
    corrected="a cycle of period p attracts if rho((M^p)') < 1, the same at all its points; then Lemma 1 holds for M^p.",
    sketch="near x, M^p is (M^p)'(x) up to o(|h|); a matrix of radius below 1 contracts in a norm adapted to it. The radius of "
    "a product is not bounded by those of its factors.",
    source=f"{ICNN}, Definition 2 and Lemma 1; 13 of 3000 random nets of two units had such a cycle",
    _claims=_cycle_claims,
    _proof=None,
    _picture=_cycle_picture,
)


# Lemma 1 in the Euclidean norm.
def _norm_claims(example: Counterexample) -> tuple[Claim, ...]:
    A = example.data["W"]
    powers = matrix_norm(np.stack([np.linalg.matrix_power(A, k) for k in range(1, 30)]))
    return (
        above("|M'(0)|_2: X = {0} is not in Gamma by norms", float(matrix_norm(A)), 10.0),
        above("largest |(M^l)'|_2: uncertainty grows first", powers.max(), 10.0),
        below("|(M^29)'|_2: and is gone in the end", powers[-1], 1e-5),
        below("|M'(0)|_P of an adapted norm", float(matrix_norm(np.diag([1.0, 25.0]) @ A @ np.diag([1.0, 0.04]))), 1.0),
    )


def _norm_proof(_: Counterexample) -> tuple[Claim, ...]:
    import sympy

    A = sympy.Matrix([[sympy.Rational(1, 2), 10], [0, sympy.Rational(1, 2)]])
    (radius,) = A.eigenvals()
    largest = sympy.sqrt(max((A.T * A).eigenvals()))
    return (
        proved("rho(M'(0))", radius, "=", sympy.Rational(1, 2)),
        proved("|M'(0)|_2, a closed form", largest, ">", 10),
    )


def _norm_picture(example: Counterexample) -> Curves:
    A = example.data["W"]
    norms = matrix_norm(np.stack([np.linalg.matrix_power(A, k) for k in range(21)]))
    S = np.diag([1.0, 25.0])
    adapted = matrix_norm(np.stack([S @ np.linalg.matrix_power(A, k) @ np.linalg.inv(S) for k in range(21)]))
    l = np.arange(21.0)
    return Curves(
        (
            Curve("2-norm", l, norms, "saddle", "o-"),
            Curve("adapted norm", l, adapted, marks="o-"),
            Curve("0.5^l", l, 0.5**l, "neutral", "--"),
        ),
        "l",
        "norm of (M^l)'(0)",
        1.0,
        "1",
        logarithmic=True,
    )


NORM = Counterexample(
    name="norm",
    about=("lemma1", "definition6"),
    title="a linearly stable fixed point at which the Euclidean norm of M' exceeds 10",
    map=AdditiveNetwork(np.array([[0.5, 10.0], [0.0, 0.5]]), activation="linear"),
    data={"W": np.array([[0.5, 10.0], [0.0, 0.5]]), "X": np.zeros((1, 2))},
    literal="X is a subset of Gamma(X), where |M'| < 1 (as all proofs read Gamma).",
    corrected="it is, in a norm |v|_P with J'PJ < P, which exists for every linearly stable fixed point.",
    sketch="P = sum of (J^k)'(J^k) converges if rho(J) < 1, and J'PJ = P - I.",
    source=f"{ICNN}, Lemma 1 with the proof of Theorem 4",
    _claims=_norm_claims,
    _proof=_norm_proof,
    _picture=_norm_picture,
)


# Products of two nilpotent matrices.
def _product_claims(example: Counterexample) -> tuple[Claim, ...]:
    A, B = example.data["A"], example.data["B"]
    alternating = np.linalg.matrix_power(A @ B, 10)
    return (
        below("largest |eigenvalue| of A and of B", float(max(spectral_radius(A), spectral_radius(B))), 1e-300),
        equal("|(AB)^10|_2, growth 4 every second step", float(matrix_norm(alternating)), 4.0**10, rtol=1e-12),
    )


def _product_proof(_: Counterexample) -> tuple[Claim, ...]:
    import sympy

    A = sympy.Matrix([[0, 2], [0, 0]])
    B = A.T
    return (
        proved("spectral radius of A", max(map(abs, A.eigenvals())), "=", 0),
        proved("spectral radius of B", max(map(abs, B.eigenvals())), "=", 0),
        proved("spectral radius of AB", max(map(abs, (A * B).eigenvals())), "=", 4),
    )


def _product_picture(example: Counterexample) -> Curves:
    A, B = example.data["A"], example.data["B"]
    norms, product = [1.0], np.eye(2)
    for k in range(12):
        product = (B if k % 2 == 0 else A) @ product
        norms.append(float(matrix_norm(product)))
    t = np.arange(13.0)
    return Curves(
        (Curve("|... B A B|", t, np.array(norms), "saddle", "o-"),),
        "factors",
        "norm of the product",
        1.0,
        "1",
        logarithmic=True,
    )


_NILPOTENT = np.array([[0.0, 2.0], [0.0, 0.0]])
PRODUCT = Counterexample(
    name="product",
    about=("4", "definition2"),
    title="two matrices with no eigenvalue but 0, whose product has radius 4",
    map=AdditiveNetwork(_NILPOTENT, activation="linear"),
    data={"A": _NILPOTENT, "B": _NILPOTENT.T},
    literal="all eigenvalues of every Jacobian below 1 in modulus, hence the product of the Jacobians tends to 0.",
    corrected="all products decay exactly if the joint spectral radius of the set of Jacobians is below 1; one norm in which "
    "all of them are below 1 proves it.",
    sketch="Rota and Strang (1960): the joint radius is the infimum over norms of the largest norm. That of {A, B} is 2.",
    source=f"{ICNN}, Definition 4 and the proof of Theorem 4, which takes |M'| < 1 from eigenvalues",
    _claims=_product_claims,
    _proof=_product_proof,
    _picture=_product_picture,
)
