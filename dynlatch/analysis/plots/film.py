"""Pictures of a film strip: the portrait at several times on common axes, and the horizons over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.audit_states import plot_states, principal_plane
from dynlatch.analysis.plots.plane import Plane
from dynlatch.analysis.plots.style import COLOURS, axes
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.analysis.audit.film import AuditFilm, AuditFrame

HORIZONS = {
    "h95": ("attracting", "h_95: 95 % of the gradient"),
    "h50": ("gamma", "h_50: half of it"),
    "half_life": ("repelling", "longest half-life at rest"),
}
MARGIN = 0.06


def common_plane(film: AuditFilm) -> Plane:
    """The principal components of all states of all frames: one pair of axes for the whole film."""
    pooled = [*(_states(frame) for frame in film.audited)]
    return principal_plane(np.concatenate(pooled), film.coordinates)


def common_frame(film: AuditFilm, plane: Plane) -> tuple[Array, Array]:
    """Lower and upper corner of the picture that holds every frame."""
    where = np.concatenate([plane.of(_states(frame)) for frame in film.audited])
    lo, hi = where.min(0), where.max(0)
    room = MARGIN * np.maximum(hi - lo, 1e-9) + 1e-12
    return lo - room, hi + room


def _states(frame: AuditFrame) -> Array:
    runs = frame.trajectories.reshape(-1, frame.trajectories.shape[-1])
    return np.concatenate([runs, *frame.memories, frame.others])


def plot_frame(frame: AuditFrame, plane: Plane, corners: tuple[Array, Array], *, ax: Axes | None = None) -> Axes:
    """One portrait of the film."""
    ax = plot_states(frame.trajectories, frame.memories, plane, others=frame.others, ax=ax)
    if plane.rows.shape[1] > 1:
        ax.set_aspect("auto")
        ax.set(xlim=(corners[0][0], corners[1][0]), ylim=(corners[0][1], corners[1][1]))
    else:
        ax.set_ylim(corners[0][0], corners[1][0])
    ax.set(xlabel="", ylabel="")
    ax.set_title(frame.name, loc="left")
    return ax


def plot_horizons(film: AuditFilm, *, ax: Axes | None = None) -> Axes:
    """How far back gradients reach, over the audits."""
    ax = axes(ax, size=(6.4, 3.6))
    for key, (colour, label) in HORIZONS.items():
        values = _finite(film.track(key))
        if np.isfinite(values).any():
            ax.plot(np.arange(len(values)), values, "o-", color=COLOURS[colour], markersize=4.0, linewidth=1.5, label=label)
    ax.set_ylim(bottom=0.0)
    ax.set_ylabel("steps")
    _names(ax, film)
    if ax.lines:
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False, fontsize=9, columnspacing=1.2)
    return ax


def plot_track(film: AuditFilm, keys: Sequence[str], label: str, *, ax: Axes | None = None) -> Axes:
    """One number over the audits; two are the ends of an interval."""
    ax = axes(ax, size=(6.4, 2.4))
    values = [_finite(film.track(key)) for key in keys]
    for row in values:
        ax.plot(np.arange(len(row)), row, "o-", color=COLOURS["attracting"], markersize=4.0, linewidth=1.5)
    if len(values) == 2:
        ax.fill_between(np.arange(len(values[0])), values[0], values[1], color=COLOURS["gamma"], alpha=0.25, linewidth=0)
    ax.set_ylabel(label)
    _names(ax, film)
    return ax


def _finite(track: Sequence[float | None]) -> Array:
    """For lines that break where there is nothing to draw."""
    values = np.array([np.nan if value is None else value for value in track], dtype=np.float64)
    return np.where(np.isfinite(values), values, np.nan)


def _names(ax: Axes, film: AuditFilm) -> None:
    """Names of the audits along the axis, as many as have room."""
    count = len(film.frames)
    shown = np.arange(0, count, max(1, -(-count // 8)))
    ax.set_xticks(
        shown, [film.frames[i].name for i in shown], rotation=30 if count > 4 else 0, ha="right" if count > 4 else "center"
    )
    ax.set_xlim(-0.4, max(count - 1, 0) + 0.4)
