"""A block of trials in the compiled form: packed into lanes, thinned out as trials end, unpacked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.lanes import packs, random
from dynlatch.lanes.show import Lanes, Work
from dynlatch.lanes.trace import LANES_LAST, blind
from dynlatch.lanes.wiring import Wiring
from dynlatch.training.answers import asked, output_dim
from dynlatch.training.contract import Architecture, Rule, Show, State
from dynlatch.training.trials import Trial, generators
from dynlatch.validation import Array

BETWEEN_PAUSES = 500  # presentations between two looks at which trials have ended
WIDTH = 32  # trials side by side: measured fastest (more overflow the inner cache)


@dataclass(frozen=True, eq=False)
class Block:
    """Trials in lanes: lane l is trial `numbers[l]`; lanes beyond fill the last pack of `width` up, and sleep."""

    numbers: NDArray[np.int64]
    theta: Array  # (P + F, L)
    state: State
    show: Show
    width: int


def pack(rule: Rule, model: Architecture, trials: Sequence[Trial], columns: Array | None, budget: int) -> Block:
    """The block of `trials` before their first presentation; `columns` (P, L) are given initial weights, None draws them."""
    width = packs.WIDTH if isinstance(model.cell(), Wiring) else 1  # other kernels take lanes one by one
    lanes = [trials[k] for k in whole_packs(len(trials), width)]
    drawn = model.initial(generators([t.streams.weights for t in lanes])) if columns is None else columns
    drawn = drawn[:, whole_packs(drawn.shape[1], width)]
    constants = np.repeat(model.constants[:, None], len(lanes), axis=1)
    theta = packs.aligned(np.concatenate([drawn, constants]).astype(np.float64, copy=False))
    show = Show(_lanes(lanes, budget), _work(model, lanes))
    show.lanes.stuck[len(trials) :] = True
    state = rule.init(model, theta, show, [t.streams.rule for t in lanes])
    return Block(np.array([t.number for t in trials], dtype=np.int64), theta, state, show, width)


def whole_packs(lanes: int, width: int) -> NDArray[np.intp]:
    """Indices 0 .. lanes - 1, and the last one again until the packs are whole."""
    return np.arange(lanes + -lanes % width).clip(max=lanes - 1)


def _lanes(trials: Sequence[Trial], budget: int) -> Lanes:
    task, sequences = trials[0].task, [t.sequences for t in trials]
    L, n = len(trials), len(sequences[0].lengths)
    return Lanes(
        inputs=np.ascontiguousarray(np.stack([s.inputs.transpose(1, 0, 2) for s in sequences]), dtype=np.float64),
        lengths=np.stack([s.lengths for s in sequences]).astype(np.int64),
        targets=np.stack([s.targets for s in sequences]).astype(np.float64),
        desired=np.ascontiguousarray(np.stack([_desired(t) for t in trials])),
        noise=task.noise,
        criterion=task.criterion,
        random=random.states([t.streams.show for t in trials]),
        order=np.repeat(np.arange(n)[None], L, axis=0),
        position=np.full(L, n),  # an order is drawn before the first presentation
        presentations=np.zeros(L, dtype=np.int64),
        streak=np.zeros(L, dtype=np.int64),
        learned=np.zeros(L, dtype=np.bool_),
        stuck=np.zeros(L, dtype=np.bool_),
        needed=task.streak(n),
        budget=budget,
        pause=np.zeros(1, dtype=np.int64),
        probe=blind(L),
    )


def _desired(trial: Trial) -> Array:
    """Targets at steps of one trial, (n, T, k); (n, 0, k) where classes are asked."""
    sequences, k = trial.sequences, output_dim(trial.task)
    found = asked(sequences, trial.task.criterion, k)
    return np.empty((len(sequences.lengths), 0, k)) if found is None else found.transpose(1, 0, 2)


def _work(model: Architecture, trials: Sequence[Trial]) -> Work:
    cell, L, T = model.cell(), len(trials), trials[0].task.T
    units, channels = (len(cell.kinds), cell.inputs) if isinstance(cell, Wiring) else (0, 0)
    a, d, h = (packs.zeros(T + 1, units, L) for _ in range(3))
    return Work(
        s=packs.zeros(T + 1, units + channels + 1, L),
        a=a,
        d=d,
        h=h,
        which=np.zeros(L, dtype=np.int64),
        length=np.zeros(L, dtype=np.int64),
        target=np.zeros(L),
        output=np.zeros(L),
        wrong=np.zeros(L, dtype=np.bool_),
        live=np.zeros(L),
    )


LANE_FIRST = (
    "inputs",
    "lengths",
    "targets",
    "desired",
    "random",
    "order",
    "position",
    "presentations",
    "streak",
    "learned",
    "stuck",
)


def keep(block: Block, chosen: NDArray[np.intp]) -> Block:
    """The block with the chosen lanes only, in whole packs."""
    numbers, lanes, work = block.numbers[chosen], block.show.lanes, block.show.work
    chosen = chosen[whole_packs(len(chosen), block.width)] if len(chosen) else chosen
    picked: dict[str, Any] = {name: np.ascontiguousarray(getattr(lanes, name)[chosen]) for name in LANE_FIRST}
    sight: dict[str, Any] = {name: _picked(getattr(lanes.probe, name), chosen) for name in LANES_LAST}
    show = Show(
        lanes._replace(probe=lanes.probe._replace(**sight), **picked), Work._make(_picked(array, chosen) for array in work)
    )
    show.lanes.stuck[len(numbers) :] = True
    state = tuple(_picked(array, chosen) for array in block.state)
    return replace(block, numbers=numbers, theta=_picked(block.theta, chosen), state=state, show=show)


def _picked(array: NDArray[Any], chosen: NDArray[np.intp]) -> NDArray[Any]:
    return packs.aligned(array[..., chosen])
