import itertools

import matplotlib
import mpmath
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import dynlatch as dl
from dynlatch import analysis
from dynlatch.analysis import Completeness, Stability, periodic_orbits
from dynlatch.analysis.periodic_orbits.multipliers import multipliers
from dynlatch.analysis.periodic_orbits.proof import prove
from dynlatch.analysis.periodic_orbits.shooting import cyclic_matrix, index_of
from dynlatch.analysis.trapping import trapping_box
from dynlatch.errors import InvalidInput, NotSmooth

matplotlib.use("Agg")

HENON = dl.FunctionMap(lambda a, u: np.array([1 - 1.4 * a[0] ** 2 + a[1], 0.3 * a[0]]), dim=2)
L1 = dl.AdditiveNetwork([[-0.5, -5.3], [-5.4, 0.9]], [1.2, -0.2])


def iterated(map, orbits):
    """Each orbit run on from its first point by plain steps."""
    x = orbits[:, 0]
    for j in range(orbits.shape[1]):
        np.testing.assert_allclose(x, orbits[:, j], atol=1e-7)
        x = map.step(x)
    np.testing.assert_allclose(x, orbits[:, 0], atol=1e-7)


def points_of_period_by_scan(f, p, lo, hi, pieces=200_001):
    """Points of exact period p of a scalar map: sign changes of f^p(x) - x, bisected; those of smaller period left out."""
    grid = np.linspace(lo, hi, pieces) + 1e-7

    def gap(x, q):
        y = x
        for _ in range(q):
            y = f(y)
        return y - x

    values = gap(grid, p)
    flips = np.flatnonzero(values[:-1] * values[1:] < 0)
    a, b = grid[flips], grid[flips + 1]
    for _ in range(60):
        c = 0.5 * (a + b)
        left = gap(a, p) * gap(c, p) > 0
        a, b = np.where(left, c, a), np.where(left, b, c)
    return [x for x in 0.5 * (a + b) if all(abs(gap(x, d)) > 1e-6 for d in range(1, p) if p % d == 0)]


@pytest.mark.parametrize(("period", "number"), [(1, 2), (2, 1), (3, 0), (4, 1), (5, 0), (7, 4)])
def test_henons_orbits_are_counted_completely(period, number):
    found = periodic_orbits(HENON, period, bounds=(-2, 2), rng=period)
    assert len(found) == number
    assert found.points.shape == (number, period, 2)
    assert found.completeness is Completeness.NO_CHECKSUM
    assert np.all(found.residuals < 1e-12)
    if number:
        iterated(HENON, found.points)


@pytest.mark.slow
@pytest.mark.parametrize(("period", "number"), [(6, 2), (8, 7), (9, 6), (10, 10), (11, 14), (12, 19), (13, 32)])
@pytest.mark.parametrize("seed", [0, 1])
def test_henons_long_orbits_are_counted_completely(period, number, seed):
    assert len(periodic_orbits(HENON, period, bounds=(-2, 2), rng=seed)) == number


@pytest.mark.parametrize(("period", "number"), [(2, 1), (3, 2), (7, 18)])
def test_the_logistic_map_has_all_orbits_of_the_full_shift(period, number):
    found = periodic_orbits(dl.FunctionMap(lambda a, u: 4 * a * (1 - a), dim=1), period, bounds=(0, 1), rng=0)
    assert len(found) == number
    # Ulam's conjugacy x = sin^2(pi t / 2): every multiplier is +-2^p, save 4 of the fixed point at 0.
    moduli = np.abs(found.multipliers[:, 0])
    np.testing.assert_allclose(moduli[found.points[:, 0, 0] > 1e-9], 2.0**period, rtol=1e-8)


@pytest.mark.parametrize("w", [-3.0, -1.2, 2.0])
@pytest.mark.parametrize("c", [0.0, 0.4])
@pytest.mark.parametrize("p", [2, 3, 4])
def test_one_unit_against_a_scan(w, c, p):
    net = dl.LatchNeuron(w, c)
    expected = points_of_period_by_scan(lambda x: w * np.tanh(x) + c, p, -5.0, 5.0, 20_001)
    found = periodic_orbits(net, p)
    assert found.completeness is Completeness.PROVED
    np.testing.assert_allclose(np.sort(found.points.ravel()), expected, atol=1e-9)


def test_period_one_is_fixed_points():
    fixed, orbits = analysis.fixed_points(L1), periodic_orbits(L1, 1)
    np.testing.assert_array_equal(orbits.points[:, 0], fixed.points)
    np.testing.assert_allclose(orbits.multipliers, fixed.eigenvalues)
    assert list(orbits.stability) == list(fixed.stability)
    assert orbits.completeness is fixed.completeness
    assert orbits.index_sum == fixed.index_sum == 1


def test_the_pointwise_reading_of_definition_2_calls_an_unstable_cycle_an_attractor():
    found = periodic_orbits(L1, 2)
    assert found.completeness is Completeness.PROVED
    first = np.abs(found.points[:, 0] - [-0.24153827, -5.44009657]).max(axis=-1).argmin()
    orbit = found[int(first)]
    np.testing.assert_allclose(orbit.points, [[-0.24153827, -5.44009657], [6.61827453, 0.17955409]], atol=1e-8)
    np.testing.assert_allclose(orbit.pointwise_radii, [0.476199, 0.871824], atol=1e-6)
    assert orbit.definition_2_reading
    assert orbit.stability is Stability.SADDLE
    assert orbit.spectral_radius == pytest.approx(26.1607, abs=1e-4)
    near = dl.trajectory(L1, orbit.point + 1e-6, steps=60)
    assert np.abs(near[-1] - orbit.points).max(axis=-1).min() > 1.0  # it does not attract
    assert orbit.point.tolist() == orbit.points[0].tolist()


@pytest.mark.parametrize("n", [2, 3])
def test_uncoupled_flipping_units_have_all_products_of_their_two_cycles(n):
    found = periodic_orbits(dl.AdditiveNetwork(-2.0 * np.eye(n)), 2)
    assert found.completeness is Completeness.PROVED
    assert len(found) == (3**n - 1) / 2  # points of period 2 are all but the origin, two to an orbit
    assert len(found.attractors) == 2 ** (n - 1)
    assert found.symmetric.all()  # x -> -x is a step
    assert found.index_sum == 1


def test_symmetric_orbits_and_pairs():
    turn = 2.2 * np.array([[0.0, -1.0], [1.0, 0.0]])  # a quarter turn: orbits of period 4 that are their own mirror image
    found = periodic_orbits(dl.AdditiveNetwork(turn), 4)
    assert found.completeness is Completeness.PROVED
    assert len(found) == 2
    assert found.symmetric.all()
    np.testing.assert_allclose(np.roll(found.points, 2, axis=1), -found.points, atol=1e-9)
    rest = periodic_orbits(dl.AdditiveNetwork(2.0 * np.eye(2)), 1)
    assert rest.symmetric.tolist() == [bool(np.all(x == 0)) for x in np.round(rest.points[:, 0], 9)]
    cubic = dl.FunctionMap(lambda a, u: -2.2 * a + a**3, dim=1)  # odd, as its values tell
    flips = periodic_orbits(cubic, 2, bounds=(-2, 2), rng=0)
    assert sorted(flips.symmetric.tolist()) == [False, False, True]
    pair = flips.points[~flips.symmetric][..., 0]
    np.testing.assert_allclose(np.sort(pair[0]), np.sort(-pair[1]), atol=1e-12)


@settings(max_examples=8, deadline=None)
@given(st.integers(1, 3), st.integers(2, 3), st.integers(0, 10**6), st.sampled_from([1.0, 2.0, 4.0]))
@example(2, 2, 85084, 1.0)  # a multiplier of 0.968: boxes shrink slowly at first
def test_proof_and_search_find_the_same_orbits(n, p, seed, gain):
    rng = np.random.default_rng(seed)
    net = dl.AdditiveNetwork(gain * rng.standard_normal((n, n)) / np.sqrt(n), 0.3 * rng.standard_normal(n))
    proof, search = periodic_orbits(net, p), periodic_orbits(net, p, method="multistart", rng=0)
    if proof.completeness is not Completeness.PROVED:  # a bifurcation within rounding: said, not hidden
        assert len(proof.unresolved) > 0
        return
    assert proof.index_sum == 1
    assert len(search) == len(proof)
    np.testing.assert_allclose(search.points, proof.points, atol=1e-8)
    assert np.all(np.abs(search.points - proof.points).max(axis=(1, 2), initial=0.0) <= proof.errors + search.errors + 1e-12)
    flat = proof.points[:, 0]
    assert list(map(tuple, flat)) == sorted(map(tuple, flat))
    for orbit in proof:
        assert tuple(orbit.point) == min(map(tuple, orbit.points))
        iterated(net, orbit.points[None]) if orbit.spectral_radius < 1e3 else None


@pytest.mark.parametrize("kind", ["elman", "leaky", "gru"])
def test_proofs_on_other_networks(kind):
    rng = np.random.default_rng(5)
    n = 2
    W = np.array([[-1.0, -3.0], [3.0, -1.0]])
    net = {
        "elman": dl.ElmanNetwork(W, np.zeros((n, 0)), None),
        "leaky": dl.LeakyNetwork(3.0 * W, 0.7),
        "gru": dl.GRU(
            np.zeros((6, 1)), np.concatenate([0.1 * np.eye(2), -3 * np.eye(2), 3.0 * W]), rng.standard_normal(6), None
        ),
    }[kind]
    for p in (2, 3):
        proof, search = periodic_orbits(net, p), periodic_orbits(net, p, method="multistart", rng=0)
        assert proof.completeness is Completeness.PROVED
        np.testing.assert_allclose(search.points, proof.points, atol=1e-8)


def test_what_a_proof_leaves_undecided_is_returned():
    flip = dl.LatchNeuron(-1.0)  # the period doubling itself: M^2 has the multiplier 1 at 0
    found = periodic_orbits(flip, 2)
    assert len(found) == 0
    assert found.completeness is Completeness.CLUSTER
    assert len(found.unresolved) > 0
    assert np.all((found.unresolved[:, 0] < 0.01) & (found.unresolved[:, 1] > -0.01))
    left = prove(L1, 4, trapping_box(L1), boxes=5)
    assert not left.ended
    assert not left.complete
    orbit = periodic_orbits(L1, 2).points[0]
    covered = np.all((left.unresolved[:, 0] <= orbit[0]) & (orbit[0] <= left.unresolved[:, 1]), axis=-1).any()
    assert covered or any(np.abs(x - orbit[0]).max() < 1e-6 for x in itertools.chain(*left.orbits))


def test_relu_cycles_are_exact():
    for gain, p in itertools.product((-0.7, -1.7, -2.0, 3.0), (2, 3, 4, 5)):
        net = dl.LeakyNetwork([[gain / 0.4]], 0.4, [0.9], activation="relu")  # a' = 0.6 a + gain relu(a) + 0.36
        found = periodic_orbits(net, p)
        assert found.completeness is Completeness.PROVED
        iterated(net, found.points)
        expected = points_of_period_by_scan(lambda x, g=gain: 0.6 * x + g * np.maximum(x, 0.0) + 0.36, p, -3.0, 1.5, 40_001)
        np.testing.assert_allclose(np.sort(found.points.ravel()), expected, atol=1e-9)


def test_a_continuum_of_relu_cycles_is_one_flagged_cycle():
    net = dl.AdditiveNetwork([[-2.0]], [1.0], activation="relu")  # 0 -> 1 -> -1 -> 1: 0 is on no cycle; -1 <-> 1 is one
    found = periodic_orbits(net, 2)
    assert found.points[..., 0].tolist() == [[-1.0, 1.0]]
    segment = dl.AdditiveNetwork([[-1.0]], [1.0], activation="relu")  # a <-> 1 - a for all a in [0, 1]
    found = periodic_orbits(segment, 2)
    assert len(found) == 1
    iterated(segment, found.points)
    assert list(found.stability) == [Stability.NEUTRAL]
    assert list(found.index) == [0]
    assert found.completeness is Completeness.CLUSTER


def test_a_relu_cycle_on_the_kink_is_counted_once():
    # a' = 0.5 a - 3.5 relu(a) + 1: the cycle 0 -> 1 -> -2 passes through the kink, with slopes of M^3 -0.75 and 4.5.
    found = periodic_orbits(dl.LeakyNetwork([[-7.0]], 0.5, [2.0], activation="relu"), 3)
    kinked = np.flatnonzero(np.any(np.abs(found.points) < 1e-9, axis=(1, 2)))
    assert len(kinked) == 1
    np.testing.assert_allclose(found.points[kinked[0], :, 0], [-2.0, 0.0, 1.0], atol=1e-14)
    assert found.stability[kinked[0]] is Stability.NEUTRAL
    assert found.index[kinked[0]] == 0


@pytest.mark.parametrize("kind", ["additive", "elman", "leaky"])
def test_relu_networks_of_every_kind_agree_with_a_search(kind):
    rng = np.random.default_rng(11)
    for _ in range(2):
        W, b = 1.5 * rng.standard_normal((3, 3)), rng.standard_normal(3)
        net = {
            "additive": lambda W, b: dl.AdditiveNetwork(W, b, activation="relu"),
            "elman": lambda W, b: dl.ElmanNetwork(W, np.zeros((3, 0)), b, activation="relu"),
            "leaky": lambda W, b: dl.LeakyNetwork(W, 0.6, b, activation="relu"),
        }[kind](W, b)
        found = periodic_orbits(net, 2)
        assert found.completeness is Completeness.PROVED
        assert np.all(found.residuals <= 1e-9 * (1.0 + np.abs(found.points).max(initial=0.0)))
        search = periodic_orbits(net, 2, method="multistart", bounds=(-50, 50), rng=0)
        near = [x for x in search.points if np.abs(x).max() < 40]
        for x in near:
            assert np.abs(found.points - x).max(axis=(1, 2)).min() < 1e-7


def test_linear_maps():
    assert len(periodic_orbits(dl.AdditiveNetwork([[0.5]], [1.0], activation="linear"), 2)) == 0
    turn = dl.AdditiveNetwork([[0.0, -1.0], [1.0, 0.0]], [1.0, 0.0], activation="linear")
    found = periodic_orbits(turn, 4)
    assert found.completeness is Completeness.CLUSTER  # a plane of 4-cycles, shown by one
    assert len(found) == 1
    iterated(turn, found.points)
    assert list(found.stability) == [Stability.NEUTRAL]
    assert len(periodic_orbits(turn, 3)) == 0


def test_multipliers_keep_their_digits():
    rng = np.random.default_rng(0)
    scales = np.diag([10.0, 1e-3])
    jacobians = rng.standard_normal((1, 12, 2, 2)) @ scales @ rng.standard_normal((2, 2))
    with mpmath.workdps(80):
        product = mpmath.eye(2)
        for J in jacobians[0]:
            product = mpmath.matrix(J.tolist()) * product
        exact = sorted((complex(x) for x in mpmath.eig(product, left=False, right=False)), key=abs, reverse=True)
    assert abs(exact[1]) < 1e-20 * abs(exact[0])  # nothing is left of it in the eigenvalues of the product
    np.testing.assert_allclose(multipliers(jacobians)[0], exact, rtol=1e-8)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 4), st.integers(1, 5), st.integers(0, 10**6))
def test_the_cyclic_matrix_has_the_determinant_of_one_minus_the_product(n, p, seed):
    jacobians = np.random.default_rng(seed).standard_normal((3, p, n, n))
    product = np.stack([np.linalg.multi_dot([*J[::-1], np.eye(n)]) for J in jacobians])
    expected = np.linalg.det(np.eye(n) - product)
    np.testing.assert_allclose(np.linalg.det(cyclic_matrix(jacobians)), expected, rtol=1e-8, atol=1e-9)
    clear = np.abs(expected) > 1e-6
    np.testing.assert_array_equal(index_of(jacobians)[clear], np.sign(expected)[clear])
    spectrum = multipliers(jacobians)
    np.testing.assert_allclose(np.prod(1.0 - spectrum, axis=-1).real, expected, rtol=1e-6, atol=1e-6)


def test_prime_period_is_exact():
    found = periodic_orbits(L1, 4)
    assert len(found) == 0  # the three 2-cycles solve M^4(x) = x, and are not reported
    assert found.index_sum == 1
    for orbit in periodic_orbits(HENON, 4, bounds=(-2, 2), rng=0):
        gaps = np.abs(orbit.points[:, None] - orbit.points[None]).max(axis=-1)
        assert gaps[~np.eye(4, dtype=bool)].min() > 1e-3


def test_under_a_constant_input():
    net = dl.WithInput(dl.AdditiveNetwork([[-2.0]]), [0.3])
    found, plain = periodic_orbits(net, 2), periodic_orbits(dl.LatchNeuron(-2.0, 0.3), 2)
    np.testing.assert_allclose(found.points, plain.points, atol=1e-12)
    assert not found.symmetric.any()


def test_same_seed_same_bits():
    one, two = (periodic_orbits(HENON, 2, bounds=(-2, 2), rng=4) for _ in range(2))
    np.testing.assert_array_equal(one.points, two.points)


def test_summary_save_load_select_and_plot(tmp_path):
    import matplotlib.pyplot as plt

    found = periodic_orbits(L1, 2)
    again = dl.load(found.save(tmp_path / "orbits"))
    assert again.summary() == found.summary()
    assert "prime period 2" in found.summary()
    np.testing.assert_array_equal(again.points, found.points)
    assert len(found.attractors) == sum(s is Stability.ATTRACTING for s in found.stability)
    assert [orbit.period for orbit in found] == [2] * len(found)
    nets = (dl.LatchNeuron(-2.0), L1, dl.AdditiveNetwork(-2.0 * np.eye(3)))
    for result in (*(periodic_orbits(net, 2) for net in nets), periodic_orbits(L1, 3)):
        axes = result.plot()
        assert "activation a" in axes.get_xlabel()
        plt.close(axes.figure)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: periodic_orbits(L1, 2.5), "`period` must be an integer"),
        (lambda: periodic_orbits(L1, 0), "`period` must be at least 1"),
        (lambda: periodic_orbits(L1, 2, method="magic"), "`method` must be one of"),
        (lambda: periodic_orbits(HENON, 2), "give `bounds"),
        (lambda: periodic_orbits(HENON, 2, bounds=(1, -1)), "lo < hi"),
        (lambda: periodic_orbits(HENON, 2, bounds=3), "`bounds` must be"),
        (lambda: periodic_orbits(HENON, 2, bounds=(-2, 2), method="proof"), "interval Jacobians"),
        (lambda: periodic_orbits(L1, 2, method="regions"), "ReLU or linear"),
        (lambda: periodic_orbits(L1, 2, time_budget=-1), "`time_budget` must be positive"),
        (lambda: periodic_orbits(L1, 2, rng="x"), "`rng`"),
    ],
)
def test_bad_input_is_one_sentence(call, message):
    with pytest.raises(InvalidInput, match=message):
        call()


def test_maps_without_derivatives_are_refused():
    with pytest.raises(NotSmooth):
        periodic_orbits(dl.AdditiveNetwork([[2.0]], activation="threshold"), 2)


def test_nan_from_a_users_function_names_the_point():
    broken = dl.FunctionMap(lambda a, u: np.where(a > 0.5, np.nan, 0.5 * a), dim=1)
    with pytest.raises(InvalidInput, match=r"nan at a = \[0\.[5-9]"):
        periodic_orbits(broken, 2, bounds=(-1, 1), rng=0)


def test_a_spent_budget_is_said():
    found = periodic_orbits(HENON, 12, bounds=(-2, 2), rng=0, time_budget=1e-3)
    assert found.completeness is Completeness.BUDGET
