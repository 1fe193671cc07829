"""A question as the searches see it: a batch of states steps forward, a batch of costates is pulled back."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from dynlatch.activations import TANH
from dynlatch.analysis.escape.question import Question
from dynlatch.analysis.structure import ActivationForm, activations_of
from dynlatch.disturbances import Disturbed
from dynlatch.maps import Map, SmoothMap
from dynlatch.validation import Array

BEYOND = 1e60  # states are cut off here

Step = Callable[[Array, Array | None], Array]
Pull = Callable[[Array, Array, Array], tuple[Array, Array]]


class Plant(NamedTuple):
    """The disturbed system, in its activations where it has them: thresholds and escaping inputs are the same there.

    `pull(a, u, p)` is `(J^T p, B^T p)` with the derivatives at (a, u); None for a map without derivatives.
    """

    points: Array  # of the attractor, (p, n); inputs begin at the first
    width: int  # number of inputs m
    norm: float  # inf or 2
    step: Step
    pull: Pull | None


def plant_of(question: Question) -> Plant:
    """The question's system, fastest form first."""
    system, form = question.system, question.form
    points = question.attractor.points
    plain = Plant(points, question.width, question.norm, _kept_finite(system), _pull_of(system) if question.smooth else None)
    if form is None or not question.smooth:
        return plain
    activations = activations_of(system, points)
    if activations is not points and len(points) > 1:
        return plain  # which point of the cycle the activations follow from depends on where the input enters
    return plain._replace(points=activations, step=_form_step(form), pull=_form_pull(form))


def _kept_finite(system: Map) -> Step:
    """The step of a map that may grow without bound, which some refuse to evaluate near the largest float."""
    return lambda a, u: system.step(np.clip(a, -BEYOND, BEYOND), u)


def _form_step(form: ActivationForm) -> Step:
    WT, BT, leak, c, f = form.W.T.copy(), form.B.T.copy(), form.leak, form.c, form.f
    function = np.tanh if f is TANH else f.function
    leaky, mixed = bool(leak.any()), not _is_identity(form.B)

    def step(a: Array, u: Array | None = None) -> Array:
        moved = function(a) @ WT
        moved = moved + c
        if leaky:
            moved += leak * a
        if u is not None:
            moved = moved + (u @ BT if mixed else u)
        return np.asarray(moved)

    return step


def _form_pull(form: ActivationForm) -> Pull:
    W, B, leak, f = form.W, form.B, form.leak, form.f
    leaky, mixed = bool(leak.any()), not _is_identity(B)

    # 1 - tanh^2 loses digits where tanh saturates, which a search does not need, and costs a third of the exact form.
    def slope(a: Array) -> Array:
        return np.asarray(1.0 - np.tanh(a) ** 2) if f is TANH else f.derivative(a)

    def pull(a: Array, u: Array, p: Array) -> tuple[Array, Array]:
        back = (p @ W) * slope(a)
        return (back + leak * p if leaky else back), (p @ B if mixed else p)

    return pull


def _pull_of(system: Map) -> Pull:
    assert isinstance(system, SmoothMap)
    B = system.matrix if isinstance(system, Disturbed) else None

    def pull(a: Array, u: Array, p: Array) -> tuple[Array, Array]:
        a = np.clip(a, -BEYOND, BEYOND)
        g = p @ B if B is not None else (p[..., None, :] @ system.input_jacobian(a, u))[..., 0, :]
        return system.vjp(a, p, u), np.asarray(g)

    return pull


def _is_identity(B: Array) -> bool:
    return B.shape[0] == B.shape[1] and bool(np.array_equal(B, np.eye(len(B))))


def worst(g: Array, norm: float) -> Array:
    """The admissible inputs (..., m) of size 1 that push hardest along g (..., m)."""
    if norm == np.inf:
        return np.sign(g)
    size = np.sqrt(np.einsum("...i,...i->...", g, g))[..., None]
    return np.asarray(g / np.maximum(size, 1e-300))


def fitted(U: Array, norm: float) -> Array:
    """`U` (..., m) scaled down to size at most 1 at each time where it exceeds it."""
    size = np.abs(U).max(-1, keepdims=True) if norm == np.inf else np.sqrt((U * U).sum(-1, keepdims=True))
    return np.asarray(U / np.maximum(size, 1.0))
