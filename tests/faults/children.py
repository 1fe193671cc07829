"""Other processes for the tests of faults: what they print, and what they run under."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def python(code, *arguments, check=True, **environment):
    """Run `code` in a new interpreter; its CompletedProcess, text."""
    given = {**os.environ, "MPLBACKEND": "Agg", "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **environment}
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, env=given, check=False
    )
    assert not check or done.returncode == 0, done.stderr
    return done
