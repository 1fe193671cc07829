"""The tasks of targets at steps and of automata: what is drawn, by slow oracles."""

import re
from itertools import product

import numpy as np
import pytest
from scipy import stats

from dynlatch.errors import InvalidInput
from dynlatch.training import (
    Adding,
    EmbeddedReber,
    Gap,
    GaussianTwoSequence,
    Latch,
    LongLag,
    Parity,
    Reber,
    SymbolLag,
    TemporalOrder,
    Tomita,
    TwoSequence,
    ZeroOne,
)
from dynlatch.training.automata import PARITY, TOMITA, Automaton, drawn
from dynlatch.training.contract import Task
from dynlatch.training.tasks import TASKS
from dynlatch.training.tasks.reber import SYMBOLS

ASKED = (
    Adding(12),
    Adding(110),
    TemporalOrder(12),
    TemporalOrder(110, relevant=3),
    LongLag(9),
    LongLag(9, "random"),
    Gap(12),
    Reber(12),
    EmbeddedReber(12),
    ZeroOne(Parity(7)),
    ZeroOne(TwoSequence(9)),
)
CLASSES = (SymbolLag(12), Tomita(12, 4), GaussianTwoSequence(12), GaussianTwoSequence(60, informative=1, shortest=20))


@pytest.mark.parametrize("task", [*ASKED, *CLASSES], ids=str)
def test_every_task_keeps_the_contract(task):
    assert isinstance(task, Task)
    assert all(quiet.input.shape == (task.input_dim,) for quiet in task.quiet_inputs)
    own = task.concrete(np.random.default_rng(0))
    assert own.concrete(np.random.default_rng(1)) == own
    batch, same = own.sample(11, np.random.default_rng(2)), own.sample(11, np.random.default_rng(2))
    assert np.array_equal(batch.inputs, same.inputs)
    assert batch.inputs.shape == (task.T, 11, task.input_dim)
    assert own.streak(11) >= 11
    assert batch.lengths.max() <= task.T
    after = np.arange(task.T)[:, None] >= batch.lengths
    assert not batch.inputs[after].any()
    if task in CLASSES:
        assert batch.desired is None
        assert set(batch.targets) == {-1.0, 1.0}
        return
    assert batch.desired.shape == (task.T, 11, task.output_dim)
    assert np.all(np.isnan(batch.desired[after]))
    assert np.all((~np.isnan(batch.desired)).any((0, 2)))
    assert (task.criterion.tolerance > 0) != (task.criterion.among > 0)


def test_no_task_is_left_out():
    assert set(TASKS) == {type(task) for task in (*ASKED, *CLASSES)} - {ZeroOne} | {Latch, TwoSequence, Parity}


def _decoded(rows, names):
    """The symbols of one-hot rows, up to the first empty one."""
    return "".join(names[row.argmax()] for row in rows if row.any())


def test_adding_asks_for_half_the_mean_of_the_marked_numbers():
    batch = Adding(33, shortest=20).sample(400, 3)
    for j, length in enumerate(batch.lengths):
        numbers, marks = batch.inputs[:length, j].T
        assert marks[0] == marks[-1] == -1.0
        marked = [numbers[t] for t in range(length) if marks[t] == 1.0]
        if len(marked) < 2:
            assert numbers[0] == 0.0
        places = np.flatnonzero(marks == 1.0)
        assert len(places) in (1, 2)
        assert places.max() < 10
        assert batch.desired[length - 1, j, 0] == pytest.approx(0.5 + sum(marked) / 4.0)
        assert np.isnan(batch.desired[: length - 1, j]).all()
    assert stats.kstest(batch.inputs[5, :, 0], stats.uniform(-1, 2).cdf).pvalue > 1e-5
    assert 20 <= batch.lengths.min() < batch.lengths.max() <= 33


@pytest.mark.parametrize("relevant", [2, 3])
def test_temporal_order_is_the_class_of_the_relevant_symbols(relevant):
    task = TemporalOrder(110, relevant)
    batch = task.sample(60, 4)
    assert task.windows == (((10, 20), (50, 60)) if relevant == 2 else ((10, 20), (33, 43), (66, 76)))
    for j, length in enumerate(batch.lengths):
        word = _decoded(batch.inputs[:, j], "EXYBabcd")
        assert len(word) == length
        assert (word[0], word[-1]) == ("E", "B")
        found = [t + 1 for t, symbol in enumerate(word) if symbol in "XY"]
        assert all(low <= t <= high for t, (low, high) in zip(found, task.windows, strict=True))
        which = int("".join("01"["XY".index(word[t - 1])] for t in found), 2)
        assert np.array_equal(batch.desired[length - 1, j], np.eye(2**relevant)[which])
    assert len({tuple(row) for row in batch.desired[batch.lengths - 1, np.arange(60)]}) == 2**relevant


def test_gap_and_long_lag_are_the_strings_of_the_papers():
    def shown_and_asked(task):
        names = "ABCDEFGHIJKLMNOPQ"[: task.T - 1] + "XY"
        batch = task.sample(2, 0)
        return [(_decoded(batch.inputs[:, j], names), _decoded(np.nan_to_num(batch.desired[:, j]), names)) for j in range(2)]

    assert shown_and_asked(Gap(12, gap=4)) == [("XABCDXEFGHIJ", "ABCDXEFGHIJK"), ("YABCDYEFGHIJ", "ABCDYEFGHIJK")]
    assert shown_and_asked(Gap(12, gap=0))[1] == ("YYABCDEFGHIJ", "YABCDEFGHIJK")
    assert shown_and_asked(LongLag(4)) == [("XABC", "ABCX"), ("YABC", "ABCY")]
    noisy = LongLag(6, "random").sample(40, 1)
    assert np.isnan(noisy.desired[:-1]).all()
    assert np.array_equal(noisy.desired[-1], noisy.inputs[0])
    assert len({_decoded(noisy.inputs[1:, j], "ABCDEXY") for j in range(40)}) > 30


REST = "(?:XT*VP)*(?:S|XT*VV)"
INNER = f"B(?:TS*X{REST}|PT*V(?:V|P{REST}))E"


def _strings(task, n, rng):
    """The whole strings: what is shown, and the last symbol that is asked."""
    batch = task.sample(n, rng)
    last = batch.desired[batch.lengths - 1, np.arange(n)].argmax(-1)
    return batch, [_decoded(batch.inputs[:, j], SYMBOLS) + SYMBOLS[last[j]] for j in range(n)]


def test_reber_strings_are_those_of_the_grammar():
    batch, words = _strings(Reber(30), 300, 0)
    assert all(re.fullmatch(INNER, word) for word in words)
    assert len(set(words)) > 60
    for j, word in enumerate(words):
        assert _decoded(np.nan_to_num(batch.desired[:, j]), SYMBOLS) == word[1:]
    assert max(map(len, _strings(Reber(8), 300, 1)[1])) == 9


def test_embedded_reber_asks_exactly_what_can_be_known():
    batch, words = _strings(EmbeddedReber(20), 300, 0)
    for j, word in enumerate(words):
        branch = word[1]
        assert re.fullmatch(f"B{branch}{INNER}{branch}E", word)
        asked = np.flatnonzero(~np.isnan(batch.desired[:, j, 0])) + 1  # the place in the string of the symbol that is asked
        assert asked.tolist() == [2, len(word) - 3, len(word) - 2, len(word) - 1]
        assert [SYMBOLS[batch.desired[t - 1, j].argmax()] for t in asked] == ["B", "E", branch, "E"]
    assert {word[1] for word in words} == set("TP")


TOMITA_RULES = {
    1: lambda w: "0" not in w,
    2: lambda w: re.fullmatch("(10)*", w) is not None,
    3: lambda w: re.fullmatch("((0|1)*0)*1(11)*(0(0|1)*1)*0(00)*(1(0|1)*)*", w) is None,
    4: lambda w: "000" not in w,
    5: lambda w: w.count("0") % 2 == 0 and w.count("1") % 2 == 0,
    6: lambda w: (w.count("0") - w.count("1")) % 3 == 0,
    7: lambda w: re.fullmatch("0*1*0*1*", w) is not None,
}


@pytest.mark.parametrize("grammar", TOMITA)
def test_the_automata_are_tomitas_grammars(grammar):
    for length in range(9):
        for word in product("01", repeat=length):
            assert TOMITA[grammar].accepts(map(int, word)) == TOMITA_RULES[grammar]("".join(word))
    batch = Tomita(14, grammar).sample(60, 0)
    for j, length in enumerate(batch.lengths):
        word = "".join("01"[int(u > 0)] for u in batch.inputs[:length, j, 0])
        assert (batch.targets[j] > 0) == TOMITA_RULES[grammar](word)


def test_strings_of_a_class_and_length_are_equally_likely():
    n = 4000
    strings = drawn(TOMITA[4], np.ones(n, bool), np.full(n, 5), np.random.default_rng(0))
    counts = np.unique(strings.T, axis=0, return_counts=True)[1]
    assert len(counts) == 24  # of 32, those without 000
    assert stats.chisquare(counts).pvalue > 1e-5
    long = drawn(TOMITA[1], np.ones(2, bool), np.array([3000, 1]), np.random.default_rng(0))
    assert long[:, 0].min() == 1  # 2^-3000 is below the smallest number


def test_automata_are_checked():
    assert PARITY.reads([1, 1, 0]) == 0
    with pytest.raises(InvalidInput, match="next state"):
        Automaton(((0, 1), (0,)), (0,))
    with pytest.raises(InvalidInput, match="no string"):
        drawn(TOMITA[2], np.ones(1, bool), np.array([3]), np.random.default_rng(0))


def test_gaussian_two_sequence():
    batch = GaussianTwoSequence(110, informative=2).sample(300, 0)
    assert np.all(batch.inputs[:2, :, 0] == batch.targets)
    assert (batch.lengths.min(), batch.lengths.max()) == (100, 110)
    assert stats.kstest(batch.inputs[50, :, 0], stats.norm(0, np.sqrt(0.2)).cdf).pvalue > 1e-5


def test_zero_one_asks_the_class_at_the_end():
    task = ZeroOne(Parity(6))
    batch, classes = task.sample(20, 3), Parity(6).sample(20, 3)
    assert np.array_equal(batch.inputs, classes.inputs)
    assert np.array_equal(batch.desired[batch.lengths - 1, np.arange(20), 0], (classes.targets + 1) / 2)
    assert np.isnan(batch.desired).sum() == batch.desired.size - 20
    assert task.T == 6


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Adding(8, shortest=5), "from 6"),
        (lambda: Adding(8, shortest=9), "from 6"),
        (lambda: Adding(20, tolerance=0.0), "tolerance"),
        (lambda: TemporalOrder(9), "from 10"),
        (lambda: TemporalOrder(20, relevant=4), "relevant"),
        (lambda: LongLag(1), "`T`"),
        (lambda: LongLag(5, between="mixed"), "in order"),
        (lambda: Gap(4, gap=4), "below T"),
        (lambda: Reber(3), "`T`"),
        (lambda: EmbeddedReber(7), "`T`"),
        (lambda: Tomita(9, grammar=8), "1 to 7"),
        (lambda: Tomita(3, grammar=2, shortest=3), "no strings"),
        (lambda: GaussianTwoSequence(3), "above 3"),
        (lambda: ZeroOne(Reber(8)), "two classes"),
        (lambda: ZeroOne(Latch(5), tolerance=-1.0), "tolerance"),
        (lambda: Parity(5, shortest=6), "shortest length"),
    ],
)
def test_settings_that_do_not_fit_are_refused(make, said):
    with pytest.raises(InvalidInput, match=said):
        make()
