"""Which equation to solve for the fixed points of a map.

A fixed point of M is a zero of M(a) - a. For a gated net that residual is a trap: the update gate makes it tiny far from any
fixed point. Dividing the gate out leaves an equation `G(x) = x` with the same solutions and no false ones:

* GRU: `h' - h = (1 - z)(n(h) - h)`, so G = n, the candidate.
* LSTM: `c (1 - f) = i g` gives `c = i g / (1 - f)`, a function of h alone, and `G(h) = o tanh(c)`.
* A leaky net: the leak divided out, which leaves the additive net of the same weights.
* A stack: layer by layer, each under the output of the layer below.

`1 - z`, `1 - f` and alpha are positive, so `sign det(I - G') = sign det(I - M')`: the index is the same for both equations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from dynlatch.analysis.fixed_points.gate_equations import Candidate as Candidate
from dynlatch.analysis.fixed_points.gate_equations import CellBalance as CellBalance
from dynlatch.analysis.trapping import trapping_box
from dynlatch.errors import NotEnclosable
from dynlatch.intervals import Box, matmul
from dynlatch.maps import Map, SmoothEnclosable, SmoothMap, WithInput, require_smooth
from dynlatch.networks import GRU, LSTM, AdditiveNetwork, LeakyNetwork, StackedNetwork
from dynlatch.networks.stacked import EnclosedLayer
from dynlatch.validation import Array


class Equation(Protocol):
    """`G(x) = x`, whose solutions are the fixed points of a map under the constant input u.

    1. `step` is G, `jacobian` and `input_jacobian` its derivatives with respect to x and u.
    2. `lift` gives the map's state that belongs to a solution x; `project` the x of any state.
    3. `box(u)` holds every solution for inputs in the box u (None: structure gives no bound).
    4. `output` is what a layer above sees of x, `output_jacobian` its derivative.
    """

    @property
    def dim(self) -> int: ...
    def step(self, x: Array, u: Array | None = None) -> Array: ...
    def jacobian(self, x: Array, u: Array | None = None) -> Array: ...
    def input_jacobian(self, x: Array, u: Array | None = None) -> Array: ...
    def lift(self, x: Array, u: Array | None = None) -> Array: ...
    def project(self, a: Array) -> Array: ...
    def box(self, u: Box | None = None) -> Box | None: ...
    def output(self, x: Array) -> Array: ...
    def output_jacobian(self, x: Array) -> Array: ...


class EnclosedEquation(Equation, Protocol):
    """An equation with bounds over boxes [lo, hi], as a proof needs them: of G, its derivatives and its output.

    Where a part of the map has none, the methods raise `NotEnclosable`.
    """

    def enclose(self, lo: Array, hi: Array, u: Box | None = None) -> Box: ...
    def enclose_jacobian(self, lo: Array, hi: Array, u: Box | None = None) -> Box: ...
    def enclose_input_jacobian(self, lo: Array, hi: Array, u: Box | None = None) -> Box: ...
    def enclose_output(self, lo: Array, hi: Array) -> Box: ...
    def enclose_output_jacobian(self, lo: Array, hi: Array) -> Box: ...


@dataclass(frozen=True, eq=False)
class Plain:
    """The map itself: G = M."""

    map: SmoothMap

    @property
    def dim(self) -> int:
        return self.map.dim

    def step(self, x: Array, u: Array | None = None) -> Array:
        return self.map.step(x, u)

    def jacobian(self, x: Array, u: Array | None = None) -> Array:
        return self.map.jacobian(x, u)

    def input_jacobian(self, x: Array, u: Array | None = None) -> Array:
        return self.map.input_jacobian(x, u)

    def lift(self, x: Array, u: Array | None = None) -> Array:
        return x

    def project(self, a: Array) -> Array:
        return a

    def box(self, u: Box | None = None) -> Box | None:
        return trapping_box(self.map, u)

    def output(self, x: Array) -> Array:
        return self.map.output(x)  # type: ignore[attr-defined, no-any-return]

    def output_jacobian(self, x: Array) -> Array:
        rows = self.map.output_jvp(x[..., None, :], np.eye(self.dim))  # type: ignore[attr-defined]
        return np.swapaxes(rows, -1, -2)

    def enclose(self, lo: Array, hi: Array, u: Box | None = None) -> Box:
        return _bounded(self.map).enclose(lo, hi, u)

    def enclose_jacobian(self, lo: Array, hi: Array, u: Box | None = None) -> Box:
        return _bounded(self.map).enclose_jacobian(lo, hi, u)

    def enclose_input_jacobian(self, lo: Array, hi: Array, u: Box | None = None) -> Box:
        return _layer(self.map).enclose_input_jacobian(lo, hi, u)

    def enclose_output(self, lo: Array, hi: Array) -> Box:
        return _layer(self.map).output_enclose(lo, hi)

    def enclose_output_jacobian(self, lo: Array, hi: Array) -> Box:
        return _layer(self.map).enclose_output_jacobian(lo, hi)


@dataclass(frozen=True, eq=False)
class Layers:
    """A stack at rest: every layer's equation under the output of the layer below; block lower bidiagonal."""

    layers: tuple[EnclosedEquation, ...]
    widths: tuple[int, ...]  # of the layers' states

    @property
    def dim(self) -> int:
        return sum(layer.dim for layer in self.layers)

    def _split(self, x: Array) -> list[Array]:
        return np.split(x, np.cumsum([layer.dim for layer in self.layers])[:-1], axis=-1)

    def _with_inputs(self, x: Array, u: Array | None) -> list[tuple[Equation, Array, Array | None]]:
        xs = self._split(x)
        below = [layer.output(part) for layer, part in zip(self.layers[:-1], xs[:-1], strict=True)]
        return list(zip(self.layers, xs, [u, *below], strict=True))

    def step(self, x: Array, u: Array | None = None) -> Array:
        return np.concatenate([layer.step(part, v) for layer, part, v in self._with_inputs(x, u)], axis=-1)

    def jacobian(self, x: Array, u: Array | None = None) -> Array:
        J = np.zeros((*x.shape, self.dim))
        start = previous = 0
        below: tuple[Equation, Array] | None = None
        for layer, part, v in self._with_inputs(x, u):
            rows = slice(start, start + layer.dim)
            J[..., rows, rows] = layer.jacobian(part, v)
            if below is not None:
                J[..., rows, previous:start] = layer.input_jacobian(part, v) @ below[0].output_jacobian(below[1])
            below, previous, start = (layer, part), start, start + layer.dim
        return J

    def input_jacobian(self, x: Array, u: Array | None = None) -> Array:
        first, part, v = self._with_inputs(x, u)[0]
        top = first.input_jacobian(part, v)
        return np.concatenate([top, np.zeros((*top.shape[:-2], self.dim - first.dim, top.shape[-1]))], axis=-2)

    def lift(self, x: Array, u: Array | None = None) -> Array:
        return np.concatenate([layer.lift(part, v) for layer, part, v in self._with_inputs(x, u)], axis=-1)

    def project(self, a: Array) -> Array:
        states = np.split(a, np.cumsum(self.widths)[:-1], axis=-1)
        return np.concatenate([layer.project(s) for layer, s in zip(self.layers, states, strict=True)], axis=-1)

    def box(self, u: Box | None = None) -> Box | None:
        boxes: list[Box] = []
        for layer in self.layers:
            box = layer.box(u)
            if box is None:
                return None
            boxes.append(box)
            u = layer.output(box[0]), layer.output(box[1])  # outputs are non-decreasing in the state
        return np.concatenate([b[0] for b in boxes]), np.concatenate([b[1] for b in boxes])

    def output(self, x: Array) -> Array:
        return self.layers[-1].output(self._split(x)[-1])

    def output_jacobian(self, x: Array) -> Array:
        top = self.layers[-1].output_jacobian(self._split(x)[-1])
        return np.concatenate([np.zeros((*top.shape[:-1], self.dim - top.shape[-1])), top], axis=-1)

    def _box_inputs(self, lo: Array, hi: Array, u: Box | None) -> list[tuple[EnclosedEquation, Box, Box | None]]:
        boxes = list(zip(self._split(lo), self._split(hi), strict=True))
        below = [layer.enclose_output(*box) for layer, box in zip(self.layers[:-1], boxes[:-1], strict=True)]
        return list(zip(self.layers, boxes, [u, *below], strict=True))

    def enclose(self, lo: Array, hi: Array, u: Box | None = None) -> Box:
        images = [layer.enclose(*box, v) for layer, box, v in self._box_inputs(lo, hi, u)]
        return np.concatenate([image[0] for image in images], axis=-1), np.concatenate([image[1] for image in images], axis=-1)

    def enclose_jacobian(self, lo: Array, hi: Array, u: Box | None = None) -> Box:
        least, largest = np.zeros((2, *lo.shape, self.dim))
        start = previous = 0
        below: Box | None = None  # slope of this layer's input by the state of the layer below
        for layer, box, v in self._box_inputs(lo, hi, u):
            rows = slice(start, start + layer.dim)
            least[..., rows, rows], largest[..., rows, rows] = layer.enclose_jacobian(*box, v)
            if below is not None:
                beside = matmul(layer.enclose_input_jacobian(*box, v), below)
                least[..., rows, previous:start], largest[..., rows, previous:start] = beside
            below, previous, start = layer.enclose_output_jacobian(*box), start, start + layer.dim
        return least, largest

    def enclose_input_jacobian(self, lo: Array, hi: Array, u: Box | None = None) -> Box:
        first, box, v = self._box_inputs(lo, hi, u)[0]
        ends = []
        for end in first.enclose_input_jacobian(*box, v):
            ends.append(np.concatenate([end, np.zeros((*end.shape[:-2], self.dim - first.dim, end.shape[-1]))], axis=-2))
        return ends[0], ends[1]

    def enclose_output(self, lo: Array, hi: Array) -> Box:
        return self.layers[-1].enclose_output(self._split(lo)[-1], self._split(hi)[-1])

    def enclose_output_jacobian(self, lo: Array, hi: Array) -> Box:
        ends = []
        for end in self.layers[-1].enclose_output_jacobian(self._split(lo)[-1], self._split(hi)[-1]):
            ends.append(np.concatenate([np.zeros((*end.shape[:-1], self.dim - end.shape[-1])), end], axis=-1))
        return ends[0], ends[1]


def equation_of(map: Map) -> tuple[EnclosedEquation, Array | None]:
    """The equation to solve for `map`, and the constant input under which it holds."""
    if isinstance(map, WithInput):
        equation, u0 = equation_of(map.map)
        return equation, map.u0 if u0 is None else map.u0 + u0
    if isinstance(map, GRU):
        return Candidate(map), None
    if isinstance(map, LSTM):
        return CellBalance(map), None
    if isinstance(map, LeakyNetwork):
        return Plain(AdditiveNetwork(map.W, map.bias, map.f, map.input_matrix)), None
    if isinstance(map, StackedNetwork):
        layers = tuple(equation_of(layer)[0] for layer in map.layers)
        return Layers(layers, tuple(layer.dim for layer in map.layers)), None
    return Plain(require_smooth(map, "fixed_points")), None


def _bounded(map: SmoothMap) -> SmoothEnclosable:
    if not isinstance(map, SmoothEnclosable):
        raise NotEnclosable(f"{type(map).__name__} has no interval bounds (`enclose_jacobian`): nothing can be proved of it.")
    return map


def _layer(map: SmoothMap) -> EnclosedLayer:
    if not isinstance(map, EnclosedLayer):
        raise NotEnclosable(f"the layer {type(map).__name__} has no bounds on its derivatives: nothing can be proved of it.")
    return map
