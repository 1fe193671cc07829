"""Section C, footnote 2, and attractors that are not fixed points."""

from __future__ import annotations

import numpy as np

from dynlatch.analysis.counterexamples.record import Counterexample
from dynlatch.analysis.gradients import latched_projection
from dynlatch.analysis.theorems.claims import Claim, above, below, identity, proved
from dynlatch.analysis.theorems.curves import Curve, Curves
from dynlatch.analysis.theorems.statements import ICNN
from dynlatch.functions import FunctionMap
from dynlatch.linalg import matrix_norm, spectral_radius
from dynlatch.maps import Augmented, trajectory
from dynlatch.networks import AdditiveNetwork
from dynlatch.validation import Array


# Section C.
def _projection_claims(example: Counterexample) -> tuple[Claim, ...]:
    found = latched_projection(example.map, [1.0, 0.0], steps=60, projection=example.data["P"])
    return (
        below("relative error of the corrected limit at t = 60", float(found.corrected_errors[-1]), 1e-15),
        above("relative error of the limit in the text", float(found.text_errors[-1]), 0.8),
    )


def _projection_proof(_: Counterexample) -> tuple[Claim, ...]:
    import sympy

    t = sympy.symbols("t", integer=True, positive=True)
    half = sympy.Rational(1, 2)
    A = sympy.Matrix([[half, 0], [1, 1]])
    power = sympy.Matrix([[half**t, 0], [2 * (1 - half**t), 1]])
    claims = [
        identity(
            "A^{t+1} = A A^t for A^t = [[2^-t, 0], [2 - 2^(1-t), 1]]",
            sum(abs(e) for e in (A * power - power.subs(t, t + 1)).applyfunc(sympy.simplify)),
        ),
        identity("and A^1 = A", sum(abs(e) for e in power.subs(t, 1) - A)),
        proved("limit of dy_t/dz_0, which the text leaves out", sympy.limit(power[1, 0], t, sympy.oo), "=", 2),
        proved("limit of dz_t/dz_0: z forgets", sympy.limit(power[0, 0], t, sympy.oo), "=", 0),
    ]
    return tuple(claims)


def _projection_picture(example: Counterexample) -> Curves:
    found = latched_projection(example.map, [1.0, 0.0], steps=30, projection=example.data["P"])
    t = np.arange(1.0, 31.0)
    return Curves(
        (
            Curve("corrected: R+ dy_t/da_0", t, found.corrected_errors, "attracting", "o-"),
            Curve("as written: R+ (dy_t/dy_0) R", t, found.text_errors, "repelling", "o-"),
        ),
        "t",
        "relative error of the limit",
        logarithmic=True,
    )


PROJECTION = Counterexample(
    name="projection",
    about=("projection",),
    title="what was latched away is remembered by an integrator",
    map=AdditiveNetwork(np.array([[0.5, 0.0], [1.0, 1.0]]), activation="linear"),
    data={"P": np.array([[1.0, 0.0]]), "R": np.array([[0.0, 1.0]])},
    literal="dz_t/dz_0 -> 0 for z = P a, hence da_t/da_0 -> R+ (dy_t/dy_0) R: the projection on P is ignored.",
    corrected="da_t/da_0 -> R+ dy_t/da_0 = R+ (dy_t/dy_0 R + dy_t/dz_0 P).",
    sketch="latching gives P da_t/da_0 -> 0 only. y_t = y_0 + z_0 + z_1 + ... ends at y_0 + 2 z_0: z is forgotten, z_0 is not.",
    source=f"{ICNN}, part C",
    _claims=_projection_claims,
    _proof=_projection_proof,
    _picture=_projection_picture,
)


# Footnote 2.
def _weighted_norm(map: Augmented, a: Array, weight: float) -> Array:
    S = np.diag([1.0, weight])
    return matrix_norm(S @ map.jacobian(np.stack([a, np.zeros_like(a)], axis=-1)) @ np.linalg.inv(S))


def _footnote_claims(example: Counterexample) -> tuple[Claim, ...]:
    doubled = example.map
    assert isinstance(doubled, Augmented)
    a = np.linspace(-4.0, 4.0, 401)
    states = np.stack([a, np.zeros_like(a)], axis=-1)
    inner = matrix_norm(doubled.map.jacobian(a[:, None]))  # type: ignore[attr-defined]
    return (
        below("largest |dN/da|: without input N contracts everywhere", float(inner.max()), 0.5 + 1e-12),
        above(
            "least |M'|_2 of the doubled system: no state satisfies the hypothesis",
            float(matrix_norm(doubled.jacobian(states)).min()),
            1.0,
        ),
        below(
            "largest spectral radius of M': eigenvalues are kept",
            float(spectral_radius(doubled.jacobian(states)).max()),
            0.5 + 1e-12,
        ),
        below("largest norm of M' in |(a, 4 y)|", float(_weighted_norm(doubled, a, 4.0).max()), 1.0),
    )


def _footnote_proof(_: Counterexample) -> tuple[Claim, ...]:
    import sympy

    g = sympy.symbols("g", positive=True)
    J = sympy.Matrix([[sympy.Rational(1, 2), 3 / g], [0, 0]])
    largest = sympy.sqrt(sum(entry**2 for entry in J))  # one row: the 2-norm is its length
    return (
        proved("|M'(0)|_2, a closed form", largest.subs(g, 1), "=", sympy.sqrt(37) / 2),
        proved("norm in |(a, g y)| at g = 2 sqrt 3, where it is exactly", largest.subs(g, 2 * sympy.sqrt(3)), "=", 1),
        proved("limit of that norm as g grows: |dN/da|", sympy.limit(largest, g, sympy.oo), "=", sympy.Rational(1, 2)),
    )


def _footnote_picture(example: Counterexample) -> Curves:
    assert isinstance(example.map, Augmented)
    g = np.geomspace(0.5, 50.0, 80)
    norms = np.array([float(_weighted_norm(example.map, np.zeros(1), weight)[0]) for weight in g])
    return Curves((Curve("|M'(0)| in |(a, g y)|", np.log10(g), norms),), "log10 of the weight g of y in the norm", "", 1.0, "1")


FOOTNOTE = Counterexample(
    name="additive inputs",
    about=("footnote2",),
    title="made additive as footnote 2 does, a contraction has |M'| > 3 everywhere",
    map=Augmented(FunctionMap(lambda a, u: 0.5 * np.tanh(a) + 3.0 * u, dim=1, input_dim=1)),
    data={"gain": np.array(3.0)},
    literal="a system with non-additive inputs can be transformed into one with additive inputs (and the theorems then apply).",
    corrected="it can, with one more variable an input; in |(a, g y)| with g large the norms are those of dN/da again; an "
    "input of size b counts as g b.",
    sketch="[[N_a, N_u], [0, 0]] has the eigenvalues of N_a and zeros, but a norm of at least |N_u|. "
    "Scaling y by g divides N_u by g.",
    source=f"{ICNN}, footnote 2",
    _claims=_footnote_claims,
    _proof=_footnote_proof,
    _picture=_footnote_picture,
)


# Szlenk's map: radius below 1 everywhere, and a cycle.
K = 1.1


def _szlenk(a: Array, u: Array) -> Array:
    x, y = a[..., 0], a[..., 1]
    size = 1.0 + x * x + y * y
    return np.stack([-K * y**3 / size, K * x**3 / size], axis=-1)


def _szlenk_claims(example: Counterexample) -> tuple[Claim, ...]:
    grid = np.stack(np.meshgrid(*[np.linspace(-30.0, 30.0, 241)] * 2), axis=-1)
    J = example.map.jacobian(grid)
    cycle = trajectory(example.map, example.data["cycle"][0], steps=4)
    outside = trajectory(example.map, 1.001 * example.data["cycle"][0], steps=400)
    return (
        below("largest rho(M') on a grid of 58081 points", float(spectral_radius(J).max()), np.sqrt(3.0) * K / 2.0 + 1e-12),
        above("largest |M'|_2 there", float(matrix_norm(J).max()), 1.5),
        below("|M^4(a) - a| at a = ((k-1)^(-1/2), 0)", float(np.abs(cycle[4] - cycle[0]).max()), 1e-12),
        above("size of the state after 400 steps from 0.1 % outside the cycle", float(np.abs(outside[-1]).max()), 1e6),
    )


def _szlenk_proof(_: Counterexample) -> tuple[Claim, ...]:
    import sympy

    x, k = sympy.symbols("x k", positive=True)
    radial = k * x**3 / (1 + x**2)  # the map turns the axes by a quarter: (x, 0) -> (0, radial(x))
    at = 1 / sympy.sqrt(k - 1)
    slope = sympy.simplify(sympy.diff(radial, x).subs(x, at))
    eleven = sympy.Rational(11, 10)
    return (
        identity(
            "(x, 0) -> (0, x) at x = (k-1)^(-1/2): a cycle of period 4",
            sympy.simplify(radial.subs(x, at).subs(k, 1 + x**-2)) - x,
        ),
        proved("its largest multiplier, (3 - 2/k)^4 at k = 1.1", slope.subs(k, eleven) ** 4, "=", (3 - 2 / eleven) ** 4),
        proved("sqrt 3 k / 2, the bound on rho(M')", sympy.sqrt(3) * eleven / 2, "<", 1),
    )


def _szlenk_picture(example: Counterexample) -> Curves:
    start = example.data["cycle"][0]
    runs = {1.001: "repelling", 0.999: "attracting"}
    curves = []
    for factor, role in runs.items():
        visited = trajectory(example.map, factor * start, steps=60)
        sizes = np.linalg.norm(visited, axis=-1)
        curves.append(Curve(f"from {factor:g} times the cycle", np.arange(61.0), sizes, role, "o-"))
    return Curves(tuple(curves), "step", "|a_t|", float(start[0]), "the cycle")


SZLENK = Counterexample(
    name="szlenk",
    about=("4", "definition6"),
    title="spectral radius below 0.953 in the whole plane, and orbits that go to infinity",
    map=FunctionMap(_szlenk, dim=2),
    data={"k": np.array(K), "cycle": np.array([[(K - 1.0) ** -0.5, 0.0]])},
    literal="all eigenvalues of M' below 1 in modulus make M forget where it began.",
    corrected="|M'| <= lambda < 1 in one fixed norm does. In the plane eigenvalues are enough for polynomial maps, and not for "
    "rational ones.",
    sketch="this is the discrete Markus-Yamabe conjecture of LaSalle, false in the plane for rational maps.",
    source="Szlenk's example in Cima, Gasull and Manosas (1999), The discrete Markus-Yamabe problem, Nonlinear Analysis 35",
    _claims=_szlenk_claims,
    _proof=_szlenk_proof,
    _picture=_szlenk_picture,
)
