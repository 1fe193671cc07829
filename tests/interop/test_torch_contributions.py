"""The split of a gradient by time against PyTorch's autograd: its total, and its terms."""

import numpy as np
import pytest

import dynlatch as dl
from dynlatch import analysis

torch = pytest.importorskip("torch")
nn = torch.nn

INPUTS, HIDDEN, T, BATCH = 3, 6, 25, 4
MODULES = {
    "RNN tanh": lambda layers: nn.RNN(INPUTS, HIDDEN, layers, dtype=torch.float64),
    "RNN relu": lambda layers: nn.RNN(INPUTS, HIDDEN, layers, nonlinearity="relu", dtype=torch.float64),
    "GRU": lambda layers: nn.GRU(INPUTS, HIDDEN, layers, dtype=torch.float64),
    "LSTM": lambda layers: nn.LSTM(INPUTS, HIDDEN, layers, dtype=torch.float64),
}


def last_states(module, x):
    """(batch, n) in dynlatch's order: the layers one after the other, each (h, c) of an LSTM."""
    _, hidden = module(x)
    parts = hidden if isinstance(hidden, tuple) else (hidden,)
    return torch.cat([part[k] for k in range(module.num_layers) for part in parts], dim=-1)


def gradient_of(module, name):
    """PyTorch's gradient of a parameter of dynlatch."""
    layer, _, inner = name.rpartition(".")
    suffix = f"_l{layer.removeprefix('layer') or 0}"
    torch_name = {"W_hh": "weight_hh", "W_ih": "weight_ih", "bias": "bias_hh"}.get(inner, inner)
    return getattr(module, torch_name + suffix).grad.numpy()


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("name", MODULES)
def test_total_is_that_of_autograd(name, layers):
    torch.manual_seed(layers)
    module = MODULES[name](layers)
    x = torch.randn(T, BATCH, INPUTS, dtype=torch.float64)
    last = last_states(module, x)
    weights = torch.randn_like(last)
    (weights * last).sum().backward()
    network = dl.from_torch(module)
    split = analysis.gradient_contributions(network, np.zeros((BATCH, network.dim)), x.numpy(), weights.numpy())
    for parameter, array in split.total.items():
        exact = gradient_of(module, parameter)
        np.testing.assert_allclose(array, exact, rtol=0, atol=1e-12 * np.abs(exact).max())
    reached = np.isfinite(split.log_norms).any(axis=0)  # not where every unit of a ReLU net is off
    np.testing.assert_allclose(split.projections.sum(axis=0), reached, rtol=1e-12)


@pytest.mark.parametrize("make", [nn.RNNCell, nn.GRUCell], ids=["RNN", "GRU"])
def test_terms_are_those_of_weights_of_their_own(make):
    """Every time step gets a copy of the weights: the gradient of the copy of step tau is the term of tau."""
    torch.manual_seed(0)
    cell = make(INPUTS, HIDDEN, dtype=torch.float64)
    copies = [make(INPUTS, HIDDEN, dtype=torch.float64) for _ in range(T)]
    for copy in copies:
        copy.load_state_dict(cell.state_dict())
    x = torch.randn(T, INPUTS, dtype=torch.float64)
    h = torch.zeros(HIDDEN, dtype=torch.float64)
    for copy, u in zip(copies, x, strict=True):
        h = copy(u, h)
    (h**2).sum().backward()
    split = analysis.gradient_contributions(dl.from_torch(cell), np.zeros(HIDDEN), x.numpy(), lambda a: 2.0 * a)
    size = [np.log(copy.weight_hh.grad.norm().item()) if copy.weight_hh.grad.any() else -np.inf for copy in copies]
    np.testing.assert_allclose(split.by_kind["recurrent weights"], size, rtol=1e-12)
    size = [np.log(copy.weight_ih.grad.norm().item()) for copy in copies]
    np.testing.assert_allclose(split.by_kind["input weights"], size, rtol=1e-12)
