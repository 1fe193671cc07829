"""Every public name is used by a property test: read from the tests themselves, so no list can claim more than is done.

A verb, a network or a setting counts where a test decorated with `given` calls it, itself or through what it names of this
folder; a record or an enumeration counts where such a test names it (`isinstance`, a member of it).
"""

import ast
import enum
import inspect
from pathlib import Path

import pytest

import dynlatch as dl
from dynlatch import analysis
from dynlatch import training as tr
from dynlatch.results import Result

LAYERS = {"dl": dl, "analysis": analysis, "tr": tr}
NAMES = [(layer, name) for layer, module in LAYERS.items() for name in module.__all__]


def _definitions(path):
    """Top-level names of a file: what each of them names, calls, and whether Hypothesis runs it."""
    found = {}
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names = [node.name]
        elif isinstance(node, ast.Assign):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names = [node.target.id]
        else:
            continue
        for name in names:
            found[name] = _uses(node)
    return found


def _uses(node):
    named, called, local = set(), set(), set()
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            local.add(part.id)
        if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id in LAYERS:
            named.add((part.value.id, part.attr))
        if isinstance(part, ast.Call) and ast.unparse(part.func) != "isinstance":
            for function in (part.func, *part.args):  # called, or handed to what calls it
                if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
                    called.add((function.value.id, function.attr))
    decorators = [ast.unparse(d) for d in getattr(node, "decorator_list", [])]
    return named, called, local, any(d.startswith("given(") for d in decorators)


def _reached():
    """What the property tests name and what they call, through any definition of this folder."""
    graph = {}
    for path in sorted(Path(__file__).parent.glob("*.py")):
        for name, uses in _definitions(path).items():
            graph.setdefault(name, []).append(uses)
    named, called, seen = set(), set(), set()
    waiting = [name for name, all_uses in graph.items() if any(uses[3] for uses in all_uses)]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for uses in graph[name]:
            named |= uses[0]
            called |= uses[1]
            waiting += [other for other in uses[2] if other in graph]
    return named, called


NAMED, CALLED = _reached()


def _only_named(thing):
    """Records come out of verbs, words out of records, and a module holds what is called."""
    if inspect.ismodule(thing):
        return True
    if not inspect.isclass(thing):
        return False
    return issubclass(thing, (Result, enum.Enum, tuple, Exception)) or thing.__name__ in RECORDS_WITHOUT_A_FACE


RECORDS_WITHOUT_A_FACE = (
    *("AuditFrame", "BoundCondition", "Cusp", "Finding", "Guarantee", "PeriodicOrbit", "RegionEvent", "SpecialPoint"),
)


@pytest.mark.parametrize(("layer", "name"), NAMES, ids=[f"{layer}.{name}" for layer, name in NAMES])
def test_every_public_name_has_a_property_test(layer, name):
    used = NAMED if _only_named(getattr(LAYERS[layer], name)) else CALLED
    assert (layer, name) in used, f"no property test {'names' if used is NAMED else 'calls'} {layer}.{name}"


def test_the_reader_of_tests_can_say_no():
    assert ("analysis", "a_verb_that_nobody_wrote") not in NAMED | CALLED
    assert ("analysis", "fixed_points") in CALLED
    assert ("analysis", "FixedPoints") in NAMED - CALLED
