"""Every architecture against gradient decay goes through training, the monitor, `gradient_decay` and `audit` like any other."""

import numpy as np
import pytest

from dynlatch import analysis
from dynlatch.training import RegionMonitor, TwoSequence, train
from dynlatch.training.models import (
    LSTM1997,
    NARX,
    ClockedNet,
    ElmanNet,
    EmbeddedMemory,
    ForgetGateLSTM,
    GammaMemory,
    GuessingNetA1,
    GuessingNetA2,
    HierarchicalNet,
    LearnedTimeConstants,
    RadialBasisNet,
    SecondOrderNet,
    TimeConstants,
    TimeDelayNet,
    TimeWarpingNet,
)
from dynlatch.training.rules import BackPropagation

ONE_STEP = (
    ElmanNet(3),
    TimeConstants((0.0, 0.9)),
    LearnedTimeConstants(2),
    GammaMemory(2, 2),
    ClockedNet((1, 2), units_count=1),
    SecondOrderNet(2),
    RadialBasisNet(2),
    TimeWarpingNet(2),
    LSTM1997(1),
    ForgetGateLSTM(1),
    GuessingNetA1(1, radius=1.0),
    GuessingNetA2(2, radius=1.0),
)
LONGER = (
    TimeDelayNet(2, window=3),
    NARX(2, delays=2),
    EmbeddedMemory(2, delays=2),
    HierarchicalNet((1, 2), units_count=1),
)
T = 8


def named(model):
    return type(model).__name__


def short(model, monitor=None):
    return train(
        BackPropagation(eta=0.1), model, TwoSequence(T=T), trials=2, sequences=10, max_presentations=60, rng=0, monitor=monitor
    )


@pytest.mark.parametrize("model", [*ONE_STEP, *LONGER], ids=named)
def test_trained_and_asked_how_its_gradient_decays(model):
    network = short(model).networks[0]
    inputs = np.random.default_rng(0).normal(size=(T, 1))
    decay = analysis.gradient_decay(network, network.start, inputs)
    state, product = network.start, np.eye(network.dim)
    for u in inputs:
        product = network.jacobian(state, u) @ product
        state = network.step(state, u)
    with np.errstate(divide="ignore"):
        assert decay.log_norms[-1] == pytest.approx(np.log(np.linalg.norm(product, 2)), abs=1e-9)


WATCHED = ElmanNet, GammaMemory, LSTM1997  # a plain wiring, one of memories, one of gates; the others are slow


@pytest.mark.parametrize(
    "model",
    [pytest.param(m, marks=() if isinstance(m, WATCHED) else pytest.mark.slow, id=named(m)) for m in ONE_STEP],
)
def test_watched_by_the_monitor(model):
    result = short(model, RegionMonitor(every=20, portrait_every=30))
    assert "2 trials" in result.trace.summary()


def test_the_gradient_of_lstm_neither_vanishes_nor_is_its_cell_an_attractor():
    """A memory cell is an integrator: at 1000 steps its error is still there, and no portrait has an attractor."""
    network = short(LSTM1997(1)).networks[0]
    decay = analysis.gradient_decay(network, network.start, steps=1000)
    assert -1.0 < decay.log_norms[-1] < 1.0
    plain = short(ElmanNet(3)).networks[0]
    assert analysis.gradient_decay(plain, plain.start, steps=1000).log_norms[-1] < -100.0


@pytest.mark.slow
@pytest.mark.parametrize("model", [*ONE_STEP, *LONGER], ids=named)
def test_audited(model):
    inputs = np.random.default_rng(0).normal(size=(T, 3, 1))
    assert "WiredNetwork" in analysis.audit(short(model).networks[0], inputs).summary()
