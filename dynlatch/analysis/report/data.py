"""The numbers of an audit as plain data; the schema has a version of its own."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dynlatch.errors import UnreadableFile

if TYPE_CHECKING:
    from dynlatch.analysis.audit import Audit

SCHEMA = "dynlatch.audit/1"


def as_dict(report: Audit) -> dict[str, Any]:
    """Plain Python objects only; infinities as the strings "inf" and "-inf", which JSON has no numbers for."""
    found, memory = report.fixed_points, report.memory_states
    return {
        "schema": SCHEMA,
        "name": report.name,
        "architecture": report.architecture,
        "dim": report.dim,
        "input_dim": report.input_dim,
        "parameters": report.parameter_count,
        "coordinates": found.coordinates,
        "findings": [finding.sentence for finding in report.findings],
        "bits": report.bits,
        "fixed_points": {
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
        },
        "memory_states": {
            "points": plain(memory.points),
            "spectral_radius": plain(np.abs(memory.eigenvalues).max(-1, initial=0.0)),
            "half_lives": plain(report.half_lives),
            "occupancy": plain(report.occupancy),
            "readouts": plain(report.readouts),
            "log_norms": None if report.at_memory is None else plain(report.at_memory.log_norms),
        },
        "gradient_decay": {
            "inputs": report.inputs_from,
            "norm": report.along_inputs.norm,
            "log_norms": plain(report.along_inputs.log_norms),
            "rate": plain(report.along_inputs.rate),
        },
        "escape_thresholds": [
            {
                "lower": plain(e.lower),
                "upper": plain(e.upper),
                "outcome": str(e.outcome),
                "attractor": plain(e.attractor),
            }
            for e in report.thresholds
            if e is not None
        ],
    }


def plain(value: Any) -> Any:
    """Arrays as nested lists, non-finite numbers as strings."""
    if value is None:
        return None
    if isinstance(value, np.ndarray):
        if value.dtype.kind in "iub" or (value.dtype.kind == "f" and np.isfinite(value).all()):
            return value.tolist()
        return [plain(item) for item in value.tolist()] if value.ndim else plain(value.item())
    if isinstance(value, list):
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
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        partial.write_text(text, encoding="utf-8", errors="backslashreplace")
        partial.replace(target)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise UnreadableFile(f"cannot write {str(target)!r}: {error.strerror or error}.") from None
    return target
