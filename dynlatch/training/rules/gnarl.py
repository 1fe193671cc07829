"""GNARL, generalized acquisition of recurrent links: evolutionary programming of weights and structure at once.

Saunders, Angeline and Pollack (1994), NIPS 6. Every net N of a population has the temperature T(N) = 1 - f(N) / f_max. Each
generation, the better half have one child each, which replace the worse half:

    w += Normal(0, T) for every link; then, each with a probability of its own,
    add k1 hidden units, delete k2 hidden units, add k3 links, delete k4 links.

A new unit has no links, a new link has weight 0, a deleted unit takes its links along; there is no crossover. Left open there
and chosen here: f = 1 - C / C_0 with the mean cost C on the training sequences, C_0 that of the answer 0 (so f_max = 1), T
between 0 and 1; and k = 1 + floor(U T most), U uniform on [0, 1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InvalidInput
from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.evaluation import cut_short, go_on, judge, marks, remember
from dynlatch.lanes.random import integer, normal, uniform
from dynlatch.lanes.show import asks_steps, awake
from dynlatch.lanes.stage import fill, longest_first, set_up
from dynlatch.lanes.wiring import Wiring
from dynlatch.training.contract import Architecture, Show, State, Task
from dynlatch.training.models.free_net import FreeNet
from dynlatch.validation import Array, count, non_negative_number


@dataclass(frozen=True)
class GNARL:
    """Evolves the links and the weights of a `FreeNet`; one net costs a presentation of every sequence.

    A net without an error ends the trial. Where the noise is fresh, it has to be right on further presentations as well.

    Parameters
    ----------
    population : int
        Nets, an even number.
    chance : float
        Probability of each of the four kinds of structural change.
    most_units, most_links : int
        The most units and links that one change adds or deletes, at temperature 1.
    severity : float
        Standard deviation of weight changes at temperature 1; 1 as published.

    Raises
    ------
    InvalidInput
        On a population that is not even and positive, or a setting outside its range.

    Examples
    --------
    >>> from dynlatch.training.rules import GNARL
    >>> GNARL(population=20).severity
    1.0
    """

    population: int = 50
    chance: float = 0.2
    most_units: int = 3
    most_links: int = 5
    severity: float = 1.0

    def __post_init__(self) -> None:
        for name in ("population", "most_units", "most_links"):
            object.__setattr__(self, name, count(name, getattr(self, name), least=1))
        if self.population % 2:
            raise InvalidInput(f"`population` must be even: one half replaces the other; got {self.population}.")
        if not 0.0 <= non_negative_number("chance", self.chance) <= 1.0:
            raise InvalidInput(f"`chance` is a probability; got {self.chance}.")
        non_negative_number("severity", self.severity)

    def refuses(self, model: Architecture, task: Task) -> str | None:
        return None if isinstance(model, FreeNet) else f"GNARL evolves FreeNet(); {type(model).__name__} has a fixed structure."

    def init(self, model: Architecture, theta: Array, show: Show, streams: Sequence[np.random.SeedSequence]) -> State:
        """Weights and links (N, P, L), hidden units (N, H, L), costs (N, L), the lowest, the net to try next, the mark (L,)."""
        lanes, ends = theta.shape[1], ends_of(model.cell())
        drawn = [model.initial(np.random.default_rng(seed).spawn(self.population)).T for seed in streams]
        weights = np.ascontiguousarray(np.stack(drawn, axis=2))
        weights[0] = theta
        links = weights != 0.0
        assert isinstance(model, FreeNet)
        joined = (ends == np.arange(model.units_count)[:, None, None]).any(2)  # (H, P)
        units = np.einsum("hp,npl->nhl", joined, links)
        costs, lowest, turn = np.full((self.population, lanes), np.inf), np.full(lanes, np.inf), np.zeros(lanes, dtype=np.int64)
        return weights, links, units, costs, lowest, turn, marks(show.lanes)

    def update(self, model: Architecture, theta: Array, state: State, show: Show) -> None:
        net = model.cell()
        settings = self.chance, self.most_units, self.most_links, self.severity
        learn(net, set_up(net, show.lanes), ends_of(net), theta, show.lanes, state, settings)


def ends_of(net: Wiring) -> NDArray[np.int64]:
    """Target and source of every link, shape (P, 2): each has a weight of its own."""
    ends = np.empty((len(net.weight), 2), dtype=np.int64)
    ends[net.weight] = np.stack([net.target, net.source], axis=1)
    return ends


@kernel
def learn(net, stage, ends, theta, show, state, settings):  # type: ignore[no-untyped-def]
    """Net by net, trial by trial; theta is the best net so far."""
    weights, links, units, costs, lowest, turn, mark = state
    chance, most_units, most_links, severity = settings
    for lane in range(theta.shape[1]):
        if not awake(show, lane):
            continue
        go_on(show, lane, mark)
        longest_first(stage, show, lane)
        fill(stage, net, show, lane)
        worst = cost_of_zero(show, lane)
        while awake(show, lane):
            k = turn[lane]
            stage.candidate[:] = weights[k, :, lane]
            cost = judge(stage, net, stage.candidate, show, lane)
            if cut_short(show, lane):
                break
            if show.learned[lane] or cost < lowest[lane]:
                theta[:, lane], lowest[lane] = weights[k, :, lane], cost
            costs[k, lane] = cost
            turn[lane] += 1
            if turn[lane] == costs.shape[0]:
                turn[lane] = costs.shape[0] // 2
                rank(weights, links, units, costs, lane)
                for child in range(turn[lane], costs.shape[0]):
                    parent = child - costs.shape[0] // 2
                    heat = min(1.0, costs[parent, lane] / worst)
                    w, there, unit = (
                        weights[parent, :, lane].copy(),
                        links[parent, :, lane].copy(),
                        units[parent, :, lane].copy(),
                    )
                    mutate(ends, show.random, w, there, unit, lane, heat, chance, most_units, most_links, severity)
                    weights[child, :, lane], links[child, :, lane], units[child, :, lane] = w, there, unit
            remember(show, lane, mark)


@kernel
def cost_of_zero(show, lane):  # type: ignore[no-untyped-def]
    """Mean cost of answering 0 to every sequence."""
    if not asks_steps(show):
        return 0.5 * show.criterion.amplitude**2
    desired, total = show.desired, 0.0
    for which in range(desired.shape[1]):
        for t in range(show.lengths[lane, which]):
            for k in range(desired.shape[3]):
                wanted = desired[lane, which, t, k]
                total += 0.5 * wanted * wanted if wanted == wanted else 0.0
    return total / desired.shape[1]


@kernel
def rank(weights, links, units, costs, lane):  # type: ignore[no-untyped-def]
    """Put the nets of a trial in the order of their costs."""
    before = costs[:, lane].copy()
    order = ordered(before)
    w, there, unit = weights[:, :, lane].copy(), links[:, :, lane].copy(), units[:, :, lane].copy()
    for k in range(order.size):
        costs[k, lane] = before[order[k]]
        weights[k, :, lane], links[k, :, lane], units[k, :, lane] = w[order[k]], there[order[k]], unit[order[k]]


@kernel
def ordered(costs):  # type: ignore[no-untyped-def]
    """The places (n,) of costs (n,) from the least on, NaN last, by insertion: a stable argsort that compiles in no time."""
    order = np.arange(costs.size)
    for k in range(1, costs.size):
        place = k
        while place > 0 and _after(costs[order[place - 1]], costs[k]):
            order[place] = order[place - 1]
            place -= 1
        order[place] = k
    return order


@kernel
def _after(a, b):  # type: ignore[no-untyped-def]
    return a > b or (np.isnan(a) and not np.isnan(b))


@kernel
def mutate(ends, random, w, there, unit, lane, heat, chance, most_units, most_links, severity):  # type: ignore[no-untyped-def]
    """Change one net in place at the temperature `heat`: its weights (P,), links (P,) and hidden units (H,) that exist."""
    for p in range(w.size):
        if there[p]:
            w[p] += severity * heat * normal(random, lane)
    for _ in range(number(random, lane, heat, chance, most_units)):
        chosen = pick(random, lane, ~unit)
        if chosen >= 0:
            unit[chosen] = True
    for _ in range(number(random, lane, heat, chance, most_units)):
        delete_unit(ends, w, there, unit, pick(random, lane, unit))
    for _ in range(number(random, lane, heat, chance, most_links)):
        chosen = pick(random, lane, possible(ends, there, unit))
        if chosen >= 0:
            there[chosen] = True
    for _ in range(number(random, lane, heat, chance, most_links)):
        chosen = pick(random, lane, there)
        if chosen >= 0:
            w[chosen], there[chosen] = 0.0, False


@kernel
def number(random, lane, heat, chance, most):  # type: ignore[no-untyped-def]
    """How many changes of one kind."""
    if uniform(random, lane) >= chance:
        return 0
    return 1 + int(uniform(random, lane) * heat * most)


@kernel
def pick(random, lane, among):  # type: ignore[no-untyped-def]
    """One of those that are True, each as likely; -1 if there is none."""
    left = among.sum()
    if left == 0:
        return -1
    left = integer(random, lane, left)
    for k in range(among.size):
        if among[k]:
            if left == 0:
                return k
            left -= 1
    return -1


@kernel
def possible(ends, there, unit):  # type: ignore[no-untyped-def]
    """The links that are absent though both of their ends exist."""
    absent = ~there
    for p in range(there.size):
        for end in ends[p]:
            if end < unit.size and not unit[end]:
                absent[p] = False
    return absent


@kernel
def delete_unit(ends, w, there, unit, gone):  # type: ignore[no-untyped-def]
    """Delete a hidden unit and its links; none if `gone` is -1."""
    if gone < 0:
        return
    unit[gone] = False
    for p in range(there.size):
        if ends[p, 0] == gone or ends[p, 1] == gone:
            w[p], there[p] = 0.0, False
