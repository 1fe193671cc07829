"""Truncated, clipped and regularised back-propagation: one step of each is what its paper says."""

import math

import numpy as np
import oracles_remedies as oracle
import pytest

from dynlatch.errors import InvalidInput
from dynlatch.training.block import pack
from dynlatch.training.models import LSTM1997, NARX, Dense, ElmanNet, ForgetGateLSTM
from dynlatch.training.rules import (
    BackPropagation,
    ClippedBackPropagation,
    RegularizedBackPropagation,
    TruncatedBackPropagation,
)
from dynlatch.training.tasks import TwoSequence
from dynlatch.training.trials import trial

TASK = TwoSequence(T=8)
ETA = 0.3


def steps(rule, model, trials=3, seed=0):
    """First weights (P, L), what one presentation changes of them, and the sequence and target of every trial."""
    streams = np.random.SeedSequence(seed).spawn(trials)
    block = pack(rule, model, [trial(k, streams[k], TASK, 8) for k in range(trials)], None, 10)
    before, lanes = block.theta.copy(), block.show.lanes
    lanes.pause[0] = 1
    rule.update(model, block.theta, block.state, block.show)
    which, net = block.show.work.which, model.cell()
    shown = [(lanes.inputs[k, which[k], : lanes.lengths[k, which[k]]], 0.8 * lanes.targets[k, which[k]]) for k in range(trials)]
    changed = (block.theta - before)[: net.trained, :trials]
    assert np.all(block.theta[net.trained :] == before[net.trained :])
    return before[: net.trained, :trials], changed, shown


TRUNCATED = {
    "Elman": (ElmanNet(3, radius=1.0), oracle.elman_one_step),
    "LSTM": (LSTM1997(2, 2, radius=1.0), oracle.lstm_truncated),
    "LSTM, forget gates": (ForgetGateLSTM(2, 1, radius=1.0), oracle.lstm_truncated),
}


@pytest.mark.parametrize("name", TRUNCATED)
def test_the_truncated_step_is_the_published_one(name):
    model, rule = TRUNCATED[name]
    first, changed, shown = steps(TruncatedBackPropagation(eta=ETA), model)
    for lane, (inputs, target) in enumerate(shown):
        expected = rule(model, first[:, lane].tolist(), inputs.tolist(), target)
        np.testing.assert_allclose(changed[:, lane] / ETA, expected, rtol=0, atol=1e-12)
    whole = steps(BackPropagation(eta=ETA), model)[1]
    assert np.abs(whole - changed).max() > 1e-4


def test_steps_are_clipped_at_the_threshold_and_otherwise_plain():
    model = ElmanNet(3, radius=1.0)
    plain = steps(BackPropagation(eta=ETA), model)[1] / ETA
    sizes = np.linalg.norm(plain, axis=0)
    threshold = float(np.sort(sizes)[1])
    clipped = steps(ClippedBackPropagation(eta=ETA, threshold=threshold), model)[1] / ETA
    np.testing.assert_allclose(clipped, plain * np.minimum(1.0, threshold / sizes), rtol=1e-12, atol=1e-16)
    assert np.linalg.norm(clipped, axis=0).max() <= threshold * (1 + 1e-12)
    assert sizes.max() > threshold


def errors_and_outputs(model, column, inputs, target):
    """dC/da(t+1) and tanh(a(t)) for t = 1, ..., T - 1, by the chain rule."""
    W, n = column.reshape(model.units_count, -1), model.units_count
    x = [np.zeros(n)]
    for u in inputs:
        x.append(np.tanh(W @ x[-1] + np.eye(n)[0] * u[0]))
    d = [(np.eye(n)[-1] * (x[-1][-1] - target)) * (1 - x[-1] ** 2)]
    for t in range(len(inputs) - 1, 1, -1):
        d.insert(0, (W.T @ d[0]) * (1 - x[t] ** 2))
    return d, x[1:-1]


def test_the_regularised_step_is_the_immediate_derivative_of_what_is_lost():
    model, alpha, h = Dense(3), 0.4, 1e-4
    plain = steps(BackPropagation(eta=ETA), model)[1]
    first, changed, shown = steps(RegularizedBackPropagation(eta=ETA, alpha=alpha), model)
    for lane, (inputs, target) in enumerate(shown):
        held = errors_and_outputs(model, first[:, lane], inputs, target)
        slopes = []
        for p in range(9):
            values = [oracle.carried_loss((first[:, lane] + k * h * np.eye(9)[p]).tolist(), *held) for k in (-2, -1, 1, 2)]
            slopes.append((values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * h))
        np.testing.assert_allclose((plain - changed)[:, lane] / ETA / alpha, slopes, rtol=1e-6, atol=1e-8)


def test_no_weight_on_the_loss_is_plain_back_propagation():
    model = ElmanNet(3, radius=1.0)
    plain = steps(BackPropagation(eta=ETA), model)[1]
    assert np.array_equal(steps(RegularizedBackPropagation(eta=ETA, alpha=0.0), model)[1], plain)


def test_errors_of_any_size_give_a_finite_step():
    """A weight of 1e-3 makes errors of 1e-20 and less; Omega knows only their ratios."""
    first, changed, _ = steps(RegularizedBackPropagation(eta=ETA, alpha=1.0), Dense(2, radius=1e-3))
    assert np.all(np.isfinite(changed))
    assert np.abs(changed).max() > 1.0  # d(Omega)/dw is about 2 / |W|
    assert math.isfinite(float(first.sum()))


def test_what_the_regulariser_cannot_train_is_refused():
    for model in (NARX(2, delays=3), LSTM1997()):
        assert "delays of 0 or 1" in RegularizedBackPropagation(eta=0.1).refuses(model, TASK)
    for rule in (TruncatedBackPropagation, ClippedBackPropagation, RegularizedBackPropagation):
        assert "needs derivatives" in rule(eta=0.1).refuses(Dense(5, units="threshold"), TASK)


@pytest.mark.parametrize(
    "make",
    [
        lambda: TruncatedBackPropagation(eta=0.0),
        lambda: TruncatedBackPropagation(batch=0),
        lambda: ClippedBackPropagation(threshold=0.0),
        lambda: RegularizedBackPropagation(alpha=-1.0),
    ],
)
def test_bad_settings(make):
    with pytest.raises(InvalidInput):
        make()
