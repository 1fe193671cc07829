"""One frame of a film, from an audit or from the dictionary that an audit writes as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from dynlatch.analysis.audit.film import RUNS, STEPS, TRACKS, AuditFrame
from dynlatch.analysis.audit.result import Audit
from dynlatch.analysis.outcomes import Stability
from dynlatch.analysis.plots.audit_states import thinned
from dynlatch.errors import UnreadableFile
from dynlatch.validation import Array, finite_array

LOGGED = 8192  # numbers of the trajectories in a line of a log, about


def frame_of(audit: Audit | Mapping[str, Any]) -> tuple[AuditFrame, str]:
    """The frame, and what the state is (empty where the audit failed).

    Raises
    ------
    UnreadableFile
        If a dictionary is not that of an audit.
    """
    if isinstance(audit, Audit):
        return _of_audit(audit), audit.fixed_points.coordinates
    try:
        if "failure" in audit:
            return _failed(str(audit["name"]), str(audit["failure"])), ""
        return _of_dict(audit), str(audit["coordinates"])
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError, IndexError) as error:
        raise UnreadableFile(
            f"this is not an audit in the schema of `Audit.to_dict` ({type(error).__name__}: {error})."
        ) from None


def _failed(name: str, reason: str) -> AuditFrame:
    return AuditFrame(name, (), np.zeros((0, 0)), np.zeros((0, 0, 0)), {}, (), reason)


def _of_audit(audit: Audit) -> AuditFrame:
    found = audit.fixed_points
    return AuditFrame(
        name=audit.name,
        memories=tuple(memory.points for memory in audit.memories),
        others=found.select(found.stability != Stability.ATTRACTING).points,
        trajectories=audit.trajectories[: STEPS + 1, :RUNS],
        numbers=_numbers(audit),
        findings=tuple(str(finding) for finding in audit.findings),
        failure="",
    )


def _numbers(audit: Audit) -> dict[str, float]:
    split, found = audit.contributions, audit.exponents
    return _tracks(
        half_lives=[memory.half_life for memory in audit.memories],
        rate=audit.along_inputs.rate,
        reaches=None if split is None else (split.reach(0.5).astype(float), split.reach(0.95).astype(float)),
        exponents=None if found is None else found.exponents,
        brackets=[(answer.lower, answer.upper) for answer in audit.thresholds if answer is not None],
    )


def _of_dict(data: Mapping[str, Any]) -> AuditFrame:
    n, found = int(data["dim"]), data["fixed_points"]
    attracting = np.array([word == Stability.ATTRACTING.value for word in found["stability"]], dtype=bool)
    split, exponents = data["contributions"], data["exponents"]
    runs = [_states(run, n) for run in data.get("trajectories", [])]
    return AuditFrame(
        name=str(data["name"]),
        memories=tuple(_states(row["points"], n) for row in data["memories"]),
        others=_states(found["points"], n)[~attracting],
        trajectories=np.stack(runs, axis=1) if runs else np.zeros((0, 0, n)),
        numbers=_tracks(
            half_lives=[float(row["half_life"]) for row in data["memories"]],
            rate=_floats(data["gradient_decay"]["rate"]),
            reaches=None if split is None else (_floats(split["h_50"]), _floats(split["h_95"])),
            exponents=None if exponents is None else _floats(exponents["exponents"]),
            brackets=[(float(row["lower"]), float(row["upper"])) for row in data["escape_thresholds"]],
        ),
        findings=tuple(str(finding["sentence"]) for finding in data["findings"]),
        failure="",
    )


def _tracks(
    *,
    half_lives: list[float],
    rate: Array,
    reaches: tuple[Array, Array] | None,
    exponents: Array | None,
    brackets: list[tuple[float, float]],
) -> dict[str, float]:
    """The numbers of `TRACKS` that can be had; medians over the sequences."""
    with np.errstate(over="ignore"):  # a rate above e^709 is infinite
        factor = float(np.exp(_median(rate)))
    numbers = {"memories": float(len(half_lives)), "rate": factor}
    if half_lives:
        numbers["half_life"] = max(half_lives)
    if reaches is not None:
        numbers |= {"h50": _median(reaches[0]), "h95": _median(reaches[1])}
    if exponents is not None and exponents.size:
        numbers["exponent"] = _median(exponents[..., 0])
    if brackets:
        lower, upper = min(brackets)
        numbers |= {"u_lower": float(lower), "u_upper": float(upper)}
    return {key: numbers[key] for key in TRACKS if key in numbers}


def _median(values: Array) -> float:
    if not values.size:
        raise ValueError("a list that must hold numbers is empty")
    return float(np.median(values))


def _states(rows: Any, n: int) -> Array:
    return finite_array("states", rows).reshape(-1, n)


def _floats(values: Any) -> Array:
    """Numbers as JSON has them, infinities as words."""
    return np.array(values, dtype=object).astype(np.float64)


def logged_trajectories(audit: Audit) -> list[Any]:
    """Some of the states along the inputs for a line of a log, to four digits: a list of runs."""
    states = audit.trajectories[:, :RUNS]
    each = max(LOGGED // max(states[0].size, 1), 2)
    kept = states[thinned(len(states), each)]
    size = float(np.abs(kept).max(initial=0.0))
    digits = 4 - int(np.floor(np.log10(size))) if size > 0.0 else 0
    return list(np.round(np.swapaxes(kept, 0, 1), digits).tolist())
