"""The verb `check_theorem`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dynlatch.analysis.theorems import gradients, runs, sets, steps
from dynlatch.analysis.theorems.case import VERB, Case, Evidence
from dynlatch.analysis.theorems.result import TheoremCheck, TheoremOutcome
from dynlatch.analysis.theorems.statements import statement
from dynlatch.maps import Map, coordinates, require_smooth

CHECKS: Mapping[str, Callable[[Case], Evidence]] = {
    "1": steps.expansion,
    "2": steps.contraction,
    "3": runs.tube,
    "4": runs.vanishing,
    "lemma1": sets.lemma,
    "definition1": sets.invariant_set,
    "definition2": sets.hyperbolic_attractor,
    "definition3": sets.basin,
    "definition4": sets.reduced_set,
    "definition5": sets.latched,
    "definition6": sets.contracting,
    "equation5": gradients.weight_gradient,
    "projection": gradients.projection,
    "footnote2": gradients.additive_inputs,
}


def check_theorem(number: int | str, map: Map, attractor: Any = None, inputs: Any = None, points: Any = None) -> TheoremCheck:
    """Whether the hypothesis of a statement of the papers holds here, in which reading, and whether what follows happens.

    Each statement is checked twice: as written, and as corrected where the words are wrong. What is asked of all states of a
    ball is proved by interval arithmetic where the map has it, and sampled elsewhere; the claims say which.

    Parameters
    ----------
    number : int or str
        1 to 4 for the theorems (numbering of the ICNN paper of 1993), "lemma1", "definition1" to "definition6", "equation5",
        "projection" (section C) or "footnote2".
    map : SmoothMap
        Norms are those of its own coordinates, adapted to the attractor where a claim says so.
    attractor : array_like, shape (n,) or (p, n), or member of a result, optional
        By default the last attracting fixed point that `fixed_points` finds.
    inputs : array_like, shape (T, m), optional
        Needed by 3 and "footnote2"; without them 4, "definition5" and "equation5" look at 60 steps without input.
    points : array_like, shape (..., n), optional
        What the statement is about: x for 1; corners of a box D for 2; E for "definition1"; candidates for "definition3" and
        "definition4"; the first of them is a_0 for statements about runs. By default around the attractor, or the attractor.

    Returns
    -------
    TheoremCheck

    Raises
    ------
    InvalidInput
        If there is no such statement, or what it is about is missing.
    NotAttracting
        If the attractor does not attract (but in "lemma1" and "definition2", which ask whether it does).
    NotSmooth
        If the map has no derivatives.

    References
    ----------
    .. [1] Bengio, Y., Frasconi, P. and Simard, P. (1993), The problem of learning long-term dependencies in recurrent
       networks. ICNN, section III.

    Examples
    --------
    >>> import dynlatch as dl
    >>> from dynlatch import analysis
    >>> latch = dl.LatchNeuron(2.0)
    >>> analysis.check_theorem(4, latch).outcome
    <TheoremOutcome.HOLDS: 'holds'>

    Inputs that keep the state in Gamma by its eigenvalues, while the gradient explodes:

    >>> wrong = analysis.counterexamples.ALTERNATING
    >>> check = analysis.check_theorem(4, wrong.map, inputs=wrong.data["inputs"], points=wrong.data["states"])
    >>> check.outcome.value
    'refuted as written'
    """
    which = statement(number)
    smooth = require_smooth(map, VERB)
    found = CHECKS[which.key](Case(smooth, attractor, inputs, points))
    return TheoremCheck(
        key=which.key,
        literal=found.literal,
        hypothesis=found.hypothesis,
        literal_conclusion=found.literal_conclusion,
        conclusion=found.conclusion,
        outcome=_outcome(found),
        picture=found.picture,
        coordinates=coordinates(map),
    )


def _outcome(found: Evidence) -> TheoremOutcome:
    if all(claim.holds for claim in found.hypothesis):
        follows = all(claim.holds for claim in found.conclusion)
        # Where the corrected hypothesis is the literal one, the literal conclusion may still be wrong (section C).
        if follows and found.literal == found.hypothesis and not all(claim.holds for claim in found.literal_conclusion):
            return TheoremOutcome.REFUTED
        return TheoremOutcome.HOLDS if follows else TheoremOutcome.CONTRADICTED
    if not all(claim.holds for claim in found.literal) or not found.literal:
        return TheoremOutcome.SILENT
    promised = found.literal_conclusion or found.conclusion
    return TheoremOutcome.LUCKY if all(claim.holds for claim in promised) else TheoremOutcome.REFUTED
