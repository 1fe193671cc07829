"""Safetensors files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dynlatch.errors import UnreadableFile
from dynlatch.interop.arrays import widened
from dynlatch.reading import check_size, reading

TYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": "<u2",  # the upper half of a float32, which NumPy has no type for
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U8": "u1",
    "BOOL": "?",
}


def read_safetensors(path: Path) -> dict[str, np.ndarray[Any, Any]]:
    """Every array of the file, by name. The format holds no code, and its reader checks every offset.

    Raises
    ------
    UnreadableFile
        If the file is missing, damaged or not in this format, or holds numbers of a type that NumPy lacks.
    """
    from safetensors import deserialize

    with reading(path, "a safetensors file"):
        check_size(path, path.stat().st_size)
        return {name: _array(path, name, entry) for name, entry in deserialize(path.read_bytes())}  # type: ignore[no-untyped-call]


def _array(path: Path, name: str, entry: Mapping[str, Any]) -> np.ndarray[Any, Any]:
    kind = entry["dtype"]
    if kind not in TYPES:
        raise UnreadableFile(f"{str(path)!r}: {name!r} holds numbers of type {kind}, which are not read; save it as F32.")
    numbers = np.frombuffer(entry["data"], dtype=TYPES[kind]).reshape(entry["shape"])
    return widened(numbers) if kind == "BF16" else numbers
