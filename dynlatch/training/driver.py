"""`train`: the one loop that every rule, task and model goes through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dynlatch.errors import InvalidInput
from dynlatch.maps import Map
from dynlatch.progress import counter
from dynlatch.randomness import Rng
from dynlatch.training.answers import right
from dynlatch.training.block import BETWEEN_PAUSES, WIDTH, Block, keep, pack
from dynlatch.training.contract import Architecture, Rule, Task
from dynlatch.training.outcomes import TrainingOutcome
from dynlatch.training.presets import Plan, planned
from dynlatch.training.records import Ledger, Progress, restored
from dynlatch.training.result import TrainingResult
from dynlatch.training.trials import Trial, seeds, streams_of, task_of, trial
from dynlatch.validation import count

if TYPE_CHECKING:
    from dynlatch.lanes.show import Lanes
    from dynlatch.training.monitor import RegionMonitor, RegionTrace, Watch

TEST_SEQUENCES = 500


def train(
    rule: Rule,
    network: Architecture | Map | None,
    task: Task,
    *,
    trials: int = 1,
    sequences: int | None = None,
    max_presentations: int | None = None,
    test_sequences: int = TEST_SEQUENCES,
    rng: Rng = None,
    monitor: RegionMonitor | None = None,
    progress: bool = False,
) -> TrainingResult:
    """Train independent trials of a model on a task by a learning rule.

    A trial ends when it has learned (on-line rules: as many right answers in a row as there are training sequences; batch
    rules: no training error; where the noise is fresh, enough fresh sequences answered right), or when its presentations are
    used up. A presentation is one sequence shown to one network, whatever it is shown for.

    Parameters
    ----------
    rule : Rule
        Settings left None take the values for the task from `presets`.
    network : Architecture, Map or None
        An architecture draws weights for every trial; a network starts every trial from its weights; None is the papers'
        model for that rule and task.
    task : Task
    trials : int
    sequences : int, optional
        Training sequences of a trial, drawn once.
    max_presentations : int, optional
        Presentations that a trial may use.
    test_sequences : int
        Fresh sequences that the error is measured on.
    rng : int, Generator or None
        Trial k takes the k-th spawned stream: the same trials, bit for bit, run alone or together.
    monitor : RegionMonitor, optional
        Records how the runs move through basins and reduced attracting sets.
    progress : bool
        Show a progress bar on stderr.

    Returns
    -------
    TrainingResult
        After Ctrl-C too, with what was reached by then; `resume` goes on from there.

    Raises
    ------
    InvalidInput
        If the rule cannot train the model (the message says what fits), or on bad settings.

    Examples
    --------
    >>> from dynlatch.training import BackPropagation, TwoSequence, train
    >>> result = train(BackPropagation(), None, TwoSequence(T=8), trials=4, rng=0)
    >>> result.error.shape
    (4,)
    """
    plan = planned(rule, network, task, sequences, max_presentations)
    job = Job(plan, seeds(rng, count("trials", trials, least=1)), count("test_sequences", test_sequences, least=1), monitor)
    return run(job, None, shown=progress)


def resume(
    result: TrainingResult,
    *,
    max_presentations: int | None = None,
    monitor: RegionMonitor | None = None,
    progress: bool = False,
) -> TrainingResult:
    """Go on with the trials that were interrupted, or whose presentations were used up, exactly as if they had never stopped.

    Parameters
    ----------
    result : TrainingResult
        As returned by `train`, or loaded from a file.
    max_presentations : int, optional
        The new limit, counted from the first presentation; the old one if None.
    monitor, progress
        As in `train`.
    """
    limit = result.max_presentations if max_presentations is None else count("max_presentations", max_presentations, least=1)
    if limit < result.max_presentations:
        raise InvalidInput(
            f"`max_presentations` counts from the first presentation: give at least {result.max_presentations}; got {limit}."
        )
    plan = Plan(result.rule, result.model, result.task, result.start, result.sequences, limit)
    return run(Job(plan, result.seeds, result.test_sequences, monitor), result, shown=progress)


class Job(NamedTuple):
    """What to run."""

    plan: Plan
    seeds: list[np.random.SeedSequence]
    test_sequences: int
    monitor: RegionMonitor | None


def run(job: Job, before: TrainingResult | None, *, shown: bool) -> TrainingResult:
    """Block after block of trials; Ctrl-C ends the run with what it has."""
    plan, total = job.plan, len(job.seeds)
    ledger = Ledger(total, None if before is None else before.progress)
    todo = _unfinished(before, plan.max_presentations, ledger, total)
    traces: list[RegionTrace] = []
    label = f"{type(plan.rule).__name__} on {type(plan.task).__name__}"
    with counter(
        label, total * plan.max_presentations, shown=shown, unit="presentations", at_first="(first use compiles)"
    ) as bar:
        bar((total - len(todo)) * plan.max_presentations)
        try:
            for first in range(0, len(todo), WIDTH):
                numbers = todo[first : first + WIDTH]
                chosen = [trial(k, job.seeds[k], plan.task, plan.sequences) for k in numbers]
                _run_block(job, chosen, before, ledger, traces, bar)
        except KeyboardInterrupt:
            pass
    return _result(job, ledger, _joined(traces))


def _joined(traces: list[RegionTrace]) -> RegionTrace | None:
    if not traces:
        return None
    from dynlatch.training.monitor import joined

    return joined(traces)


def _unfinished(before: TrainingResult | None, limit: int, ledger: Ledger, total: int) -> list[int]:
    """The trials that are not at an end of their own."""
    if before is None:
        return list(range(total))
    going_on = {TrainingOutcome.INTERRUPTED}
    if limit > before.max_presentations:
        going_on.add(TrainingOutcome.BUDGET)
    ledger.outcome[:] = before.outcome
    return [k for k in range(total) if before.outcome[k] in going_on]


def _run_block(
    job: Job,
    trials: list[Trial],
    before: TrainingResult | None,
    ledger: Ledger,
    traces: list[RegionTrace],
    bar: Callable[[int], None],
) -> None:
    plan = job.plan
    start = None if plan.start is None else np.repeat(plan.start[:, None], len(trials), axis=1)
    block = pack(plan.rule, plan.model, trials, start, plan.max_presentations)
    if before is not None and before.progress is not None:
        block = restored(block, before.progress)
    watch = None if job.monitor is None else job.monitor.open(plan.model, plan.task, block.show.lanes)
    try:
        if watch is not None:
            watch.look(block.theta, block.show, block.numbers)
            block = replace(block, show=watch.attached(block.show))
        while len(block.numbers):
            block = _advance(job, block, watch, ledger, bar)
    finally:
        if len(block.numbers):
            everyone = np.arange(len(block.numbers))
            ledger.write(block, everyone, [TrainingOutcome.INTERRUPTED] * len(everyone))
        if watch is not None:
            watch.read(block.show, block.numbers)  # also of a call that was interrupted
            traces.append(watch.close())


def _advance(job: Job, block: Block, watch: Watch | None, ledger: Ledger, bar: Callable[[int], None]) -> Block:
    """One call of the rule, up to the next pause; the trials that have ended leave the block."""
    lanes, plan = block.show.lanes, job.plan
    seen = lanes.presentations.copy()
    fewest = int(seen[: len(block.numbers)].min())
    lanes.pause[0] = (fewest // BETWEEN_PAUSES + 1) * BETWEEN_PAUSES if watch is None else watch.pause_after(fewest)
    plan.rule.update(plan.model, block.theta, block.state, block.show)
    if watch is not None:
        watch.look(block.theta, block.show, block.numbers)
    bar(int((lanes.presentations - seen)[: len(block.numbers)].sum()))
    ended = np.flatnonzero((lanes.learned | lanes.stuck | (lanes.presentations >= lanes.budget))[: len(block.numbers)])
    if not len(ended):
        return block
    ledger.write(block, ended, [_outcome(lanes, k) for k in ended.tolist()])
    bar(int((plan.max_presentations - lanes.presentations[ended]).clip(0).sum()))
    return keep(block, np.setdiff1d(np.arange(len(block.numbers)), ended))


def _outcome(lanes: Lanes, k: int) -> TrainingOutcome:
    """How the trial in lane k ended."""
    if lanes.learned[k]:
        return TrainingOutcome.LEARNED
    return TrainingOutcome.STUCK if lanes.stuck[k] else TrainingOutcome.BUDGET


def _result(job: Job, ledger: Ledger, trace: RegionTrace | None) -> TrainingResult:
    plan, progress = job.plan, ledger.progress
    errors = np.array([_error(job, k, progress) for k in range(len(job.seeds))])
    presentations = np.zeros(len(job.seeds), dtype=np.int64) if progress is None else progress.show["presentations"]
    return TrainingResult(
        rule=plan.rule,
        model=plan.model,
        task=plan.task,
        start=plan.start,
        sequences=plan.sequences,
        max_presentations=plan.max_presentations,
        test_sequences=job.test_sequences,
        entropy=tuple(_entropy(seed) for seed in job.seeds),
        error=errors,
        presentations=presentations,
        outcome=ledger.outcome,
        trace=trace,
        progress=progress,
    )


def _error(job: Job, k: int, progress: Progress | None) -> float:
    """The share of fresh sequences that trial k answers wrong; 1/2, the toss of a coin, for a trial that never started."""
    if progress is None or not progress.started[k]:
        return 0.5
    plan = job.plan
    streams = streams_of(job.seeds[k])
    fresh = task_of(streams, plan.task).sample(job.test_sequences, np.random.default_rng(streams.test))
    return float(np.mean(~right(plan.task.criterion, plan.model.outputs(progress.theta[:, k], fresh), fresh)))


def _entropy(seed: np.random.SeedSequence) -> tuple[int, tuple[int, ...]]:
    return seed.entropy, seed.spawn_key  # type: ignore[return-value]
