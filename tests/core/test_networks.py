"""What is particular to one architecture: shapes refused, named gates, digits kept where gates saturate."""

import tracemalloc

import mpmath
import numpy as np
import pytest

import dynlatch as dl
from dynlatch.errors import InvalidInput, NotSmooth


def test_leaky_with_rate_one_is_additive():
    rng = np.random.default_rng(0)
    W, c, B = rng.normal(size=(3, 3)), rng.normal(size=3), rng.normal(size=(3, 2))
    a, u = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    leaky, additive = dl.LeakyNetwork(W, 1.0, c, "tanh", B), dl.AdditiveNetwork(W, c, "tanh", B)
    np.testing.assert_array_equal(leaky.step(a, u), additive.step(a, u))
    np.testing.assert_array_equal(leaky.jacobian(a, u), additive.jacobian(a, u))


def test_leaky_shares_the_fixed_points_of_the_additive_network():
    net = dl.AdditiveNetwork([[1.3, 2.6], [3.7, 0.3]])
    point = dl.trajectory(net, [1.0, 1.0], steps=200)[-1]
    leaky = dl.LeakyNetwork(net.W, [0.1, 0.7])
    np.testing.assert_allclose(leaky.step(point), point, rtol=1e-14)


@pytest.mark.parametrize("alpha", [0.0, -0.1, 1.0001, [0.5, 0.0], [0.5, 2.0], np.nan, [0.5], [[0.5, 0.5]], "slow"])
def test_leaky_refuses_rates_outside_its_range(alpha):
    with pytest.raises(InvalidInput, match="alpha"):
        dl.LeakyNetwork(np.eye(2), alpha)


def test_leaky_rate_is_a_setting_and_no_parameter():
    assert list(dl.LeakyNetwork(np.eye(2), 0.5).parameters) == ["W", "bias"]


def test_elman_is_the_additive_network_in_other_coordinates():
    """With a = W h + c as state, h_{t-1} = f(a_{t-1}): same orbit, same eigenvalues at the fixed point."""
    W, c = np.array([[1.3, 2.6], [3.7, 0.3]]), np.array([0.1, -0.2])
    additive, elman = dl.AdditiveNetwork(W, c), dl.ElmanNetwork(W, np.zeros((2, 0)), c)
    a = dl.trajectory(additive, [1.0, -0.3], steps=300)
    h = dl.trajectory(elman, np.tanh([1.0, -0.3]), steps=300)
    np.testing.assert_allclose(np.tanh(a), h, atol=1e-13)
    own, other = (np.sort(np.linalg.eigvals(net.jacobian(x))) for net, x in ((additive, a[-1]), (elman, h[-1])))
    np.testing.assert_allclose(own, other, atol=1e-13)


def test_elman_without_bias_has_no_such_parameter():
    assert "bias" not in dl.ElmanNetwork([[2.0]], [[1.0]], None).parameters
    assert "bias" in dl.ElmanNetwork([[2.0]], [[1.0]], [0.0]).parameters


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: dl.ElmanNetwork(np.eye(2), np.ones((3, 1)), None), "W_ih"),
        (lambda: dl.ElmanNetwork(np.ones((2, 3)), np.ones((2, 1)), None), "W_hh"),
        (lambda: dl.ElmanNetwork(np.eye(2), np.ones((2, 1)), np.ones(3)), "bias"),
        (lambda: dl.ElmanNetwork(np.eye(2), np.ones((2, 1)), None, "tahn"), "tahn"),
        (lambda: dl.GRU(np.ones((6, 1)), np.ones((8, 2))), "weight_hh"),
        (lambda: dl.GRU(np.ones((8, 1)), np.ones((6, 2))), "weight_ih"),
        (lambda: dl.GRU(np.ones((6, 1)), np.ones((6, 2)), np.ones(2)), "bias_ih"),
        (lambda: dl.GRU(np.ones((6, 1)), np.ones((6, 2)), None, np.full(6, np.nan)), "bias_hh"),
        (lambda: dl.GRU(np.ones((0, 1)), np.ones((0, 0))), "weight_hh"),
        (lambda: dl.LSTM(np.ones((6, 1)), np.ones((6, 2))), "weight_hh"),
        (lambda: dl.LSTM(np.ones((8, 1)), np.full((8, 2), np.inf)), "weight_hh"),
        (lambda: dl.LSTM(np.ones((8, 1)), np.ones((8, 2)), readout=(np.ones((1, 4)), None)), "readout"),
        (lambda: dl.StackedNetwork([]), "at least one"),
        (lambda: dl.StackedNetwork(3), "sequence"),
        (lambda: dl.StackedNetwork([np.eye(2)]), "ndarray"),
        (lambda: dl.StackedNetwork([dl.LatchNeuron(2.0), dl.AdditiveNetwork(np.eye(2))]), "takes 2 inputs"),
    ],
)
def test_wrong_weights_are_refused_by_name(build, message):
    with pytest.raises(InvalidInput, match=message):
        build()


@pytest.mark.parametrize("net", [dl.LatchNeuron(2.0), dl.StackedNetwork([dl.LatchNeuron(2.0)])])
def test_unknown_parameters_are_refused(net):
    with pytest.raises(InvalidInput, match="no parameter 'V'"):
        net.with_parameters(V=np.eye(1))
    with pytest.raises(InvalidInput, match="shape"):
        net.with_parameters(**{name: np.eye(3) for name in net.parameters})


def test_threshold_units_step_but_have_no_derivative():
    net = dl.AdditiveNetwork([[2.0]], activation="threshold")
    np.testing.assert_array_equal(dl.trajectory(net, [[0.0], [-0.1]], steps=2)[-1], [[2.0], [-2.0]])
    for call in (net.jacobian, lambda a: net.jvp(a, a), lambda a: net.vjp(a, a)):
        with pytest.raises(NotSmooth, match="threshold"):
            call(np.ones(1))


def test_readouts_see_the_output():
    matrix = np.array([[1.0, -2.0]])
    state = np.array([0.3, 0.4])
    assert dl.AdditiveNetwork(np.eye(2), readout=(matrix, None)).readout(np.tanh(state)).shape == (1,)
    lstm = dl.LSTM(np.ones((8, 1)), np.ones((8, 2)), readout=(matrix, [0.5]))
    np.testing.assert_allclose(lstm.readout(lstm.output(np.arange(4.0))), [0.0 - 2.0 + 0.5])
    stack = dl.StackedNetwork([dl.LatchNeuron(1.0), lstm], readout=(matrix, None))
    np.testing.assert_allclose(stack.readout(stack.output(np.arange(5.0))), [1.0 - 4.0])


def test_coordinates_and_sizes():
    lstm, gru = dl.LSTM(np.ones((8, 3)), np.ones((8, 2))), dl.GRU(np.ones((6, 3)), np.ones((6, 2)))
    assert (lstm.dim, lstm.hidden_size, lstm.input_dim) == (4, 2, 3)
    assert (gru.dim, gru.hidden_size, gru.input_dim) == (2, 2, 3)
    assert dl.ElmanNetwork(np.eye(2), np.ones((2, 3)), None).hidden_size == 2
    assert gru.coordinates == "output h"
    stack = dl.StackedNetwork([lstm, dl.AdditiveNetwork(np.eye(2))])
    assert stack.coordinates == "layer0 (output h, cell c), layer1 activation a"
    assert [part.tolist() for part in stack.split(np.arange(6))] == [[0, 1, 2, 3], [4, 5]]


def logistic(x):
    return 1 / (1 + mpmath.exp(-x))


def gru_step(net, h, u):
    """The formulas of the class, unit by unit, on mpmath numbers: returns the next state and the gates."""
    n = len(h)

    def net_of(weights, bias, k, x):
        return mpmath.fdot([mpmath.mpf(w) for w in weights[k]], x) + mpmath.mpf(bias[k])

    entering = [net_of(net.weight_ih, net.b_ih, k, u) for k in range(3 * n)]
    own = [net_of(net.weight_hh, net.b_hh, k, h) for k in range(3 * n)]
    r = [logistic(entering[k] + own[k]) for k in range(n)]
    z = [logistic(entering[n + k] + own[n + k]) for k in range(n)]
    g = [mpmath.tanh(entering[2 * n + k] + r[k] * own[2 * n + k]) for k in range(n)]
    return [(1 - z[k]) * g[k] + z[k] * h[k] for k in range(n)], (r, z, g)


def lstm_step(net, state, u):
    n = len(state) // 2
    h, c = state[:n], state[n:]
    nets = []
    for k in range(4 * n):
        row = [mpmath.mpf(w) for w in (*net.weight_hh[k], *net.weight_ih[k])]
        nets.append(mpmath.fdot(row, [*h, *u]) + mpmath.mpf(net.b[k]))
    i, f, o = ([logistic(x) for x in nets[j * n : (j + 1) * n]] for j in (0, 1, 3))
    g = [mpmath.tanh(x) for x in nets[2 * n : 3 * n]]
    cell = [f[k] * c[k] + i[k] * g[k] for k in range(n)]
    return [o[k] * mpmath.tanh(cell[k]) for k in range(n)] + cell, (i, f, g, o)


def exact(step, net, a, u):
    """Image, gates and Jacobian by central differences, which 120 digits leave with 70 of their own."""
    state, entering = [mpmath.mpf(x) for x in a], [mpmath.mpf(x) for x in u]
    h = mpmath.mpf(10) ** -40
    columns = []
    for j in range(len(a)):
        up = step(net, [x + h * (k == j) for k, x in enumerate(state)], entering)[0]
        down = step(net, [x - h * (k == j) for k, x in enumerate(state)], entering)[0]
        columns.append([float((p - m) / (2 * h)) for p, m in zip(up, down, strict=True)])
    image, gates = step(net, state, entering)
    return np.array(image, dtype=float), np.array(gates, dtype=float), np.array(columns).T


@pytest.mark.parametrize("shift", [0.0, 15.0, -15.0, 45.0])
@pytest.mark.parametrize(("architecture", "gates", "step"), [(dl.GRU, 3, gru_step), (dl.LSTM, 4, lstm_step)])
def test_gates_and_jacobian_keep_their_digits_where_gates_saturate(architecture, gates, step, shift):
    """Each entry of the Jacobian to 1e-12 of itself, also where 1 - z is e^-45: that needs s(-x), not 1 - s(x)."""
    rng = np.random.default_rng(6)
    n, m = 2, 1
    biases = np.repeat(shift * np.array([0.3, 1.0, 0.2, 0.5])[:gates], n)
    net = architecture(rng.normal(size=(gates * n, m)), rng.normal(size=(gates * n, n)), biases, rng.normal(size=gates * n))
    a, u = rng.normal(size=net.dim), rng.normal(size=m)
    with mpmath.workdps(120):
        image, values, J = exact(step, net, a, u)
    np.testing.assert_allclose(net.step(a, u), image, rtol=1e-14)
    np.testing.assert_allclose(np.array(net.gates(a, u)), values, rtol=1e-13)
    np.testing.assert_allclose(net.jacobian(a, u), J, rtol=1e-12)


def test_named_gates():
    gru = dl.GRU(np.ones((6, 1)), np.ones((6, 2)))
    assert gru.gates(np.zeros(2))._fields == ("reset", "update", "candidate")
    gates = dl.LSTM(np.ones((8, 1)), np.ones((8, 2))).gates(np.zeros((5, 4)), np.ones(1))
    assert gates._fields == ("input", "forget", "candidate", "output")
    np.testing.assert_allclose(gates.candidate, np.full((5, 2), np.tanh(1.0)))


@pytest.mark.parametrize("architecture", [dl.GRU, dl.LSTM])
def test_products_form_no_jacobian(architecture):
    """O(n^2) for a batch: the Jacobians of 2000 states would take 2.6 GB or more, the products a few MB."""
    gates = 3 if architecture is dl.GRU else 4
    rng = np.random.default_rng(7)
    n, batch = 400, 2000
    net = architecture(np.zeros((gates * n, 0)), rng.normal(size=(gates * n, n)) / 20)
    a, v = rng.normal(size=(2, batch, net.dim))
    tracemalloc.start()
    net.jvp(a, v)
    net.vjp(a, v)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40 * a.nbytes
