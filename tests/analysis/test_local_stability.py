import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dynlatch as dl
from dynlatch.analysis import fixed_points, stability
from dynlatch.analysis.nonnormality import departure, kreiss_constant, power_norms
from dynlatch.errors import InvalidInput, NotSmooth

SEEDS = st.integers(0, 10**6)


def stable_matrix(rng, n=None, skew=1.0):
    n = n or int(rng.integers(1, 7))
    J = rng.normal(size=(n, n)) + skew * np.triu(rng.normal(0, 3, (n, n)), 1)
    return J * rng.uniform(0.3, 0.97) / np.abs(np.linalg.eigvals(J)).max()


def kreiss_by_grid(J, size=400):
    """The argument of the supremum on a fine grid: slow and obvious."""
    n = len(J)
    radii = np.geomspace(1e-6, 1e3, size)
    best = 1.0
    for angle in np.linspace(0, np.pi, 181):
        z = (1 + radii) * np.exp(1j * angle)
        least = np.linalg.svd(z[:, None, None] * np.eye(n) - J, compute_uv=False)[:, -1]
        best = max(best, (radii / least).max())
    return best


@settings(max_examples=12, deadline=None)
@given(SEEDS)
def test_kreiss_constant_against_a_grid_and_against_powers(seed):
    rng = np.random.default_rng(seed)
    J = stable_matrix(rng, n=int(rng.integers(1, 5)))
    found, _ = kreiss_constant(J)
    assert found >= kreiss_by_grid(J, 120) * (1 - 1e-3)
    peak = np.exp(power_norms(J).log_norms.max())
    assert found <= peak * (1 + 1e-9)  # the Kreiss matrix theorem, both sides
    assert peak <= np.e * len(J) * found * (1 + 1e-3)


def test_kreiss_constant_of_a_nilpotent_block_in_closed_form():
    """J = [[0, b], [0, 0]]: the argument depends on |z| alone, and is (r - 1) sigma_max / r^2."""
    b = 30.0
    r = 1 + np.geomspace(1e-4, 1e3, 2_000_001)
    largest = np.sqrt((2 * r**2 + b**2 + b * np.sqrt(b**2 + 4 * r**2)) / 2)
    assert kreiss_constant(np.array([[0, b], [0, 0]]))[0] == pytest.approx(((r - 1) * largest / r**2).max(), rel=1e-9)


def test_kreiss_constant_at_any_angle():
    """A block whose multipliers are not real: turned by theta, the constant is the same and the z turns along."""
    block = np.array([[0.9, 20.0], [0.0, 0.9]])
    theta = 1.234
    turn = np.array([[np.cos(theta), -np.sin(theta)], [np.sin(theta), np.cos(theta)]])
    real, z = kreiss_constant(block)
    turned, w = kreiss_constant(np.kron(block, turn))
    assert turned == pytest.approx(real, rel=1e-9)
    assert abs(np.angle(z)) < 1e-6
    assert abs(np.angle(w)) == pytest.approx(theta, abs=1e-6)


def test_normal_matrices_have_no_transient():
    rng = np.random.default_rng(0)
    Q = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    for J in (0.9 * Q, Q @ np.diag(rng.uniform(-0.9, 0.9, 6)) @ Q.T):
        assert departure(J) < 1e-14
        assert kreiss_constant(J)[0] == pytest.approx(1.0, abs=1e-9)
        assert np.argmax(power_norms(J).log_norms) == 0


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_norms_of_powers(seed):
    J = stable_matrix(np.random.default_rng(seed))
    powers = power_norms(J)
    product = np.eye(len(J))
    for k, log_norm in zip(powers.exponents[:257], powers.log_norms, strict=False):
        if k == 0:
            assert log_norm == 0
            continue
        product = J @ product
        norm = np.linalg.norm(product, 2)
        assert log_norm == pytest.approx(np.log(norm), rel=1e-8, abs=1e-10)
    later = [np.linalg.norm(np.linalg.matrix_power(J, k), 2) for k in range(int(powers.exponents[-1]) + 1)]
    assert np.exp(powers.log_norms.max()) == pytest.approx(max(later), rel=1e-3)


def test_slow_decay_is_followed_to_its_peak():
    """A Jordan block at 1 - 1e-5: k rho^(k-1) b peaks near k = 1e5."""
    powers = power_norms(np.array([[1 - 1e-5, 1.0], [0, 1 - 1e-5]]))
    assert len(powers.exponents) < 6000
    assert np.exp(powers.log_norms.max()) == pytest.approx(1e5 / np.e, rel=1e-3)
    assert powers.exponents[np.argmax(powers.log_norms)] == pytest.approx(1e5, rel=0.02)


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_departure_is_henrici_s(seed):
    J = stable_matrix(np.random.default_rng(seed))
    by_definition = np.sqrt(max((J**2).sum() - (np.abs(np.linalg.eigvals(J)) ** 2).sum(), 0))
    assert departure(J) == pytest.approx(by_definition, abs=1e-6)


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_the_adapted_norm_contracts_where_the_spectral_norm_does_not(seed):
    rng = np.random.default_rng(seed)
    J = stable_matrix(rng, skew=5.0)
    found = stability(dl.AdditiveNetwork(J), np.zeros(len(J)))
    assert str(found.stability) == "attracting"
    assert found.norms["2"] == pytest.approx(np.linalg.norm(J, 2))
    assert found.norms["1"] == pytest.approx(np.linalg.norm(J, 1))
    assert found.norms["inf"] == pytest.approx(np.linalg.norm(J, np.inf))
    S = found.factors[0]
    v = rng.normal(size=(200, len(J)))
    ratios = np.linalg.norm(v @ J.T @ S.T, axis=1) / np.linalg.norm(v @ S.T, axis=1)
    assert ratios.max() <= found.adapted_rate * (1 + 1e-9)
    assert found.adapted_rate < 1
    assert found.transient_growth <= found.adapted_condition * (1 + 1e-9)


def test_saddles_and_repellers():
    net = dl.AdditiveNetwork([[2.0, 0.3], [0.0, 0.4]])
    saddle = stability(net, [1e-5, 0.0])
    assert str(saddle.stability) == "saddle"
    assert np.array_equal(saddle.points, np.zeros((1, 2)))
    assert saddle.unstable_dimension == 1
    assert saddle.kreiss == saddle.transient_growth == np.inf
    assert saddle.factors is None
    assert np.isnan(saddle.adapted_rate)
    assert np.isnan(saddle.adapted_condition)
    assert "grow without bound" in saddle.summary()
    assert str(stability(dl.LatchNeuron(2.0), [0.0]).stability) == "repelling"
    assert str(stability(dl.LatchNeuron(1.0), [0.0]).stability) == "neutral"


def test_a_cycle_whose_points_look_attracting_but_which_is_not():
    """The counterexample to the papers' Definition 2: both points have rho(J) < 1, the cycle has 26."""
    net = dl.AdditiveNetwork([[-0.5, -5.3], [-5.4, 0.9]], [1.2, -0.2])
    cycle = [[6.61827453, 0.17955409], [-0.24153827, -5.44009657]]
    found = stability(net, cycle)
    assert found.period == 2
    assert found.spectral_radius == pytest.approx(26.1607, abs=1e-3)
    assert all(np.abs(np.linalg.eigvals(net.jacobian(p))).max() < 1 for p in found.points)


def test_an_attracting_cycle_has_one_factor_a_point():
    net = dl.AdditiveNetwork([[0.0, 2.0], [2.0, 0.0]])
    found = stability(net, [[1.915, -1.915], [-1.915, 1.915]])
    assert found.factors.shape == (2, 2, 2)
    assert found.adapted_rate < 1
    assert "cycle of period 2" in found.summary()


def test_members_of_results_and_coordinates():
    W, b = np.array([[1.3, 2.6], [3.7, 0.3]]), np.array([0.1, -0.2])
    net, twin = dl.AdditiveNetwork(W, b), dl.ElmanNetwork(W, np.zeros((2, 0)), b)
    a = stability(net, fixed_points(net, rng=0).attractors[0])
    h = stability(twin, np.tanh(a.points[0]))
    assert np.allclose(a.eigenvalues, h.eigenvalues)
    assert abs(a.norms["2"] - h.norms["2"]) > 1e-4  # norms are not the same in both coordinates
    assert "activation a" in a.summary()
    assert "output h" in h.summary()


def test_a_large_net_is_quick():
    import time

    rng = np.random.default_rng(0)
    net = dl.AdditiveNetwork(0.9 * rng.normal(size=(64, 64)) / 8)
    start = time.process_time()
    found = stability(net, np.zeros(64))
    assert time.process_time() - start < 5
    assert found.kreiss <= found.transient_growth * (1 + 1e-9)


def test_bad_input():
    with pytest.raises(InvalidInput, match="not near a fixed point"):
        stability(dl.LatchNeuron(2.0), [1.0])
    with pytest.raises(InvalidInput, match="shape"):
        stability(dl.LatchNeuron(2.0), [1.0, 2.0])
    with pytest.raises(InvalidInput, match="kink"):
        stability(dl.AdditiveNetwork([[0.5]], activation="relu"), [0.0])
    with pytest.raises(NotSmooth):
        stability(dl.AdditiveNetwork([[0.5]], [1.0], activation="threshold"), [1.5])


def test_result(tmp_path):
    net = dl.AdditiveNetwork([[0.5, 10.0], [0.0, 0.5]])
    found = stability(net, [0.0, 0.0])
    again = dl.load(found.save(tmp_path / "s"))
    assert again.summary() == found.summary()
    assert again.kreiss_at == found.kreiss_at
    assert np.array_equal(again.factors, found.factors)
    first = found.plot()
    assert len(first.figure.axes) == 2
    import matplotlib.pyplot as plt

    assert found.plot(plt.subplots()[1]).get_xlabel().startswith("real part")
    saddle = stability(dl.AdditiveNetwork([[2.0, 0.3], [0.0, 0.0]]), [0.0, 0.0])
    dl.load(saddle.save(tmp_path / "t")).plot()


def test_the_kreiss_estimate_is_a_lower_bound_also_where_multipliers_sit_on_the_circle():
    assert stability(dl.AdditiveNetwork(np.eye(2)), [0.0, 0.0]).kreiss == 1.0
    defective = stability(dl.AdditiveNetwork([[1.0, 1.0], [0.0, 1.0]]), [0.0, 0.0])  # in truth infinite
    assert 1e3 < defective.kreiss < np.inf
    slow = stability(dl.AdditiveNetwork([[0.999999999, 1e3], [0.0, 0.999999999]]), [0.0, 0.0])
    assert slow.transient_growth / (2 * np.e) * (1 - 1e-9) <= slow.kreiss <= slow.transient_growth


def test_entries_whose_squares_overflow():
    huge = stability(dl.AdditiveNetwork([[0.5, 1e200], [0.0, 0.5]]), [0.0, 0.0])
    assert huge.norms["2"] == pytest.approx(1e200)
    assert huge.departure == pytest.approx(1e200)
    assert huge.transient_growth / (2 * np.e) * (1 - 1e-9) <= huge.kreiss <= huge.transient_growth
