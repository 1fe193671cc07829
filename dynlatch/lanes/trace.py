"""The gradient of presentations while a rule trains: log-norm of the run, share and horizon of its weight gradient.

A rule that passes errors back calls `send_back` in the place of `wiring.backward`, one that does not `glance`. Both cost a
comparison where nobody watches, and change no bit of what the rule computes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.lanes.bundles import bundle
from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.packs import WIDTH, zeros
from dynlatch.lanes.products import carry_back
from dynlatch.lanes.shares import shares
from dynlatch.lanes.wiring import Wiring, backward
from dynlatch.validation import Array

Numbers = NDArray[np.int64]


@bundle
class Probe(NamedTuple):
    """What is recorded of presentations, and the room for it."""

    every: int  # presentations between two rows; 0: nothing is recorded
    last: int  # steps at the end whose share in the gradient is recorded
    before: bool  # activation coordinates
    memory: Numbers  # (r,) the units whose outputs are the state
    own: Numbers  # (n,) which of them a unit is; -1 for the others
    between: Numbers  # (., 3) of those departing: weight, place of the target in `room`, seen from even and from odd steps
    reads_first: Numbers  # (n + 1,) the trained connections to unit i are rows reads_first[i] to ... of
    reads: Numbers  # (., 2) source and delay
    again: Numbers  # (n,) 1 for a unit that reads through trained weights what the one before it reads
    room: Array  # of one pack of lanes: see `products`
    ends: Array  # (2, L)
    sizes: Array  # (T + 1, L) |G_t|
    total: Array  # (L,) of the sizes
    seen: Array  # (3, L) log-norm, share and horizon of the last presentation that was looked at
    next_look: Numbers  # (L,) the first presentation that is to be looked at
    kept: Numbers  # (L,) rows since they were read
    rows: Array  # (K, 4, L) presentations in the order of time, and what was seen; what comes when all are taken is lost


LANES_LAST = ("ends", "sizes", "total", "seen", "next_look", "kept", "rows")  # arrays whose last axis is the lane


def traceable(net: Wiring) -> bool:
    """Whether the state is what was put out one step ago, and every trained weight belongs to one connection."""
    weights = np.concatenate([net.weight, net.gated[:, 2]])
    trained = weights[weights < net.trained]
    return bool(net.longest_delay <= 1 and np.unique(trained).size == trained.size)


def memory_of(net: Wiring) -> Numbers:
    """The units that are read one step later, and the answers: those whose outputs are the state."""
    signals = np.concatenate([net.source, net.gated[:, 1], net.gated[:, 4]])
    delays = np.concatenate([net.delay, net.gated[:, 3], net.gated[:, 5]])
    later = signals[(signals < net.kinds.size) & (delays > 0)]
    return np.unique(np.concatenate([net.outputs, later]))


def blind(lanes: int) -> Probe:
    """Nothing is recorded."""
    numbers, columns = np.zeros(0, np.int64), np.zeros((0, lanes))
    return Probe(
        every=0, last=0, before=False, memory=numbers, own=numbers, between=np.zeros((0, 3), np.int64),
        reads_first=numbers, reads=np.zeros((0, 2), np.int64), again=numbers, room=np.zeros(0), ends=columns, sizes=columns,
        total=np.zeros(lanes), seen=columns, next_look=np.zeros(lanes, np.int64), kept=np.zeros(lanes, np.int64),
        rows=np.zeros((0, 4, lanes)),
    )  # fmt: skip


def probe(net: Wiring, steps: int, seen: Numbers, *, every: int, rows: int, last: int, before: bool) -> Probe:
    """Room to record every `every`-th presentation of sequences of at most so many steps; the lanes have `seen` so many."""
    memory, n, lanes = memory_of(net), net.kinds.size, len(seen)
    carried = len(memory) + 1  # rows of the product, and the errors
    half = n * carried * WIDTH
    own = np.full(n, -1)
    own[memory] = np.arange(len(memory))
    weight, target, later = net.departing.T
    place = target * carried * WIDTH
    between = np.stack([weight, place + half * later, place + half * (1 - later)], axis=1)
    taught = np.flatnonzero(net.weight < net.trained)
    reads, reads_first = np.stack([net.source, net.delay], axis=1)[taught], _firsts(net.target[taught], n)
    groups = [reads[reads_first[i] : reads_first[i + 1]] for i in range(n)]
    alike = len(net.gated) == 0  # what gates read is not compared
    again = np.array([i > 0 and alike and np.array_equal(groups[i], groups[i - 1]) for i in range(n)])
    return Probe(
        every=every, last=last, before=before, memory=memory, own=own,
        between=np.ascontiguousarray(between), reads_first=reads_first, reads=np.ascontiguousarray(reads),
        again=again.astype(np.int64), room=zeros(2 * half), ends=zeros(2, lanes),
        sizes=zeros(steps + 1, lanes), total=np.zeros(lanes), seen=np.zeros((3, lanes)),
        next_look=(seen // every + 1) * every, kept=np.zeros(lanes, np.int64), rows=np.zeros((rows, 4, lanes)),
    )  # fmt: skip


def _firsts(targets: Numbers, n: int) -> Numbers:
    """Where the connections to each unit begin, in order of the units."""
    return np.searchsorted(targets, np.arange(n + 1)).astype(np.int64)


@kernel
def send_back(net, theta, steps, show, work):  # type: ignore[no-untyped-def]
    """`wiring.backward` on work.d, and a look at it where one is due."""
    if due(show, work):
        look(net, theta, steps, show.probe, work, work.d)
        record(show, work)
    else:
        backward(net, theta, steps, work.s, work.d)


@kernel
def glance(net, theta, steps, show, work):  # type: ignore[no-untyped-def]
    """Where a look is due: errors are passed back in work.h, and work.d stays what `present` made it."""
    if due(show, work):
        errors, passed = work.d, work.h
        for t in range(steps + 1):  # an assignment of slices takes seconds to compile
            for i in range(errors.shape[1]):
                for lane in range(errors.shape[2]):
                    passed[t, i, lane] = errors[t, i, lane]
        look(net, theta, steps, show.probe, work, work.h)
        record(show, work)


@kernel
def due(show, work):  # type: ignore[no-untyped-def]
    """Whether the presentation at hand is to be recorded, in some lane."""
    if show.probe.every > 0:
        presentations, live, next_look = show.presentations, work.live, show.probe.next_look
        for lane in range(live.size):
            if live[lane] > 0.0 and presentations[lane] >= next_look[lane]:
                return True
    return False


@kernel
def record(show, work):  # type: ignore[no-untyped-def]
    """Keep what was seen of the presentation at hand, in the lanes where it is due."""
    presentations, live, probe = show.presentations, work.live, show.probe
    next_look, kept, rows, seen = probe.next_look, probe.kept, probe.rows, probe.seen
    for lane in range(live.size):
        if live[lane] > 0.0 and presentations[lane] >= next_look[lane]:
            next_look[lane] = (presentations[lane] // probe.every + 1) * probe.every
            if kept[lane] < rows.shape[0]:
                rows[kept[lane], 0, lane] = presentations[lane]
                for k in range(3):
                    rows[kept[lane], 1 + k, lane] = seen[k, lane]
                kept[lane] += 1


@kernel
def look(net, theta, steps, probe, work, d):  # type: ignore[no-untyped-def]
    """As `wiring.backward` on d; log-norm, share and horizon of the signals in `work` into `probe.seen`."""
    carry_back(net, probe, theta, steps, work.s, d, work.length, probe.seen[0])
    shares(probe, steps, work.length, probe.seen[1], probe.seen[2])
