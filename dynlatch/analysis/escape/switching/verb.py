"""`switching_thresholds`: a row of the matrix for each attractor, then ways in stages."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.attractor import attracting
from dynlatch.analysis.basins.result import AttractorKind
from dynlatch.analysis.basins.setup import scouted_system
from dynlatch.analysis.basins.system import System
from dynlatch.analysis.basins.targets import listed, same_orbit
from dynlatch.analysis.basins.verb import basins
from dynlatch.analysis.escape.question import ask, size
from dynlatch.analysis.escape.switching.result import SwitchingThresholds
from dynlatch.analysis.escape.switching.search import (
    Drive,
    best_of_each,
    drive_of,
    first_looks,
    lengthened,
    lowered,
    narrowed,
    starting_sequences,
)
from dynlatch.analysis.escape.verb import escape_threshold
from dynlatch.analysis.escape.witness import replay
from dynlatch.analysis.structure import is_odd
from dynlatch.errors import InvalidInput
from dynlatch.maps import Map, coordinates
from dynlatch.progress import stages
from dynlatch.randomness import Rng, generator
from dynlatch.validation import Array

LENGTH = 24
SAMPLES = 512
NUDGES = (0.0, 1e-9, 1e-7, 1e-5)


class Effort(NamedTuple):
    """Sequences looked at, those kept for every target, rounds of lowering, and steps by which the best are lengthened."""

    sequences: int
    kept: int
    rounds: int
    longer: tuple[int, ...]


EFFORTS = {"default": Effort(60, 4, 30, (40,)), "high": Effort(400, 16, 80, (40, 120))}


def switching_thresholds(
    map: Map,
    attractors: Any = None,
    *,
    norm: float = np.inf,
    input_matrix: Any = None,
    effort: str = "default",
    rng: Rng = None,
    progress: bool = False,
) -> SwitchingThresholds:
    """Which attractor can be switched to which, and how large the inputs must be.

    Inputs act for as long as they like and are then off; a switch from i to j ends in attractor j. Below `lower[i]`, the proved
    bound of `escape_threshold`, there is none; `upper[i, j]` is the least size found that makes it, with its input sequence. A
    way may go through other attractors: it costs as much as its dearest stage.

    Parameters
    ----------
    map : Map
    attractors : None, a result of `fixed_points` or `periodic_orbits`, or a list of states (n,), cycles (p, n) or members
        None takes the fixed points and cycles in which random states end.
    norm, input_matrix
        As for `escape_threshold`.
    effort : {"default", "high"}
    rng : int, Generator or None
    progress : bool
        Whether to draw a progress bar on stderr. Ctrl-C returns the rows done by then; the others are (0, inf).

    Returns
    -------
    SwitchingThresholds

    Raises
    ------
    InvalidInput
        On fewer than two attractors, wrong shapes, an unknown norm or effort.

    Examples
    --------
    >>> import dynlatch as dl
    >>> from dynlatch import analysis
    >>> switches = analysis.switching_thresholds(dl.LatchNeuron(2.0, 0.1), rng=0)
    >>> switches.upper.round(4)
    array([[0.    , 0.4328],
           [0.6328, 0.    ]])
    """
    if effort not in EFFORTS:
        raise InvalidInput(f"`effort` must be one of {', '.join(EFFORTS)}; got {effort!r}.")
    generators = generator(rng).spawn(3)
    orbits = _met(map, generators[0]) if attractors is None else listed(map, attractors)
    if len(orbits) < 2:
        raise InvalidInput(f"there is nothing to switch: {len(orbits)} attractors. Give at least two.")
    orbits = [attracting(map, orbit, "switching_thresholds").points for orbit in orbits]
    system = scouted_system(map, orbits, None, np.concatenate(orbits), 2000)
    k = len(orbits)
    rows = [Row(0.0, np.full(k, np.inf), [np.zeros((0, 0))] * k) for _ in orbits]
    with stages(k, shown=progress) as enter:
        try:
            for i, (orbit, stream) in enumerate(zip(orbits, generators[1].spawn(k), strict=True)):
                enter(f"from attractor {i}")
                rows[i] = _row(map, system, orbits, orbit, (norm, input_matrix, effort), stream)
        except KeyboardInterrupt:
            pass
    if is_odd(map):
        _mirror(rows, orbits)
    direct = np.stack([row.upper for row in rows])
    np.fill_diagonal(direct, 0.0)
    upper, via = in_stages(direct)
    return SwitchingThresholds(
        attractors=tuple(orbits),
        lower=np.array([row.lower for row in rows]),
        upper=upper,
        direct=direct,
        via=via,
        witnesses=tuple(witness for row in rows for witness in row.witnesses),
        norm=float(norm),
        coordinates=coordinates(map),
    )


def _met(map: Map, rng: np.random.Generator) -> list[Array]:
    """The fixed points and cycles in which random states end."""
    held = basins(map, samples=SAMPLES, rng=rng)
    return [orbit for orbit, kind in zip(held.attractors, held.kinds, strict=True) if kind is not AttractorKind.RECURRENT]


class Row(NamedTuple):
    """Of one attractor: the proved bound, the least sizes (k,) that reach each other one, and their inputs."""

    lower: float
    upper: Array
    witnesses: list[Array]


def _row(
    map: Map, system: System, orbits: list[Array], orbit: Array, how: tuple[float, Any, str], rng: np.random.Generator
) -> Row:
    norm, input_matrix, effort = how
    question = ask(map, orbit, norm, input_matrix)
    own = escape_threshold(map, orbit, norm=norm, input_matrix=input_matrix, effort=effort, rng=rng)
    drive = drive_of(question, system)
    candidates = [] if own.witness is None else [own.witness]
    if not np.isinf(own.lower):
        candidates += _searched(drive, EFFORTS[effort], rng)
    row = Row(own.lower, np.full(len(orbits), np.inf), [np.zeros((0, question.width))] * len(orbits))
    for inputs in candidates:
        for nudge in NUDGES:
            pushed = inputs * (1.0 + nudge)
            j = _landed(drive, orbits, pushed)
            if j is not None and size(pushed, norm) < row.upper[j]:
                row.upper[j], row.witnesses[j] = size(pushed, norm), pushed
                break
    assert np.all(row.upper >= row.lower)
    return row


def _mirror(rows: list[Row], orbits: list[Array]) -> None:
    """An odd map: what switches i to j switches -i to -j with the signs changed; each takes the better of both."""
    opposite = [next((j for j, other in enumerate(orbits) if same_orbit(-orbit, other)), None) for orbit in orbits]
    for i, k in enumerate(opposite):
        if k is None or len(orbits[i]) > 1:  # of a cycle, inputs begin at its first point, and the opposite one elsewhere
            continue
        for j, other in enumerate(opposite):
            if other is not None and rows[k].upper[other] < rows[i].upper[j]:
                rows[i].upper[j], rows[i].witnesses[j] = rows[k].upper[other], -rows[k].witnesses[other]


def _landed(drive: Drive, orbits: list[Array], inputs: Array) -> int | None:
    """The other attractor in which the inputs end, by the independent simulator; None for none."""
    landing = replay(drive.question.system, drive.question.attractor.points, inputs)
    if landing.returned or landing.period is None:
        return None
    for j, orbit in enumerate(orbits):
        if np.abs(orbit - landing.state).max(-1).min() <= 1e-6 * (1.0 + np.abs(orbit).max()):
            return j
    return None


def _searched(drive: Drive, effort: Effort, rng: np.random.Generator) -> list[Array]:
    """Inputs that end in each of the other attractors, as small as the search makes them."""
    question = drive.question
    U = starting_sequences(LENGTH, effort.sequences, question.width, question.norm, rng)
    found = first_looks(drive, U, _unit(drive), effort.kept)
    home = _label(drive)
    found = found.take(np.flatnonzero(found.target != home))
    out: list[Array] = []
    if not len(found.hi):
        return out
    found = lowered(drive, narrowed(drive, found), effort.rounds)
    for extra in (0, *effort.longer):
        found = best_of_each(found, 2)
        if extra:
            found = lengthened(drive, found, extra, effort.rounds // 2)
        out += [found.U[:, s] * found.hi[s] for s in range(len(found.hi))]
    return out


def _label(drive: Drive) -> int:
    return int(drive.system.holding(drive.start[:, None])[0])


def _unit(drive: Drive) -> float:
    """Size of inputs that move the state by about its own size."""
    a, width = drive.start, drive.question.width
    step = drive.question.system.step
    moved = step(np.broadcast_to(a, (width, len(a))), 1e-3 * np.eye(width)) - step(a, np.zeros(width))
    gain = float(np.abs(moved).max()) / 1e-3
    return 0.5 * (float(np.abs(a).max()) or 1.0) / gain if gain > 0 else 1.0


def in_stages(direct: Array) -> tuple[Array, NDArray[np.int64]]:
    """Least cost of any way between each two, a way costing as much as its dearest stage, and where it is split (-1: nowhere).

    Floyd's algorithm with the largest stage in place of the sum (minimax paths).
    """
    upper, via = direct.copy(), np.full(direct.shape, -1, dtype=np.int64)
    for k in range(len(direct)):
        around = np.maximum(upper[:, k, None], upper[k])
        shorter = around < upper
        upper[shorter], via[shorter] = around[shorter], k
    return upper, via
