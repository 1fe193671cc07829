"""Mutants: what mutmut's operators make of a file, one change each.

mutmut itself leaves decorated functions alone, since it copies functions; here code is exchanged in place, so that kernels,
properties and the methods of dataclasses are mutated like all others. Sentences (strings with a space) are left as they are:
what a message says is read by people, not tested.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import libcst as cst
from libcst.metadata import MetadataWrapper
from mutmut.mutation.file_mutation import Mutation, MutationVisitor
from mutmut.mutation.mutators import mutation_operators
from mutmut.mutation.pragma_handling import IgnoredCode


class Mutant(NamedTuple):
    """One file with one change; the first line that differs, before and after it."""

    path: str
    number: int  # among all mutants of the file
    line: int
    before: str
    after: str
    source: str


class _Visitor(MutationVisitor):
    def _skip_node_and_children(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.FunctionDef) and node.decorators:
            return False
        if isinstance(node, cst.SimpleString) and " " in node.value:
            return True
        return bool(super()._skip_node_and_children(node))


class Mutations(NamedTuple):
    """All changes of one file; the sources are made on demand, since each copies the whole tree."""

    path: str
    module: cst.Module
    changes: list[Mutation]

    def mutant(self, number: int) -> Mutant:
        change = self.changes[number]
        source = self.module.deep_replace(change.original_node, change.mutated_node).code
        old, new = self.module.code.splitlines(), source.splitlines()
        line = next((k for k, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), len(new) - 1)
        return Mutant(self.path, number, line + 1, old[line].strip(), new[line].strip(), source)


def mutations(path: str) -> Mutations:
    """Every change of the file `path`."""
    visitor = _Visitor(mutation_operators, IgnoredCode(set(), set(), set()))
    module = MetadataWrapper(cst.parse_module(Path(path).read_text())).visit(visitor)
    return Mutations(path, module, visitor.mutations)
