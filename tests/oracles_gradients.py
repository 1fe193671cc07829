"""Networks of weighted sums written from their formula, one sequence and one number at a time: slow, and obviously right."""

import math

import numpy as np

from dynlatch.lanes.units import EXPONENTIAL, LINEAR, LOGISTIC, RELU, TANH, THRESHOLD
from dynlatch.lanes.wiring import Connection, wire

RESPONSE = {
    TANH: math.tanh,
    LINEAR: lambda a: a,
    LOGISTIC: lambda a: 1 / (1 + math.exp(-a)),
    THRESHOLD: lambda a: 1.0 if a >= 0 else -1.0,
    RELU: lambda a: max(a, 0.0),
    EXPONENTIAL: math.exp,
}
SLOPE = {
    TANH: lambda x: 1 - x * x,
    LINEAR: lambda x: 1.0,
    LOGISTIC: lambda x: x * (1 - x),
    THRESHOLD: lambda x: 0.0,
    RELU: lambda x: float(x > 0),
    EXPONENTIAL: lambda x: x,
}


def connections(net):
    """The wiring as a list again, gated connections last."""
    target = np.repeat(np.arange(net.kinds.size), np.diff(net.first))
    rows = [*zip(target, net.source, net.weight, net.delay, strict=True), *net.gated]
    return [Connection(*map(int, row)) for row in rows]


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
                    total += copies[t - 1, e] * read(net, x, inputs, t, c)
            x[t, i] = RESPONSE[int(net.kinds[i])](total)
    return x


def read(net, x, inputs, t, c):
    """What a connection multiplies its weight with at time t."""
    value = signal(net, x, inputs, max(t - c.delay, 0), c.source)
    return value if c.gate is None else value * signal(net, x, inputs, max(t - c.gate_delay, 0), c.gate)


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
    return np.tile(theta[[c.weight for c in connections(net)]], (T, 1))


def cost(net, copies, inputs, target):
    return 0.5 * np.sum((run(net, copies, inputs)[-1, net.outputs] - target) ** 2)


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


def jacobian_of_run(net, theta, inputs, memory, h=1e-5):
    """dx_T/dx_0 of the outputs of the units `memory`, by central differences of the start."""
    copies, columns = unfolded(net, theta, len(inputs)), []
    for k in memory:
        ends = [run(net._replace(start=net.start + step * np.eye(net.kinds.size)[k]), copies, inputs) for step in (h, -h)]
        columns.append((ends[0][-1, memory] - ends[1][-1, memory]) / (2.0 * h))
    return np.array(columns).T


def by_weight(net, copies, weights):
    """Sum over the copies of each weight: (weights,)."""
    return np.bincount([c.weight for c in connections(net)], weights=copies.sum(axis=0), minlength=weights)


def becker_lecun(net, theta, inputs):
    """d2C/da^2 (T + 1, n) by the recursion of Becker and LeCun without f'', from C = (y - d)^2 / 2."""
    n, T, edges = net.kinds.size, len(inputs), connections(net)
    x = run(net, unfolded(net, theta, T), inputs)
    h = np.zeros((T + 1, n))
    for t in range(T, 0, -1):
        for j in reversed(range(n)):
            arriving = 1.0 if t == T and j in net.outputs else 0.0
            for c in edges:
                for delay, gain in gains(net, x, inputs, t, j, c):
                    arriving += (theta[c.weight] * gain) ** 2 * h[t + delay, c.target]
            h[t, j] = SLOPE[int(net.kinds[j])](x[t, j]) ** 2 * arriving
    return h


def gains(net, x, inputs, t, j, c):
    """When the output of unit j at time t is read by a connection, and the derivative of what is read."""
    ends = [(c.source, c.delay)] + ([] if c.gate is None else [(c.gate, c.gate_delay)])
    if len(ends) == 2 and ends[0] == ends[1]:
        return [(c.delay, 2 * x[t, j])] if c.source == j and t + c.delay <= len(inputs) else []
    others = [1.0] if c.gate is None else ends[::-1]
    return [
        (delay, 1.0 if c.gate is None else signal(net, x, inputs, max(t + delay - other[1], 0), other[0]))
        for (source, delay), other in zip(ends, others, strict=True)
        if source == j and t + delay <= len(inputs)
    ]


def read_signals(net, theta, inputs):
    """What each connection reads at each step, (T, E)."""
    T = len(inputs)
    x = run(net, unfolded(net, theta, T), inputs)
    return np.array([[read(net, x, inputs, t, c) for c in connections(net)] for t in range(1, T + 1)])


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


def gated_wiring(rng, kinds, edges=8, gated=8, longest=3):
    """Random connections, plain and gated, between these units and two inputs; every fourth gated one is a square."""
    n, made = len(kinds), []
    signals = [(j, d) for j in range(n) for d in range(longest + 1)] + [(n + k, 0) for k in range(3)]
    for weight in range(edges + gated):
        target = int(rng.integers(n))
        known = [(j, d) for j, d in signals if d > 0 or j >= n or j < target]
        one, other = (known[int(k)] for k in rng.integers(len(known), size=2))
        gate = () if weight < edges else one if weight % 4 == 0 else other
        made.append(Connection(target, one[0], weight, one[1], *gate))
    made.append(Connection(n - 1, n, edges + gated, 0))
    trained, start = edges + gated - 1, list(rng.uniform(0.1, 0.5, n))
    return wire(made, kinds=kinds, inputs=2, output=(n - 1, 0), trained=trained, start=start)
