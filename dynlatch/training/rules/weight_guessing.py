"""Weight guessing: weights uniform on [-R, R], again and again, until every training sequence is answered right.

Hochreiter and Schmidhuber (1997), "LSTM can solve hard long time lag problems": the baseline that a task must be too hard for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.evaluation import all_right, choose, cut_short, go_on, is_noisy, marks, remember, take
from dynlatch.lanes.random import uniform
from dynlatch.lanes.show import awake
from dynlatch.lanes.stage import fill, in_order, set_up
from dynlatch.training.contract import Architecture, Show, State, Task
from dynlatch.training.rules.common import needs_wiring
from dynlatch.validation import Array, positive_number


@dataclass(frozen=True)
class WeightGuessing:
    """Independent random weights, each dropped at its first wrong answer; the first weights are a guess like any other.

    Where the noise is fresh, a guess that is right on all sequences has to be right on further presentations as well.

    Parameters
    ----------
    half_width : float, optional
        R; None takes the value for the task from `presets`.

    Raises
    ------
    InvalidInput
        If R is not positive.

    Examples
    --------
    >>> from dynlatch.training.rules import WeightGuessing
    >>> WeightGuessing(half_width=5.0)
    WeightGuessing(half_width=5.0)
    """

    half_width: float | None = None

    def __post_init__(self) -> None:
        if self.half_width is not None:
            positive_number("half_width", self.half_width)

    def refuses(self, model: Architecture, task: Task) -> str | None:
        return needs_wiring(self, model)

    def init(self, model: Architecture, theta: Array, show: Show, streams: Sequence[np.random.SeedSequence]) -> State:
        return np.zeros(theta.shape[1], dtype=np.int64), marks(show.lanes)

    def update(self, model: Architecture, theta: Array, state: State, show: Show) -> None:
        net = model.cell()
        learn(net, set_up(net, show.lanes), theta, show.lanes, *state, self.half_width)


@kernel
def learn(net, stage, theta, show, guesses, mark, half_width):  # type: ignore[no-untyped-def]
    """Guess by guess, trial by trial; `guesses` (L,) counts them."""
    n = show.lengths.shape[1]
    for lane in range(theta.shape[1]):
        if not awake(show, lane):
            continue
        go_on(show, lane, mark)
        in_order(stage, show, lane)
        fill(stage, net, show, lane)
        while awake(show, lane):
            for p in range(net.trained if guesses[lane] > 0 else 0):
                theta[p, lane] = half_width * (2.0 * uniform(show.random, lane) - 1.0)
            take(theta, lane, stage.candidate)
            choose(stage, net, stage.candidate)
            right = all_right(stage, net, show, lane, n)
            if right and is_noisy(show):
                right = all_right(stage, net, show, lane, show.needed)
            show.learned[lane] = right
            if cut_short(show, lane):
                break
            guesses[lane] += 1
            remember(show, lane, mark)
