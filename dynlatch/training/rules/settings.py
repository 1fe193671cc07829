"""Checks of settings that several rules have."""

from __future__ import annotations

from typing import Any

from dynlatch.errors import InvalidInput
from dynlatch.validation import finite_number


def share(name: str, value: Any) -> float:
    """`value` as a number of at least 0 and below 1."""
    number = finite_number(name, value)
    if not 0.0 <= number < 1.0:
        raise InvalidInput(f"`{name}` must be at least 0 and below 1; got {number}.")
    return number
