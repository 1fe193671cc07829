"""What it costs to watch a run: back-propagation with and without `RegionMonitor`, ratios of CPU seconds within one run.

    python benchmarks/monitor.py [--quick]

Nets: the fully connected one of 5 units on the 2-sequence problem, 3,000 presentations, and the parity net, 12,000; T = 50, 32
trials, and 96 in one block. No trial ends early. "monitor": the whole, at its defaults, first portrait included; "looks, every
k": `RegionMonitor(every=k)` with the first portrait only; "gradient in the loop, every k": log-norm, share and horizon of
dC/dW by `lanes.trace.record` inside the compiled loop, which the rules do not do yet.
"""

from __future__ import annotations

import common
import numpy as np

from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.descent import clear, descend, gather
from dynlatch.lanes.show import present
from dynlatch.lanes.trace import record
from dynlatch.lanes.wiring import backward, gradient
from dynlatch.training.block import pack
from dynlatch.training.models import Dense, ParityNet
from dynlatch.training.monitor import RegionMonitor
from dynlatch.training.rules import BackPropagation
from dynlatch.training.tasks import Parity, TwoSequence
from dynlatch.training.trials import seeds, trial

EVERY = {1: 1.8, 10: 1.1, 100: 1.02}  # presentations between two looks at the gradient: bar
BARS = {f"{way}, every {k}": bar for way in ("looks", "gradient in the loop") for k, bar in EVERY.items()} | {"monitor": 1.5}


@kernel
def traced(net, theta, show, work, change, total, g, due, eta, momentum, batch, every, before, out):  # type: ignore[no-untyped-def]
    """The loop of `BackPropagation`, with one line more."""
    steps = present(net, theta, show, work)
    while steps > 0:
        backward(net, theta, steps, work.s, work.d)
        record(net, theta, show, work, every, before, 10, out)
        gradient(net, steps, work.s, work.d, g)
        gather(total, g, work.live, show.presentations, batch, due)
        descend(theta, change, total, eta, momentum, net.trained, due)
        clear(total, due)
        steps = present(net, theta, show, work)


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

    def gradient(self, every: int) -> None:
        self.show.lanes.pause[0] = self.presentations
        out = np.empty((3, self.block.theta.shape[1]))
        lanes, work, theta = self.show.lanes, self.show.work, self.block.theta
        kept = *self.block.state, np.empty_like(theta), np.empty_like(work.live)
        traced(self.model.cell(), theta, lanes, work, *kept, 0.05, 0.0, 1, every, isinstance(self.model, Dense), out)

    def monitor(self, settings: RegionMonitor) -> None:
        watch = settings.open(self.model, self.task, self.show.lanes)
        watch.look(self.block.theta, self.show, self.block.numbers)
        for at in range(settings.every, self.presentations + 1, settings.every):
            self.show.lanes.pause[0] = at
            self.rule.update(self.model, self.block.theta, self.block.state, self.show)
            watch.look(self.block.theta, self.show, self.block.numbers)
        watch.close()


def seconds(model, task, lanes: int, presentations: int, repeats: int) -> dict[str, float]:
    """Least CPU seconds of each way to run; the ways take turns."""
    ways = {
        "plain": lambda run: run.plain(),
        "monitor": lambda run: run.monitor(RegionMonitor()),
        **{f"looks, every {k}": lambda run, k=k: run.monitor(RegionMonitor(k, portrait_every=10**9)) for k in EVERY},
        **{f"gradient in the loop, every {k}": lambda run, k=k: run.gradient(k) for k in EVERY},
    }
    least = dict.fromkeys(ways, np.inf)
    for _ in range(repeats + 1):  # the first compiles
        for name, way in ways.items():
            run = Run(model, task, lanes, presentations)
            took, _ = common.cpu(way, 1, run)
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
