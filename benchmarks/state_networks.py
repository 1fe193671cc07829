"""EM iterations of a state network: 7 states, 8 symbols, 100 sequences of 100 steps; against dynamax, ssm and hmmlearn.

    python -m benchmarks.state_networks

dynamax and dynlatch make the same new tables, by dynamax's smoother and our M-step, jitted. ssm fits its transitions by
gradient. hmmlearn has no inputs: it and the E- and M-step of `BaumWelch` are given a plain HMM of 7 states and 8 outputs, all
of them seen.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.commands import script
from benchmarks.contract import Row, Setting, Timed, times, versus
from dynlatch.lanes.random import states
from dynlatch.lanes.show import Criterion, Lanes, Noise
from dynlatch.lanes.trace import blind
from dynlatch.training.contract import Show
from dynlatch.training.models.input_output_hmm import InputOutputHMM, expect
from dynlatch.training.models.state_network import StateTables
from dynlatch.training.models.topology import fully_connected, two_chains
from dynlatch.training.rules import ExpectationMaximization
from dynlatch.training.rules.baum_welch import maximised

THRESHOLDS = tuple(np.linspace(-0.9, 0.9, 7))
TOPOLOGIES = {"two chains": two_chains(3, THRESHOLDS), "all transitions": fully_connected(7, THRESHOLDS, (3, 6))}
DYNAMAX, SSM = 5.0, 300.0
RULE = ExpectationMaximization(det_weight=0.0, floor=0.0, patience=10**9, hold=10**9, sharpness=0.0)


def shown(inputs, targets):
    """One trial: sequences (n, T) of one input, all of full length."""
    n, T = inputs.shape
    integers = {name: np.zeros(1, dtype=np.int64) for name in ("position", "presentations", "streak", "pause")}
    return Lanes(
        inputs=inputs[None, :, :, None].copy(),
        lengths=np.full((1, n), T, dtype=np.int64),
        targets=targets[None].copy(),
        desired=np.empty((1, n, 0, 0)),
        noise=Noise(0, 1, 0.0, 0.0),
        criterion=Criterion(1.0, 0.0, np.inf),
        random=states([np.random.SeedSequence(0)]),
        order=np.arange(n)[None].copy(),
        learned=np.zeros(1, dtype=np.bool_),
        stuck=np.zeros(1, dtype=np.bool_),
        needed=n,
        budget=10**9,
        probe=blind(1),
        **integers,
    )


def iterations(model, theta, show):
    """The turn of five EM iterations from the same tables, and the tables after the first."""
    lanes, start = show.lanes, theta.copy()
    state = RULE.init(model, theta, show, [np.random.SeedSequence(0)])

    def run(count):
        theta[:] = start
        lanes.pause[0] = lanes.presentations[0] + count * len(lanes.lengths[0])
        RULE.update(model, theta, state, show)

    run(1)
    first = model.network(theta[:, 0]).tables
    return Timed(lambda: run(5), repeats=4, per=5), first


def rows(setting: Setting) -> Iterator[Row]:
    n, T = (6, 10) if setting.quick else (100, 100)
    rng = np.random.default_rng(0)
    inputs, targets = rng.uniform(-1.2, 1.2, (n, T)), np.where(np.arange(n) % 2, 1.0, -1.0)
    for name, topology in TOPOLOGIES.items():
        model = StateTables(topology)
        theta = model.initial([np.random.default_rng(1)])
        arrays = {"tables": model.network(theta[:, 0]).tables, "symbols": np.searchsorted(THRESHOLDS, inputs)}
        arrays["goals"] = np.where(targets > 0, *topology.finals[::-1])
        ours, first = iterations(model, theta.copy(), Show(shown(inputs, targets), None))
        with setting.peer("dynamax", "run_dynamax.py", arrays) as peer:
            note = lambda peer=peer, first=first: f"tables differ by {np.nanmax(np.abs(peer.answer()['tables'] - first)):.0e}"  # noqa: E731
            yield versus(name, "dynamax's smoother", ours, peer.turn, setting.several(), bar=times(DYNAMAX), note=note)
        with setting.peer("ssm", "run_ssm.py", arrays) as peer:
            yield versus(name, "ssm, inputdriven", ours, peer.turn, setting.several(3), bar=times(SSM))
    yield plain(setting, rng.integers(0, 8, (n, T)))


def plain(setting, seen):
    """An HMM without inputs whose 8 outputs are seen (n, T)."""
    model = InputOutputHMM(fully_connected(7, (), (3, 6)), 8)
    cell, theta = model.cell(), model.initial([np.random.default_rng(1)])[:, 0]
    transitions, emissions = theta[: 7 * 7].reshape(7, 7), theta[7 * 7 :].reshape(7, 8)  # from, to; state, output
    lengths, scores, symbols = np.full(len(seen), seen.shape[1]), np.empty(len(seen)), np.zeros_like(seen)

    def iteration():
        counts = np.zeros_like(theta)
        expect(cell, theta, symbols, seen, lengths, counts, scores)
        return maximised(cell, theta, counts)

    iteration()  # compiles
    ours = Timed(iteration, repeats=4)
    arrays = {"seen": seen, "first": transitions[cell.start], "transitions": transitions, "emissions": emissions}
    with setting.peer("hmmlearn", "run_hmmlearn.py", arrays) as peer:

        def apart():
            theirs = peer.answer()
            tables, likelihood = theirs["emissions"] - ours.result[49:].reshape(7, 8), theirs["score"] - scores.mean()
            return f"emissions differ by {np.abs(tables).max():.0e}, log-likelihoods by {abs(likelihood):.0e}"

        return versus("plain HMM", "hmmlearn, scaling", ours, peer.turn, setting.several(), note=apart)


if __name__ == "__main__":
    script(__name__, rows)
