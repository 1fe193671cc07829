"""The architectures proposed against gradient decay, in plain Python from their formulas: one sequence through one network.

Parameters are read by name: `p["W[0,1]"]`.
"""

import math

F = {"tanh": math.tanh, "linear": lambda a: a, "logistic": lambda a: 1.0 / (1.0 + math.exp(-a))}


def parameters(model, column):
    return dict(zip(model.names, column, strict=True))


def dot(p, name, row, values):
    """`sum_j name[row,j] values_j`."""
    return sum(p[f"{name}[{row},{j}]"] * value for j, value in enumerate(values))


def answer(model, p, read):
    return F[model.answer](dot(p, "V", 0, read) + p["c[0]"])


def elman(model, column, inputs):
    p, n = parameters(model, column), model.units_count
    h = [0.0] * n
    for u in inputs:
        h = [math.tanh(dot(p, "B", i, u) + dot(p, "W", i, h) + p[f"b[{i}]"]) for i in range(n)]
    return answer(model, p, h)


def embedded_memory(model, column, inputs):
    p, n = parameters(model, column), model.units_count
    past = [[0.0] * n] * model.delays
    for u in inputs:
        total = [dot(p, "B", i, u) + sum(dot(p, f"W{d + 1}", i, h) for d, h in enumerate(past)) for i in range(n)]
        past = [[math.tanh(a + p[f"b[{i}]"]) for i, a in enumerate(total)], *past[:-1]]
    return answer(model, p, past[0])


def narx(model, column, inputs):
    p, y = parameters(model, column), [0.0] * model.delays
    window = [[0.0] * model.input_dim] * (model.input_delays + 1)
    for u in inputs:
        window = [u, *window[:-1]]
        h = []
        for i in range(model.units_count):
            read = sum(dot(p, f"B{k}", i, old) for k, old in enumerate(window))
            fed_back = sum(p[f"A[{i},{d + 1}]"] * value for d, value in enumerate(y))
            h.append(math.tanh(read + fed_back + p[f"b[{i}]"]))
        y = [math.tanh(dot(p, "v", 0, h) + p["c"]), *y[:-1]]
    return y[0]


def narx_neuron(model, column, inputs):
    x = [0.0] * model.delays
    for channels in inputs:
        entering = sum(value * channel for value, channel in zip(column, channels, strict=False)) + channels[-1]
        x = [math.tanh(sum(model.w / model.delays * old for old in x) + entering), *x[:-1]]
    return x[0]


def time_delay(model, column, inputs):
    p = parameters(model, column)
    window = ([[0.0] * model.input_dim] * model.window + list(inputs))[::-1][: model.window + 1]
    total = [sum(dot(p, f"B{k}", i, old) for k, old in enumerate(window)) for i in range(model.units_count)]
    return answer(model, p, [math.tanh(a + p[f"b[{i}]"]) for i, a in enumerate(total)])


def gamma_memory(model, column, inputs):
    p, m = parameters(model, column), model.input_dim
    x = [[0.0] * m for _ in range(model.taps + 1)]
    for u in inputs:
        mu = p["mu"]
        leaky = [[(1 - mu) * new + mu * old for new, old in zip(x[k], x[k - 1], strict=True)] for k in range(1, len(x))]
        x = [list(u), *leaky]
    total = [sum(dot(p, f"B{k}", i, tap) for k, tap in enumerate(x)) for i in range(model.units_count)]
    return answer(model, p, [math.tanh(a + p[f"b[{i}]"]) for i, a in enumerate(total)])


def time_constants(model, column, inputs):
    p, n = parameters(model, column), model.units_count
    tau = [p[f"tau[{i}]"] for i in range(n)] if "tau[0]" in p else model.tau
    c = [0.0] * n
    for u in inputs:
        net = [dot(p, "B", i, u) + dot(p, "W", i, c) + p[f"b[{i}]"] for i in range(n)]
        c = [t * old + (1 - t) * math.tanh(a) for t, old, a in zip(tau, c, net, strict=True)]
    return answer(model, p, c)


def hierarchical(model, column, inputs):
    """Every level h_l(t - s_l) from a list of all its past outputs."""
    p, n = parameters(model, column), model.units_count
    past = [[[0.0] * n] for _ in model.delays]
    for t, u in enumerate(inputs, start=1):
        read = u
        for l, s in enumerate(model.delays):
            old = past[l][max(t - s, 0)]
            read = [math.tanh(dot(p, f"B{l}", i, read) + dot(p, f"W{l}", i, old) + p[f"b{l}[{i}]"]) for i in range(n)]
            past[l].append(read)
    return answer(model, p, [x for level in past for x in level[-1]])


def clocked(model, column, inputs):
    p, n = parameters(model, column), model.units_count
    h = [[0.0] * n for _ in model.periods]
    for t, u in enumerate(inputs, start=1):
        read = u
        for l, s in enumerate(model.periods):
            if t % s == 0:
                h[l] = [math.tanh(dot(p, f"B{l}", i, read) + dot(p, f"W{l}", i, h[l]) + p[f"b{l}[{i}]"]) for i in range(n)]
            read = h[l]
    return answer(model, p, [x for level in h for x in level])


def guessing(model, column, inputs):
    """A1 where the hidden units have a matrix W, A2 where they see themselves by w."""
    p, n, f = parameters(model, column), model.units_count, F["logistic"]
    h, o = [0.0] * n, 0.0
    for u in inputs:
        itself = [p[f"w[{i}]"] * h[i] if "w[0]" in p else dot(p, "W", i, h) for i in range(n)]
        new = [f(dot(p, "B", i, u) + itself[i] + p[f"A[{i},0]"] * o + p[f"b[{i}]"]) for i in range(n)]
        read = h if model.order == "synchronous" else new
        h, o = new, f(dot(p, "D", 0, u) + dot(p, "V", 0, read) + p["R[0,0]"] * o + p.get("c[0]", 0.0))
    return o


def lstm(model, column, inputs):
    """Of 1997, and with forget gates where there are any."""
    p, f, cells = parameters(model, column), F["logistic"], model.units_count
    kinds = ["in", "out"] + (["forget"] if "b_forget[0]" in p else [])
    s, m, gates = [0.0] * cells, [0.0] * cells, {kind: [0.0] * model.blocks for kind in kinds}
    for u in inputs:
        hidden = m + [value for kind in kinds for value in gates[kind]]

        def net(kind, i, u=u, hidden=hidden):
            return dot(p, f"B_{kind}", i, u) + dot(p, f"W_{kind}", i, hidden) + p[f"b_{kind}[{i}]"]

        gates = {kind: [f(net(kind, b)) for b in range(model.blocks)] for kind in kinds}
        for c in range(cells):
            b = c // model.size
            kept = gates["forget"][b] if "forget" in kinds else 1.0
            s[c] = kept * s[c] + gates["in"][b] * (4 * f(net("z", c)) - 2)
        m = [gates["out"][c // model.size] * (2 * f(s[c]) - 1) for c in range(cells)]
    return F[model.answer](dot(p, "V", 0, m) + p.get("c[0]", 0.0))


def second_order(model, column, inputs):
    p, n = parameters(model, column), model.units_count
    h = [0.0] * n
    for u in inputs:
        products = [sum(p[f"W[{i},{j},{k}]"] * hj * uk for j, hj in enumerate(h) for k, uk in enumerate(u)) for i in range(n)]
        h = [math.tanh(products[i] + dot(p, "W", i, h) + dot(p, "B", i, u) + p[f"b[{i}]"]) for i in range(n)]
    return answer(model, p, h)


def radial_basis(model, column, inputs):
    p, n = parameters(model, column), model.units_count
    h = [0.0] * n
    for u in inputs:
        z = [*h, *u]
        far = [sum((value - p[f"m[{i},{j}]"]) ** 2 for j, value in enumerate(z)) for i in range(n)]
        h = [math.exp(-0.5 * square / model.width**2) for square in far]
    return answer(model, p, h)


def time_warping(model, column, inputs):
    p, n = parameters(model, column), model.units_count
    S, before = [0.0] * n, [0.0] * model.input_dim
    for u in inputs:
        l = sum(abs(new - old) for new, old in zip(u, before, strict=True))
        field = [math.tanh(dot(p, "W", i, S) + dot(p, "B", i, before) + p[f"b[{i}]"]) for i in range(n)]
        S, before = [old + l * move for old, move in zip(S, field, strict=True)], u
    return answer(model, p, S)


def lstm_truncated(model, column, inputs, target):
    """The rule of Hochreiter and Schmidhuber (1997), A.1, as they wrote it: -dC/dw by the forward traces of every cell.

    ds/dw of the weights into cells and input gates (forget gates too, Gers et al.) is carried along; errors exist at the end.
    """
    p, f, cells = parameters(model, column), F["logistic"], model.units_count
    forgets = "b_forget[0]" in p
    kinds = ["in", "out"] + (["forget"] if forgets else [])
    s, m, gates = [0.0] * cells, [0.0] * cells, {kind: [0.0] * model.blocks for kind in kinds}
    traces = [{} for _ in range(cells)]
    for u in inputs:
        hidden = m + [value for kind in kinds for value in gates[kind]]
        read = {kind: {f"B_{kind}[{{}},{k}]": x for k, x in enumerate(u)} for kind in (*kinds, "z")}
        for kind, of in read.items():
            of.update({f"W_{kind}[{{}},{j}]": y for j, y in enumerate(hidden)})
            of[f"b_{kind}[{{}}]"] = 1.0

        def net(kind, i, read=read):
            return sum(p[name.format(i)] * y for name, y in read[kind].items())

        gates = {kind: [f(net(kind, b)) for b in range(model.blocks)] for kind in kinds}
        for c in range(cells):
            b, z = c // model.size, f(net("z", c))
            g, slope, y_in = 4 * z - 2, 4 * z * (1 - z), gates["in"][b]
            kept = gates["forget"][b] if forgets else 1.0
            new = {name: kept * value for name, value in traces[c].items()}
            for name, y in read["z"].items():
                new[name.format(c)] = new.get(name.format(c), 0.0) + slope * y_in * y
            for name, y in read["in"].items():
                new[name.format(b)] = new.get(name.format(b), 0.0) + g * y_in * (1 - y_in) * y
            for name, y in read["forget"].items() if forgets else ():
                new[name.format(b)] = new.get(name.format(b), 0.0) + s[c] * kept * (1 - kept) * y
            traces[c], s[c] = new, kept * s[c] + y_in * g
        h = [2 * f(value) - 1 for value in s]
        m = [gates["out"][c // model.size] * h[c] for c in range(cells)]
    y = math.tanh(dot(p, "V", 0, m))
    e = (1 - y * y) * (target - y)
    step = dict.fromkeys(p, 0.0) | {f"V[0,{c}]": e * m[c] for c in range(cells)}
    for c in range(cells):
        b = c // model.size
        y_out = gates["out"][b]
        for name, value in read["out"].items():
            step[name.format(b)] += y_out * (1 - y_out) * h[c] * p[f"V[0,{c}]"] * e * value
        for name, value in traces[c].items():
            step[name] += y_out * 0.5 * (1 - h[c] ** 2) * p[f"V[0,{c}]"] * e * value
    return [step[name] for name in p]


def elman_one_step(model, column, inputs, target):
    """-dC/dw of Elman's net with the last hidden outputs taken as an input: nothing goes further back than the last step."""
    p, n = parameters(model, column), model.units_count
    h = [0.0] * n
    for u in inputs:
        before = h
        h = [math.tanh(dot(p, "B", i, u) + dot(p, "W", i, before) + p[f"b[{i}]"]) for i in range(n)]
    y = answer(model, p, h)
    e = (1 - y * y) * (target - y)
    step = {"c[0]": e} | {f"V[0,{i}]": e * h[i] for i in range(n)}
    for i in range(n):
        error = (1 - h[i] ** 2) * p[f"V[0,{i}]"] * e
        step |= {f"B[{i},{k}]": error * x for k, x in enumerate(inputs[-1])} | {f"b[{i}]": error}
        step |= {f"W[{i},{j}]": error * x for j, x in enumerate(before)}
    return [step[name] for name in p]


def carried_loss(W, errors, outputs):
    """Omega of Pascanu et al. for `a' = W tanh(a) + ...`: the errors d(t+1) and the outputs tanh(a(t)) are held constant."""
    total = 0.0
    for d, x in zip(errors, outputs, strict=True):
        n = len(d)
        v = [(1 - x[j] ** 2) * sum(W[i * n + j] * d[i] for i in range(n)) for j in range(n)]
        total += (math.hypot(*v) / math.hypot(*d) - 1) ** 2
    return total
