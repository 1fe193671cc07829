"""The quasi-potential of an attractor, and the most probable way out of its basin under small Gaussian noise.

With independent normal inputs of standard deviation s, the logarithm of the probability per step of leaving the basin is
-V / s^2 as s -> 0 (Freidlin and Wentzell; in discrete time Kifer 1990), with the minimum action

    V = min 1/2 sum_t |u_t|^2    over inputs that take the attractor to the boundary of the basin.

The cheapest path ends at a saddle s with one unstable direction, where with the left eigenvector w the boundary is
`w . (a - s) = 0` to first order. A path of T steps is found by sequential quadratic programming in the inputs, with that one
condition and its gradient by the adjoint recursion, down to a minimum (`descent`); T grows until V no longer falls: the path
then ends at the saddle itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dynlatch.analysis.escape.question import Question, ask
from dynlatch.analysis.escape.witness import replay
from dynlatch.analysis.noise.quasi_potential.condition import states_under
from dynlatch.analysis.noise.quasi_potential.paths import Path, distinct, lengthened, short_paths
from dynlatch.analysis.noise.quasi_potential.result import EXCESS, PathOutcome, QuasiPotential
from dynlatch.analysis.noise.quasi_potential.saddles import exits_of
from dynlatch.maps import Map, coordinates, require_smooth
from dynlatch.randomness import Rng, generator
from dynlatch.validation import count

BEST = 2  # paths that are given more time


def quasi_potential(
    map: Map, attractor: Any, *, target: Any = None, input_matrix: Any = None, steps: int | None = None, rng: Rng = None
) -> QuasiPotential:
    """The quasi-potential of an attractor and the most probable path out of its basin.

    Parameters
    ----------
    map : SmoothMap
    attractor : array_like, shape (n,), or member of a result
    target : array_like, shape (n,), optional
        The saddle through which to leave. None: the cheapest of those that `fixed_points` lists.
    input_matrix : array_like, shape (n, m), optional
        None: the noise enters as the map's own input. Given B, it is added to the state, `a' = M(a) + B u`.
    steps : int, optional
        Length of the path. None: as long as it takes until V no longer falls.
    rng : int, Generator or None
        Of the search's starts, and of the search for saddles.

    Returns
    -------
    QuasiPotential

    Raises
    ------
    InvalidInput
        On wrong shapes, or a target that is no saddle with one unstable direction.
    NotAttracting
        If the point is not attracting.

    References
    ----------
    .. [1] Freidlin, M. I. and Wentzell, A. D. (1998), Random Perturbations of Dynamical Systems, ch. 4.
    .. [2] Kifer, Y. (1990), A discrete-time version of the Wentzell-Freidlin theory. Ann. Probab. 18(4).

    Examples
    --------
    >>> import dynlatch as dl
    >>> from dynlatch import analysis
    >>> neuron = dl.LatchNeuron(2.0)
    >>> up = analysis.fixed_points(neuron).attractors[1]
    >>> round(analysis.quasi_potential(neuron, up, rng=0).value, 6)
    1.237071
    """
    question = ask(map, attractor, 2, input_matrix)
    system = require_smooth(question.system, "quasi_potential")
    length = None if steps is None else count("steps", steps, least=1)
    random = generator(rng)
    exits, others = exits_of(map, question, target, random)
    if not exits:
        return _nothing(question, PathOutcome.NO_SADDLE if others else PathOutcome.MONOSTABLE)
    short = [path for exit in exits for path in short_paths(system, question.attractor.point, exit, length, random)]
    paths = [lengthened(system, question.attractor.point, path, length) for path in distinct(short)[:BEST]]
    paths = sorted(paths, key=lambda path: path.action)
    if not paths:
        return _nothing(question, PathOutcome.UNREACHABLE)
    answers = (_answer(question, path) for path in paths)
    return next((answer for answer in answers if answer.outcome is PathOutcome.FOUND), None) or _answer(question, paths[0])


def _answer(question: Question, path: Path) -> QuasiPotential:
    """The record, its path replayed with inputs a little larger."""
    home = question.attractor.point
    landing = replay(question.system, home, path.inputs * (1.0 + EXCESS))
    return QuasiPotential(
        value=path.action,
        path=states_under(require_smooth(question.system, "quasi_potential"), home, path.inputs),
        inputs=path.inputs,
        saddle=path.exit.saddle,
        destination=landing.state,
        attractor=home,
        outcome=PathOutcome.UNCONFIRMED if landing.returned else PathOutcome.FOUND,
        coordinates=coordinates(question.system),
    )


def _nothing(question: Question, outcome: PathOutcome) -> QuasiPotential:
    home, n, m = question.attractor.point, question.system.dim, question.width
    empty = np.empty((0, n))
    return QuasiPotential(np.inf, home[None], np.empty((0, m)), empty, empty, home, outcome, coordinates(question.system))
