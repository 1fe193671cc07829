"""A cheap subset of an audit, for a network that is being trained.

Fixed points are followed from where they were, gradients along a few sequences over their last steps; what takes longer is
left out, and named. Work is fixed: it depends on the sizes alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.audit.cost import Cost
from dynlatch.analysis.audit.estimate import DIRECTIONS, STANDARD_ERROR, estimated_decay
from dynlatch.analysis.audit.resting import LEADING, resting
from dynlatch.analysis.audit.result import Audit
from dynlatch.analysis.audit.sequences import Indices, Sequences
from dynlatch.analysis.audit.setup import describe
from dynlatch.analysis.fixed_points import FixedPoints
from dynlatch.analysis.fixed_points.follow import follow_fixed_points
from dynlatch.analysis.gradients import gradient_contributions, gradient_decay
from dynlatch.analysis.plots.audit_states import thinned
from dynlatch.analysis.report.findings import findings
from dynlatch.maps import Parametric, trajectory
from dynlatch.validation import Array

if TYPE_CHECKING:
    from dynlatch.networks.readout import Readout

SEQUENCES, STEPS = 4, 100  # how many sequences, and how many of their last steps
RUN = 1000  # steps that are run before those at most
FIRST = 64  # fresh starts of the first glance, where the indices ask for some
KNOWN = 48  # fixed points that are followed, the attracting ones first
SPREAD = 32  # states along them from which quiet runs look for memory states
QUIET = 100  # steps without input after which the ends of runs are starts of the search
NEAR = 1e-2  # and are counted for the memory state that is closer than this, relative to its size
ROOM = 10.0  # the box searched in an unbounded network, in units of the largest state of the runs
EXACT, FOLLOWED = 256, 512  # components of the state up to which products are formed, and fixed points are followed
ESTIMATED = (
    f"Exact norms of products of Jacobians: Frobenius norms are estimated from {DIRECTIONS} random directions (standard error "
    f"up to {STANDARD_ERROR:.2g} in the natural logarithm)."
)
AT_REST = f"Fixed points in which no run comes to rest, and all but the {LEADING} leading multipliers of the others."
LEFT_OUT = (
    "Fixed points other than those that lie near the last ones or that a few fresh starts reach; cycles, exponents, bounds, "
    "verdicts, u* and the decay at memory states: `audit` takes the time for them. This is the glance of `GradientAudit`."
)


def few(lengths: Indices) -> Indices:
    """Which sequences a glance follows: the first of those that have the most common length."""
    values, counts = np.unique(lengths, return_counts=True)
    return np.flatnonzero(lengths == values[counts.argmax()])[:SEQUENCES]


def glance(network: Parametric, sequences: Sequences, cost: Cost, last: FixedPoints | None, step: int) -> Audit:
    """Memory states, decay and split of the gradient by delay, as far as they cost little; `last` are fixed points before."""
    rng = np.random.default_rng(step)
    which = few(sequences.lengths)
    end = int(sequences.lengths[which[0]])
    first = max(end - STEPS, 0)
    inputs = sequences.take(which, max(first - RUN, 0), end, np.zeros(network.input_dim))
    lead = len(inputs) - (end - first)
    states = trajectory(network, np.zeros((len(which), network.dim)), inputs)
    visited, inputs = states[lead:], inputs[lead:]
    quiet = trajectory(network, np.concatenate([visited[-1], _spread(visited)]), steps=QUIET)[-1]
    found = _fixed_points(network, quiet, last, ROOM * (1.0 + float(np.abs(visited).max())), rng)
    memory = found.attractors
    draft = Audit(
        name=f"step {step}",
        architecture=describe(network),
        dim=network.dim,
        input_dim=network.input_dim,
        parameter_count=sum(array.size for array in network.parameters.values()),
        context=None,
        fixed_points=found,
        cycles=(),
        readouts=_readouts(network, memory.points),
        at_memory=None,
        along_inputs=(gradient_decay if network.dim <= EXACT else estimated_decay)(network, visited[0], inputs),
        inputs_from=f"the last {end - first} steps of {len(which)} of {sequences.words}",
        lengths=sequences.lengths,
        followed=which,
        input_size=float(np.abs(inputs).max(initial=0.0)),
        trajectories=visited,
        regions=None,
        occupancy=_occupancy(quiet[: len(which)], memory.points),
        cycle_occupancy=np.zeros(0),
        thresholds=(None,) * len(memory),
        contributions=gradient_contributions(network, visited[0], inputs, cost.gradient(visited[-1], which)),
        cost=cost.words,
        exponents=None,
        bounds=None,
        verdicts=None,
        findings=(),
        left_out=(LEFT_OUT, *_of_large(network.dim)),
    )
    return replace(draft, findings=findings(draft))


def _of_large(n: int) -> list[str]:
    """What is left out besides where the state has n components."""
    return [sentence for most, sentence in ((EXACT, ESTIMATED), (FOLLOWED, AT_REST)) if n > most]


def _spread(visited: Array) -> Array:
    """Some of all visited states, shape (SPREAD, n)."""
    states = visited.reshape(-1, visited.shape[-1])
    return states[thinned(len(states), SPREAD)]


def _distinct(states: Array) -> Array:
    """Those of the states that are not near an earlier one."""
    kept = states[:1]
    for state in states[1:]:
        if np.abs(kept - state).max(-1).min() > NEAR * (1.0 + np.abs(state).max()):
            kept = np.concatenate([kept, state[None]])
    return kept


def _fixed_points(
    network: Parametric, quiet: Array, last: FixedPoints | None, reach: float, rng: np.random.Generator
) -> FixedPoints:
    if network.dim > FOLLOWED:
        return resting(network, quiet)[0]
    if last is None or last.points.shape[-1] != network.dim:
        return follow_fixed_points(network, _distinct(quiet), reach, rng, fresh=FIRST)
    order = np.argsort(last.unstable_dimensions, kind="stable")[:KNOWN]
    return follow_fixed_points(network, _distinct(np.concatenate([last.points[order], quiet])), reach, rng)


def _occupancy(quiet: Array, memory: Array) -> Array:
    """Share of the runs that are near each memory state after the quiet steps; the last entry is none of them."""
    distance = np.abs(quiet[:, None, :] - memory).max(-1)
    near = distance <= NEAR * (1.0 + np.abs(memory).max(-1))
    ends = (
        np.where(near.any(-1), np.where(near, distance, np.inf).argmin(-1), len(memory))
        if len(memory)
        else np.zeros(len(quiet), int)
    )
    return np.bincount(ends, minlength=len(memory) + 1) / len(quiet)


def _readouts(network: Parametric, states: Array) -> Array | None:
    readout: Readout | None = getattr(network, "readout", None)
    if readout is None or len(states) == 0:
        return None
    return readout(network.output(states))  # type: ignore[attr-defined]
