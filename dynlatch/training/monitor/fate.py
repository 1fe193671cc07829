"""`fates`: a `RegionTrace` in a few numbers a trial, for statistics over thousands of runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.training.monitor.record import RegionTrace, Table
from dynlatch.training.monitor.sighting import Sighting, latched, latched_wrong
from dynlatch.validation import Array

LOOKS = 5  # first and last looks that a horizon or a norm is the median of
NEVER = -1

REGIONS = (
    "attractors_most",
    "one_basin",
    "latched",
    "first_latched",
    "latched_wrong",
    "first_latched_wrong",
    "margin_last",
    "margin_above_noise",
)
GRADIENTS = ("horizon_first", "horizon_last", "log_norm_first", "log_norm_last")
MATRICES = ("tau_first", "tau_last", "det_last")
FATES = REGIONS + GRADIENTS + MATRICES

Groups = Sequence[NDArray[np.intp]]  # the rows of each trial, in the order of time


def fates(trace: RegionTrace) -> dict[str, Array]:
    """What became of every trial, in columns of float64, one value a trial, in the order of `trace.trials`.

    True is 1. NaN is where there is no such thing: gradients of networks without derivatives, attractors of state networks
    whose inputs are symbols.

    Returns
    -------
    dict of str to ndarray, shape (trials,)
        `attractors_most`: the most attractors at any portrait, under any quiet input; `one_basin`: one at every portrait under
        every quiet input (where none was found, as on an invariant curve, it is not so).
        `latched`, `latched_wrong`: at the last portrait, as `RegionEventKind` defines them (wrong: at least one class);
        `first_latched`, `first_latched_wrong`: presentation of the first portrait where it was so, -1 for never.
        `horizon_first`, `horizon_last`: steps that carry 95 % of the gradient, and `log_norm_first`, `log_norm_last`:
        log|da_T/da_0|; medians of the first and the last looks.
        `margin_last`: the latch margin at the end; `margin_above_noise`: whether it exceeds the noise's half-width, or its
        standard deviation where it has none.
        `tau_first`, `tau_last`, `det_last`: of state networks, the least tau_1 and |det| over the symbols, or quiet inputs.
    """
    groups = [np.flatnonzero(trace.portraits["trial"] == trial) for trial in trace.trials]
    found: dict[str, NDArray[Any]] = {**_gradients(trace)}
    if trace.portraits["tau_1"].shape[1]:
        found |= _matrices(trace.portraits, groups)
    if trace.portraits["final"].shape[-1]:
        found |= _regions(trace, groups)
    return {name: np.asarray(found.get(name, np.full(len(groups), np.nan)), dtype=np.float64) for name in FATES}


def _regions(trace: RegionTrace, groups: Groups) -> dict[str, NDArray[Any]]:
    rows, last = trace.portraits, _last(groups)
    seen, noise = _seen(rows), trace.noise_half_width or trace.noise_std
    margin = seen.margin[last]
    found = {
        "attractors_most": np.array([seen.attractors[own].max() for own in groups]),
        "one_basin": np.array([(seen.attractors[own] == 1).all() for own in groups]),
    }
    for name, so in (("latched", latched(seen)), ("latched_wrong", np.asarray(latched_wrong(seen).any(1)))):
        found[name] = so[last]
        found[f"first_{name}"] = np.array([_first(so[own], rows["presentation"][own]) for own in groups])
    return {**found, "margin_last": margin, "margin_above_noise": np.where(np.isnan(margin), np.nan, margin > noise)}


def _first(so: NDArray[np.bool_], presentations: NDArray[np.int64]) -> float:
    return float(presentations[so.argmax()] if so.any() else NEVER)


def _last(groups: Groups) -> NDArray[np.intp]:
    return np.array([own[-1] for own in groups], dtype=np.intp)


def _seen(portraits: Table) -> Sighting:
    """All portraits of a trace as one."""
    shared = ("fixed_points", "attractors", "basin", "phase", "gamma", "right", "margin", "final")
    nothing = np.zeros((len(portraits["trial"]), 3, 0))
    return Sighting(**{name: portraits[name] for name in shared}, points={}, coefficients=nothing)


def _gradients(trace: RegionTrace) -> dict[str, Array]:
    found = np.full((4, len(trace.trials)), np.nan)
    for k, trial in enumerate(trace.trials):
        own = np.flatnonzero(trace.looks["trial"] == trial)
        if len(own):
            parts = [trace.looks[name][part] for name in ("horizon", "log_norm") for part in (own[:LOOKS], own[-LOOKS:])]
            found[:, k] = [np.median(part) for part in parts]
    return dict(zip(GRADIENTS, found, strict=True))


def _matrices(portraits: Table, groups: Groups) -> dict[str, Array]:
    tau, det, last = portraits["tau_1"].min(1), portraits["abs_det"].min(1), _last(groups)
    return {"tau_first": tau[[own[0] for own in groups]], "tau_last": tau[last], "det_last": det[last]}
