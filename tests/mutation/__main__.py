"""Mutation testing: `python -m tests.mutation scalar --sample 300`, from the root of the repository.

Needs `pip install mutmut==3.8.1` beside the extra `test`. Nothing on disk is changed: mutants live in forks of one process.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

from tests.mutation import engine
from tests.mutation.mutants import Mutant, mutations
from tests.mutation.table import CAUGHT, read
from tests.mutation.targets import TARGETS


def sampled(paths: list[str], size: int, seed: int) -> tuple[list[Mutant], dict[str, int]]:
    """So many mutants of all those of the files (0 is all), and how many each file has."""
    files = {path: mutations(path) for path in paths}
    places = [(path, number) for path in paths for number in range(len(files[path].changes))]
    if 0 < size < len(places):
        places = random.Random(seed).sample(places, size)  # in the order drawn: a run cut short is a smaller sample
    return [files[path].mutant(number) for path, number in places], {path: len(files[path].changes) for path in paths}


def drawn(given: argparse.Namespace, paths: list[str]) -> tuple[list[Mutant], dict[str, int], list[dict[str, Any]]]:
    """The mutants to judge, how many there are in every file, and what is known already."""
    if given.again is None:
        return *sampled(paths, given.sample, given.seed), []
    before = read(given.again)
    files = {path: mutations(path) for path in {row["path"] for row in before.rows}}
    left = [files[row["path"]].mutant(row["number"]) for row in before.rows if row["verdict"] not in CAUGHT]
    return left, before.counts, [row for row in before.rows if row["verdict"] in CAUGHT]


def main() -> None:
    parse = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parse.add_argument("target", choices=TARGETS)
    parse.add_argument("--files", help="a pattern of files instead of all of the target")
    parse.add_argument("--sample", type=int, default=0, help="mutants drawn at random; 0 is all")
    parse.add_argument("--seed", type=int, default=2026)
    parse.add_argument("--again", type=Path, help="judge the survivors of these results anew, and keep the rest of them")
    parse.add_argument(
        "--tests", nargs="+", help="files instead of all tests of the target, for what is known to be noticed there"
    )
    parse.add_argument("--seconds", type=float, default=10.0, help="CPU seconds of tests a mutant, the fastest first")
    parse.add_argument("--out", type=Path, required=True, help="where results are written, one JSON object a line")
    given = parse.parse_args()
    target = TARGETS[given.target]
    paths = sorted(str(p) for p in Path().glob(given.files)) if given.files else target.paths
    tests = given.tests or target.judges
    mutants, counts, known = drawn(given, paths)
    before = read(given.again) if given.again else None
    earlier = {(row["path"], row["number"]): row["verdict"] for row in (before.rows if before else [])}
    given.out.parent.mkdir(parents=True, exist_ok=True)
    with given.out.open("w") as out:

        def write(row: dict[str, Any]) -> None:
            out.write(json.dumps(row) + "\n")
            out.flush()

        def report(mutant: Mutant, verdict: str, seconds: float) -> None:
            if verdict == engine.UNREACHED:  # by these tests; those of the first judgement may have reached it
                verdict = earlier.get((mutant.path, mutant.number), verdict)
            row = mutant._asdict() | {"verdict": verdict, "seconds": round(seconds, 2)}
            del row["source"]
            write(row)

        write({"target": given.target, "counts": counts, "seed": before.seed if before else given.seed})
        for row in known:
            write(row)
        dropped = engine.run(paths, mutants, tests, given.seconds, report)
        write({"dropped": dropped})
    sys.stdout.write(f"{given.out}: {len(mutants)} of {sum(counts.values())} mutants, {len(dropped)} tests left out\n")


if __name__ == "__main__":
    main()
