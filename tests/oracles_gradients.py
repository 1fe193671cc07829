"""Networks of weighted sums written from their formula, one sequence and one number at a time: slow, and obviously right."""

import math

import numpy as np

from dynlatch.lanes.units import LINEAR, LOGISTIC, TANH, THRESHOLD
from dynlatch.lanes.wiring import Connection, wire

RESPONSE = {
    TANH: math.tanh,
    LINEAR: lambda a: a,
    LOGISTIC: lambda a: 1 / (1 + math.exp(-a)),
    THRESHOLD: lambda a: 1.0 if a >= 0 else -1.0,
}
SLOPE = {TANH: lambda x: 1 - x * x, LINEAR: lambda x: 1.0, LOGISTIC: lambda x: x * (1 - x), THRESHOLD: lambda x: 0.0}


def connections(net):
    """The wiring as a list again."""
    target = np.repeat(np.arange(net.kinds.size), np.diff(net.first))
    return [Connection(*map(int, row)) for row in zip(target, net.source, net.weight, net.delay, strict=True)]


def run(net, copies, inputs, push=None):
    """Outputs (T + 1, n) where connection e at step t has the weight copies[t - 1, e]; `push[t, i]` is added to a_i(t)."""
    n, T, edges = net.kinds.size, len(inputs), connections(net)
    x = np.zeros((T + 1, n))
    x[0] = net.start
    for t in range(1, T + 1):
        for i in range(n):
            total = 0.0 if push is None else push[t, i]
            for e, c in enumerate(edges):
                if c.target == i:
                    total += copies[t - 1, e] * signal(net, x, inputs, max(t - c.delay, 0), c.source)
            x[t, i] = RESPONSE[int(net.kinds[i])](total)
    return x


def signal(net, x, inputs, t, source):
    """What a connection reads at time t."""
    n = net.kinds.size
    if source < n:
        return x[t, source]
    if source == n + net.inputs:
        return 1.0
    return inputs[t - 1, source - n] if t >= 1 else 0.0


def unfolded(net, theta, T):
    """One copy of the weight for every connection and step."""
    return np.tile(theta[net.weight], (T, 1))


def cost(net, copies, inputs, target):
    return 0.5 * (run(net, copies, inputs)[-1, net.output] - target) ** 2


def gradient_of_copies(net, theta, inputs, target, h=1e-5):
    """dC/dw for every copy of every connection, (T, E), by central differences of fourth order."""
    copies = unfolded(net, theta, len(inputs))
    g = np.zeros_like(copies)
    for index in np.ndindex(*copies.shape):
        values = []
        for k in (-2, -1, 1, 2):
            moved = copies.copy()
            moved[index] += k * h
            values.append(cost(net, moved, inputs, target))
        g[index] = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * h)
    return g


def by_weight(net, copies, weights):
    """Sum over the copies of each weight: (weights,)."""
    return np.bincount(net.weight, weights=copies.sum(axis=0), minlength=weights)


def becker_lecun(net, theta, inputs):
    """d2C/da^2 (T + 1, n) by the recursion of Becker and LeCun without f'', from C = (y - d)^2 / 2."""
    n, T, edges = net.kinds.size, len(inputs), connections(net)
    x = run(net, unfolded(net, theta, T), inputs)
    h = np.zeros((T + 1, n))
    for t in range(T, 0, -1):
        for j in reversed(range(n)):
            arriving = 1.0 if (t, j) == (T, net.output) else 0.0
            for c in edges:
                if c.source == j and t + c.delay <= T:
                    arriving += theta[c.weight] ** 2 * h[t + c.delay, c.target]
            h[t, j] = SLOPE[int(net.kinds[j])](x[t, j]) ** 2 * arriving
    return h


def read_signals(net, theta, inputs):
    """What each connection reads at each step, (T, E)."""
    T = len(inputs)
    x = run(net, unfolded(net, theta, T), inputs)
    return np.array(
        [[signal(net, x, inputs, max(t - c.delay, 0), c.source) for c in connections(net)] for t in range(1, T + 1)]
    )


def random_wiring(rng, kinds, inputs, edges, shared=True):
    """A random network of these units with delays 0 to 3, some weights shared by several connections."""
    n, made = len(kinds), []
    while len(made) < edges:
        target, source, delay = (int(rng.integers(k)) for k in (n, n + inputs + 1, 4))
        delay = 0 if source >= n else delay
        if delay or source >= n or source < target:
            weight = int(rng.integers(edges // 2)) if shared else len(made)
            made.append(Connection(target, source, weight, delay))
    made.append(Connection(n - 1, n, edges, 0))
    return wire(made, kinds=kinds, inputs=inputs, output=n - 1, trained=edges, start=list(rng.uniform(-0.5, 0.5, n)))
