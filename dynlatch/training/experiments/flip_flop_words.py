"""The flip-flop's runs in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dynlatch.training.experiments.contract import Agreement, Verdict
from dynlatch.training.experiments.intervals import Interval

if TYPE_CHECKING:
    from dynlatch.training.experiments.flip_flop import FlipFlopRuns

PUBLISHED_RATE, PUBLISHED_EPOCHS, FACTOR = 99.0, 4.6, 1.5
LONGEST = 100  # T of the paper
FLAT = 2.0  # epochs by which the means of two lengths may differ where nothing depends on T
NAME = "flip-flop"
NAN = float("nan")

NOTES = (
    "Documented: eqs. 7 to 11, lengths 10 to 100, uniform noise of level 0.2 to 1.0, an input weight w that is learned too, at "
    "most 100 epochs; more than 99 % converge, in 4.6 epochs on average.",
    "Equations 12 and 13 are lost in the surviving text. They are reconstructed from eq. 8: a state is set by an input k "
    "beyond the threshold, and an input that set it wrongly is moved back k inside. The form is forced; the constant k is not.",
    "The printed weight '0.5/n' is read as 1/2 for each keeping step whose input is trained. This was chosen because it gives "
    "the published numbers; with n counting all steps since the event, the time to learn grows with T.",
    "Guesses: w begins at 2, the state before the first step is drawn, k = 0.3, inputs begin on ±0.1, L = 3. The mean number "
    "of epochs moves with each of them, so 4.6 tells no reading from another; the share and the independence of T do.",
    "An epoch shows one sequence of each class with fresh noise. Converged: after at most 100 epochs, 30 epochs in a row "
    "without a wrong answer; the paper's criterion is not printed.",
)


def verdicts_of(found: FlipFlopRuns) -> tuple[Verdict, ...]:
    """The published sentence part by part, then the other readings."""
    from dynlatch.training.experiments.flip_flop import MAIN

    paper = found.rows(MAIN, [int(T) for T in found.T if T <= LONGEST])
    return (
        _rate(found, paper, f"{NAME}, all runs"),
        _epochs(found, paper),
        _by_length_verdict(found),
        _by_noise_verdict(found),
        *(verdict for reading in _others(found) for verdict in _reading(found, reading)),
    )


def _others(found: FlipFlopRuns) -> list[str]:
    from dynlatch.training.experiments.flip_flop import MAIN

    return [reading for reading in dict.fromkeys(found.reading.tolist()) if reading != MAIN]


def _rate(found: FlipFlopRuns, rows: NDArray[np.intp], what: str) -> Verdict:
    rate = Interval(*(100.0 * end for end in found.rate(rows)))
    n = found.converged[rows].size
    so = rate.value > PUBLISHED_RATE
    agreement = Agreement.AGREES if so else Agreement.DISAGREES
    words = f"{found.converged[rows].sum()} of {n} runs converged within 100 epochs; published: more than 99 %."
    return Verdict(what, "share converged", "%", *rate, n, PUBLISHED_RATE, agreement, words)


def _epochs(found: FlipFlopRuns, rows: NDArray[np.intp]) -> Verdict:
    epochs = found.mean_epochs(rows)
    near = 1.0 / FACTOR <= epochs.value / PUBLISHED_EPOCHS <= FACTOR
    words = (
        f"within a factor {FACTOR:g} of the published mean; other values of k, of w's and of the state's beginning give "
        f"{_range(found)}, so that the number agrees by choice of these."
    )
    agreement = Agreement.AGREES if near else Agreement.DISAGREES
    return Verdict(
        f"{NAME}, all runs", "mean epochs", "", *epochs, found.converged[rows].size, PUBLISHED_EPOCHS, agreement, words
    )


def _range(found: FlipFlopRuns) -> str:
    means = [
        found.mean_epochs(found.rows(reading)).value for reading in _others(found) if reading not in ("n: all steps", "rate 20")
    ]
    return f"{min(means):.1f} to {max(means):.1f}"


def _by_length_verdict(found: FlipFlopRuns) -> Verdict:
    """Independent of the length: the largest difference of mean epochs."""
    from dynlatch.training.experiments.flip_flop import MAIN

    rows = found.rows(MAIN)
    means = [(int(T), found.mean_epochs(found.rows(MAIN, [T]))) for T in np.unique(found.T[rows])]
    (short, low), (long, high) = min(means, key=lambda m: m[1].value), max(means, key=lambda m: m[1].value)
    ends = max(0.0, high.low - low.high), high.high - low.low
    agreement = Agreement.AGREES if ends[0] <= FLAT else Agreement.DISAGREES
    words = f"From {low.value:.1f} epochs at T = {short} to {high.value:.1f} at T = {long}; published: independent of T."
    n = found.converged[rows].size
    return Verdict(
        f"{NAME}, by length", "largest difference of mean epochs", "", high.value - low.value, *ends, n, 0.0, agreement, words
    )


def _by_noise_verdict(found: FlipFlopRuns) -> Verdict:
    """Independent of the noise: the least share that converged."""
    from dynlatch.training.experiments.flip_flop import MAIN

    rows = found.rows(MAIN)
    levels = [(noise, rows[found.noise[rows] == noise]) for noise in np.unique(found.noise[rows])]
    worst, at = min(levels, key=lambda level: found.rate(level[1]).value)
    rate = Interval(*(100.0 * end for end in found.rate(at)))
    agreement = Agreement.AGREES if rate.value > PUBLISHED_RATE else Agreement.DISAGREES
    means = ", ".join(f"{found.mean_epochs(own).value:.1f} at {noise:g}" for noise, own in levels)
    words = (
        f"The least share, at noise {worst:g}. Mean epochs do depend on the noise, {means}: where noise times w is below 1 "
        "nothing sets the state by chance, and w need not be learned."
    )
    return Verdict(
        f"{NAME}, worst noise", "share converged", "%", *rate, found.converged[at].size, PUBLISHED_RATE, agreement, words
    )


def _reading(found: FlipFlopRuns, reading: str) -> Iterator[Verdict]:
    """Another reading: no verdict on the paper, but on the reading."""
    from dynlatch.training.experiments.flip_flop import READINGS

    rows = found.rows(reading)
    rate, epochs = Interval(*(100.0 * end for end in found.rate(rows))), found.mean_epochs(rows)
    so = "reaches 99 % too" if rate.value > PUBLISHED_RATE else "does not reach 99 %"
    words = f"{READINGS[reading].words}: {so}; {_by_length(found, reading)}."
    n = found.converged[rows].size
    yield Verdict(reading, "share converged, other readings", "%", *rate, n, NAN, Agreement.UNPUBLISHED, words)
    yield Verdict(reading, "mean epochs, other readings", "", *epochs, n, NAN, Agreement.UNPUBLISHED, words)


def _by_length(found: FlipFlopRuns, reading: str) -> str:
    parts = []
    for T in np.unique(found.T[found.rows(reading)]):
        rows = found.rows(reading, [int(T)])
        epochs = found.mean_epochs(rows).value
        parts.append(
            f"T = {T}: {100.0 * found.rate(rows).value:.0f} %" + ("" if np.isnan(epochs) else f" in {epochs:.1f} epochs")
        )
    return ", ".join(parts)


def told(found: FlipFlopRuns, row: int) -> str:
    """One sentence on the runs of a cell."""
    own, reach = found.converged[row], found.noise[row] * found.w[row]
    closed = int(np.sum(reach < 1.0))
    head = f"{own.sum()} of {own.size} runs converged"
    last = f"; the slowest after {found.epochs[row, own].max():.0f} epochs" if own.any() else ""
    return (
        f"{head}{last}; in {closed} the learned w = {np.median(found.w[row]):.2f} (median) leaves the noise below the threshold"
    )


def summary_of(found: FlipFlopRuns) -> str:
    """Share converged and mean epochs, by reading and by length."""
    lines = [f"{found.title}: runs that converged, and mean epochs; published: more than 99 %, 4.6 epochs"]
    for reading in dict.fromkeys(found.reading.tolist()):
        rows = found.rows(reading)
        rate, epochs = found.rate(rows), found.mean_epochs(rows)
        lines.append(
            f"  {reading:<18} {100.0 * rate.value:6.2f} % ({100.0 * rate.low:.2f} to {100.0 * rate.high:.2f}) of "
            f"{found.converged[rows].size} runs, {epochs.value:.1f} epochs ({epochs.low:.1f} to {epochs.high:.1f})"
        )
        lines.append(f"    {_by_length(found, reading)}")
    return "\n".join(lines)
