"""What the monitor measured of a trial, as bytes: a float64 a fact, little-endian; their names are kept with the cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from dynlatch.validation import Array

KIND = "<f8"


def packed(columns: Mapping[str, Array]) -> list[bytes]:
    """The rows of the columns."""
    return [row.tobytes() for row in np.column_stack(list(columns.values())).astype(KIND)]


def unpacked(rows: Sequence[bytes], names: Sequence[str]) -> dict[str, Array]:
    """The columns of rows."""
    table = np.frombuffer(b"".join(rows), dtype=KIND).reshape(len(rows), len(names))
    return dict(zip(names, table.T.copy(), strict=True))
