"""The box that holds every cycle of a map, where structure knows one."""

from __future__ import annotations

from typing import Any

import numpy as np

from dynlatch.analysis.trapping import trapping_box
from dynlatch.errors import InvalidInput
from dynlatch.intervals import Box
from dynlatch.maps import Map
from dynlatch.validation import box_of


def region(map: Map, bounds: tuple[Any, Any] | None) -> tuple[Box, bool]:
    """The box to search, and whether it is known to hold every cycle (so that the indices must sum to +1)."""
    own = trapping_box(map)
    if bounds is None:
        if own is None:
            raise InvalidInput(
                f"the structure of {type(map).__name__} does not bound its orbits: give `bounds=(lo, hi)`, each a number "
                f"or {map.dim} numbers."
            )
        return own, True
    lo, hi = box_of(bounds, map.dim)
    return (lo, hi), own is not None and bool(np.all(lo <= own[0]) and np.all(hi >= own[1]))
