"""On-line back-propagation through time of 96 five-unit nets, against PyTorch, JAX and a kernel written for this net.

    python -m benchmarks.training

Every net has its own 2-sequence problem with T = 50 (lengths 25 to 50) and takes a step after every sequence. All start from
the same weights and see the same sequences in the same order; their last weights are compared (of the median net: where a
gradient explodes, the last digit decides). The library's time is that of a whole `update`: choosing the sequence, counting, the
stopping rule, both sweeps, the step. Times are of one presentation.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.commands import script
from benchmarks.common import cpu
from benchmarks.contract import Row, Setting, times, versus
from dynlatch.training.block import WIDTH, pack
from dynlatch.training.models import Dense
from dynlatch.training.rules import BackPropagation
from dynlatch.training.tasks import TwoSequence
from dynlatch.training.trials import seeds, trial

ETA = 0.01
NAMES = "inputs", "lengths", "targets"
TORCH, JAX = times(10.0), times(1.0)


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


class Ours:
    """The turn of all nets and sequences; blocks are packed before the clock starts."""

    def __init__(self, nets, sequences, T):
        self.size, self.weights = (nets, sequences, T), None

    def __call__(self):
        packed = blocks(*self.size)
        seconds, _ = cpu(train, 1, packed)
        self.weights = np.concatenate([block.theta[:25, : len(block.numbers)].T for block in packed]).reshape(-1, 5, 5)
        return seconds / (self.size[0] * self.size[1])


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


def rows(setting: Setting) -> Iterator[Row]:
    nets, _, T = size = (20, 5, 8) if setting.quick else (96, 1000, 50)
    Ours(nets, 1, T)()  # compiles
    ours, data = Ours(*size), problem(*size)
    few = {name: array if name == "W" else array[:100] for name, array in data.items()}
    peers = [
        ("PyTorch, bmm, float64", "torch", "run_torch_bptt.py", few, (ETA, "float64"), TORCH),
        ("PyTorch, bmm, float32", "torch", "run_torch_bptt.py", few, (ETA, "float32"), TORCH),
        ("JAX, scan and vmap, float64", "jax", "run_jax_bptt.py", data, (ETA,), JAX),
        ("a Numba kernel for this net alone", "own", "run_five_units.py", data, (ETA,), None),
    ]
    for against, environment, program, arrays, options, bar in peers:
        with setting.peer(environment, program, arrays, *options) as peer:

            def apart(peer=peer):
                answer = peer.answer()
                if not answer["whole"]:
                    return "its first 100 sequences"
                return (
                    f"weights of the median net differ by {np.median(np.abs(answer['W'] - ours.weights).max(axis=(1, 2))):.0e}"
                )

            yield versus(f"{nets} nets, T = {T}", against, ours, peer.turn, setting.several(), bar=bar, note=apart)


if __name__ == "__main__":
    script(__name__, rows)
