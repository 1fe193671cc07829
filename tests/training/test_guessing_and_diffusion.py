"""The experiments on weight guessing and on the diffusion of credit: numbers by slow oracles, words, saving."""

import numpy as np
import pytest

import dynlatch as dl
from dynlatch.training import experiments
from dynlatch.training.experiments import diffusion_training as hmm
from dynlatch.training.experiments.contract import Agreement, Finding
from dynlatch.training.experiments.diffusion import ALLOWED
from dynlatch.training.experiments.diffusion import _products as products
from dynlatch.training.experiments.guessing import GuessingRuns, expected
from dynlatch.training.experiments.guessing_rows import PUBLISHED, ROWS, Row, a2, guessed, latch, latch_net
from dynlatch.training.experiments.guessing_strings import NearMisses
from dynlatch.training.models import GuessingNetA2
from dynlatch.training.tasks import Tomita


@pytest.fixture(scope="module")
def diffused():
    return experiments.diffusion(scale="micro")


def test_diffusion_finds_what_the_paper_says(diffused, tmp_path):
    assert isinstance(diffused, Finding)
    assert not [v for v in diffused.verdicts if v.agreement is Agreement.DISAGREES and v.what.startswith("products")]
    assert np.all(np.abs(diffused.log_tau[-1]) < 1e-9)
    assert np.all(np.diff(diffused.median_log_tau[:, -1]) > 1.0)
    loaded = dl.load(diffused.save(tmp_path / "diffusion"))
    assert np.array_equal(loaded.gap, diffused.gap)
    assert loaded.summary() == diffused.summary()
    assert len(diffused.columns["span"]) == diffused.gap[:, :, 0].size


def test_products_are_of_stochastic_matrices_of_their_kind():
    one = {kind: products(kind, 3)[:, 0] for kind in ALLOWED}
    assert np.all(one["fully connected"] < 0.0)  # no two columns without a row in common
    assert np.all(one["periodic"] == pytest.approx(0.0, abs=1e-12))
    assert [int(there.sum()) for there in ALLOWED.values()] == [64, 36, 15, 16]


def test_the_generating_model_generates_its_data():
    rng = np.random.default_rng(0)
    cell, theta = hmm.generating(3.0)
    data = hmm.drawn(3.0, rng)
    stay, slow = hmm.self_transition(3.0), 0.0
    for row, length in zip(data.asked, data.lengths, strict=True):
        word = row[:length].tolist()
        assert (word[0], word[-2], word[-1]) == (word[0], word[0], hmm.END)
        assert set(word[1:-2]) == {hmm.MIDDLE}
        slow += np.log(0.5) + (length - 4) * np.log(stay) + np.log(1.0 - stay)
    assert hmm.log_likelihood(cell, theta, data) == pytest.approx(slow, rel=1e-12)
    assert stay**3 == pytest.approx(0.5)


def test_not_to_know_the_branch_costs_ln_2():
    """The known transitions with both branches putting out the mean of the two."""
    cell, theta = hmm.generating(2.0)
    data = hmm.drawn(2.0, np.random.default_rng(1))
    S, R = len(hmm.BRANCHES), hmm.SYMBOLS
    emissions = theta[-S * R :].reshape(S, R).copy()
    emissions[[1, 3, 4, 6]] = [0.5, 0.5, 0.0, 0.0]
    blind = np.concatenate([theta[: -S * R], emissions.ravel()])
    gap = (hmm.log_likelihood(cell, theta, data) - hmm.log_likelihood(cell, blind, data)) / hmm.SEQUENCES
    assert gap == pytest.approx(np.log(2.0), rel=1e-9)


@pytest.mark.parametrize("topology", hmm.TOPOLOGIES)
def test_training_never_lowers_the_likelihood_and_ends(topology):
    fit = hmm.trained(topology, 0.5, [0, 1])
    assert 1 <= fit.epochs <= hmm.EPOCHS
    assert fit.gap > -1.0


def test_random_models_have_a_way_on_from_every_state():
    model = hmm.at_random(np.random.default_rng(2))
    assert model.topology.states == 22
    assert all(row and 0 not in row for row in model.topology.successors)
    assert model.topology.successors[-1] == (21,)


def test_the_interval_of_guesses_covers_as_often_as_it_says():
    rng, hits = np.random.default_rng(0), 0
    for _ in range(1000):
        found = expected(float(rng.geometric(1 / 300, 10).sum()), 10)
        hits += found.low <= 300 <= found.high
    assert 0.93 < hits / 1000 < 0.97
    nothing = expected(1000.0, 0)
    assert np.isinf(nothing.value)
    assert nothing.low == pytest.approx(1000 / -np.log(0.025))


def test_guesses_are_counted_and_compared(tmp_path):
    found = experiments.guessing(scale="micro")
    assert isinstance(found, Finding)
    assert np.all(found.guesses >= 1)
    assert np.all(found.presentations >= found.guesses)
    loaded = dl.load(found.save(tmp_path / "guessing"))
    assert loaded.summary() == found.summary()
    assert found.row.tolist() == [row.name for row in ROWS if row.cell.startswith("latch")]
    runs = GuessingRuns(
        row=np.array(["2-sequence, A2: deviation", "2-sequence, A2: variance", "latch II: deviation"]),
        cell=np.array(["2-sequence, A2", "2-sequence, A2", "latch II"]),
        guesses=np.array([[7000] * 10, [700] * 10, [100] * 10]),
        presentations=np.array([[9000] * 10, [900] * 10, [150] * 10]),
        solved=np.array([[True] * 10, [True] * 10, [False] * 10]),
        error=np.zeros((3, 10)),
        published=np.array([718.0, 718.0, 22.0]),
        published_runs=np.array([10, 10, 10]),
    )
    assert [v.what for v in runs.verdicts] == [str(runs.row[k]) for k in (0, 2, 1)]
    assert [v.agreement for v in runs.verdicts] == [Agreement.DISAGREES, Agreement.DISAGREES, Agreement.AGREES]
    assert "Other readings agree: variance (700)." in runs.verdicts[0].words
    assert "No reading that was tried agrees." in runs.verdicts[1].words
    assert "+ variance" in runs.summary()
    assert runs.columns["agrees"].tolist() == [False, True, False]


def test_two_samples_of_one_law_agree_as_often_as_it_says():
    rng, agreed = np.random.default_rng(1), 0
    for _ in range(1000):
        ours, theirs = rng.geometric(1 / 300, 20), rng.geometric(1 / 300, 10)
        runs = GuessingRuns(
            np.array(["a: b"]), np.array(["a"]), ours[None], ours[None], np.ones((1, 20), bool), np.zeros((1, 20)),
            np.array([theirs.mean()]), np.array([10]),
        )  # fmt: skip
        agreed += runs.compatible(0)
    assert 0.93 < agreed / 1000 < 0.97


@pytest.mark.parametrize("grammar", [1, 2, 4])
def test_near_misses_break_the_rule_by_one_symbol(grammar):
    strings = Tomita(12, grammar, shortest=8)
    batch = NearMisses(strings).sample(60, rng=3)
    for row, length, target in zip(batch.inputs[:, :, 0].T, batch.lengths, batch.targets, strict=True):
        string = (row[:length] > 0).astype(int)
        assert not row[length:].any()
        assert set(np.abs(row[:length])) == {1.0}
        assert strings.automaton.accepts(string.tolist()) == (target > 0)
        others = [np.where(np.arange(length) == place, 1 - string, string).tolist() for place in range(length)]
        assert target > 0 or any(strings.automaton.accepts(other) for other in others)
    assert batch.targets.tolist() == [-1.0, 1.0] * 30


def test_latch_weights_are_guessed_as_often_as_their_signs_say():
    row = Row("latch I", "", latch, latch_net, 2_000, True)
    found = guessed(row, 40, 3)
    assert found.solved.all()
    assert np.mean(found.error) < 0.1
    assert 5.0 < found.guesses.mean() < 16.0  # at least the 8 patterns of signs of w, u- and u+


def test_nets_have_the_published_connections():
    assert len(a2().names) == len(GuessingNetA2().names)
    assert len(a2(False).names) == len(GuessingNetA2().names) - 10
    assert len(a2(False, False).names) == len(GuessingNetA2().names) - 11
    assert {row.cell for row in ROWS} == set(PUBLISHED)
    assert len({row.name for row in ROWS}) == len(ROWS)
