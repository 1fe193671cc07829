"""What an experiment is: the cells that it trains, and what it reads from their finished trials.

To add one, write a record with the members of `Finding`, a function that gives the cells at a scale, and a function that
reads the record from a sweep; put the three into an `Experiment`, and that into `experiments.ALL`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from dynlatch.training.sweeps import Cell, Sweep


class Scale(StrEnum):
    """How much is run: `micro` shows that everything works, `mini` takes minutes, `full` has the papers' number of trials."""

    MICRO = "micro"
    MINI = "mini"
    FULL = "full"


class Agreement(StrEnum):
    """How ours stands to what was published."""

    AGREES = "agrees"
    DISAGREES = "disagrees"
    UNPUBLISHED = "unpublished"
    UNPLACED = "unplaced"

    @property
    def sentence(self) -> str:
        return {
            Agreement.AGREES: "Ours is as near to the published value as the experiment says that it must be.",
            Agreement.DISAGREES: "Ours is further from the published value than that; the cause stands beside it, where known.",
            Agreement.UNPUBLISHED: "There is no published value.",
            Agreement.UNPLACED: "There are published values, but which belongs here cannot be recovered.",
        }[self]


@dataclass(frozen=True)
class Verdict:
    """One of our values beside the published one.

    Attributes
    ----------
    what : str
        Such as "pseudo-Newton, T = 20".
    quantity, unit : str
        Such as "error" and "%".
    ours, low, high : float
        With its 95 % interval; NaN ends for what is computed, not sampled.
    trials : int
        Behind it; 0 for what is computed.
    published : float
        NaN if there is none.
    agreement : Agreement
    words : str
        The verdict as a sentence; where they disagree, with the cause or "not explained".
    """

    what: str
    quantity: str
    unit: str
    ours: float
    low: float
    high: float
    trials: int
    published: float
    agreement: Agreement
    words: str


class Picture(NamedTuple):
    """A figure of a finding."""

    title: str
    caption: str
    draw: Callable[[], Figure]


@runtime_checkable
class Finding(Protocol):
    """What an experiment found: a `Result` that also says how it stands to the paper.

    1. `title`, and `notes`: what the reader must know, such as which choices were fitted; one sentence each.
    2. `verdicts`: ours beside theirs, value by value.
    3. `pictures` for the report; `summary()` and `plot(ax)` as every result.
    4. `columns`: everything measured as one flat table, for export. If it has a text column `runs`, the report prints these
       sentences, what the runs of a row did, beside the row's first columns.

    Verdicts whose `what` reads "row, column", such as "pseudo-Newton, T = 20", are shown as a table.
    """

    @property
    def title(self) -> str: ...
    @property
    def notes(self) -> tuple[str, ...]: ...
    @property
    def verdicts(self) -> tuple[Verdict, ...]: ...
    @property
    def pictures(self) -> tuple[Picture, ...]: ...
    @property
    def columns(self) -> Mapping[str, NDArray[Any]]: ...
    def summary(self) -> str: ...


@dataclass(frozen=True)
class Experiment:
    """A table or a figure of the papers.

    Parameters
    ----------
    name : str
        As `dynlatch reproduce` knows it, such as "flip-flop"; the module `flip_flop` calls it `FLIP_FLOP`.
    title, source : str
        What it shows, and where it was published.
    cells : callable
        (scale, trials) -> the cells to train, trials None for the scale's own number; none for what is computed. Their names
        begin with the experiment's, or are shared with another one: then they are the same, and run once.
    read : callable
        (sweep, scale) -> Finding, from a sweep that holds at least these cells.
    """

    name: str
    title: str
    source: str
    cells: Callable[[Scale, int | None], Sequence[Cell]]
    read: Callable[[Sweep, Scale], Finding]

    def __call__(
        self,
        *,
        scale: str = "mini",
        trials: int | None = None,
        store: str | Path | None = None,
        jobs: int = 1,
        rng: int = 0,
        progress: bool = False,
    ) -> Finding:
        """Run it; parameters as in `reproduce`."""
        from dynlatch.training.experiments.reproduce import reproduce

        return reproduce([self], scale=scale, trials=trials, store=store, jobs=jobs, rng=rng, progress=progress)[self.name]
