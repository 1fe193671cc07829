"""What a reader of the tables must know, and what can be proved about the published values alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dynlatch.training.experiments.paper import Row

if TYPE_CHECKING:
    from dynlatch.training.experiments.protocol import Problem

CHANCE = 50.0  # % that a trial errs on at most, sampling apart
MOSTLY_FAILED = 25.0  # % of error that trials which learned do not have
CLEARLY = 1.25  # by how much two bounds must differ to contradict each other: means of 20 trials are not exact

COMMON = (
    "Documented in the papers: the nets (25 and 7 weights), noise U(-.2, .2), lengths uniform in [T/2, T], first weights "
    "U(-.5, .5), eta .01 and mu .001 to .3 of the pseudo-Newton rules, boxes that shrink by .9, at least 20 trials.",
    "Not documented, and fitted to the published tables by their errors on fresh sequences: the other settings of every "
    "method and its limit of presentations. What is shown was then run on seeds that chose nothing.",
    "Not documented, and guessed: 50 training sequences fixed for a trial, an answer is right by its sign, a trial has learned "
    "when the last 50 presentations were right (batch methods: all 50 at once), 300 test sequences.",
    "Weight guessing is no row of the paper: it is what random search without learning costs on the same task.",
)
TWO_SEQUENCE = (
    "Back-propagation is shown twice: with eta = 5e-5, which gives the published row, and is an untrained net; and with "
    "eta = 0.1, with which it learns. No rate both trains it and leaves it at chance at T = 5.",
    "Lengths of 3 are allowed at T = 5: then the third input never reaches the output unit, and pairs of prototypes that "
    "differ only there cannot be learned by these nets.",
    "EM has 300 training sequences, which gives the published presentations; the nets have 50.",
)
PARITY = (
    "The shortest length is T/2 rounded down, which makes a third of the sequences at T = 3 a single symbol; with T/2 rounded "
    "up ('lengths from ceil(T/2)', below) back-propagation and pseudo-Newton are far from the published 2 and 3 %.",
    "First weights of the gradient rules are within 2, against the documented .5, which loses the cells at T = 5.",
    "The limits of presentations (12,000 to 100,000) differ from method to method because the published ones do; no limit is "
    "documented.",
    "EM with the determinant term is in effect a search over the four deterministic tables, and guessing weights solves parity "
    "too.",
)


def notes(problem: Problem, quantity: str, *, tried: bool) -> tuple[str, ...]:
    """Of one table; whether other choices were tried."""
    agreeing = (
        "Errors agree within 15 points, a lenient rule: see how many cells the constant 50 % satisfies."
        if quantity == "error"
        else "Presentations agree within a factor 3, a lenient rule; they depend on limits that are documented nowhere."
    )
    causes = () if tried else ("Causes are not looked for: other choices are run at the scale full only.",)
    return (*COMMON, *(TWO_SEQUENCE if problem.name == "two-sequence" else PARITY), agreeing, *causes)


def unplaced(name: str, row: Row, quantity: str) -> str:
    """The published values of a row whose lengths are lost; "" if none is."""
    if not row.lost:
        return ""
    unit = " %" if quantity == "error" else ""
    values = ", ".join(f"{row.values(quantity)[k]:g}{unit}" for k in row.lost)
    places = ", ".join(map(str, row.candidates))
    return f"published for {name} without a place: {values}, in this order, among T = {places} ({row.certainty})"


def contradiction(row: Row) -> str:
    """Why no one budget gives a published row of presentations; "" if one may.

    A trial that fails uses its budget B up. Where the mean error e is large, at least e/50 % of the trials failed, so P
    presentations on average mean B <= P / (e / 50 %); and some trial used at least P, so B >= P. Two lengths may rule out
    every B. (Small errors may be those of trials that learned.)
    """
    pairs = list(zip(row.presentations, row.error, row.lengths, strict=True))
    bounds = [(P / min(e / CHANCE, 1.0), T) for P, e, T in pairs if e >= MOSTLY_FAILED]
    if row.lost or not bounds:
        return ""
    most, at = min(bounds)
    least, where = max((P, T) for P, _, T in pairs)
    if least <= CLEARLY * most:
        return ""
    return (
        f"The published values contradict each other, if failed trials use up one budget: T = {where} needs one of at least "
        f"{least:,.0f}, T = {at} one of at most {most:,.0f}."
    )
