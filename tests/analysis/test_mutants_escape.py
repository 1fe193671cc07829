"""Parts of the escape threshold by themselves: what replays believe, what questions refuse, what directions are."""

from __future__ import annotations

import itertools
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import dynlatch as dl
from dynlatch import analysis
from dynlatch.analysis import scalar
from dynlatch.analysis.escape import directions, question, verb, witness
from dynlatch.analysis.escape.exact import branch, fold
from dynlatch.analysis.escape.lower import small_gain
from dynlatch.analysis.escape.lower.dual import basin, iteration, wide
from dynlatch.analysis.escape.lower.dual import proof as dual
from dynlatch.analysis.escape.lower.dual.problem import hull_of, problem_of
from dynlatch.analysis.escape.lower.reduced import history
from dynlatch.analysis.escape.result import EscapeOutcome
from dynlatch.analysis.escape.shock import proof as shock
from dynlatch.analysis.escape.shock.aftermath import aftermath
from dynlatch.analysis.escape.switching import SwitchingThresholds
from dynlatch.analysis.escape.switching import verb as switching
from dynlatch.analysis.escape.upper import bound as upper
from dynlatch.analysis.escape.upper import wander
from dynlatch.analysis.structure import activation_form
from dynlatch.errors import InvalidInput, NotAttracting

HALF = dl.AdditiveNetwork([[0.5]], activation="linear")  # a' = a / 2 + u
DOUBLE = dl.AdditiveNetwork([[2.0]], activation="linear")
FLIP = dl.AdditiveNetwork([[-1.0]], activation="linear")  # a' = -a: every orbit has period 2
SIGN = dl.AdditiveNetwork([[2.0]], activation="threshold")  # a' = 2 sign(a) + u
TURN = dl.AdditiveNetwork([[np.cos(1.0), -np.sin(1.0)], [np.sin(1.0), np.cos(1.0)]], activation="linear")


def test_rest_says_where_and_with_which_period():
    state, period = witness.rest(SIGN, np.array([0.3]))
    assert (state.tolist(), period) == ([2.0], 1)
    assert witness.rest(FLIP, np.array([3.0]))[1] == 2
    grown, period = witness.rest(DOUBLE, np.array([1.0]))
    assert period is None
    assert 1e50 <= grown[0] < 2e50  # the first state beyond


def test_a_state_on_a_closed_curve_has_no_period(monkeypatch):
    monkeypatch.setattr(witness, "PATIENCE", 1000)
    state, period = witness.rest(TURN, np.array([1.0, 0.0]))
    assert period is None
    np.testing.assert_allclose(state, [np.cos(1000.0), np.sin(1000.0)], atol=1e-11)  # every step of the patience was taken


def test_the_period_is_looked_for_up_to_the_most():
    assert witness._period(FLIP, np.array([1.0]), 1) is None
    assert witness._period(FLIP, np.array([1.0]), 2) == 2
    assert witness._period(SIGN, np.array([2.0]), 5) == 1


def test_same_state_is_agreement_to_rounding_in_every_component():
    a = np.array([1.0, 1e-3])
    assert witness.same_state(a, a)
    assert witness.same_state(a, a * (1 + 4e-16))
    assert not witness.same_state(a, np.add(a, [0.0, 1e-15]))
    assert not witness.same_state(a, np.add(a, [1e-15, 0.0]))
    assert witness.same_state(np.array([1.0, 0.0]), np.array([1.0, 5e-18]))
    assert not witness.same_state(np.array([1.0, 0.0]), np.array([1.0, 5e-17]))
    assert witness.same_state(np.zeros(1), np.zeros(1))


def test_a_state_is_back_within_a_millionth_of_the_attractor():
    point = np.array([2.0, 1.0])
    assert witness.is_back(np.add(point, [1.9e-6, 0.0]), 1, point)
    assert not witness.is_back(np.add(point, [2.1e-6, 0.0]), 1, point)
    assert not witness.is_back(np.add(point, [0.0, 1.1e-6]), 1, point)
    assert witness.is_back(np.array([5e-10]), 1, np.zeros(1))  # about zero an absolute floor
    assert not witness.is_back(np.array([2e-9]), 1, np.zeros(1))
    assert witness.is_back(np.array([2.0, 1e-12]), 1, np.array([2.0, 0.0]))
    assert not witness.is_back(np.array([2.0, 1e-11]), 1, np.array([2.0, 0.0]))
    assert not witness.is_back(np.array([0.5, 1e-10]), 1, np.array([0.5, 0.0]))
    cycle = np.array([[1.0], [-1.0]])
    assert witness.is_back(np.array([-1.0]), 2, cycle)
    assert not witness.is_back(np.array([0.5]), 2, cycle)
    assert witness.is_back(np.array([0.5]), None, cycle)  # what never rests is no evidence
    assert not witness.is_back(np.array([1e50]), None, cycle)


def test_a_cycle_is_met_at_any_of_its_points():
    assert witness._is_met(FLIP, np.array([1.0]), 2, np.array([[-1.0]]))
    assert not witness._is_met(FLIP, np.array([1.0]), 1, np.array([[-1.0]]))
    assert not witness._is_met(FLIP, np.array([1.0]), 2, np.array([[-1.5]]))


def test_replay_keeps_the_states_the_norm_and_the_verdict():
    stay = witness.replay(SIGN, np.array([2.0]), np.array([[-1.0], [0.5]]))
    np.testing.assert_array_equal(stay.path, [[2.0], [1.0], [2.5]])
    assert (stay.returned, stay.period, stay.norm, stay.state.tolist()) == (True, 1, 1.0, [2.0])
    away = witness.replay(SIGN, np.array([2.0]), np.array([[-2.5]]))
    assert (away.returned, away.state.tolist(), away.norm) == (False, [-2.0], 2.5)
    none = witness.replay(SIGN, np.array([2.0]), np.zeros((0, 1)))
    assert (none.returned, none.norm, len(none.path)) == (True, 0.0, 1)


def test_replay_in_another_norm_and_through_a_matrix():
    pair = dl.AdditiveNetwork(2.0 * np.eye(2), activation="threshold")
    run = witness.replay(pair, np.array([2.0, 2.0]), np.array([[3.0, 4.0], [0.0, -1.0]]), norm=2, input_matrix=-np.eye(2))
    assert run.norm == 5.0
    np.testing.assert_array_equal(run.path[1:], [[-1.0, -2.0], [-2.0, -1.0]])
    assert not run.returned


def test_replay_stops_at_what_grows_beyond_all_bounds():
    run = witness.replay(DOUBLE, np.array([0.0]), np.full((200, 1), 1e45))
    assert not run.returned
    assert len(run.path) < 25
    assert np.abs(run.path[-2]).max() < 1e50 <= np.abs(run.path[-1]).max()


def test_a_map_without_derivatives_is_followed_to_its_rest():
    found = witness.at_rest(SIGN, [2.0])
    assert found.points.tolist() == [[2.0]]
    assert np.isnan(found.multipliers).all()
    assert witness.at_rest(FLIP, [3.0]).points.tolist() == [[3.0], [-3.0]]
    with pytest.raises(NotAttracting, match="no attractor"):
        witness.at_rest(SIGN, [1.0])
    with pytest.raises(NotAttracting, match="no attractor"):
        witness.at_rest(DOUBLE, [1.0])


def test_the_size_of_an_input_is_its_largest_norm_at_one_time():
    inputs = np.array([[3.0, 4.0], [-4.5, 0.0]])
    assert question.size(inputs, np.inf) == 4.5
    assert question.size(inputs, 2) == 5.0
    assert question.size(np.zeros((0, 2)), 2) == 0.0


def test_what_is_asked_is_kept():
    asked = question.ask(dl.LatchNeuron(2.0), [1.915008])
    assert (asked.norm, asked.steps, asked.constant, asked.width, asked.smooth) == (np.inf, None, False, 1, True)
    assert question.ask(dl.LatchNeuron(2.0), [1.915008], disturbance="impulse").steps == 1
    assert question.ask(dl.LatchNeuron(2.0), [1.915008], steps=1, disturbance="impulse").steps == 1
    constant = question.ask(dl.LatchNeuron(2.0), [1.915008], norm=2, steps=3, disturbance="constant")
    assert (constant.norm, constant.steps, constant.constant) == (2.0, 3, True)
    assert not question.ask(SIGN, [2.0]).smooth


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"disturbance": "noise"}, "sequence, constant, impulse; got 'noise'"),
        ({"norm": [2, 2]}, "must be inf or 2"),
        ({"steps": 2, "disturbance": "impulse"}, "got `steps=2`"),
        ({"input_matrix": [[1.0], [1.0]]}, r"shape \(1, m\) and rank at least 1; got shape \(2, 1\)\.$"),
        ({"input_matrix": [[0.0]]}, r"got shape \(1, 1\) with only zeros\.$"),
        ({"direction": [0.0]}, "non-zero vector of 1 inputs"),
        ({"direction": [1.0, 0.0]}, r"got shape \(2,\)"),
        ({"steps": 0}, "`steps`"),
        ({"direction": [np.nan]}, "`direction`"),
        ({"input_matrix": [1.0]}, "`input_matrix`"),
    ],
    ids=[
        *("disturbance", "norm", "impulse", "matrix-shape", "matrix-zero", "direction-zero", "direction-shape"),
        *("steps", "direction-nan", "matrix-vector"),
    ],
)
def test_questions_that_are_refused(given, words):
    with pytest.raises(InvalidInput, match=words):
        question.ask(dl.LatchNeuron(2.0), [1.915008], **given)


def test_a_neutral_state_is_refused_but_for_the_unit_at_its_threshold():
    with pytest.raises(NotAttracting, match="neutral"):
        question.ask(dl.AdditiveNetwork(np.eye(2)), [0.0, 0.0])
    assert question.ask(dl.LatchNeuron(1.0), [0.0]).attractor.spectral_radius == 1.0
    with pytest.raises(InvalidInput, match="never reach"):
        question.ask(dl.AdditiveNetwork(2 * np.eye(2), None, "tanh", np.zeros((2, 1))), [1.915008, 1.915008])


def test_a_direction_has_norm_one_however_large_it_was_given():
    pair = dl.AdditiveNetwork(2 * np.eye(2))
    for norm, entry in ((np.inf, 1.0), (2, np.sqrt(0.5))):
        system = question._system(pair, None, [1e300, -1e300], norm)
        np.testing.assert_allclose(system.step(np.zeros(2), np.ones(1)), [entry, -entry], rtol=1e-15)


def test_directions_that_are_drawn_when_none_are_given():
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(directions._directions(None, 3, np.inf, rng), np.eye(3))
    turn = directions._directions(None, 2, 2, rng)
    np.testing.assert_allclose(np.arctan2(turn[:, 1], turn[:, 0]), np.pi * np.arange(8) / 8, atol=1e-15)
    np.testing.assert_allclose(np.abs(directions._directions(5, 2, np.inf, rng)).max(axis=1), 1.0)
    drawn = directions._directions(4, 3, 2, rng)
    assert drawn.shape == (4, 3)
    np.testing.assert_allclose(np.linalg.norm(drawn, axis=1), 1.0)
    np.testing.assert_allclose(directions._directions([[3.0, 4.0]], 2, 2, rng), [[0.6, 0.8]])


@pytest.mark.parametrize("given", [0, [[np.nan, 1.0]], [1.0, 2.0]], ids=["number", "nan", "vector"])
def test_numbers_of_directions_that_are_refused(given):
    with pytest.raises(InvalidInput, match="`directions`"):
        directions._directions(given, 2, 2, np.random.default_rng(0))


@pytest.mark.parametrize("given", [[[0.0, 0.0]], [[1.0, 0.0, 0.0]], np.zeros((0, 2))], ids=["zero", "width", "none"])
def test_directions_that_are_refused(given):
    with pytest.raises(InvalidInput, match=r"shape \(k, 2\)"):
        directions._directions(given, 2, 2, np.random.default_rng(0))


def test_directions_of_two_separate_units():
    pair = dl.AdditiveNetwork([[2.0, 0.0], [0.0, 3.0]])
    found = analysis.escape_directions(pair, [1.915008, 2.984704], [[1.0, 0.0], [0.0, 2.0]])
    np.testing.assert_allclose(found.lower, [scalar.u_star(2.0), scalar.u_star(3.0)], rtol=1e-12)
    assert (len(found), found.easiest, found.norm, found.coordinates) == (2, 0, np.inf, "activation a")
    for k, inputs in enumerate(found.witnesses):
        assert inputs.shape[1] == 2
        assert not inputs[:, 1 - k].any()
        assert np.abs(inputs[:, k]).max() == pytest.approx(found.upper[k], rel=2e-6)
    lines = found.summary().split("\n")
    assert "2 directions of largest entry 1" in lines[0]
    assert [line[0] for line in lines[2:]] == ["*", " "]
    assert lines[2].split() == ["*", "0.53284", "0.53284", "[1.", "0.]"]


def test_the_ratio_and_the_words_of_a_bracket():
    exact = analysis.escape_threshold(dl.LatchNeuron(2.0), [1.915008], steps=1, norm=2)
    assert exact.ratio == 1.0
    assert "2-norm of the input at each time; 1 step)" in exact.summary()
    assert exact.disturbance == "impulse"
    alone = analysis.escape_threshold(HALF, [0.0])
    assert alone.outcome is EscapeOutcome.MONOSTABLE
    assert alone.ratio == 1.0
    with pytest.raises(InvalidInput, match="no escaping input to draw"):
        alone.plot()
    constant = analysis.escape_threshold(dl.LatchNeuron(2.0), [1.915008], steps=7, disturbance="constant")
    assert "7 steps, constant inputs only" in constant.summary()
    assert (constant.disturbance, constant.steps) == ("constant", 7)


def test_a_witness_is_believed_only_if_the_state_stays_away():
    asked = question.ask(SIGN, [2.0])
    assert verb._run(asked, np.array([[-1.0]])) is None
    run = verb._run(asked, np.array([[-2.5]]))
    assert run.path.shape == (2 + verb.AFTERMATH, 1)
    assert run.path[:4, 0].tolist() == [2.0, -0.5, -2.0, -2.0]
    with pytest.raises(AssertionError, match="contradicts"):
        verb._bracket(asked, question.LowerBound(3.0, "proof"), question.UpperBound(2.5, np.array([[-2.5]]), "search"))
    nothing = verb._bracket(asked, None, None)
    assert (nothing.lower, nothing.upper, nothing.outcome) == (0.0, np.inf, EscapeOutcome.UNKNOWN)
    proved = verb._bracket(asked, question.LowerBound(1.0, "proof"), None)
    assert (proved.outcome, proved.ratio, proved.lower_method) == (EscapeOutcome.NO_ESCAPE_FOUND, 0.0, "proof")
    both = verb._bracket(asked, question.LowerBound(1.0, "proof"), question.UpperBound(2.5, np.array([[-2.5]]), "search"))
    assert (both.outcome, both.ratio, both.upper_method) == (EscapeOutcome.BRACKET, 0.4, "search")


def test_efforts_and_budgets_that_are_refused():
    with pytest.raises(InvalidInput, match="default, high; got 'most'"):
        analysis.escape_threshold(dl.LatchNeuron(2.0), [1.915008], effort="most")
    with pytest.raises(InvalidInput, match="time_budget"):
        analysis.escape_threshold(dl.LatchNeuron(2.0), [1.915008], time_budget=0.0)


def test_what_the_search_is_told(monkeypatch):
    """Effort, budget and stream reach both searches, and a jump is looked for where it may explain an open bracket."""
    told = {}

    def upper(asked, **given):
        told["upper"] = given
        return question.UpperBound(2.5, np.array([[-2.5]]), "search")

    def lower(asked, below, effort):
        told["lower"] = below, effort
        return question.LowerBound(1.0, "proof")

    def jump(asked, low, high, rng):
        told["jump"] = low, high
        return 1.5

    for name, stand_in in (("upper_bound", upper), ("lower_bound", lower), ("jump", jump)):
        monkeypatch.setattr(verb, name, stand_in)
    stream = np.random.default_rng(3)
    found = analysis.escape_threshold(SIGN, [2.0], effort="high", time_budget=4.0, rng=stream)
    assert told == {"upper": {"effort": "high", "rng": stream, "time_budget": 4.0}, "lower": (2.5, "high"), "jump": (1.0, 2.5)}
    assert found.jump == 1.5
    assert "the set of reachable states jumps at 1.5, before" in found.summary()
    assert analysis.escape_threshold(SIGN, [2.0], rng=0).jump is None
    assert analysis.escape_threshold(SIGN, [2.0], effort="high", steps=3, rng=0).jump is None
    monkeypatch.setattr(verb, "upper_bound", lambda asked, **given: None)
    assert analysis.escape_threshold(SIGN, [2.0], effort="high", rng=0).jump is None
    assert told["lower"] == (np.inf, "high")


def test_the_words_about_a_witness():
    exact = analysis.escape_threshold(dl.LatchNeuron(2.0), [1.915008])
    assert f"  witness: {len(exact.witness)} steps, norm 0.5328" in exact.summary()
    assert "ends at [-1.91501]" in exact.summary()
    assert "attractor (activation a): [1.91501]" in exact.summary()
    unseen = replace(exact, witness=None, destination=None)
    assert unseen.summary().endswith("  no witness was simulated: just above u* the passage takes longer than the step limit")
    assert replace(unseen, exact=False, upper=0.6).summary().split("\n")[0].startswith("u* in [0.53284, 0.6]   (exact; ")


def test_what_does_not_rest_is_watched(monkeypatch):
    monkeypatch.setattr(witness, "WATCHED", 50)
    monkeypatch.setattr(witness, "WINDOW", 10)
    early, late = witness._distances(HALF, np.array([1.0]), np.array([0.0]))
    assert (early, late) == (0.5, 2.0**-41)
    assert witness._distances(FLIP, np.array([3.0]), np.array([[1.0], [-1.0]])) == (2.0, 2.0)  # from the nearest point
    near = dl.FunctionMap(lambda a, u: np.where(np.abs(a) < 1.0, 0.5 * a, -a), 1, 1)
    assert witness._wanders(near, np.array([3.0]), np.array([0.0]))
    assert not witness._wanders(near, np.array([0.9]), np.array([0.0]))  # it is on its way back
    assert not witness._wanders(FLIP, np.array([3.0]), np.array([1.0]))  # a nudge of the attractor does not die out


def test_a_saddle_is_no_place_to_stay():
    assert witness._on_the_edge(dl.LatchNeuron(2.0), np.array([0.0]), np.array([1.9150080481545302]))
    assert not witness._on_the_edge(dl.LatchNeuron(2.0), np.array([-1.9150080481545302]), np.array([1.9150080481545302]))
    assert not witness._on_the_edge(DOUBLE, np.array([1e50]), np.array([0.0]))


def test_the_upper_bound_is_measured_in_the_norm_that_was_asked():
    pair, inputs = dl.AdditiveNetwork(2.0 * np.eye(2), activation="threshold"), np.array([[-3.0, -4.0]])
    for norm, size in ((np.inf, 4.0), (2, 5.0)):
        found = verb._bracket(question.ask(pair, [2.0, 2.0], norm), None, question.UpperBound(size, inputs, "search"))
        assert (found.upper, found.norm, found.outcome) == (size, norm, EscapeOutcome.NOTHING_PROVED)


def test_the_exact_threshold_alone():
    assert verb.exact_escape_threshold(dl.LatchNeuron(2.0), [1.915008]).lower == scalar.u_star(2.0)
    assert verb.exact_escape_threshold(SIGN, [2.0]) is None


# --- parts of the proofs: what they claim is no more than the truth ---------------------------------------------------


@pytest.mark.parametrize(("norm", "stretch"), [(np.inf, np.sqrt(10.0)), (2, np.sqrt(5.0))], ids=["inf", "2"])
def test_shocks_in_the_ball_of_contraction(norm, stretch):
    """`radius / max |S B s|_2` over |s| <= 1: no more than the truth, and as much as the sums of |S B| allow."""
    SB = np.array([[1.0, 2.0], [2.0, -1.0]])  # columns of length sqrt(5), orthogonal; the corner (1, 1) goes to (3, 1)
    ball = SimpleNamespace(factors=[np.eye(2), np.diag([2.0, 2.0])], radius=6.0)
    found = [shock.ball_distance(SimpleNamespace(ball=ball, B=SB, norm=norm), phase) for phase in (0, 1)]
    bound = np.sqrt(18.0) if norm == np.inf else stretch  # of |S B|, whose corner goes to (3, 3)
    for value, factor in zip(found, (1.0, 2.0), strict=True):
        assert value == pytest.approx(6.0 / (factor * bound), rel=1e-9)
        assert value <= 6.0 / (factor * stretch)
        assert value < 6.0 / (factor * bound)


@pytest.mark.parametrize("norm", [np.inf, 2])
def test_the_range_of_pairs_holds_every_sequence_of_inputs(norm):
    """Against all corners (or many directions) of inputs u_0, ..., u_3, each of size 1, and the next ones."""
    rng = np.random.default_rng(8)
    K, m = 2, 2
    M = rng.standard_normal((3, K, m, m))
    M[2, 1] = 0.0  # squares alone: exact
    M[2, 0] = [[1.0, 0.5], [0.0, 2.0]]
    below, above = history._range_of_pairs(M, norm)
    assert below.shape == above.shape == (3,)
    corners = np.array(list(itertools.product([-1.0, -0.3, 0.0, 1.0], repeat=2 * m))).reshape(-1, 2, m)
    if norm == 2:
        turns = rng.standard_normal((4000, 2, m))
        corners = turns / np.linalg.norm(turns, axis=-1, keepdims=True)
    value = sum(np.einsum("sc,rcd,sd->rs", corners[:, 0], M[:, delta], corners[:, delta]) for delta in range(K))
    assert np.all(value.min(1) >= below - 1e-12)
    assert np.all(value.max(1) <= above + 1e-12)
    if norm == np.inf:
        assert (below[2], above[2]) == pytest.approx((-0.5, 3.5))
        assert value[2].max() == pytest.approx(3.5)
    assert np.all(above - below <= 4.0 * np.abs(M).sum((1, 2, 3)))


@pytest.mark.parametrize("scale", [1.0, 1e6])
def test_an_attractor_on_the_face_of_a_polytope_is_not_in_it(monkeypatch, scale):
    goal, rows = SimpleNamespace(lo=np.zeros(2), hi=np.full(2, scale)), np.array([[1.0, -2.0], [5e3, 5e3]])
    large = np.full(2, -scale), np.full(2, 2.0 * scale)

    def holds(tops, box=large):
        monkeypatch.setattr(dual, "polytope_of", lambda problem, hull: (*box, rows, scale * np.array([1.0, 1e4]) * tops))
        return dual.holds_attractor(SimpleNamespace(goal=goal, problem=None), None)

    assert holds([1.0 + 1e-11, 1.0 + 1e-11])  # the largest of the rows over the box are `scale` and 1e4 `scale`
    assert not holds([1.0 + 1e-12, 2.0])
    assert not holds([2.0, 1.0 + 1e-12])
    assert not holds([1.0, 2.0])
    assert not holds([2.0, 2.0], (np.full(2, 1e-3 * scale), large[1]))
    assert not holds([2.0, 2.0], (large[0], np.full(2, 0.999 * scale)))


def test_a_size_of_zero_is_no_bound(monkeypatch):
    asked = question.ask(dl.AdditiveNetwork(2.0 * np.eye(2)), [1.915008, 1.915008])
    found = small_gain.small_gain(asked, 0.6)
    assert 0.1 < found.value < scalar.u_star(2.0)
    monkeypatch.setattr(small_gain, "_largest", lambda *given: 0.0)
    assert small_gain.small_gain(asked, 0.6) is None


# --- searches: what they try, and when they end -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sizes", "taken", "found"),
    [
        ([0.5, 0.4, 1e-3, 1e-10, 3e-11, 2e-11], 6, True),  # down to rounding: the last step no longer halves
        ([0.5, 1e-14], 2, True),
        ([0.5, 0.1, 2e-14, 1e-14], 4, True),
        ([0.5, 9e-10, 8e-10], 3, True),
        ([1.0] * 9, 9, False),
        ([1.0] * 8 + [0.6], 9, False),
        ([1.0] * 8 + [0.4, 0.3], 10, False),
        ([1.0, np.nan], 2, False),
    ],
)
def test_when_newton_ends_on_a_fold(monkeypatch, sizes, taken, found):
    """Scripted corrections: it ends at rounding, and gives up where steps no longer halve after eight of them."""
    calls = iter(sizes)
    seen = []

    def correction(system, a, v, b):
        seen.append(next(calls))
        return np.array([seen[-1] if len(seen) == 2 else 0.0]), np.zeros(1), 0.0 if len(seen) == 2 else seen[-1]

    monkeypatch.setattr(fold, "_correction", correction)
    monkeypatch.setattr(fold, "_is_fold", lambda *given: True)
    result = fold.find_fold(None, np.zeros(1), 1.0, np.array([3.0]))
    assert len(seen) == taken
    assert (result is not None) is found
    if found:
        assert result.direction.tolist() == [1.0]
        assert result.size == pytest.approx(1.0 + sum(sizes[:1] + sizes[2:]), rel=1e-15)


@pytest.mark.parametrize(("rate", "steps"), [(0.5, 20), (0.9, 28), (0.93, 41), (0.999, 60), (0.0, 20)])
def test_the_first_length_is_three_times_the_memory(rate, steps):
    asked = question.ask(dl.AdditiveNetwork([[rate]], activation="linear"), [0.0])
    assert upper._first_length(asked) == steps
    assert upper._first_length(asked._replace(steps=7)) == 7
    assert upper._first_length(asked._replace(steps=50)) == min(steps, 50)


class Script:
    """A generator of random numbers that were written down."""

    def __init__(self, stretch, kind, shift=1):
        self.drawn = iter([np.array(stretch), kind, shift])

    def integers(self, *given):
        return next(self.drawn)

    def uniform(self, low, high):
        return -1.0

    def random(self):
        return 0.9

    def normal(self, size):
        return np.arange(1.0, 1.0 + np.prod(size)).reshape(size)


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        (0, [1.0, 7.0, 7.0, 7.0, 5.0]),  # three new inputs
        (1, [1.0, 9.0, 9.0, 9.0, 5.0]),  # one that is held
        (2, [1.0, 0.0, 0.0, 0.0, 5.0]),
        (3, [4.0, 5.0, 1.0, 2.0, 3.0]),
        (4, [1.1, 2.2, 3.3, 4.4, 5.5]),
    ],
)
def test_changes_of_a_sequence(monkeypatch, kind, wanted):
    monkeypatch.setattr(wander, "directions", lambda count, plant, rng: np.full((count, 1), {3: 7.0, 1: 9.0}[count]))
    monkeypatch.setattr(wander, "fitted", lambda U, norm: U)
    U = np.arange(1.0, 6.0)[:, None, None]
    found = wander.changed(U, SimpleNamespace(norm=np.inf), Script([4, 1], kind, 2))
    np.testing.assert_allclose(found[:, 0, 0], wanted, rtol=1e-15)
    assert U.ravel().tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]


# --- switches -----------------------------------------------------------------------------------------------------------


def test_switches_of_an_interrupted_search_are_unknown(monkeypatch):
    def interrupted(*given):
        raise KeyboardInterrupt

    monkeypatch.setattr(switching, "_row", interrupted)
    found = analysis.switching_thresholds(dl.LatchNeuron(2.0, 0.1), rng=0)
    assert found.lower.tolist() == [0.0, 0.0]
    assert found.upper.tolist() == [[0.0, np.inf], [np.inf, 0.0]]


def test_what_an_odd_map_mirrors():
    """Points take the better of both ways; cycles keep their own, since inputs begin at their first point."""

    def rows(*sizes):
        return [
            switching.Row(0.1, np.array(upper), [np.full((1, 1), float(i)) for _ in upper]) for i, upper in enumerate(sizes)
        ]

    points = [np.array([[-2.0]]), np.array([[2.0]])]
    found = rows([np.inf, 0.5], [0.4, np.inf])
    switching._mirror(found, points)
    assert [row.upper.tolist() for row in found] == [[np.inf, 0.4], [0.4, np.inf]]
    assert found[0].witnesses[1].tolist() == [[-1.0]]
    cycles = [np.array([[1.0], [-1.0]]), np.array([[2.0]]), np.array([[-2.0]])]
    found = rows([np.inf, 0.9, 0.3], [0.4, np.inf, 0.6], [0.2, 0.7, np.inf])
    switching._mirror(found, cycles)
    assert found[0].upper.tolist() == [np.inf, 0.9, 0.3]
    assert found[1].upper.tolist() == [0.2, np.inf, 0.6]
    assert found[2].upper.tolist() == [0.2, 0.6, np.inf]


def test_the_table_of_switches():
    point = np.array([[0.5]])
    found = SwitchingThresholds(
        attractors=(point, -point, np.array([[2.0], [-2.0]])),
        lower=np.array([0.25, 0.125, 0.0]),
        upper=np.array([[0.0, 0.5, np.inf], [0.75, 0.0, 1.5], [np.inf, 2.0, 0.0]]),
        direct=np.array([[0.0, 0.5, np.inf], [0.75, 0.0, 2.5], [np.inf, 2.0, 0.0]]),
        via=np.array([[-1, -1, -1], [-1, -1, 0], [-1, -1, -1]]),
        witnesses=(np.zeros((0, 1)),) * 9,
        norm=np.inf,
        coordinates="activation a",
    )
    assert [line.split() for line in found.summary().split("\n")[2:]] == [
        ["none", "below", "0", "1", "2"],
        ["0", "0.25", ".", "0.5", "-"],
        ["1", "0.125", "0.75", ".", "1.5*"],
        ["2", "0", "-", "2", "."],
        ["attractors", "(activation", "a):"],
        ["0", "[0.5]"],
        ["1", "[-0.5]"],
        ["2", "[2.],", "a", "cycle", "of", "period", "2"],
    ]
    assert found.summary().startswith("inputs that switch one of 3 attractors to another (largest entry of the input")
    assert "(2-norm of the input" in replace(found, norm=2.0).summary()


# --- what maps and budgets the proofs are about -------------------------------------------------------------------------


def test_a_map_without_interval_bounds_has_no_proof_of_shocks():
    plain = dl.FunctionMap(lambda a, u: 0.5 * np.sin(a), dim=1)
    attractor = question.ask(plain, [0.0], input_matrix=[[1.0]]).attractor
    assert shock.proof_of(plain, attractor, 0, np.eye(1), np.inf) is None
    assert shock.proof_of(dl.LatchNeuron(0.5), attractor, 0, np.eye(1), np.inf) is not None


def test_cells_are_flown_up_to_the_work_that_is_allowed(monkeypatch):
    flown = []

    def flow(proof, lo, hi):
        flown.append(len(lo))
        return shock.Flown(np.ones(len(lo), bool), np.zeros(len(lo), int))

    monkeypatch.setattr(shock, "flow", flow)
    proof = SimpleNamespace(B=np.eye(2), norm=np.inf)
    assert shock.proved_distance(proof, 0.5, 1.0, 0.1, work=4) == 0.5  # the four cells of the first shell are all the work
    assert not flown
    assert shock.proved_distance(proof, 0.5, 1.0, 0.1, work=5) == pytest.approx(0.9)
    assert flown == [4]
    assert shock.proved_distance(proof, 0.5, 0.5, 0.1, work=5) == 0.5
    flown.clear()
    arrived = iter([False, True])
    monkeypatch.setattr(
        shock, "flow", lambda proof, lo, hi: flow(proof, lo, hi)._replace(arrived=np.full(len(lo), next(arrived)))
    )
    assert shock.proved_distance(proof, 0.5, 1.0, 0.1, work=10) == 0.5  # what is left begins there
    assert flown == [4]  # four cells and their eight halves are more than the work


def test_an_activation_form_as_a_map():
    rng = np.random.default_rng(3)
    form = activation_form(dl.LeakyNetwork(rng.standard_normal((3, 3)), 0.4, rng.standard_normal(3)))
    map, a, v = basin.FormMap(form), rng.standard_normal((2, 3)), rng.standard_normal((2, 3))
    J, h = map.jacobian(a), 1e-6
    columns = [(map.step(a + h * e) - map.step(a - h * e)) / (2.0 * h) for e in np.eye(3)]
    np.testing.assert_allclose(J, np.stack(columns, axis=-1), atol=1e-8)
    np.testing.assert_allclose(map.jvp(a, v), np.einsum("kij,kj->ki", J, v), rtol=1e-13)
    np.testing.assert_allclose(map.vjp(a, v), np.einsum("kij,ki->kj", J, v), rtol=1e-13)
    assert map.input_jacobian(a).shape == (2, 3, 0)


def test_a_search_without_a_box_gives_up_at_a_sixteenth(monkeypatch):
    asked = []

    def no_box(proof, b, start, work):
        asked.append(b)

    monkeypatch.setattr(wide, "invariant_box", no_box)
    assert wide._searched(None, 3.0, wide.Plan(0.5, 0.05, 0.04, 1e9)) is None
    assert asked == [3.0 * 0.5 * 0.5**k for k in range(5)]


# --- the dual -----------------------------------------------------------------------------------------------------------


def test_the_best_input_through_a_matrix():
    """`max pi B u` is b |B^T pi|_1 over |u|_inf <= b and b |B^T pi|_2 over |u|_2 <= b, and B u the push that attains it."""
    from dynlatch.analysis.escape.lower.dual import kernels

    rng = np.random.default_rng(6)
    B, pi, b = rng.standard_normal((3, 2)), rng.standard_normal(3), 0.7
    for kind, order in ((kernels.COUPLED, 1), (kernels.COUPLED_2, 2)):
        push = np.zeros(3)
        value = kernels._coupled_input(pi, B, b, kind, push)
        assert value == pytest.approx(b * np.linalg.norm(B.T @ pi, order), rel=1e-14)
        assert pi @ push == pytest.approx(value, rel=1e-13)
        u = np.linalg.lstsq(B, push, rcond=None)[0]
        assert np.linalg.norm(u, np.inf if order == 1 else 2) == pytest.approx(b, rel=1e-13)
    assert kernels._coupled_input(np.zeros(3), B, b, kernels.COUPLED_2, push) == 0.0
    assert push.tolist() == [0.0, 0.0, 0.0]


def test_the_first_box_of_a_proof():
    goal = SimpleNamespace(ball=SimpleNamespace(orbit=np.array([[3.0, -1.0]])))
    seed = dual.seed_of(SimpleNamespace(goal=goal, problem=SimpleNamespace(scale=np.array([2.0, 1.0])), K=2))
    np.testing.assert_allclose(
        seed.hull.box, [[1.5 - dual.SEED, -1.0 - dual.SEED], [1.5 + dual.SEED, -1.0 + dual.SEED]], rtol=1e-15
    )


# --- orbits after a shock, halves of a cell, order along a branch -------------------------------------------------------


def test_what_comes_after_a_shock():
    net, point = dl.LatchNeuron(2.0), np.array([[1.9150080481545302]])
    path, end, back = aftermath(net, point, np.array([1.0]))
    assert back
    assert end[0] == pytest.approx(point[0, 0], rel=1e-12)
    away = np.abs(path[:, 0] - end[0])
    assert away[-3] > 1e-3 * (1.0 + point[0, 0]) >= away[-2] > away[-1]  # two more states than are visibly away
    assert not aftermath(net, point, np.array([-1.0]))[2]
    assert aftermath(net, point, np.array([0.0]))[2]  # the saddle: a hair more decides
    path, end, back = aftermath(DOUBLE, np.zeros((1, 1)), np.array([1.0]))
    assert (end, back) == (None, False)
    assert 1e99 < path[-1, 0] < 1e100
    assert aftermath(net, point, point[0])[0].shape == (2, 1)


def test_cells_that_did_not_arrive_are_halved():
    lo, hi = np.array([[0.0, 0.0], [1.0, 2.0]]), np.array([[1.0, 4.0], [3.0, 6.0]])
    flown = shock.Flown(np.array([False, True]), np.array([1, 0]))
    ((a, b), (c, d)) = shock._halves(lo, hi, flown)
    assert [x.tolist() for x in (a, b, c, d)] == [[0.0, 0.0], [1.0, 2.0], [0.0, 2.0], [1.0, 4.0]]


@pytest.mark.parametrize(
    ("ahead", "follows"), [([0.5, 0.0], True), ([1e-9, -1e-9], True), ([0.5, -0.1], False), ([-0.1, 0.5], False)]
)
def test_the_next_point_of_a_branch_lies_ahead(monkeypatch, ahead, follows):
    system, a = SimpleNamespace(s=np.array([1.0, -1.0])), np.array([1.0, 2.0])
    monkeypatch.setattr(branch, "contracts", lambda *given: True)
    assert branch._follows(system, a, a + system.s * np.array(ahead)) is follows
    monkeypatch.setattr(branch, "contracts", lambda *given: False)
    assert not branch._follows(system, a, a + system.s * np.array(ahead))


def test_a_box_that_stops_shrinking_is_given_up(monkeypatch):
    """Scripted bounds: halves lead into the ball around the attractor; a pass that gains less than SHRUNK ends it."""
    seen, gain = [], 0.5
    for name in ("wide", "improve", "Relaxation", "polytope_of", "multipliers_of", "_cover"):
        monkeypatch.setattr(wide, name, lambda *given, **named: None)
    monkeypatch.setattr(wide, "chords", lambda task, K: np.zeros((1, 2, 1)))
    monkeypatch.setattr(wide, "backward", lambda task, slopes: SimpleNamespace(bounds=np.zeros(2)))
    monkeypatch.setattr(wide, "certified_bounds", lambda *given: np.full(2, gain * seen[-1]))

    def holds(lo, hi):
        seen.append(float(hi[0]))
        return hi[0] <= 0.3

    proof = SimpleNamespace(problem=SimpleNamespace(scale=1.0, form=None, norm=np.inf), goal=SimpleNamespace(holds=holds), K=1)
    hull = hull_of(np.array([[-4.0], [4.0]]), np.zeros((0, 1)), np.zeros(0))
    assert wide._converges(proof, hull, np.zeros((1, 2, 1)))
    assert seen == [4.0, 2.0, 1.0, 0.5, 0.25]
    seen.clear()
    gain = 0.5 * (1.0 + wide.SHRUNK)
    assert not wide._converges(proof, hull, np.zeros((1, 2, 1)))
    assert seen == [4.0]


def test_faces_move_the_leaves_that_reach_them_only():
    """The derivative by the faces against differences, where half of the sides of the leaves are cut off inside of the box."""
    rng, K, n, step = np.random.default_rng(12), 3, 3, 1e-7
    W, c, middle = rng.normal(size=(n, n)), 0.3 * rng.normal(size=n), rng.normal(size=n)
    asked = problem_of(activation_form(dl.AdditiveNetwork(W, c)), np.inf)
    half = rng.uniform(0.1, 1.0, n)
    hull = hull_of(np.stack([middle - half, middle + half]), np.zeros((0, n)), np.zeros(0))
    cover = iteration.fresh_cover(hull, K)
    cover.slopes[:] = rng.uniform(0.0, 1.0, cover.slopes.shape)
    cover.weights[:] = rng.uniform(0.1, 2.0, cover.weights.shape)
    low, high = (middle + side * half * rng.uniform(0.2, 0.9, cover.low.shape) for side in (-1.0, 1.0))
    cover.low[:] = np.where(rng.random(low.shape) < 0.5, low, -np.inf)
    cover.high[:] = np.where(rng.random(low.shape) < 0.5, high, np.inf)

    def bounds(hull):
        nowhere = np.full(2 * n, -np.inf)
        return iteration.descended(asked, hull, cover, 0.2, nowhere, iteration.Descent(iteration.Work(np.inf), 0))

    leaves = bounds(hull)
    derivative = iteration.inspected(asked, hull, cover, 0.2, leaves).derivative
    for face in range(2 * n):
        moved = hull.values.copy()
        moved[face] += step
        change = (bounds(hull._replace(values=moved)) - leaves) / step
        np.testing.assert_allclose(derivative[:, face], change, atol=1e-5)
    assert np.count_nonzero(derivative) > 6
