"""What the rules for state networks ask of a model and a task, and of their settings."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from dynlatch.errors import InvalidInput
from dynlatch.lanes.softmax_states import Schedule
from dynlatch.lanes.state_epochs import Ending
from dynlatch.lanes.state_network import StateCell
from dynlatch.training.contract import Architecture, Task
from dynlatch.training.models.input_subnets import SubnetCell
from dynlatch.training.rules.common import needs_classes
from dynlatch.validation import count, finite_number, positive_number


def needs_states(rule: object, model: Architecture, task: Task, *, logits: bool) -> str | None:
    """None if the model is a state network with the wanted parameters, and the task's inputs can be read as symbols."""
    cell, name = model.cell(), type(rule).__name__
    if logits and isinstance(cell, SubnetCell):
        return _needs_inputs(name, model, task) or needs_volume(rule, cell) or needs_classes(rule, task)
    if not isinstance(cell, StateCell) or cell.logits != logits:
        fits = "softmax subnets (SoftmaxStates, InputSubnets)" if logits else "lookup tables (StateTables)"
        return f"{name} trains state networks with {fits}; {type(model).__name__} is none."
    if task.input_dim != 1 or task.noise.std or task.noise.half_width:
        return (
            f"{name} reads one input a step as a symbol: {type(task).__name__} has no symbols; "
            "take TwoSequence or Parity, or train a network of weighted sums on it."
        )
    return needs_volume(rule, cell) or needs_classes(rule, task)


def _needs_inputs(name: str, model: Architecture, task: Task) -> str | None:
    """None if the task has as many inputs as the model, all of them in its sequences."""
    if task.input_dim != model.input_dim:
        return f"{type(model).__name__} reads {model.input_dim} inputs; {type(task).__name__} has {task.input_dim}."
    if task.noise.std or task.noise.half_width:
        return f"{name} trains InputSubnets on sequences that carry their noise; that of {type(task).__name__} is drawn anew."
    return None


def needs_volume(rule: Any, cell: StateCell | SubnetCell) -> str | None:
    """None if the determinant term is not asked for, or the transitions allow a determinant that is not zero."""
    first, S = cell.first, len(cell.first) - 1
    if not rule.det_weight:
        return None
    allowed = np.zeros((S, S))
    allowed[np.repeat(np.arange(S), np.diff(first)), cell.target] = 1.0
    if allowed[linear_sum_assignment(allowed, maximize=True)].all():
        return None
    return (
        f"The determinant term of {type(rule).__name__} is always zero here: the {S} states have no {S} different successors, "
        "one each. Take det_weight=0, or allow more transitions, such as one from the initial state to itself."
    )


def check_settings(rule: Any) -> None:
    """Refuse settings out of range; those left None are filled in later."""
    for name in (field.name for field in fields(rule)):
        value = getattr(rule, name)
        if value is None or name == "sharpness":
            continue
        if name in ("hold", "patience", "steps", "window"):
            count(name, value, least=1)
        elif name in ("eta", "slower", "faster", "slowest", "fastest"):
            positive_number(name, value)
        elif finite_number(name, value) < 0.0:
            raise InvalidInput(f"`{name}` must not be negative; got {value}.")


def ending(rule: Any) -> Ending:
    """When a trial of a batch rule has learned, and when it starts afresh."""
    return Ending(int(rule.hold), float(rule.sharpness), int(rule.patience), float(rule.gain))


def schedule(rule: Any, window: int, memory: float) -> Schedule:
    """How the learning rate of a rule changes."""
    return Schedule(
        window=window,
        gain=float(rule.gain),
        slower=float(rule.slower),
        faster=float(rule.faster),
        slowest=float(rule.slowest),
        fastest=float(rule.fastest),
        memory=memory,
    )
