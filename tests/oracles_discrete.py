"""Slow transcriptions of the discrete rules from their formulas, one sequence at a time, with NumPy's own random numbers."""

import math

import numpy as np

F = {
    "tanh": (math.tanh, lambda a: 1.0 - math.tanh(a) ** 2),
    "linear": (lambda a: a, lambda a: 1.0),
    "logistic": (lambda a: 1.0 / (1.0 + math.exp(-a)), lambda a: math.exp(-a) / (1.0 + math.exp(-a)) ** 2),
    "threshold": (lambda a: 1.0 if a >= 0.0 else -1.0, None),
}


def run(model, weights, inputs):
    """Total inputs a[t][i] and a function that gives the signal of any source at any time."""
    n, m = len(model.units), model.input_dim
    start = np.broadcast_to(model.start, n)
    y = {(0, i): float(start[i]) for i in range(n)}
    a = {}

    def signal(t, j):
        if j < n:
            return y[max(t, 0), j]
        return 1.0 if j == n + m else inputs[t - 1][j - n]

    for t in range(1, len(inputs) + 1):
        for i, kind in enumerate(model.units):
            a[t, i] = sum(weights[w] * signal(t - delay, j) for to, j, w, delay, *_ in model.connections if to == i)
            y[t, i] = F[kind][0](a[t, i])
    return a, signal


def dep_update(model, weights, inputs, target, stream, rule):
    """The weights after one presentation to discrete error propagation, and whether the answer was right."""
    n, T, trained = len(model.units), len(inputs), len(model.names)
    a, signal = run(model, weights, inputs)
    answer = signal(T, model.output)
    if answer * target > 0.0:
        return weights, True
    wish = {(t, i): 0.0 for t in range(T + 1) for i in range(n)}
    wish[T, model.output] = (target if model.units[model.output] == "threshold" else 0.8 * target) - answer
    change = np.zeros(trained)
    for t in range(T, 0, -1):
        for i in reversed(range(n)):
            read = [(j, w, delay) for to, j, w, delay, *_ in model.connections if to == i]
            q, rate, share = asked_of(model.units[i], wish[t, i], a[t, i], stream, rule)
            if model.units[i] == "threshold":
                rate = 1.0 / len(read) if rule.slope == "step" else 1.0
                share = sum(weights[w] ** 2 for j, w, _ in read if j < n) if rule.feedback == "normalised" else 1.0
            for j, w, delay in read:
                if w < trained:
                    change[w] += rate * q * signal(t - delay, j)
                if j < n and q != 0.0:
                    wish[max(t - delay, 0), j] += weights[w] * q / share
    return np.concatenate([weights[:trained] + rule.eta * change, weights[trained:]]), False


def asked_of(kind, g, a, stream, rule):
    """The change q of the total input, for a wish g; then the factors of a unit with a derivative."""
    if kind != "threshold":
        return F[kind][1](a) * g, 1.0, 1.0
    if g == 0.0:
        return 0.0, 1.0, 1.0
    g, drawn = float(np.clip(g, -2.0, 2.0)), stream.random()
    if rule.discretisation == "two-valued":
        asked = 2.0 if drawn < (g + 2.0) / 4.0 else -2.0
    else:
        asked = math.copysign(2.0, g) if drawn < abs(g) / 2.0 else 0.0
    possible = (asked == 2.0 and a < 0.0) or (asked == -2.0 and a >= 0.0)
    if not possible:
        return 0.0, 1.0, 1.0
    sign = math.copysign(1.0, asked)
    return (sign * rule.margin - a if rule.slope == "step" else sign * 2.0 / (rule.margin + abs(a))), 1.0, 1.0


def flip_flop_update(theta, inputs, target, x0, rule):
    """The weights (w, free inputs, 1) after one presentation to the flip-flop rule, and whether the answer was right."""
    theta = np.array(theta)
    w, free = theta[0], len(theta) - 2
    u = [None, *(float(row @ theta[1:]) for row in inputs)]
    x = [x0]
    for t in range(1, len(u)):
        x.append(1.0 if w * u[t] >= 1.0 else -1.0 if w * u[t] <= -1.0 else x[-1])
    if x[-1] == target:
        return theta, True
    set_at = max((t for t in range(1, len(u)) if abs(w * u[t]) >= 1.0), default=0)
    kept = list(range(set_at + 1, len(u)))
    learned = [t for t in kept if inputs[t - 1][:free].any()]
    among = {"nothing": 1, "trained steps": len(learned), "all steps": len(kept)}[rule.share]
    for t in learned:
        weight = (0.5 if set_at else 1.0) / among
        theta[1 + int(np.argmax(inputs[t - 1]))] += min(1.0, rule.rate * weight) * (target * (1 + rule.k) / w - u[t])
    if set_at:
        part, inside = min(1.0, 0.5 * rule.rate), -target * (1 - rule.k)
        if inputs[set_at - 1][:free].any():
            wanted = inside if x[set_at - 1] == target else target * (1 + rule.k)
            theta[1 + int(np.argmax(inputs[set_at - 1]))] += part * (wanted / w - u[set_at])
        else:
            theta[0] = max(0.01, w + part * (inside / u[set_at] - w))
    return theta, False
