"""PyTorch modules of any kind as maps: the contracts, agreement with our own networks, and every analysis that needs them."""

import numpy as np
import pytest
from conformance import check_map

import dynlatch as dl
from dynlatch import analysis
from dynlatch.errors import InvalidInput

torch = pytest.importorskip("torch")
nn = torch.nn


class Leaky(nn.Module):
    """A cell with `step`, a normalised sum, dropout, a buffer and a parameter that is used twice."""

    def __init__(self, inputs=2, units=3):
        super().__init__()
        self.own = nn.Linear(units, units)
        self.entering = nn.Linear(inputs, units, bias=False)
        self.norm = nn.LayerNorm(units)
        self.drop = nn.Dropout(0.5)
        self.rate = nn.Parameter(torch.tensor(0.3))
        self.register_buffer("shift", torch.ones(units))

    def step(self, h, x):
        rate = torch.sigmoid(self.rate)
        net = self.own(torch.tanh(h)) + self.entering(self.drop(x)) + 0.1 * self.shift
        return (1 - rate) * h + rate * torch.tanh(self.norm(self.drop(net)))


class OneState(nn.Module):
    """A cell for single states only."""

    def __init__(self):
        super().__init__()
        self.W = nn.Parameter(torch.randn(3, 3))

    def step(self, h, x):
        return torch.tanh(self.W @ h + x.sum())


class Joined(nn.Module):
    """An LSTM cell whose two states are one."""

    def __init__(self):
        super().__init__()
        self.cell = nn.LSTMCell(2, 3)

    def step(self, s, x):
        return torch.cat(self.cell(x, tuple(s.chunk(2, dim=1))), dim=1)


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(5)


@pytest.mark.parametrize(
    ("make", "n", "m"),
    [(Leaky, 3, 2), (OneState, 3, 2), (OneState, 3, 0), (Joined, 6, 2), (lambda: nn.GRUCell(2, 3), 3, 2)],
    ids=["step", "single states", "no input", "joined", "forward"],
)
def test_contracts(make, n, m):
    check_map(dl.from_torch_cell(make(), n, m))


@pytest.mark.parametrize("make", [lambda: nn.GRUCell(2, 3), lambda: nn.RNNCell(2, 3), Joined])
def test_as_our_own_network(make):
    module = make().double()
    own = dl.from_torch(getattr(module, "cell", module))
    cell = dl.from_torch_cell(module, own.dim, 2)
    rng = np.random.default_rng(0)
    a, u, v = rng.normal(size=(4, own.dim)), rng.normal(size=(4, 2)), rng.normal(size=(4, own.dim))
    for name, arguments in {"step": (a, u), "jacobian": (a, u), "input_jacobian": (a, u), "vjp": (a, v, u)}.items():
        expected = getattr(own, name)(*arguments)
        np.testing.assert_allclose(getattr(cell, name)(*arguments), expected, rtol=0, atol=1e-12, err_msg=name)


def test_the_original_may_change_afterwards():
    module = Leaky().train()
    cell = dl.from_torch_cell(module, 3, 2)
    before = cell.step(np.ones(3))
    with torch.no_grad():
        module.own.weight.add_(1.0)
    np.testing.assert_array_equal(cell.step(np.ones(3)), before)
    assert module.training
    assert module.own.weight.dtype == torch.float32
    assert module.own.weight.requires_grad


def test_parameters_have_the_modules_names():
    cell = dl.from_torch_cell(Leaky(), 3, 2)
    assert list(cell.parameters) == [name for name, _ in Leaky().named_parameters()]
    other = cell.with_parameters(**{"own.bias": np.full(3, 2.0)})
    np.testing.assert_array_equal(other.parameters["own.bias"], np.full(3, 2.0))
    assert not np.array_equal(cell.parameters["own.bias"], np.full(3, 2.0))
    with pytest.raises(InvalidInput, match="no parameter 'bias'"):
        cell.with_parameters(bias=np.zeros(3))


def test_the_verbs():
    module = nn.GRUCell(1, 2).double()
    with torch.no_grad():
        module.weight_hh.zero_()
        module.weight_hh[4:] = 4 * torch.eye(2)
        for bias in (module.bias_ih, module.bias_hh):
            bias.zero_()
    cell, own = dl.from_torch_cell(module, 2, 1), dl.from_torch(module)
    found = analysis.fixed_points(cell, bounds=(-2, 2), rng=0)
    np.testing.assert_allclose(found.points, analysis.fixed_points(own).points, rtol=0, atol=1e-9)
    inputs = np.random.default_rng(1).normal(size=(20, 3, 1))
    a0 = np.zeros((3, 2))
    ours, theirs = (analysis.gradient_decay(map, a0, inputs).log_norms for map in (cell, own))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-10)


class Remembers(nn.Module):
    def __init__(self):
        super().__init__()
        self.count = 0

    def step(self, h, x):
        self.count += 1
        return h * self.count


class Pair(nn.Module):
    def step(self, h, x):
        return h, x


class Wider(nn.Module):
    def step(self, h, x):
        return torch.cat([h, h], dim=-1)


@pytest.mark.parametrize(
    ("module", "complaint"),
    [
        (nn.LSTMCell(2, 3), r"forward\(x, h\)` of LSTMCell does not take"),
        (Remembers(), "another result when it is called again"),
        (Pair(), "returns a tuple, and must return one tensor"),
        (Wider(), r"returns shape \(1, 6\) for a state of shape \(1, 3\)"),
        (nn.GRUCell(5, 3), "does not take a state of 3 numbers and an input of 2 to the next state: RuntimeError"),
        (lambda h, x: h, "expected a PyTorch module; got function"),
        ({"weight": 1}, "expected a PyTorch module; got dict"),
    ],
)
def test_what_is_no_cell(module, complaint):
    with pytest.raises(InvalidInput, match=complaint):
        dl.from_torch_cell(module, 3, 2)
