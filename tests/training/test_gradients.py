"""Derivatives of every network of weighted sums, and the curvature that the pseudo-Newton rules use."""

from dataclasses import replace
from itertools import product
from types import SimpleNamespace

import numpy as np
import oracles_gradients as oracle
import pytest

from dynlatch.errors import InvalidInput
from dynlatch.lanes.influence import carried_gradient, influences
from dynlatch.lanes.instances import summed_curvature
from dynlatch.lanes.packs import padded
from dynlatch.lanes.products import carry_back
from dynlatch.lanes.trace import probe, traceable
from dynlatch.lanes.traces import traced_gradient, tracks
from dynlatch.lanes.units import EXPONENTIAL, LINEAR, LOGISTIC, RELU, TANH
from dynlatch.lanes.wiring import Connection, backward, curvature, forward, gradient, wire
from dynlatch.training.block import pack
from dynlatch.training.models import AnyWiring, Dense, FocusedNet, LatchNet, LocalFeedbackNet, ParityNet
from dynlatch.training.rules.back_propagation import BackPropagation
from dynlatch.training.rules.discrete_error_propagation import DiscreteErrorPropagation
from dynlatch.training.rules.focused_back_propagation import FocusedBackPropagation
from dynlatch.training.rules.local_feedback import LocalFeedback
from dynlatch.training.rules.pseudo_newton import PseudoNewton
from dynlatch.training.rules.real_time_recurrent_learning import RealTimeRecurrentLearning
from dynlatch.training.rules.time_weighted_pseudo_newton import TimeWeightedPseudoNewton
from dynlatch.training.tasks import TwoSequence
from dynlatch.training.trials import trial

MODELS = {
    "dense": Dense(5),
    "dense, logistic": Dense(3, units="logistic"),
    "parity": ParityNet(),
    "parity, synchronous": ParityNet(order="synchronous"),
    "latch": LatchNet(),
    "local feedback, linear": LocalFeedbackNet(2),
    "local feedback, tanh": LocalFeedbackNet(2, loop="tanh"),
    "focused": FocusedNet(2),
}


def wirings():
    rng = np.random.default_rng(5)
    random = [oracle.random_wiring(rng, kinds, 2, 14) for kinds in ([TANH] * 4, [TANH, LINEAR, LOGISTIC, TANH])]
    gated = {"gated": [TANH, LINEAR, LOGISTIC], "gated, radial": [LOGISTIC, EXPONENTIAL, RELU, TANH], "gated, late": [TANH] * 3}
    return (
        {name: model.cell() for name, model in MODELS.items()}
        | {f"random {k}": net for k, net in enumerate(random)}
        | {name: oracle.gated_wiring(rng, kinds) for name, kinds in gated.items()}
    )


def squares():
    """One path, through a square and a product with the input."""
    read, squared, product, y, u = range(5)
    chain = [Connection(read, u, 0, 0), Connection(squared, read, 1, 0, read, 0), Connection(product, squared, 2, 1, u, 0)]
    return wire([*chain, Connection(y, product, 3, 0)], kinds=[TANH, LINEAR, LINEAR, TANH], inputs=1, output=y, trained=4)


WIRINGS = wirings() | {"squares": squares()}


def swept(net, theta, inputs, lengths, targets):
    """Forward and back for sequences of several lengths, one a lane; theta (P, L), inputs (L, T, m). In whole packs."""
    n, (L, T, m), theta = net.kinds.size, inputs.shape, padded(theta)
    s, a, d = (padded(np.zeros((T + 1, rows, L))) for rows in (n + m + 1, n, n))
    s[1:, n:-1, :L] = inputs.transpose(1, 2, 0)
    forward(net, theta, T, s, a)
    h, every = np.zeros_like(d), np.arange(L)
    for o in net.outputs:
        d[lengths, o, every] = s[lengths, o, every] - targets
        h[lengths, o, every] = 1.0
    direct = d.copy()
    backward(net, theta, T, s, d)
    curvature(net, theta, T, s, h)
    g = np.empty_like(theta)
    gradient(net, T, s, d, g)
    return SimpleNamespace(s=s, a=a, d=d, h=h, g=g, direct=direct)


def example(net, L=3, T=6, seed=0):
    rng = np.random.default_rng(seed)
    theta = rng.uniform(-1.2, 1.2, (net.weights, L))
    return theta, rng.uniform(-1, 1, (L, T, net.inputs)), rng.integers(T // 2, T + 1, L), rng.choice([-0.8, 0.8], L)


@pytest.mark.parametrize("name", WIRINGS)
def test_gradient_is_that_of_central_differences(name):
    net = WIRINGS[name]
    theta, inputs, lengths, targets = example(net)
    found = swept(net, theta, inputs, lengths, targets)
    for lane, length in enumerate(lengths):
        copies = oracle.gradient_of_copies(net, theta[:, lane], inputs[lane, :length], targets[lane])
        expected = oracle.by_weight(net, copies, len(theta))
        np.testing.assert_allclose(found.g[:, lane], expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", WIRINGS)
def test_influences_carried_forward_give_the_gradient(name):
    net = WIRINGS[name]
    theta, inputs, lengths, targets = example(net, L=18, T=9)
    found = swept(net, theta, inputs, lengths, targets)
    g = np.empty_like(found.g)
    carried_gradient(net, padded(theta), 9, found.s, found.direct, influences(net), g)
    np.testing.assert_allclose(g[: net.trained], found.g[: net.trained], rtol=0, atol=1e-13)


def one_step_back():
    """Wirings whose state is what was put out one step ago."""
    rng = np.random.default_rng(8)
    gated = {f"gated {k}": oracle.gated_wiring(rng, [TANH, LINEAR, LOGISTIC, TANH], longest=1) for k in range(3)}
    return {name: net for name, net in (WIRINGS | gated).items() if traceable(net)}


@pytest.mark.parametrize("name", one_step_back())
def test_rows_carried_back_with_the_errors_are_the_product_of_jacobians(name):
    net, T = one_step_back()[name], 9
    theta, inputs, lengths, targets = example(net, L=18, T=T)
    found = swept(net, theta, inputs, lengths, targets)
    room = probe(net, T, np.zeros(32, np.int64), every=1, rows=0, last=1, before=False)
    d, ends = found.direct.copy(), np.concatenate([lengths, np.zeros(14, np.int64)])
    s = np.concatenate([found.s, np.full((2, *found.s.shape[1:]), np.nan)])[: T + 1]  # beyond the run there is no number
    carry_back(net, room, padded(theta), T, s, d, ends, room.seen[0])
    np.testing.assert_array_equal(d, found.d, "errors, bit by bit")
    for lane, length in enumerate(lengths):
        product = oracle.jacobian_of_run(net, theta[:, lane], inputs[lane, :length], room.memory)
        np.testing.assert_allclose(np.exp(room.seen[0, lane]), np.linalg.norm(product), rtol=1e-7, atol=1e-9)


def test_rows_that_leave_the_range_of_numbers_are_rescaled():
    """A linear unit with the weight w: |dx_T/dx_0| = |w|^T, however large or small; 0 is minus infinity."""
    net = wire([Connection(0, 0, 0, 1), Connection(0, 1, 1, 0)], kinds=[LINEAR], inputs=1, output=0, trained=2)
    T, w = 400, np.array([1e-30, 1e-3, 0.5, 1.0, 3.0, 1e5, 1e12, 0.0])
    theta = np.stack([w, np.zeros_like(w)])
    room = probe(net, T, np.zeros(16, np.int64), every=1, rows=0, last=1, before=False)
    s, d = np.zeros((T + 1, 3, 16)), np.zeros((T + 1, 1, 16))
    lengths = np.array([T, T - 1, T - 7, T, T, T - 9, T, 3] + [0] * 8)
    d[lengths, 0, np.arange(16)] = 1.0
    expected = d.copy()
    backward(net, padded(theta), T, s, expected)
    carry_back(net, room, padded(theta), T, s, d, lengths, room.seen[0])
    np.testing.assert_array_equal(d, expected, "errors are not rescaled")
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(room.seen[0, :8], lengths[:8] * np.log(w), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["latch", "local feedback, linear", "local feedback, tanh", "focused"])
def test_traces_give_the_gradient(name):
    net = WIRINGS[name]
    theta, inputs, lengths, targets = example(net, L=18, T=9)
    found = swept(net, theta, inputs, lengths, targets)
    g = np.empty_like(found.g)
    traced_gradient(net, tracks(net), padded(theta), 9, found.s, found.direct, np.empty((net.weight.size, 32)), g)
    np.testing.assert_allclose(g[: net.trained], found.g[: net.trained], rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", ["dense", "parity", "parity, synchronous", "random 0", "random 1"])
def test_no_traces_where_a_loop_goes_around_several_units(name):
    assert tracks(WIRINGS[name]) is None


def test_no_traces_for_a_loop_over_a_loop_or_a_layer_that_two_loops_read():
    stacked = [Connection(0, 0, 0), Connection(0, 3, 1, 0), Connection(1, 1, 2), Connection(1, 0, 3, 0), Connection(2, 1, 4, 0)]
    assert tracks(wire(stacked, kinds=[LINEAR] * 3, inputs=1, output=2, trained=5)) is None
    shared = [Connection(0, 4, 0, 0), Connection(1, 1, 1), Connection(1, 0, 2, 0), Connection(2, 2, 3), Connection(2, 0, 4, 0)]
    answer = [Connection(3, 1, 5, 0), Connection(3, 2, 6, 0)]
    assert tracks(wire([*shared, *answer], kinds=[LINEAR] * 4, inputs=1, output=3, trained=7)) is None


# ---- curvature ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", WIRINGS)
def test_curvature_is_the_recursion_of_becker_and_le_cun(name):
    net = WIRINGS[name]
    theta, inputs, lengths, targets = example(net)
    found = swept(net, theta, inputs, lengths, targets)
    for lane, length in enumerate(lengths):
        expected = oracle.becker_lecun(net, theta[:, lane], inputs[lane, :length])
        np.testing.assert_allclose(found.h[1 : length + 1, :, lane], expected[1:], rtol=1e-12, atol=1e-14)
        assert np.all(found.h[length + 1 :, :, lane] == 0)


@pytest.mark.parametrize("name", ["latch", "local feedback, linear", "local feedback, tanh", "focused", "squares"])
def test_curvature_is_the_second_derivative_of_each_copy_where_one_path_leads_to_an_exact_answer(name):
    """No f'' where the answer is the target, no cross terms where every copy acts along one path: nothing is neglected."""
    net, T, h = WIRINGS[name], 5, 1e-3
    targets = [c.target for c in oracle.connections(net)]
    theta, inputs, _, _ = example(net, L=1, T=T)
    copies = oracle.unfolded(net, theta[:, 0], T)
    target = oracle.run(net, copies, inputs[0])[-1, net.output]
    found = swept(net, theta, inputs, np.array([T]), np.array([target]))
    x = oracle.read_signals(net, theta[:, 0], inputs[0])
    for t, e in np.ndindex(*copies.shape):
        values = []
        for k in (-2, -1, 1, 2):
            moved = copies.copy()
            moved[t, e] += k * h
            values.append(oracle.cost(net, moved, inputs[0], target))
        second = (16 * (values[1] + values[2]) - values[0] - values[3]) / (12 * h**2)
        assert found.h[t + 1, targets[e], 0] * x[t, e] ** 2 == pytest.approx(second, abs=1e-9)


@pytest.mark.parametrize("name", ["parity", "parity, synchronous"])
def test_curvature_is_the_mean_square_slope_over_all_signs_of_the_copies(name):
    """Random signs make the cross terms of any two paths vanish on average, and no other term: the neglect, said exactly."""
    net, T = WIRINGS[name], 3
    theta, inputs, _, _ = example(net, L=1, T=T)
    found = swept(net, theta, inputs, np.array([T]), np.array([0.8]))
    between = [e for e in range(net.weight.size) if net.source[e] < net.kinds.size]
    combinations = list(product((-1.0, 1.0), repeat=len(between) * T))
    signs = np.array(combinations).reshape(-1, T, len(between))
    slopes = np.zeros((T + 1, net.kinds.size, len(signs)))
    slopes[T, net.output] = 1.0
    for t in range(T, 0, -1):
        for j in reversed(range(net.kinds.size)):
            for k, e in enumerate(between):
                ahead = t + net.delay[e]
                if net.source[e] == j and ahead <= T:
                    slopes[t, j] += signs[:, ahead - 1, k] * theta[net.weight[e], 0] * slopes[ahead, net.target[e]]
            slopes[t, j] *= 1 - found.s[t, j, 0] ** 2
    np.testing.assert_allclose(found.h[1:, :, 0], (slopes[1:] ** 2).mean(axis=-1), rtol=1e-12, atol=0)


def test_curvature_stays_finite():
    net = Dense(5).cell()
    theta, inputs = np.full((26, 1), 50.0), np.zeros((1, 400, 1))
    found = swept(net, theta, inputs, np.array([400]), np.array([0.8]))
    summed = np.empty_like(found.g)
    summed_curvature(net, 400, found.s, found.h, summed)
    assert np.all(np.isfinite(found.h))
    assert np.all(np.isfinite(summed))
    assert np.all(summed >= 0)


# ---- one step of each rule ------------------------------------------------------------------------------------------------


def started(rule, model, task, trials=3, budget=10**6, seed=0):
    """A block before its first presentation."""
    streams = np.random.SeedSequence(seed).spawn(trials)
    return pack(rule, model, [trial(k, streams[k], task, 8) for k in range(trials)], None, budget)


def advance(rule, model, block, presentations):
    block.show.lanes.pause[0] = presentations
    rule.update(model, block.theta, block.state, block.show)


def copies_of(net, theta, block, lane):
    """dC/dw and d2C/dw^2 (T, E) of every copy, for the sequence that the lane was shown last."""
    lanes, work = block.show.lanes, block.show.work
    which, length = work.which[lane], work.length[lane]
    inputs, target = lanes.inputs[lane, which, :length], 0.8 * lanes.targets[lane, which]
    g = oracle.gradient_of_copies(net, theta[:, lane], inputs, target)
    targets = [c.target for c in oracle.connections(net)]
    h = oracle.becker_lecun(net, theta[:, lane], inputs)[1:, targets] * oracle.read_signals(net, theta[:, lane], inputs) ** 2
    return g, h


def plain(g, h, sums):
    return sums(g)


def memory_cell():
    """s' = s + i g under tanh, i and g of the input and the last answer; the answer squared enters i as well."""
    i, g, s, y, u, one = range(6)
    writing = (i, u, 0, 0), (i, y, 1, 1), (i, one, 2, 0), (i, y, 3, 1, y, 1), (g, u, 4, 0), (g, y, 5, 1)
    kept = (s, s, 7, 1), (s, i, 7, 0, g, 0), (y, s, 6, 0)
    return AnyWiring(("logistic", "tanh", "linear", "tanh"), (*writing, *kept), fixed=(1.0,))


def pseudo_newton(g, h, sums):
    return sums(g) / (sums(h) + 0.02)


def time_weighted(g, h, sums):
    return sums(g / (h + 0.02))


RULES = [
    (BackPropagation(eta=0.3), Dense(3), plain),
    (PseudoNewton(eta=0.3, mu=0.02), Dense(3), pseudo_newton),
    (TimeWeightedPseudoNewton(eta=0.3, mu=0.02), Dense(3), time_weighted),
    (RealTimeRecurrentLearning(eta=0.3), Dense(3), plain),
    (LocalFeedback(eta=0.3), LocalFeedbackNet(2), plain),
    (FocusedBackPropagation(eta=0.3), FocusedNet(2), plain),
    (BackPropagation(eta=0.3), memory_cell(), plain),
    (PseudoNewton(eta=0.3, mu=0.02), memory_cell(), pseudo_newton),
    (TimeWeightedPseudoNewton(eta=0.3, mu=0.02), memory_cell(), time_weighted),
    (RealTimeRecurrentLearning(eta=0.3), memory_cell(), plain),
]


@pytest.mark.parametrize(("rule", "model", "direction"), RULES, ids=lambda value: type(value).__name__)
def test_one_step_is_the_formula(rule, model, direction):
    net, block = model.cell(), started(rule, model, TwoSequence(T=6))
    before = block.theta.copy()
    advance(rule, model, block, 1)
    for lane in range(3):
        g, h = copies_of(net, before, block, lane)
        expected = -0.3 * direction(g, h, lambda copies: oracle.by_weight(net, copies, len(before)))
        step = block.theta[:, lane] - before[:, lane]
        np.testing.assert_allclose(step[: net.trained], expected[: net.trained], rtol=0, atol=1e-9)
        assert np.all(step[net.trained :] == 0)


@pytest.mark.parametrize(("rule", "model", "direction"), RULES, ids=lambda value: type(value).__name__)
def test_momentum_repeats_a_share_of_the_last_change(rule, model, direction):
    task, held = TwoSequence(T=6), replace(rule, momentum=0.5)
    with_momentum, without = started(held, model, task), started(rule, model, task)
    start = without.theta.copy()
    advance(rule, model, without, 1)
    advance(held, model, with_momentum, 1)
    first = without.theta - start
    assert np.array_equal(without.theta, with_momentum.theta)
    advance(rule, model, without, 2)
    advance(held, model, with_momentum, 2)
    np.testing.assert_allclose(with_momentum.theta, without.theta + 0.5 * first, rtol=0, atol=1e-15)


@pytest.mark.parametrize(("rule", "model", "direction"), RULES, ids=lambda value: type(value).__name__)
def test_lanes_alone_or_together_and_pauses_give_the_same_bits(rule, model, direction):
    task, rule = TwoSequence(T=6), replace(rule, momentum=0.5)
    together, alone = started(rule, model, task, trials=19), started(rule, model, task, trials=2)
    advance(rule, model, together, 40)
    for pause in (1, 2, 17, 40):
        advance(rule, model, alone, pause)
    assert np.array_equal(together.theta[:, :2], alone.theta[:, :2])
    assert np.array_equal(together.show.lanes.presentations[:2], alone.show.lanes.presentations[:2])


def test_a_batch_of_all_sequences_is_the_full_gradient():
    rule, model = BackPropagation(eta=0.1, batch=8), Dense(5)
    net, block = model.cell(), started(rule, model, TwoSequence(T=6))
    before, lanes = block.theta.copy(), block.show.lanes
    advance(rule, model, block, 7)
    assert np.array_equal(block.theta, before)
    advance(rule, model, block, 8)
    for lane in range(3):
        theta = np.repeat(before[:, lane : lane + 1], 8, axis=1)
        g = swept(net, theta, lanes.inputs[lane], lanes.lengths[lane], 0.8 * lanes.targets[lane]).g
        np.testing.assert_allclose(block.theta[:25, lane], before[:25, lane] - 0.1 * g[:25].sum(axis=1), rtol=0, atol=1e-14)


@pytest.mark.parametrize(
    ("rule", "model", "words"),
    [
        (LocalFeedback(eta=0.1), Dense(5), "connected to themselves only"),
        (LocalFeedback(eta=0.1), FocusedNet(2), "connected to themselves only"),
        (FocusedBackPropagation(eta=0.1), LocalFeedbackNet(2, loop="tanh"), "linear context units"),
        (FocusedBackPropagation(eta=0.1), Dense(5), "linear context units"),
        (PseudoNewton(eta=0.1, mu=0.1), Dense(5, units="threshold"), "needs derivatives"),
        (TimeWeightedPseudoNewton(eta=0.1, mu=0.1), Dense(5, units="threshold"), "needs derivatives"),
        (RealTimeRecurrentLearning(eta=0.1), Dense(5, units="threshold"), "needs derivatives"),
        (LocalFeedback(eta=0.1), Dense(5, units="threshold"), "needs derivatives"),
        (LocalFeedback(eta=0.1), memory_cell(), "gated connections"),
        (FocusedBackPropagation(eta=0.1), memory_cell(), "gated connections"),
        (DiscreteErrorPropagation(eta=0.1), memory_cell(), "gated connections"),
    ],
)
def test_refusals(rule, model, words):
    assert words in rule.refuses(model, TwoSequence(T=6))


@pytest.mark.parametrize(
    "make",
    [
        lambda: BackPropagation(eta=-0.1),
        lambda: BackPropagation(batch=0),
        lambda: BackPropagation(momentum=1.0),
        lambda: PseudoNewton(mu=0.0),
        lambda: TimeWeightedPseudoNewton(eta=np.nan),
        lambda: RealTimeRecurrentLearning(momentum=-0.1),
        lambda: LocalFeedback(eta=0.0),
        lambda: FocusedBackPropagation(eta=0.0),
    ],
)
def test_bad_settings(make):
    with pytest.raises(InvalidInput):
        make()
