import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dynlatch as dl
from dynlatch.analysis import fixed_points, guarantees
from dynlatch.analysis.guarantee_conditions import dominates, symmetriser
from dynlatch.errors import InvalidInput

SEEDS = st.integers(0, 10**6)


def ends(net, rng, starts=32, steps=3000, spread=3.0):
    """Where orbits from far and near are after many steps (or once they repeat), and one and two steps later."""
    a = rng.normal(0, spread, (starts, net.dim)) * rng.choice([0.1, 1.0, 3.0], (starts, 1))
    for t in range(steps):
        moved = net.step(a)
        if t % 20 == 0 and np.abs(net.step(moved) - a).max() < 1e-13:
            break
        a = moved
    return np.array([a, net.step(a), net.step(net.step(a))])


def random_net(rng, n, W, bias=True):
    c = rng.normal(0, 1, n) if bias else None
    kind = rng.integers(3)
    if kind == 0:
        return dl.AdditiveNetwork(W, c, rng.choice(["tanh", "logistic"]))
    if kind == 1:
        return dl.LeakyNetwork(W, rng.uniform(0.2, 1.0, n), c)
    return dl.ElmanNetwork(W, np.zeros((n, 0)), c)


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_one_attractor_means_that_all_orbits_meet(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 6))
    W = rng.normal(0, 1, (n, n)) * 10 ** rng.uniform(-1, 0.5, (n, n))
    net = random_net(rng, n, rng.uniform(0.2, 1.2) * W / np.abs(np.linalg.eigvals(np.abs(W))).max())
    proved = guarantees(net)
    if proved["one attractor"].holds or proved["one attractor after a transient"].holds:
        a = ends(net, rng, steps=4000)
        assert np.ptp(a, axis=(0, 1)).max() < 1e-6


def test_weighted_norms_prove_what_plain_norms_do_not():
    triangular = dl.AdditiveNetwork([[0.5, 40.0], [0.0, 0.5]])
    assert guarantees(triangular)["one attractor"].holds
    rotation = 0.98 * np.array([[np.cos(1), -np.sin(1)], [np.sin(1), np.cos(1)]])
    scale = np.diag([1.0, 7.0])
    skewed = dl.AdditiveNetwork(scale @ rotation @ np.linalg.inv(scale))
    assert "spectral norm" in guarantees(skewed)["one attractor"].sentence


def test_a_norm_of_exactly_one_proves_nothing():
    for W in ([[1.0]], [[0.0, 1.0], [-1.0, 0.0]]):
        assert guarantees(dl.AdditiveNetwork(W))["one attractor"].holds is False


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_only_fixed_points_means_that_no_orbit_alternates(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 6))
    A = rng.normal(0, 1.5, (n, n))
    r = np.exp(rng.normal(0, 1, n)) if rng.random() < 0.5 else np.ones(n)
    net = random_net(rng, n, (A + A.T) / 2 / r[:, None] * r)
    statement, short = guarantees(net)["only fixed points"], guarantees(net)["period at most two"]
    a = ends(net, rng)
    if statement.holds:
        assert np.abs(a[1] - a[0]).max() < 1e-4
    if short.holds:
        assert np.abs(a[2] - a[0]).max() < 1e-4


@pytest.mark.parametrize("alpha", [1.0, 0.7, 0.3])
def test_the_bound_on_the_smallest_eigenvalue_is_sharp(alpha):
    """W = -w: a cycle of period 2 appears exactly where the bound ends, w = (2 - alpha) / alpha."""
    edge = (2 - alpha) / alpha
    below, above = (dl.LeakyNetwork([[-(edge + gap)]], alpha) for gap in (-0.05, 0.05))
    assert guarantees(below)["only fixed points"].holds is True
    assert guarantees(above)["only fixed points"].holds is False
    a = ends(above, np.random.default_rng(0))
    assert np.abs(a[1] - a[0]).min() > 0.01
    a = ends(below, np.random.default_rng(0))
    assert np.abs(a[1] - a[0]).max() < 1e-6


def test_a_symmetric_net_below_the_bound_has_a_two_cycle():
    net = dl.AdditiveNetwork([[0.0, -2.0], [-2.0, 0.0]])
    proved = guarantees(net)
    assert proved["only fixed points"].holds is False
    assert proved["period at most two"].holds
    a = np.array([1.9, 1.9])
    for _ in range(1000):
        a = net.step(a)
    assert np.abs(net.step(a) - a).max() > 1
    assert np.allclose(net.step(net.step(a)), a)


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_one_fixed_point_means_one_fixed_point(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 5))
    W = rng.normal(0, 0.7, (n, n)) - np.diag(rng.uniform(0, 4, n))
    net = random_net(rng, n, W)
    if guarantees(net)["one fixed point"].holds:
        assert len(fixed_points(net, rng=0)) == 1


def test_one_fixed_point_that_repels():
    net = dl.AdditiveNetwork([[0.0, -3.0], [3.0, 0.0]])
    assert guarantees(net)["one fixed point"].holds
    assert np.abs(ends(net, np.random.default_rng(0))).min(axis=(0, 1)).max() > 0.1


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_the_box_of_bounded_holds_every_end(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 5))
    nets = [
        random_net(rng, n, rng.normal(0, 2, (n, n))),
        dl.GRU(rng.normal(0, 2, (3 * n, 2)), rng.normal(0, 2, (3 * n, n))),
        dl.LSTM(rng.normal(0, 1, (4 * n, 2)), rng.normal(0, 1, (4 * n, n))),
    ]
    low = dl.LSTM(rng.normal(0, 1, (8, 1)), rng.normal(0, 1, (8, 2)))
    nets.append(dl.StackedNetwork([low, dl.ElmanNetwork(np.eye(2), np.eye(2), None)]))
    nets.append(dl.WithInput(nets[2], rng.normal(0, 1, 2)))
    for net in nets:
        proved = guarantees(net)
        assert proved["bounded"].holds
        lo, hi = proved.box
        a = ends(net, rng, starts=8, steps=300, spread=0.08)
        assert np.all((a >= lo - 1e-9) & (a <= hi + 1e-9))


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_gated_layers_that_contract_after_a_transient(seed):
    rng = np.random.default_rng(seed)
    scale = rng.uniform(0.1, 0.8)
    for net in (
        dl.GRU(np.zeros((6, 0)), scale * rng.normal(0, 1, (6, 2)), rng.normal(0, 1, 6)),
        dl.LSTM(np.zeros((8, 0)), scale * rng.normal(0, 1, (8, 2)), rng.normal(0, 1, 8)),
    ):
        if guarantees(net)["one attractor after a transient"].holds:
            assert np.ptp(ends(net, rng, starts=8, steps=1500, spread=0.08), axis=(0, 1)).max() < 1e-6


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_latched_bits_are_kept_under_the_allowed_inputs(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 4))
    W = rng.normal(0, 0.3, (n, n)) + np.diag(rng.uniform(1.0, 3.0, n))
    net = dl.LeakyNetwork(W, rng.uniform(0.3, 1, n), rng.normal(0, 0.1, n))
    statement = guarantees(net)["latched bits"]
    if not statement.holds or f"2^{n} " not in statement.sentence:
        return
    spare = float(statement.sentence.split("at most ")[1].split()[0]) * (1 - 1e-5)
    for sides in itertools.product((-1.0, 1.0), repeat=n):
        a = np.array(sides) * np.diag(W)
        for _ in range(500):
            a = net.step(a, -np.array(sides) * spare)
        assert np.array_equal(np.sign(a), sides)


def test_the_room_of_a_single_latch_is_u_star():
    from dynlatch.analysis.scalar import u_star

    assert f"{u_star(2.0):.6g}" in guarantees(dl.LatchNeuron(2.0))["latched bits"].sentence
    assert guarantees(dl.LatchNeuron(2.0, 0.54))["latched bits"].holds is False
    assert guarantees(dl.LatchNeuron(5.0, -2.5, "logistic"))["latched bits"].holds


def test_monotone_maps_may_have_attracting_cycles():
    net = dl.AdditiveNetwork([[0.0, 2.0], [2.0, 0.0]])
    assert guarantees(net)["monotone"].holds
    a = np.array([1.9, -1.9])
    for _ in range(1000):
        a = net.step(a)
    assert np.abs(net.step(a) - a).max() > 1
    product = net.jacobian(net.step(a)) @ net.jacobian(a)
    assert np.abs(np.linalg.eigvals(product)).max() < 1


def test_what_does_not_apply_is_said():
    free = guarantees(dl.FunctionMap(lambda a, u: 0.5 * a, dim=2))
    assert all(statement.holds is None for statement in free)
    relu = guarantees(dl.AdditiveNetwork([[0.5, 0.2], [0.2, 0.5]], activation="relu"))
    assert relu["bounded"].holds is False
    assert relu["one attractor"].holds
    assert "stay bounded" in relu["only fixed points"].sentence
    threshold = guarantees(dl.AdditiveNetwork([[0.5]], activation="threshold"))
    assert threshold["one attractor"].holds is None
    assert threshold["bounded"].holds
    assert "indices" not in threshold["bounded"].sentence


def test_symmetriser():
    rng = np.random.default_rng(0)
    A = rng.normal(size=(6, 6)) * (rng.random((6, 6)) < 0.4)
    A, r = A + A.T, np.exp(rng.normal(size=6))
    found = symmetriser(A / r[:, None] * r)
    scaled = found[:, None] * (A / r[:, None] * r) / found
    assert np.allclose(scaled, scaled.T, rtol=1e-12)
    assert symmetriser(np.array([[0.0, 1, 2], [1, 0, 1], [1, 1, 0]])) is None
    assert symmetriser(np.array([[0.0, 1], [-1, 0]])) is None


@settings(max_examples=60, deadline=None)
@given(SEEDS)
def test_dominates_is_the_sign_of_the_spectral_abscissa(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 6))
    A = np.abs(rng.normal(size=(n, n))) * (rng.random((n, n)) < 0.6)
    np.fill_diagonal(A, rng.normal(size=n))
    largest = np.linalg.eigvals(A).real.max()
    assert dominates(A, largest + 0.01)
    assert not dominates(A, largest - 0.01)


def test_result(tmp_path):
    found = guarantees(dl.WithInput(dl.AdditiveNetwork([[2.0, 0.1], [0.1, 1.8]]), [0.1, 0.0]))
    assert "latched bits" in found.summary()
    again = dl.load(found.save(tmp_path / "g"))
    assert again.summary() == found.summary()
    assert np.array_equal(again.box[0], found.box[0])
    assert len(found.plot().texts) == 2 * len(found) + 1
    with pytest.raises(InvalidInput, match="no guarantee 'x'"):
        found["x"]
    with pytest.raises(InvalidInput, match="needs a map"):
        guarantees(np.eye(2))
