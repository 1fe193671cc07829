"""The compiled pass over the edges of a component graph. Imported only where it is used: Numba is slow to load."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray


@numba.njit(cache=True)  # type: ignore[misc,untyped-decorator,unused-ignore]
def carry(reach: NDArray[np.uint64], sources: NDArray[Any], targets: NDArray[Any]) -> None:
    """`reach[source] |= reach[target]` edge after edge, in place."""
    for edge in range(len(sources)):
        reach[sources[edge]] |= reach[targets[edge]]
