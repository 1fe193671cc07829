import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import pyplot as plt

import dynlatch as dl
from dynlatch import analysis
from dynlatch.analysis.gradients.split import kind_of
from dynlatch.errors import InvalidInput

KINDS = ["recurrent weights", "input weights", "biases"]


def drawn(rng, *shape):
    return 0.7 * rng.standard_normal(shape)


def elman(rng, n, m, activation="tanh"):
    return dl.ElmanNetwork(drawn(rng, n, n), drawn(rng, n, m), drawn(rng, n), activation=activation)


def gated(make, gates, rng, n, m):
    return make(drawn(rng, gates * n, m), drawn(rng, gates * n, n), drawn(rng, gates * n), drawn(rng, gates * n))


NETWORKS = {
    "additive": lambda rng: dl.AdditiveNetwork(drawn(rng, 4, 4), drawn(rng, 4), input_matrix=drawn(rng, 4, 2)),
    "leaky": lambda rng: dl.LeakyNetwork(drawn(rng, 4, 4), 0.3, drawn(rng, 4), input_matrix=drawn(rng, 4, 2)),
    "elman": lambda rng: elman(rng, 4, 2),
    "relu": lambda rng: elman(rng, 4, 2, "relu"),
    "gru": lambda rng: gated(dl.GRU, 3, rng, 4, 2),
    "lstm": lambda rng: gated(dl.LSTM, 4, rng, 3, 2),
    "stack": lambda rng: dl.StackedNetwork([gated(dl.LSTM, 4, rng, 2, 2), gated(dl.GRU, 3, rng, 3, 2), elman(rng, 2, 3)]),
}


class Plain:
    """A network of one's own, with no more than `Parametric` asks for."""

    def __init__(self, inner):
        self.inner, self.dim, self.input_dim, self.parameters = inner, inner.dim, inner.input_dim, inner.parameters

    def step(self, a, u=None):
        return self.inner.step(a, u)

    def jacobian(self, a, u=None):
        return self.inner.jacobian(a, u)

    def input_jacobian(self, a, u=None):
        return self.inner.input_jacobian(a, u)

    def jvp(self, a, v, u=None):
        return self.inner.jvp(a, v, u)

    def vjp(self, a, v, u=None):
        return self.inner.vjp(a, v, u)

    def parameter_vjp(self, a, u, v):
        return self.inner.parameter_vjp(a, u, v)

    def with_parameters(self, **arrays):
        return Plain(self.inner.with_parameters(**arrays))


def terms_by_definition(net, a0, inputs, gradient):
    """(dC/da_T)(da_T/da_tau)(da_tau/dW) from dense products, one mapping of parameter gradients for each tau."""
    states = dl.trajectory(net, a0, inputs)
    T = len(inputs)
    product, terms = np.eye(net.dim), []
    for t in range(T - 1, -1, -1):
        terms.append(net.parameter_vjp(states[t], inputs[t], gradient @ product))
        product = product @ net.jacobian(states[t], inputs[t])
    return terms[::-1]


def flat(gradient):
    return np.concatenate([array.ravel() for array in gradient.values()])


@pytest.mark.parametrize("name", NETWORKS)
def test_terms_against_the_definition(name):
    rng = np.random.default_rng(3)
    net = NETWORKS[name](rng)
    a0, inputs, gradient = drawn(rng, net.dim), drawn(rng, 12, 2), drawn(rng, net.dim)
    split = analysis.gradient_contributions(net, a0, inputs, gradient)
    terms = terms_by_definition(net, a0, inputs, gradient)
    total = sum(flat(term) for term in terms)
    np.testing.assert_allclose(split.log_norms, [np.log(np.linalg.norm(flat(term))) for term in terms], rtol=1e-12)
    np.testing.assert_allclose(flat(split.total), total, rtol=1e-12, atol=1e-14 * np.abs(total).max())
    expected = [flat(term) @ total / (total @ total) for term in terms]
    np.testing.assert_allclose(split.projections, expected, rtol=1e-11, atol=1e-14)
    assert split.projections.sum() == pytest.approx(1.0, abs=1e-13)
    assert split.log_scale == 0.0
    assert list(split.by_kind) == KINDS
    for kind, logs in split.by_kind.items():
        own = [flat({n: g for n, g in term.items() if kind_of(n) == kind}) for term in terms]
        with np.errstate(divide="ignore"):
            np.testing.assert_allclose(logs, np.log([np.linalg.norm(x) for x in own]), rtol=1e-12)


@pytest.mark.parametrize("name", NETWORKS)
def test_total_against_finite_differences(name):
    rng = np.random.default_rng(4)
    net = NETWORKS[name](rng)
    a0, inputs, gradient = drawn(rng, net.dim), drawn(rng, 9, 2), drawn(rng, net.dim)
    total = analysis.gradient_contributions(net, a0, inputs, gradient).total
    assert list(total) == list(net.parameters)
    for parameter, value in net.parameters.items():
        direction, h = rng.standard_normal(value.shape), 1e-5

        def cost(s, parameter=parameter, value=value, direction=direction):
            moved = net.with_parameters(**{parameter: value + s * direction})
            return gradient @ dl.trajectory(moved, a0, inputs)[-1]

        numeric = (8.0 * (cost(h) - cost(-h)) - (cost(2 * h) - cost(-2 * h))) / (12.0 * h)
        assert numeric == pytest.approx(np.sum(total[parameter] * direction), rel=1e-7, abs=1e-10)


def test_names_of_parameters():
    rng = np.random.default_rng(0)
    for make in NETWORKS.values():
        assert {kind_of(name) for name in make(rng).parameters} == set(KINDS)
    assert kind_of("layer1.layer0.weight_ih") == "input weights"
    assert kind_of("anything") == "other parameters"


def test_a_network_without_factors():
    rng = np.random.default_rng(5)
    net = NETWORKS["gru"](rng)
    a0, inputs, gradient = drawn(rng, 2, 4), drawn(rng, 10, 2, 2), drawn(rng, 4)
    fast = analysis.gradient_contributions(net, a0, inputs, gradient)
    slow = analysis.gradient_contributions(Plain(net), a0, inputs, gradient)
    np.testing.assert_allclose(slow.log_norms, fast.log_norms, rtol=1e-12)
    np.testing.assert_allclose(slow.projections, fast.projections, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(flat(slow.total), flat(fast.total), rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("T", [20_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_very_many_steps_at_an_attractor(T):
    """At the upper state of the latch the term of tau is lambda^(T - tau) (f(a), 1), whatever its size."""
    state = analysis.fixed_points(dl.LatchNeuron(2.0)).points[2]
    split = analysis.gradient_contributions(dl.LatchNeuron(2.0), state, None, [1.0], steps=T)
    output = np.tanh(state[0])
    slope = 2.0 * (1.0 - output**2)
    size = np.arange(T - 1, -1, -1) * np.log(slope) + 0.5 * np.log(1.0 + output**2)
    np.testing.assert_allclose(split.log_norms, size, rtol=1e-10)
    assert split.log_norms[0] < -1.7 * T
    np.testing.assert_allclose(split.total["bias"], [1.0 / (1.0 - slope)], rtol=1e-13)
    np.testing.assert_allclose(split.share_within(1), 1.0 - slope, rtol=1e-12)


def test_a_gradient_beyond_the_largest_float():
    """dC/dc = 1 + 3 + ... + 3^(T-1), which is above 1e333."""
    net = dl.AdditiveNetwork([[3.0]], activation="linear")
    split = analysis.gradient_contributions(net, [0.0], None, [1.0], steps=700)
    assert split.log_scale > 700.0
    bias = np.log(split.total["bias"][0]) + split.log_scale
    assert bias == pytest.approx(700 * np.log(3.0) - np.log(2.0), rel=1e-12)
    assert split.total["W"] == 0.0
    np.testing.assert_allclose(split.projections.sum(), 1.0, rtol=1e-12)
    assert split.fading == pytest.approx(3.0, rel=1e-9)


def test_batches_are_loops():
    rng = np.random.default_rng(6)
    net = NETWORKS["lstm"](rng)
    a0, inputs, gradient = drawn(rng, 3, 1, 6), drawn(rng, 11, 2, 2), drawn(rng, 3, 2, 6)
    together = analysis.gradient_contributions(net, a0, inputs, gradient)
    assert together.log_norms.shape == together.projections.shape == (11, 3, 2)
    assert together.reach(0.5).shape == together.share_within(3).shape == (3, 2)
    total = 0.0
    for i, j in np.ndindex(3, 2):
        alone = analysis.gradient_contributions(net, a0[i, 0], inputs[:, j], gradient[i, j])
        np.testing.assert_allclose(together.log_norms[:, i, j], alone.log_norms, rtol=1e-12)
        np.testing.assert_allclose(together.projections[:, i, j], alone.projections, rtol=1e-11, atol=1e-13)
        assert together.reach(0.95)[i, j] == alone.reach(0.95)
        total = total + flat(alone.total)
    np.testing.assert_allclose(flat(together.total), total, rtol=1e-11, atol=1e-14)


def test_constant_inputs_and_functions_of_the_last_state():
    rng = np.random.default_rng(7)
    net = NETWORKS["gru"](rng)
    u0, inputs = drawn(rng, 2), drawn(rng, 8, 2)
    plain = analysis.gradient_contributions(net, np.zeros(4), inputs + u0, lambda a: 2.0 * a)
    under = analysis.gradient_contributions(dl.WithInput(net, u0), np.zeros(4), inputs, lambda a: 2.0 * a)
    np.testing.assert_array_equal(under.log_norms, plain.log_norms)
    quiet = analysis.gradient_contributions(dl.WithInput(net, u0), np.zeros(4), None, np.ones(4), steps=5)
    held = analysis.gradient_contributions(net, np.zeros(4), np.tile(u0, (5, 1)), np.ones(4))
    np.testing.assert_array_equal(quiet.log_norms, held.log_norms)
    last = dl.trajectory(net, np.zeros(4), inputs + u0)[-1]
    given = analysis.gradient_contributions(net, np.zeros(4), inputs + u0, 2.0 * last)
    np.testing.assert_array_equal(plain.log_norms, given.log_norms)


@given(sizes=st.lists(st.floats(0.0, 1e6), min_size=1, max_size=30), q=st.floats(0.01, 1.0))
@settings(max_examples=60, deadline=None)
def test_shares_and_reach(sizes, q):
    """Against the definition, for any sizes of the terms."""
    with np.errstate(divide="ignore"):
        logs = np.log(np.array(sizes))
    split = analysis.GradientContributions(logs, {"biases": logs}, np.zeros_like(logs), {})
    back = np.exp(logs)[::-1]
    reach = int(split.reach(q))
    if back.sum() == 0.0:
        assert reach == 0
        assert split.share_within(0) == 1.0
        return
    assert split.share_within(0) == 0.0
    assert split.share_within(reach) >= q
    assert reach == 0 or split.share_within(reach - 1) < q
    for k in range(len(sizes) + 3):
        assert split.share_within(k) == pytest.approx(back[:k].sum() / back.sum(), rel=1e-9, abs=1e-12)
    assert split.reach(q, "biases") == reach


def test_nothing_to_split():
    """A dead unit passes nothing back: zeros, never NaN."""
    net = dl.ElmanNetwork([[1.0]], [[1.0]], [0.0], activation="relu")
    split = analysis.gradient_contributions(net, [1.0], [[-5.0], [-5.0]], [1.0])
    assert np.isneginf(split.log_norms).all()
    np.testing.assert_array_equal(split.projections, 0.0)
    assert split.reach(0.95) == 0
    assert split.share_within(1) == 1.0
    assert split.fading is None
    assert "exactly zero" in split.summary()
    assert all(np.array_equal(array, np.zeros_like(array)) for array in split.total.values())
    one = analysis.gradient_contributions(net, [1.0], [[2.0]], [1.0])
    np.testing.assert_array_equal(one.projections, [1.0])
    assert one.reach(0.5) == 1


def test_what_the_summary_says():
    split = analysis.gradient_contributions(dl.LatchNeuron(1.0, 0.0, "linear"), [1.0], None, [1.0], steps=20)
    assert "95% of the gradient of the last step comes from the last 19 steps of 20 (h_95)" in split.summary()
    assert "half of it from the last 10 steps" in split.summary()
    quick = analysis.gradient_contributions(dl.LatchNeuron(2.0), [1.9], None, [1.0], steps=100)
    assert "97% of the gradient of the last step comes from the last 2 steps of 100" in quick.summary()


def test_memory_is_that_of_the_states():
    """No (n, n) array a step: 256 of them would take 537 MB."""
    n, T = 512, 256
    net = dl.ElmanNetwork(np.eye(n) * 0.9, np.zeros((n, 1)), np.zeros(n))
    tracemalloc.start()
    analysis.gradient_contributions(net, np.full(n, 0.1), np.zeros((T, 1)), np.ones(n))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12 * n * T * 8 + 8 * n * n * 8


def test_saved_and_drawn(tmp_path):
    rng = np.random.default_rng(8)
    split = analysis.gradient_contributions(NETWORKS["gru"](rng), np.zeros((3, 4)), drawn(rng, 100, 3, 2), np.ones(4))
    again = dl.load(split.save(tmp_path / "split"))
    np.testing.assert_array_equal(again.log_norms, split.log_norms)
    np.testing.assert_array_equal(again.total["weight_hh"], split.total["weight_hh"])
    assert again.summary() == split.summary()
    labels = [text.get_text() for text in split.plot().get_legend().get_texts()]
    assert "all parameters" in labels
    assert f"h_95 = {np.median(split.reach(0.95)):g}" in labels
    plt.close("all")


def test_bad_input():
    net = NETWORKS["gru"](np.random.default_rng(0))
    inputs = np.zeros((4, 2))
    with pytest.raises(InvalidInput, match="cost_gradient"):
        analysis.gradient_contributions(net, np.zeros(4), inputs, np.ones(3))
    with pytest.raises(InvalidInput, match="cost_gradient"):
        analysis.gradient_contributions(net, np.zeros(4), inputs, 1.0)
    with pytest.raises(InvalidInput, match="finite"):
        analysis.gradient_contributions(net, np.zeros(4), inputs, lambda a: a * np.nan)
    with pytest.raises(InvalidInput, match="at least 1"):
        analysis.gradient_contributions(net, np.zeros(4), None, np.ones(4), steps=0)
    with pytest.raises(InvalidInput, match="at least 1"):
        analysis.gradient_contributions(dl.WithInput(net, [0.0, 0.0]), np.zeros(4), None, np.ones(4), steps=0)
    with pytest.raises(InvalidInput, match="no `parameters`"):
        analysis.gradient_contributions(dl.FunctionMap(lambda a, u: a, 4, 2), np.zeros(4), inputs, np.ones(4))
    grows = dl.AdditiveNetwork([[1e200]], activation="linear")
    with pytest.raises(InvalidInput, match="left the finite numbers"):
        analysis.gradient_contributions(grows, [1.0], None, [1.0], steps=5)
    split = analysis.gradient_contributions(net, np.zeros(4), inputs, np.ones(4))
    with pytest.raises(InvalidInput, match="share above 0"):
        split.reach(0.0)
    with pytest.raises(InvalidInput, match="recurrent weights"):
        split.share_within(2, "weights")
    with pytest.raises(InvalidInput, match="`k`"):
        split.share_within(-1)
