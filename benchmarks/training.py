"""On-line back-propagation through time of 96 five-unit nets, against PyTorch, JAX and a kernel written for this net.

    python benchmarks/training.py --torch-python ENVIRONMENT/bin/python --jax-python ENVIRONMENT/bin/python

Every net has its own 2-sequence problem with T = 50 (lengths 25 to 50) and takes a step after every sequence. All start from
the same weights and see the same sequences in the same order; their last weights are compared (of the median net: where a
gradient explodes, the last digit decides). The library's time is that of a whole `update`: choosing the sequence, counting, the
stopping rule, both sweeps, the step.
"""

from __future__ import annotations

import sys
from pathlib import Path

import common
import numpy as np

from dynlatch.training.block import WIDTH, pack
from dynlatch.training.models import Dense
from dynlatch.training.rules import BackPropagation
from dynlatch.training.tasks import TwoSequence
from dynlatch.training.trials import seeds, trial

ETA = 0.01
NAMES = "inputs", "lengths", "targets"
BARS = {"PyTorch, bmm, float64": 10.0, "PyTorch, bmm, float32": 10.0, "JAX, scan and vmap, float64": 1.0}


def blocks(nets, sequences, T):
    """The trials as the driver packs them, each to see its sequences once, in the order in which they were drawn."""
    task, roots = TwoSequence(T=T), seeds(0, nets)
    trials = [trial(k, roots[k], task, sequences) for k in range(nets)]
    packed = [pack(BackPropagation(eta=ETA), Dense(5), trials[k : k + WIDTH], None, sequences) for k in range(0, nets, WIDTH)]
    for block in packed:
        block.show.lanes.position[:] = 0
        block.show.lanes.pause[0] = sequences
    return packed


def train(packed):
    for block in packed:
        BackPropagation(eta=ETA).update(Dense(5), block.theta, block.state, block.show)


def ours(nets, sequences, T, repeats):
    """CPU seconds of the fastest run, and the weights (nets, 5, 5) after it."""
    seconds = np.inf
    for _ in range(repeats):
        packed = blocks(nets, sequences, T)
        seconds = min(seconds, common.cpu(train, 1, packed)[0])
    return seconds, np.concatenate([block.theta[:25, : len(block.numbers)].T for block in packed]).reshape(-1, 5, 5)


def problem(nets, sequences, T):
    """What the peers are given: first weights, inputs (sequences, nets, T), lengths and targets (sequences, nets)."""
    packed = blocks(nets, sequences, T)
    shown = [{name: getattr(block.show.lanes, name)[: len(block.numbers)] for name in NAMES} for block in packed]
    inputs, lengths, targets = (np.concatenate([part[name] for part in shown]) for name in NAMES)
    return {
        "W": np.concatenate([block.theta[:25, : len(block.numbers)].T for block in packed]).reshape(-1, 5, 5),
        "inputs": inputs[..., 0].transpose(1, 0, 2),
        "lengths": lengths.T,
        "targets": 0.8 * targets.T,
    }


def main(argv=None):
    parser = common.arguments(__doc__, torch_python="Python of PyTorch's environment", jax_python="Python of JAX's environment")
    given = parser.parse_args(argv)
    nets, sequences, T, repeats = (20, 5, 8, 1) if given.quick else (96, 1000, 50, 5)
    ours(nets, 1, T, 1)  # compiles
    seconds, weights = ours(nets, sequences, T, repeats)
    data = problem(nets, sequences, T)
    found = {} if given.quick else {"this net only": common.ask(Path(sys.executable), "run_five_units.py", data, ETA, 5)}
    if given.torch_python:
        few = {name: array if name == "W" else array[:100] for name, array in data.items()}
        found |= {
            f"PyTorch, bmm, {kind}": common.ask(given.torch_python, "run_torch_bptt.py", few, ETA, kind)
            for kind in ("float64", "float32")
        }
    if given.jax_python:
        found["JAX, scan and vmap, float64"] = common.ask(given.jax_python, "run_jax_bptt.py", data, ETA)
    seconds = min(seconds, ours(nets, sequences, T, repeats)[0])  # once more, after the peers: the machine drifts
    each = seconds / (nets * sequences)
    rows = [["dynlatch", f"{1e6 * each:.2f}", f"{1e-3 / each:.0f}", "1.0", "", "", ""]]
    for name, answer in found.items():
        taken, bar = float(answer["seconds"]), BARS.get(name)
        off = np.median(np.abs(answer["W"] - weights).max(axis=(1, 2))) if answer["whole"] else np.nan
        met = common.verdict(None if bar is None else taken >= bar * each)
        shown = "" if bar is None else f"{bar:g} times"
        rows.append([name, f"{1e6 * taken:.2f}", f"{1e-3 / taken:.0f}", f"{taken / each:.2f}", f"{off:.0e}", shown, met])
    common.table(
        ["method", "us a presentation", "k a second", "times ours", "weights of the median net off by", "bar", ""], rows
    )


if __name__ == "__main__":
    main()
