"""What the monitor measured of a trial, as one line of JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import numpy as np

from dynlatch.validation import Array

NOTHING = "{}"


def written(columns: Mapping[str, Array]) -> list[str]:
    """One line a row of the columns. JSON has no NaN, which becomes null, and no infinity, which becomes 9e999."""
    names = [json.dumps(name) for name in columns]
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    return ["{" + ",".join(map(_member, names, row)) + "}" for row in rows]


def _member(name: str, value: float) -> str:
    text = "null" if np.isnan(value) else repr(value) if np.isfinite(value) else "9e999" if value > 0.0 else "-9e999"
    return f"{name}:{text}"


def read(lines: Sequence[str]) -> dict[str, Array]:
    """The columns of lines; NaN where a line has no such fact."""
    rows = json.loads(f"[{','.join(lines)}]")
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: np.array([row.get(name) for row in rows], dtype=np.float64) for name in names}
