"""The page of `dynlatch reproduce`: the answer first, then ours beside the papers', the figures, and how it was made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from dynlatch.analysis.report.page import Card, Page, Section, bullets, figure, heading, paragraph
from dynlatch.analysis.report.text import count
from dynlatch.training.experiments.contract import Agreement
from dynlatch.training.experiments.report.agreement import STRICT_FACTOR, STRICT_POINTS, Score, distinct, score
from dynlatch.training.experiments.report.grid import amount, split
from dynlatch.training.experiments.report.origin import origin_section, seconds
from dynlatch.training.experiments.report.tables import disagreeing, judged_grid, runs, scores, verdict_list

if TYPE_CHECKING:
    from markupsafe import Markup

    from dynlatch.training.experiments.contract import Experiment, Finding, Verdict
    from dynlatch.training.experiments.provenance import Provenance
    from dynlatch.training.experiments.report.pictures import Drawn

READABLE = 6.2  # inches: wider pictures scroll on a narrow screen, so that their letters stay readable
LEAST_REM, MOST_REM = 3.6, 6.2  # of an inch of a picture

SURE = "EM"  # the method whose error the papers report as 0 in every column of the two-sequence table
SIGNS = "✓ agrees, ✗ disagrees; under each value its 95 % interval and the published one."
LOST = "Published rows whose columns cannot be recovered are not judged:"


class Told(NamedTuple):
    """All that the page needs.

    Attributes
    ----------
    experiments, findings, pictures : mapping
        By the name of the experiment.
    provenance : Provenance
    cells, trials : int
        What was trained.
    """

    experiments: Mapping[str, Experiment]
    findings: Mapping[str, Finding]
    pictures: Mapping[str, list[Drawn]]
    provenance: Provenance
    cells: int
    trials: int


def report_page(told: Told) -> Page:
    """The page, chapters that have nothing to say left out."""
    verdicts = distinct(told.findings)
    sections = [
        _answer(told, verdicts),
        *_tables(told, verdicts),
        _disagreements(told, verdicts),
        _runs(told),
        *_others(told, verdicts),
        _notes(told),
        origin_section(told.provenance),
    ]
    return Page(
        title="The papers again: ours beside theirs",
        under=f"{count(len(told.findings), 'experiment')} · scale {told.provenance.scale} · {_done(told)}",
        cards=list(_cards(told, verdicts)),
        sections=[section for section in sections if section is not None],
        footer="Every number of ours on this page was measured or computed by the command above. Made by dynlatch.",
    )


def _done(told: Told) -> str:
    return f"{told.trials:,} trials in {count(told.cells, 'cell')}" if told.cells else "computed, nothing trained"


def _cards(told: Told, verdicts: Mapping[str, tuple[Verdict, ...]]) -> Iterable[Card]:
    total = score(v for own in verdicts.values() for v in own)
    if total.compared:
        yield Card(f"{total.agree} of {total.compared}", "published values and statements agree", "agreement")
        yield Card(
            f"{total.strict} of {total.numbers}",
            f"within {STRICT_POINTS:.0f} points or a factor {STRICT_FACTOR:.0f}",
            "agreement",
        )
    errors = [v.ours for own in verdicts.values() for v in own if v.quantity == "error" and v.what.startswith(f"{SURE}, ")]
    if errors:
        yield Card(f"{amount(max(errors), '%')} %", f"largest error of {SURE}, over {count(len(errors), 'column')}", "interval")
    yield Card(f"{told.trials:,}", "trials", "trial")
    calls = told.provenance.calls
    yield Card(seconds(sum(call.wall_seconds for call in calls)), f"in {count(len(calls), 'call')}", "call")
    yield Card(seconds(sum(call.cpu_seconds for call in calls)), "of CPU", "call")


def _answer(told: Told, verdicts: Mapping[str, tuple[Verdict, ...]]) -> Section:
    total = score(v for own in verdicts.values() for v in own)
    parts = [paragraph(_sentence(total, told))]
    if total.compared:
        parts.append(scores([(told.findings[name].title, score(own)) for name, own in verdicts.items() if own]))
    return Section("answer", "The answer", parts)


def _sentence(total: Score, told: Told) -> str:
    done = f"{_done(told)}." if told.cells else "Nothing was trained: all of it is computed."
    if not total.compared:
        return f"No published value stands beside these results. {done}"
    narrow = f"{STRICT_POINTS:.0f} points of a percentage or a factor {STRICT_FACTOR:.0f} of anything else"
    return (
        f"{total.agree} of {total.compared} published values and statements agree with ours, as each experiment judges (its "
        f"notes say how leniently). Of the {total.numbers} that are numbers, {total.strict} are within {narrow}, and "
        f"{total.inside} lie inside our 95 % intervals, which say how far chance alone could move ours. {done}"
    )


def _tables(told: Told, verdicts: Mapping[str, tuple[Verdict, ...]]) -> Iterable[Section]:
    """A chapter for every finding whose verdicts make tables."""
    for name, own in verdicts.items():
        grids, others = split(own)
        if grids:
            parts = [_source(told, name), paragraph(SIGNS), *(judged_grid(grid) for grid in grids)]
            lost = [v for v in own if v.agreement is Agreement.UNPLACED and v not in others]
            parts += [paragraph(LOST), verdict_list(lost)] * bool(lost)
            parts += [verdict_list(others)] * bool(others)
            yield Section(name, told.findings[name].title, [*parts, *_pictures(told, name)])


def _others(told: Told, verdicts: Mapping[str, tuple[Verdict, ...]]) -> Iterable[Section]:
    """A chapter for every other finding."""
    for name, own in verdicts.items():
        grids, others = split(own)
        if not grids and (others or told.pictures.get(name)):
            parts = [_source(told, name), *_pictures(told, name)]
            yield Section(name, told.findings[name].title, [*parts, *[verdict_list(others)] * bool(others)])


def _source(told: Told, name: str) -> Markup:
    return paragraph(f"Published: {told.experiments[name].source.rstrip('.')}.")


def _pictures(told: Told, name: str) -> list[Markup]:
    return [figure(drawn.title, drawn.caption, _fitting(drawn)) for drawn in told.pictures.get(name, ())]


def _fitting(drawn: Drawn) -> str:
    """The drawing; one that is wide scrolls where the screen is narrow."""
    most = f"max-width: min(100%, {MOST_REM * drawn.width:.0f}rem)"
    if drawn.width <= READABLE:
        return drawn.svg.replace("<svg ", f'<svg style="{most}" ', 1)
    svg = drawn.svg.replace("<svg ", f'<svg style="min-width: {LEAST_REM * drawn.width:.0f}rem; {most}" ', 1)
    return f'<div class="scroll" tabindex="0" role="region" aria-label="Wide figure">{svg}</div>'


def _disagreements(told: Told, verdicts: Mapping[str, tuple[Verdict, ...]]) -> Section | None:
    parts = []
    for name, own in verdicts.items():
        if disagreeing(own):
            parts += [heading(told.findings[name].title), verdict_list(disagreeing(own))]
    return Section("disagreements", "Where we disagree, and why", parts) if parts else None


def _runs(told: Told) -> Section | None:
    """What became of the trials, in sentences; of findings on the same runs the first says it."""
    said: dict[Markup, str] = {}
    for finding in told.findings.values():
        made = runs(finding)
        if made is not None:
            said.setdefault(made, finding.title)
    parts = [part for made, title in said.items() for part in (heading(title), made)]
    return Section("runs", "What the runs did", parts) if parts else None


def _notes(told: Told) -> Section | None:
    """What is documented, fitted or guessed, by finding; what several say stands with the first."""
    first: dict[str, str] = {}
    for finding in told.findings.values():
        for line in finding.notes:
            first.setdefault(line, finding.title)
    titles = dict.fromkeys(first.values())
    notes = {title: [line for line, owner in first.items() if owner == title] for title in titles}
    parts = [part for title, lines in notes.items() for part in (heading(title), bullets(lines))]
    return Section("notes", "Documented, fitted, guessed", parts) if parts else None
