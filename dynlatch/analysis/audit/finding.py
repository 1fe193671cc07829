"""One sentence of an audit, with what it rests on and what can be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, eq=False)
class Finding:
    """One thing that an audit found.

    Attributes
    ----------
    kind : str
        A short word that stays the same from audit to audit ("memory", "vanishing", ...): `diff` compares by it.
    sentence : str
        What was found, in plain words, with its numbers.
    evidence : mapping of str to float or str
        The numbers it rests on, by name.
    advice : str
        What the papers say can be done; empty where nothing needs doing.
    effect : float
        How much it matters, from 0 (a remark) to 1 (nothing else matters before this); findings are ranked by it.
    """

    kind: str
    sentence: str
    evidence: Mapping[str, float | str]
    advice: str
    effect: float

    def __str__(self) -> str:
        return self.sentence
