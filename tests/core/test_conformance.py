"""Every architecture and every map made of maps keeps the contracts of `dynlatch.maps`: one suite for all."""

import numpy as np
import pytest
import sympy
from conformance import check_map, checks_for
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import dynlatch as dl
from dynlatch.disturbances import Disturbed, Steered
from dynlatch.lanes.units import EXPONENTIAL, LINEAR, LOGISTIC, RELU, TANH
from dynlatch.lanes.wiring import Connection, wire
from dynlatch.networks import NETWORKS

SOFTSIGN = dl.Activation("softsign", lambda x: x / (1 + np.abs(x)), lambda x: (1 + np.abs(x)) ** -2.0, limits=(-1, 1))
RNG = np.random.default_rng(20240611)


def normal(*shape, scale=1.0):
    return scale * RNG.normal(size=shape)


def gru(n, m, bias=True, scale=1.0):
    biases = (normal(3 * n), normal(3 * n)) if bias else (None, None)
    return dl.GRU(normal(3 * n, m), normal(3 * n, n, scale=scale), *biases)


def reset_before(n, m, bias=True, scale=1.0):
    recurrent = normal(2 * n, n, scale=scale), normal(n, n, scale=scale)
    return dl.ResetBeforeGRU(normal(3 * n, m), *recurrent, normal(3 * n) if bias else None)


def lstm(n, m, bias=True, scale=1.0):
    biases = (normal(4 * n), normal(4 * n)) if bias else (None, None)
    return dl.LSTM(normal(4 * n, m), normal(4 * n, n, scale=scale), *biases)


def elman(n, m, activation="tanh"):
    return dl.ElmanNetwork(normal(n, n), normal(n, m), normal(n), activation)


def wired(kinds, connections, inputs=1, output=-1):
    """Connections (target, source, weight, delay), weights drawn."""
    weights = 1 + max(c[2] for c in connections)
    net = wire(
        [Connection(*c) for c in connections],
        kinds=kinds,
        inputs=inputs,
        output=output if isinstance(output, tuple) else output % len(kinds),
        trained=weights,
        start=-0.5,
    )
    return dl.WiredNetwork(net, normal(weights))


def wired_of_all():
    """Delays 0 to 3, a weight of two connections, an answer that nobody reads."""
    connections = [
        (0, 3, 0, 0),
        (0, 1, 1, 3),
        (0, 5, 2, 0),
        (1, 0, 3, 0),
        (1, 1, 4, 2),
        (2, 0, 3, 0),
        (2, 1, 3, 0),
        (2, 4, 5, 0),
    ]
    return wired([TANH, LINEAR, LOGISTIC], connections, inputs=2)


def wired_gated():
    """Squares, gates that are units, inputs and the constant one, now or late; two answers, one that nobody else reads."""
    connections = [
        *((0, 4, 0, 0), (0, 1, 1, 3), (0, 6, 2, 0, 0, 1), (0, 2, 3, 1, 1, 2), (1, 1, 4, 1), (1, 0, 5, 0, 5, 0)),
        *(
            (1, 2, 6, 2, 2, 2),
            (2, 0, 7, 0, 0, 0),
            (2, 1, 8, 0, 0, 3),
            (2, 0, 7, 0, 3, 2),
            (3, 2, 9, 0, 1, 0),
            (3, 4, 0, 0, 2, 1),
        ),
    ]
    return wired([TANH, LINEAR, LOGISTIC, RELU], connections, inputs=2, output=(3, 1))


def wired_memory_cell():
    """c' = f c + i g, h = o tanh(c), gates f, i, o and g of the input and h."""
    i, f, g, o, c, squashed, h, u, one = range(9)
    gates = [(k, source, 3 * k + n, late) for k in (i, f, g, o) for n, (source, late) in enumerate([(u, 0), (h, 1), (one, 0)])]
    cell = [(c, c, 12, 1, f, 0), (c, i, 12, 0, g, 0), (squashed, c, 12, 0), (h, o, 12, 0, squashed, 0)]
    return wired([LOGISTIC, LOGISTIC, TANH, LOGISTIC, LINEAR, TANH, LINEAR], gates + cell, output=h)


def wired_radial():
    """Two radial units exp(-|x - centre|^2) of the last answer, the answer their weighted sum."""
    d, e, near, far, y, u, one = range(7)
    distances = [(d, y, 0, 1), (d, one, 1, 0), (e, y, 0, 1), (e, one, 2, 0), (e, u, 3, 0)]
    radial = [(near, d, 4, 0, d, 0), (far, e, 4, 0, e, 0)]
    answer = [(y, near, 5, 0), (y, far, 6, 0)]
    net = wired([LINEAR, LINEAR, EXPONENTIAL, EXPONENTIAL, LINEAR], distances + radial + answer)
    return net.with_parameters(weights=np.where(np.arange(7) == 4, -0.7, net.weights))


PARITY = [(0, 2, 0, 0), (0, 1, 1, 1), (0, 3, 2, 0), (1, 0, 3, 0), (1, 2, 4, 0), (1, 1, 5, 1), (1, 3, 6, 0)]

SMOOTH = ("tanh", "logistic", "relu", "softplus", "linear", SOFTSIGN)


def name_of(activation):
    return activation if isinstance(activation, str) else activation.name


NETS = {
    **{f"additive {name_of(f)}": dl.AdditiveNetwork(normal(4, 4), normal(4), f) for f in SMOOTH},
    "additive with an input matrix": dl.AdditiveNetwork(normal(4, 4), normal(4), "tanh", normal(4, 2)),
    "additive without input": dl.AdditiveNetwork(normal(3, 3), None, "tanh", normal(3, 0)),
    "latch neuron": dl.LatchNeuron(2.0, 0.3),
    **{f"leaky {name_of(f)}": dl.LeakyNetwork(normal(4, 4), 0.3, normal(4), f) for f in SMOOTH},
    "leaky with a rate per unit": dl.LeakyNetwork(normal(3, 3), [0.1, 0.5, 1.0], None, "tanh", normal(3, 2)),
    **{f"elman {name_of(f)}": elman(4, 2, f) for f in SMOOTH},
    "elman without input": elman(3, 0),
    "elman without bias": dl.ElmanNetwork(normal(3, 3), normal(3, 1), None),
    "gru": gru(3, 2),
    "gru without bias": gru(3, 2, bias=False),
    "gru without input": gru(2, 0),
    "gru with one bias": dl.GRU(normal(6, 2), normal(6, 2), None, normal(6)),
    "gru saturated": gru(3, 2, scale=20.0),
    "lstm": lstm(3, 2),
    "lstm without bias": lstm(3, 2, bias=False),
    "lstm without input": lstm(2, 0),
    "lstm with one bias": dl.LSTM(normal(8, 2), normal(8, 2), normal(8)),
    "gru, reset before": reset_before(3, 2),
    "gru, reset before, without bias": reset_before(3, 2, bias=False),
    "gru, reset before, without input": reset_before(2, 0),
    "gru, reset before, saturated": reset_before(3, 2, scale=20.0),
    "lstm projected": dl.ProjectedLSTM(normal(12, 2), normal(12, 2), normal(2, 3), normal(12), normal(12)),
    "lstm projected, without bias": dl.ProjectedLSTM(normal(8, 1), normal(8, 1), normal(1, 2)),
    "lstm projected, without input": dl.ProjectedLSTM(normal(8, 0), normal(8, 1), normal(1, 2), None, normal(8)),
    "stack of one": dl.StackedNetwork([gru(2, 1)]),
    "stack of grus": dl.StackedNetwork([gru(2, 2), gru(3, 2)]),
    "stack of lstms": dl.StackedNetwork([lstm(2, 1), lstm(2, 2), lstm(1, 2)]),
    "stack of elmans": dl.StackedNetwork([elman(2, 3), elman(3, 2, "relu")]),
    "stack of additives": dl.StackedNetwork(
        [dl.AdditiveNetwork(normal(2, 2)), dl.AdditiveNetwork(normal(3, 3), None, "softplus", normal(3, 2))]
    ),
    "stack of all": dl.StackedNetwork(
        [lstm(2, 1), dl.LeakyNetwork(normal(2, 2), 0.4, normal(2), SOFTSIGN), elman(3, 2, "logistic"), gru(1, 3)]
    ),
    "stack of all smooth": dl.StackedNetwork(
        [lstm(2, 1), dl.LeakyNetwork(normal(2, 2), 0.4, normal(2)), elman(3, 2, "logistic"), gru(1, 3)]
    ),
    "stack without input": dl.StackedNetwork([elman(2, 0), lstm(1, 2)]),
    "stack of projected lstms and a gru": dl.StackedNetwork(
        [
            dl.ProjectedLSTM(normal(12, 1), normal(12, 2), normal(2, 3)),
            reset_before(2, 2, bias=False),
            dl.ProjectedLSTM(normal(8, 2), normal(8, 1), normal(1, 2), normal(8), normal(8)),
        ]
    ),
    "wired parity": wired([TANH, TANH], PARITY),
    "wired of all": wired_of_all(),
    "wired gated": wired_gated(),
    "wired memory cell": wired_memory_cell(),
    "wired radial": wired_radial(),
    "wired without input": wired([TANH, LOGISTIC], [(0, 0, 0, 1), (1, 0, 1, 0), (0, 2, 2, 0)], inputs=0),
    "stack of wired": dl.StackedNetwork([wired_of_all(), elman(2, 4)]),
    "stack of a stack": dl.StackedNetwork([dl.StackedNetwork([gru(2, 1), lstm(2, 2)]), elman(2, 2)]),
}

COMPOSED = {
    "iterate of an additive": dl.Iterate(NETS["additive tanh"], 3),
    "iterate of a gru": dl.Iterate(NETS["gru"], 2),
    "iterate of a stack": dl.Iterate(NETS["stack of lstms"], 2),
    "additive with input": dl.WithInput(NETS["additive with an input matrix"], [0.3, -0.7]),
    "lstm with input": dl.WithInput(NETS["lstm"], [0.3, -0.7]),
    "stack with input": dl.WithInput(NETS["stack of elmans"], [0.3, -0.7, 1.1]),
    "iterate with input": dl.Iterate(dl.WithInput(NETS["leaky tanh"], normal(4)), 2),
    "disturbed gru": Disturbed(NETS["gru"], normal(3, 1)),
    "disturbed additive with input": Disturbed(dl.WithInput(NETS["additive logistic"], normal(4)), np.eye(4)),
    "steered lstm": Steered(NETS["lstm"], normal(2, 3)),
    "steered disturbed leaky": Steered(Disturbed(NETS["leaky tanh"], normal(4, 2)), normal(2, 1)),
    "augmented gru": dl.Augmented(NETS["gru"]),
    "augmented additive": dl.Augmented(NETS["additive softplus"]),
    "augmented without input": dl.Augmented(NETS["elman without input"]),
    "iterate of an augmented": dl.Iterate(dl.Augmented(NETS["elman tanh"]), 2),
}


def pendulum(a, u):
    angle, speed = a[..., 0], a[..., 1]
    speed = 0.9 * speed - 0.5 * np.sin(angle) + u[..., 0]
    return np.stack([angle + 0.1 * speed * u[..., 1], speed], axis=-1)


def ikeda(a, u):
    """For one state at a time."""
    turn = 0.4 - 6 / (1 + a[0] ** 2 + a[1] ** 2)
    cosine, sine = np.cos(turn), np.sin(turn)
    return np.array([1 + 0.8 * (a[0] * cosine - a[1] * sine), 0.8 * (a[0] * sine + a[1] * cosine)])


x, y, s = sympy.symbols("x y s")

FUNCTIONS = {
    "function of a batch": dl.FunctionMap(pendulum, 2, 2),
    "function of one state": dl.FunctionMap(ikeda, 2),
    "function with its jacobian": dl.FunctionMap(lambda a, u: np.tanh(a), 2, 0, lambda a, u: np.diag(np.cosh(a) ** -2.0)),
    "symbolic": dl.SymbolicMap((x, y), (1 - sympy.Float("0.4") * x**2 + y * s, sympy.tanh(x) + s**2), (s,)),
    "symbolic without input": dl.SymbolicMap((x, y), (sympy.sin(x * y), 2)),
    "iterate of a function": dl.Iterate(dl.FunctionMap(pendulum, 2, 2), 2),
    "augmented function": dl.Augmented(dl.FunctionMap(pendulum, 2, 2)),
    "augmented symbolic": dl.Augmented(dl.SymbolicMap((x,), (x * s,), (s,))),
}

MAPS = {**NETS, **COMPOSED, **FUNCTIONS}
CASES = [pytest.param(map, check, id=f"{name}-{check.__name__}") for name, map in MAPS.items() for check in checks_for(map)]


@pytest.mark.parametrize(("map", "check"), CASES)
def test_contract(map, check):
    check(map, np.random.default_rng(5))


def test_every_architecture_is_here():
    assert {type(net) for net in NETS.values()} == set(NETWORKS)


def test_every_network_claims_every_contract():
    names = {check.__name__ for check in checks_for(NETS["gru"])}
    assert {"check_parameter_gradient", "check_enclosure", "check_output", "check_products"} <= names
    for name, net in NETS.items():
        # No proof can be had of an activation that does not say where its slope is largest.
        without = {"check_jacobian_enclosure", "check_layer_enclosures"} if "softsign" in repr(net) else set()
        assert {check.__name__ for check in checks_for(net)} == names - without, name


numbers = st.floats(-50, 50)


@pytest.mark.parametrize(
    "name",
    [
        "additive tanh",
        "leaky relu",
        "elman softplus",
        "gru",
        "lstm",
        "stack of all",
        "wired of all",
        "wired gated",
        "wired memory cell",
    ],
)
@settings(max_examples=40, deadline=None, derandomize=True)
@given(data=st.data())
def test_enclosures_hold_wherever_the_box_is(name, data):
    net = NETS[name]
    lo = data.draw(arrays(float, net.dim, elements=numbers))
    width = data.draw(arrays(float, net.dim, elements=st.floats(0, 20)))
    u = data.draw(arrays(float, net.input_dim, elements=numbers))
    below, above = net.enclose(lo, lo + width, u)
    for fraction in (0.0, 0.3, 1.0):
        image = net.step(np.minimum(lo + fraction * width, lo + width), u)
        assert ((below <= image) & (image <= above)).all()


class Broken:
    """A correct scalar map with one thing broken, to see the suite fail."""

    dim, input_dim = 2, 1

    def __init__(self, fault):
        self.fault = fault

    def step(self, a, u=None):
        if self.fault == "in place":
            a *= 1.0
        a = np.asarray(a) if self.fault == "float32" else np.asarray(a, dtype=float)
        u = np.ones(1) if u is None and self.fault == "u=None" else u
        if self.fault == "batch" and a.ndim > 1:
            return np.tanh(a * [2.0, 0.5]) + (0 if u is None else u) + 1e-9
        return np.tanh(a * np.array([2.0, 0.5], dtype=a.dtype)) + (0 if u is None else u)

    def jacobian(self, a, u=None):
        slope = np.array([2.0, 0.5]) * (1 - np.tanh(np.asarray(a, dtype=float) * [2.0, 0.5]) ** 2)
        slope = slope * (1 + 1e-7) if self.fault == "jacobian" else slope
        batch = (
            np.shape(a)[:-1]
            if u is None or self.fault == "broadcast"
            else np.broadcast_shapes(np.shape(a)[:-1], np.shape(u)[:-1])
        )
        return np.broadcast_to(slope[..., None] * np.eye(2), (*batch, 2, 2)).copy()

    def input_jacobian(self, a, u=None):
        batch = np.broadcast_shapes(np.shape(a)[:-1], () if u is None else np.shape(u)[:-1])
        return np.full((*batch, 2, 1), -1.0 if self.fault == "input_jacobian" else 1.0)

    def jvp(self, a, v, u=None):
        v = np.roll(v, 1, axis=-1) if self.fault == "jvp" else v
        return np.einsum("...ij,...j->...i", self.jacobian(a, u), v)

    def vjp(self, a, v, u=None):
        return np.einsum("...ij,...i->...j", self.jacobian(a, u), v) * (1 + 1e-11 * (self.fault == "vjp"))

    def enclose(self, lo, hi, u=None):
        pad = {"enclose": 0.0, "wide": 1e-11}.get(self.fault, 1e-14)
        u_lo, u_hi = u if isinstance(u, tuple) else (u, u)
        end = self.step(lo, u_lo), self.step(hi, u_hi if self.fault != "input box" else u_lo)
        inward = 1e-12 * (hi - lo).max() if self.fault == "enclose" else 0.0
        return end[0] - pad + inward, end[1] + pad - inward


def test_suite_passes_a_correct_map_of_a_third_party():
    check_map(Broken(None), rng=1)


FAULTS = {
    "in place": "read-only",
    "float32": "gives float32",
    "u=None": "step without input",
    "batch": "step at .* of the batch",
    "jacobian": "^jacobian: off by",
    "broadcast": "jacobian with state batch .*: shape",
    "input_jacobian": "^input_jacobian: off by",
    "jvp": "^jvp: off by",
    "vjp": "^vjp: off by",
    "enclose": "outside its enclosure",
    "input box": "input boxes .* outside its enclosure",
    "wide": "a point box has an image of width",
}


@pytest.mark.parametrize(("fault", "message"), FAULTS.items())
def test_suite_notices(fault, message):
    with pytest.raises((AssertionError, ValueError), match=message):
        check_map(Broken(fault), rng=1)
