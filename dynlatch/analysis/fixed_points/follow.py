"""Fixed points next to given states: Newton's method from there and little else, for a network that has just changed a bit.

A search from many starts finds what appeared; this finds where known points went, at a small part of its cost. Where the
indices of what it finds do not sum to +1, as they must over all fixed points of a bounded map, something was created or lost,
and one round of fresh starts looks for it.
"""

from __future__ import annotations

import numpy as np

from dynlatch.analysis.fixed_points import _described, _question
from dynlatch.analysis.fixed_points.equations import equation_of
from dynlatch.analysis.fixed_points.result import FixedPoints
from dynlatch.analysis.fixed_points.routes import Question, _listing
from dynlatch.analysis.fixed_points.search import index_of
from dynlatch.analysis.fixed_points.search.newton import solve
from dynlatch.analysis.fixed_points.search.solutions import Solutions
from dynlatch.analysis.fixed_points.search.starts import first_starts, starts
from dynlatch.maps import Map
from dynlatch.validation import Array


def follow_fixed_points(map: Map, near: Array, reach: float, rng: np.random.Generator, *, fresh: int = 16) -> FixedPoints:
    """Fixed points that Newton's method reaches from the states `near` (k, n), and from zero.

    `fresh` is the number of starts of that round. A map that structure does not bound is searched within `reach` of the
    origin. `completeness` is "checksum passed" where the indices sum to +1, else "budget": nothing says that there are no
    others.
    """
    bounds = None if equation_of(map)[0].box() is not None else (-reach, reach)
    question = _question(map, bounds)
    solutions = _solutions(question)
    box = solutions.box
    known = np.clip(question.equation.project(near), *box)
    _add(solutions, np.concatenate([known, first_starts(box)[:2]]))
    if question.compact and not _sums_to_one(solutions):
        _add(solutions, starts(solutions.step, box, solutions.points, fresh, rng))
    found = solutions.found()
    listing = _listing(found.points, found.errors, ended=question.compact and _sums_to_one(solutions))
    return _described(question, listing._replace(dimension=found.dimension, unseen=found.unseen))


def _solutions(question: Question) -> Solutions:
    equation, u0 = question.equation, question.u0
    return Solutions(
        step=lambda x: equation.step(x, u0),
        jacobian=lambda x: equation.jacobian(x, u0),
        box=question.box,
        odd=False,
        points=np.zeros((0, equation.dim)),
    )


def _add(solutions: Solutions, x: Array) -> None:
    solutions.add(solve(solutions.step, solutions.jacobian, x, solutions.box).x)


def _sums_to_one(solutions: Solutions) -> bool:
    return not solutions.clusters and int(index_of(solutions.jacobian(solutions.points)).sum()) == 1
