"""Outcomes that several verbs share. Each is a short word with a sentence for people."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from dynlatch.validation import Array


class Stability(StrEnum):
    """What the multipliers (eigenvalues of the Jacobian of the map) say of a fixed point or cycle."""

    ATTRACTING = "attracting"
    SADDLE = "saddle"
    REPELLING = "repelling"
    NEUTRAL = "neutral"

    @property
    def sentence(self) -> str:
        return {
            Stability.ATTRACTING: "Every multiplier lies inside the unit circle: nearby states converge to it.",
            Stability.SADDLE: "Some multipliers lie inside and some outside the unit circle.",
            Stability.REPELLING: "Every multiplier lies outside the unit circle: nearby states leave it.",
            Stability.NEUTRAL: "A multiplier lies on the unit circle to rounding: linearisation does not decide.",
        }[self]


def classify(eigenvalues: NDArray[np.complex128], norms: Array) -> NDArray[np.object_]:
    """Stability of each row of `eigenvalues` (k, n), given the norms (k,) of the matrices they belong to.

    An eigenvalue closer to the unit circle than the rounding error of the eigenvalue solver counts as neutral.
    """
    gap = np.abs(eigenvalues) - 1.0
    slack = 1e-14 * eigenvalues.shape[-1] * (1.0 + norms)[:, None]
    words = np.empty(len(eigenvalues), dtype=object)
    inside, outside = gap < -slack, gap > slack
    words[:] = Stability.SADDLE
    words[inside.all(-1)] = Stability.ATTRACTING
    words[outside.all(-1)] = Stability.REPELLING
    words[~(inside | outside).all(-1)] = Stability.NEUTRAL
    return words
