"""Any PyTorch cell as a map: the step is the module's own, derivatives are those of `torch.func`, in float64."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dynlatch.errors import MissingExtra
from dynlatch.networks.common import batch_of, checked_names, real, spread
from dynlatch.networks.readout import Readout, as_readout
from dynlatch.validation import Array, count

if TYPE_CHECKING:
    from types import ModuleType


@dataclass(frozen=True, eq=False)
class TorchCell:
    """`h' = module.step(h, x)`, or `module(x, h)`, with the module's parameters; made by `from_torch_cell`.

    Attributes
    ----------
    module : torch.nn.Module
        A copy in float64 and in evaluation mode: what happens to the original later does not matter.
    dim, input_dim : int
    readout : Readout or None
        A linear readout that belongs to the cell. It reads the state.
    """

    module: Any
    dim: int
    input_dim: int = 0
    readout: Readout | None = field(default=None, kw_only=True)

    # Set once: the module as a function of one state and one input.
    wrapped: Any = field(init=False, repr=False)

    coordinates = "state h"

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "dim", count("dim", self.dim, least=1))
        put(self, "input_dim", count("input_dim", self.input_dim))
        put(self, "wrapped", _torch_step().own_step(self.module, self.dim, self.input_dim))
        put(self, "module", self.wrapped.cell)
        put(self, "readout", as_readout(self.readout, self.dim))

    def _arguments(self, a: Array, u: Array | None) -> tuple[Any, Array, Array]:
        return self.wrapped, real(a), np.zeros(self.input_dim) if u is None else real(u)

    def step(self, a: Array, u: Array | None = None) -> Array:
        result: Array = _torch_step().value(*self._arguments(a, u))
        return result

    def jacobian(self, a: Array, u: Array | None = None) -> Array:
        result: Array = _torch_step().jacobian(*self._arguments(a, u), 0)
        return result

    def input_jacobian(self, a: Array, u: Array | None = None) -> Array:
        result: Array = _torch_step().jacobian(*self._arguments(a, u), 1)
        return result

    def jvp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        result: Array = _torch_step().push(*self._arguments(a, u), real(v))
        return result

    def vjp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        result: Array = _torch_step().pull(*self._arguments(a, u), real(v), 0)
        return result

    def input_vjp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        """`input_jacobian^T v`, shape (..., m)."""
        result: Array = _torch_step().pull(*self._arguments(a, u), real(v), 1)
        return result

    @property
    def parameters(self) -> dict[str, Array]:
        """Copies of the parameters, named as in the module."""
        result: dict[str, Array] = _torch_step().parameters_of(self.wrapped)
        return result

    def parameter_vjp(self, a: Array, u: Array | None, v: Array) -> dict[str, Array]:
        """Gradient of `v . step(a, u)` with respect to every parameter, shape `(..., *parameter.shape)`."""
        result: dict[str, Array] = _torch_step().parameter_pull(*self._arguments(a, u), real(v))
        return result

    def with_parameters(self, **arrays: Any) -> TorchCell:
        """The same cell with the named parameters replaced."""
        return replace(self, module=_torch_step().replaced(self.wrapped, checked_names(self.parameters, arrays)))

    def output(self, a: Array) -> Array:
        """The state itself: what a readout sees."""
        return np.array(a, dtype=np.float64)

    def output_jvp(self, a: Array, v: Array) -> Array:
        """Derivative of `output` in the direction v: v."""
        return spread(real(v), batch_of(a, v))

    def output_vjp(self, a: Array, v: Array) -> Array:
        """Gradient of `v . output(a)`: v."""
        return spread(real(v), batch_of(a, v))


def from_torch_cell(module: Any, dim: int, input_dim: int = 0, *, readout: Any = None) -> TorchCell:
    """Any recurrent cell that is a PyTorch module, as a map that every analysis takes.

    Parameters
    ----------
    module : torch.nn.Module
        With a method `step(h, x)` that gives the next state, or else called as `module(x, h)`, as PyTorch's cells are; h of
        shape (1, n) and x of shape (1, m), or (n,) and (m,) if it takes no batch. All of its state is in h: a cell with
        (h, c) takes and gives them joined.
    dim, input_dim : int
        n and m.
    readout : tuple of (matrix (k, n), bias (k,)), optional
        A linear readout of the state.

    Returns
    -------
    cell : TorchCell
        With Jacobian, products and parameter gradients from `torch.func`, in float64. It has no bounds on its image, so
        that `fixed_points` and others need `bounds=`, and nothing is proved of it.

    Raises
    ------
    InvalidInput
        If the module does not step, gives another shape, or keeps state of its own.
    MissingExtra
        If PyTorch is not installed.

    Notes
    -----
    The module is copied, to float64 and evaluation mode. `nn.RNN`, `nn.GRU`, `nn.LSTM` and their cells are read by
    `from_torch`, which is faster and proves more.
    """
    return TorchCell(module, dim, input_dim, readout=readout)


def _torch_step() -> ModuleType:
    try:
        from dynlatch.interop import torch_step
    except ImportError:
        raise MissingExtra("a PyTorch cell needs PyTorch: pip install 'dynlatch[torch]'.") from None
    return torch_step
