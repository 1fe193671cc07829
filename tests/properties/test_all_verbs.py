"""What holds for every verb of the analysis: an answer or a sentence, the same twice, saved and read back bit for bit."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties.laws import law
from properties.strategies import SEEDS, additive, elman, gru, layouts, leaky, lstm
from properties.verbs import LONG, QUICK, VERBS, answer, same

import dynlatch as dl

SMALL = st.one_of(additive(2), leaky(2), elman(2), gru(1), lstm(1))


def check(name, net, data, seed):
    a = data.draw(layouts(net.dim))
    before = np.array(a)
    first = answer(VERBS[name], net, a, seed)
    assert np.array_equal(a, before), f"{name} changed its argument"
    assert same(first, answer(VERBS[name], net, a, seed)), f"{name} gave something else the second time"
    if isinstance(first, str):
        assert "\n" not in first
        return
    assert first.summary()
    assert "nan" not in first.summary().lower().split()
    with tempfile.TemporaryDirectory() as folder:
        read = dl.load(first.save(Path(folder) / "result"))
    assert same(read, first), f"{name} was not read back as it was saved"
    assert read.summary() == first.summary()


@pytest.mark.parametrize("name", QUICK)
@law(2)
@given(SMALL, st.data(), SEEDS)
def test_quick_verbs_answer_or_refuse(name, net, data, seed):
    check(name, net, data, seed)


@pytest.mark.slow
@pytest.mark.parametrize("name", LONG)
@law(2)
@given(SMALL, st.data(), SEEDS)
def test_long_verbs_answer_or_refuse(name, net, data, seed):
    check(name, net, data, seed)
