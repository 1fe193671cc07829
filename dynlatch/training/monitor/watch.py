"""`RegionMonitor`: what is watched, and how often. `Watch`: one block of trials while it runs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InvalidInput
from dynlatch.lanes.show import Lanes
from dynlatch.lanes.trace import Probe
from dynlatch.lanes.wiring import Wiring
from dynlatch.maps import FiniteMap
from dynlatch.networks.state_network import StateNetwork
from dynlatch.networks.subnets import SubnetNetwork
from dynlatch.training.block import BETWEEN_PAUSES
from dynlatch.training.contract import Architecture, Show, Task
from dynlatch.training.monitor.changes import Standings
from dynlatch.training.monitor.events import RegionEvent
from dynlatch.training.monitor.graphs import GraphView
from dynlatch.training.monitor.maps import MapView
from dynlatch.training.monitor.record import RegionTrace, table_of
from dynlatch.training.monitor.sighting import Sighting
from dynlatch.training.monitor.subnets import SubnetView
from dynlatch.training.monitor.tables import TableView
from dynlatch.training.monitor.wired import WiredView, surveyed
from dynlatch.validation import Array, count

ROWS = 64  # that a rule records before they are read, at least: reading few of them at every pause costs more than the looks


class View(Protocol):
    """How one kind of network is looked at."""

    coordinates: str
    inputs: Array  # (Q, m) quiet inputs

    @property
    def margin_words(self) -> str: ...
    def gradient(self, theta: Array, show: Show, last: int) -> Array | None: ...
    def probe(self, show: Show, *, every: int, rows: int, last: int) -> Probe | None: ...
    def portrait(self, theta: Array, rows: NDArray[np.intp]) -> Sighting: ...


@dataclass(frozen=True)
class RegionMonitor:
    """Watches how every trial moves through basins and reduced attracting sets while it is trained.

    Nothing that is watched is counted as a presentation, and a watched run ends with the same bits as an unwatched one. With
    the defaults, learning takes 1.2 to 1.3 times as long (back-propagation, T = 50); the first portrait searches afresh and
    costs as much as about five later ones. Rules that show one sequence after the other record the gradient themselves, under
    the weights that the sequence was shown to; searches, and portraits between two recorded presentations, look at what was
    shown last once more. Networks with longer delays, gated connections, rectified or exponential units, integrators, and state
    networks under real inputs, are followed one by one, which is slow: ask for few portraits. There a basin is -3 where the
    final states rest, or drift, in a neutral memory, which nothing attracts to.

    Parameters
    ----------
    every : int
        Presentations between two looks at the gradient.
    portrait_every : int
        Presentations between two portraits: fixed points, attractors, basins of the final states. One is drawn before
        the first presentation, and one at the end of every trial.
    last : int
        Steps at the end of a sequence whose share in dC/dW is recorded.

    Raises
    ------
    InvalidInput
        If a number is below 1, or portraits are asked for more often than looks.

    Examples
    --------
    >>> from dynlatch.training import BackPropagation, TwoSequence, train
    >>> from dynlatch.training.monitor import RegionMonitor
    >>> result = train(BackPropagation(), None, TwoSequence(T=8), trials=2, rng=0, monitor=RegionMonitor())
    >>> sorted(result.trace.looks)
    ['horizon', 'log_norm', 'presentation', 'share', 'trial']
    """

    every: int = 25
    portrait_every: int = 500
    last: int = 10

    def __post_init__(self) -> None:
        for name in ("every", "portrait_every", "last"):
            object.__setattr__(self, name, count(name, getattr(self, name), least=1))
        if self.portrait_every < self.every:
            raise InvalidInput(
                f"`portrait_every` must be at least `every`, {self.every}, since portraits are drawn at looks; "
                f"got {self.portrait_every}."
            )

    def open(self, model: Architecture, task: Task, lanes: Lanes) -> Watch:
        """Watch a block of trials from here on."""
        return Watch(self, model, task, lanes)


class Watch:
    """One block of trials: changed by every look, turned into a `RegionTrace` at the end."""

    def __init__(self, settings: RegionMonitor, model: Architecture, task: Task, lanes: Lanes) -> None:
        self.settings, self.model, self.task = settings, model, task
        self.view = view_of(model, task, lanes)
        self.ids = np.zeros(0, dtype=np.int64)  # of the trials, ascending: of each row
        self.seen = np.full(len(lanes.order), -1, dtype=np.int64)  # at the last portrait
        self.looked = np.full(len(lanes.order), -1, dtype=np.int64)  # at the last look
        self.horizon = np.full(len(lanes.order), np.nan)  # at the last look
        self.portrait_at = 0  # presentations of the first trial that a portrait will be due for
        self.recorded = False  # whether the rule looks by itself
        self.unread: tuple[Show, NDArray[np.int64]] | None = None  # what these trials have recorded is left for later
        self.standings = Standings(len(lanes.order), self.view.inputs)
        self.looks: list[tuple[NDArray[np.int64], NDArray[np.int64], Array]] = []
        self.portraits: list[tuple[NDArray[np.int64], NDArray[np.int64], Array, Sighting]] = []
        self.events: list[RegionEvent] = []

    def attached(self, show: Show) -> Show:
        """`show` with room in which a rule records the gradient of what it is shown."""
        every = self.settings.every
        probe = self.view.probe(show, every=every, rows=max(ROWS, self._most_between_pauses), last=self.settings.last)
        return show if probe is None else replace(show, lanes=show.lanes._replace(probe=probe))

    @property
    def _most_between_pauses(self) -> int:
        """What a rule records between two pauses, at most."""
        return min(self.settings.portrait_every, BETWEEN_PAUSES) // self.settings.every + 1

    def pause_after(self, presentations: int) -> int:
        """Where the run stops next to be looked at: where a portrait is due, and oftener for a rule that records nothing."""
        often = not self.recorded and bool(self.looks)
        steps = (self.settings.every,) if often else (self.settings.portrait_every, BETWEEN_PAUSES)
        return min((presentations // step + 1) * step for step in steps)

    def look(self, theta: Array, show: Show, ids: NDArray[np.int64]) -> None:
        """Record where the trials `ids`, the lanes of theta (P + F, L), are now."""
        lanes = show.lanes
        self.unread = (show, ids)
        if self._can_wait(lanes, len(ids)):
            return
        if not len(self.ids):
            self.ids = ids.copy()
        rows, every = np.searchsorted(self.ids, ids), self.settings.portrait_every
        at = lanes.presentations[: len(ids)].copy()
        ended = (lanes.learned | lanes.stuck)[: len(ids)] | (at >= lanes.budget)
        due = (self.seen[rows] < 0) | (at // every > self.seen[rows] // every)
        due |= ended & (at > self.seen[rows])
        self.read(show, ids)
        self._glance(theta, show, ids, rows, at, due | (not self.recorded))
        if due.any():
            chosen = np.flatnonzero(due)
            self._portrait(np.ascontiguousarray(theta[:, chosen]), ids[chosen], rows[chosen], at[chosen])
        self.portrait_at = (int(self.seen[rows].min()) // every + 1) * every

    def _can_wait(self, lanes: Lanes, trials: int) -> bool:
        """Whether none has ended, no portrait is due, and there is room for more rows: asked at every pause, in few steps."""
        if not self.recorded or lanes.presentations[:trials].max() >= min(self.portrait_at, lanes.budget):
            return False
        ended = lanes.learned[:trials].any() or lanes.stuck[:trials].any()
        return not ended and bool(lanes.probe.kept[:trials].max() + self._most_between_pauses <= len(lanes.probe.rows))

    def read(self, show: Show, ids: NDArray[np.int64]) -> None:
        """What the rule has recorded of the trials `ids` since the last time."""
        probe = show.lanes.probe
        kept = probe.kept[: len(ids)].copy()
        probe.kept[:] = 0
        if not kept.any():
            return
        self.recorded = True
        fresh = np.arange(kept.max())[:, None] < kept
        seen = probe.rows[: len(fresh), :, : len(ids)].transpose(1, 0, 2)
        at = seen[0][fresh].astype(np.int64)
        self.looks.append((np.broadcast_to(ids, fresh.shape)[fresh], at, np.stack([what[fresh] for what in seen[1:]])))
        lane = np.flatnonzero(kept)
        self._keep_last(np.searchsorted(self.ids, ids[lane]), seen[:, kept[lane] - 1, lane])

    def _glance(
        self,
        theta: Array,
        show: Show,
        ids: NDArray[np.int64],
        rows: NDArray[np.intp],
        at: NDArray[np.int64],
        wanted: NDArray[np.bool_],
    ) -> None:
        """Look at what the wanted lanes were shown last, once more, where that is not recorded."""
        lane = np.flatnonzero(wanted & (self.looked[rows] < at))
        gradient = self.view.gradient(theta, show, self.settings.last) if len(lane) else None
        if gradient is not None:
            self.looks.append((ids[lane], at[lane], gradient[:, lane]))
            self._keep_last(rows[lane], np.concatenate([at[None, lane], gradient[:, lane]]))

    def _keep_last(self, rows: NDArray[np.intp], seen: Array) -> None:
        """The last look at these trials: presentation, log-norm, share and horizon."""
        self.looked[rows], self.horizon[rows] = seen[0].astype(np.int64), seen[3]

    def _portrait(self, theta: Array, ids: NDArray[np.int64], rows: NDArray[np.intp], at: NDArray[np.int64]) -> None:
        seen = self.view.portrait(theta, rows)
        self.seen[rows] = at
        self.portraits.append((ids.copy(), at, theta[: len(self.model.names)].T.copy(), seen))
        self.events += self.standings.changes(seen, rows, ids, at, self.horizon[rows])

    def close(self) -> RegionTrace:
        """What was seen."""
        if self.unread is not None:
            self.read(*self.unread)
        looks, portraits, points = table_of(self.looks, self.portraits)
        noise = self.task.noise
        half, std = (getattr(self.task, name, getattr(noise, name)) for name in ("half_width", "std"))
        return RegionTrace(
            model=repr(self.model),
            task=repr(self.task),
            names=tuple(self.model.names),
            coordinates=self.view.coordinates,
            margin_words=self.view.margin_words,
            quiet_inputs=self.view.inputs,
            last=self.settings.last,
            noise_half_width=float(half or 0.0),
            noise_std=float(std or 0.0),
            looks=looks,
            portraits=portraits,
            points=points,
            events=tuple(sorted(self.events, key=lambda event: (event.trial, event.presentation))),
        )


def view_of(model: Architecture, task: Task, lanes: Lanes) -> View:
    """How this model is looked at."""
    network = model.network(np.ascontiguousarray(model.initial([np.random.default_rng(0)])[:, 0]))
    cell = model.cell()
    if isinstance(cell, Wiring) and surveyed(cell):
        return WiredView(model, task, lanes)
    if isinstance(network, StateNetwork):
        return TableView(model, task, lanes)
    if isinstance(network, SubnetNetwork):
        return SubnetView(model, task, lanes)
    if isinstance(network, FiniteMap):
        return GraphView(model, task, lanes)
    return MapView(model, task, lanes)
