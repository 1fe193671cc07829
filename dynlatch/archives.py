"""NumPy archives (`.npz`): arrays only, never pickled objects."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from dynlatch.errors import UnreadableFile
from dynlatch.reading import LARGEST_RATIO, check_zip, quiet, reading

HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def read_npz(path: Path, ratio: int = LARGEST_RATIO) -> dict[str, np.ndarray[Any, Any]]:
    """Every array of the archive, by name; at most `ratio` times the bytes that are stored.

    Raises
    ------
    UnreadableFile
        If the file is missing, damaged, no archive of arrays, or declares sizes that it does not hold.
    """
    with reading(path, "a NumPy archive (.npz)"), quiet():
        check_zip(path, ratio)
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                with archive.open(member) as file:
                    _check_member(path, member, file)
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}


def _check_member(path: Path, member: zipfile.ZipInfo, file: IO[bytes]) -> None:
    """Hold an array's header against its member's size: NumPy takes the memory that the header asks for, then reads."""
    version = npy.read_magic(file)
    if version not in HEADERS:
        raise UnreadableFile(f"{str(path)!r}: {member.filename!r} is in NumPy's format {version}, not plain numbers.")
    shape, _, dtype = HEADERS[version](file)
    if dtype.hasobject:
        raise UnreadableFile(f"{str(path)!r}: {member.filename!r} holds pickled objects; save plain arrays of numbers.")
    if math.prod(shape) * dtype.itemsize != member.file_size - file.tell():
        raise UnreadableFile(f"{str(path)!r}: {member.filename!r} declares shape {shape}, which is not what it holds.")
