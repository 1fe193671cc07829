"""What CONTRIBUTING says is enough to add a network, a task, a rule and a bound is enough: its own lines are run."""

import re
from pathlib import Path

import numpy as np
import pytest
from conformance import check_map

import dynlatch as dl
from dynlatch import analysis
from dynlatch import training as tr
from dynlatch.errors import InvalidInput
from dynlatch.training import contract

TEXT = (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture(scope="module")
def added():
    """The names that the page defines."""
    names = {"__name__": "contributing"}
    for block in BLOCKS:
        exec(compile(block, "CONTRIBUTING.md", "exec"), names)
    return names


def test_a_network_is_one_like_any_other(added):
    unit = added["SineUnit"](2.0)
    check_map(unit, rng=0)
    assert len(added["memories"]) == 2
    x = added["memories"][0].point
    np.testing.assert_allclose(2.0 * np.sin(x), x, atol=1e-12)
    slope = abs(2.0 * np.cos(x[0]))
    np.testing.assert_allclose(added["decay"].log_norms, np.arange(1, 51) * np.log(slope), rtol=1e-9)
    threshold = analysis.escape_threshold(unit, x, rng=0)
    assert 0.0 < threshold.upper < 3.0


def test_a_task_and_a_rule_meet_the_others(added):
    assert added["result"].error.shape == (4,)
    assert added["result"].error.mean() < 0.2
    assert isinstance(added["FirstSign"](T=6), contract.Task)
    assert isinstance(added["SignDescent"](), contract.Rule)
    alone = tr.train(
        added["SignDescent"](), tr.Dense(3), added["FirstSign"](T=6), trials=2, sequences=20, max_presentations=1_000, rng=0
    )
    np.testing.assert_array_equal(alone.presentations, added["result"].presentations[:2])
    with pytest.raises(InvalidInput, match="threshold"):
        tr.train(added["SignDescent"](), tr.Dense(3, units="threshold"), tr.TwoSequence(T=6), sequences=4, max_presentations=9)


def test_a_bound_is_put_beside_the_others(added):
    bounds = added["bounds"]
    assert (bounds.slack("largest slope") >= 0.0).all()
    assert bounds.sources["largest slope"].startswith("The largest")
    with pytest.raises(InvalidInput, match="no bound here"):
        analysis.gradient_bounds(dl.LatchNeuron(0.5), [0.1], steps=9, others={"wrong": lambda *_: np.full(9, -99.0)})
    with pytest.raises(InvalidInput, match="shape"):
        analysis.gradient_bounds(dl.LatchNeuron(0.5), [0.1], steps=9, others={"short": lambda *_: np.zeros(3)})
    with pytest.raises(InvalidInput, match="already"):
        analysis.gradient_bounds(dl.LatchNeuron(0.5), [0.1], steps=9, others={"weight norm": added["largest_slope"]})


def test_every_block_is_short():
    """Ten lines of their own, without imports, blank lines and docstrings; a network has four derivatives more."""
    for block in BLOCKS:
        lines = [line for line in block.splitlines() if line.strip() and not re.match(r"(from|import|@|\s*\"\"\"|\s*#)", line)]
        assert len(lines) <= 18, block
