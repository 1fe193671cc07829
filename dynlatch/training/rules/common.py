"""What several rules ask of a model."""

from __future__ import annotations

from dynlatch.lanes.units import THRESHOLD
from dynlatch.lanes.wiring import Wiring
from dynlatch.training.answers import asks_steps
from dynlatch.training.contract import Architecture, Task


def needs_wiring(rule: object, model: Architecture) -> str | None:
    """None if the model is a network of weighted sums."""
    if isinstance(model.cell(), Wiring):
        return None
    return f"{_name(rule)} trains networks of weighted sums (Dense, ParityNet, LatchNet, ...); {_name(model)} is none."


def needs_slopes(rule: object, model: Architecture) -> str | None:
    """None if every unit of the model has a derivative."""
    refused = needs_wiring(rule, model)
    if refused is None and THRESHOLD in model.cell().kinds:
        return (
            f"{_name(rule)} needs derivatives, and {_name(model)} has threshold units: "
            "take units='tanh', or train it by DiscreteErrorPropagation."
        )
    return refused


def needs_plain_sums(rule: object, model: Architecture) -> str | None:
    """None if every unit of the model sums its signals one by one."""
    refused = needs_wiring(rule, model)
    if refused is None and len(model.cell().gated):
        return (
            f"{_name(rule)} knows sums of weighted signals, and {_name(model)} has gated connections, which multiply two: "
            "take BackPropagation or RealTimeRecurrentLearning."
        )
    return refused


def needs_classes(rule: object, task: Task) -> str | None:
    """None if the task asks for a class at the end of each sequence."""
    if not asks_steps(task.criterion):
        return None
    return (
        f"{_name(rule)} learns classes that are asked at the end of a sequence; {_name(task)} asks for numbers, at steps: "
        "take a gradient rule such as BackPropagation, or a search."
    )


def _name(value: object) -> str:
    return type(value).__name__
