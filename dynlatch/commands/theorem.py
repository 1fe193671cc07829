"""`dynlatch theorem N [PATH]`, `dynlatch theorem N --w W` and `dynlatch theorem N --counterexample`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from cyclopts import Parameter

from dynlatch import analysis
from dynlatch.analysis import counterexamples
from dynlatch.analysis.counterexamples import Counterexample, Verification
from dynlatch.analysis.report.data import plain
from dynlatch.analysis.theorems import STATEMENTS, Statement, TheoremCheck, TheoremOutcome, statement
from dynlatch.commands.figure import write_figure
from dynlatch.commands.output import note, write, write_json
from dynlatch.commands.system import NOTHING_GIVEN, System, picture
from dynlatch.errors import InvalidInput
from dynlatch.maps import Map
from dynlatch.networks import LatchNeuron
from dynlatch.validation import Array, count, positive_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SCHEMA = "dynlatch.theorem/1"
DEFAULT_WEIGHT = 2.0
DRIVEN = ("3", "4", "definition5", "equation5", "footnote2")  # statements about a run under inputs


def theorem(
    number: str = "",
    source: System = NOTHING_GIVEN,
    *,
    w: float | None = None,
    counterexample: Annotated[bool, Parameter(negative="")] = False,
    size: float = 0.2,
    steps: int = 60,
    out: str | None = None,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
    rng: int = 0,
) -> int:
    """A statement of the papers: its words, whether its hypothesis holds on a system, whether what it promises happens.

    Without a number: the list of all statements. Without a system: one neuron of weight 2 (for the section on projections and
    for footnote 2, a system that they are about).

    Parameters
    ----------
    number
        1 to 4 for the theorems; lemma1, definition1 to definition6, equation5, projection, footnote2.
    w
        Instead of a network: one latching neuron a' = w tanh(a) + u.
    counterexample
        Instead of a check: the systems in which the statement as written fails, verified anew.
    size
        Statements about inputs: these are uniform between -size and size.
    steps
        How many of them.
    out
        Write a picture to this file (.png, .svg, .pdf).
    as_json
        Print the numbers as JSON instead of the summary.
    rng
        Seed of the inputs.
    """
    if not number:
        return _list(as_json)
    which = statement(number)
    target = None if out is None else picture(out)
    if counterexample:
        return _counterexamples(which, source, w, target, as_json)
    map, points = _system(which, source, w)
    check = analysis.check_theorem(which.key, map, inputs=_inputs(which, map, size, steps, rng), points=points)
    if as_json:
        write_json(_as_dict(check))
    else:
        write(check.summary())
    if target is not None:
        write_figure(check.plot, target, (6.4, 4.6))
        note(f"picture: {target}")
    return int(check.outcome == TheoremOutcome.CONTRADICTED)


def _list(as_json: bool) -> int:
    if as_json:
        write_json({"schema": SCHEMA, "statements": [asdict(each) for each in STATEMENTS]})
        return 0
    for each in STATEMENTS:
        names = ", ".join(example.name for example in counterexamples.against(each.key))
        write(f"{each.key:<12} {each.title}" + (f"  (counterexamples: {names})" if names else ""))
    return 0


def _system(which: Statement, source: System, w: float | None) -> tuple[Map, Any]:
    """The map, and the points of the statement where the default system needs some."""
    given = source.path is not None or source.weights is not None
    if w is not None:
        if given:
            raise InvalidInput("`--w` is one neuron on its own: give it, or a network, not both.")
        return LatchNeuron(w), None
    if given:
        return source.load(), None
    if which.key == "projection":
        return counterexamples.PROJECTION.map, [[1.0, 0.0]]
    if which.key == "footnote2":
        return counterexamples.FOOTNOTE.map.map, [[0.0]]  # type: ignore[attr-defined]
    return LatchNeuron(DEFAULT_WEIGHT), None


def _inputs(which: Statement, map: Map, size: float, steps: int, rng: int) -> Array | None:
    if which.key not in DRIVEN:
        return None
    b, T = positive_number("--size", size), count("--steps", steps, least=2)
    if not map.input_dim:
        raise InvalidInput(f"{which.title} is about inputs, and this system has none.")
    return np.random.default_rng(rng).uniform(-b, b, (T, map.input_dim))


def _counterexamples(which: Statement, source: System, w: float | None, target: Path | None, as_json: bool) -> int:
    if source != NOTHING_GIVEN or w is not None:
        raise InvalidInput("`--counterexample` brings its own system: leave the network out.")
    chosen = counterexamples.against(which.key)
    if not chosen:
        write(which.summary() + "\nthe statement is right as written: there is no counterexample.")
        return 0
    verified = [example.verify() for example in chosen]
    if as_json:
        write_json(_verified_as_dict(which, chosen, verified))
    else:
        write("\n\n".join(_told(example, found) for example, found in zip(chosen, verified, strict=True)))
    if target is not None:
        write_figure(lambda ax: _side_by_side(ax, verified), target, (6.4 * len(verified), 4.6))
        note(f"picture: {target}")
    return int(not all(found.holds for found in verified))


def _told(example: Counterexample, found: Verification) -> str:
    """The words of the counterexample, then its numbers without repeating the title."""
    return "\n".join([example.summary(), *found.summary().splitlines()[1:]])


def _side_by_side(ax: Axes, verified: Sequence[Verification]) -> Axes:
    figure = ax.figure
    ax.remove()
    row = figure.subplots(1, len(verified), squeeze=False)[0]
    for each, found in zip(row, verified, strict=True):
        found.plot(each)
    return row[0]  # type: ignore[no-any-return]


def _as_dict(check: TheoremCheck) -> dict[str, Any]:
    parts = ("literal", "hypothesis", "literal_conclusion", "conclusion")
    return {
        "schema": SCHEMA,
        "statement": asdict(check.statement),
        "outcome": str(check.outcome),
        "applies": check.applies,
        "applies_literally": check.applies_literally,
        "coordinates": check.coordinates,
        **{part: [_claim(each) for each in getattr(check, part)] for part in parts},
    }


def _verified_as_dict(which: Statement, chosen: Sequence[Counterexample], verified: Sequence[Verification]) -> dict[str, Any]:
    words = ("name", "title", "literal", "corrected", "sketch", "source")
    return {
        "schema": SCHEMA,
        "statement": asdict(which),
        "counterexamples": [
            {
                **{word: getattr(example, word) for word in words},
                "holds": found.holds,
                "claims": [_claim(each) for each in found.claims],
            }
            for example, found in zip(chosen, verified, strict=True)
        ],
    }


def _claim(claim: Any) -> dict[str, Any]:
    return {name: plain(value) if isinstance(value, float) else value for name, value in asdict(claim).items()}
