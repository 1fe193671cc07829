"""Orbits of many networks: a queue of starts, WIDTH of them at work, each until it has arrived somewhere."""

from __future__ import annotations

import numpy as np

from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.known import KNOWN, PERIOD, STABLE
from dynlatch.lanes.packs import WIDTH, pack
from dynlatch.lanes.points import gather, march
from dynlatch.lanes.solving import LONGEST_PERIOD

CAPTURED = 1e-3  # an orbit this close to an attractor has arrived
RESTING, SETTLED, NEAR = (
    1e-8,
    1e-6,
    0.01,
)  # an orbit that comes back this close to where it was rests; after a shorter time; at last
PATIENCE = 300  # steps after which an orbit that has arrived nowhere is at something unknown
LOOK = 4  # steps between two looks at where an orbit is
RING = 16  # steps that are kept
EARLY = (3, 6)  # steps after which states are noted


@kernel
def follow(code, w, case, starts, points, facts, steps, found, back, ends, early):  # type: ignore[no-untyped-def]
    """Follow the orbits from starts (N, r) of the networks `case` of w (C, E + n) until they arrive, settle or tire.

    Of each orbit: how many steps it took, the place of the attractor it is at (a cycle: at its first point), -1 for none; if
    none, after how many steps it comes back to `ends`, the last state, 0 if it does not or rests at a point that is known.
    early (N, 2, r): states on the way.
    """
    (N, r), n, zero = starts.shape, code[0, 0], pack()
    item, count = np.full(WIDTH, -1), np.zeros(WIDTH, np.int64)
    weights, path, output = np.zeros((w.shape[1], WIDTH)), np.zeros((RING, r, WIDTH)), np.zeros((n, WIDTH))
    goals, cycles, limits = _goals(points, facts)
    waiting, done, now = 0, 0, 0
    while done < N:
        for lane in range(WIDTH):
            if item[lane] < 0 and waiting < N:
                item[lane], count[lane] = waiting, 0
                gather(w, case[waiting], weights, lane)
                for i in range(r):
                    path[now, i, lane] = starts[waiting, i]
                waiting += 1
            k = item[lane]
            if k >= 0:
                c, arrived = case[k], -1
                _note(path, now, lane, count[lane], early, k)
                # The first point of a cycle may have been passed between two looks.
                for ago in range(min(count[lane], LOOK - 1) if cycles[c] else 0, -1, -1):
                    if arrived < 0:
                        steps[k], arrived = (
                            count[lane] - ago,
                            _arrived(path, (now - ago) % RING, lane, points, goals, limits, c),
                        )
                found[k], back[k] = arrived, 0
                period = _comes_back(path, now, count[lane], lane) if arrived < 0 else 0
                if period > 1 or (period == 1 and not _is_known(path, now, lane, points, facts, c)):
                    back[k] = period
                if arrived >= 0 or period > 0 or count[lane] >= PATIENCE:
                    for i in range(r):
                        ends[k, i] = path[now, i, lane]
                    item[lane] = -1
                    done += 1
                count[lane] += LOOK
        for _ in range(LOOK):
            march(code, weights, path[now], path[(now + 1) % RING], output, zero)
            now = (now + 1) % RING


@kernel
def _goals(points, facts):  # type: ignore[no-untyped-def]
    """Places of the attractors of each network (C, M + 1), -1 after the last; whether there are cycles; how near is there."""
    C, M, r = points.shape
    goals, cycles, limits = np.full((C, M + 1), -1), np.zeros(C, np.bool_), np.empty((C, M))
    for c in range(C):
        a = 0
        for m in range(facts[c, M, KNOWN]):
            if facts[c, m, STABLE]:
                size = 1.0
                for i in range(r):
                    size = max(size, abs(points[c, m, i]))
                goals[c, a], limits[c, a], cycles[c] = m, CAPTURED * size, cycles[c] or facts[c, m, PERIOD] > 1
                a += 1
    return goals, cycles, limits


@kernel
def _arrived(path, now, lane, points, goals, limits, c):  # type: ignore[no-untyped-def]
    """The place of the attractor that a lane is at; -1 if it is at none."""
    a = 0
    while goals[c, a] >= 0:
        m, i = goals[c, a], 0
        while i < points.shape[2] and abs(path[now, i, lane] - points[c, m, i]) < limits[c, a]:
            i += 1
        if i == points.shape[2]:
            return m
        a += 1
    return -1


@kernel
def _is_known(path, now, lane, points, facts, c):  # type: ignore[no-untyped-def]
    """Whether a lane is at a known point, attracting or not."""
    for m in range(facts[c, points.shape[1], KNOWN]):
        far, size = 0.0, 1.0
        for i in range(points.shape[2]):
            x = points[c, m, i]
            far, size = max(far, abs(path[now, i, lane] - x)), max(size, abs(x))
        if far < SETTLED * size:
            return True
    return False


@kernel
def _note(path, now, lane, count, early, k):  # type: ignore[no-untyped-def]
    """Keep the states after EARLY steps, if those are among the last ones."""
    for e in range(len(EARLY)):
        ago = count - EARLY[e]
        if 0 <= ago < LOOK:
            for i in range(path.shape[1]):
                early[k, e, i] = path[(now - ago) % RING, i, lane]


@kernel
def _comes_back(path, now, count, lane):  # type: ignore[no-untyped-def]
    """After how many steps a lane is back where it is now, looking back; 0 if it is not. At last one is content with less.

    A flip that dies out slowly is nearer to itself after twice its period: the shortest that will do is taken. Cycles are
    looked for at every fourth look.
    """
    shortest, settled, size = 0, count >= PATIENCE, 1.0
    for i in range(path.shape[1]):
        size = max(size, abs(path[now, i, lane]))
    wide = (NEAR if count >= PATIENCE else SETTLED) * size
    for period in range(1, min(LONGEST_PERIOD if count % (4 * LOOK) == 0 or count >= PATIENCE else 1, count) + 1):
        then, far, i = (now - period) % RING, 0.0, 0
        while i < path.shape[1] and far < wide:
            far = max(far, abs(path[then, i, lane] - path[now, i, lane]))
            i += 1
        if shortest == 0 and far < wide:
            shortest = period
        settled |= far < RESTING * size
    return shortest if settled else 0
