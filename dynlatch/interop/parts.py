"""The recurrent layers that a file or a mapping holds: which of them is wanted, and the network that they make."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from dynlatch.errors import InvalidInput, ReducedPrecision, UnsupportedNetwork
from dynlatch.networks import GRU, LSTM, ElmanNetwork, ProjectedLSTM, ResetBeforeGRU, StackedNetwork
from dynlatch.networks.readout import Readout

Network: TypeAlias = ElmanNetwork | GRU | ResetBeforeGRU | LSTM | ProjectedLSTM | StackedNetwork
Wanted: TypeAlias = str | Sequence[str] | None


@dataclass(frozen=True)
class Part:
    """One recurrent layer: its weights are looked at only when it is built.

    `words` is its kind and sizes. `below` names the part whose output it reads, where that is known; `precisions` are
    the short types that its numbers have, such as float16.
    """

    name: str
    words: str
    build: Callable[[], Network]
    precisions: frozenset[str] = frozenset()
    below: str | None = None


def network_of(parts: Sequence[Part], wanted: Wanted, readout: Callable[[str, int], Readout | None], nothing: str) -> Network:
    """The network of the parts that are wanted, stacked where there are several.

    `readout` finds the linear layer that reads the output of the named part, of the given width; `nothing` is what to
    say where there is no part at all.
    """
    if not parts:
        raise UnsupportedNetwork(nothing)
    _check_names(parts)
    chosen = choose(parts, wanted)
    _say_precision(chosen)
    built = [part.build() for part in chosen]
    network = built[0] if len(built) == 1 else StackedNetwork(built)
    return replace(network, readout=readout(chosen[-1].name, output_width(network)))


def choose(parts: Sequence[Part], wanted: Wanted) -> list[Part]:
    """The parts called `wanted`, lowest first; without a name the only one, or the only chain."""
    if wanted is None:
        chain = [parts[0]] if len(parts) == 1 else _chain(parts)
        if chain is None:
            raise InvalidInput(
                f"there are {len(parts)} recurrent layers, choose one with `layer=` (or several, the lowest first, to stack "
                f"them): {_known(parts)}."
            )
        return chain
    names = [wanted] if isinstance(wanted, str) else _names(wanted)
    by_name = {part.name: part for part in parts}
    for name in names:
        if name not in by_name:
            raise InvalidInput(f"there is no recurrent layer {name!r}: `layer` is one of {_known(parts)}.")
    return [by_name[name] for name in names]


def _check_names(parts: Sequence[Part]) -> None:
    """Refuse parts of the same name: which of them another one reads could not be told."""
    names = Counter(part.name for part in parts)
    if several := [name for name, n in names.items() if n > 1]:
        raise UnsupportedNetwork(f"several recurrent layers are called {listing(several)}; give every layer a name of its own.")


def _names(wanted: Sequence[str]) -> list[str]:
    try:
        names = list(wanted)
    except TypeError:
        names = []
    if not names or not all(isinstance(name, str) for name in names):
        raise InvalidInput(f"`layer` must be the name of a layer, or several names, the lowest first; got {wanted!r}.")
    return names


def _chain(parts: Sequence[Part]) -> list[Part] | None:
    """All parts from the lowest upwards, where each reads the one below; None where they are connected otherwise."""
    above: dict[str | None, list[Part]] = {}
    for part in parts:
        above.setdefault(part.below, []).append(part)
    chain: list[Part] = []
    following = above.get(None, [])
    while len(following) == 1:
        chain.append(following[0])
        following = above.get(chain[-1].name, [])
    return chain if len(chain) == len(parts) else None


def _known(parts: Sequence[Part]) -> str:
    shown = "; ".join(f"{part.name!r} ({part.words})" for part in parts[:20])
    return shown + (f"; and {len(parts) - 20} more" if len(parts) > 20 else "")


def words(kind: str, inputs: int, units: int, depth: int = 1) -> str:
    """Kind and sizes of a layer, for messages."""
    return f"{kind}, {inputs} inputs, {units} units" + (f", {depth} deep" if depth > 1 else "")


def listing(names: Iterable[object]) -> str:
    """The first few of `names`, for a message."""
    shown = [repr(name)[:80] for name in names]
    return ", ".join(shown[:6]) + (f" and {len(shown) - 6} more" if len(shown) > 6 else "") if shown else "nothing"


def output_width(network: Network) -> int:
    """Number of outputs that a readout or a further layer sees."""
    return int(network.output(np.zeros(network.dim)).shape[-1])


def _say_precision(parts: Sequence[Part]) -> None:
    kinds = sorted(frozenset().union(*(part.precisions for part in parts)))
    if kinds:
        names = ", ".join(repr(part.name) for part in parts if part.precisions)
        warnings.warn(
            f"the weights of {names} are stored as {' and '.join(kinds)}: they are converted to float64 exactly, but have only "
            "2 to 4 significant digits; analyse the net in the precision that it was trained in, where there is a choice.",
            ReducedPrecision,
            stacklevel=4,
        )
