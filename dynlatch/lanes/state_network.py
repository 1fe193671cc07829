"""Networks of discrete states: `P(q_t = i | q_{t-1} = j, u_t)`, supervised on the last state.

Bengio and Frasconi, NIPS 1993 (target propagation), in the notation of their input-output HMMs (1994): with phi_ij,t the
probability of the transition j -> i at step t, the forward pass is `alpha_i,t = sum_j phi_ij,t alpha_j,t-1`, a distribution at
every t; the backward pass `beta_j,t-1 = sum_i phi_ij,t beta_i,t` from the wanted last state q*; the probability of the
transition given that state `h_ij,t = beta_i,t phi_ij,t alpha_j,t-1 / alpha_q*,T`.

Shapes: T steps, S states, E allowed transitions (edges), K symbols, L lanes (sequences of one network, or one sequence of each
of several). Tables and counts (K E, L): entry k E + e belongs to edge e under symbol k. alpha (T + 1, S, L).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.lanes.bundles import bundle
from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.packs import NARROW, fma, narrow_pack, peek, store
from dynlatch.lanes.packs import load as load_pack
from dynlatch.validation import Array

RARE = 1e-200  # a last state less likely than this is worked out in logarithms: products on the way could underflow


@bundle
class StateCell(NamedTuple):
    """The allowed transitions in arrays, those from state j at `first[j]` to `first[j + 1] - 1`."""

    first: NDArray[np.int64]  # (S + 1,)
    target: NDArray[np.int64]  # (E,)
    thresholds: Array  # (K - 1,) ascending: the symbol of an input is the number of thresholds below it
    start: int  # the state at time 0
    finals: NDArray[np.int64]  # (2,) the state that answers class -1, and class +1
    trained: int  # K E
    logits: bool  # rows of theta are activations of softmax subnets, otherwise probabilities


@bundle
class Passage(NamedTuple):
    """A network, one sequence of it, and room for the two sweeps."""

    onward: Array  # (K, W, W) P(i | j) at [j, i]
    back: Array  # (K, W, W) and at [i, j]
    symbols: NDArray[np.int64]  # (T,); any symbols after the end
    counts: Array  # (K E,) sums of h: how often each transition is expected, given the wanted last state
    alpha: Array  # (T + 1, W)
    beta: Array  # (2, W) of the step at hand, and of the one before
    pairs: Array  # (K, W, W) sums of beta_i,t alpha_j,t-1 at [i, j]; zero between two sweeps


def passage(cell: StateCell, T: int) -> Passage:
    """Room for sequences of at most T steps."""
    S, K = len(cell.first) - 1, len(cell.thresholds) + 1
    W = -(-S // NARROW) * NARROW
    return Passage(
        onward=np.zeros((K, W, W)),
        back=np.zeros((K, W, W)),
        symbols=np.zeros(T, dtype=np.int64),
        counts=np.zeros(cell.trained),
        alpha=np.zeros((T + 1, W)),
        beta=np.zeros((2, W)),
        pairs=np.zeros((K, W, W)),
    )


@kernel
def take(cell, table, run):  # type: ignore[no-untyped-def]
    """Make the probabilities `table` (K E,) those of the network."""
    first, target, onward, back = cell.first, cell.target, run.onward, run.back
    for k in range(onward.shape[0]):
        for j in range(first.size - 1):
            for e in range(first[j], first[j + 1]):
                P = table[k * target.size + e]
                onward[k, j, target[e]], back[k, target[e], j] = P, P


@kernel
def load(thresholds, inputs, trial, which, length, symbols):  # type: ignore[no-untyped-def]
    """Sequence `which` of `inputs` (trials, n, T, 1) as symbols."""
    for t in range(length):
        u, symbol = peek(inputs, (trial, which, t, 0)), 0
        for k in range(thresholds.size):
            symbol += u > peek(thresholds, (k,))
        store(symbols, (t,), symbol)


@kernel
def forward(cell, run, T):  # type: ignore[no-untyped-def]
    """alpha: the distribution over states at times 0 to T."""
    symbols, onward, alpha, states = run.symbols, run.onward, run.alpha, cell.first.size - 1
    for i in range(alpha.shape[1]):
        alpha[0, i] = 1.0 if i == cell.start else 0.0
    for t in range(T):
        k = symbols[t]
        for i in range(0, alpha.shape[1], NARROW):
            even, odd = narrow_pack(), narrow_pack()  # two sums, since each term waits for the one before
            for j in range(0, states, 2):
                even = fma(load_pack(onward, (k, j, i), even), peek(alpha, (t, j)), even)
                odd = fma(load_pack(onward, (k, j + 1, i), odd), peek(alpha, (t, j + 1)), odd)
            store(alpha, (t + 1, i), even + odd)


@kernel
def backward(cell, run, T, goal):  # type: ignore[no-untyped-def]
    """pairs: the sums of beta_i,t alpha_j,t-1 under each symbol; the last state `goal` must not be rare."""
    symbols, back, alpha, beta, pairs, states = run.symbols, run.back, run.alpha, run.beta, run.pairs, cell.first.size - 1
    for i in range(beta.shape[1]):
        beta[T % 2, i] = 1.0 / alpha[T, i] if i == goal else 0.0
    for t in range(T, 0, -1):
        k, now = symbols[t - 1], t % 2
        for j in range(0, beta.shape[1], NARROW):
            even, odd, before = narrow_pack(), narrow_pack(), load_pack(alpha, (t - 1, j), narrow_pack())
            for i in range(0, states, 2):
                one, two = peek(beta, (now, i)), peek(beta, (now, i + 1))
                even = fma(load_pack(back, (k, i, j), even), one, even)
                odd = fma(load_pack(back, (k, i + 1, j), odd), two, odd)
                store(pairs, (k, i, j), fma(before, one, load_pack(pairs, (k, i, j), even)))
                store(pairs, (k, i + 1, j), fma(before, two, load_pack(pairs, (k, i + 1, j), odd)))
            store(beta, (1 - now, j), even + odd)


@kernel
def pass_through(cell, run, T, goal):  # type: ignore[no-untyped-def]
    """Both sweeps of the sequence in `run.symbols`, wanted last state `finals[goal]`: (answer, score); adds h to the counts.

    The answer is P(class +1) - P(class -1) at the end, the score log P(wanted last state): -inf, and nothing added, where that
    is impossible.
    """
    low, high = cell.finals[0], cell.finals[1]
    last = high if goal == 1 else low
    forward(cell, run, T)
    answer, likely = run.alpha[T, high] - run.alpha[T, low], run.alpha[T, last]
    if likely < RARE:
        return answer, in_logarithms(cell, run, T, last)
    backward(cell, run, T, last)
    _count(cell, run)
    return answer, math.log(likely)


@kernel
def _count(cell, run):  # type: ignore[no-untyped-def]
    """Add `P_ij` times the sum of its pairs to the counts; the pairs are zero again afterwards."""
    first, target, onward, pairs, counts = cell.first, cell.target, run.onward, run.pairs, run.counts
    for k in range(pairs.shape[0]):
        for j in range(first.size - 1):
            for e in range(first[j], first[j + 1]):
                i, p = peek(target, (e,)), k * target.size + e
                store(counts, (p,), fma(peek(onward, (k, j, i)), peek(pairs, (k, i, j)), peek(counts, (p,))))
        for i in range(first.size):
            for j in range(0, pairs.shape[2], NARROW):
                store(pairs, (k, i, j), narrow_pack())


@kernel
def zero(array):  # type: ignore[no-untyped-def]
    """All entries of a matrix zero. (Loops compile several times faster than slices.)"""
    for p in range(array.shape[0]):
        for lane in range(array.shape[1]):
            array[p, lane] = 0.0


@kernel
def log_sum(x, y):  # type: ignore[no-untyped-def]
    """log(exp x + exp y)."""
    if x < y:
        x, y = y, x
    return x if y == -math.inf else x + math.log1p(math.exp(y - x))


@kernel
def in_logarithms(cell, run, T, last):  # type: ignore[no-untyped-def]
    """log P(last state), and h added to the counts; for probabilities of any size, 0 included."""
    first, target, states, edges = cell.first, cell.target, cell.first.size - 1, cell.target.size
    symbols, counts, K = run.symbols, run.counts, run.onward.shape[0]
    alpha, beta, logs = np.empty((T + 1, states)), np.empty((T + 1, states)), np.empty(K * edges)
    for k in range(K):
        for j in range(states):
            for e in range(first[j], first[j + 1]):
                P = run.onward[k, j, target[e]]
                logs[k * edges + e] = math.log(P) if P > 0.0 else -np.inf
    for t in range(T + 1):
        for i in range(states):
            alpha[t, i], beta[t, i] = -np.inf, -np.inf
    alpha[0, cell.start], beta[T, last] = 0.0, 0.0
    for t in range(T):
        for j in range(states):
            for e in range(first[j], first[j + 1]):
                onward = alpha[t, j] + logs[symbols[t] * edges + e]
                alpha[t + 1, target[e]] = log_sum(alpha[t + 1, target[e]], onward)
    total = alpha[T, last]
    if total == -np.inf:
        return total
    for t in range(T - 1, -1, -1):
        for j in range(states):
            for e in range(first[j], first[j + 1]):
                p = symbols[t] * edges + e
                onto = logs[p] + beta[t + 1, target[e]]
                beta[t, j] = log_sum(beta[t, j], onto)
                counts[p] += math.exp(alpha[t, j] + onto - total)
    return total


@kernel
def answers(cell, run, inputs, lengths, out):  # type: ignore[no-untyped-def]
    """out (n,): P(class +1) - P(class -1) at the end of each sequence of inputs (1, n, T, 1)."""
    for which in range(lengths.size):
        T = lengths[which]
        load(cell.thresholds, inputs, 0, which, T, run.symbols)
        forward(cell, run, T)
        out[which] = run.alpha[T, cell.finals[1]] - run.alpha[T, cell.finals[0]]
