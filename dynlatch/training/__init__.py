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
    from dynlatch.training.models import Dense as Dense
    from dynlatch.training.outcomes import TrainingOutcome as TrainingOutcome
    from dynlatch.training.result import TrainingResult as TrainingResult
    from dynlatch.training.rules import BackPropagation as BackPropagation
    from dynlatch.training.tasks import TwoSequence as TwoSequence

_HOME = {
    "BackPropagation": "rules",
    "Dense": "models",
    "TrainingOutcome": "outcomes",
    "TrainingResult": "result",
    "TwoSequence": "tasks",
    "resume": "driver",
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
