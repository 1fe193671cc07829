"""The training layer: systems that change. It imports the core and the analysis.

A value, a verb, a record: `train(PseudoNewton(), None, TwoSequence(T=20), trials=20, rng=0)`. Names are loaded on first
use, since the compiled kernels of the rules bring Numba, which is slow to load.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dynlatch.training.driver import resume as resume
    from dynlatch.training.driver import train as train
    from dynlatch.training.models import LSTM1997 as LSTM1997
    from dynlatch.training.models import NARX as NARX
    from dynlatch.training.models import AnyWiring as AnyWiring
    from dynlatch.training.models import CascadeNet as CascadeNet
    from dynlatch.training.models import Chunker as Chunker
    from dynlatch.training.models import ClockedNet as ClockedNet
    from dynlatch.training.models import Dense as Dense
    from dynlatch.training.models import ElmanNet as ElmanNet
    from dynlatch.training.models import EmbeddedMemory as EmbeddedMemory
    from dynlatch.training.models import FirstOrderAutomaton as FirstOrderAutomaton
    from dynlatch.training.models import FlipFlopLatch as FlipFlopLatch
    from dynlatch.training.models import FocusedNet as FocusedNet
    from dynlatch.training.models import ForgetGateLSTM as ForgetGateLSTM
    from dynlatch.training.models import FreeNet as FreeNet
    from dynlatch.training.models import GammaMemory as GammaMemory
    from dynlatch.training.models import GuessingNetA1 as GuessingNetA1
    from dynlatch.training.models import GuessingNetA2 as GuessingNetA2
    from dynlatch.training.models import HierarchicalNet as HierarchicalNet
    from dynlatch.training.models import InputOutputHMM as InputOutputHMM
    from dynlatch.training.models import InputSubnets as InputSubnets
    from dynlatch.training.models import Latching as Latching
    from dynlatch.training.models import LatchNet as LatchNet
    from dynlatch.training.models import LearnedTimeConstants as LearnedTimeConstants
    from dynlatch.training.models import LocalFeedbackNet as LocalFeedbackNet
    from dynlatch.training.models import NARXNeuron as NARXNeuron
    from dynlatch.training.models import ParityNet as ParityNet
    from dynlatch.training.models import PredictorHierarchy as PredictorHierarchy
    from dynlatch.training.models import RadialBasisNet as RadialBasisNet
    from dynlatch.training.models import SecondOrderAutomaton as SecondOrderAutomaton
    from dynlatch.training.models import SecondOrderNet as SecondOrderNet
    from dynlatch.training.models import SequentialNet as SequentialNet
    from dynlatch.training.models import SoftmaxStates as SoftmaxStates
    from dynlatch.training.models import Start as Start
    from dynlatch.training.models import StateTables as StateTables
    from dynlatch.training.models import Surprise as Surprise
    from dynlatch.training.models import TimeConstants as TimeConstants
    from dynlatch.training.models import TimeDelayNet as TimeDelayNet
    from dynlatch.training.models import TimeWarpingNet as TimeWarpingNet
    from dynlatch.training.models import Topology as Topology
    from dynlatch.training.models import TransitionHierarchy as TransitionHierarchy
    from dynlatch.training.monitor import RegionEvent as RegionEvent
    from dynlatch.training.monitor import RegionEventKind as RegionEventKind
    from dynlatch.training.monitor import RegionMonitor as RegionMonitor
    from dynlatch.training.monitor import RegionTrace as RegionTrace
    from dynlatch.training.outcomes import TrainingOutcome as TrainingOutcome
    from dynlatch.training.result import TrainingResult as TrainingResult
    from dynlatch.training.rules import GNARL as GNARL
    from dynlatch.training.rules import BackPropagation as BackPropagation
    from dynlatch.training.rules import BaumWelch as BaumWelch
    from dynlatch.training.rules import CascadeCorrelation as CascadeCorrelation
    from dynlatch.training.rules import ClippedBackPropagation as ClippedBackPropagation
    from dynlatch.training.rules import DiscreteErrorPropagation as DiscreteErrorPropagation
    from dynlatch.training.rules import Discretisation as Discretisation
    from dynlatch.training.rules import ExpectationMaximization as ExpectationMaximization
    from dynlatch.training.rules import Feedback as Feedback
    from dynlatch.training.rules import FlipFlopRule as FlipFlopRule
    from dynlatch.training.rules import FocusedBackPropagation as FocusedBackPropagation
    from dynlatch.training.rules import GeneralizedEM as GeneralizedEM
    from dynlatch.training.rules import HigherOrderLearning as HigherOrderLearning
    from dynlatch.training.rules import HistoryCompression as HistoryCompression
    from dynlatch.training.rules import LocalFeedback as LocalFeedback
    from dynlatch.training.rules import MultigridRandomSearch as MultigridRandomSearch
    from dynlatch.training.rules import PseudoNewton as PseudoNewton
    from dynlatch.training.rules import RealTimeRecurrentLearning as RealTimeRecurrentLearning
    from dynlatch.training.rules import RegularizedBackPropagation as RegularizedBackPropagation
    from dynlatch.training.rules import Share as Share
    from dynlatch.training.rules import SimulatedAnnealing as SimulatedAnnealing
    from dynlatch.training.rules import Slope as Slope
    from dynlatch.training.rules import StochasticAscent as StochasticAscent
    from dynlatch.training.rules import TimeWeightedPseudoNewton as TimeWeightedPseudoNewton
    from dynlatch.training.rules import TruncatedBackPropagation as TruncatedBackPropagation
    from dynlatch.training.rules import WeightGuessing as WeightGuessing
    from dynlatch.training.sweeps import Cell as Cell
    from dynlatch.training.sweeps import Sweep as Sweep
    from dynlatch.training.sweeps import merge as merge
    from dynlatch.training.sweeps import sweep as sweep
    from dynlatch.training.tasks import Adding as Adding
    from dynlatch.training.tasks import EmbeddedReber as EmbeddedReber
    from dynlatch.training.tasks import Gap as Gap
    from dynlatch.training.tasks import GaussianTwoSequence as GaussianTwoSequence
    from dynlatch.training.tasks import Latch as Latch
    from dynlatch.training.tasks import LongLag as LongLag
    from dynlatch.training.tasks import Parity as Parity
    from dynlatch.training.tasks import Reber as Reber
    from dynlatch.training.tasks import SymbolLag as SymbolLag
    from dynlatch.training.tasks import TemporalOrder as TemporalOrder
    from dynlatch.training.tasks import Tomita as Tomita
    from dynlatch.training.tasks import TwoSequence as TwoSequence
    from dynlatch.training.tasks import ZeroOne as ZeroOne

_HOME = {
    "Adding": "tasks",
    "AnyWiring": "models",
    "BackPropagation": "rules",
    "BaumWelch": "rules",
    "CascadeCorrelation": "rules",
    "CascadeNet": "models",
    "Cell": "sweeps",
    "Chunker": "models",
    "ClippedBackPropagation": "rules",
    "ClockedNet": "models",
    "Dense": "models",
    "DiscreteErrorPropagation": "rules",
    "Discretisation": "rules",
    "ElmanNet": "models",
    "EmbeddedMemory": "models",
    "EmbeddedReber": "tasks",
    "ExpectationMaximization": "rules",
    "Feedback": "rules",
    "FirstOrderAutomaton": "models",
    "FlipFlopLatch": "models",
    "FlipFlopRule": "rules",
    "FocusedBackPropagation": "rules",
    "FocusedNet": "models",
    "ForgetGateLSTM": "models",
    "FreeNet": "models",
    "GNARL": "rules",
    "GammaMemory": "models",
    "Gap": "tasks",
    "GaussianTwoSequence": "tasks",
    "GeneralizedEM": "rules",
    "GuessingNetA1": "models",
    "GuessingNetA2": "models",
    "HierarchicalNet": "models",
    "HigherOrderLearning": "rules",
    "HistoryCompression": "rules",
    "InputOutputHMM": "models",
    "InputSubnets": "models",
    "LSTM1997": "models",
    "Latch": "tasks",
    "LatchNet": "models",
    "Latching": "models",
    "LearnedTimeConstants": "models",
    "LocalFeedback": "rules",
    "LocalFeedbackNet": "models",
    "LongLag": "tasks",
    "MultigridRandomSearch": "rules",
    "NARX": "models",
    "NARXNeuron": "models",
    "Parity": "tasks",
    "ParityNet": "models",
    "PredictorHierarchy": "models",
    "PseudoNewton": "rules",
    "RadialBasisNet": "models",
    "RealTimeRecurrentLearning": "rules",
    "Reber": "tasks",
    "RegionEvent": "monitor",
    "RegionEventKind": "monitor",
    "RegionMonitor": "monitor",
    "RegionTrace": "monitor",
    "RegularizedBackPropagation": "rules",
    "SecondOrderAutomaton": "models",
    "SecondOrderNet": "models",
    "SequentialNet": "models",
    "Share": "rules",
    "SimulatedAnnealing": "rules",
    "Slope": "rules",
    "SoftmaxStates": "models",
    "Start": "models",
    "StateTables": "models",
    "StochasticAscent": "rules",
    "Surprise": "models",
    "Sweep": "sweeps",
    "SymbolLag": "tasks",
    "TemporalOrder": "tasks",
    "TimeConstants": "models",
    "TimeDelayNet": "models",
    "TimeWarpingNet": "models",
    "TimeWeightedPseudoNewton": "rules",
    "Tomita": "tasks",
    "Topology": "models",
    "TrainingOutcome": "outcomes",
    "TrainingResult": "result",
    "TransitionHierarchy": "models",
    "TruncatedBackPropagation": "rules",
    "TwoSequence": "tasks",
    "WeightGuessing": "rules",
    "ZeroOne": "tasks",
    "merge": "sweeps",
    "resume": "driver",
    "sweep": "sweeps",
    "train": "driver",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'dynlatch.training' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"dynlatch.training.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
