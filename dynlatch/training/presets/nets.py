"""The papers' own nets for their tasks, which several rules are shown on."""

from __future__ import annotations

from collections.abc import Callable

from dynlatch.training.contract import Architecture
from dynlatch.training.models import Dense, LatchNet, ParityNet
from dynlatch.training.tasks import GaussianTwoSequence, Latch, Parity, TwoSequence


def dense(radius: float) -> Callable[[TwoSequence | GaussianTwoSequence], Architecture]:
    """Five units, fully connected, for the 2-sequence problem."""
    return lambda task: Dense(5, radius=radius)


def parity_net(radius: float) -> Callable[[Parity], Architecture]:
    """The net of 7 weights."""
    return lambda task: ParityNet(radius=radius)


def latch_net(task: Latch) -> Architecture:
    """One neuron with the task's free inputs."""
    return LatchNet(L=task.L)
