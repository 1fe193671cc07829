"""The architectures: what they compute, the maps they hand out, and what a solved net looks like."""

from dataclasses import replace

import numpy as np
import oracles_models as oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dynlatch as dl
from dynlatch import analysis
from dynlatch.errors import InvalidInput
from dynlatch.maps import FiniteMap, SmoothMap
from dynlatch.training.contract import Architecture, Sequences
from dynlatch.training.models import AnyWiring, Dense, FocusedNet, LatchNet, LocalFeedbackNet, ParityNet
from dynlatch.training.tasks import Parity

H, O, U, ONE = range(4)
A1 = AnyWiring(
    ("logistic", "logistic"),
    ((H, U, 0, 0), (H, H, 1, 1), (H, O, 2, 1), (H, ONE, 3, 0), (O, U, 4, 0), (O, H, 5, 0), (O, O, 6, 1)),
)

# Two units that write and read a cell: s' = s + i g, y = tanh(s), with i and g of the input and the last answer.
GATE, NEW, CELL, Y, ENTER, BIAS = range(6)
WRITTEN = ((GATE, ENTER, 0, 0), (GATE, Y, 1, 1), (GATE, BIAS, 2, 0), (NEW, ENTER, 3, 0), (NEW, Y, 4, 1))
A_CELL = AnyWiring(
    ("logistic", "tanh", "linear", "tanh"),
    (*WRITTEN, (CELL, CELL, 5, 1), (CELL, GATE, 5, 0, NEW, 0), (Y, CELL, 5, 0)),
    output=(Y, CELL),
    fixed=(1.0,),
)

MODELS = {
    "dense": (Dense(5), oracle.dense),
    "dense, one unit": (Dense(1, start=0.3), oracle.dense),
    "dense, threshold": (Dense(4, units="threshold"), oracle.dense),
    "dense, logistic": (Dense(3, units="logistic"), oracle.dense),
    "parity": (ParityNet(), oracle.parity),
    "parity, threshold": (ParityNet("threshold"), oracle.parity),
    "parity, logistic": (ParityNet("logistic"), oracle.parity),
    "parity, synchronous": (ParityNet(order="synchronous", start=-0.5), oracle.parity),
    "parity, threshold, synchronous": (ParityNet("threshold", "synchronous", start=1.0), oracle.parity),
    "latch": (LatchNet(), oracle.latch),
    "latch, w fixed": (LatchNet(w0=1.5, L=4, train_w=False, start=-0.2), oracle.latch),
    "latch, threshold": (LatchNet(units="threshold", L=1), oracle.latch),
    "latch, threshold, w fixed": (LatchNet(units="threshold", train_w=False), oracle.latch),
    "local feedback": (LocalFeedbackNet(3, 2), oracle.local_feedback),
    "local feedback, tanh": (LocalFeedbackNet(2, 3, loop="tanh"), oracle.local_feedback),
    "focused": (FocusedNet(3, 2), oracle.focused),
    "any wiring": (A1, oracle.random_search),
    "any wiring, gated": (A_CELL, oracle.cell),
}
# h is +1 if both the input and the last answer are; o says that exactly one of them is.
SOLVED = 3.0 * np.array([1.0, 1.0, -1.0, -2.0, 1.0, 1.0, -1.0])


def column_of(model, seed=0, scale=1.5):
    theta = model.initial(np.random.default_rng(seed).spawn(2))
    return scale * theta[:, 1]


def ragged(model, n=12, T=9, seed=1):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, T, n, endpoint=True)
    inputs = rng.normal(size=(T, n, model.input_dim)) * (np.arange(T)[:, None] < lengths)[..., None]
    return Sequences(inputs, lengths, np.ones(n))


@pytest.mark.parametrize("name", MODELS)
def test_answers_are_those_of_the_formula(name):
    model, formula = MODELS[name]
    column, batch = column_of(model), ragged(model)
    answers = model.outputs(np.append(column, model.constants), batch)
    for k, length in enumerate(batch.lengths):
        expected = formula(model, column.tolist(), batch.inputs[:length, k].tolist())
        assert answers[k] == pytest.approx(expected, abs=1e-13)


def beginning(model, network):
    """The state before the first input."""
    start = model.cell().start
    if isinstance(network, dl.AdditiveNetwork):
        return network.f.invert(start)
    return network.start if isinstance(network, dl.WiredNetwork) else start[list(network.kept)]


@pytest.mark.parametrize("name", MODELS)
def test_the_map_gives_the_same_answers(name):
    """A sequence that has ended is driven on by zeros, and read where it ended."""
    model, _ = MODELS[name]
    column, batch = column_of(model), ragged(model)
    network = model.network(column)
    n = len(batch.lengths)
    visited = dl.trajectory(network, np.tile(beginning(model, network), (n, 1)), batch.inputs)
    last = visited[batch.lengths, np.arange(n)]
    if isinstance(network, FiniteMap):
        given = last[:, network.kept.index(model.cell().output)]
    else:
        given = network.readout(network.output(last))[:, 0]
    np.testing.assert_allclose(given, model.outputs(np.append(column, model.constants), batch), rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", MODELS)
def test_contract(name):
    model, _ = MODELS[name]
    assert isinstance(model, Architecture)
    net, column = model.cell(), column_of(model)
    assert len(set(model.names)) == len(model.names) == net.trained == len(column)
    assert len(model.constants) == net.weights - net.trained
    assert net.inputs == model.input_dim
    network = model.network(column)
    assert isinstance(network, FiniteMap if "threshold" in name else SmoothMap)
    assert network.input_dim == model.input_dim
    assert np.array_equal(model.column(network), column)
    whole = model.network(np.append(column, model.constants))
    assert np.array_equal(model.column(whole), column)
    for other, _ in MODELS.values():
        if other != model and type(other) is not type(model):
            with pytest.raises(InvalidInput, match=r"is no network of|has other"):
                other.column(network)
    with pytest.raises(InvalidInput, match="`column` must hold"):
        model.network(column[:-1])


@pytest.mark.parametrize("name", MODELS)
def test_first_weights_are_drawn_trial_by_trial(name):
    model, _ = MODELS[name]
    streams = np.random.default_rng(4).spawn(3)
    theta = model.initial(streams)
    alone = model.initial(np.random.default_rng(4).spawn(3)[2:])
    assert theta.shape == (len(model.names), 3)
    assert np.array_equal(theta[:, 2:], alone)
    assert np.unique(theta[-1]).size == 3
    drawn = replace(model, radius=0.25).initial(np.random.default_rng(4).spawn(400))[-1]
    assert -0.25 <= drawn.min() < -0.24
    assert 0.24 < drawn.max() <= 0.25


def test_numbers_of_weights():
    assert len(Dense(5).names) == 25
    assert len(ParityNet().names) == len(ParityNet(order="synchronous").names) == 7
    assert len(LatchNet().names) == 7
    assert LatchNet(w0=1.7).initial(np.random.default_rng(0).spawn(2))[0].tolist() == [1.7, 1.7]


def test_a_map_with_other_constants_is_refused():
    with pytest.raises(InvalidInput, match="has other"):
        Dense(2).column(dl.AdditiveNetwork(np.eye(2), [0.1, 0.0], input_matrix=[[1.0], [0.0]]))
    with pytest.raises(InvalidInput, match="has other"):
        LatchNet(w0=2.0, train_w=False).column(LatchNet(w0=1.0, train_w=False).network(np.zeros(6)))
    with pytest.raises(InvalidInput, match="has other"):
        LatchNet(w0=2.0, train_w=False, units="threshold").column(
            LatchNet(w0=1.0, train_w=False, units="threshold").network(np.ones(6))
        )
    other = ParityNet(order="synchronous").network(SOLVED)
    with pytest.raises(InvalidInput, match="is no network of"):
        ParityNet().column(other)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(T=st.integers(1, 200), half_width=st.sampled_from([0.0, 0.2]), seed=st.integers(0, 10**6))
def test_seven_weights_solve_parity_of_any_length(T, half_width, seed):
    batch = Parity(T, half_width).sample(20, seed)
    for units in ("tanh", "threshold"):
        assert np.all(ParityNet(units).outputs(SOLVED, batch) * batch.targets > 0.8)


def attractors(network, u):
    under = dl.WithInput(network, [u])
    cycles = analysis.periodic_orbits(under, 2, rng=0)
    points = analysis.fixed_points(under, rng=0)
    stable = [str(word) for word in cycles.stability].count("attracting")
    return len(points.points), len(points.attractors.points), stable


def test_portrait_of_a_solved_parity_net():
    """Two fixed points under -1, which keeps the bit; a 2-cycle under +1, which flips it; one fixed point under zero."""
    network = ParityNet().network(SOLVED)
    assert attractors(network, -1.0) == (3, 2, 0)
    assert attractors(network, 1.0) == (1, 0, 1)
    assert attractors(network, 0.0)[0] == 1
    kept = analysis.fixed_points(dl.WithInput(network, [-1.0]), rng=0).attractors.points[:, 0]
    assert kept[0] < -0.8
    assert kept[1] > 0.8


@pytest.mark.parametrize("model", [LocalFeedbackNet(2), FocusedNet(2)], ids=str)
def test_a_linear_loop_below_1_has_one_attractor_in_a_known_box(model):
    """It forgets: whatever the weights, one fixed point, within the bound that the structure gives."""
    column = column_of(model, scale=1.0)
    network = model.network(column)
    found = analysis.fixed_points(network, rng=0)
    assert len(found.points) == len(found.attractors.points) == 1
    lo, hi = network.settling_box()
    assert np.all((lo <= found.points[0]) & (found.points[0] <= hi))
    far = dl.trajectory(network, np.full(network.dim, 50.0), steps=3000)[-1]
    np.testing.assert_allclose(far, found.points[0], atol=1e-9)
    column[0] = 1.01
    assert model.network(column).settling_box() is None


REFUSED = {
    "units": (lambda: Dense(5, units="relu"), "'tanh' or 'threshold' or 'logistic'"),
    "no units": (lambda: Dense(0), "`units_count` must be at least 1"),
    "radius": (lambda: ParityNet(radius=-1.0), "`radius` must not be negative"),
    "start": (lambda: Dense(5, start=1.0), "between -1 and 1"),
    "start of a threshold unit": (lambda: LatchNet(units="threshold", start=0.0), "-1 or 1"),
    "start of an answer": (lambda: ParityNet(start=-1.5), "an answer of tanh units"),
    "order": (lambda: ParityNet(order="output first"), "'hidden first' or 'synchronous'"),
    "loop": (lambda: LocalFeedbackNet(loop="logistic"), "'linear' or 'tanh'"),
    "numbers": (lambda: AnyWiring(("tanh",), ((0, 0, 1, 1),)), "numbered 0, 1"),
    "connection": (lambda: AnyWiring(("tanh",), ((0, 3, 0, 1),)), "joins what does not exist"),
    "gate": (lambda: AnyWiring(("tanh",), ((0, 1, 0, 0, 3, 0),)), "joins what does not exist"),
    "gate without delay": (lambda: AnyWiring(("tanh",), ((0, 1, 0, 0, 0, 0),)), "needs its source too early"),
    "output": (lambda: AnyWiring(("tanh",), ((0, 0, 0, 1),), output=(0, 1)), "`output` must be one of the 1 units"),
    "loop without delay": (lambda: AnyWiring(("tanh",), ((0, 0, 0, 0),)), "needs its source too early"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_settings_are_refused(case):
    make, message = REFUSED[case]
    with pytest.raises(InvalidInput, match=message):
        make()
