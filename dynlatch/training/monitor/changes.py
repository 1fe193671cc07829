"""What changed between two portraits of one trial, in events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

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


def standings(seen: Sighting, quiet: int) -> list[Standing]:
    """One for every trial of a portrait."""
    good, wrong = latched(seen), latched_wrong(seen)
    named: list[tuple[dict[int, str], ...]] = [tuple({} for _ in range(quiet)) for _ in good]
    if seen.points:
        for i in np.flatnonzero(seen.points["stable"]):
            row, q, label = (int(seen.points[name][i]) for name in ("row", "quiet", "label"))
            named[row][q][label] = _named(label, int(seen.points["period"][i]), seen.points["state"][i])
    return [
        Standing(
            named[k],
            tuple((int(low), int(high)) for low, high in seen.basin[k]),
            bool(good[k]),
            (bool(wrong[k, 0]), bool(wrong[k, 1])),
        )
        for k in range(len(good))
    ]


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
