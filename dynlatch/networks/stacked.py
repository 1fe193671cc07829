"""A stack of networks as one map: each layer reads the output of the layer below in the same time step.

This is what PyTorch's modules with `num_layers > 1` compute (El Hihi and Bengio 1996; Graves 2013).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np

from dynlatch.errors import InvalidInput, NotEnclosable
from dynlatch.intervals import Box, add, matmul
from dynlatch.maps import Enclosable, Factored, InputProducts, Parametric, coordinates
from dynlatch.networks.common import batch_of, checked_names, join, real, spread
from dynlatch.networks.readout import Readout, as_readout
from dynlatch.validation import Array


@runtime_checkable
class Layer(Parametric, Enclosable, Protocol):
    """What a network must offer to be stacked: an output (..., p) of its state, its derivatives and interval image."""

    def output(self, a: Array) -> Array: ...
    def output_jvp(self, a: Array, v: Array) -> Array: ...
    def output_vjp(self, a: Array, v: Array) -> Array: ...
    def output_enclose(self, lo: Array, hi: Array) -> Box: ...


@runtime_checkable
class EnclosedLayer(Layer, Protocol):
    """A layer with bounds on all its derivatives, as a proof about a stack needs them."""

    def enclose_jacobian(self, lo: Array, hi: Array, u: Array | Box | None = None) -> Box: ...
    def enclose_input_jacobian(self, lo: Array, hi: Array, u: Array | Box | None = None) -> Box: ...
    def enclose_output_jacobian(self, lo: Array, hi: Array) -> Box: ...


class _Sweep(NamedTuple):
    # Of each layer: its state, its input in this step, its next state.
    states: list[Array]
    inputs: list[Array | None]
    following: list[Array]


@dataclass(frozen=True, eq=False)
class StackedNetwork:
    """`s_k' = M_k(s_k, x_k)` for every layer k, with `x_0 = u` and `x_{k+1} = output_k(s_k')`.

    The state is (s_0, s_1, ...), one after the other; the Jacobian is block lower triangular.

    Parameters
    ----------
    layers : sequence of networks
        From the input upwards; the output width of each is the input dimension of the next. Any network of
        `dynlatch.networks`, stacks included, or one of your own with the methods of `Layer`.
    readout : tuple of (matrix (k, p), bias (k,)), optional
        A linear readout that belongs to the stack. It reads the output of the last layer.

    Raises
    ------
    InvalidInput
        If there is no layer, one cannot be stacked, or the widths do not fit.

    Examples
    --------
    >>> import dynlatch as dl
    >>> low, high = dl.ElmanNetwork([[2.0]], [[1.0]], None), dl.ElmanNetwork([[0.5]], [[3.0]], None)
    >>> net = dl.StackedNetwork([low, high])
    >>> dl.trajectory(net, [0.1, 0.0], steps=30)[-1].round(4)
    array([0.9575, 0.9976])
    >>> list(net.parameters)
    ['layer0.W_hh', 'layer0.W_ih', 'layer1.W_hh', 'layer1.W_ih']
    """

    layers: Sequence[Layer]
    readout: Readout | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        layers = _checked(self.layers)
        object.__setattr__(self, "layers", layers)
        object.__setattr__(self, "readout", as_readout(self.readout, _width(layers[-1])))

    @property
    def dim(self) -> int:
        return sum(layer.dim for layer in self.layers)

    @property
    def input_dim(self) -> int:
        return self.layers[0].input_dim

    @property
    def coordinates(self) -> str:
        return ", ".join(f"layer{k} {coordinates(layer)}" for k, layer in enumerate(self.layers))

    def split(self, a: Array) -> list[Array]:
        """The states of the layers, views of `a` (..., n)."""
        a = real(a)
        return [a[..., where] for where in self._slices()]

    def _slices(self) -> list[slice]:
        ends = np.cumsum([layer.dim for layer in self.layers]).tolist()
        return [slice(end - layer.dim, end) for end, layer in zip(ends, self.layers, strict=True)]

    def _sweep(self, a: Array, u: Array | None) -> _Sweep:
        """Upwards through the layers."""
        states = self.split(a)
        inputs: list[Array | None] = [u]
        following: list[Array] = []
        for k, layer in enumerate(self.layers):
            following.append(layer.step(states[k], inputs[k]))
            inputs.append(layer.output(following[k]))
        return _Sweep(states, inputs[:-1], following)

    def step(self, a: Array, u: Array | None = None) -> Array:
        return join(*self._sweep(a, u)[2])

    def jacobian(self, a: Array, u: Array | None = None) -> Array:
        J = np.zeros((*batch_of(a, u), self.dim, self.dim))
        states, inputs, following = self._sweep(a, u)
        below: Array | None = None  # derivative of this layer's input with respect to the whole state
        for layer, where, state, x, after in zip(self.layers, self._slices(), states, inputs, following, strict=True):
            if below is not None:
                J[..., where, :] = layer.input_jacobian(state, x) @ below
            J[..., where, where] += layer.jacobian(state, x)
            below = _output_rows(layer, after, J[..., where, :])
        return J

    def input_jacobian(self, a: Array, u: Array | None = None) -> Array:
        states, inputs, following = self._sweep(a, u)
        below = np.eye(self.input_dim)
        blocks = []
        for layer, state, x, after in zip(self.layers, states, inputs, following, strict=True):
            blocks.append(layer.input_jacobian(state, x) @ below)
            below = _output_rows(layer, after, blocks[-1])
        batch = batch_of(a, u)
        return np.concatenate([spread(block, batch, core=2) for block in blocks], axis=-2)

    def jvp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        states, inputs, following = self._sweep(a, u)
        moved: list[Array] = []
        for k, (layer, direction) in enumerate(zip(self.layers, self.split(v), strict=True)):
            moved.append(layer.jvp(states[k], direction, inputs[k]))
            if k:
                change = self.layers[k - 1].output_jvp(following[k - 1], moved[k - 1])
                moved[k] = moved[k] + _input_jvp(layer, states[k], change, inputs[k])
        return join(*moved)

    def _adjoints(self, v: Array, sweep: _Sweep) -> list[Array]:
        """Downwards through the layers: gradient of `v . step` with respect to the next state of each."""
        states, inputs, following = sweep
        adjoints = self.split(v)
        for k in range(len(self.layers) - 1, 0, -1):
            on_output = _input_vjp(self.layers[k], states[k], adjoints[k], inputs[k])
            adjoints[k - 1] = adjoints[k - 1] + self.layers[k - 1].output_vjp(following[k - 1], on_output)
        return adjoints

    def vjp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        sweep = self._sweep(a, u)
        rows = zip(self.layers, sweep.states, self._adjoints(v, sweep), sweep.inputs, strict=True)
        return join(*(layer.vjp(state, adjoint, x) for layer, state, adjoint, x in rows))

    def input_jvp(self, a: Array, w: Array, u: Array | None = None) -> Array:
        """`input_jacobian w`, shape (..., n)."""
        states, inputs, following = self._sweep(a, u)
        change, moved = w, []
        for layer, state, x, after in zip(self.layers, states, inputs, following, strict=True):
            moved.append(_input_jvp(layer, state, change, x))
            change = layer.output_jvp(after, moved[-1])
        return spread(join(*moved), batch_of(a, w, u))

    def input_vjp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        """`input_jacobian^T v`, shape (..., m)."""
        sweep = self._sweep(a, u)
        return _input_vjp(self.layers[0], sweep.states[0], self._adjoints(v, sweep)[0], u)

    @property
    def parameters(self) -> dict[str, Array]:
        """Those of every layer, as `layer0.name`, `layer1.name`, ..."""
        layers = enumerate(self.layers)
        return {f"layer{k}.{name}": array for k, layer in layers for name, array in layer.parameters.items()}

    def parameter_vjp(self, a: Array, u: Array | None, v: Array) -> dict[str, Array]:
        """Gradient of `v . step(a, u)` with respect to every parameter, shape `(..., *parameter.shape)`."""
        batch = batch_of(a, u, v)
        gradient = {}
        for k, (layer, state, x, adjoint) in enumerate(self._backward(a, u, v)):
            for name, array in layer.parameter_vjp(state, x, adjoint).items():
                gradient[f"layer{k}.{name}"] = spread(array, batch, core=layer.parameters[name].ndim)
        return gradient

    def parameter_factors(self, a: Array, u: Array | None, v: Array) -> dict[str, tuple[Array, Array | None]]:
        """The same as outer products `left right^T`; right is None for the biases.

        Raises
        ------
        InvalidInput
            If a layer has no such factors.
        """
        factors = {}
        for k, (layer, state, x, adjoint) in enumerate(self._backward(a, u, v)):
            if not isinstance(layer, Factored):
                raise InvalidInput(f"the layer {type(layer).__name__} has no `parameter_factors`: use `parameter_vjp`.")
            for name, pair in layer.parameter_factors(state, x, adjoint).items():
                factors[f"layer{k}.{name}"] = pair
        return factors

    def _backward(self, a: Array, u: Array | None, v: Array) -> Iterator[tuple[Layer, Array, Array | None, Array]]:
        """Every layer with its state, its input, and the gradient of `v . step` with respect to its next state."""
        sweep = self._sweep(a, u)
        return zip(self.layers, sweep.states, sweep.inputs, self._adjoints(v, sweep), strict=True)

    def with_parameters(self, **arrays: Any) -> StackedNetwork:
        """The same stack with the named parameters replaced."""
        own: list[dict[str, Array]] = [{} for _ in self.layers]
        for name, array in checked_names(self.parameters, arrays).items():
            layer, inner = name.removeprefix("layer").split(".", 1)
            own[int(layer)][inner] = array
        layers = [layer.with_parameters(**new) for layer, new in zip(self.layers, own, strict=True)]
        return replace(self, layers=layers)

    def enclose(self, lo: Array, hi: Array, u: Array | Box | None = None) -> Box:
        """Interval image of the box [lo, hi], rounded outward; `u` is an input or a box of inputs."""
        images: list[Box] = []
        x: Array | Box | None = u
        for layer, below, above in zip(self.layers, self.split(lo), self.split(hi), strict=True):
            images.append(layer.enclose(below, above, x))
            x = layer.output_enclose(*images[-1])
        return join(*(image[0] for image in images)), join(*(image[1] for image in images))

    def enclose_jacobian(self, lo: Array, hi: Array, u: Array | Box | None = None) -> Box:
        """Bounds on the Jacobian over the box [lo, hi], shape (..., n, n), rounded outward.

        Raises
        ------
        NotEnclosable
            If a layer has no bounds on its derivatives.
        """
        return self._enclosed_rows(real(lo), real(hi), u, self.dim, None)

    def enclose_input_jacobian(self, lo: Array, hi: Array, u: Array | Box | None = None) -> Box:
        """Bounds on `input_jacobian` over the box [lo, hi], shape (..., n, m), rounded outward."""
        eye = np.broadcast_to(np.eye(self.input_dim), (*real(lo).shape[:-1], self.input_dim, self.input_dim))
        return self._enclosed_rows(real(lo), real(hi), u, self.input_dim, (eye, eye))

    def _enclosed_rows(self, lo: Array, hi: Array, u: Array | Box | None, columns: int, below: Box | None) -> Box:
        """Upwards: bounds on the derivative of every layer's next state by `columns` variables.

        `below` is the derivative of the first layer's input by them; None stands for zero, and then the variables are
        the states themselves.
        """
        by_state = below is None
        rows: list[Box] = []
        x: Array | Box | None = u
        for layer, where in zip(map(_enclosed, self.layers), self._slices(), strict=True):
            a = lo[..., where], hi[..., where]
            entering = None if below is None else matmul(layer.enclose_input_jacobian(*a, x), below)
            own = _placed(layer.enclose_jacobian(*a, x), where, columns) if by_state else None
            block = own if entering is None else entering if own is None else add(own, entering)
            assert block is not None
            rows.append(block)
            image = layer.enclose(*a, x)
            x = layer.output_enclose(*image)
            below = matmul(layer.enclose_output_jacobian(*image), block)
        return np.concatenate([row[0] for row in rows], axis=-2), np.concatenate([row[1] for row in rows], axis=-2)

    def _top(self) -> tuple[Layer, slice]:
        return self.layers[-1], self._slices()[-1]

    def output(self, a: Array) -> Array:
        """The output of the last layer: what a readout or a further layer sees."""
        layer, top = self._top()
        return layer.output(real(a)[..., top])

    def output_jvp(self, a: Array, v: Array) -> Array:
        """Derivative of `output` in the direction v."""
        layer, top = self._top()
        return layer.output_jvp(real(a)[..., top], real(v)[..., top])

    def output_vjp(self, a: Array, v: Array) -> Array:
        """Gradient of `v . output(a)`."""
        layer, top = self._top()
        back = layer.output_vjp(real(a)[..., top], v)
        return join(np.zeros((*back.shape[:-1], top.start)), back)

    def output_enclose(self, lo: Array, hi: Array) -> Box:
        """Interval image of `output`."""
        layer, top = self._top()
        return layer.output_enclose(real(lo)[..., top], real(hi)[..., top])

    def enclose_output_jacobian(self, lo: Array, hi: Array) -> Box:
        """Bounds on the derivative of `output`, shape (..., p, n)."""
        layer, top = self._top()
        own = _enclosed(layer).enclose_output_jacobian(real(lo)[..., top], real(hi)[..., top])
        return _placed(own, top, self.dim)


def _enclosed(layer: Layer) -> EnclosedLayer:
    if not isinstance(layer, EnclosedLayer):
        raise NotEnclosable(f"the layer {type(layer).__name__} has no bounds on its derivatives (see `EnclosedLayer`).")
    return layer


def _input_jvp(layer: Layer, a: Array, w: Array, u: Array | None) -> Array:
    if isinstance(layer, InputProducts):
        return layer.input_jvp(a, w, u)
    return np.asarray(np.einsum("...ij,...j->...i", layer.input_jacobian(a, u), w))


def _input_vjp(layer: Layer, a: Array, v: Array, u: Array | None) -> Array:
    if isinstance(layer, InputProducts):
        return layer.input_vjp(a, v, u)
    return np.asarray(np.einsum("...ij,...i->...j", layer.input_jacobian(a, u), v))


def _placed(block: Box, where: slice, columns: int) -> Box:
    """`block` (..., r, c) as the columns `where` of a matrix that is zero elsewhere."""
    ends = []
    for end in block:
        wide = np.zeros((*end.shape[:-1], columns))
        wide[..., where] = end
        ends.append(wide)
    return ends[0], ends[1]


def _output_rows(layer: Layer, after: Array, D: Array) -> Array:
    """Derivative of the layer's output, given that of its next state, D (..., dim, k)."""
    columns = layer.output_jvp(after[..., None, :], np.swapaxes(D, -1, -2))
    return np.swapaxes(columns, -1, -2)


def _checked(layers: Any) -> tuple[Layer, ...]:
    try:
        stack = tuple(layers)
    except TypeError:
        raise InvalidInput(f"`layers` must be a sequence of networks; got {type(layers).__name__}.") from None
    if not stack:
        raise InvalidInput("`layers` must hold at least one network; got none.")
    for k, layer in enumerate(stack):
        if not isinstance(layer, Layer):
            raise InvalidInput(f"layer {k} is a {type(layer).__name__}, which lacks part of `Layer`: it cannot be stacked.")
        if k and layer.input_dim != _width(stack[k - 1]):
            raise InvalidInput(
                f"layer {k} takes {layer.input_dim} inputs, but layer {k - 1} has {_width(stack[k - 1])} outputs: "
                "they must be equal."
            )
    return stack


def _width(layer: Layer) -> int:
    return int(layer.output(np.zeros(layer.dim)).shape[-1])
