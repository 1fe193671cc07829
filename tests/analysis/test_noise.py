"""Retention under noise: against formulas, plain simulation, mpmath, and the numbers of the papers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dynlatch as dl
from dynlatch import analysis
from dynlatch.analysis import Gaussian, RetentionOutcome, Uniform, feasibility_ceiling, retention, trade_off
from dynlatch.analysis.noise import monte_carlo, splitting
from dynlatch.analysis.scalar import scalar_latch, u_star
from dynlatch.errors import InvalidInput, NotAttracting

NEVER = {RetentionOutcome.SAFE, RetentionOutcome.MONOSTABLE, RetentionOutcome.NEGLIGIBLE, RetentionOutcome.SILENT}


def latch(w, bias=0.0, which=-1):
    return dl.LatchNeuron(w, bias=bias), np.array([scalar_latch(w, bias).attractors[which]])


def simulated(step, start, edge, draw, steps, paths=100_000):
    """Never above the edge lost, and above the edge at the end, with their standard error: the obvious way."""
    a, left = np.full(paths, start), np.zeros(paths, dtype=bool)
    for _ in range(steps):
        a = step(a) + draw(paths)
        left |= a < edge
    return 1.0 - left.mean(), (a > edge).mean(), 0.5 / math.sqrt(paths)


def test_the_numbers_of_the_two_definitions():
    net, up = latch(1.25)
    kept = retention(net, up, Gaussian.from_variance(0.2), 20)
    assert kept.outcome == RetentionOutcome.EXACT
    assert kept.survival[-1] == pytest.approx(0.2368, abs=5e-5)
    assert kept.returned[-1] == pytest.approx(0.5579, abs=5e-5)
    assert not kept.survival_errors.any()


def test_twelve_digits_against_one_rule_of_many_nodes():
    w, s, T = 1.5, 0.6, 6
    net, up = latch(w)
    x, weights = np.polynomial.legendre.leggauss(300)
    y, weights = 4.5 * (x + 1.0), 4.5 * weights
    K = np.exp(-0.5 * ((y - w * np.tanh(y)[:, None]) / s) ** 2) / (s * math.sqrt(2 * math.pi)) * weights
    row = np.exp(-0.5 * ((y - up[0]) / s) ** 2) / (s * math.sqrt(2 * math.pi)) * weights
    v = np.ones(len(y))
    for _ in range(T - 1):
        v = K @ v
    assert retention(net, up, Gaussian(s), T).survival[-1] == pytest.approx(row @ v, abs=1e-12)


def test_one_step_is_a_tail_of_the_normal_law():
    from scipy.special import ndtr

    net, up = latch(2.0)
    kept = retention(net, up, Gaussian(0.07), 1)
    assert kept.lost[1] == pytest.approx(ndtr(-up[0] / 0.07), rel=1e-11)
    assert kept.lost[1] < 1e-160
    assert kept.lost[1] == kept.away[1]


def test_the_rate_is_relatively_accurate_far_below_rounding():
    net, up = latch(2.0)
    rates = {s: retention(net, up, Gaussian(s), 10).escape_rate for s in (0.2, 0.1, 0.08)}
    assert rates[0.2] == pytest.approx(8.0265066833225e-15, rel=1e-10)
    assert rates[0.1] == pytest.approx(3.4769036358027e-55, rel=1e-10)
    assert rates[0.08] == pytest.approx(1.8616425889047e-85, rel=1e-9)
    assert -(0.1**2) * math.log(rates[0.1]) == pytest.approx(1.25396, abs=1e-5)


@pytest.mark.slow
def test_the_rate_against_many_digits():
    # A power iteration in 40 digits, where 1 - lambda by subtraction is no problem.
    mp = pytest.importorskip("mpmath")
    w, s, top, nodes = 2.0, 0.25, 3.9, 60
    with mp.workdps(40):
        x, _ = np.polynomial.legendre.leggauss(nodes)
        # nodes to 40 digits by one Newton step each
        xs, ws = [], []
        for x0 in x:
            z = mp.findroot(lambda t: mp.legendre(nodes, t), mp.mpf(float(x0)))
            d = nodes * (z * mp.legendre(nodes, z) - mp.legendre(nodes - 1, z)) / (z * z - 1)
            xs.append((z + 1) * top / 2)
            ws.append(2 / ((1 - z * z) * d * d) * top / 2)
        K = mp.matrix(nodes)
        for i in range(nodes):
            for j in range(nodes):
                K[i, j] = mp.npdf(xs[j], w * mp.tanh(xs[i]), s) * ws[j]
        v = mp.matrix([1] * nodes)
        for _ in range(60):
            v = K * v
            value, v = v[nodes - 1], v / v[nodes - 1]
        exact = float(1 - value)
    net, up = latch(w)
    assert retention(net, up, Gaussian(s), 5).escape_rate == pytest.approx(exact, rel=1e-8)


def test_mean_exit_time_against_a_linear_system_and_the_sum_of_survival():
    net, up = latch(1.25)
    kept = retention(net, up, Gaussian(0.5), 400)
    assert kept.mean_exit_time == pytest.approx(kept.survival[:-1].sum() + kept.survival[-1] / kept.escape_rate, rel=1e-11)
    assert kept.survival[-1] / kept.survival[-2] == pytest.approx(1.0 - kept.escape_rate, rel=1e-11)


@pytest.mark.parametrize("noise", [Gaussian(0.7), Uniform(1.1)])
@pytest.mark.parametrize(("w", "bias", "which"), [(2.0, 0.0, -1), (2.0, 0.3, 0), (1.3, -0.02, -1)])
def test_against_plain_simulation(noise, w, bias, which):
    net, start = latch(w, bias, which)
    kept = retention(net, start, noise, 8)
    rng, sign = np.random.default_rng(7), 1.0 if which else -1.0
    edge = sign * scalar_latch(w, bias).fixed_points[1]
    never, back, error = simulated(
        lambda a: w * np.tanh(a) + sign * bias, sign * start[0], edge, lambda size: noise.draw(rng, (size,)), 8
    )
    assert abs(kept.survival[-1] - never) < 4 * error
    assert abs(kept.returned[-1] - back) < 4 * error


@settings(max_examples=25, deadline=None)
@given(
    w=st.floats(1.05, 4.0),
    share=st.floats(-0.9, 0.9),
    std=st.floats(0.05, 2.0),
    steps=st.integers(1, 60),
    which=st.sampled_from([0, -1]),
)
def test_laws_of_probability(w, share, std, steps, which):
    net, start = latch(w, share * u_star(w), which)
    kept = retention(net, start, Gaussian(std), steps)
    assert kept.survival[0] == kept.returned[0] == 1.0
    assert np.all(np.diff(kept.survival) <= 1e-13)
    assert np.all(np.diff(kept.lost) >= 0.0)
    assert np.all(kept.returned >= kept.survival - 1e-13)
    assert np.all(np.abs(kept.survival + kept.lost - 1.0) <= 1e-13)
    assert np.all(np.abs(kept.returned + kept.away - 1.0) <= 1e-13)
    assert 0.0 <= kept.escape_rate <= 1.0
    mirror, other = latch(w, -share * u_star(w), 0 if which else -1)
    again = retention(mirror, other, Gaussian(std), steps)
    assert again.survival == pytest.approx(kept.survival, abs=1e-12)
    if kept.escape_rate > 0:
        assert again.escape_rate == pytest.approx(kept.escape_rate, rel=1e-8)


@pytest.mark.parametrize("w", [1.1, 2.0, 4.0])
def test_uniform_noise_never_escapes_up_to_u_star(w):
    net, up = latch(w)
    at = retention(net, up, Uniform(u_star(w)), 50)
    assert at.outcome == RetentionOutcome.SAFE
    assert np.all(at.survival == 1.0)
    assert at.escape_rate == 0.0
    assert at.mean_exit_time == math.inf
    through = retention(net, up, Uniform(2.0 * u_star(w)), 50, input_matrix=[[0.5]])
    assert through.outcome == RetentionOutcome.SAFE


def test_uniform_noise_just_above_u_star_is_astronomically_rare():
    net, up = latch(2.0)
    rare = retention(net, up, Uniform(0.6), 50)
    assert 0.0 < rare.escape_rate < 1e-15
    assert retention(net, up, Uniform(1.0), 50).escape_rate == pytest.approx(1.5231e-3, rel=1e-4)


def test_uniform_noise_that_is_too_short_of_time():
    # The finite horizon threshold: below it T steps do not suffice, exactly.
    from dynlatch.analysis.scalar import finite_horizon_threshold

    net, up = latch(2.0)
    h = finite_horizon_threshold(2.0, 4)
    assert retention(net, up, Uniform(0.999 * h), 4).lost[-1] == 0.0
    assert retention(net, up, Uniform(1.01 * h), 4).lost[-1] > 0.0


def test_other_coordinates_and_other_ways_in():
    net, up = latch(2.0)
    plain = retention(net, up, Gaussian(0.6), 12)
    elman = dl.ElmanNetwork([[2.0]], [[0.5]], [0.0])
    through = retention(elman, np.tanh(up), Gaussian(1.2), 12)
    assert through.survival == pytest.approx(plain.survival, abs=1e-12)
    # In outputs the noise reaches the activation through the weight.
    added = retention(elman, np.tanh(up), Gaussian(0.3), 12, input_matrix=[[1.0]])
    assert added.survival == pytest.approx(plain.survival, abs=1e-12)
    two = retention(net, up, Gaussian(0.6 / math.sqrt(2.0)), 12, input_matrix=[[1.0, -1.0]])
    assert two.survival == pytest.approx(plain.survival, abs=1e-12)


def test_a_plain_function_is_seen_to_be_additive():
    function = dl.FunctionMap(lambda a, u=None: 2.0 * np.tanh(a) + (0.0 if u is None else u), 1, 1)
    net, up = latch(2.0)
    seen = retention(function, up, Gaussian(0.5), 10)
    assert seen.outcome == RetentionOutcome.EXACT
    assert seen.survival == pytest.approx(retention(net, up, Gaussian(0.5), 10).survival, abs=1e-12)


def test_a_basin_of_several_intervals():
    # States around 4 are thrown down into the other basin: that of the upper attractor has a hole.
    def step(a, u=None):
        return 2.0 * np.tanh(a) - 3.0 * np.exp(-4.0 * (a - 4.0) ** 2) + (0.0 if u is None else u)

    map, up = dl.FunctionMap(step, 1, 1), latch(2.0)[1]
    kept = retention(map, up, Gaussian(0.8), 6)
    assert kept.outcome == RetentionOutcome.EXACT
    hole = 4.0 + np.array([-1.0, 1.0]) * math.sqrt(math.log(1.5) / 4.0)  # about where 2 - 3 exp(...) changes its sign
    rng, a = np.random.default_rng(2), np.full(100_000, up[0])
    left = np.zeros(len(a), dtype=bool)
    for _ in range(6):
        a = step(a) + 0.8 * rng.standard_normal(len(a))
        outside = (a < 0) | (np.abs(a - 4.0) < 0.5 * np.diff(hole)[0])
        left |= outside
    assert abs(kept.lost[-1] - left.mean()) < 0.008
    assert abs(kept.away[-1] - outside.mean()) < 0.008
    assert kept.lost[-1] > 1.05 * retention(*latch(2.0), Gaussian(0.8), 6).lost[-1]


def test_a_cycle_is_left_alone_where_nothing_else_attracts():
    net = dl.LatchNeuron(-2.0)
    a = scalar_latch(2.0).attractors[-1]
    assert retention(net, [[a], [-a]], Gaussian(1.0), 10).outcome == RetentionOutcome.MONOSTABLE


@pytest.mark.slow
def test_splitting_agrees_with_the_exact_value(monkeypatch):
    monkeypatch.setattr(splitting, "REPLICAS", 10)
    monkeypatch.setattr(splitting, "PATHS", 150)
    net, up = latch(2.0)
    exact = retention(net, up, Gaussian(0.45), 6)
    rough = retention(net, up, Gaussian(0.45), 6, method="splitting", rng=3)
    assert exact.lost[-1] < 2e-3
    assert 0.0 < rough.survival_errors[-1] < 0.4 * exact.lost[-1]
    assert abs(rough.lost[-1] - exact.lost[-1]) < 4.0 * rough.survival_errors[-1]
    assert abs(rough.away[-1] - exact.away[-1]) < 4.0 * rough.returned_errors[-1]


@pytest.mark.slow
def test_splitting_in_ten_dimensions():
    # Outside is where the sum of the outputs has changed its sign; the numbers are from long plain runs.
    net, up = dl.AdditiveNetwork(np.full((10, 10), 0.2)), np.full(10, scalar_latch(2.0).attractors[-1])
    for rng in range(2):
        rare = retention(net, up, Gaussian(0.8), 20, rng=rng)
        assert rare.method == "adaptive multilevel splitting"
        assert abs(rare.lost[-1] - 1.301e-3) < 4.0 * math.hypot(rare.survival_errors[-1], 0.029e-3)
    often = retention(net, up, Gaussian(1.0), 20, rng=0)
    assert often.method == "plain Monte-Carlo"
    assert abs(often.lost[-1] - 9.64e-2) < 4.0 * math.hypot(often.survival_errors[-1], 0.12e-2)


def test_the_same_seed_gives_the_same_bits(monkeypatch):
    monkeypatch.setattr(monte_carlo, "MOST", 3000)
    monkeypatch.setattr(monte_carlo, "LEAST", 3000)
    net, up = dl.AdditiveNetwork(np.full((4, 4), 0.5)), np.full(4, scalar_latch(2.0).attractors[-1])
    first, second = (retention(net, up, Gaussian(1.5), 5, rng=4, method="monte carlo") for _ in range(2))
    assert np.array_equal(first.survival, second.survival)
    assert first.lost[-1] > 0.05


def test_one_attractor_is_never_left():
    for net in (dl.LatchNeuron(0.5), dl.AdditiveNetwork(0.3 * np.eye(4))):
        kept = retention(net, np.zeros(net.dim), Gaussian(3.0), 7)
        assert kept.outcome == RetentionOutcome.MONOSTABLE
        assert np.all(kept.survival == 1.0)
    biased = dl.LatchNeuron(2.0, bias=0.7)
    assert retention(biased, analysis.fixed_points(biased).points[0], Gaussian(1.0), 7).outcome == RetentionOutcome.MONOSTABLE


def test_noise_of_zero_width_is_silence():
    net, up = latch(2.0)
    for noise in (Gaussian(0.0), Uniform(0.0)):
        kept = retention(net, up, noise, 5)
        assert kept.outcome == RetentionOutcome.SILENT
        assert "zero width" in kept.summary()


def test_bad_input_is_refused():
    net, up = latch(2.0)
    with pytest.raises(InvalidInput, match=r"analysis\.Gaussian"):
        retention(net, up, 0.2, 10)
    with pytest.raises(InvalidInput, match="must not be negative"):
        Gaussian(-1.0)
    with pytest.raises(InvalidInput, match="finite"):
        Uniform(math.nan)
    with pytest.raises(InvalidInput, match="at least 1"):
        retention(net, up, Gaussian(0.2), 0)
    with pytest.raises(NotAttracting, match="multiplier of modulus 2"):
        retention(net, [0.0], Gaussian(0.2), 10)
    with pytest.raises(InvalidInput, match="`method` must be one of"):
        retention(net, up, Gaussian(0.2), 10, method="guess")
    with pytest.raises(InvalidInput, match="one dimension"):
        retention(dl.AdditiveNetwork(2.0 * np.eye(4)), np.full(4, up[0]), Gaussian(0.2), 10, method="nystroem")


def test_the_ceiling_of_the_papers_task():
    deviation = [feasibility_ceiling(1.25, Gaussian(0.2), T) for T in (10, 20, 40, 80)]
    assert deviation == pytest.approx([0.993, 0.948, 0.865, 0.742], abs=5e-4)
    variance = [feasibility_ceiling(1.25, Gaussian.from_variance(0.2), T) for T in (5, 10, 20, 40)]
    assert variance == pytest.approx([0.976, 0.785, 0.594, 0.510], abs=5e-4)
    assert feasibility_ceiling(2.0, Uniform(u_star(2.0)), 100) == 1.0
    assert feasibility_ceiling(1.25, Gaussian(0.2), 3) == 1.0
    with pytest.raises(InvalidInput, match="`steps`"):
        feasibility_ceiling(1.25, Gaussian(0.2), 2)


def test_the_trade_off():
    both = trade_off(Gaussian(0.5), 100, w=[1.25, 2.0, 4.0])
    assert np.all(np.diff(both.survival) > 0)
    assert np.all(np.diff(both.horizons) < 0)
    assert both.thresholds[1] == u_star(2.0)
    slope = 2.0 / math.cosh(scalar_latch(2.0).attractors[-1]) ** 2
    assert both.horizons[1] == pytest.approx(-1.0 / math.log(slope), rel=1e-12)
    with pytest.raises(InvalidInput, match="above 1"):
        trade_off(Gaussian(0.5), 100, w=[0.5, 2.0])


def test_records_print_draw_and_come_back(tmp_path, monkeypatch):
    monkeypatch.setattr(monte_carlo, "MOST", 3000)
    monkeypatch.setattr(monte_carlo, "LEAST", 3000)
    net, up = latch(2.0)
    records = [
        retention(net, up, Gaussian(0.5), 20),
        retention(net, up, Gaussian(0.1), 20),
        retention(net, up, Uniform(0.5), 20),
        retention(net, up, Gaussian(1.0), 5, method="monte carlo", rng=0),
        trade_off(Gaussian(0.5), 20, w=[1.5, 2.0]),
    ]
    for k, record in enumerate(records):
        again = dl.load(record.save(tmp_path / str(k)))
        assert again.summary() == record.summary()
        assert again.noise == record.noise
        assert record.plot().get_ylabel()


def test_splitting_of_a_few_paths_is_right_within_its_errors(monkeypatch):
    monkeypatch.setattr(splitting, "REPLICAS", 8)
    monkeypatch.setattr(splitting, "PATHS", 100)
    net, up = latch(2.0)
    exact = retention(net, up, Gaussian(0.7), 4)
    rough = retention(net, up, Gaussian(0.7), 4, method="splitting", rng=5)
    assert rough.method == "adaptive multilevel splitting"
    assert 0.0 < rough.survival_errors[-1] < 0.5 * exact.lost[-1]
    assert abs(rough.lost[-1] - exact.lost[-1]) < 4.0 * rough.survival_errors[-1]
    assert abs(rough.away[-1] - exact.away[-1]) < 4.0 * rough.returned_errors[-1]


def test_frequent_escapes_need_no_splitting(monkeypatch):
    """Four uncoupled neurons keep their bits independently."""
    monkeypatch.setattr(monte_carlo, "MOST", 8000)
    net, up = dl.AdditiveNetwork(2.0 * np.eye(4)), np.full(4, latch(2.0)[1][0])
    kept = retention(net, up, Gaussian(1.2), 3, rng=0)
    assert kept.method == "plain Monte-Carlo"
    one = retention(*latch(2.0), Gaussian(1.2), 3)
    assert abs(kept.survival[-1] - one.survival[-1] ** 4) < 4.0 * kept.survival_errors[-1]
    assert abs(kept.returned[-1] - one.returned[-1] ** 4) < 4.0 * kept.returned_errors[-1]


def test_two_neurons_by_their_cells_keep_their_bits_independently():
    net, up = dl.AdditiveNetwork(2.0 * np.eye(2)), np.full(2, latch(2.0)[1][0])
    kept = retention(net, up, Gaussian(0.6), 4)
    assert kept.method == "transfer operator on cells"
    one = retention(*latch(2.0), Gaussian(0.6), 4)
    np.testing.assert_allclose(kept.survival, one.survival**2, atol=1e-4)
    np.testing.assert_allclose(kept.returned, one.returned**2, atol=1e-4)


def test_paths_of_which_none_leaves_say_so(monkeypatch):
    monkeypatch.setattr(monte_carlo, "MOST", 200)
    monkeypatch.setattr(monte_carlo, "LEAST", 200)
    kept = retention(*latch(2.0), Gaussian(0.01), 5, method="monte carlo", rng=0)
    assert kept.outcome == RetentionOutcome.UNSEEN
    assert kept.lost.max() == 0.0
    assert kept.survival_errors[-1] == 1.0 / 200


def test_where_all_paths_leave_at_once_the_hazard_is_one():
    assert monte_carlo._hazard(np.array([50.0, 0.0, 0.0]), 1) == (1.0, 1.0 / 50.0)


def test_a_law_is_scaled_with_its_noise():
    assert Uniform(0.5).scaled(3.0) == Uniform(1.5)


@pytest.mark.parametrize(
    ("map", "at", "noise", "method", "says"),
    [
        (dl.LatchNeuron(2.0), [1.9150080481545302], Gaussian(0.2), "cells", "two or three dimensions"),
        # Two inputs of one unit: their sum is not uniform.
        (
            dl.AdditiveNetwork([[2.0]], input_matrix=[[1.0, 1.0]]),
            [1.9150080481545302],
            Uniform(0.2),
            "nystroem",
            "Uniform noise",
        ),
        # a' = a / 2 + a^3: noise that carries the state beyond 1 / sqrt 2 sends it to infinity.
        (
            dl.FunctionMap(lambda a, u: 0.5 * a + a**3 + (0.0 if u is None else u), 1, 1),
            [0.0],
            Gaussian(0.2),
            "nystroem",
            "FunctionMap",
        ),
    ],
)
def test_a_method_that_does_not_apply_is_refused(map, at, noise, method, says):
    with pytest.raises(InvalidInput, match=says):
        retention(map, at, noise, 5, method=method)
