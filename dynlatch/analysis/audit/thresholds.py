"""u* of every memory state, where it can be had within an audit."""

from __future__ import annotations

import numpy as np

from dynlatch.analysis.audit.runs import DENSE
from dynlatch.analysis.escape import EscapeThreshold, escape_threshold, exact_escape_threshold
from dynlatch.errors import DynlatchError
from dynlatch.maps import SmoothMap
from dynlatch.validation import Array

BRACKETED_UNITS, BRACKETED_STATES = 2, 4  # up to these sizes brackets are searched for where theory gives no number
SECONDS = 1.0


def thresholds(
    map: SmoothMap, orbits: list[Array], rng: np.random.Generator
) -> tuple[tuple[EscapeThreshold | None, ...], tuple[str, ...]]:
    """One threshold, or None, for each memory state, and what was left out."""
    if map.input_dim == 0 or not orbits:
        return (None,) * len(orbits), ()
    if map.dim > DENSE:
        return (None,) * len(orbits), (_skipped(list(range(len(orbits)))),)
    found: list[EscapeThreshold | None] = []
    refused: dict[str, list[int]] = {}
    for number, orbit in enumerate(orbits):
        try:
            found.append(_threshold(map, orbit, len(orbits), rng))
        except DynlatchError as error:
            # A state next to a bifurcation, or a net that no input reaches, has no threshold: the audit goes on without it.
            found.append(None)
            refused.setdefault(str(error), []).append(number)
    reasons = [f"Escape threshold of {_states(numbers)}: {reason}" for reason, numbers in refused.items()]
    open_ = [i for i, one in enumerate(found) if one is None and not any(i in numbers for numbers in refused.values())]
    return tuple(found), (*reasons, *((_skipped(open_),) if open_ else ()))


def _threshold(map: SmoothMap, orbit: Array, count: int, rng: np.random.Generator) -> EscapeThreshold | None:
    exact = exact_escape_threshold(map, orbit)
    if exact is not None or map.dim > BRACKETED_UNITS or count > BRACKETED_STATES:
        return exact
    return escape_threshold(map, orbit, time_budget=SECONDS, rng=rng)


def _skipped(numbers: list[int]) -> str:
    return (
        f"Escape threshold u* of {_states(numbers)}: theory gives no exact number, and a bracket takes seconds to a minute a "
        "state. `dynlatch escape PATH` computes it (`dynlatch.analysis.escape_threshold`)."
    )


def _states(numbers: list[int]) -> str:
    if len(numbers) == 1:
        return f"memory state {numbers[0]}"
    shown = ", ".join(str(number) for number in numbers[:8])
    return f"memory states {shown}{', ...' if len(numbers) > 8 else ''}"
