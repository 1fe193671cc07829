"""The rows of the guessing experiment: tasks, nets, and the published means."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.training.contract import Architecture, Task
from dynlatch.training.driver import train
from dynlatch.training.models import AnyWiring, GuessingNetA1, GuessingNetA2, LatchNet
from dynlatch.training.rules import WeightGuessing
from dynlatch.training.tasks import GaussianTwoSequence, Latch, Parity, Tomita, ZeroOne

SHORTEST, LONGEST, SEQUENCES, TESTS, R = 500, 600, 100, 100, 100.0
HIDDEN = 10
WIDE, NARROW = 0.2, 0.04  # variances of the noise
SYNCHRONOUS, HIDDEN_FIRST = "synchronous", "hidden first"


class Row(NamedTuple):
    """One row of the experiment."""

    task: Callable[[], Task]
    model: Callable[[], Architecture]
    published: float  # mean guesses; NaN where this reading is ours
    runs: int  # behind it
    limit: int  # presentations, about 1.8 a guess, after which a run of ours is given up
    cheap: bool  # at scale mini too


def signed(variance: float = WIDE) -> Task:
    """The 2-sequence problem with one informative element, answered by the sign."""
    return GaussianTwoSequence(LONGEST, informative=1, variance=variance, shortest=SHORTEST)


def two_sequence() -> Task:
    """The same, answered by 0 or 1."""
    return ZeroOne(signed())


def two_narrow() -> Task:
    """In noise of standard deviation 0.2."""
    return ZeroOne(signed(NARROW))


def latch() -> Task:
    """The latch problem with one trained input for each class."""
    return Latch(LONGEST, L=1, variance=WIDE, frozen=True)


def latch_net() -> Architecture:
    """One tanh unit: w, and an input for each class."""
    return LatchNet(L=1, radius=R)


def parity(half_width: float = 0.0) -> Task:
    """Parity of clean or noisy inputs."""
    return ZeroOne(Parity(LONGEST, half_width=half_width, shortest=SHORTEST))


def tomita(grammar: int) -> Task:
    """A grammar of Tomita."""
    return ZeroOne(Tomita(LONGEST, grammar, shortest=SHORTEST))


def three_parameters() -> Architecture:
    """One tanh unit with its input, itself and a bias."""
    return AnyWiring(("tanh",), ((0, 1, 0, 0), (0, 0, 1, 1), (0, 2, 2, 0)), radius=R)


def all_biased() -> Architecture:
    """A1 with one hidden unit and a bias on the answer too; synchronous."""
    h, y, u, one = range(4)
    ends = [(h, u, 0), (h, h, 1), (h, y, 1), (h, one, 0), (y, u, 0), (y, h, 1), (y, y, 1), (y, one, 0)]
    return _logistic(2, ends)


def without_loops() -> Architecture:
    """A2 whose hidden units do not see themselves; hidden units first."""
    y, u, one = HIDDEN, HIDDEN + 1, HIDDEN + 2
    ends = [(h, source, delay) for h in range(HIDDEN) for source, delay in ((u, 0), (y, 1), (one, 0))]
    ends += [(y, u, 0), *((y, h, 0) for h in range(HIDDEN)), (y, y, 1), (y, one, 0)]
    return _logistic(HIDDEN + 1, ends)


def _logistic(units: int, ends: list[tuple[int, int, int]]) -> Architecture:
    """Logistic units with a weight for each connection (target, source, delay)."""
    links = tuple((target, source, p, delay) for p, (target, source, delay) in enumerate(ends))
    return AnyWiring(("logistic",) * units, links, radius=R)


def _a1(n: int, order: str) -> Callable[[], Architecture]:
    return lambda: GuessingNetA1(n, order, R)


def _a2(order: str) -> Callable[[], Architecture]:
    return lambda: GuessingNetA2(HIDDEN, order, R)


NONE = float("nan")
DEVIATION = ", deviation .2"  # of the noise, where the paper's 0.2 is a variance
ROWS = {
    "2-sequence, A1 (n = 1)": Row(two_sequence, _a1(1, SYNCHRONOUS), 1247, 10, 40_000, True),
    "2-sequence, A1, hidden first": Row(two_sequence, _a1(1, HIDDEN_FIRST), NONE, 0, 40_000, False),
    f"2-sequence, A1 (n = 1){DEVIATION}": Row(two_narrow, _a1(1, SYNCHRONOUS), NONE, 0, 40_000, True),
    f"2-sequence, A1, all biased{DEVIATION}": Row(two_narrow, all_biased, NONE, 0, 40_000, True),
    "2-sequence, A2": Row(two_sequence, _a2(HIDDEN_FIRST), 718, 10, 20_000, False),
    "2-sequence, A2, synchronous": Row(two_sequence, _a2(SYNCHRONOUS), NONE, 0, 20_000, False),
    f"2-sequence, A2{DEVIATION}": Row(two_narrow, _a2(HIDDEN_FIRST), NONE, 0, 20_000, False),
    "parity, A1 (n = 1)": Row(parity, _a1(1, HIDDEN_FIRST), 2906, 10, 80_000, True),
    "parity, A1, synchronous": Row(parity, _a1(1, SYNCHRONOUS), NONE, 0, 40_000, False),
    "parity, A2": Row(parity, _a2(HIDDEN_FIRST), 2797, 10, 60_000, False),
    "parity, A2 without self-loops": Row(parity, without_loops, 250, 10, 10_000, True),
    "noisy parity, A1 (n = 1)": Row(lambda: parity(0.2), _a1(1, HIDDEN_FIRST), 41_400, 10, 800_000, False),
    "latch I": Row(latch, latch_net, 6, 40, 2_000, True),
    "latch II": Row(signed, three_parameters, 22, 10, 2_000, True),
    f"latch II{DEVIATION}": Row(lambda: signed(NARROW), three_parameters, NONE, 0, 2_000, True),
    "Tomita 1, A1 (n = 1)": Row(lambda: tomita(1), _a1(1, HIDDEN_FIRST), 182, 10, 10_000, True),
    "Tomita 1, A2": Row(lambda: tomita(1), _a2(HIDDEN_FIRST), 288, 10, 10_000, False),
    "Tomita 2, A1 (n = 3)": Row(lambda: tomita(2), _a1(3, HIDDEN_FIRST), 1511, 10, 40_000, False),
    "Tomita 2, A2": Row(lambda: tomita(2), _a2(HIDDEN_FIRST), 17_953, 10, 200_000, False),
    "Tomita 4, A1 (n = 2)": Row(lambda: tomita(4), _a1(2, HIDDEN_FIRST), 13_833, 10, 200_000, False),
    "Tomita 4, A2": Row(lambda: tomita(4), _a2(HIDDEN_FIRST), 35_610, 10, 400_000, False),
}


class Guessed(NamedTuple):
    """The runs of one row."""

    guesses: NDArray[np.int64]
    presentations: NDArray[np.int64]
    solved: NDArray[np.bool_]
    error: NDArray[np.float64]


def guessed(row: Row, runs: int, seed: int) -> Guessed:
    """Guess until all training sequences are right, or the limit of guesses."""
    result = train(
        WeightGuessing(half_width=R),
        row.model(),
        row.task(),
        trials=runs,
        sequences=SEQUENCES,
        max_presentations=row.limit,
        test_sequences=TESTS,
        rng=seed,
    )
    assert result.progress is not None
    return Guessed(result.progress.state[0], result.presentations, result.outcome == "learned", result.error)
