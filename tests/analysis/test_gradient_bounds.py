import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dynlatch as dl
from dynlatch import analysis
from dynlatch.errors import InvalidInput, NotAttracting

NORMS = (1, 2, np.inf, "fro")
GAINS = st.just(0.0) | st.floats(1e-100, 4.0)  # smaller Jacobians underflow


def network(kind, n, gain, rng):
    W, biases = gain * rng.standard_normal((n, n)) / np.sqrt(n), rng.standard_normal(n)
    if kind == "additive":
        return dl.AdditiveNetwork(W, biases, str(rng.choice(["tanh", "logistic", "relu", "softplus"])))
    if kind == "leaky":
        return dl.LeakyNetwork(W, rng.uniform(0.1, 1.0, n), biases)
    if kind == "elman":
        return dl.ElmanNetwork(W, rng.standard_normal((n, n)), biases, str(rng.choice(["tanh", "logistic", "relu"])))
    if kind == "gru":
        return dl.GRU(rng.standard_normal((3 * n, n)), gain * rng.standard_normal((3 * n, n)))
    return dl.LSTM(rng.standard_normal((4 * n, n)), gain * rng.standard_normal((4 * n, n)))


@pytest.mark.parametrize("kind", ["additive", "leaky", "elman", "gru", "lstm"])
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 5), gain=GAINS, norm=st.sampled_from([*NORMS, "S"]))
def test_no_bound_is_below_the_truth(kind, seed, n, gain, norm):
    rng = np.random.default_rng(seed)
    net = network(kind, n, gain, rng)
    if norm == "S":
        norm = rng.standard_normal((net.dim, net.dim)) + 3.0 * np.eye(net.dim)
    inputs = rng.choice([0.0, 1.0]) * rng.standard_normal((12, 2, net.input_dim))
    bounds = analysis.gradient_bounds(net, rng.standard_normal((2, net.dim)), inputs, norm=norm)
    for name, bound in bounds.bounds.items():
        assert (bound >= bounds.log_norms).all(), name
        assert (bounds.slack(name) >= 0).all()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), norm=st.sampled_from(NORMS), size=st.sampled_from([0.0, 1e-6, 0.05, 1.0]))
def test_bounds_around_an_attractor_are_never_below_the_truth(seed, norm, size):
    rng = np.random.default_rng(seed)
    net = network(rng.choice(["additive", "leaky", "elman"]), 3, 1.5, rng)
    net = net if net.f.bounded else dl.AdditiveNetwork(0.3 * rng.standard_normal((3, 3)))
    found = analysis.fixed_points(net, rng=0).attractors
    if not len(found):
        return
    a0 = found.points[0] + size * rng.standard_normal((4, 3))
    inputs = None if size == 0.0 else size * rng.standard_normal((30, 4, net.input_dim))
    bounds = analysis.gradient_bounds(net, a0, inputs, None if inputs is not None else 30, norm=norm, attractor=found[0])
    assert {"adapted norm", "contraction ball"} <= set(bounds.bounds)
    for name, bound in bounds.bounds.items():
        assert (bound >= bounds.log_norms).all(), name


def test_on_a_cycle_in_its_adapted_norms():
    net = dl.AdditiveNetwork([[0.0, -2.0], [2.0, 0.0]])
    cycle = analysis.periodic_orbits(net, 4, rng=0).attractors[0]
    bounds = analysis.gradient_bounds(net, cycle.points, steps=40, attractor=cycle)
    for name, bound in bounds.bounds.items():
        assert (bound >= bounds.log_norms).all(), name
    assert bounds.slack("adapted norm")[-1].max() < 5.0
    assert any(condition.name == "contraction ball" and condition.holds for condition in bounds.conditions)


def test_scalar_latch_in_closed_form():
    """At the attractor the product of norms is the truth, and ||W|| max f' gives away ln(2 / lambda) a step."""
    state = analysis.fixed_points(dl.LatchNeuron(2.0)).points[2]
    bounds = analysis.gradient_bounds(dl.LatchNeuron(2.0), state, steps=60, attractor=state)
    slope = 2.0 * (1.0 - np.tanh(state[0]) ** 2)
    t = np.arange(1, 61)
    np.testing.assert_allclose(bounds.slack("product of norms"), 0.0, atol=1e-9)
    np.testing.assert_allclose(bounds.slack("adapted norm"), 0.0, atol=1e-9)
    np.testing.assert_allclose(bounds.slack("weight norm"), t * np.log(2.0 / slope), rtol=1e-9)
    np.testing.assert_allclose(bounds.slack("weight norm, slopes met"), 0.0, atol=1e-9)
    np.testing.assert_allclose(bounds.slack_decades("error flow"), bounds.slack("weight norm") / np.log(10.0), rtol=1e-9)


def test_the_chapters_bound_is_the_chapters():
    """n tau^q with tau = n w_max / 4 for logistic units (2001, section 2), and far above the truth."""
    rng = np.random.default_rng(0)
    net = dl.AdditiveNetwork(rng.uniform(-0.5, 0.5, (6, 6)), activation="logistic")
    bounds = analysis.gradient_bounds(net, np.zeros(6), steps=10)
    tau = 6 * np.abs(net.W).max() / 4.0
    np.testing.assert_allclose(bounds.bounds["error flow"], np.log(6) + np.arange(1, 11) * np.log(tau), atol=1e-9)
    assert bounds.slack_decades("error flow")[-1] > 3.0
    named = {condition.name: condition for condition in bounds.conditions}
    assert named["all weights"].limit == pytest.approx(4.0 / 6.0)
    assert named["all weights"].holds
    assert named["single weights"].limit == pytest.approx(4.0)


def test_pascanu_by_singular_values_not_by_eigenvalues():
    """A nilpotent matrix has no eigenvalue but 0, and two of them in turn explode: only sigma_max < 1 / max f' is safe."""
    net = dl.AdditiveNetwork([[0.0, 5.0], [0.1, 0.0]])
    named = {c.name: c for c in analysis.gradient_bounds(net, [0.0, 0.0], steps=3).conditions}
    assert named["spectral radius"].holds
    assert named["spectral radius"].value == pytest.approx(np.sqrt(0.5))
    assert not named["largest singular value"].holds
    assert named["largest singular value"].value == pytest.approx(5.0)
    assert analysis.gradient_decay(net, [0.0, 0.0], steps=1).log_norms[0] > 1.0


def test_small_inputs_never_leave_the_ball():
    net = dl.AdditiveNetwork([[0.5, 0.2], [0.0, 0.5]])
    rng = np.random.default_rng(0)
    quiet = analysis.gradient_bounds(net, [0.0, 0.0], 1e-3 * rng.uniform(-1, 1, (50, 2)), attractor=[0.0, 0.0])
    loud = analysis.gradient_bounds(net, [0.0, 0.0], 1e3 * rng.uniform(-1, 1, (50, 2)), attractor=[0.0, 0.0])
    by_name = [{c.name: c.holds for c in bounds.conditions} for bounds in (quiet, loud)]
    assert by_name[0]["Theorem 3, around the attractor"]
    assert not by_name[1]["Theorem 3, around the attractor"]
    assert by_name[0]["Theorem 3, around the autonomous trajectory"]


def test_theorem_3_as_stated_fails_where_the_map_expands():
    net = dl.LatchNeuron(2.0)
    named = {c.name: c for c in analysis.gradient_bounds(net, [0.1], np.full((5, 1), 0.01)).conditions}
    assert not named["Theorem 3, around the autonomous trajectory"].holds


def test_dead_units_and_words(tmp_path):
    net = dl.AdditiveNetwork([[1.0]], [-5.0], "relu")
    bounds = analysis.gradient_bounds(net, [1.0], steps=4)
    assert np.isneginf(bounds.log_norms[-1])
    assert np.isneginf(bounds.bounds["product of norms"][-1])
    assert bounds.slack("product of norms")[-1] == 0.0
    assert np.isinf(bounds.slack("weight norm")[-1])
    again = dl.load(bounds.save(tmp_path / "bounds"))
    assert again.summary() == bounds.summary()
    with pytest.raises(InvalidInput, match="no bound 'nothing'"):
        bounds.slack("nothing")
    with pytest.raises(NotAttracting):
        analysis.gradient_bounds(dl.LatchNeuron(2.0), [1.0], steps=3, attractor=[0.0])


def test_figure():
    import matplotlib.pyplot as plt

    bounds = analysis.gradient_bounds(dl.LatchNeuron(2.0), [0.1], steps=20)
    assert bounds.sharpest in ("product of norms", "weight norm, slopes met")
    ax = bounds.plot()
    assert len(ax.lines) == len(bounds.bounds) + 2
    plt.close(ax.figure)
