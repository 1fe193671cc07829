"""Findings about gradients: how far back they reach, why no further, and what saturates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.audit.cost import NO_TARGETS
from dynlatch.analysis.audit.finding import Finding
from dynlatch.analysis.report.advice import EXPLODING, FORGETTING, INTEGRATOR, READOUT, SATURATION, STUCK_GATES, latching
from dynlatch.analysis.report.facts import FAINT, Facts, Regime
from dynlatch.analysis.report.words import decades, plural

if TYPE_CHECKING:
    from dynlatch.analysis.audit.result import Audit

LOOSE = np.log(10.0)  # slack of a bound from which it is worth a word
NEUTRAL = 1e-3  # distance of a multiplier from 1, or of its modulus, below which it is called neutral
MANY = 0.5  # share of units, or sequences, from which something is said about all of them


def horizon(report: Audit, facts: Facts) -> Finding | None:
    """How far back the gradient of the cost comes from."""
    if facts.cost_is_dead and NO_TARGETS in report.cost:
        sentence = "The outputs are exactly zero at the end of every sequence, so that a cost without targets has no gradient."
        return Finding("no cost", sentence, {}, "Give `targets`: then the gradient of your own cost is split.", 0.3)
    if facts.cost_is_dead:
        return Finding(
            "dead cost",
            f"The gradient of the cost ({report.cost}) is exactly zero: it does not move with the weights, on any sequence.",
            {},
            READOUT,
            1.0,
        )
    if facts.near is None or facts.far is None or report.contributions is None:
        return None
    share = float(np.median(report.contributions.share_within(facts.far)))
    sentence = (
        f"{share:.0%} of the gradient of the last step comes from the last {plural(facts.far, 'step')} out of "
        f"{facts.cost_steps}, half of it from the last {plural(facts.near, 'step')} (cost: {report.cost})"
    )
    if facts.fading is not None and facts.cost_steps > 2:
        sentence += f"; each step further back weighs {facts.fading:.3g} times as much"
    short = 1.0 - facts.far / facts.cost_steps
    evidence = {"h_50": facts.near, "h_95": facts.far, "steps": facts.cost_steps, "share within h_95": share}
    return Finding("horizon", sentence + ".", evidence, "", round(0.3 + 0.6 * short, 3) if facts.cost_steps > 2 else 0.2)


def cause(report: Audit, facts: Facts) -> Finding | None:
    """Why gradients along the sequences do what they do: latching, forgetting, expansion, or none of these."""
    if facts.regime is Regime.TOO_SHORT:
        return _too_short(report, facts)
    evidence: dict[str, float | str] = {
        "ln of the norm at the end": facts.change,
        "factor per step": float(np.exp(facts.rate)),
        "steps": facts.steps,
    }
    if facts.exponent is not None:
        evidence["largest conditional exponent"] = facts.exponent
    if facts.regime is Regime.EXPLODES:
        return Finding("exploding", _exploding(facts), evidence, EXPLODING, 0.96)
    if facts.regime is Regime.PASSES:
        return Finding("passing", _passing(facts), evidence, "", 0.5)
    if facts.latched is not None:
        evidence["share of sequences latched at the end"] = facts.latched
    # One memory state holds nothing: to be "latched" there is to have forgotten.
    if len(facts.radii) > 1 and facts.latched is not None and facts.latched >= MANY:
        return Finding(
            "latching", _latching(report, facts), evidence, latching(float(np.exp(facts.rate)), _gated(report)), 0.95
        )
    if len(facts.radii) == 1 and len(report.memory_states) == 1 and report.occupancy[0] > 1.0 - 1e-9:
        return Finding("forgetting", _forgetting(facts), evidence, FORGETTING, 0.95)
    return Finding("vanishing", _vanishing(facts), evidence, latching(float(np.exp(facts.rate)), _gated(report)), 0.93)


def _gated(report: Audit) -> bool:
    return any(word in report.architecture for word in ("LSTM", "GRU"))


def _along(facts: Facts) -> str:
    """The decay in numbers."""
    since = f" and stays below {FAINT:g} from step {facts.reached:.0f} on" if np.isfinite(facts.reached) else ""
    return f"the norm of da_t/da_0 falls by a factor {np.exp(facts.rate):.3g} per step{since} (medians)"


def _latching(report: Audit, facts: Facts) -> str:
    held = report.verdicts.shares["latched"] if report.verdicts is not None else 0.0
    return (
        f"Gradients vanish because the network latches: {held:.0%} of all steps stay in Gamma of one memory state, "
        f"{facts.latched:.0%} of the sequences are latched at their end (from step {facts.latches_at} of {facts.steps} on, "
        f"median), and {_along(facts)}. What holds the bit is what kills the gradient (Theorem 4 of Bengio, Simard and "
        "Frasconi, 1994)."
    )


def _forgetting(facts: Facts) -> str:
    return (
        f"Gradients vanish without anything being held: there is one memory state, every run falls back to it, and "
        f"{_along(facts)}."
    )


def _vanishing(facts: Facts) -> str:
    count = len(facts.radii)
    states = f"{plural(count, 'memory state')} exist{'s' * (count == 1)}" if count else "no memory state was found"
    if count > 1 and facts.latched is not None:
        states += f", but only {facts.latched:.0%} of the sequences are latched at their end"
    return f"Gradients vanish along the sequences: {_along(facts)}. It is contraction more than latching: {states}."


def _exploding(facts: Facts) -> str:
    chaos = facts.exponent is not None and facts.exponent > 0.0
    return (
        f"Gradients explode: over {facts.steps} steps the norm of da_t/da_0 grows to {decades(facts.change)}, by a factor "
        f"{np.exp(facts.rate):.3g} per step (medians)"
        + (
            f"; the largest conditional exponent is {facts.exponent:+.3g}, so two runs under the same input part: prediction "
            f"horizon ln 2 / exponent = {np.log(2.0) / facts.exponent:.3g} steps"
            if chaos and facts.exponent is not None
            else ""
        )
        + "."
    )


def _passing(facts: Facts) -> str:
    return (
        f"Gradients neither vanish nor explode over these sequences: after {facts.steps} steps the norm of da_t/da_0 is "
        f"{decades(facts.change)}, and it changes by a factor {np.exp(facts.rate):.4g} per step (medians). Whether it would "
        "over longer ones, only longer ones show."
    )


def _too_short(report: Audit, facts: Facts) -> Finding:
    return Finding(
        "too short",
        f"The sequences are too short to tell a rate: after {plural(facts.steps, 'step')} the norm of da_t/da_0 is "
        f"{decades(facts.change)} (median).",
        {"steps": facts.steps, "ln of the norm at the end": facts.change},
        "Audit it along sequences as long as the dependencies that it should learn.",
        0.4,
    )


def integrator(report: Audit, facts: Facts) -> Finding | None:
    """Multipliers close to 1: the third case beside latching and expanding."""
    found = report.fixed_points
    if not found.eigenvalues.size:
        return None
    slow = np.abs(found.eigenvalues - 1.0).min(-1) <= NEUTRAL
    continuum = found.dimension > 0
    number = int((slow | continuum).sum())
    if not number:
        return _turning(report)
    verb = "is" if continuum.any() or number == 1 else "are"
    what = (
        "a continuum of fixed points"
        if continuum.any()
        else f"{plural(number, 'fixed point')} with a multiplier within {NEUTRAL:g} of 1"
    )
    sentence = (
        f"There {verb} {what}: along that direction the network integrates. Gradients pass through it unchanged, and a value "
        "held there drifts under any noise: it is neither latched nor forgotten."
    )
    evidence = {"fixed points": number, "nearest multiplier": _nearest(found.eigenvalues, 1.0)}
    return Finding("integrator", sentence, evidence, INTEGRATOR, 0.6)


def _turning(report: Audit) -> Finding | None:
    """Multipliers close to the unit circle, but not to 1: a phase is kept, not a value."""
    values = report.fixed_points.eigenvalues
    number = int((np.abs(np.abs(values) - 1.0).min(-1) <= NEUTRAL).sum())
    if not number:
        return None
    sentence = (
        f"There {'is' if number == 1 else 'are'} {plural(number, 'fixed point')} with a multiplier within {NEUTRAL:g} of the "
        "unit circle, but not of 1: in that direction the state turns, or alternates, at a size that hardly changes. Gradients "
        "pass through it; what is held is a phase, which drifts under any noise."
    )
    size = float(np.abs(values).flat[np.abs(np.abs(values) - 1.0).argmin()])
    return Finding("turning", sentence, {"fixed points": number, "nearest modulus": size}, INTEGRATOR, 0.3)


def _nearest(values: NDArray[np.complex128], target: float) -> float:
    """Modulus of the value nearest to `target`."""
    return float(np.abs(values).flat[np.abs(values - target).argmin()])


def saturation(report: Audit, facts: Facts) -> Finding | None:
    """Units without a slope, and gates that are stuck."""
    if report.verdicts is None:
        return None
    shares = {name: share for name, share in report.verdicts.saturated.items() if share >= MANY}
    if not shares:
        return None
    gates = all(name.endswith("gate") for name in shares)
    listed = ", ".join(f"{share:.0%} of the values of the {name}" for name, share in shares.items())
    listed = listed.replace("values of the units", "units")
    sentence = f"Saturation: over all steps, {listed} have less than a tenth of their greatest slope left."
    effect = round((0.15 if gates else 0.3) + 0.3 * max(shares.values()), 3)
    return Finding("saturation", sentence, dict(shares), STUCK_GATES if gates else SATURATION, effect)


def slack(report: Audit, facts: Facts) -> Finding | None:
    """How far the proved bounds are from the truth."""
    bounds = {name: float(np.median(log[-1])) for name, log in report.along_inputs.bounds.items()}
    if not bounds or not np.isfinite(facts.change):
        return None
    name = min(bounds, key=lambda key: bounds[key])
    if bounds[name] - facts.change < LOOSE:
        return None
    sentence = (
        f"Bounds say less than the norm itself: after {len(report.along_inputs.log_norms)} steps the best of them ({name}) "
        f"allows {decades(bounds[name])}, the norm is {decades(facts.change)} (medians)."
    )
    return Finding("bounds", sentence, {name: bounds[name], "ln of the norm at the end": facts.change}, "", 0.05)


GRADIENT_RULES = (horizon, cause, integrator, saturation, slack)
