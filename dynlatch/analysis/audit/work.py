"""The stages of an audit. The first ones are what every audit has; each of the others may be left out, with the reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from dynlatch.analysis.audit.estimate import DIRECTIONS, STANDARD_ERROR
from dynlatch.analysis.audit.measures import affordable, common_stretch, contributions_along, decay_along, near_memories
from dynlatch.analysis.audit.result import Audit
from dynlatch.analysis.audit.runs import DENSE, MOST_STEPS, Runs, run
from dynlatch.analysis.audit.setup import Setup, describe
from dynlatch.analysis.audit.states import States, memory_orbits, memory_states
from dynlatch.analysis.audit.thresholds import thresholds
from dynlatch.analysis.gradients import GradientDecay, gradient_bounds, lyapunov_exponents, step_verdicts
from dynlatch.analysis.report.findings import findings
from dynlatch.errors import DynlatchError
from dynlatch.maps import Parametric
from dynlatch.validation import Array

Enter: TypeAlias = Callable[[str], None]

NEAR_STEPS = 60  # steps of the decay at each memory state
BOUNDED, BOUNDED_SEQUENCES = 128, 4  # bounds: up to so many units, along so many sequences
LEADING, WHOLE = 8, 32  # exponents along the inputs: so many, or all of them up to so many units


class Work:
    """An audit in the making: what is known so far."""

    setup: Setup
    runs: Runs
    states: States
    orbits: list[Array]
    along: GradientDecay

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.known: dict[str, Any] = {}  # fields of the record that may be missing
        self.left_out: list[str] = []

    def leave_out(self, *sentences: str) -> None:
        self.left_out += sentences

    def record(self) -> Audit:
        """The audit, with its findings."""
        setup, states = self.setup, self.states
        k, c = len(states.fixed_points.attractors), len(self.orbits) - len(states.fixed_points.attractors)
        shares = np.bincount(states.ends + 1, minlength=k + c + 1) / len(states.ends)
        fields: dict[str, Any] = {
            **dict.fromkeys(("at_memory", "contributions", "exponents", "bounds", "verdicts", "regions")),
            "thresholds": (None,) * (k + c),
            **self.known,
        }
        draft = Audit(
            name=setup.name,
            architecture=describe(setup.network),
            dim=setup.network.dim,
            input_dim=setup.network.input_dim,
            parameter_count=sum(array.size for array in getattr(setup.network, "parameters", {}).values()),
            context=setup.context,
            fixed_points=states.fixed_points,
            cycles=states.cycles,
            readouts=_readouts(setup, self.orbits),
            along_inputs=self.along,
            inputs_from=setup.sequences.words,
            lengths=setup.sequences.lengths,
            followed=self.runs.followed,
            input_size=setup.size,
            trajectories=self.runs.states,
            # One share of the runs that end in no fixed point, whether on a cycle or not.
            occupancy=np.append(shares[1 : k + 1], max(1.0 - float(shares[1 : k + 1].sum()), 0.0)),
            cycle_occupancy=shares[k + 1 :],
            cost=setup.cost.words,
            findings=(),
            left_out=tuple(self.left_out),
            **fields,
        )
        return replace(draft, findings=findings(draft))


def _readouts(setup: Setup, orbits: list[Array]) -> Array | None:
    """What the readout says in the first point of every memory state."""
    readout = getattr(setup.network, "readout", None)
    if readout is None or not orbits:
        return None
    return np.asarray(readout(setup.network.output(np.stack([orbit[0] for orbit in orbits]))))  # type: ignore[attr-defined]


def _run(work: Work, enter: Enter) -> None:
    enter("runs")
    work.runs = run(work.setup.network, work.setup.sequences, work.setup.rest)
    work.leave_out(*work.runs.left_out)
    # Targets and costs that do not fit are refused now: later stages leave out what fails.
    work.setup.cost.gradient(work.runs.states[-1], work.runs.followed)


def _along(work: Work, enter: Enter) -> None:
    enter("gradients along the inputs")
    work.along = decay_along(work.setup.network, work.runs)
    if work.setup.network.dim > DENSE:
        work.leave_out(
            f"Exact norms of products of Jacobians: beyond {DENSE} components of the state Frobenius norms are estimated from "
            f"{DIRECTIONS} random directions (standard error up to {STANDARD_ERROR:.2g} in the natural logarithm)."
        )


def _states(work: Work, enter: Enter) -> None:
    runs, setup = work.runs, work.setup
    work.states = memory_states(setup.quiet, runs.last, runs.reach, setup.rng, enter)
    work.orbits = memory_orbits(work.states.fixed_points, work.states.cycles)
    work.leave_out(*work.states.left_out)


def _near(work: Work, enter: Enter) -> None:
    enter("gradients at memory states")
    work.known["at_memory"] = near_memories(work.setup.quiet, work.orbits, NEAR_STEPS)


def _contributions(work: Work, enter: Enter) -> None:
    enter("gradient of the cost")
    network, sequences = work.setup.network, work.setup.sequences
    if not isinstance(network, Parametric):
        work.leave_out(f"The gradient of the weights: a {type(network).__name__} has none.")
        return
    if sequences.lengths[work.runs.followed].max() > MOST_STEPS:
        work.leave_out(f"The gradient of the cost: it needs whole sequences, of at most {MOST_STEPS} steps.")
        return
    which = affordable(sequences, work.runs.followed, network.dim)
    if len(which) < len(work.runs.followed):
        work.leave_out(
            f"The gradient of the cost of {len(work.runs.followed) - len(which)} of the followed sequences (memory)."
        )
    work.known["contributions"] = contributions_along(network, sequences, which, work.setup.cost)


def _exponents(work: Work, enter: Enter) -> None:
    enter("exponents")
    network, runs = work.setup.network, work.runs
    if network.dim > DENSE:
        work.leave_out(
            f"Lyapunov exponents: {network.dim} components of the state (`dynlatch.analysis.lyapunov_exponents(k=1)`)."
        )
        return
    which, steps = common_stretch(runs)
    if len(which) < len(runs.followed) or steps < len(runs.inputs):
        work.leave_out(f"Exponents beyond step {steps}, the median length, and along shorter sequences.")
    k = network.dim if network.dim <= WHOLE else LEADING
    start = np.zeros((len(which), network.dim))
    work.known["exponents"] = lyapunov_exponents(network, start, runs.inputs[:steps, which], k=k)


def _verdicts(work: Work, enter: Enter) -> None:
    enter("verdicts")
    network, runs = work.setup.network, work.runs
    if network.dim > DENSE:
        work.leave_out(f"Verdicts and regions: {network.dim} components of the state, and they need Jacobians (up to {DENSE}).")
        return
    start = np.zeros((len(runs.followed), network.dim))
    found = step_verdicts(network, start, runs.inputs, attractors=work.orbits, context=work.setup.context, lengths=runs.ends)
    work.known["verdicts"] = found
    work.known["regions"] = found.basin


def _bounds(work: Work, enter: Enter) -> None:
    enter("bounds")
    network, runs = work.setup.network, work.runs
    if network.dim > BOUNDED:
        work.leave_out(f"Bounds of the decay: {network.dim} components of the state (`dynlatch.analysis.gradient_bounds`).")
        return
    which, steps = common_stretch(runs)
    few = which[:BOUNDED_SEQUENCES]
    work.known["bounds"] = gradient_bounds(network, np.zeros((len(few), network.dim)), runs.inputs[:steps, few])


def _thresholds(work: Work, enter: Enter) -> None:
    enter("escape thresholds")
    found, left_out = thresholds(work.setup.quiet, work.orbits, work.setup.rng)
    work.known["thresholds"] = found
    work.leave_out(*left_out)


def _optional(stage: Callable[[Work, Enter], None], what: str) -> Callable[[Work, Enter], None]:
    """The stage; where a verb refuses, or the numbers do not allow it, the audit goes on without it."""

    def attempt(work: Work, enter: Enter) -> None:
        try:
            stage(work, enter)
        except (DynlatchError, np.linalg.LinAlgError) as error:
            work.leave_out(f"{what}: {error}")

    return attempt


ESSENTIAL = 3
STAGES: tuple[Callable[[Work, Enter], None], ...] = (
    _run,
    _along,
    _states,
    _optional(_near, "Gradients at the memory states"),
    _optional(_contributions, "The gradient of the cost"),
    _optional(_exponents, "Exponents"),
    _optional(_verdicts, "Verdicts and regions"),
    _optional(_bounds, "Bounds of the decay"),
    _optional(_thresholds, "Escape thresholds"),
)
