"""The tool that mutates: code is exchanged in place, and what it says about survivors is still about the code."""

import os
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

from dynlatch.analysis import scalar, scalar_kernels

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PATH = "dynlatch/analysis/scalar_kernels.py"
KERNELS = "dynlatch/analysis/fixed_points/search/kernels.py"


@pytest.fixture
def swap(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    monkeypatch.chdir(ROOT)
    import tests.mutation.swap as module

    return module


def test_a_change_is_seen_by_those_who_imported_the_function_before(swap):
    source = Path(PATH).read_text()
    old, new = swap.codes(source, PATH), swap.codes(source.replace("excess = w - 1.0", "excess = w - 2.0"), PATH)
    functions, before = swap.live(PATH), scalar.u_star(3.0)
    assert swap.exchange(PATH, old, new, functions) == 1
    try:
        assert scalar.u_star(3.0) != before
    finally:
        scalar_kernels.tanh_unit.__code__ = next(c for c in old if c.co_name == "tanh_unit")
    assert scalar.u_star(3.0) == before


def test_statements_report_that_they_are_reached(swap):
    lines, source = set(), Path(PATH).read_text()
    functions = swap.live(PATH)
    old = swap.codes(source, PATH)
    swap.exchange(PATH, old, swap.marked(PATH, lines.add), functions)
    try:
        scalar_kernels.sinh_minus_x(0.5)
    finally:
        for code, group in functions.items():
            for function in group:
                function.__code__ = code
        del vars(sys.modules["dynlatch.analysis.scalar_kernels"])["__reached__"]
    first = source.splitlines().index("def sinh_minus_x(x: float) -> float:") + 1
    assert first + 2 in lines
    assert all(first <= line <= first + 7 for line in lines)
    assert swap.statement_of(PATH)[first + 2] == first + 2


def test_every_explained_survivor_is_a_line_of_the_code():
    entries = tomllib.loads((HERE / "explained.toml").read_text())["mutant"]
    stale = [e for e in entries if e["before"] not in {line.strip() for line in (ROOT / e["path"]).read_text().splitlines()}]
    assert not stale
    assert all(e["reason"] for e in entries)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the tool forks: it runs where os.fork is")
@pytest.mark.parametrize(
    ("change", "verdict"), [("factor = scale * a[i, c]", "survived"), ("factor = a[i, c] / scale", "killed")]
)
def test_kernels_are_compiled_anew_with_a_change(swap, change, verdict):
    from dynlatch.analysis.fixed_points.search import kernels
    from tests.mutation import engine

    source, matrices, right = Path(KERNELS).read_text(), np.array([[[4.0, 2.0], [1.0, 3.0]]]), np.ones((1, 2, 1))
    wanted = kernels.solve_small(matrices, right)
    functions, old, known = swap.live(KERNELS), swap.codes(source, KERNELS), swap.kernels()
    new = swap.codes(source.replace("factor = a[i, c] * scale", change), KERNELS)

    def attempt():
        assert swap.exchange(KERNELS, old, new, functions) == 1
        swap.forget_compiled(known, functions, new)
        return np.allclose(kernels.solve_small(matrices, right), wanted)

    assert engine._fork(attempt, 60.0) == verdict


def test_tests_of_a_kernel_are_those_of_its_callers(swap):
    rules = "dynlatch/training/rules/"
    paths = [rules + path.name for path in (ROOT / rules).glob("*.py")]
    lines = Path(rules + "history_kernels.py").read_text().splitlines()
    name = swap.kernel_at(rules + "history_kernels.py", lines.index("    R = cell.first[level] + k * i") + 1)
    assert name == "_places"
    ((path, at),) = swap.callers(rules + "history_kernels.py", {name}, paths)
    assert path == rules + "history_compression.py"
    assert "learn(" in Path(path).read_text().splitlines()[at - 1]
    assert swap.kernel_at(rules + "history_compression.py", at) is None
