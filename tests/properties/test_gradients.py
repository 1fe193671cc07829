"""Gradients: against the product of Jacobians, in any names, batch and loop, beginnings of longer runs, bounds above."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from properties.laws import law
from properties.strategies import additive, elman, filled, gru, latching, layouts, leaky, lstm, relabelled, state_network
from properties.verbs import same

import dynlatch as dl
from dynlatch import analysis

NETS = st.one_of(additive(2), leaky(2), elman(2), gru(2), lstm(1))
NAMED = relabelled(st.one_of(additive(2), elman(2), gru(2), lstm(1)))
NORMS = st.sampled_from((1, 2, np.inf))
T = 4


def product(net, path, inputs):
    N = np.eye(net.dim)
    for a, u in zip(path[:-1], inputs, strict=True):
        N = net.jacobian(a, u) @ N
    return N


def logs_agree(got, expected, tolerance=1e-9, floor=1e-250):
    """Norms given as logarithms, zero (or lost to rounding) on both sides or equal."""
    got, expected = np.asarray(got, float), np.asarray(expected, float)
    assert got.shape == expected.shape
    live = expected > np.log(floor)
    assert np.all(got[~live] <= np.log(floor) + 30.0)
    np.testing.assert_allclose(got[live], expected[live], atol=tolerance)


def a_run(data, net, batch=()):
    return data.draw(layouts(*batch, net.dim)), data.draw(filled(T, *batch, net.input_dim))


@law(12)
@given(NETS, NORMS, st.data())
def test_decay_is_the_norm_of_the_product(net, norm, data):
    a, u = a_run(data, net)
    decay = analysis.gradient_decay(net, a, u, norm=norm)
    assert isinstance(decay, analysis.GradientDecay)
    path = dl.trajectory(net, a, u)
    for t in range(1, T + 1):
        size = np.linalg.norm(product(net, path[: t + 1], u[:t]), norm)
        scale = np.prod([np.linalg.norm(net.jacobian(path[k], u[k]), norm) for k in range(t)])
        if size > 1e-6 * scale:
            assert abs(decay.log_norms[t - 1] - np.log(size)) < 1e-8
        for name, bound in decay.bounds.items():
            assert bound[t - 1] >= decay.log_norms[t - 1] - 1e-9 * (1.0 + abs(bound[t - 1])), name
    shorter = analysis.gradient_decay(net, a, u[: T - 1], norm=norm)
    logs_agree(shorter.log_norms, decay.log_norms[:-1], 1e-12)


@law(12)
@given(NAMED, NORMS, st.data())
def test_decay_has_no_names(twins, norm, data):
    a, u = a_run(data, twins.network)
    here = analysis.gradient_decay(twins.network, a, u, norm=norm)
    there = analysis.gradient_decay(twins.twin, twins.Q @ a, u @ twins.R.T, norm=norm)
    steep = np.concatenate([[0.0], here.log_norms]) > -60.0
    logs_agree(there.log_norms[steep[1:]], here.log_norms[steep[1:]], 1e-6)


@law(6)
@given(NETS, st.data())
def test_a_batch_is_the_loop(net, data):
    a, u = a_run(data, net, (2,))
    whole = analysis.gradient_decay(net, a, u)
    parts = [analysis.gradient_decay(net, a[k], u[:, k]) for k in range(2)]
    logs_agree(whole.log_norms, np.stack([part.log_norms for part in parts], -1))
    split = analysis.gradient_contributions(net, a, u, np.ones(net.dim))
    assert isinstance(split, analysis.GradientContributions)
    alone = [analysis.gradient_contributions(net, a[k], u[:, k], np.ones(net.dim)) for k in range(2)]
    logs_agree(split.log_norms, np.stack([part.log_norms for part in alone], -1))
    for name, total in split.total.items():
        summed = sum(np.exp(part.log_scale) * part.total[name] for part in alone)
        np.testing.assert_allclose(np.exp(split.log_scale) * total, summed, atol=1e-9 * (1.0 + np.abs(summed).max(initial=0.0)))
    exponents = analysis.lyapunov_exponents(net, a, u)
    assert isinstance(exponents, analysis.LyapunovExponents)
    assert exponents.exponents.shape[:-1] == (2,)
    verdicts = analysis.step_verdicts(net, a, u, attractors=[])
    assert isinstance(verdicts, analysis.StepVerdicts)
    assert all(isinstance(word, analysis.StepVerdict) for word in verdicts.words.ravel())
    for k in range(2):
        assert same(analysis.step_verdicts(net, a[k], u[:, k], attractors=[]).words, verdicts.words[:, k].copy())


@law(6)
@given(NETS, st.data(), st.sampled_from((1e-200, 0.5, -3.0, 1e200)))
def test_contributions_scale_with_the_cost(net, data, factor):
    a, u = a_run(data, net)
    v = data.draw(filled(net.dim, elements=st.floats(0.1, 2.0)))
    one, many = (analysis.gradient_contributions(net, a, u, scale * v) for scale in (1.0, factor))
    logs_agree(many.log_norms - np.log(abs(factor)), one.log_norms)
    np.testing.assert_allclose(many.projections, one.projections, atol=1e-9)
    if np.any(one.projections):
        np.testing.assert_allclose(one.projections.sum(0), 1.0, atol=1e-9)
    assert 0.0 <= one.share_within(1) <= 1.0 + 1e-12
    assert one.reach(0.5) <= one.reach(0.95) <= T


@law(8)
@given(NETS, st.data())
def test_leading_gradients_are_singular_values(net, data):
    a, u = a_run(data, net)
    N = product(net, dl.trajectory(net, a, u), u)
    exact = np.linalg.svd(N, compute_uv=False)[0]
    assume(exact > 1e-6)
    leading = analysis.leading_gradients(net, a, u, rng=0)
    assert isinstance(leading, analysis.LeadingGradients)
    assert abs(np.exp(leading.log_values[..., 0]) - exact) <= 1e-5 * exact
    moved = N @ leading.right[0]
    assert np.linalg.norm(moved) >= 0.999 * exact


@law(6)
@given(NETS, st.data())
def test_exponents_sum_to_the_volume(net, data):
    a = data.draw(layouts(net.dim))
    path = dl.trajectory(net, a, steps=12)
    volumes = np.linalg.slogdet(net.jacobian(path[:-1]))[1]
    assume(np.all(volumes > -20.0))
    exponents = analysis.lyapunov_exponents(net, a, steps=12)
    assert abs(sum(exponents) - volumes.mean()) < 1e-7
    assert np.all(np.diff(exponents.exponents) <= 1e-9)
    # Carried alone, the first direction grows as it does beside the others; in 12 steps another may have grown more.
    first = analysis.lyapunov_exponents(net, a, steps=12, k=1)
    assert np.abs(exponents.exponents - first.exponents[0]).min() < 1e-6


@pytest.mark.slow
@law(5)
@given(latching(), st.data())
def test_covariant_vectors_are_carried_along(net, data):
    a = data.draw(layouts(net.dim))
    assume(np.linalg.svd(net.W, compute_uv=False).min() > 0.1)
    found = analysis.covariant_vectors(net, a, steps=20)
    assert isinstance(found, analysis.CovariantVectors)
    path = dl.trajectory(net, a, steps=20)
    for t, time in enumerate(found.times[:-1]):
        moved = net.jacobian(path[time]) @ found.vectors[t]
        growth = np.exp(found.log_growth[t])
        sizes = np.linalg.norm(moved, axis=0)
        np.testing.assert_allclose(sizes, growth, rtol=1e-6, atol=1e-12)
        np.testing.assert_allclose(np.abs(np.sum(moved / sizes * found.vectors[t + 1], axis=0)), 1.0, atol=1e-6)


@law(5)
@given(NETS, st.data())
def test_bounds_are_above_the_truth(net, data):
    a, u = a_run(data, net)
    result = analysis.gradient_bounds(net, a, u)
    assert isinstance(result, analysis.GradientBounds)
    assert all(isinstance(condition, analysis.BoundCondition) for condition in result.conditions)
    for name, bound in result.bounds.items():
        assert np.all(bound >= result.log_norms), name


@law(6)
@given(NETS, st.data())
def test_a_given_projection_parts_the_gradient(net, data):
    assume(net.dim > 1)
    a, u = a_run(data, net)
    N = product(net, dl.trajectory(net, a, u), u)
    assume(np.linalg.norm(N) > 1e-6)
    P = np.eye(net.dim)[:1]
    parted = analysis.latched_projection(net, a, u, projection=P)
    assert isinstance(parted, analysis.LatchedProjection)
    np.testing.assert_allclose(parted.latched.T @ parted.latched + parted.rest.T @ parted.rest, np.eye(net.dim), atol=1e-12)
    np.testing.assert_allclose(np.exp(parted.log_scale) * parted.gradient, N, atol=1e-9 * np.linalg.norm(N))
    np.testing.assert_allclose(np.exp(parted.log_norms[-1]), np.linalg.norm(N), rtol=1e-8)
    rest = N - parted.latched.T @ parted.latched @ N
    np.testing.assert_allclose(np.exp(parted.log_scale) * parted.corrected, rest, atol=1e-9 * np.linalg.norm(N))


@pytest.mark.slow
@law(6)
@given(relabelled(latching(3)))
def test_a_splitting_parts_the_space(twins):
    net = twins.network
    assume(net.dim > 1)
    point = analysis.fixed_points(net, rng=0).attractors[0].point
    moduli = np.sort(np.abs(np.linalg.eigvals(net.jacobian(point))))[::-1]
    assume(moduli[0] > 1.5 * moduli[1])
    here = analysis.slow_fast_splitting(net, point, slow=1)
    there = analysis.slow_fast_splitting(twins.twin, twins.Q @ point, slow=1)
    assert isinstance(here, analysis.SlowFastSplitting)
    P = here.projector
    np.testing.assert_allclose(P @ P, P, atol=1e-9)
    np.testing.assert_allclose(P @ here.jacobian, here.jacobian @ P, atol=1e-9)
    np.testing.assert_allclose(there.projector, twins.Q @ P @ twins.Q.T, atol=1e-8)
    assert here.gap == pytest.approx(there.gap, rel=1e-7)


@law(12)
@given(state_network(), st.data(), st.integers(1, 5))
def test_credit_diffuses_and_never_gathers(net, data, steps):
    symbols = data.draw(filled(steps, net.input_dim, elements=st.floats(-2.0, 2.0)))
    credit = analysis.credit_diffusion(net, symbols)
    assert isinstance(credit, analysis.CreditDiffusion)
    for logs in (credit.log_dobrushin, credit.log_birkhoff, credit.log_bound):
        assert np.all(logs <= 1e-12)
        assert not np.isnan(logs).any()
    falling = np.exp(credit.log_dobrushin)
    assert np.all(np.diff(falling) <= 1e-12)
    assert np.all(credit.log_dobrushin <= credit.log_bound + 1e-9)
    order = data.draw(st.permutations(range(net.dim)))
    renamed = dl.StateNetwork(net.tables[:, order][:, :, order], net.thresholds)
    again = analysis.credit_diffusion(renamed, symbols)
    np.testing.assert_allclose(np.exp(again.log_dobrushin), falling, atol=1e-12)
