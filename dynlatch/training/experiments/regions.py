"""What became of the trials of a cell in the regions of their state space, in one sentence: nobody has published this.

Bengio, Frasconi and Simard (1993, 1994) argue from single units that back-propagation fails because a bit that is latched
robustly lies where gradients vanish. Here every trial of a table is followed: whether its network ever had a second attractor,
whether it latched, on the wrong side perhaps, and how far back its gradient reached in the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dynlatch.training.monitor import RegionMonitor
from dynlatch.training.sweeps import Trials
from dynlatch.validation import Array

FAILED = 0.25  # error halfway between an answer and the toss of a coin
PORTRAITS, LOOKS = 20, 100  # of a trial that uses up its presentations
Facts: TypeAlias = dict[str, Array]
HALF = 0.5  # of a difference between states


def watching(max_presentations: int) -> RegionMonitor:
    """A monitor for cells of many trials: a portrait costs as much as hundreds of presentations of a short sequence.

    Parameters
    ----------
    max_presentations : int
        What a trial may use.
    """
    return RegionMonitor(
        every=max(10, max_presentations // LOOKS),
        portrait_every=max(50, max_presentations // PORTRAITS),
    )


def region_sentence(trials: Trials, T: int) -> str:
    """How the trials moved through basins and reduced attracting sets, told apart by whether they failed.

    Parameters
    ----------
    trials : Trials
        Of a cell with a monitor.
    T : int
        Longest length of a sequence.

    Returns
    -------
    str
        One sentence; a trial has failed if its error is above 25 %. Dates and last states are those of portraits.
    """
    if not trials.facts:
        return "The trials were not watched."
    facts, failed = trials.facts, trials.error > FAILED
    tables = bool(np.isfinite(facts["tau_last"]).any())
    lost, won = (_matrices, _matrices) if tables else (_failed, _successful)
    parts = []
    if failed.any():
        parts.append(f"{_number(failed, 'failed')} (error above {100.0 * FAILED:.0f} %), {lost(_of(facts, failed), T)}")
    if not failed.all():
        parts.append(f"{_number(~failed, 'successful')}, {won(_of(facts, ~failed), T)}")
    return f"Of {'; of '.join(parts)}."


def _of(facts: Mapping[str, Array], own: NDArray[np.bool_]) -> Facts:
    return {name: column[own] for name, column in facts.items()}


def _number(own: NDArray[np.bool_], kind: str) -> str:
    return f"{own.sum()} {kind} trial{'s' * int(own.sum() > 1)}"


def _failed(facts: Facts, T: int) -> str:
    """Each trial is counted once, at the first of: one basin, wrong, right, none of these."""
    alone, wrong, right = (facts[name] == 1.0 for name in ("one_basin", "latched_wrong", "latched"))
    wrong, right = wrong & ~alone, right & ~alone & ~wrong
    rest = ~(alone | wrong | right)
    mixed = alone.any() and not alone.all()
    told = [f"{_share(alone)} never left the one-basin region" if mixed else f"{_share(~alone)} left the one-basin region"]
    if not alone.all():
        told.append(f"{_share(wrong)} ended with a class latched wrong")
    if right.any():
        told.append(f"{_share(right)} ended latched on the sequences watched but wrong on others")
    if rest.any():
        told.append(f"{_share(rest)} ended with nothing latched")
    return ", ".join(told) + _reach(facts, T)


def _successful(facts: Facts, T: int) -> str:
    latched = facts["latched"] == 1.0
    told = f"{_share(latched)} ended latched"
    if latched.any():
        told += f", first seen so at presentation {_middle(facts['first_latched'][latched])}"
    above = latched & (facts["margin_above_noise"] == 1.0)
    if above.any():
        told += f", {_share(above)} with a latch margin shown to exceed the noise"
    return told + _reach(facts, T)


def _reach(facts: Facts, T: int) -> str:
    horizon = facts["horizon_last"][np.isfinite(facts["horizon_last"])]
    if not horizon.size:
        return ""
    return f", and at the end 95 % of the gradient came from the last {_middle(horizon, f' of T = {T} steps')}"


def _matrices(facts: Facts, T: int) -> str:
    """The least tau_1 over the symbols: where tau_1^T is large, no sequence of length T need forget a state."""
    tau, det = facts["tau_last"], facts["det_last"]
    told = f"{_share(tau**T >= HALF)} ended with matrices that can keep half of a difference over T = {T} steps of any symbols"
    if (np.minimum(tau, facts["tau_first"]) == 1.0).all():
        told += ", as their topology alone sees to"
    return f"{told}, the least tau_1 of a symbol being {_middle(tau)} and the least |det| {_middle(det)}"


def _share(own: NDArray[np.bool_]) -> str:
    """How many of them."""
    if not own.any():
        return "none"
    if own.all():
        return "all" if own.size > 1 else "it"
    return f"{own.sum()} ({100.0 * own.mean():.0f} %)"


def _middle(values: Array, unit: str = "") -> str:
    """Median and range; the value alone where they are one."""
    low, middle, high = (_short(value) for value in (values.min(), np.median(values), values.max()))
    return f"{middle}{unit}" if low == high else f"{middle}{unit} (median; {low} to {high})"


def _short(value: np.floating[Any]) -> str:
    return f"{value:,.0f}" if value >= 100.0 else f"{value:.3g}"
