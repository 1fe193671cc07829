"""EM, generalised EM and stochastic ascent: every step against a slow oracle, and the problems that they must solve."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from oracles_states import criterion, em_step

from dynlatch.lanes.softmax_states import ascend, determinant, softmax
from dynlatch.lanes.state_network import load, pass_through, passage, take
from dynlatch.training import TrainingOutcome, resume, train
from dynlatch.training.block import pack
from dynlatch.training.models.state_network import SoftmaxStates, StateTables
from dynlatch.training.models.topology import TWO_CHAINS, TWO_STATES, Topology, fully_connected
from dynlatch.training.rules import ExpectationMaximization, GeneralizedEM, StochasticAscent
from dynlatch.training.rules.expectation_maximization import maximise_matrix, maximise_row, maximise_sloped, room_for
from dynlatch.training.tasks import Parity, TwoSequence
from dynlatch.training.trials import seeds, trial

PLAIN = ExpectationMaximization(det_weight=0.0, floor=0.0, patience=10**6, hold=10**6, sharpness=-np.inf)


def block(rule, model, task, n, trials=1, columns=None, budget=10**6, seed=0):
    """A block of trials before their first presentation, and a function that lets each see so many presentations."""
    chosen = [trial(k, seed_, task, n) for k, seed_ in enumerate(seeds(seed, trials))]
    made = pack(rule, model, chosen, columns, budget)

    def until(presentations):
        made.show.lanes.pause[0] = presentations
        rule.update(model, made.theta, made.state, made.show)
        return made.theta.copy()

    return made, until, chosen


def symbols_of(topology, sequences):
    inputs = np.searchsorted(topology.thresholds, sequences.inputs[:, :, 0])
    return [inputs[:length, n] for n, length in enumerate(sequences.lengths)]


def goals_of(topology, sequences):
    return [topology.finals[int(target > 0)] for target in sequences.targets]


@pytest.mark.parametrize(("topology", "task"), [(TWO_STATES, Parity(7)), (TWO_CHAINS, TwoSequence(5))])
def test_em_epochs_agree_with_every_path_listed(topology, task):
    model = StateTables(topology)
    made, until, chosen = block(PLAIN, model, task, 5)
    sequences = chosen[0].sequences
    tables = model.network(made.theta[:, 0]).tables
    for epoch in range(1, 4):
        tables, _ = em_step(tables, topology.start, goals_of(topology, sequences), symbols_of(topology, sequences))
        theta = until(5 * epoch)
        np.testing.assert_allclose(model.network(theta[:, 0]).tables, tables, rtol=0, atol=1e-12)
    assert made.show.lanes.presentations.tolist() == [15]


@pytest.mark.parametrize("floor", [0.0, 1e-3])
@pytest.mark.parametrize(("topology", "task"), [(TWO_STATES, Parity(20)), (TWO_CHAINS, TwoSequence(20))])
def test_the_likelihood_never_falls(topology, task, floor):
    rule, model = ExpectationMaximization(0.0, floor, 10**6, 10**6, -np.inf), StateTables(topology)
    start = 0.9 * model.initial(np.random.default_rng(1).spawn(4)) + 0.1 / 3  # not below the floor
    start = _normalised(topology, start)
    _, until, chosen = block(rule, model, task, 30, trials=4, columns=start)
    scores = np.array([_score(model, theta, chosen) for theta in [start, *(until(30 * k) for k in range(1, 40))]])
    assert np.diff(scores, axis=0).min() > -1e-10
    assert scores[-1].min() > scores[0].min()


def _normalised(topology, columns):
    rows = np.array([j for j, _ in topology.edges] * topology.symbols)
    rows = rows + topology.states * np.repeat(np.arange(topology.symbols), len(topology.edges))
    sums = np.zeros((topology.states * topology.symbols, columns.shape[1]))
    np.add.at(sums, rows, columns)
    return columns / sums[rows]


def _score(model, theta, chosen):
    """Mean log-likelihood of each trial."""
    scores = []
    for column, own in zip(theta.T, chosen, strict=True):
        answers = model.outputs(column, own.sequences) * own.sequences.targets
        net = model.network(column)
        if net.dim == 2:  # P(wrong) = 1 - P(right)
            scores.append(np.log((1 + answers) / 2).mean())
            continue
        scores.append(np.mean(_swept(model, column, own.sequences)))
    return scores


def _swept(model, table, sequences):
    cell = model.cell()
    run, scores = passage(cell, len(sequences.inputs)), []
    take(cell, table, run)
    inputs = np.ascontiguousarray(sequences.inputs.transpose(1, 0, 2))[None]
    for n, length in enumerate(sequences.lengths):
        load(cell.thresholds, inputs, 0, n, length, run.symbols)
        scores.append(pass_through(cell, run, length, int(sequences.targets[n] > 0))[1])
    return scores


def test_hard_zeros_stay_zero_under_floor_and_determinant():
    model = StateTables(TWO_STATES)
    column = np.array([0.3, 0.7, 0.6, 0.4, 1.0, 0.0, 0.2, 0.8])[:, None]
    for weight in (0.0, 2.0):
        rule = ExpectationMaximization(weight, 1e-4, 10**6, 10**6, -np.inf)
        _, until, _ = block(rule, model, Parity(6), 20, columns=column)
        theta = until(200)[:, 0]
        assert theta[4:6].tolist() == [1.0, 0.0]
        assert theta[[0, 1, 2, 3, 6, 7]].min() >= 1e-4 * (1 - 1e-9)
        np.testing.assert_allclose(theta.reshape(4, 2).sum(1), 1.0, atol=1e-14)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([0.0, 1e-4, 0.05, 0.2]))
def test_rows_maximise_the_likelihood_above_the_floor(seed, floor):
    rng = np.random.default_rng(seed)
    counts = (rng.random(4) ** 6 * 100 * rng.integers(0, 2, 4))[:, None]
    theta = np.full((4, 1), 0.25)
    maximise_row(theta, counts, 0, 4, 0, floor)
    if not counts.any():
        assert np.all(theta == 0.25)
        return
    assert theta.sum() == pytest.approx(1.0)
    assert theta.min() >= floor * (1 - 1e-12)
    used = counts[:, 0] > 0
    best = counts[used, 0] @ np.log(theta[used, 0])
    for _ in range(30):  # no other distribution above the floor does better
        other = floor + (1 - 4 * floor) * rng.dirichlet(np.full(4, 0.5))
        mixed = 0.9 * theta[:, 0] + 0.1 * other
        with np.errstate(divide="ignore"):
            assert counts[used, 0] @ np.log(other[used]) <= best + 1e-9
            assert counts[used, 0] @ np.log(mixed[used]) <= best + 1e-9


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([0.25, 1.0, 2.0]), st.booleans())
@example(505, 1.0, True)  # from a singular table, whose cofactors are not zero
def test_pairs_maximise_the_criterion_with_the_determinant(seed, weight, sparse):
    rng = np.random.default_rng(seed)
    n = rng.random(4) * 50 * (rng.integers(0, 2, 4) if sparse else 1)
    floor, theta = 1e-3, np.full((4, 1), 0.5)
    cell = StateTables(TWO_STATES).cell()
    maximise_matrix(cell, theta, n[:, None].copy(), 0, 0, weight, floor, room_for(cell))
    if not n.any():
        assert np.all(theta == 0.5)
        return
    grid = np.concatenate([[floor], np.linspace(0.002, 0.998, 499), [1 - floor]])
    a, b = grid[:, None], grid[None, :]
    c = weight * n.sum()

    def value(a, b):
        plain = n[1] * np.log(a) + n[0] * np.log(1 - a) + n[3] * np.log(b) + n[2] * np.log(1 - b)
        return plain + c * np.abs(b - a)

    found = value(theta[1, 0], theta[3, 0])
    assert np.all(np.isfinite(theta))
    assert found >= value(a, b).max() - 1e-9 * n.sum()
    np.testing.assert_allclose(theta[0] + theta[1], 1.0)


SPARSE = Topology(((0, 1, 2), (1, 2), (0, 2)), (0.0,), (1, 2))
LARGER = [fully_connected(3, (0.0,), (1, 2)), SPARSE, fully_connected(4, (0.0,), (1, 2))]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(LARGER), st.sampled_from([0.25, 2.0]), st.sampled_from([0.0, 1e-3]))
def test_more_states_raise_the_criterion_with_the_determinant(seed, topology, weight, floor):
    rng, cell = np.random.default_rng(seed), StateTables(topology).cell()
    E = len(cell.target)
    n = rng.random(E) * 50 * (rng.random(E) < 0.8)
    theta = _normalised(topology, StateTables(topology).initial([rng]) + 0.01)
    before = theta.copy()
    maximise_matrix(cell, theta, n[:, None].copy(), 0, 0, weight, floor, room_for(cell))
    c = weight * n.sum()
    found = _with_volume(topology, n, theta[:E, 0], c)
    assert found >= _with_volume(topology, n, before[:E, 0], c) - 1e-9
    np.testing.assert_allclose(np.add.reduceat(theta[:E, 0], cell.first[:-1]), 1.0, atol=1e-13)
    assert theta[:E].min() >= floor * (1 - 1e-12)
    np.testing.assert_array_equal(theta[E:], before[E:])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([0.0, 1e-4, 0.05]), st.sampled_from([0.0, 1.0, 300.0]))
def test_rows_maximise_the_likelihood_with_slopes(seed, floor, size):
    rng, cell = np.random.default_rng(seed), StateTables(fully_connected(5, (), (1, 2))).cell()
    room = room_for(cell)
    room.n[:5] = rng.random(5) ** 6 * 100 * rng.integers(0, 2, 5)
    room.slope[:5] = size * rng.normal(size=5)
    room.P[:5] = 0.25, 0.25, 0.0, 0.25, 0.25
    maximise_sloped(room, 0, 5, floor)
    n, k, P = room.n[:5], room.slope[:5], room.P[:5]
    live = np.array([True, True, False, True, True])

    def value(x):
        used = live & (n > 0)
        with np.errstate(divide="ignore"):
            return n[used] @ np.log(x[used]) + k[live] @ x[live]

    assert P[2] == 0.0
    assert P.sum() == pytest.approx(1.0, abs=1e-13)
    assert P[live].min() >= floor
    for spread in (0.1, 1.0, 10.0):
        for _ in range(20):
            other = np.zeros(5)
            other[live] = floor + (1 - 4 * floor) * rng.dirichlet(np.full(4, spread))
            for rival in (other, 0.9 * P + 0.1 * other, 0.999 * P + 0.001 * other):
                assert value(rival) <= value(P) + 1e-9 * (1.0 + size + n.sum())


def _with_volume(topology, n, P, c):
    """`sum n log P + c |det A|` of one symbol, by NumPy."""
    j, i = np.array(topology.edges).T
    A = np.zeros((topology.states, topology.states))
    A[i, j] = P
    return n[n > 0] @ np.log(P[n > 0]) + c * abs(np.linalg.det(A))


@pytest.mark.parametrize("topology", [SPARSE, fully_connected(3, (0.0,), (1, 2))])
def test_em_with_the_determinant_never_lowers_its_criterion(topology):
    """log L + the term that the last M-step raised: the E-step's counts bound the likelihood from below."""
    rule = ExpectationMaximization(0.5, 0.0, 10**6, 10**6, -np.inf)
    model = StateTables(topology)
    start = model.initial(np.random.default_rng(2).spawn(2))
    made, until, chosen = block(rule, model, Parity(9), 20, trials=2, columns=start)
    for k in range(1, 12):
        old, new = made.theta.copy(), until(20 * k)
        for own, before, after in zip(chosen, old.T, new.T, strict=True):
            n = _counts(model, before, own.sequences)
            E = len(topology.edges)
            for s in range(2):
                part = slice(s * E, (s + 1) * E)
                c = 0.5 * n[part].sum()
                worth = [_with_volume(topology, n[part], column[part], c) for column in (before, after)]
                assert worth[1] >= worth[0] - 1e-9


def _counts(model, table, sequences):
    """The expected transitions of all sequences."""
    cell = model.cell()
    run = passage(cell, len(sequences.inputs))
    take(cell, table, run)
    inputs = np.ascontiguousarray(sequences.inputs.transpose(1, 0, 2))[None]
    for n, length in enumerate(sequences.lengths):
        load(cell.thresholds, inputs, 0, n, length, run.symbols)
        pass_through(cell, run, length, int(sequences.targets[n] > 0))
    return run.counts.copy()


@pytest.mark.parametrize(
    ("rule", "model"),
    [(ExpectationMaximization, StateTables), (GeneralizedEM, SoftmaxStates), (StochasticAscent, SoftmaxStates)],
)
def test_a_determinant_that_is_always_zero_is_refused(rule, model):
    no_way_back = Topology(((1, 2), (1,), (2,)), (0.0,), (1, 2))  # no state leads to state 0
    assert "always zero" in rule(det_weight=1.0).refuses(model(no_way_back), Parity(9))
    assert rule(det_weight=0.0).refuses(model(no_way_back), Parity(9)) is None
    assert rule(det_weight=1.0).refuses(model(TWO_CHAINS), TwoSequence(9)) is None


@pytest.mark.parametrize("n", [1, 2, 3, 6])
def test_determinant_and_inverse(n):
    A = np.random.default_rng(n).normal(size=(n, n))
    A[0, 0] = 0.0 if n > 1 else A[0, 0]  # the pivot must be looked for
    inverse = np.empty((n, n))
    assert determinant(A.copy(), inverse) == pytest.approx(np.linalg.det(A), rel=1e-12)
    np.testing.assert_allclose(inverse @ A, np.eye(n), atol=1e-11)
    assert determinant(np.ones((n, n)) if n > 1 else np.zeros((1, 1)), inverse) == 0.0
    assert not inverse.any()


@pytest.mark.parametrize("weight", [0.0, 0.7])
@pytest.mark.parametrize(
    "topology", [TWO_STATES, fully_connected(3, (0.0,), (1, 2)), Topology(((0, 1, 2), (1, 2), (0, 2)), (0.0,), (1, 2))]
)
def test_ascent_follows_the_gradient(topology, weight):
    rng, model = np.random.default_rng(5), SoftmaxStates(topology)
    cell, symbols = model.cell(), rng.integers(0, 2, 7)
    theta = model.initial([rng])
    run, table = passage(cell, 7), np.empty(cell.trained)
    softmax(cell, theta, 0, table)
    take(cell, table, run)
    run.symbols[:] = symbols
    pass_through(cell, run, 7, 1)
    moved, S = theta.copy(), topology.states
    ascend(cell, moved, table, run.counts, 0, 1e-6, weight, np.empty((S, S)), np.empty((S, S)))

    def value(x):
        return criterion(x, topology, topology.start, [topology.finals[1]], [symbols], weight)

    x, h = theta[:, 0], 1e-5
    slope = np.array([(value(x + h * e) - value(x - h * e)) / (2 * h) for e in np.eye(len(x))])
    # Rows are centred afterwards, which the softmax does not see: compare the changes of centred rows.
    rows = np.repeat(np.arange(2 * S), np.tile([len(r) for r in topology.successors], 2))

    def centred(v):
        return v - (np.bincount(rows, v) / np.bincount(rows))[rows]

    np.testing.assert_allclose((centred(moved[:, 0]) - centred(x)) / 1e-6, centred(slope), atol=2e-8)


def test_slow_generalised_em_never_falls():
    rule = GeneralizedEM(0.0, 10**6, 10**6, -np.inf, steps=5, eta=0.15, slowest=0.15, fastest=0.15)
    model, tables = SoftmaxStates(TWO_CHAINS), StateTables(TWO_CHAINS)
    made, until, chosen = block(rule, model, TwoSequence(20), 30, trials=3)
    columns = [made.theta.copy(), *(until(30 * k) for k in range(1, 40))]
    scores = [_score(tables, _softmaxed(model, theta), chosen) for theta in columns]
    assert np.diff(scores, axis=0).min() > -1e-12
    assert np.all(np.array(scores[-1]) > np.array(scores[0]) + 0.05)


def _softmaxed(model, theta):
    j, i = np.array(model.topology.edges).T
    return np.array([model.network(column).tables[:, i, j].ravel() for column in theta.T]).T


@pytest.mark.parametrize("rule", [ExpectationMaximization, GeneralizedEM, StochasticAscent])
@pytest.mark.parametrize("task", [Parity(8), TwoSequence(8)])
def test_cuts_change_no_bit(rule, task):
    whole = train(rule(), None, task, trials=3, sequences=37, max_presentations=1000, rng=2)
    part = train(rule(), None, task, trials=3, sequences=37, max_presentations=53, rng=2)
    assert np.all(part.presentations <= 53)
    for limit in (170, 611, 1000):
        part = resume(part, max_presentations=limit)
    assert np.array_equal(part.progress.theta, whole.progress.theta)
    assert np.array_equal(part.presentations, whole.presentations)
    assert list(part.outcome) == list(whole.outcome)


@pytest.mark.parametrize("T", [3, 12, 120])
def test_em_solves_parity_in_every_trial(T):
    result = train(ExpectationMaximization(), None, Parity(T), trials=20, rng=T)
    assert set(result.outcome) == {TrainingOutcome.LEARNED}
    assert result.error.max() == 0.0
    assert result.presentations.mean() <= 5000
    assert np.all(result.presentations % 100 == 0)


@pytest.mark.parametrize("T", [5, 15, 150])
def test_em_solves_two_sequence_in_every_trial(T):
    result = train(ExpectationMaximization(), None, TwoSequence(T), trials=20, rng=T)
    assert result.error.max() == 0.0
    assert result.presentations.mean() <= 1000
    assert result.presentations.min() >= 300, "three clean epochs"


@pytest.mark.parametrize(("rule", "limit"), [(GeneralizedEM, 6000), (StochasticAscent, 2000)])
def test_softmax_subnets_learn_parity_too(rule, limit):
    result = train(rule(), None, Parity(30), trials=20, rng=4)
    assert (result.error == 0).mean() >= 0.95
    assert result.presentations.mean() <= limit


def test_without_determinant_and_restarts_credit_diffuses():
    rule = ExpectationMaximization(det_weight=0.0, patience=10**6)
    result = train(rule, None, Parity(50), trials=20, max_presentations=3000, rng=0)
    assert result.error.mean() > 0.4


@pytest.mark.slow
@pytest.mark.parametrize(("task", "seed"), [(Parity(500), 1), (TwoSequence(1000), 2), (Parity(37), 3), (TwoSequence(333), 4)])
def test_the_bar_of_fifty_trials(task, seed):
    result = train(ExpectationMaximization(), None, task, trials=50, rng=seed)
    assert result.error.max() == 0.0
