"""EM iterations of a state network: 7 states, 8 symbols, 100 sequences of 100 steps; against dynamax and ssm.

python benchmarks/state_networks.py --dynamax dynamax/bin/python --ssm ssm/bin/python      # see README.md
"""

from __future__ import annotations

import common
import numpy as np

from dynlatch.lanes.random import states
from dynlatch.lanes.show import Criterion, Lanes, Noise
from dynlatch.lanes.trace import blind
from dynlatch.training.contract import Show
from dynlatch.training.models.state_network import StateTables
from dynlatch.training.models.topology import fully_connected, two_chains
from dynlatch.training.rules import ExpectationMaximization

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


def iterations(model, theta, show, many):
    """Seconds of one EM iteration, and the tables after the first."""
    lanes, start = show.lanes, theta.copy()
    state = RULE.init(model, theta, show, [np.random.SeedSequence(0)])

    def run(count):
        lanes.pause[0] = lanes.presentations[0] + count * len(lanes.lengths[0])
        RULE.update(model, theta, state, show)

    run(1)
    first = model.network(theta[:, 0]).tables
    seconds = np.inf
    for _ in range(many):
        theta[:] = start
        seconds = min(seconds, common.cpu(lambda: run(5))[0] / 5)
    return seconds, first


def main(argv=None):
    parser = common.arguments(__doc__, dynamax="interpreter that has dynamax", ssm="interpreter that has ssm")
    given = parser.parse_args(argv)
    n, T = (6, 10) if given.quick else (100, 100)
    rng, rows = np.random.default_rng(0), []
    inputs, targets = rng.uniform(-1.2, 1.2, (n, T)), np.where(np.arange(n) % 2, 1.0, -1.0)
    for name, topology in TOPOLOGIES.items():
        model = StateTables(topology)
        theta = model.initial([np.random.default_rng(1)])
        arrays = {"tables": model.network(theta[:, 0]).tables, "symbols": np.searchsorted(THRESHOLDS, inputs)}
        arrays["goals"] = np.where(targets > 0, *topology.finals[::-1])
        show = Show(shown(inputs, targets), None)
        seconds, first = iterations(model, theta.copy(), show, 2 if given.quick else 40)
        rows.append([name, "dynlatch", f"{1e3 * seconds:.3f} ms", "", "", ""])
        if given.dynamax and not given.quick:
            peer = common.ask(given.dynamax, "run_dynamax.py", arrays)
            ratio, apart = float(peer["seconds"]) / seconds, np.nanmax(np.abs(peer["tables"] - first))
            measured = [f"{1e3 * peer['seconds']:.2f} ms", f"{ratio:.1f}x", f"{apart:.0e}", common.verdict(ratio >= DYNAMAX)]
            rows.append([name, "dynamax's smoother", *measured])
        if given.ssm and not given.quick:
            peer = common.ask(given.ssm, "run_ssm.py", arrays)
            ratio = float(peer["seconds"]) / seconds
            rows.append(
                [name, "ssm, inputdriven", f"{1e3 * peer['seconds']:.0f} ms", f"{ratio:.0f}x", "", common.verdict(ratio >= SSM)]
            )
    common.table(["transitions", "", "an iteration", "ratio", "difference", ""], rows)


if __name__ == "__main__":
    main()
