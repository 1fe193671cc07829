"""What the next point of a cycle says of this one, in nets `a' = leak a + V f(a) + c` with f strictly increasing.

`f(a_j) = V^-1 (a_{j+1} - leak a_j - c)`: an approximate inverse R gives `f(a_j) in R T +- |R V - I| |f(a_j)|` over boxes, and
f^-1 the box of a_j. It cuts boxes that are far too wide for derivatives to say anything. Elman nets `h' = f(W h + b)` are the
same with the two sides exchanged: `h_j in R (f^-1(h_{j+1}) - b) +- ...`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dynlatch.activations import Activation
from dynlatch.analysis.structure import additive_form
from dynlatch.intervals import EPS, TINY, Box, affine_image
from dynlatch.maps import Map, WithInput, coordinates
from dynlatch.networks import ElmanNetwork
from dynlatch.validation import Array

WORST = 1e8  # condition number of V above which nothing is gained


class Backward(NamedTuple):
    """V, its approximate inverse R, a bound on |R V - I|, c and its error, the leak, f, and whether states are outputs."""

    V: Array
    R: Array
    slack: Array
    c: Array
    blur: Array
    leak: Array
    f: Activation
    outputs: bool


def backward_of(map: Map) -> Backward | None:
    """The form above; None where the map has none that can be inverted."""
    form = additive_form(map)
    if form is None or form.f.inverse is None or not form.f.bounded:
        return None
    if isinstance(map, WithInput) and isinstance(map.map, WithInput):
        return None
    share = 1.0 - form.leak
    V, c = share[:, None] * form.W, share * form.c
    if np.linalg.cond(V) > WORST:
        return None
    size = np.abs(form.c)
    if isinstance(map, WithInput):
        inner = additive_form(map.map)
        assert inner is not None
        size = size + np.abs(inner.c) + np.abs(form.B) @ np.abs(map.u0)
    R = np.asarray(np.linalg.inv(V), dtype=np.float64)
    n = len(c)
    slack = np.abs(R @ V - np.eye(n)) + 8.0 * (n + 4) * EPS * (np.abs(R) @ np.abs(V))
    blur = 8.0 * (form.B.shape[1] + 4) * EPS * size
    return Backward(V, R, slack, c, blur, form.leak, form.f, coordinates(map) == ElmanNetwork.coordinates)


def cut_back(net: Backward, here: Box, following: Box) -> Box:
    """The box of points in `here` whose next point can be in `following`, each (b, n); ends may cross where there is none."""
    if net.outputs:
        lo, hi = affine_image(net.V, *here, net.c)
        below, above = _preimage(net.f, following, (lo - net.blur, hi + net.blur))
        return _solved(net, (below, above), here, here)
    lo, hi = following
    drift = net.leak * here[0], net.leak * here[1]
    pad = 8.0 * EPS * (np.maximum(np.abs(lo), np.abs(hi)) + np.maximum(np.abs(drift[0]), np.abs(drift[1])))
    outputs = net.f.image(*here)
    cut = _solved(net, (lo - drift[1] - pad, hi - drift[0] + pad), outputs, outputs)
    return _preimage(net.f, cut, here)


def _solved(net: Backward, target: Box, outputs: Box, within: Box) -> Box:
    """y in `within` with V y + c in `target`, knowing y in `outputs`."""
    pad = net.blur + 4.0 * EPS * (np.abs(net.c) + np.maximum(np.abs(target[0]), np.abs(target[1]))) + TINY
    lo, hi = affine_image(net.R, target[0] - net.c - pad, target[1] - net.c + pad)
    doubt = np.maximum(np.abs(outputs[0]), np.abs(outputs[1])) @ net.slack.T * (1.0 + 8.0 * EPS * len(net.c))
    return np.maximum(within[0], lo - doubt), np.minimum(within[1], hi + doubt)


def _preimage(f: Activation, values: Box, within: Box) -> Box:
    """x in `within` with f(x) in `values`: a candidate for an end is taken only where f, rounded outward, confirms it."""
    assert f.inverse is not None
    low, high = f.limits
    inside = [np.clip(end, np.nextafter(low, high), np.nextafter(high, low)) for end in values]
    with np.errstate(all="ignore"):
        below, above = (np.nan_to_num(f.inverse(end), nan=0.0) for end in inside)
        below = below - 1e-12 * (1.0 + np.abs(below))
        above = above + 1e-12 * (1.0 + np.abs(above))
        lower = np.where(f.image(below, below)[1] < values[0], below, -np.inf)
        upper = np.where(f.image(above, above)[0] > values[1], above, np.inf)
    return np.maximum(within[0], lower), np.minimum(within[1], upper)
