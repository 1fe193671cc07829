"""Systems: derivatives against each other and against differences, batches, layouts, what wraps them, what is finite."""

import numpy as np
import pytest
import sympy
from conformance import check_map
from hypothesis import given
from hypothesis import strategies as st
from properties.laws import law
from properties.strategies import (
    NUMBERS,
    SEEDS,
    additive,
    elman,
    filled,
    gru,
    layouts,
    leaky,
    lstm,
    networks,
    relabelled,
    stacked,
    state_network,
    threshold,
)

import dynlatch as dl

# Each for itself: few examples of one choice among many would leave some of them out.
KINDS = {"additive": additive(), "leaky": leaky(), "elman": elman(), "gru": gru(), "lstm": lstm(), "stacked": stacked()}


def close(got, expected, tolerance=1e-11):
    """Equal up to `tolerance` of the largest entry."""
    got, expected = np.asarray(got), np.asarray(expected)
    assert got.shape == expected.shape
    scale = max(1.0, np.abs(expected).max(initial=0.0))
    assert np.abs(got - expected).max(initial=0.0) <= tolerance * scale


@law(4)
@given(networks(), SEEDS)
def test_every_network_keeps_the_contract(net, seed):
    check_map(net, seed)


@pytest.mark.parametrize("kind", KINDS)
@law(15)
@given(data=st.data(), seed=SEEDS)
def test_products_and_jacobians_are_one_derivative(kind, data, seed):
    """`J v`, `J^T w`, J and the central difference along v."""
    net = data.draw(KINDS[kind])
    rng = np.random.default_rng(seed)
    a, v, w = rng.normal(size=(3, net.dim))
    u = rng.normal(size=net.input_dim)
    J = net.jacobian(a, u)
    close(net.jvp(a, v, u), J @ v)
    close(net.vjp(a, w, u), J.T @ w)
    h = 1e-5
    close(net.jvp(a, v, u), (net.step(a + h * v, u) - net.step(a - h * v, u)) / (2.0 * h), 1e-6)


@law(4)
@given(state_network(), SEEDS)
def test_state_networks_keep_a_distribution(net, seed):
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(net.dim), 5)
    q = net.step(p, rng.normal(size=(5, net.input_dim)))
    close(q.sum(-1), np.ones(5))
    assert np.all(q >= 0.0)
    v = rng.normal(size=(5, net.dim))
    close(net.jvp(p, v), np.einsum("bij,bj->bi", net.jacobian(p), v))


@law(10)
@given(relabelled(st.one_of(additive(), elman(), gru(), lstm())), st.data())
def test_names_and_signs_of_units_do_not_matter(twins, data):
    net, twin, Q, R = twins
    a, u = data.draw(filled(4, net.dim)), data.draw(filled(4, net.input_dim))
    close(twin.step(a @ Q.T, u @ R.T), net.step(a, u) @ Q.T)
    close(twin.jacobian(a @ Q.T, u @ R.T), Q @ net.jacobian(a, u) @ Q.T)
    close(twin.input_jacobian(a @ Q.T, u @ R.T) @ R, Q @ net.input_jacobian(a, u))


@law(15)
@given(networks(), st.data())
def test_states_and_inputs_in_any_layout(net, data):
    a, u, v = data.draw(layouts(3, net.dim)), data.draw(layouts(3, net.input_dim)), data.draw(layouts(3, net.dim))
    A, U, V = (np.array(x, np.float64) for x in (a, u, v))
    assert np.array_equal(net.step(a, u), net.step(A, U))
    assert net.jvp(a, v, u).dtype == net.vjp(a, v, u).dtype == np.float64
    close(net.jvp(a, v, u), net.jvp(A, V, U), 1e-13)
    close(net.vjp(a, v, u), net.vjp(A, V, U), 1e-13)
    close(net.jacobian(a, u), net.jacobian(A, U), 1e-13)


@law(15)
@given(networks(), st.data(), st.integers(1, 3))
def test_trajectories_are_loops_over_steps(net, data, T):
    a, u = data.draw(layouts(2, net.dim)), data.draw(layouts(T, 2, net.input_dim))
    path = dl.trajectory(net, a, u)
    assert path.shape == (T + 1, 2, net.dim)
    state = np.array(a, np.float64)
    for t in range(T):
        close(path[t], state, 1e-13)
        state = net.step(state, u[t])
    close(path[T], state, 1e-13)
    close(dl.trajectory(net, a[0], u[:, 0]), path[:, 0], 1e-12)


@law(2)
@given(networks(), st.data(), st.integers(1, 3))
def test_wrapped_maps_are_what_they_say(net, data, period):
    a, u0 = data.draw(filled(2, net.dim)), data.draw(filled(net.input_dim))
    held = dl.WithInput(net, u0)
    close(held.step(a), net.step(a, u0), 1e-13)
    many = dl.Iterate(held, period)
    close(many.step(a), dl.trajectory(held, a, steps=period)[-1], 1e-13)
    close(dl.Iterate(net, period).step(a, u0), many.step(a), 1e-13)
    pending = dl.Augmented(net)
    x = np.concatenate([a, np.broadcast_to(u0, (2, net.input_dim))], axis=-1)
    close(pending.step(x)[..., : net.dim], net.step(a, u0), 1e-13)
    check_map(many, 0)
    check_map(pending, 0)


@law(10)
@given(additive(activations=("tanh", "logistic", "linear")), st.data())
def test_a_function_is_the_network_it_computes(net, data):
    a, u = data.draw(filled(3, net.dim)), data.draw(filled(3, net.input_dim))
    function = dl.FunctionMap(lambda a, u: net.step(a, u), net.dim, net.input_dim)
    close(function.step(a, u), net.step(a, u))
    close(function.step(a), net.step(a))
    own = dl.FunctionMap(net.step, net.dim, net.input_dim, net.jacobian)
    close(own.jacobian(a, u), net.jacobian(a, u))


@law(2)
@given(st.integers(1, 2), st.data())
def test_symbols_are_the_network_they_write(n, data):
    W, c, a, u = (data.draw(filled(*shape)) for shape in ((n, n), (n,), (3, n), (3, n)))
    state, inputs = sympy.symbols(f"a:{n}"), sympy.symbols(f"u:{n}")
    rows = [sum((W[i, j] * sympy.tanh(state[j]) for j in range(n)), c[i] + inputs[i]) for i in range(n)]
    symbolic, net = dl.SymbolicMap(state, rows, inputs), dl.AdditiveNetwork(W, c)
    close(symbolic.step(a, u), net.step(a, u))
    close(symbolic.jacobian(a, u), net.jacobian(a, u))
    close(symbolic.input_jacobian(a, u), net.input_jacobian(a, u))


@law(20)
@given(NUMBERS, NUMBERS, filled(4, 1), filled(4, 1))
def test_the_neuron_is_a_network_of_one_unit(w, bias, a, u):
    close(dl.LatchNeuron(w, bias).step(a, u), w * np.tanh(a) + bias + u)
    assert dl.LatchNeuron(w).dim == dl.LatchNeuron(w).input_dim == 1


@law(20)
@given(threshold(), st.data())
def test_margins_of_threshold_units_are_sharp(net, data):
    """Any input smaller than the margin leads to the same state."""
    for a in net.states[data.draw(st.integers(0, len(net.states) - 1)) :][:2]:
        u = data.draw(filled(net.input_dim))
        margin, after = net.margin(a, u), net.step(a, u)
        assert margin >= 0.0
        assert (net.states == after).all(1).any()
        if margin > 0.0 and net.input_dim:
            size = 0.999 * min(margin, 1e6)
            change = size * np.array(data.draw(filled(net.input_dim, elements=st.sampled_from((-1.0, 0.0, 1.0)))))
            assert np.array_equal(net.step(a, u + change), after)


@law(20)
@given(st.floats(0.1, 3.0), st.data())
def test_the_flip_flop_keeps_or_follows(w, data):
    net = dl.FlipFlop(w)
    u = data.draw(filled(net.input_dim, elements=st.floats(-5.0, 5.0)))
    for a in net.states:
        assert (net.states == net.step(a, u)).all(1).any()
        margin = net.margin(a, u)
        assert margin >= 0.0
        if margin > 0.0:
            assert np.array_equal(net.step(a, u + 0.999 * margin), net.step(a, u))
            assert np.array_equal(net.step(a, u - 0.999 * margin), net.step(a, u))


@law(30)
@given(st.sampled_from(("tanh", "logistic", "softplus", "linear", "relu")), filled(5, elements=st.floats(-40.0, 40.0)))
def test_activations_are_bounded_and_slope_upward(name, x):
    net = dl.AdditiveNetwork([[1.0]], None, name)
    f = net.f
    assert isinstance(f, dl.Activation)
    assert np.all(f.derivative(x) >= 0.0)
    assert np.all((f(x) >= f.limits[0]) & (f(x) <= f.limits[1]))
    assert np.all(np.diff(f(np.sort(x))) >= 0.0)
    if f.odd:
        assert np.array_equal(f(-x), -f(x))
    own = dl.Activation("mine", f.function, f.derivative)
    a = x[:, None]
    assert np.array_equal(dl.AdditiveNetwork([[1.0]], None, own).step(a), net.step(a))


@law(20)
@given(networks(), st.sampled_from((np.nan, np.inf, -np.inf)))
def test_what_is_not_finite_is_refused(net, bad):
    with pytest.raises(dl.DynlatchError):
        dl.trajectory(net, np.full(net.dim, bad), steps=1)
    with pytest.raises(dl.DynlatchError):
        net.with_parameters(**{name: value + bad for name, value in net.parameters.items() if value.size})
