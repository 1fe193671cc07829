"""Derivatives of every network of weighted sums, and the curvature that the pseudo-Newton rules use."""

from types import SimpleNamespace

import numpy as np
import pytest
import oracles_gradients as oracle

from dynlatch.lanes.units import LINEAR, LOGISTIC, TANH
from dynlatch.lanes.wiring import backward, curvature, forward, gradient
from dynlatch.training.models import Dense, FocusedNet, LatchNet, LocalFeedbackNet, ParityNet

MODELS = {
    "dense": Dense(5),
    "dense, logistic": Dense(3, units="logistic"),
    "parity": ParityNet(),
    "parity, synchronous": ParityNet(order="synchronous"),
    "latch": LatchNet(),
    "local feedback, linear": LocalFeedbackNet(2),
    "local feedback, tanh": LocalFeedbackNet(2, loop="tanh"),
    "focused": FocusedNet(2),
}


def wirings():
    rng = np.random.default_rng(5)
    random = [oracle.random_wiring(rng, kinds, 2, 14) for kinds in ([TANH] * 4, [TANH, LINEAR, LOGISTIC, TANH])]
    return {name: model.cell() for name, model in MODELS.items()} | {f"random {k}": net for k, net in enumerate(random)}


WIRINGS = wirings()


def swept(net, theta, inputs, lengths, targets):
    """Forward and back for sequences of several lengths, one a lane; theta (P, L), inputs (L, T, m)."""
    n, (L, T, m) = net.kinds.size, inputs.shape
    s, a, d = np.zeros((T + 1, n + m + 1, L)), np.zeros((T + 1, n, L)), np.zeros((T + 1, n, L))
    s[1:, n:-1] = inputs.transpose(1, 2, 0)
    forward(net, theta, T, s, a)
    h, every = np.zeros_like(d), np.arange(L)
    d[lengths, net.output, every] = s[lengths, net.output, every] - targets
    h[lengths, net.output, every] = 1.0
    backward(net, theta, T, s, d)
    curvature(net, theta, T, s, h)
    g = np.empty_like(theta)
    gradient(net, T, s, d, g)
    return SimpleNamespace(s=s, a=a, d=d, h=h, g=g)


def example(net, L=3, T=6, seed=0):
    rng = np.random.default_rng(seed)
    theta = rng.uniform(-1.2, 1.2, (int(net.weight.max()) + 1, L))
    return theta, rng.uniform(-1, 1, (L, T, net.inputs)), rng.integers(T // 2, T + 1, L), rng.choice([-0.8, 0.8], L)


@pytest.mark.parametrize("name", WIRINGS)
def test_gradient_is_that_of_central_differences(name):
    net = WIRINGS[name]
    theta, inputs, lengths, targets = example(net)
    found = swept(net, theta, inputs, lengths, targets)
    for lane, length in enumerate(lengths):
        copies = oracle.gradient_of_copies(net, theta[:, lane], inputs[lane, :length], targets[lane])
        expected = oracle.by_weight(net, copies, len(theta))
        np.testing.assert_allclose(found.g[:, lane], expected, rtol=0, atol=1e-10)
