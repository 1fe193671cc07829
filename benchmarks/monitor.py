"""What it costs to watch a run: back-propagation with and without `RegionMonitor`, ratios of CPU seconds within one run.

    python benchmarks/monitor.py [--quick]

Nets: the fully connected one of 5 units on the 2-sequence problem, 3,000 presentations, and the parity net, 12,000; T = 50, 32
trials, and 96 in one block. No trial ends early. "monitor": the whole, at its defaults, first portrait included; "gradient,
every k": log-norm, share and horizon of dC/dW, recorded in the rule's loop by `RegionMonitor(every=k)`, without portraits.
"""

from __future__ import annotations

import common
import numpy as np

from dynlatch.training.block import pack
from dynlatch.training.models import Dense, ParityNet
from dynlatch.training.monitor import RegionMonitor
from dynlatch.training.rules import BackPropagation
from dynlatch.training.tasks import Parity, TwoSequence
from dynlatch.training.trials import seeds, trial

EVERY = {1: 1.8, 10: 1.1, 100: 1.02}  # presentations between two looks at the gradient: bar
BARS = {f"gradient, every {k}": bar for k, bar in EVERY.items()} | {"monitor": 1.5}


class Run:
    """One block of trials that never end."""

    def __init__(self, model, task, lanes: int, presentations: int) -> None:
        self.model, self.task, self.rule, self.presentations = model, task, BackPropagation(eta=0.05), presentations
        trials = [trial(k, seed, task, 50) for k, seed in enumerate(seeds(0, lanes))]
        self.block = pack(self.rule, model, trials, None, presentations)
        show = self.block.show
        self.show = type(show)(show.lanes._replace(needed=10**9), show.work)

    def plain(self) -> None:
        self.show.lanes.pause[0] = self.presentations
        self.rule.update(self.model, self.block.theta, self.block.state, self.show)

    def watch(self, settings: RegionMonitor, *, portraits: bool) -> None:
        """Open a monitor before the clock starts; without portraits, not even those at the beginning and the end."""
        self.watched = settings.open(self.model, self.task, self.show.lanes)
        self.watched.seen[:] = -1 if portraits else self.presentations

    def monitor(self) -> None:
        watch = self.watched
        watch.look(self.block.theta, self.show, self.block.numbers)
        show, at = watch.attached(self.show), 0
        while at < self.presentations:
            at = min(watch.pause_after(at), self.presentations)
            show.lanes.pause[0] = at
            self.rule.update(self.model, self.block.theta, self.block.state, show)
            watch.look(self.block.theta, show, self.block.numbers)
        watch.close()


def seconds(model, task, lanes: int, presentations: int, repeats: int) -> dict[str, float]:
    """Least CPU seconds of each way to run; the ways take turns."""
    ways = {"plain": None, "monitor": RegionMonitor(), **{f"gradient, every {k}": RegionMonitor(k, 10**9) for k in EVERY}}
    least = dict.fromkeys(ways, np.inf)
    for _ in range(repeats + 1):  # the first compiles
        for name, settings in ways.items():
            run = Run(model, task, lanes, presentations)
            if settings is None:
                took, _ = common.cpu(run.plain)
            else:
                run.watch(settings, portraits=name == "monitor")
                took, _ = common.cpu(run.monitor)
            least[name] = min(least[name], took)
    return least


def main(argv: list[str] | None = None) -> None:
    quick = common.arguments(__doc__).parse_args(argv).quick
    rows = []
    cases = {
        "5 units, 2-sequence": (Dense(5), TwoSequence(T=50), 3_000),
        "parity net": (ParityNet(), Parity(T=50), 12_000),
    }
    for name, (model, task, shown) in cases.items():
        for lanes in (32,) if quick else (32, 96):
            took = seconds(model, task, lanes, 20 if quick else shown, 1 if quick else 3)
            for way, value in took.items():
                ratio, bar = value / took["plain"], BARS.get(way)
                met = None if bar is None or quick else ratio <= bar
                rows.append([name, lanes, way, f"{1e3 * value:.1f}", f"{ratio:.3f}", bar or "", common.verdict(met)])
    common.table(["net", "trials", "run", "CPU ms", "ratio", "bar", ""], rows)


if __name__ == "__main__":
    main()
