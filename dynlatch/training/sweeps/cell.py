"""A cell of a sweep: one setting, many trials."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from dynlatch.errors import InvalidInput
from dynlatch.training.contract import Architecture, Rule, Task
from dynlatch.training.presets import Plan, planned
from dynlatch.validation import count

if TYPE_CHECKING:
    from dynlatch.training.monitor import RegionMonitor


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
        return repr((plan.rule, plan.model, plan.task, *numbers, self.monitor))

    @property
    def facts(self) -> tuple[str, ...]:
        """Names of what the monitor measures of a trial."""
        if self.monitor is None:
            return ()
        from dynlatch.training.monitor.fate import FATES

        return FATES

    def seeds(self, root: int, trials: range) -> list[np.random.SeedSequence]:
        """The seed of each trial: from (root, cell, trial), never from an order."""
        digest = hashlib.sha256(self.name.encode()).digest()
        words = tuple(int.from_bytes(digest[4 * k : 4 * k + 4], "little") for k in range(4))
        return [np.random.SeedSequence(root, spawn_key=(*words, k)) for k in trials]
