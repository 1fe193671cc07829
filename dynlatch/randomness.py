"""One random argument everywhere: `rng` (int, Generator or None), made a Generator once, at the boundary."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from dynlatch.errors import InvalidInput

Rng: TypeAlias = int | np.random.Generator | None


def generator(rng: Rng) -> np.random.Generator:
    """`rng` as a Generator: an int seeds one (0 is a seed like any other), None draws fresh entropy."""
    if (rng is not None and not isinstance(rng, (int, np.integer, np.random.Generator))) or isinstance(rng, bool):
        raise InvalidInput(f"`rng` must be an int, a numpy Generator or None; got {rng!r}.")
    if isinstance(rng, (int, np.integer)) and rng < 0:
        raise InvalidInput(f"`rng` must not be negative; got {rng}.")
    return np.random.default_rng(rng)


def streams(rng: Rng, trials: int) -> list[np.random.Generator]:
    """One independent stream a trial: trial k gets the k-th spawned child, whatever the number of workers."""
    return generator(rng).spawn(trials)
