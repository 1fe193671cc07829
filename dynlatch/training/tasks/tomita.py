"""The grammars of Tomita (1982): does an automaton accept the string?

Watrous and Kuhn (1992) and Miller and Giles (1993) trained second-order nets on them; Hochreiter and Schmidhuber, NIPS 9
(1997), guessed them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InvalidInput
from dynlatch.lanes.show import Criterion, Noise
from dynlatch.randomness import Rng, generator
from dynlatch.training.automata import TOMITA, Automaton, drawn, ways
from dynlatch.training.contract import QuietInput, Sequences
from dynlatch.training.tasks.common import BY_SIGN, NO_NOISE, alternating
from dynlatch.validation import count


@dataclass(frozen=True)
class Tomita:
    """Class +1 is a string of the grammar, -1 any other; symbol 0 is the input -1, symbol 1 the input +1.

    Classes alternate. Lengths are uniform on those of shortest, ..., T that strings of the class have; of a class and length
    every string is as likely. Long strings that are not in a grammar such as 1* break its rule early and often.

    Parameters
    ----------
    T : int
        Longest length.
    grammar : {1, ..., 7}
        1: 1*. 2: (10)*. 3: no odd block of zeros after an odd block of ones. 4: no 000. 5: an even number of zeros and of
        ones. 6: zeros minus ones is a multiple of 3. 7: 0*1*0*1*.
    shortest : int, optional
        Least length, T/2 by default.

    Raises
    ------
    InvalidInput
        On another grammar, or where one of the classes has no string of any of the lengths.

    Examples
    --------
    >>> from dynlatch.training.tasks import Tomita
    >>> batch = Tomita(T=4, grammar=2).sample(2, rng=1)
    >>> batch.inputs[:, :, 0].T.astype(int).tolist(), batch.targets.tolist()
    ([[-1, -1, 1, 0], [1, -1, 1, -1]], [-1.0, 1.0])
    """

    T: int
    grammar: int = 1
    shortest: int | None = None

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "T", count("T", self.T, least=1))
        put(self, "shortest", count("shortest", -(-self.T // 2) if self.shortest is None else self.shortest, least=1))
        if self.grammar not in TOMITA:
            raise InvalidInput(f"`grammar` must be one of 1 to 7; got {self.grammar!r}.")
        if not all(len(found) for found in self._lengths):
            raise InvalidInput(
                f"a class has no strings of length {self.shortest} to {self.T} (`shortest` to `T`): take others."
            )

    @property
    def automaton(self) -> Automaton:
        """What decides."""
        return TOMITA[self.grammar]

    @property
    def _lengths(self) -> tuple[NDArray[np.int64], ...]:
        """Of the strings of class -1, and of class +1."""
        assert self.shortest is not None
        start = self.automaton.start
        counts = [ways(self.automaton, accepted, self.T)[:, start] for accepted in (False, True)]
        return tuple(np.flatnonzero(found[self.shortest :]) + self.shortest for found in counts)

    @property
    def input_dim(self) -> int:
        return 1

    @property
    def output_dim(self) -> int:
        return 1

    @property
    def criterion(self) -> Criterion:
        return BY_SIGN

    @property
    def noise(self) -> Noise:
        return NO_NOISE

    @property
    def quiet_inputs(self) -> tuple[QuietInput, ...]:
        """Both symbols again and again, with the cycles that the automaton has under them."""
        return QuietInput(np.array([-1.0]), _periods(self.automaton, 0)), QuietInput(
            np.array([1.0]), _periods(self.automaton, 1)
        )

    @property
    def symbols(self) -> tuple[float, ...]:
        """The threshold that turns an input into one of 2 symbols."""
        return (0.0,)

    def streak(self, n: int) -> int:
        """Every training sequence right once."""
        return n

    def concrete(self, rng: Rng) -> Tomita:
        """Itself: nothing is drawn for a trial."""
        return self

    def sample(self, n: int, rng: Rng) -> Sequences:
        """n strings."""
        n, stream = count("n", n, least=1), generator(rng)
        targets = alternating(n)
        no, yes = (stream.choice(found, size=n) for found in self._lengths)
        long = np.where(targets > 0.0, yes, no).astype(np.int64)
        strings = drawn(self.automaton, targets > 0.0, long, stream)
        inputs = np.zeros((self.T, n, 1))
        inputs[: len(strings), :, 0] = np.where(strings < 0, 0.0, 2.0 * strings - 1.0)
        return Sequences(inputs, long, targets)

    def training_set(self, n: int, rng: Rng) -> Sequences:
        """n strings."""
        return self.sample(n, rng)


def _periods(automaton: Automaton, symbol: int) -> tuple[int, ...]:
    """The lengths of the automaton's cycles under one symbol, 1 among them."""
    found = {1}
    for state in range(automaton.states):
        after, steps = automaton.after[state][symbol], 1
        while after != state and steps <= automaton.states:
            after, steps = automaton.after[after][symbol], steps + 1
        if after == state:
            found.add(steps)
    return tuple(sorted(found))
