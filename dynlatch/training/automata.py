"""Small deterministic automata: parity and the seven grammars of Tomita (1982), and strings drawn by the class they are in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InvalidInput
from dynlatch.validation import Array, count


@dataclass(frozen=True)
class Automaton:
    """States and symbols are 0, 1, ...; a string is read symbol by symbol and accepted if it ends in an accepting state.

    Parameters
    ----------
    after : sequence of sequences of int
        `after[q][k]` is the state after state q under symbol k.
    accepting : sequence of int
    start : int

    Raises
    ------
    InvalidInput
        If a state that is named does not exist, or states have different numbers of symbols.

    Examples
    --------
    >>> from dynlatch.training.automata import PARITY
    >>> PARITY.accepts([1, 0, 1, 1]), PARITY.accepts([1, 0, 1])
    (True, False)
    """

    after: tuple[tuple[int, ...], ...]
    accepting: tuple[int, ...]
    start: int = 0

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "after", tuple(tuple(int(q) for q in row) for row in self.after))
        put(self, "accepting", tuple(sorted({int(q) for q in self.accepting})))
        named = [q for row in self.after for q in row] + [*self.accepting, self.start]
        if len({len(row) for row in self.after}) != 1 or not all(0 <= q < self.states for q in named):
            raise InvalidInput(f"every state needs a next state for every symbol, among 0 to {self.states - 1}: got {self}.")

    @property
    def states(self) -> int:
        return len(self.after)

    @property
    def symbols(self) -> int:
        return len(self.after[0])

    def reads(self, string: Iterable[int]) -> int:
        """The state after a string."""
        state = self.start
        for symbol in string:
            state = self.after[state][symbol]
        return state

    def accepts(self, string: Iterable[int]) -> bool:
        return self.reads(string) in self.accepting


PARITY = Automaton(((0, 1), (1, 0)), (1,))

# What is accepted, over the symbols 0 and 1 (Tomita, 1982; numbered as there).
TOMITA = {
    1: Automaton(((1, 0), (1, 1)), (0,)),  # only ones
    2: Automaton(((2, 1), (0, 2), (2, 2)), (0,)),  # (10)*
    3: Automaton(((0, 1), (2, 0), (3, 4), (2, 3), (4, 4)), (0, 1, 3)),  # after an odd block of ones, no odd block of zeros
    4: Automaton(((1, 0), (2, 0), (3, 0), (3, 3)), (0, 1, 2)),  # never 000
    5: Automaton(((1, 2), (0, 3), (3, 0), (2, 1)), (0,)),  # an even number of zeros, and of ones
    6: Automaton(((1, 2), (2, 0), (0, 1)), (0,)),  # zeros minus ones is a multiple of 3
    7: Automaton(((0, 1), (2, 1), (2, 3), (4, 3), (4, 4)), (0, 1, 2, 3)),  # 0*1*0*1*
}


def ways(automaton: Automaton, accepted: bool, T: int) -> Array:
    """How many strings of r symbols lead from state q into the class, up to a factor for each r: shape (T + 1, states)."""
    final = np.isin(np.arange(automaton.states), automaton.accepting) == accepted
    found = np.zeros((T + 1, automaton.states))
    found[0] = final
    for r in range(1, T + 1):
        found[r] = found[r - 1][np.array(automaton.after)].sum(axis=1)
        found[r] /= max(found[r].max(), 1.0)  # the largest is 1: neither overflow nor underflow at any length
    return found


def drawn(
    automaton: Automaton, accepted: NDArray[np.bool_], lengths: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """A string (T, n) for each class and length, uniform among all there are; -1 after its end.

    Raises
    ------
    InvalidInput
        If there is none of that class and length.
    """
    T, n = int(lengths.max()), count("n", len(lengths), least=1)
    found, after = np.stack([ways(automaton, bool(c), T) for c in (False, True)]), np.array(automaton.after)
    which = accepted.astype(int)
    if not np.all(found[which, lengths, automaton.start]):
        raise InvalidInput("some class has no string of some length: take other lengths.")
    strings, state = np.full((T, n), -1, dtype=np.int64), np.full(n, automaton.start)
    for t in range(T):
        going = t < lengths
        left = np.where(going, lengths - t - 1, 0)
        weights = np.cumsum(found[which[:, None], left[:, None], after[state]], axis=1)
        symbol = (rng.random(n)[:, None] * weights[:, -1:] >= weights).sum(axis=1).clip(max=automaton.symbols - 1)
        strings[t, going] = symbol[going]
        state = np.where(going, after[state, symbol], state)
    return strings
