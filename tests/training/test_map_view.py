"""The monitor on networks that the compiled search does not know: longer delays, gates, integrators."""

import numpy as np
import pytest

from dynlatch import analysis
from dynlatch.analysis.scalar import fixed_points
from dynlatch.training import train
from dynlatch.training.block import pack
from dynlatch.training.models import AnyWiring
from dynlatch.training.monitor import RegionMonitor
from dynlatch.training.monitor.resting import rests
from dynlatch.training.monitor.sighting import NEUTRAL_REST, NOWHERE
from dynlatch.training.monitor.words import story
from dynlatch.training.rules import BackPropagation
from dynlatch.training.tasks import TwoSequence
from dynlatch.training.trials import seeds, trial

X, U = 0, 1
DELAYED = AnyWiring(("tanh",), ((X, X, 0, 2), (X, U, 1, 0)))  # x(t) = tanh(w x(t - 2) + v u(t))
INTEGRATOR = AnyWiring(("linear",), ((X, U, 0, 0), (X, X, 1, 1)), fixed=(1.0,))  # x(t) = x(t - 1) + v u(t)


def portrait(model, theta, T=9):
    task = TwoSequence(T=T)
    trials = [trial(k, seed, task, 8) for k, seed in enumerate(seeds(0, theta.shape[1]))]
    block = pack(BackPropagation(eta=0.1), model, trials, theta, 10_000)
    watch = RegionMonitor().open(model, task, block.show.lanes)
    watch.look(block.theta, block.show, block.numbers)
    return watch.close()


def test_a_delayed_latch_has_two_fixed_points_and_a_cycle_that_attract():
    """Even and odd steps are two latches of their own: (+, +), (-, -), and (+, -), which is a cycle."""
    trace = portrait(DELAYED, np.array([[2.0, 0.5], [1.0, 1.0]]))
    top = fixed_points(2.0)[-1] / 2.0  # a = w x
    points = trace.rows(0, "points")
    np.testing.assert_allclose(np.abs(points["state"]), top, atol=1e-8)
    assert set(points["period"].tolist()) <= {1, 2}
    assert np.all(points["stable"])
    assert trace.rows(0)["attractors"][0, 0] >= 2
    forgets = trace.rows(1)
    assert forgets["attractors"][0, 0] == 1
    assert np.all(forgets["basin"] == 0)
    assert np.all(forgets["gamma"] == 1.0), "w = 1/2: everything contracts"


def test_an_integrator_is_neutral_and_attracts_nothing():
    trace = portrait(INTEGRATOR, np.array([[0.7]]))
    seen = trace.rows(0)
    assert np.all(seen["basin"] == NEUTRAL_REST)
    assert seen["attractors"].sum() == len(trace.points["trial"]) == 0
    assert np.all(seen["gamma"] == 0.0)
    assert "neutral memory" in story(trace, 0)
    assert trace.looks["log_norm"][0] == pytest.approx(0.0, abs=1e-12), "the carousel's factor is 1"


class Plain:
    """A map without a Jacobian."""

    dim, input_dim = 1, 0

    def __init__(self, f):
        self.f = f

    def step(self, a, u=None):
        return self.f(np.asarray(a, dtype=float))


@pytest.mark.parametrize(
    ("f", "expected", "count"),
    [
        (lambda x: 0.5 * x, 0, 1),
        (lambda x: -x, NOWHERE, 0),  # a plain map: every orbit is a 2-cycle, and pushed orbits do not come back
        (lambda x: 3.9 * x * (1.0 - x), NOWHERE, 0),  # chaos
        (lambda x: 2.0 * x, NOWHERE, 0),  # runs away
        (lambda x: 3.2 * x * (1.0 - x), 0, 1),  # a 2-cycle
    ],
)
def test_where_orbits_of_plain_maps_rest(f, expected, count):
    found, at = rests(Plain(f), np.array([[0.3], [0.4]]))
    assert at.tolist() == [expected, expected]
    assert len(found) == count


def test_a_delayed_net_is_trained_and_watched_and_keeps_its_bits():
    run = {"trials": 2, "rng": 0, "sequences": 8, "max_presentations": 60, "test_sequences": 10}
    plain = train(BackPropagation(eta=0.1), DELAYED, TwoSequence(T=7), **run)
    seen = train(BackPropagation(eta=0.1), DELAYED, TwoSequence(T=7), **run, monitor=RegionMonitor(10, 30))
    np.testing.assert_array_equal(seen.progress.theta, plain.progress.theta)
    assert len(seen.trace.looks["trial"]) == 0, "the state holds old outputs: the compiled product does not know them"
    assert [len(seen.trace.rows(k)["presentation"]) for k in range(2)] == [1 + -(-p // 30) for p in plain.presentations]
    assert "attractor" in seen.trace.summary() or "basin" in seen.trace.summary()


def test_a_gated_net_is_traced_by_the_compiled_product():
    """Logistic gate, gated self-loop, gated input: the log-norm of the map's own Jacobians."""
    G, S, Y, Z, ONE = range(5)  # Z is the input
    ends = ((G, Z, 0, 0), (G, Y, 1, 1), (G, ONE, 2, 0), (S, S, 3, 1, G, 0), (S, Z, 4, 0, Y, 1), (S, Y, 5, 1), (Y, S, 6, 0))
    model = AnyWiring(("logistic", "tanh", "tanh"), ends, start=(0.5, 0.1, 0.0))
    theta = np.random.default_rng(1).uniform(-1.5, 1.5, (7, 3))
    trace = portrait(model, theta)
    lanes = [trial(k, seed, TwoSequence(T=9), 8).sequences for k, seed in enumerate(seeds(0, 3))]
    for k, given in enumerate(lanes):
        network = model.network(theta[:, k])
        decay = analysis.gradient_decay(network, network.start, given.inputs[: given.lengths[0], 0], norm="fro")
        assert trace.looks["log_norm"][k] == pytest.approx(decay.log_norms[-1], abs=1e-10)
