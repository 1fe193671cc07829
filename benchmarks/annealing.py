"""Moves per second of simulated annealing, against scipy's dual_annealing and pygmo's version of Corana's algorithm.

    python -m benchmarks.annealing

The cost of the papers' net of five units and 25 weights on 20 sequences of the 2-sequence problem, lengths T/2 to T. Peers get
the cost in NumPy, all sequences at once; every one of its evaluations is one move of ours. No answer counts as right, so that
nobody stops early. Times are of one evaluation of the cost.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.optimize import dual_annealing

from benchmarks.commands import script
from benchmarks.common import cpu
from benchmarks.contract import Row, Setting, Timed, times, versus
from dynlatch.lanes.show import Criterion
from dynlatch.training import Dense, SimulatedAnnealing, TwoSequence
from dynlatch.training.block import pack
from dynlatch.training.trials import seeds, trial

SEQUENCES, BOUND, UNITS, BAR = 20, 5.0, 5, 8.0


def cost(weights, inputs, lengths, targets):
    """Mean of (y - 0.8 d)^2 / 2; inputs (T, n, 5), zero but for the first unit."""
    W = weights.reshape(UNITS, UNITS).T
    x = np.zeros((len(inputs) + 1, *inputs.shape[1:]))
    for t, u in enumerate(inputs):
        np.matmul(x[t], W, out=x[t + 1])
        x[t + 1] += u
        np.tanh(x[t + 1], out=x[t + 1])
    return np.mean((x[lengths, np.arange(len(lengths)), -1] - 0.8 * targets) ** 2) / 2


def ours(packed, moves):
    rule = SimulatedAnnealing(temperature=1.0, step=1.0, bound=BOUND, adjustments=125)
    lanes = packed.show.lanes
    lanes.pause[0] = lanes.presentations[0] + SEQUENCES * moves
    rule.update(Dense(UNITS), packed.theta, packed.state, packed.show)


def scipys(objective, moves):
    return dual_annealing(objective, [(-BOUND, BOUND)] * UNITS**2, no_local_search=True, seed=0, maxfun=moves, maxiter=10**9)


class Counted:
    """A function that counts its calls: what an optimiser reports may be something else."""

    def __init__(self, function):
        self.function, self.calls = function, 0

    def __call__(self, x):
        self.calls += 1
        return self.function(x)


def packed_trial(T):
    """One trial whose answers are never right, and its sequences."""
    rule = SimulatedAnnealing(temperature=1.0, step=1.0, bound=BOUND, adjustments=125)
    one = trial(0, seeds(0, 1)[0], TwoSequence(T=T), SEQUENCES)
    packed = pack(rule, Dense(UNITS), [one], None, 10**15)
    lanes = packed.show.lanes._replace(criterion=Criterion(0.8, np.inf, np.inf))
    object.__setattr__(packed.show, "lanes", lanes)
    return packed, one.sequences


def scipys_turn(data, moves):
    """Seconds of one evaluation by SciPy, by the calls it really made."""
    objective = Counted(lambda w: cost(w, **data))
    seconds, _ = cpu(lambda: scipys(objective, moves))
    return seconds / objective.calls


def rows(setting: Setting) -> Iterator[Row]:
    lengths, moves = ((10,), 30) if setting.quick else ((10, 20, 50, 100), 400)
    for T in lengths:
        packed, sequences = packed_trial(T)
        inputs = np.concatenate([sequences.inputs, np.zeros((T, SEQUENCES, UNITS - 1))], axis=2)
        data = {"inputs": inputs, "lengths": sequences.lengths, "targets": sequences.targets}
        start = packed.theta[: UNITS**2, 0].copy()
        ours(packed, 1)  # imports and compilation
        assert np.isclose(packed.state[2][1, 0], cost(start, **data), rtol=1e-12), "both compute the same cost"
        mine = Timed(lambda packed=packed: ours(packed, 10 * moves), per=10 * moves)
        work, rounds = f"T = {T}", setting.several()
        yield versus(work, "scipy dual_annealing", mine, lambda data=data: scipys_turn(data, moves), rounds, bar=times(BAR))
        with setting.peer("pygmo", "run_pygmo.py", {**data, "start": start}, moves, BOUND) as peer:
            yield versus(work, "pygmo, Corana's", mine, peer.turn, rounds)


if __name__ == "__main__":
    script(__name__, rows)
