"""What a picture of a statement holds: curves, and the limits they must not cross."""

from __future__ import annotations

from dataclasses import dataclass

from dynlatch.validation import Array


@dataclass(frozen=True, eq=False)
class Curve:
    """One curve, or dots.

    Attributes
    ----------
    label : str
        Empty: no entry in the legend.
    x, y : ndarray, shape (K,)
    role : str
        What it shows, a colour of `plots.style.COLOURS`.
    marks : str
        A format of matplotlib: "-", "--", "o", "o-", ...
    """

    label: str
    x: Array
    y: Array
    role: str = "attracting"
    marks: str = "-"


@dataclass(frozen=True, eq=False)
class Curves:
    """One picture.

    Attributes
    ----------
    curves : tuple of Curve
    x_label, y_label : str
    limit : float or None
        A horizontal line, with the words `limit_label`.
    limit_label : str
    logarithmic : bool
        Whether y is drawn on a logarithmic axis.
    equal : bool
        Whether both axes have the same unit.
    """

    curves: tuple[Curve, ...]
    x_label: str
    y_label: str
    limit: float | None = None
    limit_label: str = ""
    logarithmic: bool = False
    equal: bool = False
