"""Activations against exact arithmetic: values, slopes, curvature, inverse, secants, ranges on an interval."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dynlatch as dl
from dynlatch.activations import ACTIVATIONS, EXPONENTIAL, LINEAR, LOGISTIC, RELU, SOFTPLUS, TANH, THRESHOLD, resolve
from dynlatch.errors import InvalidInput, NotEnclosable, NotSmooth

SMOOTH = tuple(f for f in ACTIVATIONS if f is not THRESHOLD)
SOFTSIGN = dl.Activation("softsign", lambda x: x / (1 + np.abs(x)), lambda x: (1 + np.abs(x)) ** -2.0, limits=(-1, 1))

EXACT = {
    "tanh": mpmath.tanh,
    "logistic": lambda x: 1 / (1 + mpmath.exp(-x)),
    "relu": lambda x: max(x, mpmath.mpf(0)),
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
    "linear": lambda x: x,
    "exponential": mpmath.exp,
}
EXACT_SLOPE = {
    "tanh": lambda x: mpmath.sech(x) ** 2,
    "logistic": lambda x: 1 / (1 + mpmath.exp(-x)) / (1 + mpmath.exp(x)),
    "relu": lambda x: mpmath.mpf(x > 0),
    "softplus": EXACT["logistic"],
    "linear": lambda x: mpmath.mpf(1),
    "exponential": mpmath.exp,
}
EXACT_CURVATURE = {
    "tanh": lambda x: -2 * mpmath.tanh(x) * mpmath.sech(x) ** 2,
    "logistic": lambda x: -mpmath.tanh(x / 2) * EXACT_SLOPE["logistic"](x),
    "relu": lambda x: mpmath.mpf(0),
    "softplus": EXACT_SLOPE["logistic"],
    "linear": lambda x: mpmath.mpf(0),
    "exponential": mpmath.exp,
}

SIZES = np.concatenate([[1e-300, 1e-12, 1e-5], np.geomspace(1e-2, 300, 40)])
POINTS = np.concatenate([-SIZES, [0.0], SIZES])


def reference(function, points):
    """`function` of each float, rounded once; 320 digits leave e^-600 beside 1 with 60 of its own."""
    with mpmath.workdps(320):
        return np.array([float(function(mpmath.mpf(float(x)))) for x in points])


def by_name(activation):
    return activation.name


@pytest.mark.parametrize("f", SMOOTH, ids=by_name)
def test_function_and_both_derivatives_to_the_last_digits(f):
    """Relative, so that saturated tails count as much as the middle."""
    np.testing.assert_allclose(f(POINTS), reference(EXACT[f.name], POINTS), rtol=1e-15, atol=0)
    np.testing.assert_allclose(f.derivative(POINTS), reference(EXACT_SLOPE[f.name], POINTS), rtol=2e-15, atol=0)
    np.testing.assert_allclose(f.curvature(POINTS), reference(EXACT_CURVATURE[f.name], POINTS), rtol=3e-15, atol=0)


@pytest.mark.parametrize("f", SMOOTH, ids=by_name)
def test_reference_slopes_are_the_derivatives_of_the_reference_functions(f):
    """The oracle of the test above, checked by differentiating f itself."""
    with mpmath.workdps(60):
        for x in (-7.3, -0.4, 0.2, 3.1):
            assert abs(mpmath.diff(EXACT[f.name], x) - EXACT_SLOPE[f.name](mpmath.mpf(x))) < 1e-25
            assert abs(mpmath.diff(EXACT[f.name], x, 2) - EXACT_CURVATURE[f.name](mpmath.mpf(x))) < 1e-15


def test_threshold_is_plus_one_at_zero():
    np.testing.assert_array_equal(THRESHOLD(np.array([-1e-300, 0.0, 2.0])), [-1.0, 1.0, 1.0])


@pytest.mark.parametrize("call", [THRESHOLD.derivative, THRESHOLD.curvature, lambda x: THRESHOLD.secant_slope(x, x + 1)])
def test_threshold_refuses_derivatives(call):
    with pytest.raises(NotSmooth, match="threshold units have no derivative"):
        call(np.zeros(2))


@pytest.mark.parametrize("f", [f for f in SMOOTH if f.inverse], ids=by_name)
def test_inverse(f):
    lo, hi = (np.clip(limit, -40, 40) for limit in f.limits)
    y = lo + (hi - lo) * np.concatenate([[1e-12, 1e-6], np.linspace(0.01, 0.99, 21), [1 - 1e-6]])
    np.testing.assert_allclose(f(f.invert(y)), y, rtol=1e-13, atol=0)
    x = np.linspace(0.1, 5, 11)
    np.testing.assert_allclose(f.invert(f(x)), x, rtol=1e-11, atol=0)


@pytest.mark.parametrize("f", [TANH, LOGISTIC, RELU, SOFTPLUS, EXPONENTIAL], ids=by_name)
def test_inverse_refuses_what_is_outside_the_open_range(f):
    for end in f.limits:
        with pytest.raises(InvalidInput, match="open interval"):
            f.invert(np.array([0.5, end]))


def test_threshold_has_no_inverse():
    with pytest.raises(InvalidInput, match="no inverse"):
        THRESHOLD.invert(0.5)


def exact_secant(f, x, y):
    with mpmath.workdps(320):
        if x == y:
            return float(EXACT_SLOPE[f.name](mpmath.mpf(x)))
        a, b = mpmath.mpf(x), mpmath.mpf(y)
        return float((EXACT[f.name](b) - EXACT[f.name](a)) / (b - a))


@pytest.mark.parametrize("f", SMOOTH, ids=by_name)
def test_secant_slope_keeps_its_digits(f):
    """Relative 1e-13 for points apart, nearly equal and equal, both signs, also where both ends are saturated."""
    rng = np.random.default_rng(0)
    middles = np.concatenate([rng.normal(size=15), rng.uniform(-40, 40, 15), rng.uniform(-300, 300, 10), [0.0, 20.0, -20.0]])
    gaps = np.concatenate([[0.0], *(s * np.geomspace(1e-16, 600, 30) for s in (1, -1))])
    x = np.repeat(middles, len(gaps))
    y = x + np.tile(gaps, len(middles))
    got = f.secant_slope(x, y)
    expected = np.array([exact_secant(f, p, q) for p, q in zip(x, y, strict=True)])
    np.testing.assert_allclose(got, expected, rtol=1e-13, atol=1e-300)
    np.testing.assert_allclose(f.secant_slope(y, x), got, rtol=1e-13, atol=1e-300)


def test_secant_slope_of_a_users_activation():
    """Without a formula of its own: the quotient, or the slope in the middle, to 1e-10."""
    x = np.array([0.3, 0.3, 0.3, -2.0])
    y = x + np.array([0.0, 1e-9, 1e-4, 5.0])
    with mpmath.workdps(50):
        softsign = [mpmath.mpf(p) / (1 + abs(mpmath.mpf(p))) for p in (*x, *y)]
        rise = [softsign[4 + k] - softsign[k] for k in range(4)]
        expected = [1 / (1 + mpmath.mpf(0.3)) ** 2] + [rise[k] / (mpmath.mpf(y[k]) - mpmath.mpf(x[k])) for k in (1, 2, 3)]
    np.testing.assert_allclose(SOFTSIGN.secant_slope(x, y), np.array(expected, dtype=float), rtol=1e-10)


def test_secant_slopes_broadcast():
    assert TANH.secant_slope(np.zeros((3, 1)), np.ones(4)).shape == (3, 4)
    assert SOFTSIGN.secant_slope(0.0, np.ones((2, 2))).shape == (2, 2)


ends = st.floats(-800, 800)


@pytest.mark.parametrize("f", SMOOTH, ids=by_name)
@settings(max_examples=100, deadline=None, derandomize=True)
@given(x=ends, y=ends, inside=st.floats(0, 1))
def test_ranges_hold_the_exact_values(f, x, y, inside):
    """`image` and `slope_image` contain the exact values, not only the computed ones."""
    lo, hi = min(x, y), max(x, y)
    point = min(max(lo + inside * (hi - lo), lo), hi)
    with mpmath.workdps(800):
        for (below, above), exact in ((f.image(lo, hi), EXACT), (f.slope_image(lo, hi), EXACT_SLOPE)):
            for p in (lo, point, hi):
                assert mpmath.mpf(float(below)) <= exact[f.name](mpmath.mpf(p)) <= mpmath.mpf(float(above))


@pytest.mark.parametrize("f", [*SMOOTH, THRESHOLD], ids=by_name)
def test_images_stay_within_the_limits_and_are_tight(f):
    lo, hi = np.array([-30.0, -1.0, 0.25, 2.0]), np.array([-29.0, 0.5, 0.25, 30.0])
    below, above = f.image(lo, hi)
    assert (below >= f.limits[0]).all()
    assert (above <= f.limits[1]).all()
    np.testing.assert_allclose(below, f(lo), rtol=3e-15, atol=1e-300)
    np.testing.assert_allclose(above, f(hi), rtol=3e-15, atol=1e-300)


@pytest.mark.parametrize("f", SMOOTH, ids=by_name)
def test_slope_images_are_tight(f):
    lo, hi = np.array([-30.0, -1.0, -0.5, 0.25, 2.0]), np.array([-29.0, 0.5, 4.0, 0.25, 30.0])
    grid = lo + np.linspace(0, 1, 60001)[:, None] * (hi - lo)
    slopes = f.derivative(np.concatenate([grid, np.clip(0.0, lo, hi)[None]]))
    below, above = f.slope_image(lo, hi)
    np.testing.assert_allclose(below, slopes.min(0), rtol=3e-15, atol=1e-300)
    np.testing.assert_allclose(above, slopes.max(0), rtol=3e-15, atol=1e-300)


@pytest.mark.parametrize("f", SMOOTH, ids=by_name)
def test_unbounded_intervals_have_ranges(f):
    lo, hi = np.array([-np.inf, 1.0, -np.inf]), np.array([np.inf, np.inf, 1.0])
    below, above = f.image(lo, hi)
    assert tuple(below[[0, 2]]) == (f.limits[0],) * 2
    assert tuple(above[:2]) == (f.limits[1],) * 2
    assert not np.isnan([below, above, *f.slope_image(lo, hi)]).any()


def test_slope_image_needs_the_peak():
    with pytest.raises(NotEnclosable, match="slope_peak"):
        SOFTSIGN.slope_image(0.0, 1.0)


def test_a_users_activation_by_itself():
    assert resolve(SOFTSIGN) is SOFTSIGN
    assert SOFTSIGN.bounded
    x = np.array([-2.0, -0.3, 0.4, 1.0, 7.0])
    np.testing.assert_allclose(SOFTSIGN.curvature(x), -2 * np.sign(x) / (1 + np.abs(x)) ** 3, rtol=1e-8)
    with pytest.raises(InvalidInput, match="'softsign' has no inverse"):
        SOFTSIGN.invert(0.5)


@pytest.mark.parametrize("f", ACTIVATIONS, ids=by_name)
def test_names_resolve(f):
    assert resolve(f.name) is f
    x = np.linspace(0.1, 3, 7)
    # A threshold unit is odd except at zero, where it is 1.
    assert f.odd == (np.array_equal(f(-x), -f(x)) and f is not THRESHOLD)
    assert f.bounded == bool(np.ptp(f(np.array([-1e3, 1e3]))) <= 2)


def test_unknown_names_are_refused_with_the_known_ones():
    with pytest.raises(InvalidInput, match="unknown activation 'sigmoid': choose one of tanh, logistic"):
        resolve("sigmoid")


def test_linear_is_the_identity():
    x = np.array([-2.0, 3.0])
    np.testing.assert_array_equal(LINEAR(x), x)
