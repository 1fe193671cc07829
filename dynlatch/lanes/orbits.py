"""Orbits of many networks: a queue of starts, WIDTH of them at work, each until it has arrived somewhere."""

from __future__ import annotations

import numpy as np

from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.packs import WIDTH, pack
from dynlatch.lanes.points import gather, march
from dynlatch.lanes.known import KNOWN, LONGEST_PERIOD, PERIOD, STABLE

CAPTURED = 1e-3  # an orbit this close to an attractor has arrived
RESTING, NEAR = 1e-8, 0.01  # an orbit that comes back this close to where it was has settled, or is near a cycle
PATIENCE = 300  # steps after which an orbit that has arrived nowhere is at something unknown
LOOK = 4  # steps between two looks at where an orbit is
RING = 16  # steps that are kept
EARLY = (3, 6)  # steps after which states are noted


@kernel
def follow(code, w, case, starts, points, facts, steps, found, back, ends, early):  # type: ignore[no-untyped-def]
    """Follow the orbits from starts (N, r) of the networks `case` of w (C, E + n) until they arrive at attractors, settle, or tire.

    Of each orbit: how many steps it took, the place of the attractor it is at (a cycle: at its first point), -1 for none; if none,
    after how many steps it comes back to `ends`, the last state, 0 if it does not. early (N, 2, r): states on the way, or empty.
    """
    (N, r), n, zero = starts.shape, code[0, 0], pack()
    item, count, look = np.full(WIDTH, -1), np.zeros(WIDTH, np.int64), np.ones(WIDTH, np.int64)
    weights, path, output = np.zeros((w.shape[1], WIDTH)), np.zeros((RING, r, WIDTH)), np.zeros((n, WIDTH))
    waiting, done, t = 0, 0, 0
    while done < N:
        now = t % RING
        for lane in range(WIDTH):
            if item[lane] < 0 and waiting < N:
                item[lane], count[lane], look[lane] = waiting, 0, 1 if _has_cycles(facts[case[waiting]]) else LOOK
                gather(w, case[waiting], weights, lane)
                gather(starts, waiting, path[now], lane)
                waiting += 1
            k = item[lane]
            if k < 0:
                continue
            if len(early) > 0 and (count[lane] == EARLY[0] or count[lane] == EARLY[1]):
                _take(path[now], lane, early[k, count[lane] // EARLY[1]])
            if count[lane] % look[lane] == 0:
                steps[k], back[k] = count[lane], 0
                found[k] = _reached(path, now, lane, points[case[k]], facts[case[k]])
                if found[k] < 0:
                    back[k] = _comes_back(path, now, count[lane], lane)
                if found[k] >= 0 or back[k] > 0 or count[lane] == PATIENCE:
                    _take(path[now], lane, ends[k])
                    item[lane] = -1
                    done += 1
        march(code, weights, path[now], path[(t + 1) % RING], output, zero)
        t += 1
        for lane in range(WIDTH):
            count[lane] += 1


@kernel
def _has_cycles(about):  # type: ignore[no-untyped-def]
    for m in range(about[-1, KNOWN]):
        if about[m, PERIOD] > 1 and about[m, STABLE]:
            return True
    return False


@kernel
def _take(states, lane, x):  # type: ignore[no-untyped-def]
    for i in range(x.size):
        x[i] = states[i, lane]


@kernel
def _reached(path, now, lane, known, about):  # type: ignore[no-untyped-def]
    """The place of the attractor that a lane is at; -1 if it is at none."""
    for m in range(about[-1, KNOWN]):
        if about[m, STABLE]:
            far, size = 0.0, 1.0
            for i in range(known.shape[1]):
                far, size = max(far, abs(path[now, i, lane] - known[m, i])), max(size, abs(known[m, i]))
            if far < CAPTURED * size:
                return m
    return -1


@kernel
def _comes_back(path, now, count, lane):  # type: ignore[no-untyped-def]
    """After how many steps a lane is back where it is now, looking back; 0 if it is not. At last one is content with less."""
    within = NEAR if count == PATIENCE else RESTING
    for period in range(1, min(LONGEST_PERIOD, count) + 1):
        then, far, size = (now - period) % RING, 0.0, 1.0
        for i in range(path.shape[1]):
            x = path[now, i, lane]
            far, size = max(far, abs(path[then, i, lane] - x)), max(size, abs(x))
        if far < within * size:
            return period
    return 0
