"""Pages that are made of data: a Sphinx extension that writes them below `docs/made` before a build.

'From the papers to the code' is `papers.toml`; 'Errata' are the counterexamples and the statements as the package holds them;
the API lists the public names as they are; the table of settings is `presets`, those of what
was measured are made from `remedies.csv` and `guessing.csv`. Nothing here is typed twice.
"""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from typing import Any

from mapping import LAYERS, errata, papers, reference
from markup import as_csv, escaped, list_table, plain, sentence, title
from measured import guessing, remedies

HERE = Path(__file__).parent
MADE = HERE / "made"


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx: write the pages before anything is read."""
    app.connect("config-inited", lambda app, config: write())
    app.registry.source_suffix.pop(".md", None)  # Markdown is included; a README.md in a folder of data is no page
    app.connect("autodoc-process-docstring", plain, priority=100)  # before numpydoc makes sections of it
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def write() -> None:
    """All pages, and the folder that the gallery's scripts write their figures into."""
    (MADE / "api").mkdir(parents=True, exist_ok=True)
    (HERE / "_build" / "figures").mkdir(parents=True, exist_ok=True)
    pages = {"papers": papers(), "errata": errata(), "presets": presets(), "experiments": experiments(), "families": families()}
    for layer in LAYERS:
        pages |= {_page_of(layer): api(layer)} | {f"api/{layer}.{name}": one(layer, name) for name in public(layer)}
    paths = {MADE / f"{name}.rst": text for name, text in pages.items()}
    paths |= {MADE / f"{made.__name__}.csv": as_csv(made()) for made in (remedies, guessing)}
    for stale in set(MADE.rglob("*.rst")) - set(paths):
        stale.unlink()
    for path, text in paths.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:  # so that a second build has nothing to do
            path.write_text(text, encoding="utf-8")


def uses_first(filename: str) -> tuple[bool, str]:
    """Order of the gallery."""
    return not filename.startswith("use_"), filename


def figure_argument(_: Any, script: dict[str, Any]) -> list[str]:
    """What every script of the gallery is called with: where its figure goes, relative to the folder of the examples."""
    return [f"../docs/_build/figures/{Path(script['src_file']).stem}.png"]


def public(layer: str) -> dict[str, Any]:
    """The public names of a layer, modules left out."""
    module = importlib.import_module(layer)
    named = {name: getattr(module, name) for name in module.__all__}
    return {name: value for name, value in named.items() if not inspect.ismodule(value)}


def api(layer: str) -> str:
    """The page of a layer: what is called first, what is given and returned after it."""
    families = {"Functions": inspect.isfunction, "Classes": inspect.isclass}
    lines = [*title(f"{layer}: {LAYERS[layer].lower()}", "="), f".. currentmodule:: {layer}", ""]
    for family, belongs in families.items():
        names = [name for name, value in public(layer).items() if belongs(value)]
        lines += [*title(family, "-"), ".. autosummary::", "   :nosignatures:", "", *(f"   {name}" for name in names), ""]
    return "\n".join(lines)


def one(layer: str, name: str) -> str:
    """The page of one name; an orphan, since a list of all names beside every page would be longer than most pages."""
    is_class = inspect.isclass(getattr(importlib.import_module(layer), name))
    kind, members = ("class", ["   :members:", "   :member-order: bysource"]) if is_class else ("function", [])
    lines = [":orphan:", "", *title(name, "="), f".. currentmodule:: {layer}", "", f".. auto{kind}:: {name}", *members, ""]
    return "\n".join([*lines, f"Of :doc:`/made/{_page_of(layer)}`.", ""])


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
    return "\n".join([":orphan:", "", *title("Settings with which the rules learn", "="), *list_table(head, rows)])


def families() -> str:
    """All rules, models and tasks, each with the sentence that its docstring begins with."""
    from dynlatch.training.models import ARCHITECTURES
    from dynlatch.training.rules import RULES
    from dynlatch.training.tasks import TASKS

    lines = title("Rules, models, tasks", "=")
    for name, members in {"Learning rules": RULES, "Models": ARCHITECTURES, "Tasks": TASKS}.items():
        rows = [(reference(f"training.{each.__name__}"), sentence(each)) for each in members]
        lines += [*title(name, "-"), *list_table(("Name", "What it is"), rows, (30, 70))]
    return "\n".join(lines)


def experiments() -> str:
    """What `dynlatch reproduce` can run."""
    from dynlatch.training.experiments import ALL

    rows = [(f"``dynlatch reproduce {name}``", escaped(made.title), escaped(made.source)) for name, made in ALL.items()]
    words = (
        "``dynlatch reproduce all`` runs the papers' own, ``dynlatch reproduce chapter`` the others: ``--scale micro`` in "
        "seconds, ``mini`` in minutes, ``full`` with all trials."
    )
    return "\n".join([*title("Experiments", "="), words, "", *list_table(("Command", "What", "Source"), rows)])
