"""The two lower bounds that need interval bounds only: the contraction ball, and global attraction."""

import numpy as np
import pytest

import dynlatch as dl
from dynlatch import analysis
from dynlatch.analysis.escape.lower.ball import ball_bound
from dynlatch.analysis.escape.lower.whole_space import attracts_everything
from dynlatch.analysis.escape.question import ask


def questions(net, **options):
    return [ask(net, p, **options) for p in analysis.fixed_points(net, rng=0).attractors]


@pytest.mark.parametrize("w", [1.1, 2.0, 5.0])
def test_one_neuron_is_bracketed(w):
    exact = np.sqrt(w * (w - 1)) - np.arctanh(np.sqrt(1 - 1 / w))
    for question in questions(dl.LatchNeuron(w)):
        assert 0.3 * exact < ball_bound(question).value < exact


@pytest.mark.parametrize("kind", ["additive", "gru", "lstm", "stack"])
def test_no_corner_input_of_that_size_escapes(kind):
    rng = np.random.default_rng(5)
    gru = dl.GRU(rng.normal(size=(6, 2)), 3.0 * rng.normal(size=(6, 2)), rng.normal(size=6), None)
    net = {
        "additive": dl.AdditiveNetwork(np.array([[2.2, 0.5], [-0.5, 2.2]])),
        "gru": gru,
        "lstm": dl.LSTM(rng.normal(size=(8, 2)), 2.0 * rng.normal(size=(8, 2)), rng.normal(size=8)),
        "stack": dl.StackedNetwork([gru, dl.GRU(rng.normal(size=(3, 2)), [[2.0], [1.0], [3.0]], None, None)]),
    }[kind]
    for question in questions(net):
        bound = ball_bound(question)
        assert bound.value > 0
        start = question.attractor.point
        ends = np.broadcast_to(start, (40, net.dim))
        for u in bound.value * rng.choice([-1.0, 1.0], (60, 40, 2)):
            ends = question.system.step(ends, u)
        for _ in range(1000):
            ends = question.system.step(ends)
        np.testing.assert_allclose(ends, np.broadcast_to(start, ends.shape), atol=1e-6)


def test_cycles_have_a_ball_too():
    net = dl.AdditiveNetwork([[0.0, -2.0], [2.0, 0.0]])
    cycle = analysis.periodic_orbits(net, 4, rng=0).attractors[0]
    assert ball_bound(ask(net, cycle)).value > 0.05


def test_maps_without_intervals_have_no_ball():
    net = dl.FunctionMap(lambda a, u: 2.0 * np.tanh(a) + u, 1, 1)
    assert ball_bound(ask(net, [1.915008])) is None
    assert not attracts_everything(ask(net, [1.915008]))


def test_global_attraction_is_shown_where_it_holds():
    saturated = dl.AdditiveNetwork([[1.3, 2.6], [-3.7, 0.3]], [6.0, 7.0])  # steep, but not where its orbits go
    (question,) = questions(saturated)
    assert attracts_everything(question)
    assert not attracts_everything(questions(dl.LatchNeuron(2.0))[0])
    rng = np.random.default_rng(0)
    gru = dl.GRU(rng.normal(size=(9, 1)), 0.2 * rng.normal(size=(9, 3)), rng.normal(size=9), None)
    (question,) = questions(gru)
    assert attracts_everything(question)
