"""What it costs to watch a run: back-propagation with and without `RegionMonitor`, ratios of CPU seconds within one run.

    python -m benchmarks.monitor

Nets: the fully connected one of 5 units on the 2-sequence problem, 3,000 presentations, and the parity net, 12,000; T = 50, 32
trials, and 96 in one block. No trial ends early; watched or not, a run pauses where `train` has it pause. "monitor": the whole,
at its defaults, first portrait included; "gradient, every k": log-norm, share and horizon of dC/dW, recorded in the rule's loop
by `RegionMonitor(every=k)`, without portraits.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.commands import script
from benchmarks.common import cpu
from benchmarks.contract import Row, Setting, at_most
from dynlatch.training.block import BETWEEN_PAUSES, pack
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
        for at in (*range(BETWEEN_PAUSES, self.presentations, BETWEEN_PAUSES), self.presentations):
            self.show.lanes.pause[0] = at
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


def seconds(model, task, lanes: int, presentations: int, rounds: int) -> dict[str, np.ndarray]:
    """CPU seconds of each way to run, a round each in turn."""
    ways = {"plain": None, "monitor": RegionMonitor(), **{f"gradient, every {k}": RegionMonitor(k, 10**9) for k in EVERY}}
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds + 1):  # the first compiles
        for name, settings in ways.items():
            run = Run(model, task, lanes, presentations)
            if settings is None:
                took, _ = cpu(run.plain)
            else:
                run.watch(settings, portraits=name == "monitor")
                took, _ = cpu(run.monitor)
            taken[name].append(took)
    return {name: np.array(values[1:]) for name, values in taken.items()}


def rows(setting: Setting) -> Iterator[Row]:
    cases = {
        "5 units, 2-sequence": (Dense(5), TwoSequence(T=50), 3_000),
        "parity net": (ParityNet(), Parity(T=50), 12_000),
    }
    for name, (model, task, shown) in cases.items():
        for lanes in (32,) if setting.quick else (32, 96):
            taken = seconds(model, task, lanes, 20 if setting.quick else shown, setting.several())
            plain = taken.pop("plain")
            for way, values in taken.items():
                least = f"{1e3 * values.min():.0f} ms, unwatched {1e3 * plain.min():.0f} ms, least of {len(plain)}"
                watched = tuple(values / plain)
                yield Row(
                    f"{name}, {lanes} trials, {way}", "", watched, (), at_most(BARS[way]), "times the run unwatched", least
                )


if __name__ == "__main__":
    script(__name__, rows)
