"""The rows of the guessing experiment: the published means, and readings of what the paper leaves open."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.training.contract import Architecture, Task
from dynlatch.training.driver import train
from dynlatch.training.experiments.guessing_strings import NearMisses
from dynlatch.training.models import AnyWiring, GuessingNetA1, GuessingNetA2, LatchNet
from dynlatch.training.rules import WeightGuessing
from dynlatch.training.tasks import GaussianTwoSequence, Latch, Parity, Tomita, ZeroOne

SHORTEST, LONGEST, SEQUENCES, TESTS, R = 500, 600, 100, 100, 100.0
HIDDEN = 10
WIDE, NARROW = 0.2, 0.04  # variances of the noise
SYNCHRONOUS, HIDDEN_FIRST = "synchronous", "hidden first"


class Row(NamedTuple):
    """One reading of a published experiment."""

    cell: str  # of `PUBLISHED`
    reading: str
    task: Callable[[], Task]
    model: Callable[[], Architecture]
    limit: int  # presentations, about 1.8 a guess, after which a run of ours is given up
    cheap: bool  # at scale mini too

    @property
    def name(self) -> str:
        return f"{self.cell}: {self.reading}"


# Mean guesses, and the runs behind them.
PUBLISHED = {
    "2-sequence, A1 (n = 1)": (1247.0, 10),
    "2-sequence, A2": (718.0, 10),
    "parity, A1 (n = 1)": (2906.0, 10),
    "parity, A2": (2797.0, 10),
    "parity, A2 without self-loops": (250.0, 10),
    "noisy parity, A1 (n = 1)": (41_400.0, 10),
    "latch I": (6.0, 40),
    "latch II": (22.0, 10),
    "Tomita 1, A1 (n = 1)": (182.0, 10),
    "Tomita 1, A2": (288.0, 10),
    "Tomita 2, A1 (n = 3)": (1511.0, 10),
    "Tomita 2, A2": (17_953.0, 10),
    "Tomita 4, A1 (n = 2)": (13_833.0, 10),
    "Tomita 4, A2": (35_610.0, 10),
}


def signed(variance: float = WIDE) -> Task:
    """The 2-sequence problem with one informative element, answered by the sign."""
    return GaussianTwoSequence(LONGEST, informative=1, variance=variance, shortest=SHORTEST)


def two_sequence() -> Task:
    """The same, answered by 0 or 1."""
    return ZeroOne(signed())


def two_narrow() -> Task:
    """In noise of standard deviation 0.2."""
    return ZeroOne(signed(NARROW))


def latch(variance: float = NARROW) -> Task:
    """The latch problem with one trained input for each class."""
    return Latch(LONGEST, L=1, variance=variance, frozen=True)


def latch_net() -> Architecture:
    """One tanh unit: w, and an input for each class."""
    return LatchNet(L=1, radius=R)


def parity(half_width: float = 0.0) -> Task:
    """Parity of clean or noisy inputs."""
    return ZeroOne(Parity(LONGEST, half_width=half_width, shortest=SHORTEST))


def wide_parity() -> Task:
    """Parity in uniform noise of standard deviation 0.2."""
    return parity(3.0**0.5 * 0.2)


def tomita(grammar: int) -> Task:
    """A grammar of Tomita; a counterexample is any string that is none."""
    return ZeroOne(Tomita(LONGEST, grammar, shortest=SHORTEST))


def one_wrong(grammar: int) -> Task:
    """The same; a counterexample is a string of the grammar with one symbol exchanged."""
    return ZeroOne(NearMisses(Tomita(LONGEST, grammar, shortest=SHORTEST)))


def three_parameters() -> Architecture:
    """One tanh unit with its input, itself and a bias."""
    return AnyWiring(("tanh",), ((0, 1, 0, 0), (0, 0, 1, 1), (0, 2, 2, 0)), radius=R)


def a2(hidden_loops: bool = True, answer_loop: bool = True) -> Architecture:
    """A2 with some of its self-loops; hidden units first."""
    y, u, one = HIDDEN, HIDDEN + 1, HIDDEN + 2
    ends = [(h, source, delay) for h in range(HIDDEN) for source, delay in ((u, 0), (y, 1), (one, 0))]
    ends += [(h, h, 1) for h in range(HIDDEN) if hidden_loops]
    ends += [(y, u, 0), *((y, h, 0) for h in range(HIDDEN)), *([(y, y, 1)] if answer_loop else []), (y, one, 0)]
    return _logistic(HIDDEN + 1, ends)


def _logistic(units: int, ends: list[tuple[int, int, int]]) -> Architecture:
    """Logistic units with a weight for each connection (target, source, delay)."""
    links = tuple((target, source, p, delay) for p, (target, source, delay) in enumerate(ends))
    return AnyWiring(("logistic",) * units, links, radius=R)


def _a1(n: int, order: str) -> Callable[[], Architecture]:
    return lambda: GuessingNetA1(n, order, R)


def _a2(order: str) -> Callable[[], Architecture]:
    return lambda: GuessingNetA2(HIDDEN, order, R)


FIRST, TOGETHER = "hidden units first", "all units at once"
DEVIATION, VARIANCE = "noise of deviation .2", "noise of variance .2"
UNLOOPED = "no loop at the answer"
SLIPS, ANY = "one wrong symbol", "any other string"


def _two_sequence(cell: str, net: Callable[[str], Callable[[], Architecture]], limits: tuple[int, int]) -> list[Row]:
    """The four readings of a 2-sequence experiment; the limits are those of the two noises."""
    orders, noises = ((FIRST, HIDDEN_FIRST), (TOGETHER, SYNCHRONOUS)), ((DEVIATION, two_narrow), (VARIANCE, two_sequence))
    return [
        Row(cell, f"{order}, {noise}", task, net(name), limit, noise == DEVIATION)
        for (noise, task), limit in zip(noises, limits, strict=True)
        for order, name in orders
    ]


def _strings(
    cell: str, grammar: int, net: Callable[[str], Callable[[], Architecture]], limit: int, orders: dict[str, str]
) -> list[Row]:
    """The readings of an experiment on a grammar."""
    kinds = ((SLIPS, partial(one_wrong, grammar)), (ANY, partial(tomita, grammar)))
    return [
        Row(cell, f"{order}, {kind}", task, net(name), limit, grammar == 1)
        for order, name in orders.items()
        for kind, task in kinds
    ]


BOTH, ONE = {FIRST: HIDDEN_FIRST, TOGETHER: SYNCHRONOUS}, {FIRST: HIDDEN_FIRST}

# The first reading of a cell is ours; the others show what it costs to read the paper otherwise.
ROWS = (
    *_two_sequence("2-sequence, A1 (n = 1)", partial(_a1, 1), (40_000, 40_000)),
    *_two_sequence("2-sequence, A2", _a2, (20_000, 10_000)),
    Row("parity, A1 (n = 1)", FIRST, parity, _a1(1, HIDDEN_FIRST), 80_000, True),
    Row("parity, A1 (n = 1)", TOGETHER, parity, _a1(1, SYNCHRONOUS), 5_000, False),
    Row("parity, A2", FIRST, parity, _a2(HIDDEN_FIRST), 60_000, False),
    Row("parity, A2", f"{FIRST}, {UNLOOPED}", parity, lambda: a2(answer_loop=False), 60_000, False),
    Row("parity, A2 without self-loops", FIRST, parity, lambda: a2(False), 10_000, True),
    Row("parity, A2 without self-loops", f"{FIRST}, {UNLOOPED}", parity, lambda: a2(False, False), 10_000, False),
    Row("noisy parity, A1 (n = 1)", FIRST, lambda: parity(0.2), _a1(1, HIDDEN_FIRST), 400_000, False),
    Row("latch I", DEVIATION, latch, latch_net, 2_000, True),
    Row("latch I", VARIANCE, lambda: latch(WIDE), latch_net, 2_000, True),
    Row("latch II", DEVIATION, lambda: signed(NARROW), three_parameters, 2_000, True),
    Row("latch II", VARIANCE, signed, three_parameters, 10_000, True),
    *_strings("Tomita 1, A1 (n = 1)", 1, partial(_a1, 1), 10_000, BOTH),
    *_strings("Tomita 1, A2", 1, _a2, 10_000, BOTH),
    *_strings("Tomita 2, A1 (n = 3)", 2, partial(_a1, 3), 40_000, BOTH),
    *_strings("Tomita 2, A2", 2, _a2, 100_000, ONE),
    *_strings("Tomita 4, A1 (n = 2)", 4, partial(_a1, 2), 200_000, ONE),
    *_strings("Tomita 4, A2", 4, _a2, 100_000, ONE),
    Row("Tomita 2, A2", f"{FIRST}, {SLIPS}, {UNLOOPED}", partial(one_wrong, 2), lambda: a2(answer_loop=False), 100_000, False),
    Row("2-sequence, A2", f"{FIRST}, {DEVIATION}, {UNLOOPED}", two_narrow, lambda: a2(answer_loop=False), 20_000, False),
    Row("Tomita 1, A2", f"{FIRST}, {SLIPS}, {UNLOOPED}", partial(one_wrong, 1), lambda: a2(answer_loop=False), 10_000, False),
    Row("noisy parity, A1 (n = 1)", f"{FIRST}, {DEVIATION}", wide_parity, _a1(1, HIDDEN_FIRST), 400_000, False),
)


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
