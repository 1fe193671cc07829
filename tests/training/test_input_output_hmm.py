"""Input-output HMMs and plain HMMs: exact EM against a list of all paths, and the rule that learns by it."""

from itertools import product

import numpy as np
import pytest

import dynlatch as dl
from dynlatch.errors import InvalidInput
from dynlatch.training import (
    BaumWelch,
    InputOutputHMM,
    Latch,
    Parity,
    StateTables,
    TrainingOutcome,
    TwoSequence,
    experiments,
    resume,
    train,
)
from dynlatch.training.automata import TOMITA
from dynlatch.training.contract import Sequences
from dynlatch.training.experiments.contract import Finding
from dynlatch.training.experiments.iohmm import all_strings
from dynlatch.training.experiments.iohmm import trained as inferred
from dynlatch.training.experiments.iohmm_strings import STRINGS
from dynlatch.training.models.input_output_hmm import expect
from dynlatch.training.models.topology import Topology, fully_connected
from dynlatch.training.rules.baum_welch import maximised, owners

SPARSE = Topology(((0, 1, 2), (1, 2), (2, 0), (3, 1)), (-0.5, 0.5), (0, 1))
PLAIN = Topology(((1, 2), (1, 2), (2, 1)), (), (0, 1))  # a hidden Markov model: no input


def _all_paths(model, theta, symbols, asked):
    """(likelihood, counts): every path of states is listed, and its share of each parameter counted."""
    names = {name: p for p, name in enumerate(model.names)}
    total, counts = 0.0, np.zeros(len(theta))
    for path in product(range(model.topology.states), repeat=len(symbols)):
        used, before = [], model.topology.start
        for k, y, i in zip(symbols, asked, path, strict=True):
            used += [f"P({i}|{before},{k})"] + [f"P(y={y}|{i})"] * int(y >= 0)
            before = i
        if not all(name in names for name in used):
            continue
        places = [names[name] for name in used]
        chance = float(np.prod(theta[places]))
        total += chance
        np.add.at(counts, places, chance)
    return total, counts / total


@pytest.mark.parametrize(("topology", "outputs"), [(SPARSE, 3), (PLAIN, 2)], ids=["with input", "without"])
def test_exact_em_is_that_of_all_paths(topology, outputs):
    model, rng = InputOutputHMM(topology, outputs), np.random.default_rng(1)
    cell, theta = model.cell(), model.initial([rng])[:, 0]
    symbols = rng.integers(topology.symbols, size=(4, 5))
    asked = rng.integers(-1, outputs, size=(4, 5))
    lengths = np.array([5, 4, 1, 5])
    counts, scores = np.zeros(len(theta)), np.zeros(4)
    expect(cell, theta, symbols, asked, lengths, counts, scores)
    slow = [_all_paths(model, theta, symbols[k, :T], asked[k, :T]) for k, T in enumerate(lengths)]
    assert np.allclose(scores, [np.log(likelihood) for likelihood, _ in slow], rtol=0, atol=1e-12)
    assert np.allclose(counts, sum(own for _, own in slow), rtol=0, atol=1e-12)

    after = maximised(cell, theta, counts)
    assert np.allclose(np.bincount(owners(cell), after), 1.0)
    better = np.zeros(4)
    expect(cell, after, symbols, asked, lengths, np.zeros(len(theta)), better)
    assert better.sum() > scores.sum()


def test_what_is_impossible_scores_minus_infinity_and_counts_nothing():
    model = InputOutputHMM(PLAIN)
    theta = np.array([1, 0, 1, 0, 1, 0, 0.5, 0.5, 1, 0, 0, 1.0])
    counts, scores = np.zeros(12), np.zeros(1)
    expect(model.cell(), theta, np.zeros((1, 2), np.int64), np.array([[0, 1]]), np.array([2]), counts, scores)
    assert scores[0] == -np.inf
    assert not counts.any()


def test_answers_are_those_of_the_map():
    model, rng = InputOutputHMM(SPARSE), np.random.default_rng(3)
    theta = model.initial([rng])[:, 0]
    net = model.network(theta)
    assert np.allclose(model.column(net), theta)
    inputs = rng.uniform(-1, 1, (6, 3, 1))
    found = model.outputs(theta, Sequences(inputs, np.array([6, 2, 4]), np.ones(3)))
    for k, T in enumerate((6, 2, 4)):
        p = np.eye(4)[0]
        for u in inputs[:T, k]:
            p = net.step(p, u)
        chances = net.readout.matrix @ p
        assert np.isclose(found[k], chances[1] - chances[0])


def test_the_rule_learns_and_gives_the_same_bits_in_pieces():
    found = train(BaumWelch(), None, TwoSequence(T=20), trials=4, rng=0)
    assert set(found.outcome) == {TrainingOutcome.LEARNED}
    assert np.all(found.error == 0.0)
    whole = train(BaumWelch(patience=2), None, Parity(T=5), trials=3, max_presentations=3000, rng=0)
    pieces = train(BaumWelch(patience=2), None, Parity(T=5), trials=3, max_presentations=777, rng=0)
    pieces = resume(pieces, max_presentations=3000)
    assert np.array_equal(pieces.progress.theta, whole.progress.theta)
    assert np.array_equal(pieces.presentations, whole.presentations)


def test_a_trial_that_stalls_at_its_last_start_is_stuck():
    found = train(BaumWelch(starts=1), None, Parity(T=20), trials=4, rng=0)
    assert TrainingOutcome.STUCK in found.outcome
    assert found.presentations.max() < found.max_presentations


def test_what_does_not_fit_is_refused():
    hmm = InputOutputHMM(fully_connected(2, (0.0,), (0, 1)))
    with pytest.raises(InvalidInput, match="InputOutputHMM"):
        train(BaumWelch(), StateTables(), Parity(T=5))
    assert "has no symbols" in BaumWelch().refuses(hmm, Latch(T=5))
    with pytest.raises(InvalidInput, match="output_symbols"):
        InputOutputHMM(output_symbols=1)
    with pytest.raises(InvalidInput, match="no readout"):
        hmm.column(StateTables().network(np.full(8, 0.5)))
    assert train(BaumWelch(), hmm, TwoSequence(T=8), rng=0).model == hmm


def test_grammars_are_inferred_from_tomitas_strings(tmp_path):
    for grammar in TOMITA:
        accepted, rejected = (words.split() for words in STRINGS[grammar])
        assert all(TOMITA[grammar].accepts(map(int, word)) for word in accepted)
        assert not any(TOMITA[grammar].accepts(map(int, word)) for word in rejected)
        assert len(all_strings(grammar).lengths) == 2**13 - 2
    found = experiments.iohmm(scale="micro")
    assert isinstance(found, Finding)
    assert np.array_equal(np.isnan(found.accuracy), ~found.converged)
    loaded = dl.load(found.save(tmp_path / "iohmm"))
    assert loaded.summary() == found.summary()
    right, accuracy = inferred(6, [1994, 6, 1])
    assert accuracy == 1.0 or not right
    assert found.pictures[0].draw().axes
