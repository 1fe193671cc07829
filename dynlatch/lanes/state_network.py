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
from dynlatch.validation import Array

LANES = 16  # sequences of one network side by side: measured fastest
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
    """Sequences in lanes, and room for the two sweeps."""

    symbols: NDArray[np.int64]  # (T, L); any symbols after the end
    length: NDArray[np.int64]  # (L,); 0 for an empty lane
    goal: NDArray[np.int64]  # (L,) the wanted last state, 0 or 1 in `finals`
    table: Array  # (K E, L)
    alpha: Array  # (T + 1, S, L)
    beta: Array  # (2, S, L)
    counts: Array  # (K E, L) sums of h: how often each transition is expected, given the wanted last state
    answer: Array  # (L,) P(class +1) - P(class -1) at the end
    score: Array  # (L,) log P(wanted last state)


def passage(cell: StateCell, T: int, lanes: int) -> Passage:
    """Room for `lanes` sequences of at most T steps."""
    S, tables = len(cell.first) - 1, (cell.trained, lanes)
    return Passage(
        symbols=np.zeros((T, lanes), dtype=np.int64),
        length=np.zeros(lanes, dtype=np.int64),
        goal=np.zeros(lanes, dtype=np.int64),
        table=np.zeros(tables),
        alpha=np.zeros((T + 1, S, lanes)),
        beta=np.zeros((2, S, lanes)),
        counts=np.zeros(tables),
        answer=np.zeros(lanes),
        score=np.zeros(lanes),
    )


@kernel
def load(thresholds, inputs, trial, which, length, symbols, lane):  # type: ignore[no-untyped-def]
    """Sequence `which` of `inputs` (trials, n, T, 1) as symbols in a lane."""
    for t in range(length):
        u, symbol = inputs[trial, which, t, 0], 0
        for k in range(thresholds.size):
            symbol += u > thresholds[k]
        symbols[t, lane] = symbol


@kernel
def forward(first, target, start, steps, symbols, table, alpha):  # type: ignore[no-untyped-def]
    """alpha: the distribution over states at times 0 to `steps`."""
    states, edges, lanes = first.size - 1, target.size, alpha.shape[2]
    row = np.empty(lanes, dtype=np.int64)
    for i in range(states):
        for lane in range(lanes):
            alpha[0, i, lane] = 1.0 if i == start else 0.0
    for t in range(steps):
        for lane in range(lanes):
            row[lane] = symbols[t, lane] * edges
        for i in range(states):
            for lane in range(lanes):
                alpha[t + 1, i, lane] = 0.0
        for j in range(states):
            for e in range(first[j], first[j + 1]):
                i = target[e]
                for lane in range(lanes):
                    alpha[t + 1, i, lane] += table[row[lane] + e, lane] * alpha[t, j, lane]


@kernel
def backward(first, target, finals, steps, run):  # type: ignore[no-untyped-def]
    """Add h to the counts, in lanes whose wanted last state is not rare."""
    symbols, length, goal, table, alpha, beta = run.symbols, run.length, run.goal, run.table, run.alpha, run.beta
    states, edges, lanes, counts = first.size - 1, target.size, table.shape[1], run.counts
    row = np.empty(lanes, dtype=np.int64)
    for i in range(states):
        for lane in range(lanes):
            beta[steps % 2, i, lane] = 0.0
    for t in range(steps, 0, -1):
        now, before = t % 2, 1 - t % 2
        for lane in range(lanes):
            row[lane] = symbols[t - 1, lane] * edges
            if length[lane] == t and alpha[t, finals[goal[lane]], lane] >= RARE:
                beta[now, finals[goal[lane]], lane] = 1.0 / alpha[t, finals[goal[lane]], lane]
        for j in range(states):
            for lane in range(lanes):
                beta[before, j, lane] = 0.0
            for e in range(first[j], first[j + 1]):
                i = target[e]
                for lane in range(lanes):
                    back = table[row[lane] + e, lane] * beta[now, i, lane]
                    beta[before, j, lane] += back
                    counts[row[lane] + e, lane] += back * alpha[t - 1, j, lane]


@kernel
def pass_through(cell, run):  # type: ignore[no-untyped-def]
    """Both sweeps of the sequences in `run`: its counts, answers and scores.

    A sequence whose wanted last state is impossible has the score -inf, and counts of zero.
    """
    first, target, start, finals = cell.first, cell.target, cell.start, cell.finals
    length, goal, alpha, answer, score = run.length, run.goal, run.alpha, run.answer, run.score
    steps = 0
    for lane in range(length.size):
        steps = max(steps, length[lane])
    forward(first, target, start, steps, run.symbols, run.table, alpha)
    zero(run.counts)
    backward(first, target, finals, steps, run)
    for lane in range(length.size):
        T = length[lane]
        low, high = alpha[T, finals[0], lane], alpha[T, finals[1], lane]
        answer[lane] = high - low
        likely = high if goal[lane] == 1 else low
        if likely >= RARE:
            score[lane] = math.log(likely)
        elif T > 0:
            score[lane] = in_logarithms(first, target, start, finals[goal[lane]], lane, run)


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
def in_logarithms(first, target, start, goal, lane, run):  # type: ignore[no-untyped-def]
    """log P(last state = goal) of one lane, and its h added to the counts; for probabilities of any size, 0 included."""
    symbols, counts, T, states, edges = run.symbols, run.counts, run.length[lane], first.size - 1, target.size
    alpha, beta, logs = np.empty((T + 1, states)), np.empty((T + 1, states)), np.empty(run.table.shape[0])
    for p in range(logs.size):
        logs[p] = math.log(run.table[p, lane]) if run.table[p, lane] > 0.0 else -np.inf
    for t in range(T + 1):
        for i in range(states):
            alpha[t, i], beta[t, i] = -np.inf, -np.inf
    alpha[0, start], beta[T, goal] = 0.0, 0.0
    for t in range(T):
        for j in range(states):
            for e in range(first[j], first[j + 1]):
                onward = alpha[t, j] + logs[symbols[t, lane] * edges + e]
                alpha[t + 1, target[e]] = log_sum(alpha[t + 1, target[e]], onward)
    total = alpha[T, goal]
    if total == -np.inf:
        return total
    for t in range(T - 1, -1, -1):
        for j in range(states):
            for e in range(first[j], first[j + 1]):
                p = symbols[t, lane] * edges + e
                back = logs[p] + beta[t + 1, target[e]]
                beta[t, j] = log_sum(beta[t, j], back)
                counts[p, lane] += math.exp(alpha[t, j] + back - total)
    return total


@kernel
def answers(cell, run, inputs, lengths, out):  # type: ignore[no-untyped-def]
    """out (n,): P(class +1) - P(class -1) at the end of each sequence of inputs (1, n, T, 1), by the network in `run.table`."""
    lanes = run.length.size
    for begin in range(0, lengths.size, lanes):
        count = min(lanes, lengths.size - begin)
        steps = 0
        for lane in range(count):
            steps = max(steps, lengths[begin + lane])
            load(cell.thresholds, inputs, 0, begin + lane, lengths[begin + lane], run.symbols, lane)
        forward(cell.first, cell.target, cell.start, steps, run.symbols, run.table, run.alpha)
        for lane in range(count):
            T = lengths[begin + lane]
            out[begin + lane] = run.alpha[T, cell.finals[1], lane] - run.alpha[T, cell.finals[0], lane]
