"""Edges of the one-dimensional theory that mutation testing found unguarded."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest

from dynlatch.analysis import scalar, scalar_kernels
from dynlatch.analysis import scalar_portrait as portrait
from dynlatch.analysis.scalar import LatchOutcome, scalar_latch
from dynlatch.errors import InvalidInput


def test_the_equation_is_written_with_the_sign_of_the_bias():
    assert scalar_latch(2.0, 0.25).equation == "a' = 2 tanh(a) + 0.25"
    assert scalar_latch(2.0, -0.25).equation == "a' = 2 tanh(a) - 0.25"
    assert scalar_latch(2.0).equation == "a' = 2 tanh(a)"
    assert scalar_latch(8.0, -4.0, "logistic").equation == "a' = 8 logistic(a) - 4"


def test_the_summary_of_a_latch():
    lines = scalar_latch(2.0, 0.1).summary().split("\n")
    assert lines[0] == "a' = 2 tanh(a) + 0.1 + u   (activation a, before the nonlinearity)"
    assert lines[2] == "fixed points: -1.79193 (slope 0.2103), -0.100678 (slope 1.98), 2.03251 (slope 0.1327)"
    assert lines[3] == "attractor -1.79193: basin (-inf, -0.100678), Gamma (-inf, -0.881374)"
    assert lines[4] == "attractor 2.03251: basin (-0.100678, inf), Gamma (0.881374, inf)"
    assert lines[5] == "bistable for a bias between -0.53284 and 0.53284"
    assert lines[6].startswith("u* = 0.43284 (lower attractor), 0.63284 (upper): ")
    assert len(lines) == 8


@pytest.mark.parametrize(("w", "activation", "least"), [(0.5, "tanh", 1), (2.0, "logistic", 4)])
def test_where_no_bias_latches_the_summary_and_the_error_say_from_which_weight_on(w, activation, least):
    latch = scalar_latch(w, 0.0, activation)
    assert latch.outcome == LatchOutcome.MONOSTABLE
    assert latch.summary().endswith(f"no bias makes it bistable: that takes w > {least}")
    assert latch.critical_points == ()
    with pytest.raises(InvalidInput, match=f"must exceed {least} "):
        scalar.critical_point(w, activation)


def test_a_long_union_shows_its_last_four_intervals():
    gammas = tuple((float(k), k + 0.5) for k in range(6))
    assert scalar._union(gammas) == "(2, 2.5) or (3, 3.5) or (4, 4.5) or (5, 5.5) or 2 more"
    assert scalar._union(gammas[:4]) == "(0, 0.5) or (1, 1.5) or (2, 2.5) or (3, 3.5)"


def test_the_end_of_the_range_has_its_preimage_at_minus_infinity():
    unit = scalar_kernels.tanh_unit(2.0, 1.0)
    assert scalar_kernels._preimage(unit, -1.0) == -math.inf
    assert scalar_kernels._preimage(unit, -1.5) == -math.inf
    assert scalar_kernels._preimage(unit, 1.0) == 0.0


def test_what_the_record_holds_is_what_the_functions_give():
    for w, c, activation in ((2.0, 0.1, "tanh"), (8.0, -3.9, "logistic")):
        latch = scalar_latch(w, c, activation)
        a_c = scalar.critical_point(w, activation)
        assert latch.critical_points == (-a_c, a_c)
        assert latch.window == scalar.bistability_window(w, activation)
        assert latch.thresholds == scalar.thresholds(w, c, activation)
        assert (latch.w, latch.bias, latch.activation) == (w, c, activation)
        assert latch.attractors == latch.fixed_points[::2]
    assert scalar.bistability_window(3.0, "logistic") == (-1.5, -1.5)


def test_a_plot_goes_into_the_axes_that_are_given():
    from matplotlib.figure import Figure

    axes = Figure().add_subplot()
    assert scalar_latch(2.0).plot(ax=axes) is axes
    assert axes.lines


def test_a_unit_that_cannot_latch_has_neither_critical_point_nor_threshold():
    for w in (0.5, 1.0):
        assert scalar_kernels.tanh_unit(w, 0.25) == (w, w - 1.0, 0.25, 0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("ours", "exact"),
    [
        (scalar_kernels.sinh_minus_x, lambda x: mp.sinh(x) - x),
        (scalar_kernels.x_cosh_minus_sinh, lambda x: x * mp.cosh(x) - mp.sinh(x)),
        (scalar_kernels.x_minus_tanh, lambda x: x - mp.tanh(x)),
    ],
    ids=["sinh", "cosh", "tanh"],
)
def test_series_to_the_last_digits(ours, exact):
    """A coefficient that is off by one shows only here: three units in the last place."""
    with mp.workdps(40):
        for x in [*np.linspace(0.05, 0.9999, 60), 1e-8]:
            true = exact(mp.mpf(float(x)))
            assert abs(mp.mpf(ours(float(x))) - true) <= 3 * scalar_kernels.EPS * abs(true)


@pytest.mark.parametrize("d", [-0.8, -0.2, 0.3, 0.9999, 1.0001, 2.5])
@pytest.mark.parametrize("w", [1.001, 2.0, 30.0])
def test_the_distance_from_the_fold_and_its_slope(w, d):
    unit = scalar_kernels.tanh_unit(w, 0.0)
    with mp.workdps(40):
        a_c = mp.asinh(mp.sqrt(mp.mpf(w) - 1))
        a, u = a_c + mp.mpf(d), mp.sqrt(mp.mpf(w) * (mp.mpf(w) - 1)) - a_c
        distance, slope = a - mp.mpf(w) * mp.tanh(a) + u, 1 - mp.mpf(w) * mp.sech(a) ** 2
        assert scalar_kernels.fold_distance(unit, d) == pytest.approx(float(distance), rel=2e-14)
        assert scalar_kernels.fold_slope(unit, d) == pytest.approx(float(slope), rel=2e-14, abs=1e-15)


def test_newton_within_bisection():
    """From a start where Newton alone leaves the bracket; a root that is hit; a derivative that vanishes."""
    seen = []

    def steep(x):
        seen.append(x)
        return math.atan(x - 2.0), 1.0 / (1.0 + (x - 2.0) ** 2)

    assert scalar_kernels.increasing_root(steep, -50.0, 60.0, 50.0) == pytest.approx(2.0, rel=1e-15)
    assert all(-50.0 <= x <= 60.0 for x in seen)
    assert len(seen) < 20
    assert scalar_kernels.increasing_root(lambda x: (x - 3.0, 1.0), 0.0, 10.0, 3.0) == 3.0
    assert scalar_kernels.increasing_root(lambda x: ((x - 3.0) ** 3, 0.0), 0.0, 16.0, 8.0) == pytest.approx(3.0, rel=1e-15)


def test_iterations_begin_close_to_the_root(monkeypatch):
    """The starts of Newton's method: what they save is all that they are for."""
    counted, root, descend = [], scalar_kernels.increasing_root, scalar_kernels._descend

    def counting(function):
        return lambda *arguments: counted.append(1) or function(*arguments)

    monkeypatch.setattr(scalar_kernels, "increasing_root", lambda function, *rest: root(counting(function), *rest))
    monkeypatch.setattr(scalar_kernels, "_descend", counting(descend))

    def evaluations(function, *arguments):
        counted.clear()
        function(*arguments)
        return len(counted)

    for w in (1 + 1e-9, 1.001, 1.3, 2.0, 20.0):
        unit = scalar_kernels.tanh_unit(w, 0.0)
        biased = {share: unit._replace(c=share * unit.u_star) for share in (-0.999, -0.6, -0.3, 0.3, 0.6, 0.99, 3.0, 100.0)}
        assert max(evaluations(scalar_kernels.upper_offset, other) for other in biased.values()) <= 7
        assert max(evaluations(scalar_kernels.middle, biased[share]) for share in (-0.6, -0.3, 0.3, 0.6, 0.99)) <= 7
        for steps, most in ((2, 13), (5, 18), (20, 20), (100, 20)):
            assert evaluations(scalar_kernels.escape_in, unit, steps) <= most


def test_the_only_fixed_point_of_an_unbiased_weak_unit_is_zero():
    for w in (0.3, 1.0):
        assert scalar.fixed_points(w).tolist() == [0.0]
        assert scalar_latch(w).attractors == (0.0,)
    assert scalar.fixed_points(1.0, -0.2).tolist() == (-scalar.fixed_points(1.0, 0.2)).tolist()


def test_gamma_of_units_that_cannot_latch():
    line = (-math.inf, math.inf)
    assert scalar.gamma_step(0.5) == scalar.gamma_step(0.999, 0.3) == ((line,),)
    assert scalar.gamma_step(1.0) == (((-math.inf, 0.0), (0.0, math.inf)),)
    assert scalar.gamma_step(4.0, -2.0, "logistic") == scalar.gamma_step(1.0)


def test_next_to_the_critical_point_the_slope_is_on_its_side_of_one():
    clipped = 0
    for w in np.linspace(1.01, 30.0, 400):
        unit = scalar_kernels.tanh_unit(float(w), 0.0)
        beyond, within = math.nextafter(unit.a_c, math.inf), math.nextafter(unit.a_c, 0.0)
        clipped += scalar_kernels.slope(unit.w, beyond) > 1.0
        assert portrait.slope(unit, beyond) <= 1.0 <= portrait.slope(unit, within)
        assert portrait.slope(unit, -beyond) <= 1.0 == portrait.slope(unit, -unit.a_c)
    assert clipped  # rounding alone would have said otherwise
