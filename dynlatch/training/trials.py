"""One trial: its random streams, its task, its sequences. Everything of trial k comes from the k-th spawned seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dynlatch.randomness import Rng, generator
from dynlatch.training.contract import Sequences, Task


class Streams(NamedTuple):
    """The seeds of one trial, one for each use: what one consumes does not shift the others."""

    weights: np.random.SeedSequence
    task: np.random.SeedSequence
    show: np.random.SeedSequence
    rule: np.random.SeedSequence
    test: np.random.SeedSequence


class Trial(NamedTuple):
    """A trial before its first presentation."""

    number: int
    streams: Streams
    task: Task
    sequences: Sequences


def seeds(rng: Rng, trials: int) -> list[np.random.SeedSequence]:
    """One seed a trial, trial k the k-th child of `rng`."""
    root = generator(rng).bit_generator.seed_seq
    assert isinstance(root, np.random.SeedSequence)
    return root.spawn(trials)


def streams_of(seed: np.random.SeedSequence) -> Streams:
    """The seeds of the trial that belongs to `seed`; the same whenever they are asked for."""
    fresh = np.random.SeedSequence(seed.entropy, spawn_key=seed.spawn_key)
    return Streams(*fresh.spawn(len(Streams._fields)))


def task_of(streams: Streams, task: Task) -> Task:
    """The task of one trial, with what is drawn once drawn."""
    return task.concrete(np.random.default_rng(streams.task))


def trial(number: int, seed: np.random.SeedSequence, task: Task, n: int) -> Trial:
    """The trial that belongs to `seed`, with n training sequences; the same whenever it is asked for."""
    streams = streams_of(seed)
    draws = np.random.default_rng(streams.task)
    own = task.concrete(draws)
    return Trial(number, streams, own, own.training_set(n, draws))


def generators(chosen: Sequence[np.random.SeedSequence]) -> list[np.random.Generator]:
    """A Generator from each seed."""
    return [np.random.default_rng(seed) for seed in chosen]
