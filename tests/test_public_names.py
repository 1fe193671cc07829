"""The lazily loaded public names, as Python and as type checkers see them."""

import ast
import importlib
from pathlib import Path

import pytest

import dynlatch
from dynlatch import analysis, training

ROOT = Path(dynlatch.__file__).parent


def test_type_checkers_see_the_same_names_of_the_training_layer():
    tree = ast.parse((ROOT / "training" / "__init__.py").read_text())
    block = next(n for n in tree.body if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING")
    told = {alias.asname: node.module.removeprefix("dynlatch.training.") for node in block.body for alias in node.names}
    assert told == training._HOME


@pytest.mark.parametrize("name", training.__all__)
def test_every_name_of_the_training_layer_loads_and_is_documented(name):
    assert getattr(training, name).__doc__


def test_type_checkers_see_the_same_names():
    tree = ast.parse((ROOT / "__init__.py").read_text())
    block = next(n for n in tree.body if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING")
    told = {alias.asname: node.module for node in block.body for alias in node.names}
    assert told == dynlatch._HOME


@pytest.mark.parametrize("name", dynlatch.__all__)
def test_every_name_loads_and_is_documented(name):
    assert getattr(dynlatch, name).__doc__


def test_every_analysis_name_is_exported_and_documented():
    tree = ast.parse((ROOT / "analysis" / "__init__.py").read_text())
    told = {alias.asname for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert told == set(analysis.__all__)
    for name in analysis.__all__:
        assert getattr(analysis, name).__doc__


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="no attribute 'frobnicate'"):
        _ = dynlatch.frobnicate


def test_all_packages_are_packaged():
    import tomllib

    listed = tomllib.loads((ROOT.parent / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    there = {".".join(p.parent.relative_to(ROOT.parent).parts) for p in ROOT.rglob("__init__.py")}
    assert set(listed) == there


def test_the_two_links_lead_to_the_layers():
    for layer in ("analysis", "training"):
        link = ROOT.parent / layer
        if not link.exists():  # a clone without symbolic links works the same
            continue
        assert link.resolve() == (ROOT / layer).resolve() or link.read_text().strip() == f"dynlatch/{layer}"


def test_docstring_examples():
    import doctest

    failed = attempted = 0
    for path in sorted(ROOT.rglob("*.py")):
        name = ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__")
        if name == "dynlatch.interop.torch_step":  # imports PyTorch, which is not there in every environment; no examples
            continue
        module = importlib.import_module(name)
        result = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
        failed, attempted = failed + result.failed, attempted + result.attempted
    assert failed == 0
    assert attempted > 30
