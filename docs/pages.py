"""Pages that are made of data: a Sphinx extension that writes them below `docs/made` before a build.

'From the papers to the code' is `papers.toml`; 'Errata' are the counterexamples and the statements as the package holds them;
the API lists the public names as they are; the table of settings is `presets`. Nothing here is typed twice.
"""

from __future__ import annotations

import importlib
import inspect
import re
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
MADE = HERE / "made"
MARKUP = r"(\*(?=\S)|\||_(?!\w))"  # begins emphasis, a substitution, a reference
LAYERS = {
    "dynlatch": "The systems",
    "dynlatch.analysis": "Questions about one system",
    "dynlatch.training": "Systems that change",
}


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx: write the pages before anything is read."""
    app.connect("config-inited", lambda app, config: write())
    app.registry.source_suffix.pop(".md", None)  # Markdown is included; a README.md in a folder of data is no page
    app.connect("autodoc-process-docstring", _plain, priority=100)  # before numpydoc makes sections of it
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def write() -> None:
    """All pages, and the folder that the gallery's scripts write their figures into."""
    MADE.mkdir(exist_ok=True)
    (HERE / "_build" / "figures").mkdir(parents=True, exist_ok=True)
    pages = {"papers": papers(), "errata": errata(), "presets": presets(), "experiments": experiments()}
    pages |= {_page_of(layer): api(layer) for layer in LAYERS}
    for name, text in pages.items():
        path = MADE / f"{name}.rst"
        if not path.exists() or path.read_text(encoding="utf-8") != text:  # so that a second build has nothing to do
            path.write_text(text, encoding="utf-8")


def uses_first(filename: str) -> tuple[bool, str]:
    """Order of the gallery."""
    return not filename.startswith("use_"), filename


def figure_argument(_: Any, script: dict[str, Any]) -> list[str]:
    """What every script of the gallery is called with: where its figure goes, relative to the folder of the examples."""
    return [f"../docs/_build/figures/{Path(script['src_file']).stem}.png"]


# ------------------------------------------------------------------------------------------------ from the papers to the code


def table() -> dict[str, Any]:
    """`papers.toml`."""
    return tomllib.loads((HERE / "papers.toml").read_text(encoding="utf-8"))


def papers() -> str:
    data = table()
    lines = [*_title("From the papers to the code", "="), PAPERS_WORDS, ""]
    for key, citation in data["sources"].items():
        rows = [row for row in data["statement"] if row["source"] == key]
        lines += [f".. _{key.lower()}:", "", *_title(key, "-"), escaped(citation), ""]
        lines += _list_table(("In the paper", "In the code", "Checked by"), [_statement_row(row) for row in rows], (34, 36, 30))
    return "\n".join(lines)


PAPERS_WORDS = """
Every definition, equation, theorem, algorithm, table and figure of the five sources, in their order. The line in the second
column runs it. Tests are files below ``tests/``; a test of this page fails if a function, a test or an example named here does
not exist, and another runs every line. Where a statement is wrong as written, :doc:`errata` has the counterexample.

The remedies of the chapter of 2001 (FIELD01, section 4) are listed as they are tested.
""".strip()


def _statement_row(row: dict[str, Any]) -> tuple[str, str, str]:
    code = ", ".join(reference(name) for name in row["code"])
    where = f"**{escaped(row['item'])}** -- {escaped(row['what'])}." + (f" {escaped(row['note'])}" if "note" in row else "")
    example = f" See :doc:`/gallery/{row['example']}`." if "example" in row else ""
    wrong = row.get("errata", ())
    refuted = " Erratum: " + ", ".join(f":ref:`{name} <{_anchor(name)}>`" for name in wrong) + "." if wrong else ""
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


# ------------------------------------------------------------------------------------------------------------------- errata


def errata() -> str:
    from dynlatch.analysis.counterexamples import COUNTEREXAMPLES
    from dynlatch.analysis.theorems import STATEMENTS

    lines = [*_title("Errata to the papers", "="), ERRATA_WORDS, "", *_title("Statements", "-")]
    for each in STATEMENTS:
        if each.corrected:
            lines += _statement_section(each, [example for example in COUNTEREXAMPLES if each.key in example.about])
    lines += _title("Counterexamples", "-")
    for example in COUNTEREXAMPLES:
        lines += _counterexample_section(example)
    rows = [(*(escaped(row[key]) for key in ("where", "written", "found")), f"``{row['test']}``") for row in _misprints()]
    lines += [*_title("Numbers, captions and contradictions", "-")]
    lines += _list_table(("Where", "Written", "Found", "Checked by"), rows, (18, 25, 35, 22))
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
    against = ", ".join(f":ref:`{example.name} <{_anchor(example.name)}>`" for example in examples) or "none is needed"
    return [
        *_title(escaped(each.title), "~"),
        *_fields({"As written": each.literal, "Corrected": each.corrected, "Because": each.sketch}),
        f":Counterexamples: {against}",
        f":Run: ``dynlatch theorem {each.key}``",
        "",
    ]


def _counterexample_section(example: Any) -> list[str]:
    words = {"As written": example.literal, "Corrected": example.corrected, "Because": example.sketch, "Source": example.source}
    run = f"``dynlatch theorem {example.about[0]} --counterexample``"
    head = [f".. _{_anchor(example.name)}:", "", *_title(escaped(example.name), "~"), escaped(example.title) + ".", ""]
    return [*head, *_fields(words), f":Run: {run}", ""]


def _fields(words: dict[str, str]) -> list[str]:
    return [f":{name}: {escaped(text)}" for name, text in words.items()]


def _anchor(name: str) -> str:
    return f"counterexample-{name.replace(' ', '-')}"


# ---------------------------------------------------------------------------------------------------------- API and settings


def api(layer: str) -> str:
    """The public names of a layer: what is called first, what is returned after it."""
    module = importlib.import_module(layer)
    named = {name: getattr(module, name) for name in module.__all__ if not inspect.ismodule(getattr(module, name))}
    families = {
        "Functions": [name for name, value in named.items() if inspect.isfunction(value)],
        "Classes": [name for name, value in named.items() if inspect.isclass(value)],
    }
    lines = [*_title(f"{layer}: {LAYERS[layer].lower()}", "="), f".. currentmodule:: {layer}", ""]
    for family, names in families.items():
        lines += [*_title(family, "-"), ".. autosummary::", "   :toctree: api", "   :nosignatures:", ""]
        lines += [*(f"   {name}" for name in names), ""]
    return "\n".join(lines)


def _page_of(layer: str) -> str:
    return f"api_{layer.rpartition('.')[2]}"


def presets() -> str:
    """The table of settings with which the rules learn."""
    from dynlatch.training.presets import PRESETS

    rows = [
        (
            reference(f"training.{rule.__name__}"),
            reference(f"training.{task.__name__}"),
            f"``{preset.rule!r}``",
            f"{preset.sequences:,}",
            f"{preset.max_presentations:,}",
        )
        for (rule, task), preset in PRESETS.items()
    ]
    head = ("Rule", "Task", "Settings", "Training sequences", "Presentations")
    return "\n".join([":orphan:", "", *_title("Settings with which the rules learn", "="), *_list_table(head, rows)])


def experiments() -> str:
    """What `dynlatch reproduce` can run."""
    from dynlatch.training.experiments import ALL

    rows = [(f"``dynlatch reproduce {name}``", escaped(made.title), escaped(made.source)) for name, made in ALL.items()]
    words = (
        "``dynlatch reproduce all`` runs them all: ``--scale micro`` in seconds, ``mini`` in minutes, ``full`` with all trials."
    )
    return "\n".join([*_title("Experiments", "="), words, "", *_list_table(("Command", "What", "Source"), rows)])


# ------------------------------------------------------------------------------------------------------- reStructuredText


def escaped(text: str) -> str:
    """Text in which nothing is markup."""
    return re.sub(r"([\\*`|_])", r"\\\1", text)


def _plain(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Docstrings are written to be read in a terminal: bars, stars and underscores outside of backticks are no markup."""
    blocks = re.split(r"(\n\s*\n)", "\n".join(lines))
    lines[:] = "".join(block if _is_literal(block) else _outside_backticks(block) for block in blocks).split("\n")


def _is_literal(block: str) -> bool:
    return block.lstrip().startswith((">>>", ".."))


def _outside_backticks(block: str) -> str:
    parts = re.split(r"(`+[^`]*`+)", block)
    return "".join(_no_full_stop(part) if part.startswith("`") else re.sub(MARKUP, r"\\\1", part) for part in parts)


def _no_full_stop(code: str) -> str:
    """A full stop before a space would end the first sentence, which is what the lists of names show."""
    return code.replace("...", "\u2026").replace(" . ", " \u00b7 ")


def _title(text: str, mark: str) -> list[str]:
    return [text, mark * len(text), ""]


def _list_table(head: Sequence[str], rows: Iterable[Sequence[str]], widths: Sequence[int] = ()) -> list[str]:
    lines = [".. list-table::", "   :header-rows: 1", "   :class: wide"]
    lines += [f"   :widths: {' '.join(map(str, widths))}"] if widths else []
    lines.append("")
    for row in [head, *rows]:
        lines += [f"   {'*' if k == 0 else ' '} - {cell}" for k, cell in enumerate(row)]
    return [*lines, ""]
