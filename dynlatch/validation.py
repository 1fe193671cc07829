"""The checks at the boundary: each takes what the user gave and returns it clean, or says what is wrong with it."""

from __future__ import annotations

import operator
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InvalidInput

if TYPE_CHECKING:
    from dynlatch.maps import Map

Array: TypeAlias = NDArray[np.float64]
Word = TypeVar("Word", bound=StrEnum)

FARTHEST = 1e150  # a state whose square still is finite


def finite_array(name: str, value: Any, *, ndim: int | None = None) -> Array:
    """`value` as a new read-only float64 array with only finite entries.

    Raises
    ------
    InvalidInput
        If `value` is not numeric, has another number of axes than `ndim`, or holds NaN or infinity.
    """
    try:
        # Asked first: NumPy would drop the imaginary part with no more than a warning.
        if np.iscomplexobj(value):
            raise InvalidInput(f"`{name}` must be real; got complex numbers.")
        array = np.array(value, dtype=np.float64)
    except InvalidInput:
        raise
    except (TypeError, ValueError) as error:
        kind = type(value).__name__
        raise InvalidInput(f"`{name}` must be an array of real numbers; got {kind} ({error}).") from None
    if ndim is not None and array.ndim != ndim:
        raise InvalidInput(f"`{name}` must have {ndim} axes; got shape {array.shape}.")
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        where = tuple(int(i) for i in bad[0])
        raise InvalidInput(f"`{name}` must be finite; got {array[where]} at index {where} ({len(bad)} such entries).")
    array.setflags(write=False)
    return array


def shaped_array(name: str, value: Any, shape: tuple[int, ...]) -> Array:
    """`value` as a finite array of exactly `shape`."""
    array = finite_array(name, value)
    if array.shape != shape:
        raise InvalidInput(f"`{name}` must have shape {shape}; got {array.shape}.")
    return array


def square_matrix(name: str, value: Any) -> Array:
    """`value` as a finite, non-empty square matrix."""
    array = finite_array(name, value, ndim=2)
    if array.shape[0] != array.shape[1] or array.shape[0] == 0:
        raise InvalidInput(f"`{name}` must be a square matrix with at least one row; got shape {array.shape}.")
    return array


def finite_number(name: str, value: Any) -> float:
    """`value` as a finite Python float."""
    return float(shaped_array(name, value, ()))


def count(name: str, value: Any, *, least: int = 0) -> int:
    """`value` as an integer of at least `least`."""
    try:
        number = operator.index(value)
    except TypeError:
        raise InvalidInput(f"`{name}` must be an integer of at least {least}; got {value!r}.") from None
    if number < least:
        raise InvalidInput(f"`{name}` must be at least {least}; got {number}.")
    return number


def positive_number(name: str, value: Any) -> float:
    """`value` as a finite float above zero."""
    number = finite_number(name, value)
    if not number > 0:
        raise InvalidInput(f"`{name}` must be positive; got {number}.")
    return number


def non_negative_number(name: str, value: Any) -> float:
    """`value` as a finite float of at least zero."""
    number = finite_number(name, value)
    if number < 0:
        raise InvalidInput(f"`{name}` must not be negative; got {number}.")
    return number


def word(name: str, value: Any, words: type[Word]) -> Word:
    """`value` as a member of the enumeration `words`; its text is as good."""
    try:
        return words(value)
    except ValueError:
        raise InvalidInput(f"`{name}` must be {' or '.join(repr(str(w)) for w in words)}; got {value!r}.") from None


def states(map: Map, value: Any, name: str = "a0") -> Array:
    """`value` as states of `map`, shape (..., n)."""
    return _last_axis(name, finite_array(name, value), map.dim, "the map's dimension")


def inputs_of(map: Map, value: Any, name: str = "inputs") -> Array:
    """`value` as an input sequence of `map`, time first: shape (T, ..., m), T >= 1."""
    array = _last_axis(name, finite_array(name, value), map.input_dim, "the map's input dimension")
    if array.ndim < 2:
        raise InvalidInput(f"`{name}` must be time first, shape (T, ..., {map.input_dim}); got shape {array.shape}.")
    if 0 in array.shape[:-1]:
        raise InvalidInput(f"`{name}` is empty (shape {array.shape}): give at least one time step.")
    return array


def box_of(bounds: Any, n: int) -> tuple[Array, Array]:
    """`bounds=(lo, hi)`, each a number or n numbers, as a box: two arrays (n,) with lo < hi.

    Raises
    ------
    InvalidInput
        On anything else, and on boxes whose size cannot be squared in float64.
    """
    try:
        lo, hi = (shaped_array("bounds", np.broadcast_to(finite_array("bounds", end), (n,)), (n,)) for end in bounds)
    except InvalidInput:
        raise
    except (TypeError, ValueError):
        raise InvalidInput(f"`bounds` must be (lo, hi), each a number or {n} numbers; got {bounds!r}.") from None
    if not np.all(lo < hi):
        raise InvalidInput("`bounds` must be (lo, hi) with lo < hi in every component.")
    if max(np.abs(lo).max(), np.abs(hi).max()) > FARTHEST:
        raise InvalidInput(f"`bounds` are wider than float64 can work with: they may reach as far as {FARTHEST:g}.")
    return lo, hi


def _last_axis(name: str, array: Array, size: int, meaning: str) -> Array:
    if array.ndim == 0 or array.shape[-1] != size:
        raise InvalidInput(f"`{name}` must have {size} ({meaning}) as its last axis; got shape {array.shape}.")
    return array
