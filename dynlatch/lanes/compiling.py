"""How kernels are compiled, and where the machine code is kept between runs."""

from __future__ import annotations

import contextlib
import hashlib
import os
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
    kept = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(_folder())
    try:
        compiled: Callable[..., Any] = numba.njit(cache=True, error_model="numpy", no_cfunc_wrapper=True)(function)
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
    return wanted if os.access(wanted, os.W_OK) else Path(tempfile.gettempdir()) / f"dynlatch-{_user()}" / name


def _user() -> str:
    return str(os.getuid()) if hasattr(os, "getuid") else "user"
