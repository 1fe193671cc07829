"""Every architecture once more, in plain Python, from its formula: one sequence through one network."""

import math

F = {
    "tanh": math.tanh,
    "linear": lambda a: a,
    "threshold": lambda a: 1.0 if a >= 0 else -1.0,
    "logistic": lambda a: 1.0 / (1.0 + math.exp(-a)),
}


def dense(model, p, inputs):
    """x_t = f(W x_{t-1} + e_0 u_t)."""
    n, f = model.units_count, F[model.units]
    x = [model.start] * n
    for (u,) in inputs:
        x = [f(sum(p[i * n + j] * x[j] for j in range(n)) + (u if i == 0 else 0.0)) for i in range(n)]
    return x[-1]


def parity(model, p, inputs):
    """h = f(w1 u + w2 o' + b1), o = f(w3 h + w4 u + w5 o' + b2); synchronous: w3 h'."""
    w1, w2, b1, w3, w4, w5, b2 = p
    f, o = F[model.units], model.start
    h = {"tanh": 0.0, "threshold": -1.0, "logistic": 0.5}[model.units]
    for (u,) in inputs:
        new = f(w1 * u + w2 * o + b1)
        h, read = new, new if model.order == "hidden first" else h
        o = f(w3 * read + w4 * u + w5 * o + b2)
    return o


def latch(model, p, inputs):
    """x_t = f(w x_{t-1} + u_t), u_t a trained input first and noise then."""
    w, free = (p[0], p[1:]) if model.train_w else (model.w0, p)
    f, x = F[model.units], model.start
    for channels in inputs:
        x = f(w * x + sum(free[k] * channels[k] for k in range(2 * model.L)) + channels[-1])
    return x


def split(model, p):
    """Self-loops, input weights, biases, weights and bias of the answer."""
    n, m = model.units_count, model.input_dim
    B = [p[n + i * m : n + (i + 1) * m] for i in range(n)]
    b, v, c = p[n + n * m : 2 * n + n * m], p[2 * n + n * m : 3 * n + n * m], p[-1]
    return p[:n], B, b, v, c


def local_feedback(model, p, inputs):
    """X_i' = w_i X_i + sum_k B_ik u_k + b_i and y = tanh(sum_i v_i tanh(X_i) + c), or the tanh within the loop."""
    w, B, b, v, c = split(model, p)
    x = [0.0] * model.units_count
    for u in inputs:
        x = [wi * xi + sum(k * uk for k, uk in zip(Bi, u, strict=True)) + bi for wi, xi, Bi, bi in zip(w, x, B, b, strict=True)]
        if model.loop == "tanh":
            x = [math.tanh(xi) for xi in x]
    seen = x if model.loop == "tanh" else [math.tanh(xi) for xi in x]
    return math.tanh(sum(vi * xi for vi, xi in zip(v, seen, strict=True)) + c)


def focused(model, p, inputs):
    """c_i' = w_i c_i + tanh(sum_k B_ik u_k + b_i), y = tanh(sum_i v_i c_i + c)."""
    w, B, b, v, c = split(model, p)
    context = [0.0] * model.units_count
    for u in inputs:
        read = [math.tanh(sum(k * uk for k, uk in zip(Bi, u, strict=True)) + bi) for Bi, bi in zip(B, b, strict=True)]
        context = [wi * ci + ri for wi, ci, ri in zip(w, context, read, strict=True)]
    return math.tanh(sum(vi * ci for vi, ci in zip(v, context, strict=True)) + c)


def random_search(model, p, inputs):
    """The example of AnyWiring: logistic h and o, each connected to both and to the input, a bias on h only."""
    h = o = 0.0
    for (u,) in inputs:
        h = F["logistic"](p[0] * u + p[1] * h + p[2] * o + p[3])
        o = F["logistic"](p[4] * u + p[5] * h + p[6] * o)
    return o


def cell(model, p, inputs):
    """s' = s + i g and y = tanh(s), i = logistic(p0 u + p1 y' + p2) and g = tanh(p3 u + p4 y')."""
    s = y = 0.0
    for (u,) in inputs:
        gate, new = F["logistic"](p[0] * u + p[1] * y + p[2]), math.tanh(p[3] * u + p[4] * y)
        s += gate * new
        y = math.tanh(s)
    return y
