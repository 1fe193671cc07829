import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import escapes, threshold_by_corners

import dynlatch as dl
from dynlatch import analysis
from dynlatch.analysis import EscapeOutcome
from dynlatch.analysis.escape import replay
from dynlatch.errors import InvalidInput, NotAttracting

C = [[1.3, 2.6], [3.7, 0.3]]


def threshold(net, which=-1, **options):
    attractors = analysis.fixed_points(net, rng=0).attractors
    return analysis.escape_threshold(net, attractors[which], **options)


def check(net, result, **options):
    """What every exact result promises."""
    assert result.outcome is EscapeOutcome.EXACT
    assert result.exact
    assert result.lower == result.upper
    assert result.witness is not None
    size = np.linalg.norm(result.witness, np.inf, axis=1).max()
    assert result.upper < size <= result.upper * (1 + 1e-6)
    landing = replay(net, result.attractor, result.witness, **options)
    assert not landing.returned
    assert landing.norm == size


@pytest.mark.parametrize("w", [1.1, 1.25, 2.0, 5.0])
def test_one_neuron_is_the_papers_number(w):
    result = threshold(dl.LatchNeuron(w))
    expected = np.sqrt(w * (w - 1)) - np.arctanh(np.sqrt(1 - 1 / w))
    np.testing.assert_allclose(result.lower, expected, rtol=1e-13)
    check(dl.LatchNeuron(w), result)


def test_fig_3_of_the_1993_paper():
    assert f"{threshold(dl.LatchNeuron(2.0)).lower:.15g}" == "0.532839975353552"


def test_plain_loop_around_the_threshold():
    net = dl.LatchNeuron(2.0)
    result = threshold(net)
    assert not escapes(net, result.attractor, np.full((4000, 1), -result.lower))
    assert not escapes(net, result.attractor, np.full((4000, 1), -0.53283))
    assert escapes(net, result.attractor, np.full((1000, 1), -0.5329))


def test_bias_logistic_and_scaled_input():
    low, high = (threshold(dl.LatchNeuron(2.0, 0.3), which).lower for which in (0, 1))
    np.testing.assert_allclose([low, high], [0.532839975353552 - 0.3, 0.532839975353552 + 0.3], rtol=1e-13)
    logistic = threshold(dl.LatchNeuron(6.0, -3.0, "logistic"))
    np.testing.assert_allclose(logistic.lower, 2 * (np.sqrt(0.75) - np.arctanh(np.sqrt(1 / 3))), rtol=1e-13)
    doubled = threshold(dl.AdditiveNetwork([[2.0]], None, "tanh", [[-4.0]]))
    np.testing.assert_allclose(doubled.lower, 0.532839975353552 / 4, rtol=1e-13)
    check(dl.AdditiveNetwork([[2.0]], None, "tanh", [[-4.0]]), doubled)


def test_the_fold_route_agrees_with_the_closed_form():
    """Two equal uncoupled neurons take the bordered Newton; one takes the closed form."""
    result = threshold(dl.AdditiveNetwork(2.0 * np.eye(2)))
    assert "fold" in result.lower_method
    np.testing.assert_allclose(result.lower, 0.532839975353552, rtol=1e-13)
    check(dl.AdditiveNetwork(2.0 * np.eye(2)), result)


def test_rank_one_nets_reduce_to_one_neuron():
    """W = w 11'/n acts on the mean of f(a) alone: u* is the neuron's, whatever n."""
    for n in (2, 7):
        net = dl.AdditiveNetwork(2.0 * np.ones((n, n)) / n)
        np.testing.assert_allclose(threshold(net).lower, 0.532839975353552, rtol=1e-12)


def test_a_coupled_pair():
    result = threshold(dl.AdditiveNetwork(C))
    np.testing.assert_allclose(result.lower, 2.0960608718, rtol=1e-10)
    check(dl.AdditiveNetwork(C), result)


def test_the_critical_state_really_folds():
    """Independent of the bordered Newton: just below u* the pushed map has a fixed point, just above it has none there."""
    net = dl.AdditiveNetwork(C)
    u = threshold(net).lower
    a = analysis.fixed_points(net, rng=0).attractors.points[-1]
    for _ in range(40_000):
        a = net.step(a, np.full(2, -u * (1 - 1e-7)))
    assert np.abs(net.step(a, np.full(2, -u * (1 - 1e-7))) - a).max() < 1e-12
    assert np.abs(np.linalg.eigvals(net.jacobian(a))).max() > 0.99


@pytest.mark.slow
def test_elman_in_its_own_and_in_added_coordinates():
    plain = dl.ElmanNetwork(C, np.eye(2), None)
    np.testing.assert_allclose(threshold(plain).lower, 2.0960608718071, rtol=1e-11)
    added = threshold(plain, input_matrix=np.eye(2))
    check(plain, added, input_matrix=np.eye(2))
    assert not escapes(
        dl.FunctionMap(lambda h, u: np.tanh(h @ np.array(C).T) + u, dim=2, input_dim=2),
        added.attractor,
        np.full((3000, 2), -added.lower * (1 - 1e-4)),
    )
    single = dl.ElmanNetwork([[2.0]], [[1.0]], None)
    outside = threshold(single, input_matrix=[[1.0]])
    # h' = tanh(2h) + u: the fold of h - tanh(2h) lies where 2 sech^2(2h) = 1.
    h = np.arctanh(np.sqrt(0.5)) / 2
    np.testing.assert_allclose(outside.lower, np.tanh(2 * h) - h, rtol=1e-12)


def test_leaky_nets():
    """a' = (1-α) a + α (2 tanh a + u): the leak moves no fixed point and no fold."""
    result = threshold(dl.LeakyNetwork(2.0 * np.eye(2), 0.3))
    np.testing.assert_allclose(result.lower, 0.532839975353552, rtol=1e-12)
    check(dl.LeakyNetwork(2.0 * np.eye(2), 0.3), result)


def test_constant_inputs_shift_the_bias():
    net = dl.WithInput(dl.LatchNeuron(2.0), [0.2])
    np.testing.assert_allclose([threshold(net, k).lower for k in (0, 1)], [0.332839975353552, 0.732839975353552], rtol=1e-12)


@pytest.mark.parametrize("T", [1, 2, 3])
def test_finite_horizon_against_all_corner_sequences(T):
    net = dl.AdditiveNetwork([[1.6, 0.4], [0.3, 1.5]])
    result = threshold(net, steps=T)
    check(net, result)
    around = result.lower * np.array([1 - 1e-3, 1 + 1e-3])
    assert threshold_by_corners(net, result.attractor, T, around) == around[1]


def test_a_finite_horizon_is_harder_and_an_impulse_is_one_step():
    net = dl.LatchNeuron(2.0)
    values = [threshold(net, steps=T).lower for T in (1, 2, 5, 20, 100)]
    assert np.all(np.diff(values) < 0)
    assert values[-1] > threshold(net).lower
    impulse = threshold(net, disturbance="impulse")
    np.testing.assert_allclose(impulse.lower, 1.9150080481545, rtol=1e-12)  # the distance to the saddle at 0
    pair = dl.AdditiveNetwork(2.0 * np.eye(2))  # bisection instead of the scalar theory
    np.testing.assert_allclose([threshold(pair, steps=T).lower for T in (1, 2, 5)], values[:3], rtol=1e-12)


def test_no_other_attractor():
    result = threshold(dl.LatchNeuron(0.5))
    assert result.outcome is EscapeOutcome.MONOSTABLE
    assert result.lower == result.upper == np.inf
    bias = threshold(dl.LatchNeuron(2.0, 0.6))  # a fold at b = 1.1328 exists, and is no escape
    assert bias.outcome is EscapeOutcome.MONOSTABLE
    coupled = threshold(dl.AdditiveNetwork(C, [5.0, 5.0]))
    assert coupled.outcome is EscapeOutcome.MONOSTABLE


def test_neutral_at_w_equal_one():
    result = analysis.escape_threshold(dl.LatchNeuron(1.0), [0.0])
    assert result.outcome is EscapeOutcome.NEUTRAL
    assert result.lower == np.inf


def test_out_of_reach():
    """The input moves only the first unit, which has one attractor; the second holds the bit and hears nothing of it."""
    net = dl.AdditiveNetwork(np.diag([0.5, 2.0]), None, "tanh", [[1.0], [0.0]])
    assert threshold(net).outcome is EscapeOutcome.UNREACHABLE


def check_bracket(net, result, truth=None):
    """What every bracket promises: a proof below, an input that escapes above."""
    assert 0.0 <= result.lower <= result.upper
    if result.witness is not None:
        assert np.linalg.norm(result.witness, result.norm, axis=1).max() <= result.upper * (1 + 1e-6)
        assert escapes(net, result.attractor, result.witness)
    if truth is not None:
        assert result.lower <= truth * (1 + 1e-12)
        assert result.upper >= truth * (1 - 1e-12)


def test_a_rotation_is_bracketed():
    """No order, so no exact theory: the dual proves, the search escapes."""
    rotation = dl.AdditiveNetwork([[2.2, 0.5], [-0.5, 2.2]])
    result = threshold(rotation, rng=0)
    assert result.outcome is EscapeOutcome.BRACKET
    assert result.ratio > 0.99
    check_bracket(rotation, result)
    assert "dual" in result.lower_method
    assert result.path.shape == (len(result.witness) + 61, 2)
    assert "u* in [0.181" in result.summary()


def test_other_questions_of_the_same_net():
    net = dl.AdditiveNetwork(C)
    round_ball = threshold(net, norm=2, rng=0)
    check_bracket(net, round_ball)
    assert round_ball.lower >= 2.0960608718 * (1 - 1e-3)  # the ball is inside the box ...
    assert round_ball.upper < 2.3  # ... and a varying input is cheaper than the best constant one, 2.645
    along = threshold(net, direction=[1.0, 0.0])
    assert along.outcome is EscapeOutcome.EXACT
    assert along.lower > 2.0960608718
    assert threshold(dl.LatchNeuron(2.0), norm=2).outcome is EscapeOutcome.EXACT


def test_a_map_without_derivatives_has_an_upper_bound_only():
    unit = dl.AdditiveNetwork([[2.0]], activation="threshold")  # a' = 2 sign(a) + u: only |u| > 2 flips the sign for good
    result = analysis.escape_threshold(unit, [2.0], rng=0)
    assert result.outcome is EscapeOutcome.NOTHING_PROVED
    assert 2.0 < result.upper < 2.01


@pytest.mark.slow
def test_a_plain_function_has_an_upper_bound_only():
    smooth = dl.FunctionMap(lambda a, u: 2.0 * np.tanh(a) + u, 1, 1)
    result = analysis.escape_threshold(smooth, [1.915008], rng=0)
    assert result.outcome is EscapeOutcome.NOTHING_PROVED
    assert 0.53283 < result.upper < 0.5334


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 10_000))
def test_signs_order_and_scale_do_not_matter(seed):
    rng = np.random.default_rng(seed)
    W = np.abs(rng.standard_normal((3, 3))) + 1.2 * np.eye(3)
    base = threshold(dl.AdditiveNetwork(W))
    signs, order = rng.choice([-1.0, 1.0], 3), rng.permutation(3)
    moved = (signs[:, None] * W * signs)[np.ix_(order, order)]
    top = (signs * base.attractor)[order]
    again = analysis.escape_threshold(dl.AdditiveNetwork(moved), top)
    np.testing.assert_allclose(again.lower, base.lower, rtol=1e-10)
    wide = analysis.escape_threshold(dl.AdditiveNetwork(W, None, "tanh", 2.5 * np.eye(3)), base.attractor)
    np.testing.assert_allclose(wide.lower, base.lower / 2.5, rtol=1e-10)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000))
def test_random_inputs_below_the_threshold_never_escape(seed):
    rng = np.random.default_rng(seed)
    net = dl.AdditiveNetwork(np.abs(rng.standard_normal((3, 3))) + np.eye(3))
    result = threshold(net)
    extreme = rng.choice([-1.0, 1.0], (60, 3)) * result.lower
    assert not escapes(net, result.attractor, extreme, steps=2000)


def test_bad_input():
    net = dl.LatchNeuron(2.0)
    with pytest.raises(NotAttracting, match="modulus 2"):
        analysis.escape_threshold(net, [0.0])
    with pytest.raises(InvalidInput, match="not near a fixed point"):
        analysis.escape_threshold(net, [1.0])
    with pytest.raises(InvalidInput, match="shape"):
        analysis.escape_threshold(net, [1.9, 1.9])
    with pytest.raises(InvalidInput, match="norm"):
        analysis.escape_threshold(net, [1.915008], norm=1)
    with pytest.raises(InvalidInput, match="input_matrix"):
        analysis.escape_threshold(net, [1.915008], input_matrix=[[0.0]])
    with pytest.raises(InvalidInput, match="steps"):
        analysis.escape_threshold(net, [1.915008], steps=-1)
    with pytest.raises(InvalidInput, match="impulse"):
        analysis.escape_threshold(net, [1.915008], steps=4, disturbance="impulse")
    with pytest.raises(InvalidInput, match="no input"):
        analysis.escape_threshold(dl.ElmanNetwork([[2.0]], np.zeros((1, 0)), None), [0.95750])


def test_near_the_pitchfork_no_number_is_wrong():
    """At w = 1 + 1e-8 simulation cannot tell the two attractors apart: the closed form can, and larger nets say so."""
    single = threshold(dl.LatchNeuron(1 + 1e-8))
    np.testing.assert_allclose(single.lower, 2 / 3 * 1e-12, rtol=1e-6)
    assert single.witness is None
    assert single.outcome is EscapeOutcome.EXACT
    pair = dl.AdditiveNetwork((1 + 1e-8) * np.eye(2))
    states = np.full(2, threshold(dl.LatchNeuron(1 + 1e-8)).attractor[0])
    check_bracket(pair, analysis.escape_threshold(pair, states, rng=0), single.lower)


U2 = 0.5328399753535521  # u*(2)


@pytest.mark.parametrize(
    ("net", "truth"),
    [
        pytest.param(dl.AdditiveNetwork(1.001 * np.eye(2)), 2.1075529898e-5, marks=pytest.mark.slow),
        pytest.param(dl.LeakyNetwork([[2.0]], 0.01), U2, marks=pytest.mark.slow),
        (dl.LeakyNetwork([[2.0]], 0.001), U2),
        (dl.AdditiveNetwork(1e5 * np.eye(2)), 1e5 * np.sqrt(1 - 1e-5) - np.arctanh(np.sqrt(1 - 1e-5))),
        (dl.AdditiveNetwork(1e6 * np.eye(2)), 1e6 * np.sqrt(1 - 1e-6) - np.arctanh(np.sqrt(1 - 1e-6))),
        (dl.AdditiveNetwork(2 * np.eye(2), input_matrix=1e-10 * np.eye(2)), U2 * 1e10),
        (dl.AdditiveNetwork(np.diag([1e8, 2.0]), input_matrix=[[0.0], [1.0]]), U2),
        (dl.AdditiveNetwork([[0, 0], [0.1, 2.0]], [1e8, 0], input_matrix=[[0.0], [1.0]]), U2 + 0.1),
        pytest.param(dl.LatchNeuron(2.0, U2), None, marks=pytest.mark.slow),
    ],
    ids=["near-pitchfork", "leak-.01", "leak-.001", "w=1e5", "w=1e6", "tiny-B", "mixed-scales", "mixed-bias", "fold"],
)
def test_hard_cases_are_right(net, truth):
    """Slow passages, saturated folds and mixed scales: an exact number only where it is the true one, else a true bracket."""
    result = threshold(net, rng=0)
    if result.outcome is EscapeOutcome.EXACT:
        np.testing.assert_allclose(result.lower, truth, rtol=1e-7)
    else:
        check_bracket(net, result, truth)


@pytest.mark.slow
def test_hard_tanh():
    hard = dl.Activation("hardtanh", lambda x: np.clip(x, -1, 1), lambda x: (np.abs(x) < 1) * 1.0, limits=(-1, 1), odd=True)
    result = threshold(dl.LatchNeuron(10.0, 0.0, hard))
    check_bracket(dl.LatchNeuron(10.0, 0.0, hard), result, 9.0)
