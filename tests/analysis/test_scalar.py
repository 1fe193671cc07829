"""The one-dimensional theory against 50-digit arithmetic, brute-force simulation and the published table."""

from __future__ import annotations

import math
import time
from itertools import pairwise

import mpmath as mp
import numpy as np
import pytest
from oracles_exact import halved

import dynlatch as dl
from dynlatch.analysis import scalar
from dynlatch.analysis import scalar_kernels as kernels
from dynlatch.analysis.scalar import LatchOutcome, ScalarLatch, scalar_latch
from dynlatch.errors import InvalidInput

DIGITS = 50
EXCESSES = [10.0**k for k in range(-12, 7)] + [0.037, 0.5, 3.0]
CORNERS = [1.0 + e for e in EXCESSES]


def close(value: float, exact: mp.mpf, rel: float = 1e-12) -> bool:
    # Below the smallest normal number float64 itself has fewer digits.
    return abs(mp.mpf(value) - exact) <= rel * abs(exact) + mp.mpf(2) ** -1022


class Exact:
    """The tanh latch at 50 digits, from the literal formulas."""

    def __init__(self, w: float, c: float = 0.0) -> None:
        self.w, self.c = mp.mpf(w), mp.mpf(c)
        self.a_c = mp.atanh(mp.sqrt(1 - 1 / self.w))
        self.u_star = mp.sqrt(self.w * (self.w - 1)) - self.a_c

    def rise(self, a):
        return self.w * mp.tanh(a) - a + self.c

    def slope(self, a):
        return self.w / mp.cosh(a) ** 2

    def fixed_points(self):
        far = self.w + abs(self.c) + 1
        below, above = self.c < self.u_star, self.c > -self.u_star
        low = [halved(self.rise, -far, -self.a_c)] if below else []
        mid = [halved(self.rise, -self.a_c, self.a_c)] if below and above else []
        high = [halved(self.rise, self.a_c, far)] if above else []
        return low + mid + high


@pytest.mark.parametrize("w", CORNERS)
def test_closed_forms_to_12_digits(w):
    with mp.workdps(DIGITS):
        exact = Exact(w)
        assert close(scalar.critical_point(w), exact.a_c)
        assert close(scalar.u_star(w), exact.u_star)
        points = exact.fixed_points()
        latch = scalar_latch(w)
        assert latch.fixed_points[1] == 0.0
        assert close(latch.fixed_points[0], points[0])
        assert close(latch.fixed_points[2], points[2])
        assert close(latch.slopes[0], exact.slope(points[0]))
        assert close(latch.slopes[1], exact.w)


@pytest.mark.parametrize("w", CORNERS[::2])
@pytest.mark.parametrize("share", [0.3, -0.7, 0.9, 2.5, -40.0])
def test_fixed_points_with_bias_to_12_digits(w, share):
    c = share * scalar.u_star(w)
    with mp.workdps(DIGITS):
        exact = Exact(w, c).fixed_points()
        ours = scalar.fixed_points(w, c)
        assert len(ours) == len(exact) == (3 if abs(share) < 1 else 1)
        assert all(close(a, x) for a, x in zip(ours, exact, strict=True))


@pytest.mark.parametrize("w", [1e-3, 0.5, 1.0 - 1e-12, 1.0])
@pytest.mark.parametrize("c", [1e-200, 1e-9, -0.3, 50.0])
def test_fixed_point_below_the_threshold_of_latching(w, c):
    with mp.workdps(DIGITS):
        far = 2 + 2 * abs(mp.mpf(c))
        exact = halved(lambda a: mp.mpf(w) * mp.tanh(a) - a + mp.mpf(c), -far, far)
        if abs(c) < 1e-100:  # halving does not reach it: the first term of the series does
            exact = mp.cbrt(3 * mp.mpf(c)) if w == 1.0 else mp.mpf(c) / (1 - mp.mpf(w))
        (ours,) = scalar.fixed_points(w, c)
        assert close(ours, exact)


@pytest.mark.parametrize("distance", [1e-4, 1e-8, 1e-12])
@pytest.mark.parametrize("w", [1.001, 2.0, 50.0])
def test_error_near_the_fold_is_what_the_docstring_says(w, distance):
    u = scalar.u_star(w)
    c = u * (1.0 - distance)
    with mp.workdps(DIGITS):
        exact = Exact(w, c)
        for ours, point in zip(scalar.fixed_points(w, c), exact.fixed_points(), strict=True):
            bound = 2 * kernels.EPS * u / abs(1 - exact.slope(point)) + 4 * kernels.EPS * abs(point)
            assert abs(ours - point) <= bound
        assert abs(scalar.thresholds(w, c)[0] - (exact.u_star - exact.c)) <= 4 * kernels.EPS * u


# w, u*, a_c, abar, slope: section 2.6 of the reference table, six decimals
TABLE = [
    (1.05, 0.007345, 0.221784, 0.389241, 0.905706),
    (1.1, 0.020481, 0.311181, 0.553235, 0.821756),
    (1.25, 0.077805, 0.481212, 0.888015, 0.619144),
    (1.5, 0.207546, 0.658479, 1.287839, 0.394313),
    (1.75, 0.362244, 0.783400, 1.617441, 0.255076),
    (2.0, 0.532840, 0.881374, 1.915008, 0.166372),
    (2.5, 0.904773, 1.031719, 2.464060, 0.071364),
    (3.0, 1.303274, 1.146216, 2.984705, 0.030513),
    (4.0, 2.147144, 1.316958, 3.997303, 0.005393),
]


@pytest.mark.parametrize(("w", "u", "a_c", "abar", "slope"), TABLE)
def test_published_values(w, u, a_c, abar, slope):
    latch = scalar_latch(w)
    ours = [latch.thresholds[1], latch.critical_points[1], latch.fixed_points[2], latch.slopes[2]]
    np.testing.assert_allclose(ours, [u, a_c, abar, slope], rtol=0, atol=5.1e-7)


def test_u_star_of_two_prints_as_in_the_reference():
    assert repr(scalar.u_star(2.0)) == "0.532839975353552"


def test_closed_form_from_the_critical_point_symbolically():
    import sympy as sp

    w = sp.symbols("w", positive=True)
    a = sp.symbols("a", real=True)
    a_c = sp.atanh(sp.sqrt(1 - 1 / w))
    gain = w * sp.tanh(a) - a
    assert sp.simplify(sp.diff(gain, a).subs(a, a_c)) == 0
    closed = sp.sqrt(w * (w - 1)) - sp.atanh(sp.sqrt(1 - 1 / w))
    assert sp.simplify((gain.subs(a, a_c) - closed).subs(w, w + 1)) == 0
    assert float(closed.subs(w, 2).evalf(30)) == pytest.approx(scalar.u_star(2.0), rel=1e-15)


@pytest.mark.parametrize("w", [4.0 + 1e-9, 4.5, 5.0, 8.0, 40.0, 4e5])
def test_logistic_window(w):
    with mp.workdps(DIGITS):
        big = mp.mpf(w)
        root = mp.sqrt(1 - 4 / big)
        lo, hi = ((lambda s: mp.log(s / (1 - s)) - big * s)((1 + sign * root) / 2) for sign in (1, -1))
        assert close(scalar.bistability_window(w, "logistic")[0], lo)
        assert close(scalar.bistability_window(w, "logistic")[1], hi)
        assert close(scalar.half_width(w, "logistic"), (hi - lo) / 2)
    assert scalar.half_width(w, "logistic") == 2 * scalar.u_star(w / 4)


@pytest.mark.parametrize("share", [0.0, 0.6, -0.9, 1.5])
@pytest.mark.parametrize("w", [4.2, 6.0, 30.0])
def test_logistic_fixed_points_slopes_and_thresholds(w, share):
    half = scalar.half_width(w, "logistic")
    c = -0.5 * w + share * half
    latch = scalar_latch(w, c, "logistic")
    neuron = dl.LatchNeuron(w, c, "logistic")
    points = np.array(latch.fixed_points)[:, None]
    np.testing.assert_allclose(neuron.step(points), points, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(neuron.jacobian(points)[:, 0, 0], latch.slopes, rtol=1e-12)
    assert len(points) == (3 if abs(share) < 1 else 1)
    centred = c + 0.5 * w
    expected = (half - centred, half + centred) if abs(share) < 1 else (math.inf, math.inf)
    assert latch.thresholds == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("w", [1.2, 2.0, 7.0])
def test_thresholds_with_bias_are_shifted(w):
    u = scalar.u_star(w)
    for c in (0.0, 0.4 * u, -0.8 * u):
        assert scalar.thresholds(w, c) == (u - c, u + c)
        assert scalar.thresholds(w, -c) == scalar.thresholds(w, c)[::-1]
    assert scalar.thresholds(w, 1.01 * u) == scalar.thresholds(w, -1.01 * u) == (math.inf, math.inf)
    assert scalar.thresholds(w, u) == (0.0, 2 * u)
    assert scalar.bistability_window(w) == (-u, u)


def steps_to_switch(w: float, u: float, start: float, most: int) -> int | None:
    a = start
    for t in range(1, most + 1):
        a = w * math.tanh(a) + u
        if a > 0:
            return t
    return None


def test_switching_near_u_star_by_brute_force():
    # Section 2.6 of the reference, which numbers the first step 0.
    bottom = float(scalar.fixed_points(2.0)[0])
    assert steps_to_switch(2.0, 0.53283, bottom, 20_000) is None
    reference = {0.5329: 479, 0.533: 292, 0.54: 41, 0.6: 11, 1.0: 2}
    assert {u: steps_to_switch(2.0, u, bottom, 20_000) - 1 for u in reference} == reference


@pytest.mark.parametrize("share", [0.5, -0.6])
def test_biased_threshold_separates_safe_from_lost_in_simulation(share):
    c = share * scalar.u_star(1.5)
    lower, upper = scalar.thresholds(1.5, c)
    points = scalar.fixed_points(1.5, c)
    for start, threshold, sign in ((points[0], lower, 1.0), (points[2], upper, -1.0)):
        for factor, lost in ((0.999, False), (1.001, True)):
            a = start
            for _ in range(5_000):
                a = 1.5 * math.tanh(a) + c + sign * factor * threshold
            assert bool(sign * (a - points[1]) > 0) is lost


def brute_horizon(w: float, steps: int, c: float, upper: bool) -> mp.mpf:
    """Bisection on the pushed orbit at 50 digits."""
    exact = Exact(w, c)
    low, saddle, high = exact.fixed_points()
    start, sign = (high, 1) if upper else (low, -1)

    def missing(b):
        a = start
        for _ in range(steps):
            a = exact.w * mp.tanh(a) + exact.c - sign * b
        return sign * (a - saddle)

    return halved(missing, mp.mpf(0), 2 * sign * (start - saddle), halvings=64)


@pytest.mark.parametrize("steps", [1, 2, 5, 20])
@pytest.mark.parametrize(("w", "share"), [(2.0, 0.0), (1.0 + 1e-6, 0.5), (1.3, -0.7), (200.0, 0.2), (1e5, -0.95)])
def test_finite_horizon_to_12_digits(w, share, steps):
    c = share * scalar.u_star(w)
    for attractor in ("upper", "lower"):
        with mp.workdps(DIGITS):
            exact = brute_horizon(w, steps, c, attractor == "upper")
            assert close(scalar.finite_horizon_threshold(w, steps, c, attractor), exact)


def test_finite_horizon_at_a_thousand_steps_to_12_digits():
    # 13.876 is the reference's (u*_T - u*) T^2 at T = 1000; the 50-digit orbits on either side decide the digits.
    b = scalar.finite_horizon_threshold(2.0, 1000)
    assert (b - scalar.u_star(2.0)) * 1e6 == pytest.approx(13.876, abs=5e-4)
    with mp.workdps(DIGITS):
        start = Exact(2.0).fixed_points()[2]
        for factor, crossed in ((1 - mp.mpf(10) ** -12, False), (1 + mp.mpf(10) ** -12, True)):
            a = start
            for _ in range(1000):
                a = 2 * mp.tanh(a) - factor * mp.mpf(b)
            assert (a < 0) is crossed


@pytest.mark.parametrize("w", [1.2, 2.0, 20.0])
def test_finite_horizon_law(w):
    """u*_T - u* ~ pi^2 / (T^2 sqrt(1 - 1/w)): the ratio tends to 1 like 1/T, so its extrapolation is 1 to O(1/T^2)."""
    law = math.pi**2 / math.sqrt(1 - 1 / w)
    coarse, fine = ((scalar.finite_horizon_threshold(w, T) - scalar.u_star(w)) * T**2 / law for T in (1000, 2000))
    assert abs(fine - 1) < 0.6 * abs(coarse - 1) < 0.02
    assert 2 * fine - coarse == pytest.approx(1, abs=1e-3)


def test_finite_horizon_falls_from_the_impulse_to_u_star():
    w, c = 1.7, 0.1
    values = [scalar.finite_horizon_threshold(w, T, c) for T in (1, 2, 3, 5, 10, 100, 10_000)]
    points = scalar.fixed_points(w, c)
    assert values[0] == pytest.approx(points[2] - points[1], rel=1e-14)
    assert all(x > y for x, y in pairwise(values))
    assert values[-1] > scalar.thresholds(w, c)[1]
    assert scalar.finite_horizon_threshold(2.0, 5, 0.6) == math.inf
    assert scalar.finite_horizon_threshold(8.0, 7, -4.0, activation="logistic") == pytest.approx(
        2 * scalar.finite_horizon_threshold(2.0, 7), rel=1e-14
    )


def test_finite_horizon_is_fast():
    begin = time.process_time()
    scalar.finite_horizon_threshold(2.0, 1000)
    assert time.process_time() - begin < 1.0  # 0.1 s where it was written


def in_stepwise_set(w, c, activation, points, steps=400):
    """Membership by following every orbit: |M'| < 1 all along."""
    neuron = dl.LatchNeuron(w, c, activation)
    a = points[:, None]
    inside = np.ones(len(points), dtype=bool)
    for _ in range(steps):
        inside &= neuron.jacobian(a)[:, 0, 0] < 1.0
        a = neuron.step(a)
    return inside, a[:, 0]


CASES = [
    (2.0, 0.0, "tanh"),
    (2.0, 0.3, "tanh"),
    (2.0, 0.6, "tanh"),
    (2.0, 2.5, "tanh"),
    (2.0, -2.45, "tanh"),
    (1.1, -1.0, "tanh"),
    (1.02, 0.4, "tanh"),
    (0.7, 0.2, "tanh"),
    (6.0, -3.1, "logistic"),
    (8.0, 0.5, "logistic"),
    (4.1, -1.0, "logistic"),
]


@pytest.mark.parametrize(("w", "c", "activation"), CASES)
def test_gamma_and_basins_against_orbits(w, c, activation):
    latch = scalar_latch(w, c, activation)
    points = np.random.default_rng(3).uniform(-12.0, 12.0, 4000)
    inside, end = in_stepwise_set(w, c, activation, points)
    for attractor, basin, gamma in zip(latch.attractors, latch.basins, latch.gammas, strict=True):
        reached = np.isclose(end, attractor, rtol=0, atol=1e-6)
        np.testing.assert_array_equal((points > basin[0]) & (points < basin[1]), reached)
        ours = np.any([(points > lo) & (points < hi) for lo, hi in gamma], axis=0)
        np.testing.assert_array_equal(ours, inside & reached)


def test_gamma_intervals_of_a_monostable_unit_can_be_many():
    (gamma,) = scalar.gamma_step(1.02, 0.4)
    assert len(gamma) > 2
    assert all(lo < hi for lo, hi in gamma)
    assert all(left[1] < right[0] for left, right in pairwise(gamma))
    mirrored = tuple((-hi, -lo) for lo, hi in reversed(gamma))
    assert scalar.gamma_step(1.02, -0.4) == (mirrored,)


def test_literal_gamma_differs_in_the_monostable_case():
    """w = 2, c = 0.6, y = -10: every |(M^l)'(y)| < 1, yet the orbit passes through slope 1.956."""
    a, product, largest, steepest = -10.0, 1.0, 0.0, 0.0
    for _ in range(100):
        slope = 2.0 / math.cosh(a) ** 2
        product *= slope
        largest, steepest = max(largest, product), max(steepest, slope)
        a = 2.0 * math.tanh(a) + 0.6
    assert largest == pytest.approx(4.7e-8, rel=0.01)
    assert steepest == pytest.approx(1.95586, abs=1e-5)
    assert scalar.gamma_step(2.0, 0.6) == (((scalar.critical_point(2.0), math.inf),),)


def test_outcomes():
    u = scalar.u_star(2.0)
    cases = {
        (2.0, 0.5): LatchOutcome.BISTABLE,
        (2.0, u): LatchOutcome.FOLD,
        (2.0, -u): LatchOutcome.FOLD,
        (2.0, 0.54): LatchOutcome.MONOSTABLE,
        (1.0, 0.0): LatchOutcome.NEUTRAL,
        (1.0, 0.1): LatchOutcome.MONOSTABLE,
        (0.5, 0.0): LatchOutcome.MONOSTABLE,
        (1.0 + 2**-52, 0.0): LatchOutcome.BISTABLE,
    }
    assert {case: scalar_latch(*case).outcome for case in cases} == cases
    assert scalar_latch(4.0, -2.0, "logistic").outcome == LatchOutcome.NEUTRAL
    assert [scalar.can_latch(w) for w in (1.0, 1.0 + 2**-52)] == [False, True]
    assert [scalar.can_latch(w, "logistic") for w in (4.0, 4.0 + 2**-50)] == [False, True]


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_fold_has_two_points_one_of_slope_one(sign):
    u = scalar.u_star(2.0)
    latch = scalar_latch(2.0, sign * u)
    fold, other = latch.fixed_points[:: int(sign)]
    assert fold == -sign * scalar.critical_point(2.0)
    assert latch.slopes[:: int(sign)][0] == 1.0
    assert 2.0 * math.tanh(other) + sign * u == pytest.approx(other, rel=1e-14)
    assert latch.basins == ((-math.inf, fold), (fold, math.inf))
    assert latch.thresholds[:: int(sign)] == (0.0, 2 * u)


def test_slopes_stay_on_their_side_of_one_however_close_the_fold():
    rng = np.random.default_rng(11)
    for excess, distance in zip(10 ** rng.uniform(-15, 2, 300), 10 ** rng.uniform(-15, 0, 300), strict=True):
        w = 1.0 + excess
        latch = scalar_latch(w, rng.choice([-1, 1]) * scalar.u_star(w) * (1 - distance))
        if latch.outcome == LatchOutcome.BISTABLE:
            low, middle, high = latch.slopes
            assert low <= 1 <= middle
            assert high <= 1
            assert latch.fixed_points[0] < latch.fixed_points[1] < latch.fixed_points[2]


@pytest.mark.parametrize(
    "call",
    [
        lambda: scalar_latch(math.nan),
        lambda: scalar_latch(math.inf),
        lambda: scalar_latch(0.0),
        lambda: scalar_latch(-2.0),
        lambda: scalar_latch(2.0, math.nan),
        lambda: scalar_latch(2.0, activation="relu"),
        lambda: scalar_latch(2.0, activation="tanhh"),
        lambda: scalar.u_star(1.0),
        lambda: scalar.critical_point(4.0, "logistic"),
        lambda: scalar.can_latch("two"),
        lambda: scalar.finite_horizon_threshold(2.0, -1),
        lambda: scalar.finite_horizon_threshold(2.0, 0),
        lambda: scalar.finite_horizon_threshold(2.0, 2.5),
        lambda: scalar.finite_horizon_threshold(2.0, 5, attractor="left"),
    ],
)
def test_refusals(call):
    with pytest.raises(InvalidInput):
        call()


def test_refusal_of_a_negative_weight_says_what_to_do():
    with pytest.raises(InvalidInput, match=r"got -2\.0.*periodic_orbits"):
        scalar_latch(-2.0)


@pytest.mark.parametrize(("w", "c", "activation"), [*CASES, (1.0, 0.0, "tanh"), (2.0, scalar.u_star(2.0), "tanh")])
def test_save_load_summary_and_plot(w, c, activation, tmp_path):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    latch = scalar_latch(w, c, activation)
    again = dl.load(latch.save(tmp_path / "latch"))
    assert isinstance(again, ScalarLatch)
    assert again == latch
    assert latch.outcome.sentence in latch.summary()
    assert "nan" not in latch.summary()
    ax = latch.plot()
    assert ax.get_xlabel() == "activation a (before the nonlinearity)"
    curve = next(line for line in ax.lines if line.get_label() == "M(a)")
    x, y = np.asarray(curve.get_xdata()), np.asarray(curve.get_ydata())
    np.testing.assert_allclose(y, dl.LatchNeuron(w, c, activation).step(x[:, None])[:, 0], rtol=1e-14)
    ax.figure.canvas.draw()
    plt.close("all")
