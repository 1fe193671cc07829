"""The least action out of a basin: against a direct minimisation over states, symmetry, escape rates, and replay."""

import numpy as np
import pytest
from scipy.optimize import minimize

import dynlatch as dl
from dynlatch.analysis.attractor import attracting
from dynlatch.analysis.escape.witness import replay
from dynlatch.analysis.noise.quasi_potential import PathOutcome, QuasiPotential, quasi_potential
from dynlatch.errors import InvalidInput


def upper(net):
    point = np.full(net.dim, 5.0)
    for _ in range(2000):
        point = net.step(point)
    return attracting(net, point, "test").point


def least_action(w, T):
    """Minimum of 1/2 sum (a_{t+1} - w tanh a_t)^2 over the states between the attractor and 0."""
    home = upper(dl.LatchNeuron(w))[0]

    def action(a):
        path = np.concatenate([[home], a, [0.0]])
        u = path[1:] - w * np.tanh(path[:-1])
        slope = np.append(0.0, u) - np.append(u * w / np.cosh(path[:-1]) ** 2, 0.0)
        return 0.5 * u @ u, slope[1:-1]

    starts = (np.linspace(home, 0.0, T + 1)[1:-1], home * np.linspace(1.0, 0.0, T + 1)[1:-1] ** 2)
    return min(minimize(action, start, jac=True, method="L-BFGS-B", options={"ftol": 1e-15}).fun for start in starts)


def test_one_neuron():
    net = dl.LatchNeuron(2.0)
    found = quasi_potential(net, upper(net), rng=0)
    np.testing.assert_allclose(found.value, 1.23707, atol=5e-6)
    np.testing.assert_allclose(found.value, least_action(2.0, 40), rtol=1e-6)
    assert found.outcome is PathOutcome.FOUND
    assert found.largest_input > 0.532839975353552  # nothing smaller escapes
    np.testing.assert_allclose(found.destination, -upper(net))


@pytest.mark.slow
def test_the_path_obeys_the_map_and_its_inputs_are_a_watershed():
    net = dl.AdditiveNetwork([[1.9, -0.35], [0.45, 1.7]])
    found = quasi_potential(net, upper(net), rng=0)
    np.testing.assert_allclose(found.path[1:], net.step(found.path[:-1]) + found.inputs, atol=1e-12)
    np.testing.assert_allclose(found.value, 0.5 * np.square(found.inputs).sum())
    assert replay(net, found.attractor, 0.99 * found.inputs).returned
    assert not replay(net, found.attractor, 1.01 * found.inputs).returned


def test_uncoupled_neurons_leave_by_the_weaker_one():
    net = dl.AdditiveNetwork(np.diag([2.0, 1.5]))
    found = quasi_potential(net, upper(net), rng=0)
    np.testing.assert_allclose(found.value, least_action(1.5, 60), rtol=1e-5)
    np.testing.assert_allclose(found.saddle, [upper(dl.LatchNeuron(2.0))[0], 0.0], atol=1e-9)


def test_inputs_of_another_size_and_one_target():
    net = dl.LatchNeuron(2.0)
    found = quasi_potential(net, upper(net), target=[0.0], input_matrix=[[0.5]], steps=40, rng=0)
    assert len(found.inputs) == 40
    np.testing.assert_allclose(found.value, 4.0 * 1.2370712, rtol=1e-5)
    with pytest.raises(InvalidInput, match="saddle"):
        quasi_potential(net, upper(net), target=-upper(net))


def test_a_monostable_map_has_no_way_out():
    net = dl.AdditiveNetwork([[0.5]])
    found = quasi_potential(net, [0.0], rng=0)
    assert found.outcome is PathOutcome.MONOSTABLE
    assert np.isinf(found.value)
    assert "nothing leaves" in found.summary()
    with pytest.raises(InvalidInput, match="no path"):
        found.plot()


@pytest.mark.slow
def test_saved_and_drawn(tmp_path):
    import matplotlib.pyplot as plt

    for net in (dl.LatchNeuron(2.0), dl.AdditiveNetwork(np.diag([2.0, 1.5]))):
        found = quasi_potential(net, upper(net), steps=12, rng=0)
        again = dl.load(found.save(tmp_path / "path"))
        np.testing.assert_array_equal(again.inputs, found.inputs)
        assert again.outcome is found.outcome
        assert "V =" in found.plot().get_figure().axes[0].get_legend_handles_labels()[1][0] + found.plot().get_title()
        plt.close("all")


def test_pictures_show_the_path_and_where_it_leads():
    """Drawn from the record alone: in the plane, and against time, where the still start is left out."""
    way = np.array([[2.0, 1.0], [1.5, 0.5], [1.0, 0.0], [0.5, 0.0]])
    pushes = np.array([[0.3, 0.4], [0.0, 0.0], [0.6, 0.8]])
    ends = {"saddle": np.array([0.5, 0.0]), "destination": np.array([-2.0, 1.0]), "attractor": way[0]}
    found = QuasiPotential(value=0.625, path=way, inputs=pushes, **ends, outcome=PathOutcome.FOUND, coordinates="activation a")
    line, _, *marks = found.plot().lines
    np.testing.assert_array_equal(line.get_xydata(), way)
    np.testing.assert_array_equal(
        [np.ravel(mark.get_xydata()) for mark in marks], [ends[k] for k in ("attractor", "saddle", "destination")]
    )
    assert "largest input: 0.8 at step 3; half of the action within 1 steps" in found.summary()
    still = np.concatenate([np.full((6, 1), 2.0), [[1.0], [0.0]]])
    cut = {name: value[:1] for name, value in ends.items()}
    late = QuasiPotential(
        value=1.0, path=still, inputs=np.diff(still, axis=0), **cut, outcome=PathOutcome.FOUND, coordinates="activation a"
    )
    axes = late.plot()
    np.testing.assert_array_equal(axes.lines[0].get_xdata(), [3, 4, 5, 6, 7])
    assert [bar.get_height() for bar in axes.patches] == [0.0, 0.0, 1.0, 1.0]
    assert axes.get_title() == "most probable path out of the basin, V = 1"
