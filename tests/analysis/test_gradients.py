import numpy as np
import pytest
from oracles import exact_log_norms

import dynlatch as dl
from dynlatch import analysis
from dynlatch.analysis.gradients import products
from dynlatch.analysis.gradients.leading_eigenvalue import leading_eigenvalues
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
    net = dl.ElmanNetwork(0.2 * rng.standard_normal((3, 3)), np.eye(3), None)
    inputs = rng.standard_normal((500, 3))
    decay = analysis.gradient_decay(net, np.zeros(3), inputs)
    jacobians = jacobians_along(net, np.zeros(3), inputs)
    plain = np.eye(3)
    for J in jacobians:
        plain = J @ plain
    assert not plain.any()  # the plain product underflows
    np.testing.assert_allclose(decay.log_norms, exact_log_norms(jacobians)[2], atol=1e-10, rtol=0)
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
    with pytest.raises(InvalidInput, match="no trajectory"):
        analysis.gradient_decay(net, np.zeros((0, 1)), steps=3)
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


def gated(make, gates, n, width, rng, m=3):
    return make(rng.uniform(-1, 1, (gates * width, m)), rng.uniform(-1, 1, (gates * width, width)), None, None)


def stack(rng):
    low = dl.GRU(rng.uniform(-1, 1, (24, 3)), rng.uniform(-1, 1, (24, 8)), None, None)
    return dl.StackedNetwork([low, dl.LSTM(rng.uniform(-1, 1, (24, 8)), rng.uniform(-1, 1, (24, 6)), None, None)])


WIDE_NETS = {  # all with more than products.SMALL units, so that directions are discarded
    "contracting": lambda rng: dl.AdditiveNetwork(0.6 * rng.standard_normal((20, 20)) / np.sqrt(20)),
    "chaotic": lambda rng: dl.AdditiveNetwork(2.0 * rng.standard_normal((20, 20)) / np.sqrt(20)),
    "non-normal": lambda rng: dl.ElmanNetwork(np.triu(rng.standard_normal((20, 20)), 1) + 0.9 * np.eye(20), np.eye(20), None),
    "leaky": lambda rng: dl.LeakyNetwork(rng.standard_normal((18, 18)) / 3, 0.2),
    "GRU": lambda rng: gated(dl.GRU, 3, 18, 18, rng),
    "LSTM": lambda rng: gated(dl.LSTM, 4, 20, 10, rng),
    "stacked": stack,
}


@pytest.mark.parametrize("name", WIDE_NETS)
def test_wide_nets_against_products_of_600_bits(name):
    rng = np.random.default_rng(5)
    net = WIDE_NETS[name](rng)
    inputs, start = 0.7 * rng.standard_normal((45, net.input_dim)), 0.3 * rng.standard_normal(net.dim)
    jacobians = jacobians_along(net, start, inputs)
    norms, transposed = (2, "fro", 1, np.inf), (2, "fro", np.inf, 1)
    forward = exact_log_norms(jacobians, norms)
    backward = exact_log_norms([J.T for J in jacobians[::-1]], norms)
    for norm, other in zip(norms, transposed, strict=True):
        decay = analysis.gradient_decay(net, start, inputs, norm=norm)
        np.testing.assert_allclose(decay.log_norms, forward[norm], atol=1e-11, rtol=0)
        np.testing.assert_allclose(decay.backward, backward[other][::-1], atol=1e-11, rtol=0)
        assert all(np.all(bound >= decay.log_norms - 1e-11) for bound in decay.bounds.values())


def two_blocks(turn):
    """Two uncoupled dense blocks of 12 units. The second is saturated for `turn` steps, the first from step 150 on."""
    rng = np.random.default_rng(6)
    blocks = [1.2 * np.linalg.qr(rng.standard_normal((12, 12)))[0] for _ in range(2)]
    W, inputs = np.zeros((24, 24)), np.zeros((300, 24))
    W[:12, :12], W[12:, 12:] = blocks
    inputs[:turn, 12:], inputs[150:, :12] = 3.0, 4.0
    return blocks, W, np.r_[0.1 * rng.standard_normal(12), np.full(12, 3.0)], inputs


@pytest.mark.parametrize("turn", [16, 30, 149])
def test_a_discarded_block_that_comes_to_lead_is_found(turn, monkeypatch):
    """It falls behind by 1e-13, 1e-25 and 1e-130 or so, and leads in the end."""
    blocks, W, start, inputs = two_blocks(turn)
    parts = (slice(0, 12), slice(12, 24))
    apart = [
        analysis.gradient_decay(dl.AdditiveNetwork(block), start[where], inputs[:, where])
        for block, where in zip(blocks, parts, strict=True)
    ]
    assert apart[0].log_norms[149] > apart[1].log_norms[149] + np.log(1e9)
    assert apart[0].log_norms[-1] < apart[1].log_norms[-1] - 100
    together = analysis.gradient_decay(dl.AdditiveNetwork(W), start, inputs)
    expected = np.maximum(apart[0].log_norms, apart[1].log_norms)
    np.testing.assert_allclose(together.log_norms, expected, atol=1e-10, rtol=0)
    np.testing.assert_allclose(together.backward, np.maximum(apart[0].backward, apart[1].backward), atol=1e-10, rtol=0)
    # Without the watch on what is discarded the answer would be wrong.
    monkeypatch.setattr(products, "returned", lambda sketches, *rest: np.zeros(sketches.shape[1], dtype=bool))
    monkeypatch.setattr(products, "FARTHEST", 1e-300)
    blind = analysis.gradient_decay(dl.AdditiveNetwork(W), start, inputs)
    assert np.abs(blind.log_norms - expected).max() > 1.0


def test_cells_whose_regime_changes():
    """An LSTM of nearly uncoupled cells: half of them keep their gradient first, the other half later."""
    rng, n = np.random.default_rng(7), 10
    entering = np.zeros((4 * n, 2))
    entering[n : n + n // 2, 0] = entering[n + n // 2 : 2 * n, 1] = 1.0
    net = dl.LSTM(entering, 1e-9 * rng.standard_normal((4 * n, n)), None, None)
    inputs = np.tile([4.0, -3.0], (120, 1))
    inputs[60:] = [-8.0, 4.0]
    decay = analysis.gradient_decay(net, np.zeros(2 * n), inputs)
    expected = exact_log_norms(jacobians_along(net, np.zeros(2 * n), inputs))[2]
    np.testing.assert_allclose(decay.log_norms, expected, atol=1e-10, rtol=0)


def test_only_the_doubtful_members_of_a_batch_are_done_again(monkeypatch):
    _, W, start, inputs = two_blocks(20)
    calm = 0.1 * np.random.default_rng(8).standard_normal(inputs.shape)
    net, sweeps, plain = dl.AdditiveNetwork(W), [], products.sweep

    def watched(factors, *rest):
        sweeps.append(factors.log_sizes.shape[1])
        return plain(factors, *rest)

    monkeypatch.setattr(products, "sweep", watched)
    together = analysis.gradient_decay(net, start, np.stack([inputs, calm, inputs], axis=1))
    assert sweeps[0] == 3
    assert sweeps[-1] < 3
    for k, sequence in enumerate((inputs, calm, inputs)):
        alone = analysis.gradient_decay(net, start, sequence)
        np.testing.assert_allclose(together.log_norms[:, k], alone.log_norms, atol=1e-11, rtol=0)
        np.testing.assert_allclose(together.backward[:, k], alone.backward, atol=1e-11, rtol=0)


def test_adapted_norms():
    rng = np.random.default_rng(9)
    for n in (4, 20):
        net, inputs = dl.AdditiveNetwork(rng.standard_normal((n, n)) / np.sqrt(n)), rng.standard_normal((25, n))
        S = rng.standard_normal((n, n)) + 3.0 * np.eye(n)
        decay = analysis.gradient_decay(net, np.zeros(n), inputs, norm=S)
        changed = [S @ J @ np.linalg.inv(S) for J in jacobians_along(net, np.zeros(n), inputs)]
        np.testing.assert_allclose(decay.log_norms, exact_log_norms(changed)[2], atol=1e-10)
        np.testing.assert_allclose(decay.backward, exact_log_norms([J.T for J in changed[::-1]])[2][::-1], atol=1e-10)
        assert not decay.bounds
    with pytest.raises(InvalidInput, match="singular"):
        analysis.gradient_decay(net, np.zeros(n), inputs, norm=np.zeros((n, n)))
    with pytest.raises(InvalidInput, match="shape"):
        analysis.gradient_decay(net, np.zeros(n), inputs, norm=np.eye(3))


def test_known_weights_are_no_other_than_jacobians():
    """Nets whose Jacobians are never formed against the same nets where they are."""
    rng = np.random.default_rng(10)
    W, B, inputs = rng.standard_normal((20, 20)) / 4, rng.standard_normal((20, 3)), rng.standard_normal((40, 2, 3))
    for net in (dl.AdditiveNetwork(W, np.ones(20), "logistic", B), dl.ElmanNetwork(W, B, np.ones(20))):
        under = dl.WithInput(net, np.ones(3))
        for norm in (2, "fro", 1, np.inf):
            bare = analysis.gradient_decay(under, np.zeros((2, 20)), inputs, norm=norm)
            formed = analysis.gradient_decay(dl.Iterate(under, 1), np.zeros((2, 20)), inputs, norm=norm)
            np.testing.assert_allclose(bare.log_norms, formed.log_norms, atol=1e-11)
            np.testing.assert_allclose(bare.backward, formed.backward, atol=1e-11)
            product, cruder = bare.bounds["product of norms"], formed.bounds["product of norms"]
            assert np.all(product <= cruder + 1e-12) if norm == 2 else np.allclose(product, cruder, atol=1e-11)


@pytest.mark.parametrize("norm", [2, "fro", 1, np.inf])
def test_wide_products_that_vanish(norm):
    net = dl.AdditiveNetwork(np.eye(20, k=1), activation="linear")
    decay = analysis.gradient_decay(net, np.ones(20), steps=40, norm=norm)
    assert np.all(np.isfinite(decay.log_norms[:19]))
    assert np.all(np.isneginf(decay.log_norms[19:]))
    assert np.all(np.isneginf(decay.backward[:21]))
    assert np.all(np.isfinite(decay.backward[21:]))


def test_backward_is_computed_once_and_saved(tmp_path):
    decay = analysis.gradient_decay(dl.LatchNeuron(2.0), [0.3], steps=50)
    assert decay.backward is decay.backward
    np.testing.assert_allclose(decay.backward[0], decay.log_norms[-1], atol=1e-13)
    kept = dl.load(analysis.gradient_decay(dl.LatchNeuron(2.0), [0.3], steps=50).save(tmp_path / "decay"))
    np.testing.assert_array_equal(kept.backward, decay.backward)


@pytest.mark.slow
def test_a_hundred_thousand_steps():
    rng = np.random.default_rng(11)
    net = dl.AdditiveNetwork(0.5 * rng.standard_normal((20, 20)) / np.sqrt(20))
    decay = analysis.gradient_decay(net, np.zeros(20), steps=100_000)
    # The state stays at 0: powers of W, whose norm follows the spectral radius.
    spectral_radius = np.abs(np.linalg.eigvals(net.W)).max()
    assert abs(decay.rate - np.log(spectral_radius)) < 1e-4
    np.testing.assert_allclose(decay.backward[0], decay.log_norms[-1], rtol=1e-13)


def test_largest_eigenvalues():
    rng = np.random.default_rng(12)
    for size in (3, 41, 130):
        axes = np.linalg.qr(rng.standard_normal((10, size, size)))[0]
        gaps = 10.0 ** -np.arange(10.0)  # of the first two eigenvalues
        spectrum = np.exp(-0.3 * np.arange(size)) * np.ones((10, 1))
        spectrum[:, 1] = 1.0 - gaps
        grams = (axes * spectrum[:, None]) @ np.swapaxes(axes, -1, -2) * 1e-7
        np.testing.assert_allclose(leading_eigenvalues(grams.reshape(2, 5, size, size)), 1e-7, rtol=1e-11)


def test_the_picture_of_a_decay_is_in_decades():
    """At the upper state of the latch: a line of slope log10(lambda); of a batch, thin lines and their median."""
    net = dl.LatchNeuron(2.0)
    state = analysis.fixed_points(net).points[2]
    slope = np.log10(2.0 * (1.0 - np.tanh(state[0]) ** 2))
    axes = analysis.gradient_decay(net, state, steps=20).plot()
    np.testing.assert_allclose(axes.lines[0].get_ydata(), np.arange(1, 21) * slope, rtol=1e-12)
    assert axes.get_ylabel() == "log10 of the 2-norm, activation a"
    three = analysis.gradient_decay(net, [state, state, [0.0]], steps=20, norm=np.eye(1)).plot()
    assert three.get_ylabel() == "log10 of the adapted norm, activation a"
    *runs, median = (np.asarray(line.get_ydata()) for line in three.lines[:4])
    np.testing.assert_allclose(runs[2], np.arange(1, 21) * np.log10(2.0))
    np.testing.assert_array_equal(median, np.median(runs, axis=0))


def test_the_rate_of_a_single_step_is_its_logarithm():
    decay = analysis.gradient_decay(dl.AdditiveNetwork([[0.25]]), [0.0], steps=1)
    assert decay.rate == pytest.approx(np.log(0.25), rel=1e-15)
