import itertools

import numpy as np
import pytest

import dynlatch as dl
from dynlatch.analysis.structure import additive_form, contraction_factor, monotone_signs


def signs_by_enumeration(form):
    n, m = len(form.W), form.B.shape[1]
    for s in itertools.product((1, -1), repeat=n):
        for r in itertools.product((1, -1), repeat=m):
            s_, r_ = np.array(s), np.array(r)
            if np.all(s_[:, None] * form.W * s_ >= 0) and np.all(s_[:, None] * form.B * r_ >= 0):
                return True
    return False


@pytest.mark.parametrize("seed", range(60))
def test_signs_are_found_exactly_when_they_exist(seed):
    rng = np.random.default_rng(seed)
    n, m = rng.integers(1, 5), rng.integers(1, 4)
    W = rng.standard_normal((n, n)) * (rng.random((n, n)) < 0.4)
    B = rng.standard_normal((n, m)) * (rng.random((n, m)) < 0.4)
    if seed % 2:  # half of them consistent by construction
        s, r = rng.choice([-1, 1], n), rng.choice([-1, 1], m)
        W, B = s[:, None] * np.abs(W) * s, s[:, None] * np.abs(B) * r
    form = additive_form(dl.AdditiveNetwork(W, None, "tanh", B))
    found = monotone_signs(form)
    assert (found is not None) == signs_by_enumeration(form)
    if found is not None:
        s, r = found
        assert set(np.abs(s)) <= {1.0}
        assert np.all(s[:, None] * W * s >= 0)
        assert np.all(s[:, None] * B * r >= 0)


def test_the_order_is_preserved():
    rng = np.random.default_rng(0)
    s = np.array([1.0, -1.0, 1.0, -1.0])
    net = dl.AdditiveNetwork(s[:, None] * np.abs(rng.standard_normal((4, 4))) * s, rng.standard_normal(4))
    signs, inputs = monotone_signs(additive_form(net))
    low = rng.standard_normal((500, 4))
    high = low + signs * rng.random((500, 4))
    u = rng.standard_normal((500, 4))
    v = u + inputs * rng.random((500, 4))
    assert np.all(signs * (net.step(high, v) - net.step(low, u)) >= -1e-14)


@pytest.mark.parametrize(
    "make", [dl.AdditiveNetwork, lambda W: dl.ElmanNetwork(W, np.eye(5), None), lambda W: dl.LeakyNetwork(W, 0.4)]
)
def test_contraction_factor_bounds_the_expansion_of_pairs(make):
    """In at least one of the norms 1, 2, inf no pair of states moves apart by more than the factor."""
    rng = np.random.default_rng(1)
    net = make(0.3 * rng.standard_normal((5, 5)))
    factor = contraction_factor(net)
    x, y = rng.standard_normal((2, 2000, 5))
    ratios = [
        (np.linalg.norm(net.step(x) - net.step(y), p, axis=1) / np.linalg.norm(x - y, p, axis=1)).max() for p in (1, 2, np.inf)
    ]
    assert min(ratios) <= factor * (1 + 1e-12)


def test_unknown_slopes_prove_nothing():
    custom = dl.Activation("custom", np.tanh, lambda x: 1 - np.tanh(x) ** 2, limits=(-1, 1))
    assert contraction_factor(dl.AdditiveNetwork([[0.1]], activation=custom)) == np.inf
    assert contraction_factor(dl.GRU(np.zeros((3, 1)), np.zeros((3, 1)))) == np.inf
