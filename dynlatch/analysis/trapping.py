"""The box in which all orbits of a network end, from its structure alone."""

from __future__ import annotations

import numpy as np

from dynlatch.activations import LOGISTIC, TANH
from dynlatch.analysis.structure import additive_form
from dynlatch.disturbances import Disturbed, Steered
from dynlatch.intervals import Box, add, affine_image, as_box, multiply
from dynlatch.maps import Iterate, Map, WithInput, coordinates
from dynlatch.networks import GRU, LSTM, ElmanNetwork, ProjectedLSTM, ResetBeforeGRU, StackedNetwork, WiredNetwork
from dynlatch.networks.common import box_parts
from dynlatch.validation import FARTHEST, Array


def unit_box(n: int) -> Box:
    """[-1, 1]^n: the outputs of tanh units, and of gates applied to them."""
    return -np.ones(n), np.ones(n)


def trapping_box(map: Map, u: Box | None = None) -> Box | None:
    """A box that holds every fixed point, cycle and limit set, rounded outward; None where structure gives none.

    `u` is a box of inputs; zero by default.
    """
    if isinstance(map, WithInput):
        return trapping_box(map.map, as_box(map.u0) if u is None else add(as_box(map.u0), u))
    if isinstance(map, Iterate):  # where M^p ends, M does
        return trapping_box(map.map, u)
    if isinstance(map, Steered):
        return trapping_box(map.map, None if u is None else affine_image(map.matrix, *u))
    if isinstance(map, Disturbed):
        box = trapping_box(map.map)
        return box if u is None or box is None else _disturbed(map, box, u)
    if isinstance(map, GRU | ResetBeforeGRU):
        return unit_box(map.dim)
    if isinstance(map, LSTM):
        return _lstm_box(map, u)
    if isinstance(map, ProjectedLSTM):
        return _projected_box(map, u)
    if isinstance(map, StackedNetwork):
        return _stack_box(map, u)
    if isinstance(map, WiredNetwork):
        return map.settling_box(u)
    form = additive_form(map)
    if form is None or not form.f.bounded:
        return None
    low, high = (np.full(map.dim, end) for end in form.f.limits)
    if coordinates(map) == ElmanNetwork.coordinates:
        return low, high
    box = affine_image(form.W, low, high, form.c)
    return box if u is None else add(box, affine_image(form.B, *u))


def _disturbed(map: Disturbed, box: Box, u: Box) -> Box | None:
    """Where M sends any state into `box`, the disturbance adds its range once; a leak or a gate may accumulate it."""
    form = additive_form(map.map)
    if form is None or form.leak.any():
        return None
    return add(box, affine_image(map.matrix, *u))


def _lstm_box(net: LSTM, u: Box | None) -> Box:
    """|h| <= 1, and |c| <= sup i |g| / (1 - sup f): the cell's recursion c' = f c + i g contracts at least that fast."""
    n = net.hidden_size
    nets = affine_image(net.weight_hh, *unit_box(n), net.b)
    if u is not None:
        nets = add(nets, affine_image(net.weight_ih, *u))
    half = np.concatenate([np.ones(n), _largest_cell(nets)])
    return -half, half


def _projected_box(net: ProjectedLSTM, u: Box | None) -> Box:
    """The same, from the projection of |o tanh(c)| <= 1."""
    h = affine_image(net.weight_hr, *unit_box(net.hidden_size))
    nets = affine_image(net.weight_hh, *h, net.inner.b)
    if u is not None:
        nets = add(nets, affine_image(net.weight_ih, *u))
    cell = _largest_cell(nets)
    return np.concatenate([h[0], -cell]), np.concatenate([h[1], cell])


def _largest_cell(nets: Box) -> Array:
    """sup i |g| / (1 - sup f), given a box of what enters the four gates."""
    i, f, g, _ = box_parts(nets, 4)
    written = multiply(LOGISTIC.image(*i), TANH.image(*g))
    lost = LOGISTIC.image(-f[1], -f[0])[0]  # 1 - f as s(-net): the subtraction would lose it
    cell: Array = np.maximum(np.abs(written[0]), np.abs(written[1])) / np.maximum(lost, 1e-300) * (1.0 + 1e-12)
    return np.minimum(cell, FARTHEST)  # a shut forget gate keeps a cell for ever


def _stack_box(net: StackedNetwork, u: Box | None) -> Box | None:
    boxes = []
    for layer in net.layers:
        box = trapping_box(layer, u)
        if box is None:
            return None
        boxes.append(box)
        u = layer.output_enclose(*box)
    return np.concatenate([box[0] for box in boxes]), np.concatenate([box[1] for box in boxes])
