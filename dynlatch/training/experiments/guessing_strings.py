"""Strings of Tomita's grammars whose counterexamples break the rule once: for the readings of the guessing experiment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynlatch.lanes.show import Criterion, Noise
from dynlatch.randomness import Rng, generator
from dynlatch.training.automata import Automaton
from dynlatch.training.contract import QuietInput, Sequences
from dynlatch.training.tasks import Tomita

TRIES = 10  # places that are drawn, over the length


@dataclass(frozen=True)
class NearMisses:
    """Class +1 as in `Tomita`; a string of class -1 is a string of class +1 with one symbol, at a random place, exchanged.

    The place is drawn anew until the grammar refuses the string; a string that has no such place is replaced by another.
    """

    grammar: Tomita

    @property
    def T(self) -> int:
        return self.grammar.T

    @property
    def input_dim(self) -> int:
        return 1

    @property
    def output_dim(self) -> int:
        return 1

    @property
    def criterion(self) -> Criterion:
        return self.grammar.criterion

    @property
    def noise(self) -> Noise:
        return self.grammar.noise

    @property
    def quiet_inputs(self) -> tuple[QuietInput, ...]:
        return self.grammar.quiet_inputs

    def streak(self, n: int) -> int:
        """As in the grammar."""
        return self.grammar.streak(n)

    def concrete(self, rng: Rng) -> NearMisses:
        """Itself: nothing is drawn for a trial."""
        return self

    def sample(self, n: int, rng: Rng) -> Sequences:
        """n strings, of alternating classes."""
        stream = generator(rng)
        drawn = self.grammar.sample(2 * n, stream)  # class +1 stands at the odd places
        inputs, lengths = drawn.inputs[:, 1::2].copy(), drawn.lengths[1::2].copy()
        targets = drawn.targets[:n]
        for k in np.flatnonzero(targets < 0.0):
            while not _exchange(self.grammar.automaton, inputs[: lengths[k], k, 0], stream):
                other = self.grammar.sample(2, stream)
                inputs[:, k], lengths[k] = other.inputs[:, 1], other.lengths[1]
        return Sequences(inputs, lengths, targets)

    def training_set(self, n: int, rng: Rng) -> Sequences:
        """n strings."""
        return self.sample(n, rng)


def _exchange(automaton: Automaton, string: NDArray[np.float64], rng: np.random.Generator) -> bool:
    """Exchange one of the inputs -1 and +1 such that the automaton refuses the string; whether a place was found."""
    for _ in range(TRIES * len(string)):
        place = rng.integers(len(string))
        string[place] *= -1.0
        if not automaton.accepts((string > 0.0).astype(int).tolist()):
            return True
        string[place] *= -1.0
    return False
