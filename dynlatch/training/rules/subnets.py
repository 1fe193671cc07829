"""Learning of softmax subnets of real inputs (`models.input_subnets`): the kernels of StochasticAscent and GeneralizedEM.

With h_t the expected transitions of step t given the wanted last state, and N_j,t their sum over the row of state j, the slope
in the activations of that step is `g = h_t - N_j,t P_t + c |det A_t| P (G - sum over the row of P G)`, `G = A_t^-T`, as in
`lanes.softmax_states`; a bias gains the sum of g over the steps, the weight of an input the sum of g u.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.show import Lanes, awake, next_sequence
from dynlatch.lanes.softmax_states import adapt, climbs, settle, start_afresh, transitions
from dynlatch.lanes.state_epochs import Epoch, begin_again, enter, judge, mark, opened
from dynlatch.lanes.state_network import pass_through, take
from dynlatch.training.models.input_subnets import SubnetCell


def opened_by_step(cell: SubnetCell, lanes: Lanes, seeds: Sequence[np.random.SeedSequence]) -> Epoch:
    """Epochs before their first sequence; counts ((n T E), L) of every step, since each step has its own probabilities."""
    L, n, T = lanes.inputs.shape[:3]
    return opened(cell, lanes, seeds)._replace(counts=np.zeros((n * T * len(cell.target), L)))  # type: ignore[arg-type]


@kernel
def learn_online(cell, theta, show, run, pace, schedule, right, end, random, det_weight):  # type: ignore[no-untyped-def]
    """Trial after trial, until every one sleeps; `right` sums scores since the last mistake."""
    (sharpness, patience, eta), S = end, cell.first.size - 1
    table, slope, A, inverse = np.empty(run.counts.size), np.empty(cell.trained), np.empty((S, S)), np.empty((S, S))
    for lane in range(theta.shape[1]):
        while awake(show, lane):
            which = next_sequence(show, lane)
            length = show.lengths[lane, which]
            answer, score = sweep(cell, theta, show, run, lane, which, table)
            mark(show, lane, which, answer, score, right, sharpness)
            adapt(pace, schedule, lane, score)
            if show.learned[lane]:
                continue
            if pace.windows[lane] >= patience and show.streak[lane] < schedule.window:
                start_afresh(cell, theta, lane, pace, eta, random)
            else:
                for p in range(cell.trained):
                    slope[p] = 0.0
                climb(cell, table, run.counts, 0, show.inputs, lane, which, length, det_weight, A, inverse, slope)
                move(cell, theta, lane, slope, pace.eta[lane])


@kernel
def learn_batch(cell, theta, show, epoch, run, random, end, pace, schedule, det_weight, steps, eta):  # type: ignore[no-untyped-def]
    """Trial after trial, until every one sleeps."""
    n, S, block = show.lengths.shape[1], cell.first.size - 1, run.counts.size
    table, slope, A, inverse = np.empty(block), np.empty(cell.trained), np.empty((S, S)), np.empty((S, S))
    for trial in range(theta.shape[1]):
        while study(cell, theta, show, trial, epoch, run, table):
            afresh = judge(show, trial, epoch, end)
            adapt(pace, schedule, trial, epoch.score[trial] / n)
            if afresh:
                start_afresh(cell, theta, trial, pace, eta, random)
            elif not show.learned[trial]:
                for _ in range(steps):
                    for p in range(cell.trained):
                        slope[p] = 0.0
                    for which in range(n):
                        length = show.lengths[trial, which]
                        transitions(cell, theta, trial, show.inputs, trial, which, length, table)
                        counts, begin = epoch.counts[:, trial], which * block
                        climb(cell, table, counts, begin, show.inputs, trial, which, length, det_weight, A, inverse, slope)
                    move(cell, theta, trial, slope, pace.eta[trial] / n)
            begin_again(epoch, trial, afresh)


@kernel
def study(cell, theta, show, trial, epoch, run, table):  # type: ignore[no-untyped-def]
    """Show the rest of the epoch, as far as this call may go; whether the epoch is complete."""
    n, block = show.lengths.shape[1], run.counts.size
    while epoch.position[trial] < n and awake(show, trial):
        which = epoch.position[trial]
        answer, score = sweep(cell, theta, show, run, trial, which, table)
        for p in range(block):
            epoch.counts[which * block + p, trial] = run.counts[p]
        enter(show, trial, epoch, answer, score)
    return epoch.position[trial] == n


@kernel
def sweep(cell, theta, show, run, lane, which, table):  # type: ignore[no-untyped-def]
    """One presentation: (answer, score), the probabilities in `table`, the expected transitions of every step in the counts."""
    length = show.lengths[lane, which]
    transitions(cell, theta, lane, show.inputs, lane, which, length, table)
    take(cell, table, run)
    for p in range(run.counts.size):
        run.counts[p] = 0.0
    show.presentations[lane] += 1
    return pass_through(cell, run, length, 1 if show.targets[lane, which] > 0.0 else 0)


@kernel
def climb(cell, table, counts, begin, inputs, trial, which, length, det_weight, A, inverse, slope):  # type: ignore[no-untyped-def]
    """Add the slope of one sequence, whose counts begin at `begin`; nothing where its last state is impossible."""
    edges = cell.target.size
    g = np.empty(edges)
    for t in range(length):
        if climbs(cell, table, t * edges, counts, begin + t * edges, det_weight, A, inverse, g):
            for e in range(edges):
                slope[e] += g[e]
                for f in range(cell.inputs):
                    slope[(f + 1) * edges + e] += g[e] * inputs[trial, which, t, f]


@kernel
def move(cell, theta, lane, slope, rate):  # type: ignore[no-untyped-def]
    """Follow the slope; the biases of a row, and its weights of each input, then have mean zero and stay within +-8."""
    first, edges = cell.first, cell.target.size
    for p in range(cell.trained):
        theta[p, lane] += rate * slope[p]
    for k in range(0, cell.trained, edges):
        for j in range(first.size - 1):
            settle(theta, k + first[j], k + first[j + 1], lane)
