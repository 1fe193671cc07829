"""Changed code in a process that has imported the package: functions get new code in place, kernels are compiled again."""

from __future__ import annotations

import ast
import gc
import importlib.util
import sys
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator
from functools import _lru_cache_wrapper, cache
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from numba.core.caching import NullCache
from numba.core.dispatcher import Dispatcher

OPTIMIZED = 1  # the flag of the code of functions, which that of classes and modules lacks
COMPILED = ("kernel", "primitive", "njit")  # decorators


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


def kernels() -> list[Dispatcher]:
    """What Numba compiles in this process; to be asked before `gc.freeze`, which hides all that there is."""
    return [thing for thing in gc.get_objects() if issubclass(type(thing), Dispatcher)]  # a dead proxy has no class to ask


def forget_compiled(known: list[Dispatcher], functions: dict[CodeType, list[FunctionType]], new: list[CodeType]) -> None:
    """Have the kernels whose code was just exchanged, and all that call them, compiled anew."""
    fresh = set(new)
    mine = {f for group in functions.values() for f in group if f.__code__ in fresh and f.__code__ not in functions}
    stale = {id(k) for k in known if k.py_func in mine}
    before = 0
    while len(stale) > before:
        before = len(stale)
        stale |= {id(k) for k in known if any(id(used) in stale for used in _globals(k.py_func))}
    for k in known:
        if id(k) in stale:
            k._reset_overloads()
            k.overloads = OrderedDict()
            k._cache = NullCache()


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


def is_compiled(function: ast.FunctionDef) -> bool:
    """Whether Numba compiles the function: Python does not run its lines."""
    plain = [d.func if isinstance(d, ast.Call) else d for d in function.decorator_list]
    return any((d.id if isinstance(d, ast.Name) else getattr(d, "attr", "")) in COMPILED for d in plain)


class _Marks(ast.NodeTransformer):
    """Puts a call before every statement of every function that Python runs itself."""

    def __init__(self) -> None:
        self.inside = False

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        if is_compiled(node):
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


@cache
def _tree(path: str) -> ast.Module:
    return ast.parse(Path(path).read_text())


@cache
def statement_of(path: str) -> dict[int, int]:
    """For every line within a function that Python runs itself: the line in which its innermost statement begins."""
    tree, begins = _tree(path), {}
    spans = []

    def walk(node: ast.AST, inside: bool) -> None:
        if isinstance(node, ast.FunctionDef):
            if is_compiled(node):
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


def kernel_at(path: str, line: int) -> str | None:
    """The compiled function of a file that holds the line."""
    for node in _tree(path).body:
        if isinstance(node, ast.FunctionDef) and is_compiled(node) and node.lineno <= line <= (node.end_lineno or node.lineno):
            return node.name
    return None


def callers(path: str, names: set[str], paths: list[str]) -> Iterator[tuple[str, int]]:
    """Where Python's own functions use these kernels of a file, or kernels that use them: files and the lines of statements."""
    tree, begins = _tree(path), statement_of(path)
    used = {node.name: _named(node) for node in tree.body if isinstance(node, ast.FunctionDef) and is_compiled(node)}
    while more := {name for name, within in used.items() if within & names} - names:
        names = names | more
    for node in ast.walk(tree):
        if _name(node) in names and getattr(node, "lineno", None) in begins:
            yield path, begins[node.lineno]
    for other in paths:
        if imported := _imported(other, module_name(path), names):
            yield from callers(other, imported, paths)


def _name(node: ast.AST) -> str | None:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else None


def _named(node: ast.AST) -> set[str]:
    return {name for part in ast.walk(node) if (name := _name(part))}


def _imported(path: str, module: str, names: set[str]) -> set[str]:
    """What a file calls those of the names that it takes from the module, one by one or with the module."""
    package, _, last = module.rpartition(".")
    froms = [node for node in ast.walk(_tree(path)) if isinstance(node, ast.ImportFrom)]
    if any(node.module == package and last in (alias.name for alias in node.names) for node in froms):
        return names
    return {
        alias.asname or alias.name for node in froms if node.module == module for alias in node.names if alias.name in names
    }
