"""Proved enumeration: every solution is in the list or in an undecided box, and every entry of the list is one solution."""

import sys

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dynlatch as dl
from dynlatch.activations import ACTIVATIONS, LINEAR, RELU, SOFTPLUS, TANH, THRESHOLD
from dynlatch.analysis.fixed_points.equations import equation_of
from dynlatch.analysis.fixed_points.proof import branch_and_bound as search
from dynlatch.analysis.fixed_points.proof import proof_dimension, prove
from dynlatch.analysis.fixed_points.proof.branch_and_bound import Boxes, krawczyk
from dynlatch.analysis.fixed_points.proof.gates import Gated, has_form
from dynlatch.analysis.fixed_points.proof.low_rank import factors
from dynlatch.analysis.fixed_points.proof.relaxation import band
from dynlatch.analysis.fixed_points.proof.rigorous import certify
from dynlatch.analysis.fixed_points.proof.units import Units
from dynlatch.errors import MissingExtra, NotEnclosable

SMOOTH = [f for f in ACTIVATIONS if f is not THRESHOLD]
SOFTSIGN = dl.Activation(
    "softsign", lambda x: x / (1 + np.abs(x)), lambda x: (1 + np.abs(x)) ** -2.0, limits=(-1, 1), slope_peak=0.0, odd=True
)
LATCHED = 1.9150080481545375  # 2 tanh a = a
FOLD = np.sqrt(2.0) - np.arctanh(np.sqrt(0.5))


def prove_map(map, bounds=None, **budget):
    equation, u0 = equation_of(map)
    box = equation.box(None if u0 is None else (u0, u0)) if bounds is None else bounds
    return prove(map, equation, u0, tuple(np.asarray(end, float) for end in box), **budget)


def newton_roots(step, jacobian, starts):
    """Distinct solutions of G(x) = x that plain Newton reaches: slow and incomplete, but each one true."""
    x, eye = np.array(starts), np.eye(starts.shape[1])
    for _ in range(60):
        x = x + np.linalg.solve(eye - jacobian(x), (step(x) - x)[..., None])[..., 0]
        x = x[np.abs(x).max(-1) < 1e6]
    regular = np.linalg.cond(eye - jacobian(x)) < 1e8
    x = x[regular & (np.abs(step(x) - x).max(-1) < 1e-12 * (1 + np.abs(x).max(-1)))]
    return x[np.unique(x.round(6), axis=0, return_index=True)[1]]


def covered(proof, roots, slack=1e-9):
    """Which roots are at a listed point or in an undecided box."""
    at = (np.abs(roots[:, None] - proof.points) <= proof.radius[:, None] + slack).all(-1).any(-1)
    lo, hi = proof.unresolved[:, 0] - slack, proof.unresolved[:, 1] + slack
    return at | ((roots[:, None] >= lo) & (roots[:, None] <= hi)).all(-1).any(-1)


def index_sum(map, proof):
    equation, u0 = equation_of(map)
    return int(np.sign(np.linalg.det(np.eye(equation.dim) - equation.jacobian(proof.points, u0))).sum())


def random_net(n, gain, seed, activation="tanh", bias=0.0):
    rng = np.random.default_rng(seed)
    return dl.AdditiveNetwork(gain * rng.normal(size=(n, n)) / np.sqrt(n), bias * rng.normal(size=n), activation)


# --- complete lists -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 5])
def test_uncoupled_latches_have_every_combination(n):
    proof = prove_map(dl.AdditiveNetwork(2.0 * np.eye(n)))
    assert proof.complete
    assert len(proof.points) == 3**n
    expected = np.array([-LATCHED, 0.0, LATCHED])[np.stack(np.meshgrid(*[range(3)] * n), -1).reshape(-1, n)]
    order = np.lexsort(proof.points.round(6).T)
    np.testing.assert_allclose(proof.points[order], expected[np.lexsort(expected.round(6).T)], atol=1e-14)
    assert proof.radius.max() < 1e-12


@settings(max_examples=20, deadline=None, derandomize=True)
@given(
    n=st.integers(1, 4),
    gain=st.floats(0.2, 6.0),
    seed=st.integers(0, 10**6),
    bias=st.sampled_from([0.0, 0.3, 2.0]),
    activation=st.sampled_from(["tanh", "logistic", SOFTSIGN]),
)
def test_nothing_that_newton_finds_is_missing(n, gain, seed, bias, activation):
    net = random_net(n, gain, seed, activation, bias)
    proof = prove_map(net)
    lo, hi = equation_of(net)[0].box()
    roots = newton_roots(net.step, net.jacobian, np.random.default_rng(seed).uniform(lo, hi, (30, n)))
    assert covered(proof, roots).all()
    assert proof.complete
    assert index_sum(net, proof) == 1
    assert np.abs(net.step(proof.points) - proof.points).max() < 1e-10
    assert len(np.unique(proof.points.round(9), axis=0)) == len(proof.points)


@pytest.mark.parametrize("activation", [SOFTPLUS, RELU, LINEAR])
def test_unbounded_units_within_bounds(activation):
    net = random_net(3, 2.0, 4, activation, 1.0)
    bounds = np.full(3, -8.0), np.full(3, 8.0)
    proof = prove_map(net, bounds)
    roots = newton_roots(net.step, net.jacobian, np.random.default_rng(0).uniform(*bounds, (60, 3)))
    inside = roots[(np.abs(roots) <= 8.0).all(-1)]
    assert proof.complete
    assert len(proof.points) == len(inside)
    assert covered(proof, inside).all()


def test_the_error_bounds_hold_against_fifty_digits():
    net = random_net(4, 3.0, 3, bias=0.5)
    proof = prove_map(net)
    W, c = mpmath.matrix(net.W.tolist()), mpmath.matrix(net.c.tolist())
    with mpmath.workdps(50):
        for point, radius in zip(proof.points, proof.radius, strict=True):
            a = mpmath.matrix(point.tolist())
            for _ in range(8):
                y = a.apply(mpmath.tanh)
                slope = mpmath.matrix(4, 4)
                for i in range(4):
                    for j in range(4):
                        slope[i, j] = (i == j) - W[i, j] * (1 - y[j] ** 2)
                a = a - mpmath.lu_solve(slope, a - W * y - c)
            away = max(abs(a[i] - mpmath.mpf(float(point[i]))) for i in range(4))
            assert away <= radius < 1e-11


@pytest.mark.parametrize("scale", [1e3, 1e12, 1e100])
def test_weights_of_any_scale(scale):
    net = random_net(3, scale, 1, bias=1.0)
    proof = prove_map(net)
    assert proof.complete
    signs = net.W / scale
    slopes = np.eye(3) / scale - signs * net.f.derivative(proof.points)[:, None, :]
    assert np.sign(np.linalg.det(slopes)).sum() == 1
    assert (proof.radius < 1e-11 * scale).all()


@pytest.mark.parametrize("make", [dl.AdditiveNetwork, lambda W, b: dl.LeakyNetwork(W, 0.3, b)])
def test_leak_and_constant_input_share_the_proof(make):
    W, c = np.array([[2.0, 0.4, 0.1], [0.3, 1.8, -0.2], [0.2, 0.1, 1.9]]), np.array([0.05, -0.1, 0.02])
    plain = prove_map(make(W, c))
    shifted = prove_map(dl.WithInput(make(W, np.zeros(3)), c))
    assert plain.complete
    assert shifted.complete
    assert index_sum(make(W, c), plain) == 1
    assert len(plain.points) > 9
    np.testing.assert_allclose(np.sort(plain.points, 0), np.sort(shifted.points, 0), atol=1e-13)


def test_outputs_of_an_elman_net_are_those_of_the_additive_one():
    W, b = np.array([[2.0, 0.4, 0.1], [0.3, 1.8, -0.2], [0.2, 0.1, 1.9]]), np.array([0.05, -0.1, 0.02])
    outputs, states = prove_map(dl.ElmanNetwork(W, np.zeros((3, 0)), b)), prove_map(dl.AdditiveNetwork(W, b))
    assert outputs.complete
    np.testing.assert_allclose(np.sort(outputs.points, 0), np.sort(np.tanh(states.points), 0), atol=1e-14)
    half = prove_map(dl.ElmanNetwork(W, np.zeros((3, 0)), b), (np.array([0.1, -1.0, -1.0]), np.ones(3)))
    assert half.complete
    assert len(half.points) == (outputs.points[:, 0] >= 0.1).sum()


# --- bounds, folds, continua, budgets ------------------------------------------------------------------------------


def test_solutions_on_the_border_of_the_bounds_count():
    net = dl.AdditiveNetwork(2.0 * np.eye(2))
    for lo, hi, count in (([0.0, -1.0], [3.0, 1.0], 2), ([LATCHED, -1.0], [3.0, LATCHED], 2), ([0.1, 0.1], [1.0, 1.0], 0)):
        proof = prove_map(net, (lo, hi))
        assert proof.complete
        assert len(proof.points) == count


@pytest.mark.parametrize("n", [1, 3, 8])
def test_a_degenerate_solution_is_one_undecided_box(n):
    proof = prove_map(dl.AdditiveNetwork(np.eye(n)), boxes=5000)
    assert proof.ended
    assert not proof.complete
    assert len(proof.points) == 0
    assert len(proof.unresolved) == 1
    assert (proof.unresolved[0, 0] <= 0).all()
    assert (proof.unresolved[0, 1] >= 0).all()
    assert np.ptp(proof.unresolved, axis=1).max() < 1e-5


@pytest.mark.parametrize(
    ("past", "count", "undecided"), [(0.0, 1, 1), (1e-6, 1, 0), (-1e-6, 3, 0), (1e-11, 1, 0), (-1e-11, 3, 0)]
)
def test_next_to_a_fold(past, count, undecided):
    proof = prove_map(dl.LatchNeuron(2.0, FOLD + past), boxes=5000)
    assert (len(proof.points), len(proof.unresolved)) == (count, undecided)
    if undecided:
        assert proof.unresolved[0, 0, 0] <= -np.arctanh(np.sqrt(0.5)) <= proof.unresolved[0, 1, 0]


def test_a_continuum_ends_and_is_kept():
    line = krawczyk(Units(np.array([[1.0, 0.0], [0.0, 0.5]]), np.zeros(2), LINEAR), (-np.ones(2), np.ones(2)))
    assert not line.complete
    along = np.linspace(-1, 1, 41)
    assert covered(line, np.stack([along, np.zeros(41)], -1), slack=0.0).all()
    ray = krawczyk(Units(np.full((2, 2), 0.5), np.zeros(2), RELU), (-np.ones(2), np.ones(2)), boxes=20_000)
    assert not ray.complete
    along = np.linspace(0, 1, 41)
    assert covered(ray, np.stack([along, along], -1), slack=0.0).all()
    assert len(ray.unresolved) <= search.MOST_UNRESOLVED


@settings(max_examples=20, deadline=None, derandomize=True)
@given(boxes=st.integers(1, 150), seed=st.integers(0, 50))
def test_a_budget_drops_nothing(boxes, seed):
    net = dl.AdditiveNetwork(2.0 * np.eye(3) + 0.1 * np.random.default_rng(seed).normal(size=(3, 3)))
    all_of_them = prove_map(net)
    proof = prove_map(net, boxes=boxes)
    assert all_of_them.complete
    assert len(all_of_them.points) == 27
    assert proof.boxes <= boxes
    assert proof.ended == (boxes >= all_of_them.boxes)
    assert covered(proof, all_of_them.points, slack=1e-12).all()
    again = prove_map(net, boxes=boxes)
    assert np.array_equal(again.points, proof.points)
    assert np.array_equal(again.unresolved, proof.unresolved)


def test_a_deadline_in_the_past_returns_the_whole_box():
    proof = prove_map(random_net(3, 2.0, 0), deadline=0.0)
    assert (proof.boxes, proof.ended, len(proof.points), len(proof.unresolved)) == (0, False, 0, 1)


def test_many_undecided_boxes_are_taken_together():
    rng = np.random.default_rng(0)
    corners = rng.uniform(-1, 1, (5000, 3))
    coarse = search._coarse(Boxes(corners, corners + 1e-3))
    assert len(coarse.lo) <= search.MOST_UNRESOLVED
    held = (coarse.lo <= corners[:, None]) & (corners[:, None] + 1e-3 <= coarse.hi)
    assert held.all(-1).any(-1).all()


@settings(max_examples=50, deadline=None, derandomize=True)
@given(k=st.integers(0, 9), d=st.integers(1, 3), width=st.floats(0.0, 0.3), seed=st.integers(0, 10**6))
def test_touching_boxes_share_a_label(k, d, width, seed):
    rng = np.random.default_rng(seed)
    lo = rng.integers(0, 4, (k, d)) / 4.0
    hi = lo + width * rng.random((k, d))
    label = search._touching(Boxes(lo, hi))
    expected = np.arange(k)
    for _ in range(k):  # the obvious way: spread the least label over every pair that meets
        for i in range(k):
            for j in range(k):
                if ((lo[i] <= hi[j]) & (lo[j] <= hi[i])).all():
                    expected[i] = expected[j] = min(expected[i], expected[j])
    assert all((label[i] == label[j]) == (expected[i] == expected[j]) for i in range(k) for j in range(k))


# --- relaxations ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("f", [*SMOOTH, SOFTSIGN], ids=lambda f: f.name)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(centre=st.floats(-30, 30), width=st.floats(0, 60) | st.floats(0, 1e-5), at=st.floats(-1, 1))
def test_a_band_holds_the_function_and_its_slope(f, centre, width, at):
    lo, hi = np.array([centre - 0.5 * width]), np.array([centre + 0.5 * width])
    middle = lo + (0.5 + 0.5 * at) * (hi - lo)
    b = band(f, lo, hi, middle)
    points = np.clip(np.linspace(lo[0], hi[0], 200), lo, hi)
    gap = f(points) - (b.value + b.slope * (points - middle))
    assert np.abs(gap).max() <= b.error[0]
    slopes = f.derivative(points)
    assert np.abs(slopes - b.slope).max() <= b.variation[0] + 1e-15
    if f not in (RELU, SOFTSIGN) and width > 1e-3:
        # ... and is no wider than need be.
        assert b.error[0] <= 0.51 * np.ptp(gap) + 0.01 * width**2 * b.variation[0] + 3 * b.floor[0]


def test_saturated_units_do_not_drown_in_rounding():
    b = band(TANH, np.array([-1e100]), np.array([1e100]), np.array([0.0]))
    assert b.error[0] < 1.1
    assert b.floor[0] < 1e-13


# --- low rank -------------------------------------------------------------------------------------------------------


def low_rank_net(n, r, gain, seed):
    rng = np.random.default_rng(seed)
    left = rng.normal(size=(n, r))
    return gain * left @ (left + 0.3 * rng.normal(size=(n, r))).T / n


def test_the_reduction_agrees_with_all_dimensions():
    W, c = low_rank_net(6, 2, 3.0, 0), 0.1 * np.random.default_rng(1).normal(size=6)
    reduced = prove_map(dl.AdditiveNetwork(W, c))
    box = equation_of(dl.AdditiveNetwork(W, c))[0].box()
    dense = krawczyk(Units(W, c, TANH), box)
    assert proof_dimension(dl.AdditiveNetwork(W, c), equation_of(dl.AdditiveNetwork(W, c))[0]) == 2
    assert reduced.complete
    assert dense.complete
    assert len(dense.points) > 1
    np.testing.assert_allclose(np.sort(reduced.points, 0), np.sort(dense.points, 0), atol=1e-12)


@pytest.mark.parametrize("single", [False, True])
def test_a_tail_beyond_the_rank_is_part_of_the_proof(single):
    W = low_rank_net(80, 2, 2.5, 3)
    if single:
        W = W.astype(np.float32).astype(np.float64)
    net = dl.AdditiveNetwork(W, 0.1 * np.ones(80))
    proof = prove_map(net)
    assert proof.complete
    assert len(proof.points) >= 3
    assert index_sum(net, proof) == 1
    # The points are those of W itself: the tail moves them by far more than their residual.
    assert np.abs(net.step(proof.points) - proof.points).max() < 1e-12
    parts = factors(W)
    assert (np.abs(W - parts.U @ parts.V.T) <= parts.tail).all()
    outside = prove_map(net, (np.full(80, 50.0), np.full(80, 60.0)))
    assert outside.complete
    assert len(outside.points) == 0


def test_full_rank_is_left_to_all_dimensions():
    assert factors(np.random.default_rng(0).normal(size=(8, 8))) is None
    assert factors(low_rank_net(8, 5, 1.0, 0)) is None
    assert factors(np.zeros((3, 3))).U.shape == (3, 1)
    assert prove_map(dl.AdditiveNetwork(np.zeros((3, 3)), [1.0, 2.0, 3.0])).points.round(12).tolist() == [[1.0, 2.0, 3.0]]


# --- gates ----------------------------------------------------------------------------------------------------------


def gated(kind, n, gain, seed, m=1):
    rng = np.random.default_rng(seed)
    rows = (3 if kind is dl.GRU else 4) * n
    return kind(rng.normal(size=(rows, m)), gain * rng.normal(size=(rows, n)) / np.sqrt(n), *rng.normal(size=(2, rows)))


STACK = dl.StackedNetwork([gated(dl.GRU, 1, 4.0, 0), gated(dl.LSTM, 1, 3.0, 1), dl.AdditiveNetwork([[2.0]])])
GATED = {
    "gru": gated(dl.GRU, 2, 5.0, 0),
    "gru with a latch": dl.GRU(np.zeros((6, 0)), np.concatenate([np.zeros((4, 2)), 4.0 * np.eye(2)])),
    "gru with input": dl.WithInput(gated(dl.GRU, 3, 3.0, 2), [0.7]),
    "lstm": gated(dl.LSTM, 2, 4.0, 4),
    "lstm with a latch": dl.LSTM(
        np.zeros((8, 0)), np.concatenate([np.zeros((4, 2)), 4 * np.eye(2), np.zeros((2, 2))]), [2.0] * 8
    ),
    "stack": STACK,
    "iterate": dl.Iterate(random_net(2, 3.0, 1), 2),
}


@pytest.mark.parametrize("name", GATED)
def test_gated_nets_and_stacks(name):
    map = GATED[name]
    equation, u0 = equation_of(map)
    proof = prove_map(map)
    assert proof.complete
    assert index_sum(map, proof) == 1
    starts = np.random.default_rng(0).uniform(*equation.box(None if u0 is None else (u0, u0)), (40, equation.dim))
    roots = newton_roots(lambda x: equation.step(x, u0), lambda x: equation.jacobian(x, u0), starts)
    assert covered(proof, roots).all()
    states = equation.lift(proof.points, u0)
    assert np.abs(map.step(states) - states).max() < 1e-12
    if "latch" in name:
        assert len(proof.points) == 9


@pytest.mark.parametrize("name", GATED)
def test_bounds_on_the_reduced_equations_hold(name):
    equation, u0 = equation_of(GATED[name])
    rng = np.random.default_rng(3)
    u = None if u0 is None else (u0, u0)
    for width in (0.0, 1e-9, 0.1, 1.0):
        lo = rng.uniform(-1, 1, (5, equation.dim))
        hi = lo + width * rng.random(lo.shape)
        images, slopes = equation.enclose(lo, hi, u), equation.enclose_jacobian(lo, hi, u)
        for fraction in rng.random((40, 1, equation.dim)):
            x = np.minimum(lo + fraction * (hi - lo), hi)
            G, J = equation.step(x, u0), equation.jacobian(x, u0)
            assert ((images[0] <= G) & (images[1] >= G)).all()
            assert ((slopes[0] <= J) & (slopes[1] >= J)).all()
        if width == 0.0:
            assert (images[1] - images[0]).max() < 1e-12 * (1 + np.abs(images[0]).max())


@pytest.mark.parametrize("name", [name for name in GATED if name != "iterate"])
def test_affine_forms_hold_and_are_of_second_order(name):
    equation, u0 = equation_of(GATED[name])
    assert has_form(equation)
    problem = Gated(equation, u0)
    rng = np.random.default_rng(5)
    centre = rng.uniform(-1, 1, (6, equation.dim))
    worst = []
    for width in (2.0, 1e-2, 1e-3, 1e-7, 0.0):
        lo, hi = centre - 0.5 * width, centre + 0.5 * width
        r = problem.relax(lo, hi)
        worst.append((r.error - r.floor).max())
        previous = None
        for fraction in rng.random((60, 1, equation.dim)):
            x = np.minimum(lo + fraction * (hi - lo), hi)
            G = equation.step(x, u0)
            linear = r.value + np.einsum("bij,bj->bi", r.matrix, x - r.middle)
            assert (np.abs(G - linear) <= r.error).all()
            if previous is not None:
                gap = (G - previous[1]) - np.einsum("bij,bj->bi", r.matrix, x - previous[0])
                assert (np.abs(gap) <= 2 * r.variation + 1e-13).all()
            previous = x, G
    assert worst[2] < 0.02 * worst[1] + 1e-15
    assert worst[-1] < 1e-12


def test_a_cell_that_never_forgets():
    # The forget gate saturates in float64, 1 - f underflows, and the cell is of size 1e300 or beyond.
    for forget in (40.0, 690.0, 2000.0):
        bias = np.array([0.0, forget, 0.5, 0.0])
        lstm = dl.LSTM(np.zeros((4, 0)), np.array([[0.3], [0.1], [2.0], [0.5]]), bias)
        proof = prove_map(lstm)
        assert len(proof.points) + len(proof.unresolved) >= 1
        equation, _ = equation_of(lstm)
        assert covered(proof, newton_roots(equation.step, equation.jacobian, np.linspace(-1, 1, 21)[:, None])).all()


def test_bounds_by_the_input_of_a_stack_hold():
    equation, _ = equation_of(STACK)
    rng = np.random.default_rng(4)
    lo, u = rng.uniform(-1, 1, (6, equation.dim)), rng.normal(size=(6, STACK.input_dim))
    hi = lo + 0.2
    below, above = equation.enclose_input_jacobian(lo, hi, (u - 0.1, u + 0.1))
    for _ in range(30):
        J = equation.input_jacobian(rng.uniform(lo, hi), rng.uniform(u - 0.1, u + 0.1))
        assert ((below <= J) & (above >= J)).all()
    assert equation.enclose_output(lo, hi)[0].shape == (6, 1)
    assert equation.enclose_output_jacobian(lo, hi)[0].shape == (6, 1, 3)


def test_maps_without_bounds_are_refused():
    plain = dl.FunctionMap(lambda a, u: np.tanh(2 * a), 1)
    with pytest.raises(NotEnclosable, match="FunctionMap has no interval bounds"):
        prove_map(plain, ([-2.0], [2.0]))
    shapeless = dl.Activation("shapeless", np.tanh, lambda x: 1 - np.tanh(x) ** 2, limits=(-1, 1))
    with pytest.raises(NotEnclosable, match="slope_peak"):
        prove_map(dl.AdditiveNetwork(2.0 * np.eye(2), None, shapeless))


# --- certificates ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ["tanh", "logistic"])
def test_certificates_count_the_unstable_directions(activation):
    net = random_net(5, 6.0, 2, activation, 0.2)
    for map in (
        net,
        dl.LeakyNetwork(net.W, [0.2, 0.4, 0.6, 0.8, 1.0], net.c, activation),
        dl.WithInput(dl.AdditiveNetwork(net.W, None, activation), net.c),
    ):
        proof = prove_map(map)
        certified = certify(map, proof.points)
        assert certified.verified.all()
        assert (certified.radius <= proof.radius).all()
        moduli = np.abs(np.linalg.eigvals(map.jacobian(proof.points)))
        assert certified.unstable.tolist() == (moduli > 1).sum(-1).tolist()


def test_certificates_in_outputs_and_of_equal_eigenvalues():
    elman = dl.WithInput(dl.ElmanNetwork(2.0 * np.eye(2), [[0.5], [0.1]], [0.1, 0.2]), [-0.3])
    proof = prove_map(elman)
    certified = certify(elman, proof.points)
    assert certified.verified.all()
    assert certified.radius.max() < 1e-15
    assert sorted(certified.unstable.tolist()) == [0, 0, 0, 0, 1, 1, 1, 1, 2]
    assert certify(dl.AdditiveNetwork(2.0 * np.eye(3)), np.zeros((1, 3))).unstable.tolist() == [3]


def test_an_eigenvalue_on_the_circle_is_not_decided():
    at_fold = certify(dl.LatchNeuron(1.0), [[0.0]])
    assert not at_fold.verified[0]
    assert at_fold.unstable[0] == -1
    flip = certify(dl.LatchNeuron(-1.0), [[0.0]])  # the point is regular, its eigenvalue exactly -1
    assert flip.verified[0]
    assert flip.unstable[0] == -1


def test_certificates_without_the_extra_or_of_other_maps(monkeypatch):
    with pytest.raises(NotEnclosable, match="got GRU"):
        certify(gated(dl.GRU, 2, 1.0, 0), np.zeros((1, 2)))
    with pytest.raises(NotEnclosable, match="softplus units"):
        certify(random_net(2, 1.0, 0, "softplus"), np.zeros((1, 2)))
    monkeypatch.setitem(sys.modules, "flint", None)
    with pytest.raises(MissingExtra, match=r"dynlatch\[rigorous\]"):
        certify(dl.LatchNeuron(2.0), [[0.0]])


# --- cost -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "gain", "most"), [(8, 1.5, 2000), (8, 3.0, 3000), (10, 3.0, 10_000)])
def test_work_on_random_nets_stays_small(n, gain, most):
    for seed in range(3):
        net = random_net(n, gain, seed)
        proof = prove_map(net, boxes=most)
        assert proof.complete
        assert index_sum(net, proof) == 1


@pytest.mark.slow
def test_all_6561_points_of_eight_latches():
    proof = prove_map(dl.AdditiveNetwork(2.0 * np.eye(8)), boxes=30_000)
    assert proof.complete
    assert len(proof.points) == 6561
    assert index_sum(dl.AdditiveNetwork(2.0 * np.eye(8)), proof) == 1


@pytest.mark.slow
def test_a_net_of_256_units_and_three_directions():
    for seed in range(3):
        net = dl.AdditiveNetwork(low_rank_net(256, 3, 3.0, seed))
        proof = prove_map(net, boxes=20_000)
        assert proof.complete
        assert index_sum(net, proof) == 1
