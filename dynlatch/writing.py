"""Files that appear under their name whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dynlatch.errors import DynlatchError, UnreadableFile


@contextmanager
def whole(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A hidden path to write to, beside `path`; it takes its name when all is written, and nothing stays of what failed.

    Raises
    ------
    UnreadableFile
        If the disk is full, or the folder is not there or may not be written.
    """
    target = Path(path)
    partial = target.with_name(f".{target.stem}.{os.getpid()}.partial{target.suffix}")
    try:
        yield partial
        partial.replace(target)
    except DynlatchError:  # one of them is an OSError
        raise
    except OSError as error:
        raise UnreadableFile(f"cannot write {str(target)!r}: {error.strerror or error}.") from None
    finally:
        with suppress(OSError):  # where nothing may be written, nothing may be removed
            partial.unlink(missing_ok=True)
