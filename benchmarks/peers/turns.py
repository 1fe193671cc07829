"""What the peers' programs share: for each line that comes in, one run, and its CPU seconds go out."""

import os
import sys
import time

# Seconds alone may come out: whatever the peer prints goes where errors go.
OUT = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


def take_turns(run, per=1.0):
    """Run when asked, until no more is asked; seconds for one of `per` units of work. Returns what the last run returned."""
    result = None
    for _ in sys.stdin:
        start = time.process_time()
        result = run()
        print((time.process_time() - start) / (per() if callable(per) else per), file=OUT, flush=True)
    return result
