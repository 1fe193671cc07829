"""The trapping box: every orbit of the undisturbed map ends in it, whatever the map is made of."""

import numpy as np
import pytest

import dynlatch as dl
from dynlatch.analysis.trapping import trapping_box
from dynlatch.disturbances import Disturbed, Steered

RNG = np.random.default_rng(11)


def normal(*shape):
    return RNG.normal(size=shape)


GRU = dl.GRU(normal(9, 2), 2 * normal(9, 3), normal(9), None)
LSTM = dl.LSTM(normal(8, 2), 2 * normal(8, 2), normal(8))
PROJECTED = dl.ProjectedLSTM(normal(8, 2), normal(8, 1), normal(1, 2), normal(8))
MAPS = {
    "additive": dl.AdditiveNetwork(2 * normal(3, 3), normal(3)),
    "leaky": dl.LeakyNetwork(2 * normal(3, 3), 0.4, normal(3)),
    "elman": dl.ElmanNetwork(2 * normal(3, 3), normal(3, 2), normal(3), "logistic"),
    "gru": GRU,
    "lstm": LSTM,
    "projected lstm": PROJECTED,
    "stack": dl.StackedNetwork([GRU, dl.LSTM(normal(8, 3), normal(8, 2), normal(8))]),
    "gru with input": dl.WithInput(GRU, [0.3, -2.0]),
    "iterate of an iterate": dl.Iterate(dl.Iterate(dl.WithInput(LSTM, [1.0, 0.5]), 2), 2),
    "disturbed": Disturbed(dl.WithInput(GRU, [0.3, -2.0]), normal(3, 1)),
    "steered": Steered(LSTM, normal(2, 1)),
}


@pytest.mark.parametrize("map", MAPS.values(), ids=list(MAPS))
def test_orbits_end_in_the_box(map):
    lo, hi = trapping_box(map)
    a = RNG.uniform(-1.2, 1.2, (200, map.dim))  # far out a gate may shut, and the way back takes for ever
    for _ in range(600):
        a = map.step(a)
    assert np.all(a >= lo - 1e-9)
    assert np.all(a <= hi + 1e-9)


def test_orbits_under_bounded_inputs_end_in_the_box_of_those_inputs():
    for net in (PROJECTED, MAPS["additive"], Steered(LSTM, normal(2, 1)), MAPS["stack"]):
        u = np.full(net.input_dim, 0.7)
        lo, hi = trapping_box(net, (-u, u))
        a = np.zeros((100, net.dim))
        for _ in range(300):
            a = net.step(a, RNG.choice([-0.7, 0.7], (100, net.input_dim)))
        assert np.all((a >= lo) & (a <= hi))


def test_where_structure_gives_no_box():
    assert trapping_box(dl.AdditiveNetwork(np.eye(2), None, "relu")) is None
    assert trapping_box(dl.FunctionMap(lambda a, u: a, 1)) is None
    assert trapping_box(Disturbed(MAPS["leaky"], np.eye(3)), (-np.ones(3), np.ones(3))) is None


def test_a_stack_with_an_unbounded_layer_has_no_box():
    assert trapping_box(dl.StackedNetwork([GRU, dl.ElmanNetwork(np.eye(3), np.eye(3), None, "relu")])) is None


def test_a_disturbance_adds_its_range_to_the_box():
    lo, hi = trapping_box(Disturbed(dl.AdditiveNetwork([[2.0]]), [[3.0]]), (-np.ones(1), np.ones(1)))
    np.testing.assert_allclose([lo, hi], [[-5.0], [5.0]], rtol=1e-14)
