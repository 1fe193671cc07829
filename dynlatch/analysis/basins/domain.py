"""The initial states: a grid or samples, and whether there is memory for them."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InvalidInput
from dynlatch.intervals import Box
from dynlatch.maps import Map
from dynlatch.randomness import Rng, generator
from dynlatch.validation import Array, count, finite_array

MOST_AXES = 3
STATE_BYTES = 32  # measured, beside the states themselves
SHARE = 0.5  # of the memory of the machine that one call may ask for


@dataclass(frozen=True, eq=False)
class Domain:
    """Initial states: `axes` of a grid (then `points` is empty), or `points` (N, n) (then `axes` is)."""

    axes: tuple[Array, ...]
    points: Array
    random: bool = False  # drawn from a density: no state is on a boundary, to rounding, but by a chance of 1e-13 or so

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(len(axis) for axis in self.axes) or self.points.shape[:1]

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    def columns(self, rows: NDArray[np.intp]) -> Array:
        """The states of those numbers (in C order), shape (n, len(rows))."""
        if not self.axes:
            return np.ascontiguousarray(self.points[rows].T)
        places = np.unravel_index(rows, self.shape)
        return np.stack([axis[place] for axis, place in zip(self.axes, places, strict=True)])


def grid_shape(grid: Any, n: int) -> tuple[int, ...]:
    """Number of grid points along each axis."""
    if n > MOST_AXES:
        raise InvalidInput(f"`grid` is for maps of at most {MOST_AXES} dimensions; this one has {n}: give `samples=` instead.")
    sizes = (grid,) * n if isinstance(grid, (int, np.integer)) and not isinstance(grid, bool) else grid
    try:
        shape = tuple(count("grid", size, least=2) for size in sizes)
    except TypeError:
        raise InvalidInput(f"`grid` must be a number of points, or {n} of them, one an axis; got {grid!r}.") from None
    if len(shape) != n:
        raise InvalidInput(f"`grid` must have {n} entries, one an axis of the state; got {len(shape)}.")
    return shape


def domain(map: Map, grid: Any, samples: Any, bounds: Box, rng: Rng) -> Domain:
    """The states that were asked for; too many for the memory are refused before any is made."""
    lo, hi = bounds
    n = map.dim
    if grid is not None:
        shape = grid_shape(grid, n)
        refuse_too_large("`grid`", math.prod(shape), n)
        return Domain(tuple(np.linspace(lo[i], hi[i], size) for i, size in enumerate(shape)), np.empty((0, n)))
    if np.ndim(samples) > 0:
        given = finite_array("samples", samples, ndim=2)
        if given.shape[1] != n or len(given) == 0:
            raise InvalidInput(f"`samples` must be a number, or states of shape (N, {n}); got shape {given.shape}.")
        return Domain((), given)
    size = count("samples", samples, least=1)
    refuse_too_large("`samples`", size, n)
    return Domain((), generator(rng).uniform(lo, hi, (size, n)), random=True)


def refuse_too_large(name: str, states: int, n: int) -> None:
    """Refuse, before anything is allocated, what would not fit into memory: labels and times, the states and a copy of them."""
    size, there = float(min(states, 10**30)) * (STATE_BYTES + 16 * n) / 2**30, SHARE * memory() / 2**30
    if size > there:
        raise InvalidInput(
            f"{name} asks for {float(min(states, 10**30)):.3g} states, about {size:.3g} GiB; at most {there:.1f} GiB are used "
            "here: take a coarser grid, or fewer samples."
        )


def memory() -> float:
    """Bytes of memory that this process may use: of the machine, or of its container."""
    sizes = [2.0**36]
    try:
        sizes.append(float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")))
    except (AttributeError, ValueError, OSError):
        sizes.append(2.0**33)  # a system that does not say
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            sizes.append(float(Path(limit).read_text()))
        except (OSError, ValueError):
            continue
    return min(sizes)
