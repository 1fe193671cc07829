"""SymbolicMap: expressions, exact Jacobians, refusals."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import sympy as sp
from conformance import check_map

import dynlatch as dl
from dynlatch.errors import InvalidInput

x, y, u, v = sp.symbols("x y u v")
HENON = (1 - sp.Float("1.4") * x**2 + y, sp.Float("0.3") * x)
SHARED = sp.tanh(x * y + u) * sp.exp(-((x * y + u) ** 2))

MAPS = {
    "henon": lambda: dl.SymbolicMap((x, y), HENON),
    "logistic map": lambda: dl.SymbolicMap(x, 4 * x * (1 - x)),
    "inputs": lambda: dl.SymbolicMap((x, y), (sp.sin(x) * u + y, x * v**2), (u, v)),
    "common subexpressions": lambda: dl.SymbolicMap((x, y), (SHARED + x * y, SHARED * y + (x * y) ** 2), (u,)),
    "constants": lambda: dl.SymbolicMap((x, y), (sp.Rational(1, 3), 2), (u,)),
    "pieces": lambda: dl.SymbolicMap((x, y), (sp.Abs(x) * x, sp.Piecewise((y**2, y > 0), (-y, True)))),
    "special": lambda: dl.SymbolicMap(x, sp.erf(x)),
    "matrix": lambda: dl.SymbolicMap(sp.Matrix([x, y]), sp.Matrix(HENON)),
    "keyword": lambda: dl.SymbolicMap(sp.Symbol("lambda"), sp.Symbol("lambda") ** 2),
    "names of the generated code": lambda: dl.SymbolicMap(
        sp.symbols("x1 x0"), (lambda p, q: (sp.sin(p * q) + p * q, sp.cos(p * q) - q))(*sp.symbols("x1 x0"))
    ),
}


@pytest.mark.parametrize("name", MAPS)
def test_obeys_the_contract(name):
    check_map(MAPS[name]())


def test_common_subexpressions_against_the_formula():
    map = MAPS["common subexpressions"]()
    a, entering = np.random.default_rng(0).normal(size=(20, 2)), np.random.default_rng(1).normal(size=(20, 1))
    p, q = a.T
    z = p * q + entering[:, 0]
    shared = np.tanh(z) * np.exp(-(z**2))
    expected = np.stack([shared + p * q, shared * q + (p * q) ** 2], axis=-1)
    np.testing.assert_allclose(map.step(a, entering), expected, rtol=1e-13)


def test_tanh_network_in_symbols_equals_the_network():
    rng = np.random.default_rng(5)
    W, B = rng.normal(size=(3, 3)), rng.normal(size=(3, 2))
    state, inputs = sp.symbols("a:3"), sp.symbols("u:2")
    F = sp.Matrix(W) * sp.Matrix([sp.tanh(s) for s in state]) + sp.Matrix(B) * sp.Matrix(inputs)
    ours, net = dl.SymbolicMap(state, F, inputs), dl.AdditiveNetwork(W, input_matrix=B)
    a, entering = rng.normal(size=(4, 5, 3)), rng.normal(size=(5, 2))
    np.testing.assert_allclose(ours.step(a, entering), net.step(a, entering), rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(ours.jacobian(a, entering), net.jacobian(a), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(ours.input_jacobian(a, entering), net.input_jacobian(a), rtol=1e-15)


def test_equals_the_same_function_in_numpy():
    symbolic = MAPS["henon"]()
    function = dl.FunctionMap(lambda a, u: np.array([1 - 1.4 * a[0] ** 2 + a[1], 0.3 * a[0]]), 2)
    a = np.random.default_rng(2).normal(size=(7, 2))
    np.testing.assert_allclose(symbolic.step(a), function.step(a), rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(symbolic.jacobian(a), function.jacobian(a), rtol=1e-14)


def test_logistic_map_at_4_visits_the_images_of_doubled_angles():
    angle = np.linspace(0.01, 0.5, 9)
    orbit = dl.trajectory(MAPS["logistic map"](), np.sin(angle)[:, None] ** 2, steps=12)
    np.testing.assert_allclose(orbit[..., 0], np.sin(angle * 2.0 ** np.arange(13)[:, None]) ** 2, atol=1e-11)


def test_constants_have_the_batch_axes_of_the_arguments():
    map = MAPS["constants"]()
    np.testing.assert_array_equal(map.step(np.zeros((3, 2)), np.zeros((4, 1, 1))), np.broadcast_to([1 / 3, 2], (4, 3, 2)))
    assert map.jacobian(np.zeros((0, 2))).shape == (0, 2, 2)


def test_pickles():
    map = MAPS["inputs"]()
    again = pickle.loads(pickle.dumps(map))
    a, entering = np.ones((3, 2)), np.full(2, 0.5)
    np.testing.assert_array_equal(again.step(a, entering), map.step(a, entering))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((x,), (x + u * v,)), r"has u, v, neither state nor input \(x\)"),
        (((x, y), (x,)), "1 expressions for 2 state symbols"),
        (((x,), (x, y)), "2 expressions for 1 state symbols"),
        (((x, x), (x, x)), "x appears more than once"),
        (((x,), (x,), (x,)), "x appears more than once"),
        (((), ()), "`state` is empty"),
        ((("x",), (x,)), "`state` must be SymPy symbols"),
        (("x", (x,)), "`state` must be SymPy symbols"),
        (((x,), ("x + 1",)), "must be SymPy expressions or numbers"),
        (((x,), (True,)), "must be SymPy expressions or numbers"),
        (((x,), (x * sp.I,)), "not a finite real number"),
        (((x,), (sp.zoo,)), "not a finite real number"),
        (((x,), (float("nan"),)), "not a finite real number"),
        (((x,), (sp.floor(x),)), "no derivative of floor"),
        (((x,), (sp.sign(x),)), "no derivative of sign"),
        (((x,), (sp.Function("g")(x),)), "undefined function"),
        (((x,), (sp.Integral(sp.exp(-(u**2)), (u, 0, x)),)), "NumPy and SciPy cannot compute"),
    ],
)
def test_refusals(arguments, message):
    with pytest.raises(InvalidInput, match=message):
        dl.SymbolicMap(*arguments)


def test_states_of_the_wrong_size_are_refused():
    with pytest.raises(InvalidInput, match="2 as its last axis"):
        MAPS["henon"]().step(np.zeros(3))
    with pytest.raises(InvalidInput, match="2 as its last axis"):
        MAPS["inputs"]().step(np.zeros(2), np.zeros(1))


def test_complex_values_are_refused():
    map = dl.SymbolicMap(x, sp.LambertW(x))
    np.testing.assert_allclose(map.step(np.array([np.e])), [1.0], rtol=1e-15)
    with pytest.raises(InvalidInput, match="complex values"):
        map.step(np.array([-1.0]))
