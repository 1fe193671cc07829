"""What a search has found so far and how much it may still spend: kept outside it, so that an interruption loses nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from dynlatch.analysis.escape.question import size
from dynlatch.validation import Array

Report = Callable[[str, float], None]


class Found(NamedTuple):
    """A sequence (T, m) that escapes as far as the search can tell, its size, and who found it."""

    value: float
    inputs: Array
    method: str


class Ledger:
    """Finds in the order of falling size, and the budgets."""

    def __init__(self, norm: float, iterations: float = np.inf, seconds: float = np.inf, report: Report | None = None) -> None:
        self.norm, self.iterations, self.report = norm, iterations, report
        self.deadline = time.monotonic() + seconds
        self.finds: list[Found] = []
        self.method = ""

    def on(self) -> bool:
        """Whether another iteration may be spent; it is."""
        self.iterations -= 1
        return self.iterations >= 0 and time.monotonic() < self.deadline

    def stage(self, method: str) -> None:
        """Name the method that offers from now on."""
        self.method = method
        if self.report is not None:
            self.report(method, self.value)

    @property
    def value(self) -> float:
        """Smallest size so far."""
        return self.finds[-1].value if self.finds else np.inf

    def offer(self, U: Array, b: float) -> None:
        """Take note of the sequence `b U` (T, m) if it is smaller than all before."""
        inputs = b * U
        value = size(inputs, self.norm)
        if value < self.value:
            self.finds.append(Found(value, inputs.copy(), self.method))
