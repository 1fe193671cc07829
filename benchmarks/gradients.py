"""All log-norms of da_t/da_0 along a trajectory, against PyTorch; leading singular values without a product.

python benchmarks/gradients.py --peer-python torch/bin/python      # PyTorch in an environment of its own, see README.md
"""

from __future__ import annotations

import common
import numpy as np

import dynlatch as dl
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
QUICK = (("additive", 24, 1.5, 40, 10, None), ("LSTM", 8, 1.0, 20, 10, None))
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


def main(argv=None):
    parser = common.arguments(__doc__, peer_python="interpreter of the environment that has PyTorch")
    parser.add_argument("--large", action="store_true", help="leading singular values at n = 4096, T = 1000 (many minutes)")
    given = parser.parse_args(argv)
    rows = []
    for kind, n, gain, T, few, bar in QUICK if given.quick else CASES:
        net, weights, start, inputs = make(kind, n, gain, T, np.random.default_rng(0))
        states = dl.trajectory(net, start, inputs)
        repeats = 1 if given.quick else 3
        seconds, decay = common.cpu(lambda net=net, a=start, u=inputs: gradient_decay(net, a, u), repeats)
        both, _ = common.cpu(lambda net=net, a=start, u=inputs: gradient_decay(net, a, u).backward, repeats)
        row = [f"{kind}, {n} units, gain {gain}, T = {T}", f"{seconds:.3f} s", f"{both:.3f} s"]
        if given.peer_python and not given.quick:
            peer = common.ask(
                given.peer_python, "run_torch.py", {**weights, "states": states[: few + 1], "inputs": inputs[:few]}, kind
            )
            ratio = float(peer["seconds"]) * T / seconds
            difference = np.abs(peer["log_norms"] - decay.log_norms[:few]).max()
            row += [f"{peer['seconds'] * T:.2f} s", f"{ratio:.1f}x", f"{difference:.0e}", common.verdict(ratio >= bar)]
        rows.append(row + [""] * (7 - len(row)))
    common.table(["net", "forward", "and backward", "PyTorch, forward", "ratio", "difference", ""], rows)
    large(24 if given.quick else 4096 if given.large else 512, 20 if given.quick else 1000)


def large(n, T):
    """The largest singular value of da_T/da_0, by products with vectors alone."""
    rng = np.random.default_rng(1)
    net = dl.AdditiveNetwork(0.9 * rng.standard_normal((n, n)) / np.sqrt(n))
    start, inputs = 0.5 * rng.standard_normal(n), 0.1 * rng.standard_normal((T, n))
    seconds, found = common.cpu(lambda: leading_gradients(net, start, inputs))
    print(
        f"\nleading_gradients, n = {n}, T = {T}: ln = {found.log_values[0]:.9f} +- {found.errors[0]:.0e} "
        f"in {found.rounds} rounds, {seconds:.1f} s"
    )


if __name__ == "__main__":
    main()
