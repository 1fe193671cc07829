"""What becomes of a state: the independent replay that decides whether a shock is fatal."""

from __future__ import annotations

import numpy as np

from dynlatch.analysis.escape.shock.search import NEUTRAL
from dynlatch.analysis.escape.witness import rest
from dynlatch.linalg import spectral_radius
from dynlatch.maps import Map, SmoothMap
from dynlatch.validation import Array

FAR = 1e100
DRAWN = 400  # states of the path that is kept
WATCHED = 64  # states of a set on which the orbit never rests


def aftermath(map: Map, orbit: Array, a: Array) -> tuple[Array, Array | None, bool]:
    """The states after a shock, where they end (None: out of all bounds), and whether that is the attractor."""
    scale = 1.0 + float(np.abs(orbit).max())
    with np.errstate(over="ignore", invalid="ignore"):
        path = _orbit(map, a, DRAWN)
        if not np.isfinite(path[-1]).all():
            return path[:-1], None, False
        end, period = rest(map, path[-1])
    if not np.abs(end).max() < FAR:
        return path, None, False
    around = _orbit(map, end, period or WATCHED)
    away = float(np.abs(around[:, None] - orbit).max(-1).min())
    back = away <= (1e-6 if period is not None else 1e-2) * scale
    far = np.flatnonzero(np.abs(path[:, None] - around).max(-1).min(-1) > 1e-3 * scale)
    shown = path[: far[-1] + 3 if len(far) else 2]
    return shown, end, back or (period == 1 and _on_saddle(map, end))


def _orbit(map: Map, a: Array, steps: int) -> Array:
    """States (T + 1, n), the last not finite where the state leaves all bounds."""
    visited = [a]
    for _ in range(steps):
        visited.append(map.step(visited[-1]))
        if not np.abs(visited[-1]).max() < FAR:
            visited[-1] = np.full_like(a, np.inf)
            break
    return np.stack(visited)


def _on_saddle(map: Map, a: Array) -> bool:
    """Whether a state at rest is there by a coincidence of rounding, so that a hair more decides."""
    return isinstance(map, SmoothMap) and bool(spectral_radius(map.jacobian(a)) > 1.0 + NEUTRAL)
