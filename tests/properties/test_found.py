"""What the property tests found once: each case stays here as it was found."""

import numpy as np
import pytest

import dynlatch as dl
from dynlatch import analysis


@pytest.mark.parametrize("W", [[[0.0]], [[0.0, 1.0], [0.0, 0.0]]], ids=["zero", "nilpotent"])
@pytest.mark.parametrize("transient", [None, 0], ids=["lost before", "lost in the stretch"])
def test_no_covariant_vectors_where_every_direction_is_lost(W, transient):
    net = dl.AdditiveNetwork(W)
    with pytest.raises(dl.DynlatchError, match="every direction was annihilated"):
        analysis.covariant_vectors(net, np.zeros(net.dim), steps=20, transient=transient)


def test_bounds_of_a_zero_gradient_are_drawn():
    low, high = analysis.gradient_bounds(dl.AdditiveNetwork([[0.0]]), [0.0], steps=3).plot().get_ylim()
    assert -np.inf < low < high < np.inf


def test_a_set_without_a_basin_has_a_summary_without_nan():
    net = dl.AdditiveNetwork([[0.0, 3.0], [3.0, 3.0]], [0.0, 3.0])
    point = analysis.fixed_points(net, rng=0).attractors[0].point
    words = analysis.reduced_attracting_set(net, point, [[0.0, 0.0]]).summary()
    assert "nan" not in words.split()
    assert "no point is in the basin" in words


def test_theorems_about_next_to_nothing_are_drawn():
    net = dl.AdditiveNetwork(np.zeros((2, 2)), [1e-256, 1e-256])
    axes = analysis.check_theorem(4, net, [1e-256, 1e-256]).plot()
    low, high = axes.get_ylim()
    assert 0.0 < low < high < np.inf
    norms, bound, *_ = (np.asarray(line.get_ydata()) for line in axes.lines)
    assert not norms.any()
    assert np.all(norms <= bound)


@pytest.mark.slow
def test_bounds_of_a_shock_may_overflow():
    net = dl.ProjectedLSTM(np.zeros((4, 0)), [[1e-8], [-2.0], [1.0], [2.0]], [[-1.97754107]])
    found = analysis.fatal_shock(net, [0.0, 0.0], rng=68302975)
    assert 0.0 < found.lower <= found.upper


def test_one_state_has_no_credit_to_lose():
    one = analysis.credit_diffusion(dl.StateNetwork([[[1.0]]], thresholds=[]), steps=3)
    assert np.all(one.log_dobrushin == -np.inf)
    assert one.summary()
