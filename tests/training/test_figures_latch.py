"""The latch benchmark, Fig. 1b, Fig. 4 and the flip-flop: laws that hold whatever was trained."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dynlatch as dl
from dynlatch.training.experiments.annealing_price import ANNEALING, price
from dynlatch.training.experiments.contract import Agreement, Finding, Scale
from dynlatch.training.experiments.figure1b import FIGURE1B
from dynlatch.training.experiments.figure4 import FIGURE4
from dynlatch.training.experiments.flip_flop import FLIP_FLOP, MAIN
from dynlatch.training.experiments.latch import LATCH
from dynlatch.training.experiments.latch_cells import READINGS, method_of
from dynlatch.training.experiments.latch_fates import Fate, fate
from dynlatch.training.experiments.latch_task import VariedLatch, three_weights
from dynlatch.training.experiments.reproduce import reproduce
from dynlatch.training.tasks import Latch

MADE = (LATCH, FIGURE1B, FIGURE4, FLIP_FLOP)
NAMES = [made.name for made in MADE]


@pytest.fixture(scope="module")
def found() -> dict[str, Finding]:
    return reproduce(MADE, scale="micro", rng=5)


@pytest.mark.parametrize("name", NAMES)
def test_finding_is_whole(found, name, tmp_path):
    one = found[name]
    assert isinstance(one, Finding)
    assert one.title
    assert one.notes
    assert all(note.endswith(".") for note in one.notes)
    assert len({len(column) for column in one.columns.values()}) == 1
    for verdict in one.verdicts:
        assert np.isnan(verdict.low) or verdict.low <= verdict.ours <= verdict.high
        assert verdict.words.endswith(".")
        assert verdict.agreement not in (Agreement.AGREES, Agreement.DISAGREES) or np.isfinite(verdict.published)
    back = dl.load(one.save(tmp_path / "finding"))
    assert type(back) is type(one)
    assert back.summary() == one.summary()
    np.testing.assert_equal(dict(back.columns), dict(one.columns))


@pytest.mark.parametrize("name", NAMES)
def test_pictures_are_drawn(found, name):
    one = found[name]
    for picture in one.pictures:
        assert picture.title
        assert picture.caption.endswith(".")
        assert picture.draw().axes
    assert one.plot().get_xlabel()


def test_a_run_that_failed_with_negative_w_can_be_drawn(found):
    figure = found["figure1b"]
    failed = replace(figure, w=np.full_like(figure.w, -0.4), learned=np.zeros_like(figure.learned))
    assert failed.latch(0) is None
    assert "learned: 0" in failed.summary()
    assert all(picture.draw().axes for picture in failed.pictures)


def test_cells_are_named_after_their_experiment_and_settings_are_kept():
    for made in MADE:
        for scale in Scale:
            cells = made.cells(scale, None)
            assert len({cell.name for cell in cells}) == len(cells)
            assert all(cell.name.startswith(f"{made.name}/") for cell in cells)
    assert all(cell.trials == 7 for cell in LATCH.cells(Scale.FULL, 7))


def test_full_scale_has_the_papers_number_of_trials():
    runs = [cell for cell in FLIP_FLOP.cells(Scale.FULL, None) if f"/{MAIN}/" in cell.name and cell.task.T <= 100]
    assert sum(cell.trials for cell in runs) == 1000
    assert all(cell.trials >= 20 for cell in LATCH.cells(Scale.FULL, None))
    assert all(cell.trials >= 18 for cell in FIGURE1B.cells(Scale.FULL, None))


# the latch benchmark


def _final(w: float, u: float, steps: int = 200) -> float:
    """The plain orbit of one tanh unit without noise, its input given once."""
    x = np.tanh(u)
    for _ in range(steps):
        x = np.tanh(w * x)
    return float(x)


@settings(max_examples=40)
@given(st.floats(1.2, 4.0), st.floats(-2.0, 2.0), st.floats(-2.0, 2.0))
def test_fate_is_that_of_the_orbit(w, low, high):
    if min(abs(low), abs(high)) < 1e-3:
        return
    sides = np.sign([_final(w, low), _final(w, high)]).tolist()
    expected = {(-1, 1): Fate.LATCHES, (1, -1): Fate.EXCHANGED}.get(tuple(sides), Fate.SAME_BASIN)
    assert fate([w, low, high], threshold=False) == expected


@settings(max_examples=30)
@given(st.floats(-0.9, 0.9), st.floats(-2.0, 2.0), st.floats(-2.0, 2.0))
def test_a_unit_of_one_attractor_forgets(w, low, high):
    assert fate([w, low, high], threshold=False) == Fate.ONE_ATTRACTOR
    assert abs(_final(w, low) - _final(w, high)) < 1e-6


def test_alternating_unit_keeps_the_bit_in_its_phase():
    """Right at every length of one parity, wrong at the others: equal lengths let it pass, varied ones do not."""
    weights, task = np.array([-2.0, 1.5, -1.5, 1.0]), Latch(T=20, L=1, half_width=0.2, frozen=True)
    assert fate(weights[:3], threshold=False) == Fate.ALTERNATING
    net = three_weights("tanh")
    same, varied = task.sample(200, 0), VariedLatch(task).sample(200, 0)
    assert np.all(np.sign(net.outputs(weights, same)) == same.targets)
    wrong = np.sign(net.outputs(weights, varied)) != varied.targets
    assert np.array_equal(wrong, varied.lengths % 2 == 1)


@pytest.mark.parametrize("held", [1, 3])
def test_three_weights_is_the_plain_recursion(held):
    net, task = three_weights("tanh", held), VariedLatch(Latch(T=12, L=held, half_width=0.2, frozen=True))
    assert len(net.names) == 3
    shown = task.sample(6, 3)
    answers = net.outputs(np.array([1.4, -0.3, 0.6, 1.0]), shown)
    for k, length in enumerate(shown.lengths):
        x = 0.0
        for t in range(length):
            noise = shown.inputs[t, k, -1]
            x = np.tanh(1.4 * x + (0.6 if shown.targets[k] > 0 else -0.3) * (t < held) + noise)
            assert abs(noise) <= 0.2
            assert t >= held or noise == 0.0
        assert answers[k] == pytest.approx(x, abs=1e-12)


def test_varied_lengths_fill_their_range():
    task = VariedLatch(Latch(T=9, L=1, half_width=0.2, frozen=True))
    assert set(task.training_set(400, 0).lengths.tolist()) == {5, 6, 7, 8, 9}
    quiet = VariedLatch(Latch(T=9, L=1, half_width=0.2)).training_set(40, 0)
    assert np.all(quiet.inputs[1:] == 0.0)


def test_readings_differ_from_the_documented_one_in_what_they_say():
    tasks = {name: READINGS[name].task(20) for name in READINGS}
    assert tasks["std 0.2"].longest.std == 0.2
    assert tasks["std 0.2"].longest.half_width == 0.0
    assert tasks["variance 0.2"].longest.std == pytest.approx(0.2**0.5)
    assert not tasks["noise anew"].longest.frozen
    assert tasks["noise anew"].noise.half_width == 0.2
    assert isinstance(tasks["one length"], Latch)
    assert {task.input_dim for name, task in tasks.items() if name != "input held"} == {3}
    assert READINGS["w from 1.25"].net("tanh").w0 == 1.25


def test_learned_units_of_the_benchmark_latch(found):
    """Where lengths vary, a unit that learned has two attractors and inputs on their sides."""
    latch = found["latch"]
    for row in range(len(latch.T)):
        if "discrete" not in latch.method[row]:
            fates = fate(latch.weights[row, latch.learned[row]], threshold=False)
            assert all(one == Fate.LATCHES for one in fates)
    assert np.all(latch.presentations <= [[method_of(name).max_presentations + 50] for name in latch.method])


def test_several_methods_are_judged_by_those_that_learn(found):
    """A method whose trials fail takes its limit, which is near 1,600 too: that alone must not agree."""
    few = found["latch"]
    many = {name: np.repeat(getattr(few, name), 10, axis=1) for name in ("error", "presentations", "learned", "weights")}
    latch = replace(few, **many)
    failed = replace(latch, learned=np.zeros_like(latch.learned), presentations=np.full_like(latch.presentations, 3000))
    assert failed.verdicts[0].agreement == Agreement.DISAGREES
    solved = replace(latch, learned=np.ones_like(latch.learned), presentations=np.full_like(latch.presentations, 1700))
    assert solved.verdicts[0].agreement == Agreement.AGREES
    assert solved.verdicts[0].ours == 1700.0


def test_price_is_the_mean_log_ratio():
    rng = np.random.default_rng(0)
    cells = {(name, str(T)): rng.integers(10, 10_000, 12).astype(float) for name in (ANNEALING, "a", "b") for T in (5, 9)}
    del cells["b", "9"]
    logs = [np.log10(cells[ANNEALING, T].mean() / cells[name, T].mean()) for name, T in (("a", "5"), ("a", "9"), ("b", "5"))]
    ours = price(cells)
    assert ours.value == pytest.approx(np.mean(logs))
    assert ours.low < ours.value < ours.high
    assert np.isnan(price({("a", "5"): np.ones(3)}).value)


# Fig. 1b


def test_states_of_figure1b_follow_the_recursion(found):
    figure = found["figure1b"]
    for k in range(len(figure.reading)):
        w, u, a = figure.w[k, figure.drawn(k)], figure.sequences(k), figure.states(k)
        assert np.all(a[:, 0] == 0.0)
        np.testing.assert_allclose(a[:, 1:], w * np.tanh(a[:, :-1]) + u, atol=1e-12)
        np.testing.assert_allclose(figure.after[k, figure.drawn(k)], a[:, figure.inputs.shape[-1]], atol=1e-12)


def test_trained_inputs_push_past_the_unstable_point():
    """In all runs that learned; and a latched one lies where every slope to come is below 1."""
    figure = FIGURE1B(scale="micro", trials=12, rng=1)
    assert figure.learned.any()
    assert np.all(figure.w[figure.learned] > 1.0)
    assert np.all(figure.sided[figure.learned])
    assert np.all(figure.sided | ~figure.latched)
    for w, ends in zip(figure.w[figure.latched], figure.after[figure.latched], strict=True):
        a = ends
        for _ in range(50):
            assert np.all(w * (1.0 - np.tanh(a) ** 2) < 1.0)
            a = w * np.tanh(a)


# Fig. 4


def _eq8(x: float, u: float) -> float:
    if (abs(u) < 1 and x >= 0) or u >= 1:
        return 1.0
    return -1.0


def test_map_of_figure4_is_equation_8(found):
    figure = found["figure4"]
    for i in range(0, len(figure.x), 20):
        for j in range(0, len(figure.u), 5):
            assert figure.next_state[i, j] == _eq8(figure.x[i], figure.u[j])
    x = figure.states[0]
    for u, after in zip(figure.inputs, figure.states[1:], strict=True):
        x = _eq8(x, u)
        assert after == x
    assert figure.differing == 0
    assert figure.margin == 1.0
    assert figure.attractors.tolist() == [1, 2, 1]


# the flip-flop


def test_epochs_count_to_the_last_wrong_answer(found):
    runs = found["flip-flop"]
    assert np.all(runs.epochs[runs.converged] >= 0)
    assert np.all(runs.epochs[runs.converged] <= 100)
    assert np.all(runs.w > 0.0)


def test_converged_flip_flops_answer_right(found):
    """30 clean epochs leave little to go wrong."""
    runs = found["flip-flop"]
    assert runs.error[runs.converged].mean() < 0.05
    assert found["flip-flop"].rate(runs.rows(MAIN)).value == 1.0


def test_the_printed_weight_slows_down_as_sequences_grow():
    """0.5/n over all steps: from T = 10 to T = 20 twice the epochs; with 1/2 for each, no more than before."""
    from dynlatch.training import FlipFlopRule, train

    def epochs(share: str, T: int) -> float:
        result = train(
            FlipFlopRule(share=share), None, Latch(T=T, std=0.0, half_width=0.2), trials=40, max_presentations=400, rng=2
        )
        return float(np.mean((result.presentations - 60) / 2))

    assert epochs("all steps", 20) > 1.6 * epochs("all steps", 10)
    assert epochs("nothing", 20) < 1.5 * epochs("nothing", 10)
