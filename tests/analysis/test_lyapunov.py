import mpmath
import numpy as np
import pytest
import sympy as sp
from matplotlib import pyplot as plt

import dynlatch as dl
from dynlatch import analysis
from dynlatch.analysis.gradients.frames import carried, first_frame
from dynlatch.analysis.gradients.tangent import Tangent
from dynlatch.errors import InvalidInput, NotSmooth

HENON = dl.FunctionMap(
    lambda a, u: np.stack([1 - 1.4 * a[..., 0] ** 2 + a[..., 1], 0.3 * a[..., 0]], -1), 2, jacobian=lambda a, u: _henon(a)
)


def _henon(a):
    one = np.ones_like(a[..., 0])
    rows = [[-2.8 * a[..., 0], one], [0.3 * one, 0.0 * one]]
    return np.stack([np.stack(row, -1) for row in rows], -2)


def random_net(n, gain, seed=0):
    rng = np.random.default_rng(seed)
    return dl.AdditiveNetwork(gain * rng.standard_normal((n, n)) / np.sqrt(n)), rng.standard_normal(n)


def gated(make, gates, n, m, size=1.0, seed=0):
    rng = np.random.default_rng(seed)
    shapes = ((gates * n, m), (gates * n, n), (gates * n,), (gates * n,))
    return make(*(size * rng.standard_normal(shape) / np.sqrt(n) for shape in shapes))


def mean_log_determinant(net, a0, inputs=None, steps=None):
    states = dl.trajectory(net, a0, inputs, steps)
    with np.errstate(divide="ignore"):
        return np.linalg.slogdet(net.jacobian(states[:-1], inputs))[1].mean(axis=0)


def diagonals(jacobians, rows, digits):
    """Sums of ln R_ii of the QR steps from given directions, in `digits` decimal digits."""
    with mpmath.workdps(digits):
        Q, total = mpmath.matrix(rows.T.tolist()), np.zeros(len(rows))
        for J in jacobians:
            Q, R = mpmath.qr(mpmath.matrix(J.tolist()) * Q, mode="skinny")
            total += [float(mpmath.log(abs(R[i, i]))) for i in range(len(rows))]
    return total


def test_logistic_map():
    logistic = dl.FunctionMap(lambda a, u: 4.0 * a * (1.0 - a), 1, jacobian=lambda a, u: (4.0 - 8.0 * a)[..., None])
    found = analysis.lyapunov_exponents(logistic, [0.3], steps=4000)
    assert found[0] == pytest.approx(np.log(2.0), abs=3e-3)
    assert abs(found[0] - np.log(2.0)) < 5.0 * found.standard_errors[0] < 3e-2


def test_henon_map():
    found = analysis.lyapunov_exponents(HENON, [0.1, 0.1], steps=3000)
    assert abs(found[0] - 0.4192) < 4.0 * found.standard_errors[0] < 0.06
    assert found.sum() == pytest.approx(np.log(0.3), abs=1e-12)
    assert found.kaplan_yorke == pytest.approx(1.2583, abs=0.02)
    x, y = sp.symbols("x y")
    symbolic = dl.SymbolicMap((x, y), (1 - sp.Float("1.4") * x**2 + y, sp.Float("0.3") * x))
    few = analysis.lyapunov_exponents(symbolic, [0.1, 0.1], steps=20)  # later, rounding leads the two elsewhere
    np.testing.assert_allclose(few, analysis.lyapunov_exponents(HENON, [0.1, 0.1], steps=20), atol=1e-9)


@pytest.mark.parametrize("gain", [0.5, 1.5, 3.0, 8.0])
def test_sum_is_the_mean_log_determinant(gain):
    net, a0 = random_net(16, gain)
    found = analysis.lyapunov_exponents(net, a0, steps=120)
    assert found.sum() == pytest.approx(mean_log_determinant(net, a0, steps=120), abs=1e-10)
    assert np.all(np.diff(found.exponents) <= 0.0)


@pytest.mark.parametrize(("make", "gates", "size"), [(dl.GRU, 3, 1.0), (dl.GRU, 3, 8.0), (dl.LSTM, 4, 1.0), (dl.LSTM, 4, 8.0)])
def test_sum_under_inputs(make, gates, size):
    """Conditional exponents of gated nets, also where the gates saturate and single steps span many decades."""
    net = gated(make, gates, 10, 2, size)
    inputs = np.random.default_rng(1).standard_normal((150, 2))
    found = analysis.lyapunov_exponents(net, np.zeros(net.dim), inputs)
    expected = mean_log_determinant(net, np.zeros(net.dim), inputs)
    assert found.sum() == pytest.approx(expected, abs=1e-10, rel=1e-12)


@pytest.mark.parametrize("bias", [0.5, 3.0, 6.0, 10.0])
def test_every_exponent_against_a_long_product(bias):
    """From the same directions, in 120 digits: saturated units shrink by up to e^-40 a step beside others that do not."""
    rng = np.random.default_rng(2)
    net = dl.AdditiveNetwork(rng.standard_normal((5, 5)), bias * rng.standard_normal(5))
    inputs = rng.standard_normal((25, 5))
    states = dl.trajectory(net, np.zeros(5), inputs)
    frame = first_frame(5, 5, ())
    found = carried(Tangent(net, states, inputs, vectors=5), frame, 0, 25)
    expected = diagonals(net.jacobian(states[:-1]), frame.rows, 120)
    np.testing.assert_allclose(found.logs, expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(found.rows @ found.rows.T, np.eye(5), atol=1e-13)


def test_well_conditioned_exponents_against_a_long_product():
    net, a0 = random_net(8, 1.2)
    states = dl.trajectory(net, a0, steps=15)
    frame = first_frame(8, 8, ())
    found = carried(Tangent(net, states, None, vectors=8), frame, 0, 15)
    np.testing.assert_allclose(found.logs, diagonals(net.jacobian(states[:-1]), frame.rows, 60), rtol=1e-9)


def test_the_few_largest_without_a_jacobian():
    """k of n by products alone give the first of all n."""
    net, a0 = random_net(60, 1.5)
    few = analysis.lyapunov_exponents(net, a0, steps=400, k=3)
    every = analysis.lyapunov_exponents(net, a0, steps=400)
    assert few.exponents.shape == (3,)
    np.testing.assert_allclose(few.exponents, every[:3], atol=5e-3)  # the turn of the first directions differs
    assert few.kaplan_yorke is None or few.kaplan_yorke < 3


def test_fixed_points_and_cycles():
    net = dl.AdditiveNetwork([[1.3, 2.6], [3.7, 0.3]])
    for point in analysis.fixed_points(net, rng=0).points:
        multipliers = np.abs(np.linalg.eigvals(net.jacobian(point)))
        found = analysis.lyapunov_exponents(net, point, steps=100)
        np.testing.assert_allclose(found.exponents, np.log(np.sort(multipliers)[::-1]), atol=1e-9)
    flipping = dl.AdditiveNetwork([[-2.0, 0.3], [0.1, 0.5]])
    cycle = analysis.periodic_orbits(flipping, 2, rng=0)
    found = analysis.lyapunov_exponents(flipping, cycle.points[0, 0], steps=120)
    np.testing.assert_allclose(found.exponents, np.log(np.sort(np.abs(cycle.multipliers[0]))[::-1]) / 2.0, atol=1e-6)


def test_rotation_is_neutral():
    """A rotation by any angle: both exponents are 0, and the summary does not call it chaos."""
    c, s = np.cos(0.7), np.sin(0.7)
    found = analysis.lyapunov_exponents(dl.AdditiveNetwork([[c, -s], [s, c]], activation="linear"), [1.0, 0.0], steps=500)
    np.testing.assert_allclose(found.exponents, 0.0, atol=1e-13)
    assert "neutral" in found.summary()


@pytest.mark.parametrize(
    ("W", "alive"),
    [
        ([[1.0, 1.0], [1.0, 1.0]], 1),
        ([[0.0, 1.0], [0.0, 0.0]], 0),
        ([[0.0, 0.0], [0.0, 0.0]], 0),
        ([[2.0, 0.0], [0.0, 0.0]], 1),
    ],
)
def test_singular_weights(W, alive):
    found = analysis.lyapunov_exponents(dl.AdditiveNetwork(W), [0.1, 0.2], steps=30)
    assert np.isfinite(found.exponents).sum() == alive
    assert np.isneginf(found.exponents[alive:]).all()
    assert found.sum() == -np.inf
    assert "annihilated" in found.summary()
    assert not np.isnan(found.trace).any()
    assert not np.isnan(found.standard_errors).any()
    assert found.kaplan_yorke == 0.0


def test_dead_units():
    """Two ReLU units of four that never fire: two directions are gone, the others are those of the rest."""
    rng = np.random.default_rng(3)
    W = np.abs(rng.standard_normal((4, 4))) * 0.3
    net = dl.ElmanNetwork(W, np.eye(4), [1.0, 1.0, -50.0, -50.0], activation="relu")
    inputs = 0.1 * rng.standard_normal((60, 4))
    found = analysis.lyapunov_exponents(net, np.zeros(4), inputs)
    rest = dl.ElmanNetwork(W[:2, :2], np.eye(2), [1.0, 1.0], activation="relu")
    expected = analysis.lyapunov_exponents(rest, np.zeros(2), inputs[:, :2])
    np.testing.assert_allclose(found[:2], expected, atol=1e-2)  # the turn of the first directions differs
    assert found[:2].sum() == pytest.approx(expected.sum(), abs=1e-2)
    assert np.isneginf(found[2:]).all()


def test_a_unit_that_dies_late_and_was_leading():
    """Unit 0 leads until its output is cut off at step 50; what unit 1 did all along stays in the account."""
    net = dl.ElmanNetwork(np.diag([2.0, 0.5]), np.eye(2), None, activation="relu")
    inputs = np.ones((80, 2))
    inputs[50, 0] = -1e30
    found = analysis.lyapunov_exponents(net, [1.0, 1.0], inputs)
    np.testing.assert_allclose(found.exponents, [np.log(0.5), -np.inf], rtol=1e-9)


def test_dead_gates_of_an_lstm():
    """A forget gate and an output gate shut to the last bit: their slopes are zero, and no NaN comes of it."""
    net = gated(dl.LSTM, 4, 3, 1)
    bias = np.array(net.bias_ih)
    bias[3:6] = -800.0
    bias[9:12] = -800.0
    shut = dl.LSTM(net.weight_ih, net.weight_hh, bias, net.bias_hh)
    found = analysis.lyapunov_exponents(shut, np.zeros(6), np.ones((40, 1)))
    assert not np.isnan(found.exponents).any()
    assert found.sum() == -np.inf


def test_batches_are_loops():
    net = gated(dl.GRU, 3, 6, 2)
    rng = np.random.default_rng(4)
    starts, inputs = rng.standard_normal((3, 1, 6)), rng.standard_normal((90, 2, 2))
    together = analysis.lyapunov_exponents(net, starts, inputs)
    assert together.exponents.shape == together.standard_errors.shape == (3, 2, 6)
    assert together.trace.shape == (50, 3, 2, 6)
    assert together.kaplan_yorke.shape == (3, 2)
    for i, j in np.ndindex(3, 2):
        alone = analysis.lyapunov_exponents(net, starts[i, 0], inputs[:, j])
        np.testing.assert_allclose(together.exponents[i, j], alone.exponents, atol=1e-11)
        np.testing.assert_allclose(together.finite_time[:, i, j], alone.finite_time, atol=1e-9)
    expected = mean_log_determinant(net, starts, np.broadcast_to(inputs[:, None], (90, 3, 2, 2)))
    np.testing.assert_allclose(together.sum(axis=-1), expected, atol=1e-10)


def test_stretches_and_transients():
    net, a0 = random_net(8, 1.5)
    found = analysis.lyapunov_exponents(net, a0, steps=250, transient=50, window=30)
    np.testing.assert_array_equal(found.times, [80, 110, 140, 170, 200, 230, 250])
    assert found.steps == 200
    np.testing.assert_allclose(found.trace[-1], found.exponents, atol=1e-13)
    lengths = np.array([30, 30, 30, 30, 30, 30, 20])
    np.testing.assert_allclose(lengths @ found.finite_time / 200, found.exponents, atol=1e-13)
    states = dl.trajectory(net, a0, steps=250)
    expected = np.linalg.slogdet(net.jacobian(states[50:-1]))[1]
    np.testing.assert_allclose(found.finite_time[0].sum(), expected[:30].mean(), atol=1e-10)
    assert found.sum() == pytest.approx(expected.mean(), abs=1e-10)


def test_standard_errors_know_about_correlations():
    """J_t = exp(x_t) with x a slow autoregression: the error of the mean, over many runs, is what is reported, or less."""
    rng = np.random.default_rng(5)
    runs, T, memory = 100, 1000, 0.98
    x = np.zeros((T, runs))
    for t in range(1, T):
        x[t] = memory * x[t - 1] + rng.standard_normal(runs)
    net = dl.FunctionMap(lambda a, u: a * np.exp(0.05 * u), 1, 1)
    found = analysis.lyapunov_exponents(net, np.full((runs, 1), 1e-3), x[..., None])
    spread = found.exponents.std()
    reported = np.median(found.standard_errors)
    assert 0.6 * spread < reported < 2.0 * spread


def test_growth_beyond_float64():
    """Every step multiplies by 1e150, and the state is at rest: the exponent is ln 1e150."""
    found = analysis.lyapunov_exponents(dl.AdditiveNetwork(1e150 * np.eye(9), activation="linear"), np.zeros(9), steps=40)
    np.testing.assert_allclose(found.exponents, 150 * np.log(10.0), rtol=1e-13)


def test_what_the_record_offers(tmp_path):
    net, a0 = random_net(10, 2.0)
    found = analysis.lyapunov_exponents(net, a0, steps=300)
    assert len(found) == 10
    assert found[0] == found.exponents[0] == next(iter(found))
    assert sum(found) == pytest.approx(np.sum(found)) == pytest.approx(found.exponents.sum())
    np.testing.assert_array_equal(np.asarray(found), found.exponents)
    again = dl.load(found.save(tmp_path / "exponents"))
    assert again.summary() == found.summary()
    np.testing.assert_array_equal(again.trace, found.trace)
    assert found.plot().get_xlabel() == "steps"
    short = analysis.lyapunov_exponents(net, a0, steps=5)
    assert short.standard_errors is None
    assert "+-" not in short.summary()
    plt.close("all")


def test_kaplan_yorke_by_hand():
    def record(*values, n=3):
        values = np.array(values)
        return analysis.LyapunovExponents(values, None, values[None], np.array([1]), 0, n)

    assert record(-0.1, -0.5, -1.0).kaplan_yorke == 0.0
    assert record(0.5, 0.1, -1.2).kaplan_yorke == pytest.approx(2.5)
    assert record(0.5, -np.inf, -np.inf).kaplan_yorke == 1.0
    assert record(0.5, 0.1, -0.1).kaplan_yorke == 3.0
    assert record(0.5, 0.1).kaplan_yorke is None
    assert record(0.5, -1.0).kaplan_yorke == pytest.approx(1.5)


def test_bad_input():
    net, a0 = random_net(4, 1.0)
    with pytest.raises(InvalidInput, match="`k` is 5"):
        analysis.lyapunov_exponents(net, a0, steps=10, k=5)
    with pytest.raises(InvalidInput, match="at least one step"):
        analysis.lyapunov_exponents(net, a0, steps=0)
    with pytest.raises(InvalidInput, match="at least one step"):
        analysis.lyapunov_exponents(net, a0, steps=10, transient=10)
    with pytest.raises(NotSmooth):
        analysis.lyapunov_exponents(dl.AdditiveNetwork([[1.0]], activation="threshold"), [0.0], steps=3)
    with pytest.raises(InvalidInput, match="left the finite numbers at step"):
        analysis.lyapunov_exponents(dl.AdditiveNetwork([[3.0]], activation="linear"), [1.0], steps=1000)


def test_a_dimension_that_needs_more_exponents_says_so():
    """Growth along both of the two directions asked for: how far the sum stays positive is not known."""
    net = dl.AdditiveNetwork(np.diag([3.0, 2.0, 0.5]), activation="linear")
    few = analysis.lyapunov_exponents(net, np.zeros(3), steps=10, k=2)
    assert few.kaplan_yorke is None
    words = few.summary()
    assert "Kaplan-Yorke dimension: needs more exponents than were asked for" in words
    assert "sum" not in words
    np.testing.assert_allclose(few.exponents, np.log([3.0, 2.0]), rtol=1e-4)
