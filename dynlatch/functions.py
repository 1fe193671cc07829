"""Any NumPy function as a smooth map."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dynlatch.errors import InvalidInput
from dynlatch.validation import Array, count
from dynlatch.vectorise import Function, Numbers, Vectorised

STEP = 1e-20  # of the complex step: no cancellation, so no reason to be larger
NUDGE = 6e-6  # of central differences, the cube root of the rounding error
CHECKED = 4  # states at which derivatives are checked once


@dataclass(frozen=True, eq=False, init=False)
class FunctionMap:
    """`a_t = function(a_{t-1}, u_t)` for any function of NumPy arrays.

    Parameters
    ----------
    function : callable
        `(a, u) -> a'` with a of shape (n,), or (K, n) for a batch, and u of shape (m,) or (K, m): always an array, zero
        where no input is given. A function that knows single states only is found out at the first batch, and looped.
    dim : int
        n.
    input_dim : int
        m; 0 for a system without input.
    jacobian : callable, optional
        `(a, u) -> (n, n)`, used as it is. It is checked once, against central differences.

    Raises
    ------
    InvalidInput
        If `function` is not callable; later, where its result has the wrong shape or is not finite, and where
        `jacobian` disagrees with the function.

    Warns
    -----
    UserWarning
        Once, where the complex step does not give the derivative (the function refuses complex numbers, or uses abs,
        conj or real parts): central differences, good to about 1e-10, take its place.

    Notes
    -----
    Derivatives are by complex step, Im f(a + ih) / h, exact to rounding for functions made of analytic operations [1]_.

    References
    ----------
    .. [1] Squire, W. and Trapp, G. (1998), Using complex variables to estimate derivatives of real functions.
       SIAM Review 40(1).

    Examples
    --------
    >>> import numpy as np
    >>> import dynlatch as dl
    >>> henon = dl.FunctionMap(lambda a, u: np.array([1 - 1.4 * a[0] ** 2 + a[1], 0.3 * a[0]]), dim=2)
    >>> henon.jacobian(np.array([0.5, 0.1]))
    array([[-1.4,  1. ],
           [ 0.3,  0. ]])
    """

    function: Function
    dim: int
    input_dim: int
    _call: Vectorised = field(repr=False)
    _given: Vectorised | None = field(repr=False)
    _method: dict[str, str] = field(repr=False)  # "state" and "input": how to differentiate, filled at first use

    coordinates = "state x"

    # By hand: a field `jacobian` and the method of the contract would be one name for two things.
    def __init__(self, function: Function, dim: int, input_dim: int = 0, jacobian: Function | None = None) -> None:
        put = object.__setattr__
        put(self, "function", _callable("function", function))
        put(self, "dim", count("dim", dim, least=1))
        put(self, "input_dim", count("input_dim", input_dim))
        put(self, "_call", Vectorised(function, (self.dim,), "function"))
        own = None if jacobian is None else Vectorised(_callable("jacobian", jacobian), (self.dim, self.dim), "jacobian")
        put(self, "_given", own)
        put(self, "_method", {})

    def step(self, a: Array, u: Array | None = None) -> Array:
        return self._call(*self._arguments(a, u))

    def jacobian(self, a: Array, u: Array | None = None) -> Array:
        return self._jacobian(a, u)

    def _jacobian(self, a: Array, u: Array | None) -> Array:
        x, entering = self._arguments(a, u)
        if self._given is None:
            return self._derivative(x, entering, "state", 4)
        if "given" not in self._method:
            _check_given(self._given, self._call, x, entering)
            self._method["given"] = "checked"
        return self._given(x, entering)

    def input_jacobian(self, a: Array, u: Array | None = None) -> Array:
        return self._derivative(*self._arguments(a, u), "input", 3)

    def jvp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        return np.asarray(np.einsum("...ij,...j->...i", self._jacobian(a, u), np.asarray(v, dtype=np.float64)))

    def vjp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        return np.asarray(np.einsum("...ij,...i->...j", self._jacobian(a, u), np.asarray(v, dtype=np.float64)))

    def _arguments(self, a: Array, u: Array | None) -> tuple[Array, Array]:
        """State and input of the same batch axes, in float64."""
        x = np.asarray(a, dtype=np.float64)
        entering = np.zeros(self.input_dim) if u is None else np.asarray(u, dtype=np.float64)
        for name, given, size in (("a", x, self.dim), ("u", entering, self.input_dim)):
            if given.ndim == 0 or given.shape[-1] != size:
                raise InvalidInput(f"`{name}` must have {size} as its last axis; got shape {given.shape}.")
        batch = np.broadcast_shapes(x.shape[:-1], entering.shape[:-1])
        return np.broadcast_to(x, (*batch, self.dim)), np.broadcast_to(entering, (*batch, self.input_dim))

    def _derivative(self, a: Array, u: Array, by: str, level: int) -> Array:
        if by not in self._method:
            complaint = _complaint(self._call, a, u, by)
            self._method[by] = "complex step" if complaint is None else "differences"
            if complaint is not None:
                warnings.warn(_advice(by, complaint), UserWarning, stacklevel=level)
        if self._method[by] == "complex step":
            return _complex_step(self._call, a, u, by)
        return _differences(self._call, a, u, by, NUDGE)


def _callable(name: str, function: Any) -> Function:
    if not callable(function):
        raise InvalidInput(f"`{name}` must be callable as {name}(a, u); got {type(function).__name__}.")
    return function  # type: ignore[no-any-return]


def _advice(by: str, complaint: str) -> str:
    return (
        f"the derivative with respect to the {by} is taken by central differences (about 10 digits) and not by complex "
        f"step: {complaint}. Pass `jacobian=` for exact derivatives of the state, or write the function with analytic "
        "operations only."
    )


def _complex_step(call: Vectorised, a: Numbers, u: Numbers, by: str) -> Array:
    """Derivative by state or input, shape (..., n, n) or (..., n, m): one evaluation a column."""
    moved = a if by == "state" else u
    stepped = moved[..., None, :] + 1j * STEP * np.eye(moved.shape[-1])
    columns = _at(call.__call__, a, u, stepped, by)
    return np.ascontiguousarray(np.swapaxes(columns.imag / STEP, -1, -2))


def _differences(call: Vectorised, a: Numbers, u: Numbers, by: str, nudge: float, *, finite: bool = True) -> Array:
    """The same by central differences; not finite where a neighbour is outside the domain, if `finite` is off."""
    moved = a if by == "state" else u
    size = nudge * np.maximum(1.0, np.abs(moved))
    h = ((moved + size) - moved)[..., None, :] * np.eye(moved.shape[-1])
    evaluate = call.__call__ if finite else call.raw
    rise = _at(evaluate, a, u, moved[..., None, :] + h, by) - _at(evaluate, a, u, moved[..., None, :] - h, by)
    slopes = rise / (2.0 * h.sum(-1))[..., None]
    return np.ascontiguousarray(np.swapaxes(slopes, -1, -2))


def _at(evaluate: Callable[[Numbers, Numbers], Numbers], a: Numbers, u: Numbers, stepped: Numbers, by: str) -> Numbers:
    """Values at the stepped states (or inputs), shape (..., k, n), the other argument held."""
    held = (u if by == "state" else a)[..., None, :]
    held = np.broadcast_to(held, (*stepped.shape[:-1], held.shape[-1]))
    if stepped.shape[-1] == 0:
        return np.zeros((*stepped.shape[:-1], a.shape[-1]), dtype=stepped.dtype)
    return evaluate(stepped, held) if by == "state" else evaluate(held, stepped)


def _complaint(call: Vectorised, a: Array, u: Array, by: str) -> str | None:
    """Why the complex step is not to be trusted for this function, or None."""
    x, entering = _some(a), _some(u)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # NumPy warns where an imaginary part is thrown away: the numbers tell
            complex_step = _complex_step(call, x, entering, by)
    except Exception as error:  # any error that complex numbers may cause in a function made for real ones
        call(x, entering)  # unless real numbers cause one as well
        return f"the function refuses complex numbers ({error})"
    expected, slack = _expected(call, x, entering, by)
    return _first_difference(complex_step, expected, slack, "the complex step")


def _check_given(given: Vectorised, call: Vectorised, a: Array, u: Array) -> None:
    x, entering = _some(a), _some(u)
    found = _first_difference(given(x, entering), *_expected(call, x, entering, "state"), "`jacobian`")
    if found is not None:
        raise InvalidInput(f"the given `jacobian` is not that of the function: {found}; correct it or leave it out.")


def _some(x: Array) -> Array:
    """A few states of a batch, on one batch axis."""
    return x if x.ndim == 1 else x.reshape(math.prod(x.shape[:-1]), x.shape[-1])[:CHECKED]


def _expected(call: Vectorised, a: Array, u: Array, by: str) -> tuple[Array, Array]:
    """Derivative by differences, and how far from it the exact one may be: two step sizes' gap, and rounding."""
    wide = _differences(call, a, u, by, NUDGE, finite=False)
    narrow = _differences(call, a, u, by, 0.5 * NUDGE, finite=False)
    rounding = 1e-9 * np.max(np.abs(call(a, u)), axis=-1, initial=0.0)[..., None, None]
    return narrow, 1e-6 * np.abs(narrow).max(initial=0.0) + 4.0 * np.abs(wide - narrow) + rounding


def _first_difference(got: Array, expected: Array, slack: Array, name: str) -> str | None:
    """Where two derivatives disagree, in words, or None. Entries that differences cannot reach are not compared."""
    off = np.argwhere(np.isfinite(expected) & np.isfinite(slack) & ~(np.abs(got - expected) <= slack))
    if not len(off):
        return None
    where = tuple(int(i) for i in off[0])
    return f"{name} gives {got[where]:.10g} and central differences {expected[where]:.10g} in entry {where[-2:]}"
