"""What happens to a run: attractors come and go, final states change basins, a bit is latched."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dynlatch.validation import Array


class RegionEventKind(StrEnum):
    """The kind of an event."""

    ATTRACTOR_BORN = "attractor born"
    ATTRACTOR_LOST = "attractor lost"
    BASIN_ENTERED = "basin entered"
    BASIN_LEFT = "basin left"
    LATCHED = "latched"
    LATCHED_WRONG = "latched wrong"
    LATCH_LOST = "latch lost"

    @property
    def sentence(self) -> str:
        return {
            RegionEventKind.ATTRACTOR_BORN: "The map has an attractor that it did not have at the portrait before.",
            RegionEventKind.ATTRACTOR_LOST: "An attractor of the portrait before is gone, or no longer attracts.",
            RegionEventKind.BASIN_ENTERED: "The final states of a class lie in a basin that they did not lie in before.",
            RegionEventKind.BASIN_LEFT: "The final states of a class no longer lie in one basin.",
            RegionEventKind.LATCHED: "The classes end in different basins, or phases of a cycle, with the right answers.",
            RegionEventKind.LATCHED_WRONG: "A class ends in the reduced attracting set of an attractor, with the wrong answer.",
            RegionEventKind.LATCH_LOST: "The classes no longer end in different basins with the right answers.",
        }[self]


@dataclass(frozen=True)
class RegionEvent:
    """Something that happened to one trial between two portraits, dated by the second.

    Attributes
    ----------
    trial, presentation : int
    kind : RegionEventKind
    words : str
        What happened, to what.
    """

    trial: int
    presentation: int
    kind: RegionEventKind
    words: str

    def __str__(self) -> str:
        return f"trial {self.trial}, presentation {self.presentation}: {self.words}"


def input_words(u: Array) -> str:
    """A quiet input for people: `+1`, or its components."""
    shown = ", ".join(f"{value:+g}" if value else "0" for value in u[:6])
    return shown if len(u) == 1 else f"({shown}{', ...' if len(u) > 6 else ''})"
