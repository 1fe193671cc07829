"""The files of a report: page, tables, figures, provenance, in one folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from dynlatch.analysis.report.data import write_text
from dynlatch.analysis.report.page import html
from dynlatch.errors import MissingExtra, UnreadableFile
from dynlatch.training.experiments.contract import Experiment, Finding
from dynlatch.training.experiments.export import Columns, verdict_columns, write_columns
from dynlatch.training.experiments.provenance import Provenance
from dynlatch.training.experiments.report.headline import headline
from dynlatch.training.experiments.report.page import Told, report_page
from dynlatch.training.experiments.report.pictures import Drawn, draw

if TYPE_CHECKING:
    from dynlatch.training.sweeps import Sweep

PAGE, HEADLINE = "report.html", "headline.md"


class Written(NamedTuple):
    """The page, and what was left out and why, in a sentence each."""

    page: Path
    left_out: tuple[str, ...]


def write_report(
    folder: str | Path,
    experiments: Mapping[str, Experiment],
    findings: Mapping[str, Finding],
    sweep: Sweep,
    provenance: Provenance,
) -> Written:
    """Write everything into `folder`, which is made if there is none.

    Parameters
    ----------
    folder : path
        Gets `report.html`; `headline.md`, the tables in Markdown; `tables/` with a table for every finding, `verdicts` and
        `trials`, as CSV and, where pyarrow is installed, as Parquet; `figures/` as PNG and SVG; `provenance.json`.
    experiments, findings : mapping
        By name.
    sweep : Sweep
        The trials behind them.
    provenance : Provenance

    Raises
    ------
    UnreadableFile
        If something cannot be written.
    """
    target = Path(folder)
    tables, figures = _made(target / "tables"), _made(target / "figures")
    left_out = _write_tables(tables, {**{name: f.columns for name, f in findings.items()}, **_shared(findings, sweep)})
    pictures = {name: _drawn(name, finding, figures) for name, finding in findings.items()}
    trials = sum(len(cell.trial) for cell in sweep.cells)
    page = report_page(Told(experiments, findings, pictures, provenance, len(sweep.cells), trials))
    write_text(target / HEADLINE, headline(findings, provenance.calls[-1].command))
    provenance.save(target)
    return Written(write_text(target / PAGE, html(page)), left_out)


def _shared(findings: Mapping[str, Finding], sweep: Sweep) -> dict[str, Columns]:
    return {"verdicts": verdict_columns(findings), "trials": sweep.columns}


def _write_tables(folder: Path, tables: Mapping[str, Columns]) -> tuple[str, ...]:
    for name, columns in tables.items():
        write_columns(columns, folder / f"{name}.csv")
    try:
        for name, columns in tables.items():
            write_columns(columns, folder / f"{name}.parquet")
    except MissingExtra as error:
        return (f"no Parquet files: {error}",)
    return ()


def _drawn(name: str, finding: Finding, folder: Path) -> list[Drawn]:
    return [draw(picture, f"{name}-{k}", folder) for k, picture in enumerate(finding.pictures, start=1)]


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnreadableFile(f"cannot make the folder {str(folder)!r}: {error.strerror or error}.") from None
    return folder
