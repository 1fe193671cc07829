"""The box that holds every cycle of a map, where structure knows one."""

from __future__ import annotations

from typing import Any

import numpy as np

from dynlatch.activations import LOGISTIC, TANH
from dynlatch.analysis.structure import additive_form
from dynlatch.errors import InvalidInput
from dynlatch.intervals import Box, add, affine_image, as_box, multiply
from dynlatch.maps import Iterate, Map, WithInput, coordinates
from dynlatch.networks import GRU, LSTM, ElmanNetwork, StackedNetwork
from dynlatch.networks.common import parts
from dynlatch.validation import shaped_array


def region(map: Map, bounds: tuple[Any, Any] | None) -> tuple[Box, bool]:
    """The box to search, and whether it is known to hold every cycle (so that the indices must sum to +1)."""
    own = box_of_cycles(map)
    if bounds is None:
        if own is None:
            raise InvalidInput(
                f"the structure of {type(map).__name__} does not bound its orbits: give `bounds=(lo, hi)`, each a number "
                f"or {map.dim} numbers."
            )
        return own, True
    try:
        lower, upper = bounds
        lo, hi = (shaped_array("bounds", np.broadcast_to(end, (map.dim,)), (map.dim,)) for end in (lower, upper))
    except (TypeError, ValueError) as error:
        if isinstance(error, InvalidInput):
            raise
        raise InvalidInput(f"`bounds` must be (lo, hi), each a number or {map.dim} numbers; got {bounds!r}.") from None
    if not np.all(lo < hi):
        raise InvalidInput("`bounds` must be (lo, hi) with lo < hi in every component.")
    return (lo, hi), own is not None and bool(np.all(lo <= own[0]) and np.all(hi >= own[1]))


def box_of_cycles(map: Map, u: Box | None = None) -> Box | None:
    """A box that holds every cycle of `map` under inputs in the box u; None where structure gives none."""
    if isinstance(map, WithInput):
        return box_of_cycles(map.map, as_box(map.u0) if u is None else add(as_box(map.u0), u))
    if isinstance(map, Iterate):  # a cycle of M^p is one of M
        return box_of_cycles(map.map, u)
    if isinstance(map, GRU):
        return -np.ones(map.dim), np.ones(map.dim)
    if isinstance(map, LSTM):
        return _lstm_box(map, u)
    if isinstance(map, StackedNetwork):
        return _stacked_box(map, u)
    form = additive_form(map)
    if form is None or not form.f.bounded:
        return None
    low, high = (np.full(map.dim, end) for end in form.f.limits)
    if coordinates(map) == ElmanNetwork.coordinates:
        return low, high
    net = affine_image(form.W, low, high, form.c)
    return net if u is None else add(net, affine_image(form.B, *u))


def _lstm_box(net: LSTM, u: Box | None) -> Box:
    """|h| <= 1, and |c| <= sup i |g| / (1 - sup f): the cell's recursion c' = f c + i g contracts at least that fast."""
    n = net.hidden_size
    ones = np.ones(n)
    nets = affine_image(net.weight_hh, -ones, ones, net.b)
    if u is not None:
        nets = add(nets, affine_image(net.weight_ih, *u))
    lows, highs = parts(nets[0], 4), parts(nets[1], 4)
    write = multiply(LOGISTIC.image(lows[0], highs[0]), TANH.image(lows[2], highs[2]))
    kept = LOGISTIC.image(-highs[1], -lows[1])[0]  # 1 - f as s(-net): the subtraction would lose it
    largest = np.maximum(np.abs(write[0]), np.abs(write[1])) / np.maximum(kept, 1e-300) * (1.0 + 1e-12)
    largest = np.minimum(largest, 1e150)
    return np.concatenate([-ones, -largest]), np.concatenate([ones, largest])


def _stacked_box(map: StackedNetwork, u: Box | None) -> Box | None:
    boxes: list[Box] = []
    for layer in map.layers:
        box = box_of_cycles(layer, u)
        if box is None:
            return None
        boxes.append(box)
        u = layer.output_enclose(*box)
    return np.concatenate([b[0] for b in boxes]), np.concatenate([b[1] for b in boxes])
