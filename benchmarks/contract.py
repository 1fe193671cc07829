"""The contract: a benchmark is a module with `rows(setting)`, which yields one `Row` for each thing measured.

Whoever is measured is a `Turn`: called without arguments, it does the work once and returns seconds. `versus` lets two of them
take turns, so that both see the same machine; `alone` measures dynlatch against a number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.common import cpu
from benchmarks.workers import Absent, Worker

Turn = Callable[[], float]
Note = str | Callable[[], str]


class Bar(NamedTuple):
    """What was promised: `times` the peer's time over ours, or a value `at most` or `at least`."""

    kind: str
    value: float


def times(value: float) -> Bar:
    return Bar("times", value)


def at_most(value: float) -> Bar:
    return Bar("at most", value)


def at_least(value: float) -> Bar:
    return Bar("at least", value)


class Row(NamedTuple):
    """One thing measured: a value of ours for each round, and of the peer's where there is one."""

    work: str
    against: str
    ours: tuple[float, ...]
    theirs: tuple[float, ...] = ()
    bar: Bar | None = None
    unit: str = "s"
    note: str = ""


@dataclass(frozen=True)
class Setting:
    """What a run may use. `quick`: seconds, no peer, numbers that mean nothing."""

    quick: bool = False
    rounds: int = 5
    environments: Path | None = None
    finder: Path | None = None
    nets: tuple[Path, ...] = ()

    def peer(self, name: str, program: str, arrays: dict[str, Any], *options: object) -> Worker:
        """The peer's program, ready to take turns; that it is missing is said when its first turn comes."""
        return Worker(None if self.quick else self.environments, name, program, arrays, options)

    def several(self, most: int | None = None) -> int:
        """How many rounds: fewer of what takes long."""
        return 1 if self.quick else min(self.rounds, most or self.rounds)


class Timed:
    """The turn of a call in this process: least CPU seconds of `repeats`, for one of `per` units of work."""

    def __init__(self, call: Callable[[], Any], repeats: int = 1, per: float = 1.0) -> None:
        self.call, self.repeats, self.per, self.result = call, repeats, per, None

    def __call__(self) -> float:
        seconds, self.result = cpu(self.call, self.repeats)
        return seconds / self.per


def versus(
    work: str, against: str, ours: Turn, theirs: Turn, rounds: int, *, bar: Bar | None = None, unit: str = "s", note: Note = ""
) -> Row:
    """Peer, ours, peer, ours; of a peer that is missing or fails the row has the reason, and our time all the same."""
    pairs: list[tuple[float, float]] = []
    try:
        for _ in range(rounds):
            taken = theirs()
            pairs.append((taken, ours()))
        said = note if isinstance(note, str) else note()
    except Absent as reason:
        own = tuple(pair[1] for pair in pairs) or (ours(),)
        return Row(work, against, own, (), bar, unit, f"not measured: {reason}")
    return Row(work, against, tuple(pair[1] for pair in pairs), tuple(pair[0] for pair in pairs), bar, unit, said)


def alone(work: str, ours: Turn, rounds: int, *, bar: Bar | None = None, unit: str = "s", note: Note = "") -> Row:
    values = tuple(ours() for _ in range(rounds))
    return Row(work, "", values, (), bar, unit, note if isinstance(note, str) else note())


def ratios(row: Row) -> np.ndarray:
    """The peer's time over ours, a pair at a time."""
    return np.array(row.theirs) / np.array(row.ours[: len(row.theirs)])


def met(row: Row) -> bool | None:
    """Whether the bar is met: by the median ratio of the pairs, or the least (of seconds) or median value."""
    if row.bar is None or row.note.startswith("not measured"):
        return None
    if row.bar.kind == "times":
        return bool(np.median(ratios(row)) >= row.bar.value) if row.theirs else None
    if row.bar.kind == "at least":
        return bool(np.median(row.ours) >= row.bar.value)
    return bool((min(row.ours) if row.unit == "s" else np.median(row.ours)) <= row.bar.value)
