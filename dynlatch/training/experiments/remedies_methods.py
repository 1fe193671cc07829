"""The remedies that are compared: an architecture, the rule that trains it, and who proposed it.

What a paper fixes (the gate biases of LSTM, Mozer's time constants) is as published. Learning rates are ours, one for each
remedy and task, the same for all lengths: of .01, .03, .1, .3 and 1 the one that solved most of four trials at T = 20 and 50,
of seeds that the comparison does not use.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from dynlatch.training import models as m
from dynlatch.training import rules as r
from dynlatch.training.contract import Architecture, Rule, Task
from dynlatch.training.models.topology import TWO_CHAINS
from dynlatch.training.presets import PRESETS
from dynlatch.training.tasks import TwoSequence


class Remedy(NamedTuple):
    """One row of the comparison: `model` gives the architecture for a task, None where it cannot read the task's inputs."""

    name: str
    source: str
    model: Callable[[Task], Architecture | None]
    rule: Rule
    etas: tuple[float, float] | None  # learning rates on the 2-sequence problem and on the latch

    def rule_for(self, task: int) -> Rule:
        """The rule with the learning rate for the task."""
        return self.rule if self.etas is None else replace(self.rule, eta=self.etas[task])  # type: ignore[type-var]


def _sized(kind: Callable[..., Architecture], **settings: Any) -> Callable[[Task], Architecture]:
    """An architecture with as many inputs as the task has."""
    return lambda task: kind(input_dim=task.input_dim, **settings)


def _latching(task: Task) -> Architecture:
    return m.Latching(ELMAN(task), w=1.5)


def _chains(task: Task) -> Architecture | None:
    """States read one input, as a symbol: low, quiet or high."""
    return m.StateTables(TWO_CHAINS) if task.input_dim == 1 else None


PLAIN, TIME_DELAYS, LSTM = "back-propagation through time", "time-delay net, 20 steps", "LSTM of 1997"
PASCANU, LIN, BPS = "Pascanu, Mikolov and Bengio (2013)", "Lin, Horne, Tino and Giles (1996)", "Gori, Bengio and De Mori (1989)"
ELMAN = _sized(m.ElmanNet, units_count=5)

EM = PRESETS[r.ExpectationMaximization, TwoSequence].rule

REMEDIES = (
    Remedy(PLAIN, "Rumelhart, Hinton and Williams (1986)", ELMAN, r.BackPropagation(), (0.1, 0.3)),
    Remedy("real-time recurrent learning", "Williams and Zipser (1989)", ELMAN, r.RealTimeRecurrentLearning(), (0.1, 0.3)),
    Remedy("one step back", "Elman (1990)", ELMAN, r.TruncatedBackPropagation(), (0.03, 0.3)),
    Remedy("gradient clipping", PASCANU, ELMAN, r.ClippedBackPropagation(), (1.0, 1.0)),
    Remedy("gradient regulariser", PASCANU, ELMAN, r.RegularizedBackPropagation(), (0.3, 0.3)),
    Remedy("local feedback, linear loops", BPS, _sized(m.LocalFeedbackNet), r.LocalFeedback(), (1.0, 1.0)),
    Remedy("local feedback, latching loops", BPS, _sized(m.LocalFeedbackNet, loop="tanh"), r.LocalFeedback(), (0.03, 1.0)),
    Remedy("focused back-propagation", "Mozer (1989)", _sized(m.FocusedNet), r.FocusedBackPropagation(), (0.01, 0.3)),
    Remedy("time constants", "Mozer (1992)", _sized(m.TimeConstants), r.BackPropagation(), (0.03, 0.3)),
    Remedy("time constants, learned", "Mozer (1992)", _sized(m.LearnedTimeConstants), r.BackPropagation(), (0.3, 1.0)),
    Remedy("gamma memory", "de Vries and Principe (1992)", _sized(m.GammaMemory), r.BackPropagation(), (0.3, 1.0)),
    Remedy("time-warping invariance", "Sun, Chen and Lee (1993)", _sized(m.TimeWarpingNet), r.BackPropagation(), (0.01, 0.01)),
    Remedy("NARX, 3 delays", LIN, _sized(m.NARX), r.BackPropagation(), (0.1, 0.1)),
    Remedy("embedded memory, 3 delays", LIN, _sized(m.EmbeddedMemory), r.BackPropagation(), (0.1, 0.1)),
    Remedy(
        "hierarchy of delays 1, 4, 16",
        "El Hihi and Bengio (1996)",
        _sized(m.HierarchicalNet, delays=(1, 4, 16)),
        r.BackPropagation(),
        (0.1, 0.3),
    ),
    Remedy(
        "hierarchy of periods 1, 4, 16",
        "El Hihi and Bengio (1996)",
        _sized(m.ClockedNet, periods=(1, 4, 16)),
        r.BackPropagation(),
        (0.1, 0.3),
    ),
    Remedy(TIME_DELAYS, "Waibel and others (1989)", _sized(m.TimeDelayNet, window=20), r.BackPropagation(), (0.1, 0.1)),
    Remedy("second-order connections", "Giles and others (1992)", _sized(m.SecondOrderNet), r.BackPropagation(), (0.3, 1.0)),
    Remedy("radial basis units", "Frasconi and others (1996)", _sized(m.RadialBasisNet), r.BackPropagation(), (0.3, 0.3)),
    Remedy(LSTM, "Hochreiter and Schmidhuber (1997)", _sized(m.LSTM1997), r.TruncatedBackPropagation(), (0.3, 1.0)),
    Remedy(
        "LSTM with forget gates",
        "Gers, Schmidhuber and Cummins (2000)",
        _sized(m.ForgetGateLSTM),
        r.TruncatedBackPropagation(),
        (1.0, 1.0),
    ),
    Remedy("cascade-correlation", "Fahlman (1991)", _sized(m.CascadeNet), r.CascadeCorrelation(), None),
    Remedy("GNARL", "Angeline, Saunders and Pollack (1994)", _sized(m.FreeNet), r.GNARL(), None),
    Remedy("first weights that latch", "Frasconi, Gori, Maggini and Soda (1995)", _latching, r.BackPropagation(), (0.03, 0.1)),
    Remedy("state network, EM", "Bengio and Frasconi (1994)", _chains, EM, None),
    Remedy("weight guessing", "Schmidhuber and Hochreiter (1996)", ELMAN, r.WeightGuessing(half_width=5.0), None),
)
