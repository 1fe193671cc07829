"""What `train` returns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InvalidInput
from dynlatch.maps import Map
from dynlatch.results import Result
from dynlatch.training.contract import Architecture, Rule, Task
from dynlatch.training.outcomes import TrainingOutcome
from dynlatch.training.records import Progress
from dynlatch.training.trials import streams_of, task_of
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.training.monitor import RegionTrace

Z = 1.959964  # 95 % of a normal law


@dataclass(frozen=True, eq=False)
class TrainingResult(Result):
    """The trials of one training run.

    Attributes
    ----------
    rule, model, task
        What was trained, with every setting filled in.
    start : ndarray, shape (P,), or None
        The weights that every trial started from; None: drawn for each.
    sequences, max_presentations, test_sequences : int
    entropy : tuple
        The seed of every trial, from which its sequences can be drawn again.
    error : ndarray, shape (trials,)
        Fraction of `test_sequences` fresh sequences that were answered wrong.
    presentations : ndarray of int, shape (trials,)
        Sequences shown to the network, whatever for.
    outcome : ndarray of TrainingOutcome, shape (trials,)
    trace : RegionTrace or None
        What the monitor saw.
    progress : Progress or None
        Where every trial stands; `resume` goes on from there. None if nothing had started.
    """

    rule: Rule
    model: Architecture
    task: Task
    start: Array | None
    sequences: int
    max_presentations: int
    test_sequences: int
    entropy: tuple[tuple[int, tuple[int, ...]], ...]
    error: Array
    presentations: NDArray[np.int64]
    outcome: NDArray[np.object_]
    trace: RegionTrace | None
    progress: Progress | None

    @property
    def trials(self) -> int:
        return len(self.error)

    @property
    def interrupted(self) -> bool:
        """Whether the run was stopped by hand before its end."""
        return bool(np.any(self.outcome == TrainingOutcome.INTERRUPTED))

    @property
    def seeds(self) -> list[np.random.SeedSequence]:
        return [np.random.SeedSequence(entropy, spawn_key=key) for entropy, key in self.entropy]

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The task of every trial, with what is drawn for each trial (prototypes) drawn."""
        return tuple(task_of(streams_of(seed), self.task) for seed in self.seeds)

    @cached_property
    def networks(self) -> tuple[Map, ...]:
        """The trained network of every trial, ready for the analysis; those of trials that never started are left out."""
        if self.progress is None:
            return ()
        size = len(self.model.names)
        return tuple(self.model.network(column[:size]) for column in self.progress.theta.T[self.progress.started])

    def share(self, outcome: TrainingOutcome) -> float:
        """Fraction of the trials that ended so."""
        return float(np.mean(self.outcome == outcome))

    def summary(self) -> str:
        """The run in a few lines."""
        rule, task = type(self.rule).__name__, type(self.task).__name__
        ended = [(word, int(np.sum(self.outcome == word))) for word in TrainingOutcome]
        lines = [
            f"{rule} on {task}(T={self.task.T}), {self.trials} trials of {self.sequences} sequences: "
            + ", ".join(f"{n} {word}" for word, n in ended if n),
            f"  error on fresh sequences   mean {_percent(self.error.mean())}{self._spread()}, "
            f"worst trial {_percent(self.error.max())}, {int(np.sum(self.error == 0.0))} trials without any",
            f"  presentations              mean {self.presentations.mean():,.0f}, median {np.median(self.presentations):,.0f}, "
            f"limit {self.max_presentations:,}",
        ]
        return "\n".join(lines + ([] if self.trace is None else [self.trace.summary()]))

    def _spread(self) -> str:
        """The 95 % interval of the mean over trials."""
        if self.trials < 2:
            return ""
        return f" +- {_percent(Z * self.error.std(ddof=1) / np.sqrt(self.trials))}"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Every trial as a point: presentations used, error left."""
        from dynlatch.training.plots.result import plot_trials

        return plot_trials(self, ax)

    def plot_regions(self, trial: int = 0, ax: Axes | None = None) -> Axes:
        """The path of one trial through basins and reduced attracting sets, as the monitor saw it."""
        if self.trace is None:
            raise InvalidInput("this run was not watched: give `monitor=RegionMonitor()` to `train`.")
        return self.trace.plot_regions(trial=trial, ax=ax)


def _percent(share: float) -> str:
    return f"{100.0 * share:.2g} %" if 0.0 < share < 0.1 else f"{100.0 * share:.0f} %"
