import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dynlatch as dl
from dynlatch import analysis
from dynlatch.errors import InvalidInput

PJ = dl.AdditiveNetwork([[0.5, 0.0], [1.0, 1.0]], activation="linear")


def linear(slow, fast, n, rng):
    """A linear net with the given eigenvalues in a random basis."""
    basis = rng.standard_normal((n, n))
    values = np.concatenate([slow, fast])
    return dl.AdditiveNetwork(basis @ np.diag(values) @ np.linalg.inv(basis), activation="linear")


def test_example_pj():
    """The integrator remembers what was latched away: the limit has the entry 2 that the papers' formula drops."""
    found = analysis.latched_projection(PJ, [1.0, 1.0], steps=80)
    scale = np.exp(found.log_scale)
    np.testing.assert_allclose(scale * found.gradient, [[0.0, 0.0], [2.0, 1.0]], atol=1e-12)
    np.testing.assert_allclose(scale * found.corrected, [[0.0, 0.0], [2.0, 1.0]], atol=1e-12)
    np.testing.assert_allclose(scale * found.text, [[0.0, 0.0], [0.0, 1.0]], atol=1e-12)
    np.testing.assert_allclose(np.abs(found.latched), [[1.0, 0.0]], atol=1e-12)
    t = np.arange(1, 81)
    np.testing.assert_allclose(found.log_latched[:40], (t * np.log(0.5))[:40], atol=1e-3)
    np.testing.assert_allclose(found.text_errors[-1], 2.0 / np.sqrt(5.0), rtol=1e-9)


def test_three_slow_and_seventeen_fast():
    rng = np.random.default_rng(0)
    net = linear([1.0, 0.99, 0.98], rng.uniform(-0.5, 0.5, 17), 20, rng)
    found = analysis.latched_projection(net, np.zeros(20), steps=60)
    assert found.latched.shape == (17, 20)
    assert found.corrected_errors[-1] < 1e-11
    assert found.text_errors[-1] > 0.1
    parts = analysis.slow_fast_splitting(net, np.zeros(20))
    assert parts.slow == 3
    assert parts.remainder(60) < 1e-10
    given = analysis.latched_projection(net, np.zeros(20), steps=60, projection=parts)
    assert given.gap is None
    assert given.corrected_errors[-1] < 1e-10


def test_without_coupling_both_formulas_agree():
    net = dl.AdditiveNetwork(np.diag([0.5, 1.0]), activation="linear")
    found = analysis.latched_projection(net, [1.0, 1.0], steps=60)
    assert found.text_errors[-1] < 1e-12
    assert found.corrected_errors[-1] < 1e-12


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(3, 7))
def test_projector_is_a_projector(seed, n):
    """Pi^2 = Pi, it commutes with J, keeps the slow eigenvalues and kills the fast ones; complex pairs stay together."""
    rng = np.random.default_rng(seed)
    angle, k = rng.uniform(0.3, 2.5), 2
    J = np.zeros((n, n))
    J[:2, :2] = 0.95 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    J[2:, 2:] = np.diag(rng.uniform(-0.6, 0.6, n - 2))
    basis = rng.standard_normal((n, n)) + 3.0 * np.eye(n)
    J = basis @ J @ np.linalg.inv(basis)
    parts = analysis.slow_fast_splitting(dl.AdditiveNetwork(J, activation="linear"), np.zeros(n), slow=k)
    size = parts.obliqueness**2
    np.testing.assert_allclose(parts.projector @ parts.projector, parts.projector, atol=1e-10 * size)
    np.testing.assert_allclose(parts.projector @ J, J @ parts.projector, atol=1e-10 * size)
    assert np.trace(parts.projector) == pytest.approx(k)
    np.testing.assert_allclose(parts.left_fast.T @ parts.right_slow, 0.0, atol=1e-10 * size)
    np.testing.assert_allclose(parts.left_slow.T @ parts.right_fast, 0.0, atol=1e-10 * size)


def test_batches_share_one_projection_and_agree_with_loops():
    rng = np.random.default_rng(1)
    net = dl.AdditiveNetwork([[0.2, 0.0, 0.0], [1.0, 1.0, 0.0], [0.4, 0.3, 0.1]], activation="linear")
    starts = rng.standard_normal((4, 3))
    together = analysis.latched_projection(net, starts, steps=30)
    alone = analysis.latched_projection(net, starts[2], steps=30, projection=together.latched)
    np.testing.assert_allclose(together.log_norms[:, 2], alone.log_norms, rtol=1e-12)
    np.testing.assert_allclose(together.text_errors[:, 2], alone.text_errors, rtol=1e-9)


def test_along_a_driven_trajectory_against_plain_products():
    rng = np.random.default_rng(2)
    net = dl.GRU(rng.standard_normal((12, 2)), rng.standard_normal((12, 4)))
    inputs, P = rng.standard_normal((15, 2)), rng.standard_normal((2, 4))
    found = analysis.latched_projection(net, np.zeros(4), inputs, projection=P)
    N = np.eye(4)
    for a, u in zip(dl.trajectory(net, np.zeros(4), inputs)[:-1], inputs, strict=True):
        N = net.jacobian(a, u) @ N
    onto = np.linalg.pinv(P) @ P  # P+ P
    keep = np.eye(4) - onto  # R+ R
    np.testing.assert_allclose(np.exp(found.log_scale) * found.corrected, keep @ N, atol=1e-13)
    np.testing.assert_allclose(np.exp(found.log_scale) * found.text, keep @ N @ keep, atol=1e-13)
    assert found.text_errors[-1] == pytest.approx(np.linalg.norm(N - keep @ N @ keep) / np.linalg.norm(N))


def test_cycles_split_too():
    net = dl.AdditiveNetwork([[0.0, -2.0, 0.0], [2.0, 0.0, 0.0], [0.3, 0.0, 0.1]])
    cycle = analysis.periodic_orbits(net, 4, rng=0).attractors[0]
    parts = analysis.slow_fast_splitting(net, cycle)
    assert parts.points.shape == (4, 3)
    assert parts.remainder(20) < 1e-6


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: analysis.slow_fast_splitting(dl.LatchNeuron(0.5), [0.0]), "one dimension"),
        (lambda: analysis.slow_fast_splitting(dl.AdditiveNetwork(0.5 * np.eye(3)), np.zeros(3)), "no gap"),
        (lambda: analysis.slow_fast_splitting(dl.AdditiveNetwork([[0.0, -0.5], [0.5, 0.0]]), [0.0, 0.0], slow=1), "part"),
        (lambda: analysis.latched_projection(dl.LatchNeuron(0.5), [0.0], steps=3), "one dimension"),
        (lambda: analysis.latched_projection(dl.AdditiveNetwork(0.5 * np.eye(2)), [0.0, 0.0], steps=3), "no gap"),
        (lambda: analysis.latched_projection(PJ, [0.0, 0.0], steps=0), "at least 1"),
        (lambda: analysis.latched_projection(PJ, [0.0, 0.0], steps=3, projection=np.eye(2)), "shape"),
        (lambda: analysis.latched_projection(PJ, [0.0, 0.0], steps=3, projection=np.zeros((1, 2))), "independent"),
    ],
)
def test_refusals(call, words):
    with pytest.raises(InvalidInput, match=words):
        call()


def test_words_figures_and_files(tmp_path):
    import matplotlib.pyplot as plt

    found = analysis.latched_projection(PJ, [1.0, 1.0], steps=30)
    assert "remembered through the rest" in found.summary()
    for result in (found, analysis.slow_fast_splitting(PJ, [0.0, 0.0])):
        again = dl.load(result.save(tmp_path / "r"))
        assert again.summary() == result.summary()
        plt.close(result.plot().figure)
