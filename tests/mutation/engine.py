"""The run: tests are collected once, every mutant is a fork of this process that runs the tests which reach its line."""

from __future__ import annotations

import gc
import importlib
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.mutation import swap

if TYPE_CHECKING:
    from tests.mutation.mutants import Mutant

KILLED, SURVIVED, TIMEOUT, UNREACHED = "killed", "survived", "timeout", "no test"
COMPILING = 150.0  # CPU seconds that are added to the limit where kernels are compiled again
LEAST = 4  # tests that are run, whatever they take


class Seen(NamedTuple):
    """What a test did when nothing was changed."""

    seconds: float
    lines: dict[str, set[int]]


class Engine:
    """A plugin of pytest: takes over the loop of the tests."""

    def __init__(self, paths: list[str], mutants: list[Mutant], seconds: float, report: Callable[[Mutant, str, float], None]):
        self.paths, self.mutants, self.seconds, self.report = paths, mutants, seconds, report
        self.lines: dict[str, set[int]] = {}
        self.failed = False
        self.dropped: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.failed = self.failed or report.failed

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        for path in self.paths:
            importlib.import_module(swap.module_name(path))
        self.old = {path: swap.codes(Path(path).read_text(), path) for path in self.paths}
        self.functions = {path: swap.live(path) for path in self.paths}
        seen = self._baseline(session.items)
        swap.forget_cached()
        gc.collect()
        self.kernels = swap.kernels()
        gc.freeze()  # else the collector of every fork copies the memory of this process
        for mutant in self.mutants:
            self._judge(mutant, seen)
        return True

    def _baseline(self, items: list[pytest.Item]) -> dict[pytest.Item, Seen]:
        """Every test once, with its time and the lines that it reaches; those that fail as they are take no part."""
        seen = {}
        for path in self.paths:
            new = swap.marked(path, lambda line, path=path: self.lines.setdefault(path, set()).add(line))
            swap.exchange(path, self.old[path], new, self.functions[path])
        for item in items:
            self.lines, start = {}, time.process_time()
            if self._passes(item):
                seen[item] = Seen(time.process_time() - start, self.lines)
            else:
                self.dropped.append(item.nodeid)
        for path in self.paths:
            for code, group in self.functions[path].items():
                for function in group:
                    function.__code__ = code
        return seen

    def _passes(self, item: pytest.Item) -> bool:
        self.failed = False
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        return not self.failed

    def _judge(self, mutant: Mutant, seen: dict[pytest.Item, Seen]) -> None:
        start = time.monotonic()
        new = swap.codes(mutant.source, mutant.path)
        old, functions = self.old[mutant.path], self.functions[mutant.path]
        within = len(old) == len(new) and any(a != b for a, b in zip(old, new, strict=True))
        chosen = self._chosen(mutant, seen, within)
        if not chosen:
            self.report(mutant, UNREACHED, 0.0)
            return
        limit = 3.0 * sum(seen[item].seconds for item in chosen) + 4.0
        if not within or swap.kernel_at(mutant.path, mutant.line):
            limit += COMPILING

        def attempt() -> bool:
            if within:
                swap.exchange(mutant.path, old, new, functions)
                swap.forget_compiled(self.kernels, functions, new)
                return all(self._passes(item) for item in chosen)
            swap.reimport(mutant.path, mutant.source)
            return pytest.main(["-x", "-q", "-p", "no:cacheprovider", *(item.nodeid for item in chosen)]) == 0

        self.report(mutant, _fork(attempt, limit), time.monotonic() - start)

    def _chosen(self, mutant: Mutant, seen: dict[pytest.Item, Seen], within: bool) -> list[pytest.Item]:
        """The tests that reach the line, the fastest first; of a kernel, those of its callers; of a definition, the file."""
        line = swap.statement_of(mutant.path).get(mutant.line) if within else None
        kernel = swap.kernel_at(mutant.path, mutant.line) if within else None
        if line is not None:
            reaching = [item for item, s in seen.items() if line in s.lines.get(mutant.path, ())]
        elif kernel is not None:
            files = {item: item.nodeid.split("::")[0] for item in seen}
            places = set(swap.callers(mutant.path, {kernel}, list(dict.fromkeys([*self.paths, *files.values()]))))
            direct = {path for path, _ in places}
            reaching = [
                item
                for item, s in seen.items()
                if files[item] in direct or any(at in s.lines.get(path, ()) for path, at in places)
            ]
        else:
            files = _users(mutant.path, self.paths)
            reaching = [item for item, s in seen.items() if not files.isdisjoint(s.lines)]
        chosen, total = [], 0.0
        for item in sorted(reaching, key=lambda item: seen[item].seconds):
            total += seen[item].seconds
            if total > self.seconds and len(chosen) >= LEAST:
                break
            chosen.append(item)
        return chosen


def _users(path: str, paths: list[str]) -> set[str]:
    """The file, and those of the others that import it."""
    package, _, name = swap.module_name(path).rpartition(".")
    ways = (f"from {package}.{name} import", f"from {package} import {name}")
    return {path} | {other for other in paths if any(way in Path(other).read_text() for way in ways)}


def _fork(attempt: Callable[[], bool], seconds: float) -> str:
    """What a forked process says: whether the tests passed. It has so many CPU seconds, and ten times that on the clock."""
    child = os.fork()
    if child == 0:
        _attempt(attempt, seconds)
    deadline = time.monotonic() + 10.0 * seconds
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            break
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.005)
    if os.WIFSIGNALED(status):
        return TIMEOUT if os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL) else KILLED
    return SURVIVED if os.WEXITSTATUS(status) == 0 else KILLED


def _attempt(attempt: Callable[[], bool], seconds: float) -> Any:
    verdict = 1
    try:
        quiet = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(quiet, stream)
        ending = int(time.process_time() + seconds) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (ending, ending + 2))
        resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
        verdict = 0 if attempt() else 1
    except BaseException:
        verdict = 1
    finally:
        os._exit(verdict)


def run(
    paths: list[str], mutants: list[Mutant], tests: list[str], seconds: float, report: Callable[[Mutant, str, float], None]
) -> list[str]:
    """Judge all mutants; the tests that could not take part."""
    engine = Engine(paths, mutants, seconds, report)
    options = ["-q", "-p", "no:cacheprovider", "--hypothesis-seed=0", "--no-header", "--no-summary"]
    code = pytest.main([*options, "--tb=native", "--assert=plain", *tests], plugins=[engine])
    if code not in (0, 1):
        sys.exit(f"pytest ended with {code!r}: the tests could not be collected.")
    return engine.dropped
