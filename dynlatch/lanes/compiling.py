"""How kernels are compiled, and where the machine code is kept between runs."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` compiled by Numba, the machine code kept on disk.

    Numba notices an edit of the file that defines a kernel, but not of the files whose kernels it calls, and would go on
    running the old code. Kernels call each other within their file and into this package only: the folder of the cache is
    named after the contents of this package.
    """
    return _compiled(function, forceinline=False)


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """A kernel whose code its callers contain.

    For what innermost loops call with arrays: every call would count the references to each of them, and wait for that.
    """
    return _compiled(function, forceinline=True)


def _compiled(function: Callable[..., Any], *, forceinline: bool) -> Callable[..., Any]:
    kept = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(_folder())
    options = {"cache": True, "error_model": "numpy", "no_cfunc_wrapper": True, "forceinline": forceinline}
    try:
        compiled: Callable[..., Any] = numba.njit(**options)(function)
    finally:
        numba.config.CACHE_DIR = kept
    return compiled


@cache
def _folder() -> Path:
    here = Path(__file__).parent
    sources = b"".join(path.read_bytes() for path in sorted(here.glob("*.py")))
    name = f"kernels-{hashlib.sha256(sources).hexdigest()[:16]}"
    wanted = Path(numba.config.CACHE_DIR or here / "__pycache__") / name
    with contextlib.suppress(OSError):  # a read-only installation
        wanted.mkdir(parents=True, exist_ok=True)
    return wanted if os.access(wanted, os.W_OK) else _own(Path(tempfile.gettempdir())) / name


def _own(temporary: Path) -> Path:
    """A folder for what is temporary that nobody else may write: code is loaded from it. One of this process, if need be."""
    if not hasattr(os, "getuid"):  # elsewhere that place belongs to the user
        return temporary / "dynlatch"
    folder = temporary / f"dynlatch-{os.getuid()}"
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o022:
            return folder
    return Path(tempfile.mkdtemp(prefix="dynlatch-"))
