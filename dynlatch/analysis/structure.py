"""What the weights alone say: the additive form behind several architectures, contraction, monotonicity."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.activations import LOGISTIC, TANH, Activation
from dynlatch.disturbances import Disturbed, Steered
from dynlatch.linalg import accurate_matmul, matrix_norm
from dynlatch.maps import Map, WithInput, coordinates
from dynlatch.networks import AdditiveNetwork, ElmanNetwork, LeakyNetwork
from dynlatch.validation import Array

ROUNDING = 1e-12  # far above the error of the norms, so that a norm of exactly 1 is not taken for a contraction


class AdditiveForm(NamedTuple):
    """`W f(.) + c`, with inputs through B, and the leak of each unit: what Additive, Leaky and Elman nets have in common."""

    W: Array
    c: Array
    B: Array
    f: Activation
    leak: Array


def additive_form(map: Map) -> AdditiveForm | None:
    """The weights of a network that is additive up to a leak or a change of coordinates; None for any other map."""
    if isinstance(map, WithInput):
        inner = additive_form(map.map)
        return None if inner is None else inner._replace(c=inner.c + inner.B @ map.u0)
    if isinstance(map, AdditiveNetwork):
        B = np.eye(map.dim) if map.B is None else map.B
        return AdditiveForm(map.W, map.c, B, map.f, np.zeros(map.dim))
    if isinstance(map, LeakyNetwork):
        B = np.eye(map.dim) if map.B is None else map.B
        return AdditiveForm(map.W, map.c, B, map.f, 1.0 - map.rate)
    if isinstance(map, ElmanNetwork):
        return AdditiveForm(map.W_hh, map.b, map.W_ih, map.f, np.zeros(map.dim))
    return None


class ActivationForm(NamedTuple):
    """`a' = leak a + W f(a) + c + B u`: the activations of an additive, leaky or Elman net, whatever its own coordinates."""

    leak: Array
    W: Array
    c: Array
    B: Array
    f: Activation

    def step(self, a: Array, u: Array | None = None) -> Array:
        """Next activations (..., n) from activations (..., n) and inputs (..., m)."""
        moved = self.leak * a + self.f(a) @ self.W.T + self.c
        return moved if u is None else moved + u @ self.B.T

    def jacobian(self, a: Array) -> Array:
        """Shape (..., n, n)."""
        J = self.W * self.f.derivative(a)[..., None, :]
        J[..., range(len(self.leak)), range(len(self.leak))] += self.leak
        return J


def activation_form(map: Map) -> ActivationForm | None:
    """The map in its activations; None for any other than additive, leaky and Elman nets, however their input enters.

    Sums of weights are rounded once, also where they cancel, so that what is proved of the form holds for the map.

    An input sequence that drives the state of an Elman net out of a basin drives its activations `W h + b` out of the
    corresponding basin, after the same number of steps, and conversely: every threshold agrees.
    """
    if isinstance(map, Disturbed):
        form = activation_form(map.map)
        if form is None:
            return None
        # What is added to the output of an Elman net reaches the next activations through W.
        return form._replace(B=accurate_matmul(form.W, map.matrix) if _in_outputs(map) else map.matrix)
    if isinstance(map, Steered):
        form = activation_form(map.map)
        return None if form is None else form._replace(B=accurate_matmul(form.B, map.matrix))
    if isinstance(map, WithInput):
        form = activation_form(map.map)
        if form is None:
            return None
        terms = np.column_stack([form.c, form.B]), np.concatenate([[1.0], map.u0])[:, None]
        return form._replace(c=accurate_matmul(*terms)[:, 0])
    plain = additive_form(map)
    if plain is None:
        return None
    rate = map.rate if isinstance(map, LeakyNetwork) else np.ones(map.dim)
    return ActivationForm(plain.leak, rate[:, None] * plain.W, rate * plain.c, rate[:, None] * plain.B, plain.f)


def activations_of(map: Map, states: Array) -> Array:
    """The activations (..., n) that follow from states (..., n) of a map with an `activation_form`."""
    form = activation_form(map)
    assert form is not None
    return states @ form.W.T + form.c if _in_outputs(map) else states


def _in_outputs(map: Map) -> bool:
    return coordinates(map) == ElmanNetwork.coordinates


def at_kink(map: Map, states: Array) -> NDArray[np.bool_]:
    """Which states (k, n) put a unit on a kink of its activation (ReLU at 0), where the map has no derivative."""
    form = additive_form(map)
    if form is None:
        return np.zeros(len(states), dtype=bool)
    nets = states @ form.W.T + form.c if _in_outputs(map) else states
    h = 1e-9 * (1.0 + np.abs(nets))
    return np.asarray((np.abs(form.f.derivative(nets + h) - form.f.derivative(nets - h)) > 1e-3).any(-1))


def one_unit(map: Map) -> AdditiveForm | None:
    """The form of a single tanh or logistic unit that excites itself, in its activation: the latch of `scalar`; else None."""
    form = additive_form(map)
    if form is None or len(form.W) > 1 or form.leak.any() or _in_outputs(map):
        return None
    return form if form.f in (TANH, LOGISTIC) and form.W[0, 0] > 0 else None


def is_odd(map: Map) -> bool:
    """Whether the weights say that M(-a) = -M(a): attractors then come in pairs or are symmetric themselves."""
    form = additive_form(map)
    return form is not None and form.f.odd and not form.c.any()


def steepest_slope(f: Activation) -> float:
    """sup f' over the real line; infinite where the activation does not say (no `slope_peak`) or has none."""
    if f.slope_peak is None:
        return np.inf
    return float(f.derivative(np.asarray(f.slope_peak)))


def contraction_factor(map: Map) -> float:
    """An upper bound on the Lipschitz constant of the map in its best of the norms 1, 2, inf, rounded up.

    Below 1 the map is a contraction of the whole space: one fixed point, which attracts every state (Banach).
    """
    form = additive_form(map)
    if form is None or form.f.slope_peak is None:
        return np.inf
    bound = np.abs(form.W) * steepest_slope(form.f) * (1.0 - form.leak)[:, None] + np.diag(form.leak)
    signed = form.W * steepest_slope(form.f) * (1.0 - form.leak)[:, None]
    spectral = float(matrix_norm(signed, 2)) + float(form.leak.max(initial=0.0))
    return min(float(matrix_norm(bound, 1)), float(matrix_norm(bound, np.inf)), spectral) * (1.0 + ROUNDING)


def monotone_signs(form: AdditiveForm) -> tuple[Array, Array] | None:
    """Signs s (n,) of the states and r (m,) of the inputs in which the map is non-decreasing; None if there are none.

    They satisfy `s_i W_ij s_j >= 0` and `s_i B_ik r_k >= 0`: with f non-decreasing, `s * step(s * a, r * u)` preserves the
    componentwise order. Each component of the signed graph is coloured from its first node.
    """
    n, m = len(form.W), form.B.shape[1]
    edges = np.zeros((n + m, n + m))
    edges[:n, :n], edges[:n, n:] = form.W, form.B
    both_ways = np.sign(edges) + np.sign(edges.T)
    colour = np.zeros(n + m)
    for root in range(n + m):
        queue = [] if colour[root] else [root]
        colour[root] = colour[root] or 1.0
        while queue:
            i = queue.pop()
            wanted = colour[i] * np.sign(both_ways[i])
            fresh = np.flatnonzero((wanted != 0) & (colour == 0))
            colour[fresh] = wanted[fresh]
            queue.extend(int(j) for j in fresh)
    if np.any(colour[:, None] * edges * colour < 0):
        return None
    return colour[:n], colour[n:]
