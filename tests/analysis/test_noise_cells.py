"""Retention on a lattice against products of one-dimensional integral equations, and against plain simulation."""

import numpy as np
import pytest
from scipy.stats import ncx2, norm

import dynlatch as dl
from dynlatch.analysis.attractor import attracting
from dynlatch.analysis.noise.cells import cell_retention
from dynlatch.analysis.noise.cut_cells import sides
from dynlatch.analysis.noise.lattice import Lattice, normal_profile, read, readings, smoothed
from dynlatch.disturbances import Disturbed, Steered


def upper(net):
    point = np.full(net.dim, 5.0)
    for _ in range(2000):
        point = net.step(point)
    return attracting(net, point, "test")


def one_neuron(w, std, steps, nodes=300):
    """Survival, return and escape rate of `a' = w tanh a + noise` by Gauss-Legendre quadrature of its integral equations."""
    x, weight = np.polynomial.legendre.leggauss(nodes)
    reach = w + 9.0 * std
    x, weight = 0.5 * reach * (x + 1.0), 0.5 * reach * weight
    whole, both = np.concatenate([-x[::-1], x]), np.concatenate([weight[::-1], weight])
    attractor = upper(dl.LatchNeuron(w)).point[0]
    killed = norm.pdf(x, w * np.tanh(x)[:, None], std) * weight
    full = norm.pdf(whole, w * np.tanh(whole)[:, None], std) * both
    survival, returned = [1.0], [1.0]
    S, R = np.ones(nodes), (whole > 0).astype(float)
    for _ in range(steps):
        survival.append(norm.pdf(x, attractor, std) * weight @ S)
        returned.append(norm.pdf(whole, attractor, std) * both @ R)
        S, R = killed @ S, full @ R
    law = np.ones(nodes) / nodes
    for _ in range(400):
        law = law @ killed
        law /= law.sum()
    return np.array(survival), np.array(returned), law @ norm.cdf(-w * np.tanh(x) / std)


def uncoupled(gains, std, steps):
    parts = [one_neuron(w, std, steps) for w in gains]
    rate = -np.expm1(sum(np.log1p(-part[2]) for part in parts))
    return np.prod([part[0] for part in parts], 0), np.prod([part[1] for part in parts], 0), rate


@pytest.mark.parametrize(
    ("gains", "std", "accuracy"),
    [((2.0, 1.5), 0.3, 1e-5), ((2.0, 1.5), 0.15, 1e-4), pytest.param((2.0, 1.7, 2.2), 1.0, 1e-2, marks=pytest.mark.slow)],
)
def test_uncoupled_neurons_survive_independently(gains, std, accuracy):
    net = dl.AdditiveNetwork(np.diag(gains))
    survival, returned, rate = uncoupled(gains, std, 12)
    found = cell_retention(net, upper(net), std, 12)
    np.testing.assert_allclose(found.survival, survival, rtol=accuracy)
    np.testing.assert_allclose(found.returned, returned, rtol=accuracy)
    np.testing.assert_allclose(found.escape_rate, rate, rtol=accuracy)
    assert found.rate_error < 1e-2


@pytest.mark.slow
def test_tiny_rates_keep_their_relative_accuracy():
    net = dl.AdditiveNetwork(np.diag([2.0, 1.5]))
    found = cell_retention(net, upper(net), 0.09, 2)
    exact = uncoupled((2.0, 1.5), 0.09, 2)[2]
    assert exact < 1e-19
    np.testing.assert_allclose(found.escape_rate, exact, rtol=3e-3)
    assert abs(found.escape_rate - exact) <= found.rate_error * exact
    assert found.rate_error < 0.05


def test_mean_exit_time_sums_the_survival():
    net = dl.AdditiveNetwork([[1.3, 2.6], [3.7, 0.3]])
    found = cell_retention(net, upper(net), 4.0, 60)
    np.testing.assert_allclose(found.mean_exit_time, found.survival.sum(), rtol=1e-6)


def simulated(net, B, std, steps, paths):
    """Fractions of paths that never left the basin of the upper attractor, and that are in it, by step."""
    rng = np.random.default_rng(0)
    home = upper(net).point
    a, alive, survival, returned = np.tile(home, (paths, 1)), np.ones(paths, dtype=bool), [1.0], [1.0]
    for _ in range(steps):
        a = net.step(a) + std * rng.standard_normal((paths, B.shape[1])) @ B.T
        end = a
        for _ in range(60):
            end = net.step(end)
        inside = np.abs(end - home).max(-1) < 1e-3
        alive &= inside
        survival.append(alive.mean())
        returned.append(inside.mean())
    return np.array(survival), np.array(returned)


def test_coupled_units_and_correlated_noise_against_simulation():
    net = dl.AdditiveNetwork([[1.9, -0.35], [0.45, 1.7]])
    B = np.array([[1.0, 0.5, 0.0], [-0.3, 0.6, 0.4]])
    found = cell_retention(Disturbed(net, B), upper(net), 0.5, 6)
    survival, returned = simulated(net, B, 0.5, 6, 20_000)
    for exact, sampled in ((found.survival, survival), (found.returned, returned)):
        deviation = np.sqrt(exact * (1.0 - exact) / 20_000)
        assert (np.abs(exact - sampled) <= 4.0 * deviation + 1e-9).all()
        assert exact[-1] < 0.95


def test_an_elman_net_is_the_additive_net_of_its_activations():
    W, B = np.array([[1.9, -0.35], [0.45, 1.7]]), np.array([[1.0, 0.2], [0.0, 0.8]])
    elman, additive = dl.ElmanNetwork(W, B, np.zeros(2)), dl.AdditiveNetwork(W, input_matrix=B)
    found, other = (cell_retention(net, upper(net), 1.0, 3) for net in (elman, additive))
    np.testing.assert_allclose(found.survival, other.survival, rtol=1e-9)
    np.testing.assert_allclose(found.escape_rate, other.escape_rate, rtol=1e-9)


def test_noise_through_a_matrix_is_the_same_noise():
    net = dl.AdditiveNetwork(np.diag([2.0, 1.5]))
    turned = Steered(Disturbed(net, np.eye(2)), np.array([[0.6, -0.8], [0.8, 0.6]]))
    found, other = (cell_retention(system, upper(net), 0.5, 3) for system in (turned, net))
    np.testing.assert_allclose(found.survival, other.survival, rtol=1e-7)


def test_noise_that_reaches_no_boundary():
    net = dl.AdditiveNetwork(np.diag([2.0, 1.5]))
    found = cell_retention(net, upper(net), 1e-3, 3)
    assert found.survival.tolist() == found.returned.tolist() == [1.0] * 4
    assert (found.escape_rate, found.mean_exit_time) == (0.0, np.inf)


def test_small_probabilities_keep_their_relative_accuracy():
    net = dl.AdditiveNetwork(np.diag([2.0, 2.0]))
    found = cell_retention(net, upper(net), 0.35, 2)
    np.testing.assert_allclose(found.lost[1], 2.0 * norm.cdf(-upper(net).point[0] / 0.35), rtol=5e-3)
    np.testing.assert_allclose(found.lost[1], found.away[1], rtol=1e-12)


def test_other_noise_is_left_to_other_methods():
    net = dl.AdditiveNetwork(np.diag([2.0, 1.5]))
    assert cell_retention(Disturbed(net, np.ones((2, 1))), upper(net), 0.5, 3) is None
    four = dl.AdditiveNetwork(2.0 * np.eye(4))
    assert cell_retention(four, upper(four), 0.5, 3) is None


@pytest.mark.parametrize("order", [6, 8])
def test_weights_of_a_disc(order):
    """The mass of a Gaussian in a disc, in closed form."""
    lattice = Lattice(np.array([-8.03, -8.01]), 0.4, (41, 40), order)
    weights = sides(lattice, lambda y: np.square(y).sum(-1) < 1.37**2, 1)
    y = lattice.nodes(np.arange(41 * 40)).reshape(41, 40, 2)
    density = np.exp(-0.5 * np.square(y - [0.4, 0.0]).sum(-1)) / (2.0 * np.pi) * 0.4**2
    exact = ncx2.cdf(1.37**2, 2, 0.4**2)
    np.testing.assert_allclose(
        [(weights.inside * density).sum(), (weights.outside * density).sum()], [exact, 1 - exact], rtol=2e-4
    )


@pytest.mark.parametrize(("n", "order"), [(2, 8), (3, 6)])
def test_smoothing_and_reading_of_a_gaussian(n, order):
    """A Gaussian convolved with the noise is a wider one; polynomials are read off exactly."""
    lattice = Lattice(np.full(n, -9.0), 0.45, (41,) * n, order)
    y = lattice.nodes(np.arange(41**n)).reshape(*[41] * n, n)
    where = np.random.default_rng(0).uniform(-3.0, 3.0, (50, n))
    smooth = smoothed(np.exp(-0.5 * np.square(y).sum(-1)), normal_profile(0.45, 8.0))
    np.testing.assert_allclose(
        read(smooth, readings(lattice, where)), 0.5 ** (n / 2) * np.exp(-0.25 * np.square(where).sum(-1)), rtol=1e-3
    )
    cubic = (y**3).sum(-1) - y[..., 0]
    np.testing.assert_allclose(read(cubic, readings(lattice, where)), (where**3).sum(-1) - where[:, 0], atol=1e-9)
