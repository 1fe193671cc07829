"""The dual of nets with many units and few inputs: against the compiled one, simulated states and known thresholds."""

import numpy as np
import pytest

import dynlatch as dl
from dynlatch.activations import LOGISTIC, TANH
from dynlatch.analysis.escape.lower.dual.envelope import envelope_of, slopes_at
from dynlatch.analysis.escape.lower.dual.iteration import Descent, Work, descended, fresh_cover
from dynlatch.analysis.escape.lower.dual.problem import hull_of, problem_of
from dynlatch.analysis.escape.lower.dual.sweeps import backward, chords, derivative, improve, wide
from dynlatch.analysis.escape.lower.dual.wide import wide_bound
from dynlatch.analysis.escape.question import ask
from dynlatch.analysis.structure import ActivationForm

K, SIZE = 4, 0.2
CASES = [(np.inf, TANH, 0.0), (2, TANH, 0.3), (np.inf, LOGISTIC, 0.4)]


def task_of(norm, f=TANH, leak=0.0, n=5, m=2, seed=0):
    """With the box that no trajectory leaves."""
    rng = np.random.default_rng(seed)
    W = 0.6 * rng.normal(size=(n, n)) / np.sqrt(n)
    form = ActivationForm(np.full(n, leak), W, 0.3 * rng.normal(size=n), rng.normal(size=(n, m)), f)
    problem = problem_of(form, norm)
    half = (np.abs(problem.W).sum(1) + np.abs(problem.c) + leak * SIZE * problem.reach) / (1.0 - leak)
    return wide(problem, hull_of(np.stack([-half, half]), np.zeros((0, n)), np.zeros(0)), SIZE)


@pytest.mark.parametrize("bounds", [(-2.0, 1.0), (-0.3, 1.5), (0.2, 1.0), (-1.5, -0.1), (0.4, 0.4)])
def test_envelopes_bound_tanh_and_touch_it(bounds):
    lo, hi = np.array([bounds[0]]), np.array([bounds[1]])
    envelope, x = envelope_of(lo, hi), np.linspace(*bounds, 2001)
    for at in np.linspace(*bounds, 7):
        for rising in (True, False):
            slope = float(slopes_at(envelope, np.array([at]), np.array([rising]))[0])
            over = (np.tanh(x) - slope * (x - at)) * (1.0 if rising else -1.0)
            # No line of another slope lies lower at this point and above tanh everywhere.
            others = [((np.tanh(x) - s * (x - at)) * (1.0 if rising else -1.0)).max() for s in np.linspace(0.0, 1.0, 501)]
            assert over.max() <= min(others) + 1e-5


@pytest.mark.parametrize(("norm", "f", "leak"), CASES)
def test_bounds_are_those_of_the_compiled_dual(norm, f, leak):
    task = task_of(norm, f, leak)
    slopes = np.random.default_rng(1).uniform(0.0, 1.0, size=chords(task, K).shape)
    cover = fresh_cover(task.hull, K)._replace(slopes=np.ascontiguousarray(slopes.transpose(1, 0, 2)))
    goals = np.full(len(task.hull.values), -np.inf)
    expected = descended(task.problem, task.hull, cover, SIZE, goals, Descent(Work(np.inf), 0))
    np.testing.assert_allclose(backward(task, slopes).bounds, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("norm", "f", "leak"), CASES)
def test_a_few_rounds_reach_what_many_first_order_steps_do(norm, f, leak):
    task = task_of(norm, f, leak)
    slopes = chords(task, K)
    start = backward(task, slopes).bounds
    found = improve(task, slopes, np.full(len(start), 0.5), 12)[0].bounds
    cover, goals = fresh_cover(task.hull, K), np.full(len(start), -np.inf)
    slow = descended(task.problem, task.hull, cover, SIZE, goals, Descent(Work(np.inf), 300))
    width = (task.hull.box[1] - task.hull.box[0]).mean()
    assert np.all(found <= start)
    assert (found - slow).max() <= 0.1 * width
    assert (found - slow).mean() <= 0.02 * width


def test_no_trajectory_exceeds_the_bound():
    task, rng = task_of(np.inf), np.random.default_rng(2)
    slopes = chords(task, K)
    bounds = improve(task, slopes, np.full(len(task.hull.values), 0.5), 5)[0].bounds
    z = rng.uniform(*task.hull.box, size=(4000, task.hull.n))
    for _ in range(K):
        z = task.problem.form.step(z + rng.choice([-SIZE, SIZE], size=(len(z), 2)) @ task.problem.B.T)
    assert np.all(z @ task.hull.faces.T <= bounds + 1e-12)
    reached, n = (z @ task.hull.faces.T).max(0), task.hull.n
    assert np.all(reached[:n] + reached[n:] >= 0.5 * (bounds[:n] + bounds[n:]))


def test_the_derivative_is_that_of_the_best_bounds():
    task = task_of(np.inf)

    def best(values):
        moved = wide(task.problem, task.hull._replace(values=values), SIZE)
        slopes = chords(moved, K)
        return improve(moved, slopes, np.full(len(values), 0.5), 40), moved

    (sweep, at), _ = best(task.hull.values)
    change = derivative(task, sweep, at)
    direction = np.random.default_rng(3).uniform(0.5, 1.0, len(task.hull.values))
    step = 1e-3
    up, down = (best(task.hull.values + sign * step * direction)[0][0].bounds for sign in (1.0, -1.0))
    expected = (up - down) / (2.0 * step)
    assert np.median(np.abs(change @ direction - expected) / np.abs(expected)) <= 0.1


@pytest.mark.parametrize("norm", [2, np.inf])
def test_latches_that_share_an_input(norm):
    net = dl.AdditiveNetwork(2.0 * np.eye(6))
    point = dl.trajectory(net, np.full(6, 2.0), steps=300)[-1]
    exact = np.sqrt(2.0) - np.arctanh(np.sqrt(0.5))  # of one unit, whose input is u itself
    found = wide_bound(ask(net, point, norm, input_matrix=np.ones((6, 1))), exact, "high")
    assert found is not None
    assert 0.85 * exact <= found.value <= exact


def test_nothing_is_said_without_an_upper_bound():
    net = dl.AdditiveNetwork(2.0 * np.eye(6))
    point = dl.trajectory(net, np.full(6, 2.0), steps=300)[-1]
    assert wide_bound(ask(net, point, input_matrix=np.ones((6, 1))), np.inf, "high") is None
