"""Numbers at the ends of what float64 holds: few digits, denormals, weights of 1e8, w = 1 + 1e-10, a million steps.

What decides is the distance to the exact result (mpmath), not the residual: at w = 1 + 1e-10 every point between the fixed
points has a residual below 1e-14, and at weights of 1e8 a residual of 1e-8 is the rounding of one sum.
"""

from __future__ import annotations

import mpmath as mp
import numpy as np
import oracles_exact as exact
import pytest

import dynlatch as dl
from dynlatch import analysis
from dynlatch.analysis import Gaussian, RetentionOutcome, Uniform, retention, scalar

EPS = 2.0**-52
TINY = 5e-324  # the least number of float64
HUGE = 1e8 * np.array([[2.0, 0.5], [-0.5, 2.0]])
CLOSE = 1.0 + 1e-10
MILLION = 10**6


def exact_step(W, a, bias=None):
    """`W tanh(a) + c` at 50 digits."""
    with mp.workdps(exact.DIGITS):
        x = [mp.tanh(mp.mpf(float(v))) for v in a]
        return [mp.fsum(mp.mpf(float(w)) * v for w, v in zip(row, x, strict=True)) for row in W]


def exact_fixed_point(W, start):
    """The fixed point of `W tanh(a)` near `start`, by Newton's method at 50 digits."""
    with mp.workdps(exact.DIGITS):
        found = mp.findroot(lambda *a: [s - v for s, v in zip(steps(W, a), a, strict=True)], [mp.mpf(float(v)) for v in start])
        return [found[k] for k in range(len(start))] if len(start) > 1 else [found]


def steps(W, a):
    return [mp.fsum(mp.mpf(float(w)) * mp.tanh(v) for w, v in zip(row, a, strict=True)) for row in W]


def distance(points, W):
    """The largest difference of each row to the exact fixed point there."""
    with mp.workdps(exact.DIGITS):
        pairs = [(point, exact_fixed_point(W, point)) for point in points]
        return [float(max(abs(mp.mpf(float(x)) - y) for x, y in zip(*pair, strict=True))) for pair in pairs]


def shapes(gates, n=3, m=2):
    return (gates * n, m), (gates * n, n), (gates * n,), (gates * n,)


MAKERS = {
    "additive": (lambda W, b, B: dl.AdditiveNetwork(W, b, input_matrix=B), ((3, 3), (3,), (3, 2))),
    "leaky": (lambda W, b, B: dl.LeakyNetwork(W, 0.5, b, input_matrix=B), ((3, 3), (3,), (3, 2))),
    "elman": (lambda W, U, b: dl.ElmanNetwork(W, U, b), ((3, 3), (3, 2), (3,))),
    "gru": (dl.GRU, shapes(3)),
    "lstm": (dl.LSTM, shapes(4)),
}


@pytest.mark.parametrize("kind", MAKERS)
def test_float32_is_taken_for_the_numbers_that_it_holds(kind):
    rng = np.random.default_rng(0)
    make, sizes = MAKERS[kind]
    short = [rng.standard_normal(size).astype(np.float32) for size in sizes]
    net, wide = make(*short), make(*(part.astype(np.float64) for part in short))
    a, u = rng.standard_normal((5, net.dim)).astype(np.float32), rng.standard_normal((5, 2)).astype(np.float32)
    for ours, theirs in [
        (net.step(a, u), wide.step(a.astype(float), u.astype(float))),
        (net.jacobian(a, u), wide.jacobian(a.astype(float), u.astype(float))),
        (dl.trajectory(net, a[0], u), dl.trajectory(wide, a[0].astype(float), u.astype(float))),
        (
            analysis.gradient_decay(net, a[0], u).log_norms,
            analysis.gradient_decay(wide, a[0].astype(float), u.astype(float)).log_norms,
        ),
    ]:
        assert ours.dtype == np.float64
        np.testing.assert_array_equal(ours, theirs)


def test_verbs_on_float32_weights_are_those_of_the_widened_weights():
    W = np.array([[1.7, 0.3], [0.2, 1.6]], dtype=np.float32)
    short, wide = dl.AdditiveNetwork(W), dl.AdditiveNetwork(W.astype(float))
    ours, theirs = (analysis.fixed_points(net, rng=0) for net in (short, wide))
    np.testing.assert_array_equal(ours.points, theirs.points)
    np.testing.assert_array_equal(ours.errors, theirs.errors)
    at = ours.attractors[-1].point
    assert analysis.escape_threshold(short, at).upper == analysis.escape_threshold(wide, at).upper
    # An attractor in few digits is polished: the threshold has all of them.
    coarse = analysis.escape_threshold(dl.LatchNeuron(2.0), np.float32([scalar.fixed_points(2.0)[-1]]))
    assert coarse.upper == pytest.approx(scalar.u_star(2.0), rel=1e-12)


@pytest.mark.parametrize("w", [TINY, 1e-310, 1e-300])
def test_denormal_weights(w):
    net = dl.LatchNeuron(w)
    found = analysis.fixed_points(net, rng=0)
    assert found.completeness == "proved"
    assert found.points.tolist() == [[0.0]]
    expected = np.arange(1, 1001) * np.log(w)
    np.testing.assert_allclose(analysis.gradient_decay(net, [0.0], steps=1000).log_norms, expected, rtol=1e-12)


def test_denormal_couplings_change_nothing():
    net = dl.AdditiveNetwork([[2.0, 1e-310], [TINY, 2.0]])
    found = analysis.fixed_points(net, rng=0)
    assert (len(found.points), found.completeness, found.index_sum) == (9, "proved", 1)
    bracket = analysis.escape_threshold(net, found.attractors[-1].point)
    assert bracket.lower <= scalar.u_star(2.0) * (1 + 4 * EPS)
    assert bracket.upper == pytest.approx(scalar.u_star(2.0), rel=1e-12)


def test_denormal_states_grow_at_the_exact_rate():
    net = dl.LatchNeuron(2.0)
    assert np.abs(analysis.gradient_decay(net, [TINY], steps=1000).log_norms - np.arange(1, 1001) * np.log(2)).max() < 1e-10
    states = dl.trajectory(net, [TINY], steps=1200)[:, 0]
    np.testing.assert_array_equal(states[:1000], TINY * 2.0 ** np.arange(1000))
    assert states[-1] == pytest.approx(scalar.fixed_points(2.0)[-1], rel=1e-15)


def test_denormal_bias_and_noise():
    net = dl.LatchNeuron(2.0, bias=1e-310)
    found = analysis.fixed_points(net, rng=0).points[:, 0]
    assert found[1] == pytest.approx(-1e-310, rel=1e-12)
    assert analysis.escape_threshold(net, found[-1:]).upper == pytest.approx(scalar.u_star(2.0), rel=1e-12)
    assert retention(net, found[-1:], Gaussian(1e-310), 3).outcome == RetentionOutcome.NEGLIGIBLE
    assert retention(net, found[-1:], Uniform(1e-310), 3).outcome == RetentionOutcome.SAFE


def test_weights_of_1e8_forward_error_of_a_step():
    rng = np.random.default_rng(1)
    W, a = 1e8 * rng.standard_normal((6, 6)), 10.0 ** rng.uniform(-12, 1, 6)
    net = dl.AdditiveNetwork(W)
    ours, lo_hi = net.step(a), net.enclose(a, a)
    size = np.abs(W) @ np.abs(np.tanh(a))
    for i, true in enumerate(exact_step(W, a)):
        assert abs(mp.mpf(float(ours[i])) - true) <= 8 * EPS * size[i]
        assert mp.mpf(float(lo_hi[0][i])) <= true <= mp.mpf(float(lo_hi[1][i]))


def test_weights_of_1e8_forward_errors_of_the_fixed_points():
    found = analysis.fixed_points(dl.AdditiveNetwork(HUGE), rng=0)
    assert (len(found.points), found.completeness, found.index_sum) == (9, "proved", 1)
    true = np.array(distance(found.points, HUGE))
    assert np.all(true <= found.errors)
    assert np.all(true <= 8 * EPS * np.abs(HUGE).sum(axis=1).max())
    assert np.any(found.residuals > 1e-10)  # a residual says nothing here


def test_weights_of_1e8_spectrum_and_growth():
    net = dl.AdditiveNetwork(HUGE)
    eigenvalues = analysis.stability(net, np.zeros(2)).eigenvalues
    np.testing.assert_allclose(sorted(eigenvalues, key=np.imag), [2e8 - 5e7j, 2e8 + 5e7j], rtol=1e-14)
    decay = analysis.gradient_decay(net, np.zeros(2), steps=1000)
    assert decay.log_norms[-1] == pytest.approx(1000 * np.log(1e8 * np.hypot(2.0, 0.5)), rel=1e-13)


@pytest.mark.slow
def test_weights_of_1e8_bracket_of_the_threshold():
    net = dl.AdditiveNetwork(HUGE)
    at = analysis.fixed_points(net, rng=0).attractors[-1].point
    bracket = analysis.escape_threshold(net, at, rng=0)
    assert 0.9e8 < bracket.lower <= bracket.upper < 2.6e8


@pytest.mark.parametrize("norm", [1, 2, np.inf, "fro"])
@pytest.mark.parametrize("w", [20.0, 190.0, 300.0])
def test_saturated_slopes_keep_their_digits(w, norm):
    """From 1e-154 on the square of a slope is below float64; its logarithm is not."""
    found = analysis.gradient_decay(dl.LatchNeuron(w), [scalar.fixed_points(w)[-1]], steps=10, norm=norm).log_norms
    np.testing.assert_allclose(found, np.arange(1, 11) * float(exact.log_slope(w)), rtol=1e-12)


def test_a_step_that_grows_beyond_float64_when_squared():
    found = analysis.gradient_decay(dl.AdditiveNetwork(1e200 * np.eye(2)), np.zeros(2), steps=10).log_norms
    np.testing.assert_allclose(found, np.arange(1, 11) * 200 * np.log(10), rtol=1e-13)


def test_a_slope_below_float64_is_called_zero_and_not_nan():
    # w sech(w)^2 is 1e-173717792 at w = 2e8: no double holds it, and the logarithm is minus infinity from the first step.
    found = analysis.gradient_decay(dl.LatchNeuron(1e8), [1e8], steps=3).log_norms
    assert found.tolist() == [-np.inf] * 3


def test_just_above_the_threshold_of_latching_forward_errors():
    found = analysis.fixed_points(dl.LatchNeuron(CLOSE), rng=0)
    assert (len(found.points), found.completeness) == (3, "proved")
    true = exact.attractor(CLOSE)
    error = abs(mp.mpf(float(found.points[-1, 0])) - true)
    assert error <= found.errors[-1]
    assert error <= 1e-11 * true
    assert (
        abs(1.2 * found.points[-1, 0] - CLOSE * np.tanh(1.2 * found.points[-1, 0])) < 1e-14
    )  # far off, the residual is small too


def test_just_above_the_threshold_of_latching_in_two_units():
    W = CLOSE * np.eye(2)
    found = analysis.fixed_points(dl.AdditiveNetwork(W), rng=0)
    true = exact.attractor(CLOSE)
    if found.completeness == "proved":
        assert len(found.points) == 9
    largest = float(np.abs(found.points).max())
    assert abs(mp.mpf(largest) - true) <= max(found.errors.max(), 1e-11 * true)


def test_just_above_the_threshold_of_latching_gradients_and_retention():
    net, at = dl.LatchNeuron(CLOSE), [scalar.fixed_points(CLOSE)[-1]]
    found = analysis.gradient_decay(net, at, steps=100).log_norms
    # Every factor is 1 - 2e-10 to the rounding of one number.
    assert np.abs(found - np.arange(1, 101) * float(exact.log_slope(CLOSE))).max() <= 2 * EPS * 100
    assert retention(net, at, Gaussian(0.3), 2).survival[-1] == pytest.approx(float(exact.survival(CLOSE, 0.3, 2)), rel=1e-11)


@pytest.mark.slow
def test_a_million_steps_of_gradient():
    net, at = dl.LatchNeuron(2.0), [scalar.fixed_points(2.0)[-1]]
    found = analysis.gradient_decay(net, at, steps=MILLION).log_norms
    assert found[-1] == pytest.approx(MILLION * float(exact.log_slope(2.0)), rel=1e-11)
    matrix = [[0.5, 10.0], [0.0, 0.5]]
    linear = analysis.gradient_decay(dl.AdditiveNetwork(matrix, activation="linear"), np.zeros(2), steps=MILLION)
    assert linear.log_norms[-1] == pytest.approx(float(exact.log_norm_of_power(matrix, MILLION)), rel=1e-11)


@pytest.mark.slow
def test_a_million_steps_of_states_and_exponents():
    net, at = dl.LatchNeuron(2.0), [scalar.fixed_points(2.0)[-1]]
    assert abs(dl.trajectory(net, at, steps=MILLION)[-1, 0] - at[0]) <= 4 * EPS
    assert analysis.lyapunov_exponents(net, at, steps=MILLION)[0] == pytest.approx(float(exact.log_slope(2.0)), rel=1e-11)


@pytest.mark.slow
def test_a_million_steps_of_noise_and_of_credit():
    net, at = dl.LatchNeuron(1.25), [scalar.fixed_points(1.25)[-1]]
    kept = retention(net, at, Gaussian(0.1), MILLION)
    law = kept.survival[1000] * np.exp((MILLION - 1000) * np.log1p(-kept.escape_rate))
    assert kept.survival[-1] == pytest.approx(law, rel=1e-7)
    chain = dl.StateNetwork([[[0.9, 0.25], [0.1, 0.75]]], thresholds=[])
    spread = analysis.credit_diffusion(chain, steps=MILLION).log_dobrushin[-1]
    assert spread == pytest.approx(float(exact.chain_distance(0.9, 0.25, MILLION)), rel=1e-10)
