"""Hidden Markov models trained on sequences whose first and last symbol belong together (Bengio and Frasconi 1995, 4.2).

The generating model has two branches. A branch begins with its own symbol (0 or 1), stays in a state that puts out symbol 2
with probability lambda at every step, and ends with its own symbol again; then comes the end, symbol 3. Half of what is kept
in the middle state is lost within the span `ln .5 / ln lambda`; the branch is not, in that model.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.training.models.input_output_hmm import EmittingCell, InputOutputHMM, expect, log_likelihoods
from dynlatch.training.models.topology import Topology
from dynlatch.training.rules.baum_welch import maximised
from dynlatch.validation import Array

SEQUENCES = 100
EPOCHS, GAIN = 200, 1e-5  # where training ends: so many epochs, or a relative gain of the log-likelihood below
MIDDLE, END, SYMBOLS = 2, 3, 4
# State 0 begins and puts out nothing; 1, 2, 3 and 4, 5, 6 are the branches, 7 is absorbing.
BRANCHES = ((1, 4), (2,), (2, 3), (7,), (5,), (5, 6), (7,), (7,))
PUT_OUT = (0, 0, MIDDLE, 0, 1, MIDDLE, 1, END)
TIMES, CHANCE = 3, 0.2  # as many states, and the share of connections, of the randomly connected models
RIGHT = len(BRANCHES)


class Data(NamedTuple):
    """What the sequences put out, (n, T), -1 after their ends, and their lengths."""

    asked: NDArray[np.int64]
    lengths: NDArray[np.int64]


def self_transition(span: float) -> float:
    """lambda: a power of `span` of it is 1/2."""
    return float(0.5 ** (1.0 / span))


def drawn(span: float, rng: np.random.Generator) -> Data:
    """Sequences of the generating model."""
    steps = rng.geometric(1.0 - self_transition(span), SEQUENCES)
    branch = rng.integers(2, size=SEQUENCES)
    lengths = (steps + 3).astype(np.int64)
    asked = np.full((SEQUENCES, lengths.max()), -1, dtype=np.int64)
    for j, (k, b) in enumerate(zip(steps, branch, strict=True)):
        asked[j, : k + 3] = [b, *[MIDDLE] * k, b, END]
    return Data(asked, lengths)


def generating(span: float) -> tuple[EmittingCell, Array]:
    """The generating model and its probabilities."""
    stay = self_transition(span)
    transitions = [0.5, 0.5, 1.0, stay, 1.0 - stay, 1.0, 1.0, stay, 1.0 - stay, 1.0, 1.0]
    return _model(BRANCHES).cell(), np.concatenate([transitions, np.eye(SYMBOLS)[list(PUT_OUT)].ravel()])


def _model(successors: tuple[tuple[int, ...], ...]) -> InputOutputHMM:
    return InputOutputHMM(Topology(successors, (), (0, 1)), SYMBOLS)


def fully_connected(rng: np.random.Generator) -> InputOutputHMM:
    """The right number of states, every transition but those out of the last state."""
    return _model(((*range(1, RIGHT),),) * (RIGHT - 1) + ((RIGHT - 1,),))


def left_to_right(rng: np.random.Generator) -> InputOutputHMM:
    """The right number of states, no way back."""
    return _model(((*range(1, RIGHT),), *((*range(j, RIGHT),) for j in range(1, RIGHT))))


def known(rng: np.random.Generator) -> InputOutputHMM:
    """The transitions of the generating model."""
    return _model(BRANCHES)


def at_random(rng: np.random.Generator) -> InputOutputHMM:
    """Three times as many states, each transition there with a probability of 20 %; a state without any gets one."""
    S = TIMES * (RIGHT - 1) + 1
    there = rng.random((S, S)) < CHANCE
    there[:, 0] = False
    there[np.arange(S), rng.integers(1, S, S)] |= ~there.any(axis=1)
    there[-1] = np.arange(S) == S - 1
    return _model(tuple(tuple(np.flatnonzero(row).tolist()) for row in there))


TOPOLOGIES = {
    "fully connected": fully_connected,
    "left-to-right": left_to_right,
    "random, 3 times the states": at_random,
    "known": known,
}


class Fit(NamedTuple):
    """A trial: nats a sequence below the generating model (negative: above), and epochs."""

    gap: float
    epochs: int


def trained(topology: str, span: float, seed: int | list[int]) -> Fit:
    """One trial: fresh sequences, a topology, probabilities drawn anew, and EM to its end."""
    rng = np.random.default_rng(seed)
    data = drawn(span, rng)
    model = TOPOLOGIES[topology](rng)
    score, epochs = fitted(model.cell(), model.initial([rng])[:, 0], data)
    return Fit((log_likelihood(*generating(span), data) - score) / SEQUENCES, epochs)


def fitted(cell: EmittingCell, theta: Array, data: Data) -> tuple[float, int]:
    """The log-likelihood where EM ends, and its epochs."""
    symbols, before = np.zeros_like(data.asked), -np.inf
    for epoch in range(1, EPOCHS + 1):
        counts, scores = np.zeros(cell.trained), np.empty(len(data.lengths))
        expect(cell, theta, symbols, data.asked, data.lengths, counts, scores)
        score = float(scores.sum())
        if score == -np.inf or score - before < GAIN * abs(score):
            return score, epoch
        before, theta = score, maximised(cell, theta, counts)
    return log_likelihood(cell, theta, data), EPOCHS


def log_likelihood(cell: EmittingCell, theta: Array, data: Data) -> float:
    """Of all sequences together."""
    scores = np.empty(len(data.lengths))
    log_likelihoods(cell, theta, np.zeros_like(data.asked), data.asked, data.lengths, scores)
    return float(scores.sum())
