"""`RegionTrace`: where the runs were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InvalidInput
from dynlatch.results import Result
from dynlatch.training.monitor.events import RegionEvent
from dynlatch.training.monitor.sighting import Sighting
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Table = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class RegionTrace(Result):
    """Where every trial was, look by look and portrait by portrait.

    Norms, final states and Gamma are in the coordinates of `model.network`; Gamma is read in the norm adapted to the attractor
    (`reduced_attracting_set`, criterion "adapted").

    Attributes
    ----------
    model, task : str
    names : tuple of str
        Of the trained weights.
    coordinates : str
        What the state is.
    margin_words : str
        What the column `margin` is; empty if there is none.
    quiet_inputs : ndarray, shape (Q, m)
        The constant inputs of the portraits.
    last : int
        Steps of the column `share`.
    noise_half_width, noise_std : float
        Of the task's noise: the latch margin is to be compared with them.
    looks : mapping of str to ndarray
        One row a look: `trial`, `presentation`, `log_norm` (natural logarithm of the Frobenius norm of da_T/da_0, for the
        sequence shown last), `share` of the last steps in dC/dW, `horizon` (steps that carry 95 % of it). No rows for networks
        without derivatives; NaN in share and horizon for state networks, whose gradient is not taken by time.
    portraits : mapping of str to ndarray
        One row a portrait: `trial`, `presentation`, `weights` (P,), `fixed_points` and `attractors` (Q,), `basin` (Q, 2): the
        label of the attractor that the final states of class -1 and +1 go to (-1: none, -2: they differ, -3: they rest, or
        drift, in a neutral memory), `phase` (Q, 2) on its cycle, `gamma` (Q, 2): the share of them in its reduced attracting
        set, `right` (2,), `margin`, `final` (2, r), and for state networks `tau_1`, `abs_det`, `second_eigenvalue` (its
        modulus), one a symbol, or a quiet input where inputs are numbers. Where a task has no classes, its sequences are taken
        together: 1 stands for 2.
    points : mapping of str to ndarray
        One row a fixed point or cycle of a portrait: `trial`, `presentation`, `quiet`, `label`, `period`, `stable`, `sign` of
        det(I - J), `state` (r,).
    events : tuple of RegionEvent
    """

    model: str
    task: str
    names: tuple[str, ...]
    coordinates: str
    margin_words: str
    quiet_inputs: Array
    last: int
    noise_half_width: float
    noise_std: float
    looks: Table
    portraits: Table
    points: Table
    events: tuple[RegionEvent, ...]

    @property
    def trials(self) -> NDArray[np.int64]:
        """The trials that were watched."""
        return np.unique(self.portraits["trial"])

    def rows(self, trial: int, table: str = "portraits") -> dict[str, NDArray[Any]]:
        """The rows of one trial in `looks`, `portraits` or `points`."""
        if table not in ("looks", "portraits", "points"):
            raise InvalidInput(f"`table` must be 'looks', 'portraits' or 'points'; got {table!r}.")
        if trial not in self.trials:
            raise InvalidInput(f"there is no trial {trial}: those watched are {', '.join(map(str, self.trials[:20]))}.")
        rows: Table = getattr(self, table)
        return {name: column[rows["trial"] == trial] for name, column in rows.items()}

    def events_of(self, trial: int) -> tuple[RegionEvent, ...]:
        """What happened to one trial."""
        return tuple(event for event in self.events if event.trial == trial)

    def summary(self) -> str:
        from dynlatch.training.monitor.words import summary

        return summary(self)

    def story(self, trial: int) -> str:
        """What happened to one trial, in one line."""
        from dynlatch.training.monitor.words import story

        return story(self, trial)

    def plot(self, ax: Axes | None = None) -> Axes:
        """The first trial; see `plot_regions`."""
        return self.plot_regions(trial=int(self.trials[0]), ax=ax)

    def plot_regions(self, trial: int = 0, ax: Axes | None = None) -> Axes:
        """One trial as a path: over (w, a) for a single unit, otherwise of its final states among the attractors.

        A new figure (`ax=None`) has a strip of time courses below.
        """
        from dynlatch.training.plots.regions import plot_regions

        return plot_regions(self, trial, ax)


def joined(traces: Sequence[RegionTrace]) -> RegionTrace | None:
    """The traces of several blocks as one; None if there are none."""
    if len(traces) < 2:
        return traces[0] if traces else None
    return replace(
        traces[0],
        looks=_stacked([trace.looks for trace in traces]),
        portraits=_stacked([trace.portraits for trace in traces]),
        points=_stacked([trace.points for trace in traces]),
        events=tuple(event for trace in traces for event in trace.events),
    )


def _stacked(tables: Sequence[Table]) -> dict[str, NDArray[Any]]:
    return {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}


def table_of(
    looks: Sequence[tuple[NDArray[np.int64], NDArray[np.int64], Array]],
    portraits: Sequence[tuple[NDArray[np.int64], NDArray[np.int64], Array, Sighting]],
) -> tuple[Table, Table, Table]:
    """Looks, portraits and points in columns."""
    empty = np.zeros(0, dtype=np.int64)
    ids, at, traced = zip(*looks, strict=True) if looks else ((empty,), (empty,), (np.zeros((3, 0)),))
    columns = dict(zip(("log_norm", "share", "horizon"), np.concatenate(traced, axis=1), strict=True))
    seen = [_row(*portrait) for portrait in portraits]
    return (
        {"trial": np.concatenate(ids), "presentation": np.concatenate(at), **columns},
        _stacked([rows for rows, _ in seen]) if seen else {"trial": empty, "presentation": empty},
        _stacked([rows for _, rows in seen]) if seen else {"trial": empty, "presentation": empty},
    )


def _row(ids: NDArray[np.int64], at: NDArray[np.int64], weights: Array, seen: Sighting) -> tuple[Table, Table]:
    shared = ("fixed_points", "attractors", "basin", "phase", "gamma", "right", "margin", "final")
    tables = dict(zip(("tau_1", "abs_det", "second_eigenvalue"), np.moveaxis(seen.coefficients, 1, 0), strict=True))
    portraits = {
        "trial": ids,
        "presentation": at,
        "weights": weights,
        **{name: getattr(seen, name) for name in shared},
        **tables,
    }
    row = seen.points.get("row", np.zeros(0, dtype=np.int64))
    rest = {name: column for name, column in seen.points.items() if name != "row"}
    return portraits, {"trial": ids[row], "presentation": at[row], **rest}
