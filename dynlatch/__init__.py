"""dynlatch: dynamical-systems analysis of recurrent networks.

`import dynlatch as dl` gives the systems; `from dynlatch import analysis, training` the questions and the rules.
Names are loaded on first use (PEP 562), so that importing the package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dynlatch.activations import Activation as Activation
    from dynlatch.errors import DynlatchError as DynlatchError
    from dynlatch.functions import FunctionMap as FunctionMap
    from dynlatch.interop import from_flax as from_flax
    from dynlatch.interop import from_torch as from_torch
    from dynlatch.interop import from_torch_cell as from_torch_cell
    from dynlatch.interop import load_network as load_network
    from dynlatch.maps import Augmented as Augmented
    from dynlatch.maps import Iterate as Iterate
    from dynlatch.maps import WithInput as WithInput
    from dynlatch.maps import trajectory as trajectory
    from dynlatch.networks import GRU as GRU
    from dynlatch.networks import LSTM as LSTM
    from dynlatch.networks import AdditiveNetwork as AdditiveNetwork
    from dynlatch.networks import ElmanNetwork as ElmanNetwork
    from dynlatch.networks import FlipFlop as FlipFlop
    from dynlatch.networks import LatchNeuron as LatchNeuron
    from dynlatch.networks import LeakyNetwork as LeakyNetwork
    from dynlatch.networks import ProjectedLSTM as ProjectedLSTM
    from dynlatch.networks import ResetBeforeGRU as ResetBeforeGRU
    from dynlatch.networks import StackedNetwork as StackedNetwork
    from dynlatch.networks import StateNetwork as StateNetwork
    from dynlatch.networks import ThresholdNetwork as ThresholdNetwork
    from dynlatch.networks import WiredNetwork as WiredNetwork
    from dynlatch.results import load as load
    from dynlatch.symbolic import SymbolicMap as SymbolicMap

__version__ = "0.1.0"

# Public name -> module that defines it. The block above says the same to type checkers; a test holds the two together.
_HOME = {
    "Activation": "dynlatch.activations",
    "AdditiveNetwork": "dynlatch.networks",
    "Augmented": "dynlatch.maps",
    "DynlatchError": "dynlatch.errors",
    "ElmanNetwork": "dynlatch.networks",
    "FlipFlop": "dynlatch.networks",
    "FunctionMap": "dynlatch.functions",
    "GRU": "dynlatch.networks",
    "Iterate": "dynlatch.maps",
    "LSTM": "dynlatch.networks",
    "LatchNeuron": "dynlatch.networks",
    "LeakyNetwork": "dynlatch.networks",
    "ProjectedLSTM": "dynlatch.networks",
    "ResetBeforeGRU": "dynlatch.networks",
    "StackedNetwork": "dynlatch.networks",
    "StateNetwork": "dynlatch.networks",
    "SymbolicMap": "dynlatch.symbolic",
    "ThresholdNetwork": "dynlatch.networks",
    "WiredNetwork": "dynlatch.networks",
    "WithInput": "dynlatch.maps",
    "from_flax": "dynlatch.interop",
    "from_torch": "dynlatch.interop",
    "from_torch_cell": "dynlatch.interop",
    "load": "dynlatch.results",
    "load_network": "dynlatch.interop",
    "trajectory": "dynlatch.maps",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name in ("analysis", "training"):
        return importlib.import_module(f"dynlatch.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'dynlatch' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*_HOME, "analysis", "training", "__version__"])
