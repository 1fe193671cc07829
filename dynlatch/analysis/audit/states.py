"""The memory states of a network: attracting fixed points and cycles, and which runs come to rest in which.

Two sources. The searches `fixed_points` and `periodic_orbits` (period 2), where the size allows them; and the runs themselves,
followed under the context input until they rest or close, which also shows longer cycles and works at any size.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from dynlatch.analysis.attractor import polish
from dynlatch.analysis.audit.resting import LEADING, NEAR, resting
from dynlatch.analysis.audit.sequences import Indices
from dynlatch.analysis.basins.recurrences import period_of
from dynlatch.analysis.basins.targets import prime_orbit, same_orbit
from dynlatch.analysis.fixed_points import Completeness, FixedPoints, fixed_points
from dynlatch.analysis.fixed_points.equations import equation_of
from dynlatch.analysis.periodic_orbits import PeriodicOrbits, periodic_orbits
from dynlatch.analysis.periodic_orbits.describe import described
from dynlatch.analysis.periodic_orbits.orbits import Collection, Cycle
from dynlatch.errors import DynlatchError
from dynlatch.maps import SmoothMap
from dynlatch.validation import Array

SEARCHED, SECONDS = 512, 15.0  # units up to which fixed points are searched for, and how long at most
CYCLES_SEARCHED, CYCLE_SECONDS = 8, 3.0  # units up to which cycles of period 2 are searched for, and for how long
ROOM = 10.0  # the box searched in an unbounded network, in units of the largest state of the runs
SETTLE, WATCHED = 2000, 256  # steps a run has to come to rest, and steps in which it then has to close
ENDS = 64  # runs of which the ends are looked at one by one
STARTS, FEW = 64, 4  # random states from which attractors are looked for besides, and in networks larger than SEARCHED
WORK = 1 << 36  # floating-point operations spent on letting runs settle
AT_REST, STILL = 1e-6, 1e-12


class States(NamedTuple):
    """Fixed points, attracting cycles by period, where each of the given runs ends, and what was not searched for.

    `ends` (N,) are numbers of memory states, -1 where a run ends in none of them.
    """

    fixed_points: FixedPoints
    cycles: tuple[PeriodicOrbits, ...]
    ends: Indices
    left_out: tuple[str, ...]


def memory_orbits(found: FixedPoints, cycles: tuple[PeriodicOrbits, ...]) -> list[Array]:
    """The points (p, n) of every memory state: attracting fixed points first, then cycles."""
    return [point[None] for point in found.attractors.points] + [orbit for record in cycles for orbit in record.points]


def step_cost(map: SmoothMap) -> float:
    """Floating-point operations of one step of one state, about."""
    weights = getattr(map, "parameters", None) or getattr(getattr(map, "map", None), "parameters", None)
    return 2.0 * float(sum(array.size for array in weights.values())) if weights else 2.0 * map.dim**2


def memory_states(map: SmoothMap, last: Array, reach: float, rng: np.random.Generator, enter: Callable[[str], None]) -> States:
    """Memory states of `map` (the context input is part of it), given the last states (N, n) of runs of size `reach`."""
    left_out: list[str] = []
    enter("where the runs end")
    starts = rng.uniform(-reach, reach, (STARTS if map.dim <= SEARCHED else FEW, map.dim))
    tails = settle(map, np.concatenate([last, starts]))
    enter("fixed points")
    if map.dim <= SEARCHED:
        found = fixed_points(map, bounds=_bounds(map, reach), rng=rng, time_budget=SECONDS)
    else:
        found, undecided = resting(map, tails[-1])
        left_out += undecided
        left_out.append(
            f"Fixed points other than those in which runs end, and all but the {LEADING} leading multipliers: {map.dim} "
            f"components of the state (`dynlatch fixed-points` takes the time; up to {SEARCHED} it is part of the audit)."
        )
    enter("cycles")
    cycles = _cycles(map, tails, reach, rng)
    if map.dim > CYCLES_SEARCHED:
        left_out.append(
            "Attracting cycles in which no run and none of some random starts end: `dynlatch.analysis.periodic_orbits` "
            f"searches for them (up to {CYCLES_SEARCHED} components of the state, those of period 2 are part of the audit)."
        )
    # Runs of large networks have fewer steps to come to rest: near is enough.
    closest = AT_REST if map.dim <= SEARCHED else 10.0 * NEAR
    ends = _ends(tails[-1, : len(last)], memory_orbits(found, cycles), closest)
    return States(found, cycles, ends, tuple(left_out))


def _bounds(map: SmoothMap, reach: float) -> tuple[float, float] | None:
    """Where to search: None where structure bounds the network, else ten times as far out as the runs went."""
    if equation_of(map)[0].box() is not None:
        return None
    size = ROOM * (1.0 + reach)
    return -size, size


def settle(map: SmoothMap, last: Array) -> Array:
    """The last steps (WATCHED + 1, N, n) of the runs, after they had time to come to rest; one (1, N, n) if all of them did.

    Runs that leave the finite numbers stay where they were last.
    """
    steps = int(np.clip(WORK / (step_cost(map) * len(last)), WATCHED, SETTLE))
    states = last
    for _ in range(steps):
        moved = _finite_step(map, states)
        if np.abs(moved - states).max() <= STILL:
            return moved[None]
        states = moved
    record = [states]
    # What is still moving is watched; ends are compared, so a memory of all runs over all steps is not needed for many.
    for _ in range(WATCHED if map.dim <= SEARCHED and last.size * WATCHED <= 1 << 26 else 1):
        record.append(_finite_step(map, record[-1]))
    return np.stack(record)


def _finite_step(map: SmoothMap, states: Array) -> Array:
    with np.errstate(over="ignore", invalid="ignore"):
        moved = map.step(states)
    escaped = ~(np.abs(moved) < 1e100).all(-1)
    moved[escaped] = states[escaped]
    return moved


def _ends(last: Array, orbits: list[Array], closest: float) -> Indices:
    """The memory state at which each of the last states (N, n) is, to within `closest` of its size; -1 for none."""
    if not orbits:
        return np.full(len(last), -1)
    nearest = np.stack([_distance(last, orbit) for orbit in orbits], axis=-1)
    near = nearest.min(-1) <= closest * (1.0 + np.abs(last).max(-1))
    return np.where(near, nearest.argmin(-1), -1)


def _distance(states: Array, orbit: Array) -> Array:
    """Largest component of the distance of states (N, n) from the nearest point of an orbit."""
    return np.asarray(np.min([np.abs(states - point).max(-1) for point in orbit], axis=0))


def _cycles(map: SmoothMap, tails: Array, reach: float, rng: np.random.Generator) -> tuple[PeriodicOrbits, ...]:
    """Attracting cycles: of period 2 by search, and of any period in which a run ends."""
    met = _closed_ends(map, tails)
    records = []
    if map.dim <= CYCLES_SEARCHED:
        found = periodic_orbits(map, 2, bounds=_bounds(map, reach), rng=rng, time_budget=CYCLE_SECONDS).attractors
        met = [orbit for orbit in met if not any(same_orbit(orbit, other) for other in found.points)]
        records += [found] if len(found) else []
    for period in sorted({len(orbit) for orbit in met}):
        collection = Collection([Cycle(orbit, _error(map, orbit)) for orbit in met if len(orbit) == period])
        nothing = np.zeros((0, 2, map.dim))
        record = described(
            map, period, collection, odd=False, completeness=Completeness.BUDGET, unseen=0.0, unresolved=nothing
        ).attractors
        records += [record] if len(record) else []
    return tuple(sorted(records, key=lambda record: record.period))


def _closed_ends(map: SmoothMap, tails: Array) -> list[Array]:
    """The points (p, n) of the attracting cycles, p > 1, in which runs end."""
    met: list[Array] = []
    if len(tails) <= 2 or map.dim > SEARCHED:
        return met
    moving = np.flatnonzero(np.abs(tails[-1] - tails[-2]).max(-1) > AT_REST)[:ENDS]
    for orbit in np.moveaxis(tails[:, moving], 1, 0):
        period = period_of(orbit, AT_REST)
        if period is None or period == 1 or any(_distance(orbit[-1:], other).max() <= 1e-4 for other in met):
            continue
        try:
            polished = polish(map, orbit[-period:], "audit")
        except DynlatchError:
            continue  # a slow drift that looked closed
        if polished.period > 1 and polished.spectral_radius < 1.0:
            met.append(prime_orbit(polished.points))
    return met


def _error(map: SmoothMap, orbit: Array) -> float:
    """First-order bound on the distance of a polished cycle from the true one."""
    return float(np.abs(map.step(orbit) - np.roll(orbit, -1, axis=0)).max()) + 1e-15 * (1.0 + float(np.abs(orbit).max()))
