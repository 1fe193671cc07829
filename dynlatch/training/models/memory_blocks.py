"""Memory blocks of LSTM nets as units and links: what the net of 1997 and the one with forget gates share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import cycle, islice
from typing import Protocol

from dynlatch.errors import InvalidInput
from dynlatch.training.models.blueprint import Blueprint, Link, biased, blueprint, every, full, layer
from dynlatch.validation import finite_array


class Blocks(Protocol):
    """The settings of a net of memory blocks."""

    @property
    def blocks(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def input_dim(self) -> int: ...
    @property
    def output_dim(self) -> int: ...
    @property
    def answer(self) -> str: ...
    @property
    def answer_bias(self) -> bool: ...


def gate_biases(name: str, values: Sequence[float]) -> tuple[float, ...]:
    """`values` as a tuple.

    Raises
    ------
    InvalidInput
        If there is none.
    """
    biases = tuple(finite_array(name, values, ndim=1).tolist())
    if not biases:
        raise InvalidInput(f"`{name}` needs at least one number; got none.")
    return biases


def memory_blocks(model: Blocks, gates: Mapping[str, Sequence[float]], carousel: Callable[[str, int], Link]) -> Blueprint:
    """Gates, cells and answers.

    Parameters
    ----------
    model : Blocks
    gates : mapping of str to sequence of float
        The kinds of gates, "in" and "out" among them, and the first values of their biases, used in turn, block by block.
    carousel : callable
        (cell, block) -> the link by which a cell keeps what it holds.
    """
    cells = model.blocks * model.size
    z, s, h, m = (every(name, cells) for name in ("z", "s", "h", "m"))
    u, y = every("u", model.input_dim), every("y", model.output_dim)
    doors = {kind: every(kind, model.blocks) for kind in gates}
    hidden = (*m, *(name for names in doors.values() for name in names))
    reading = [link for kind, names in (*doors.items(), ("z", z)) for link in _reading(kind, names, u, hidden)]
    inside = [link for c in range(cells) for link in _cell(c, c // model.size, carousel)]
    answers = [*full(y, m, "V"), *(biased(y, "c") if model.answer_bias else ())]
    units = [unit for kind, names in doors.items() for unit in layer("logistic", names)]
    units += [*layer("logistic", z), *layer("linear", s), *layer("tanh", h), *layer("linear", m), *layer(model.answer, y)]
    given = {f"b_{kind}[{b}]": value for kind, all in gates.items() for b, value in _taken(all, model.blocks)}
    return blueprint(units, [*reading, *inside, *answers], inputs=len(u), answers=y, given=given)


def _taken(values: Sequence[float], blocks: int) -> enumerate[float]:
    return enumerate(islice(cycle(values), blocks))


def _reading(kind: str, names: Sequence[str], u: Sequence[str], hidden: Sequence[str]) -> list[Link]:
    """What every gate and every cell reads: the inputs, all hidden outputs one step ago, and a bias."""
    return [*full(names, u, f"B_{kind}"), *full(names, hidden, f"W_{kind}", delay=1), *biased(names, f"b_{kind}")]


def _cell(c: int, block: int, carousel: Callable[[str, int], Link]) -> list[Link]:
    """Cell c of a block: `s += in (4 z - 2)`, `m = out tanh(s / 2)`."""
    z, s, h, m = f"z[{c}]", f"s[{c}]", f"h[{c}]", f"m[{c}]"
    entering = [Link(s, z, 4.0, gate=f"in[{block}]"), Link(s, f"in[{block}]", -2.0)]
    return [carousel(s, block), *entering, Link(h, s, 0.5), Link(m, h, 1.0, gate=f"out[{block}]")]
