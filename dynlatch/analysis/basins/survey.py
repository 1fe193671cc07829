"""The order of work of `basins`: blocks, orbits, then rounds of looking at what is still open."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.basins.cells import decide_blocks, worth_it
from dynlatch.analysis.basins.descent import Fate, descend, descend_all
from dynlatch.analysis.basins.domain import Domain
from dynlatch.analysis.basins.recurrences import scout
from dynlatch.analysis.basins.rest import judge_rest, lingering
from dynlatch.analysis.basins.result import OUTCOMES, AttractorKind, BasinOutcome, Basins
from dynlatch.analysis.basins.system import System
from dynlatch.analysis.basins.targets import add_target
from dynlatch.analysis.structure import additive_form, steepest_slope
from dynlatch.intervals import EPS
from dynlatch.linalg import matrix_norm
from dynlatch.maps import Map, coordinates
from dynlatch.validation import Array

FIRST_STAGE = 256
ROUNDS = 3  # in which open orbits are searched for attractors
ADVANCE_PARTY = 64  # states sent ahead, so that unnamed attractors are known before all the others set out
BATCH = 2**16
ROUNDING = 64.0  # units in the last place
AMPLIFIED = 1e12  # of a difference of that size, before it can matter
UNKNOWN_STEPS = 24  # that many steps can do it where the map says nothing of its slopes
CODE = {outcome: np.int8(OUTCOMES.index(outcome)) for outcome in BasinOutcome}


@dataclass(eq=False)
class Survey:
    """One call of `basins`. Labels from `named` on are attractors met on the way."""

    system: System
    where: Domain
    steps: int
    deadline: float
    only_listed: bool
    orbits: list[Array] = field(default_factory=list)
    kinds: list[AttractorKind] = field(default_factory=list)

    def run(self, orbits: list[Array], enter: Callable[[str], None]) -> Basins:
        for k, orbit in enumerate(orbits):
            points = orbit.reshape(-1, self.system.map.dim)
            self._note(points, AttractorKind.FIXED_POINT if len(points) == 1 else AttractorKind.CYCLE)
            add_target(self.system, points, k)
        self._send_ahead()
        enter("blocks of the grid")
        fate, first = self._begin()
        with contextlib.suppress(KeyboardInterrupt):  # as if the time had run out
            self._follow(fate, first, enter)
        return self._result(fate, len(orbits))

    def _follow(self, fate: Fate, first: NDArray[np.int32] | None, enter: Callable[[str], None]) -> None:
        enter("orbits")
        going = descend_all(self.system, fate, min(FIRST_STAGE, self.steps), self.deadline, first)
        enter("orbits that take long")
        if going:
            self._look_at_the_rest(fate)
            if not self.where.random:
                self._doubt(fate)

    def _note(self, orbit: Array, kind: AttractorKind) -> None:
        self.orbits.append(orbit)
        self.kinds.append(kind)

    def _send_ahead(self) -> None:
        """Meet the attractors in which a few of the states end."""
        rows = np.unique(np.linspace(0, self.where.size - 1, ADVANCE_PARTY).astype(np.intp))
        self._meet(descend(self.system, self.where.columns(rows), min(FIRST_STAGE, self.steps)).states)

    def _meet(self, X: Array) -> tuple[bool, NDArray[np.bool_]]:
        """Look at open states: whether new attractors were met, and which of them rest where nothing attracts."""
        if X.shape[1] == 0 or time.monotonic() > self.deadline:
            return False, np.zeros(X.shape[1], dtype=bool)
        before = len(self.orbits)
        rest, met = judge_rest(self.system, X, before)
        for orbit, kind in met:
            self._note(orbit, kind)
        moving = X[:, ~rest]
        if moving.shape[1] and not met:
            for orbit, kind in scout(self.system, moving, before):
                self._note(orbit, kind)
        return len(self.orbits) > before, rest

    def _begin(self) -> tuple[Fate, NDArray[np.int32] | None]:
        """What the blocks decide; all other states are open."""
        if not worth_it(self.system, self.where):
            return Fate.of(self.where.columns(np.arange(self.where.size))), None
        known = decide_blocks(self.system, self.where, self.steps)
        codes = np.full(self.where.size, CODE[BasinOutcome.BUDGET])
        fate = Fate(known.labels, codes, known.times, known.rows, known.states)
        return fate, known.first

    def _look_at_the_rest(self, fate: Fate) -> None:
        """Rounds over the open states: what rests is closed, new attractors are met, the others go on twice as far."""
        for number in range(64):
            if not len(fate.rows) or fate.done >= self.steps:
                break
            if number < ROUNDS:
                new, rest = self._meet(fate.states)
                self._close(fate, rest)
                if new:  # from the start again, so that the times are those of the first entry
                    fate.states, fate.done = self.where.columns(fate.rows), 0
            target = FIRST_STAGE if fate.done == 0 else 2 * fate.done
            if not descend_all(self.system, fate, min(target, self.steps), self.deadline):
                return
        if len(fate.rows):
            self._close(fate, lingering(self.system, fate.states))

    def _doubt(self, fate: Fate) -> None:
        """Take back the labels that rounding decided: states whose neighbours at a few units in the last place end elsewhere.

        Only where orbits took so long that such a difference can have grown to the size of the attractors' distance.
        """
        rows = np.flatnonzero((fate.labels >= 0) & (fate.times >= amplifying_steps(self.system.map)))
        for start in range(0, len(rows), BATCH):
            part = rows[start : start + BATCH]
            if time.monotonic() > self.deadline:
                return
            X = self.where.columns(part)
            size = ROUNDING * EPS * (1.0 + np.abs(X))
            last = int(min(self.steps, 2 * fate.times[part].max() + 2))
            ends = [descend(self.system, X + size * shift, last).labels for shift in _shifts(len(X))]
            taken = part[(np.stack(ends) != fate.labels[part]).any(0)]
            fate.labels[taken], fate.times[taken], fate.codes[taken] = -1, -1, CODE[BasinOutcome.SADDLE]

    def _close(self, fate: Fate, rest: NDArray[np.bool_]) -> None:
        fate.codes[fate.rows[rest]] = CODE[BasinOutcome.SADDLE]
        fate.rows, fate.states = fate.rows[~rest], fate.states[:, ~rest]

    def _result(self, fate: Fate, named: int) -> Basins:
        proved = np.zeros(len(self.orbits) + 1, dtype=bool)
        for ball in self.system.balls:
            proved[ball.label] = ball.proved
        code = np.where(proved, CODE[BasinOutcome.CERTIFIED], CODE[BasinOutcome.SETTLED])
        held = fate.labels >= 0
        fate.codes[held] = code[fate.labels[held]]
        shown = len(self.orbits)
        if self.only_listed:
            shown = named
            other = fate.labels >= named
            fate.labels[other], fate.times[other], fate.codes[other] = -1, -1, CODE[BasinOutcome.UNLISTED]
        shape = self.where.shape
        return Basins(
            labels=fate.labels.reshape(shape),
            codes=fate.codes.reshape(shape),
            times=fate.times.reshape(shape),
            attractors=tuple(self.orbits[:shown]),
            kinds=tuple(self.kinds[:shown]),
            axes=self.where.axes,
            points=self.where.points,
            steps=self.steps,
            coordinates=coordinates(self.system.map),
        )


def _shifts(n: int) -> list[Array]:
    """Directions (n, 1), each with its opposite: generic, and the same every time."""
    angles = 1.0 + np.arange(n)[:, None] ** 1.5
    return [side * wave(angles) for side in (1.0, -1.0) for wave in ((np.cos, np.sin) if n > 1 else (np.cos,))]


def amplifying_steps(map: Map) -> float:
    """Steps that it takes at least until a difference has grown by `AMPLIFIED`, from the Lipschitz constant of the map."""
    form = additive_form(map)
    if form is None or form.f.slope_peak is None:
        return UNKNOWN_STEPS
    largest = max(float(matrix_norm(form.W)) * steepest_slope(form.f), 1.0)  # a leak only averages with 1
    return float(np.log(AMPLIFIED) / np.log(largest)) if largest > 1.0 else np.inf
