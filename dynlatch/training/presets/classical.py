"""Presets of the rules of the 1993/94 papers, and of those that they are measured against."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from dynlatch.training import rules as r
from dynlatch.training.contract import Architecture, Task
from dynlatch.training.models import (
    Dense,
    FlipFlopLatch,
    FocusedNet,
    InputOutputHMM,
    LatchNet,
    LocalFeedbackNet,
    ParityNet,
    SoftmaxStates,
    StateTables,
)
from dynlatch.training.models.topology import TWO_STATES, fully_connected, two_chains
from dynlatch.training.presets.nets import dense, latch_net, parity_net
from dynlatch.training.presets.preset import Preset, Table
from dynlatch.training.tasks import Latch, Parity, Tomita, TwoSequence


def _threshold_dense(task: TwoSequence) -> Architecture:
    return Dense(5, units="threshold")


def _threshold_parity_net(task: Parity) -> Architecture:
    return ParityNet(units="threshold", radius=1.0)


def _threshold_latch_net(task: Latch) -> Architecture:
    return LatchNet(L=task.L, units="threshold", w0=1.0)


def _flip_flop(task: Latch) -> Architecture:
    return FlipFlopLatch(L=task.L)


def _looped(task: Task) -> Architecture:
    """Self-loops around the nonlinearity: the variant that can latch."""
    return LocalFeedbackNet(10, loop="tanh")


def _contexts(task: Task) -> Architecture:
    return FocusedNet(10)


def _chain_tables(task: TwoSequence) -> Architecture:
    return StateTables(two_chains(task.N, task.symbols))


def _chain_softmax(task: TwoSequence) -> Architecture:
    return SoftmaxStates(two_chains(task.N, task.symbols))


def _two_state_tables(task: Parity) -> Architecture:
    return StateTables(TWO_STATES)


def _two_state_softmax(task: Parity) -> Architecture:
    return SoftmaxStates(TWO_STATES)


def _chain_hmm(task: TwoSequence) -> Architecture:
    return InputOutputHMM(two_chains(task.N, task.symbols))


def _tomita_hmm(task: Tomita) -> Architecture:
    """As many states as the published networks had."""
    return InputOutputHMM(fully_connected(TOMITA_STATES[task.grammar], task.symbols, (0, 1)))


def _hmm(states: int) -> Callable[[Any], Architecture]:
    return lambda task: InputOutputHMM(fully_connected(states, task.symbols, (0, 1)))


TOMITA_STATES = {1: 2, 2: 8, 3: 7, 4: 4, 5: 4, 6: 3, 7: 3}
TWO_VALUED, STEP, GRADIENT = r.Discretisation.TWO_VALUED, r.Slope.STEP, r.Slope.GRADIENT
PLAIN, NORMALISED = r.Feedback.PLAIN, r.Feedback.NORMALISED

CLASSICAL: Table = {
    (r.BackPropagation, TwoSequence): Preset(r.BackPropagation(eta=0.1), dense(1.0), 50, 3_000),
    (r.BackPropagation, Parity): Preset(r.BackPropagation(eta=0.05), parity_net(3.0), 50, 20_000),
    (r.BackPropagation, Latch): Preset(r.BackPropagation(eta=0.1, batch=2), latch_net, 2, 4_000),
    (r.RealTimeRecurrentLearning, TwoSequence): Preset(r.RealTimeRecurrentLearning(eta=0.1), dense(1.0), 50, 3_000),
    (r.RealTimeRecurrentLearning, Parity): Preset(r.RealTimeRecurrentLearning(eta=0.05), parity_net(3.0), 50, 20_000),
    (r.RealTimeRecurrentLearning, Latch): Preset(r.RealTimeRecurrentLearning(eta=0.1), latch_net, 2, 4_000),
    (r.PseudoNewton, TwoSequence): Preset(r.PseudoNewton(eta=0.1, mu=0.1), dense(1.0), 50, 3_000),
    (r.PseudoNewton, Parity): Preset(r.PseudoNewton(eta=0.3, mu=0.1), parity_net(3.0), 50, 20_000),
    (r.PseudoNewton, Latch): Preset(r.PseudoNewton(eta=0.1, mu=0.1), latch_net, 2, 4_000),
    (r.TimeWeightedPseudoNewton, TwoSequence): Preset(r.TimeWeightedPseudoNewton(eta=0.01, mu=0.1), dense(1.0), 50, 3_000),
    (r.TimeWeightedPseudoNewton, Parity): Preset(r.TimeWeightedPseudoNewton(eta=0.03, mu=0.01), parity_net(3.0), 50, 20_000),
    (r.TimeWeightedPseudoNewton, Latch): Preset(r.TimeWeightedPseudoNewton(eta=0.01, mu=0.1), latch_net, 2, 4_000),
    (r.LocalFeedback, TwoSequence): Preset(r.LocalFeedback(eta=0.03), _looped, 50, 3_000),
    (r.LocalFeedback, Parity): Preset(r.LocalFeedback(eta=0.03), _looped, 50, 20_000),
    (r.LocalFeedback, Latch): Preset(r.LocalFeedback(eta=0.1), latch_net, 2, 4_000),
    (r.FocusedBackPropagation, TwoSequence): Preset(r.FocusedBackPropagation(eta=0.01), _contexts, 50, 3_000),
    (r.FocusedBackPropagation, Parity): Preset(r.FocusedBackPropagation(eta=0.01), _contexts, 50, 20_000),
    (r.MultigridRandomSearch, TwoSequence): Preset(
        r.MultigridRandomSearch(half_width=3.0, shrink=0.95), dense(1.0), 50, 50_000
    ),
    (r.MultigridRandomSearch, Parity): Preset(
        r.MultigridRandomSearch(half_width=3.0, shrink=0.95), parity_net(3.0), 50, 50_000
    ),
    (r.MultigridRandomSearch, Latch): Preset(r.MultigridRandomSearch(half_width=1.0, shrink=0.95), latch_net, 2, 20_000),
    (r.SimulatedAnnealing, TwoSequence): Preset(
        r.SimulatedAnnealing(temperature=0.1, step=1.0, bound=10.0, adjustments=125), dense(1.0), 50, 300_000
    ),
    (r.SimulatedAnnealing, Parity): Preset(
        r.SimulatedAnnealing(temperature=0.1, step=1.0, bound=10.0, adjustments=100), parity_net(3.0), 50, 1_000_000
    ),
    (r.SimulatedAnnealing, Latch): Preset(
        r.SimulatedAnnealing(temperature=0.1, step=1.0, bound=10.0, adjustments=100), latch_net, 2, 100_000
    ),
    (r.WeightGuessing, TwoSequence): Preset(r.WeightGuessing(half_width=5.0), dense(5.0), 50, 500_000),
    (r.WeightGuessing, Parity): Preset(r.WeightGuessing(half_width=10.0), parity_net(10.0), 50, 500_000),
    (r.WeightGuessing, Latch): Preset(r.WeightGuessing(half_width=5.0), latch_net, 2, 100_000),
    (r.DiscreteErrorPropagation, TwoSequence): Preset(
        r.DiscreteErrorPropagation(eta=0.005, margin=0.3, discretisation=TWO_VALUED, slope=GRADIENT, feedback=PLAIN),
        _threshold_dense,
        50,
        3_000,
    ),
    (r.DiscreteErrorPropagation, Parity): Preset(
        r.DiscreteErrorPropagation(eta=0.3, margin=1.0, discretisation=TWO_VALUED, slope=STEP, feedback=NORMALISED),
        _threshold_parity_net,
        50,
        100_000,
    ),
    (r.DiscreteErrorPropagation, Latch): Preset(
        r.DiscreteErrorPropagation(eta=1.0, margin=3.0, discretisation=TWO_VALUED, slope=STEP, feedback=NORMALISED),
        _threshold_latch_net,
        2,
        10_000,
    ),
    (r.FlipFlopRule, Latch): Preset(r.FlipFlopRule(), _flip_flop, 2, 200),
    (r.ExpectationMaximization, TwoSequence): Preset(
        r.ExpectationMaximization(det_weight=0.0, floor=1e-4, patience=3, hold=3, sharpness=-math.inf),
        _chain_tables,
        100,
        20_000,
    ),
    (r.ExpectationMaximization, Parity): Preset(
        r.ExpectationMaximization(det_weight=2.0, floor=1e-5, patience=2, hold=1, sharpness=-0.05),
        _two_state_tables,
        100,
        50_000,
    ),
    (r.GeneralizedEM, TwoSequence): Preset(
        r.GeneralizedEM(det_weight=0.0, patience=5, hold=3, sharpness=-math.inf, fastest=3.0), _chain_softmax, 100, 50_000
    ),
    (r.GeneralizedEM, Parity): Preset(
        r.GeneralizedEM(det_weight=2.0, patience=3, hold=1, sharpness=-0.05, fastest=20.0), _two_state_softmax, 100, 50_000
    ),
    (r.StochasticAscent, TwoSequence): Preset(
        r.StochasticAscent(det_weight=0.0, sharpness=-math.inf, patience=50, eta=0.03, fastest=0.03),
        _chain_softmax,
        100,
        50_000,
    ),
    (r.StochasticAscent, Parity): Preset(
        r.StochasticAscent(det_weight=0.05, sharpness=-0.05, patience=5_000, eta=0.1, fastest=20.0),
        _two_state_softmax,
        100,
        20_000,
    ),
    (r.BaumWelch, TwoSequence): Preset(r.BaumWelch(patience=5), _chain_hmm, 100, 20_000),
    (r.BaumWelch, Parity): Preset(r.BaumWelch(patience=5), _hmm(2), 100, 50_000),
    (r.BaumWelch, Tomita): Preset(r.BaumWelch(patience=10), _tomita_hmm, 100, 50_000),
}
