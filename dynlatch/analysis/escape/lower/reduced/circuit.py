"""A step of a network as a circuit: nodes `f(x) y`, whose arguments are affine in the state, the input and earlier nodes.

With `v = (s, u, nu_1, nu_2, ...)` every node is `nu_j = f_j(X_j v + x_j) (Y_j v + y_j)` and the next state `Z v + z`. Additive,
leaky and Elman nets have one node a unit, the GRU three:

    p = sigma(a_r) (W_n h + b_n),   q = tanh(W_in u + b_in + p),   h' = q + sigma(a_z) (h - q),

the LSTM five. Knowing the arguments of the nodes as functionals of the state is what keeps bounds on them tight.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dynlatch.activations import LOGISTIC, TANH, Activation
from dynlatch.analysis.structure import additive_form
from dynlatch.disturbances import Disturbed, Steered
from dynlatch.maps import Map, WithInput
from dynlatch.networks import GRU, LSTM, ElmanNetwork, LeakyNetwork
from dynlatch.networks.common import parts
from dynlatch.validation import Array


class Affine(NamedTuple):
    """`matrix @ v + shift` of the components of v that exist so far."""

    matrix: Array
    shift: Array


class Node(NamedTuple):
    """`f(x) y` for k units side by side; y is 1 where it is None."""

    f: Activation
    x: Affine
    y: Affine | None


class Circuit(NamedTuple):
    """Nodes in the order of evaluation, and the next state."""

    states: int
    inputs: int
    nodes: tuple[Node, ...]
    following: Affine


def circuit_of(map: Map) -> Circuit | None:
    """The circuit of a network whose activations bound their slopes; None for any other map."""
    if isinstance(map, Disturbed):
        inner = circuit_of(map.map)
        return None if inner is None else _added(_driven(inner, np.zeros((inner.inputs, map.input_dim))), map.matrix)
    if isinstance(map, Steered):
        inner = circuit_of(map.map)
        return None if inner is None else _driven(inner, map.matrix)
    if isinstance(map, WithInput):
        inner = circuit_of(map.map)
        return None if inner is None else _shifted(inner, map.u0)
    if isinstance(map, GRU):
        return _gru(map)
    if isinstance(map, LSTM):
        return _lstm(map)
    return _additive(map)


def _additive(map: Map) -> Circuit | None:
    form = additive_form(map)
    if form is None or form.f.slope_peak is None:
        return None
    n, m = form.B.shape
    if isinstance(map, ElmanNetwork):
        node = Node(form.f, Affine(np.hstack([form.W, form.B]), form.c), None)
        return Circuit(n, m, (node,), Affine(np.hstack([np.zeros((n, n + m)), np.eye(n)]), np.zeros(n)))
    rate = map.rate if isinstance(map, LeakyNetwork) else np.ones(n)
    node = Node(form.f, Affine(np.hstack([np.eye(n), np.zeros((n, m))]), np.zeros(n)), None)
    following = np.hstack([np.diag(form.leak), rate[:, None] * form.B, rate[:, None] * form.W])
    return Circuit(n, m, (node,), Affine(following, rate * form.c))


def _gru(net: GRU) -> Circuit:
    n, m = net.dim, net.input_dim
    (R, Z, N), (r, z, k) = parts(net.weight_hh.T, 3), parts(net.weight_ih.T, 3)
    (b_r, b_z, b_n), (c_r, c_z, c_n) = parts(net.b_hh, 3), parts(net.b_ih, 3)
    eye, none, still = np.eye(n), np.zeros((n, n)), np.zeros((n, m))
    kept = Node(LOGISTIC, Affine(np.hstack([R.T, r.T]), b_r + c_r), Affine(np.hstack([N.T, still]), b_n))
    candidate = Node(TANH, Affine(np.hstack([none, k.T, eye]), c_n), None)
    update = Affine(np.hstack([Z.T, z.T, none, none]), b_z + c_z)
    gap = Node(LOGISTIC, update, Affine(np.hstack([eye, still, none, -eye]), np.zeros(n)))
    return Circuit(n, m, (kept, candidate, gap), Affine(np.hstack([none, still, none, eye, eye]), np.zeros(n)))


def _lstm(net: LSTM) -> Circuit:
    n, m = net.hidden_size, net.input_dim
    eye, none, still = np.eye(n), np.zeros((n, n)), np.zeros((n, m))
    rows = zip(parts(net.weight_hh.T, 4), parts(net.weight_ih.T, 4), parts(net.b, 4), strict=True)
    gates = [(np.hstack([W.T, none, C.T]), b) for W, C, b in rows]  # of (h, c, u)

    def net_of(gate: int, earlier: int) -> Affine:
        matrix, shift = gates[gate]
        return Affine(np.hstack([matrix, *[none] * earlier]), shift)

    zero = np.zeros(n)
    candidate = Node(TANH, net_of(2, 0), None)
    kept = Node(LOGISTIC, net_of(1, 1), Affine(np.hstack([none, eye, still, none]), zero))
    taken = Node(LOGISTIC, net_of(0, 2), Affine(np.hstack([none, none, still, eye, none]), zero))
    squashed = Node(TANH, Affine(np.hstack([none, none, still, none, eye, eye]), zero), None)
    hidden = Node(LOGISTIC, net_of(3, 4), Affine(np.hstack([none, none, still, none, none, none, eye]), zero))
    following = np.block([[none, none, still, none, none, none, none, eye], [none, none, still, none, eye, eye, none, none]])
    return Circuit(2 * n, m, (candidate, kept, taken, squashed, hidden), Affine(following, np.zeros(2 * n)))


def _rewritten(circuit: Circuit, change: np.ndarray, inputs: int, offset: Array) -> Circuit:
    """The circuit of inputs `change @ u + offset`."""
    n, m = circuit.states, circuit.inputs

    def moved(affine: Affine) -> Affine:
        A = affine.matrix
        entering = A[:, n : n + m]
        return Affine(np.hstack([A[:, :n], entering @ change, A[:, n + m :]]), affine.shift + entering @ offset)

    nodes = tuple(Node(f, moved(x), None if y is None else moved(y)) for f, x, y in circuit.nodes)
    return Circuit(n, inputs, nodes, moved(circuit.following))


def _driven(circuit: Circuit, matrix: Array) -> Circuit:
    return _rewritten(circuit, matrix, matrix.shape[1], np.zeros(circuit.inputs))


def _shifted(circuit: Circuit, u0: Array) -> Circuit:
    return _rewritten(circuit, np.eye(circuit.inputs), circuit.inputs, u0)


def _added(circuit: Circuit, matrix: Array) -> Circuit:
    """The circuit whose next state has `matrix @ u` added."""
    following = circuit.following.matrix.copy()
    following[:, circuit.states : circuit.states + circuit.inputs] += matrix
    return circuit._replace(following=circuit.following._replace(matrix=following))
