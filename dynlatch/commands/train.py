"""`dynlatch train --task two-sequence --rule pseudo-newton -T 20`."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from dynlatch.commands.figure import write_figure
from dynlatch.commands.output import note, write, write_json
from dynlatch.commands.system import picture
from dynlatch.errors import InvalidInput
from dynlatch.results import load
from dynlatch.training.contract import Architecture, Task
from dynlatch.training.driver import resume as go_on
from dynlatch.training.driver import train as run
from dynlatch.training.models import ARCHITECTURES
from dynlatch.training.monitor import RegionMonitor
from dynlatch.training.result import TrainingResult
from dynlatch.training.rules import RULES
from dynlatch.training.tasks import TASKS

SCHEMA = "dynlatch.training/1"
INTERRUPTED = 130


def train(
    *,
    task: str | None = None,
    rule: str | None = None,
    model: str | None = None,
    T: Annotated[int | None, Parameter(name=["-T", "--longest"])] = None,
    trials: int = 20,
    sequences: int | None = None,
    max_presentations: int | None = None,
    settings: Annotated[tuple[str, ...], Parameter(name="--set", consume_multiple=False)] = (),
    monitor: Annotated[bool, Parameter(negative="")] = False,
    resume: str | None = None,
    out: str | None = None,
    save: str | None = None,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
    rng: int = 0,
) -> int:
    """Train networks on a task of the papers by one of their learning rules, and say where the runs went.

    Ctrl-C ends with the trials that are done; with --save, --resume goes on from there.

    Parameters
    ----------
    task
        two-sequence, parity, latch, ...
    rule
        back-propagation, pseudo-newton, simulated-annealing, ...; what fits the task is said if one does not.
    model
        dense, parity-net, narx, lstm1997, ...; by default the usual one for the rule and the task.
    T
        Longest length of a sequence.
    trials
        Independent networks.
    sequences
        Training sequences of a trial.
    max_presentations
        Presentations that a trial may use.
    settings
        A setting of the rule, the task or the model, as in `--set eta=0.05 --set prototypes=const`.
    monitor
        Follow the runs through basins and reduced attracting sets.
    resume
        Go on with the trials of this file, which --save wrote; only --max-presentations, --monitor and the outputs go with it.
    out
        Write a picture to this file (.png, .svg, .pdf): the trials, or with --monitor the path of the first.
    save
        Write the result to this .npz file.
    as_json
        Print the numbers as JSON instead of the summary.
    rng
        Seed.
    """
    target = None if out is None else picture(out)
    watch = RegionMonitor() if monitor else None
    shown = sys.stderr.isatty()
    if resume is not None:
        if any(given is not None for given in (task, rule, model, T)) or settings:
            raise InvalidInput("`--resume` takes task, rule, model and their settings from the file: leave them out.")
        result = go_on(_earlier(resume), max_presentations=max_presentations, monitor=watch, progress=shown)
    else:
        if task is None or rule is None or T is None:
            raise InvalidInput(f"give `--task` ({_list(TASKS)}), `--rule` ({_list(RULES)}) and `-T`, the longest length.")
        given = dict(_setting(text) for text in settings)
        chosen_task = _made(_named("--task", task, TASKS), {"T": T}, given)
        chosen_rule = _made(_named("--rule", rule, RULES), {}, given)
        chosen_model = None if model is None else _model(model, chosen_task, given)
        if given:
            named = ", ".join(name for name in (task, rule, model) if name is not None)
            raise InvalidInput(f"{named}: none of them has the setting {next(iter(given))!r}.")
        result = run(
            chosen_rule,
            chosen_model,
            chosen_task,
            trials=trials,
            sequences=sequences,
            max_presentations=max_presentations,
            rng=rng,
            monitor=watch,
            progress=shown,
        )
    return _speak(result, as_json, target, save)


def _speak(result: TrainingResult, as_json: bool, target: Path | None, save: str | None) -> int:
    if as_json:
        write_json(as_dict(result))
    else:
        write(result.summary())
    if target is not None:
        draw = result.plot if result.trace is None else result.trace.plot
        write_figure(draw, target, (7.0, 4.5))
        note(f"picture: {target}")
    if save is not None:
        note(f"result: {result.save(save)}")
    if result.interrupted:
        note(
            "dynlatch: interrupted"
            + ("; --save keeps a run for --resume." if save is None else f"; go on with --resume {save}.")
        )
        return INTERRUPTED
    return 0


def as_dict(result: TrainingResult) -> dict[str, Any]:
    """The numbers of a run, for programs."""
    return {
        "schema": SCHEMA,
        "rule": _settings_of(result.rule),
        "task": _settings_of(result.task),
        "model": _settings_of(result.model),
        "sequences": result.sequences,
        "max_presentations": result.max_presentations,
        "test_sequences": result.test_sequences,
        "error": result.error.tolist(),
        "presentations": result.presentations.tolist(),
        "outcome": [str(word) for word in result.outcome],
        "mean_error": float(result.error.mean()),
        "mean_presentations": float(result.presentations.mean()),
    }


def _settings_of(value: Any) -> dict[str, Any]:
    plain = {f.name: getattr(value, f.name) for f in fields(value) if f.init}
    named = {name: setting if isinstance(setting, (int, float, str, bool)) else str(setting) for name, setting in plain.items()}
    return {"name": type(value).__name__, **named}


def kebab(kind: type) -> str:
    """TwoSequence as people type it: two-sequence."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", kind.__name__).lower()


def _list(kinds: Iterable[type]) -> str:
    return ", ".join(kebab(kind) for kind in kinds)


def _named(option: str, name: str, kinds: Iterable[type]) -> type:
    found = {kebab(kind): kind for kind in kinds}
    if name not in found:
        raise InvalidInput(f"`{option}` must be one of {', '.join(found)}; got {name!r}.")
    return found[name]


def _setting(text: str) -> tuple[str, Any]:
    """`name=value`; numbers as numbers, several with commas between them as a tuple."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise InvalidInput(f"`--set` needs name=value, as in eta=0.1; got {text!r}.")
    parts = [_value(part) for part in value.split(",")]
    return name, parts[0] if len(parts) == 1 else tuple(parts)


def _value(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _made(kind: type, own: dict[str, Any], given: dict[str, Any]) -> Any:
    """An instance with the given settings that it has; they are taken out of `given`."""
    names = [f.name for f in fields(kind) if f.init]
    return kind(**own, **{name: given.pop(name) for name in names if name in given})


def _model(name: str, task: Task, given: dict[str, Any]) -> Architecture:
    """An architecture with as many inputs and outputs as the task, where it leaves them open, and the given settings."""
    kind = _named("--model", name, ARCHITECTURES)
    settings = {f.name: f for f in fields(kind) if f.init}
    sizes = [size for size in ("input_dim", "output_dim") if size in settings and size not in given]
    fitting: dict[str, Any] = {size: getattr(task, size) for size in sizes if hasattr(task, size)}
    for own in settings.values():
        if own.default is MISSING and own.default_factory is MISSING and own.name not in given | fitting:
            raise InvalidInput(f"{name} needs `--set {own.name}=...`; what is no number or word is given in Python.")
    made: Architecture = _made(kind, fitting, given)
    return made


def _earlier(path: str) -> TrainingResult:
    saved = load(path)
    if not isinstance(saved, TrainingResult):
        raise InvalidInput(f"{path!r} holds a {type(saved).__name__}, no training result.")
    return saved
