import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dynlatch as dl
from dynlatch import analysis
from dynlatch.analysis.attractor import attracting
from dynlatch.analysis.escape.shock import ShockOutcome, fatal_shock
from dynlatch.analysis.escape.shock.proof import distances, flow, proof_of, shells
from dynlatch.analysis.escape.shock.search import nearest
from dynlatch.errors import InvalidInput, NotAttracting

mpl.use("Agg")
ROTATION = [[2.2, 0.5], [-0.5, 2.2]]
C = [[1.3, 2.6], [3.7, 0.3]]
SADDLE = 1.91500804815454


def comes_back(map, attractor, states, steps=3000):
    """Which states (N, n) end at the attractor: a plain loop."""
    a = np.array(states, dtype=float)
    for _ in range(steps):
        a = map.step(a)
    return np.abs(a - attractor).max(-1) < 1e-6


def sphere(rng, count, m, norm):
    x = rng.normal(size=(count, m))
    x[: count // 2] = np.sign(x[: count // 2])
    return x / np.linalg.norm(x, norm, axis=-1, keepdims=True)


def check(net, shock, norm, B=None):
    """What every shock promises: harmless below `lower` (tried), fatal and of its size at `upper`."""
    assert shock.lower <= shock.upper
    B = np.eye(net.dim) if B is None else np.asarray(B)
    size = np.linalg.norm(shock.shock, norm)
    assert shock.upper <= size <= shock.upper * (1 + 1e-6)
    np.testing.assert_allclose(shock.displacement, B @ shock.shock)
    assert not comes_back(net, shock.attractor, shock.attractor + shock.displacement)
    tried = sphere(np.random.default_rng(0), 400, B.shape[1], norm) * shock.lower * (1 - 1e-9)
    assert comes_back(net, shock.attractor, shock.attractor + tried @ B.T).all()


@pytest.mark.parametrize("norm", [2, np.inf])
def test_one_neuron_is_the_distance_to_the_saddle(norm):
    shock = fatal_shock(dl.LatchNeuron(2.0), [1.915008], norm=norm)
    assert shock.outcome is ShockOutcome.EXACT
    np.testing.assert_allclose([shock.lower, shock.upper], SADDLE, rtol=1e-13)
    np.testing.assert_allclose(shock.destination, [-SADDLE], rtol=1e-12)
    biased = dl.LatchNeuron(2.0, 0.3)
    points = analysis.fixed_points(biased, rng=0).points[:, 0]
    np.testing.assert_allclose(fatal_shock(biased, [points[2]]).upper, points[2] - points[1], rtol=1e-12)
    np.testing.assert_allclose(fatal_shock(biased, [points[0]]).upper, points[1] - points[0], rtol=1e-12)


def test_a_unit_that_flips_has_a_cycle():
    """a' = -2 tanh(a): the cycle of period two loses its state at the fixed point between its points."""
    net = dl.LatchNeuron(-2.0)
    shock = fatal_shock(net, [[SADDLE], [-SADDLE]])
    assert shock.outcome in (ShockOutcome.NONE_FOUND, ShockOutcome.MONOSTABLE)
    assert shock.upper == np.inf  # only the fixed point itself is out of the basin


@pytest.mark.parametrize("norm", [2, np.inf])
def test_a_pair_against_rays(norm):
    net = dl.AdditiveNetwork(ROTATION)
    point = analysis.fixed_points(net, rng=0).attractors.points[-1]
    shock = fatal_shock(net, point, norm=norm, rng=0)
    check(net, shock, norm)
    assert shock.lower > 0.998 * shock.upper
    angle = 2 * np.pi * np.arange(720) / 720
    rays = np.column_stack([np.cos(angle), np.sin(angle)])
    rays /= np.linalg.norm(rays, norm, axis=-1, keepdims=True)
    sizes = np.linspace(0.9, 1.1, 81) * shock.upper
    back = comes_back(net, point, point + rays[:, None] * sizes[:, None], 300)
    first = sizes[np.where(back.all(1), -1, (~back).argmax(1))].min()
    assert shock.upper <= first <= shock.upper * 1.006


def test_ordered_maps_are_exact():
    net = dl.AdditiveNetwork(C)
    point = analysis.fixed_points(net, rng=0).attractors.points[-1]
    shock = fatal_shock(net, point)
    assert shock.exact
    check(net, shock, np.inf)
    np.testing.assert_allclose(fatal_shock(net, point, input_matrix=2.0 * np.eye(2)).upper, 0.5 * shock.upper, rtol=1e-12)
    signs = np.array([1.0, -1.0])
    turned = dl.AdditiveNetwork(signs[:, None] * np.array(C) * signs)
    np.testing.assert_allclose(fatal_shock(turned, signs * point).upper, shock.upper, rtol=1e-12)


def test_through_an_input_matrix():
    net = dl.AdditiveNetwork(ROTATION)
    point = analysis.fixed_points(net, rng=0).attractors.points[-1]
    B = np.array([[1.0], [0.5]])
    check(net, fatal_shock(net, point, input_matrix=B), np.inf, B)
    deaf = dl.AdditiveNetwork(np.diag([0.5, 2.0]))
    shock = fatal_shock(deaf, [0.0, SADDLE], input_matrix=[[1.0], [0.0]])
    assert shock.outcome is ShockOutcome.UNREACHABLE
    assert shock.lower == shock.upper == np.inf


def test_gated_and_elman_nets():
    elman = dl.ElmanNetwork(2.0 * np.eye(2), np.eye(2), None)
    np.testing.assert_allclose(fatal_shock(elman, np.full(2, SADDLE / 2)).upper, SADDLE / 2, rtol=1e-9)
    rng = np.random.default_rng(1)
    gru = dl.GRU(rng.normal(size=(6, 1)), rng.normal(size=(6, 2)) * 3, rng.normal(size=6), rng.normal(size=6))
    for point in analysis.fixed_points(gru, rng=0).attractors.points[:1]:
        shock = fatal_shock(gru, point, rng=0)
        assert 0 < shock.lower <= shock.upper


def test_plain_functions_have_an_upper_bound_only():
    plain = dl.FunctionMap(lambda a, u: 2.0 * np.tanh(a), dim=1)
    shock = fatal_shock(plain, [1.915008])
    assert shock.lower == 0.0
    np.testing.assert_allclose(shock.upper, SADDLE, rtol=1e-9)


def test_orbits_that_leave_all_bounds_are_lost():
    square = dl.FunctionMap(lambda a, u: a * a, dim=1, jacobian=lambda a, u: 2.0 * a[..., None])
    shock = fatal_shock(square, [0.0])
    np.testing.assert_allclose(shock.upper, 1.0, rtol=1e-9)
    assert shock.destination is None
    assert "leaves all bounds" in shock.summary()


def test_no_other_attractor_and_bad_input():
    assert fatal_shock(dl.LatchNeuron(0.5), [0.0]).outcome is ShockOutcome.MONOSTABLE
    net = dl.LatchNeuron(2.0)
    with pytest.raises(NotAttracting):
        fatal_shock(net, [0.0])
    with pytest.raises(InvalidInput, match="effort"):
        fatal_shock(net, [1.915008], effort="most")
    with pytest.raises(InvalidInput, match="norm"):
        fatal_shock(net, [1.915008], norm=1)
    with pytest.raises(InvalidInput, match="input_matrix"):
        fatal_shock(net, [1.915008], input_matrix=[[0.0]])


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 10_000))
def test_random_nets_keep_their_promises(seed):
    rng = np.random.default_rng(seed)
    net = dl.AdditiveNetwork(2.0 * np.eye(2) + rng.uniform(-0.4, 0.4, (2, 2)))
    point = analysis.fixed_points(net, rng=0).attractors.points[-1]
    norm = 2 if seed % 2 else np.inf
    shock = fatal_shock(net, point, norm=norm, rng=0)
    if shock.shock is not None:
        check(net, shock, norm)


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 10_000))
def test_a_cell_that_arrives_comes_back(seed):
    """The proof against simulation: states of cells that are said to arrive do; some cells do arrive, and some do not."""
    rng = np.random.default_rng(seed)
    net = dl.AdditiveNetwork(2.0 * np.eye(2) + rng.uniform(-0.3, 0.3, (2, 2)))
    point = analysis.fixed_points(net, rng=0).attractors.points[-1]
    proof = proof_of(net, attracting(net, point, "test"), 0, np.eye(2), np.inf)
    middle = rng.uniform(-2.5, 2.5, (60, 2))
    half = rng.uniform(0.0, 0.4, (60, 2))
    arrived = flow(proof, middle - half, middle + half).arrived
    assert arrived.any()
    inside = middle[arrived] + half[arrived] * rng.uniform(-1, 1, (50, int(arrived.sum()), 2))
    assert comes_back(net, point, point + inside, 400).all()


def test_cells_cover_the_box_around_the_core():
    rng = np.random.default_rng(0)
    lo, hi = shells(0.4, 1.0, 3)
    states = rng.uniform(-1, 1, (5000, 3))
    covered = ((states[:, None] >= lo) & (states[:, None] <= hi)).all(-1).any(-1) | (np.abs(states) <= 0.4).all(-1)
    assert covered.all()
    for norm in (2, np.inf):
        near = distances(lo, hi, norm)
        inside = lo + (hi - lo) * rng.random((2000, *lo.shape))
        assert (np.linalg.norm(inside, norm, axis=-1) >= near).all()


@pytest.mark.parametrize("norm", [2, np.inf])
def test_the_nearest_point_of_a_plane(norm):
    rng = np.random.default_rng(0)
    s, c = rng.normal(size=(5, 3)), rng.normal(size=(5, 3))
    c *= np.sign((c * s).sum(-1))[:, None]
    steps = nearest(s, c, np.array([100.0, 0.1]), norm)
    level = (c * s).sum(-1)
    dual = np.linalg.norm(c, 2 if norm == 2 else 1, axis=-1)
    np.testing.assert_allclose(
        np.linalg.norm(steps[:, 0], norm, axis=-1) if norm == np.inf else level / dual, level / dual, rtol=1e-9
    )
    np.testing.assert_allclose(np.einsum("kam,km->ka", steps, c)[:, 1] >= level * (1 - 1e-9), True)
    assert (np.linalg.norm(steps[:, 1], norm, axis=-1) <= np.linalg.norm(s, norm, axis=-1) * (1 + 1e-12)).all()


def test_saved_shown_and_drawn(tmp_path):
    for net, point in ((dl.LatchNeuron(2.0), [SADDLE]), (dl.AdditiveNetwork(2.0 * np.eye(3)), np.full(3, SADDLE))):
        shock = fatal_shock(net, point)
        again = dl.load(shock.save(tmp_path / "shock"))
        assert again.summary() == shock.summary()
        np.testing.assert_array_equal(again.path, shock.path)
        assert "1.915" in again.plot().get_title()
    with pytest.raises(InvalidInput, match="no fatal shock"):
        fatal_shock(dl.LatchNeuron(0.5), [0.0]).plot()


@pytest.mark.parametrize("norm", [2.0, np.inf])
def test_the_harmless_shocks_are_a_ball_in_the_plane(norm):
    shock = fatal_shock(dl.AdditiveNetwork(2.0 * np.eye(2)), [SADDLE, SADDLE], norm=norm)
    (ball,) = shock.plot().patches
    box = ball.get_path().get_extents(ball.get_patch_transform())
    np.testing.assert_allclose(box.extents, [SADDLE - shock.lower] * 2 + [SADDLE + shock.lower] * 2)
    assert ball.get_label() == "harmless shocks"
