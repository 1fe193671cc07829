"""History compression: every level learns to predict its next input, and only what it fails to predict goes up.

Schmidhuber (1992), NIPS 4 and Neural Computation 4. At every step, with z the outputs of a level since its last update:

1. z is trained towards the new input u. Level 0 of the chunker also towards the hidden units of level 1 (the third term of its
   error, which lets it take over what level 1 has found), and at the end of a sequence towards the answer.
2. The level is updated by u, and passes u on to the next level as strongly as it was surprised.

Each training step is gradient descent on the squared error, back through the last `depth` updates of the level only. The
answer is an input that comes at the end: a level is trained on it if the level below was surprised by it. Only the highest
level of a hierarchy, whose answer counts, is trained on every answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dynlatch.training.contract import Architecture, Show, State, Task
from dynlatch.training.models.history import HistoryCell
from dynlatch.training.rules.history_kernels import learn, room_of
from dynlatch.validation import Array, count, positive_number


@dataclass(frozen=True)
class HistoryCompression:
    """Trains a `Chunker` (both nets at once) or a `PredictorHierarchy` (level by level).

    Parameters
    ----------
    eta : float, optional
        Learning rate; None takes the value for the task from `presets`.
    depth : int
        Updates that an error goes back through. An update of strength s counts as s.
    patience : int
        Sequences after which a hierarchy looks whether its highest level still improves.
    improvement : float
        The part of its mean squared error that the highest level must have lost by then; else it is frozen, and one is added.

    Raises
    ------
    InvalidInput
        On a setting outside its range.

    Examples
    --------
    >>> from dynlatch.training.rules import HistoryCompression
    >>> HistoryCompression(eta=0.2).depth
    3
    """

    eta: float | None = None
    depth: int = 3
    patience: int = 500
    improvement: float = 0.05

    def __post_init__(self) -> None:
        if self.eta is not None:
            positive_number("eta", self.eta)
        count("depth", self.depth, least=1)
        count("patience", self.patience, least=1)
        positive_number("improvement", self.improvement)

    def refuses(self, model: Architecture, task: Task) -> str | None:
        if not isinstance(model.cell(), HistoryCell):
            return f"HistoryCompression trains Chunker() and PredictorHierarchy(); {type(model).__name__} is neither."
        if getattr(task, "output_dim", 1) > 1:
            return f"HistoryCompression answers with a class at the end of a sequence; {type(task).__name__} asks for more."
        return None

    def init(self, model: Architecture, theta: Array, show: Show, streams: Sequence[np.random.SeedSequence]) -> State:
        """Of every trial: the sum of squared errors of the highest level since the last look, that before, and sequences."""
        lanes = theta.shape[1]
        return np.zeros(lanes), np.full(lanes, np.inf), np.zeros(lanes, dtype=np.int64)

    def update(self, model: Architecture, theta: Array, state: State, show: Show) -> None:
        cell = model.cell()
        lanes, _, T, _ = show.lanes.inputs.shape
        settings = self.eta, float(self.depth), self.patience, 1.0 - self.improvement
        learn(cell, room_of(cell, T, lanes), theta, show.lanes, *state, *settings)
