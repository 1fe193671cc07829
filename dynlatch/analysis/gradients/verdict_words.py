"""Step verdicts in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from dynlatch.analysis.gradients.verdict_result import StepVerdicts


def verdict_lines(verdicts: StepVerdicts) -> list[str]:
    """The lines of `StepVerdicts.summary`."""
    T = len(verdicts.growth)
    runs = verdicts.growth[0].size
    shares = ", ".join(f"{word} {share:.1%}" for word, share in verdicts.shares.items())
    lines = [
        f"verdicts over {T} steps" + (f" of {runs} sequences" if runs > 1 else "") + f" ({verdicts.coordinates})",
        f"  {shares} (neutral: growth within {verdicts.tolerance:g} of zero)",
    ]
    return [*lines, *_latching(verdicts), *_growth(verdicts), *_eigenvalues(verdicts), *_saturation(verdicts)]


def _latching(verdicts: StepVerdicts) -> list[str]:
    if not verdicts.attractors:
        return ["  no attractor was given or found: nothing can be latched"]
    start = np.atleast_1d(verdicts.latches_at).ravel()
    held = start[start >= 0]
    lines = [f"  {held.size} of {start.size} sequences end latched to one of {len(verdicts.attractors)} attractors"]
    if held.size:
        early, late = int(held.min()), int(held.max())
        lines[0] += f", from step {int(np.median(held))} on" + (f" (median; from {early} to {late})" if late > early else "")
        ends = np.bincount(np.atleast_1d(verdicts.gamma[-1]).ravel()[start >= 0], minlength=len(verdicts.attractors))
        lines.append("  held at the end, by attractor: " + ", ".join(str(k) for k in ends))
    lines.append(f"  basins crossed {int(verdicts.crossings.sum())} times")
    if verdicts.unknown.any():
        lines.append(f"  not decided for {verdicts.unknown.mean():.1%} of the states: the budget ran out")
    return lines


def _growth(verdicts: StepVerdicts) -> list[str]:
    total = np.atleast_1d(verdicts.growth.sum(0)) / np.log(10.0)
    lines = [f"  gradient from the last step to the first: 10^{np.median(total):.2f}" + (" (median)" if total.size > 1 else "")]
    latched = verdicts.words == "latched"
    size = np.abs(verdicts.growth)
    finite = np.isfinite(size).all()
    if finite and latched.any() and not latched.all():
        lost = verdicts.growth[latched].sum() / np.log(10.0) / total.size
        lines.append(f"  latched steps multiply it by 10^{lost:.2f}, the others by 10^{total.mean() - lost:.2f} (means)")
    return lines


def _eigenvalues(verdicts: StepVerdicts) -> list[str]:
    values = verdicts.nearest_to_one
    if not values.size:
        return ["  eigenvalues of single steps were not computed: too many units"]
    off = np.abs(values - 1.0)
    k, s = np.unravel_index(int(off.argmin()), off.shape)
    value = values[k, s]
    shown = f"{value.real:.5g}" + (f"{value.imag:+.5g}i" if value.imag else "")
    seen = f"{len(verdicts.eigenvalue_steps)} of {len(verdicts.growth)} steps"
    where = f"step {verdicts.eigenvalue_steps[k]}"
    if verdicts.growth[0].size > 1:
        seen += f" of {len(verdicts.eigenvalue_sequences)} of {verdicts.growth[0].size} sequences"
        where += f" of sequence {verdicts.eigenvalue_sequences[s]}"
    return [f"  eigenvalue nearest to 1 at {seen}: distance {np.median(off):.3g} (median), least at {where}: {shown}"]


def _saturation(verdicts: StepVerdicts) -> list[str]:
    return [
        f"  {name}: {np.median(left):.1%} of the greatest slope left (median); less than a tenth in "
        f"{verdicts.saturated[name]:.1%} of units and steps"
        for name, left in verdicts.slopes.items()
    ]
