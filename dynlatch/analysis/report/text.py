"""Numbers as people read them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

SHOWN = 8  # entries of a vector, before the rest is only counted


def number(value: float) -> str:
    """Three digits, plain where that is short: 0.166, 12, 1.3e-05, ∞."""
    if np.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = str(round(value)) if 1e3 <= abs(value) < 1e6 else f"{value:.3g}"
    return text.replace("-", "−", 1) if value < 0 else text


def percent(share: float) -> str:
    """A share of one as a percentage; what is not nothing does not read as nothing."""
    return "< 1 %" if 0.0 < share < 0.005 else f"{100.0 * share:.0f} %"


def bracket(lower: float, upper: float) -> str:
    """An interval, or one number where its ends agree."""
    return f"{lower:.5g}" if lower == upper and np.isfinite(lower) else f"{number(lower)} – {number(upper)}"


def count(number_of: int, noun: str) -> str:
    """3 fixed points, 1 fixed point."""
    return f"{number_of} {noun}{'s' * (number_of != 1)}"


def values(vector: Iterable[float]) -> str:
    """The entries of a vector with their signs, the first few of many."""
    entries = [f"{value:+.2f}".replace("-", "−") for value in vector]
    rest = f", … ({len(entries)} in all)" if len(entries) > SHOWN else ""
    return ", ".join(entries[:SHOWN]) + rest
