"""What changed between two portraits of one trial, in events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.training.monitor.events import RegionEvent, RegionEventKind, input_words
from dynlatch.training.monitor.sighting import Sighting, latched, latched_wrong
from dynlatch.validation import Array

CLASSES = ("-1", "+1")


class Standing(NamedTuple):
    """What is compared: of one trial at one portrait."""

    attractors: tuple[dict[int, str], ...]  # of each quiet input: label -> words
    basin: tuple[tuple[int, int], ...]  # of each quiet input: label of class -1, +1
    latched: bool
    wrong: tuple[bool, bool]


class Standings:
    """Of every row (B,) the last portrait: words are made of those rows only that have changed."""

    def __init__(self, rows: int, inputs: Array) -> None:
        self.inputs = inputs
        self.signs: list[bytes | None] = [None] * rows  # what is compared, as bytes
        self.seen: list[tuple[Sighting, int] | None] = [None] * rows

    def changes(
        self, seen: Sighting, rows: NDArray[np.intp], ids: NDArray[np.int64], at: NDArray[np.int64], horizon: Array
    ) -> Iterator[RegionEvent]:
        """The events between the last portrait of these rows and this one."""
        for k, (row, sign) in enumerate(zip(rows.tolist(), signatures(seen), strict=True)):
            before = self.seen[row]
            if sign != self.signs[row]:
                old = None if before is None else standing(before[0], before[1], len(self.inputs))
                now = int(ids[k]), int(at[k]), float(horizon[k])
                yield from changes(old, standing(seen, k, len(self.inputs)), *now, self.inputs)
            self.signs[row], self.seen[row] = sign, (seen, k)


def signatures(seen: Sighting) -> list[bytes]:
    """Everything in a `Standing` but the words: equal bytes, no events."""
    R = len(seen.basin)
    columns = [seen.basin.reshape(R, -1), latched(seen)[:, None], latched_wrong(seen)]
    fixed = np.concatenate(columns, axis=1, dtype=np.int64)
    if not seen.points:
        return [row.tobytes() for row in fixed]
    stable = np.flatnonzero(seen.points["stable"])
    owner, named = seen.points["row"][stable], np.stack([seen.points["quiet"], seen.points["label"]], axis=1)[stable]
    order = np.lexsort((named[:, 1], named[:, 0], owner))
    bounds = np.searchsorted(owner[order], np.arange(R + 1))
    return [fixed[k].tobytes() + named[order[bounds[k] : bounds[k + 1]]].tobytes() for k in range(R)]


def standing(seen: Sighting, k: int, quiet: int) -> Standing:
    """Of one trial."""
    named: tuple[dict[int, str], ...] = tuple({} for _ in range(quiet))
    mine: dict[str, NDArray[Any]] = {}
    if seen.points:
        chosen = np.flatnonzero((seen.points["row"] == k) & seen.points["stable"].astype(bool))
        mine = {name: column[chosen] for name, column in seen.points.items()}
        for q, label, period, state in zip(mine["quiet"], mine["label"], mine["period"], mine["state"], strict=True):
            named[q][int(label)] = _named(int(label), int(period), state)
    wrong = latched_wrong(seen)[k]
    return Standing(
        named,
        tuple((int(low), int(high)) for low, high in seen.basin[k]),
        bool(latched(seen)[k]),
        (bool(wrong[0]), bool(wrong[1])),
    )


def _named(label: int, period: int, state: Array) -> str:
    at = ", ".join(f"{round(value, 9) + 0.0:.3g}" for value in state[:6]) + (", ..." if len(state) > 6 else "")
    return f"{'fixed point' if period == 1 else f'{period}-cycle'} {label} at ({at})"


def changes(
    before: Standing | None, now: Standing, trial: int, presentation: int, horizon: float, inputs: Array
) -> Iterator[RegionEvent]:
    """The events between two portraits; of the first one, only what it is latched in."""

    def event(kind: RegionEventKind, words: str) -> RegionEvent:
        return RegionEvent(trial, presentation, kind, words)

    several = len(now.basin) > 1
    for q in range(len(now.basin)) if before is not None else ():
        assert before is not None
        where = f" (under the input {input_words(inputs[q])})" if several else ""
        for label in sorted(now.attractors[q].keys() - before.attractors[q].keys()):
            yield event(RegionEventKind.ATTRACTOR_BORN, f"attractor born: {now.attractors[q][label]}{where}")
        for label in sorted(before.attractors[q].keys() - now.attractors[q].keys()):
            yield event(RegionEventKind.ATTRACTOR_LOST, f"attractor lost: {before.attractors[q][label]}{where}")
        for c in (0, 1):
            old, new = before.basin[q][c], now.basin[q][c]
            if old == new:
                continue
            if old >= 0:
                yield event(RegionEventKind.BASIN_LEFT, f"class {CLASSES[c]} left the basin of attractor {old}{where}")
            if new >= 0:
                yield event(RegionEventKind.BASIN_ENTERED, f"class {CLASSES[c]} entered the basin of attractor {new}{where}")
    reach = f"; the gradient horizon is {horizon:.0f} steps" if np.isfinite(horizon) else ""
    if now.latched and not (before is not None and before.latched):
        yield event(RegionEventKind.LATCHED, f"latched: the classes go to different attractors, with the right answers{reach}")
    if before is not None and before.latched and not now.latched:
        yield event(RegionEventKind.LATCH_LOST, f"the latch is lost{reach}")
    for c in (0, 1):
        if now.wrong[c] and not (before is not None and before.wrong[c]):
            words = f"class {CLASSES[c]} latched wrong: its final states lie in a reduced attracting set, the answer is wrong"
            yield event(RegionEventKind.LATCHED_WRONG, f"{words}{reach}")
