"""A `RegionTrace` in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.training.monitor.events import RegionEventKind, input_words
from dynlatch.training.monitor.sighting import NEUTRAL_REST

if TYPE_CHECKING:
    from dynlatch.training.monitor.record import RegionTrace

SHOWN = 10  # trials told one by one


def summary(trace: RegionTrace) -> str:
    """What happened, trial by trial."""
    trials = trace.trials
    looks, portraits = len(trace.looks["trial"]), len(trace.portraits["trial"])
    lines = [
        f"regions of {len(trials)} trial{'s' * (len(trials) != 1)} of {trace.model}: {portraits:,} portraits, "
        f"{looks:,} looks at the gradient ({trace.coordinates})"
    ]
    lines += [f"  trial {trial}: {story(trace, int(trial))}" for trial in trials[:SHOWN]]
    if len(trials) > SHOWN:
        lines.append(f"  ... and {len(trials) - SHOWN} more")
    return "\n".join(lines)


def story(trace: RegionTrace, trial: int) -> str:
    """What happened to one trial, in one line."""
    parts = [_matrices(trace, trial), _regions(trace, trial), *_latching(trace, trial), _neutral(trace, trial)]
    gradient = _gradient(trace, trial)
    margin = _margin(trace, trial)
    return "; ".join(part for part in (*parts, gradient, margin) if part)


def _matrices(trace: RegionTrace, trial: int) -> str:
    rows = trace.rows(trial)
    if not rows["tau_1"].shape[1]:
        return ""
    first, last = rows["tau_1"][0], rows["tau_1"][-1]
    return f"tau_1 from {_numbers(first)} to {_numbers(last)}, |det| to {_numbers(rows['abs_det'][-1])}"


def _regions(trace: RegionTrace, trial: int) -> str:
    rows = trace.rows(trial)
    if not rows["final"].shape[-1]:  # of state networks whose inputs are symbols no attractors are looked for
        return ""
    counts = rows["attractors"]
    w = rows["weights"][:, 0] if trace.names[0] == "w" else None
    if counts.max() <= 1 and (counts == 1).all():
        below = f": w stayed below {max(1.0, _up(w.max())):g}" if w is not None and w.max() <= 1.0 + 1e-9 else ""
        return f"never left the one-basin region{below}"
    start, end = counts[0], counts[-1]
    under = " and ".join(input_words(u) for u in trace.quiet_inputs)
    word = "attractors" + (f" under the inputs {under}" if counts.shape[1] > 1 else "")
    if (counts == start).all():
        return f"{_numbers(start)} {word} at every portrait"
    return f"{word} from {_numbers(start)} to {_numbers(end)}"


def _up(value: float) -> float:
    """`value` rounded up to two digits after the point."""
    return float(np.ceil(100.0 * value) / 100.0)


def _latching(trace: RegionTrace, trial: int) -> list[str]:
    told = (RegionEventKind.LATCHED, RegionEventKind.LATCHED_WRONG, RegionEventKind.LATCH_LOST)
    events = [event for event in trace.events_of(trial) if event.kind in told]
    words = {
        RegionEventKind.LATCHED: "latched",
        RegionEventKind.LATCHED_WRONG: "latched the wrong class",
        RegionEventKind.LATCH_LOST: "lost the latch",
    }
    parts = list(dict.fromkeys(f"{words[event.kind]} at presentation {event.presentation}" for event in events))
    return parts if len(parts) <= 3 else [*parts[:2], f"... (of {len(parts)} such changes), at last {parts[-1]}"]


def _neutral(trace: RegionTrace, trial: int) -> str:
    basin = trace.rows(trial)["basin"][-1]
    return "the final states rest in a neutral memory, which nothing attracts to" if (basin == NEUTRAL_REST).any() else ""


def _gradient(trace: RegionTrace, trial: int) -> str:
    rows = trace.rows(trial, "looks")
    horizon = rows["horizon"]
    if not len(horizon):
        return ""
    norms = f"log|da_T/da_0| from {rows['log_norm'][0]:.1f} to {rows['log_norm'][-1]:.1f}"
    if np.isnan(horizon).all():
        return norms
    start, end = (float(np.median(part)) for part in (horizon[:5], horizon[-5:]))
    verb = "fell" if end < start else "rose" if end > start else "stayed"
    moved = f"{verb} from {start:.0f} to {end:.0f} steps" if end != start else f"stayed at {end:.0f} steps"
    return f"the gradient horizon {moved}, {norms}"


def _margin(trace: RegionTrace, trial: int) -> str:
    margin = trace.rows(trial)["margin"][-1]
    if not trace.margin_words or np.isnan(margin):
        return ""
    noise = f"half-width {trace.noise_half_width:g}" if trace.noise_half_width else f"standard deviation {trace.noise_std:g}"
    bound = trace.noise_half_width or trace.noise_std
    verdict = "below" if margin < bound else "above"
    return f"latch margin {margin:.3g}, {verdict} the noise's {noise}"


def _numbers(values: NDArray[Any]) -> str:
    return ", ".join(f"{value:.3g}" for value in np.atleast_1d(values))
