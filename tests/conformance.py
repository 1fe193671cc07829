"""The contracts of `dynlatch.maps` as checks that any class can be put through.

    from conformance import check_map
    check_map(MyMap(...), rng=0)

runs every check that applies to the contracts the map claims. `checks_for(map)` lists them, for parametrised tests.
Derivatives are compared with Romberg-extrapolated central differences, and never at a point where those have not
converged (a kink of a piecewise-linear unit nearby): there the point is drawn again, whatever the map's own derivative
says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from dynlatch.disturbances import Disturbed, Steered
from dynlatch.errors import NotEnclosable
from dynlatch.maps import (
    Enclosable,
    Factored,
    InputProducts,
    Iterate,
    Map,
    Parametric,
    SmoothEnclosable,
    SmoothMap,
    WithInput,
)
from dynlatch.networks.stacked import EnclosedLayer, Layer

Check = Callable[[Any, np.random.Generator], None]
Call = Callable[..., np.ndarray]

DIFFERENCES = 1e-9  # agreement with extrapolated differences, which hold about 1e-11
PRODUCTS = 1e-12  # agreement of two exact formulas
BATCH = 1e-13  # agreement of a batch with a loop: BLAS orders its sums differently
CHANGES = 3  # random directions in which the gradient by a parameter is looked at: each sees every entry


def check_map(map: Map, rng: int | np.random.Generator = 0) -> None:
    """Put `map` through every check of the contracts it claims; AssertionError where one is broken."""
    rng = np.random.default_rng(rng)
    for check in checks_for(map):
        check(map, rng)


def checks_for(map: Map) -> list[Check]:
    """The checks that apply to `map`."""
    assert isinstance(map, Map), f"{type(map).__name__} is no Map"
    checks: list[Check] = [check_shapes, check_batch, check_broadcasting, check_float32, check_no_input, check_pure]
    if isinstance(map, SmoothMap):
        checks += [check_jacobian, check_input_jacobian, check_products]
    if isinstance(map, Parametric):
        checks += [check_parameter_gradient, check_replacement]
    if isinstance(map, Factored):
        checks += [check_factors]
    if isinstance(map, InputProducts):
        checks += [check_input_products]
    if isinstance(map, Enclosable) and _offers(map, "enclose"):
        checks += [check_enclosure, check_enclosure_of_input_boxes, check_point_boxes, check_enclosure_batch]
    if isinstance(map, SmoothEnclosable) and _offers(map, "enclose_jacobian"):
        checks += [check_jacobian_enclosure]
    if isinstance(map, EnclosedLayer) and _offers(map, "enclose_jacobian"):
        checks += [check_layer_enclosures]
    if isinstance(map, Layer):
        checks += [check_output]
    return checks


def _innermost(map: Map) -> Map:
    """The map that a composition is made of: it claims an enclosure only where that one has it."""
    while isinstance(map, (Iterate, WithInput, Disturbed, Steered)):
        map = map.map
    return map


def check_shapes(map: Map, rng: np.random.Generator) -> None:
    """Every method gives float64 arrays of the documented shape, for one state and for batches."""
    for batch in ((), (5,), (3, 2)):
        a, u, v = _point(map, rng, batch)
        for name, call in _calls(map):
            result = call(a, u, v)
            assert result.dtype == np.float64, f"{name} gives {result.dtype}"
            assert result.shape == (*batch, *_core(map, name)), f"{name} gives shape {result.shape} for batch {batch}"


def check_batch(map: Map, rng: np.random.Generator) -> None:
    """A batch is the loop over its members."""
    a, u, v = _point(map, rng, (3, 2))
    for name, call in _calls(map):
        together = call(a, u, v)
        for index in np.ndindex(3, 2):
            _close(together[index], call(a[index], u[index], v[index]), BATCH, f"{name} at {index} of the batch")


def check_broadcasting(map: Map, rng: np.random.Generator) -> None:
    """One input for many states, many inputs for one state, many vectors for one state: as if each were repeated."""
    batches = [((4,), (), ()), ((), (4,), ()), ((), (), (4,)), ((3, 1), (2,), ()), ((), (3, 1), (2,))]
    for batch_a, batch_u, batch_v in batches:
        a, u, v = _point(map, rng, batch_a)[0], _point(map, rng, batch_u)[1], _point(map, rng, batch_v)[2]
        for name, call in _calls(map):
            # A method that does not take v has no batch axes from it.
            used = (batch_a, batch_u, batch_v) if _takes_vector(name) else (batch_a, batch_u)
            batch = np.broadcast_shapes(*used)
            full = [np.broadcast_to(x, (*batch, x.shape[-1])) if x.shape[:-1] in used else x for x in (a, u)]
            vector = np.broadcast_to(v, (*batch, v.shape[-1])) if _takes_vector(name) else v
            result = call(a, u, v)
            what = f"{name} with state batch {batch_a}, input batch {batch_u}, vector batch {batch_v}"
            assert result.shape == (*batch, *_core(map, name)), f"{what}: shape {result.shape}"
            _close(result, call(*full, vector), BATCH, what)


def check_float32(map: Map, rng: np.random.Generator) -> None:
    """Arguments in float32 are computed with in float64: as if they had been converted before."""
    low = [x.astype(np.float32) for x in _point(map, rng, (3,))]
    for name, call in _calls(map):
        result = call(*low)
        assert result.dtype == np.float64, f"{name} gives {result.dtype} for float32 arguments"
        _close(result, call(*(x.astype(np.float64) for x in low)), BATCH, f"{name} of float32 arguments")


def check_no_input(map: Map, rng: np.random.Generator) -> None:
    """`u=None` is the zero input, for one state and for a batch."""
    for batch in ((), (3,)):
        a, u, v = _point(map, rng, batch)
        for name, call in _calls(map):
            _close(call(a, None, v), call(a, np.zeros_like(u), v), BATCH, f"{name} without input")


def check_pure(map: Map, rng: np.random.Generator) -> None:
    """Nothing is changed in place, the result is nobody else's memory, and the same arguments give the same bits."""
    arguments = _point(map, rng, (3,))
    before = [x.copy() for x in arguments]
    for name, call in _calls(map):
        first = call(*arguments)
        first_bits = first.copy()
        for given, kept in zip(arguments, before, strict=True):
            assert np.array_equal(given, kept), f"{name} changed its arguments"
            assert not np.shares_memory(first, given), f"{name} returned memory of its arguments"
        if first.flags.writeable:
            first += 1.0
        assert np.array_equal(call(*arguments), first_bits), f"{name} gave different bits the second time"


def check_jacobian(map: SmoothMap, rng: np.random.Generator) -> None:
    """The Jacobian is the derivative of `step` with respect to the state, with and without an input."""
    for _ in range(3):
        a, u, numeric = _smooth_point(map, rng, lambda a, u: numerical_jacobian(lambda x: map.step(x, u), a))
        _close(map.jacobian(a, u), numeric, DIFFERENCES, "jacobian")
        a, _, numeric = _smooth_point(map, rng, lambda a, u: numerical_jacobian(map.step, a))
        _close(map.jacobian(a), numeric, DIFFERENCES, "jacobian without input")


def check_input_jacobian(map: SmoothMap, rng: np.random.Generator) -> None:
    """The input Jacobian is the derivative of `step` with respect to the input, also at `u=None`."""
    zero = np.zeros(map.input_dim)
    for _ in range(3):
        a, u, numeric = _smooth_point(map, rng, lambda a, u: numerical_jacobian(lambda x: map.step(a, x), u))
        _close(map.input_jacobian(a, u), numeric, DIFFERENCES, "input_jacobian")
        a, _, numeric = _smooth_point(map, rng, lambda a, u: numerical_jacobian(lambda x: map.step(a, x), zero))
        _close(map.input_jacobian(a), numeric, DIFFERENCES, "input_jacobian without input")


def check_products(map: SmoothMap, rng: np.random.Generator) -> None:
    """`jvp` is J v and `vjp` is J^T v."""
    a, u, v = _point(map, rng, (6,))
    for entering in (u, None):
        J = map.jacobian(a, entering)
        _close(map.jvp(a, v, entering), np.einsum("bij,bj->bi", J, v), PRODUCTS, "jvp")
        _close(map.vjp(a, v, entering), np.einsum("bij,bi->bj", J, v), PRODUCTS, "vjp")


def check_parameter_gradient(map: Parametric, rng: np.random.Generator) -> None:
    """`parameter_vjp` is the gradient of `v . step`: its products with random changes of every parameter."""
    for name, value in map.parameters.items():
        v, changes = rng.normal(size=map.dim), rng.normal(size=(CHANGES, *value.shape)) / np.sqrt(max(value.size, 1))

        def gradient(
            a: np.ndarray, u: np.ndarray, name: str = name, value: Any = value, v: Any = v, changes: Any = changes
        ) -> Any:
            def objective(along: np.ndarray) -> np.ndarray:
                moved = value + np.tensordot(along, changes, 1)
                return np.array([v @ map.with_parameters(**{name: moved}).step(a, u)])

            return numerical_jacobian(objective, np.zeros(CHANGES))

        a, u, numeric = _smooth_point(map, rng, gradient)
        exact = map.parameter_vjp(a, u, v)
        assert list(exact) == list(map.parameters), f"parameter_vjp has {list(exact)}, not {list(map.parameters)}"
        assert exact[name].shape == value.shape, f"parameter_vjp {name} has shape {exact[name].shape}"
        products = np.tensordot(changes, exact[name], value.ndim)
        _close(products, numeric[0], DIFFERENCES, f"parameter_vjp {name}")


def check_factors(map: Factored, rng: np.random.Generator) -> None:
    """`parameter_factors` multiply out to `parameter_vjp`, for a batch and with and without input."""
    a, u, v = _point(map, rng, (6,))
    for entering in (u, None):
        exact = map.parameter_vjp(a, entering, v)
        factors = map.parameter_factors(a, entering, v)
        assert list(factors) == list(exact)
        for name, (left, right) in factors.items():
            product = left if right is None else left[..., :, None] * right[..., None, :]
            _close(np.broadcast_to(product, exact[name].shape), exact[name], PRODUCTS, f"parameter_factors {name}")


def check_input_products(map: InputProducts, rng: np.random.Generator) -> None:
    """`input_jvp` and `input_vjp` are products of `input_jacobian`."""
    a, u, v = _point(map, rng, (6,))
    w = rng.normal(size=(6, map.input_dim))
    for entering in (u, None):
        B = map.input_jacobian(a, entering)
        _close(map.input_jvp(a, w, entering), np.einsum("bij,bj->bi", B, w), PRODUCTS, "input_jvp")
        _close(map.input_vjp(a, v, entering), np.einsum("bij,bi->bj", B, v), PRODUCTS, "input_vjp")


def check_replacement(map: Parametric, rng: np.random.Generator) -> None:
    """`with_parameters` takes back what `parameters` gave, replaces what it is told to, and leaves the map alone."""
    a, u, _ = _point(map, rng, (4,))
    before = map.step(a, u)
    assert np.array_equal(map.with_parameters(**map.parameters).step(a, u), before)
    new = {name: value + 0.1 * rng.normal(size=value.shape) for name, value in map.parameters.items()}
    changed = map.with_parameters(**new)
    assert type(changed) is type(map)
    for name, value in changed.parameters.items():
        assert np.array_equal(value, new[name]), f"with_parameters did not replace {name}"
    assert np.array_equal(changed.with_parameters(**map.parameters).step(a, u), before)
    assert np.array_equal(map.step(a, u), before), "with_parameters changed the map itself"


def check_enclosure(map: Enclosable, rng: np.random.Generator) -> None:
    """The interval image holds the image of every point of the box, without any tolerance."""
    for width in (0.0, 1e-15, 1e-8, 0.1, 1.0, 30.0):
        a, u, _ = _point(map, rng)
        lo, hi = a - width * rng.random(map.dim), a + width * rng.random(map.dim)
        for entering in (u, None):
            below, above = map.enclose(lo, hi, entering)
            assert below.shape == above.shape == (map.dim,)
            _inside(below, map.step(_members(lo, hi, rng), entering), above, f"a box of width {width}")


def check_enclosure_of_input_boxes(map: Enclosable, rng: np.random.Generator) -> None:
    """A box of inputs, as a tuple `(lo, hi)`, is enclosed like a box of states."""
    for width in (0.0, 1e-8, 1.0):
        a, u, _ = _point(map, rng)
        lo, hi = a - width * rng.random(map.dim), a + width * rng.random(map.dim)
        u_lo, u_hi = u - width * rng.random(map.input_dim), u + width * rng.random(map.input_dim)
        below, above = map.enclose(lo, hi, (u_lo, u_hi))
        points, inputs = _members(lo, hi, rng), _members(u_lo, u_hi, rng)
        _inside(below, map.step(points, inputs[rng.permutation(len(inputs))]), above, f"input boxes of width {width}")


def check_point_boxes(map: Enclosable, rng: np.random.Generator) -> None:
    """The image of one point is that point, to rounding."""
    a, u, _ = _point(map, rng, (10,))
    below, above = map.enclose(a, a, u)
    image = map.step(a, u)
    _inside(below, image, above, "a point box")
    width = (above - below) / np.maximum(1.0, np.abs(image))
    assert width.max() < 1e-12, f"a point box has an image of width {width.max():.1e}"


def check_enclosure_batch(map: Enclosable, rng: np.random.Generator) -> None:
    """A batch of boxes is the loop over them."""
    a, u, _ = _point(map, rng, (4,))
    below, above = map.enclose(a - 0.1, a + 0.2, u)
    for k in range(4):
        single = map.enclose(a[k] - 0.1, a[k] + 0.2, u[k])
        _close(below[k], single[0], BATCH, f"lower end of box {k}")
        _close(above[k], single[1], BATCH, f"upper end of box {k}")


def check_jacobian_enclosure(map: SmoothEnclosable, rng: np.random.Generator) -> None:
    """The bounds hold the Jacobian at every point of the box, for a batch of boxes, and are tight for a point."""
    for width in (0.0, 1e-8, 0.1, 1.0, 30.0):
        a, u, _ = _point(map, rng)
        lo, hi = a - width * rng.random(map.dim), a + width * rng.random(map.dim)
        for entering in (u, None):
            below, above = map.enclose_jacobian(lo, hi, entering)
            assert below.shape == above.shape == (map.dim, map.dim)
            _inside(below, map.jacobian(_members(lo, hi, rng), entering), above, f"the Jacobian over a box of width {width}")
            batch = map.enclose_jacobian(np.stack([lo, a]), np.stack([hi, a]), entering)
            _close(batch[0][0], below, BATCH, "the Jacobian's bounds in a batch")
            if width == 0.0:
                assert (above - below).max() < 1e-11 * max(1.0, np.abs(above).max())


def check_layer_enclosures(map: EnclosedLayer, rng: np.random.Generator) -> None:
    """The bounds on the derivatives by the input and of the output hold at every point of the box."""
    for width in (0.0, 1e-8, 0.1, 1.0, 30.0):
        a, u, _ = _point(map, rng)
        lo, hi = a - width * rng.random(map.dim), a + width * rng.random(map.dim)
        points = _members(lo, hi, rng)
        for entering in (u, None):
            below, above = map.enclose_input_jacobian(lo, hi, entering)
            _inside(below, map.input_jacobian(points, entering), above, f"the input Jacobian over a box of width {width}")
        below, above = map.enclose_output_jacobian(lo, hi)
        slopes = np.swapaxes(map.output_jvp(points[:, None, :], np.eye(map.dim)), -1, -2)
        assert below.shape == above.shape == slopes.shape[1:]
        _inside(below, slopes, above, f"the derivative of the output over a box of width {width}")
        two = np.stack([lo, a]), np.stack([hi, a])
        _close(map.enclose_output_jacobian(*two)[0][0], below, BATCH, "the output's bounds in a batch")
        _close(map.enclose_input_jacobian(*two)[0][0], map.enclose_input_jacobian(lo, hi)[0], BATCH, "input bounds in a batch")


def check_output(map: Layer, rng: np.random.Generator) -> None:
    """The derivatives and the interval image of `output` are those of `output`."""
    a, _, numeric = _smooth_point(map, rng, lambda a, u: numerical_jacobian(map.output, a))
    v, w = rng.normal(size=map.dim), rng.normal(size=len(numeric))
    _close(map.output_jvp(a, v), numeric @ v, DIFFERENCES, "output_jvp")
    _close(map.output_vjp(a, w), numeric.T @ w, DIFFERENCES, "output_vjp")
    below, above = map.output_enclose(a - 0.3, a + 0.2)
    _inside(below, map.output(_members(a - 0.3, a + 0.2, rng)), above, "output")
    assert map.output(a.astype(np.float32)).dtype == np.float64


def numerical_jacobian(function: Call, x: np.ndarray, step: float = 0.02, levels: int = 5) -> tuple[np.ndarray, float]:
    """Derivative of `function` (n,) -> (k,) at x by Romberg's extrapolation of central differences, and its error."""
    rows = len(function(x))
    if len(x) == 0:
        return np.zeros((rows, 0)), 0.0
    table = [_central(function, x, step / 2**k) for k in range(levels)]
    for order in range(1, levels):
        previous = table
        table = [(4**order * fine - rough) / (4**order - 1) for rough, fine in pairwise(table)]
    error = float(np.max(np.abs(table[0] - previous[1]), initial=0.0))
    return table[0], error


def _central(function: Call, x: np.ndarray, h: float) -> np.ndarray:
    columns = [(function(x + h * e) - function(x - h * e)) / (2 * h) for e in np.eye(len(x))]
    return np.stack(columns, axis=-1)


def _smooth_point(map: Map, rng: np.random.Generator, derivative: Call) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A state, an input and the numerical derivative there, at a point where the differences converge."""
    for _ in range(50):
        a, u, _ = _point(map, rng)
        numeric, error = derivative(a, u)
        if error < 0.1 * DIFFERENCES:
            return a, u, numeric
    raise AssertionError("the differences converged at none of 50 points: the map is not smooth almost everywhere")


def _offers(map: Any, name: str) -> bool:
    """Whether the map keeps the promise of its methods: one made of others may find that a part has no bounds."""
    try:
        getattr(map, name)(np.zeros(map.dim), np.zeros(map.dim))
    except NotEnclosable:
        return False
    return True


def _point(map: Map, rng: np.random.Generator, batch: tuple[int, ...] = ()) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A random state, input and vector, each with batch axes, read-only so that a write cannot go unnoticed."""
    sizes = (map.dim, map.input_dim, map.dim)
    arrays = tuple(rng.normal(size=(*batch, size)) for size in sizes)
    for array in arrays:
        array.setflags(write=False)
    return arrays  # type: ignore[return-value]


def _members(lo: np.ndarray, hi: np.ndarray, rng: np.random.Generator, inner: int = 200) -> np.ndarray:
    """Corners of the box (at most 64 of them) and random points inside."""
    fractions = np.concatenate([rng.integers(0, 2, (64, len(lo))), rng.random((inner, len(lo)))])
    return np.clip(lo + fractions * (hi - lo), lo, hi)


def _calls(map: Map) -> Iterator[tuple[str, Call]]:
    """Every method as a function of state, input and vector."""
    yield "step", lambda a, u, v: map.step(a, u)
    if isinstance(map, SmoothMap):
        yield "jacobian", lambda a, u, v: map.jacobian(a, u)
        yield "input_jacobian", lambda a, u, v: map.input_jacobian(a, u)
        yield "jvp", lambda a, u, v: map.jvp(a, v, u)
        yield "vjp", lambda a, u, v: map.vjp(a, v, u)
    if isinstance(map, Parametric):
        for name in map.parameters:
            yield f"parameter_vjp {name}", lambda a, u, v, name=name: map.parameter_vjp(a, u, v)[name]


def _takes_vector(name: str) -> bool:
    return name in ("jvp", "vjp") or name.startswith("parameter_vjp")


def _core(map: Map, name: str) -> tuple[int, ...]:
    if name.startswith("parameter_vjp"):
        assert isinstance(map, Parametric)
        return map.parameters[name.split(" ", 1)[1]].shape
    return {"jacobian": (map.dim, map.dim), "input_jacobian": (map.dim, map.input_dim)}.get(name, (map.dim,))


def _close(got: np.ndarray, expected: np.ndarray, tolerance: float, what: str) -> None:
    got, expected = np.asarray(got), np.asarray(expected)
    assert got.shape == expected.shape, f"{what}: shape {got.shape}, expected {expected.shape}"
    scale = max(1.0, float(np.max(np.abs(expected), initial=0.0)))
    gap = float(np.max(np.abs(got - expected), initial=0.0))
    assert gap <= tolerance * scale, f"{what}: off by {gap:.2e}, allowed {tolerance * scale:.1e}"


def _inside(below: np.ndarray, images: np.ndarray, above: np.ndarray, what: str) -> None:
    assert (below <= above).all(), f"{what}: the lower end is above the upper end"
    outside = np.argwhere(~((below <= images) & (images <= above)))
    assert not len(outside), f"{what}: an image lies outside its enclosure, at index {outside[0]}"
