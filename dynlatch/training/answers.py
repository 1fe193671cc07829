"""Which answers are right, of whole sets of sequences: what `lanes.show` decides presentation by presentation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InvalidInput
from dynlatch.training.contract import Sequences, Task
from dynlatch.validation import Array

if TYPE_CHECKING:
    from dynlatch.lanes.show import Criterion


def asks_steps(criterion: Criterion) -> bool:
    """Whether numbers are asked at steps; otherwise classes, at the end."""
    return criterion.tolerance > 0.0 or criterion.among > 0


def output_dim(task: Task) -> int:
    """How many outputs a task asks for: its `output_dim`, 1 where it has none."""
    return int(getattr(task, "output_dim", 1))


def asked(sequences: Sequences, criterion: Criterion, outputs: int) -> Array | None:
    """The targets at steps (T, n, k) of sequences that belong to the criterion, None for classes.

    Raises
    ------
    InvalidInput
        If there are such targets and a criterion for classes, or the other way about, or their shape is wrong.
    """
    desired, (T, n, _) = sequences.desired, sequences.inputs.shape
    if asks_steps(criterion) != (desired is not None):
        raise InvalidInput(
            "`desired` of the sequences goes with a criterion whose `tolerance` or `among` is positive, and classes with one "
            f"where both are 0; got {criterion} and {'no targets' if desired is None else 'targets'} at steps."
        )
    if desired is not None and desired.shape != (T, n, outputs):
        raise InvalidInput(
            f"`desired` must have the shape {(T, n, outputs)}: steps, sequences, `output_dim` of the task; got {desired.shape}."
        )
    return desired


def right(criterion: Criterion, outputs: Array, sequences: Sequences) -> NDArray[np.bool_]:
    """(n,) which sequences are answered right by `outputs`, (n,) for classes or (T, n, k) for targets at steps."""
    if sequences.desired is None:
        signed = outputs * sequences.targets
        return np.asarray((signed > criterion.low) & (signed < criterion.high))
    within = np.arange(len(outputs))[:, None] < sequences.lengths
    wanted = np.where(within[..., None], sequences.desired, np.nan)
    good = _among(criterion.among, outputs, wanted) if criterion.among else _near(criterion.tolerance, outputs, wanted)
    return np.asarray(good.all(0))


def _near(tolerance: float, y: Array, wanted: Array) -> NDArray[np.bool_]:
    """(T, n) whether all that is asked is met; nothing is asked where `wanted` is NaN."""
    return np.asarray((np.isnan(wanted) | (np.abs(y - wanted) < tolerance)).all(-1))


def _among(most: int, y: Array, wanted: Array) -> NDArray[np.bool_]:
    """(T, n) whether the output that should be largest is among the `most` largest of those asked; ties count against it."""
    asked = ~np.isnan(wanted)
    top = np.where(asked, wanted, -np.inf).argmax(-1)[..., None]
    best = np.take_along_axis(y, top, -1)
    others = asked & (np.arange(y.shape[-1]) != top)
    beaten = (others & ~(y < best)).sum(-1)
    return np.asarray(~asked.any(-1) | ((beaten < most) & ~np.isnan(best[..., 0])))
