"""Slow points: ghosts of folds, told apart from fixed points."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dynlatch as dl
from dynlatch import analysis
from dynlatch.analysis.minima import polish
from dynlatch.errors import InvalidInput, NotSmooth

FOLD = np.sqrt(2.0) - np.arctanh(np.sqrt(0.5))  # of the latch with w = 2; the slope is 1 at CRITICAL
CRITICAL = np.arctanh(np.sqrt(0.5))


@given(st.floats(1e-6, 0.05))
@settings(max_examples=6, deadline=None)
def test_the_ghost_of_a_fold(past):
    ghost = analysis.slow_points(dl.WithInput(dl.LatchNeuron(2.0), [-FOLD - past]), 0.1, rng=0)
    np.testing.assert_allclose(ghost.points, [[CRITICAL]], atol=1e-6)
    np.testing.assert_allclose(ghost.speeds, [past], rtol=1e-6)
    np.testing.assert_allclose(ghost.eigenvalues, [[1.0]], atol=1e-5)
    assert not ghost.gate_closed.any()
    assert ghost.ended


@pytest.mark.parametrize("net", [
    dl.LatchNeuron(2.0),  # three fixed points
    dl.WithInput(dl.LatchNeuron(2.0), [0.53]),  # just before the fold
    dl.LatchNeuron(1.0),  # a degenerate fixed point
    dl.LatchNeuron(0.5, 0.1),
    dl.AdditiveNetwork([[0.9, 0.4], [-0.4, 0.9]]),
])  # fmt: skip
def test_fixed_points_are_no_slow_points(net):
    assert len(analysis.slow_points(net, 0.2, rng=0)) == 0


def test_a_speed_above_the_tolerance_is_not_slow():
    assert len(analysis.slow_points(dl.WithInput(dl.LatchNeuron(2.0), [-FOLD - 0.05]), 0.04, rng=0)) == 0


def test_a_ghost_beside_fixed_points_in_two_dimensions():
    net = dl.WithInput(dl.AdditiveNetwork(np.diag([2.0, 3.0])), [-FOLD - 0.01, 0.0])
    slow = analysis.slow_points(net, 0.05, rng=0)
    np.testing.assert_allclose(slow.points[:, 0], CRITICAL, atol=1e-7)
    np.testing.assert_allclose(np.sort(slow.points[:, 1]), [-2.984704585, 0.0, 2.984704585], atol=1e-7)
    fixed = analysis.fixed_points(net, rng=0).points
    assert np.abs(slow.points[:, None] - fixed).max(-1).min() > 0.5


def test_every_slow_point_is_a_minimum_of_the_speed():
    rng = np.random.default_rng(0)
    n = 16
    net = dl.AdditiveNetwork(3.0 * rng.standard_normal((n, n)) / np.sqrt(n))
    slow = analysis.slow_points(net, 1.0, rng=0)
    assert len(slow) >= 2
    around = slow.points[:, None] + 1e-3 * rng.standard_normal((len(slow), 200, n))
    speed = np.sqrt(np.sum((net.step(around) - around) ** 2, axis=-1))
    assert np.all(speed >= slow.speeds[:, None])
    assert np.all(slow.speeds <= 1.0)
    assert np.all(np.linalg.svd(np.eye(n) - net.jacobian(slow.points), compute_uv=False)[:, -1] < 1e-6)


def test_a_closed_gate_is_said():
    """A one-unit GRU past its fold: the ghost of the candidate stays, a hundred times slower by its gate."""
    W = np.array([[0.0], [0.0], [2.0]])

    def make(gate):
        return dl.GRU(np.zeros((3, 1)), W, np.array([40.0, gate, -FOLD - 0.03]), None)

    plain, closed = (analysis.slow_points(make(gate), 0.3, rng=0) for gate in (-40.0, 4.6))
    assert len(plain) == len(closed) == 1
    assert not plain.gate_closed.any()
    np.testing.assert_allclose(closed.points, plain.points, atol=1e-6)
    np.testing.assert_allclose(closed.speeds / closed.imbalances, 1 / (1 + np.exp(4.6)), rtol=1e-6)
    tight = analysis.slow_points(make(4.6), 0.5 * float(closed.imbalances[0]), rng=0)
    assert tight.gate_closed.all()


def test_bounds_hold_the_search():
    net = dl.FunctionMap(lambda a, u: a + 0.01 + a**2, dim=1)
    with pytest.raises(InvalidInput, match="bounds"):
        analysis.slow_points(net, 0.1)
    slow = analysis.slow_points(net, 0.1, bounds=(-1.0, 1.0), rng=0)
    np.testing.assert_allclose(slow.points, [[0.0]], atol=1e-9)
    np.testing.assert_allclose(slow.speeds, [0.01])
    assert len(analysis.slow_points(net, 0.1, bounds=(0.5, 1.0), rng=0)) == 0


def test_a_saddle_of_the_speed_is_refused():
    net = dl.FunctionMap(lambda a, u: a + np.stack([0.1 + a[..., 0] ** 2 - a[..., 1] ** 2, 0.0 * a[..., 0]], -1), dim=2)
    assert polish(net, np.array([1e-3, 0.0])) is None


def test_bad_input():
    with pytest.raises(NotSmooth):
        analysis.slow_points(dl.AdditiveNetwork(np.eye(2), activation="threshold"), 0.1)
    with pytest.raises(InvalidInput, match="tolerance"):
        analysis.slow_points(dl.LatchNeuron(2.0), 0.0)
    with pytest.raises(InvalidInput, match="bounds"):
        analysis.slow_points(dl.LatchNeuron(2.0), 0.1, bounds=(1.0, 0.0))


def test_budget_summary_plot_and_file(tmp_path):
    net = dl.WithInput(dl.LatchNeuron(2.0), [-0.54])
    cut = analysis.slow_points(net, 0.1, rng=0, time_budget=1e-9)
    assert not cut.ended
    assert len(cut) == 0
    assert "cut short" in cut.summary()
    assert cut.plot() is not None
    slow = analysis.slow_points(net, 0.1, rng=0)
    assert "1 slow point in activation a" in slow.summary()
    assert "component 1" in slow.plot().get_xlabel()
    again = dl.load(slow.save(tmp_path / "slow"))
    np.testing.assert_array_equal(again.points, slow.points)
    assert again.tolerance == 0.1
    assert again.ended is True


def test_many_units_are_drawn_on_their_principal_components():
    points = np.array([[0.0, 0.0, 0.0, 0.0], [3.0, 0.0, 4.0, 0.0], [6.0, 0.0, 8.0, 0.0]])
    speeds = np.array([1e-2, 1e-3, 1e-4])
    slow = analysis.SlowPoints(
        points=points,
        speeds=speeds,
        imbalances=np.array([1e-2, 1e-3, 1.0]),
        eigenvalues=np.zeros((3, 4), dtype=complex),
        tolerance=0.1,
        estimated_missing=0.0,
        ended=True,
        coordinates="activation a",
    )
    axes = slow.plot()
    assert axes.get_xlabel() == "principal component 1 of activation a"
    dots, crosses = axes.collections
    x = np.concatenate([dots.get_offsets()[:, 0], crosses.get_offsets()[:, 0]])
    np.testing.assert_allclose(np.abs(np.diff(x)), [5.0, 5.0])  # along the line on which the points lie
    np.testing.assert_allclose(crosses.get_array(), [-4.0])
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["ghost", "closed gate"]
