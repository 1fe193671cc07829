"""The trainable flip-flop: its map, the equations of its rule case by case, the rule, and how fast it learns."""

import itertools

import numpy as np
import pytest
from discrete_trials import made, one, run
from oracles_discrete import flip_flop_update

import dynlatch as dl
from dynlatch.errors import InvalidInput
from dynlatch.lanes.flip_flop import change_by_input, change_by_state, switched, wanted_input, wanted_state
from dynlatch.training.models import Dense, FlipFlopLatch, LatchNet
from dynlatch.training.rules import FlipFlopRule
from dynlatch.training.tasks import Latch

V = np.round(np.arange(-2.5, 2.51, 0.25), 2)
CHANGES = np.round(np.arange(-5.0, 5.01, 0.25), 2)
EPOCHS = 10  # clean ones in a row


def f(x, v):
    """Eq. 8."""
    return 1.0 if (abs(v) < 1.0 and x >= 0.0) or v >= 1.0 else -1.0


def test_the_map_is_equation_8():
    x, v = np.meshgrid([-1.5, -1.0, -0.2, 0.0, 0.3, 1.0], V)
    wanted = np.vectorize(f)(x, v)
    assert np.array_equal(dl.FlipFlop(1.0).step(x[..., None], v[..., None])[..., 0], wanted)
    assert np.array_equal(np.vectorize(switched)(x, v), wanted)


@pytest.mark.parametrize("x", [-1.5, -1.0, -0.25, 0.0, 0.25, 1.0])
def test_changes_of_the_output_are_those_of_equation_8(x):
    """Eq. 9 and eq. 12, which had to be reconstructed, against differences of f for every case."""
    for v, change in itertools.product(V, CHANGES):
        assert change_by_state(change, x, v) == f(x + change, v) - f(x, v)
        assert change_by_input(change, x, v) == f(x, v + change) - f(x, v)


@pytest.mark.parametrize("x", [-1.0, 1.0])
@pytest.mark.parametrize("df", [-2.0, 2.0])
def test_wanted_states_change_the_output_wherever_any_would(df, x):
    for v in V:
        dx = wanted_state(df, x, v)
        possible = [c for c in (-2.0, 2.0) if x + c in (-1.0, 1.0) and f(x + c, v) - f(x, v) == df]
        assert [dx] == (possible or [0.0])
        assert dx == (df if abs(v) < 1.0 and x == -df / 2.0 else 0.0)  # eq. 11


@pytest.mark.parametrize("k", [0.1, 0.3, 1.0, 1.9])
@pytest.mark.parametrize("x", [-1.0, 1.0])
@pytest.mark.parametrize("df", [-2.0, 2.0])
def test_wanted_inputs_change_the_output_wherever_any_would(df, x, k):
    for v in V:
        dv = wanted_input(df, x, v, k)
        if f(x, v) == df / 2.0:
            assert dv == 0.0
            continue
        assert f(x, v + dv) - f(x, v) == df
        threshold = -df / 2.0 if x == df / 2.0 else df / 2.0  # not resetting is enough where the state was right
        assert (v + dv - threshold) * np.sign(df) == pytest.approx(k)


@pytest.mark.parametrize("share", ["nothing", "trained steps", "all steps"])
@pytest.mark.parametrize("start", ["low", "high", "random"])
@pytest.mark.parametrize("noise", [0.6, 1.5])
def test_updates_are_those_of_the_formulas(share, start, noise):
    rule, model, task = (
        FlipFlopRule(k=0.2, rate=0.7, share=share),
        FlipFlopLatch(L=2, w=1.3, start=start),
        Latch(T=9, L=2, std=0.0),
    )
    rng, wrong = np.random.default_rng(4), 0
    for seed in range(12):
        inputs, target = np.zeros((9, 5)), rng.choice([-1.0, 1.0])
        for t in range(2):
            inputs[t, rng.integers(4)] = 1.0
        inputs[2:, 4] = rng.uniform(-noise, noise, 7)
        trial, column = made(task, one(inputs, target), seed), np.r_[1.3, rng.uniform(-1.2, 1.2, 4)]
        found, _ = run(rule, model, [trial], 5, needed=99, theta=column[:, None])
        coins, theta = np.random.Generator(np.random.SFC64(trial.streams.rule)), np.r_[column, 1.0]
        for _ in range(5):
            x0 = {"low": -1.0, "high": 1.0}.get(start) or (1.0 if coins.random() < 0.5 else -1.0)
            theta, right = flip_flop_update(theta, inputs, target, x0, rule)
            wrong += not right
        np.testing.assert_allclose(found[:, 0], theta, rtol=1e-12)
    assert wrong >= 8


def epochs_to_learn(task, trials, *, rule=FlipFlopRule(), model=FlipFlopLatch(), budget=200 + 2 * EPOCHS):  # noqa: B008
    """Which trials had 10 clean epochs in a row, the epochs before, and the error on fresh sequences."""
    made_ = [made(task, task.training_set(2, np.random.default_rng(0)), [task.T, k]) for k in range(trials)]
    theta, lanes = run(rule, model, made_, budget, needed=2 * EPOCHS)
    fresh = task.sample(50, np.random.default_rng(1))
    error = [np.mean(model.outputs(column, fresh) != fresh.targets) for column in theta.T]
    return lanes.learned, (lanes.presentations - 2 * EPOCHS) / 2, np.array(error)


def test_it_learns_whatever_the_length_and_the_noise():
    found = {(T, b): epochs_to_learn(Latch(T=T, half_width=b), 20) for T in (10, 50, 100) for b in (0.2, 0.6, 1.0)}
    assert np.mean([learned for learned, _, _ in found.values()]) >= 0.99
    means = {T: np.mean([epochs for (t, _), (_, epochs, _) in found.items() if t == T]) for T in (10, 50, 100)}
    assert max(means.values()) < 10.0
    assert max(means.values()) / min(means.values()) < 1.3
    assert np.mean([error for _, _, error in found.values()]) < 0.01


@pytest.mark.slow
def test_a_thousand_runs():
    """The paper: more than 99 % within 100 epochs, 4.6 on average, whatever the length and the noise."""
    found = np.array(
        [[epochs_to_learn(Latch(T=T, half_width=b), 20)[:2] for b in (0.2, 0.4, 0.6, 0.8, 1.0)] for T in range(10, 101, 10)]
    )
    learned, epochs = found[:, :, 0], found[:, :, 1].mean(axis=(1, 2))
    assert learned.size == 1000
    assert learned.mean() >= 0.99
    assert epochs.mean() < 10.0
    assert abs(np.polyfit(np.arange(10, 101, 10), epochs, 1)[0]) < 0.02  # epochs a step


def test_the_literal_weights_do_not_reproduce_the_paper():
    """0.5 / n over all keeping steps: learning time grows with T."""
    rule, model = FlipFlopRule(k=0.1, share="all steps"), FlipFlopLatch(w=1.0, start="low")
    short, long = (epochs_to_learn(Latch(T=T, half_width=0.4), 20, rule=rule, model=model) for T in (10, 100))
    assert short[0].all()
    assert short[1].mean() > 10.0
    assert not long[0].any()


def test_pauses_and_neighbours_change_no_bit():
    task, model = Latch(T=15, half_width=0.9), FlipFlopLatch()
    trials = [made(task, task.training_set(2, np.random.default_rng(k)), k) for k in range(4)]
    together, _ = run(FlipFlopRule(), model, trials, 80)
    paused, _ = run(FlipFlopRule(), model, trials, 80, pauses=(1, 2, 33))
    alone, _ = run(FlipFlopRule(), model, trials[3:], 80)
    assert np.array_equal(together, paused)
    assert np.array_equal(together[:, 3:], alone)


def test_the_network_of_a_column_gives_its_answers():
    model = FlipFlopLatch(L=2, w=1.7, start="high")
    column = model.initial([np.random.default_rng(3)])[:, 0]
    column[1:] = [-0.4, 0.3, 0.9, 0.5]
    network, sequences = model.network(column), Latch(T=8, L=2, half_width=0.8).sample(6, rng=2)
    walked = dl.trajectory(network, np.ones((6, 1)), inputs=sequences.inputs)
    assert np.array_equal(model.outputs(np.r_[column, 1.0], sequences), walked[-1, :, 0])
    assert np.array_equal(model.column(network), column)
    with pytest.raises(InvalidInput, match=r"makes a FlipFlop of 5 inputs"):
        model.column(dl.FlipFlop(2.0))


def test_refusals():
    rule = FlipFlopRule()
    assert rule.refuses(FlipFlopLatch(), Latch(T=5)) is None
    for other in (Dense(5), LatchNet()):
        assert "FlipFlopLatch()" in rule.refuses(other, Latch(T=5))
    with pytest.raises(InvalidInput, match="`k` must be below 2"):
        FlipFlopRule(k=2.0)
    with pytest.raises(InvalidInput, match="`start` must be 'random' or 'low' or 'high'; got 'middle'"):
        FlipFlopLatch(start="middle")
