"""Audits, films and portraits: the same whatever the order of units, the same read back."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties.laws import law
from properties.strategies import SEEDS, filled, gru, latching, relabelled
from properties.verbs import same

import dynlatch as dl
from dynlatch import analysis


@pytest.mark.slow
@law(1)
@given(latching(1), SEEDS)
def test_an_audit_differs_from_itself_in_nothing(net, seed):
    inputs = 0.1 * np.random.default_rng(seed).normal(size=(6, 3, net.input_dim))
    one, two = (analysis.audit(net, inputs, rng=0) for _ in range(2))
    assert isinstance(one, analysis.Audit)
    assert same(one, two)
    assert all(isinstance(finding, analysis.Finding) for finding in one.findings)
    change = one.diff(two)
    assert isinstance(change, analysis.AuditDiff)
    assert not change.lost
    assert not change.gained
    assert change.bits[0] == change.bits[1]
    film = analysis.film_strip([one, two])
    assert isinstance(film, analysis.AuditFilm)
    assert all(isinstance(frame, analysis.AuditFrame) for frame in film.frames)
    assert film.frames[0].numbers == film.frames[1].numbers
    with tempfile.TemporaryDirectory() as folder:
        for k, result in enumerate((one, change, film)):
            assert same(dl.load(result.save(Path(folder) / f"{k}")), result)


@pytest.mark.slow
@law(2)
@given(relabelled(st.one_of(latching(), gru(1))), st.data())
def test_audits_have_no_names(twins, data):
    inputs = 0.1 * data.draw(filled(6, 2, twins.network.input_dim))
    here = analysis.audit(twins.network, inputs, rng=0)
    there = analysis.audit(twins.twin, inputs @ twins.R.T, rng=0)
    assert len(here.fixed_points.attractors.points) == len(there.fixed_points.attractors.points)
    np.testing.assert_allclose(np.sort(here.occupancy), np.sort(there.occupancy), atol=1e-9)
    np.testing.assert_allclose(here.along_inputs.log_norms, there.along_inputs.log_norms, atol=1e-6)


@pytest.mark.slow
@law(2)
@given(latching(), SEEDS)
def test_portraits_hold_what_their_verbs_say(net, seed):
    picture = analysis.portrait(net, resolution=10, rng=seed)
    assert isinstance(picture, analysis.Portrait)
    found = analysis.fixed_points(net, rng=seed)
    assert len(picture.attractors) == len(found.attractors.points)
    assert picture.labels.max() < len(picture.attractors)
    assert not np.any(picture.gamma & (picture.labels < 0))
    axes = analysis.plot_portrait(net, resolution=10, rng=seed)
    assert axes.get_xlabel()


@law(10)
@given(st.integers(-3, 5), st.floats(-1.0, 1.0))
def test_a_gradient_audit_wants_sensible_settings(every, at_most):
    if every >= 1 and at_most > 0.0:
        assert analysis.GradientAudit(every, at_most=at_most).every == every
    elif every < 1 or at_most < 0.0:
        with pytest.raises(dl.DynlatchError):
            analysis.GradientAudit(every, at_most=at_most)
