"""What a release promises: versions that agree, lower bounds that are the ones tested, a citation that can be used."""

import re
import tomllib
from pathlib import Path

import pytest

from dynlatch import interop, reading

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS_OF_THE_SUITE = ("test",)
REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9.-]+)>=(?P<bound>[0-9.]+)")


def requirements():
    """Every (name, lower bound) of the package and of the extras that the suite installs."""
    wanted = [
        *PROJECT["dependencies"],
        *(line for name in EXTRAS_OF_THE_SUITE for line in PROJECT["optional-dependencies"][name]),
    ]
    return [(match["name"].lower(), match["bound"]) for line in wanted if (match := REQUIREMENT.fullmatch(line))]


def pinned():
    """The versions of the section 'lowest' of .ci/run: what `--resolution lowest-direct` would choose."""
    lines = (ROOT / ".ci" / "lowest.txt").read_text().split()
    return dict(line.lower().split("==") for line in lines)


def numbers(version):
    """2.0 and 2.0.0 are the same version."""
    return re.sub(r"(\.0)+$", "", version)


@pytest.mark.parametrize(("name", "bound"), requirements(), ids=lambda value: str(value))
def test_the_lowest_version_is_the_one_tested(name, bound):
    assert numbers(pinned()[name]) == numbers(bound)


def test_every_dependency_has_a_lower_bound_and_no_upper_one():
    # Without upper bounds a plain installation is the test with the newest versions.
    extras = (line for lines in PROJECT["optional-dependencies"].values() for line in lines)
    odd = [line for line in (*PROJECT["dependencies"], *extras) if not REQUIREMENT.fullmatch(line)]
    assert odd == []


def test_one_version_everywhere():
    citation = (ROOT / "CITATION.cff").read_text()
    changes = (ROOT / "CHANGELOG.md").read_text()
    assert re.search(r"^version: (.+)$", citation, re.M)[1] == PROJECT["version"]
    assert re.search(r"^## ([0-9.]+)", changes, re.M)[1] == PROJECT["version"]
    assert re.search(r"^license: (.+)$", citation, re.M)[1] == PROJECT["license"]


def test_the_policy_of_files_names_every_format_that_is_read():
    told = (ROOT / "SECURITY.md").read_text()
    for suffix in interop.load.LOADERS:
        assert suffix in told
    for limit in (
        f"{reading.LARGEST >> 30} GiB",
        f"{reading.INNOCENT >> 20} MiB",
        f"{reading.LARGEST_RATIO} times",
    ):
        assert limit in told


def test_every_section_of_the_checks_is_strict():
    """A failing command ends the run, and a skip says why."""
    text = (ROOT / ".ci" / "run").read_text()
    assert "set -euo pipefail" in text
    assert "|| true" not in text
    options = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]["addopts"]
    assert "-ra" in options
