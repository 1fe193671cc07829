"""The step of a PyTorch module and its derivatives by `torch.func`, from arrays to arrays. Imports torch: load it late."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping
from types import MethodType
from typing import Any

import numpy as np
import torch
from torch.func import functional_call, jacrev, vjp, vmap
from torch.nn.functional import linear

from dynlatch.errors import InvalidInput
from dynlatch.networks.common import batch_of
from dynlatch.validation import Array

PREFIX = "cell."  # of the module's parameters inside `Step`


def _nets(cell: Any, x: Any, h: Any) -> tuple[Any, Any]:
    """What input and state add to the gates of one of PyTorch's cells."""
    return linear(x, cell.weight_ih, cell.bias_ih), linear(h, cell.weight_hh, cell.bias_hh)


def _rnn(self: Any, x: Any, h: Any = None) -> Any:
    f = torch.tanh if self.nonlinearity == "tanh" else torch.relu
    return f(sum(_nets(self, x, _zeros(self, x) if h is None else h)))


def _gru(self: Any, x: Any, h: Any = None) -> Any:
    h = _zeros(self, x) if h is None else h
    entering, own = (nets.chunk(3, dim=-1) for nets in _nets(self, x, h))
    reset, update = (torch.sigmoid(entering[k] + own[k]) for k in range(2))
    return (1 - update) * torch.tanh(entering[2] + reset * own[2]) + update * h


def _lstm(self: Any, x: Any, state: Any = None) -> Any:
    h, c = (_zeros(self, x), _zeros(self, x)) if state is None else state
    i, f, g, o = sum(_nets(self, x, h)).chunk(4, dim=-1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


def _zeros(cell: Any, x: Any) -> Any:
    return x.new_zeros(*x.shape[:-1], cell.hidden_size)


# PyTorch's own cells are single operations that `torch.func` cannot batch: here in elementary ones.
ELEMENTARY: dict[type, Callable[..., Any]] = {torch.nn.RNNCell: _rnn, torch.nn.GRUCell: _gru, torch.nn.LSTMCell: _lstm}


class Step(torch.nn.Module):  # type: ignore[misc]
    """One state and one input to the next state: `cell.step(h, x)` where there is one, else `cell(x, h)`."""

    def __init__(self, cell: Any, single: bool) -> None:
        super().__init__()
        self.cell = cell
        self.single = single  # whether the cell takes a state (n,), or a batch (1, n)

    def forward(self, h: Any, x: Any) -> Any:
        if self.single:
            return self._call(h, x).double()
        return self._call(h[None], x[None])[0].double()

    def _call(self, h: Any, x: Any) -> Any:
        return self.cell.step(h, x) if callable(getattr(self.cell, "step", None)) else self.cell(x, h)


def own_step(module: Any, dim: int, input_dim: int) -> Step:
    """A copy of the module in float64 and in evaluation mode, as a step whose shapes fit.

    Raises
    ------
    InvalidInput
        If it is no module, its step fails or gives something else than a state, or depends on more
        than state and input.
    """
    if not isinstance(module, torch.nn.Module):
        raise InvalidInput(f"expected a PyTorch module; got {type(module).__name__}.")
    cell = copy.deepcopy(module).double().eval().requires_grad_(False)
    for part in cell.modules():
        if type(part) in ELEMENTARY:
            part.forward = MethodType(ELEMENTARY[type(part)], part)
    complaints = []
    for single in (False, True):
        step = Step(cell, single)
        complaint = _complaint(step, dim, input_dim)
        if complaint is None:
            return step
        complaints.append(complaint)
    call = "step(h, x)" if callable(getattr(cell, "step", None)) else "forward(x, h)"
    raise InvalidInput(
        f"`{call}` of {type(module).__name__} does not take a state of {dim} numbers and an input of {input_dim} to the next "
        f"state: {complaints[0]}."
    )


def _complaint(step: Step, dim: int, input_dim: int) -> str | None:
    """Why a module is no map of its state, or None."""
    h, x = (torch.linspace(0.1, 0.9, size, dtype=torch.float64) for size in (dim, input_dim))
    raw = (h, x) if step.single else (h[None], x[None])
    try:
        first, again = step._call(*raw), step._call(*raw)
    except Exception as error:  # a module may raise anything
        return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    if not isinstance(first, torch.Tensor):
        return f"it returns a {type(first).__name__}, and must return one tensor (states such as (h, c) joined)"
    if first.shape != raw[0].shape:
        return f"it returns shape {tuple(first.shape)} for a state of shape {tuple(raw[0].shape)}"
    if not torch.equal(first, again):
        return "it gives another result when it is called again: all of its state must be in h"
    return None


def parameters_of(step: Step) -> dict[str, Array]:
    """The parameters of the cell under its own names."""
    return {name.removeprefix(PREFIX): value.numpy().copy() for name, value in step.named_parameters()}


def replaced(step: Step, arrays: Mapping[str, Array]) -> Any:
    """A copy of the cell with some parameters replaced."""
    cell = copy.deepcopy(step.cell)
    own = dict(cell.named_parameters())
    for name, array in arrays.items():
        own[name].copy_(torch.from_numpy(np.array(array)))
    return cell


def value(step: Step, a: Array, u: Array) -> Array:
    """Next states (..., n)."""
    return _mapped(step, a, u)


def jacobian(step: Step, a: Array, u: Array, by: int) -> Array:
    """Derivative by the state (`by` 0) or the input (1): (..., n, n) or (..., n, m)."""
    if by == 1 and u.shape[-1] == 0:
        return np.zeros((*batch_of(a, u), a.shape[-1], 0))
    return _mapped(jacrev(step, argnums=by), a, u)


def push(step: Step, a: Array, u: Array, v: Array) -> Array:
    """Jacobian times v: (..., n). The transpose of the transposed product, which is linear: fewer operations lack it."""

    def one(h: Any, x: Any, dh: Any) -> Any:
        back = vjp(step, h, x)[1]
        return vjp(lambda w: back(w)[0], torch.zeros_like(h))[1](dh)[0]

    return _mapped(one, a, u, v)


def pull(step: Step, a: Array, u: Array, v: Array, by: int) -> Array:
    """Transposed derivative by the state (0) or the input (1) times v."""
    return _mapped(lambda h, x, dh: vjp(step, h, x)[1](dh)[by], a, u, v)


def parameter_pull(step: Step, a: Array, u: Array, v: Array) -> dict[str, Array]:
    """Gradient of `v . step` by every parameter, (..., *shape)."""
    own = {name: tensor.detach() for name, tensor in step.named_parameters()}

    def one(h: Any, x: Any, dh: Any) -> Any:
        return vjp(lambda p: functional_call(step, p, (h, x)), own)[1](dh)[0]

    batch, rows = _rows(a, u, v)
    gradients = vmap(one)(*rows)
    return {name.removeprefix(PREFIX): _back(tensor, batch) for name, tensor in gradients.items()}


def _mapped(function: Callable[..., Any], *vectors: Array) -> Array:
    """`function` of one vector each, over all batch axes at once."""
    batch, rows = _rows(*vectors)
    try:
        return _back(vmap(function)(*rows), batch)
    except NotImplementedError as error:
        raise InvalidInput(f"the module has an operation without a derivative: {' '.join(str(error).split())[:200]}.") from None


def _rows(*vectors: Array) -> tuple[tuple[int, ...], list[Any]]:
    """The common batch axes, and the vectors as tensors (K, k), at least one row."""
    batch = batch_of(*vectors)
    size = max(math.prod(batch), 1)
    rows = []
    for vector in vectors:
        full = np.broadcast_to(vector, (*batch, vector.shape[-1]))
        rows.append(torch.from_numpy(np.array(np.resize(full, (size, vector.shape[-1])), dtype=np.float64)))
    return batch, rows


def _back(tensor: Any, batch: tuple[int, ...]) -> Array:
    array = tensor.detach().numpy()[: math.prod(batch)]
    return np.array(array.reshape((*batch, *array.shape[1:])))
