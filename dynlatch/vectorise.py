"""A user's function on batches, whether it was written for one state or for many."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InvalidInput

Numbers: TypeAlias = NDArray[Any]  # float64, or complex128 for the complex step
Function: TypeAlias = Callable[[Any, Any], Any]

FEW = 4  # states that are always looped over
PROBES = 32
AGREEMENT = 1e-9  # of a batch with a loop, relative to the largest value


class _TruthAsked(Exception):
    """A branch was taken for a whole batch at once."""


class _Guarded(np.ndarray[Any, np.dtype[Any]]):
    """An array that refuses to be true or false: a branch on it would decide for every state of the batch together."""

    def __bool__(self) -> bool:
        raise _TruthAsked


class Vectorised:
    """`function(a, u)` with result shape `core`, applied to states (..., n) and inputs (..., m) of the same batch axes.

    At the first batch of more than a few states the function is tried on several states at once, and compared with a
    loop over them; from then on it is called in the way that works. A branch on the values of the batch counts as not
    working. A function written in components (`a[0]`, `W @ a`) often works on states stored as columns: that is tried second.
    Every batch call is checked at two of its states, other ones each time: a function that hid such a branch
    (by leaving NumPy on the way) is looped over as soon as it shows there. The function sees copies, with one batch
    axis at most.
    """

    __slots__ = ("columns", "core", "function", "name", "together", "turn")

    def __init__(self, function: Function, core: tuple[int, ...], name: str) -> None:
        self.function = function
        self.core = core
        self.name = name
        self.together: bool | None = None  # None: not tried yet
        self.columns = False  # whether batches are handed over as (n, K) and come back as (*core, K)
        self.turn = 0

    def __call__(self, a: Numbers, u: Numbers) -> Numbers:
        """Values of shape (..., *core), all finite."""
        values = self.raw(a, u)
        bad = np.argwhere(~np.isfinite(values))
        if len(bad):
            where = tuple(bad[0][: a.ndim - 1])
            raise InvalidInput(
                f"`{self.name}` gave {values[tuple(bad[0])]} at {_point(a[where], u[where])}: it must be finite there; "
                "keep states and inputs inside its domain."
            )
        return values

    def raw(self, a: Numbers, u: Numbers) -> Numbers:
        """The same without the check that the values are finite."""
        batch = a.shape[:-1]
        if not batch:
            return self._one(a, u)
        size = math.prod(batch)
        if size == 0:
            return np.empty((*batch, *self.core), dtype=a.dtype)
        rows, inputs = a.reshape(size, a.shape[-1]), u.reshape(size, u.shape[-1])
        if size <= FEW:
            return self.loop(rows, inputs).reshape(*batch, *self.core)
        if self.together is None:
            self.together = self._works_together(rows.real, inputs.real)
        values = self._checked_batch(rows, inputs) if self.together else None
        return (self.loop(rows, inputs) if values is None else values).reshape(*batch, *self.core)

    def loop(self, rows: Numbers, inputs: Numbers) -> Numbers:
        """One call a state; shape (K, *core)."""
        return np.stack([self._one(a, u) for a, u in zip(rows, inputs, strict=True)])

    def _one(self, a: Numbers, u: Numbers) -> Numbers:
        return self._shaped(_quietly(self.function, a, u), self.core, a, u)

    def _shaped(self, result: Any, shape: tuple[int, ...], a: Numbers, u: Numbers) -> Numbers:
        try:
            values = np.array(result)
            exact = values.shape == shape and np.issubdtype(values.dtype, np.number)
        except ValueError:
            exact, values = False, np.array(np.nan)
        if not exact or (np.iscomplexobj(values) and not np.iscomplexobj(a) and not np.iscomplexobj(u)):
            raise InvalidInput(
                f"`{self.name}` must return real numbers of shape {shape} for a state of shape {a.shape}; it gave "
                f"{_describe(result)} at {_point(a, u)}."
            )
        return values.astype(np.result_type(a, u, np.float64))

    def _checked_batch(self, rows: Numbers, inputs: Numbers) -> Numbers | None:
        """The batch in one call; None, and loops from now on, if it is wrong at the states whose turn it is."""
        try:
            values = self._shaped(self._plain(rows, inputs), (len(rows), *self.core), rows, inputs)
        except Exception:  # the loop below raises it again if a single state is the reason
            values = None
        turns = (np.array([0, len(rows) // 2]) + self.turn) % len(rows)
        self.turn += 1
        if values is not None and _same(values[turns].real, self.loop(rows[turns], inputs[turns]).real):
            return values
        self.together = False
        return None

    def _works_together(self, rows: Numbers, inputs: Numbers) -> bool:
        """Whether the function gives on several states at once what it gives on each."""
        a, u = _probes(rows), _probes(inputs)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                apart = self.loop(a, u)
        except Exception:  # of single states: raised again when they are asked for in earnest
            return False
        for columns in (False, True):
            self.columns = columns
            if self._agrees(a, u, apart):
                return True
        return False

    def _agrees(self, a: Numbers, u: Numbers, apart: Numbers) -> bool:
        shape = (len(a), *self.core)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return all(_same(self._shaped(call(a, u), shape, a, u), apart) for call in (self._guarded, self._plain))
        except Exception:  # whatever a function for one state says to a batch
            return False

    def _plain(self, a: Numbers, u: Numbers) -> Any:
        return self._called(self.function, a, u)

    def _called(self, function: Function, a: Numbers, u: Numbers) -> Any:
        if not self.columns:
            return _quietly(function, a, u)
        values = np.asarray(_quietly(function, np.ascontiguousarray(a.T), np.ascontiguousarray(u.T)))
        return np.moveaxis(values, -1, 0) if values.ndim else values

    def _guarded(self, a: Numbers, u: Numbers) -> Any:
        try:
            return np.array(self._called(lambda x, y: self.function(x.view(_Guarded), y.view(_Guarded)), a, u))
        except _TruthAsked:
            raise
        except Exception:  # a compiled function, say, which knows only plain arrays
            return self._plain(a, u)


def _quietly(function: Function, a: Numbers, u: Numbers) -> Any:
    # The values are checked; overflow warnings of NumPy would say the same without naming the point.
    with np.errstate(all="ignore"):
        return function(a.copy(), u.copy())


def _probes(rows: Numbers) -> Numbers:
    """Some of the rows, and as many beside them: rows that are all alike would not show a mix-up."""
    chosen = rows[np.linspace(0, len(rows) - 1, min(len(rows), PROBES)).astype(int)]
    beside = np.concatenate([chosen, chosen[:1], chosen[:1], chosen[:1]])
    shift = 0.01 * np.sin(1.0 + np.arange(beside.size, dtype=np.float64)).reshape(beside.shape)
    return np.concatenate([chosen, beside * (1.0 + shift) + shift])


def _same(x: Numbers, y: Numbers) -> bool:
    """Whether two real arrays are equal to rounding, and not finite in the same places."""
    finite = np.isfinite(y)
    if not np.array_equal(finite, np.isfinite(x)):
        return False
    largest = np.max(np.abs(y[finite]), initial=1e-6)
    return bool(np.all(np.abs(x[finite] - y[finite]) <= AGREEMENT * largest))


def _point(a: Numbers, u: Numbers) -> str:
    text = f"a = {np.array2string(np.asarray(a).real, threshold=8)}"
    return text if not np.size(u) else f"{text}, u = {np.array2string(np.asarray(u).real, threshold=8)}"


def _describe(result: Any) -> str:
    shape = getattr(result, "shape", None)
    kind = type(result).__name__
    return kind if shape is None else f"{kind} of shape {shape} and type {getattr(result, 'dtype', '?')}"
