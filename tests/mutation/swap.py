"""Changed code in a process that has imported the package: functions get new code in place, kernels are compiled again."""

from __future__ import annotations

import ast
import gc
import importlib.util
import sys
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator
from functools import _lru_cache_wrapper
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from numba.core.caching import NullCache
from numba.core.dispatcher import Dispatcher

OPTIMIZED = 1  # the flag of the code of functions, which that of classes and modules lacks


def module_name(path: str) -> str:
    """`dynlatch/a/b.py` as it is imported."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def codes(source: str | ast.Module, path: str) -> list[CodeType]:
    """The code of every function of a file that is not within another, in the order of the file."""
    return list(_functions(compile(source, str(Path(path).resolve()), "exec", dont_inherit=True)))


def _functions(code: CodeType) -> Iterator[CodeType]:
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            if inner.co_flags & OPTIMIZED:
                yield inner
            else:
                yield from _functions(inner)


def live(path: str) -> dict[CodeType, list[FunctionType]]:
    """The functions of this process that were made from the file, by their code."""
    where, found = str(Path(path).resolve()), defaultdict(list)
    for thing in gc.get_objects():
        if type(thing) is FunctionType and thing.__code__.co_filename == where:
            found[thing.__code__].append(thing)
    return found


def exchange(path: str, old: list[CodeType], new: list[CodeType], functions: dict[CodeType, list[FunctionType]]) -> int:
    """Give functions of the file their new code; how many changed. Zero means that the change is not within a function."""
    if len(old) != len(new):
        return 0
    changed = [
        (function, after)
        for before, after in zip(old, new, strict=True)
        if before != after
        for function in functions.get(before, [])
        if len(before.co_freevars) == len(after.co_freevars)
    ]
    for function, after in changed:
        function.__code__ = after
    return len(changed)


def forget_compiled(path: str, functions: dict[CodeType, list[FunctionType]], new: list[CodeType]) -> bool:
    """Have the kernels whose code was just exchanged, and all that call them, compiled anew; whether there are any."""
    fresh = set(new)
    mine = {f for group in functions.values() for f in group if f.__code__ in fresh and f.__code__ not in functions}
    kernels = [k for k in gc.get_objects() if isinstance(k, Dispatcher)]
    stale = {id(k) for k in kernels if k.py_func in mine}
    known = 0
    while len(stale) > known:
        known = len(stale)
        stale |= {id(k) for k in kernels if any(id(used) in stale for used in _globals(k.py_func))}
    for k in kernels:
        if id(k) in stale:
            k._reset_overloads()
            k.overloads = OrderedDict()
            k._cache = NullCache()
    return bool(stale)


def _globals(function: FunctionType) -> Iterator[Any]:
    """What a kernel may call: its globals, and what they hold under the names that it uses, where they are modules."""
    names = function.__code__.co_names
    for name in names:
        thing = function.__globals__.get(name)
        if isinstance(thing, ModuleType):
            yield from (vars(thing).get(other) for other in names)
        else:
            yield thing


def forget_cached() -> None:
    """Empty every `functools.cache`: what was computed before a change does not hide it."""
    for thing in gc.get_objects():
        if isinstance(thing, _lru_cache_wrapper):
            thing.cache_clear()


def reimport(path: str, source: str) -> None:
    """Let the package be imported afresh, this file with the changed source (for changes outside of functions)."""
    here = f"{Path.cwd()}/"
    for name in [n for n, module in sys.modules.items() if (getattr(module, "__file__", None) or "").startswith(here)]:
        del sys.modules[name]
    sys.meta_path.insert(0, _Changed(module_name(path), path, source))
    enable = Dispatcher.enable_caching
    where = str(Path(path).resolve())
    # Numba's cache knows neither the constants of a file nor its source when that is not on disk.
    Dispatcher.enable_caching = lambda k: None if k.py_func.__code__.co_filename == where else enable(k)


class _Changed:
    """Finder and loader of one module."""

    def __init__(self, name: str, path: str, source: str) -> None:
        self.name, self.path, self.source = name, str(Path(path).resolve()), source

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name != self.name:
            return None
        return importlib.util.spec_from_file_location(name, self.path, loader=self)  # type: ignore[arg-type]

    def create_module(self, spec: Any) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self.source, self.path, "exec", dont_inherit=True), vars(module))


class _Marks(ast.NodeTransformer):
    """Puts a call before every statement of every function that Python runs itself."""

    def __init__(self) -> None:
        self.inside = False

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        if any(isinstance(d, ast.Name) and d.id in ("kernel", "primitive") for d in node.decorator_list):
            return node
        outer, self.inside = self.inside, True
        self.generic_visit(node)
        self.inside = outer
        return node

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        if self.inside:
            for field in ("body", "orelse", "finalbody"):
                block = getattr(node, field, None)
                if isinstance(block, list):
                    setattr(node, field, [part for statement in block for part in (_mark(statement), statement)])
        return node


def _mark(statement: ast.stmt) -> ast.stmt:
    call = ast.parse(f"__reached__({statement.lineno})").body[0]
    for part in ast.walk(call):
        ast.copy_location(part, statement)
    return call


def marked(path: str, reached: Callable[[int], None]) -> list[CodeType]:
    """The code of the functions of a file, in which every statement reports that it is reached."""
    vars(sys.modules[module_name(path)])["__reached__"] = reached
    return codes(ast.fix_missing_locations(_Marks().visit(ast.parse(Path(path).read_text()))), path)


def statement_of(path: str) -> dict[int, int]:
    """For every line within a function that Python runs itself: the line in which its innermost statement begins."""
    tree, begins = ast.parse(Path(path).read_text()), {}
    spans = []

    def walk(node: ast.AST, inside: bool) -> None:
        if isinstance(node, ast.FunctionDef):
            if any(isinstance(d, ast.Name) and d.id in ("kernel", "primitive") for d in node.decorator_list):
                return
            inside = True
        for child in ast.iter_child_nodes(node):
            if inside and isinstance(child, ast.stmt):
                spans.append((child.lineno, child.end_lineno or child.lineno))
            walk(child, inside)

    walk(tree, False)
    for first, last in sorted(spans, key=lambda span: (span[0], -span[1])):
        begins.update(dict.fromkeys(range(first, last + 1), first))
    return begins
