"""What an audit found, in sentences, most consequential first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from dynlatch.analysis.audit import Audit
    from dynlatch.validation import Array

FAINT = 1e-3  # a gradient below this share is called lost
LAG = 100


def findings(report: Audit) -> tuple[str, ...]:
    """The sentences of `report`, each with its evidence."""
    sentences = [
        _memory(report),
        _near(report),
        _along(report),
        _occupancy(report),
        _thresholds(report),
        _others(report),
    ]
    return tuple(sentence for sentence in sentences if sentence)


def _memory(report: Audit) -> str:
    found, k = report.fixed_points, len(report.memory_states)
    known = f"{found.completeness}: {found.completeness.sentence}"
    if k == 0:
        return f"No fixed point attracts: under zero input the network latches no bit in a fixed point ({known})"
    if k == 1:
        return f"There is one memory state: fixed points latch 0 bits, what happened before is forgotten there ({known})"
    bits = f"{report.bits:.0f}" if report.bits.is_integer() else f"{report.bits:.2f}"
    states = f"{k} memory states (attracting fixed points under zero input)"
    return f"There are {states}: the network can latch {bits} bit{'s' * (bits != '1')} ({known})"


def _near(report: Audit) -> str:
    memory = report.memory_states
    if len(memory) == 0 or report.at_memory is None:
        return ""
    radius = np.abs(memory.eigenvalues).max(-1)
    with np.errstate(divide="ignore"):
        decades = LAG * np.log10(float(radius.max()))
    lost = f"about 10^{decades:.1f}" if np.isfinite(decades) else "nothing"
    where, of_them = ("each memory state", " in the slowest of them") if len(memory) > 1 else ("the memory state", "")
    sentence = (
        f"Where the network rests its gradient vanishes: at {where} da_t/da_0 shrinks in the long run by a factor "
        f"{_span(radius)} per step, half of it is gone after {_span(report.half_lives)} steps, and over {LAG} steps {lost} "
        f"is left{of_them} (Theorem 4 of Bengio, Simard and Frasconi, 1994)"
    )
    peak = float(np.exp(report.at_memory.log_norms.max()))
    if peak > 1.0:
        sentence += f"; before that it can grow up to {peak:.3g}-fold, because the Jacobians are not normal"
    return sentence + "."


def _span(values: Array) -> str:
    """Least and largest value to three digits; one number where they agree."""
    least, most = f"{values.min():.3g}", f"{values.max():.3g}"
    return least if least == most else f"{least} to {most}"


def _along(report: Audit) -> str:
    decay = report.along_inputs
    rate = float(np.median(decay.rate))
    reached = float(np.median(decay.time_to(FAINT)))
    horizon = (
        f"the median norm of da_t/da_0 stays below {FAINT:g} from step {reached:.0f} on"
        if np.isfinite(reached)
        else f"the median norm of da_t/da_0 does not fall below {FAINT:g} for good within {len(decay.log_norms)} steps"
    )
    verb = "decays" if rate < 0 else "grows"
    return f"Along the inputs ({report.inputs_from}) {horizon}; it {verb} by a factor {np.exp(rate):.3g} per step."


def _occupancy(report: Audit) -> str:
    k = len(report.memory_states)
    if k == 0:
        return ""
    used = int((report.occupancy[:-1] > 0).sum())
    sentence = f"{used} of the {k} memory state{'s' * (k != 1)} are where the sequences end once the input is off"
    nowhere = float(report.occupancy[-1])
    return sentence + (
        f"; {nowhere:.0%} of them end in none of these (on a cycle, at an unstable point, or still moving)."
        if nowhere > 0
        else "."
    )


def _thresholds(report: Audit) -> str:
    finite = [bracket.lower for bracket in report.thresholds if bracket is not None and np.isfinite(bracket.lower)]
    if not finite:
        return ""
    k = len(report.memory_states)
    which = "any memory state" if len(finite) == k else f"{len(finite)} of the {k} memory states (no bound for the others)"
    return (
        f"No input whose entries stay within {min(finite):.6g} can erase {which} (escape threshold u*, exact; the hardest of "
        f"them to erase needs {max(finite):.6g})."
    )


def _others(report: Audit) -> str:
    found = report.fixed_points
    rest = len(found) - len(report.memory_states)
    if rest == 0:
        return ""
    slowest = float(np.abs(np.abs(found.eigenvalues) - 1.0).min())
    note = " A multiplier within 1e-3 of the unit circle hints at an integrator (line attractor)." if slowest < 1e-3 else ""
    do = "s do" if rest != 1 else " does"
    return f"Besides them {rest} fixed point{do} not attract (saddles lie between memory states).{note}"
