"""The reduced attracting set against plain loops, the exact scalar theory and known areas."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import dynlatch as dl
from dynlatch import analysis
from dynlatch.analysis.attracting_sets import CRITERIA
from dynlatch.analysis.attracting_sets.criteria import Product
from dynlatch.errors import InvalidInput, NotAttracting, NotSmooth

ROT = [[2.2, 0.5], [-0.5, 2.2]]
MONOTONE = [[1.3, 2.6], [3.7, 0.3]]
TRIANGULAR = [[1.5, 3.0], [0.0, 1.6]]


def rest(map, start, steps=500):
    a = np.asarray(start, dtype=float)
    for _ in range(steps):
        a = map.step(a)
    return a


def plainly(map, cycle, y, factors, steps=60):
    """Membership of one point in the basin and in the four sets, from the definitions: a loop long past convergence."""
    orbit, product, log = [np.asarray(y, dtype=float)], np.eye(map.dim), 0.0
    spectral = norm = True
    for _ in range(steps):
        product = map.jacobian(orbit[-1]) @ product
        size = max(np.abs(product).max(), 1e-300)
        product, log = product / size, log + np.log(size)
        spectral &= bool(np.log(max(np.abs(np.linalg.eigvals(product)).max(), 1e-300)) + log < 0)
        norm &= bool(np.log(max(np.linalg.norm(product, 2), 1e-300)) + log < 0)
        orbit.append(map.step(orbit[-1]))
    last = np.abs(orbit[-1] - cycle).max(-1)
    if last.min() > 1e-6:
        return [False] * 5
    start = (int(last.argmin()) - steps) % len(cycle)
    slopes = [map.jacobian(a) for a in orbit[:-1]]
    step = all(np.linalg.norm(J, 2) < 1 for J in slopes)
    adapted = True
    for k, J in enumerate(slopes):
        left, right = factors[(start + k + 1) % len(cycle)], factors[(start + k) % len(cycle)]
        adapted &= bool(np.linalg.norm(left @ J @ np.linalg.inv(right), 2) < 1)
    return [True, spectral, norm, step, adapted]


def agrees(map, attractor, points):
    found = analysis.reduced_attracting_set(map, attractor, points)
    assert not found.unknown.any()
    for k, y in enumerate(points):
        expected = plainly(map, found.attractor, y, found.factors)
        assert [found.in_basin[k], *found.members[:, k]] == expected, y


AREAS = [
    (ROT, (2, 2), (0.25, 0.1783, 0.1763, 0.1763, 0.1763)),
    (MONOTONE, (4, 4), (0.2867, 0.2078, 0.1607, 0.1607, 0.1607)),
    (TRIANGULAR, (3, 1), (0.5, 0.3931, 0.3529, 0.3529, 0.36)),
]


def areas_are(W, start, areas, resolution, tolerance):
    net = dl.AdditiveNetwork(W)
    found = analysis.reduced_attracting_set(net, rest(net, start), analysis.box_grid((-6, 6), resolution, dim=2))
    np.testing.assert_allclose(list(found.shares.values()), areas, atol=tolerance)
    assert not found.unknown.any()
    assert found.proved
    spectral, step, basin = found.shares["spectral"], found.shares["stepwise"], found.shares["basin"]
    np.testing.assert_allclose(found.non_normality_gap, (spectral - step) / basin)


@pytest.mark.parametrize(("W", "start", "areas"), AREAS)
def test_areas_measured_by_plain_iteration(W, start, areas):
    areas_are(W, start, areas, 128, 4e-3)


@pytest.mark.slow
@pytest.mark.parametrize(("W", "start", "areas"), AREAS)
def test_areas_measured_by_plain_iteration_on_the_same_grid(W, start, areas):
    areas_are(W, start, areas, 512, 2e-4)


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_every_reading_against_a_plain_loop(n):
    rng = np.random.default_rng(n)
    net = dl.AdditiveNetwork(1.6 * np.eye(n) + rng.standard_normal((n, n)) / np.sqrt(n), 0.2 * rng.standard_normal(n))
    up = rest(net, np.full(n, 2.0))
    agrees(net, up, np.concatenate([rng.uniform(-4, 4, (15, n)), up + 0.5 * rng.standard_normal((15, n))]))


def test_cycles_against_a_plain_loop():
    rng = np.random.default_rng(0)
    x = rest(dl.AdditiveNetwork(TRIANGULAR), (3, 1))
    agrees(dl.AdditiveNetwork(-np.array(TRIANGULAR)), [x, -x], rng.uniform(-6, 6, (40, 2)))


def test_a_cycle_whose_steps_are_stable_and_whose_round_is_not():
    # L1 of the counterexamples: both points have spectral radius below 1, the round 26.
    net = dl.AdditiveNetwork([[-0.5, -5.3], [-5.4, 0.9]], [1.2, -0.2])
    with pytest.raises(NotAttracting):
        analysis.reduced_attracting_set(net, [[6.61827453, 0.17955409], [-0.24153827, -5.44009657]], np.zeros((1, 2)))


@pytest.mark.parametrize(("w", "bias", "activation"), [(2.0, 0.0, "tanh"), (2.0, 0.6, "tanh"), (6.0, -2.9, "logistic")])
def test_one_unit_is_the_closed_form(w, bias, activation):
    net = dl.LatchNeuron(w, bias, activation)
    for point in analysis.fixed_points(net).attractors:
        points = np.random.default_rng(0).uniform(-12, 12, (2000, 1))
        found = analysis.reduced_attracting_set(net, point, points, criterion="stepwise")
        inside = np.any([(lo < points[:, 0]) & (points[:, 0] < hi) for lo, hi in found.intervals], axis=0)
        np.testing.assert_array_equal(found.member, inside)
        np.testing.assert_array_equal(found.under("adapted").member, inside)
        if bias == 0:
            for criterion in CRITERIA:
                np.testing.assert_array_equal(found.under(criterion).member, inside)


def test_the_literal_definition_is_not_invariant_and_the_stepwise_one_is():
    net = dl.LatchNeuron(2.0, 0.6)
    up = analysis.fixed_points(net).attractors[-1]
    orbit = dl.trajectory(net, [-10.0], steps=20)
    found = analysis.reduced_attracting_set(net, up, orbit)
    assert found.under("spectral").member[0]
    assert not found.under("spectral").member.all()  # it leaves the set it started in
    assert not found.under("stepwise").member[0]
    assert net.jacobian(orbit).max() > 1.9


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([1, 2, 3]))
def test_stepwise_and_adapted_sets_are_forward_invariant(seed, n):
    rng = np.random.default_rng(seed)
    net = dl.AdditiveNetwork(1.5 * np.eye(n) + rng.standard_normal((n, n)), 0.3 * rng.standard_normal(n))
    attractors = analysis.fixed_points(net, rng=seed).attractors
    assume(len(attractors))
    points = rng.uniform(-4, 4, (60, n))
    here, there = (analysis.reduced_attracting_set(net, attractors[0], p, max_steps=200) for p in (points, net.step(points)))
    np.testing.assert_array_equal(here.in_basin & ~there.basin_unknown, there.in_basin & ~here.basin_unknown)
    for criterion in ("stepwise", "adapted"):
        before, after = here.under(criterion), there.under(criterion)
        assert not (before.member & ~after.member & ~after.undecided).any()


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.5, 3.0), st.integers(1, 5))
def test_inclusions(seed, gain, n):
    rng = np.random.default_rng(seed)
    net = dl.AdditiveNetwork(np.eye(n) + gain * rng.standard_normal((n, n)) / np.sqrt(n), 0.3 * rng.standard_normal(n))
    attractors = analysis.fixed_points(net, rng=seed, time_budget=1.0).attractors
    assume(len(attractors))
    found = analysis.reduced_attracting_set(net, attractors[-1], rng.uniform(-5, 5, (80, n)), max_steps=200)
    spectral, product, stepwise, adapted = (m & ~found.unknown.any(0) for m in found.members)
    assert np.all(stepwise <= product)
    assert np.all(product <= spectral)
    assert np.all(adapted <= spectral)
    assert np.all(spectral <= found.in_basin)
    assert not (found.members & found.unknown).any()
    assert found.in_basin[np.abs(found.points - found.attractor).max(-1) < 1e-9].all()


def test_the_attractor_belongs_to_its_adapted_set_even_where_the_norm_grows():
    net = dl.AdditiveNetwork([[0.5, 10.0], [0.0, 0.5]], activation="linear")
    points = np.random.default_rng(0).standard_normal((50, 2))
    found = analysis.reduced_attracting_set(net, [0.0, 0.0], points)
    assert found.fraction == 1.0
    assert not found.under("stepwise").member.any()
    assert not found.under("spectral").undecided.any()
    assert found.under("spectral").fraction == 1.0  # rho(J^l) = 2^-l, whatever the norm does
    assert found.non_normality_gap == 1.0


def test_a_norm_of_exactly_one_is_undecided():
    net = dl.AdditiveNetwork([[0.0, 1.0], [0.25, 0.0]], activation="linear")
    found = analysis.reduced_attracting_set(net, [0.0, 0.0], np.ones((1, 2)))
    assert found.under("stepwise").undecided.all()
    assert found.member.all()


def test_lingering_at_a_saddle_is_not_going_elsewhere():
    net = dl.AdditiveNetwork(2.0 * np.eye(2))
    up = rest(net, (2.0, 2.0))
    points = np.array([[2.0, 1e-60], [2.0, 0.0], [2.0, -1e-60]])
    found = analysis.reduced_attracting_set(net, up, points)
    assert found.in_basin.tolist() == [True, False, False]
    assert found.basin_unknown.tolist() == [False, True, False]  # on the saddle's stable manifold for ever
    assert found.undecided.tolist() == [False, True, False]


def test_out_of_steps_is_undecided_not_out():
    net = dl.AdditiveNetwork(ROT)
    points = np.random.default_rng(0).uniform(-6, 6, (200, 2))
    short, long = (analysis.reduced_attracting_set(net, rest(net, (2, 2)), points, max_steps=k) for k in (2, 500))
    assert short.basin_unknown.any()
    assert np.all(short.members <= long.members)
    assert np.all(long.members <= short.members | short.unknown)


def test_other_attractors_may_be_cycles_or_infinity():
    wells = dl.FunctionMap(lambda a, u: 0.5 * a + a**3, dim=1)
    found = analysis.reduced_attracting_set(wells, [0.0], np.linspace(-2, 2, 401)[:, None])
    np.testing.assert_array_equal(found.in_basin, np.abs(found.points[:, 0]) < np.sqrt(0.5) - 1e-9)
    assert not found.proved
    assert "not proved" in found.summary()
    # 0 attracts, and so does the cycle between +1 and -1
    pair = dl.FunctionMap(lambda a, u: -a * (0.5 + 1.5 * a**2 - a**4), dim=1)
    found = analysis.reduced_attracting_set(pair, [0.0], np.linspace(-1.1, 1.1, 23)[:, None])
    assert not found.basin_unknown.any()
    assert found.in_basin[11]
    assert not found.in_basin[np.abs(np.abs(found.points[:, 0]) - 1.0) < 1e-9].any()


def test_products_neither_underflow_nor_overflow():
    rng = np.random.default_rng(0)
    product = Product(np.eye(3)[None], np.zeros((1, 3)))
    exact = np.zeros(())
    for _ in range(2000):
        J = 1e-3 * rng.standard_normal((1, 3, 3))
        product = product.times(J)
        exact = exact + np.linalg.slogdet(J)[1][0]
    assert np.isfinite(product.logs).all()
    assert product.logs.max() < -5000
    assert np.linalg.slogdet(product.columns)[1][0] + product.logs.sum() <= exact + 1e3


def test_many_dimensions():
    rng = np.random.default_rng(0)
    W = 2.0 * np.eye(24) + 0.3 * rng.standard_normal((24, 24)) / np.sqrt(24)
    net = dl.AdditiveNetwork(W)
    up = rest(net, np.full(24, 2.0))
    agrees(net, up, up + 0.4 * rng.standard_normal((6, 24)))


def test_pictures_files_and_words(tmp_path):
    net = dl.AdditiveNetwork(MONOTONE)
    up = rest(net, (4, 4))
    grid = analysis.reduced_attracting_set(net, up, analysis.box_grid((-6, 6), (12, 10), dim=2), criterion="spectral")
    line = analysis.reduced_attracting_set(dl.LatchNeuron(2.0), [1.915], np.linspace(-3, 3, 31)[:, None])
    cube = dl.AdditiveNetwork(2.0 * np.eye(3))
    dots = analysis.reduced_attracting_set(cube, rest(cube, (2, 2, 2)), np.random.default_rng(0).uniform(-3, 3, (40, 3)))
    for found in (grid, line, dots):
        same = dl.load(found.save(tmp_path / "gamma"))
        assert same.summary() == found.summary()
        np.testing.assert_array_equal(same.members, found.members)
        assert found.criterion in found.summary()
        assert found.plot().get_title()
    _, ax = plt.subplots()
    assert grid.plot(ax) is ax
    assert "closed form" in line.summary()


def test_no_points_and_no_basin():
    net = dl.LatchNeuron(2.0)
    assert np.isnan(analysis.reduced_attracting_set(net, [1.915], np.zeros((0, 1))).fraction)
    empty = analysis.reduced_attracting_set(net, [1.915], [[-1.0]])
    assert np.isnan(empty.non_normality_gap)
    assert "no point is in the basin" in empty.summary()


def test_grids():
    grid = analysis.box_grid(((0, -1), (1, 1)), (4, 2), dim=2)
    assert grid.shape == (4, 2, 2)
    np.testing.assert_allclose(grid[:, 0, 0], [0.125, 0.375, 0.625, 0.875])
    np.testing.assert_allclose(grid[0, :, 1], [-0.5, 0.5])
    with pytest.raises(InvalidInput, match="GiB"):
        analysis.box_grid((-1, 1), 10**6, dim=3)
    with pytest.raises(InvalidInput, match="lo < hi"):
        analysis.box_grid((1, -1), 10, dim=2)
    with pytest.raises(InvalidInput, match="bounds"):
        analysis.box_grid((1, 2, 3), 10, dim=2)


def test_bad_input():
    net = dl.AdditiveNetwork(ROT)
    with pytest.raises(InvalidInput, match="criterion"):
        analysis.reduced_attracting_set(net, rest(net, (2, 2)), np.zeros((1, 2)), criterion="norm")
    with pytest.raises(InvalidInput, match="points"):
        analysis.reduced_attracting_set(net, rest(net, (2, 2)), np.zeros((4, 3)))
    with pytest.raises(InvalidInput, match="finite"):
        analysis.reduced_attracting_set(net, rest(net, (2, 2)), [[np.nan, 0.0]])
    with pytest.raises(NotAttracting):
        analysis.reduced_attracting_set(net, [0.0, 0.0], np.zeros((1, 2)))
    with pytest.raises(NotSmooth):
        analysis.reduced_attracting_set(dl.AdditiveNetwork(ROT, activation="threshold"), [2.7, 1.7], np.zeros((1, 2)))


def test_states_of_any_size_come_back_where_the_structure_bounds_the_map():
    net = dl.AdditiveNetwork([[1.9, -0.35], [0.45, 1.7]])
    states = 1e300 * np.random.default_rng(0).normal(size=(40, 2))
    ends = [analysis.reduced_attracting_set(net, start, states).in_basin for start in (rest(net, [3, 3]), rest(net, [-3, -3]))]
    assert (ends[0] ^ ends[1]).all()
    assert ends[0].any()


def test_grids_and_criteria_out_of_bounds():
    with pytest.raises(InvalidInput, match="wider than float64"):
        analysis.box_grid((-1e308, 1e308), 3, dim=2)
    with pytest.raises(InvalidInput, match="GiB"):
        analysis.box_grid((0, 1), 10**200, dim=2)
    with pytest.raises(InvalidInput, match="criterion"):
        analysis.reduced_attracting_set(dl.LatchNeuron(2.0), [1.915], [[1.0]], criterion=np.array([1, 2]))


def test_no_points_are_no_picture():
    nothing = analysis.reduced_attracting_set(dl.LatchNeuron(2.0), [1.915008], np.zeros((0, 1)))
    with pytest.raises(InvalidInput, match="about no points"):
        nothing.plot()


def test_ctrl_c_leaves_the_rest_undecided(monkeypatch):
    from dynlatch.analysis.attracting_sets import verb

    net, grid = dl.AdditiveNetwork([[1.9, -0.35], [0.45, 1.7]]), analysis.box_grid((-3, 3), 20, dim=2)
    whole = analysis.reduced_attracting_set(net, rest(net, [3, 3]), grid)
    calls, entries = iter(range(3)), verb.entries

    def interrupted(*args):
        if next(calls) == 2:
            raise KeyboardInterrupt
        return entries(*args)

    monkeypatch.setattr(verb, "entries", interrupted)
    monkeypatch.setattr(verb, "BLOCK", 400)
    part = analysis.reduced_attracting_set(net, rest(net, [3, 3]), grid)
    known = ~part.basin_unknown
    assert known.sum() == 200
    assert part.unknown[:, ~known].all()
    np.testing.assert_array_equal(part.members[:, known], whole.members[:, known])
