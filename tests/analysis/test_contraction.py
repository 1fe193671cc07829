"""Attractors as arguments, and the balls in which a map provably contracts towards them."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dynlatch as dl
from dynlatch import analysis
from dynlatch.analysis.attractor import attracting, polish
from dynlatch.analysis.contraction import _drift, adapted_metrics, contraction_ball
from dynlatch.errors import InvalidInput, NotAttracting

ROTATING = dl.AdditiveNetwork([[2.2, 0.5], [-0.5, 2.2]])
ALTERNATING = dl.AdditiveNetwork([[-2.0]])  # its attractor is a 2-cycle
SKEW = dl.AdditiveNetwork([[-0.5, -5.3], [-5.4, 0.9]], bias=[1.2, -0.2])
CYCLE = [[6.61827453, 0.17955409], [-0.24153827, -5.44009657]]  # of SKEW: every point contracts, the cycle expands


def members(ball, j, rng, count=500):
    """States of ball j, half of them on its surface."""
    v = rng.standard_normal((count, ball.orbit.shape[1]))
    v *= ball.radius / np.linalg.norm(v, axis=-1, keepdims=True) * (1.0 - 1e-9)
    v[::2] *= rng.random((len(v[::2]), 1))
    return ball.orbit[j] + v @ ball.inverses[j].T


def test_a_cycle_is_polished_whole():
    found = polish(ALTERNATING, [[1.915], [-1.915]], "test")
    assert found.period == 2
    a = found.points[0, 0]
    assert a == pytest.approx(2.0 * np.tanh(a), abs=1e-15)
    assert found.points[1, 0] == -a
    slope = -2.0 / np.cosh(a) ** 2
    assert found.multipliers[0] == pytest.approx(slope**2, rel=1e-12)


def test_a_cycle_whose_points_all_contract_may_expand():
    """Counterexample L1 to the pointwise reading of Definition 2."""
    with pytest.raises(NotAttracting, match=r"26\.16"):
        attracting(SKEW, CYCLE, "test")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([[1.9], [1.0]], "a cycle"),
        ([1.0], "a fixed point"),
        ([1.0, 2.0], "shape"),
        (np.zeros((0, 1)), "shape"),
        ([np.nan], "finite"),
    ],
)
def test_what_is_no_attractor_is_refused(given, words):
    with pytest.raises(InvalidInput, match=words):
        polish(ALTERNATING, given, "test")


def test_no_norm_contracts_around_a_saddle():
    with pytest.raises(NotAttracting):
        adapted_metrics(np.diag([0.5, 1.0])[None])


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 5), p=st.integers(1, 3), radius=st.sampled_from([0.01, 0.9, 0.999]))
@settings(max_examples=60, deadline=None)
def test_every_step_contracts_in_the_adapted_norm(seed, n, p, radius):
    jacobians = np.random.default_rng(seed).standard_normal((p, n, n))
    product = np.linalg.multi_dot([*jacobians[::-1], np.eye(n)])
    jacobians *= (radius / np.abs(np.linalg.eigvals(product)).max()) ** (1 / p)
    S = adapted_metrics(jacobians)
    for j in range(p):
        assert np.linalg.norm(S[(j + 1) % p] @ jacobians[j] @ np.linalg.inv(S[j]), 2) < 1.0 + 1e-12


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 4))
@settings(max_examples=25, deadline=None)
def test_a_proved_ball_contracts_everywhere_and_holds_its_images(seed, n):
    rng = np.random.default_rng(seed)
    net = dl.AdditiveNetwork(rng.normal(size=(n, n)) * 1.5, bias=0.2 * rng.normal(size=n))
    point = analysis.fixed_points(net, rng=0).attractors
    for member in point.select(slice(0, 2)):
        ball = contraction_ball(net, attracting(net, member, "test"))
        assert ball.proved
        states = members(ball, 0, rng)
        rates = np.linalg.norm(ball.factors[0] @ net.jacobian(states) @ ball.inverses[0], 2, axis=(-2, -1))
        assert rates.max() <= ball.rate < 1.0
        assert (ball.phase(states) == 0).all()
        assert (ball.phase(net.step(states)) == 0).all()
        assert np.all(np.abs(states - ball.orbit[0]) <= ball.half_widths[0] * (1 + 1e-12))
        outside = ball.orbit[0] + 1.001 * ball.radius * ball.inverses[0] @ np.eye(n)[0]
        assert ball.phase(outside) == -1


def test_the_balls_of_a_cycle_follow_each_other():
    ball = contraction_ball(ALTERNATING, attracting(ALTERNATING, [[1.915], [-1.915]], "test"))
    for j in (0, 1):
        states = members(ball, j, np.random.default_rng(0))
        assert (ball.phase(states) == j).all()
        assert (ball.phase(ALTERNATING.step(states)) == 1 - j).all()


def test_a_ball_reaches_no_further_than_the_basin():
    """Of the scalar latch: the ball around the upper state ends above where the slope is 1."""
    latch = dl.LatchNeuron(2.0)
    ball = contraction_ball(latch, attracting(latch, [1.915], "test"))
    steep = np.arctanh(np.sqrt(0.5))
    assert steep < ball.orbit[0, 0] - ball.half_widths[0, 0] < steep + 0.05


def test_a_plain_function_gets_a_ball_without_a_proof():
    by_hand = dl.FunctionMap(lambda a, u: np.tanh(a) @ np.array(ROTATING.W).T, 2)
    top = [2.62927068, 1.49417352]
    sampled, proved = (contraction_ball(m, attracting(m, top, "test")) for m in (by_hand, ROTATING))
    assert proved.proved
    assert not sampled.proved
    assert sampled.radius >= proved.radius


def test_a_neutral_point_has_no_ball():
    with pytest.raises(NotAttracting):
        attracting(dl.LatchNeuron(1.0), [0.0], "test")


def test_states_that_overflow_are_in_no_ball():
    ball = contraction_ball(ROTATING, attracting(ROTATING, [2.62927068, 1.49417352], "test"))
    assert (ball.phase(np.array([[np.inf, 0.0], [np.nan, 1.0], [1e300, -1e300]])) == -1).all()


def test_a_state_held_in_place_by_a_shut_gate_is_no_fixed_point():
    weights = np.random.default_rng(0).standard_normal((9, 3))
    shut = dl.GRU(np.zeros((9, 1)), weights, np.repeat([0.0, 40.0, 0.0], 3), np.zeros(9))
    true = analysis.fixed_points(shut).points[0]
    assert np.array_equal(shut.step(true + 0.25), true + 0.25)
    with pytest.raises(InvalidInput, match="not near a fixed point"):
        polish(shut, true + 0.25, "stability")
    np.testing.assert_allclose(polish(shut, true + 1e-5, "stability").point, true, atol=1e-14)


def test_a_cycle_given_several_times_around_is_one_cycle():
    a = 1.9150080481545375
    two = dl.AdditiveNetwork([[0.0, 2.0], [2.0, 0.0]])
    assert polish(two, [[a, -a], [-a, a], [a, -a], [-a, a]], "stability").period == 2
    assert polish(two, [[a, a], [a, a], [a, a]], "stability").period == 1


@pytest.mark.parametrize("alpha", [1.0, 1e-4, 1e-12])
def test_a_slow_leak_makes_no_point_degenerate(alpha):
    found = analysis.fixed_points(dl.LeakyNetwork(2.0 * np.eye(2), alpha), method="multistart", rng=0)
    assert (len(found), found.index_sum) == (9, 1)
    assert found.errors.max() < 1e-13


def test_the_drift_of_a_given_point_covers_the_rounding_of_large_weights():
    # Rounding of tanh alone moves the image by 1e8 eps, far above the rounding of the point itself.
    W, x = np.array([[1e8, -1e8], [3e7, -3e7]]), np.array([0.3, 0.3 + 1e-9])
    net = dl.AdditiveNetwork(W, x - W @ np.tanh(x))
    with mpmath.workdps(50):
        units = [mpmath.tanh(mpmath.mpf(float(v))) for v in x]
        image = [
            mpmath.fdot(map(mpmath.mpf, row.tolist()), units) + mpmath.mpf(float(c)) for row, c in zip(W, net.c, strict=True)
        ]
        true = [float(abs(value - mpmath.mpf(float(v)))) for value, v in zip(image, x, strict=True)]
    assert max(true) > 1e-10
    assert np.all(_drift(net, x[None])[0] >= true)


def test_inverses_of_an_ill_conditioned_norm_are_not_taken_for_exact():
    net = dl.AdditiveNetwork([[0.5, 1e7, 3.0], [0.0, 0.4, -1e6], [0.0, 0.0, 0.3]])
    ball = contraction_ball(net, attracting(net, np.zeros(3), "test"))
    S, R = ([[Fraction(v) for v in row] for row in part[0].tolist()] for part in (ball.factors, ball.inverses))
    off = [[sum(S[i][k] * R[k][j] for k in range(3)) - (i == j) for j in range(3)] for i in range(3)]
    size = float(np.linalg.norm(np.array(off, dtype=np.float64)))
    assert size <= ball.defects[0] < 0.5
    assert ball.proved
    assert ball.rate < 1.0
