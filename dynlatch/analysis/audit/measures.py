"""The gradient measures along the followed sequences. Sequences of unequal lengths are measured length by length.

Each measure is the public verb called on the sequences of one length; where there are several lengths the answers are put
side by side, and what lies beyond a sequence's end is the identity: its gradient stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from dynlatch.analysis.audit.cost import Cost
from dynlatch.analysis.audit.estimate import estimated_decay
from dynlatch.analysis.audit.runs import DENSE, KEPT, Runs
from dynlatch.analysis.audit.sequences import Indices, Sequences
from dynlatch.analysis.gradients import GradientContributions, GradientDecay, gradient_contributions, gradient_decay
from dynlatch.maps import Parametric, SmoothMap
from dynlatch.validation import Array


def of_equal_length(lengths: Indices) -> Iterator[tuple[int, Indices]]:
    """Each length with the columns that have it."""
    for length in np.unique(lengths):
        yield int(length), np.flatnonzero(lengths == length)


def decay_along(network: SmoothMap, runs: Runs) -> GradientDecay:
    """`gradient_decay` along every followed sequence; estimated in networks too large for products of Jacobians."""
    verb = gradient_decay if network.dim <= DENSE else estimated_decay
    parts = {
        length: (which, verb(network, np.zeros((len(which), network.dim)), runs.inputs[:length, which]))
        for length, which in of_equal_length(runs.ends)
    }
    if len(parts) == 1:
        return next(iter(parts.values()))[1]
    T, S = len(runs.inputs), len(runs.followed)
    one = parts[T][1]
    forward, backward = np.zeros((T, S)), np.zeros((T, S))
    names = [name for name in one.bounds if all(name in decay.bounds for _, decay in parts.values())]
    bounds = {name: np.zeros((T, S)) for name in names}
    for length, (which, decay) in parts.items():
        forward[:length, which], forward[length:, which] = decay.log_norms, decay.log_norms[-1]
        backward[:length, which] = decay.backward
        for name in names:
            bounds[name][:length, which], bounds[name][length:, which] = decay.bounds[name], decay.bounds[name][-1]
    return GradientDecay(forward, backward, bounds, one.norm, one.coordinates)


def contributions_along(network: Parametric, sequences: Sequences, which: Indices, cost: Cost) -> GradientContributions:
    """`gradient_contributions` of the last step's cost, aligned at the last step: a shorter sequence starts later."""
    lengths = sequences.lengths[which]
    nothing = np.zeros(network.input_dim)
    T, S = int(lengths.max()), len(which)
    parts = []
    for length, columns in of_equal_length(lengths):
        rows = which[columns]
        split = gradient_contributions(
            network,
            np.zeros((len(rows), network.dim)),
            sequences.take(rows, 0, length, nothing),
            lambda last, rows=rows: cost.gradient(last, rows),
        )
        parts.append((columns, split))
    if len(parts) == 1:
        return parts[0][1]
    logs, projections = np.full((T, S), -np.inf), np.zeros((T, S))
    by_kind = {kind: np.full((T, S), -np.inf) for kind in parts[0][1].by_kind}
    for columns, split in parts:
        first = T - len(split.log_norms)
        logs[first:, columns], projections[first:, columns] = split.log_norms, split.projections
        for kind, by_time in by_kind.items():
            by_time[first:, columns] = split.by_kind[kind]
    largest = max(split.log_scale for _, split in parts)
    total = {
        name: np.sum([np.exp(split.log_scale - largest) * split.total[name] for _, split in parts], axis=0)
        for name in parts[0][1].total
    }
    return GradientContributions(logs, by_kind, projections, total, largest)


def affordable(sequences: Sequences, followed: Indices, dim: int) -> Indices:
    """As many of the followed sequences as their states, over their whole lengths, fit into memory; at least one."""
    return followed[: max(KEPT // (dim * int(sequences.lengths[followed].max())), 1)]


def common_stretch(runs: Runs) -> tuple[Indices, int]:
    """The columns of the sequences at least as long as the median one, and that many steps."""
    steps = int(np.median(runs.ends))
    return np.flatnonzero(runs.ends >= steps), steps


def near_memories(map: SmoothMap, orbits: list[Array], steps: int) -> GradientDecay | None:
    """`gradient_decay` from the first point of every memory state; None where there is no memory state."""
    if not orbits:
        return None
    verb = gradient_decay if map.dim <= DENSE else estimated_decay
    starts = np.stack([orbit[0] for orbit in orbits])
    return verb(map, starts, np.zeros((steps, len(starts), map.input_dim)))
