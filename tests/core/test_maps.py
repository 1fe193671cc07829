"""Trajectories and the maps made of maps: what they compute, and what they refuse in one sentence."""

import numpy as np
import pytest

import dynlatch as dl
from dynlatch.errors import DynlatchError, InvalidInput, NotEnclosable, NotSmooth
from dynlatch.maps import Enclosable, Map, Parametric, SmoothMap, coordinates, require_smooth

RNG = np.random.default_rng(11)
NET = dl.AdditiveNetwork(RNG.normal(size=(3, 3)), RNG.normal(size=3), "tanh", RNG.normal(size=(3, 2)))
GRU = dl.GRU(RNG.normal(size=(9, 2)), RNG.normal(size=(9, 3)))


class Plain:
    """A map without derivatives."""

    dim, input_dim = 2, 1

    def step(self, a, u=None):
        return np.sign(a) + (0 if u is None else u)


def test_trajectory_is_the_loop_over_steps():
    inputs = RNG.normal(size=(6, 2))
    states = dl.trajectory(NET, np.ones(3), inputs)
    assert states.shape == (7, 3)
    a = np.ones(3)
    np.testing.assert_array_equal(states[0], a)
    for t in range(6):
        a = NET.step(a, inputs[t])
        np.testing.assert_array_equal(states[t + 1], a)


def test_trajectory_without_input_is_that_of_zero_inputs():
    np.testing.assert_array_equal(dl.trajectory(NET, np.ones(3), steps=5), dl.trajectory(NET, np.ones(3), np.zeros((5, 2))))


@pytest.mark.parametrize(
    ("batch_a", "batch_u", "batch"), [((4,), (), (4,)), ((), (4,), (4,)), ((4,), (4,), (4,)), ((3, 1), (5,), (3, 5))]
)
def test_trajectory_batches_broadcast(batch_a, batch_u, batch):
    a0, inputs = RNG.normal(size=(*batch_a, 3)), RNG.normal(size=(6, *batch_u, 2))
    states = dl.trajectory(NET, a0, inputs)
    assert states.shape == (7, *batch, 3)
    every_a = np.broadcast_to(a0, (*batch, 3))
    every_u = np.stack([np.broadcast_to(u, (*batch, 2)) for u in inputs])
    for index in np.ndindex(*batch):
        alone = dl.trajectory(NET, every_a[index], every_u[(slice(None), *index)])
        np.testing.assert_allclose(states[(slice(None), *index)], alone, rtol=0, atol=1e-13)


def test_zero_steps_give_the_start():
    np.testing.assert_array_equal(dl.trajectory(NET, [1, 2, 3], steps=0), [[1.0, 2.0, 3.0]])


def test_steps_and_inputs_may_agree():
    inputs = np.zeros((4, 2))
    np.testing.assert_array_equal(dl.trajectory(NET, np.ones(3), inputs, 4), dl.trajectory(NET, np.ones(3), inputs))


def test_a_map_without_input_may_be_given_empty_inputs_of_some_length():
    net = dl.ElmanNetwork(np.eye(2), np.zeros((2, 0)), None)
    np.testing.assert_array_equal(dl.trajectory(net, np.ones(2), np.zeros((5, 0))), dl.trajectory(net, np.ones(2), steps=5))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"steps": -1}, "`steps` must be at least 0; got -1"),
        ({"steps": 2.5}, "`steps` must be an integer"),
        ({}, "give `inputs`"),
        ({"inputs": np.zeros((4, 2)), "steps": 5}, "`steps` is 5 but `inputs` has 4"),
        ({"inputs": np.zeros((0, 2))}, "empty"),
        ({"inputs": np.zeros((4, 0, 2))}, "empty"),
        (
            {"inputs": np.zeros((4, 3))},
            r"must have 2 \(the map's input dimension\) as its last axis; got shape \(4, 3\)",
        ),
        ({"inputs": np.zeros(2)}, "time first"),
        ({"inputs": [[0.0, np.nan]]}, r"`inputs` must be finite; got nan at index \(0, 1\)"),
        ({"inputs": [[0.0, np.inf]]}, "`inputs` must be finite"),
        ({"inputs": [[0.0, 1j]]}, "must be real"),
        ({"inputs": np.array([[0.0, 1j]])}, "must be real"),
        ({"inputs": "abc"}, "array of real numbers"),
        ({"a0": np.zeros(2), "steps": 1}, r"`a0` must have 3 \(the map's dimension\) as its last axis"),
        ({"a0": 1.0, "steps": 1}, "last axis"),
        ({"a0": [np.nan, 0, 0], "steps": 1}, "`a0` must be finite"),
        ({"a0": np.zeros((4, 3)), "inputs": np.zeros((5, 3, 2))}, "do not broadcast"),
    ],
)
def test_trajectory_refuses(arguments, message):
    with pytest.raises(InvalidInput, match=message):
        dl.trajectory(NET, **{"a0": np.zeros(3), **arguments})


def test_a_state_that_overflows_is_reported_with_its_place():
    net = dl.AdditiveNetwork([[1e200]], activation="linear")
    with pytest.raises(InvalidInput, match=r"left the finite numbers at step 2 \(batch index \(1,\)\)"):
        dl.trajectory(net, [[0.0], [1.0]], steps=3)


def test_every_error_has_one_root_and_a_builtin_face():
    with pytest.raises(DynlatchError):
        dl.trajectory(NET, np.zeros(3))
    with pytest.raises(ValueError, match="give `inputs`"):
        dl.trajectory(NET, np.zeros(3))


def test_iterate_is_so_many_steps_under_one_input():
    a, u = RNG.normal(size=(5, 3)), RNG.normal(size=2)
    expected = GRU.step(GRU.step(GRU.step(a, u), u), u)
    np.testing.assert_array_equal(dl.Iterate(GRU, 3).step(a, u), expected)
    once = dl.Iterate(GRU, 1)
    np.testing.assert_array_equal(once.jacobian(a, u), GRU.jacobian(a, u))


def test_cycle_of_the_map_is_a_fixed_point_of_the_iterate():
    """w = -2: the single unit alternates between two values."""
    net = dl.LatchNeuron(-2.0)
    last, before = dl.trajectory(net, [0.5], steps=200)[[-1, -2]]
    assert abs(last - before) > 3
    np.testing.assert_allclose(dl.Iterate(net, 2).step(last), last, rtol=1e-14)


@pytest.mark.parametrize("period", [0, -2, 1.5, "2"])
def test_iterate_refuses_such_periods(period):
    with pytest.raises(InvalidInput, match="period"):
        dl.Iterate(NET, period)


def test_with_input_adds_its_own_input_to_any_other():
    a, u = RNG.normal(size=(5, 3)), RNG.normal(size=(5, 2))
    u0 = np.array([0.5, -1.0])
    held = dl.WithInput(GRU, u0)
    np.testing.assert_array_equal(held.step(a), GRU.step(a, u0))
    np.testing.assert_array_equal(held.step(a, u), GRU.step(a, u + u0))
    np.testing.assert_array_equal(held.jacobian(a, u), GRU.jacobian(a, u + u0))


@pytest.mark.parametrize("u0", [[1.0], 1.0, [1.0, np.nan], [[1.0, 2.0]]])
def test_with_input_refuses_such_inputs(u0):
    with pytest.raises(InvalidInput, match="u0"):
        dl.WithInput(GRU, u0)


def test_with_input_has_no_interval_image_of_a_map_without_one():
    with pytest.raises(NotEnclosable, match="Plain has no interval image"):
        dl.WithInput(Plain(), [0.0]).enclose(np.zeros(2), np.ones(2))


def test_augmented_makes_inputs_additive_one_step_late():
    """Footnote 2: the a-part of `x_t = M(x_{t-1}) + (0, u_t)` is the trajectory of the map, one step behind."""
    inputs = RNG.normal(size=(8, 2))
    states = dl.trajectory(GRU, np.full(3, 0.2), inputs)
    augmented = dl.trajectory(dl.Augmented(GRU), np.concatenate([np.full(3, 0.2), inputs[0]]), np.roll(inputs, -1, axis=0))
    np.testing.assert_allclose(augmented[:, :3], states, rtol=0, atol=1e-14)
    x, u = RNG.normal(size=5), RNG.normal(size=2)
    net = dl.Augmented(GRU)
    np.testing.assert_array_equal(net.step(x, u) - net.step(x), [0, 0, 0, *u])


@pytest.mark.parametrize("wrap", [lambda map: dl.Iterate(map, 2), lambda map: dl.WithInput(map, [0.5]), dl.Augmented])
def test_a_plain_map_steps_but_gives_no_derivative(wrap):
    wrapped = wrap(Plain())
    a = np.ones(wrapped.dim)
    assert wrapped.step(a).shape == a.shape
    calls = (wrapped.jacobian, wrapped.input_jacobian, lambda a: wrapped.jvp(a, a), lambda a: wrapped.vjp(a, a))
    for call in calls[:1] + calls[2:] if isinstance(wrapped, dl.Augmented) else calls:
        with pytest.raises(NotSmooth, match="Plain has none"):
            call(a)


def test_require_smooth():
    assert require_smooth(NET, "fixed_points") is NET
    with pytest.raises(NotSmooth, match="`fixed_points` needs derivatives, and Plain has none"):
        require_smooth(Plain(), "fixed_points")
    with pytest.raises(TypeError):
        require_smooth(Plain(), "fixed_points")


def test_contracts_tell_maps_apart():
    plain = Plain()
    assert isinstance(plain, Map)
    assert not isinstance(plain, (SmoothMap, Parametric, Enclosable))
    assert isinstance(NET, Parametric)
    assert isinstance(NET, Enclosable)
    assert not isinstance(np.eye(2), Map)


def test_trajectory_of_a_plain_map():
    np.testing.assert_array_equal(dl.trajectory(Plain(), [0.5, -2.0], steps=2)[-1], [1.0, -1.0])


def test_coordinates_are_named():
    assert coordinates(NET) == coordinates(dl.Iterate(NET, 2)) == coordinates(dl.WithInput(NET, [0, 0])) == "activation a"
    assert coordinates(dl.Augmented(GRU)) == "(output h, pending input)"
    assert coordinates(Plain()) == "state"
