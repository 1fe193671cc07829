"""The nightly fuzzing: `python -m tests.fuzzing --inputs 100000 --out fuzz`. Ctrl-C ends it, the same command goes on.

Prints a table, and exits with 1 if anything was wrong. `--show READER NUMBER > FILE` writes one input, to look at it.
"""

from __future__ import annotations

import argparse
import sys
import time
from functools import partial
from pathlib import Path

from .engine import findings, fuzz
from .readers import READERS, made, missing
from .worker import State

WIDTHS = {"inputs": 9, "accepted": 10, "refused": 9, "CPU ms each": 13, "slowest ms": 12, "memory MiB": 12, "wrong": 7}
HEAD = f"{'reader':<22}" + "".join(f"{word:>{width}}" for word, width in WIDTHS.items())


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzzing", description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000, help="inputs of each reader")
    parser.add_argument("--out", type=Path, default=Path("fuzz"), help="folder that keeps how far it came")
    parser.add_argument("--readers", nargs="*", choices=list(READERS), default=list(READERS), metavar="READER")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="end after this time")
    parser.add_argument("--show", nargs=2, metavar=("READER", "NUMBER"), help="write this input to standard output")
    asked = parser.parse_args()
    if asked.show:
        sys.stdout.buffer.write(made(asked.show[0], int(asked.show[1])))
        return 0
    asked.out.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + asked.seconds
    rows, wrong = [HEAD], []
    for name in asked.readers:
        if why := missing(READERS[name]):
            rows.append(f"{name:<22} not tried: {why}")
            continue
        total = fuzz(name, asked.inputs, asked.out, until, partial(_tell, name, asked.inputs))
        found = findings(name, asked.out)
        rows.append(_row(name, total, len(found)))
        _say(rows[-1])
        wrong += [f"{name} {one['input']}: {one['what']}" for one in found]
    sys.stdout.write("\n".join([*rows, *wrong[:200], ""]))
    return int(bool(wrong))


def _tell(name: str, inputs: int, total: State) -> None:
    _say(f"{name}: {total.done:,} of {inputs:,}")


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def _row(name: str, total: State, wrong: int) -> str:
    each = total.spent / 1e3 / max(total.accepted + total.refused, 1)
    numbers = f"{total.done:>9,}{total.accepted:>10,}{total.refused:>9,}{each:>13.2f}{total.slowest / 1e3:>12.1f}"
    return f"{name:<22}{numbers}{total.memory / 1024:>12.1f}{wrong:>7}"


if __name__ == "__main__":
    sys.exit(main())
