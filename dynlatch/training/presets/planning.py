"""A training run with every setting known: what the caller gives, and the presets for the rest."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, NamedTuple

from dynlatch.errors import InvalidInput
from dynlatch.lanes.wiring import Wiring
from dynlatch.maps import Map
from dynlatch.training.answers import output_dim
from dynlatch.training.contract import Architecture, Rule, Task
from dynlatch.training.presets.classical import CLASSICAL
from dynlatch.training.presets.growing import GROWING
from dynlatch.training.presets.preset import Preset, Table
from dynlatch.training.presets.remedies import REMEDIES
from dynlatch.validation import Array, count

PRESETS: Table = CLASSICAL | REMEDIES | GROWING


class Plan(NamedTuple):
    """A training run with every setting known."""

    rule: Rule
    model: Architecture
    task: Task
    start: Array | None  # (P,) weights that every trial starts from; None draws them
    sequences: int
    max_presentations: int


def planned(
    rule: Rule, network: Architecture | Map | None, task: Task, sequences: int | None, max_presentations: int | None
) -> Plan:
    """Every setting of a run: what is given, and the table for the rest.

    Raises
    ------
    InvalidInput
        If something is neither given nor in the table, or the rule refuses the model.
    """
    _check("rule", rule, Rule, "a learning rule such as BackPropagation()")
    _check("task", task, Task, "a task such as TwoSequence(T=20)")
    preset = PRESETS.get((type(rule), type(task)))
    model, start = _model(rule, network, task, preset)
    chosen = _filled(rule, task, preset)
    _accepted(chosen, model, task)
    return Plan(
        chosen,
        model,
        task,
        start,
        _number("sequences", sequences, rule, task, preset),
        _number("max_presentations", max_presentations, rule, task, preset),
    )


def _check(name: str, value: Any, kind: type, example: str) -> None:
    if isinstance(value, type) or not isinstance(value, kind):
        raise InvalidInput(f"`{name}` must be {example}; got {value!r}.")


def _model(
    rule: Rule, network: Architecture | Map | None, task: Task, preset: Preset | None
) -> tuple[Architecture, Array | None]:
    if isinstance(network, Architecture):
        return network, None
    if preset is None:
        raise InvalidInput(f"{_name(rule)} has no usual model for {_name(task)}: give an architecture, such as Dense(5).")
    model = preset.model(task)
    return model, None if network is None else model.column(network)


def _filled(rule: Rule, task: Task, preset: Preset | None) -> Rule:
    """The rule with the settings that were left None taken from the table."""
    missing = [f.name for f in fields(rule) if getattr(rule, f.name) is None]  # type: ignore[arg-type]
    usual = {} if preset is None else {name: getattr(preset.rule, name) for name in missing}
    unknown = [name for name in missing if usual.get(name) is None]
    if unknown:
        raise InvalidInput(f"`{unknown[0]}` of {_name(rule)} has no usual value for {_name(task)}: give it.")
    return replace(rule, **usual)  # type: ignore[type-var]


def _number(name: str, value: int | None, rule: Rule, task: Task, preset: Preset | None) -> int:
    if value is not None:
        return count(name, value, least=1)
    if preset is None:
        raise InvalidInput(f"`{name}` has no usual value for {_name(rule)} on {_name(task)}: give it.")
    return int(getattr(preset, name))


def _accepted(rule: Rule, model: Architecture, task: Task) -> None:
    if model.input_dim != task.input_dim:
        raise InvalidInput(
            f"{_name(task)} has sequences of {task.input_dim} inputs, and {_name(model)} reads {model.input_dim}: "
            "take a model made for the task, or leave `network` None."
        )
    cell, k = model.cell(), output_dim(task)
    if isinstance(cell, Wiring) and len(cell.outputs) != k:
        raise InvalidInput(
            f"{_name(task)} asks for {k} output{'s' * (k > 1)}, and {_name(model)} has {len(cell.outputs)}: "
            "take a model made for the task."
        )
    refused = rule.refuses(model, task)
    if refused is not None:
        raise InvalidInput(refused)


def _name(value: object) -> str:
    return type(value).__name__
