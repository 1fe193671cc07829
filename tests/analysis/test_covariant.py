import numpy as np
import pytest
from matplotlib import pyplot as plt

import dynlatch as dl
from dynlatch import analysis
from dynlatch.errors import InvalidInput


def henon(a, u):
    return np.stack([1 - 1.4 * a[..., 0] ** 2 + a[..., 1], 0.3 * a[..., 0]], -1)


def gru(n=6, m=2, seed=0):
    rng = np.random.default_rng(seed)
    return dl.GRU(*(rng.standard_normal(shape) / np.sqrt(n) for shape in ((3 * n, m), (3 * n, n), (3 * n,), (3 * n,))))


def nets():
    rng = np.random.default_rng(1)
    yield dl.AdditiveNetwork(1.5 * rng.standard_normal((8, 8)) / np.sqrt(8)), rng.standard_normal(8), None, 200, None
    yield dl.FunctionMap(henon, 2), np.array([0.1, 0.1]), None, 200, None
    yield gru(), np.zeros(6), rng.standard_normal((120, 2)), None, None
    yield gru(), rng.standard_normal((3, 1, 6)), rng.standard_normal((60, 2, 2)), None, None
    yield dl.AdditiveNetwork(1.2 * rng.standard_normal((40, 40)) / np.sqrt(40)), rng.standard_normal(40), None, 100, 4


@pytest.mark.parametrize("case", list(nets()), ids=["additive", "henon", "gru", "batch", "few of many"])
def test_covariance(case):
    """J v_i(t) is parallel to v_i(t + 1), and as long as the growth says."""
    net, a0, inputs, steps, k = case
    found = analysis.covariant_vectors(net, a0, inputs, steps, k)
    states = dl.trajectory(net, a0, inputs, steps)
    batch = states.shape[1:-1]
    assert found.vectors.shape == (len(found.times), *batch, net.dim, k or net.dim)
    np.testing.assert_allclose(np.linalg.norm(found.vectors, axis=-2), 1.0, rtol=1e-13)
    for s, t in enumerate(found.times[:-1]):
        J = net.jacobian(states[t], None if inputs is None else inputs[t])
        image = J @ found.vectors[s]
        length = np.linalg.norm(image, axis=-2)
        np.testing.assert_allclose(np.log(length), found.log_growth[s], atol=1e-10)
        following = found.vectors[s + 1]
        aligned = image / length[..., None, :] * np.sign((image * following).sum(axis=-2, keepdims=True))
        np.testing.assert_allclose(aligned, following, atol=1e-10)


def test_growth_is_that_of_the_exponents():
    """On a long stretch of the attractor the vectors grow at the Lyapunov exponents; the sum is exact on any stretch."""
    net = gru(5, seed=2)
    inputs = np.random.default_rng(2).standard_normal((600, 2))
    found = analysis.covariant_vectors(net, np.zeros(5), inputs, transient=100)
    exponents = analysis.lyapunov_exponents(net, np.zeros(5), inputs[:500], transient=100)
    np.testing.assert_allclose(found.exponents, exponents, atol=0.01)


def test_fixed_points_give_eigenvectors():
    net = dl.AdditiveNetwork([[1.3, 2.6], [3.7, 0.3]])
    for point in analysis.fixed_points(net, rng=0).points:
        values, vectors = np.linalg.eig(net.jacobian(point))
        order = np.argsort(-np.abs(values))
        found = analysis.covariant_vectors(net, point, steps=200)
        np.testing.assert_allclose(found.exponents, np.log(np.abs(values[order])), atol=1e-9)
        cosines = np.abs(np.einsum("tij,ij->tj", found.vectors, vectors[:, order]))
        np.testing.assert_allclose(cosines, 1.0, atol=1e-12)
        between = np.arccos(np.abs(vectors[:, 0] @ vectors[:, 1]))
        np.testing.assert_allclose(found.angle(0, 1), between, rtol=1e-9)
        np.testing.assert_allclose(found.splitting_angle(1), between, rtol=1e-9)


def test_angles_of_subspaces():
    """Against the principal angles from the definition, and small ones to full accuracy."""
    net = gru()
    found = analysis.covariant_vectors(net, np.zeros(6), np.random.default_rng(3).standard_normal((40, 2)))
    for j in (1, 2, 5):
        for t in (0, 7):
            U = np.linalg.qr(found.vectors[t][:, :j])[0]
            V = np.linalg.qr(found.vectors[t][:, j:])[0]
            assert found.splitting_angle(j)[t] == pytest.approx(np.arccos(np.linalg.svd(U.T @ V)[1].max()), rel=1e-9)
    tilted = dl.AdditiveNetwork([[0.9, 1e7], [0.0, 0.5]], activation="linear")
    small = analysis.covariant_vectors(tilted, [0.0, 0.0], steps=400)
    np.testing.assert_allclose(small.angle(0, 1), np.arctan(0.4e-7), rtol=1e-6)


def test_annihilated_directions_are_said():
    net = dl.AdditiveNetwork([[1.0, 1.0], [1.0, 1.0]])
    found = analysis.covariant_vectors(net, [0.1, 0.2], steps=40)
    assert found.vectors.shape[-1] == 1
    assert found.annihilated == 1
    assert "left out" in found.summary()
    np.testing.assert_allclose(np.abs(found.vectors[..., 0]), np.sqrt(0.5), rtol=1e-12)
    with pytest.raises(InvalidInput, match="`k=1`"):
        analysis.covariant_vectors(net, [0.1, 0.2], steps=40, k=2)


def test_saved_and_drawn(tmp_path):
    found = analysis.covariant_vectors(dl.FunctionMap(henon, 2), [0.1, 0.1], steps=60)
    again = dl.load(found.save(tmp_path / "vectors"))
    assert again.summary() == found.summary()
    np.testing.assert_array_equal(again.vectors, found.vectors)
    assert "degrees" in found.plot().get_ylabel()
    plt.close("all")


def test_bad_input():
    net = gru()
    with pytest.raises(InvalidInput, match="leaves nothing"):
        analysis.covariant_vectors(net, np.zeros(6), steps=10, transient=5)
    with pytest.raises(InvalidInput, match="leaves nothing"):
        analysis.covariant_vectors(net, np.zeros(6), steps=0)
    with pytest.raises(InvalidInput, match="`k` is 7"):
        analysis.covariant_vectors(net, np.zeros(6), steps=10, k=7)
    with pytest.raises(InvalidInput, match="GB"):
        analysis.covariant_vectors(dl.AdditiveNetwork(np.eye(1000)), np.zeros(1000), steps=1000)
    found = analysis.covariant_vectors(net, np.zeros(6), steps=20)
    with pytest.raises(InvalidInput, match="split"):
        found.splitting_angle(6)
    with pytest.raises(InvalidInput, match="numbered"):
        found.angle(0, 6)
