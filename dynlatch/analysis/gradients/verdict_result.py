"""What `step_verdicts` returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dynlatch.results import Result
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SATURATED = 0.1


class StepVerdict(StrEnum):
    """What one step does to the gradient that passes through it."""

    LATCHED = "latched"
    CONTRACTING = "contracting"
    EXPANDING = "expanding"
    NEUTRAL = "neutral"

    @property
    def sentence(self) -> str:
        return {
            StepVerdict.LATCHED: "The step starts and ends in Gamma of one attractor: a bit is held, and the gradient decays.",
            StepVerdict.CONTRACTING: "The gradient shrinks, but the state is latched to no attractor.",
            StepVerdict.EXPANDING: "The gradient grows: nearby states part.",
            StepVerdict.NEUTRAL: "The gradient passes unchanged, and the state is latched to no attractor.",
        }[self]


Words = NDArray[np.object_]
Indices = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class StepVerdicts(Result):
    """One word for every step of every sequence, with the evidence.

    Attributes
    ----------
    words : object ndarray of StepVerdict, shape (T, ...)
        Entry t - 1 is for step t, from a_{t-1} to a_t.
    gamma : int ndarray, shape (T + 1, ...)
        The attractor in whose Gamma (reading "adapted") the state a_t lies, t = 0 ... T; -1 for none.
    basin : int ndarray, shape (T + 1, ...)
        The attractor to which a_t would converge without further input; -1 for none of those given, or not known.
    unknown : bool ndarray, shape (T + 1, ...)
        Where the budget ran out before `gamma` was decided; it reads -1 there.
    growth : ndarray, shape (T, ...)
        Logarithm of the factor by which step t stretches the direction of a_0 that survives best to a_T. Its sum over t is
        log ||da_T/da_0||_2, from below and to the accuracy of the power method: less where two directions survive alike.
    tolerance : float
        Steps whose growth is within it of zero are neutral.
    slopes : dict of str to ndarray, shape (T, ..., units)
        Share of its greatest slope that each unit or gate has left in step t: 1 linear, 0 saturated. Empty for a map whose
        nonlinearity is not known.
    nearest_to_one : complex ndarray, shape (k, s)
        The eigenvalue of J_t = M'(a_{t-1}, u_t) nearest to 1, at the steps `eigenvalue_steps` (k,) (counted from 1) of the
        sequences `eigenvalue_sequences` (s,) (of the flattened batch). A sample where all of them would cost too much.
    attractors : tuple of ndarray, shape (p, n)
        Points of each attractor, under the context input.
    context : ndarray, shape (m,), or None
        The constant input under which they are attractors; None is zero.
    coordinates : str
        What the state is.
    lengths : int ndarray, shape (...)
        Steps of each sequence. After them `gamma` and `basin` stay as they are, and no share counts what is there.
    """

    words: Words
    gamma: Indices
    basin: Indices
    unknown: NDArray[np.bool_]
    growth: Array
    tolerance: float
    slopes: Mapping[str, Array]
    nearest_to_one: NDArray[np.complex128]
    eigenvalue_steps: Indices
    eigenvalue_sequences: Indices
    attractors: tuple[Array, ...]
    context: Array | None
    coordinates: str
    lengths: Indices

    @property
    def latches_at(self) -> Indices:
        """First time from which a sequence stays in Gamma of one attractor until its end, shape (...); -1 if it is in none
        at its end."""
        last = self.gamma[-1]
        same = (self.gamma == last)[::-1]
        held = np.where(same.all(0), len(same), np.argmin(same, axis=0))
        return np.asarray(np.where(last >= 0, len(same) - held, -1), dtype=np.int64)

    @property
    def shares(self) -> dict[str, float]:
        """Share of all steps under each word."""
        counted = self.words[self.inside]
        return {word.value: float((counted == word).mean()) for word in StepVerdict}

    @property
    def inside(self) -> NDArray[np.bool_]:
        """Which steps (T, ...) lie within their sequence."""
        steps = np.arange(len(self.words)).reshape(-1, *[1] * (self.words.ndim - 1))
        return np.asarray(steps < self.lengths)

    @property
    def crossings(self) -> Indices:
        """How often each sequence passes from one basin to another, shape (...)."""
        changed = (self.basin[1:] != self.basin[:-1]) & (self.basin[1:] >= 0) & (self.basin[:-1] >= 0)
        return np.asarray(changed.sum(0), dtype=np.int64)

    @property
    def saturated(self) -> dict[str, float]:
        """Share of units and steps with less than a tenth of the greatest slope left, by what saturates."""
        return {name: float((left[self.inside] < SATURATED).mean()) for name, left in self.slopes.items()}

    def summary(self) -> str:
        from dynlatch.analysis.gradients.verdict_words import verdict_lines

        return "\n".join(verdict_lines(self))

    def plot(self, ax: Axes | None = None) -> Axes:
        """The words over time and sequences, with the slope that is left below."""
        from dynlatch.analysis.plots.verdicts import plot_verdicts

        return plot_verdicts(self, ax=ax)
