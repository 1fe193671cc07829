"""Maps written as SymPy expressions, with exact Jacobians."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dynlatch.errors import InvalidInput
from dynlatch.validation import Array

Compiled = Callable[..., Sequence[Any]]


@dataclass(frozen=True, eq=False)
class SymbolicMap:
    """`x_t = F(x_{t-1}, u_t)`, component by component a SymPy expression.

    Parameters
    ----------
    state : sequence of sympy.Symbol
        The n components of the state; a single symbol is a state of one component.
    expressions : sequence of sympy.Expr
        The n components of the next state, in the same order. Numbers are allowed.
    inputs : sequence of sympy.Symbol, optional
        The m components of the input.

    Raises
    ------
    InvalidInput
        If the counts do not match, a symbol appears twice, an expression has a symbol that is neither state nor input,
        is not a finite real number, has no derivative as an expression, or is beyond NumPy and SciPy.

    Notes
    -----
    All symbols are taken as real. F and its Jacobians are compiled once each, with common subexpressions shared.

    Examples
    --------
    >>> import numpy as np
    >>> import sympy as sp
    >>> import dynlatch as dl
    >>> x, y = sp.symbols("x y")
    >>> henon = dl.SymbolicMap((x, y), (1 - sp.Float("1.4") * x**2 + y, sp.Float("0.3") * x))
    >>> henon.jacobian(np.array([0.5, 0.1]))
    array([[-1.4,  1. ],
           [ 0.3,  0. ]])
    """

    state: Any
    expressions: Any
    inputs: Any = ()

    _step: Compiled = field(init=False, repr=False)
    _jacobian: Compiled = field(init=False, repr=False)
    _input_jacobian: Compiled = field(init=False, repr=False)

    coordinates = "state x"

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "state", _symbols("state", self.state))
        put(self, "inputs", _symbols("inputs", self.inputs))
        put(self, "expressions", _expressions(self.expressions, self.state, self.inputs))
        # Real stand-ins: the derivative of Abs, say, is a sign for a real symbol and an unevaluated one for a complex.
        F, x, u = _real(self.expressions, self.state, self.inputs)
        put(self, "_step", _compiled(F, (*x, *u)))
        put(self, "_jacobian", _compiled(_derivatives(F, x, self.expressions), (*x, *u)))
        put(self, "_input_jacobian", _compiled(_derivatives(F, u, self.expressions), (*x, *u)))

    def __reduce__(self) -> tuple[Any, ...]:
        # Compiled functions cannot be pickled, expressions can.
        return SymbolicMap, (self.state, self.expressions, self.inputs)

    @property
    def dim(self) -> int:
        return len(self.state)

    @property
    def input_dim(self) -> int:
        return len(self.inputs)

    def step(self, a: Array, u: Array | None = None) -> Array:
        return self._evaluate(self._step, a, u, (self.dim,))

    def jacobian(self, a: Array, u: Array | None = None) -> Array:
        return self._evaluate(self._jacobian, a, u, (self.dim, self.dim))

    def input_jacobian(self, a: Array, u: Array | None = None) -> Array:
        return self._evaluate(self._input_jacobian, a, u, (self.dim, self.input_dim))

    def jvp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        return np.asarray(np.einsum("...ij,...j->...i", self.jacobian(a, u), np.asarray(v, dtype=np.float64)))

    def vjp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        return np.asarray(np.einsum("...ij,...i->...j", self.jacobian(a, u), np.asarray(v, dtype=np.float64)))

    def _evaluate(self, compiled: Compiled, a: Array, u: Array | None, core: tuple[int, ...]) -> Array:
        """Values of shape (..., *core): each component is broadcast, since a constant has no batch axes of its own."""
        x = np.asarray(a, dtype=np.float64)
        entering = np.zeros(self.input_dim) if u is None else np.asarray(u, dtype=np.float64)
        for name, given, size in (("a", x, self.dim), ("u", entering, self.input_dim)):
            if given.ndim == 0 or given.shape[-1] != size:
                raise InvalidInput(f"`{name}` must have {size} as its last axis; got shape {given.shape}.")
        batch = np.broadcast_shapes(x.shape[:-1], entering.shape[:-1])
        components = compiled(*(x[..., k] for k in range(self.dim)), *(entering[..., k] for k in range(self.input_dim)))
        values = np.empty((*batch, len(components)))
        for k, component in enumerate(components):
            values[..., k] = _real_values(component)
        return values.reshape(*batch, *core)


def _real_values(component: Any) -> Any:
    if not np.iscomplexobj(component):
        return component
    if np.any(np.imag(component)):
        raise InvalidInput("an expression has complex values at this state: keep states and inputs inside its domain.")
    return np.real(component)


def _symbols(name: str, given: Any) -> tuple[Any, ...]:
    import sympy

    symbols = (given,) if isinstance(given, (sympy.Symbol, str)) else tuple(given)
    for symbol in symbols:
        if not isinstance(symbol, sympy.Symbol):
            raise InvalidInput(f"`{name}` must be SymPy symbols; got {symbol!r}: make them with sympy.symbols.")
    if name == "state" and not symbols:
        raise InvalidInput("`state` is empty: give at least one symbol.")
    return symbols


def _expressions(given: Any, state: tuple[Any, ...], inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """The expressions as SymPy objects, checked."""
    import sympy

    # Text would be evaluated as Python code.
    items = (given,) if isinstance(given, (sympy.Expr, str)) else tuple(given)
    for item in items:
        if not isinstance(item, (sympy.Expr, int, float, np.number)) or isinstance(item, bool):
            kind = type(item).__name__
            raise InvalidInput(f"`expressions` must be SymPy expressions or numbers; got {item!r} ({kind}).")
    if len(items) != len(state):
        raise InvalidInput(f"there are {len(items)} expressions for {len(state)} state symbols: give one for each.")
    twice = sorted({str(s) for s in (*state, *inputs) if (*state, *inputs).count(s) > 1})
    if twice:
        raise InvalidInput(f"{', '.join(twice)} appears more than once among `state` and `inputs`.")
    expressions = tuple(sympy.sympify(item) for item in items)
    for expression in expressions:
        _check_expression(expression, state, inputs)
    return expressions


def _check_expression(expression: Any, state: tuple[Any, ...], inputs: tuple[Any, ...]) -> None:
    import sympy

    unknown = sorted(str(s) for s in expression.free_symbols - {*state, *inputs})
    if unknown:
        known = ", ".join(str(s) for s in (*state, *inputs))
        raise InvalidInput(
            f"the expression {expression} has {', '.join(unknown)}, neither state nor input ({known}): give it a "
            "number with .subs, or list it in `inputs`."
        )
    if expression.has(sympy.I, sympy.nan, sympy.zoo, sympy.oo, -sympy.oo):
        raise InvalidInput(f"the expression {expression} is not a finite real number.")
    if expression.atoms(sympy.core.function.AppliedUndef):
        raise InvalidInput(f"the expression {expression} has an undefined function: give its formula.")


def _real(expressions: tuple[Any, ...], state: tuple[Any, ...], inputs: tuple[Any, ...]) -> tuple[Any, Any, Any]:
    """Expressions, state and inputs in real symbols, whose names no generated code uses for anything else."""
    import sympy

    x = tuple(sympy.Symbol(f"state{k}", real=True) for k in range(len(state)))
    u = tuple(sympy.Symbol(f"input{k}", real=True) for k in range(len(inputs)))
    names = dict(zip((*state, *inputs), (*x, *u), strict=True))
    return tuple(expression.xreplace(names) for expression in expressions), x, u


def _derivatives(F: tuple[Any, ...], symbols: tuple[Any, ...], originals: tuple[Any, ...]) -> tuple[Any, ...]:
    """Row by row the derivatives of F."""
    import sympy

    entries = []
    for expression, original in zip(F, originals, strict=True):
        for symbol in symbols:
            entry = sympy.diff(expression, symbol)
            if entry.has(sympy.Derivative, sympy.Subs, sympy.DiracDelta):
                raise InvalidInput(f"SymPy knows no derivative of {original}: use FunctionMap, which needs none.")
            entries.append(entry)
    return tuple(entries)


def _compiled(expressions: tuple[Any, ...], symbols: tuple[Any, ...]) -> Compiled:
    import sympy

    # Decimal constants become arguments: the printer would round them to 15 digits.
    numbers = sorted(set().union(*(e.atoms(sympy.Float) for e in expressions)), key=float)
    names = sympy.symbols(f"number:{len(numbers)}", real=True)
    values = [float(number) for number in numbers]
    exact = [e.xreplace(dict(zip(numbers, names, strict=True))) for e in expressions]
    try:
        compiled = sympy.lambdify((*symbols, *names), exact, modules=["scipy", "numpy"], cse=True)
        with np.errstate(all="ignore"):
            compiled(*np.full((len(symbols), 2), 0.5), *values)
    except Exception as error:  # of the printer or of the printed code
        raise InvalidInput(f"NumPy and SciPy cannot compute {', '.join(map(str, expressions))}: {error}.") from None
    return lambda *arguments: compiled(*arguments, *values)
