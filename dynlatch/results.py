"""What every result can do: print itself, draw itself, be saved and be loaded again.

A file is an `.npz` of plain arrays with one JSON header. The header names the class of each record; only the classes of
`RECORDS` are ever built, and nothing in a file is executed (no pickle).
"""

from __future__ import annotations

import importlib
import json
import os
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dynlatch.archives import read_npz
from dynlatch.errors import InvalidInput, UnreadableFile
from dynlatch.reading import ANY_RATIO, first_line, quiet
from dynlatch.writing import whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FORMAT = 1

# Class name -> module, for everything a file may hold. Names, not imports: the core loads no analysis.
RECORDS: Mapping[str, str] = {
    "Audit": "dynlatch.analysis.audit",
    "AuditDiff": "dynlatch.analysis.audit",
    "AuditFilm": "dynlatch.analysis.audit.film",
    "AuditFrame": "dynlatch.analysis.audit.film",
    "Basins": "dynlatch.analysis.basins",
    "EdgeState": "dynlatch.analysis.basins",
    "BifurcationDiagram": "dynlatch.analysis.continuation",
    "Branch": "dynlatch.analysis.continuation",
    "CovariantVectors": "dynlatch.analysis.gradients",
    "CreditDiffusion": "dynlatch.analysis.credit_diffusion",
    "Claim": "dynlatch.analysis.theorems",
    "Curve": "dynlatch.analysis.theorems",
    "Curves": "dynlatch.analysis.theorems",
    "Cusp": "dynlatch.analysis.continuation",
    "EscapeDirections": "dynlatch.analysis.escape.directions",
    "EscapeThreshold": "dynlatch.analysis.escape",
    "FatalShock": "dynlatch.analysis.escape.shock",
    "Finding": "dynlatch.analysis.audit",
    "FiniteAttractors": "dynlatch.analysis.finite",
    "FixedPoints": "dynlatch.analysis.fixed_points",
    "FoldCurve": "dynlatch.analysis.continuation",
    "GammaThreshold": "dynlatch.analysis.escape.gamma",
    "Gaussian": "dynlatch.analysis.noise",
    "GradientContributions": "dynlatch.analysis.gradients",
    "BoundCondition": "dynlatch.analysis.gradients",
    "GradientBounds": "dynlatch.analysis.gradients",
    "GradientDecay": "dynlatch.analysis.gradients",
    "Guarantee": "dynlatch.analysis.guarantees",
    "Guarantees": "dynlatch.analysis.guarantees",
    "LyapunovExponents": "dynlatch.analysis.gradients",
    "LatchedProjection": "dynlatch.analysis.gradients",
    "LeadingGradients": "dynlatch.analysis.gradients",
    "LocalStability": "dynlatch.analysis.local_stability",
    "MemoryChange": "dynlatch.analysis.audit",
    "Manifold": "dynlatch.analysis.manifolds",
    "MorseGraph": "dynlatch.analysis.morse",
    "QuasiPotential": "dynlatch.analysis.noise.quasi_potential",
    "ReducedAttractingSet": "dynlatch.analysis.attracting_sets",
    "RegionEvent": "dynlatch.training.monitor",
    "RegionTrace": "dynlatch.training.monitor",
    "Retention": "dynlatch.analysis.noise",
    "Portrait": "dynlatch.analysis.portrait",
    "PeriodicOrbits": "dynlatch.analysis.periodic_orbits",
    "ScalarLatch": "dynlatch.analysis.scalar",
    "SlowFastSplitting": "dynlatch.analysis.gradients",
    "SlowPoints": "dynlatch.analysis.slow",
    "SpecialPoint": "dynlatch.analysis.continuation",
    "StepVerdicts": "dynlatch.analysis.gradients",
    "SwitchingThresholds": "dynlatch.analysis.escape.switching",
    "TheoremCheck": "dynlatch.analysis.theorems",
    "TradeOff": "dynlatch.analysis.noise",
    "Uniform": "dynlatch.analysis.noise",
    "Verification": "dynlatch.analysis.counterexamples",
    "Adding": "dynlatch.training.tasks",
    "AnyWiring": "dynlatch.training.models",
    "BackPropagation": "dynlatch.training.rules",
    "BaumWelch": "dynlatch.training.rules",
    "Chunker": "dynlatch.training.models",
    "ClippedBackPropagation": "dynlatch.training.rules",
    "ClockedNet": "dynlatch.training.models",
    "Dense": "dynlatch.training.models",
    "DensityPlane": "dynlatch.training.experiments.figure2a",
    "DiffusionOfCredit": "dynlatch.training.experiments.diffusion",
    "DiscreteErrorPropagation": "dynlatch.training.rules",
    "ElmanNet": "dynlatch.training.models",
    "EmbeddedMemory": "dynlatch.training.models",
    "EmbeddedReber": "dynlatch.training.tasks",
    "ExpectationMaximization": "dynlatch.training.rules",
    "Figure1b": "dynlatch.training.experiments.figure1b",
    "Figure2a": "dynlatch.training.experiments.figure2a",
    "Figure2b": "dynlatch.training.experiments.figure2b",
    "Figure3": "dynlatch.training.experiments.figure3",
    "Figure4": "dynlatch.training.experiments.figure4",
    "FlipFlopLatch": "dynlatch.training.models",
    "FlipFlopRule": "dynlatch.training.rules",
    "FlipFlopRuns": "dynlatch.training.experiments.flip_flop",
    "FocusedBackPropagation": "dynlatch.training.rules",
    "FocusedNet": "dynlatch.training.models",
    "ForgetGateLSTM": "dynlatch.training.models",
    "FrequencyCurve": "dynlatch.training.experiments.figure2b",
    "GammaMemory": "dynlatch.training.models",
    "Gap": "dynlatch.training.tasks",
    "GapRuns": "dynlatch.training.experiments.time_constants",
    "GaussianTwoSequence": "dynlatch.training.tasks",
    "GeneralizedEM": "dynlatch.training.rules",
    "GuessingNetA1": "dynlatch.training.models",
    "GuessingNetA2": "dynlatch.training.models",
    "GrammarInference": "dynlatch.training.experiments.iohmm",
    "GuessingRuns": "dynlatch.training.experiments.guessing",
    "HierarchicalNet": "dynlatch.training.models",
    "HistoryCompression": "dynlatch.training.rules",
    "InputOutputHMM": "dynlatch.training.models",
    "InputSubnets": "dynlatch.training.models",
    "LSTM1997": "dynlatch.training.models",
    "LSTMRuns": "dynlatch.training.experiments.lstm",
    "Latch": "dynlatch.training.tasks",
    "LatchBenchmark": "dynlatch.training.experiments.latch",
    "LatchNet": "dynlatch.training.models",
    "LearnedTimeConstants": "dynlatch.training.models",
    "LocalFeedback": "dynlatch.training.rules",
    "LocalFeedbackNet": "dynlatch.training.models",
    "LongLag": "dynlatch.training.tasks",
    "MultigridRandomSearch": "dynlatch.training.rules",
    "NARX": "dynlatch.training.models",
    "NARXCurves": "dynlatch.training.experiments.narx",
    "NARXNeuron": "dynlatch.training.models",
    "PaperTable": "dynlatch.training.experiments.table",
    "Parity": "dynlatch.training.tasks",
    "ParityNet": "dynlatch.training.models",
    "PredictorHierarchy": "dynlatch.training.models",
    "Progress": "dynlatch.training.records",
    "PseudoNewton": "dynlatch.training.rules",
    "RadialBasisNet": "dynlatch.training.models",
    "RealTimeRecurrentLearning": "dynlatch.training.rules",
    "Reber": "dynlatch.training.tasks",
    "RegularizedBackPropagation": "dynlatch.training.rules",
    "Remedies": "dynlatch.training.experiments.remedies",
    "SecondOrderNet": "dynlatch.training.models",
    "SimulatedAnnealing": "dynlatch.training.rules",
    "SoftmaxStates": "dynlatch.training.models",
    "StateTables": "dynlatch.training.models",
    "StochasticAscent": "dynlatch.training.rules",
    "Sweep": "dynlatch.training.sweeps",
    "SymbolLag": "dynlatch.training.tasks",
    "TemporalOrder": "dynlatch.training.tasks",
    "TimeConstants": "dynlatch.training.models",
    "TimeDelayNet": "dynlatch.training.models",
    "TimeWarpingNet": "dynlatch.training.models",
    "TimeWeightedPseudoNewton": "dynlatch.training.rules",
    "Tomita": "dynlatch.training.tasks",
    "Topology": "dynlatch.training.models",
    "TrainingResult": "dynlatch.training.result",
    "Trials": "dynlatch.training.sweeps",
    "TruncatedBackPropagation": "dynlatch.training.rules",
    "FirstOrderAutomaton": "dynlatch.training.models",
    "Latching": "dynlatch.training.models",
    "SecondOrderAutomaton": "dynlatch.training.models",
    "SequentialNet": "dynlatch.training.models",
    "Automaton": "dynlatch.training.automata",
    "TwoSequence": "dynlatch.training.tasks",
    "WeightGuessing": "dynlatch.training.rules",
    "ZeroOne": "dynlatch.training.tasks",
    "HigherOrderLearning": "dynlatch.training.rules",
    "TransitionHierarchy": "dynlatch.training.models",
    "GNARL": "dynlatch.training.rules",
    "FreeNet": "dynlatch.training.models",
    "CascadeCorrelation": "dynlatch.training.rules",
    "CascadeNet": "dynlatch.training.models",
    "ChunkerRuns": "dynlatch.training.experiments.chunker",
    "RingRuns": "dynlatch.training.experiments.ring",
}
ENUMS: Mapping[str, str] = {
    "AttractorKind": "dynlatch.analysis.basins",
    "BasinOutcome": "dynlatch.analysis.basins",
    "BranchEnd": "dynlatch.analysis.manifolds",
    "Bifurcation": "dynlatch.analysis.continuation",
    "Completeness": "dynlatch.analysis.fixed_points",
    "ContinuationEnd": "dynlatch.analysis.continuation",
    "EdgeOutcome": "dynlatch.analysis.basins",
    "EscapeOutcome": "dynlatch.analysis.escape",
    "GammaOutcome": "dynlatch.analysis.escape.gamma",
    "LatchOutcome": "dynlatch.analysis.scalar",
    "MorseKind": "dynlatch.analysis.morse",
    "RegionEventKind": "dynlatch.training.monitor",
    "RetentionOutcome": "dynlatch.analysis.noise",
    "ShockOutcome": "dynlatch.analysis.escape.shock",
    "PathOutcome": "dynlatch.analysis.noise.quasi_potential",
    "Stability": "dynlatch.analysis.outcomes",
    "StepVerdict": "dynlatch.analysis.gradients",
    "TheoremOutcome": "dynlatch.analysis.theorems",
    "Discretisation": "dynlatch.training.rules",
    "Feedback": "dynlatch.training.rules",
    "Share": "dynlatch.training.rules",
    "Slope": "dynlatch.training.rules",
    "Start": "dynlatch.training.models",
    "TrainingOutcome": "dynlatch.training.outcomes",
    "Surprise": "dynlatch.training.models",
}


class Result(ABC):
    """The face of every result: an interface only; results are final frozen dataclasses."""

    @abstractmethod
    def summary(self) -> str:
        """The result in words and numbers worth reading."""

    @abstractmethod
    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the result on `ax` (a new figure if None); nothing is computed here."""

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the result to `path` (`.npz` is added if it is missing); `dynlatch.load` reads it back."""
        return save(self, path)

    def __str__(self) -> str:
        return self.summary()


def save(result: Result, path: str | os.PathLike[str]) -> Path:
    """Write `result` whole or not at all: the file appears under its name only when it is complete."""
    target = Path(path)
    if target.suffix != ".npz":
        target = target.with_name(target.name + ".npz")
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    header = json.dumps({"format": FORMAT, "record": _encode(result, arrays)})
    with whole(target) as partial, zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in {"header": np.array(header), **arrays}.items():
            # Not np.savez: some versions leave the archive open on a full disk.
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
    return target


def load(path: str | os.PathLike[str]) -> Result:
    """Read a saved result.

    Raises
    ------
    UnreadableFile
        If the file is missing, truncated, or not a result of dynlatch.
    """
    try:
        arrays = read_npz(Path(path), ratio=ANY_RATIO)
        header = json.loads(str(arrays.pop("header")[()]))
        if header["format"] != FORMAT:
            raise UnreadableFile(
                f"{str(path)!r} has format {str(header['format'])[:40]!r}; this version reads format {FORMAT}."
            )
        with quiet():
            record = _decode(header["record"], arrays)
    except UnreadableFile:
        raise
    except Exception as error:  # values that no record allows, or a header that is none: it can raise nearly anything
        raise UnreadableFile(f"{str(path)!r} is not a saved dynlatch result, or is damaged ({first_line(error)}).") from None
    if not isinstance(record, Result):
        raise UnreadableFile(f"{str(path)!r} holds no result.")
    return record


def _encode(value: Any, arrays: dict[str, np.ndarray[Any, Any]]) -> Any:
    """A JSON tree of `value`, its arrays moved to `arrays`."""
    if isinstance(value, StrEnum):
        return {"enum": type(value).__name__, "value": value.value}
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, (float, np.floating)):
        return {"float": float(value).hex()}  # exact, and JSON has no infinity
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, complex):
        return {"complex": [value.real.hex(), value.imag.hex()]}
    if isinstance(value, np.ndarray):
        key = f"array{len(arrays)}"
        if value.dtype != object:
            arrays[key] = value
            return {"array": key}
        arrays[key] = value.astype(str)  # words of one enum; in an empty array any
        return {"array": key, "enum": type(value.flat[0]).__name__ if value.size else "Stability"}
    if isinstance(value, (tuple, list)):
        return {"tuple": [_encode(item, arrays) for item in value]}
    if isinstance(value, Mapping):
        return {"mapping": [[key, _encode(item, arrays)] for key, item in value.items()]}
    if is_dataclass(value) and type(value).__name__ in RECORDS:
        members = {f.name: _encode(getattr(value, f.name), arrays) for f in fields(value) if f.init}
        return {"record": type(value).__name__, "fields": members}
    raise InvalidInput(f"a {type(value).__name__} cannot be saved in a result.")


def _decode(tree: Any, arrays: Mapping[str, np.ndarray[Any, Any]]) -> Any:
    if not isinstance(tree, dict):
        return tree
    if "record" in tree:
        members = {name: _decode(item, arrays) for name, item in tree["fields"].items()}
        return _allowed(RECORDS, tree["record"])(**members)
    if "array" in tree:
        array = arrays[tree["array"]]
        if "enum" not in tree:
            array.setflags(write=False)
            return array
        enum = _allowed(ENUMS, tree["enum"])
        words = np.empty(array.size, dtype=object)
        words[:] = [enum(text) for text in array.flat]
        return words.reshape(array.shape)
    if "enum" in tree:
        return _allowed(ENUMS, tree["enum"])(tree["value"])
    if "float" in tree:
        return float.fromhex(tree["float"])
    if "complex" in tree:
        return complex(*(float.fromhex(part) for part in tree["complex"]))
    if "tuple" in tree:
        return tuple(_decode(item, arrays) for item in tree["tuple"])
    return {key: _decode(item, arrays) for key, item in tree["mapping"]}


def _allowed(table: Mapping[str, str], name: str) -> Any:
    if name not in table:
        raise UnreadableFile(f"the file names the class {name!r}, which no dynlatch result uses.")
    return getattr(importlib.import_module(table[name]), name)
