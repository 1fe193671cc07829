"""One frame of a film, from an audit or from what an audit wrote."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from dynlatch.analysis.audit.film import RUNS, STEPS, TRACKS, AuditFrame
from dynlatch.analysis.audit.result import Audit
from dynlatch.analysis.outcomes import Stability
from dynlatch.analysis.plots.audit_states import thinned
from dynlatch.analysis.report.data import plain
from dynlatch.errors import UnreadableFile
from dynlatch.validation import Array, finite_array

LOGGED = 8192  # numbers of the trajectories in a line of a log, about


def frame_of(audit: Audit | Mapping[str, Any]) -> tuple[AuditFrame, str]:
    """The frame, and what the state is (empty where the audit failed)."""
    return _of_audit(audit) if isinstance(audit, Audit) else of_dict(audit)


def of_dict(data: Mapping[str, Any]) -> tuple[AuditFrame, str]:
    """A frame from a line that `GradientAudit` wrote.

    Raises
    ------
    UnreadableFile
        If it is none.
    """
    try:
        if "failure" in data:
            return AuditFrame(str(data["name"]), (), np.zeros((0, 0)), np.zeros((0, 0, 0)), {}, (), str(data["failure"])), ""
        frame, n = data["frame"], int(data["dim"])
        read = AuditFrame(
            name=str(data["name"]),
            memories=tuple(_states(points, n) for points in frame["memory_states"]),
            others=_states(frame["others"], n),
            trajectories=np.stack([_states(run, n) for run in frame["trajectories"]], axis=1),
            numbers={key: float(value) for key, value in frame["numbers"].items() if key in TRACKS},
            findings=tuple(str(sentence) for sentence in frame["findings"]),
            failure="",
        )
        return read, str(data["coordinates"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableFile(f"this is not an audit that `GradientAudit` wrote ({type(error).__name__}: {error}).") from None


def _states(rows: Any, n: int) -> Array:
    return finite_array("states", rows).reshape(-1, n)


def as_line(audit: Audit) -> dict[str, Any]:
    """What `of_dict` needs of an audit, small enough for a line of a log: states to four digits, some of the trajectories."""
    frame, _ = frame_of(audit)
    runs = frame.trajectories[thinned(len(frame.trajectories), max(LOGGED // max(frame.trajectories[0].size, 1), 2))]
    return {
        "memory_states": [points.tolist() for points in frame.memories],
        "others": frame.others.tolist(),
        "trajectories": np.swapaxes(_short(runs), 0, 1).tolist(),
        "numbers": {key: plain(value) for key, value in frame.numbers.items()},
        "findings": list(frame.findings),
    }


def _short(states: Array) -> Array:
    """Rounded to four decimals of the largest entry: for pictures."""
    size = float(np.abs(states).max(initial=0.0))
    return np.round(states, 4 - int(np.floor(np.log10(size)))) if size > 0.0 else states


def _of_audit(audit: Audit) -> tuple[AuditFrame, str]:
    found = audit.fixed_points
    frame = AuditFrame(
        name=audit.name,
        memories=tuple(memory.points for memory in audit.memories),
        others=found.select(found.stability != Stability.ATTRACTING).points,
        trajectories=audit.trajectories[: STEPS + 1, :RUNS],
        numbers=_numbers(audit),
        findings=tuple(str(finding) for finding in audit.findings),
        failure="",
    )
    return frame, found.coordinates


def _numbers(audit: Audit) -> dict[str, float]:
    memories = audit.memories
    numbers = {"memories": float(len(memories)), "rate": float(np.exp(np.median(audit.along_inputs.rate)))}
    if memories:
        numbers["half_life"] = max(memory.half_life for memory in memories)
    if audit.contributions is not None:
        numbers["h50"] = _median(audit.contributions.reach(0.5))
        numbers["h95"] = _median(audit.contributions.reach(0.95))
    if audit.exponents is not None:
        numbers["exponent"] = float(np.median(np.max(audit.exponents.exponents, axis=-1)))
    known = [answer for answer in audit.thresholds if answer is not None]
    if known:
        weakest = min(known, key=lambda answer: answer.lower)
        numbers |= {"u_lower": float(weakest.lower), "u_upper": float(weakest.upper)}
    return numbers


def _median(values: Any) -> float:
    flat: Array = np.asarray(values, dtype=np.float64).ravel()
    return float(np.median(flat))
