"""Figures 2a, 2b and 3: exact ceilings, claims that can fail, and runs end to end."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

import dynlatch as dl
from dynlatch.analysis import Gaussian, feasibility_ceiling, retention
from dynlatch.analysis.scalar import scalar_latch, u_star
from dynlatch.errors import InvalidInput
from dynlatch.training import BackPropagation, train
from dynlatch.training.experiments import figure2a, figure2b, figure3, perfect
from dynlatch.training.experiments.contract import Agreement, Finding, Scale
from dynlatch.training.experiments.figure2a import DensityPlane, Figure2a
from dynlatch.training.experiments.figure2a_words import regions
from dynlatch.training.experiments.figure2b import Figure2b, FrequencyCurve
from dynlatch.training.experiments.figure3 import figure_of
from dynlatch.training.experiments.intervals import wilson
from dynlatch.training.experiments.latch_runs import RunEnd, difference, ends
from dynlatch.training.experiments.reproduce import reproduce
from dynlatch.training.models import LatchNet
from dynlatch.training.sweeps.result import Trials
from dynlatch.training.tasks import Latch
from dynlatch.training.trials import trial

# What perfect inputs could do


def test_the_ceiling_with_amplitude_after_one_and_two_steps_of_noise():
    w, s, level = 1.25, 0.3, 0.4
    edge = math.atanh(level)
    one = feasibility_ceiling(w, Gaussian(s), 4, inputs=3, level=level)
    assert one == pytest.approx(norm.cdf((w - edge) / s), abs=1e-10)

    def two_steps(a):
        return norm.pdf((a - w) / s) / s * norm.cdf((w * math.tanh(a) - edge) / s)

    two = feasibility_ceiling(w, Gaussian(s), 5, inputs=3, level=level)
    assert two == pytest.approx(quad(two_steps, -3.0, 6.0, epsabs=1e-12)[0], abs=1e-9)


def test_the_ceiling_falls_as_the_attractor_forgets():
    net, up, noise = dl.LatchNeuron(1.5), [scalar_latch(1.5).attractors[1]], Gaussian(0.4)
    kept = retention(net, up, noise, 60).returned[[3, 30, 60]]
    ceiling = np.array([feasibility_ceiling(1.5, noise, T, inputs=0) for T in (3, 30, 60)])
    # Both fall to 1/2; infinite inputs start further from the edge, which is a constant factor once the well has mixed.
    factor = (ceiling - 0.5) / (kept - 0.5)
    assert np.all(factor > 1.0)
    assert factor[1] == pytest.approx(factor[2], rel=1e-6)
    assert factor[0] != pytest.approx(factor[2], rel=1e-3)


def test_without_noise_the_amplitude_is_kept_where_the_attractor_is_large_enough():
    quiet = Gaussian(0.0)
    assert feasibility_ceiling(1.25, quiet, 500, level=0.4) == 1.0
    assert feasibility_ceiling(1.03, quiet, 500, level=0.4) == 0.0  # its attractor has tanh(a) = 0.29
    assert feasibility_ceiling(0.5, quiet, 20) == 1.0
    assert feasibility_ceiling(0.5, quiet, 20, level=0.4) == 0.0
    for level in (-0.1, 1.0, math.nan):
        with pytest.raises(InvalidInput, match="`level`"):
            feasibility_ceiling(1.25, quiet, 20, level=level)


@given(p=st.floats(0.0, 1.0), needed=st.integers(1, 4), shown=st.integers(0, 9))
@settings(max_examples=40, deadline=None)
def test_rows_of_successes_against_all_sequences(p, needed, shown):
    total = 0.0
    for sequence in itertools.product((0, 1), repeat=shown):
        if "1" * needed in "".join(map(str, sequence)):
            total += p ** sum(sequence) * (1.0 - p) ** (shown - sum(sequence))
    assert perfect.in_a_row(p, needed, shown) == pytest.approx(total, abs=1e-12)


def test_what_perfect_inputs_bear_is_where_half_of_the_runs_converge():
    w = np.array([0.8, 1.02, 1.5, 2.0])
    std = perfect.bearable(w, 12, 3, 400)
    assert std[0] == std[1] == 0.0
    for weight, noise in zip(w[2:], std[2:], strict=True):
        assert perfect.chance(Latch(12, std=float(noise)), float(weight), 400) == pytest.approx(0.5, abs=0.01)
    assert perfect.bearable(np.array([2.0]), 12, 3, 10)[0] == 0.0  # 60 in a row cannot be had in 10


def test_no_run_with_frozen_noise_converges_where_perfect_inputs_fail():
    task, model = Latch(15, std=0.3, frozen=True), LatchNet(w0=1.25, train_w=False)
    found = train(BackPropagation(eta=0.2, batch=2), model, task, trials=48, rng=5, max_presentations=600, test_sequences=2)
    feasible = np.array([_feasible(task, 1.25, seed) for seed in found.seeds])
    learned = found.outcome == "learned"
    assert not np.any(learned & ~feasible)
    assert 0 < learned.sum() <= feasible.sum() < 48
    expected = perfect.chance(task, 1.25, 600)
    assert abs(feasible.mean() - expected) < 4.0 * math.sqrt(expected * (1.0 - expected) / 48)


def _feasible(task, w, seed):
    shown = trial(0, seed, task, 2).sequences
    x = shown.targets.astype(float)
    for u in shown.inputs[task.L :, :, -1]:
        x = np.tanh(w * x + u)
    return bool(np.all(x * shown.targets > task.criterion.low))


# How runs end, and rates


def test_ends_of_runs_follow_what_the_monitor_saw():
    facts = {
        "one_basin": np.array([0, 1, 1, 0, 0, 0, 0]),
        "latched": np.array([1, 0, 0, 0, 0, 1, 0]),
        "latched_wrong": np.array([0, 0, 0, 0, 1, 0, 0]),
    }
    zeros, texts = np.zeros(7), np.full(7, "")
    outcome = np.array(["learned"] + ["budget"] * 6)
    runs = Trials("c", np.arange(7), zeros, zeros.astype(int), outcome, zeros[:, None], texts, facts)
    last_w = np.array([1.5, 0.2, 0.2, 0.3, 1.4, 1.4, 1.4])
    above, below = (dict(zip(RunEnd, ends(runs, first_w, last_w).tolist(), strict=True)) for first_w in (1.25, 0.9))
    assert above[RunEnd.AT_ONCE] == below[RunEnd.ONE_BASIN] == 2
    assert above[RunEnd.ONE_BASIN] == below[RunEnd.AT_ONCE] == 0
    for counts in (above, below):
        others = (RunEnd.CONVERGED, RunEnd.LATER, RunEnd.WRONG, RunEnd.UNSTEADY, RunEnd.UNSETTLED)
        assert [counts[end] for end in others] == [1] * 5
    assert all(end.sentence.endswith(".") for end in RunEnd)


def test_the_interval_of_a_difference_is_newcombes():
    found = difference(wilson(56, 70), wilson(48, 80))  # his example (a), method 10
    assert [found.value, found.low, found.high] == pytest.approx([0.2, 0.0524, 0.3339], abs=5e-5)


# Fig. 2a


W0, S = np.array([0.25, 0.5, 1.5, 3.0]), np.array([0.0, 0.3, 0.8, 1.0])


def _plane(converged, reading="std", eta=0.2):
    """Cells that converge in the given shares of 18 runs; the others never had two basins."""
    counts = np.zeros((4, 4, len(RunEnd)), dtype=np.int64)
    counts[..., 0] = np.rint(18 * converged)
    counts[..., 1] = 18 - counts[..., 0]
    return DensityPlane(reading, 3, eta, W0, S, counts)


def _figure(converged, *more):
    planes = _plane(converged), _plane(converged, "variance"), *more
    return Figure2a(20, planes, np.array([1.05, 3.0]), np.array([0.05, 1.1]))


RISING = np.outer([1.0, 0.7, 0.05, 0.0], [0.0, 0.05, 0.9, 1.0])


def test_the_papers_claims_hold_where_density_rises_and_falls_as_it_says_and_only_there():
    assert {v.agreement for v in _figure(RISING).verdicts[:8]} == {Agreement.AGREES}
    for wrong in (np.full((4, 4), 0.6), RISING[::-1, ::-1]):
        assert {v.agreement for v in _figure(wrong).verdicts[:8]} == {Agreement.DISAGREES}


def test_the_learning_rate_is_the_cause_only_where_a_lower_one_makes_the_claim_true():
    flat = np.full((4, 4), 0.6)
    assert "the cause is the learning rate" in _figure(flat, _plane(RISING, eta=0.05)).verdicts[0].words
    assert "not explained" in _figure(flat, _plane(flat, eta=0.05)).verdicts[0].words


def test_regions_divide_the_plane_by_what_is_exact():
    figure = _figure(np.full((4, 4), 0.5))
    found = dict(regions(figure, figure.planes[0]))
    # u*(1.5) = 0.2075 and u*(3) = 1.303; the curve is 0.29 at 1.5 and 1.1 at 3.
    assert [int(counts.sum()) // 18 for counts in found.values()] == [8, 3, 5]
    assert "bear at w0" in list(found)[1]
    assert str(u_star(1.5)).startswith("0.2075")
    assert u_star(3.0) > 1.0


def test_variance_rows_have_the_root_as_their_standard_deviation():
    assert _plane(RISING, "variance").std.tolist() == np.sqrt(S).tolist()
    assert _plane(RISING).std.tolist() == S.tolist()


def test_without_noise_a_latch_learns_and_half_a_latch_does_not():
    shares = {}
    for w0 in (0.5, 1.25, 1.5):
        found = train(BackPropagation(eta=0.2, batch=2), LatchNet(w0=w0), Latch(20, std=0.0), trials=8, rng=2, test_sequences=2)
        shares[w0] = found.share("learned")
    assert shares[0.5] == 0.0
    assert min(shares[1.25], shares[1.5]) > 0.5


# Fig. 2b


def _curve(converged, ceiling, untaught=(0, 0, 0), runs=200):
    counts = np.zeros((3, len(RunEnd)), dtype=np.int64)
    counts[:, 0] = converged
    counts[:, 4] = runs - counts[:, 0]
    return FrequencyCurve(1.25, "std", True, np.array([5, 20, 100]), counts, np.array(untaught), np.array(ceiling))


def test_the_share_of_the_fall_that_is_infeasible():
    all_of_it = _curve([200, 100, 20], [1.0, 0.5, 0.1]).explained()
    assert all_of_it.value == pytest.approx(1.0)
    assert all_of_it.low < 1.0 < all_of_it.high
    half = _curve([200, 100, 0], [1.0, 0.75, 0.5]).explained()
    assert half.value == pytest.approx(0.5)
    assert half.high < 0.7
    assert _curve([200, 100, 0], [1.0, 1.0, 1.0]).explained().high == 0.0
    assert _curve([200, 200, 200], [1.0, 1.0, 1.0]).explained() is None
    assert _curve([200, 100, 20], [1.0, 0.5, 0.4]).explained(slice(-1, None)).value == pytest.approx(0.6 / 0.9)


def test_verdicts_of_the_fall_say_what_is_the_case():
    def words(curve):
        return {v.what.split(": ")[-1]: v for v in Figure2b((curve,)).verdicts}

    steep = words(_curve([200, 100, 4], [1.0, 0.5, 0.02]))
    assert steep["T = 100"].agreement == steep["fall"].agreement == Agreement.AGREES
    assert "as any learner could" in steep["explained"].words
    flat = words(_curve([200, 200, 200], [1.0, 1.0, 1.0]))
    assert flat["T = 100"].agreement == flat["fall"].agreement == Agreement.DISAGREES
    assert "not explained" in flat["T = 100"].words
    assert "explained" not in flat
    lucky = words(_curve([200, 100, 44], [1.0, 1.0, 1.0], (0, 0, 40)))
    assert lucky["T = 100"].agreement == Agreement.DISAGREES
    assert "the cause is that luck" in lucky["T = 100"].words
    assert "gradients" in lucky["explained"].words
    assert lucky["cells above the exact ceiling"].ours == 0.0
    assert words(_curve([200, 100, 44], [0.5, 0.5, 0.5]))["cells above the exact ceiling"].ours == 1.0


# Fig. 3


@given(w=st.floats(1.1, 8.0))
@settings(max_examples=6, deadline=None)
def test_figure_3_has_the_closed_forms_for_any_latch(w):
    found = figure_of(w)
    edge = math.atanh(math.sqrt(1.0 - 1.0 / w))
    assert found.a_c == pytest.approx(edge, rel=1e-12)
    assert found.u_star == pytest.approx(math.sqrt(w * (w - 1.0)) - edge, rel=1e-9)
    # The light lines a = wx +- u* touch the curve x = tanh a at a_c: they meet it there, with its slope.
    assert w * math.tanh(edge) - found.u_star == pytest.approx(edge, rel=1e-9)
    assert w / math.cosh(edge) ** 2 == pytest.approx(1.0, rel=1e-9)
    assert found.odd_states == 0


def test_figure_3_agrees_with_the_caption():
    found = figure3(scale="micro")
    threshold, orbits, gamma = found.verdicts
    assert threshold.agreement == Agreement.AGREES
    assert threshold.ours == pytest.approx(0.532839975353552, abs=1e-15)
    assert found.steps[0] == -1
    assert found.steps[1] > 100
    assert "never takes it" in orbits.words
    assert gamma.ours == pytest.approx(0.881374, abs=1e-6)
    assert figure_of(2.2).verdicts[0].agreement == Agreement.DISAGREES


# From end to end


@pytest.fixture(scope="module")
def micro(tmp_path_factory):
    """All three at the smallest scale, from one sweep."""
    store = tmp_path_factory.mktemp("micro") / "trials.db"
    return reproduce([figure2a, figure2b, figure3], scale="micro", store=store)


def test_all_three_run_print_draw_and_come_back(micro, tmp_path):
    for name, found in micro.items():
        assert isinstance(found, Finding)
        assert len({len(column) for column in found.columns.values()}) == 1
        again = dl.load(found.save(tmp_path / name))
        assert str(again) == str(found)
        assert again.verdicts == found.verdicts
        assert all(math.isfinite(v.ours) and v.words.endswith(".") for v in found.verdicts)
        for picture in found.pictures:
            figure = picture.draw()
            figure.canvas.draw()
            assert figure.axes
        assert found.plot().get_title()


def test_every_run_is_counted_once(micro):
    plane, curve = micro["figure2a"].planes[0], micro["figure2b"].curves[0]
    assert np.all(plane.ends.sum(-1) == 2)
    assert np.all(curve.ends.sum(-1) == 2)
    assert len(figure2a.cells(Scale.MICRO, None)) == sum(p.ends[..., 0].size for p in micro["figure2a"].planes)
    assert {cell.trials for cell in figure2b.cells(Scale.MICRO, 5)} == {5}


def test_full_scale_has_the_papers_numbers():
    cells = figure2a.cells(Scale.FULL, None)
    assert {cell.trials for cell in cells} == {18}
    assert {cell.task.T for cell in cells} == {20}
    assert {(cell.task.L, cell.model.L) for cell in cells} == {(3, 3), (4, 4)}
    for experiment in (figure2a, figure2b):
        made = [cell for scale in Scale for cell in experiment.cells(scale, None)]
        settings_of = {cell.name: cell.settings for cell in made}
        assert all(settings_of[cell.name] == cell.settings for cell in made)  # scales may share a store
