"""What the structure of a network alone proves about all its orbits, each statement with its source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.guarantee_conditions import CONDITIONS, subject_of
from dynlatch.analysis.guarantee_conditions import Guarantee as Guarantee
from dynlatch.errors import InvalidInput
from dynlatch.maps import Map, coordinates
from dynlatch.results import Result
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARKS = {True: "yes", False: "no", None: "-"}


@dataclass(frozen=True, eq=False)
class Guarantees(Result):
    """Statements about all orbits of a map; index with a name, or iterate.

    Attributes
    ----------
    statements : tuple of Guarantee
    box : tuple of two ndarrays (n,), or None
        The trapping box (lo, hi) of the statement "bounded".
    map : str
        The kind of map.
    coordinates : str
        What the state is.
    """

    statements: tuple[Guarantee, ...]
    box: tuple[Array, Array] | None
    map: str
    coordinates: str

    @property
    def proved(self) -> tuple[Guarantee, ...]:
        """The statements that hold."""
        return tuple(statement for statement in self.statements if statement.holds)

    def __getitem__(self, name: str) -> Guarantee:
        for statement in self.statements:
            if statement.name == name:
                return statement
        names = ", ".join(statement.name for statement in self.statements)
        raise InvalidInput(f"there is no guarantee {name!r}: choose one of {names}.")

    def __iter__(self) -> Iterator[Guarantee]:
        return iter(self.statements)

    def __len__(self) -> int:
        return len(self.statements)

    def summary(self) -> str:
        lines = [f"What the structure of this {self.map} ({self.coordinates}) proves:"]
        for statement in self.statements:
            source = f" [{statement.source}]" if statement.holds else ""
            lines.append(f"  {MARKS[statement.holds]:<3} {statement.name}: {statement.sentence}{source}")
        return "\n".join([*lines, "  (no: the condition fails and nothing follows; -: not about this kind of map)"])

    def plot(self, ax: Axes | None = None) -> Axes:
        """The list as a picture."""
        from dynlatch.analysis.plots.local_stability import plot_guarantees

        return plot_guarantees(self, ax=ax)


def guarantees(map: Map) -> Guarantees:
    """What the weights alone prove: bounded, one attractor, only fixed points, monotone, latched bits, ...

    Nothing is simulated. For additive, leaky and Elman nets every statement is looked at; for GRU and LSTM layers those that
    follow from their gates; about other maps the weights say nothing.

    Parameters
    ----------
    map : Map
        `WithInput(map, u0)` asks about the map under a constant input.

    Returns
    -------
    Guarantees

    Notes
    -----
    The map is `a' = (1 - alpha) a + alpha (W f(a) + c)` with `0 <= f' <= s`.

    * one attractor: contraction of the whole space in a norm 1, 2 or inf with weights on the units. Spectral radius of
      `|diag(1 - alpha) + s alpha W|` below 1, or `|T W T^-1|_2 s < 1` for a positive diagonal T.
    * one fixed point: `1/s - W` diagonally dominant (with weights), or the symmetric part of W below `1/s`.
    * only fixed points: W symmetric (or made so by positive weights on the units), smallest eigenvalue above
      `-(2 - alpha) / (alpha s)`, which is `-1/s` without a leak. With y = f(a), the energy
      `-y^T W y / 2 - c^T y + sum G(y_i)`, G' = f^-1, falls by at least `d^T (W + (2/alpha - 1)/s) d / 2` in a step that
      changes y by d. Below the bound a linear unit already has a cycle of period 2. The leaky form is the same argument.
    * monotone: `s_i W_ij s_j >= 0` for signs s. Such maps may have attracting cycles: `W = [[0, 2], [2, 0]]` does.
    * latched bits: unit i keeps its side while all that the others and c can add stays inside the window of biases in
      which it alone is bistable (half width u* for tanh).

    Examples
    --------
    >>> import dynlatch as dl
    >>> from dynlatch import analysis
    >>> proved = analysis.guarantees(dl.AdditiveNetwork([[2.0, 0.1], [0.1, 1.8]])).proved
    >>> [statement.name for statement in proved]
    ['bounded', 'only fixed points', 'period at most two', 'monotone', 'latched bits', 'odd']
    """
    if not isinstance(map, Map):
        raise InvalidInput(f"`guarantees` needs a map (a network, FunctionMap, ...); got {type(map).__name__}.")
    inner = getattr(map, "map", map)
    # A norm of huge weights that overflows is infinite, and no condition holds by it.
    with np.errstate(over="ignore", invalid="ignore"):
        subject = subject_of(map)
        proved = tuple(check(subject) for check in CONDITIONS)
    return Guarantees(proved, subject.box, type(inner).__name__, coordinates(map))
