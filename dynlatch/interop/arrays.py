"""One entry of a mapping: a tensor, an array or nested lists, as a checked float64 array."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dynlatch.errors import InvalidInput
from dynlatch.interop.files import LARGEST
from dynlatch.validation import Array, finite_array


def as_array(name: str, value: Any, *, ndim: int | None = None) -> Array:
    """`value` as a finite float64 array. A tensor is known by its methods: torch need not be there."""
    # A tensor may declare any size over a storage of one number (stride 0): look before converting.
    if math.prod(shape_of(value)) * 8 > LARGEST:
        raise InvalidInput(f"`{name}` declares shape {shape_of(value)}, which is too large to be a recurrent weight.")
    if "complex" in str(getattr(value, "dtype", "")):
        raise InvalidInput(f"`{name}` must be real; got complex numbers.")
    try:
        numbers = value.detach().cpu().double().numpy() if hasattr(value, "detach") else value
        return finite_array(name, numbers, ndim=ndim)
    except (RuntimeError, TypeError) as error:  # sparse, quantised and meta tensors
        raise InvalidInput(f"`{name}` has no plain numbers ({type(error).__name__}): pass a dense tensor.") from None


def shape_of(value: Any) -> tuple[int, ...]:
    """The shape that an array, a tensor or nested lists declare."""
    try:
        return tuple(int(size) for size in getattr(value, "shape", None) or np.shape(value))
    except (TypeError, ValueError):  # a ragged list: its conversion will say so
        return ()
