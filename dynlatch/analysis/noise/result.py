"""What `retention` returns."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.noise.laws import Gaussian, Noise, Uniform
from dynlatch.results import Result
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class RetentionOutcome(StrEnum):
    """How far the numbers can be trusted, or why there is nothing to compute."""

    EXACT = "exact"
    COMPUTED = "computed"
    ESTIMATED = "estimated"
    SAFE = "safe"
    MONOSTABLE = "monostable"
    NEGLIGIBLE = "negligible"
    SILENT = "silent"
    UNSEEN = "unseen"
    BUDGET = "budget"

    @property
    def sentence(self) -> str:
        return {
            RetentionOutcome.EXACT: "Exact to rounding: two numbers of nodes agree to 12 digits.",
            RetentionOutcome.COMPUTED: "Computed; the errors are the differences to what fewer nodes give.",
            RetentionOutcome.ESTIMATED: "Estimated from random paths, with standard errors.",
            RetentionOutcome.SAFE: "The noise is bounded by the escape threshold: it never drives the state out of the basin.",
            RetentionOutcome.MONOSTABLE: "There is no other attractor: every state leads back.",
            RetentionOutcome.NEGLIGIBLE: "Leaving the basin takes noise so large that its probability is below 1e-300.",
            RetentionOutcome.SILENT: "The noise has zero width: the state stays at the attractor.",
            RetentionOutcome.UNSEEN: "No path left the basin: the errors say how much this many paths could have missed.",
            RetentionOutcome.BUDGET: "The time ran out: the numbers are from the paths that were simulated until then.",
        }[self]


NEVER = (RetentionOutcome.SAFE, RetentionOutcome.MONOSTABLE, RetentionOutcome.NEGLIGIBLE, RetentionOutcome.SILENT)


@dataclass(frozen=True, eq=False)
class Retention(Result):
    """How long the state stays in the basin of an attractor under noise, from the attractor. T is the number of steps.

    Attributes
    ----------
    survival : ndarray, shape (T + 1,)
        Probability that the state never left the basin up to time t ("left": without noise it would not lead back).
    returned : ndarray, shape (T + 1,)
        Probability that the state is in the basin at time t, wherever it has been.
    lost, away : ndarray, shape (T + 1,)
        1 - survival and 1 - returned, with relative accuracy where they are small.
    survival_errors, returned_errors : ndarray, shape (T + 1,)
        Standard errors; of a computed result the estimated error of the method; 0 where exact.
    escape_rate : float
        Probability per step of leaving once the state has forgotten its start without leaving: 1 - lambda, lambda the
        largest eigenvalue of the killed kernel. From random paths: the probability per step of leaving in the second half of
        the T steps, which tends to it.
    rate_error : float
        Its error, absolute: 0 where it is exact to 10 digits.
    mean_exit_time : float
        Mean number of steps until the state is first outside; infinite if it never is.
    method : str
    outcome : RetentionOutcome
    noise : Gaussian or Uniform
    attractor : ndarray, shape (n,)
        Where the state starts.
    coordinates : str
    """

    survival: Array
    returned: Array
    lost: Array
    away: Array
    survival_errors: Array
    returned_errors: Array
    escape_rate: float
    rate_error: float
    mean_exit_time: float
    method: str
    outcome: RetentionOutcome
    noise: Noise
    attractor: Array
    coordinates: str

    @property
    def steps(self) -> int:
        """Number of steps T."""
        return len(self.survival) - 1

    def summary(self) -> str:
        T = self.steps
        how = f"{self.outcome}, {self.method}" if self.method else str(self.outcome)
        lines = [
            f"after {T} step{'s' * (T != 1)} of {noise_words(self.noise)} ({how})",
            f"  {self.outcome.sentence}",
            f"  never left the basin: {_shown(self.survival[-1], self.lost[-1], self.survival_errors[-1])}",
            f"  in the basin at time {T}: {_shown(self.returned[-1], self.away[-1], self.returned_errors[-1])}",
        ]
        if self.outcome not in NEVER:
            spread = f" +- {self.rate_error:.2g}" if self.rate_error else ""
            lines.append(f"  escape rate {self.escape_rate:.6g}{spread} a step, mean exit time {self.mean_exit_time:.6g} steps")
        start = np.array2string(self.attractor, precision=5, suppress_small=True, threshold=6, edgeitems=3)
        return "\n".join([*lines, f"  attractor ({self.coordinates}): {start}"])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Both probabilities against time, with bands of two standard errors."""
        from dynlatch.analysis.plots.noise import plot_retention

        return plot_retention(self, ax=ax)


def noise_words(noise: Noise) -> str:
    """The law for people."""
    if isinstance(noise, Gaussian):
        return f"Gaussian noise of standard deviation {noise.std:.6g}"
    assert isinstance(noise, Uniform)
    return f"uniform noise of half width {noise.half_width:.6g}"


def _shown(kept: float, gone: float, error: float) -> str:
    spread = f" +- {error:.2g}" if error else ""
    return f"{kept:.12g}{spread}" if gone > 1e-3 or gone == 0 else f"1 - {gone:.6g}{spread}"
