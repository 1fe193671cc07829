"""Corana's annealing as pygmo has it; run by `annealing.py` in the environment of `pygmo.txt`. The cost is in NumPy."""

import sys

import numpy as np
import pygmo
from turns import take_turns

given, answer, moves, bound = sys.argv[1:]
data = np.load(given)
inputs, lengths, targets, start = (data[name] for name in ("inputs", "lengths", "targets", "start"))
UNITS = inputs.shape[2]


class Problem:
    def fitness(self, weights):
        W = weights.reshape(UNITS, UNITS).T
        x = np.zeros((len(inputs) + 1, *inputs.shape[1:]))
        for t, u in enumerate(inputs):
            np.matmul(x[t], W, out=x[t + 1])
            x[t + 1] += u
            np.tanh(x[t + 1], out=x[t + 1])
        return [np.mean((x[lengths, np.arange(len(lengths)), -1] - 0.8 * targets) ** 2) / 2]

    def get_bounds(self):
        return [-float(bound)] * len(start), [float(bound)] * len(start)


adjustments = max(int(moves) // (20 * len(start)), 1)
population = None


def anneal():
    global population
    population = pygmo.population(pygmo.problem(Problem()), seed=1)
    population.push_back(start)
    algorithm = pygmo.simulated_annealing(Ts=1.0, Tf=0.9, n_T_adj=1, n_range_adj=adjustments, bin_size=20, seed=1)
    population = pygmo.algorithm(algorithm).evolve(population)


take_turns(anneal, per=lambda: population.problem.get_fevals() - 1)
np.savez(answer, evaluations=population.problem.get_fevals() - 1)
