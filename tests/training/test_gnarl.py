"""GNARL: the laws of its mutations, and that it finds nets."""

import numpy as np
import pytest

from dynlatch.errors import InvalidInput
from dynlatch.lanes.random import states
from dynlatch.training import GNARL, Dense, FreeNet, TwoSequence, train
from dynlatch.training.rules.gnarl import ends_of, mutate, ordered

MODEL = FreeNet(3)
ENDS = ends_of(MODEL.cell())


def _mutated(count, heat, seed, unit=(True, False, True), chance=0.3, severity=1.0):
    """Nets with the links between existing units that have an even number, changed once each."""
    random = states([np.random.SeedSequence(seed)])
    exists = np.array([*unit, True])
    among = np.array([all(end >= 4 or exists[end] for end in pair) for pair in ENDS.tolist()])
    start = among & (np.arange(len(ENDS)) % 2 == 0)
    found = []
    for _ in range(count):
        w, there, units = np.where(start, 0.5, 0.0), start.copy(), np.array(unit)
        mutate(ENDS, random, w, there, units, 0, heat, chance, 3, 5, severity)
        found.append((w, there, units))
    return start, tuple(np.array(part) for part in zip(*found, strict=True))


def test_weights_move_by_normal_numbers_of_the_temperature():
    start, (w, there, _) = _mutated(3000, 0.4, seed=0, chance=0.0, severity=2.0)
    moved = w[:, start] - 0.5
    assert np.all(there == start)
    assert not w[:, ~start].any()
    assert moved.mean() == pytest.approx(0.0, abs=5 * 0.8 / np.sqrt(moved.size))
    assert moved.std() == pytest.approx(0.8, rel=5 / np.sqrt(2 * moved.size))
    assert np.mean(np.abs(moved) < 0.8) == pytest.approx(0.6827, abs=5 * 0.47 / np.sqrt(moved.size))


def test_the_numbers_of_structural_changes():
    """Only links are added: 1 + floor(U T 5) with probability `chance`, each of them absent before, with weight 0."""
    random = states([np.random.SeedSequence(1)])
    added = []
    for _ in range(4000):
        w, there, units = np.zeros(len(ENDS)), np.zeros(len(ENDS), dtype=bool), np.ones(3, dtype=bool)
        there[:2] = True  # two links that may be deleted again
        mutate(ENDS, random, w, there, units, 0, 0.7, 0.4, 1, 5, 0.0)
        added.append(there.sum())
        assert not w.any()
    # No unit can be added; one is deleted with probability 0.4, at most 1 of 3. Counts are compared with a direct simulation.
    rng = np.random.default_rng(2)
    expected = []
    for _ in range(4000):
        there, gone = {0, 1}, set()
        if rng.random() < 0.4:
            gone = {int(rng.integers(3))}
        there = {p for p in there if not gone & set(ENDS[p].tolist())}
        possible = [p for p in range(len(ENDS)) if not gone & set(ENDS[p].tolist())]
        if rng.random() < 0.4:
            for _ in range(1 + int(rng.random() * 0.7 * 5)):
                there.add(int(rng.choice([p for p in possible if p not in there])))
        if rng.random() < 0.4:
            for _ in range(1 + int(rng.random() * 0.7 * 5)):
                if there:
                    there.remove(int(rng.choice(sorted(there))))
        expected.append(len(there))
    for size in range(6):
        p = np.mean(np.array(expected) == size)
        assert np.mean(np.array(added) == size) == pytest.approx(p, abs=5 * np.sqrt(2 * p * (1 - p) / 4000) + 1e-3)


def test_a_deleted_unit_takes_its_links_along_and_a_new_one_has_none():
    _, (w, there, units) = _mutated(2000, 1.0, seed=3)
    assert np.all((w == 0.0) | there)
    exists = np.concatenate([units, np.ones((len(units), 4), dtype=bool)], axis=1)
    assert np.all(exists[:, ENDS].all(2) | ~there)
    assert 0.1 < units[:, 1].mean() < 0.6  # unit 1 did not exist
    assert units[:, 0].mean() < 1.0


def test_colder_nets_change_less():
    sizes = [np.abs(_mutated(500, heat, seed=4)[1][0]).sum() for heat in (0.1, 1.0)]
    changed = [(_mutated(500, heat, seed=5)[1][1] != _mutated(1, 0.0, seed=5, chance=0.0)[1][1]).sum() for heat in (0.1, 1.0)]
    assert sizes[0] < sizes[1]
    assert changed[0] < changed[1]


def test_nets_are_ranked_as_by_a_stable_sort_with_nan_last():
    rng = np.random.default_rng(0)
    for costs in (
        *rng.integers(0, 5, (200, 12)).astype(float),
        np.array([]),
        np.array([2.0, np.nan, 1.0, np.nan, np.inf, 1.0]),
    ):
        assert np.array_equal(ordered(costs), np.argsort(costs, kind="stable"))


def test_it_solves_2_sequence_and_counts_whole_nets():
    result = train(GNARL(), FreeNet(4), TwoSequence(T=8), trials=3, sequences=20, max_presentations=200_000, rng=0)
    assert np.all(result.error < 0.02)
    assert np.all(result.presentations % 20 == 0)
    rows = [int((column != 0.0).sum()) for column in result.progress.theta.T]
    assert max(rows) < len(result.model.names)  # links that are absent stay so


def test_refusals_say_what_fits():
    with pytest.raises(InvalidInput, match="FreeNet"):
        train(GNARL(), Dense(5), TwoSequence(T=8), sequences=4, max_presentations=10)
    with pytest.raises(InvalidInput, match="even"):
        GNARL(population=3)
