"""Random numbers inside kernels: NumPy's SFC64, one state a lane.

Row l of `state` (L, 4) is the state of `numpy.random.SFC64`; `uniform` gives the very doubles of `Generator.random`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dynlatch.lanes.compiling import kernel

ONE, THREE, ELEVEN, TWENTY_FOUR, FORTY = (np.uint64(k) for k in (1, 3, 11, 24, 40))
UNIT = 1.0 / 9007199254740992.0  # 2^-53


def states(seeds: Sequence[np.random.SeedSequence]) -> NDArray[np.uint64]:
    """The states of SFC64 seeded by each of `seeds`, shape (L, 4)."""
    rows = [np.random.SFC64(seed).state["state"]["state"] for seed in seeds]
    return np.array(rows, dtype=np.uint64).reshape(-1, 4)


@kernel
def uniform(state, lane):  # type: ignore[no-untyped-def]
    """The next double of the lane, uniform on [0, 1)."""
    a, b, c, counter = state[lane, 0], state[lane, 1], state[lane, 2], state[lane, 3]
    drawn = a + b + counter
    state[lane, 0] = b ^ (b >> ELEVEN)
    state[lane, 1] = c + (c << THREE)
    state[lane, 2] = ((c << TWENTY_FOUR) | (c >> FORTY)) + drawn
    state[lane, 3] = counter + ONE
    return np.float64(drawn >> ELEVEN) * UNIT


@kernel
def integer(state, lane, below):  # type: ignore[no-untyped-def]
    """An integer of 0 .. below - 1."""
    return min(int(uniform(state, lane) * below), below - 1)


@kernel
def normal(state, lane):  # type: ignore[no-untyped-def]
    """A standard normal number (polar method of Marsaglia and Bray 1964, the second of the pair thrown away)."""
    while True:
        v = 2.0 * uniform(state, lane) - 1.0
        w = 2.0 * uniform(state, lane) - 1.0
        s = v * v + w * w
        if 0.0 < s < 1.0:
            return v * math.sqrt(-2.0 * math.log(s) / s)
