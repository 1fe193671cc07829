"""What a trained network is asked when remedies are compared: how far back its gradient reaches, and how it keeps its bit.

    h_q     least number of last steps that carry the share q of the sum of |G_t|, dy_T/dW = sum_t G_t      (eq. 5)
    rate    change of ln|ds_T/ds_0| a step, s the state
    kept    share of answers that are right after `steps` more steps of the task's noise
    stands  the most noise, in multiples of the task's, after which 9 of 10 answers still are
    keeping what the memory is, after as many quiet steps: an attractor, a neutral direction, or nothing

Bengio, Simard and Frasconi (1994), sections II and III, asked of every architecture that was proposed since.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis import escape_threshold, gradient_contributions, gradient_decay
from dynlatch.errors import DynlatchError
from dynlatch.maps import Parametric, SmoothMap, trajectory
from dynlatch.training.answers import right
from dynlatch.training.contract import Architecture, Sequences, Task
from dynlatch.training.monitor.maps import final_states, starting_state
from dynlatch.validation import Array, count

NAN = float("nan")
NEUTRAL = 1e-3  # size of an exponent, per step, below which a direction counts as neutral
LOUDER = (1.4, 2.0, 2.8, 4.0, 5.6, 8.0, 11.0, 16.0)  # times the task's noise
MOST = 0.9  # share of answers
SETTLED = 1e-9  # change in a step of a state that has come to rest


class Keeping(IntEnum):
    """What holds the answer, seen over a long quiet time after sequences of both classes."""

    FORGETS = 0
    LATCHED = 1
    NEUTRAL = 2
    UNSTABLE = 3
    KEPT = 4

    @property
    def sentence(self) -> str:
        return {
            Keeping.FORGETS: "The answers of both classes are not both right any more after a long quiet time.",
            Keeping.LATCHED: "The answers stay, and nearby states approach each other: attractors hold them.",
            Keeping.NEUTRAL: "The answers stay, and some nearby states keep their distance: an integrator holds them.",
            Keeping.UNSTABLE: "The answers stay, and some nearby states part.",
            Keeping.KEPT: "The answers stay; the map has no derivative to say how.",
        }[self]


@dataclass(frozen=True)
class Examination:
    """The questions, for a task with one answer of two classes.

    Parameters
    ----------
    steps : int
        Of further noise, and of quiet.
    sequences : int
        Fresh sequences, of both classes.
    bracketed : int
        u* is bracketed for the first so many trials of a cell.
    seconds : float
        For each bracket: one that is cut short is still proved, but not the same bit for bit on every machine.
    """

    steps: int = 1000
    sequences: int = 20
    bracketed: int = 1
    seconds: float = 20.0

    facts = ("h50", "h95", "rate", "kept", "stands", "keeping", "exponent", "lower", "upper")

    def __post_init__(self) -> None:
        for name in ("steps", "sequences"):
            count(name, getattr(self, name), least=1)
        count("bracketed", self.bracketed)

    def __call__(
        self, model: Architecture, theta: Array, task: Task, number: int, rng: np.random.Generator
    ) -> Mapping[str, float]:
        """The facts of trial `number`, whose weights and constants are theta (P + F,); NaN where there is no such thing."""
        network, found = model.network(theta[: len(model.names)]), dict.fromkeys(self.facts, NAN)
        given, noisy = task.sample(self.sequences, rng), prolonged(task, self.steps).sample(self.sequences, rng)
        shares = [float(answered(model, theta, louder(noisy, task.T, factor), task).mean()) for factor in (1.0, *LOUDER)]
        found["kept"], found["stands"] = shares[0], stands(shares)
        lasting = answered(model, theta, quieted(given, task, self.steps), task).all()
        found["keeping"] = float(Keeping.KEPT if lasting else Keeping.FORGETS)
        if isinstance(network, SmoothMap) and isinstance(network, Parametric):
            found.update(reach(network, given))
            with np.errstate(all="ignore"):  # a run may diverge
                ends = final_states(network, given)[list(_one_each(given))]
            if lasting:
                found["exponent"] = exponent(network, ends, task, self.steps)
                found["keeping"] = float(_kind(found["exponent"]))
            if number < self.bracketed and found["keeping"] == Keeping.LATCHED:
                found.update(bracket(network, ends, task, self.steps, self.seconds))
        return found


def prolonged(task: Any, steps: int) -> Task:
    """The same task, all its sequences as long as the longest and `steps` steps more."""
    T = task.T + steps
    lengths = {name: T for name in ("T", "shortest") if any(f.name == name for f in fields(task))}
    made: Task = replace(task, **lengths)
    return made


def louder(given: Sequences, T: int, factor: float) -> Sequences:
    """The same sequences, the inputs after step T that many times as large."""
    inputs = given.inputs.copy()
    inputs[T:] *= factor
    return Sequences(inputs, given.lengths, given.targets)


def stands(shares: Sequence[float]) -> float:
    """The largest of the factors 1, *LOUDER up to which all shares are at least MOST; 0 if not even 1 is."""
    enough = np.array(shares) >= MOST
    held = len(shares) if enough.all() else int(np.argmin(enough))
    return (0.0, 1.0, *LOUDER)[held]


def answered(model: Architecture, theta: Array, given: Sequences, task: Task) -> NDArray[np.bool_]:
    """(n,) which sequences are answered right."""
    return right(task.criterion, model.outputs(theta, given), given)


def quieted(given: Sequences, task: Task, steps: int) -> Sequences:
    """The same sequences, with so many quiet steps after them."""
    T, quiet = len(given.inputs), task.quiet_inputs[0].input
    inputs = np.concatenate([given.inputs, np.zeros((steps, *given.inputs.shape[1:]))])
    after = (np.arange(T + steps)[:, None] >= given.lengths) & (np.arange(T + steps)[:, None] < given.lengths + steps)
    inputs[after] = quiet
    return Sequences(inputs, given.lengths + steps, given.targets)


def reach(network: Any, given: Sequences) -> dict[str, float]:
    """h_50, h_95 and the rate: medians over the sequences whose runs stay finite, nothing if none does."""
    rows = []
    for k, T in enumerate(given.lengths.tolist()):
        start, inputs = starting_state(network), given.inputs[:T, k]
        if not np.isfinite(_last(network, start, inputs)).all():
            continue
        split = gradient_contributions(network, start, inputs, lambda a: network.output_vjp(a, network.readout.matrix[0]))
        rate = float(gradient_decay(network, start, inputs).rate)
        rows.append((int(split.reach(0.5)), int(split.reach(0.95)), rate))
    return dict(zip(("h50", "h95", "rate"), np.median(rows, axis=0).tolist(), strict=True)) if rows else {}


def exponent(network: SmoothMap, ends: Array, task: Task, steps: int) -> float:
    """The larger of the leading exponents, per step, of the quiet runs from the states `ends` (2, n); inf if one diverges."""
    quiet = np.broadcast_to(task.quiet_inputs[0].input, (steps, task.input_dim))
    if not np.isfinite(_last(network, ends, quiet)).all():
        return np.inf
    return max(float(gradient_decay(network, end, quiet).rate) for end in ends)


def _last(network: SmoothMap, states: Array, inputs: Array) -> Array:
    """Where the states end, whatever becomes of them."""
    with np.errstate(all="ignore"):
        for u in inputs:
            states = network.step(states, u)
    return states


def _kind(exponent: float) -> Keeping:
    if abs(exponent) <= NEUTRAL:
        return Keeping.NEUTRAL
    return Keeping.LATCHED if exponent < 0.0 else Keeping.UNSTABLE


def bracket(network: SmoothMap, ends: Array, task: Task, steps: int, seconds: float) -> dict[str, float]:
    """u* in the channel of the noise, of the class that is the easier one to lose; NaN where a state does not come to rest."""
    found, channel = [], np.eye(task.input_dim)[task.noise.channel]
    for end in trajectory(network, ends, steps=steps)[-1]:
        if np.abs(network.step(end) - end).max() > SETTLED:
            return {}
        try:
            found.append(escape_threshold(network, end, direction=channel, time_budget=seconds))
        except DynlatchError:
            return {}
    return {"lower": min(one.lower for one in found), "upper": min(one.upper for one in found)}


def _one_each(given: Sequences) -> tuple[int, int]:
    """The first sequence of each class."""
    return int(np.argmax(given.targets < 0.0)), int(np.argmax(given.targets > 0.0))
