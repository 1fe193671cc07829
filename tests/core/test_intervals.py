"""Interval arithmetic against rational arithmetic: every enclosure holds the exact image, and is tight to rounding."""

from fractions import Fraction
from math import fsum

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynlatch.intervals import add, affine_image, as_box, blend, matmul, multiply, one_minus

numbers = st.floats(-1e6, 1e6) | st.floats(-1e-300, 1e-300) | st.sampled_from([0.0, -1.0, 1.0, 0.1])
interval = st.tuples(numbers, numbers).map(sorted)
weight = st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted)


def box(pair):
    return np.array([pair[0]]), np.array([pair[1]])


def holds(enclosure, exact):
    return Fraction(float(enclosure[0][0])) <= exact <= Fraction(float(enclosure[1][0]))


def corners(*pairs):
    """Every choice of one end of each interval, as fractions."""
    grid = np.meshgrid(*([Fraction(end) for end in pair] for pair in pairs), indexing="ij")
    return list(zip(*(axis.ravel() for axis in grid), strict=True))


def exact_range(function, *pairs):
    """Range of a function that is affine in each argument: its ends are taken at corners."""
    values = [function(*corner) for corner in corners(*pairs)]
    return min(values), max(values)


OPERATIONS = {
    "add": (add, lambda x, y: x + y),
    "multiply": (multiply, lambda x, y: x * y),
}


@pytest.mark.parametrize("name", OPERATIONS)
@settings(max_examples=300, deadline=None, derandomize=True)
@given(x=interval, y=interval)
def test_sums_and_products_hold_the_exact_range_and_no_more(name, x, y):
    operation, exact = OPERATIONS[name]
    got = operation(box(x), box(y))
    low, high = exact_range(exact, x, y)
    assert holds(got, low)
    assert holds(got, high)
    slack = 4e-16 * max(abs(low), abs(high)) + 1e-320
    assert Fraction(float(got[0][0])) >= low - Fraction(slack)
    assert Fraction(float(got[1][0])) <= high + Fraction(slack)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(x=interval)
def test_one_minus_holds_the_exact_range(x):
    got = one_minus(box(x))
    low, high = exact_range(lambda p: 1 - p, x)
    assert holds(got, low)
    assert holds(got, high)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(z=weight, x=interval, y=interval)
def test_blend_holds_the_exact_range_and_no_more(z, x, y):
    got = blend(box(z), box(x), box(y))
    low, high = exact_range(lambda p, q, r: (1 - p) * q + p * r, z, x, y)
    assert holds(got, low)
    assert holds(got, high)
    slack = Fraction(1e-14) * max(abs(Fraction(end)) for end in (*x, *y)) + Fraction(1e-300)
    assert Fraction(float(got[0][0])) >= low - slack
    assert Fraction(float(got[1][0])) <= high + slack


def test_blend_is_tighter_than_its_parts():
    z, x, y = box((0.1, 0.9)), box((1.0, 1.0)), box((1.0, 1.0))
    loose = add(multiply(one_minus(z), x), multiply(z, y))
    tight = blend(z, x, y)
    assert tight[1] - tight[0] < 1e-14
    assert loose[1] - loose[0] > 1.5


@pytest.mark.parametrize("scale", [1e-160, 1.0, 1e150])
@pytest.mark.parametrize("n", [1, 3, 40])
def test_affine_images_hold_the_exact_range_and_no_more(n, scale):
    """Each row is affine: its exact range is the sum of the better ends, in rational arithmetic."""
    rng = np.random.default_rng(n)
    W, c = rng.normal(size=(4, n)), scale * rng.normal(size=4)
    for width in (0.0, 1e-12, 1.0):
        lo = scale * rng.normal(size=n) * 10.0 ** rng.integers(-8, 8, n)
        hi = lo + width * scale * rng.random(n)
        below, above = affine_image(W, lo, hi, c)
        for k in range(4):
            terms = [
                sorted((Fraction(w) * Fraction(p), Fraction(w) * Fraction(q))) for w, p, q in zip(W[k], lo, hi, strict=True)
            ]
            low, high = (Fraction(c[k]) + sum(term[end] for term in terms) for end in (0, 1))
            size = sum(max(abs(p), abs(q)) for p, q in terms) + abs(Fraction(c[k]))
            slack = Fraction(1e-15) * (n + 6) * size + Fraction(1e-300)
            assert low - slack <= Fraction(below[k]) <= low
            assert high <= Fraction(above[k]) <= high + slack


def test_affine_images_hold_under_cancellation():
    """A row that cancels completely: the computed end is off by more than its own rounding, the padding covers it."""
    W = np.array([[1e16, 1.0, -1e16]])
    x = np.ones(3)
    below, above = affine_image(W, x, x)
    assert below[0] <= 1.0 <= above[0]


def test_affine_images_take_batches():
    rng = np.random.default_rng(1)
    W, lo = rng.normal(size=(2, 3)), rng.normal(size=(5, 4, 3))
    below, above = affine_image(W, lo, lo + 1.0)
    assert below.shape == above.shape == (5, 4, 2)


def test_affine_images_without_columns_are_the_constant():
    below, above = affine_image(np.zeros((2, 0)), np.zeros((5, 0)), np.zeros((5, 0)), np.array([1.0, -2.0]))
    np.testing.assert_allclose(below, np.tile([1.0, -2.0], (5, 1)), rtol=1e-14)
    np.testing.assert_allclose(above, np.tile([1.0, -2.0], (5, 1)), rtol=1e-14)


def test_unbounded_boxes_give_bounds_and_never_nan():
    lo, hi = np.array([-np.inf, 0.0]), np.array([1.0, np.inf])
    below, above = affine_image(np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), lo, hi)
    assert not np.isnan([below, above]).any()
    assert (below <= [-np.inf, 0.0, -np.inf]).all()
    assert (above >= [1.0, np.inf, np.inf]).all()


def test_overflowing_affine_images_are_unbounded():
    W, x = np.array([[1e200, 0.0]]), np.array([1e200, 0.0])
    below, above = affine_image(W, x, x)
    assert not np.isnan([below, above]).any()
    assert below[0] < 1e308
    assert above[0] == np.inf


def test_zero_times_an_unbounded_interval_is_zero():
    below, above = multiply(box((0.0, 1.0)), box((2.0, np.inf)))
    assert -1e-300 < below[0] <= 0.0
    assert above[0] == np.inf


def test_as_box():
    point = as_box([1, 2])
    np.testing.assert_array_equal(point[0], point[1])
    assert point[0].dtype == np.float64
    lo, hi = as_box((np.zeros(2, dtype=np.float32), np.ones(2)))
    assert (lo.tolist(), hi.tolist(), lo.dtype) == ([0, 0], [1, 1], np.float64)


def test_a_tuple_of_two_numbers_is_one_input_and_no_box():
    """`u=(0.1, 0.2)` is what a user with two inputs may write."""
    lo, hi = as_box((0.1, 0.2))
    np.testing.assert_array_equal(lo, [0.1, 0.2])
    np.testing.assert_array_equal(hi, [0.1, 0.2])


def test_matrix_products_hold_every_product_of_members():
    rng = np.random.default_rng(0)
    for width in (0.0, 1e-12, 0.3):
        x, y = rng.normal(size=(7, 3, 4)), rng.normal(size=(7, 4, 2))
        X, Y = (x - width * rng.random(x.shape), x + width * rng.random(x.shape)), (y, y + width * rng.random(y.shape))
        below, above = matmul(X, Y)
        for _ in range(50):
            left, right = rng.uniform(*X), rng.uniform(*Y)
            exact = np.array([[[fsum(l * r for l, r in zip(row, column, strict=True)) for column in B.T] for row in A]
                              for A, B in zip(left, right, strict=True)])  # fmt: skip
            assert (below <= exact).all()
            assert (exact <= above).all()
        if width == 0.0:
            assert (above - below).max() < 1e-13


def test_an_unbounded_matrix_has_unbounded_products():
    below, above = matmul((np.array([[-np.inf]]), np.array([[np.inf]])), (np.zeros((1, 1)), np.ones((1, 1))))
    assert below[0, 0] == -np.inf
    assert above[0, 0] == np.inf
