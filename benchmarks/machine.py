"""The machine that the numbers belong to."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

LIBRARIES = ("numpy", "scipy", "numba", "networkx", "joblib")


def processor() -> str:
    """The name that the system gives its processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def described() -> dict[str, str]:
    return {
        "processor": f"{processor()}, {os.cpu_count()} cores, one thread used",
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "libraries": ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
        "dynlatch": version("dynlatch"),
    }


def load() -> float:
    """How many processes want to run, a mean over the last minute; NaN where the system does not say."""
    return round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else float("nan")
