"""Fields of a record that are computed when they are first asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from dynlatch.validation import Array

Record = TypeVar("Record")


def deferred(*names: str) -> Callable[[type[Record]], type[Record]]:
    """A class decorator, above `dataclass`: the named fields may be given as `later(...)`.

    What costs as much as the rest of a record, and is often not looked at, is not paid for by everybody. Saving and drawing a
    record read the field like any other.
    """

    def decorate(record: type[Record]) -> type[Record]:
        for name in names:
            setattr(record, name, _Held(name))
        return record

    return decorate


def later(compute: Callable[[], Array]) -> Array:
    """In place of an array: what computes it, once."""
    return cast(Any, compute)  # type: ignore[no-any-return]


class _Held:
    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, record: Any, owner: type | None = None) -> Any:
        if record is None:
            return self
        held = record.__dict__[self.name]
        if callable(held):
            held = record.__dict__[self.name] = held()
        return held

    def __set__(self, record: Any, value: Any) -> None:
        record.__dict__[self.name] = value
