"""The order that a network preserves or reverses, and the extreme inputs of a question in that order.

With signs s, r the network *preserves* the order `a <= b iff s a <= s b` if `s W s >= 0`, and it *reverses* it if
`s W s <= 0` and has no leak; in both cases the inputs act along the order, `s B r >= 0`. Then of all inputs with largest entry
at most b the two extreme ones are `+b r` and `-b r`. Inputs that reach the net through one number only, `B u = beta (gamma u)`,
have two extreme ones in any norm, the maximisers of `+-gamma u`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dynlatch.analysis.escape.question import Question
from dynlatch.analysis.structure import ActivationForm, AdditiveForm, activations_of, monotone_signs
from dynlatch.validation import Array


class Extremes(NamedTuple):
    """An attractor between the two orbits under extreme inputs.

    Attributes
    ----------
    form : ActivationForm
    points : ndarray, shape (p, n)
        The attractor in activations; p is even if the order is reversed, so that a fixed point is listed twice.
    order : ndarray, shape (p, n)
        Signs of the order at each phase: a step takes the order of phase j into that of phase j + 1.
    flips : ndarray, shape (p,)
        Sign of the extreme input that arrives at phase j.
    unit : ndarray, shape (m,)
        The extreme input of size 1; it moves the state up in the order, `push = B unit`.
    push : ndarray, shape (n,)
    """

    form: ActivationForm
    points: Array
    order: Array
    flips: Array
    unit: Array
    push: Array


def extremes(question: Question) -> Extremes | None:
    """The order and the extreme inputs of a question; None where there are none."""
    form = question.form
    if form is None:
        return None
    entering = _entering(form, question.norm)
    if entering is None:
        return None
    B, units = entering
    points = activations_of(question.system, question.attractor.points)
    signs = monotone_signs(AdditiveForm(form.W, form.c, B, form.f, form.leak))
    reverses = False
    if signs is None and not form.leak.any() and not question.constant:
        signs = monotone_signs(AdditiveForm(-form.W, form.c, B, form.f, form.leak))
        reverses = True
    if signs is None:
        return None
    s, r = signs
    period = len(points)
    if reverses and period % 2:
        points, period = np.concatenate([points, points]), 2 * period
    flips = (-1.0) ** np.arange(period) if reverses else np.ones(period)
    unit = units @ r
    return Extremes(form, points, flips[:, None] * s, np.asarray(flips), np.asarray(unit), form.B @ unit)


def extreme_directions(question: Question) -> tuple[Array, Array] | None:
    """The two inputs (m,) of size 1 between which every input lies in the order of the net; None where there is no order.

    If the net preserves the order, one of them held constant is the worst sequence. If it reverses it, the worst sequence
    alternates between the two.
    """
    found = extremes(question)
    return None if found is None else (found.unit, -found.unit)


def _entering(form: ActivationForm, norm: float) -> tuple[Array, Array] | None:
    """Inputs that each range over [-1, 1] on their own: their matrix (n, k), and the inputs (m, k) behind them."""
    m = form.B.shape[1]
    if norm == np.inf or m == 1:
        return form.B, np.eye(m)
    strongest = form.B[np.abs(form.B).sum(1).argmax()]
    gamma = strongest / np.linalg.norm(strongest)
    beta = form.B @ gamma
    if np.abs(form.B - np.outer(beta, gamma)).max() > 1e-15 * np.abs(form.B).max():
        return None
    return beta[:, None], gamma[:, None]
