import numpy as np
import pytest
from oracles import roots_by_scan

import dynlatch as dl
from dynlatch import analysis
from dynlatch.analysis import Completeness, Stability
from dynlatch.analysis.fixed_points.equations import equation_of
from dynlatch.analysis.fixed_points.search import same_point
from dynlatch.analysis.plots.fixed_points import plot_fixed_points, plot_multipliers
from dynlatch.errors import InvalidInput, NotEnclosable, NotSmooth


def gru(rng, n=6, m=2, gain=2.0):
    return dl.GRU(
        rng.standard_normal((3 * n, m)),
        gain * rng.standard_normal((3 * n, n)) / np.sqrt(n),
        0.3 * rng.standard_normal(3 * n),
        0.3 * rng.standard_normal(3 * n),
    )


def lstm(rng, n=4, m=2, gain=2.0):
    return dl.LSTM(rng.standard_normal((4 * n, m)), gain * rng.standard_normal((4 * n, n)), rng.standard_normal(4 * n), None)


def stack(rng):
    return dl.StackedNetwork([lstm(rng), gru(rng, n=5, m=4), dl.AdditiveNetwork(1.5 * np.eye(5))])


def test_the_latch_has_its_three_points():
    found = analysis.fixed_points(dl.LatchNeuron(2.0))
    assert found.completeness is Completeness.PROVED
    np.testing.assert_allclose(found.points.ravel(), [-1.9150080481545, 0.0, 1.9150080481545], atol=1e-13)
    assert list(found.stability) == [Stability.ATTRACTING, Stability.REPELLING, Stability.ATTRACTING]
    assert list(found.index) == [1, -1, 1]
    assert found.index_sum == 1


@pytest.mark.parametrize("w", [0.5, 1.5, 3.0])
@pytest.mark.parametrize("c", [0.0, 0.13, -2.0])
@pytest.mark.parametrize("activation", ["tanh", "softplus_like"])
def test_one_dimension_against_a_scan(w, c, activation):
    f = "tanh"
    if activation == "softplus_like":  # an activation without the exact route: the multistart has to find the same
        f = dl.Activation("atan", np.arctan, lambda x: 1 / (1 + x**2), limits=(-np.pi / 2, np.pi / 2), slope_peak=0.0)
    net = dl.LatchNeuron(w, c, f)
    expected = roots_by_scan(lambda a: float(net.step(np.array([a]))[0] - a), -9.0, 9.0)
    found = analysis.fixed_points(net, rng=0)
    np.testing.assert_allclose(found.points.ravel(), expected, atol=1e-9)
    assert found.completeness in (Completeness.PROVED, Completeness.CHECKSUM_PASSED)


@pytest.mark.parametrize(
    ("method", "said"),
    [("auto", Completeness.PROVED), ("proof", Completeness.PROVED), ("multistart", Completeness.CHECKSUM_PASSED)],
)
@pytest.mark.parametrize("n", [2, 3, 4])
def test_uncoupled_neurons_have_all_products_of_the_three_points(n, method, said):
    found = analysis.fixed_points(dl.AdditiveNetwork(2.0 * np.eye(n)), method=method, rng=1)
    assert len(found) == 3**n
    assert len(found.attractors) == 2**n
    assert found.completeness is said
    assert np.all(np.diff(found.points[:, 0]) >= 0)


@pytest.mark.parametrize("make", [gru, lstm, stack])
@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2, 3))])
def test_every_reported_point_is_one_and_the_index_is_the_maps_own(make, seed):
    rng = np.random.default_rng(seed)
    net = make(rng)
    found = analysis.fixed_points(net, method="multistart", rng=seed)
    moved = net.step(found.points)
    assert np.abs(moved - found.points).max() <= 1e-12 * (1 + np.abs(found.points).max())
    correction = np.linalg.solve(np.eye(net.dim) - net.jacobian(found.points), (moved - found.points)[..., None])
    assert np.abs(correction).max() <= 1e-8 * (1 + np.abs(found.points).max())
    signs = np.linalg.slogdet(np.eye(net.dim) - net.jacobian(found.points))[0]
    np.testing.assert_array_equal(found.index, signs.astype(int))
    assert found.completeness is Completeness.CHECKSUM_PASSED


@pytest.mark.parametrize("make", [gru, lstm, stack])
def test_reduced_equations_have_exact_derivatives(make):
    rng = np.random.default_rng(7)
    equation, _ = equation_of(make(rng))
    x, u, h = rng.uniform(-0.8, 0.8, equation.dim), rng.standard_normal(2), 1e-6
    for k in range(equation.dim):
        e = h * np.eye(equation.dim)[k]
        expected = (equation.step(x + e, u) - equation.step(x - e, u)) / (2 * h)
        np.testing.assert_allclose(equation.jacobian(x, u)[:, k], expected, atol=2e-8)
    for k in range(2):
        e = h * np.eye(2)[k]
        expected = (equation.step(x, u + e) - equation.step(x, u - e)) / (2 * h)
        np.testing.assert_allclose(equation.input_jacobian(x, u)[:, k], expected, atol=2e-8)


def test_attractors_of_iteration_are_found():
    rng = np.random.default_rng(3)
    net = dl.AdditiveNetwork(1.4 * np.eye(6) + 0.2 * rng.standard_normal((6, 6)), 0.1 * rng.standard_normal(6))
    rest = rng.uniform(-3, 3, (200, 6))
    for _ in range(5000):
        rest = net.step(rest)
    found = analysis.fixed_points(net, rng=0).attractors
    distance = np.abs(rest[:, None] - found.points).max(-1).min(1)
    assert distance.max() < 1e-8


@pytest.mark.slow
def test_a_gate_that_never_opens_makes_no_false_points():
    rng = np.random.default_rng(0)
    n, bias = 8, np.zeros(24)
    bias[8:16] = 50.0  # update gate: 1 - z is below rounding, and h' equals h in float64 everywhere
    net = dl.GRU(np.zeros((24, 1)), 1.5 * rng.standard_normal((24, n)), bias, None)
    anywhere = rng.uniform(-1, 1, (50, n))
    np.testing.assert_array_equal(net.step(anywhere), anywhere)
    found = analysis.fixed_points(net, rng=0)
    reference = dl.GRU(net.weight_ih, net.weight_hh, np.zeros(24), None)  # the gate does not move fixed points
    np.testing.assert_allclose(found.points, analysis.fixed_points(reference, rng=1).points, atol=1e-12)
    assert found.index_sum == 1


def test_a_cell_far_out():
    rng = np.random.default_rng(0)
    bias = np.repeat([3.0, 9.0, 2.0, 0.0], 4)
    found = analysis.fixed_points(dl.LSTM(np.zeros((16, 1)), 0.5 * rng.standard_normal((16, 4)), bias, None), rng=0)
    assert np.abs(found.points[:, 4:]).max() > 1000
    assert np.all(found.residuals <= 1e-14 * np.abs(found.points).max())
    assert len(found.attractors) == 1


def test_a_degenerate_point_is_one_flagged_cluster():
    found = analysis.fixed_points(dl.ElmanNetwork(np.eye(16), np.zeros((16, 0)), None), rng=0)
    assert len(found) == 1
    assert found.completeness is Completeness.CLUSTER
    assert found.index[0] == 0
    assert np.abs(found.points).max() < 1e-4


def test_a_contraction_is_proved_to_have_one():
    rng = np.random.default_rng(5)
    W = rng.standard_normal((20, 20))
    found = analysis.fixed_points(dl.AdditiveNetwork(0.9 * W / np.linalg.norm(W, 2), rng.standard_normal(20)), rng=0)
    assert found.completeness is Completeness.PROVED
    assert len(found) == 1


def test_constant_inputs():
    rng = np.random.default_rng(2)
    net, u0 = gru(rng), np.array([0.7, -0.4])
    found = analysis.fixed_points(dl.WithInput(net, u0), rng=0)
    np.testing.assert_allclose(net.step(found.points, u0), found.points, atol=1e-13)
    shifted = analysis.fixed_points(dl.WithInput(dl.WithInput(net, u0 / 2), u0 / 2), rng=0)
    np.testing.assert_allclose(shifted.points, found.points, atol=1e-11)


def test_logistic_map_and_bounds():
    net = dl.FunctionMap(lambda a, u: 3.2 * a * (1 - a), dim=1)
    with pytest.raises(InvalidInput, match="bounds"):
        analysis.fixed_points(net)
    found = analysis.fixed_points(net, bounds=(-0.5, 1.5), rng=0)
    np.testing.assert_allclose(found.points.ravel(), [0.0, 1 - 1 / 3.2], atol=1e-12)
    assert found.completeness is Completeness.NO_CHECKSUM
    np.testing.assert_allclose(found.eigenvalues.ravel(), [3.2, 2 - 3.2], atol=1e-9)


def test_a_map_that_overflows_far_out():
    henon = dl.FunctionMap(lambda a, u: np.stack([1 - 1.4 * a[..., 0] ** 2 + a[..., 1], 0.3 * a[..., 0]], axis=-1), dim=2)
    found = analysis.fixed_points(henon, bounds=(-2.0, 2.0), rng=0)
    roots = (-0.7 + np.array([-1.0, 1.0]) * np.sqrt(0.49 + 4 * 1.4)) / 2.8
    np.testing.assert_allclose(found.points, np.stack([roots, 0.3 * roots], axis=1), atol=1e-12)


@pytest.mark.parametrize("scale", [1e-8, 1e3, 1e8, 1e12])
def test_weights_of_any_size(scale):
    found = analysis.fixed_points(dl.AdditiveNetwork(scale * np.array([[1.0, 0.2], [0.1, 1.0]])), rng=0)
    assert found.index_sum == 1
    assert len(found) == (1 if scale < 1 else 9)
    if scale > 1:  # saturated: the attractors are the images of the four sign patterns
        corners = scale * np.array([[-1.2, -1.1], [-0.8, 0.9], [0.8, -0.9], [1.2, 1.1]])
        np.testing.assert_allclose(found.attractors.points, corners, rtol=1e-12)


def test_cycles_are_fixed_points_of_the_iterate():
    net = dl.LatchNeuron(-2.0)
    found = analysis.fixed_points(dl.Iterate(net, 2), rng=0)
    np.testing.assert_allclose(found.points.ravel(), [-1.9150080481545, 0.0, 1.9150080481545], atol=1e-12)


def test_the_same_seed_gives_the_same_bits():
    net = gru(np.random.default_rng(11))
    first, second = (analysis.fixed_points(net, rng=4) for _ in range(2))
    np.testing.assert_array_equal(first.points, second.points)


def test_touching_points_merge_and_others_do_not():
    points = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1e-12], [1.0, 1.0]])
    assert list(same_point(points, np.full(4, 1e-11))) == [0, 1, 0, 2] or len(set(same_point(points, np.full(4, 1e-11)))) == 3
    assert len(set(same_point(points, np.full(4, 1e-13)))) == 4


def test_bad_input():
    with pytest.raises(NotSmooth):
        analysis.fixed_points(dl.AdditiveNetwork(np.eye(2), activation="threshold"), rng=0)
    with pytest.raises(InvalidInput, match="bounds"):
        analysis.fixed_points(dl.AdditiveNetwork(np.eye(2), activation="softplus"))
    with pytest.raises(NotEnclosable, match="FunctionMap"):
        analysis.fixed_points(dl.FunctionMap(lambda a, u: 0.5 * a, dim=1), bounds=(-1, 1), method="proof")
    with pytest.raises(InvalidInput, match="lo < hi"):
        analysis.fixed_points(dl.AdditiveNetwork(np.eye(2)), bounds=(1.0, -1.0))
    with pytest.raises(InvalidInput, match="method"):
        analysis.fixed_points(dl.AdditiveNetwork(np.eye(2)), method="guess")


@pytest.mark.parametrize("make", [gru, lstm])
def test_small_gated_nets_are_proved_and_the_search_misses_nothing(make):
    net = make(np.random.default_rng(1))
    proved, searched = (analysis.fixed_points(net, method=method, rng=0) for method in ("auto", "multistart"))
    assert proved.completeness is Completeness.PROVED
    assert proved.index_sum == 1
    np.testing.assert_allclose(proved.points, searched.points, atol=1e-10)


def test_a_low_rank_net_is_proved_whatever_its_size():
    rng = np.random.default_rng(5)
    U, V = rng.normal(size=(2, 80, 2))
    net = dl.AdditiveNetwork(3.0 * (U @ V.T + U @ U.T) / 80)
    proved, searched = (analysis.fixed_points(net, method=method, rng=0) for method in ("auto", "multistart"))
    assert proved.completeness is Completeness.PROVED
    assert len(proved) >= 3
    np.testing.assert_allclose(proved.points, searched.points, atol=1e-9)


def test_points_of_a_relu_net_need_no_bounds():
    found = analysis.fixed_points(dl.AdditiveNetwork([[2.0, -1.5], [-1.5, 2.0]], bias=[-0.5, -0.5], activation="relu"))
    np.testing.assert_allclose(found.points, [[-1.25, 0.5], [-0.5, -0.5], [0.5, -1.25]], atol=1e-12)
    assert found.completeness is Completeness.PROVED
    outputs = analysis.fixed_points(dl.ElmanNetwork([[2.0, -1.5], [-1.5, 2.0]], np.zeros((2, 0)), [-0.5, -0.5], "relu"))
    np.testing.assert_allclose(outputs.points, [[0.0, 0.0], [0.0, 0.5], [0.5, 0.0]], atol=1e-12)
    inside = analysis.fixed_points(
        dl.AdditiveNetwork([[2.0, -1.5], [-1.5, 2.0]], bias=[-0.5, -0.5], activation="relu"), bounds=(-1.0, 1.0)
    )
    np.testing.assert_allclose(inside.points, [[-0.5, -0.5]], atol=1e-12)


def test_a_relu_continuum_is_one_cluster_with_its_dimension():
    found = analysis.fixed_points(dl.AdditiveNetwork(np.eye(2), activation="relu"))
    assert len(found) == 1
    assert found.dimension[0] == 2
    assert found.completeness is Completeness.CLUSTER
    assert "continuum of dimension 2" in found.summary()


def test_a_proof_that_cannot_end_is_completed_by_the_search():
    """At the fold of a two-unit net the proof leaves a small box; the degenerate point in it is still reported."""
    fold = np.arctanh(np.sqrt(0.5))
    net = dl.AdditiveNetwork(2.0 * np.eye(2), bias=[2.0 * np.sqrt(0.5) - fold, 0.3])
    found = analysis.fixed_points(dl.AdditiveNetwork(net.W, bias=-net.c), rng=0)
    assert found.completeness is Completeness.CLUSTER
    assert len(found.unresolved) >= 1
    assert (found.stability == "neutral").sum() == 3


def test_time_budget_is_said():
    net = gru(np.random.default_rng(0), n=8)
    found = analysis.fixed_points(net, rng=0, time_budget=1e-9)
    assert found.completeness is Completeness.BUDGET
    assert "0 fixed points" in found.summary()


def test_a_relu_kink_is_not_called_attracting():
    found = analysis.fixed_points(dl.ElmanNetwork([[2.0]], [[1.0]], None, "relu"), bounds=(-1, 5), rng=0)
    assert [str(word) for word in found.stability] == ["neutral"]
    assert found.index[0] == 0


def test_degenerate_points_are_neutral():
    found = analysis.fixed_points(dl.AdditiveNetwork(np.eye(2)), rng=0)
    assert [str(word) for word in found.stability] == ["neutral"]
    assert found.completeness is Completeness.CLUSTER
    semi = analysis.fixed_points(dl.FunctionMap(lambda a, u: a + a**2, dim=1), bounds=(-1, 1), rng=0)
    assert [str(word) for word in semi.stability] == ["neutral"]


def test_nested_constant_inputs_under_an_iterate():
    net = dl.WithInput(dl.WithInput(dl.ElmanNetwork([[0.1]], [[1.0]], None), [0.5]), [0.5])
    found = analysis.fixed_points(dl.Iterate(net, 2), rng=0)
    np.testing.assert_allclose(found.points, analysis.fixed_points(net, rng=0).points, atol=1e-12)


@pytest.mark.parametrize(("function", "bounds", "root"), [
    (lambda a, u: np.log(a) + 1.5, (0.01, 10.0), None),
    (lambda a, u: np.sqrt(a) + 0.1, (1e-6, 10.0), ((1 + np.sqrt(1.4)) / 2) ** 2),
])  # fmt: skip
def test_functions_with_a_domain_are_asked_inside_the_bounds_only(function, bounds, root):
    found = analysis.fixed_points(dl.FunctionMap(function, dim=1), bounds=bounds, rng=0)
    assert len(found) >= 1
    np.testing.assert_allclose(function(found.points, None), found.points, atol=1e-10)
    if root is not None:
        np.testing.assert_allclose(found.points[-1], root, rtol=1e-10)


def test_mixed_scales():
    found = analysis.fixed_points(dl.AdditiveNetwork(np.diag([1e8, 2.0])), rng=0)
    assert len(found) == 9


@pytest.mark.parametrize("bounds", [3, (1, 2, 3), ([1, 2, 3], [4, 5, 6]), ("a", "b")])
def test_bounds_that_are_none(bounds):
    with pytest.raises(InvalidInput, match="bounds"):
        analysis.fixed_points(dl.AdditiveNetwork(np.eye(2)), bounds=bounds)


def test_fixed_points_are_drawn_in_their_own_plane():
    """Eight latches in three dimensions: the picture is of two principal components."""
    net = dl.AdditiveNetwork(2.0 * np.eye(3))
    found = analysis.fixed_points(net, rng=0).attractors
    axes = found.plot()
    assert axes.get_xlabel() == "principal component 1 of activation a"
    (dots,) = axes.collections
    assert dots.get_label() == "attracting (8)"
    xy = np.asarray(dots.get_offsets())
    # A projection onto two orthonormal directions through the centre.
    np.testing.assert_allclose(xy.mean(0), 0.0, atol=1e-12)
    assert np.all(np.linalg.norm(xy, axis=1) <= np.linalg.norm(found.points, axis=1) + 1e-12)


def test_an_empty_list_of_fixed_points_is_an_empty_picture():
    moving = analysis.fixed_points(dl.FunctionMap(lambda a, u: a + 1.0, dim=1), bounds=(-1.0, 1.0), rng=0)
    for draw, label in ((plot_fixed_points, "component 1 of state x"), (plot_multipliers, "real part of the multiplier")):
        picture = draw(moving)
        assert picture.get_legend() is None
        assert picture.get_xlabel() == label
        assert len(picture.collections) == 0
