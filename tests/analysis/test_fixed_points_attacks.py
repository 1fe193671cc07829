"""Cases in which the fixed-point verbs once claimed too much, took too long, or failed without a sentence."""

import time

import numpy as np
import pytest

import dynlatch as dl
from dynlatch import analysis
from dynlatch.analysis import Completeness
from dynlatch.analysis.fixed_points.equations import equation_of
from dynlatch.analysis.fixed_points.piecewise_linear import enumerate_fixed_points
from dynlatch.analysis.fixed_points.proof import prove
from dynlatch.errors import InvalidInput

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


def test_a_single_unit_next_to_its_fold_is_not_counted_by_rounding():
    fold = analysis.scalar.u_star(2.0)
    for ulps in (-2, 0, 2):  # in truth three points, three points and one: float64 cannot tell
        found = analysis.fixed_points(dl.LatchNeuron(2.0, fold + ulps * np.spacing(fold)))
        assert found.completeness == Completeness.CLUSTER
    # Farther away they are counted, but known less well than 1e-12.
    found = analysis.fixed_points(dl.LatchNeuron(1.5, 0.2075464553012756))
    exact = [-0.6584849441417509, -0.658472952783066]  # mpmath, 40 digits
    assert found.completeness == Completeness.PROVED
    np.testing.assert_array_less(np.abs(found.points[:2, 0] - exact), found.errors[:2] + 1e-15)


def test_the_index_of_proved_points_is_one_however_large_their_errors():
    softsign = dl.Activation(
        "softsign", lambda x: x / (1 + abs(x)), lambda x: (1 + abs(x)) ** -2.0, limits=(-1, 1), slope_peak=0.0, odd=True
    )
    W = 1e8 * np.array([[1.0, 0.3, 0.1], [0.3, 2.0, -0.4], [0.1, -0.4, 1.5]])
    net = dl.ElmanNetwork(W, np.zeros((3, 1)), [0.1, 0.2, 0.3], activation=softsign)
    found = analysis.fixed_points(net, method="proof")
    assert found.completeness == Completeness.PROVED
    assert found.errors.max() > 1e-7
    assert found.index_sum == 1


def test_relu_nets_without_bounds_are_listed_or_refused_with_a_sentence():
    net = dl.AdditiveNetwork([[2.0, -1.5], [-1.5, 2.0]], [-0.5, -0.5], "relu")
    assert len(analysis.fixed_points(net)) == 3
    for method in ("proof", "multistart"):
        with pytest.raises(InvalidInput, match="bounds"):
            analysis.fixed_points(net, method=method)


def test_an_undecided_kink_at_zero_is_not_halved_for_ever():
    twice = dl.Iterate(dl.AdditiveNetwork([[0.0, 2.0], [2.0, 0.0]], None, "relu"), 2)
    equation, u0 = equation_of(twice)
    proof = prove(twice, equation, u0, (np.full(2, -3.0), np.full(2, 3.0)), boxes=2000)
    assert proof.ended
    assert len(proof.unresolved) == 1
    assert np.all(np.abs(proof.unresolved) < 1e-12)


def test_weights_next_to_overflow():
    found = analysis.fixed_points(dl.AdditiveNetwork(1e300 * np.eye(2)), method="proof")
    assert (len(found), found.index_sum, found.completeness) == (9, 1, Completeness.PROVED)


def test_a_plane_of_fixed_points_keeps_to_the_time_budget_and_is_not_dropped():
    clip = dl.Activation(
        "clip", lambda x: np.clip(x, -1, 1), lambda x: (np.abs(x) <= 1) * 1.0, limits=(-1, 1), slope_peak=0.0, odd=True
    )
    net = dl.AdditiveNetwork(np.eye(3), None, clip)
    analysis.fixed_points(net, time_budget=0.01)  # imports
    start = time.monotonic()
    found = analysis.fixed_points(net, time_budget=2.0, rng=0)
    assert time.monotonic() - start < 6.0  # it was 8 seconds over
    assert len(found) + len(found.unresolved) >= 1
    assert found.completeness in (Completeness.BUDGET, Completeness.CLUSTER)
