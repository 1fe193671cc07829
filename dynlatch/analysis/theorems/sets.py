"""Definitions 1 to 6 and Lemma 1 on a system."""

from __future__ import annotations

import numpy as np

from dynlatch.analysis.attracting_sets import ReducedAttractingSet, reduced_attracting_set
from dynlatch.analysis.fixed_points import fixed_points
from dynlatch.analysis.theorems.case import (
    Case,
    Evidence,
    adapted_norms,
    attractor_of,
    ball_of,
    inside,
    points_of,
    run_of,
    sizes,
)
from dynlatch.analysis.theorems.claims import Claim, above, below
from dynlatch.analysis.theorems.curves import Curve, Curves
from dynlatch.linalg import matrix_norm, spectral_radius
from dynlatch.maps import SmoothMap, trajectory
from dynlatch.validation import Array

CLOSE = 1e-6
TINY = 1e-8


def invariant_set(case: Case) -> Evidence:
    """Definition 1: E = M(E) of a finite set, by default all fixed points."""
    E = fixed_points(case.map, rng=0).points if case.points is None else points_of(case)
    image = case.map.step(E)
    distance = np.linalg.norm(image[:, None] - E, axis=-1)
    claims = (
        below("largest distance of M(e) from E: M(E) in E", float(distance.min(1).max()), TINY),
        below("largest distance of e from M(E): E in M(E)", float(distance.min(0).max()), TINY),
    )
    number = np.arange(1.0, len(E) + 1.0)
    picture = Curves(
        (
            Curve("distance of M(e) from E", number, np.maximum(distance.min(1), 1e-17), marks="o"),
            Curve("distance of e from M(E)", number, np.maximum(distance.min(0), 1e-17), "saddle", "x"),
        ),
        "number of the point e",
        "distance (zero is drawn at 1e-17)",
        TINY,
        "counts as zero",
        logarithmic=True,
    )
    return Evidence((), (), claims, picture)


def hyperbolic_attractor(case: Case) -> Evidence:
    """Definition 2: eigenvalues of each M', and of M^p."""
    found = attractor_of(case, stable=False)
    J = case.map.jacobian(found.points)
    away = _away(case.map, found.points)
    period = np.arange(len(away), dtype=np.float64)
    return Evidence(
        (below("largest spectral radius of M' on X", float(spectral_radius(J).max()), 1.0),),
        (below(f"spectral radius of (M^{found.period})' on X", found.spectral_radius, 1.0),),
        (below("distance from X at the end, against 1e-6 at the start", float(away[-1]), CLOSE),),
        Curves(
            (Curve("from 1e-6 beside X", period, np.maximum(away, 1e-17), marks="o-"),),
            "step",
            "distance from X",
            logarithmic=True,
        ),
    )


def _away(map: SmoothMap, points: Array) -> Array:
    """Distances from the cycle of a run that begins 1e-6 beside it."""
    radius = float(np.abs(np.linalg.eigvals(_around(map.jacobian(points)))).max()) ** (1.0 / len(points))
    steps = int(np.clip(3.0 / max(abs(np.log(max(radius, 1e-3))), 0.02), 12, 150))
    beside = points[0] + CLOSE / np.sqrt(map.dim)
    return np.asarray(np.linalg.norm(trajectory(map, beside, steps=steps)[:, None] - points, axis=-1).min(-1))


def _around(jacobians: Array) -> Array:
    product = jacobians[0]
    for J in jacobians[1:]:
        product = J @ product
    return np.asarray(product)


def basin(case: Case) -> Evidence:
    """Definition 3: which points come close to X, and which converge to it."""
    found = attractor_of(case)
    visited = trajectory(case.map, points_of(case), steps=400)
    distance = np.linalg.norm(visited[:, :, None] - found.points, axis=-1).min(-1)
    near, end = distance.min(0) < CLOSE, distance[-1] < CLOSE
    shown = distance[:40, :: max(1, distance.shape[1] // 12)]
    t = np.arange(len(shown), dtype=np.float64)
    curves = tuple(
        Curve("", t, np.maximum(column, 1e-17), "attracting" if column[-1] < 1.0 else "neutral") for column in shown.T
    )
    return Evidence(
        (above("points that come close to X (within 1e-6 in 400 steps)", float(near.sum()), 0.5),),
        (above("points that converge to X", float(end.sum()), 0.5),),
        (below("points about which both readings differ", float((near != end).sum()), 0.5),),
        Curves(curves, "step", "distance from X", logarithmic=True),
    )


def reduced_set(case: Case) -> Evidence:
    """Definition 4: Gamma in its four readings."""
    gamma = reduced_attracting_set(case.map, attractor_of(case).points, points_of(case))
    spectral, product, stepwise, adapted = gamma.members
    count = [float(mask.sum()) for mask in (gamma.in_basin, *gamma.members)]
    later = gamma.points[adapted]
    moved = reduced_attracting_set(case.map, gamma.attractor, case.map.step(later)).members[3] if len(later) else adapted[:0]
    return Evidence(
        (above(f"of {int(count[0])} points in the basin, in Gamma by eigenvalues", count[1], 0.5),),
        (above("in Gamma by the adapted norm of each step", count[4], 0.5),),
        (
            below("points in the stepwise set and not in the product set", float((stepwise & ~product).sum()), 0.5),
            below("points in the product set and not in the spectral set", float((product & ~spectral).sum()), 0.5),
            below("points of the adapted set that M maps out of it", float((~moved).sum()), 0.5),
            below("non-normality gap: share of the basin where neither Theorem 1 nor 4 speaks", gamma.non_normality_gap, 1.0),
        ),
        _membership(gamma),
    )


def _membership(gamma: ReducedAttractingSet) -> Curves:
    """Dots: the points of the basin and of each set, on the first two axes."""
    rows = (
        ("elsewhere", ~gamma.in_basin, "faint"),
        ("basin only", gamma.in_basin & ~gamma.members[0], "saddle"),
        ("Gamma by eigenvalues only", gamma.members[0] & ~gamma.members[2], "repelling"),
        ("Gamma by norms", gamma.members[2], "attracting"),
    )
    points = gamma.points.reshape(-1, gamma.points.shape[-1])
    one = points.shape[-1] == 1
    y = np.random.default_rng(1).uniform(-1.0, 1.0, len(points)) if one else points[:, 1]
    curves = tuple(Curve(name, points[mask.ravel(), 0], y[mask.ravel()], role, "o") for name, mask, role in rows if mask.any())
    return Curves(curves, "state, component 1", "(spread for legibility)" if one else "state, component 2", equal=not one)


def latched(case: Case) -> Evidence:
    """Definition 5: whether the run is, and stays, in Gamma."""
    run, ball = run_of(case), ball_of(case)
    gamma = reduced_attracting_set(case.map, ball.orbit, run.visited)
    norms, radii = adapted_norms(ball, run.jacobians), spectral_radius(run.jacobians)
    T = len(run.visited)
    t = np.arange(len(norms), dtype=np.float64)
    return Evidence(
        (above(f"of {T} states, in Gamma by eigenvalues", float(gamma.members[0].sum()), T - 0.5),),
        (above(f"of {T} states, in Gamma by the adapted norm", float(gamma.members[3].sum()), T - 0.5),),
        (below("largest adapted norm of M' along the run", float(norms.max()), 1.0),),
        Curves(
            (Curve("adapted norm of M'(a_t)", t, norms), Curve("spectral radius of M'(a_t)", t, radii, "saddle", "--")),
            "t",
            "",
            1.0,
            "1",
        ),
    )


def contracting(case: Case) -> Evidence:
    """Definition 6 on the ball around the attractor, in its adapted norm."""
    ball = ball_of(case)
    x, y = np.split(inside(ball, 2 * SAMPLE_PAIRS), 2)
    gap = sizes(ball, x - y)
    quotient = sizes(ball, case.map.step(x) - case.map.step(y)) / gap
    how = "proved by interval arithmetic" if ball.proved else "from samples of M'"
    return Evidence(
        (),
        (below(f"alpha on the ball of radius {ball.radius:.4g} ({how})", ball.rate, 1.0),),
        (
            below(
                f"largest |M(x) - M(y)| / |x - y| of {SAMPLE_PAIRS} pairs, against alpha",
                float(quotient.max()),
                ball.rate * (1.0 + 1e-9),
            ),
        ),
        Curves(
            (Curve("pairs x, y of D", gap, quotient, "attracting", "."),),
            "|x - y|",
            "|M(x) - M(y)| / |x - y|",
            ball.rate,
            "alpha",
        ),
    )


SAMPLE_PAIRS = 500


def lemma(case: Case) -> Evidence:
    """Lemma 1: X in Gamma(X), by eigenvalues and by norms."""
    found = attractor_of(case, stable=False)
    J = case.map.jacobian(found.points)
    length = max(12, 6 * found.period)
    radii, norms = _powers(J, length)
    l = np.arange(1.0, length + 1.0)
    return Evidence(
        (below("largest spectral radius of M' on X: hyperbolic by Definition 2", float(spectral_radius(J).max()), 1.0),),
        (below(f"spectral radius of (M^{found.period})' on X", found.spectral_radius, 1.0), _of_one_step(found.period)),
        (below(f"largest spectral radius of (M^l)' on X, l = 1 ... {length}", float(radii.max()), 1.0),),
        Curves(
            (Curve("spectral radius of (M^l)'", l, radii, marks="o-"), Curve("2-norm of (M^l)'", l, norms, "saddle", "x--")),
            "l",
            "",
            1.0,
            "1",
            logarithmic=True,
        ),
    )


def _of_one_step(period: int) -> Claim:
    return below("period: a fixed point of the map (of a cycle, take Iterate(map, p))", float(period), 1.5)


def _powers(jacobians: Array, length: int) -> tuple[Array, Array]:
    """The largest spectral radius and 2-norm of (M^l)' over the points of a cycle, l = 1 ... length."""
    p = len(jacobians)
    product = np.broadcast_to(np.eye(jacobians.shape[-1]), jacobians.shape)
    radii, norms = np.empty(length), np.empty(length)
    for l in range(length):
        product = np.roll(jacobians, -l % p if l else 0, axis=0) @ product
        radii[l], norms[l] = spectral_radius(product).max(), matrix_norm(product).max()
    tiny = 1e-300
    return np.maximum(radii, tiny), np.maximum(norms, tiny)
