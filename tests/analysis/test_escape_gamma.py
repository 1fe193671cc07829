"""u*_Gamma: closed form of one unit, brackets that simulations cannot contradict, and what the record says."""

import numpy as np
import pytest

import dynlatch as dl
from dynlatch.analysis import scalar
from dynlatch.analysis.escape.gamma import GammaOutcome, gamma_threshold
from dynlatch.errors import InvalidInput, NotAttracting

ROTATION = dl.AdditiveNetwork([[2.2, 0.5], [-0.5, 2.2]])
HOME = [2.6292706828642243, 1.4941735169038979]


@pytest.fixture(scope="module")
def rotation():
    return gamma_threshold(ROTATION, HOME, rng=0)


def step_sizes(net, factors, path):
    S, R = factors[0], np.linalg.inv(factors[0])
    return np.linalg.norm(S @ net.jacobian(path) @ R, 2, axis=(-2, -1))


def run(net, a, inputs):
    path = [np.asarray(a)]
    for u in inputs:
        path.append(net.step(path[-1], u))
    return np.array(path)


@pytest.mark.parametrize("w", [1.25, 2.0, 4.0])
def test_of_one_unit_it_is_u_star(w):
    net = dl.LatchNeuron(w)
    found = gamma_threshold(net, scalar.fixed_points(w)[2:])
    assert found.exact
    assert found.lower == found.upper == scalar.u_star(w)
    assert abs(found.exit[0]) <= scalar.critical_point(w) <= abs(found.path[-2][0])
    below = run(net, found.attractor[0], 0.999999 * found.lower / found.upper * found.witness)
    assert (step_sizes(net, found.factors, below) < 1.0).all()


@pytest.mark.slow
def test_of_one_unit_with_bias_gain_and_leak():
    net = dl.AdditiveNetwork([[2.0]], [0.6])  # one attractor, and a fold all the same
    home = scalar.fixed_points(2.0, 0.6)
    found = gamma_threshold(net, home, input_matrix=[[0.5]])
    np.testing.assert_allclose(found.upper, 2.0 * (scalar.u_star(2.0) + 0.6), rtol=1e-14)
    leaky = dl.LeakyNetwork([[2.0]], 0.25)
    np.testing.assert_allclose(gamma_threshold(leaky, scalar.fixed_points(2.0)[2:], input_matrix=[[1.0]]).lower,
                               0.25 * scalar.u_star(2.0), rtol=1e-12)  # fmt: skip


def test_a_bracket_and_its_witness(rotation):
    assert rotation.outcome is GammaOutcome.BRACKET
    assert 0.98 < rotation.ratio <= 1.0
    sizes = step_sizes(ROTATION, rotation.factors, run(ROTATION, HOME, rotation.witness))
    assert sizes[-1] >= 1.0 - 1e-12
    assert np.abs(rotation.witness).max() <= rotation.upper * (1.0 + 1e-15)
    np.testing.assert_allclose(sizes, rotation.step_sizes, rtol=1e-9)


def test_no_inputs_up_to_the_lower_bound_leave(rotation):
    rng = np.random.default_rng(0)
    for _ in range(20):
        inputs = rotation.lower * np.sign(rng.normal(size=(40, 2)))
        inputs[:] = inputs[np.arange(40) // rng.integers(1, 40)]
        assert step_sizes(ROTATION, rotation.factors, run(ROTATION, HOME, inputs)).max() < 1.0
    # Nor does the witness, scaled down.
    scaled = run(ROTATION, HOME, rotation.witness * (rotation.lower / rotation.upper))
    assert step_sizes(ROTATION, rotation.factors, scaled).max() < 1.0


def test_gradients_vanish_below_it(rotation):
    path = run(ROTATION, HOME, 0.99 * rotation.lower / rotation.upper * rotation.witness)
    product = np.eye(2)
    for a in path:
        product = ROTATION.jacobian(a) @ product
    sizes = step_sizes(ROTATION, rotation.factors, path)
    assert np.linalg.norm(product, 2) <= rotation.condition * np.prod(sizes) * (1.0 + 1e-9)


@pytest.mark.slow
def test_gated_cells_get_the_ball():
    rng = np.random.default_rng(1)
    cell = dl.GRU(rng.normal(size=(6, 1)), 0.3 * rng.normal(size=(6, 2)), np.zeros(6), np.zeros(6))
    home = np.zeros(2)
    found = gamma_threshold(cell, home, rng=0)
    assert found.lower > 0.0
    assert found.lower_method == "ball of the adapted norm"
    assert found.lower <= found.upper


def test_a_contraction_never_leaves():
    found = gamma_threshold(dl.AdditiveNetwork([[0.5, 0.2], [-0.1, 0.4]]), [0.0, 0.0], rng=0)
    assert found.outcome is GammaOutcome.NEVER_LEAVES
    assert np.isinf(found.lower)
    assert np.isinf(found.upper)
    with pytest.raises(InvalidInput, match="no path"):
        found.plot()


def test_bad_input():
    with pytest.raises(InvalidInput, match="effort"):
        gamma_threshold(ROTATION, HOME, effort="most")
    with pytest.raises(InvalidInput, match="norm"):
        gamma_threshold(ROTATION, HOME, norm=1)
    with pytest.raises(NotAttracting):
        gamma_threshold(dl.AdditiveNetwork([[2.0]]), [0.0])


def test_saved_and_drawn(rotation, tmp_path):
    import matplotlib.pyplot as plt

    again = dl.load(rotation.save(tmp_path / "gamma"))
    np.testing.assert_array_equal(again.witness, rotation.witness)
    assert again.outcome is rotation.outcome
    assert "u*_Gamma in [" in again.summary()
    rotation.plot().get_figure().savefig(tmp_path / "gamma.png")
    plt.close("all")
