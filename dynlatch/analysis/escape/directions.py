"""Escape thresholds direction by direction: which inputs an attractor is most sensitive to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dynlatch.analysis.escape.question import ask
from dynlatch.analysis.escape.result import EscapeThreshold
from dynlatch.analysis.escape.verb import escape_threshold
from dynlatch.errors import InvalidInput
from dynlatch.maps import Map, coordinates
from dynlatch.progress import stages
from dynlatch.randomness import Rng, generator
from dynlatch.results import Result
from dynlatch.validation import Array, count, finite_array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROUND = 8  # directions of two inputs, over half a turn


@dataclass(frozen=True, eq=False)
class EscapeDirections(Result):
    """Brackets of the threshold of inputs `u_t = s_t d`, one direction d at a time.

    Attributes
    ----------
    directions : ndarray, shape (k, m)
        Of norm 1; d and -d are the same, for s_t has either sign.
    lower, upper : ndarray, shape (k,)
        Of the size |s_t|: no sequence up to `lower` escapes (proved), one of `upper` does.
    witnesses : tuple of ndarray, shape (T, m) each
        Inputs that escape; T = 0 where none were found.
    attractor : ndarray, shape (n,)
    norm : float
        In which the directions have size 1: inf or 2.
    coordinates : str
    """

    directions: Array
    lower: Array
    upper: Array
    witnesses: tuple[Array, ...]
    attractor: Array
    norm: float
    coordinates: str

    def __len__(self) -> int:
        return len(self.directions)

    @property
    def easiest(self) -> int:
        """The direction of the least upper bound."""
        return int(np.argmin(self.upper))

    def summary(self) -> str:
        size = "largest entry" if np.isinf(self.norm) else "2-norm"
        lines = [
            f"escape thresholds along {len(self)} directions of {size} 1   (* the easiest)",
            f"  {'lower':>10} {'upper':>10}",
        ]
        for k, d in enumerate(self.directions):
            mark = "*" if k == self.easiest and np.isfinite(self.upper[k]) else " "
            shown = np.array2string(d, precision=3, suppress_small=True, threshold=6, edgeitems=3)
            lines.append(f"{mark} {self.lower[k]:>10.5g} {self.upper[k]:>10.5g}  {shown}")
        return "\n".join(lines)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Of two inputs, the bounds as vectors around the attractor; of others, bars."""
        from dynlatch.analysis.plots.directions import plot_directions

        return plot_directions(self, ax=ax)


def escape_directions(
    map: Map,
    attractor: Any,
    directions: Any = None,
    *,
    norm: float = np.inf,
    input_matrix: Any = None,
    steps: int | None = None,
    effort: str = "default",
    rng: Rng = None,
    progress: bool = False,
) -> EscapeDirections:
    """`escape_threshold` of inputs along one direction at a time, `u_t = s_t d`, of either sign and changing size.

    Parameters
    ----------
    map, attractor, norm, input_matrix, steps, effort, rng
        As for `escape_threshold`.
    directions : array_like, shape (k, m), or int, optional
        None: of two inputs 8 directions over half a turn, of others each input by itself. A number draws so many, evenly
        spaced where there are two inputs, else at random.
    progress : bool
        Whether to draw a progress bar on stderr.

    Returns
    -------
    EscapeDirections

    Raises
    ------
    InvalidInput
        On a zero direction, and as `escape_threshold`.

    Examples
    --------
    >>> import dynlatch as dl
    >>> from dynlatch import analysis
    >>> pair = dl.AdditiveNetwork([[2.0, 0.0], [0.0, 3.0]])
    >>> up = [1.915008, 2.984704]
    >>> analysis.escape_directions(pair, up, [[1.0, 0.0], [0.0, 1.0]]).upper.round(4)
    array([0.5328, 1.3033])
    """
    question = ask(map, attractor, norm, input_matrix, steps)
    generators = generator(rng).spawn(2)
    rows = _directions(directions, question.width, question.norm, generators[0])
    found: list[EscapeThreshold] = []
    with stages(len(rows), shown=progress) as enter:
        for d, stream in zip(rows, generators[1].spawn(len(rows)), strict=True):
            enter(f"direction {len(found) + 1}")
            found.append(
                escape_threshold(
                    map, attractor, norm=norm, input_matrix=input_matrix, steps=steps, direction=d, effort=effort, rng=stream
                )
            )
    witnesses = (
        np.zeros((0, question.width)) if f.witness is None else f.witness * d for f, d in zip(found, rows, strict=True)
    )
    return EscapeDirections(
        directions=rows,
        lower=np.array([f.lower for f in found]),
        upper=np.array([f.upper for f in found]),
        witnesses=tuple(witnesses),
        attractor=question.attractor.point,
        norm=question.norm,
        coordinates=coordinates(map),
    )


def _directions(given: Any, m: int, norm: float, rng: np.random.Generator) -> Array:
    """Directions (k, m) of size 1."""
    if given is None and m != 2:
        rows: Array = np.eye(m)
    elif given is None or np.ndim(given) == 0:
        k = ROUND if given is None else count("directions", given, least=1)
        angle = np.pi * np.arange(k) / k
        rows = np.column_stack([np.cos(angle), np.sin(angle)]) if m == 2 else rng.normal(size=(k, m))
    else:
        rows = finite_array("directions", given, ndim=2)
    size = np.linalg.norm(rows, norm, axis=-1, keepdims=True)
    if rows.shape[1] != m or not len(rows) or not size.all():
        raise InvalidInput(f"`directions` must be non-zero vectors of {m} inputs, shape (k, {m}); got shape {rows.shape}.")
    return np.asarray(rows / size)
