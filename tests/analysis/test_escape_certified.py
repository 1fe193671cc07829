"""Certified dual bounds: never exceeded, equal to the dual's value to rounding, +inf rather than NaN."""

from typing import NamedTuple

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dynlatch as dl
from dynlatch import analysis
from dynlatch.activations import LINEAR, LOGISTIC, RELU, SOFTPLUS, TANH, THRESHOLD
from dynlatch.analysis.escape.lower.dual.bound import dual_bound
from dynlatch.analysis.escape.lower.dual.certified import certified_bounds
from dynlatch.analysis.escape.lower.dual.iteration import Descent, Work
from dynlatch.analysis.escape.lower.dual.maxima import largest, largest_off_parabola
from dynlatch.analysis.escape.lower.dual.problem import multipliers_of, polytope_of
from dynlatch.analysis.escape.lower.dual.proof import attempt, proof_of, seed_of
from dynlatch.analysis.escape.lower.dual.relaxation import Multipliers, Polytope, Relaxation
from dynlatch.analysis.escape.question import ask
from dynlatch.analysis.structure import ActivationForm

SOFTSIGN = dl.Activation("softsign", lambda x: x / (1 + abs(x)), lambda x: (1 + abs(x)) ** -2.0, limits=(-1, 1), slope_peak=0.0)
BARE = dl.Activation("bare", lambda x: x / (1 + abs(x)), lambda x: (1 + abs(x)) ** -2.0, limits=(-1, 1))
ACTIVATIONS = (TANH, LOGISTIC, RELU, SOFTPLUS, LINEAR, THRESHOLD, SOFTSIGN, BARE)
TIGHT = (TANH, LOGISTIC, RELU, SOFTPLUS, LINEAR, SOFTSIGN)
seeds = st.integers(0, 10**6)


def cases(rng, N=60):
    """Random q, t, kappa, e, x, y, some of q and t zero."""
    q, t = rng.normal(size=(2, N)) * np.exp(rng.normal(size=(2, N)))
    q[:5], t[5:10] = 0.0, 0.0
    x = 2.0 * rng.normal(size=N)
    y = x + np.where(rng.random(N) < 0.1, 0.0, 2.0 * rng.exponential(size=N))
    kappa = np.exp(2.0 * rng.normal(size=N) - 1.0)
    return q, t, kappa, np.where(rng.random(N) < 0.5, x, y), x, y


def on_grid(h, x, y, points=20001):
    return h(x + np.linspace(0.0, 1.0, points)[:, None] * (y - x)).max(0)


@given(seeds, st.sampled_from(ACTIVATIONS))
@settings(max_examples=25, deadline=None)
def test_maxima_are_never_below_what_a_grid_finds(seed, f):
    q, t, kappa, e, x, y = cases(np.random.default_rng(seed))
    assert np.all(largest(f, q, t, x, y) >= on_grid(lambda a: q * f(a) + t * a, x, y) - 1e-13)
    bound = largest_off_parabola(f, q, t, kappa, e, x, y)
    assert np.all(bound >= on_grid(lambda a: q * f(a) + t * a - kappa * (a - e) ** 2, x, y) - 1e-12)


@pytest.mark.parametrize("f", TIGHT, ids=lambda f: f.name)
def test_maxima_of_sigmoids_are_tight(f):
    q, t, _, _, x, y = cases(np.random.default_rng(1))
    around = (y - x) / 20000  # what the grid can miss: a kink, or a parabola's top
    error = np.abs(q) * around if f is RELU else np.abs(q) * around**2
    assert np.all(largest(f, q, t, x, y) <= on_grid(lambda a: q * f(a) + t * a, x, y) + error + 1e-12)


@given(seeds, st.sampled_from((TANH, LOGISTIC)))
@settings(max_examples=10, deadline=None)
def test_maxima_off_a_parabola_are_tight(seed, f):
    q, t, kappa, e, x, y = cases(np.random.default_rng(seed))
    found = on_grid(lambda a: q * f(a) + t * a - kappa * (a - e) ** 2, x, y)
    error = (np.abs(q) + kappa) * ((y - x) / 20000) ** 2
    assert np.all(largest_off_parabola(f, q, t, kappa, e, x, y) <= found + error + 1e-11 * (1 + np.abs(q)))


def test_both_maxima_off_a_parabola_are_seen():
    """Left of 0 the sum has two maxima where the parabola is flat; here the outer one wins once, the inner one once."""
    q, kappa, e, x, y = 4.0, 0.5, -2.5, -3.0, 0.3
    a = np.linspace(x, y, 100001)
    for t in (-0.9, 0.2):
        values = q * np.tanh(a) + t * a - kappa * (a - e) ** 2
        bound = largest_off_parabola(TANH, *(np.array([v]) for v in (q, t, kappa, e, x, y)))[0]
        assert values.max() <= bound <= values.max() + 1e-9


class Case(NamedTuple):
    relaxation: Relaxation
    targets: np.ndarray
    multipliers: Multipliers
    trajectories: np.ndarray  # (K + 1, N, n): z_k, all feasible


def case(rng, norm, f=TANH, B="identity", leak=0.0, n=3, K=3, rows=2, N=300, L=2, F=4) -> Case:
    """Trajectories first; the polytope and the leaves are just large enough to hold them, so that the bound is tested hard."""
    b = 0.4 * rng.random() + 0.05
    matrix = {
        "identity": np.eye(n),
        "diagonal": np.diag(rng.normal(size=n)),
        "dead unit": np.diag([0.0, *rng.normal(size=n - 1)]),
        "shared unit": rng.normal(size=(n, 3)) * np.eye(n)[:, [0, 2, 0]],
        "two inputs": rng.normal(size=(n, 2)),
        "full": rng.normal(size=(n, n)),
    }[B]
    W = 1.5 * rng.normal(size=(n, n)) / np.sqrt(n) + 0.5 * np.eye(n)
    form = ActivationForm(np.full(n, leak), W, 0.3 * rng.normal(size=n), matrix, f)
    u = rng.normal(size=(K, N, matrix.shape[1]))
    u *= b * rng.random((K, N, 1)) ** 0.1 / np.linalg.norm(u, norm, axis=-1, keepdims=True)
    if np.isinf(norm):
        u = np.where(rng.random((K, N, 1)) < 0.5, np.sign(u) * b, u)
    z = [rng.normal(size=n) + 0.7 * (2.0 * rng.random((N, n)) - 1.0)]
    for k in range(K):
        z.append(form.step(z[-1] + u[k] @ matrix.T))
    path = np.stack(z)
    D = rng.normal(size=(rows, n))
    inside = path[:K]
    polytope = Polytope(inside.min((0, 1)), inside.max((0, 1)), D, (inside @ D.T).max((0, 1)))
    shape = (F, L, K, n)
    lo, hi = (np.broadcast_to(end[None, None], shape) for end in (inside.min(1), inside.max(1)))
    multipliers = Multipliers(
        rng.random(shape) * 1.3 - 0.1, 0.2 * rng.exponential(size=(F, L, K, rows)), np.exp(rng.normal(size=(F, L, K))), lo, hi
    )
    return Case(Relaxation(form, b, norm, polytope), rng.normal(size=(F, n)), multipliers, path)


MATRICES = ("identity", "diagonal", "dead unit", "shared unit", "two inputs", "full")


@given(
    seeds, st.sampled_from((2.0, np.inf)), st.sampled_from(ACTIVATIONS), st.sampled_from(MATRICES), st.sampled_from((0.0, 0.6))
)
@settings(max_examples=60, deadline=None)
def test_no_trajectory_exceeds_the_bound(seed, norm, f, B, leak):
    given_case = case(np.random.default_rng(seed), norm, f, B, leak)
    reached = (given_case.trajectories[-1] @ given_case.targets.T).max(0)
    assert np.all(reached <= certified_bounds(*given_case[:3]))


def oracle(relaxation, h, multipliers, i, j):
    """The dual bound of one leaf by brute force: each unit's maximum over a grid of (z, v), then finer around its best."""
    form, _, norm, box = relaxation
    b, p, total = relaxation.b, h, 0.0
    for k in reversed(range(multipliers.slopes.shape[2])):
        q, r, G = form.W.T @ p, form.leak * p, box.rows.T @ multipliers.gammas[i, j, k]
        total += p @ form.c + multipliers.gammas[i, j, k] @ box.tops
        p = multipliers.slopes[i, j, k] * q + r - G if k else np.zeros_like(h)
        mu = multipliers.weights[i, j, k] if norm == 2 else 0.0
        total += mu * b**2
        for unit in range(len(h)):
            gain = form.B[unit, unit]

            def value(z, u, q=q[unit], r=r[unit], g=(p + G)[unit], mu=mu, gain=gain):
                a = z + gain * u
                return q * form.f(a) + r * a - g * z - mu * u**2

            total += best(value, multipliers.lo[i, j, k, unit], multipliers.hi[i, j, k, unit], b)
    return total


def best(value, lo, hi, b, points=161, rounds=5):
    """Largest value on [lo, hi] x [-b, b], on finer and finer grids around the best point of the last."""
    z, u = np.linspace(lo, hi, points), np.linspace(-b, b, points)
    for _ in range(rounds):
        values = value(z[:, None], u[None, :])
        at = np.unravel_index(values.argmax(), values.shape)
        dz, du = 2.0 * (z[1] - z[0]), 2.0 * (u[1] - u[0])
        z = np.linspace(max(lo, z[at[0]] - dz), min(hi, z[at[0]] + dz), points)
        u = np.linspace(max(-b, u[at[1]] - du), min(b, u[at[1]] + du), points)
    return values.max()


@pytest.mark.parametrize("norm", [2.0, np.inf])
@pytest.mark.parametrize(("f", "B", "leak"), [(TANH, "identity", 0.0), (TANH, "diagonal", 0.5), (LOGISTIC, "identity", 0.3)])
@pytest.mark.parametrize("seed", range(3))
def test_the_bound_is_the_dual_value_to_rounding(norm, f, B, leak, seed):
    given_case = case(np.random.default_rng(seed), norm, f, B, leak, F=2, L=1)
    bounds = certified_bounds(*given_case[:3])
    for i, h in enumerate(given_case.targets):
        wanted = oracle(given_case.relaxation, h, given_case.multipliers, i, 0)
        assert wanted - 1e-12 <= bounds[i] <= wanted + 1e-9 * (1 + abs(wanted))


@pytest.mark.parametrize("seed", range(4))
def test_one_step_against_40_digits(seed):
    """K = 1, inf-norm: h c + max sum q tanh(z + u) with z in the box, by hand in high precision; the excess is rounding."""
    relaxation, targets, multipliers, _ = case(np.random.default_rng(seed), np.inf, K=1, rows=0, n=4)
    bounds = certified_bounds(relaxation, targets, multipliers)
    form, b = relaxation.form, relaxation.b
    with mpmath.workdps(40):
        for i, h in enumerate(targets):
            total = mpmath.fsum(mpmath.mpf(x) * mpmath.mpf(c) for x, c in zip(h, form.c, strict=True))
            for unit in range(4):
                q = mpmath.fsum(mpmath.mpf(x) * mpmath.mpf(w) for x, w in zip(h, form.W[:, unit], strict=True))
                end = relaxation.polytope.hi[unit] if q > 0 else relaxation.polytope.lo[unit]
                total += q * mpmath.tanh(mpmath.mpf(end) + mpmath.sign(q) * mpmath.mpf(b))
            assert 0 <= mpmath.mpf(bounds[i]) - total <= 1e-11


@pytest.mark.parametrize("norm", [2.0, np.inf])
def test_the_worst_leaf_decides_and_empty_leaves_do_not_count(norm):
    relaxation, targets, multipliers, _ = case(np.random.default_rng(5), norm)
    alone = [certified_bounds(relaxation, targets, Multipliers(*(x[:, j : j + 1] for x in multipliers))) for j in range(2)]
    assert np.allclose(certified_bounds(relaxation, targets, multipliers), np.maximum(*alone), rtol=1e-12, atol=0)
    lo = multipliers.lo.copy()
    lo[:, 0, 1, 0] = multipliers.hi[:, 0, 1, 0] + 1.0
    assert np.allclose(certified_bounds(relaxation, targets, multipliers._replace(lo=lo)), alone[1], rtol=1e-12, atol=0)


@pytest.mark.parametrize("norm", [2.0, np.inf])
@pytest.mark.parametrize("field", ["slopes", "gammas", "weights", "lo", "hi"])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_gives_no_finite_nonsense(norm, field, bad):
    relaxation, targets, multipliers, path = case(np.random.default_rng(6), norm, L=1)
    broken = getattr(multipliers, field).copy()
    broken[0, 0, 1, ...] = bad
    bounds = certified_bounds(relaxation, targets, multipliers._replace(**{field: broken}))
    assert not np.isnan(bounds).any()
    assert np.isfinite(bounds[1:]).all()
    ignored = (field == "hi" and np.isinf(bad)) or (field == "weights" and np.isinf(norm))  # cut to H; not used
    empty = field == "lo" and np.isinf(bad)
    if empty:
        assert bounds[0] == -np.inf
    elif ignored:
        assert bounds[0] >= (path[-1] @ targets[0]).max()
    else:
        assert bounds[0] == np.inf


@pytest.mark.parametrize("norm", [2.0, np.inf])
def test_the_leaves_of_a_search_cover_the_polytope(norm):
    """What `certified_bounds` takes on trust: random trajectories of states in H, most of them on its faces, lie in a leaf."""
    rng = np.random.default_rng(0)
    W = np.random.default_rng(5).normal(size=(2, 2)) * 2.5 / np.sqrt(2) + 0.6 * np.eye(2)
    net = dl.AdditiveNetwork(W)
    question = ask(net, analysis.fixed_points(net, rng=0).attractors.points[0], norm)
    proof = proof_of(question.form, question.attractor, norm)
    low = dual_bound(question, np.inf, "default").value
    state = None
    for share in (0.5, 0.9, 0.97):  # small enough for an invariant polytope without branching, then not
        found = attempt(proof, state or seed_of(proof), share * low, Descent(Work(10**7), leaves=30))
        state = found or state
    polytope = polytope_of(proof.problem, state.hull)
    multipliers = multipliers_of(proof.problem, state.hull, state.cover)
    assert multipliers.lo.shape[1] > 1, "nothing was branched: the test would be idle"
    draws = 1.4 * rng.random((2000, *multipliers.lo.shape[2:])) - 0.2
    z = polytope.lo + np.clip(draws, 0.0, 1.0) * (polytope.hi - polytope.lo)
    inside = ((multipliers.lo[:, :, None] <= z) & (z <= multipliers.hi[:, :, None])).all((-1, -2))
    assert inside.any(1).all()
