"""Trials made by hand and run without the driver, up to given pauses."""

import numpy as np

from dynlatch.training.block import pack
from dynlatch.training.contract import Sequences, Show
from dynlatch.training.trials import Streams, Trial


def made(task, sequences, seed):
    """One trial with these sequences."""
    return Trial(0, Streams(*np.random.SeedSequence(seed).spawn(5)), task, sequences)


def run(rule, model, trials, budget, pauses=(), needed=None, theta=None):
    """The weights (P + F, L), what was shown, and the trials' state after `budget` presentations."""
    block = pack(rule, model, trials, theta, budget)
    lanes = block.show.lanes if needed is None else block.show.lanes._replace(needed=needed)
    for pause in (*pauses, budget):
        lanes.pause[0] = pause
        rule.update(model, block.theta, block.state, Show(lanes, block.show.work))
    return block.theta, lanes


def one(inputs, target):
    """A single sequence, inputs (T, m)."""
    inputs = np.asarray(inputs, dtype=float)
    return Sequences(inputs[:, None, :], np.array([len(inputs)]), np.array([float(target)]))
