import mpmath
import numpy as np
import pytest

import dynlatch as dl
from dynlatch import analysis
from dynlatch.errors import InvalidInput, NotSmooth


def exact_triplets(net, a0, inputs, k):
    """Logarithms of the singular values, right and left directions, from a product and an SVD in 200 digits."""
    states = dl.trajectory(net, a0, inputs)
    with mpmath.workdps(200):
        product = mpmath.eye(net.dim)
        for a, u in zip(states[:-1], inputs, strict=True):
            product = mpmath.matrix(net.jacobian(a, u).tolist()) * product
        U, S, V = mpmath.svd_r(product)
        logs = np.array([float(mpmath.log(s)) for s in S])[:k]
        right = np.array(V.tolist(), dtype=float)[:k]
        return logs, right, np.array(U.tolist(), dtype=float).T[:k]


NETS = {
    "contracting": lambda rng: dl.AdditiveNetwork(0.5 * rng.standard_normal((6, 6)) / np.sqrt(6)),
    "chaotic": lambda rng: dl.ElmanNetwork(2.0 * rng.standard_normal((6, 6)) / np.sqrt(6), np.eye(6), None),
    "GRU": lambda rng: dl.GRU(rng.uniform(-1, 1, (18, 3)), rng.uniform(-1, 1, (18, 6)), None, None),
    "LSTM": lambda rng: dl.LSTM(rng.uniform(-1, 1, (12, 3)), rng.uniform(-1, 1, (12, 3)), None, None),
}


@pytest.mark.parametrize("name", NETS)
def test_triplets_against_200_digits(name):
    rng = np.random.default_rng(0)
    net = NETS[name](rng)
    inputs, start = 0.5 * rng.standard_normal((30, net.input_dim)), 0.3 * rng.standard_normal(net.dim)
    logs, right, left = exact_triplets(net, start, inputs, 3)
    found = analysis.leading_gradients(net, start, inputs, k=3)
    assert found.converged
    np.testing.assert_allclose(found.log_values, logs, atol=1e-10, rtol=0)
    assert np.all(np.abs(found.log_values - logs) <= found.errors)
    # The signs of a pair of directions are free, but common.
    signs = np.sign(np.sum(found.right * right, axis=-1))[:, None]
    np.testing.assert_allclose(found.right * signs, right, atol=1e-5)
    np.testing.assert_allclose(found.left * signs, left, atol=1e-5)
    np.testing.assert_allclose(found.log_values[0], analysis.gradient_decay(net, start, inputs).log_norms[-1], atol=1e-10)


def test_values_that_hundreds_of_decades_separate():
    """exp(-0.4 T), exp(-4 T) and exp(-8 T) at T = 500: no float64 holds the last two."""
    Q = np.linalg.qr(np.random.default_rng(1).standard_normal((3, 3)))[0]
    net = dl.AdditiveNetwork(Q @ np.diag(np.exp([-0.4, -4.0, -8.0])) @ Q.T, activation="linear")
    found = analysis.leading_gradients(net, np.zeros(3), steps=500, k=3)
    np.testing.assert_allclose(found.log_values, [-200.0, -2000.0, -4000.0], atol=1e-9, rtol=0)
    np.testing.assert_allclose(np.abs(np.sum(found.right * Q.T, axis=-1)), 1.0, atol=1e-12)


def test_equal_singular_values():
    Q = np.linalg.qr(np.random.default_rng(2).standard_normal((30, 30)))[0]
    found = analysis.leading_gradients(dl.AdditiveNetwork(Q, activation="linear"), np.zeros(30), steps=50, k=4)
    np.testing.assert_allclose(found.log_values, 0.0, atol=1e-12)
    np.testing.assert_allclose(found.right @ found.right.T, np.eye(4), atol=1e-12)


def test_values_close_to_each_other():
    """One step of a random net: many singular values within a few per cent, more than the block holds."""
    W = np.random.default_rng(3).standard_normal((200, 200))
    found = analysis.leading_gradients(dl.AdditiveNetwork(W, activation="linear"), np.zeros(200), steps=1, k=3)
    truth = np.log(np.linalg.svd(W, compute_uv=False)[:3])
    assert found.converged
    np.testing.assert_allclose(found.log_values, truth, atol=1e-10, rtol=0)


def test_too_few_rounds_are_said():
    W = np.random.default_rng(3).standard_normal((200, 200))
    found = analysis.leading_gradients(dl.AdditiveNetwork(W, activation="linear"), np.zeros(200), steps=1, k=3, rounds=3)
    truth = np.log(np.linalg.svd(W, compute_uv=False)[:3])
    assert found.rounds == 3
    assert not found.converged
    assert np.all(np.abs(found.log_values - truth) <= found.errors)
    assert "not converged" in found.summary()


def test_low_rank_and_zero_products():
    rng = np.random.default_rng(4)
    low = rng.standard_normal((12, 2)) @ rng.standard_normal((2, 12)) / 12
    found = analysis.leading_gradients(dl.AdditiveNetwork(low), np.zeros(12), 0.1 * rng.standard_normal((40, 12)), k=3)
    assert np.all(np.isfinite(found.log_values[:2]))
    assert np.isneginf(found.log_values[2])
    gone = analysis.leading_gradients(dl.AdditiveNetwork(np.eye(3, k=1), activation="linear"), np.zeros(3), steps=3)
    assert np.isneginf(gone.log_values[0])


def test_batches_are_loops():
    rng = np.random.default_rng(5)
    net = NETS["GRU"](rng)
    starts, inputs = rng.standard_normal((2, 1, 6)), rng.standard_normal((15, 3, 3))
    together = analysis.leading_gradients(net, starts, inputs, k=2)
    assert together.right.shape == (2, 3, 2, 6)
    for i in range(2):
        for j in range(3):
            alone = analysis.leading_gradients(net, starts[i, 0], inputs[:, j], k=2)
            np.testing.assert_allclose(together.log_values[i, j], alone.log_values, atol=1e-10, rtol=0)


def test_no_product_is_formed(monkeypatch):
    """A thousand units: only products of the Jacobian with vectors are asked for."""
    rng = np.random.default_rng(6)
    monkeypatch.setattr(dl.AdditiveNetwork, "jacobian", lambda *arguments: pytest.fail("a Jacobian was formed"))
    net = dl.AdditiveNetwork(0.9 * rng.standard_normal((1000, 1000)) / np.sqrt(1000))
    found = analysis.leading_gradients(net, 0.5 * rng.standard_normal(1000), steps=3, rounds=2)
    assert found.right.shape == (1, 1000)


def test_record(tmp_path):
    net = dl.AdditiveNetwork([[2.0, 0.5], [0.3, 1.5]])
    found = analysis.leading_gradients(net, [0.1, 0.2], steps=20, k=2)
    again = dl.load(found.save(tmp_path / "leading"))
    np.testing.assert_array_equal(again.left, found.left)
    assert again.summary() == found.summary()
    assert "converged" in found.summary()
    axes = found.plot()
    assert "activation a" in axes.get_xlabel()


def test_bad_input():
    net = dl.LatchNeuron(2.0)
    with pytest.raises(InvalidInput, match="at most 1"):
        analysis.leading_gradients(net, [0.0], steps=3, k=2)
    with pytest.raises(InvalidInput, match="at least 1"):
        analysis.leading_gradients(net, [0.0], steps=0)
    with pytest.raises(NotSmooth):
        analysis.leading_gradients(dl.AdditiveNetwork([[1.0]], activation="threshold"), [0.0], steps=3)
