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


def trial(number: int, seed: np.random.SeedSequence, task: Task, n: int) -> Trial:
    """The trial that belongs to `seed`, with n training sequences; the same whenever it is asked for."""
    fresh = np.random.SeedSequence(seed.entropy, spawn_key=seed.spawn_key)
    streams = Streams(*fresh.spawn(len(Streams._fields)))
    draws = np.random.default_rng(streams.task)
    own = task.concrete(draws)
    return Trial(number, streams, own, own.training_set(n, draws))


def generators(chosen: Sequence[np.random.SeedSequence]) -> list[np.random.Generator]:
    return [np.random.default_rng(seed) for seed in chosen]
