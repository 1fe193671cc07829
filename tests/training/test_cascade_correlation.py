"""Recurrent cascade-correlation: the derivative of a candidate's score, frozen units, and what it learns."""

import numpy as np
import pytest

from dynlatch.errors import InvalidInput
from dynlatch.lanes.evaluation import choose, evaluate
from dynlatch.lanes.stage import fill, longest_first, set_up
from dynlatch.training import CascadeCorrelation, CascadeNet, Dense, TwoSequence, resume, train
from dynlatch.training.block import pack
from dynlatch.training.rules.cascade_correlation import correlate, mean_errors, quickprop
from dynlatch.training.trials import seeds, trial

MODEL, TASK = CascadeNet(3), TwoSequence(T=8)


def _staged():
    """A net with one unit and outputs at work, on the sequences of a trial."""
    chosen = trial(0, seeds(0, 1)[0], TASK, 12)
    show = pack(CascadeCorrelation(), MODEL, [chosen], None, 1000).show.lanes
    theta = np.zeros(len(MODEL.names))
    rng = np.random.default_rng(1)
    theta[:3] = rng.normal(size=3)
    theta[-5:-2] = rng.normal(size=3)
    net = MODEL.cell()
    stage = set_up(net, show)
    longest_first(stage, show, 0)
    fill(stage, net, show, 0)
    choose(stage, net, theta)
    evaluate(stage, net, show, 0)
    return net, stage, show, theta, chosen.sequences


def _scored(w, theta, shown):
    """The covariance of the second unit with the error, in plain Python."""
    values, errors = [], []
    for j, length in enumerate(shown.lengths):
        h = v = 0.0
        for u in shown.inputs[:length, j, 0]:
            h = np.tanh(theta[0] * u + theta[1] + theta[2] * h)
            v = np.tanh(w[0] * u + w[1] + w[2] * h + w[3] * v)
        y = np.tanh(theta[-5] * u + theta[-4] + theta[-3] * h)
        values.append(v)
        errors.append(y - 0.8 * shown.targets[j])
    return np.sum(np.array(values) * (np.array(errors) - np.mean(errors)))


def test_the_derivative_of_the_correlation_goes_through_the_self_loop():
    net, stage, show, theta, shown = _staged()
    w = np.random.default_rng(2).normal(size=4)
    S, slope = correlate(net, stage, show, 0, 1, w, mean_errors(net, stage, show, 0))
    assert S[0] == pytest.approx(_scored(w, theta, shown), abs=1e-12)
    step = 1e-6
    numeric = [(_scored(w + step * e, theta, shown) - _scored(w - step * e, theta, shown)) / (2 * step) for e in np.eye(4)]
    assert slope[0] == pytest.approx(numeric, abs=1e-8)
    assert abs(slope[0, 3]) > 1e-3


def test_quickprop_finds_the_top_of_a_parabola_in_one_step():
    w, before, step = np.array([0.0]), np.zeros(1), np.zeros(1)
    for _ in range(2):
        quickprop(w, 3.0 - w, before, step, 0.5, 10.0)
    assert w[0] == pytest.approx(3.0 + 0.5 * 1.5)  # the top, and the gradient's step beside it, as Fahlman adds it


def test_units_are_frozen_once_they_are_there():
    settings = {"trials": 2, "sequences": 20, "test_sequences": 20, "rng": 4}
    short = train(CascadeCorrelation(patience=4), MODEL, TASK, max_presentations=900, **settings)
    long = resume(short, max_presentations=1800)
    there = (short.progress.state[2][1] > 0) & (short.progress.state[2][1] < 3)
    assert there.any()
    for k in np.flatnonzero(there):
        assert np.any(short.progress.theta[:3, k] != 0.0)
        assert np.array_equal(short.progress.theta[:3, k], long.progress.theta[:3, k])


def test_it_learns_2_sequence():
    result = train(CascadeCorrelation(), CascadeNet(6), TASK, trials=4, sequences=50, max_presentations=60_000, rng=0)
    assert np.median(result.error) < 0.02
    assert np.all(result.presentations % 50 == 0)


def test_refusals_say_what_fits():
    with pytest.raises(InvalidInput, match="CascadeNet"):
        train(CascadeCorrelation(), Dense(5), TASK, sequences=4, max_presentations=10)
