"""The gradient of a network of weighted sums, compiled: recorded while a rule trains, or of what was shown last."""

from __future__ import annotations

from dynlatch.lanes.show import present_again
from dynlatch.lanes.trace import Probe, probe
from dynlatch.lanes.wiring import Wiring
from dynlatch.training.contract import Show
from dynlatch.training.monitor.sample import last_shown
from dynlatch.validation import Array


def room_for(net: Wiring, show: Show, *, every: int, rows: int, last: int, before: bool) -> Probe:
    """Room to record presentations while a rule trains."""
    steps, presentations = len(show.work.s) - 1, show.lanes.presentations
    return probe(net, steps, presentations, every=every, rows=rows, last=last, before=before)


def gradient_of(net: Wiring, theta: Array, show: Show, last: int, *, before: bool) -> Array:
    """Log-norm, share and horizon (3, L) of the sequences shown last, under the weights as they are."""
    room, work = room_for(net, show, every=1, rows=0, last=last, before=before), last_shown(show)
    present_again(net, theta, int(work.length.max()), show.lanes._replace(probe=room), work)
    return room.seen
