"""Packs: the numbers of WIDTH (or NARROW) neighbouring lanes in one value, so that a sum over connections stays in registers.

A function written with `load`, `store`, `fma` and the operators works on the pack that `pack()` begins; every type follows
from it. All lanes get the same operations in the same order, `fma` rounds once on every machine, and nothing else is fused:
the bits of a lane do not depend on its neighbours. Lanes come in whole packs: `padded` adds what is missing.

Loops over lanes would be made into vector instructions too, but with the running sums in memory and a test for overlapping
arrays before every loop: that costs a factor of two to three for networks of five units.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils as numba_cgutils
from numba.core.typing import templates as numba_templates
from numba.extending import intrinsic, models, register_model
from numba.extending import lower_builtin as numba_lower
from numpy.typing import NDArray

from dynlatch.lanes.compiling import kernel

cgutils: Any = numba_cgutils  # Numba is typed in part, from some version on
templates: Any = numba_templates
lower_builtin: Any = numba_lower

WIDTH = 16  # four vectors of AVX2: enough independent sums to hide the time that one addition takes
NARROW = 8  # for the few states of a state network

LINE = 64  # bytes of a line of the cache

DOUBLE, LONG = ir.DoubleType(), ir.IntType(64)
SIGN, EXPONENT, MANTISSA = -(2**63), 1023, 52  # bits of a double


def padded(array: NDArray[Any]) -> NDArray[Any]:
    """`array` with lanes of zeros added to the last axis until the packs are whole."""
    lanes = array.shape[-1]
    whole = np.zeros((*array.shape[:-1], lanes + -lanes % WIDTH), array.dtype)  # np.pad takes twenty times as long
    whole[..., :lanes] = array
    return whole


def zeros(*shape: int, dtype: Any = np.float64) -> NDArray[Any]:
    """Zeros that begin where a line of the cache does.

    A vector that lies in two lines takes as long to read as two.
    """
    size = math.prod(shape) * np.dtype(dtype).itemsize
    room = np.zeros(size + LINE, np.uint8)
    first = -room.ctypes.data % LINE
    placed: NDArray[Any] = room[first : first + size].view(dtype).reshape(shape)
    return placed


def aligned(array: NDArray[Any]) -> NDArray[Any]:
    """`array`, as a contiguous copy that begins where a line of the cache does, if need be."""
    if array.flags.c_contiguous and array.ctypes.data % LINE == 0:
        return array
    placed = zeros(*array.shape, dtype=array.dtype)
    placed[...] = array
    return placed


@kernel
def begins(lanes):  # type: ignore[no-untyped-def]
    """The first lane of each pack."""
    if lanes % WIDTH != 0:
        raise ValueError("lanes come in whole packs: pad the last axis, as `packs.padded` does")
    return range(0, lanes, WIDTH)


class Pack(types.Type):  # type: ignore[misc,unused-ignore]
    """Numba's type of a pack."""

    def __init__(self, width: int) -> None:
        super().__init__(f"Pack({width})")
        self.doubles = ir.VectorType(DOUBLE, width)


PACK, NARROW_PACK = Pack(WIDTH), Pack(NARROW)


@register_model(Pack)
class PackModel(models.PrimitiveModel):  # type: ignore[misc,unused-ignore]
    """In memory a pack is a vector."""

    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, kind.doubles)


def primitive(build: Callable[..., Any]) -> Any:
    """A function of kernels that writes its own instructions."""
    return intrinsic(build)


def _elementwise(build: Callable[..., Any], *kinds: Any) -> Any:
    """Signature and code of `build` on numbers, or on packs where one of the kinds is a pack."""
    result = next((kind for kind in kinds if isinstance(kind, Pack)), types.float64)

    def generate(context: Any, builder: Any, sig: Any, values: Any) -> Any:
        return build(builder, *(_as(context, builder, v, k, result) for v, k in zip(values, sig.args, strict=True)))

    return result(*kinds), generate


def _as(context: Any, builder: Any, value: Any, kind: Any, result: Any) -> Any:
    """`value` as a double, or as many times in a pack as that holds."""
    if isinstance(kind, Pack):
        return value
    double = context.cast(builder, value, kind, types.float64)
    return _spread(builder, double, result.doubles) if isinstance(result, Pack) else double


def _spread(builder: Any, value: Any, doubles: Any) -> Any:
    nothing = ir.Constant(doubles, ir.Undefined)
    one = builder.insert_element(nothing, value, ir.IntType(32)(0))
    return builder.shuffle_vector(one, nothing, ir.Constant(ir.VectorType(ir.IntType(32), doubles.count), [0] * doubles.count))


def _bits(builder: Any, x: Any) -> tuple[Any, Callable[[int], Any]]:
    """x as integers, and how constants of that type are made."""
    if x.type == DOUBLE:
        return builder.bitcast(x, LONG), lambda k: ir.Constant(LONG, k)
    width = x.type.count
    longs = ir.VectorType(LONG, width)
    return builder.bitcast(x, longs), lambda k: ir.Constant(longs, [k] * width)


def _fma(builder: Any, x: Any, y: Any, z: Any) -> Any:
    name = "llvm.fma.f64" if x.type == DOUBLE else f"llvm.fma.v{x.type.count}f64"
    return builder.call(cgutils.get_or_insert_function(builder.module, ir.FunctionType(x.type, [x.type] * 3), name), [x, y, z])


def _root(builder: Any, x: Any) -> Any:
    name = "llvm.sqrt.f64" if x.type == DOUBLE else f"llvm.sqrt.v{x.type.count}f64"
    return builder.call(cgutils.get_or_insert_function(builder.module, ir.FunctionType(x.type, [x.type]), name), [x])


def _choose(builder: Any, x: Any, y: Any, yes: Any, no: Any) -> Any:
    return builder.select(builder.fcmp_ordered(">", x, y), yes, no)


def _anywhere(builder: Any, x: Any, y: Any) -> Any:
    above = builder.fcmp_ordered(">", x, y)
    if x.type == DOUBLE:
        return above
    bits = ir.IntType(x.type.count)
    return builder.icmp_unsigned("!=", builder.bitcast(above, bits), ir.Constant(bits, 0))


def _with_sign(builder: Any, x: Any, y: Any) -> Any:
    (bits, constant), (given, _) = _bits(builder, x), _bits(builder, y)
    size = builder.and_(bits, constant(~SIGN))
    return builder.bitcast(builder.or_(size, builder.and_(given, constant(SIGN))), x.type)


def _power_of_two(builder: Any, x: Any) -> Any:
    bits, constant = _bits(builder, x)
    return builder.bitcast(builder.shl(builder.add(bits, constant(EXPONENT)), constant(MANTISSA)), x.type)


@primitive
def fma(context, x, y, z):  # type: ignore[no-untyped-def]
    """x y + z, rounded once."""
    return _elementwise(_fma, x, y, z)


@primitive
def choose(context, x, y, yes, no):  # type: ignore[no-untyped-def]
    """`yes` where x > y, else `no`."""
    return _elementwise(_choose, x, y, yes, no)


@primitive
def anywhere(context, x, y):  # type: ignore[no-untyped-def]
    """Whether x > y in some lane."""
    sig, generate = _elementwise(_anywhere, x, y)
    return types.boolean(*sig.args), generate


@primitive
def root(context, x):  # type: ignore[no-untyped-def]
    """The square root of x, rounded once."""
    return _elementwise(_root, x)


@primitive
def with_sign(context, x, y):  # type: ignore[no-untyped-def]
    """|x| with the sign of y."""
    return _elementwise(_with_sign, x, y)


@primitive
def power_of_two(context, x):  # type: ignore[no-untyped-def]
    """2^k from the double x = 1.5 2^52 + k."""
    return _elementwise(_power_of_two, x)


@primitive
def pack(context):  # type: ignore[no-untyped-def]
    """WIDTH zeros."""
    return PACK(), lambda context, builder, sig, values: ir.Constant(PACK.doubles, [0.0] * WIDTH)


@primitive
def narrow_pack(context):  # type: ignore[no-untyped-def]
    """NARROW zeros."""
    return NARROW_PACK(), lambda context, builder, sig, values: ir.Constant(NARROW_PACK.doubles, [0.0] * NARROW)


@primitive
def peek(context, array, index):  # type: ignore[no-untyped-def]
    """array[index] for an index without negative parts: the brackets' test for those is half the cost of a short loop."""

    def generate(context: Any, builder: Any, sig: Any, values: Any) -> Any:
        return builder.load(_address(context, builder, sig, values, None))

    return array.dtype(array, index), generate


@primitive
def load(context, array, index, like):  # type: ignore[no-untyped-def]
    """array[index], and its neighbours along the last axis if `like` is a pack."""

    def generate(context: Any, builder: Any, sig: Any, values: Any) -> Any:
        return builder.load(_address(context, builder, sig, values, like), align=8)

    return like(array, index, like), generate


@primitive
def store(context, array, index, x):  # type: ignore[no-untyped-def]
    """array[index] = x, and its neighbours along the last axis if x is a pack."""

    def generate(context: Any, builder: Any, sig: Any, values: Any) -> None:
        builder.store(values[2], _address(context, builder, sig, values, x), align=8)

    return types.void(array, index, x), generate


def _address(context: Any, builder: Any, sig: Any, values: Any, kind: Any) -> Any:
    array = context.make_array(sig.args[0])(context, builder, values[0])
    parts = zip(cgutils.unpack_tuple(builder, values[1]), sig.args[1], strict=True)
    index = [context.cast(builder, part, given, types.intp) for part, given in parts]
    first = cgutils.get_item_pointer(context, builder, sig.args[0], array, index, wraparound=False)
    return builder.bitcast(first, kind.doubles.as_pointer()) if isinstance(kind, Pack) else first


def _operator(symbol: Callable[..., Any], name: str) -> None:
    """`symbol` on packs, and on a pack and a number."""

    @templates.infer_global(symbol)
    class Typing(templates.AbstractTemplate):  # type: ignore[misc]
        def generic(self, args: Any, kws: Any) -> Any:
            packs = [a for a in args if isinstance(a, Pack)]
            fits = packs and all(a == packs[0] or isinstance(a, types.Float) for a in args)
            return templates.signature(packs[0], *args) if fits else None

    def lower(context: Any, builder: Any, sig: Any, values: Any) -> Any:
        return _elementwise(lambda b, x, y: getattr(b, name)(x, y), *sig.args)[1](context, builder, sig, values)

    for pair in ((Pack, Pack), (Pack, types.Float), (types.Float, Pack)):
        lower_builtin(symbol, *pair)(lower)


for _symbol, _name in ((operator.add, "fadd"), (operator.sub, "fsub"), (operator.mul, "fmul"), (operator.truediv, "fdiv")):
    _operator(_symbol, _name)
