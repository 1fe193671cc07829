"""What the rules for state networks ask of a model and a task, and of their settings."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from dynlatch.errors import InvalidInput
from dynlatch.lanes.softmax_states import Schedule
from dynlatch.lanes.state_epochs import Ending
from dynlatch.lanes.state_network import StateCell
from dynlatch.training.contract import Architecture, Task
from dynlatch.training.rules.common import needs_classes
from dynlatch.validation import count, finite_number, positive_number


def needs_states(rule: object, model: Architecture, task: Task, *, logits: bool) -> str | None:
    """None if the model is a state network with the wanted parameters, and the task's inputs can be read as symbols."""
    cell, name = model.cell(), type(rule).__name__
    if not isinstance(cell, StateCell) or cell.logits != logits:
        fits = "softmax subnets (SoftmaxStates)" if logits else "lookup tables (StateTables)"
        return f"{name} trains state networks with {fits}; {type(model).__name__} is none."
    if task.input_dim != 1 or task.noise.std or task.noise.half_width:
        return (
            f"{name} reads one input a step as a symbol: {type(task).__name__} has no symbols; "
            "take TwoSequence or Parity, or train a network of weighted sums on it."
        )
    return needs_classes(rule, task)


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
