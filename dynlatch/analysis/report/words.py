"""Numbers in sentences."""

from __future__ import annotations

import numpy as np

from dynlatch.validation import Array


def plural(count: int, noun: str) -> str:
    """`3 steps`, `1 step`."""
    return f"{count} {noun}{'s' * (count != 1)}"


def span(values: Array) -> str:
    """Least and largest value to three digits; one number where they agree."""
    least, most = f"{values.min():.3g}", f"{values.max():.3g}"
    return least if least == most else f"{least} to {most}"


def decades(log: float) -> str:
    """`exp(log)` as a power of ten, or a plain number near 1."""
    if np.isneginf(log):
        return "0"
    return f"{np.exp(log):.3g}" if abs(log) < np.log(1e4) else f"10^{log / np.log(10.0):.1f}"


def numbered(items: list[int], most: int = 6) -> str:
    """`1, 2 and 5`."""
    shown = [str(item) for item in items[:most]]
    if len(items) > most:
        return ", ".join(shown) + f" and {len(items) - most} more"
    return shown[0] if len(shown) == 1 else ", ".join(shown[:-1]) + " and " + shown[-1]
