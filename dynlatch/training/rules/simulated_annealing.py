"""Simulated annealing with a step of its own for each weight: Corana, Marchesi, Martini and Ridella (1987).

One weight after the other, `w_h' = w_h + r v_h` with r uniform on [-1, 1], drawn again while |w_h'| > bound; accepted if
`f' <= f`, else with probability exp(-(f' - f) / T). After N_S sweeps the steps follow the share q of moves accepted, to half:
`v_h *= 1 + c (q - 0.6) / 0.4` if q > 0.6, `v_h /= 1 + c (0.4 - q) / 0.4` if q < 0.4. After N_T of these `T *= r_T`, and the
walk starts again from the best point; it ends when its cost at the last N_eps + 1 temperatures was the same within eps, and
within eps of the best. The steps are at most the width of the box (Goffe, Ferrier and Rogers 1994).
"""

from __future__ import annotations

import math
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
from dynlatch.validation import Array, count, finite_number, positive_number


@dataclass(frozen=True)
class SimulatedAnnealing:
    """Corana's annealing of the mean cost; one move costs a presentation of every sequence.

    The first point without an error ends the trial, accepted or not: mostly long before the walk is cold. Where the noise is
    fresh, that point has to be right on further presentations as well. A walk that ends by itself is stuck.

    Parameters
    ----------
    temperature : float, optional
        The first T, in units of the cost; None takes the value for the task from `presets`, as it does for the next three.
    step : float, optional
        The first v, the same for every weight.
    bound : float, optional
        Weights stay within +-bound; a network whose weights are outside is refused.
    adjustments : int, optional
        N_T; Corana et al. advise max(100, 5 P) for P weights.
    sweeps : int
        N_S.
    variation : float
        c: how much a step may change at once.
    cooling : float
        r_T, between 0 and 1.
    tolerance : float
        eps, in units of the cost.
    unchanged : int
        N_eps.

    Raises
    ------
    InvalidInput
        On a setting outside its range.

    Examples
    --------
    >>> from dynlatch.training.rules import SimulatedAnnealing
    >>> SimulatedAnnealing(temperature=0.1, step=1.0, bound=10.0, adjustments=125).cooling
    0.85
    """

    temperature: float | None = None
    step: float | None = None
    bound: float | None = None
    adjustments: int | None = None
    sweeps: int = 20
    variation: float = 2.0
    cooling: float = 0.85
    tolerance: float = 1e-4
    unchanged: int = 4

    def __post_init__(self) -> None:
        for name in ("temperature", "step", "bound"):
            if getattr(self, name) is not None:
                positive_number(name, getattr(self, name))
        for name in ("adjustments", "sweeps", "unchanged"):
            if getattr(self, name) is not None:
                count(name, getattr(self, name), least=1)
        for name in ("variation", "tolerance"):
            if finite_number(name, getattr(self, name)) < 0.0:
                raise InvalidInput(f"`{name}` must not be negative; got {getattr(self, name)}.")
        if not 0.0 < self.cooling < 1.0:
            raise InvalidInput(f"`cooling` must be between 0 and 1; got {self.cooling}.")

    def refuses(self, model: Architecture, task: Task) -> str | None:
        return needs_wiring(self, model)

    def init(self, model: Architecture, theta: Array, show: Show, streams: Sequence[np.random.SeedSequence]) -> State:
        assert self.bound is not None
        trained, lanes = model.cell().trained, theta.shape[1]
        largest = np.abs(theta[:trained]).max()
        if largest > self.bound:
            raise InvalidInput(
                f"the walk stays within +-{self.bound} (`bound`), but a weight starts at {largest:.4g}: widen it."
            )
        costs = np.zeros((self.unchanged + 2, lanes))
        clock, accepted = np.zeros((3, lanes), np.int64), np.zeros((trained, lanes), np.int64)
        steps = np.full((trained, lanes), self.step, dtype=np.float64)
        return theta.copy(), theta.copy(), costs, np.zeros(lanes), steps, accepted, clock, marks(show.lanes)

    def update(self, model: Architecture, theta: Array, state: State, show: Show) -> None:
        schedule = self.temperature, self.bound, self.sweeps, self.variation, self.adjustments, self.cooling, self.tolerance
        net = model.cell()
        anneal(net, set_up(net, show.lanes), theta, show.lanes, *state, *schedule)


@kernel
def anneal(  # type: ignore[no-untyped-def]
    net, stage, theta, show, point, best, costs, temperature, v, accepted, clock, mark, T0, bound, N_S, c, N_T, r_T, eps
):  # fmt: skip
    """Move by move, trial by trial. `costs` (N_eps + 2, L): of the best point, of the walk, and at the last temperatures.

    `clock` (3, L): the weight h, sweep j and adjustment m that are next. Temperature 0: the first weights are still untried.
    """
    candidate = stage.candidate
    for lane in range(theta.shape[1]):
        if not awake(show, lane):
            continue
        go_on(show, lane, mark)
        longest_first(stage, show, lane)
        fill(stage, net, show, lane)
        while awake(show, lane):
            first, h = temperature[lane] == 0.0, clock[0, lane]
            take(point, lane, candidate)
            if not first:
                candidate[h] = _moved(point[h, lane], v[h, lane], bound, show, lane)
            cost = judge(stage, net, candidate, show, lane)
            if cut_short(show, lane):
                break
            if first:
                temperature[lane], costs[:, lane] = T0, cost
            elif cost <= costs[1, lane] or uniform(show.random, lane) < math.exp((costs[1, lane] - cost) / temperature[lane]):
                point[h, lane], costs[1, lane] = candidate[h], cost
                accepted[h, lane] += 1
            if cost < costs[0, lane] or show.learned[lane]:
                put(candidate, best, lane)
                costs[0, lane] = cost
            if not first and _through(clock, 0, lane, v.shape[0]) and _through(clock, 1, lane, N_S):
                _adjust(v, accepted, lane, N_S, c, 2.0 * bound)
                if _through(clock, 2, lane, N_T):
                    temperature[lane] *= r_T
                    show.stuck[lane] = _settled(costs, lane, eps) and not show.learned[lane]
                    take(best, lane, candidate)
                    put(candidate, point, lane)
                    costs[1, lane] = costs[0, lane]
            remember(show, lane, mark)
        walks = not show.learned[lane] and not show.stuck[lane] and show.presentations[lane] < show.budget
        take(point if walks else best, lane, candidate)
        put(candidate, theta, lane)


@kernel
def _moved(x, v, bound, show, lane):  # type: ignore[no-untyped-def]
    """Corana's step 1: x + r v, drawn again while it is out of bounds."""
    while True:
        moved = x + v * (2.0 * uniform(show.random, lane) - 1.0)
        if abs(moved) <= bound:
            return moved


@kernel
def _through(clock, k, lane, end):  # type: ignore[no-untyped-def]
    """Advance one counter; whether it came to its end, where it begins again."""
    clock[k, lane] = (clock[k, lane] + 1) % end
    return clock[k, lane] == 0


@kernel
def _adjust(v, accepted, lane, N_S, c, largest):  # type: ignore[no-untyped-def]
    """Corana's step 4: longer steps where most moves were accepted, shorter ones where few were."""
    for h in range(v.shape[0]):
        q = accepted[h, lane] / N_S
        if q > 0.6:
            v[h, lane] = min(v[h, lane] * (1.0 + c * (q - 0.6) / 0.4), largest)
        elif q < 0.4:
            v[h, lane] /= 1.0 + c * (0.4 - q) / 0.4
        accepted[h, lane] = 0


@kernel
def _settled(costs, lane, eps):  # type: ignore[no-untyped-def]
    """Corana's step 6: whether the cost is that of the last temperatures and of the best point; it joins them."""
    now, same = costs[1, lane], costs[1, lane] - costs[0, lane] <= eps
    for k in range(2, costs.shape[0]):
        same = same and abs(now - costs[k, lane]) <= eps
    for k in range(costs.shape[0] - 1, 2, -1):
        costs[k, lane] = costs[k - 1, lane]
    costs[2, lane] = now
    return same
