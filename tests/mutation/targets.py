"""What is mutated, and the tests that have to notice."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Target(NamedTuple):
    """Files, as patterns from the root of the repository, and their tests."""

    files: tuple[str, ...]
    tests: tuple[str, ...]

    @property
    def paths(self) -> list[str]:
        return sorted({str(path) for pattern in self.files for path in Path().glob(pattern)})

    @property
    def judges(self) -> list[str]:
        return sorted({str(path) for pattern in self.tests for path in Path().glob(pattern)})


# The fast tests of each part: a mutant that only the others would notice counts as a survivor.
TARGETS = {
    "scalar": Target(
        ("dynlatch/analysis/scalar*.py",),
        ("tests/analysis/test_scalar.py", "tests/analysis/test_mutants_scalar.py"),
    ),
    "escape": Target(
        ("dynlatch/analysis/escape/**/*.py",),
        ("tests/analysis/test_escape*.py", "tests/analysis/test_mutants_escape.py"),
    ),
    "fixed_points": Target(
        ("dynlatch/analysis/fixed_points/**/*.py",),
        (
            "tests/analysis/test_fixed_points*.py",
            "tests/analysis/test_piecewise_linear.py",
            "tests/analysis/test_mutants_fixed_points.py",
        ),
    ),
    "rules": Target(
        ("dynlatch/training/rules/*.py",),
        (
            "tests/training/test_gradient_rules.py",
            "tests/training/test_gradients.py",
            "tests/training/test_search.py",
            "tests/training/test_discrete_error_propagation.py",
            "tests/training/test_expectation_maximization.py",
            "tests/training/test_flip_flop.py",
            "tests/training/test_gnarl.py",
            "tests/training/test_cascade_correlation.py",
            "tests/training/test_input_output_hmm.py",
            "tests/training/test_history_compression.py",
            "tests/training/test_remedies.py",
            "tests/training/test_state_networks.py",
            "tests/training/test_transition_hierarchy.py",
            "tests/training/test_mutants_rules.py",
        ),
    ),
}
