"""FunctionMap: any function of NumPy arrays, for one state or for batches, and its derivatives."""

from __future__ import annotations

import math
import pickle
import warnings

import numpy as np
import pytest
from conformance import check_map

import dynlatch as dl
from dynlatch.errors import InvalidInput

RNG = np.random.default_rng(7)
W = RNG.normal(size=(3, 3))
B = RNG.normal(size=(3, 2))
C = RNG.normal(size=3)


def tanh_batch(a, u):
    return np.tanh(a) @ W.T + C + u @ B.T


def tanh_single(a, u):
    return W @ np.tanh(a) + C + B @ u


def tanh_components(a, u):
    """Reads components by the first axis: right for one state, wrong but of the right shape for a batch of three."""
    return [sum(W[i, j] * np.tanh(a[j]) for j in range(3)) + C[i] + sum(B[i, j] * u[j] for j in range(2)) for i in range(3)]


def tent(a, u):
    """A branch on the state: on a batch of shape (K, 1), `a[0]` decides for all."""
    return [2 * a[0] if a[0] < 0.5 else 2 * (1 - a[0])]


def henon(a, u):
    return np.array([1 - 1.4 * a[0] ** 2 + a[1], 0.3 * a[0]])


@pytest.mark.parametrize("function", [tanh_batch, tanh_single, tanh_components])
def test_equals_the_additive_network(function):
    ours = dl.FunctionMap(function, 3, 2)
    net = dl.AdditiveNetwork(W, C, input_matrix=B)
    for batch in ((), (3,), (5,), (2, 3), (50,)):
        a, u, v = RNG.normal(size=(*batch, 3)), RNG.normal(size=(*batch, 2)), RNG.normal(size=(*batch, 3))
        for x in (u, None):
            np.testing.assert_allclose(ours.step(a, x), net.step(a, x), rtol=1e-13, atol=1e-14)
            np.testing.assert_allclose(ours.jacobian(a, x), net.jacobian(a, x), rtol=1e-13, atol=1e-14)
            np.testing.assert_allclose(ours.input_jacobian(a, x), net.input_jacobian(a, x), rtol=1e-13)
            np.testing.assert_allclose(ours.jvp(a, v, x), net.jvp(a, v, x), rtol=1e-12, atol=1e-13)
            np.testing.assert_allclose(ours.vjp(a, v, x), net.vjp(a, v, x), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("function", [tanh_batch, tanh_single, tanh_components])
def test_obeys_the_contract(function):
    check_map(dl.FunctionMap(function, 3, 2))


def test_obeys_the_contract_without_input():
    check_map(dl.FunctionMap(henon, 2))


def test_obeys_the_contract_with_a_given_jacobian():
    def jacobian(a, u):
        return W * (1 - np.tanh(a) ** 2)

    check_map(dl.FunctionMap(tanh_batch, 3, 2, jacobian))


def test_henon_fixed_point_and_its_determinant():
    # The map contracts areas by exactly 0.3, and has the fixed point x = (sqrt(6.09) - 0.7) / 2.8 (Henon 1976).
    map = dl.FunctionMap(henon, 2)
    x = (math.sqrt(6.09) - 0.7) / 2.8
    point = np.array([x, 0.3 * x])
    np.testing.assert_allclose(map.step(point), point, rtol=1e-14)
    assert np.linalg.det(map.jacobian(point)) == pytest.approx(-0.3, rel=1e-14)


def test_logistic_map_at_4_is_conjugate_to_angle_doubling():
    map = dl.FunctionMap(lambda a, u: 4 * a * (1 - a), 1)
    angle = np.linspace(0.01, 0.5, 9)
    orbit = dl.trajectory(map, np.sin(angle)[:, None] ** 2, steps=12)
    expected = np.sin(angle * 2.0 ** np.arange(13)[:, None]) ** 2
    np.testing.assert_allclose(orbit[..., 0], expected, atol=1e-11)
    np.testing.assert_allclose(map.jacobian(np.array([0.3])), [[4 - 8 * 0.3]], rtol=1e-15)


@pytest.mark.parametrize("first", [[0.1] * 7, [0.1, 0.9] * 4, [0.3], [0.8] * 5])
def test_a_branch_never_decides_for_the_whole_batch(first):
    """Whatever the first batch shows, also if all its states take the same branch."""
    map = dl.FunctionMap(tent, 1)
    map.step(np.array(first)[:, None])
    a = np.linspace(0.02, 0.98, 13)[:, None]
    for states in (a, a[::-1]):
        np.testing.assert_allclose(map.step(states), 1 - np.abs(1 - 2 * states), rtol=1e-14)


def test_a_branch_that_only_a_later_batch_takes_is_noticed():
    """`np.asarray` hides the branch from the first check; the check of every batch finds it."""

    def function(a, u):
        if float(np.max(np.asarray(a))) > 5.0:
            return np.asarray(a) * 0.0
        return 0.5 * np.asarray(a)

    map = dl.FunctionMap(function, 2)
    map.step(np.ones((8, 2)))
    a = np.arange(14.0).reshape(7, 2) - 7.5
    np.testing.assert_array_equal(map.step(a), np.where(a.max(-1, keepdims=True) > 5.0, 0.0, 0.5 * a))


def test_mixing_the_states_of_a_batch_is_noticed_on_equal_states():
    map = dl.FunctionMap(lambda a, u: a - a.mean(), 2)
    map.step(np.ones((8, 2)))
    a = RNG.normal(size=(6, 2))
    np.testing.assert_allclose(map.step(a), a - a.mean(axis=1, keepdims=True), rtol=1e-14)


def test_a_batch_function_is_called_once_a_batch():
    calls = []

    def function(a, u):
        calls.append(a.shape)
        return 0.5 * a

    map = dl.FunctionMap(function, 2)
    map.step(np.ones((100, 2)))
    calls.clear()
    map.step(np.ones((10, 10, 2)))
    assert calls == [(100, 2), (2,), (2,)]  # and two states, to check


def test_a_function_of_components_is_called_once_a_batch_on_columns():
    calls = []

    def henon(a, u):
        calls.append(a.shape)
        return np.array([1 - 1.4 * a[0] ** 2 + a[1], 0.3 * a[0]])

    map = dl.FunctionMap(henon, dim=2)
    a = np.random.default_rng(0).standard_normal((100, 2))
    expected = np.stack([1 - 1.4 * a[:, 0] ** 2 + a[:, 1], 0.3 * a[:, 0]], axis=-1)
    np.testing.assert_array_equal(map.step(a), expected)
    np.testing.assert_array_equal(map.step(a[:2]), expected[:2])
    calls.clear()
    map.step(a)
    assert calls == [(2, 100), (2,), (2,)]


def test_columns_that_would_be_mixed_up_are_looped_over():
    W, b = np.array([[0.5, -1.0], [2.0, 0.25]]), np.array([0.1, -0.2])  # b along the wrong axis of a pair of columns
    map = dl.FunctionMap(lambda a, u: W @ np.tanh(a) + b * np.linalg.norm(a), dim=2)
    for K in (2, 5, 64):
        a = np.random.default_rng(K).standard_normal((K, 2))
        np.testing.assert_allclose(map.step(a), np.stack([map.step(row) for row in a]), atol=1e-15)


def test_empty_batch():
    map = dl.FunctionMap(tanh_single, 3, 2)
    assert map.step(np.zeros((0, 3))).shape == (0, 3)
    assert map.jacobian(np.zeros((2, 0, 3))).shape == (2, 0, 3, 3)


def test_the_function_cannot_reach_the_arguments():
    def function(a, u):
        a += 1.0
        return a

    map = dl.FunctionMap(function, 2)
    a = np.zeros((3, 2))
    np.testing.assert_array_equal(map.step(a), np.ones((3, 2)))
    np.testing.assert_array_equal(a, 0.0)


NOT_ANALYTIC = {
    "abs": (lambda a, u: np.abs(a) * a, lambda a: np.diag(2 * np.abs(a))),
    "real": (lambda a, u: a.real**2 + u.sum(), lambda a: np.diag(2 * a)),
    "conj": (lambda a, u: np.conj(a) ** 2, lambda a: np.diag(2 * a)),
    "refuses": (lambda a, u: np.array([math.sin(x) for x in a]), lambda a: np.diag(np.cos(a))),
    "buffer": (lambda a, u: _through_buffer(a), lambda a: np.diag(3 * a**2)),
}


def _through_buffer(a):
    out = np.empty(a.shape)
    out[...] = a**3  # NumPy drops the imaginary part here, and warns
    return out


@pytest.mark.parametrize("name", NOT_ANALYTIC)
def test_functions_that_are_not_analytic_warn_once_and_are_right(name):
    function, exact = NOT_ANALYTIC[name]
    map = dl.FunctionMap(function, 2)
    points = RNG.normal(size=(5, 2))
    with pytest.warns(UserWarning, match="central differences") as caught:
        first = map.jacobian(points[0])
    assert len(caught) == 1
    assert caught[0].filename == __file__
    np.testing.assert_allclose(first, exact(points[0]), rtol=1e-8, atol=1e-9)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_allclose(map.jacobian(points), [exact(a) for a in points], rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("verb", ["jvp", "vjp", "input_jacobian"])
def test_the_warning_points_to_the_caller(verb):
    map = dl.FunctionMap(lambda a, u: np.abs(a) + np.abs(u), 2, 2)
    a = np.array([1.0, -2.0])
    with pytest.warns(UserWarning, match="central differences") as caught:
        getattr(map, verb)(a, *([a] if verb != "input_jacobian" else []), np.array([0.5, -0.5]))
    assert caught[0].filename == __file__


def test_comparisons_keep_the_complex_step():
    """np.where and np.maximum compare real parts: the derivative is exact, and nothing is said."""
    map = dl.FunctionMap(lambda a, u: np.where(a > 0, a**2, -a) + np.maximum(a, 0.5), 2)
    np.testing.assert_allclose(map.jacobian(np.array([0.3, -2.0])), np.diag([0.6, -1.0]), rtol=1e-15)


def test_derivatives_are_exact_where_differences_are_not():
    map = dl.FunctionMap(lambda a, u: np.exp(40 * a), 1)
    a = np.array([0.5])
    assert map.jacobian(a)[0, 0] == pytest.approx(40 * math.exp(20), rel=1e-14)


def test_a_wrong_jacobian_is_refused_with_both_numbers():
    map = dl.FunctionMap(henon, 2, jacobian=lambda a, u: np.array([[-2.8 * a[0], 1.0], [0.35, 0.0]]))
    with pytest.raises(InvalidInput, match=r"0\.35 and central differences 0\.(3|29999).*entry \(1, 0\)"):
        map.jacobian(np.array([0.2, 0.1]))


def test_a_right_jacobian_is_used_as_it_is():
    def jacobian(a, u):
        return np.array([[-2.8 * a[0], 1.0], [0.3 + 1e-12, 0.0]])

    map = dl.FunctionMap(henon, 2, jacobian=jacobian)
    points = RNG.normal(size=(4, 2))
    np.testing.assert_array_equal(map.jacobian(points), [jacobian(a, None) for a in points])


@pytest.mark.parametrize(
    "function",
    [
        lambda a, u: a[0],
        lambda a, u: np.zeros(3),
        lambda a, u: None,
        lambda a, u: "ab",
        lambda a, u: [[1.0], [1.0, 2.0]],
        lambda a, u: a + 1j,
        lambda a, u: a > 0,
    ],
)
@pytest.mark.parametrize("batch", [(), (4,), (9,)])
def test_a_result_of_the_wrong_kind_is_refused(function, batch):
    with pytest.raises(InvalidInput, match=r"shape \(2,\).*at a = \["):
        dl.FunctionMap(function, 2).step(np.full((*batch, 2), 0.25))


def test_a_result_that_is_not_finite_is_refused_at_its_point():
    map = dl.FunctionMap(lambda a, u: np.log(a) + u, 2, 1)
    a = np.array([[1.0, 2.0], [3.0, -4.0]])
    with pytest.raises(InvalidInput, match=r"gave nan at a = \[ 3. -4.\], u = \[0.\]"):
        map.step(a)
    assert np.isfinite(map.step(np.abs(a))).all()
    with pytest.raises(InvalidInput, match="gave inf"):
        dl.trajectory(dl.FunctionMap(lambda a, u: a**3, 1), [10.0], steps=20)


@pytest.mark.parametrize(
    "arguments", [("f", 2), (henon, 0), (henon, 2.5), (henon, 2, -1), (henon, 2, 0, "jacobian"), (None, 2)]
)
def test_refused_at_construction(arguments):
    with pytest.raises(InvalidInput):
        dl.FunctionMap(*arguments)


def test_states_and_inputs_of_the_wrong_size_are_refused():
    map = dl.FunctionMap(tanh_batch, 3, 2)
    for a, u in ((np.zeros(2), None), (np.zeros(3), np.zeros(3)), (np.array(1.0), None)):
        with pytest.raises(InvalidInput, match="last axis"):
            map.step(a, u)


def test_errors_of_the_function_are_its_own():
    def function(a, u):
        raise KeyError("mine")

    for a in (np.zeros(2), np.zeros((3, 2)), np.zeros((9, 2))):
        with pytest.raises(KeyError, match="mine"):
            dl.FunctionMap(function, 2).step(a)
        with pytest.raises(KeyError, match="mine"):
            dl.FunctionMap(function, 2).jacobian(a)


def test_pickles_with_its_function_and_shows_no_inner_state():
    map = dl.FunctionMap(tanh_batch, 3, 2)
    a = RNG.normal(size=(4, 3))
    again = pickle.loads(pickle.dumps(map))
    np.testing.assert_array_equal(again.step(a), map.step(a))
    assert "_call" not in repr(map)


def test_works_in_the_compositions():
    map = dl.FunctionMap(tanh_single, 3, 2)
    net = dl.AdditiveNetwork(W, C, input_matrix=B)
    a, u0 = RNG.normal(size=(4, 3)), np.array([0.3, -0.2])
    ours, reference = dl.Iterate(dl.WithInput(map, u0), 3), dl.Iterate(dl.WithInput(net, u0), 3)
    np.testing.assert_allclose(ours.jacobian(a), reference.jacobian(a), rtol=1e-11, atol=1e-12)
