"""Cases in which the fixed-point verbs once claimed too much, took too long, or failed without a sentence."""

import time

import numpy as np

import dynlatch as dl
from dynlatch import analysis
from dynlatch.analysis import Completeness
from dynlatch.analysis.fixed_points.piecewise_linear import enumerate_fixed_points

EPS = 2.0**-52


def test_a_relu_point_far_out_on_a_nearly_singular_region_is_not_refuted():
    # I - W = [[1, -1], [-1, 1 + eps]] on the active region: singular to rounding, but z = (2/eps + 1, 2/eps) solves it.
    found = analysis.fixed_points(dl.AdditiveNetwork([[0.0, 1.0], [1.0, -EPS]], [1.0, 1.0], "relu"))
    assert found.completeness == Completeness.PROVED
    np.testing.assert_allclose(found.points, [[2 / EPS + 1, 2 / EPS]], rtol=1e-15)


def test_what_rounding_cannot_refute_stays_undecided():
    slack = 1e-15
    found = enumerate_fixed_points(np.array([[0.0, 1.0], [1.0, -EPS]]), (np.full(2, 1.0 - slack), np.full(2, 1.0 + slack)))
    assert not found.complete
    assert found.unresolved.tolist() == [[1, 1]]


def test_the_origin_on_thousands_of_kinks_is_merged_quickly():
    W = np.random.default_rng(3).standard_normal((12, 12)) / 4.0
    start = time.process_time()
    found = analysis.fixed_points(dl.AdditiveNetwork(W, None, "relu"))
    assert time.process_time() - start < 5.0
    assert found.completeness == Completeness.PROVED
    assert found.points.tolist() == [[0.0] * 12]
