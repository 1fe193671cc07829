"""`audit`: what a trained network remembers, and how fast its gradients vanish, in one call."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from dynlatch.analysis.audit.finding import Finding
from dynlatch.analysis.audit.result import Audit
from dynlatch.analysis.escape import EscapeThreshold, exact_escape_threshold
from dynlatch.analysis.fixed_points import FixedPoints, fixed_points
from dynlatch.analysis.fixed_points.equations import equation_of
from dynlatch.analysis.gradients import gradient_decay
from dynlatch.analysis.report.findings import findings
from dynlatch.errors import DynlatchError, InvalidInput
from dynlatch.maps import Parametric, coordinates, trajectory
from dynlatch.networks.readout import Readout
from dynlatch.progress import stages
from dynlatch.randomness import Rng, generator
from dynlatch.validation import Array, inputs_of

SEQUENCES, STEPS = 8, 100  # how many sequences, and how many of their steps, the gradient norms are taken along
PULSE = 0.1  # probability per step and channel of a unit pulse in sampled inputs
NEAR_STEPS = 60  # steps of the decay at each memory state
ROOM = 10.0  # the box searched in an unbounded network, in units of the largest state of the runs
SETTLE = 2000  # steps without input after which a run is assigned to the memory state it is at
AT_REST = 1e-6


def audit(
    network: Parametric,
    inputs: Any = None,
    *,
    batch_first: bool = False,
    name: str = "network",
    rng: Rng = 0,
    progress: bool = False,
) -> Audit:
    """Memory states, bits, and gradient decay of a network.

    Parameters
    ----------
    network : Parametric
        A network of the core, or one loaded by `dynlatch.load_network`.
    inputs : array_like, shape (T, m) or (T, sequences, m), optional
        Sequences to follow the network along; sampled unit pulses by default. Runs start from the zero state. Gradient
        norms are taken along the first 8 sequences and 100 steps.
    batch_first : bool
        Whether `inputs` come as (sequences, T, m), PyTorch's other order.
    name : str
        What the network is called in the report.
    rng : int, Generator or None
        For the search and the sampled inputs; 0 by default, so that an audit can be repeated.
    progress : bool

    Returns
    -------
    Audit

    Raises
    ------
    InvalidInput
        If the inputs do not fit the network, are empty or not finite.

    Examples
    --------
    >>> import dynlatch as dl
    >>> from dynlatch import analysis
    >>> report = analysis.audit(dl.LatchNeuron(2.0))
    >>> len(report.memory_states), report.bits
    (2, 1.0)
    """
    if not isinstance(network, Parametric):
        raise InvalidInput(f"`audit` takes a network; for a {type(network).__name__} call the verbs one by one.")
    random = generator(rng)
    sequences, inputs_from = _inputs(network, inputs, random, batch_first=batch_first)
    with stages(5, shown=progress) as enter:
        enter("trajectories")
        visited = trajectory(network, np.zeros(network.dim), sequences)
        enter("fixed points")
        found = fixed_points(network, bounds=_bounds(network, visited), rng=random)
        memory = found.attractors
        occupancy = _occupancy(network, visited[-1], memory.points)
        enter("gradients along inputs")
        along = gradient_decay(network, visited[0, :SEQUENCES], sequences[:STEPS, :SEQUENCES])
        enter("gradients at memory states")
        near = gradient_decay(network, memory.points, steps=NEAR_STEPS) if len(memory) else None
        enter("escape thresholds")
        thresholds = _thresholds(network, memory)
    draft = Audit(
        name=name,
        architecture=describe(network),
        dim=network.dim,
        input_dim=network.input_dim,
        parameter_count=sum(array.size for array in network.parameters.values()),
        fixed_points=found,
        readouts=_readouts(network, memory.points),
        at_memory=near,
        along_inputs=along,
        inputs_from=inputs_from,
        trajectories=visited[:, :SEQUENCES],
        occupancy=occupancy,
        thresholds=thresholds,
        findings=(),
        context=None,
        cycles=(),
        lengths=np.full(sequences.shape[1], len(sequences)),
        followed=np.arange(min(SEQUENCES, sequences.shape[1])),
        input_size=float(np.abs(sequences).max(initial=0.0)),
        regions=None,
        cycle_occupancy=np.zeros(0),
        contributions=None,
        cost="",
        exponents=None,
        bounds=None,
        verdicts=None,
        left_out=(),
    )
    return replace(draft, findings=tuple(Finding("", sentence, {}, "", 0.5) for sentence in findings(draft)))


def describe(network: Parametric) -> str:
    """The architecture in words."""
    layers = getattr(network, "layers", None)
    if layers is not None:
        return f"stack of {len(layers)}: " + " -> ".join(describe(layer) for layer in layers)
    units = getattr(network, "hidden_size", network.dim)
    inputs = f"{network.input_dim} input{'s' * (network.input_dim != 1)}"
    return f"{type(network).__name__} with {units} unit{'s' * (units != 1)} and {inputs} (state: {coordinates(network)})"


def _inputs(network: Parametric, inputs: Any, rng: np.random.Generator, *, batch_first: bool) -> tuple[Array, str]:
    """Sequences of shape (T, sequences, m), and in words where they came from."""
    if inputs is None:
        shape = (STEPS, SEQUENCES, network.input_dim)
        pulses = rng.choice([-1.0, 0.0, 1.0], size=shape, p=[PULSE / 2, 1 - PULSE, PULSE / 2])
        return (
            pulses,
            f"{SEQUENCES} sampled sequences of {STEPS} steps (each channel +1 or -1 with probability {PULSE})",
        )
    given = inputs_of(network, inputs)
    if given.ndim > 3:
        raise InvalidInput(f"`inputs` must have shape (T, m) or (T, sequences, m); got {given.shape}.")
    given = given[:, None, :] if given.ndim == 2 else given
    given = np.swapaxes(given, 0, 1) if batch_first and np.ndim(inputs) == 3 else given
    T, count, _ = given.shape
    return given, f"{count} given sequence{'s' * (count != 1)} of {T} step{'s' * (T != 1)}"


def _bounds(network: Parametric, visited: Array) -> tuple[float, float] | None:
    """Where to search: None where structure bounds the network, else ten times as far out as the runs went."""
    if equation_of(network)[0].box() is not None:
        return None
    reach = ROOM * (1.0 + float(np.abs(visited).max()))
    return -reach, reach


def _occupancy(network: Parametric, last: Array, memory: Array) -> Array:
    """Share of the runs that come to rest in each memory state without input; the last entry is none of them."""
    settled = last
    for _ in range(SETTLE):
        moved = network.step(settled)
        if np.abs(moved - settled).max() <= 1e-12:
            break
        settled = moved
    counts = np.zeros(len(memory) + 1)
    if len(memory) == 0:
        counts[-1] = 1.0
        return counts
    distance = np.abs(settled[:, None, :] - memory).max(-1)
    nearest = np.where(distance.min(-1) <= AT_REST * (1.0 + np.abs(settled).max(-1)), distance.argmin(-1), len(memory))
    np.add.at(counts, nearest, 1.0 / len(settled))
    return counts


def _thresholds(network: Parametric, memory: FixedPoints) -> tuple[EscapeThreshold | None, ...]:
    """u* of every memory state, where theory gives it at once; `dynlatch escape` takes the time for the others."""
    if network.input_dim == 0:
        return ()
    brackets: list[EscapeThreshold | None] = []
    for state in memory:
        # A state next to a bifurcation, or a net that no input reaches, has no threshold: the audit goes on without it.
        with suppress(DynlatchError):
            brackets.append(exact_escape_threshold(network, state))
            continue
        brackets.append(None)
    return tuple(brackets)


def _readouts(network: Parametric, states: Array) -> Array | None:
    readout: Readout | None = getattr(network, "readout", None)
    if readout is None or len(states) == 0:
        return None
    return readout(network.output(states))  # type: ignore[attr-defined]
