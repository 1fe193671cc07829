"""Multigrid random search: uniform in a box around the best point; the box follows every improvement and shrinks.

Candidates `w' = w_best + R r`, r uniform on [-1, 1]^P. A lower cost makes w' the best point and `R <- max(0.9 R, smallest)`.
Bengio, Simard and Frasconi (1994), section V. What they leave open is chosen here: the first half-width, the smallest, and
that R is the first half-width again after so many failures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dynlatch.errors import InvalidInput
from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.evaluation import cut_short, go_on, judge, marks, put, remember, take
from dynlatch.lanes.random import uniform
from dynlatch.lanes.show import awake
from dynlatch.lanes.stage import fill, longest_first, set_up
from dynlatch.training.contract import Architecture, Show, State, Task
from dynlatch.training.rules.common import needs_wiring
from dynlatch.validation import Array, count, positive_number


@dataclass(frozen=True)
class MultigridRandomSearch:
    """Random search in a box that shrinks around the best point; one candidate costs a presentation of every sequence.

    A candidate without an error ends the trial. Where the noise is fresh, costs are of different noise, and the candidate has
    to be right on further presentations as well.

    Parameters
    ----------
    half_width : float, optional
        Of the first box, R; None takes the value for the task from `presets`.
    shrink : float, optional
        Factor of R after an improvement, in (0, 1]: 0.9 in the papers; 0.95 fails less often, 0.5 more.
    smallest : float
        R is never less.
    patience : int
        Failures in a row after which R is `half_width` again.

    Raises
    ------
    InvalidInput
        On a setting outside its range.

    Examples
    --------
    >>> from dynlatch.training.rules import MultigridRandomSearch
    >>> MultigridRandomSearch(half_width=3.0, shrink=0.95).patience
    200
    """

    half_width: float | None = None
    shrink: float | None = None
    smallest: float = 1e-3
    patience: int = 200

    def __post_init__(self) -> None:
        if self.half_width is not None:
            positive_number("half_width", self.half_width)
        if self.shrink is not None and not 0.0 < self.shrink <= 1.0:
            raise InvalidInput(f"`shrink` must be above 0 and at most 1; got {self.shrink}.")
        positive_number("smallest", self.smallest)
        count("patience", self.patience, least=1)

    def refuses(self, model: Architecture, task: Task) -> str | None:
        return needs_wiring(self, model)

    def init(self, model: Architecture, theta: Array, show: Show, streams: Sequence[np.random.SeedSequence]) -> State:
        lanes = theta.shape[1]
        return np.full(lanes, np.inf), np.zeros(lanes), np.zeros(lanes, dtype=np.int64), marks(show.lanes)

    def update(self, model: Architecture, theta: Array, state: State, show: Show) -> None:
        settings = self.half_width, self.shrink, self.smallest, self.patience
        net = model.cell()
        learn(net, set_up(net, show.lanes), theta, show.lanes, *state, *settings)


@kernel
def learn(net, stage, theta, show, lowest, box, failures, mark, half_width, shrink, smallest, patience):  # type: ignore[no-untyped-def]
    """Candidate by candidate, trial by trial; the box of half-width 0 that a trial begins with holds its first weights."""
    candidate = stage.candidate
    for lane in range(theta.shape[1]):
        if not awake(show, lane):
            continue
        go_on(show, lane, mark)
        longest_first(stage, show, lane)
        fill(stage, net, show, lane)
        while awake(show, lane):
            take(theta, lane, candidate)
            for p in range(net.trained):
                candidate[p] += box[lane] * (2.0 * uniform(show.random, lane) - 1.0)
            cost = judge(stage, net, candidate, show, lane)
            if cut_short(show, lane):
                break
            better, first = cost < lowest[lane], box[lane] == 0.0
            if better or show.learned[lane]:
                put(candidate, theta, lane)
                lowest[lane] = cost
            failures[lane] = 0 if better else failures[lane] + 1
            box[lane] = max(shrink * box[lane], smallest) if better else box[lane]
            if first or failures[lane] == patience:
                box[lane], failures[lane] = half_width, 0
            remember(show, lane, mark)
