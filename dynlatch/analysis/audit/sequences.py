"""The sequences of an audit: the user's own, in any of their forms and of any size, or sampled ones.

Nothing is copied whole: what is used is read in pieces, so that arrays larger than the memory (`numpy.memmap`) can be given.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InvalidInput
from dynlatch.validation import Array, finite_array

SEQUENCES, STEPS = 8, 100  # how many sequences are sampled where none are given, and of how many steps
PULSE = 0.1  # probability per step and channel of a unit pulse in sampled inputs
PIECE = 1 << 21  # numbers read at a time

Indices = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Sequences:
    """N sequences of m inputs.

    Attributes
    ----------
    parts : tuple of ndarray
        One array (T, N, m) of any kind of number (a view of what was given), or N arrays (T_i, 1, m).
    lengths : int ndarray, shape (N,)
    words : str
        Where they came from.
    """

    parts: tuple[NDArray[Any], ...]
    lengths: Indices
    words: str

    def __len__(self) -> int:
        return len(self.lengths)

    def take(self, which: Indices, first: int, last: int, rest: Array) -> Array:
        """Inputs (steps, len(which), m) at steps `first` to `last`; a sequence that has ended continues with `rest`."""
        last = min(last, int(self.lengths[which].max()))
        taken = np.empty((max(last - first, 0), len(which), self.parts[0].shape[-1]))
        taken[:] = rest
        for column, k in enumerate(which):
            part, place = (self.parts[0], k) if len(self.parts) == 1 else (self.parts[k], 0)
            rows = part[first : min(last, self.lengths[k]), place]
            taken[: len(rows), column] = rows
        return taken

    def cut(self, steps: int) -> Sequences:
        """The first `steps` steps of every sequence."""
        return replace(self, lengths=np.minimum(self.lengths, steps))

    def largest(self, context: Array) -> float:
        """Largest entry of all inputs in modulus, measured from `context`; everything is read once, and must be finite."""
        largest = 0.0
        for number, part in enumerate(self.parts):
            offset = number if len(self.parts) > 1 else 0  # of the first column
            for t, k, block in _pieces(part):
                here = np.arange(t, t + len(block))[:, None] < self.lengths[offset + k : offset + k + block.shape[1]]
                sizes = np.abs(block.astype(np.float64) - context)
                sizes = sizes if here.all() else np.where(here[..., None], sizes, 0.0)
                top = float(sizes.max(initial=0.0))  # NaN wins
                if not np.isfinite(top):
                    step, column = (int(i) for i in np.argwhere(~np.isfinite(sizes))[0, :2])
                    raise InvalidInput(
                        f"`inputs` must be finite; step {t + step} of sequence {offset + k + column} is {block[step, column]}."
                    )
                largest = max(largest, top)
        return largest


def sequences_of(
    input_dim: int, inputs: Any, lengths: Any, context: Array, rng: np.random.Generator, batch_first: bool
) -> Sequences:
    """What the user gave as sequences, or sampled pulses around `context` if that is nothing.

    Raises
    ------
    InvalidInput
        On shapes that do not fit, empty sequences, complex numbers or words.
    """
    if inputs is None:
        if lengths is not None:
            raise InvalidInput("`lengths` are those of `inputs`: give both.")
        return _sampled(input_dim, context, rng)
    if isinstance(inputs, (list, tuple)) and inputs and all(getattr(item, "ndim", 0) == 2 for item in inputs):
        if lengths is not None:
            raise InvalidInput("a list of sequences has its lengths already: leave `lengths` out.")
        parts = tuple(_checked(f"inputs[{k}]", item, input_dim)[:, None, :] for k, item in enumerate(inputs))
        steps = np.array([len(part) for part in parts])
        return Sequences(parts, steps, _words(steps))
    array = _checked("inputs", inputs, input_dim)
    if array.ndim not in (2, 3):
        raise InvalidInput(f"`inputs` must have shape (T, m) or (T, sequences, m), or be a list of (T, m); got {array.shape}.")
    array = array[:, None, :] if array.ndim == 2 else np.swapaxes(array, 0, 1) if batch_first else array
    steps = _lengths(lengths, *array.shape[:2])
    return Sequences((array,), steps, _words(steps))


def _checked(name: str, value: Any, input_dim: int) -> NDArray[Any]:
    """`value` as an array of real numbers with the right last axis and no empty axis, not copied where it is an array."""
    try:
        array = np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise InvalidInput(f"`{name}` must be an array of real numbers, or a list of arrays (T, m) ({error}).") from None
    if array.dtype.kind not in "fiub":
        array = finite_array(name, value)
    if array.ndim == 0 or array.shape[-1] != input_dim:
        raise InvalidInput(
            f"`{name}` must have {input_dim} (the network's input dimension) as its last axis; got shape {array.shape}."
        )
    if 0 in array.shape[:-1]:
        raise InvalidInput(f"`{name}` is empty (shape {array.shape}): a sequence has at least one step.")
    return array


def _lengths(lengths: Any, steps: int, count: int) -> Indices:
    """The given lengths checked against an array of `count` sequences of `steps` steps; all of them whole by default."""
    if lengths is None:
        return np.full(count, steps, dtype=np.int64)
    given = finite_array("lengths", lengths)
    whole = given.astype(np.int64)
    if given.shape != (count,) or not np.array_equal(whole, given):
        raise InvalidInput(f"`lengths` must be {count} whole numbers, one a sequence; got shape {given.shape}.")
    wrong = np.flatnonzero((whole < 1) | (whole > steps))
    if len(wrong):
        raise InvalidInput(
            f"`lengths` must be from 1 to {steps} (the steps of `inputs`); sequence {wrong[0]} has {whole[wrong[0]]}."
        )
    return whole


def _words(lengths: Indices) -> str:
    count, least, most = len(lengths), int(lengths.min()), int(lengths.max())
    span = f"{most} step{'s' * (most != 1)}" if least == most else f"{least} to {most} steps"
    return f"{count} given sequence{'s' * (count != 1)} of {span}"


def _sampled(input_dim: int, context: Array, rng: np.random.Generator) -> Sequences:
    if input_dim == 0:  # there is only one run from the zero state
        return Sequences((np.zeros((STEPS, 1, 0)),), np.array([STEPS]), f"1 run of {STEPS} steps (the network has no inputs)")
    shape = (STEPS, SEQUENCES, input_dim)
    pulses = rng.choice([-1.0, 0.0, 1.0], size=shape, p=[PULSE / 2, 1 - PULSE, PULSE / 2])
    around = " around the context" if context.any() else ""
    words = f"{SEQUENCES} sampled sequences of {STEPS} steps (each channel +1 or -1 with probability {PULSE}{around})"
    return Sequences((context + pulses,), np.full(SEQUENCES, STEPS), words)


def _pieces(part: NDArray[Any]) -> Iterator[tuple[int, int, NDArray[Any]]]:
    """Blocks of an array (T, N, m) in the order in which it lies in memory, each with its first step and column."""
    T, N, m = part.shape
    by_time = part.strides[0] >= part.strides[1]
    inner = min(max(PIECE // max(m, 1), 1), N if by_time else T)
    outer = max(PIECE // max(inner * m, 1), 1)
    rows, columns = (outer, inner) if by_time else (inner, outer)
    corners = [(t, k) for t in range(0, T, rows) for k in range(0, N, columns)]
    for t, k in corners if by_time else sorted(corners, key=lambda corner: corner[::-1]):
        yield t, k, part[t : t + rows, k : k + columns]
