import numpy as np
import pytest
from oracles import product_norms

import dynlatch as dl
from dynlatch import analysis
from dynlatch.errors import InvalidInput, NotSmooth


def jacobians_along(net, a0, inputs):
    states = dl.trajectory(net, a0, inputs)
    return [net.jacobian(a, u) for a, u in zip(states[:-1], inputs, strict=True)]


@pytest.mark.parametrize("norm", [1, 2, np.inf, "fro"])
def test_short_products_against_numpy(norm):
    rng = np.random.default_rng(0)
    net = dl.AdditiveNetwork(1.2 * rng.standard_normal((5, 5)) / np.sqrt(5))
    inputs = rng.standard_normal((30, 5))
    decay = analysis.gradient_decay(net, np.zeros(5), inputs, norm=norm)
    product = np.eye(5)
    for t, J in enumerate(jacobians_along(net, np.zeros(5), inputs)):
        product = J @ product
        assert abs(decay.log_norms[t] - np.log(np.linalg.norm(product, norm))) < 1e-12


def test_far_below_the_smallest_float():
    rng = np.random.default_rng(1)
    net = dl.ElmanNetwork(0.3 * rng.standard_normal((3, 3)), np.eye(3), None)
    inputs = rng.standard_normal((700, 3))
    decay = analysis.gradient_decay(net, np.zeros(3), inputs)
    jacobians = jacobians_along(net, np.zeros(3), inputs)
    plain = np.eye(3)
    for J in jacobians:
        plain = J @ plain
    assert not plain.any()  # the plain product underflows
    np.testing.assert_allclose(decay.log_norms, product_norms(jacobians, 60), atol=1e-10, rtol=0)
    assert decay.log_norms[-1] < -745


def test_ten_thousand_steps_at_an_attractor():
    """At the upper state of the latch every factor is the slope lambda: the log-norm is t ln(lambda)."""
    state = analysis.fixed_points(dl.LatchNeuron(2.0)).points[2]
    decay = analysis.gradient_decay(dl.LatchNeuron(2.0), state, steps=10_000)
    slope = 2.0 * (1.0 - np.tanh(state[0]) ** 2)
    np.testing.assert_allclose(decay.log_norms, np.arange(1, 10_001) * np.log(slope), rtol=1e-12)
    np.testing.assert_allclose(np.exp(decay.rate), slope, rtol=1e-12)


def test_ten_thousand_steps_of_a_contracting_net_against_a_long_product():
    rng = np.random.default_rng(2)
    net = dl.AdditiveNetwork(0.6 * rng.standard_normal((2, 2)))
    inputs = 0.5 * rng.standard_normal((10_000, 2))
    decay = analysis.gradient_decay(net, np.zeros(2), inputs)
    # A product of integers needs no precision: J_t as exact fractions would be slow, so 30 digits and a running scale.
    scale, product = 0.0, np.eye(2, dtype=np.longdouble)
    for J in jacobians_along(net, np.zeros(2), inputs):
        product = J.astype(np.longdouble) @ product
        size = np.abs(product).max()
        product, scale = product / size, scale + np.log(size)
    expected = float(scale) + np.log(np.linalg.norm(product.astype(float), 2))
    assert abs(decay.log_norms[-1] - expected) < 1e-8
    assert decay.log_norms[-1] < -800


def test_growth_does_not_overflow():
    decay = analysis.gradient_decay(dl.AdditiveNetwork([[3.0]], activation="linear"), [1e-300], steps=600)
    np.testing.assert_allclose(decay.log_norms, np.arange(1, 601) * np.log(3.0), rtol=1e-12)


def test_batches_are_loops():
    rng = np.random.default_rng(3)
    net = dl.GRU(rng.standard_normal((9, 2)), rng.standard_normal((9, 3)), None, None)
    starts, inputs = rng.standard_normal((4, 3)), rng.standard_normal((12, 4, 2))
    together = analysis.gradient_decay(net, starts, inputs)
    assert together.log_norms.shape == (12, 4)
    for k in range(4):
        alone = analysis.gradient_decay(net, starts[k], inputs[:, k])
        np.testing.assert_allclose(together.log_norms[:, k], alone.log_norms, rtol=1e-12)
        np.testing.assert_allclose(together.rate[k], alone.rate, rtol=1e-12)


@pytest.mark.parametrize("norm", [1, 2, np.inf])
def test_bounds_are_above_the_truth(norm):
    rng = np.random.default_rng(4)
    for make in (dl.AdditiveNetwork, lambda W: dl.ElmanNetwork(W, np.eye(6), None)):
        net = make(rng.standard_normal((6, 6)))
        decay = analysis.gradient_decay(net, rng.standard_normal(6), rng.standard_normal((40, 6)), norm=norm)
        assert set(decay.bounds) == {"product of norms", "weight norm"}
        assert np.all(decay.bounds["product of norms"] >= decay.log_norms - 1e-12)
        assert np.all(decay.bounds["weight norm"] >= decay.bounds["product of norms"] - 1e-12)


def test_exactly_zero_products():
    net = dl.AdditiveNetwork([[0.0, 1.0], [0.0, 0.0]], activation="linear")
    decay = analysis.gradient_decay(net, [1.0, 1.0], steps=5)
    np.testing.assert_array_equal(decay.log_norms, [0.0, -np.inf, -np.inf, -np.inf, -np.inf])
    assert decay.rate == -np.inf
    assert decay.time_to(0.5) == 2
    assert "10^-inf" in decay.summary()


def test_time_to():
    decay = analysis.gradient_decay(dl.AdditiveNetwork([[0.5]], activation="linear"), [1.0], steps=20)
    assert decay.time_to(0.5) == 1
    assert decay.time_to(0.26) == 2
    assert decay.time_to(2.0**-20) == 20
    assert decay.time_to(1e-9) == np.inf


def test_bad_input():
    net = dl.LatchNeuron(2.0)
    with pytest.raises(InvalidInput, match="at least 1"):
        analysis.gradient_decay(net, [0.0], steps=0)
    with pytest.raises(InvalidInput, match="`steps`"):
        analysis.gradient_decay(net, [0.0], steps=-3)
    with pytest.raises(InvalidInput, match="norm"):
        analysis.gradient_decay(net, [0.0], steps=3, norm=3)
    with pytest.raises(NotSmooth):
        analysis.gradient_decay(dl.AdditiveNetwork([[1.0]], activation="threshold"), [0.0], steps=3)


def test_a_column_that_falls_far_behind_can_lead_again():
    """Two uncoupled units: first one saturates for 120 steps, later the other, by more than float64's whole range."""
    net = dl.AdditiveNetwork(np.diag([2.0, 2.0]))
    inputs = np.zeros((400, 2))
    inputs[:120, 0], inputs[200:, 1] = 30.0, 60.0
    together = analysis.gradient_decay(net, [30.0, 0.1], inputs)
    apart = [analysis.gradient_decay(dl.LatchNeuron(2.0), [a], inputs[:, [k]]) for k, a in enumerate((30.0, 0.1))]
    expected = np.maximum(apart[0].log_norms, apart[1].log_norms)
    np.testing.assert_allclose(together.log_norms, expected, rtol=1e-12)


def test_entries_near_the_largest_float():
    decay = analysis.gradient_decay(dl.AdditiveNetwork(1e305 * np.ones((60, 60)), activation="linear"), np.zeros(60), steps=3)
    np.testing.assert_allclose(decay.log_norms, np.arange(1, 4) * (np.log(60.0) + 305 * np.log(10.0)), rtol=1e-12)
