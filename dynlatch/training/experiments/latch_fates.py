"""What became of the trials of the latch benchmark: with three weights, that can be read from the trained unit itself."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dynlatch.training.experiments.latch_cells import THRESHOLD
from dynlatch.validation import Array

if TYPE_CHECKING:
    from dynlatch.training.experiments.latch import LatchBenchmark


class Fate(StrEnum):
    """Why a unit with trained w, u- and u+ does not keep the bit, or that it could."""

    ONE_ATTRACTOR = "one attractor"
    ALTERNATING = "alternating"
    SAME_BASIN = "same basin"
    EXCHANGED = "exchanged"
    LATCHES = "latches"

    @property
    def sentence(self) -> str:
        return {
            Fate.ONE_ATTRACTOR: "|w| is at most 1: there is one attractor, and nothing can be latched.",
            Fate.ALTERNATING: "w is so negative that the state alternates: it keeps the bit, but shows it at every other step.",
            Fate.SAME_BASIN: "There are two attractors, but both inputs lead to the same one.",
            Fate.EXCHANGED: "There are two attractors, and each input leads to the wrong one.",
            Fate.LATCHES: "Without noise each input leads to its attractor; what fails is the margin: noise, or the amplitude.",
        }[self]


WORDS = {
    Fate.ONE_ATTRACTOR: "|w| <= 1, one attractor",
    Fate.ALTERNATING: "a negative w whose state alternates",
    Fate.SAME_BASIN: "both inputs in one basin",
    Fate.EXCHANGED: "each input in the wrong basin",
    Fate.LATCHES: "the right attractors, but too weak against the noise or of the wrong amplitude",
}


def fate(weights: Array, *, threshold: bool) -> NDArray[np.object_]:
    """Of each trial.

    An input pushes the state to its own side of 0, which for w > 1 is the unstable point between the basins.

    Parameters
    ----------
    weights : array_like, shape (..., 3)
        w, u- and u+.
    threshold : bool
        Whether the unit is one of two values, which has two attractors for every w > 0; otherwise it is a tanh unit.

    Returns
    -------
    ndarray of Fate, shape (...)

    Examples
    --------
    >>> from dynlatch.training.experiments.latch_fates import fate
    >>> [str(f) for f in fate([[0.9, -1.0, 1.0], [1.5, -1.0, 1.0], [1.5, 0.1, 1.0]], threshold=False)]
    ['one attractor', 'latches', 'same basin']
    """
    w, low, high = np.moveaxis(np.asarray(weights, dtype=np.float64), -1, 0)
    least = 0.0 if threshold else 1.0
    found = np.full(w.shape, Fate.SAME_BASIN, dtype=object)
    found[(low < 0.0) & (high > 0.0)] = Fate.LATCHES
    found[(low > 0.0) & (high < 0.0)] = Fate.EXCHANGED
    found[w < -least] = Fate.ALTERNATING
    found[np.abs(w) <= least] = Fate.ONE_ATTRACTOR
    return found


def told(found: LatchBenchmark, row: int) -> str:
    """What the trained units of a cell are, and how they came there if that was watched."""
    learned, threshold = found.learned[row], str(found.method[row]) in THRESHOLD
    fates = fate(found.weights[row], threshold=threshold)
    words = _failed(fates[~learned].tolist(), len(learned))
    if learned.any():
        words += f"; those that learned end at w = {np.median(found.weights[row, learned, 0]):.2f} (median)"
        turning = int(np.sum(fates[learned] == Fate.ALTERNATING))
        words += f", {turning} of them alternating" if turning else ""
    return f"{words}. {found.regions[row]}".strip()


def _failed(fates: list[Fate], trials: int) -> str:
    parts = [f"{fates.count(kind)} with {words}" for kind, words in WORDS.items() if kind in fates]
    return f"{len(fates)} of {trials} trials failed" + (f": {', '.join(parts)}" if parts else "")
