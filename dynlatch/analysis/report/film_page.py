"""What the page of a film strip says."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.audit.film import TRACKS
from dynlatch.analysis.plots.film import common_frame, common_plane, plot_frame, plot_horizons, plot_track
from dynlatch.analysis.report.page import Card, Column, Page, Section, bullets, figure, paragraph, strip, table
from dynlatch.analysis.report.svg import svg_of
from dynlatch.analysis.report.text import count, number

if TYPE_CHECKING:
    from markupsafe import Markup
    from matplotlib.axes import Axes

    from dynlatch.analysis.audit.film import AuditFilm, AuditFrame
    from dynlatch.analysis.plots.plane import Plane
    from dynlatch.validation import Array

DRAWN = 24  # portraits at most; of more, evenly spread ones
ENTRY = {
    "memories": "memory-state",
    "half_life": "half-life",
    "rate": "rate",
    "h50": "h50",
    "h95": "h50",
    "exponent": "exponent",
    "u_lower": "u-star",
    "u_upper": "u-star",
}
SHORT = {
    "memories": "memory states",
    "half_life": "longest half-life",
    "rate": "factor per step",
    "h50": "h_50",
    "h95": "h_95",
    "exponent": "largest exponent",
    "u_lower": "u* at least",
    "u_upper": "u* at most",
}


def film_page(film: AuditFilm) -> Page:
    """The page of `film`."""
    first, last = film.audited[0], film.audited[-1]
    sections = [_moved(film), _portraits(film), _horizons(film), _numbers(film)]
    failed = [f"{frame.name}: {frame.failure}" for frame in film.frames if frame.failure]
    if failed:
        sections.append(Section("left-out", "What was left out, and why", [bullets(failed)]))
    return Page(
        title=f"Training film: {first.name} to {last.name}",
        under=f"{count(len(film.frames), 'audit')} of one network · state: {film.coordinates}",
        cards=list(_cards(film)),
        sections=sections,
        footer=f"Norms are about the {film.coordinates}; in other coordinates they differ. Made by dynlatch.",
    )


def _known(film: AuditFilm) -> list[str]:
    return [key for key in TRACKS if any(value is not None for value in film.track(key))]


def _cards(film: AuditFilm) -> Iterable[Card]:
    first, last = film.audited[0].numbers, film.audited[-1].numbers
    for key in _known(film):
        if key in first and key in last and key != "u_upper":
            yield Card(f"{number(first[key])} → {number(last[key])}", SHORT[key], ENTRY[key])


def _moved(film: AuditFilm) -> Section:
    """The largest changes in sentences."""
    sentences = []
    for key in _known(film):
        values = [(frame.name, frame.numbers[key]) for frame in film.audited if key in frame.numbers]
        if len(values) > 1:
            sentences.append(_change(TRACKS[key], values))
    return Section(
        "moved", "What moved", [bullets(sentences) if sentences else paragraph("There is one audit: nothing to compare.")]
    )


def _change(what: str, values: list[tuple[str, float]]) -> str:
    (first, begin), (last, end) = values[0], values[-1]
    low, high = min(values, key=lambda item: item[1]), max(values, key=lambda item: item[1])
    title = what[0].upper() + what[1:]
    if low[1] == high[1]:
        return f"{title}: {number(begin)} throughout."
    ends = {first, last}
    apart = [f"least {number(low[1])} at {low[0]}"] * (low[0] not in ends)
    apart += [f"most {number(high[1])} at {high[0]}"] * (high[0] not in ends)
    return f"{title}: {number(begin)} at {first}, {number(end)} at {last}{''.join(f'; {words}' for words in apart)}."


def _draw(frame: AuditFrame, plane: Plane, corners: tuple[Array, Array], ax: Axes) -> Axes:
    return plot_frame(frame, plane, corners, ax=ax)


def _portraits(film: AuditFilm) -> Section:
    plane = common_plane(film)
    corners = common_frame(film, plane)
    frames = film.audited
    rows = np.unique(np.linspace(0, len(frames) - 1, min(len(frames), DRAWN)).round().astype(int))
    drawn = [svg_of(partial(_draw, frames[i], plane, corners), (2.9, 2.5), f"frame-{i}") for i in rows]
    less = f" {len(rows)} of the {len(frames)} audits are drawn, evenly spread." if len(rows) < len(frames) else ""
    sides = f" Across: {plane.names[0]}; up: {plane.names[1]}." if plane.names[1] else " Time runs to the right."
    caption = (
        "Memory states (numbered dots), other fixed points (crosses) and the states along the inputs (thin lines), all frames "
        f"on one pair of axes, the principal components of all states together.{sides}{less}"
    )
    return Section(
        "portraits",
        "How the portrait moved",
        [strip([(frames[i].name, svg) for i, svg in zip(rows, drawn, strict=True)], caption)],
    )


def _horizons(film: AuditFilm) -> Section:
    def chart(keys: tuple[str, ...], label: str, title: str, caption: str) -> Markup:
        return figure(title, caption, svg_of(lambda ax: plot_track(film, keys, label, ax=ax), (4.9, 2.2), f"track-{keys[0]}"))

    parts = [
        figure(
            "Horizons",
            "How many of the last steps carry half (h_50) and 95 per cent (h_95) of the gradient, and the longest half-life of "
            "the gradient where the network rests.",
            svg_of(lambda ax: plot_horizons(film, ax=ax), (4.9, 3.1), "horizons"),
        ),
        chart(("memories",), "memory states", "Memory", "Number of memory states."),
        chart(("rate",), "factor", "Gradient along the inputs", "Factor per step in the long run; below 1 gradients vanish."),
    ]
    known = _known(film)
    if "exponent" in known:
        parts.append(
            chart(("exponent",), "per step", "Exponent", "Largest Lyapunov exponent along the inputs; above 0 is chaos.")
        )
    if "u_lower" in known:
        caption = "Escape threshold u* of the memory state that is easiest to erase: proved lower and found upper bound."
        parts.append(chart(("u_lower", "u_upper"), "u*", "Safety of the memory", caption))
    return Section("horizons", "How the horizons moved", parts)


def _numbers(film: AuditFilm) -> Section:
    keys = _known(film)
    columns = [Column("audit", "audit"), *(Column(SHORT[key], ENTRY[key]) for key in keys)]
    rows = [
        [frame.name, *("" if key not in frame.numbers else number(frame.numbers[key]) for key in keys)] for frame in film.frames
    ]
    return Section("numbers", "All numbers", [table(columns, rows)])
