"""Slow, obvious learners that show one sequence after the other, in pure Python, written from the formulas.

They draw the random numbers that the compiled rules draw, so that whole runs can be compared.
"""

import math

TANH, LINEAR, THRESHOLD, LOGISTIC, RELU, EXPONENTIAL = range(6)
UNIT = {
    TANH: math.tanh,
    LINEAR: lambda a: a,
    THRESHOLD: lambda a: 1.0 if a >= 0 else -1.0,
    LOGISTIC: lambda a: 1 / (1 + math.exp(-a)),
    RELU: lambda a: max(a, 0.0),
    EXPONENTIAL: math.exp,
}


def output(net, weights, inputs, length):
    """The answer to one sequence, inputs (T, m): connection after connection, step after step."""
    n = len(net.kinds)
    x = {(t, i): float(net.start[i]) for t in range(-10, 1) for i in range(n)}
    for t in range(1, length + 1):
        signals = [*(None for _ in range(n)), *inputs[t - 1], 1.0]
        for i in range(n):
            a = 0.0
            for e in range(net.first[i], net.first[i + 1]):
                j, d = net.source[e], net.delay[e]
                a += weights[net.weight[e]] * (x[t - d, j] if j < n else signals[j])
            for target, j, p, d, k, late in net.gated:
                if target == i:
                    a += weights[p] * (x[t - d, j] if j < n else signals[j]) * (x[t - late, k] if k < n else signals[k])
            x[t, i] = UNIT[int(net.kinds[i])](a)
    return x[length, net.output]


class UsedUp(Exception):
    """The budget has no presentation left."""


class Learner:
    """One trial: its sequences, its stream, and the number of presentations."""

    def __init__(self, net, lanes, trial, weights, stream):
        self.net, self.lanes, self.trial, self.stream = net, lanes, trial, stream
        self.weights = list(weights)  # constants included
        self.presentations, self.learned = 0, False
        self.noisy = lanes.noise.std > 0 or lanes.noise.half_width > 0
        self.n = len(lanes.lengths[trial])

    def uniform(self):
        return self.stream.random()

    def normal(self):
        while True:
            v, w = 2 * self.uniform() - 1, 2 * self.uniform() - 1
            s = v * v + w * w
            if 0 < s < 1:
                return v * math.sqrt(-2 * math.log(s) / s)

    def show(self, weights, j):
        """One presentation: (output, class)."""
        if self.presentations == self.lanes.budget:
            raise UsedUp
        length, noise = int(self.lanes.lengths[self.trial, j]), self.lanes.noise
        inputs = self.lanes.inputs[self.trial, j].copy()
        if self.noisy:
            for t in range(noise.first, length + 1):
                drawn = noise.std * self.normal() if noise.std > 0 else 0.0
                drawn += noise.half_width * (2 * self.uniform() - 1) if noise.half_width > 0 else 0.0
                inputs[t - 1, noise.channel] += drawn
        self.presentations += 1
        return output(self.net, weights, inputs, length), self.lanes.targets[self.trial, j]

    def right(self, y, target):
        return self.lanes.criterion.low < y * target < self.lanes.criterion.high

    def all_right(self, weights, wanted, order):
        return all(self.right(*self.show(weights, order[k % self.n])) for k in range(wanted))

    def cost(self, weights):
        """The mean cost over all sequences, the longest first; without an error the trial has learned."""
        order = sorted(range(self.n), key=lambda j: -self.lanes.lengths[self.trial, j])
        answers = [self.show(weights, j) for j in order]
        a = self.lanes.criterion.amplitude
        if all(self.right(*answer) for answer in answers):
            self.learned = not self.noisy or self.all_right(weights, self.lanes.needed, order)
        return sum((y - a * d) ** 2 / 2 for y, d in answers) / self.n


def guess(learner, half_width):
    """Random weights until all sequences are answered right; returns the number of guesses."""
    guesses, P = 0, learner.net.trained
    try:
        while not learner.learned:
            if guesses > 0:
                learner.weights[:P] = [half_width * (2 * learner.uniform() - 1) for _ in range(P)]
            order = range(learner.n)
            learner.learned = learner.all_right(learner.weights, learner.n, order) and (
                not learner.noisy or learner.all_right(learner.weights, learner.lanes.needed, order)
            )
            guesses += 1
    except UsedUp:
        pass
    return guesses


def multigrid(learner, half_width, shrink, smallest, patience):
    """Candidates around the best point; returns the best points one after the other."""
    P = learner.net.trained
    [learner.uniform() for _ in range(P)]  # the first point is drawn from a box of size 0
    try:
        lowest, box, failures = learner.cost(learner.weights), half_width, 0
        path = [list(learner.weights)]
        while not learner.learned:
            candidate = [w + box * (2 * learner.uniform() - 1) for w in learner.weights[:P]] + learner.weights[P:]
            cost = learner.cost(candidate)
            if cost < lowest:
                box, failures, lowest = max(shrink * box, smallest), 0, cost
            else:
                failures += 1
            if cost == lowest or learner.learned:
                learner.weights = candidate
                path.append(candidate)
            if failures == patience:
                box, failures = half_width, 0
    except UsedUp:
        pass
    return path


def corana(f, x0, uniform, T, v0, bound, N_S, c, N_T, r_T, eps, N_eps, moves):
    """Corana et al. (1987), steps 0 to 6 in their words; yields (x, f, v, x_opt, f_opt, T, stopped) after each move."""
    n = len(x0)
    # Step 0 (initialization)
    x, v, i = list(x0), [v0] * n, 0
    fx = f(x)
    x_opt, f_opt = list(x), fx
    f_star = [fx] * N_eps
    accepted, h, j, m = [0] * n, 0, 0, 0
    yield list(x), fx, list(v), list(x_opt), f_opt, T, False
    while i < moves:
        i += 1
        # Step 1: a random point along direction h; outside the domain, again
        while True:
            new = list(x)
            new[h] = x[h] + v[h] * (2 * uniform() - 1)
            if -bound <= new[h] <= bound:
                break
        # Step 2: Metropolis
        f_new = f(new)
        if f_new <= fx:
            x, fx = new, f_new
            accepted[h] += 1
            if fx < f_opt:
                x_opt, f_opt = list(x), fx
        elif uniform() < math.exp((fx - f_new) / T):
            x, fx = new, f_new
            accepted[h] += 1
        # Step 3
        h += 1
        stopped = False
        if h == n:
            h, j = 0, j + 1
        # Step 4: the step vector
        if j == N_S:
            for u in range(n):
                if accepted[u] > 0.6 * N_S:
                    v[u] = min(v[u] * (1 + c * (accepted[u] / N_S - 0.6) / 0.4), 2 * bound)
                elif accepted[u] < 0.4 * N_S:
                    v[u] = v[u] / (1 + c * (0.4 - accepted[u] / N_S) / 0.4)
            accepted, j, m = [0] * n, 0, m + 1
        # Step 5: the temperature
        if m == N_T:
            T, m = r_T * T, 0
            # Step 6: the end, or on from the optimum
            stopped = all(abs(fx - old) <= eps for old in f_star) and fx - f_opt <= eps
            f_star = [fx, *f_star[:-1]]
            x, fx = list(x_opt), f_opt
        yield list(x), fx, list(v), list(x_opt), f_opt, T, stopped
        if stopped:
            return
