"""Diffusion of credit: against products in many digits, and the four topologies of Bengio and Frasconi (1995)."""

import mpmath
import numpy as np
import pytest

import dynlatch as dl
from dynlatch import analysis
from dynlatch.errors import InvalidInput
from dynlatch.networks import SubnetNetwork

STATES = 8
ALLOWED = {
    "full": np.ones((STATES, STATES), dtype=bool),
    "left to right": np.tril(np.ones((STATES, STATES), dtype=bool)),
    "two diagonals": np.tril(np.ones((STATES, STATES), dtype=bool)) & ~np.tril(np.ones((STATES, STATES), dtype=bool), -2),
}


def chain(rng, allowed, symbols=5):
    """Columns uniform on the simplex of what is allowed."""
    draws = np.where(allowed, rng.exponential(size=(symbols, *allowed.shape)), 0.0)
    return dl.StateNetwork(draws / draws.sum(1, keepdims=True), np.linspace(-1, 1, symbols - 1))


def exactly(tables, symbols, digits=400):
    """ln tau_1 and ln tau_B of every product, in many digits."""
    found = []
    with mpmath.workdps(digits):
        product = mpmath.eye(tables.shape[1])
        for k in symbols:
            table = mpmath.matrix(tables[k].tolist())
            S = table.rows
            for j in range(S):  # columns that sum to one exactly, as the theory has them
                total = mpmath.fsum(table[i, j] for i in range(S))
                for i in range(S):
                    table[i, j] /= total
            product = table * product
            pairs = [(j, l) for j in range(S) for l in range(j)]
            tau = max(mpmath.fsum(abs(product[i, j] - product[i, l]) for i in range(S)) / 2 for j, l in pairs)
            widest = mpmath.mpf(0)
            for j, l in pairs:
                if any((product[i, j] == 0) != (product[i, l] == 0) for i in range(S)):
                    widest = mpmath.inf
                    break
                logs = [mpmath.log(product[i, j] / product[i, l]) for i in range(S) if product[i, j] > 0]
                widest = max(widest, max(logs) - min(logs))
            cone = mpmath.mpf(1) if widest == mpmath.inf else mpmath.tanh(widest / 4)
            found.append((float(mpmath.log(tau)), float(mpmath.log(cone))))
    return np.array(found).T


@pytest.mark.parametrize("topology", list(ALLOWED))
def test_products_in_many_digits(topology):
    rng = np.random.default_rng(3)
    network, inputs = chain(rng, ALLOWED[topology]), rng.uniform(-1.5, 1.5, (60, 1))
    found = analysis.credit_diffusion(network, inputs)
    dobrushin, birkhoff = exactly(network.tables, network.symbol(inputs))
    np.testing.assert_allclose(found.log_dobrushin, dobrushin, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(found.log_birkhoff, birkhoff, rtol=1e-9, atol=1e-9)
    assert (found.log_dobrushin <= found.log_bound + 1e-12).all()


def test_there_is_no_floor_at_the_precision_of_numbers():
    network = chain(np.random.default_rng(0), ALLOWED["full"], 2)
    found = analysis.credit_diffusion(network, steps=2000)
    second = np.log(np.sort(np.abs(np.linalg.eigvals(network.tables[network.symbol()])))[-2])
    assert found.log_dobrushin[-1] < -1000
    assert found.log_dobrushin[-1] - found.log_dobrushin[999] == pytest.approx(1000 * second, abs=5.0)
    assert found.log_birkhoff[-1] == pytest.approx(found.log_dobrushin[-1], abs=20.0)


def test_credit_that_does_not_diffuse():
    ring = np.zeros((1, STATES, STATES))
    ring[0, (np.arange(STATES) + 2) % STATES, np.arange(STATES)] = 1.0
    found = analysis.credit_diffusion(dl.StateNetwork(ring, []), steps=50)
    assert found.lossless
    assert (found.log_dobrushin == 0).all()
    assert (found.log_birkhoff == 0).all()
    assert found.half_life == np.inf
    assert "nothing diffuses" in found.summary()


def test_one_step_that_forgets_everything():
    same = np.full((1, 3, 3), 1 / 3)
    found = analysis.credit_diffusion(dl.StateNetwork(same, []), steps=3)
    assert (found.log_dobrushin < -30).all()
    assert "tau_1 = 0" in found.summary() or "10^" in found.summary()


def test_two_states_keep_what_the_determinant_says():
    found = analysis.credit_diffusion(dl.StateNetwork([[[0.9, 0.2], [0.1, 0.8]]], []), steps=7)
    np.testing.assert_allclose(found.log_dobrushin, np.arange(1, 8) * np.log(0.7), rtol=1e-12)


def test_batches_are_loops(tmp_path):
    rng = np.random.default_rng(5)
    network, inputs = chain(rng, ALLOWED["left to right"]), rng.uniform(-1.5, 1.5, (12, 2, 3, 1))
    found = analysis.credit_diffusion(network, inputs)
    assert found.log_birkhoff.shape == (12, 2, 3)
    one = analysis.credit_diffusion(network, inputs[:, 1, 2])
    np.testing.assert_array_equal(found.log_dobrushin[:, 1, 2], one.log_dobrushin)
    found.save(tmp_path / "credit.npz")
    np.testing.assert_array_equal(dl.load(tmp_path / "credit.npz").log_birkhoff, found.log_birkhoff)
    assert found.plot().get_xlabel() == "time t"


def test_what_cannot_be_answered():
    with pytest.raises(InvalidInput, match="gradient_decay"):
        analysis.credit_diffusion(dl.AdditiveNetwork([[2.0]]), steps=3)
    with pytest.raises(InvalidInput, match="either"):
        analysis.credit_diffusion(dl.StateNetwork([[[1.0]]], []))


def test_matrices_that_depend_on_numbers():
    rng, S, T = np.random.default_rng(5), 4, 25
    network = SubnetNetwork(rng.normal(size=(S, S)), rng.normal(size=(S, S, 2)))
    inputs = rng.normal(size=(T, 3, 2))
    found = analysis.credit_diffusion(network, inputs)
    for k in range(3):
        tables = dl.StateNetwork(network.matrix(inputs[:, k]), np.arange(T - 1.0))
        same = analysis.credit_diffusion(tables, np.arange(T)[:, None] - 0.5)
        for name in ("log_dobrushin", "log_birkhoff", "log_bound"):
            np.testing.assert_allclose(getattr(found, name)[:, k], getattr(same, name), rtol=1e-12)
    for name in ("tau_1", "abs_det", "second_eigenvalue"):
        np.testing.assert_allclose(getattr(network, name)(inputs[:, 2]), getattr(tables, name)(), rtol=1e-12)
