import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import threshold_by_corners

import dynlatch as dl
from dynlatch import analysis
from dynlatch.analysis.attractor import polish
from dynlatch.analysis.escape import replay
from dynlatch.analysis.escape.exact import exact_threshold, extreme_directions
from dynlatch.analysis.escape.question import Question, ask
from dynlatch.analysis.structure import activation_form

U2 = 0.532839975353552  # u*(2)
P2 = 1.9150080481545375  # the attractor of w = 2


def settled(net, start, steps=3000):
    a = np.array(start, dtype=float)
    for _ in range(steps):
        a = net.step(a)
    return a


def lost(net, attractor, inputs, steps=800):
    """Which of many input sequences (T, k, m) leave the state elsewhere once they are over: a plain loop; shape (k,)."""
    a = np.broadcast_to(attractor, (inputs.shape[1], net.dim))
    for u in inputs:
        a = net.step(a, u)
    for _ in range(steps):
        a = net.step(a)
    return np.abs(a - attractor).max(-1) > 1e-3


def ordered_net(seed, kind):
    """A random net that preserves an order with random signs, pushed by inputs that respect it; with an attractor to lose."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 7))
    signs = rng.choice([-1.0, 1.0], n)
    W = signs[:, None] * np.abs(rng.standard_normal((n, n))) * signs * (rng.random((n, n)) < 0.7) / np.sqrt(n) + 1.5 * np.eye(n)
    B = signs[:, None] * (0.1 + np.abs(rng.standard_normal((n, 2)))) * [1.0, -1.0]
    c = 0.2 * rng.standard_normal(n)
    if kind == "additive":
        net = dl.AdditiveNetwork(W, c, "tanh", B)
    elif kind == "logistic":
        net = dl.AdditiveNetwork(4 * W, c - 2 * W.sum(1), "logistic", B)
    elif kind == "leaky":
        net = dl.LeakyNetwork(W, 0.3, c, "tanh", B)
    else:
        net = dl.ElmanNetwork(W, B, c)
    return net, settled(net, rng.choice([-1.0, 1.0]) * signs * 5.0), rng


@pytest.mark.parametrize("kind", ["additive", "logistic", "leaky", "elman"])
def test_random_ordered_nets_against_simulated_corners(kind):
    """Just below the value no corner input escapes, constant or switching; just above it one of the constant corners does."""
    exact = 0
    for seed in range(4):
        net, attractor, rng = ordered_net(seed, kind)
        answer = exact_threshold(ask(net, attractor))
        assert answer is not None
        corners = np.array(list(itertools.product([-1.0, 1.0], repeat=2)))
        if np.isinf(answer.value):
            assert not lost(net, attractor, 50.0 * np.broadcast_to(corners, (500, 4, 2))).any()
            continue
        exact += 1
        switching = rng.choice([-1.0, 1.0], (800, 30, 2))
        tried = np.concatenate([np.broadcast_to(corners, (800, 4, 2)), switching], axis=1)
        assert not lost(net, attractor, answer.value * (1 - 1e-9) * tried).any()
        assert lost(net, attractor, answer.value * (1 + 1e-3) * tried[:, :4]).any()
    assert exact >= 2


@pytest.mark.parametrize("seed", range(3))
def test_finite_horizons_against_all_corner_sequences(seed):
    net, attractor, _ = ordered_net(seed + 20, "additive")
    for T in (1, 3):
        answer = exact_threshold(ask(net, attractor, steps=T))
        around = answer.value * np.array([1 - 1e-6, 1 + 1e-6])
        assert answer.witness.shape == (T, 2)
        assert threshold_by_corners(net, attractor, T, around) == around[1]


def checked(net, question):
    """The answer, its witness replayed by the independent simulator."""
    answer = exact_threshold(question)
    assert answer.reason == "exact"
    size = np.linalg.norm(answer.witness, question.norm, axis=1).max()
    assert answer.value < size <= answer.value * (1 + 1e-6)
    assert not replay(question.system, question.attractor.points, answer.witness, norm=question.norm).returned
    return answer


def test_witnesses_of_every_kind():
    C = [[1.3, 2.6], [3.7, 0.3]]
    for net, start in [
        (dl.LatchNeuron(2.0), [P2]),
        (dl.AdditiveNetwork(2 * np.eye(2)), [P2, -P2]),
        (dl.AdditiveNetwork(C), [4.0, 4.0]),
        (dl.ElmanNetwork(C, np.eye(2), None), [1.0, 1.0]),
        (dl.LeakyNetwork(C, [0.2, 0.9]), [4.0, 4.0]),
        (dl.AdditiveNetwork([[-0.3, -2.0], [-2.0, -0.4]], [0.05, 0.0]), [2.0, -2.0]),
    ]:
        checked(net, ask(net, settled(net, start)))


def brute_force(net, start, T, size, period=1):
    """Whether some of all corner sequences of T steps ends outside the phase of the attractor it began in."""
    corners = np.array(list(itertools.product([-1.0, 1.0], repeat=net.input_dim)))
    sequences = np.array(list(itertools.product(corners, repeat=T))).transpose(1, 0, 2)
    return lost(net, start, size * sequences, steps=400 + (-T) % period).any()  # all around the cycle again


@pytest.mark.parametrize(
    ("net", "T"),
    [
        (dl.AdditiveNetwork([[-2.0]]), 10),
        (dl.AdditiveNetwork([[-2.5]], [0.4]), 9),
        (dl.AdditiveNetwork([[-6.0]], [2.6], "logistic"), 8),
        (dl.AdditiveNetwork([[-1.3, -2.6], [-3.7, -0.3]]), 5),
    ],
)
def test_cycles_of_nets_that_reverse_an_order(net, T):
    """All input sequences: the cycle keeps its phase up to the value, and loses it beyond. No bias, no oddness is needed."""
    start = analysis.periodic_orbits(net, 2, rng=0).points
    cycle = start[np.abs(start).max(axis=(1, 2)).argmax()]
    answer = exact_threshold(ask(net, cycle, steps=T))
    assert answer.reason == "exact"
    assert not brute_force(net, cycle[0], T, answer.value * (1 - 1e-6), period=2)
    assert brute_force(net, cycle[0], T, answer.value * (1 + 1e-6), period=2)


@pytest.mark.parametrize("which", [0, -1])
def test_fixed_points_of_nets_that_reverse_an_order(which):
    net = dl.AdditiveNetwork([[-0.3, -2.0], [-2.0, -0.4]], [0.1, -0.05])
    x = analysis.fixed_points(net, rng=0).attractors.points[which]
    values = []
    for T in (1, 2, 4):
        answer = exact_threshold(ask(net, x, steps=T))
        assert not brute_force(net, x, T, answer.value * (1 - 1e-6))
        assert brute_force(net, x, T, answer.value * (1 + 1e-6))
        values.append(answer.value)
    forever = checked(net, ask(net, x))
    assert np.all(np.diff([*values, forever.value]) < 0)
    assert exact_threshold(ask(net, x, disturbance="constant")) is None


def test_the_anti_monotone_twin_has_the_threshold_of_its_monotone_net():
    """f odd and no bias: a_t -> (-1)^t a_t turns one into the other, cycles x, -x into fixed points."""
    for W, x in [([[2.0]], [P2]), ([[1.3, 2.6], [3.7, 0.3]], [4.0, 4.0])]:
        twin = settled(dl.AdditiveNetwork(W), x)
        value = exact_threshold(ask(dl.AdditiveNetwork(W), twin)).value
        other = exact_threshold(ask(dl.AdditiveNetwork(-np.array(W)), [twin, -twin])).value
        np.testing.assert_allclose(other, value, rtol=1e-12)
    # A fixed point of the twin is a cycle of the monotone net.
    swap = np.array([[0.3, 2.0], [2.0, 0.4]])
    x = settled(dl.AdditiveNetwork(-swap), [2.0, -2.0])
    one = exact_threshold(ask(dl.AdditiveNetwork(-swap), x)).value
    np.testing.assert_allclose(exact_threshold(ask(dl.AdditiveNetwork(swap), [x, -x])).value, one, rtol=1e-11)


def test_one_unit_in_either_norm():
    """Only `B u` counts: b |B|_1 for box inputs, b |B|_2 for the 2-norm."""
    B = np.array([[0.6, -0.8, 0.0]])
    net = dl.AdditiveNetwork([[2.0]], None, "tanh", B)
    assert checked(net, ask(net, [P2], norm=2)).value == pytest.approx(U2, rel=1e-13)
    assert checked(net, ask(net, [P2])).value == pytest.approx(U2 / 1.4, rel=1e-13)
    along = np.outer([1.0, 2.0], [0.6, 0.8])
    pair = dl.AdditiveNetwork([[1.3, 2.6], [3.7, 0.3]], None, "tanh", along)
    x = settled(pair, [4.0, 4.0])
    single = exact_threshold(ask(dl.AdditiveNetwork([[1.3, 2.6], [3.7, 0.3]], None, "tanh", [[1.0], [2.0]]), x))
    assert checked(pair, ask(pair, x, norm=2)).value == pytest.approx(single.value, rel=1e-12)
    assert exact_threshold(ask(dl.AdditiveNetwork([[1.3, 2.6], [3.7, 0.3]]), x, norm=2)) is None
    assert exact_threshold(ask(dl.AdditiveNetwork([[1.3, 2.6], [3.7, 0.3]]), x, norm=2, direction=[1.0, 0.5])) is not None


def test_extreme_directions():
    net = dl.AdditiveNetwork([[1.3, -2.6], [-3.7, 0.3]])
    up, down = extreme_directions(ask(net, settled(net, [4.0, -4.0])))
    assert np.array_equal(up, -down)
    assert up[0] == -up[1]
    rotation = dl.AdditiveNetwork([[2.2, 0.5], [-0.5, 2.2]])
    assert extreme_directions(ask(rotation, settled(rotation, [2.0, 2.0]))) is None


def test_slow_leaks_move_nothing():
    """Multipliers up to 1 - 1e-6: the fold of a leaky net is that of the net without leak."""
    for alpha in (1e-2, 1e-4, 1.2e-6):
        pair = np.array([[1.3, 2.6], [3.7, 0.3]])
        x = settled(dl.AdditiveNetwork(pair), [4.0, 4.0])
        answer = exact_threshold(ask(dl.LeakyNetwork(pair, alpha), x))
        # The net holds 1 - alpha, from which alpha is known to eps / alpha.
        assert answer.value == pytest.approx(2.0960608718071, rel=1e-12 + 1e-16 / alpha)


def test_a_fold_that_is_no_escape_is_passed():
    """Without bias towards it, the lower state is gone (w = 2, c = 0.6); a second unit, driven by the first, folds later."""
    single = dl.LatchNeuron(2.0, 0.6)
    assert exact_threshold(ask(single, settled(single, [3.0]))).reason == "monostable"
    net = dl.AdditiveNetwork([[2.0, 0.0], [0.05, 2.0]], [0.6, 0.3], "tanh", [[1.0], [0.5]])
    x = settled(net, [3.0, 3.0])
    answer = checked(net, ask(net, x))
    assert answer.value > 1.1328  # the first unit's fold, from which both come back
    assert not lost(net, x, np.full((3000, 1, 1), -answer.value * (1 - 1e-9))).any()


def test_units_that_fold_together_or_nearly():
    for W in (2.0 * np.eye(3), np.diag([2.0, 2.0 + 1e-9]), np.diag([2.0, 3.0, 2.001])):
        net = dl.AdditiveNetwork(W)
        assert exact_threshold(ask(net, settled(net, np.full(len(W), 3.0)))).value == pytest.approx(U2, rel=1e-12)
    ring = 1.5 * np.eye(3) + 0.5 * np.roll(np.eye(3), 1, axis=0)
    assert exact_threshold(ask(dl.AdditiveNetwork(ring), np.full(3, P2))).value == pytest.approx(U2, rel=1e-12)


def test_reasons():
    neuron = dl.LatchNeuron(1.0)
    neutral = Question(neuron, polish(neuron, [0.0], "a test"), np.inf, None, False, activation_form(neuron))
    assert exact_threshold(neutral).reason == "neutral"
    weak = dl.AdditiveNetwork([[0.3, 0.2], [-0.2, 0.3]])
    assert exact_threshold(ask(weak, [0.0, 0.0], norm=2)).reason == "monostable"
    deaf = dl.AdditiveNetwork(np.diag([0.5, 2.0]), None, "tanh", [[1.0], [0.0]])
    assert exact_threshold(ask(deaf, [0.0, P2])).reason == "unreachable"
    rotation = dl.AdditiveNetwork([[2.2, 0.5], [-0.5, 2.2]])
    assert exact_threshold(ask(rotation, settled(rotation, [2.0, 2.0]))) is None
    at_the_fold = dl.LatchNeuron(2.0, U2)
    assert exact_threshold(ask(at_the_fold, settled(at_the_fold, [3.0]))) is None
    gru = dl.GRU(np.ones((3, 1)), np.ones((3, 1)), np.zeros(3), np.zeros(3))
    assert exact_threshold(ask(gru, settled(gru, [0.0]))) is None


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["sequence", "constant", "impulse"]))
def test_order_signs_and_scale_do_not_matter(seed, disturbance):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 5))
    W = np.abs(rng.standard_normal((n, n))) / n + 1.4 * np.eye(n)
    x = settled(dl.AdditiveNetwork(W), np.full(n, 5.0))
    base = exact_threshold(ask(dl.AdditiveNetwork(W), x, disturbance=disturbance))
    signs, order = rng.choice([-1.0, 1.0], n), rng.permutation(n)
    moved = (signs[:, None] * W * signs)[np.ix_(order, order)]
    again = exact_threshold(ask(dl.AdditiveNetwork(moved), (signs * x)[order], disturbance=disturbance))
    np.testing.assert_allclose(again.value, base.value, rtol=1e-10)
    wide = exact_threshold(ask(dl.AdditiveNetwork(W, None, "tanh", 2.5 * np.eye(n)), x, disturbance=disturbance))
    np.testing.assert_allclose(wide.value, base.value / 2.5, rtol=1e-10)


def test_cycles_of_leaky_nets_are_left_to_the_bounds():
    net = dl.LeakyNetwork([[0.0, 3.0], [3.0, 0.0]], [0.8, 0.8])
    cycle = dl.trajectory(net, [2.0, -2.0], steps=400)[-2:]
    assert np.abs(cycle[0] - cycle[1]).max() > 1.0  # the units take turns
    assert exact_threshold(ask(net, cycle)) is None


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_finite_horizons_where_released_states_end_on_a_cycle(steps):
    net = dl.AdditiveNetwork([[1.3, 2.6], [3.7, 0.3]])  # with an attracting 2-cycle between its fixed points
    up = polish(net, [3.9, 4.0], "test").point

    def escapes(size):
        inputs = np.concatenate([np.full((steps, 2), -size), np.zeros((400, 2))])
        return np.abs(dl.trajectory(net, up, inputs)[-1] - up).max() > 1e-3

    value = exact_threshold(ask(net, up, steps=steps)).value
    assert escapes(value * (1.0 + 1e-9))
    assert not escapes(value * (1.0 - 1e-9))


def test_horizons_too_long_to_simulate_are_left_to_the_bounds():
    assert exact_threshold(ask(dl.LatchNeuron(2.0), [1.915], steps=10**7)) is None
    assert exact_threshold(ask(dl.AdditiveNetwork([[1.3, 2.6], [3.7, 0.3]]), [3.9, 4.0], steps=10**7)) is None


def test_the_size_of_a_direction_does_not_matter():
    net = dl.AdditiveNetwork([[1.3, 2.6], [3.7, 0.3]])
    values = [exact_threshold(ask(net, [3.9, 4.0], 2, direction=[size, size])).value for size in (1.0, 1e200, 1e-200)]
    assert values == pytest.approx([values[0]] * 3, rel=1e-12)
