"""`dynlatch escape PATH` and `dynlatch escape --w W`."""

from __future__ import annotations

import sys
from typing import Annotated, Any, Literal

import numpy as np
from cyclopts import Parameter

from dynlatch import analysis
from dynlatch.analysis import EscapeThreshold
from dynlatch.analysis.report.data import plain
from dynlatch.analysis.scalar import ScalarLatch, scalar_latch
from dynlatch.commands.figure import write_figure
from dynlatch.commands.output import note, write, write_json
from dynlatch.commands.system import NOTHING_GIVEN, System, numbers, picture
from dynlatch.errors import InvalidInput
from dynlatch.progress import stages
from dynlatch.validation import Array

SCHEMA = "dynlatch.escape/1"
HERE = 1e-4  # a destination closer than this to an attractor, relative to its size, is that attractor


def escape(
    source: System = NOTHING_GIVEN,
    *,
    w: float | None = None,
    attractor: int | None = None,
    norm: Literal["inf", "2"] = "inf",
    steps: int | None = None,
    disturbance: Literal["sequence", "constant", "impulse"] = "sequence",
    effort: Literal["default", "high"] = "default",
    time_budget: float | None = None,
    out: str | None = None,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
    rng: int = 0,
) -> None:
    """Escape threshold u* of every memory state: how large an input must be to make the network forget it.

    For each attractor a bracket: no input up to the lower number drives the state out of its basin (proved), one of the size
    of the upper number does, and where it leads.

    Parameters
    ----------
    w
        Instead of a network: one latching neuron a' = w f(a) + c + u, by its exact theory.
    attractor
        Number of the only attractor to look at, in the order of `dynlatch fixed-points`; all by default.
    norm
        Size of the input at one time: its largest entry (inf) or its 2-norm.
    steps
        Inputs act during this many steps only; for ever by default.
    disturbance
        Any sequence, one constant input, or an impulse of one step.
    effort
        high spends up to about a minute an attractor on the last per cent of the bracket.
    time_budget
        Seconds an attractor for the search of inputs that escape.
    out
        Write a picture to this file (.png, .svg, .pdf): the escaping input and its path, or the brackets of all states.
    as_json
        Print the numbers as JSON instead of the summary.
    rng
        Seed of the searches.
    """
    target = None if out is None else picture(out)
    if w is not None:
        return _neuron(w, source, as_json)
    net = source.load()
    shown = sys.stderr.isatty()
    with stages(1, shown=shown) as enter:
        enter("fixed points")
        points = analysis.fixed_points(net, rng=rng).attractors.points
    chosen = _chosen(points, attractor)
    with stages(len(chosen), shown=shown) as enter:
        answers = []
        for k in chosen:
            enter(f"state {k}: escape threshold")
            answers.append(
                analysis.escape_threshold(
                    net,
                    points[k],
                    norm=np.inf if norm == "inf" else 2,
                    steps=steps,
                    disturbance=disturbance,
                    effort=effort,
                    time_budget=time_budget,
                    rng=rng,
                )
            )
    if as_json:
        write_json(_as_dict(chosen, answers, points))
    else:
        write(_summary(chosen, answers, points))
    if target is not None:
        _draw(chosen, answers, target)
    return None


def _neuron(w: float, source: System, as_json: bool) -> None:
    if source.path is not None or source.weights is not None:
        raise InvalidInput("`--w` is one neuron on its own: give it, or a network, not both.")
    bias = np.zeros(1) if source.bias is None else numbers("--bias", source.bias)
    if len(bias) != 1:
        raise InvalidInput(f"one neuron has one `--bias`; got {len(bias)}.")
    latch = scalar_latch(w, float(bias[0]), source.activation)
    if as_json:
        write_json(_latch_as_dict(latch))
    else:
        write(f"{min(latch.thresholds):.15g}\n\n{latch.summary()}")


def _chosen(points: Array, attractor: int | None) -> list[int]:
    if not len(points):
        raise InvalidInput("the network has no attracting fixed point, so nothing that an input could make it forget.")
    if attractor is None:
        return list(range(len(points)))
    if not 0 <= attractor < len(points):
        raise InvalidInput(f"`--attractor` must be between 0 and {len(points) - 1}; got {attractor}.")
    return [attractor]


def _summary(chosen: list[int], answers: list[EscapeThreshold], points: Array) -> str:
    if len(chosen) == 1:
        return answers[0].summary() + f"\n  leads to: {_leads_to(answers[0], points)}"
    size = "largest entry" if np.isinf(answers[0].norm) else "2-norm"
    lines = [
        f"{len(chosen)} memory states; escape threshold u* ({size} of the input at each time)",
        "   state       proved      escapes  ratio  leads to  worst input",
    ]
    for k, answer in zip(chosen, answers, strict=True):
        lines.append(
            f"{k:8d}  {answer.lower:11.5g}  {answer.upper:11.5g}  {answer.ratio:5.3f}  {_leads_to(answer, points):>8}  "
            f"{_worst(answer)}"
        )
    for method in dict.fromkeys(answer.lower_method for answer in answers if answer.lower_method):
        states = ", ".join(str(k) for k, a in zip(chosen, answers, strict=True) if a.lower_method == method)
        lines.append(f"proved by {method}: {states}")
    for outcome in dict.fromkeys(answer.outcome for answer in answers):
        lines.append(f"{outcome}: {outcome.sentence}")
    return "\n".join(lines)


def _leads_to(answer: EscapeThreshold, points: Array) -> str:
    if answer.destination is None:
        return "-"
    distance = np.abs(points - answer.destination).max(-1)
    nearest = int(distance.argmin())
    return str(nearest) if distance[nearest] <= HERE * (1.0 + np.abs(answer.destination).max()) else "other"


def _worst(answer: EscapeThreshold) -> str:
    """The input that escapes, in words: its length, and its last value where that says enough."""
    if answer.witness is None:
        return str(answer.outcome) if not answer.exact else "constant, for longer than was simulated"
    T, m = answer.witness.shape
    last = answer.witness[-1]
    constant = bool(np.abs(answer.witness - last).max() <= 1e-9 * answer.upper)
    value = f" ({' '.join(f'{v:+.3g}' for v in last)})" if constant and m <= 6 else ""
    how = "constant" if constant else f"varying ({answer.upper_method})"
    return f"{how}{value}, {T} step{'s' * (T != 1)}"


def _draw(chosen: list[int], answers: list[EscapeThreshold], target: Any) -> None:
    from dynlatch.analysis.plots.escape_brackets import plot_brackets

    if len(chosen) == 1:
        write_figure(answers[0].plot, target, (6.4, 5.6))
    else:
        write_figure(lambda ax: plot_brackets(answers, chosen, ax=ax), target, (6.4, 1.6 + 0.34 * len(chosen)))
    note(f"picture: {target}")


def _as_dict(chosen: list[int], answers: list[EscapeThreshold], points: Array) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "norm": "inf" if np.isinf(answers[0].norm) else 2,
        "coordinates": answers[0].coordinates,
        "states": [
            {
                "state": k,
                "attractor": plain(answer.attractor),
                "lower": plain(answer.lower),
                "upper": plain(answer.upper),
                "exact": answer.exact,
                "outcome": str(answer.outcome),
                "lower_method": answer.lower_method,
                "upper_method": answer.upper_method,
                "leads_to": _leads_to(answer, points),
                "destination": plain(answer.destination),
                "witness": plain(answer.witness),
            }
            for k, answer in zip(chosen, answers, strict=True)
        ],
    }


def _latch_as_dict(latch: ScalarLatch) -> dict[str, object]:
    return {
        "w": latch.w,
        "bias": latch.bias,
        "activation": latch.activation,
        "outcome": str(latch.outcome),
        "u_star": plain(min(latch.thresholds)),
        "thresholds": plain(list(latch.thresholds)),
        "fixed_points": plain(latch.fixed_points),
        "slopes": plain(latch.slopes),
    }
