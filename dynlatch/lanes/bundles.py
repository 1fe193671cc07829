"""Bundles: tuples of arrays that kernels receive by address.

Numba passes a NamedTuple by value: every array in it is seven or more arguments, copied wherever the tuple is named and each
with a count of references. A kernel with two such tuples takes seconds to compile. A class marked `@bundle` stays an ordinary
NamedTuple in Python; compiled functions get the address of its fields, and read those that they name.
"""

from __future__ import annotations

import hashlib
from typing import Any, TypeVar

from llvmlite import ir  # type: ignore[import-untyped]
from numba import extending as numba_extending
from numba import types
from numba.core import cgutils as numba_cgutils
from numba.core.typing import templates as numba_templates
from numba.extending import models, register_model

Given = TypeVar("Given", bound=type)

cgutils: Any = numba_cgutils  # Numba is typed in part, from some version on
templates: Any = numba_templates
extending: Any = numba_extending


class Bundle(types.Type):  # type: ignore[misc,unused-ignore]
    """Numba's type of a bundle: the names and types of its fields."""

    def __init__(self, title: str, fields: tuple[tuple[str, Any], ...]) -> None:
        self.fields = fields
        super().__init__(f"{title}_{hashlib.sha256(repr(fields).encode()).hexdigest()[:12]}")

    def place(self, name: str) -> int:
        """Which field has this name."""
        return [field for field, _ in self.fields].index(name)


def bundle(cls: Given) -> Given:
    """Mark a NamedTuple class: kernels receive its instances by address, and may not keep or return their arrays."""

    def kind_of(value: Any, context: Any) -> Bundle:
        kinds = [extending.typeof_impl(field, context) for field in value]
        return Bundle(cls.__name__, tuple(zip(value._fields, kinds, strict=True)))

    extending.typeof_impl.register(cls)(kind_of)
    return cls


@register_model(Bundle)
class BundleModel(models.PrimitiveModel):  # type: ignore[misc,unused-ignore]
    """An address of the fields, one after the other."""

    def __init__(self, manager: Any, kind: Any) -> None:
        fields = [manager.lookup(field).get_value_type() for _, field in kind.fields]
        super().__init__(manager, kind, ir.LiteralStructType(fields).as_pointer())


def _unbox(kind: Any, value: Any, c: Any) -> Any:
    """Arrays are borrowed from the caller: nothing is counted, nothing has to be given back."""
    room = cgutils.alloca_once(c.builder, c.context.get_value_type(kind).pointee)
    wrong = cgutils.false_bit
    for place, (_, field) in enumerate(kind.fields):
        given = c.pyapi.tuple_getitem(value, place)
        there = cgutils.gep_inbounds(c.builder, room, 0, place)
        if isinstance(field, types.Array):
            wrong = c.builder.or_(wrong, _borrow(c, given, there))
        else:
            native = c.unbox(field, given)
            c.builder.store(native.value, there)
            wrong = c.builder.or_(wrong, native.is_error)
    return extending.NativeValue(room, is_error=wrong)


def _borrow(c: Any, array: Any, there: Any) -> Any:
    """Fill in the address and the shape of an array; whether that failed."""
    kind = ir.FunctionType(ir.IntType(32), [c.pyapi.pyobj, c.pyapi.voidptr])
    adapt = cgutils.get_or_insert_function(c.builder.module, kind, "numba_adapt_ndarray")
    failed = c.builder.call(adapt, (array, c.builder.bitcast(there, c.pyapi.voidptr)))
    return cgutils.is_not_null(c.builder, failed)


@templates.infer_getattr
class BundleFields(templates.AttributeTemplate):  # type: ignore[misc]
    """What `bundle.field` is."""

    key = Bundle

    def generic_resolve(self, kind: Any, name: str) -> Any:
        return dict(kind.fields).get(name)


def _read(context: Any, builder: Any, kind: Any, value: Any, name: str) -> Any:
    place = kind.place(name)
    field = builder.load(cgutils.gep_inbounds(builder, value, 0, place))
    return without_owner(context, builder, kind.fields[place][1], field)


def without_owner(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    """`value`; if it is an array, one whose references are not counted: each count is an atomic addition."""
    if not isinstance(kind, types.Array):
        return value
    array = context.make_array(kind)(context, builder, value)
    array.meminfo = cgutils.get_null_value(array.meminfo.type)
    return array._getvalue()


@extending.intrinsic
def borrowed(context, array):  # type: ignore[no-untyped-def]
    """The array itself, as the fields of a bundle are: kernels may not keep or return it."""

    def generate(context: Any, builder: Any, sig: Any, values: Any) -> Any:
        return without_owner(context, builder, sig.args[0], values[0])

    return array(array), generate


extending.unbox(Bundle)(_unbox)
extending.lower_getattr_generic(Bundle)(_read)
