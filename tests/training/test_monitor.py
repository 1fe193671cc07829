"""The monitor against the analysis verbs on `model.network(column)`, hand-made paths of weights, and runs without it."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
import pytest

import dynlatch as dl
from dynlatch import analysis
from dynlatch.analysis.scalar import u_star
from dynlatch.errors import InvalidInput
from dynlatch.lanes.contraction import metrics
from dynlatch.lanes.escape import bounds
from dynlatch.lanes.packs import padded
from dynlatch.lanes.points import encoded, weights
from dynlatch.lanes.shares import REACH
from dynlatch.training import train
from dynlatch.training.block import pack
from dynlatch.training.contract import Architecture, Show, Task
from dynlatch.training.models import Dense, FlipFlopLatch, InputSubnets, LatchNet, ParityNet
from dynlatch.training.monitor import RegionEventKind, RegionMonitor, RegionTrace, Watch, joined
from dynlatch.training.monitor.fate import fates
from dynlatch.training.monitor.subnets import SubnetView
from dynlatch.training.rules import BackPropagation, ExpectationMaximization, GeneralizedEM
from dynlatch.training.tasks import Latch, Parity, TwoSequence
from dynlatch.training.trials import seeds, trial
from dynlatch.validation import Array

mpl.use("Agg")


def watched(model: Architecture, task: Task, theta: Array, **settings: int) -> tuple[Watch, Show]:
    """A watch of as many trials as theta (P, L) has columns, and what they would be shown."""
    trials = [trial(k, seed, task, 8) for k, seed in enumerate(seeds(0, theta.shape[1]))]
    show = pack(BackPropagation(eta=0.1), model, trials, theta, 10_000).show
    return RegionMonitor(**settings).open(model, task, show.lanes), show


def look(watch: Watch, show: Show, model: Architecture, theta: Array, at: int) -> None:
    show.lanes.presentations[:] = at
    whole = np.concatenate([theta, np.repeat(model.constants[:, None], theta.shape[1], axis=1)])
    watch.look(padded(whole), show, np.arange(theta.shape[1]))


def one_portrait(model: Architecture, task: Task, theta: Array) -> tuple[RegionTrace, Show]:
    watch, show = watched(model, task, theta)
    look(watch, show, model, theta, 10)
    return watch.close(), show


def random_theta(model: Architecture, lanes: int, scale: float) -> Array:
    return np.random.default_rng(3).uniform(-scale, scale, (len(model.names), lanes))


@pytest.mark.parametrize(
    ("model", "task", "start"), [(Dense(5), TwoSequence(T=12), np.zeros(5)), (ParityNet(), Parity(T=6), np.array([-1.0]))]
)
def test_log_norm_is_gradient_decay(model: Architecture, task: Task, start: Array) -> None:
    theta = random_theta(model, 19, 1.2)  # a pack of 16 lanes and three more
    trace, show = one_portrait(model, task, theta)
    for k in range(19):
        network, length = model.network(theta[:, k]), show.lanes.lengths[k, 0]
        decay = analysis.gradient_decay(network, start, show.lanes.inputs[k, 0, :length], norm="fro")
        assert trace.looks["log_norm"][k] == pytest.approx(decay.log_norms[-1], abs=1e-10)


def test_log_norm_of_long_vanishing_runs() -> None:
    model, task = Dense(5), TwoSequence(T=900)
    theta = random_theta(model, 3, 0.1)
    trace, show = one_portrait(model, task, theta)
    for k in range(3):
        inputs = show.lanes.inputs[k, 0, : show.lanes.lengths[k, 0]]
        decay = analysis.gradient_decay(model.network(theta[:, k]), np.zeros(5), inputs, norm="fro")
        assert decay.log_norms[-1] < -800.0  # below the smallest double
        assert trace.looks["log_norm"][k] == pytest.approx(decay.log_norms[-1], rel=1e-10)


def test_share_and_horizon_are_gradient_contributions() -> None:
    model, task = Dense(5), TwoSequence(T=30)
    theta = random_theta(model, 6, 0.8)
    trace, show = one_portrait(model, task, theta)
    for k in range(6):
        network, inputs = model.network(theta[:, k]), show.lanes.inputs[k, 0, : show.lanes.lengths[k, 0]]

        def slope_of_cost(a: Array, target: float = show.lanes.targets[k, 0]) -> Array:
            y = np.tanh(a[-1])
            return np.eye(5)[-1] * (y - 0.8 * target) * (1.0 - y * y)

        split = analysis.gradient_contributions(network, np.zeros(5), inputs, slope_of_cost)
        assert trace.looks["share"][k] == pytest.approx(split.share_within(10, "recurrent weights"), abs=1e-10)
        assert trace.looks["horizon"][k] == split.reach(REACH, "recurrent weights")


@pytest.mark.parametrize(
    ("model", "task", "scale"), [(Dense(4), TwoSequence(T=8), 1.3), (ParityNet(radius=4.0), Parity(T=5), 4.0)]
)
def test_portraits_are_fixed_points_and_reduced_attracting_sets(model: Architecture, task: Task, scale: float) -> None:
    theta = random_theta(model, 3, scale)
    trace, _ = one_portrait(model, task, theta)
    for k in range(3):
        rows, points = {name: column[0] for name, column in trace.rows(k).items()}, trace.rows(k, "points")
        for q, quiet in enumerate(task.quiet_inputs):
            map_ = dl.WithInput(model.network(theta[:, k]), quiet.input)
            found = analysis.fixed_points(map_, rng=0)
            mine = points["state"][(points["quiet"] == q) & (points["period"] == 1)]
            np.testing.assert_allclose(mine[np.lexsort(mine.T[::-1])], found.points, atol=1e-9)
            assert rows["fixed_points"][q] == len(found.points)
            for c in (0, 1):
                chosen = (points["quiet"] == q) & (points["label"] == rows["basin"][q, c])
                if rows["basin"][q, c] < 0 or points["period"][chosen][0] > 1:
                    continue
                gamma = analysis.reduced_attracting_set(map_, points["state"][chosen][0], rows["final"][c])
                assert gamma.in_basin
                if rows["gamma"][q, c] in (0.0, 1.0):
                    assert bool(gamma.member) == bool(rows["gamma"][q, c])


def latch_columns(path: Array) -> list[Array]:
    """Weights (P, 1) of latches that differ in w only: class -1 pushes down, class +1 up."""
    return [np.array([w, -1.0, -1.0, -1.0, 1.0, 1.0, 1.0])[:, None] for w in path]


def latch_output(w: float) -> float:
    x = 0.0
    for t in range(20):
        x = np.tanh(w * x + (1.0 if t < 3 else 0.0))
    return float(x)


def test_a_pitchfork_is_an_attractor_lost_and_two_born() -> None:
    model, task = LatchNet(), Latch(T=20, std=0.0)
    watch, show = watched(model, task, latch_columns([0.5])[0], every=1, portrait_every=1)
    path = np.array([0.5, 0.8, 0.95, 1.05, 1.3, 1.8])
    for at, column in enumerate(latch_columns(path), start=1):
        look(watch, show, model, column, at)
    trace = watch.close()
    assert trace.portraits["attractors"][:, 0].tolist() == [1, 1, 1, 2, 2, 2]
    kinds = [(event.presentation, event.kind) for event in trace.events]
    assert kinds.count((4, RegionEventKind.ATTRACTOR_BORN)) == 2
    assert (4, RegionEventKind.ATTRACTOR_LOST) in kinds
    right = [abs(latch_output(w) - 0.8) < 0.4 and w > 1.0 for w in path]
    assert [at for at, kind in kinds if kind == RegionEventKind.LATCHED] == [right.index(True) + 1]
    assert not any(at < 4 for at, _ in kinds)
    expected = [0.0, 0.0, 0.0, *(u_star(w) for w in path[3:])]
    np.testing.assert_allclose(trace.portraits["margin"], expected, atol=1e-12)
    apart = trace.portraits["basin"][3:, 0]
    assert (apart[:, 0] != apart[:, 1]).all()


def test_a_fold_is_an_attractor_lost() -> None:
    """o' = tanh(2 o + c) has two attractors for |c| < u*(2) = 0.5328; c is b2 - w4 under the quiet input -1."""
    model, task = ParityNet(), Parity(T=5)

    def column(c: float) -> Array:
        return np.array([0.0, 0.0, 0.0, 0.0, 0.0, 2.0, c])[:, None]

    watch, show = watched(model, task, column(0.0), every=1, portrait_every=1)
    for at, c in enumerate([0.0, 0.3, 0.53, 0.54, 0.7], start=1):
        look(watch, show, model, column(c), at)
    trace = watch.close()
    assert trace.portraits["attractors"][:, 1].tolist() == [2, 2, 2, 1, 1]
    lost = [event for event in trace.events if event.kind == RegionEventKind.ATTRACTOR_LOST]
    assert {event.presentation for event in lost} == {4}
    assert len(lost) == 2  # under each of the two quiet inputs


def test_parity_solved_by_hand_is_latched_in_the_phases_of_a_cycle() -> None:
    """h = u and o', o' xor u from h: under +1 the answer alternates, under -1 it stays."""
    model, task, s = ParityNet(), Parity(T=6), 4.0
    column = np.array([s, s, -s, -2 * s, s, s, -s])[:, None]
    watch, show = watched(model, task, column)
    look(watch, show, model, column, 10)
    trace = watch.close()
    rows = {name: values[0] for name, values in trace.rows(0).items()}
    assert rows["attractors"].tolist() == [1, 2]
    assert rows["basin"][0, 0] == rows["basin"][0, 1] >= 0
    assert sorted(rows["phase"][0]) == [0, 1]
    assert rows["basin"][1, 0] != rows["basin"][1, 1]
    assert [event.kind for event in trace.events] == [RegionEventKind.LATCHED]


@pytest.mark.parametrize("trials", [3, 35])
def test_a_watched_run_ends_with_the_same_bits(trials: int) -> None:
    given: dict[str, Any] = {"trials": trials, "max_presentations": 120, "rng": 5}
    plain = train(BackPropagation(), None, TwoSequence(T=8), **given)
    seen = train(BackPropagation(), None, TwoSequence(T=8), monitor=RegionMonitor(portrait_every=50), **given)
    assert plain.progress is not None
    assert seen.progress is not None
    np.testing.assert_array_equal(seen.progress.theta, plain.progress.theta)
    np.testing.assert_array_equal(seen.presentations, plain.presentations)
    np.testing.assert_array_equal(seen.error, plain.error)
    assert seen.trace is not None
    assert seen.trace.trials.tolist() == list(range(trials))
    for k in range(trials):
        assert seen.trace.rows(k)["presentation"][-1] == seen.presentations[k]
        assert seen.trace.rows(k)["presentation"][0] == 0


def test_threshold_nets_have_exact_attractors_and_no_gradient() -> None:
    model, task = Dense(3, units="threshold"), TwoSequence(T=8)
    theta = random_theta(model, 4, 1.0)
    trace, _ = one_portrait(model, task, theta)
    assert len(trace.looks["trial"]) == 0
    for k in range(4):
        exact, rows = analysis.finite_attractors(model.network(theta[:, k])), trace.rows(k)
        points = trace.rows(k, "points")
        assert rows["attractors"][0, 0] == len(exact)
        assert sorted(points["period"][points["stable"].astype(bool)]) == sorted(exact.periods)
        ends = exact.basin(rows["final"][0])
        if (rows["basin"][0] >= 0).all():
            assert (ends[0] == ends[1]) == (rows["basin"][0, 0, 0] == rows["basin"][0, 0, 1])


def threshold_bound(W: Array, x: Array) -> float:
    """The bound on inputs to the first unit of `a' = W tanh(a) + e_0 u` at x, and the slow way to its norm."""
    model = Dense(len(x))
    code, theta = encoded(model.cell(), before=True), np.concatenate([W.ravel(), model.constants])[:, None]
    w, case, P = weights(model.cell(), theta, np.zeros(1)), np.zeros(1, dtype=np.int64), np.empty((1, len(x), len(x)))
    known, found = np.empty(1, dtype=bool), np.empty(1)
    metrics(code, w, case, x[None], case + 1, case, P, known)
    J, power = W * (1.0 - np.tanh(x) ** 2), np.eye(len(x))
    total = np.zeros_like(J)
    for _ in range(3000):
        total, power = total + power.T @ power, J @ power
    np.testing.assert_allclose(P[0], total, rtol=1e-9)
    bounds(code, w, case, x[None], np.eye(len(x))[:1], P, known, found)
    return float(found[0])


def test_the_margin_of_several_units_is_a_lower_bound() -> None:
    rng = np.random.default_rng(0)
    W, B = np.array([[2.0, 0.3], [-0.2, 2.2]]), np.array([1.0, 0.0])
    network = dl.AdditiveNetwork(W, input_matrix=B[:, None])
    for x in analysis.fixed_points(network, rng=0).attractors.points:
        bound = threshold_bound(W, x)
        assert bound > 0.05
        pushed = bound * rng.choice([-1.0, 1.0], (100, 64, 1))
        pushed[:, 0], pushed[:, 1] = bound, -bound
        after = dl.trajectory(network, dl.trajectory(network, np.repeat(x[None], 64, 0), pushed)[-1], steps=200)[-1]
        np.testing.assert_allclose(after, np.broadcast_to(x, after.shape), atol=1e-9)
    assert 0.05 < threshold_bound(np.array([[2.0]]), np.array([1.915008])) <= u_star(2.0)


def test_the_flip_flop_has_a_margin_and_no_gradient() -> None:
    model, task = FlipFlopLatch(), Latch(T=10, std=0.0, half_width=0.4)
    theta = np.array([[2.0], *[[-1.0]] * 3, *[[1.0]] * 3])
    trials = [trial(0, seed, task, 4) for seed in seeds(0, 1)]
    show = pack(BackPropagation(eta=0.1), LatchNet(), trials, theta, 100).show
    watch = RegionMonitor().open(model, task, show.lanes)
    look(watch, show, model, theta, 10)
    trace = watch.close()
    assert len(trace.looks["trial"]) == 0
    assert trace.portraits["attractors"].tolist() == [[2]]
    assert trace.portraits["margin"][0] == pytest.approx(0.5)
    assert [event.kind for event in trace.events] == [RegionEventKind.LATCHED]
    assert "above the noise's half-width 0.4" in trace.summary()


def test_the_trace_is_a_table_that_can_be_saved_joined_and_drawn(tmp_path: Any) -> None:
    import matplotlib.pyplot as plt

    model, task = LatchNet(), Latch(T=10, std=0.0)
    watch, show = watched(model, task, latch_columns([0.5])[0], every=1, portrait_every=1)
    for at, column in enumerate(latch_columns([0.5, 0.7, 0.9]), start=1):
        look(watch, show, model, column, at)
    trace = watch.close()
    assert "never left the one-basin region: w stayed below 1" in trace.summary()
    loaded = dl.load(trace.save(tmp_path / "trace"))
    assert isinstance(loaded, RegionTrace)
    assert loaded.summary() == trace.summary()
    assert loaded.events == trace.events
    both = joined([trace, loaded])
    assert both is not None
    assert len(both.portraits["trial"]) == 6
    assert joined([]) is None
    axes = trace.plot_regions(0)
    assert axes.get_xlabel() == "self-connection w"
    plt.close("all")
    with pytest.raises(InvalidInput, match="no trial 7"):
        trace.rows(7)


def test_softmax_subnets_have_attractors_and_matrices_under_quiet_inputs() -> None:
    import matplotlib.pyplot as plt

    model, task = InputSubnets("two-states"), Parity(T=6)
    result = train(GeneralizedEM(), model, task, trials=2, rng=3, max_presentations=1_000, monitor=RegionMonitor())
    trace, quiet = result.trace, np.array([one.input for one in task.quiet_inputs])
    for trial_number, network in enumerate(result.networks):
        rows, looks = trace.rows(trial_number), trace.rows(trial_number, "looks")
        for q, u in enumerate(quiet):
            (a, b), (c, d) = network.matrix(u)  # of two states: a + c = b + d = 1
            assert rows["tau_1"][-1, q] == pytest.approx(abs(a - b), abs=1e-12)
            assert rows["abs_det"][-1, q] == pytest.approx(abs(a * d - b * c), abs=1e-12)
            assert rows["second_eigenvalue"][-1, q] == pytest.approx(abs(a + d - 1.0), abs=1e-12)
            if rows["second_eigenvalue"][-1, q] < 0.9:
                assert rows["attractors"][-1, q] == 1, "the one stationary distribution"
        assert np.isfinite(looks["log_norm"]).all()
        assert (looks["log_norm"] <= 0.5 * np.log(2.0)).all(), "stochastic matrices do not stretch differences"
    assert "tau_1 from" in trace.story(0)
    assert "attractors_most" in fates(trace)
    assert np.isfinite(fates(trace)["tau_last"]).all()
    assert [panel.get_ylabel() for panel in trace.plot_regions(0).figure.axes].count("τ₁") == 1
    plt.close("all")


def test_log_norm_of_softmax_subnets_is_gradient_decay() -> None:
    model, task = InputSubnets("two-chains"), TwoSequence(T=9)
    theta = random_theta(model, 3, 1.0)
    _, show = watched(model, task, theta)
    seen = SubnetView(model, task, show.lanes).gradient(theta, show, 10)
    for k in range(3):
        network, inputs = model.network(theta[:, k]), show.lanes.inputs[k, 0, : show.lanes.lengths[k, 0]]
        decay = analysis.gradient_decay(network, network.start, inputs, norm="fro")
        assert seen[0, k] == pytest.approx(decay.log_norms[-1], abs=1e-10)


def test_settings_are_checked() -> None:
    with pytest.raises(InvalidInput, match="portrait_every"):
        RegionMonitor(every=20, portrait_every=10)


def test_state_networks_record_what_their_matrices_keep():
    result = train(ExpectationMaximization(), None, Parity(T=8), trials=3, rng=2, monitor=RegionMonitor())
    for trial_number, network in enumerate(result.networks):
        rows = result.trace.rows(trial_number)
        assert rows["tau_1"][-1] == pytest.approx(network.tau_1(), abs=1e-12)
        assert rows["abs_det"][-1] == pytest.approx(network.abs_det(), abs=1e-12)
        assert rows["second_eigenvalue"][-1] == pytest.approx(np.abs(network.second_eigenvalue()), abs=1e-12)
        assert rows["presentation"][-1] == result.presentations[trial_number]
    assert "tau_1 from" in result.trace.story(0)
    assert len(result.plot_regions(trial=0).figure.axes) == 2
