from itertools import pairwise

import numpy as np
import pytest
from oracles import escapes

import dynlatch as dl
from dynlatch import analysis
from dynlatch.analysis.escape.question import ask, size
from dynlatch.analysis.escape.upper.bound import upper_bound
from dynlatch.analysis.escape.upper.descent import normal
from dynlatch.analysis.escape.upper.fate import judge_of, leaves
from dynlatch.analysis.escape.upper.jumps import jump, reachable_extents
from dynlatch.analysis.escape.upper.plant import plant_of, worst
from dynlatch.analysis.escape.witness import replay

U_STAR = 0.532839975353552  # one tanh unit, w = 2
C2 = dl.AdditiveNetwork([[1.3, 2.6], [3.7, 0.3]])
STATE = [3.8971739, 3.99674951]
UP = 1.9150080481545375


def checked(question, **options):
    """The bound, with what every bound promises: its sequence escapes and has its size."""
    found = upper_bound(question, rng=0, **options)
    assert found is not None
    assert found.value == size(found.inputs, question.norm)
    assert not replay(question.system, question.attractor.points, found.inputs).returned
    return found


def gaussian(seed, n=3, gain=2.0):
    """A dense net with attractors, and those."""
    rng = np.random.default_rng(seed)
    while True:
        net = dl.AdditiveNetwork(gain * rng.normal(size=(n, n)) / np.sqrt(n) + np.eye(n))
        attractors = analysis.fixed_points(net, rng=0).attractors
        if len(attractors):
            return net, attractors


def alone():
    """The only attractor of `a' = 2 tanh a + 0.6`."""
    return analysis.fixed_points(dl.LatchNeuron(2.0, 0.6), rng=0).points[-1]


@pytest.mark.parametrize("norm", [2, np.inf])
def test_uncoupled_units(norm):
    found = checked(ask(dl.AdditiveNetwork(2.0 * np.eye(2)), [UP, UP], norm))
    assert U_STAR < found.value < 1.0001 * U_STAR
    assert escapes(dl.AdditiveNetwork(2.0 * np.eye(2)), [UP, UP], found.inputs)


@pytest.mark.slow
def test_rank_one():
    found = checked(ask(dl.AdditiveNetwork(2.0 * np.ones((3, 3)) / 3), [UP] * 3, 2))
    assert U_STAR * np.sqrt(3) < found.value < 1.0001 * U_STAR * np.sqrt(3)


@pytest.mark.slow
def test_monotone_net_in_the_maximum_norm():
    found = checked(ask(C2, STATE))
    assert 2.0960608718 < found.value < 2.0960608718 * 1.0001


@pytest.mark.slow
def test_the_worst_input_need_not_be_constant():
    sequence = checked(ask(C2, STATE, 2))
    constant = checked(ask(C2, STATE, 2, disturbance="constant"))
    assert np.ptp(constant.inputs, axis=0).max() == 0
    assert sequence.value < 2.231
    np.testing.assert_allclose(constant.value, 2.645, rtol=1e-3)


def test_an_impulse_is_the_distance_to_the_boundary():
    found = checked(ask(dl.LatchNeuron(2.0), [UP], disturbance="impulse"))
    assert found.inputs.shape == (1, 1)
    np.testing.assert_allclose(found.value, UP, rtol=1e-5)


@pytest.mark.parametrize("steps", [1, 3, 10])
def test_limited_time_in_one_dimension_is_the_exact_number(steps):
    exact = dl.analysis.scalar.finite_horizon_threshold(2.0, steps)
    found = checked(ask(dl.LatchNeuron(2.0), [UP], steps=steps))
    assert len(found.inputs) <= steps
    np.testing.assert_allclose(found.value, exact, rtol=1e-4)


@pytest.mark.slow
def test_more_time_never_costs_more():
    net, attractors = gaussian(1)
    values = [checked(ask(net, attractors[0], steps=steps)).value for steps in (1, 4, 16)]
    values.append(checked(ask(net, attractors[0])).value)
    assert all(b <= a * (1 + 1e-3) for a, b in pairwise(values))


@pytest.mark.slow
def test_directed_inputs_and_few_inputs():
    net, attractors = gaussian(2)
    free = checked(ask(net, attractors[0], 2)).value
    one = checked(ask(net, attractors[0], 2, direction=[1.0, -1.0, 0.5]))
    assert one.inputs.shape[1] == 1
    assert one.value >= free * (1 - 1e-3)
    B = np.array([[1.0], [-1.0], [0.5]]) / 1.5
    np.testing.assert_allclose(checked(ask(net, attractors[0], input_matrix=B)).value, one.value, rtol=1e-2)


def test_nothing_escapes_where_all_converges():
    assert upper_bound(ask(dl.LatchNeuron(2.0, 0.6), alone()), rng=0) is None


def test_same_seed_same_bound_and_a_budget_still_bounds():
    net, attractors = gaussian(3)
    a, b = (upper_bound(ask(net, attractors[0]), rng=4, budget=12) for _ in range(2))
    assert a is not None
    assert b is not None
    np.testing.assert_array_equal(a.inputs, b.inputs)
    full = upper_bound(ask(net, attractors[0]), rng=4, known=a)
    assert full is not None
    assert full.value <= a.value


def test_interrupted_search_keeps_what_it_found():
    def interrupt(name, value):
        if name == "Pontryagin search":
            raise KeyboardInterrupt

    found = upper_bound(ask(C2, STATE, 2), rng=0, progress=interrupt)
    assert found is not None
    assert found.method == "constant input"


@pytest.mark.slow
def test_a_function_as_map():
    cubic = dl.FunctionMap(lambda a, u: a + 0.5 * (a - a**3) + u, 1, 1)
    found = checked(ask(cubic, [1.0]), budget=10)
    # The fold of a - a^3 at a = 1/sqrt 3.
    np.testing.assert_allclose(found.value, 0.5 * 2 / (3 * np.sqrt(3)), rtol=1e-4)


@pytest.mark.slow
def test_a_state_that_grows_without_bound_has_left():
    opening = dl.FunctionMap(lambda a, u: 0.5 * a + 0.5 * a**3 + u, 1, 1)
    found = checked(ask(opening, [0.0]), budget=10)
    np.testing.assert_allclose(found.value, 0.5 * 2 / (3 * np.sqrt(3)), rtol=1e-4)


@pytest.mark.slow
def test_units_without_derivatives():
    class Signs:
        dim = input_dim = 2

        def step(self, a, u=None):
            return np.sign(np.asarray(a)) * np.array([1.0, 2.0]) + (0.0 if u is None else u)

    found = checked(ask(Signs(), [1.0, 2.0]))
    # The first unit flips once its input outweighs 1.
    np.testing.assert_allclose(found.value, 1.0, rtol=1e-3)


@pytest.mark.slow
def test_gated_nets():
    net = dl.GRU(np.array([[0.5], [0.2], [1.0]]), [[0.0], [0.0], [4.0]])
    attractors = analysis.fixed_points(net, rng=0).attractors
    found = checked(ask(net, attractors[0]), budget=12)
    grid = np.linspace(0.5, 1.02, 14) * found.value
    assert [escapes(net, attractors[0].point, np.full((400, 1), b)) for b in grid[[0, 5, -1]]] == [False, False, True]


@pytest.mark.slow
def test_a_cycle_is_left_from_its_first_point():
    net = dl.LatchNeuron(-2.0)
    cycle = analysis.periodic_orbits(net, 2, rng=0).points[0]
    question = ask(net, cycle)
    assert question.attractor.period == 2
    assert upper_bound(question, rng=0) is None  # the only attractor of a' = -2 tanh a
    two = dl.AdditiveNetwork(np.diag([-2.0, 2.0]))
    points = np.column_stack([cycle, [UP, UP]])
    # Without the cycle the unit that holds the bit is the papers' neuron.
    assert U_STAR < checked(ask(two, points)).value < 1.0001 * U_STAR


def test_normal_is_the_gradient_of_the_threshold():
    net, attractors = gaussian(5)
    plant = plant_of(ask(net, attractors[0], 2))
    judge = judge_of(
        plant, attractors[0].spectral_radius if hasattr(attractors[0], "spectral_radius") else 0.5, np.random.default_rng(0)
    )

    def threshold(U):
        lo, hi = 0.0, 50.0
        for _ in range(60):
            b = 0.5 * (lo + hi)
            a = plant.points[0]
            for u in U:
                a = plant.step(a, b * u)
            lo, hi = (lo, b) if leaves(judge, a[None])[0] else (b, hi)
        return hi

    rng = np.random.default_rng(1)
    for _ in range(20):
        U = worst(rng.normal(size=(6, 3)), 2.0)
        b = threshold(U)
        if b < 40:
            break
    found = normal(plant, U[:, None], np.array([b * (1 + 1e-7)]), np.array([b * (1 - 1e-7)]))
    g = found.pushes[:, 0] * np.exp(found.log_lengths[:, 0])[:, None]
    known = np.isfinite(found.log_lengths[:, 0])
    assert known[-1]
    d = rng.normal(size=U.shape)
    h = 1e-5
    # db/dh (g . U) = -b g . d
    slope = (threshold(U + h * d) - threshold(U - h * d)) / (2 * h)
    np.testing.assert_allclose(slope, -b * (g * d)[known].sum() / (g * U)[known].sum(), rtol=2e-3)


def test_extents_lie_inside_the_reachable_set():
    question = ask(dl.AdditiveNetwork(2.0 * np.eye(2)), [UP, UP])
    found = reachable_extents(question, 0.3, rng=0)
    lo = hi = UP
    for _ in range(60):
        lo, hi = 2 * np.tanh(lo) - 0.3, 2 * np.tanh(hi) + 0.3
    np.testing.assert_allclose([found.lo, found.hi], [[lo, lo], [hi, hi]], rtol=1e-6)


def test_a_fold_inside_the_basin_is_a_jump():
    question = ask(dl.LatchNeuron(2.0, 0.6), alone())
    found = jump(question, 0.5, 2.0, rng=0)
    np.testing.assert_allclose(found, U_STAR + 0.6, rtol=0.02)
    assert jump(question, 0.2, 1.0, rng=0) is None


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_other_seeds_find_the_same(seed):
    net, attractors = gaussian(seed, n=6, gain=2.5)
    values = [upper_bound(ask(net, attractors[0], 2), rng=k).value for k in range(3)]
    assert max(values) < 1.03 * min(values)


class Turn:
    """Turns the plane by one radian and scales it by `gain(r^2)`."""

    dim = input_dim = 2
    R = np.array([[np.cos(1.0), np.sin(1.0)], [-np.sin(1.0), np.cos(1.0)]])

    def __init__(self, gain):
        self.gain = gain

    def step(self, a, u=None):
        return (self.gain((a * a).sum(-1, keepdims=True)) * a) @ self.R + (0.0 if u is None else u)


@pytest.mark.slow
def test_a_closed_curve_is_a_place_to_escape_to_and_slowness_is_none():
    circles = Turn(lambda r2: 1.0 - 0.1 * (1.0 - r2) * (1.0 - r2 / 4.0))  # r = 1 repels, 2 attracts
    start = np.zeros((1, 2))
    assert not replay(circles, start, np.array([[1.2, 0.0]])).returned
    assert replay(circles, start, np.array([[0.9, 0.0]])).returned
    for rate in (0.9999, 0.99999, 1.0 - 1e-7):
        assert replay(Turn(lambda r2, rate=rate: rate), start, np.array([[1.2, 0.0]])).returned


@pytest.mark.slow
def test_a_chaotic_attractor_is_a_place_to_escape_to():
    class Chaos:
        """A latch and, while it is down, a fully developed logistic map beside it."""

        dim, input_dim = 2, 2

        def step(self, a, u=None):
            x = 2.0 * np.tanh(a[..., 0])
            y = np.where(a[..., 0] < 0.0, 4.0 * np.clip(a[..., 1], 0.0, 1.0) * (1.0 - np.clip(a[..., 1], 0.0, 1.0)), 0.3)
            return np.stack([x, y], -1) + (0.0 if u is None else u)

    up = np.array([[1.9150080481545375, 0.3]])
    landing = replay(Chaos(), up, np.array([[-4.0, 0.0]]))
    assert landing.period is None
    assert not landing.returned
    assert replay(Chaos(), up, np.array([[-1.0, 0.0]])).returned
