"""What all file formats share: one error for every unreadable file, and sizes checked before memory is taken."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from dynlatch.errors import DynlatchError, UnreadableFile

# Bytes. More than any recurrent layer whose Jacobian one could still take apart.
LARGEST = 8 * 2**30
INNOCENT = 2**28  # declared bytes up to which a high compression does no harm (a sparse layer, saved compressed)
LARGEST_RATIO = 100
ANY_RATIO = 2000  # more than the 1032 that deflate can reach: results may be as regular as they like


@contextmanager
def reading(path: Path, kind: str) -> Iterator[None]:
    """Turn whatever a reader raises into one `UnreadableFile`: damaged bytes can raise nearly anything."""
    try:
        check_file(path)
        yield
    except DynlatchError:
        raise
    except Exception as error:
        raise UnreadableFile(f"{str(path)!r} is not {kind}, or is damaged ({first_line(error)}).") from None


@contextmanager
def quiet() -> Iterator[None]:
    """Without the warnings of the libraries that read damaged bytes: they speak of code, where the outcome says it all."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def check_file(path: Path) -> None:
    """Refuse what is no regular file with something in it."""
    if not path.exists():
        raise UnreadableFile(f"there is no file {str(path)!r}.")
    if not path.is_file():
        raise UnreadableFile(f"{str(path)!r} is not a file but a directory or a device; give the path of one file.")
    if path.stat().st_size == 0:
        raise UnreadableFile(f"{str(path)!r} is empty.")


def check_zip(path: Path, ratio: int = LARGEST_RATIO) -> None:
    """Refuse an archive whose members declare too many bytes, or more than `ratio` times what is stored.

    Readers stop at the declared size.
    """
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        # Stored sizes are declared too, and can be no larger than the file.
        stored = min(sum(member.compress_size for member in members), path.stat().st_size)
        check_inflation(path, sum(member.file_size for member in members), stored, ratio)


def check_size(path: Path, declared: int) -> None:
    """Refuse `declared` bytes where that is more than `LARGEST`."""
    if declared > LARGEST:
        raise UnreadableFile(
            f"{str(path)!r} declares {declared / 2**30:.4g} GiB of data and is refused unread: at most "
            f"{LARGEST >> 30} GiB are read; of a model keep only the recurrent layer's weights in the file."
        )


def check_inflation(path: Path, declared: int, stored: int, ratio: int = LARGEST_RATIO) -> None:
    """Refuse `declared` bytes where they are too many, or where far fewer are stored: weights hardly compress."""
    check_size(path, declared)
    if declared > INNOCENT and declared > ratio * stored:
        raise UnreadableFile(
            f"{str(path)!r} declares {declared / 2**30:.4g} GiB of data in {stored} bytes and is refused unread: "
            "numbers do not compress like that."
        )


def first_line(error: Exception) -> str:
    """The first line of an error's text, short enough to stand inside another sentence."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:200].rstrip(".")
