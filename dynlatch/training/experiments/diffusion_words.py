"""What is said about the diffusion of credit: ours beside the published words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from dynlatch.training.experiments.contract import Agreement, Verdict
from dynlatch.training.experiments.diffusion_training import CHANCE, EPOCHS, GAIN, SEQUENCES, TIMES
from dynlatch.training.experiments.intervals import Interval

if TYPE_CHECKING:
    from dynlatch.training.experiments.diffusion import DiffusionOfCredit

NAN = float("nan")
PUBLISHED_FULL = 100.0 / 160.0  # %: one of 160 trials of fully connected models

NOTES = (
    "The curves of the paper's figures are lost; its words are compared: tau_1 goes to zero at a rate that depends on the "
    "transitions, except where they are periodic; fully connected models almost never converge (1 of 160), more states and "
    "random connections help, and in all cases the successes drop to zero beyond some span.",
    "The law of the random matrices is not published: entries are uniform on [0, 1], then normalised, drawn anew at each step.",
    "The outputs of the generating model are lost with the figure: here a branch puts out its own symbol first and last, "
    "and one and the same symbol in between.",
    f"Training as published: {SEQUENCES} sequences, at most {EPOCHS} epochs or until the log-likelihood gains less than "
    f"{GAIN:g} of itself, {TIMES} times the states at {CHANCE:.0%} of the connections for the random models. Eight spans with "
    "20 trials each make the published 160.",
    "A good solution is, in the paper, almost as likely as the generating model: here within a tenth of ln 2 = 0.69 nats a "
    "sequence, which is what not knowing the branch costs.",
)


def verdicts_of(found: DiffusionOfCredit) -> tuple[Verdict, ...]:
    """Products, then training."""
    return (*_products(found), *_training(found))


def _products(found: DiffusionOfCredit) -> Iterator[Verdict]:
    from dynlatch.training.experiments.diffusion import ALLOWED

    last = found.median_log_tau[:, -1]
    for kind, own, runs in zip(ALLOWED, last, found.log_tau[:, :, -1], strict=True):
        low, high = np.quantile(runs, (0.025, 0.975))
        lossless = bool(np.all(np.abs(found.log_tau[list(ALLOWED).index(kind)]) < 1e-9))
        agrees = lossless == (kind == "periodic") and (kind == "periodic" or own < found.median_log_tau[0, 0])
        words = (
            "Nothing diffuses, as published: which of the four groups the first state was in is known for ever."
            if lossless
            else f"It goes to zero: a factor of {np.exp(own / found.log_tau.shape[2]):.2f} a step."
        )
        yield _verdict(
            f"products, {kind}", "ln tau_1 after 30 steps", "", Interval(own, low, high), len(runs), NAN, agrees, words
        )
    ordered = bool(np.all(np.diff(last) > 0.0))
    words = f"The more transitions there are the faster it goes{'' if ordered else ', but not here'}, as published."
    yield _verdict("products, order", "kinds in order", "", Interval(float(ordered), NAN, NAN), 0, 1.0, ordered, words)


def _training(found: DiffusionOfCredit) -> Iterator[Verdict]:
    full = found.rate("fully connected")
    percent = Interval(*(100.0 * end for end in full))
    n = found.gap[0].size
    agrees = percent.low <= PUBLISHED_FULL <= percent.high
    words = f"{found.good[0].sum()} of {n} trials; 1 of 160 in the paper."
    yield _verdict("training, fully connected", "good trials", "%", percent, n, PUBLISHED_FULL, agrees, words)
    for topology in ("left-to-right", "random, 3 times the states", "known"):
        rate = found.rate(topology)
        better = rate.value > full.value
        words = f"{'More' if better else 'Not more'} than of fully connected models; by span: {_by_span(found, topology)}."
        percent = Interval(*(100.0 * end for end in rate))
        yield _verdict(
            f"training, {topology}", "good trials", "%", percent, n, NAN, better or topology == "left-to-right", words
        )
    rising = [float(found.good[:, k].mean()) for k in range(len(found.spans))]
    falls = rising[-1] < rising[0]
    words = f"All topologies together, from the shortest to the longest span: {', '.join(f'{100 * r:.0f} %' for r in rising)}."
    yield _verdict("training, longest span", "good trials", "%", Interval(100.0 * rising[-1], NAN, NAN), n, NAN, falls, words)


def _by_span(found: DiffusionOfCredit, topology: str) -> str:
    return ", ".join(f"{100 * found.rate(topology, k).value:.0f} % at {span:g}" for k, span in enumerate(found.spans))


def _verdict(
    what: str, quantity: str, unit: str, ours: Interval, trials: int, published: float, agrees: bool, words: str
) -> Verdict:
    unpublished = np.isnan(published) and agrees
    agreement = Agreement.UNPUBLISHED if unpublished else Agreement.AGREES if agrees else Agreement.DISAGREES
    return Verdict(what, quantity, unit, *ours, trials, published, agreement, words)


def summary_of(found: DiffusionOfCredit) -> str:
    """tau_1 by kind, then the share of good trials by topology and span."""
    from dynlatch.training.experiments.diffusion import ALLOWED
    from dynlatch.training.experiments.diffusion_training import TOPOLOGIES

    lines = [f"{found.title}: median ln tau_1 of products of 1, 4, 10, 20, 30 random matrices"]
    for kind, row in zip(ALLOWED, found.median_log_tau, strict=True):
        lines.append(f"  {kind:<28}" + "".join(f"{row[t - 1]:9.2f}" for t in (1, 4, 10, 20, 30)))
    lines.append(f"trials as likely as the generating model, {found.gap.shape[2]} a span")
    for topology in TOPOLOGIES:
        lines.append(f"  {topology:<28}{_by_span(found, topology)}")
    return "\n".join(lines)
