"""Orbits of many networks: a queue of starts, WIDTH of them at work, each until it has arrived somewhere."""

from __future__ import annotations

import numpy as np

from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.packs import WIDTH, pack
from dynlatch.lanes.points import gather, march
from dynlatch.lanes.known import KNOWN, LONGEST_PERIOD, PERIOD, STABLE

CAPTURED = 1e-3  # an orbit this close to an attractor has arrived
RESTING, SETTLED, NEAR = 1e-8, 1e-6, 0.01  # an orbit that comes back this close to where it was rests; after a shorter time; at last
PATIENCE = 300  # steps after which an orbit that has arrived nowhere is at something unknown
LOOK = 4  # steps between two looks at where an orbit is
RING = 16  # steps that are kept
EARLY = (3, 6)  # steps after which states are noted


@kernel
def follow(code, w, case, starts, points, facts, steps, found, back, ends, early):  # type: ignore[no-untyped-def]
    """Follow the orbits from starts (N, r) of the networks `case` of w (C, E + n) until they arrive at attractors, settle, or tire.

    Of each orbit: how many steps it took, the place of the attractor it is at (a cycle: at its first point), -1 for none; if none,
    after how many steps it comes back to `ends`, the last state, 0 if it does not or rests at a point that is known.
    early (N, 2, r): states on the way, or empty.
    """
    (N, r), n, zero = starts.shape, code[0, 0], pack()
    item, count, cycles = np.full(WIDTH, -1), np.zeros(WIDTH, np.int64), np.zeros(WIDTH, np.bool_)
    weights, path, output = np.zeros((w.shape[1], WIDTH)), np.zeros((RING, r, WIDTH)), np.zeros((n, WIDTH))
    waiting, done, now = 0, 0, 0
    while done < N:
        for lane in range(WIDTH):
            if item[lane] < 0 and waiting < N:
                item[lane], count[lane], cycles[lane] = waiting, 0, _has_cycles(case[waiting], facts)
                gather(w, case[waiting], weights, lane)
                for i in range(r):
                    path[now, i, lane] = starts[waiting, i]
                waiting += 1
            k = item[lane]
            if k >= 0:
                if len(early) > 0:
                    _note(path, now, lane, count[lane], early, k)
                if _stops(path, now, lane, count[lane], cycles[lane], points, facts, case[k], steps, found, back, k):
                    for i in range(r):
                        ends[k, i] = path[now, i, lane]
                    item[lane] = -1
                    done += 1
                count[lane] += LOOK
        for _ in range(LOOK):
            march(code, weights, path[now], path[(now + 1) % RING], output, zero)
            now = (now + 1) % RING


@kernel
def _has_cycles(c, facts):  # type: ignore[no-untyped-def]
    last = facts.shape[1] - 1
    for m in range(facts[c, last, KNOWN]):
        if facts[c, m, PERIOD] > 1 and facts[c, m, STABLE]:
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
def _stops(path, now, lane, count, cycles, points, facts, c, steps, found, back, k):  # type: ignore[no-untyped-def]
    """Whether an orbit needs no more steps, and what is to be said of it."""
    # The first point of a cycle may have been passed between two looks.
    for ago in range(min(count, LOOK - 1) if cycles else 0, -1, -1):
        steps[k], back[k], found[k] = count - ago, 0, _known(path, (now - ago) % RING, lane, points, facts, c, CAPTURED, True)
        if found[k] >= 0:
            return True
    period = _comes_back(path, now, count, lane)
    if period > 1 or (period == 1 and _known(path, now, lane, points, facts, c, SETTLED, False) < 0):
        back[k] = period
    return period > 0 or count >= PATIENCE


@kernel
def _known(path, now, lane, points, facts, c, within, attracting):  # type: ignore[no-untyped-def]
    """The place of the known point (of the attractor) that a lane is at; -1 if it is at none."""
    last = facts.shape[1] - 1
    for m in range(facts[c, last, KNOWN]):
        if attracting and facts[c, m, STABLE] == 0:
            continue
        far, size = 0.0, 1.0
        for i in range(points.shape[2]):
            x = points[c, m, i]
            far, size = max(far, abs(path[now, i, lane] - x)), max(size, abs(x))
        if far < within * size:
            return m
    return -1


@kernel
def _comes_back(path, now, count, lane):  # type: ignore[no-untyped-def]
    """After how many steps a lane is back where it is now, looking back; 0 if it is not. At last one is content with less.

    A flip that dies out slowly is nearer to itself after twice its period: the shortest that will do is taken.
    """
    shortest, settled = 0, count >= PATIENCE
    for period in range(1, min(LONGEST_PERIOD, count) + 1):
        then, far, size = (now - period) % RING, 0.0, 1.0
        for i in range(path.shape[1]):
            x = path[now, i, lane]
            far, size = max(far, abs(path[then, i, lane] - x)), max(size, abs(x))
        if shortest == 0 and far < (NEAR if count >= PATIENCE else SETTLED) * size:
            shortest = period
        settled |= far < RESTING * size
    return shortest if settled else 0
