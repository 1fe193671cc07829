"""Progress on long work: off in the library, on in the command line. Bars go to stderr and vanish when done."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def stages(total: int, *, shown: bool) -> Iterator[Callable[[str], None]]:
    """A bar over `total` named stages; the yielded function opens the next one. Nothing is drawn unless `shown`."""
    if not shown:
        yield lambda name: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:<28}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("starting", total=total)
        opened = 0

        def enter(name: str) -> None:
            nonlocal opened
            progress.update(task, description=name, completed=opened)
            opened += 1

        yield enter


@contextmanager
def counter(label: str, total: int, *, shown: bool, unit: str, at_first: str = "") -> Iterator[Callable[[int], None]]:
    """A bar over `total` units of work with rate and time left; the yielded function adds to what is done.

    `at_first` is said until the first unit is done: what a user waits for.
    """
    if not shown:
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    words, rate = TextColumn("{task.description}"), TextColumn("{task.fields[rate]}")
    columns = (words, BarColumn(), MofNCompleteColumn(), rate, TimeRemainingColumn(), TextColumn("left"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(f"{label} {at_first}".strip(), total=total, rate="")
        begun, sum_ = time.monotonic(), 0

        def add(done: int) -> None:
            nonlocal sum_
            sum_ += done
            each = f"{sum_ / max(time.monotonic() - begun, 1e-9):,.3g} {unit}/s" if sum_ else ""
            progress.update(task, advance=done, description=label if done else None, rate=each)

        yield add
