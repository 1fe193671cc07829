"""What changed between two portraits of one trial, in events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.training.monitor.events import RegionEvent, RegionEventKind, input_words
from dynlatch.training.monitor.sighting import WORDS, Sighting, latched, latched_wrong
from dynlatch.validation import Array


class Standing(NamedTuple):
    """What is compared: of one trial at one portrait."""

    attractors: tuple[dict[int, tuple[int, Array]], ...]  # of each quiet input: label -> period, state
    basin: tuple[tuple[int, ...], ...]  # of each quiet input: labels of the classes
    latched: bool
    wrong: tuple[bool, ...]


class Outlook(NamedTuple):
    """One portrait of several trials."""

    seen: Sighting
    latched: NDArray[np.bool_]  # (R,)
    wrong: NDArray[np.bool_]  # (R, C)


class Standings:
    """Of every row (B,) the last portrait: words are made of those rows only that have changed."""

    def __init__(self, rows: int, inputs: Array) -> None:
        self.inputs = inputs
        self.signs: list[bytes | None] = [None] * rows  # what is compared, as bytes
        self.seen: list[tuple[Outlook, int] | None] = [None] * rows

    def changes(
        self, seen: Sighting, rows: NDArray[np.intp], ids: NDArray[np.int64], at: NDArray[np.int64], horizon: Array
    ) -> Iterator[RegionEvent]:
        """The events between the last portrait of these rows and this one."""
        outlook, Q = Outlook(seen, latched(seen), latched_wrong(seen)), len(self.inputs)
        for k, (row, sign) in enumerate(zip(rows.tolist(), signatures(outlook), strict=True)):
            before = self.seen[row]
            if sign != self.signs[row]:
                old = None if before is None else standing(before[0], before[1], Q)
                yield from changes(old, standing(outlook, k, Q), int(ids[k]), int(at[k]), float(horizon[k]), self.inputs)
            self.signs[row], self.seen[row] = sign, (outlook, k)


def signatures(outlook: Outlook) -> list[bytes]:
    """Everything in a `Standing`: equal bytes, no events."""
    seen, R = outlook.seen, len(outlook.latched)
    columns = [seen.basin.reshape(R, -1), outlook.latched[:, None], outlook.wrong]
    fixed = np.concatenate(columns, axis=1, dtype=np.int64)
    if not seen.points:
        return [row.tobytes() for row in fixed]
    stable = np.flatnonzero(seen.points["stable"])
    owner, named = seen.points["row"][stable], np.stack([seen.points["quiet"], seen.points["label"]], axis=1)[stable]
    order = np.lexsort((named[:, 1], named[:, 0], owner))
    bounds = np.searchsorted(owner[order], np.arange(R + 1))
    return [fixed[k].tobytes() + named[order[bounds[k] : bounds[k + 1]]].tobytes() for k in range(R)]


def standing(outlook: Outlook, k: int, quiet: int) -> Standing:
    """Of one trial."""
    seen = outlook.seen
    named: tuple[dict[int, tuple[int, Array]], ...] = tuple({} for _ in range(quiet))
    if seen.points:
        chosen = np.flatnonzero((seen.points["row"] == k) & seen.points["stable"])
        mine = (seen.points[name][chosen] for name in ("quiet", "label", "period", "state"))
        for q, label, period, state in zip(*mine, strict=True):
            named[q][int(label)] = int(period), state
    basin = tuple(tuple(labels) for labels in seen.basin[k].tolist())
    return Standing(named, basin, bool(outlook.latched[k]), tuple(outlook.wrong[k].tolist()))


def _named(label: int, known: dict[int, tuple[int, Array]]) -> str:
    period, state = known[label]
    at = ", ".join(f"{round(value, 9) + 0.0:.3g}" for value in state[:6]) + (", ..." if len(state) > 6 else "")
    return f"{'fixed point' if period == 1 else f'{period}-cycle'} {label} at ({at})"


def changes(
    before: Standing | None, now: Standing, trial: int, presentation: int, horizon: float, inputs: Array
) -> Iterator[RegionEvent]:
    """The events between two portraits; of the first one, only what it is latched in."""

    def event(kind: RegionEventKind, words: str) -> RegionEvent:
        return RegionEvent(trial, presentation, kind, words)

    several, names = len(now.basin) > 1, WORDS[len(now.wrong)]
    for q in range(len(now.basin)) if before is not None else ():
        assert before is not None
        where = f" (under the input {input_words(inputs[q])})" if several else ""
        for label in sorted(now.attractors[q].keys() - before.attractors[q].keys()):
            yield event(RegionEventKind.ATTRACTOR_BORN, f"attractor born: {_named(label, now.attractors[q])}{where}")
        for label in sorted(before.attractors[q].keys() - now.attractors[q].keys()):
            yield event(RegionEventKind.ATTRACTOR_LOST, f"attractor lost: {_named(label, before.attractors[q])}{where}")
        for c in range(len(names)):
            old, new = before.basin[q][c], now.basin[q][c]
            if old == new:
                continue
            if old >= 0:
                yield event(RegionEventKind.BASIN_LEFT, f"{names[c]} left the basin of attractor {old}{where}")
            if new >= 0:
                yield event(RegionEventKind.BASIN_ENTERED, f"{names[c]} entered the basin of attractor {new}{where}")
    reach = f"; the gradient horizon is {horizon:.0f} steps" if np.isfinite(horizon) else ""
    if now.latched and not (before is not None and before.latched):
        yield event(RegionEventKind.LATCHED, f"latched: the classes go to different attractors, with the right answers{reach}")
    if before is not None and before.latched and not now.latched:
        yield event(RegionEventKind.LATCH_LOST, f"the latch is lost{reach}")
    for c in range(len(names)):
        if now.wrong[c] and not (before is not None and before.wrong[c]):
            words = f"{names[c]} latched wrong: its final states lie in a reduced attracting set, the answer is wrong"
            yield event(RegionEventKind.LATCHED_WRONG, f"{words}{reach}")
