"""The multistart search: what it finds, what it calls one point, and when it stops."""

import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dynlatch as dl
from dynlatch import analysis
from dynlatch.analysis import Completeness
from dynlatch.analysis.fixed_points.equations import equation_of
from dynlatch.analysis.fixed_points.search import search
from dynlatch.analysis.fixed_points.search.fibers import walk
from dynlatch.analysis.fixed_points.search.kernels import solve_small
from dynlatch.analysis.fixed_points.search.newton import measure, solve, solve_near
from dynlatch.analysis.fixed_points.search.solutions import same_point
from dynlatch.errors import InvalidInput

DATA = Path(__file__).parents[2] / "examples" / "data"


def search_only(map, **given):
    return analysis.fixed_points(map, method="multistart", rng=0, **given)


def random_net(n, gain, seed=0):
    W = np.random.default_rng(seed).standard_normal((n, n))
    return dl.AdditiveNetwork(gain * W / np.sqrt(n))


def planted_net(n, seed):
    """An Elman net whose fixed points include the columns of V and their negatives."""
    V = np.random.default_rng(seed).uniform(-1, 1, (n, n))
    return dl.ElmanNetwork(np.arctanh(V) @ np.linalg.inv(V), np.zeros((n, 0)), None), np.concatenate([V.T, -V.T])


def recall(points, wanted):
    return sum(np.abs(points - point).max(-1).min() < 1e-6 for point in wanted)


def corrections(map, found):
    """Newton corrections of the equation that was solved, relative to the size of the points."""
    equation, u0 = equation_of(map)
    x = equation.project(found.points)
    matrix = np.eye(equation.dim) - equation.jacobian(x, u0)
    step = np.linalg.solve(matrix, (equation.step(x, u0) - x)[..., None])[..., 0]
    return np.abs(step).max(-1) / np.maximum(1.0, np.abs(x).max(-1))


@pytest.mark.parametrize("seed", [0, 3])
def test_every_point_of_a_chaotic_net_is_true(seed):
    net = random_net(16, 3.0, seed)
    found = search_only(net)
    assert found.index_sum == 1
    assert corrections(net, found).max() <= 1e-8
    np.testing.assert_allclose(np.sort(found.points[:, 0]), np.sort(-found.points[:, 0]), atol=1e-12)


@pytest.mark.parametrize(("n", "seed", "count"), [(4, 0, None), (6, 2, None), (8, 1, 131)])
def test_planted_points_are_all_found(n, seed, count):
    net, wanted = planted_net(n, seed)
    found = search_only(net)
    assert recall(found.points, wanted) == 2 * n
    assert found.completeness is Completeness.CHECKSUM_PASSED
    assert count is None or len(found) == count  # by proof, elsewhere


def test_the_search_agrees_with_proof():
    rng = np.random.default_rng(5)
    net = dl.AdditiveNetwork(2.5 * rng.standard_normal((5, 5)) / np.sqrt(5) + np.eye(5), 0.2 * rng.standard_normal(5))
    proved = analysis.fixed_points(net)
    assert proved.completeness is Completeness.PROVED
    np.testing.assert_allclose(search_only(net).points, proved.points, atol=1e-9)


@pytest.mark.parametrize("name", ["gru", "rnn"])
def test_trained_nets_have_their_27_points(name):
    net = dl.load_network(DATA / f"flipflop_{name}.safetensors")
    found = search_only(net)
    assert list(np.bincount(found.unstable_dimensions)) == [8, 12, 6, 1]
    assert found.completeness is Completeness.CHECKSUM_PASSED
    assert found.residuals.max() < 1e-12
    assert corrections(net, found).max() <= 1e-8


def test_leaky_and_elman_nets_have_the_points_of_the_additive_one():
    rng = np.random.default_rng(1)
    W, b = 2.0 * rng.standard_normal((7, 7)) / np.sqrt(7), 0.1 * rng.standard_normal(7)
    additive = search_only(dl.AdditiveNetwork(W, b))
    leaky = search_only(dl.LeakyNetwork(W, 1e-4, b))
    np.testing.assert_allclose(leaky.points, additive.points, atol=1e-9)
    outputs = search_only(dl.ElmanNetwork(W, np.zeros((7, 0)), b)).points
    np.testing.assert_allclose(np.sort(np.tanh(additive.points), axis=0), np.sort(outputs, axis=0), atol=1e-10)


def test_zero_is_found_in_a_net_too_large_to_search():
    net = random_net(200, 3.0)
    began = time.monotonic()
    found = search_only(net, time_budget=0.5)
    assert np.abs(found.points).max(-1).min(initial=1.0) == 0.0
    assert found.completeness is Completeness.BUDGET
    assert time.monotonic() - began < 5.0  # one factorisation of all starts, and the eigenvalues of what was found


def test_silence_of_starts_that_do_not_converge_is_no_evidence():
    found = analysis.fixed_points(random_net(160, 4.0), rng=0, time_budget=1.5)
    assert found.completeness is not Completeness.CHECKSUM_PASSED or len(found) > 1


def test_walks_reach_neighbours_of_opposite_index():
    net = dl.AdditiveNetwork([[2.0, 0.3], [-0.2, 1.8]])
    box = equation_of(net)[0].box()
    roots = search_only(net)
    origins = roots.points[[roots.index.argmin()]]
    directions = np.array([[1.0, 0.2]])
    crossings = walk(net.step, net.jacobian, origins, directions, box, 0.5).x
    reached = solve_near(net.step, net.jacobian, crossings, box).x
    assert len(reached) == len(crossings) >= 1
    distance = np.abs(roots.points[:, None] - reached).max(-1)
    assert distance.min(axis=0).max() < 1e-9
    assert 1 in roots.index[distance.argmin(axis=0)]


def test_fibers_find_what_newton_misses():
    """One Newton sweep and one sweep of walks from what it found, the latter with no more linear systems."""
    net, _ = planted_net(10, 0)
    net = dl.AdditiveNetwork(net.W_hh)
    box = equation_of(net)[0].box()
    rng = np.random.default_rng(0)
    arrivals = solve(net.step, net.jacobian, rng.uniform(*box, (400, 10)), box)
    known = measure(net.step, net.jacobian, arrivals.x)
    known = known.x[np.unique(same_point(known.x, 1e-8 + known.error), return_index=True)[1]]
    crossings = walk(net.step, net.jacobian, known, rng.standard_normal(known.shape), box, 0.5)
    fresh = solve_near(net.step, net.jacobian, crossings.x, box).x
    everything = np.concatenate([known, fresh])
    assert same_point(everything, np.full(len(everything), 1e-7)).max() + 1 > 1.2 * len(known)
    assert crossings.solves < 4 * arrivals.solves


def test_a_degenerate_point_in_many_dimensions_is_one_point():
    found = search_only(dl.ElmanNetwork(np.eye(24), np.zeros((24, 0)), None))
    assert len(found) == 1
    assert found.completeness is Completeness.CLUSTER
    assert list(found.dimension) == [0]
    assert np.abs(found.points).max() == 0.0


def radial(a):
    return 1.0 + 0.5 * (1.0 - np.sum(a[..., :2] ** 2, axis=-1, keepdims=True))


CONTINUA = {
    "line": (lambda a, u: a * np.array([1.0, 0.5]), 2, [1]),
    "line across a triple point": (lambda a, u: np.stack([a[..., 0], np.tanh(a[..., 1])], -1), 2, [1]),
    "ring and its centre": (lambda a, u: a * radial(a), 2, [0, 1]),
    "two lines": (lambda a, u: np.stack([a[..., 0], a[..., 1] + 0.5 * (1 - a[..., 1] ** 2)], -1), 2, [1, 1]),
    "a fold": (lambda a, u: a + a**2, 1, [0]),
    "two folds": (lambda a, u: a + (a - 0.5) ** 2 * (a + 0.5) ** 2, 1, [0, 0]),
    "everything": (lambda a, u: a, 3, [3]),
}


@pytest.mark.parametrize("name", CONTINUA)
def test_continua_are_one_cluster_each_with_its_dimension(name):
    function, n, dimensions = CONTINUA[name]
    found = search_only(dl.FunctionMap(function, dim=n), bounds=(-2.0, 2.0))
    assert sorted(found.dimension) == dimensions
    assert found.completeness is Completeness.CLUSTER
    np.testing.assert_allclose(function(found.points, None), found.points, atol=1e-12)


def test_a_plane_attractor_of_a_linear_net():
    Q = np.linalg.qr(np.random.default_rng(0).standard_normal((6, 6)))[0]
    net = dl.AdditiveNetwork(Q @ np.diag([1.0, 1.0, 0.5, 0.3, -0.2, 0.1]) @ Q.T, activation="linear")
    found = search_only(net, bounds=(-2.0, 2.0))
    assert list(found.dimension) == [2]


@pytest.mark.slow
def test_points_beside_a_continuum():
    def function(a, u):
        return np.concatenate([a[..., :2] * radial(a), 2.0 * np.tanh(a[..., 2:])], axis=-1)

    found = search_only(dl.FunctionMap(function, dim=3), bounds=(-2.5, 2.5))
    assert sorted(found.dimension) == [0, 0, 0, 1, 1, 1]
    np.testing.assert_allclose(np.sort(found.points[found.dimension == 1, 2]), [-1.9150080481, 0.0, 1.9150080481], atol=1e-8)


@pytest.mark.parametrize("gap", [1e-3, 1e-5, 1e-6])
def test_neighbours_stay_apart(gap):
    found = search_only(dl.FunctionMap(lambda a, u: a + 0.5 * (a**2 - gap**2), dim=1), bounds=(-1.0, 1.0))
    np.testing.assert_allclose(found.points.ravel(), [-gap, gap], rtol=1e-6)


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_same_point_is_the_transitive_closure_of_touching(seed, k, d):
    rng = np.random.default_rng(seed)
    points = rng.integers(0, 6, (k, d)) + rng.uniform(-0.2, 0.2, (k, d))
    radius = rng.uniform(0.0, 0.3, k)
    touch = np.abs(points[:, None] - points).max(-1) <= radius[:, None] + radius
    reach = touch
    for _ in range(k):
        reach = reach @ touch
    label = same_point(points, radius)
    np.testing.assert_array_equal(label[:, None] == label, reach)


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 3))
@settings(max_examples=30, deadline=None)
def test_compiled_elimination_against_lapack(seed, d, m):
    rng = np.random.default_rng(seed)
    matrices, right = rng.standard_normal((5, d, d)), rng.standard_normal((5, d, m))
    matrices[0] = np.roll(np.eye(d), 1, axis=0)  # every pivot is zero
    exact = np.linalg.solve(matrices, right)
    error = np.abs(solve_small(matrices, right) - exact).max(axis=(1, 2))  # of each, as a share of the whole solution
    assert (error <= 1e-13 * np.linalg.cond(matrices) * np.abs(exact).max(axis=(1, 2))).all()


def test_what_was_found_before_an_interrupt_is_returned():
    net, calls = random_net(10, 2.0), []

    class Interrupted:
        dim, input_dim = net.dim, 0
        jacobian, input_jacobian, jvp, vjp = net.jacobian, net.input_jacobian, net.jvp, net.vjp

        def step(self, a, u=None):
            calls.append(1)
            if len(calls) == 400:
                raise KeyboardInterrupt
            return net.step(a)

    found = search_only(Interrupted(), bounds=(-9.0, 9.0))
    assert len(calls) > 400
    assert found.completeness is Completeness.BUDGET
    assert len(found) >= 1


@pytest.mark.parametrize("n", [3, 60])
def test_budgets_are_kept_within_rounds(n):
    began = time.monotonic()
    found = search_only(
        random_net(n, 3.0, 1) if n > 3 else dl.FunctionMap(lambda a, u: np.tanh(a), dim=3), **bounds_for(n), time_budget=0.3
    )
    assert time.monotonic() - began < 3.0
    assert len(found) >= 1


def bounds_for(n):
    return {"bounds": (-1.0, 1.0)} if n == 3 else {}


def test_a_search_of_limited_work_is_the_same_every_time():
    net = random_net(12, 3.0, 2)
    equation, u0 = equation_of(net)

    def once():
        rng = np.random.default_rng(1)
        return search(equation, u0, equation.box(), odd=True, compact=True, rng=rng, deadline=np.inf)[0]

    first, second = once(), once()
    np.testing.assert_array_equal(first.points, second.points)
    np.testing.assert_array_equal(first.hits, second.hits)


@pytest.mark.parametrize("gate", [40.0, 700.0])
def test_a_closed_update_gate_hides_nothing(gate):
    rng = np.random.default_rng(4)
    bias = np.zeros(18)
    bias[6:12] = gate
    W = 1.5 * rng.standard_normal((18, 6))
    closed, open_ = dl.GRU(np.zeros((18, 1)), W, bias, None), dl.GRU(np.zeros((18, 1)), W, np.zeros(18), None)
    found = search_only(closed)
    np.testing.assert_allclose(found.points, search_only(open_).points, atol=1e-11)
    assert corrections(closed, found).max() <= 1e-8
    assert found.index_sum == 1


@pytest.mark.parametrize("forget", [8.0, 20.0, 60.0])
def test_cells_far_out(forget):
    bias = np.repeat([3.0, forget, 2.0, 0.5], 3)
    net = dl.LSTM(np.zeros((12, 1)), 0.3 * np.random.default_rng(0).standard_normal((12, 3)), bias, None)
    found = search_only(net)
    assert found.index_sum == 1
    assert np.abs(found.points[:, 3:]).max() > (1000.0 if forget > 8 else 100.0)
    assert corrections(net, found).max() <= 1e-8


@pytest.mark.slow
def test_four_times_the_peer_on_a_chaotic_net():
    """FixedPointFinder finds about 24 in the time that this search is given (5 s where it was measured)."""
    found = search_only(random_net(64, 3.0), time_budget=10.0)
    assert len(found) >= 96
    assert corrections(random_net(64, 3.0), found).max() <= 1e-8


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_planted_points_among_thousands(seed):
    net, wanted = planted_net(16, seed)
    found = search_only(net, time_budget=20.0)
    assert recall(found.points, wanted) >= 30
    assert corrections(net, found).max() <= 1e-8


@pytest.mark.slow
@pytest.mark.parametrize("k", [-3, -1, 0])
def test_points_that_merge_next_to_a_fold_do_not_end_the_search(k):
    """Of a unit of weight 1e4, a few units in the last place from its fold: two solutions become one while it runs."""
    fold = min(analysis.scalar_latch(1e4).thresholds)
    found = analysis.fixed_points(dl.LatchNeuron(1e4, fold + k * np.spacing(fold)), method="multistart", rng=0)
    assert len(found) >= 1


def test_weights_near_the_largest_float_are_no_accident():
    found = analysis.fixed_points(dl.AdditiveNetwork(1e300 * np.eye(2)), method="multistart", rng=0, time_budget=1.0)
    assert np.isfinite(found.points).all()
    with pytest.raises(InvalidInput, match="1e\\+150"):
        analysis.fixed_points(dl.FunctionMap(lambda a, u: np.tanh(2 * a), 2), bounds=(-1e300, 1e300))
