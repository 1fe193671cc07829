"""A cell of a sweep: one setting, many trials."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np

from dynlatch.errors import InvalidInput
from dynlatch.training.contract import Architecture, Rule, Task
from dynlatch.training.presets import Plan, planned
from dynlatch.validation import Array, count

if TYPE_CHECKING:
    from dynlatch.training.monitor import RegionMonitor


class Examination(Protocol):
    """Questions to a trained network: a frozen dataclass, whose `repr` tells all its settings.

    `theta` (P + F,) are the weights of trial `number` with the constants below, `task` is the trial's own; the answers are a
    number for each name of `facts`, the same for the same `rng`.
    """

    @property
    def facts(self) -> tuple[str, ...]: ...
    def __call__(
        self, model: Architecture, theta: Array, task: Task, number: int, rng: np.random.Generator
    ) -> Mapping[str, float]: ...


@dataclass(frozen=True)
class Cell:
    """One cell of a table: a rule on a task, and how many trials of it.

    Parameters
    ----------
    name : str
        Unique in a sweep, such as "table1/pseudo-newton/T=20". The seeds of the trials come from it: a cell keeps its results
        when others are added, left out or moved.
    rule, model, task, sequences, max_presentations
        As in `train`; None takes the values from `presets`.
    trials : int
    test_sequences : int
    monitor : RegionMonitor, optional
        What it saw is stored in words and in numbers (`monitor.fates`), not its tables.
    examination : Examination, optional
        Asked of every trained network; its facts are stored beside those of the monitor.
    """

    name: str
    rule: Rule
    task: Task
    trials: int
    model: Architecture | None = None
    sequences: int | None = None
    max_presentations: int | None = None
    test_sequences: int = 500
    monitor: RegionMonitor | None = None
    examination: Examination | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise InvalidInput(f"`name` of a cell must be a text; got {self.name!r}.")
        count("trials", self.trials, least=1)
        count("test_sequences", self.test_sequences, least=1)

    @cached_property
    def plan(self) -> Plan:
        """The cell with every setting known."""
        return planned(self.rule, self.model, self.task, self.sequences, self.max_presentations)

    @property
    def settings(self) -> str:
        """Every setting that the result of a trial depends on, as one text."""
        plan = self.plan
        numbers = (plan.sequences, plan.max_presentations, self.test_sequences)
        asked = () if self.examination is None else (self.examination,)
        return repr((plan.rule, plan.model, plan.task, *numbers, self.monitor, *asked))

    @property
    def facts(self) -> tuple[str, ...]:
        """Names of what the monitor and the examination measure of a trial."""
        asked = () if self.examination is None else tuple(self.examination.facts)
        if self.monitor is None:
            return asked
        from dynlatch.training.monitor.fate import FATES

        return FATES + asked

    def seeds(self, root: int, trials: range) -> list[np.random.SeedSequence]:
        """The seed of each trial: from (root, cell, trial), never from an order."""
        digest = hashlib.sha256(self.name.encode()).digest()
        words = tuple(int.from_bytes(digest[4 * k : 4 * k + 4], "little") for k in range(4))
        return [np.random.SeedSequence(root, spawn_key=(*words, k)) for k in trials]
