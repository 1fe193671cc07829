"""One entry of the table of presets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from dynlatch.training.contract import Architecture, Rule


class Preset(NamedTuple):
    """One entry of the table: the rule's settings, the model for a task, training sequences, and a limit of presentations."""

    rule: Rule
    model: Callable[[Any], Architecture]
    sequences: int
    max_presentations: int


Table: TypeAlias = dict[tuple[type, type], Preset]
