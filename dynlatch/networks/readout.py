"""The linear readout that a trained network brings along."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from dynlatch.validation import Array, finite_array, shaped_array


class Readout(NamedTuple):
    """`y = matrix @ output + bias`."""

    matrix: Array
    bias: Array

    def __call__(self, output: Array) -> Array:
        return output @ self.matrix.T + self.bias


def as_readout(value: Any, width: int) -> Readout | None:
    """`value` as a checked readout of `width` outputs, or None. The bias may be left out."""
    if value is None:
        return None
    matrix, bias = value
    matrix = finite_array("readout matrix", matrix, ndim=2)
    matrix = shaped_array("readout matrix", matrix, (len(matrix), width))
    bias = np.zeros(len(matrix)) if bias is None else bias
    return Readout(matrix, shaped_array("readout bias", bias, (len(matrix),)))
