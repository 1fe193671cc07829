"""How commands speak: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import sys
from typing import Any


def write(text: str) -> None:
    """A result, for people, on stdout."""
    sys.stdout.write(text + "\n")


def write_json(data: dict[str, Any]) -> None:
    """A result, for programs, on stdout."""
    write(json.dumps(data, indent=1))


def note(text: str) -> None:
    """A remark on stderr."""
    sys.stderr.write(text + "\n")
