"""The box in which all orbits of a network end, from its structure alone."""

from __future__ import annotations

import numpy as np

from dynlatch.activations import LOGISTIC
from dynlatch.analysis.fixed_points.equations import equation_of
from dynlatch.analysis.structure import additive_form
from dynlatch.intervals import EPS, Box, affine_image
from dynlatch.maps import Map, WithInput
from dynlatch.networks import GRU, LSTM, StackedNetwork


def trapping_box(map: Map, u: Box | None = None) -> Box | None:
    """A box that holds every fixed point, cycle and limit set, rounded outward; None where structure gives none.

    `u` is a box of inputs, for the layers of a stack.
    """
    if isinstance(map, WithInput) and u is None:
        return trapping_box(map.map, (map.u0, map.u0))
    if isinstance(map, StackedNetwork):
        return _stack_box(map, u)
    if isinstance(map, LSTM):
        return _lstm_box(map, u)
    if additive_form(map) is None and not isinstance(map, GRU):
        return None
    return equation_of(map)[0].box(u)


def _stack_box(net: StackedNetwork, u: Box | None) -> Box | None:
    boxes = []
    for layer in net.layers:
        box = trapping_box(layer, u)
        if box is None:
            return None
        boxes.append(box)
        u = layer.output_enclose(*box)
    return np.concatenate([box[0] for box in boxes]), np.concatenate([box[1] for box in boxes])


def _lstm_box(net: LSTM, u: Box | None) -> Box | None:
    """|h| <= 1, and |c| <= 1 / (1 - f) with the forget gate at its largest over |h| <= 1."""
    n = net.hidden_size
    rows = slice(n, 2 * n)
    highest = affine_image(net.weight_hh[rows], -np.ones(n), np.ones(n), net.b[rows])[1]
    if u is not None:
        highest = np.nextafter(highest + affine_image(net.weight_ih[rows], *u)[1], np.inf)
    with np.errstate(over="ignore", divide="ignore"):
        cell = (1.0 + 16.0 * EPS) / LOGISTIC(-highest)
    half = np.concatenate([np.ones(n), cell])
    return (-half, half) if np.isfinite(half).all() else None
