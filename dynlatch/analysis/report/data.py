"""The numbers of an audit as plain data; the schema has a version of its own, and is described by `audit.schema.json`."""

from __future__ import annotations

import json
import os
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dynlatch.writing import whole

if TYPE_CHECKING:
    from dynlatch.analysis.audit.finding import Finding
    from dynlatch.analysis.audit.result import Audit, Memory
    from dynlatch.analysis.escape import EscapeThreshold

SCHEMA = "dynlatch.audit/2"


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of what `as_dict` gives."""
    text = files("dynlatch.analysis.report").joinpath("audit.schema.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def as_dict(report: Audit) -> dict[str, Any]:
    """Plain Python objects only; infinities as the strings "inf" and "-inf", which JSON has no numbers for."""
    return {
        "schema": SCHEMA,
        "name": report.name,
        "architecture": report.architecture,
        "dim": report.dim,
        "input_dim": report.input_dim,
        "parameters": report.parameter_count,
        "coordinates": report.fixed_points.coordinates,
        "context": plain(report.context),
        "findings": [_finding(finding) for finding in report.findings],
        "left_out": list(report.left_out),
        "bits": report.bits,
        "inputs": {
            "from": report.inputs_from,
            "sequences": len(report.lengths),
            "shortest": int(report.lengths.min()),
            "longest": int(report.lengths.max()),
            "largest_entry": plain(report.input_size),
            "followed": plain(report.followed),
        },
        "fixed_points": _fixed_points(report),
        "memory_states": _memory_states(report),
        "memories": [_memory(row) for row in report.memories],
        "gradient_decay": _decay(report),
        "contributions": _contributions(report),
        "exponents": _exponents(report),
        "verdicts": _verdicts(report),
        "regions": plain(report.regions),
        "escape_thresholds": [_threshold(e) for e in report.thresholds if e is not None],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "kind": finding.kind,
        "sentence": finding.sentence,
        "evidence": {name: plain(value) for name, value in finding.evidence.items()},
        "advice": finding.advice,
        "effect": finding.effect,
    }


def _fixed_points(report: Audit) -> dict[str, Any]:
    found = report.fixed_points
    return {
        "count": len(found),
        "completeness": str(found.completeness),
        "index_sum": found.index_sum,
        "estimated_missing": plain(found.estimated_missing),
        "points": plain(found.points),
        "stability": [str(word) for word in found.stability],
        "index": plain(found.index),
        "unstable_dimensions": plain(found.unstable_dimensions),
        "spectral_radius": plain(np.abs(found.eigenvalues).max(-1, initial=0.0)),
        "residuals": plain(found.residuals),
        "errors": plain(found.errors),
    }


def _memory_states(report: Audit) -> dict[str, Any]:
    """The attracting fixed points; `memories` has cycles as well."""
    memory = report.memory_states
    return {
        "points": plain(memory.points),
        "spectral_radius": plain(np.abs(memory.eigenvalues).max(-1, initial=0.0)),
        "half_lives": plain(report.half_lives),
        "occupancy": plain(report.occupancy),
        "readouts": None if report.readouts is None else plain(report.readouts[: len(memory)]),
        "log_norms": None if report.at_memory is None else plain(report.at_memory.log_norms[:, : len(memory)]),
    }


def _memory(row: Memory) -> dict[str, Any]:
    return {
        "period": row.period,
        "points": plain(row.points),
        "radius": plain(row.radius),
        "half_life": plain(row.half_life),
        "peak": plain(row.peak),
        "share": plain(row.share),
        "readout": plain(row.readout),
        "threshold": None if row.threshold is None else _threshold(row.threshold),
    }


def _threshold(found: EscapeThreshold) -> dict[str, Any]:
    return {
        "lower": plain(found.lower),
        "upper": plain(found.upper),
        "exact": found.exact,
        "outcome": str(found.outcome),
        "lower_method": found.lower_method,
        "upper_method": found.upper_method,
        "attractor": plain(found.attractor),
    }


def _decay(report: Audit) -> dict[str, Any]:
    along = report.along_inputs
    return {
        "inputs": report.inputs_from,
        "norm": plain(along.norm),
        "log_norms": plain(along.log_norms),
        "backward": plain(along.backward),
        "rate": plain(along.rate),
        "bounds": {name: plain(bound) for name, bound in along.bounds.items()},
    }


def _contributions(report: Audit) -> dict[str, Any] | None:
    split = report.contributions
    if split is None:
        return None
    return {
        "cost": report.cost,
        "log_norms": plain(split.log_norms),
        "by_kind": {kind: plain(logs) for kind, logs in split.by_kind.items()},
        "projections": plain(split.projections),
        "h_50": plain(split.reach(0.5)),
        "h_95": plain(split.reach(0.95)),
        "fading": plain(split.fading),
    }


def _exponents(report: Audit) -> dict[str, Any] | None:
    found = report.exponents
    if found is None:
        return None
    return {
        "exponents": plain(found.exponents),
        "standard_errors": plain(found.standard_errors),
        "steps": found.steps,
        "kaplan_yorke": plain(found.kaplan_yorke),
    }


def _verdicts(report: Audit) -> dict[str, Any] | None:
    found = report.verdicts
    if found is None:
        return None
    return {
        "shares": {word: plain(share) for word, share in found.shares.items()},
        "words": [[str(word) for word in row] for row in found.words],
        "gamma": plain(found.gamma),
        "latches_at": plain(found.latches_at),
        "crossings": plain(found.crossings),
        "saturated": {name: plain(share) for name, share in found.saturated.items()},
    }


def plain(value: Any) -> Any:
    """Arrays as nested lists, non-finite numbers as strings."""
    if isinstance(value, (np.ndarray, np.generic)):
        usual = value.dtype.kind in "iub" or (value.dtype.kind == "f" and bool(np.isfinite(value).all()))
        return value.tolist() if usual else plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)
    return value


def write_json(report: Audit, path: str | os.PathLike[str]) -> Path:
    """Write the audit as JSON."""
    return write_text(path, json.dumps(as_dict(report), indent=1))


def write_text(path: str | os.PathLike[str], text: str) -> Path:
    """Write `text` whole or not at all."""
    target = Path(path)
    with whole(target) as partial:
        partial.write_text(text, encoding="utf-8", errors="backslashreplace")
    return target
