"""The network along the user's sequences: where all of them end, and the states of those that are followed in detail."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dynlatch.analysis.audit.sequences import Indices, Sequences
from dynlatch.analysis.audit.states import step_cost
from dynlatch.errors import InvalidInput
from dynlatch.maps import SmoothMap, trajectory
from dynlatch.validation import Array

MOST_STEPS = 20_000  # of a sequence; the rest is cut off
MOST_FOLLOWED = 64  # sequences followed in detail
RUN_WORK = 1 << 36  # floating-point operations spent on running sequences to their ends
DENSE = 512  # units up to which norms of products of Jacobians are exact
DETAIL, DETAIL_LARGE = 1 << 20, 1 << 32  # steps followed in detail: the first divided by n, or the second by n^2 beyond DENSE
KEPT = 1 << 23  # numbers of the trajectories of those
TOGETHER = 1 << 21  # numbers of all inputs, or states, at one time of a run


class Runs(NamedTuple):
    """What was run.

    `ran` (R,) are the sequences run to their ends `last` (R, n), of largest component `reach`; `followed` (S,) those whose
    inputs (T, S, m) and states (T + 1, S, n) are kept, held after the end of a shorter one; `ends` (S,) are their lengths
    within these T steps.
    """

    ran: Indices
    last: Array
    reach: float
    followed: Indices
    inputs: Array
    states: Array
    ends: Indices
    left_out: tuple[str, ...]


def spread(count: int, most: int) -> Indices:
    """At most so many of `count` numbers, evenly spread from the first on."""
    return np.unique(np.linspace(0, count - 1, min(count, max(most, 1))).astype(np.int64))


def detail(dim: int) -> int:
    """Steps, over all sequences, that can be followed in detail."""
    steps = DETAIL // dim if dim <= DENSE else DETAIL_LARGE // dim**2
    return max(min(steps, KEPT // dim), 1)


def run(network: SmoothMap, sequences: Sequences, rest: Array) -> Runs:
    """Run the sequences from the zero state; after its end each has the input `rest`."""
    left_out = []
    whole = int(sequences.lengths.max())
    sequences = sequences.cut(MOST_STEPS)
    if whole > MOST_STEPS:
        left_out.append(f"Steps after {MOST_STEPS} of the longer sequences (they have up to {whole}): give them in pieces.")
    longest, count = int(sequences.lengths.max()), len(sequences)
    ran = spread(count, int(RUN_WORK / (step_cost(network) * longest)))
    if len(ran) < count:
        left_out.append(f"Where {count - len(ran)} of the {count} sequences end: {len(ran)} of them, evenly spread, were run.")
    followed, steps = _followed(sequences, network.dim)
    if len(followed) < count:
        left_out.append(f"Gradients along {count - len(followed)} of the {count} sequences: {len(followed)} were followed.")
    if steps < longest:
        left_out.append(
            f"Gradients, regions and verdicts after step {steps} of the sequences (they have up to {longest} steps)."
        )
    last, reach = _ends(network, sequences, ran, rest)
    inputs = sequences.take(followed, 0, steps, rest)
    states = trajectory(network, np.zeros((len(followed), network.dim)), inputs)
    ends = np.minimum(sequences.lengths[followed], steps)
    for column, end in enumerate(ends):
        states[end:, column] = states[end, column]
    return Runs(ran, last, max(reach, float(np.abs(states).max())), followed, inputs, states, ends, tuple(left_out))


def _followed(sequences: Sequences, dim: int) -> tuple[Indices, int]:
    """Which sequences are followed, and for how many steps: rather fewer of them than fewer steps."""
    longest, total = int(sequences.lengths.max()), detail(dim)
    steps = min(longest, total)
    return spread(len(sequences), min(MOST_FOLLOWED, total // steps)), steps


def _ends(network: SmoothMap, sequences: Sequences, ran: Indices, rest: Array) -> tuple[Array, float]:
    """The last states (R, n) of these sequences, and the largest component met: in groups, and in pieces of time."""
    group = max(TOGETHER // max(network.dim, network.input_dim, 1), 1)
    ended, reach = [], 0.0
    for first in range(0, len(ran), group):
        which = ran[first : first + group]
        lengths, states = sequences.lengths[which], np.zeros((len(which), network.dim))
        piece = max(TOGETHER // (len(which) * max(network.input_dim, 1)), 1)
        for start in range(0, int(lengths.max()), piece):
            for t, u in enumerate(sequences.take(which, start, start + piece, rest), start):
                with np.errstate(over="ignore", invalid="ignore"):
                    states = np.where((t < lengths)[:, None], network.step(states, u), states)
                reach = float(np.maximum(reach, np.abs(states).max()))  # NaN wins
            if not np.isfinite(reach):
                bad = int(which[np.argmax(~np.isfinite(states).all(-1))])
                raise InvalidInput(
                    f"along sequence {bad} the state leaves the finite numbers: the network is not bounded there; audit it on "
                    "shorter sequences, or on smaller inputs."
                )
        ended.append(states)
    return np.concatenate(ended), reach
