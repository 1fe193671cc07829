"""What was measured, as tables for other programs: CSV, or Parquet where pyarrow is installed (extra `cluster`)."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.report.data import write_text
from dynlatch.errors import InvalidInput, MissingExtra
from dynlatch.training.experiments.contract import Finding, Verdict
from dynlatch.writing import whole

Columns = Mapping[str, NDArray[Any]]


def export(finding: Finding, path: str | os.PathLike[str]) -> Path:
    """Write the columns of a finding to a file, a row a cell.

    Parameters
    ----------
    finding : Finding
    path : path
        Its name ends in .csv or .parquet.

    Raises
    ------
    InvalidInput
        If the name ends in something else.
    MissingExtra
        If pyarrow is needed and not installed.
    UnreadableFile
        If the file cannot be written.
    """
    return write_columns(finding.columns, path)


def verdict_columns(findings: Mapping[str, Finding]) -> Columns:
    """All verdicts of all findings as one table, by the name of the experiment."""
    pairs = [(name, verdict) for name, finding in findings.items() for verdict in finding.verdicts]
    members = {f.name: np.array([getattr(verdict, f.name) for _, verdict in pairs]) for f in fields(Verdict)}
    return {"experiment": np.array([name for name, _ in pairs], np.str_), **members}


def write_columns(columns: Columns, path: str | os.PathLike[str]) -> Path:
    """Write columns of one length to a .csv or .parquet file, whole or not at all."""
    target = Path(path)
    if len({len(values) for values in columns.values()}) > 1:
        sizes = ", ".join(f"{name}: {len(values)}" for name, values in columns.items())
        raise InvalidInput(f"the columns of a table must have one length; got {sizes}.")
    writers = {".csv": _write_csv, ".parquet": _write_parquet}
    if target.suffix not in writers:
        raise InvalidInput(f"the name of a table must end in .csv or .parquet; got {str(path)!r}.")
    return writers[target.suffix](columns, target)


def _write_csv(columns: Columns, path: Path) -> Path:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(columns)
    rows.writerows(zip(*(_plain(values) for values in columns.values()), strict=True))
    return write_text(path, text.getvalue())


def _write_parquet(columns: Columns, path: Path) -> Path:
    try:
        from pyarrow import parquet, table
    except ImportError:
        raise MissingExtra("Parquet needs the extra `cluster`: pip install 'dynlatch[cluster]'; .csv needs nothing.") from None
    with whole(path) as partial:
        parquet.write_table(table({name: list(_plain(values)) for name, values in columns.items()}), partial)
    return path


def _plain(values: NDArray[Any]) -> Iterable[Any]:
    """Python's own numbers and texts; words of an enumeration as their text."""
    return [str(value) if isinstance(value, str) else value for value in np.asarray(values).tolist()]
