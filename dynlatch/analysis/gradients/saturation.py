"""How much of its greatest slope each unit or gate has left: `f'(net) / max f'`, 1 where it is linear, 0 where it saturates."""

from __future__ import annotations

from typing import Any

import numpy as np

from dynlatch.analysis.structure import steepest_slope
from dynlatch.maps import Map, WithInput
from dynlatch.networks import AdditiveNetwork, ElmanNetwork, LeakyNetwork, StackedNetwork
from dynlatch.validation import Array


def slopes_left(map: Map, before: Array, after: Array, u: Array | None) -> dict[str, Array]:
    """Shares in [0, 1], by the name of what saturates, for steps from `before` to `after`, both (..., n), under inputs u.

    "units" for additive, leaky and Elman nets; "update gate", "candidate" and so on for gated ones; with "layer0 " in front
    in a stack. Nothing for a map whose nonlinearity is not known.
    """
    if isinstance(map, WithInput):
        return slopes_left(map.map, before, after, map.u0 if u is None else map.u0 + u)
    if isinstance(map, StackedNetwork):
        return _of_layers(map, before, after, u)
    if isinstance(map, (AdditiveNetwork, LeakyNetwork)):
        return _of_units(map.f, before)
    if isinstance(map, ElmanNetwork):
        net = before @ map.W_hh.T + map.b
        return _of_units(map.f, net if u is None else net + u @ map.W_ih.T)
    if hasattr(map, "gates"):
        return _of_gates(map.gates(before, u))
    return {}


def _of_units(f: Any, net: Array) -> dict[str, Array]:
    steepest = steepest_slope(f)
    return {"units": f.derivative(net) / steepest} if np.isfinite(steepest) and steepest > 0 else {}


def _of_gates(gates: Any) -> dict[str, Array]:
    left = {}
    for name, value in gates._asdict().items():
        if name == "candidate":
            left[name] = 1.0 - np.square(value)  # tanh' = 1 - tanh^2
        else:
            left[f"{name} gate"] = 4.0 * value * (1.0 - value)  # s' = s (1 - s), at most 1/4
    return left


def _of_layers(stack: StackedNetwork, before: Array, after: Array, u: Array | None) -> dict[str, Array]:
    left: dict[str, Array] = {}
    x = u
    for k, (layer, a, b) in enumerate(zip(stack.layers, stack.split(before), stack.split(after), strict=True)):
        left.update({f"layer{k} {name}": share for name, share in slopes_left(layer, a, b, x).items()})
        x = layer.output(b)
    return left
