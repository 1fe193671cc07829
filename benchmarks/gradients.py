"""All log-norms of da_t/da_0 along a trajectory, against PyTorch; leading singular values without a product.

    python -m benchmarks.gradients

PyTorch: `torch.func.jacrev` of every step, running product, `torch.linalg.matrix_norm`, float64, scaled from its first
20 to 200 steps to all 1000. `gradient_decay` computes the trajectory as well.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import dynlatch as dl
from benchmarks.commands import script
from benchmarks.contract import Row, Setting, Timed, alone, times, versus
from dynlatch.analysis import gradient_decay, leading_gradients

# kind, units, gain, steps, steps that PyTorch does (their time is scaled), bar
CASES = (
    ("additive", 128, 0.9, 1000, 200, 12.0),
    ("additive", 128, 1.5, 1000, 200, 12.0),
    ("GRU", 128, 1.0, 1000, 100, 12.0),
    ("LSTM", 64, 1.0, 1000, 100, 12.0),
    ("additive", 512, 0.9, 1000, 20, 10.0),
    ("additive", 512, 1.5, 1000, 20, 10.0),
)
QUICK = (("additive", 24, 1.5, 40, 10, 12.0), ("LSTM", 8, 1.0, 20, 10, 12.0))
GATES = {"GRU": (dl.GRU, 3), "LSTM": (dl.LSTM, 4)}


def make(kind, n, gain, T, rng):
    """A network, its weights by the peer's names, a start and inputs (T, m)."""
    if kind == "additive":
        W = gain * rng.standard_normal((n, n)) / np.sqrt(n)
        return dl.AdditiveNetwork(W), {"W": W}, 0.5 * rng.standard_normal(n), 0.1 * rng.standard_normal((T, n))
    network, gates = GATES[kind]
    size = gain / np.sqrt(n)
    shapes = {"weight_ih": (gates * n, 4), "weight_hh": (gates * n, n), "bias_ih": (gates * n,), "bias_hh": (gates * n,)}
    weights = {name: rng.uniform(-size, size, shape) for name, shape in shapes.items()}
    net = network(**weights)
    return net, weights, np.zeros(net.dim), rng.standard_normal((T, 4))


def rows(setting: Setting) -> Iterator[Row]:
    for kind, n, gain, T, few, bar in QUICK if setting.quick else CASES:
        net, weights, start, inputs = make(kind, n, gain, T, np.random.default_rng(0))
        states, work = dl.trajectory(net, start, inputs), f"{kind}, {n} units, gain {gain}, T = {T}"
        ours = Timed(lambda net=net, a=start, u=inputs: gradient_decay(net, a, u))
        arrays = {**weights, "states": states[: few + 1], "inputs": inputs[:few]}
        with setting.peer("torch", "run_torch.py", arrays, kind, T) as peer:

            def apart(peer=peer, ours=ours, few=few):
                return f"ln differs by {np.abs(peer.answer()['log_norms'] - ours.result.log_norms[:few]).max():.0e}"

            rounds = setting.several(3 if n > 200 else None)
            yield versus(work, "torch.func.jacrev", ours, peer.turn, rounds, bar=times(bar), note=apart)
        both = Timed(lambda net=net, a=start, u=inputs: gradient_decay(net, a, u).backward)
        yield alone(f"the same, forward and backward ({kind}, {n})", both, setting.several(2))
    yield leading(*(24, 20) if setting.quick else (512, 1000))


def leading(n, T):
    """The largest singular value of da_T/da_0, by products with vectors alone."""
    rng = np.random.default_rng(1)
    net = dl.AdditiveNetwork(0.9 * rng.standard_normal((n, n)) / np.sqrt(n))
    start, inputs = 0.5 * rng.standard_normal(n), 0.1 * rng.standard_normal((T, n))
    ours = Timed(lambda: leading_gradients(net, start, inputs))
    return alone(
        f"leading_gradients, {n} units, T = {T}",
        ours,
        1,
        note=lambda: f"ln = {ours.result.log_values[0]:.6f} ± {ours.result.errors[0]:.0e}, {ours.result.rounds} rounds",
    )


if __name__ == "__main__":
    script(__name__, rows)
