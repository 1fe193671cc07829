"""One entry of a mapping: a tensor, an array or nested lists, as a checked float64 array."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from dynlatch.errors import InvalidInput
from dynlatch.reading import LARGEST
from dynlatch.validation import Array, finite_array

SHORT = frozenset({"float16", "bfloat16"})
QUANTISED = frozenset({"int8", "uint8", "int4", "uint4", "int2", "uint2"})
STORED = "stored as"  # key of the metadata of a dtype, for numbers that were widened while they were read


def as_array(name: str, value: Any, *, ndim: int | None = None) -> Array:
    """`value` as a finite float64 array. A tensor is known by its methods: torch need not be there."""
    # A tensor may declare any size over a storage of one number (stride 0): look before converting.
    if math.prod(shape_of(value)) * 8 > LARGEST:
        raise InvalidInput(f"`{name}` declares shape {shape_of(value)}, which is too large to be a recurrent weight.")
    kind = type_of(value)
    if "complex" in kind:
        raise InvalidInput(f"`{name}` must be real; got complex numbers.")
    if kind in QUANTISED or kind.startswith(("q", "float8", "float4")):
        raise InvalidInput(f"`{name}` holds {kind} numbers: quantised weights need their scale; dequantise them to float32.")
    try:
        numbers = value.detach().cpu().double().numpy() if hasattr(value, "detach") else value
        with np.errstate(invalid="ignore"):  # signalling NaNs: refused, like all others
            return finite_array(name, numbers, ndim=ndim)
    except (RuntimeError, TypeError) as error:  # sparse, quantised and meta tensors
        raise InvalidInput(f"`{name}` has no plain numbers ({type(error).__name__}): pass a dense tensor.") from None


def type_of(value: Any) -> str:
    """The name of the numbers' type, as NumPy has it (`float32`); empty where nothing says it, as with nested lists."""
    dtype = getattr(value, "dtype", None)
    metadata = getattr(dtype, "metadata", None)
    stored = metadata.get(STORED) if isinstance(metadata, Mapping) else None
    return str(stored or dtype or "").removeprefix("torch.")


def precisions(values: Iterable[Any]) -> frozenset[str]:
    """The types among `values` that have few digits."""
    return frozenset(type_of(value) for value in values) & SHORT


def widened(bits: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """bfloat16, given as the upper half of a float32 in uint16, as float32 that remembers where it came from."""
    kind = np.dtype(np.float32, metadata={STORED: "bfloat16"})
    return (bits.astype(np.uint32) << 16).view(kind)


def shape_of(value: Any) -> tuple[int, ...]:
    """The shape that an array, a tensor or nested lists declare."""
    try:
        return tuple(int(size) for size in getattr(value, "shape", None) or np.shape(value))
    except (TypeError, ValueError):  # a ragged list: its conversion will say so
        return ()
