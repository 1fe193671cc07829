"""Back-propagation of compiled networks of weighted sums against PyTorch's automatic differentiation."""

import numpy as np
import pytest

from dynlatch.lanes.influence import carried_gradient, influences
from dynlatch.lanes.packs import padded
from dynlatch.lanes.units import LOGISTIC, TANH
from dynlatch.lanes.wiring import backward, forward, gradient
from dynlatch.training.models import Dense, FocusedNet, LatchNet, LocalFeedbackNet, ParityNet

torch = pytest.importorskip("torch")

MODELS = [Dense(5), Dense(3, units="logistic"), ParityNet(), ParityNet(order="synchronous"), LatchNet(), LocalFeedbackNet(2)]


def torch_gradient(net, theta, inputs, target):
    """dC/dtheta of one sequence, every sum written out."""
    weights = torch.tensor(theta, dtype=torch.float64, requires_grad=True)
    one, n = torch.ones((), dtype=torch.float64), net.kinds.size
    history = [[torch.tensor(x) for x in (*net.start, *np.zeros(net.inputs))] + [one]]
    for u in inputs:
        now = [None] * n + [torch.tensor(x) for x in u] + [one]
        history.append(now)
        for i in range(n):
            total = torch.zeros((), dtype=torch.float64)
            for e in range(net.first[i], net.first[i + 1]):
                total = total + weights[net.weight[e]] * history[max(len(history) - 1 - net.delay[e], 0)][net.source[e]]
            kind = net.kinds[i]
            now[i] = torch.tanh(total) if kind == TANH else torch.sigmoid(total) if kind == LOGISTIC else total
    cost = (history[-1][net.output] - target) ** 2 / 2
    cost.backward()
    return weights.grad.numpy()


@pytest.mark.parametrize("model", [*MODELS, LocalFeedbackNet(2, loop="tanh"), FocusedNet(2)], ids=repr)
def test_both_gradients_are_those_of_torch(model):
    net, rng, T, L = model.cell(), np.random.default_rng(1), 10, 3
    n, lengths, targets = net.kinds.size, np.array([5, 10, 8]), np.array([0.8, -0.8, 0.8])
    theta, inputs = padded(rng.uniform(-1, 1, (int(net.weight.max()) + 1, L))), rng.uniform(-1, 1, (T, net.inputs, L))
    s, a, d = (padded(np.zeros((T + 1, rows, L))) for rows in (n + net.inputs + 1, n, n))
    s[1:, n:-1, :L] = inputs
    forward(net, theta, T, s, a)
    d[lengths, net.output, np.arange(L)] = s[lengths, net.output, np.arange(L)] - targets
    g, carried = np.empty_like(theta), np.empty_like(theta)
    carried_gradient(net, theta, T, s, d, influences(net), carried)
    backward(net, theta, T, s, d)
    gradient(net, T, s, d, g)
    expected = [torch_gradient(net, theta[:, k], inputs[: lengths[k], :, k], targets[k]) for k in range(L)]
    np.testing.assert_allclose(g[: net.trained, :L].T, np.array(expected)[:, : net.trained], rtol=0, atol=1e-14)
    np.testing.assert_allclose(carried[: net.trained, :L].T, np.array(expected)[:, : net.trained], rtol=0, atol=1e-14)
