"""The attractor argument that several verbs take: checked, polished by Newton, refused if it does not attract."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from dynlatch.analysis.fixed_points import FixedPoint
from dynlatch.analysis.fixed_points.newton import newton_step
from dynlatch.errors import InvalidInput, NotAttracting
from dynlatch.linalg import spectra
from dynlatch.maps import Map, require_smooth
from dynlatch.validation import Array, finite_array

POLISHING_STEPS = 20
FAR = 1e-3  # a polished point further than this from the given one (relative to its size) is another point


class Attractor(NamedTuple):
    """A fixed point that attracts, with the modulus of its largest multiplier."""

    point: Array
    spectral_radius: float


def polish(map: Map, point: Any, verb: str) -> Attractor:
    """The fixed point that `point` approximates, whatever its stability.

    Raises
    ------
    InvalidInput
        If Newton's method from `point` leads nowhere or elsewhere.
    """
    smooth = require_smooth(map, verb)
    given = finite_array("attractor", point.point if isinstance(point, FixedPoint) else point)
    if given.shape != (map.dim,):
        raise InvalidInput(f"`attractor` must be a state of shape ({map.dim},); got shape {given.shape}.")
    x = given[None, :]
    for _ in range(POLISHING_STEPS):
        correction = newton_step(x, smooth.step(x) - x, smooth.jacobian(x))
        if not np.isfinite(correction).all() or np.abs(correction).max() <= 1e-15 * (1.0 + np.abs(x).max()):
            break
        x = x + correction
    moved = float(np.abs(x[0] - given).max())
    residual = float(np.abs(smooth.step(x) - x).max())
    if not (moved <= FAR * (1.0 + np.abs(given).max()) and residual <= 1e-9 * (1.0 + np.abs(x).max())):
        raise InvalidInput(
            f"`attractor` is not near a fixed point: one step moves it by {np.abs(smooth.step(given) - given).max():.3g}. "
            "Find one with `fixed_points(map).attractors`."
        )
    return Attractor(x[0], float(np.abs(spectra(smooth.jacobian(x))[0, 0])))


def attracting(map: Map, point: Any, verb: str) -> Attractor:
    """As `polish`, and refused unless the largest multiplier lies inside the unit circle."""
    found = polish(map, point, verb)
    if found.spectral_radius >= 1.0:
        raise NotAttracting(
            f"`attractor` has a multiplier of modulus {found.spectral_radius:.12g}; an attractor needs all of them below 1. "
            "`fixed_points(map).attractors` lists those that attract."
        )
    return found
