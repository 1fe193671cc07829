"""What Fig. 2a claims in words, and what became of the runs in the regions of its plane."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.scalar import u_star
from dynlatch.training.experiments.contract import Agreement, Verdict
from dynlatch.training.experiments.latch_runs import (
    READINGS,
    VERY_UNLIKELY,
    difference,
    failures,
    held,
    percent,
    rate,
    verdict,
)
from dynlatch.validation import Array

if TYPE_CHECKING:
    from dynlatch.training.experiments.figure2a import DensityPlane, Figure2a

CLAIM = '"convergence becomes very unlikely for large noise variance or small initial values of w"'


class Part(NamedTuple):
    """Part of the plane."""

    words: str
    axis: str  # "w0" or "s"
    low: float
    high: float

    def of(self, plane: DensityPlane) -> NDArray[np.int64]:
        """The runs inside."""
        return plane.ends[self._inside(plane)]

    def outside(self, plane: DensityPlane) -> NDArray[np.int64]:
        """All others."""
        return plane.ends[~self._inside(plane)]

    def _inside(self, plane: DensityPlane) -> NDArray[np.bool_]:
        along = plane.w0[None, :] if self.axis == "w0" else plane.s[:, None]
        return np.broadcast_to((self.low <= along) & (along <= self.high), plane.ends.shape[:2])


# What counts as small and large w_0, and as little and much noise.
SMALL, LARGE = Part("w0 at most 0.5", "w0", 0.0, 0.5), Part("w0 at least 1.5", "w0", 1.5, np.inf)
CALM, NOISY = Part("s at most 0.3", "s", 0.0, 0.3), Part("s at least 0.8", "s", 0.8, np.inf)

NOTES = (
    "Documented: one unit, T = 20, 18 runs for each pair, L = 3 in the text and 4 in the caption, w trained, back-propagation.",
    'The caption calls s the "noise variance"; whether it is one, or a standard deviation, is not known: both are shown.',
    "Not documented, ours: inputs that begin uniform on [-0.1, 0.1], targets of 0.8, fresh noise at every presentation, a "
    "learning rate of 0.1 on the cost as printed (0.2 on half of it), at most 2,000 presentations of each class, and the "
    "criterion: both classes within 0.4 of their targets 30 times in a row. None was fitted to the figure.",
    "The published picture was not at hand: its words are compared, not its grey levels; nor is the range of its axes known.",
    "Very unlikely is read as at most 10 %, as in the IPCC's scale of words (Mastrandrea et al. 2010).",
    "The lines are exact: w = 1, where the second basin appears; u*(w), the largest input that never takes the bit; and the "
    "noise at which, if w stayed where it is, half of the runs with perfect inputs would meet the criterion. Less is bearable.",
)


def verdicts(figure: Figure2a) -> tuple[Verdict, ...]:
    """The paper's claims for both readings of s, the choices that it leaves open, then region by region."""
    base, other, *varied = figure.planes
    slow = next((plane for plane in varied if plane.eta < base.eta), None)
    claims = [verdict for plane in (base, other) for verdict in _claims(plane, slow)]
    return (*claims, *(_compared(base, plane) for plane in (other, *varied)), *_fates(figure, base))


def _claims(plane: DensityPlane, slow: DensityPlane | None) -> Iterator[Verdict]:
    name = READINGS[plane.reading]
    for where in (SMALL, NOISY):
        yield _rare(plane, f"{where.words} (s the {name})", where, slow)
    yield _rises(plane, f"rise with w0 (s the {name})", LARGE, SMALL)
    yield _rises(plane, f"fall with s (s the {name})", CALM, NOISY)


def _rare(plane: DensityPlane, title: str, where: Part, slow: DensityPlane | None) -> Verdict:
    own, rest = where.of(plane), where.outside(plane)
    found = rate(own)
    holds = found.low <= VERY_UNLIKELY
    shares = f"{percent(found)} converged, elsewhere {percent(rate(rest))}{'' if holds else _cause(where, slow)}"
    words = f"The paper: {CLAIM}. Of {own.sum():,} runs with {where.words} {shares}."
    return verdict(title, found, int(own.sum()), held(holds), words)


def _cause(where: Part, slow: DensityPlane | None) -> str:
    """Why more runs converge than the paper's words allow, as far as another choice shows it."""
    if slow is None:
        return "; whether a lower learning rate makes it rarer is tried at full scale"
    found = rate(where.of(slow))
    if found.low > VERY_UNLIKELY:
        return f"; not explained: with {slow.name} it is {percent(found)}"
    return f"; the cause is the learning rate, which the paper does not give: with {slow.name} it is {percent(found)}"


def _rises(plane: DensityPlane, title: str, more: Part, less: Part) -> Verdict:
    one, other = more.of(plane), less.of(plane)
    found = difference(rate(one), rate(other))
    words = f"With {more.words} {percent(rate(one))} converged, with {less.words} {percent(rate(other))}."
    runs = int(one.sum() + other.sum())
    return verdict(title, found, runs, held(found.low > 0.0), words, quantity="difference", unit="points")


def _compared(base: DensityPlane, plane: DensityPlane) -> Verdict:
    """What one of the choices changes, at the pairs (w_0, s) that both have."""
    shared = base.ends[np.ix_(np.isin(base.s, plane.s), np.isin(base.w0, plane.w0))]
    same = replace(base, s=plane.s, w0=plane.w0, ends=shared)
    found = difference(rate(plane.ends), rate(shared))
    parts = [
        f"with {where.words} {percent(rate(where.of(plane)))} instead of {percent(rate(where.of(same)))}"
        for where in (SMALL, LARGE)
    ]
    words = f"With {plane.name} in place of {base.name} converged {', '.join(parts)}."
    runs = int(shared.sum() + plane.ends.sum())
    return verdict(plane.name, found, runs, Agreement.UNPUBLISHED, words, quantity="difference", unit="points")


def _fates(figure: Figure2a, plane: DensityPlane) -> Iterator[Verdict]:
    """One sentence a region of the plane."""
    for title, counts in regions(figure, plane):
        found, runs = rate(counts), int(counts.sum())
        words = f"{title[0].upper()}{title[1:]}: {percent(found)} of {runs:,} runs converged; {failures(counts)}."
        yield verdict(title, found, runs, Agreement.UNPUBLISHED, words)


def regions(figure: Figure2a, plane: DensityPlane) -> list[tuple[str, NDArray[np.int64]]]:
    """The regions of the plane (w_0, standard deviation) that exact lines divide, each with how its runs ended, (7,)."""
    std, w0 = plane.std[:, None] + 0.0 * plane.w0, plane.w0 + 0.0 * plane.s[:, None]
    feasible = std <= np.interp(w0, figure.curve_w, figure.curve_std)
    safe = std <= _thresholds(plane.w0)
    two = w0 > 1.0
    chosen = {
        "one basin at first: w0 at most 1": ~two,
        "two basins at first and noise that not even perfect inputs bear at w0": two & ~feasible,
        "two basins at first and bearable noise of standard deviation above u*": two & feasible & ~safe,
        "two basins at first and bearable noise of standard deviation u* or less": two & feasible & safe,
    }
    return [(title, plane.ends[where].sum(0)) for title, where in chosen.items() if where.any()]


def _thresholds(w: Array) -> Array:
    """u*(w); 0 where there is one basin."""
    return np.array([u_star(float(weight)) if weight > 1.0 else 0.0 for weight in w])
