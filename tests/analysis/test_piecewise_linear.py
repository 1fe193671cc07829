import itertools
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynlatch.analysis import Stability
from dynlatch.analysis.fixed_points.piecewise_linear import enumerate_fixed_points, kink_stability, unrolled


def by_patterns(W, c):
    """Every pattern solved on its own, in the plainest way."""
    found = []
    for pattern in itertools.product((0.0, 1.0), repeat=len(c)):
        A = np.eye(len(c)) - W * np.array(pattern)
        if abs(np.linalg.det(A)) > 1e-9:
            a = np.linalg.solve(A, c)
            if np.all((a > 0) == (np.array(pattern) > 0)):
                found.append(a)
    return np.array(sorted(map(tuple, found))).reshape(-1, len(c))


def cycles_by_patterns(V, c, leak, p):
    """The same for cycles: one affine map a pattern sequence, and the signs along the orbit."""
    n, found = len(c), []
    for patterns in itertools.product(itertools.product((0.0, 1.0), repeat=n), repeat=p):
        A, b = np.eye(n), np.zeros(n)
        for pattern in patterns:
            J = np.diag(leak) + V * np.array(pattern)
            A, b = J @ A, J @ b + c
        if abs(np.linalg.det(np.eye(n) - A)) < 1e-9:
            continue
        orbit = [np.linalg.solve(np.eye(n) - A, b)]
        for _ in range(p - 1):
            orbit.append(leak * orbit[-1] + V @ np.maximum(orbit[-1], 0.0) + c)
        if all(np.all((x > 0) == (np.array(d) > 0)) for x, d in zip(orbit, patterns, strict=True)):
            found.append(np.concatenate(orbit))
    return np.array(sorted(map(tuple, found))).reshape(-1, p * n)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 6), st.integers(0, 10**6), st.sampled_from([0.3, 1.0, 3.0, 30.0]))
def test_every_region_against_brute_force(n, seed, gain):
    rng = np.random.default_rng(seed)
    W, c = gain * rng.standard_normal((n, n)), rng.standard_normal(n)
    expected, found = by_patterns(W, c), enumerate_fixed_points(W, c)
    assert found.complete
    assert found.points.shape == expected.shape
    scale = 1.0 + np.abs(expected).max(initial=0.0)
    np.testing.assert_allclose(found.points, expected, atol=1e-8 * scale)
    assert np.all(np.abs(found.points - expected).max(axis=-1, initial=0.0) <= found.errors + 1e-9 * scale)


@pytest.mark.parametrize(("n", "p"), [(1, 2), (1, 4), (2, 2), (2, 3), (3, 2)])
@pytest.mark.parametrize("leaky", [False, True])
def test_cycles_against_brute_force(n, p, leaky):
    rng = np.random.default_rng(10 * n + p)
    total = 0
    for _ in range(4):
        V, c, leak = 2.0 * rng.standard_normal((n, n)), rng.standard_normal(n), leaky * rng.uniform(0.0, 0.9, n)
        expected, found = cycles_by_patterns(V, c, leak, p), enumerate_fixed_points(*unrolled(V, c, leak, p))
        assert found.complete
        assert found.points.shape == expected.shape
        np.testing.assert_allclose(found.points, expected, atol=1e-8)
        total += len(expected)
    assert total > 0


def test_uncoupled_units_have_all_products():
    n = 10  # each unit a' = 2 relu(a) - 1 rests at -1 and at 1
    found = enumerate_fixed_points(2.0 * np.eye(n), -np.ones(n))
    assert found.complete
    assert len(found.points) == 2**n
    np.testing.assert_allclose(np.abs(found.points), 1.0, atol=1e-14)
    assert np.all(np.diff(found.points[:, 0]) >= 0)


def test_cuts_spare_most_regions():
    rng = np.random.default_rng(0)
    W, c = rng.standard_normal((16, 16)) / 5.0, rng.standard_normal(16)
    found = enumerate_fixed_points(W, c)
    assert found.complete
    assert found.visited < 2**16
    assert len(found.points) > 0
    np.testing.assert_allclose(np.maximum(found.points, 0.0) @ W.T + c, found.points, atol=1e-9)


def test_the_origin_of_a_net_without_bias_is_one_point_on_every_kink():
    found = enumerate_fixed_points(np.array([[0.5, 0.2], [-0.3, 0.4]]), np.zeros(2))
    assert found.complete
    assert found.points.tolist() == [[0.0, 0.0]]
    assert found.kinks.all()
    assert found.dimension.tolist() == [0]


@pytest.mark.parametrize(
    ("W", "c", "point", "dimension"),
    [
        ([[1.0, 0.0], [0.0, 0.5]], [0.0, 1.0], [None, 2.0], 1),  # an integrator beside a leaky unit
        ([[0.0, -1.0], [-1.0, 0.0]], [1.0, 1.0], [0.5, 0.5], 1),  # mutual inhibition: a segment from (0, 1) to (1, 0)
        (np.eye(3), np.zeros(3), [None, None, None], 3),  # the identity on a whole orthant
    ],
)
def test_a_continuum_is_one_flagged_representative(W, c, point, dimension):
    W, c = np.array(W), np.array(c)
    found = enumerate_fixed_points(W, c)
    assert len(found.points) == 1
    assert found.dimension.tolist() == [dimension]
    assert not found.complete
    np.testing.assert_allclose(W @ np.maximum(found.points[0], 0.0) + c, found.points[0], atol=1e-9)
    for given_, got in zip(point, found.points[0], strict=True):
        assert got > 0
        assert given_ is None or abs(given_ - got) < 1e-6


def test_singular_regions_that_hold_nothing_are_refuted():
    found = enumerate_fixed_points(np.eye(3), np.array([-1.0, -1.0, -0.5]))
    assert found.complete
    np.testing.assert_allclose(found.points, [[-1.0, -1.0, -0.5]], atol=1e-15)
    none = enumerate_fixed_points(np.eye(1), np.array([1.0]))  # a' = a + 1 runs away
    assert none.complete
    assert len(none.points) == 0


@pytest.mark.parametrize("how", ["regions", "deadline"])
def test_what_the_budget_leaves_is_named(how):
    rng = np.random.default_rng(3)
    W, c = 2.0 * rng.standard_normal((18, 18)), rng.standard_normal(18)
    limits = {"regions": 500} if how == "regions" else {"deadline": time.monotonic() - 1.0}
    found = enumerate_fixed_points(W, c, **limits)
    assert not found.ended
    assert not found.complete
    assert len(found.unresolved) > 0
    everything = enumerate_fixed_points(W, c)
    for pattern in everything.patterns:  # no point is lost: it is in the list or in a region that is left
        left = np.all((found.unresolved == -1) | (found.unresolved == pattern), axis=-1).any()
        assert left or np.any(np.all(found.patterns == pattern, axis=-1))


@pytest.mark.parametrize(
    ("pieces", "word"),
    [
        ([[[0.5]], [[-0.9]]], Stability.ATTRACTING),
        ([[[2.0]], [[-1.5]]], Stability.REPELLING),
        ([[[0.5]], [[1.5]]], Stability.NEUTRAL),
        ([[[1.0]], [[0.5]]], Stability.NEUTRAL),
        ([[[0.5, 10.0], [0.0, 0.5]], [[0.5, 10.0], [0.0, 0.5]]], Stability.ATTRACTING),  # only in a norm of its own
        ([[[0.0, 2.0], [0.0, 0.0]], [[0.0, 0.0], [2.0, 0.0]]], Stability.NEUTRAL),  # spectral radii 0, products grow
    ],
)
def test_stability_on_a_kink(pieces, word):
    assert kink_stability(np.array(pieces)) is word
