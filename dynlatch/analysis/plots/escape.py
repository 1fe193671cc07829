"""The picture of an escape: the extreme trajectory above, the input that drives it beneath."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.palette import MARKER, tints
from dynlatch.analysis.plots.plane import plane_of
from dynlatch.analysis.plots.style import COLOURS, axes
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.analysis.escape import EscapeThreshold

INK = "#222222"
LINES = 6  # inputs drawn as lines; more are a heat map
TAIL = 60  # states after the input, of a path of which only the end was kept
WHOLE = 120  # steps up to which all of the input is shown
LEAST, MOST = 30, 40  # of a longer one, the last so many
SAME = 1e-2  # relative difference from the first input up to which a long one has not begun to turn


def plot_escape(escape: EscapeThreshold, *, ax: Axes | None = None) -> Axes:
    """States under the escaping input and after it, and beneath them the input against time.

    On a given `ax` only the states are drawn; `plot_input` draws the input.
    """
    if ax is not None:
        return plot_path(escape, axes(ax))
    import matplotlib.pyplot as plt

    _, (above, below) = plt.subplots(2, 1, figsize=(6.4, 6.8), layout="constrained", height_ratios=(2.4, 1.0))
    plot_input(escape, axes(below))
    return plot_path(escape, axes(above))


def plot_path(escape: EscapeThreshold, ax: Axes) -> Axes:
    """The extreme trajectory: a cobweb of a single unit, a path in the plane or in its first two principal directions."""
    assert escape.witness is not None
    if len(escape.attractor) == 1:
        _cobweb(escape, ax)
    else:
        _plane(escape, ax)
    value = f"{escape.upper:.5g}" if escape.exact else f"{escape.lower:.4g} to {escape.upper:.4g}"
    ax.set_title(f"u* = {value}" if escape.exact else f"u*: {value}", fontsize=11)
    ax.legend(loc="best", frameon=False, fontsize=9)
    return ax


def _parts(escape: EscapeThreshold) -> tuple[Array, Array]:
    """The states while the input is on, and from its last step on."""
    assert escape.witness is not None
    assert escape.path is not None
    tail = len(escape.path) - 1 - len(escape.witness)
    off = len(escape.path) - 1 - (tail if tail > 0 else TAIL)
    return escape.path[: off + 1], escape.path[off:]


def _cobweb(escape: EscapeThreshold, ax: Axes) -> None:
    """Next state against state: under the input the points lie on the shifted map, without it on the map itself."""
    driven, silent = (part[:, 0] for part in _parts(escape))
    seen = np.concatenate([driven, silent[1:]])
    margin = 0.08 * float(seen.max() - seen.min())
    ends = np.array([seen.min() - margin, seen.max() + margin])
    ax.plot(ends, ends, color=COLOURS["neutral"], lw=1.0, label="next = now")
    for states, colour, label in ((driven, COLOURS["escape"], "input on"), (silent, INK, "input off")):
        stairs = np.repeat(states, 2)
        ax.plot(stairs[:-1], stairs[1:], color=colour, lw=0.9, alpha=0.7)
        ax.plot(states[:-1], states[1:], "o", color=colour, ms=3.5, label=label)
    home = escape.attractor[0]
    ax.plot(home, home, "o", color=COLOURS["attracting"], ms=9, mec="white", label="attractor", zorder=5)
    if escape.destination is not None:
        _diamond(ax, np.array([seen[-1], seen[-1]]))
    ax.set(xlabel=f"{escape.coordinates}, now", ylabel=f"{escape.coordinates}, next", xlim=ends, ylim=ends)


def _plane(escape: EscapeThreshold, ax: Axes) -> None:
    driven, silent = _parts(escape)
    # Of a long creep along a bottleneck, places count and not how long they take.
    plane = plane_of(_spread(np.concatenate([driven, silent[1:]])), escape.coordinates)
    for states, colour, label in ((driven, COLOURS["escape"], "input on"), (silent, INK, "input off")):
        ax.plot(*plane.of(states).T, "-", color=colour, lw=0.7, alpha=0.5)
        ax.plot(*plane.of(states).T, ".", color=colour, ms=4.5, label=label)
    ax.plot(*plane.of(escape.attractor), "o", color=COLOURS["attracting"], ms=9, mec="white", label="attractor", zorder=5)
    if escape.destination is not None:
        _diamond(ax, plane.of(silent[-1]))
    ax.set(xlabel=plane.names[0], ylabel=plane.names[1])
    ax.margins(0.1)


def _diamond(ax: Axes, where: Array) -> None:
    style = {"color": COLOURS["repelling"], "mec": "white", "ms": 8.5, "zorder": 6}
    ax.plot(*where, "D", label="where it leads", **style)  # type: ignore[arg-type]


def _spread(path: Array) -> Array:
    """States of the path about evenly spaced along its length."""
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=-1))])
    rows = np.searchsorted(along, np.linspace(0.0, along[-1], 200))
    return np.asarray(path[np.minimum(rows, len(path) - 1)])


def plot_input(escape: EscapeThreshold, ax: Axes) -> Axes:
    """The escaping input against time: lines with the band of harmless sizes, or a heat map of many inputs."""
    assert escape.witness is not None
    T, m = escape.witness.shape
    first = T - _shown(escape.witness)
    inputs = escape.witness[first:]
    time = np.arange(first + 1, T + 1)
    if m <= LINES:
        _lines(escape, ax, time, inputs)
    else:
        _heat(escape, ax, time, inputs)
    ax.set_xlabel("time t" if first == 0 else f"time t (the last {T - first} of {T} steps)")
    return ax


def _shown(witness: Array) -> int:
    """How many of the last steps are worth showing."""
    T = len(witness)
    if T <= WHOLE:
        return T
    start = witness[T // 3]
    turned = np.abs(witness - start).max(-1) > SAME * np.abs(witness).max()
    turned[: T // 3] = False
    first = int(np.argmax(turned)) if turned.any() else T - LEAST
    return int(np.clip(1.3 * (T - first), LEAST, MOST))


def _lines(escape: EscapeThreshold, ax: Axes, time: Array, inputs: Array) -> None:
    m = inputs.shape[1]
    if 0.0 < escape.lower < np.inf:
        ax.axhspan(-escape.lower, escape.lower, color=COLOURS["gamma"], alpha=0.22, lw=0, label="no escape: proved")
    for end in (-escape.upper, escape.upper):
        ax.axhline(end, color=COLOURS["neutral"], lw=0.8, ls=(0, (4, 3)), label="upper bound" if end > 0 else None)
    colours = [COLOURS["escape"]] if m == 1 else list(tints(m, MARKER))
    for k, colour in enumerate(colours):
        ax.step(time, inputs[:, k], where="mid", color=colour, lw=1.4, label="input" if m == 1 else f"input {k + 1}")
    ax.set_ylabel("input u")
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=8)


def _heat(escape: EscapeThreshold, ax: Axes, time: Array, inputs: Array) -> None:
    size = float(np.abs(inputs).max())
    extent = (time[0] - 0.5, time[-1] + 0.5, inputs.shape[1] + 0.5, 0.5)
    image = ax.imshow(
        inputs.T, aspect="auto", extent=extent, cmap="RdBu_r", vmin=-size, vmax=size, interpolation="nearest"
    )  # fmt: skip
    bar = ax.figure.colorbar(image, ax=ax, pad=0.02)
    bar.set_label("u", rotation=0)
    ax.set_ylabel("input number")
