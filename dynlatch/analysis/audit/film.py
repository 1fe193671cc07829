"""Several audits of one training run side by side: how the portrait and the horizons moved."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dynlatch.analysis.audit.result import Audit
from dynlatch.errors import InvalidInput, UnreadableFile
from dynlatch.reading import first_line
from dynlatch.results import Result
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

RUNS, STEPS = 8, 100  # of the trajectories of an audit that a frame keeps
SCHEMA = "dynlatch.film/1"
# Numbers followed over the frames: key -> what it is.
TRACKS: Mapping[str, str] = {
    "memories": "memory states",
    "half_life": "longest half-life at rest, steps",
    "rate": "factor per step along the inputs",
    "h50": "steps that carry half of the gradient (h_50)",
    "h95": "steps that carry 95 % of the gradient (h_95)",
    "exponent": "largest exponent per step",
    "u_lower": "smallest proved u*",
    "u_upper": "its upper bound",
}


@dataclass(frozen=True, eq=False)
class AuditFrame:
    """One audit of a film.

    Attributes
    ----------
    name : str
        Of the audit: the checkpoint, or the training step.
    memories : tuple of ndarray, shape (p, n)
        The points of each memory state: one, or those of a cycle.
    others : ndarray, shape (m, n)
        Fixed points that do not attract.
    trajectories : ndarray, shape (T + 1, runs, n)
        Some of the states along the inputs; no runs where they were not kept.
    numbers : mapping of str to float
        The values of `TRACKS` that this audit has.
    findings : tuple of str
        Its sentences.
    failure : str
        Why there is no audit; empty where there is one.
    """

    name: str
    memories: tuple[Array, ...]
    others: Array
    trajectories: Array
    numbers: Mapping[str, float]
    findings: tuple[str, ...]
    failure: str


@dataclass(frozen=True, eq=False)
class AuditFilm(Result):
    """Audits of one network at several times, in their order.

    Attributes
    ----------
    frames : tuple of AuditFrame
    coordinates : str
        What the state is.
    """

    frames: tuple[AuditFrame, ...]
    coordinates: str

    @property
    def audited(self) -> tuple[AuditFrame, ...]:
        """The frames that hold an audit."""
        return tuple(frame for frame in self.frames if not frame.failure)

    def track(self, key: str) -> tuple[float | None, ...]:
        """One of the numbers of `TRACKS` over the frames; None where a frame does not have it."""
        if key not in TRACKS:
            raise InvalidInput(f"there is no track {key!r}: a film has {', '.join(TRACKS)}.")
        return tuple(frame.numbers.get(key) for frame in self.frames)

    def summary(self) -> str:
        keys = [key for key in TRACKS if any(value is not None for value in self.track(key))]
        width = max([len(frame.name) for frame in self.frames] + [len("audit")])
        lines = [
            f"{len(self.frames)} audits ({self.coordinates})",
            "",
            f"{'audit':<{width}}" + "".join(f"{k:>11}" for k in keys),
        ]
        for frame in self.frames:
            cells = "".join(f"{_cell(frame.numbers.get(key)):>11}" for key in keys)
            lines.append(f"{frame.name:<{width}}" + (f"  not audited: {frame.failure}" if frame.failure else cells))
        return "\n".join([*lines, "", *(f"{key}: {TRACKS[key]}" for key in keys)])

    def plot(self, ax: Axes | None = None) -> Axes:
        """The horizons over the audits."""
        from dynlatch.analysis.plots.film import plot_horizons

        return plot_horizons(self, ax=ax)

    def to_html(self, path: str | os.PathLike[str]) -> Path:
        """Write one self-contained page: small multiples of the portrait on common axes, horizons, a table."""
        from dynlatch.analysis.report.data import write_text
        from dynlatch.analysis.report.film_page import film_page
        from dynlatch.analysis.report.page import html

        return write_text(path, html(film_page(self)))

    def to_dict(self) -> dict[str, Any]:
        """The numbers as plain Python objects, ready for JSON; infinities as the strings "inf" and "-inf"."""
        from dynlatch.analysis.report.data import plain

        return {
            "schema": SCHEMA,
            "coordinates": self.coordinates,
            "tracks": dict(TRACKS),
            "frames": [
                {
                    "name": frame.name,
                    "failure": frame.failure,
                    "numbers": {key: plain(value) for key, value in frame.numbers.items()},
                    "memory_states": [plain(points) for points in frame.memories],
                    "findings": list(frame.findings),
                }
                for frame in self.frames
            ],
        }

    def to_json(self, path: str | os.PathLike[str]) -> Path:
        """Write `to_dict()` as JSON."""
        from dynlatch.analysis.report.data import write_text

        return write_text(path, json.dumps(self.to_dict(), indent=1))


def film_strip(audits: Sequence[Audit | Mapping[str, Any]] | str | os.PathLike[str]) -> AuditFilm:
    """Audits of one network at several times as a film strip.

    Parameters
    ----------
    audits : sequence of Audit or of their dictionaries, or a path
        In their order. A path is a file that `GradientAudit` wrote: one JSON object a line.

    Returns
    -------
    AuditFilm

    Raises
    ------
    InvalidInput
        If there is no audit, or they are of networks of different sizes.
    UnreadableFile
        If the file is missing or holds something else. A last line that was cut off is left out.

    Examples
    --------
    >>> import dynlatch as dl
    >>> from dynlatch import analysis
    >>> film = analysis.film_strip([analysis.audit(dl.LatchNeuron(w), name=f"w = {w}") for w in (0.5, 2.0)])
    >>> film.track("memories")
    (1.0, 2.0)
    """
    from dynlatch.analysis.audit.frames import frame_of

    given = read_lines(audits) if isinstance(audits, (str, os.PathLike)) else list(audits)
    pairs = [frame_of(audit) for audit in given]
    sizes = {frame.others.shape[-1] for frame, _ in pairs if not frame.failure}
    if len(sizes) != 1:
        what = f"states of {', '.join(map(str, sorted(sizes)))} components" if sizes else "no audit"
        what += next((f" ({frame.name}: {frame.failure})" for frame, _ in pairs if frame.failure and not sizes), "")
        raise InvalidInput(f"a film strip needs audits of one network at several times; these have {what}.")
    return AuditFilm(tuple(frame for frame, _ in pairs), next(words for frame, words in pairs if not frame.failure))


def read_lines(path: str | os.PathLike[str]) -> list[Mapping[str, Any]]:
    """The objects of a file with one JSON object a line; a last line that was cut off is left out."""
    try:
        text = Path(path).read_text(encoding="utf-8")
        lines = text.split("\n")
        objects = [json.loads(line) for line in lines[:-1] if line.strip()]
    except FileNotFoundError:
        raise UnreadableFile(f"there is no file {str(path)!r}.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise UnreadableFile(f"{str(path)!r} is not a file of audits, one JSON object a line ({first_line(error)}).") from None
    if not all(isinstance(item, dict) for item in objects):
        raise UnreadableFile(f"{str(path)!r} is not a file of audits: a line holds something else than an object.")
    return objects


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
