"""'From the papers to the code', made of `papers.toml`, and 'Errata', made of the counterexamples and the statements."""

from __future__ import annotations

import importlib
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markup import escaped, fields, list_table, title

HERE = Path(__file__).parent
LAYERS = {
    "dynlatch": "The systems",
    "dynlatch.analysis": "Questions about one system",
    "dynlatch.training": "Systems that change",
}


def table() -> dict[str, Any]:
    """`papers.toml`."""
    return tomllib.loads((HERE / "papers.toml").read_text(encoding="utf-8"))


def papers() -> str:
    data = table()
    lines = [*title("From the papers to the code", "="), PAPERS_WORDS, ""]
    for key, citation in data["sources"].items():
        rows = [row for row in data["statement"] if row["source"] == key]
        lines += [f".. _{key.lower()}:", "", *title(key, "-"), escaped(citation), ""]
        lines += list_table(("In the paper", "In the code", "Checked by"), [_statement_row(row) for row in rows], (34, 36, 30))
    return "\n".join(lines)


PAPERS_WORDS = """
Every definition, equation, theorem, algorithm, table and figure of the five sources, in their order. The line in the second
column runs it. Tests are files below ``tests/``; a test of this page fails if a function, a test or an example named here does
not exist, and another runs every line. Where a statement is wrong as written, :doc:`errata` has the counterexample.

The remedies of the chapter of 2001 (FIELD01, section 4) side by side: ``dynlatch reproduce remedies``.
""".strip()


def _statement_row(row: dict[str, Any]) -> tuple[str, str, str]:
    code = ", ".join(reference(name) for name in row["code"])
    where = f"**{escaped(row['item'])}** -- {escaped(row['what'])}." + (f" {escaped(row['note'])}" if "note" in row else "")
    example = f" See :doc:`/gallery/{row['example']}`." if "example" in row else ""
    wrong = row.get("errata", ())
    refuted = " Erratum: " + ", ".join(f":ref:`{name} <{anchor(name)}>`" for name in wrong) + "." if wrong else ""
    return where + refuted, f"{code}. ``{row['run']}``{example}", ", ".join(f"``{name}``" for name in row["tests"])


def resolved(name: str) -> Any:
    """The object of a dotted name below `dynlatch`."""
    parts = name.split(".")
    for cut in range(len(parts), -1, -1):
        try:
            found = importlib.import_module(".".join(["dynlatch", *parts[:cut]]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            found = getattr(found, part)
        return found
    raise LookupError(name)


def reference(name: str) -> str:
    """A link to the page of a public name, plain words for anything else."""
    module, _, last = f"dynlatch.{name}".rpartition(".")
    if module in LAYERS and last in importlib.import_module(module).__all__:
        return f":py:obj:`~{module}.{last}`"
    return f"``dynlatch.{name}``"


def errata() -> str:
    from dynlatch.analysis.counterexamples import COUNTEREXAMPLES
    from dynlatch.analysis.theorems import STATEMENTS

    lines = [*title("Errata to the papers", "="), ERRATA_WORDS, "", *title("Statements", "-")]
    for each in STATEMENTS:
        if each.corrected:
            lines += _statement_section(each, [example for example in COUNTEREXAMPLES if each.key in example.about])
    lines += title("Counterexamples", "-")
    for example in COUNTEREXAMPLES:
        lines += _counterexample_section(example)
    rows = [(*(escaped(row[key]) for key in ("where", "written", "found")), f"``{row['test']}``") for row in _misprints()]
    lines += [*title("Numbers, captions and contradictions", "-")]
    lines += list_table(("Where", "Written", "Found", "Checked by"), rows, (18, 25, 35, 22))
    return "\n".join(lines)


ERRATA_WORDS = """
What is wrong in the papers if it is read literally, what is true instead, and why. Each counterexample is a system with data in
``dynlatch.analysis.counterexamples``; ``dynlatch theorem 3 --counterexample`` computes its claims anew, with SymPy where they
can be proved symbolically. The finding itself stands: a state that is kept robustly is kept where the map contracts, and there
gradients vanish.
""".strip()


def _misprints() -> list[dict[str, str]]:
    return table()["misprint"]  # type: ignore[no-any-return]


def _statement_section(each: Any, examples: Sequence[Any]) -> list[str]:
    against = ", ".join(f":ref:`{example.name} <{anchor(example.name)}>`" for example in examples) or "none is needed"
    return [
        *title(escaped(each.title), "~"),
        *fields({"As written": each.literal, "Corrected": each.corrected, "Because": each.sketch}),
        f":Counterexamples: {against}",
        f":Run: ``dynlatch theorem {each.key}``",
        "",
    ]


def _counterexample_section(example: Any) -> list[str]:
    words = {"As written": example.literal, "Corrected": example.corrected, "Because": example.sketch, "Source": example.source}
    run = f"``dynlatch theorem {example.about[0]} --counterexample``"
    head = [f".. _{anchor(example.name)}:", "", *title(escaped(example.name), "~"), escaped(example.title) + ".", ""]
    return [*head, *fields(words), f":Run: {run}", ""]


def anchor(name: str) -> str:
    return f"counterexample-{name.replace(' ', '-')}"
