"""The K-step dual against plain boxes, simulations, and thresholds known in closed form."""

import numpy as np
import pytest

import dynlatch as dl
from dynlatch.activations import LOGISTIC, TANH
from dynlatch.analysis.attractor import Attractor, attracting
from dynlatch.analysis.escape.lower.dual.bound import certify, dual_bound
from dynlatch.analysis.escape.lower.dual.branching import branched
from dynlatch.analysis.escape.lower.dual.iteration import Descent, Work, descended, fresh_cover, inspected
from dynlatch.analysis.escape.lower.dual.problem import COUPLED, Hull, Problem, hull_of, problem_of
from dynlatch.analysis.escape.lower.dual.relaxation import Polytope
from dynlatch.analysis.escape.lower.dual.start import shrinks_to
from dynlatch.analysis.escape.lower.dual.units import linear_unit, quadratic_unit
from dynlatch.analysis.escape.question import ask
from dynlatch.analysis.structure import ActivationForm
from dynlatch.networks import LeakyNetwork

LATCH = np.sqrt(2.0) - np.arctanh(np.sqrt(0.5))  # u* of one unit with w = 2
TURNING = np.array([[2.2, -0.2], [0.2, 2.0]])


def form_of(W, B=None, f=TANH, leak=0.0, c=None):
    n = len(W)
    return ActivationForm(np.full(n, leak), W, np.zeros(n) if c is None else c, np.eye(n) if B is None else B, f)


def problem(rng, norm, n=3, B=None, leak=0.0):
    W = rng.normal(size=(n, n))
    found = problem_of(form_of(W, B, leak=leak, c=0.3 * rng.normal(size=n)), norm)
    assert found is not None
    middle = rng.normal(size=n)
    half = rng.uniform(0.1, 1.0, n)
    row = np.ones((1, n)) / np.sqrt(n)
    tops = row @ middle + 0.5 * (np.abs(row) @ half)
    return found, hull_of(np.stack([middle - half, middle + half]), row, tops)


def random_cover(rng, hull, K):
    cover = fresh_cover(hull, K)
    cover.slopes[:] = rng.uniform(0, 1, cover.slopes.shape)
    cover.gammas[:] = rng.uniform(0, 0.3, cover.gammas.shape)
    cover.weights[:] = rng.uniform(0.1, 2.0, cover.weights.shape)
    return cover


def bounds_of(problem: Problem, hull: Hull, cover, b, steps=0):
    goals = np.full(len(hull.values), -np.inf)
    return descended(problem, hull, cover, b, goals, Descent(Work(np.inf), steps))


def inputs(rng, shape, b, norm):
    u = rng.uniform(-1, 1, shape)
    return b * u / (np.maximum(np.linalg.norm(u, axis=-1, keepdims=True), 1.0) if norm == 2 else 1.0)


def extents(problem: Problem, hull: Hull, K, b, rng):
    """Largest faces @ z_K met along trajectories whose first K states lie in the polytope."""
    z = rng.uniform(*hull.box, (20000, hull.n))
    for _ in range(K):
        z = z[(z @ hull.faces.T <= hull.values).all(1)]
        if not len(z):
            return np.full(len(hull.values), -np.inf)
        a = z + inputs(rng, (len(z), problem.B.shape[1]), b, problem.norm) @ problem.B.T
        z = problem.form.leak * a + np.tanh(a) @ problem.W.T + problem.c
    return (z @ hull.faces.T).max(0)


@pytest.mark.parametrize("seed", range(60))
def test_the_maximum_of_a_unit_is_the_best_point_of_a_grid(seed):
    rng = np.random.default_rng(seed)
    S, P, m = rng.uniform(-0.2, 1.2), rng.choice([0.0, rng.normal()]), 10 ** rng.uniform(-1.5, 1.5)
    lo = rng.uniform(-3, 2)
    hi, w = lo + rng.uniform(0, 3), rng.uniform(0, 1.5)
    z, v = np.linspace(lo, hi, 101)[:, None], np.linspace(-w, w, 101)
    for unit, bend in ((linear_unit(S, P, lo, hi, w), 0.0), (quadratic_unit(S, P, m, lo, hi, w), m)):
        value, at, push = unit
        assert value >= (np.tanh(z + v) - S * z - P * v - bend * v * v).max() - 1e-12
        assert value == pytest.approx(np.tanh(at + push) - S * at - P * push - bend * push**2, abs=1e-12)
        assert lo - 1e-9 <= at <= hi + 1e-9
        assert abs(push) <= w + 1e-9


def test_one_step_is_the_interval_image_of_the_box():
    rng = np.random.default_rng(1)
    found, hull = problem(rng, np.inf)
    plain = hull_of(hull.box, np.zeros((0, 3)), np.zeros(0))
    values = bounds_of(found, plain, fresh_cover(plain, 1), 0.2)
    low, high = np.tanh(plain.box[0] - 0.2), np.tanh(plain.box[1] + 0.2)
    image = np.maximum(found.W * low, found.W * high).sum(1) + found.c
    assert values[:3] == pytest.approx(image, abs=1e-12)


@pytest.mark.parametrize("norm", [2, np.inf])
@pytest.mark.parametrize("leak", [0.0, 0.4])
@pytest.mark.parametrize("inputs_of", [None, 2])
@pytest.mark.parametrize("steps", [0, 20])
def test_whatever_the_multipliers_no_trajectory_exceeds_the_bound(norm, leak, inputs_of, steps):
    for seed in range(4):
        rng = np.random.default_rng(seed)
        found, hull = problem(rng, norm, B=None if inputs_of is None else rng.normal(size=(3, inputs_of)), leak=leak)
        for K in (1, 2, 3):
            values = bounds_of(found, hull, random_cover(rng, hull, K), 0.3, steps)
            assert np.all(values >= extents(found, hull, K, 0.3, rng) - 1e-9)


def test_branching_keeps_the_bound_valid_and_does_not_raise_it():
    rng = np.random.default_rng(3)
    found, hull = problem(rng, np.inf)
    cover = fresh_cover(hull, 3)
    first = bounds_of(found, hull, cover, 0.2, 50)
    leaves, goals = first, np.full(len(hull.values), -np.inf)
    for _ in range(4):
        cover = branched(hull, cover, inspected(found, hull, cover, 0.2, leaves), goals, 16)
        leaves = bounds_of(found, hull, cover, 0.2, 20)
    worst = np.array([leaves[cover.owner == face].max() for face in range(len(goals))])
    assert np.all(worst <= first + 1e-9)
    assert worst.sum() < first.sum() - 1e-3
    assert np.all(worst >= extents(found, hull, 3, 0.2, rng) - 1e-9)


def test_the_box_of_z_is_no_worse_than_the_box_of_a():
    rng = np.random.default_rng(4)
    found, hull = problem(rng, np.inf)
    together = found._replace(kind=COUPLED)
    for seed in range(5):
        cover = random_cover(np.random.default_rng(seed), hull, 3)
        apart = bounds_of(found, hull, cover, 0.3)
        assert np.all(apart <= bounds_of(together, hull, cover, 0.3) + 1e-12)


def test_the_derivative_by_the_faces_is_that_of_differences():
    rng = np.random.default_rng(5)
    found, hull = problem(rng, np.inf)
    cover = random_cover(rng, hull, 3)
    leaves = bounds_of(found, hull, cover, 0.2)
    derivative = inspected(found, hull, cover, 0.2, leaves).derivative
    for face in range(len(hull.values)):
        moved = hull.values.copy()
        moved[face] += 1e-7
        change = (bounds_of(found, hull._replace(values=moved), cover, 0.2) - leaves) / 1e-7
        assert change == pytest.approx(derivative[:, face], abs=1e-4)


@pytest.mark.parametrize("norm", [2, np.inf])
def test_uncoupled_latches_are_known(norm):
    net = dl.AdditiveNetwork(2.0 * np.eye(2))
    point = dl.LatchNeuron(2.0)
    rest = dl.trajectory(point, [1.0], steps=200)[-1]
    found = dual_bound(ask(net, np.repeat(rest, 2), norm=norm), LATCH)
    assert found is not None
    assert 0.998 * LATCH <= found.value <= LATCH


def test_leak_and_logistic_units_of_the_same_latch():
    rest = dl.trajectory(dl.LatchNeuron(2.0), [1.0], steps=200)[-1]
    leaky = dual_bound(ask(LeakyNetwork([[2.0]], alpha=0.5), rest), LATCH)
    assert leaky is not None
    assert 0.99 * LATCH <= leaky.value <= LATCH
    net = dl.AdditiveNetwork([[8.0]], [-4.0], activation="logistic")  # a = 2 alpha
    logistic = dual_bound(ask(net, 2.0 * rest), 2.0 * LATCH)
    assert logistic is not None
    assert 0.995 * 2 * LATCH <= logistic.value <= 2 * LATCH
    assert net.f is LOGISTIC


def test_the_search_needs_no_upper_bound():
    net = dl.AdditiveNetwork([[2.0]])
    rest = dl.trajectory(dl.LatchNeuron(2.0), [1.0], steps=200)[-1]
    found = dual_bound(ask(net, rest), None)
    assert found is not None
    assert 0.98 * LATCH <= found.value <= LATCH


def test_a_certified_polytope_holds_every_trajectory_and_none_exists_beyond_the_threshold():
    W = TURNING
    net = dl.AdditiveNetwork(W)
    attractor = attracting(net, dl.trajectory(net, [2.0, 2.0], steps=500)[-1], "test")
    polytope = certify(form_of(W), attractor, np.inf, 0.15)
    assert polytope is not None
    rng = np.random.default_rng(0)
    a = np.repeat(attractor.point[None], 500, 0)
    for _ in range(60):
        z = net.step(a)
        assert np.all(z >= polytope.lo)
        assert np.all(z <= polytope.hi)
        a = z + 0.15 * rng.choice([-1.0, 1.0], z.shape)
    assert certify(form_of(W), attractor, np.inf, 1.0) is None


def test_a_basin_is_proved_up_to_the_saddle_and_not_beyond():
    form = form_of(2.0 * np.eye(2))
    rest = np.repeat(dl.trajectory(dl.LatchNeuron(2.0), [1.0], steps=200)[-1], 2)
    attractor = Attractor(rest[None], np.linalg.eigvals(form.jacobian(rest)).astype(complex))
    box = Polytope(np.full(2, 0.05), np.full(2, 2.1), np.zeros((0, 2)), np.zeros(0))
    assert shrinks_to(form, attractor, box)
    assert not shrinks_to(form, attractor, box._replace(lo=np.full(2, -0.05)))


def test_a_contraction_attracts_its_trapping_box():
    W = np.array([[0.5, -0.6], [0.6, 0.5]])
    form = form_of(W)
    attractor = Attractor(np.zeros((1, 2)), np.linalg.eigvals(W).astype(complex))
    box = Polytope(np.full(2, -1.1), np.full(2, 1.1), np.zeros((0, 2)), np.zeros(0))
    assert shrinks_to(form, attractor, box)
