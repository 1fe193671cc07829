"""`dynlatch reproduce table1 figure3 --out results/`."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from dynlatch.commands.output import note, write
from dynlatch.commands.reproduce_input import STORE, Asked, checked

if TYPE_CHECKING:
    from dynlatch.training.experiments import Experiment
    from dynlatch.training.experiments.contract import Finding
    from dynlatch.training.experiments.provenance import Clock, Provenance
    from dynlatch.training.sweeps import Cell, Sweep

INTERRUPTED = 130


def reproduce(
    *names: str,
    scale: str = "mini",
    trials: int | None = None,
    jobs: Annotated[int, Parameter(name=["--jobs", "-j"])] = 1,
    out: str | None = None,
    store: str | None = None,
    shard: str | None = None,
    backend: str = "loky",
    scheduler: str | None = None,
    rng: int = 0,
) -> int:
    """Run the papers' tables and figures again: ours beside theirs, with intervals, verdicts and causes.

    Ctrl-C stops; with --out or --store the same command goes on where it was.

    Parameters
    ----------
    names
        table1, table2, table3, table4, latch, figure1b, figure2a, figure2b, figure3, figure4, flip-flop: none or all is all of
        these. diffusion, guessing, iohmm, lstm, narx, time-constants, chunker, ring, remedies: chapter is all of these. What
        several of them need is run once.
    scale
        micro (seconds: does everything work?), mini (minutes) or full (the papers' number of trials).
    trials
        Of every cell, in place of the scale's number.
    jobs
        Processes; -1 for one a core.
    out
        A folder for the report: report.html, headline.md, tables, figures, provenance.json, and the store trials.db.
    store
        Keep finished trials in this file instead, and do not run them again.
    shard
        i/n: run only the i-th of n parts of the trials and report nothing, for batch queues; `dynlatch merge` joins the stores.
    backend
        loky (processes of this machine) or dask (a cluster).
    scheduler
        Address of the Dask cluster, as in tcp://head:8786.
    rng
        Root of all seeds.
    """
    asked = checked(names, scale, trials, jobs, out, store, shard, backend, scheduler, rng)
    if asked.store is not None:
        return _run(asked, asked.store)
    with tempfile.TemporaryDirectory() as folder:
        return _run(asked, Path(folder) / STORE)


@dataclass(frozen=True)
class Work:
    """What is to be done, and what was there before."""

    asked: Asked
    experiments: Mapping[str, Experiment]
    cells: Sequence[Cell]
    store: Path
    clock: Clock
    before: int

    @property
    def total(self) -> int:
        return sum(cell.trials for cell in self.cells)

    def done(self) -> int:
        """Trials in the store."""
        from dynlatch.training.experiments.reproduce import stored

        return stored(self.cells, self.store)


def _run(asked: Asked, store: Path) -> int:
    from dynlatch.training.experiments import ALL
    from dynlatch.training.experiments.contract import Scale
    from dynlatch.training.experiments.provenance import Clock
    from dynlatch.training.experiments.reproduce import cells_of, stored

    clock, chosen = Clock(), {name: ALL[name] for name in asked.names}
    cells = cells_of(list(chosen.values()), Scale(asked.scale), asked.trials)
    work = Work(asked, chosen, cells, store, clock, stored(cells, store))
    try:
        found = _trained(work)
        if asked.shard is not None:
            return _said(work)
        findings = {name: _read(experiment, found, asked.scale) for name, experiment in chosen.items()}
        _report(work, findings, found)
    except KeyboardInterrupt:
        return _interrupted(work)
    return 0


def _trained(work: Work) -> Sweep:
    from dynlatch.training.experiments.reproduce import run

    asked = work.asked
    return run(
        work.cells,
        store=work.store,
        jobs=asked.jobs,
        shard=asked.shard or (1, 1),
        scheduler=asked.scheduler,
        rng=asked.rng,
        progress=sys.stderr.isatty(),
    )


def _said(work: Work) -> int:
    """A shard is done: how to go on."""
    part = "{} of {}".format(*work.asked.shard or (1, 1))
    write(f"shard {part}: {work.done():,} of {work.total:,} trials are in {work.store}")
    note("dynlatch: join the shards by `dynlatch merge SHARD.db ... --into trials.db`, then report by --store trials.db.")
    return 0


def _read(experiment: Experiment, found: Sweep, scale: str) -> Finding:
    """What an experiment found, said as soon as it is known."""
    from dynlatch.training.experiments.contract import Scale

    finding = experiment.read(found, Scale(scale))
    write(f"{finding.summary()}\n")
    return finding


def _report(work: Work, findings: Mapping[str, Finding], found: Sweep) -> None:
    from dynlatch.training.experiments.report import write_report

    if work.asked.out is None:
        note("dynlatch: no report was written; --out results/ writes one, with tables and figures.")
        return
    origin = _origin(work, work.asked.out, found.digest, finished=True)
    written = write_report(work.asked.out, work.experiments, findings, found, origin)
    for sentence in written.left_out:
        note(f"dynlatch: {sentence}")
    note(f"report: {written.page}")


def _origin(work: Work, folder: Path, digest: str, *, finished: bool) -> Provenance:
    """Versions, settings, and this call after the earlier ones."""
    from dynlatch.training.experiments import provenance as p

    asked = work.asked
    call = work.clock.call(asked.command, work.done() - work.before, finished=finished)
    calls = (*p.earlier_calls(folder / p.FILE), call)
    return p.Provenance(asked.names, asked.scale, asked.trials, asked.rng, digest, p.versions(), calls)


def _interrupted(work: Work) -> int:
    """What is kept, and how to go on."""
    if work.asked.store is None:
        note("dynlatch: interrupted; nothing was kept. With --out results/ the same command would go on from here.")
        return INTERRUPTED
    if work.asked.out is not None and work.asked.shard is None:
        _origin(work, work.asked.out, "", finished=False).save(work.asked.out)
    note(f"dynlatch: interrupted; {work.done():,} of {work.total:,} trials are kept. Go on by the same command:")
    note(f"  {work.asked.command}")
    return INTERRUPTED
