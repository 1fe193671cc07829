"""PyTorch is the oracle: the same weights give the same states, step by step, and the same Jacobians."""

import numpy as np
import pytest

import dynlatch as dl

torch = pytest.importorskip("torch")

HIDDEN, INPUT, T, BATCH = 5, 3, 40, 4
TOLERANCE = 1e-12
KINDS = ("GRU", "LSTM", "tanh", "relu")


def array(tensor):
    return tensor.detach().numpy()


def module_of(kind, layers=1, bias=True):
    torch.manual_seed(3)
    settings = {"num_layers": layers, "bias": bias, "dtype": torch.float64}
    if kind in ("GRU", "LSTM"):
        return getattr(torch.nn, kind)(INPUT, HIDDEN, **settings)
    return torch.nn.RNN(INPUT, HIDDEN, nonlinearity=kind, **settings)


def network_of(weights, kind):
    """One layer from PyTorch's weights (weight_ih, weight_hh and, with a bias, bias_ih, bias_hh)."""
    arrays = [array(weight) for weight in weights]
    if kind in ("GRU", "LSTM"):
        return getattr(dl, kind)(*arrays)
    bias = sum(arrays[2:]) if arrays[2:] else None
    return dl.ElmanNetwork(arrays[1], arrays[0], bias, kind)


def stack_of(module, kind):
    layers = [network_of(weights, kind) for weights in module.all_weights]
    return layers[0] if len(layers) == 1 else dl.StackedNetwork(layers)


def initial_state(kind, layers, rng):
    """PyTorch's initial state, and the same as one state of a stack."""
    h0, c0 = rng.normal(size=(2, layers, BATCH, HIDDEN))
    if kind == "LSTM":
        start = np.concatenate([np.concatenate([h, c], axis=-1) for h, c in zip(h0, c0, strict=True)], axis=-1)
        return (torch.tensor(h0), torch.tensor(c0)), start
    return torch.tensor(h0), np.concatenate(list(h0), axis=-1)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_states_over_a_sequence(kind, layers, bias):
    rng = np.random.default_rng(0)
    module = module_of(kind, layers, bias)
    network = stack_of(module, kind)
    inputs = 2.0 * rng.normal(size=(T, BATCH, INPUT))
    state, start = initial_state(kind, layers, rng)
    visible, last = module(torch.tensor(inputs), state)
    states = dl.trajectory(network, start, inputs)
    np.testing.assert_allclose(network.output(states[1:]), array(visible), rtol=0, atol=TOLERANCE)
    hidden, cell = (array(part) for part in last) if kind == "LSTM" else (array(last), None)
    for k, own in enumerate(np.split(states[-1], layers, axis=-1)):
        np.testing.assert_allclose(own[:, :HIDDEN], hidden[k], rtol=0, atol=TOLERANCE)
        if cell is not None:
            np.testing.assert_allclose(own[:, HIDDEN:], cell[k], rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("kind", KINDS)
def test_jacobians_of_a_cell(kind):
    torch.manual_seed(4)
    if kind in ("GRU", "LSTM"):
        cell = getattr(torch.nn, f"{kind}Cell")(INPUT, HIDDEN, dtype=torch.float64)
    else:
        cell = torch.nn.RNNCell(INPUT, HIDDEN, nonlinearity=kind, dtype=torch.float64)
    network = network_of([cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh], kind)

    def step(state, x):
        if kind == "LSTM":
            return torch.cat(cell(x, (state[:HIDDEN], state[HIDDEN:])))
        return cell(x, state)

    rng = np.random.default_rng(1)
    for _ in range(5):
        a, u = rng.normal(size=network.dim), 2.0 * rng.normal(size=INPUT)
        by_state, by_input = torch.func.jacrev(step, argnums=(0, 1))(torch.tensor(a), torch.tensor(u))
        np.testing.assert_allclose(network.step(a, u), array(step(torch.tensor(a), torch.tensor(u))), atol=TOLERANCE)
        np.testing.assert_allclose(network.jacobian(a, u), array(by_state), rtol=0, atol=TOLERANCE)
        np.testing.assert_allclose(network.input_jacobian(a, u), array(by_input), rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("kind", KINDS)
def test_parameter_gradients_of_a_stack(kind):
    """`parameter_vjp` of two layers for one time step, against back-propagation through PyTorch's module."""
    rng = np.random.default_rng(2)
    module = module_of(kind, layers=2)
    network = stack_of(module, kind)
    inputs = rng.normal(size=(1, BATCH, INPUT))
    state, start = initial_state(kind, 2, rng)
    _, last = module(torch.tensor(inputs), state)
    v = rng.normal(size=start.shape)
    parts = [torch.cat([h, c], dim=-1) for h, c in zip(*last, strict=True)] if kind == "LSTM" else list(last)
    (torch.cat(parts, dim=-1) * torch.tensor(v)).sum().backward()
    gradient = network.parameter_vjp(start, inputs[0], v)
    names = {"W_ih": "weight_ih", "W_hh": "weight_hh", "bias": "bias_ih"}
    for name, own in gradient.items():
        layer, inner = name.removeprefix("layer").split(".")
        theirs = getattr(module, f"{names.get(inner, inner)}_l{layer}").grad
        np.testing.assert_allclose(own.sum(axis=0), array(theirs), rtol=0, atol=TOLERANCE)
