import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dynlatch as dl
from dynlatch import analysis
from dynlatch.analysis import AttractorKind, BasinOutcome, EdgeOutcome
from dynlatch.analysis.attractor import attracting
from dynlatch.analysis.basins import descent, domain
from dynlatch.analysis.basins.measures import BasinEntropy
from dynlatch.analysis.basins.setup import default_bounds
from dynlatch.analysis.basins.system import column_enclosure, column_step
from dynlatch.analysis.contraction import contraction_ball
from dynlatch.errors import InvalidInput, NotAttracting

TWO = np.array([[1.9, -0.35], [0.45, 1.7]])
SQUARE = (-3.0, 3.0)


def plain_labels(map, attractors, states, steps=400):
    """Iterate, then take the nearest point of an attractor (p, n): the obvious way."""
    x = np.array(states, dtype=float)
    for _ in range(steps):
        x = map.step(x)
    distance = np.stack([np.abs(x[..., None, :] - orbit).max(-1).min(-1) for orbit in attractors])
    assert distance.min(0).max() < 1e-6
    return distance.argmin(0)


def plain_times(map, attractors, states, steps=300):
    """First step at which each state lies in a contraction ball, one by one."""
    balls = [contraction_ball(map, attracting(map, orbit, "test")) for orbit in attractors]
    x, times = np.array(states, dtype=float), np.full(states.shape[:-1], -1)
    for t in range(steps):
        for ball in balls:
            times[(ball.phase(x) >= 0) & (times < 0)] = t
        x = map.step(x)
    return times


def grid_states(result):
    return np.stack(np.meshgrid(*result.axes, indexing="ij"), -1)


def random_net(seed, n=2, gain=1.6):
    rng = np.random.default_rng(seed)
    return dl.AdditiveNetwork(gain * np.eye(n) + 0.5 * rng.standard_normal((n, n)), 0.1 * rng.standard_normal(n))


@pytest.mark.parametrize("net", [dl.AdditiveNetwork(TWO), random_net(0), random_net(1), random_net(4)])
def test_labels_and_times_are_those_of_plain_iteration(net):
    found = analysis.basins(net, grid=(97, 130), bounds=SQUARE, rng=0)
    states, held = grid_states(found), found.labels >= 0
    assert found.unresolved <= 1e-4
    np.testing.assert_array_equal(found.labels[held], plain_labels(net, found.attractors, states[held]))
    np.testing.assert_array_equal(found.times, plain_times(net, found.attractors, states))
    assert set(found.reasons[held]) == {BasinOutcome.CERTIFIED}


@pytest.mark.parametrize("kind", ["leaky", "elman", "gru", "lstm", "input"])
def test_other_architectures_against_plain_iteration(kind):
    gru = 5.0 * np.random.default_rng(0).standard_normal((6, 2))
    net = {
        "leaky": dl.LeakyNetwork(TWO, [0.5, 0.8]),
        "elman": dl.ElmanNetwork(TWO, np.zeros((2, 1)), [0.1, 0.0]),
        "gru": dl.GRU(np.zeros((6, 1)), gru, np.zeros(6), None),
        "lstm": dl.LSTM(np.zeros((4, 1)), np.array([[1.0], [1.0], [4.0], [1.0]]), np.array([2.0, 1.0, 0.0, 2.0]), None),
        "input": dl.WithInput(dl.AdditiveNetwork(TWO), [0.04, -0.02]),
    }[kind]
    found = analysis.basins(net, grid=70, bounds=(-1.0, 0.9), rng=0)
    held = found.labels >= 0
    assert held.mean() > 0.999
    assert len(found.attractors) >= 2
    np.testing.assert_array_equal(found.labels[held], plain_labels(net, found.attractors, grid_states(found)[held]))


def test_three_dimensions_and_samples_agree_with_plain_iteration():
    net = dl.AdditiveNetwork(2.0 * np.eye(3) + 0.1)
    found = analysis.basins(net, grid=(20, 21, 22), rng=0)
    assert len(found.attractors) == 8
    held = found.labels >= 0  # two states lie on a separatrix
    assert (~held).sum() == 2
    np.testing.assert_array_equal(found.labels[held], plain_labels(net, found.attractors, grid_states(found)[held]))
    drawn = analysis.basins(net, samples=3000, rng=1)
    np.testing.assert_array_equal(drawn.labels, plain_labels(net, drawn.attractors, drawn.points))
    given_states = analysis.basins(net, samples=drawn.points[:50], rng=0)
    np.testing.assert_array_equal(given_states.labels, drawn.labels[:50])
    np.testing.assert_array_equal(given_states.times, drawn.times[:50])


def test_samples_of_a_larger_net_go_by_spheres():
    rng = np.random.default_rng(5)
    net = dl.AdditiveNetwork(1.5 * np.eye(9) + 0.2 * rng.standard_normal((9, 9)))
    found = analysis.basins(net, samples=2000, rng=0)
    assert len(found.attractors) >= 4
    held = found.labels >= 0
    assert held.mean() > 0.99
    np.testing.assert_array_equal(found.labels[held], plain_labels(net, found.attractors, found.points[held]))
    np.testing.assert_array_equal(found.times, plain_times(net, found.attractors, found.points))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6))
def test_an_odd_map_has_mirrored_basins(seed):
    rng = np.random.default_rng(seed)
    net = dl.AdditiveNetwork(1.3 * np.eye(2) + 0.7 * rng.standard_normal((2, 2)))
    found = analysis.basins(net, grid=(40, 40), bounds=SQUARE, rng=0)
    mirror = [
        next((j for j, other in enumerate(found.attractors) if np.abs(-orbit[:, None] - other).max(-1).min(0).max() < 1e-6), -1)
        for orbit in found.attractors
    ]
    if AttractorKind.RECURRENT in found.kinds:
        return
    assert -1 not in mirror
    lookup = np.array([*mirror, -1])
    np.testing.assert_array_equal(found.labels[::-1, ::-1], lookup[found.labels])
    np.testing.assert_allclose(found.fractions[mirror], found.fractions, atol=1e-15)


def test_fractions_are_one_half_each():
    found = analysis.basins(dl.AdditiveNetwork(TWO), grid=(200, 200), bounds=SQUARE, rng=0)
    np.testing.assert_array_equal(found.fractions, [0.5, 0.5])
    np.testing.assert_array_equal(found.basin_stability, found.fractions)
    np.testing.assert_allclose(found.standard_errors, np.sqrt(0.25 / 40000))


@pytest.mark.parametrize(("w", "c"), [(2.0, 0.0), (2.0, 0.2), (1.3, -0.05), (4.0, 1.0)])
def test_one_dimension_has_the_boundary_of_the_scalar_theory(w, c):
    latch = analysis.scalar_latch(w, c)
    unstable = next(a for a in latch.fixed_points if a not in latch.attractors)
    found = analysis.basins(dl.LatchNeuron(w, c), grid=2000, bounds=(-5.0, 5.01), rng=0)
    np.testing.assert_array_equal(found.labels, (found.axes[0] > unstable).astype(int))
    assert found.boundary.sum() == 2


def test_a_map_with_a_known_number_of_steps():
    halving = dl.FunctionMap(lambda a, u: 0.5 * a, dim=1)
    found = analysis.basins(halving, [[0.0]], samples=np.array([[1e3], [64e3], [-4e3]]), bounds=(-1, 1), rng=0)
    np.testing.assert_array_equal(np.diff(found.times), [6, -4])
    assert list(found.labels) == [0, 0, 0]


def test_newtons_map_for_the_cube_roots_of_one():
    def newton(a, u):
        z = a[..., 0] + 1j * a[..., 1]
        z = z - (z**3 - 1) / (3 * z**2)
        return np.stack([z.real, z.imag], -1)

    class Newton:  # a plain map: no derivatives
        dim, input_dim = 2, 0

        def step(self, a, u=None):
            return newton(a, u)

    found = analysis.basins(Newton(), grid=120, bounds=SQUARE, rng=0)
    assert len(found.attractors) == 3
    order = np.argsort([np.angle(complex(*orbit[0])) for orbit in found.attractors])
    roots = np.exp(2j * np.pi * np.array([-1, 0, 1]) / 3)
    np.testing.assert_allclose([complex(*found.attractors[k][0]) for k in order], roots, atol=1e-8)
    x = grid_states(found).reshape(-1, 2)
    for _ in range(200):
        x = newton(x, None)
    ends = np.abs((x[:, 0] + 1j * x[:, 1])[:, None] - roots).argmin(1)
    np.testing.assert_array_equal(np.argsort(order)[found.labels.ravel()], ends)
    np.testing.assert_allclose(found.fractions, 1 / 3, atol=0.03)
    assert analysis.basin_entropy(found, 8).boundary > 0.4
    assert set(found.reasons.ravel()) == {BasinOutcome.SETTLED}


def henon():
    return dl.FunctionMap(lambda a, u: np.stack([1 - 1.4 * a[..., 0] ** 2 + a[..., 1], 0.3 * a[..., 0]], -1), dim=2)


def test_henon_settles_or_escapes():
    found = analysis.basins(henon(), grid=(60, 60), bounds=([-2.0, -2.0], [2.0, 2.0]), rng=0)
    assert found.kinds == (AttractorKind.RECURRENT,)
    x, gone = grid_states(found).reshape(-1, 2), np.zeros(3600, dtype=bool)
    for _ in range(300):
        x = henon().step(np.where(gone[:, None], 0.0, x))
        gone |= np.abs(x).max(-1) > 100.0
    np.testing.assert_array_equal(found.labels.ravel() >= 0, ~gone)
    np.testing.assert_array_equal(found.reasons.ravel() == BasinOutcome.ESCAPED, gone)
    assert found.fractions[0] == pytest.approx(0.425, abs=0.02)
    assert found.unresolved == 0.0


def test_cycles_are_met_on_the_way():
    net = dl.AdditiveNetwork([[-2.0, 0.3], [0.2, -1.5]])
    found = analysis.basins(net, grid=80, bounds=SQUARE, rng=0)
    assert set(found.kinds) == {AttractorKind.CYCLE}
    for orbit in found.attractors:
        np.testing.assert_allclose(net.step(orbit), np.roll(orbit, -1, axis=0), atol=1e-12)
        assert np.abs(np.linalg.eigvals(net.jacobian(orbit[1]) @ net.jacobian(orbit[0]))).max() < 1
    held = found.labels >= 0
    assert held.all()
    np.testing.assert_array_equal(found.labels, plain_labels(net, found.attractors, grid_states(found)))
    again = analysis.basins(net, found.attractors, grid=80, bounds=SQUARE)
    np.testing.assert_array_equal(again.labels, found.labels)
    np.testing.assert_array_equal(again.times, found.times)


def test_an_invariant_circle_is_one_attractor():
    turn = np.array([[np.cos(1.0), -np.sin(1.0)], [np.sin(1.0), np.cos(1.0)]])
    found = analysis.basins(dl.AdditiveNetwork(1.3 * turn), grid=41, bounds=SQUARE, rng=0)
    assert found.kinds == (AttractorKind.RECURRENT,)
    assert (found.labels == 0).sum() == 41**2 - 1  # all but the repelling point in the middle
    assert found.reasons[20, 20] is BasinOutcome.SADDLE


def test_states_on_the_separatrix_are_not_labelled():
    # Symmetric under exchange: the antidiagonal is invariant and converges to saddles or the origin.
    net = dl.AdditiveNetwork([[1.2, 0.9], [0.9, 1.2]])
    found = analysis.basins(net, grid=51, bounds=SQUARE, rng=0)
    on_it = np.eye(51, dtype=bool)[::-1]
    assert len(found.attractors) == 2
    np.testing.assert_array_equal(found.labels < 0, on_it)
    assert set(found.reasons[on_it]) == {BasinOutcome.SADDLE}
    assert found.unresolved == pytest.approx(1 / 51)


def test_lingering_at_a_saddle_is_no_attractor():
    # The unstable multiplier of the saddle is 1.02: a thousand steps beside it.
    net = dl.AdditiveNetwork([[1.02, 0.0], [0.0, 0.5]])
    starts = np.array([[1e-9, 0.5], [-1e-9, 0.2], [0.5, 0.1], [0.0, 1.0]])
    short = analysis.basins(net, samples=starts, steps=100, rng=0)
    assert list(short.labels) == [-1, -1, 1, -1]
    full = analysis.basins(net, samples=starts, steps=3000, rng=0)
    assert list(full.labels) == [1, 0, 1, -1]
    assert full.reasons[3] is BasinOutcome.SADDLE
    assert full.times[0] > 700


def test_unlisted_attractors_have_their_reason():
    found = analysis.basins(dl.LatchNeuron(2.0), [[1.915]], grid=10, bounds=SQUARE, rng=0)
    assert list(found.labels) == [-1] * 5 + [0] * 5
    assert set(found.reasons[:5]) == {BasinOutcome.UNLISTED}
    assert len(found.attractors) == 1


def test_attractors_may_be_given_in_several_ways():
    net = dl.AdditiveNetwork(TWO)
    points = analysis.fixed_points(net, rng=0)
    wanted = analysis.basins(net, points, grid=30, bounds=SQUARE)
    for attractors in (points.attractors, list(points.attractors), points.attractors.points, list(points.attractors.points)):
        np.testing.assert_array_equal(analysis.basins(net, attractors, grid=30, bounds=SQUARE).labels, wanted.labels)
    single = analysis.basins(net, points.attractors.points[0], grid=30, bounds=SQUARE)
    np.testing.assert_array_equal(single.labels == 0, wanted.labels == 0)


class Threshold:
    dim, input_dim = 2, 0

    def step(self, a, u=None):
        return np.where(a @ np.array([[1.0, 0.2], [0.1, 1.0]]) >= 0, 1.0, -1.0)


def test_a_map_without_derivatives():
    found = analysis.basins(Threshold(), grid=20, bounds=(-2.0, 2.0), rng=0)
    assert len(found.attractors) == 4
    assert set(found.kinds) == {AttractorKind.FIXED_POINT}
    np.testing.assert_array_equal(found.labels, plain_labels(Threshold(), found.attractors, grid_states(found), 10))
    given_one = analysis.basins(Threshold(), [[1.0, 1.0]], grid=20, bounds=(-2.0, 2.0))
    upper = next(k for k, orbit in enumerate(found.attractors) if orbit[0].min() == 1.0)
    np.testing.assert_array_equal(given_one.labels == 0, found.labels == upper)


def test_a_line_of_fixed_points_is_no_attractor():
    line = dl.FunctionMap(lambda a, u: a * np.array([1.0, 0.5]), dim=2)
    found = analysis.basins(line, [], samples=40, bounds=(-1.0, 1.0), rng=0)
    assert set(found.reasons) == {BasinOutcome.SADDLE}
    assert found.fractions.shape == (0,)


def test_standard_errors_are_binomial():
    net = dl.AdditiveNetwork(TWO)
    truth = analysis.basins(net, grid=(400, 400), bounds=(-2.0, 3.0), rng=0)
    runs = [analysis.basins(net, truth.attractors, samples=400, bounds=(-2.0, 3.0), rng=seed) for seed in range(40)]
    share = np.array([run.fractions for run in runs])
    errors = np.mean([run.standard_errors for run in runs], axis=0)
    assert np.abs(share.mean(0) - truth.fractions).max() < 4 * errors.max() / np.sqrt(40)
    assert np.all((share.std(0) > 0.6 * errors) & (share.std(0) < 1.5 * errors))


def test_same_seed_same_bits():
    net = random_net(0, n=3)
    first, second = (analysis.basins(net, samples=100, rng=7) for _ in range(2))
    np.testing.assert_array_equal(first.points, second.points)
    np.testing.assert_array_equal(first.labels, second.labels)


@pytest.mark.parametrize("net", [
    dl.AdditiveNetwork(TWO), random_net(2, 3), dl.LeakyNetwork(TWO, 0.3, [0.1, 0.2]),
    dl.ElmanNetwork(TWO, np.eye(2), [0.1, 0.2]), dl.WithInput(dl.AdditiveNetwork(TWO), [0.3, -0.2]),
])  # fmt: skip
def test_columns_step_like_the_map(net):
    X = np.random.default_rng(0).uniform(-3, 3, (net.dim, 50))
    np.testing.assert_allclose(column_step(net)(X), net.step(X.T).T, rtol=1e-14, atol=1e-15)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.floats(1e-12, 3.0), st.sampled_from(["additive", "leaky", "elman", "input", "gru"]))
def test_column_boxes_hold_every_image(seed, width, kind):
    rng = np.random.default_rng(seed)
    W, c = 3.0 * rng.standard_normal((3, 3)), rng.standard_normal(3)
    net = {
        "additive": dl.AdditiveNetwork(W, c),
        "leaky": dl.LeakyNetwork(W, [0.1, 0.5, 1.0], c),
        "elman": dl.ElmanNetwork(W, np.zeros((3, 1)), c, "logistic"),
        "input": dl.WithInput(dl.AdditiveNetwork(W, c), [0.3, -0.2, 5.0]),
        "gru": dl.GRU(np.zeros((9, 1)), rng.standard_normal((9, 3)), rng.standard_normal(9), None),
    }[kind]
    lo = rng.uniform(-3, 3, (3, 20))
    hi = lo + width * rng.random((3, 20))
    below, above = column_enclosure(net)(lo, hi)
    for share in (np.zeros((3, 20)), np.ones((3, 20)), *rng.random((10, 3, 20)), *rng.integers(0, 2, (8, 3, 20))):
        x = np.clip(lo + share * (hi - lo), lo, hi)
        for image in (column_step(net)(x), net.step(x.T).T):
            assert np.all((below <= image) & (image <= above))
    # Tight as well: of the width that the signs of the weights give, to rounding.
    wanted = net.enclose(lo.T, hi.T)
    np.testing.assert_allclose(below, wanted[0].T, atol=1e-12)
    np.testing.assert_allclose(above, wanted[1].T, atol=1e-12)


def test_too_large_a_grid_is_refused_before_it_is_made(monkeypatch):
    with pytest.raises(InvalidInput, match=r"asks for 1e\+10 states, about 596 GiB"):
        analysis.basins(dl.AdditiveNetwork(TWO), [[1.3, 2.03]], grid=10**5, bounds=SQUARE)
    monkeypatch.setattr(domain, "memory", lambda: 1e6)
    with pytest.raises(InvalidInput, match="fewer samples"):
        analysis.basins(dl.AdditiveNetwork(TWO), [[1.3, 2.03]], samples=10**5, bounds=SQUARE)


@pytest.mark.parametrize(("arguments", "message"), [
    ({}, "either `grid`"),
    ({"grid": 5, "samples": 5}, "either `grid`"),
    ({"grid": 1}, "at least 2"),
    ({"grid": (5, 5, 5)}, "must have 2 entries"),
    ({"grid": 2.5}, "number of points"),
    ({"grid": 5, "bounds": (1.0, 0.0)}, "lo < hi"),
    ({"grid": 5, "bounds": 3.0}, "bounds"),
    ({"samples": 0}, "at least 1"),
    ({"samples": [[1.0, 2.0, 3.0]]}, "shape"),
    ({"grid": 5, "steps": 0}, "at least 1"),
    ({"grid": 5, "attractors": [[1.2983, 2.0299], [1.2983, 2.0299]]}, "twice"),
])  # fmt: skip
def test_bad_arguments_are_one_sentence(arguments, message):
    with pytest.raises(InvalidInput, match=message):
        analysis.basins(dl.AdditiveNetwork(TWO), **arguments)


def test_what_does_not_attract_is_refused():
    with pytest.raises(NotAttracting):
        analysis.basins(dl.AdditiveNetwork(TWO), [[0.0, 0.0]], grid=5)


def test_a_grid_in_four_dimensions_is_refused():
    with pytest.raises(InvalidInput, match="samples"):
        analysis.basins(dl.AdditiveNetwork(np.eye(4)), grid=5)


def test_unbounded_maps_need_bounds():
    with pytest.raises(InvalidInput, match="bounds"):
        analysis.basins(henon(), grid=5)


def test_a_function_without_values_says_so():
    nothing = dl.FunctionMap(lambda a, u: a * np.nan, dim=1)
    with pytest.raises(InvalidInput, match="finite"):
        analysis.basins(nothing, grid=5, bounds=(0.0, 1.0))


def test_out_of_time_is_said():
    found = analysis.basins(random_net(0), grid=50, bounds=SQUARE, time_budget=1e-9, rng=0)
    assert (found.labels[found.codes == tuple(BasinOutcome).index(BasinOutcome.BUDGET)] == -1).all()
    assert found.unresolved > 0


def test_basin_entropy_of_stripes():
    found = analysis.basins(dl.LatchNeuron(2.0), grid=64, bounds=SQUARE, rng=0)
    mean, boundary = analysis.basin_entropy(found, 64)
    assert mean == boundary == pytest.approx(np.log(2))
    assert analysis.basin_entropy(found, 32) == (0.0, 0.0)
    with pytest.raises(InvalidInput, match="at most 64"):
        analysis.basin_entropy(found, 65)


def test_a_smooth_boundary_has_uncertainty_exponent_one():
    found = analysis.basins(dl.AdditiveNetwork(TWO), grid=400, bounds=SQUARE, rng=0)
    exponent = analysis.uncertainty_exponent(found)
    assert exponent.exponent == pytest.approx(1.0, abs=0.05)
    assert exponent.uncertain[0] < exponent.uncertain[-1]
    with pytest.raises(InvalidInput, match="grid"):
        analysis.uncertainty_exponent(analysis.basins(dl.LatchNeuron(2.0), samples=5, rng=0))


class Cantor:
    """The outer thirds of [0, 1] are stretched over it; the middle third is halved between -1 and 2, as what is outside."""

    dim, input_dim = 1, 0

    def step(self, a, u=None):
        pieces = [a < 0, a <= 1 / 3, a < 1 / 2, a < 2 / 3, a <= 1]
        return np.select(pieces, [np.full_like(a, -1.0), 3 * a, np.full_like(a, -1.0), np.full_like(a, 2.0), 3 * a - 2], 2.0)


def test_a_cantor_boundary_has_its_exponent():
    found = analysis.basins(Cantor(), grid=60_000, bounds=(0.0, 1.0), rng=0)
    assert sorted(float(orbit[0, 0]) for orbit in found.attractors) == [-1.0, 2.0]
    exponent = analysis.uncertainty_exponent(found)
    assert exponent.exponent == pytest.approx(1 - np.log(2) / np.log(3), abs=0.04)
    assert exponent.standard_error < 0.05
    np.testing.assert_allclose(found.fractions, 0.5, atol=1e-3)


@pytest.mark.parametrize(("side", "saddle"), [(1.0, 1), (-1.0, 3)])
def test_edge_states_are_the_saddles(side, saddle):
    net = dl.AdditiveNetwork(TWO)
    points = analysis.fixed_points(net, rng=0)
    a, b = side * np.array([3.0, 1.0]), side * np.array([-1.0, -3.0])
    edge = analysis.edge_state(net, a, b)
    assert edge.outcome is analysis.EdgeOutcome.SADDLE
    np.testing.assert_allclose(edge.edge, points.points[saddle][None], atol=1e-10)
    gap = 1e-9 * (b - a)
    pair = np.stack([edge.boundary - gap, edge.boundary + gap])
    assert len(set(plain_labels(net, points.attractors.points[:, None], pair))) == 2


def test_the_edge_of_one_dimension():
    edge = analysis.edge_state(dl.LatchNeuron(2.0, 0.2), [-1.0], [2.0])
    unstable = analysis.scalar_latch(2.0, 0.2).fixed_points[1]
    np.testing.assert_allclose([edge.boundary[0], edge.edge[0, 0]], unstable, atol=1e-11)
    with pytest.raises(InvalidInput, match="same basin"):
        analysis.edge_state(dl.LatchNeuron(2.0), [1.0], [2.0])
    with pytest.raises(InvalidInput, match="ends in no attractor"):
        analysis.edge_state(dl.LatchNeuron(2.0), [0.0], [2.0])


@pytest.mark.parametrize("make", [
    lambda: analysis.basins(dl.LatchNeuron(2.0), grid=9, bounds=SQUARE, rng=0),
    lambda: analysis.basins(dl.AdditiveNetwork(TWO), grid=9, bounds=SQUARE, rng=0),
    lambda: analysis.basins(dl.AdditiveNetwork(2.0 * np.eye(3)), grid=5, rng=0),
    lambda: analysis.basins(dl.AdditiveNetwork(2.0 * np.eye(4)), samples=30, rng=0),
    lambda: analysis.edge_state(dl.LatchNeuron(2.0, 0.2), [-1.0], [2.0]),
    lambda: analysis.edge_state(dl.AdditiveNetwork(TWO), [3.0, 1.0], [-1.0, -3.0]),
])  # fmt: skip
def test_results_are_saved_summarised_and_drawn(make, tmp_path):
    result = make()
    again = dl.load(result.save(tmp_path / "r"))
    assert again.summary() == result.summary()
    for name in result.__dataclass_fields__:
        left, right = getattr(again, name), getattr(result, name)
        if isinstance(right, tuple):
            assert len(left) == len(right)
            assert all(np.array_equal(x, y) for x, y in zip(left, right, strict=True))
        else:
            assert np.array_equal(left, right, equal_nan=isinstance(right, np.ndarray))
    assert result.plot().get_xlabel()


def test_a_grid_that_blocks_decide_completely():
    W = [[0.05, -0.17, -0.17], [0.06, -0.23, 0.3], [-0.05, 0.57, -0.66]]
    net = dl.AdditiveNetwork(W, [-0.86, -1.67, -2.23])
    found = analysis.basins(net, grid=18, bounds=(-3.0, 3.1), rng=0)
    assert (found.labels == 0).all()
    np.testing.assert_array_equal(found.times, plain_times(net, found.attractors, grid_states(found)))


@pytest.mark.parametrize("steps", [1, 3, 20])
def test_no_label_comes_after_the_last_step(steps):
    net = dl.AdditiveNetwork(TWO)
    few, many = (analysis.basins(net, grid=80, bounds=(-5.0, 5.0), steps=k) for k in (steps, 500))
    expected = np.where(many.times <= steps, many.labels, -1)
    np.testing.assert_array_equal(few.labels, expected)


def test_slow_orbits_next_to_an_attractor_are_at_no_saddle():
    found = analysis.basins(dl.AdditiveNetwork([[0.9999, 0.2], [0.0, 0.5]]), grid=21, bounds=(-2.0, 2.0))
    assert found.count(BasinOutcome.SADDLE) == 0
    assert found.count(BasinOutcome.BUDGET) > 400
    assert analysis.basins(dl.LatchNeuron(1.0001), grid=3, bounds=(-2.0, 2.0)).count(BasinOutcome.SADDLE) == 1


def test_bounds_and_grids_beyond_float64():
    net = dl.AdditiveNetwork(TWO)
    with pytest.raises(InvalidInput, match="wider than float64"):
        analysis.basins(net, grid=4, bounds=(-1e308, 1e308))
    with pytest.raises(InvalidInput, match=r"asks for 1e\+30 states"):
        analysis.basins(net, grid=10**200)


@pytest.mark.slow
@pytest.mark.parametrize("rate", [1.0001, 1.00001])
def test_what_drifts_slowly_is_no_attractor(rate):
    line = analysis.basins(dl.FunctionMap(lambda x, u: rate * x, dim=1), grid=9, bounds=(-2.0, 2.0))
    spiral = dl.FunctionMap(
        lambda x, u: rate * (x @ np.array([[np.cos(1.0), -np.sin(1.0)], [np.sin(1.0), np.cos(1.0)]])), dim=2
    )
    assert line.attractors == ()
    assert analysis.basins(spiral, grid=4, bounds=(-2.0, 2.0), steps=3000).attractors == ()


def test_ctrl_c_keeps_the_labels_known_by_then(monkeypatch):
    net = dl.FunctionMap(lambda x, u: x @ np.diag([0.5, 0.97]), dim=2)
    whole = analysis.basins(net, grid=200, bounds=(-2.0, 2.0))
    run, calls = descent._run, iter(range(10**6))

    def interrupted(*args):
        if next(calls) == 4:
            raise KeyboardInterrupt
        return run(*args)

    monkeypatch.setattr(descent, "_run", interrupted)
    part = analysis.basins(net, grid=200, bounds=(-2.0, 2.0))
    held = part.labels >= 0
    assert 0 < held.sum() < held.size
    np.testing.assert_array_equal(part.times[held], whole.times[held])
    assert set(part.reasons[~held]) == {BasinOutcome.BUDGET}


class Single:
    """One latch, its derivatives unknown."""

    dim, input_dim = 1, 0

    def step(self, a, u=None):
        return 2.0 * np.tanh(a)


def test_the_edge_of_a_map_without_derivatives_is_tracked():
    ends = [[1.9150080481545302], [-1.9150080481545302]]
    found = analysis.edge_state(Single(), [-1.0], [2.0], bounds=(-3.0, 3.0), attractors=ends, steps=200)
    assert found.outcome is EdgeOutcome.TRACKED
    assert abs(found.boundary[0]) < 1e-9  # the basins meet at 0
    assert np.isnan(found.multipliers).all()
    assert "multipliers" not in found.summary()


def test_the_box_around_known_attractors():
    lo, hi = default_bounds(Single(), [np.array([[0.0, 0.0]]), np.array([[4.0, 0.5]])])
    np.testing.assert_array_equal([lo, hi], [[-4.0, -0.5], [8.0, 1.0]])
    _, hi = default_bounds(Single(), [np.array([[6.0]])])  # of a single point, half its size on either side
    assert hi == 9.0
    with pytest.raises(InvalidInput, match="no attractor is known"):
        default_bounds(Single(), [])


@pytest.mark.parametrize(
    ("attractor", "says"), [([1.0, 1.0], r"shape \(1,\)"), ([1.0], "one step misses the next point by 0.523"), (1.0, "shape")]
)
def test_points_of_a_map_without_derivatives_are_checked(attractor, says):
    with pytest.raises(InvalidInput, match=says):
        analysis.basins(Single(), [attractor] if attractor != 1.0 else attractor, grid=5, bounds=(-3.0, 3.0))


def test_escape_has_a_bar_and_a_name():
    """a' = a^2: |a| < 1 goes to 0, and half of [-2, 2] escapes."""
    square = dl.FunctionMap(lambda a, u: a * a, dim=1)
    found = analysis.basins(square, [[0.0]], samples=400, bounds=(-2.0, 2.0), rng=0)
    bars = found.plot()
    assert [label.get_text() for label in bars.get_xticklabels()] == ["0", "escape"]
    heights = [bar.get_height() for bar in bars.patches]
    assert heights == [found.fractions[0], found.escaped]
    assert abs(found.escaped - 0.5) < 4.0 * np.sqrt(0.25 / 400)
    plane = dl.FunctionMap(lambda a, u: a * a, dim=2)
    grid = analysis.basins(plane, [[0.0, 0.0]], grid=20, bounds=(-2.0, 2.0))
    told = [text.get_text() for text in grid.plot().get_legend().get_texts()]
    assert f"escape: {grid.escaped:.4f}" in told


def test_what_a_grid_must_have_for_its_exponent():
    net = dl.AdditiveNetwork(TWO)
    with pytest.raises(InvalidInput, match="at least 16 points along each axis; got 8"):
        analysis.uncertainty_exponent(analysis.basins(net, grid=8, bounds=SQUARE))
    with pytest.raises(InvalidInput, match="no boundary"):
        analysis.uncertainty_exponent(analysis.basins(dl.AdditiveNetwork(0.1 * TWO), grid=16, bounds=SQUARE))


def test_a_boundary_is_called_fractal_above_the_logarithm_of_two():
    assert BasinEntropy(0.1, 0.694).fractal
    assert not BasinEntropy(0.1, 0.693).fractal
