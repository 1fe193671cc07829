"""The page of `dynlatch reproduce` in a real browser: quiet, no wider than the window, in light and dark, by keyboard.

Needs the extra `browser` (playwright) and Chromium: the one of playwright, or one found on the path.
"""

from dataclasses import dataclass

import numpy as np
import pytest

from dynlatch.training import experiments
from dynlatch.training.experiments.contract import Agreement, Experiment, Scale, Verdict
from dynlatch.training.experiments.provenance import Call, Provenance, versions
from dynlatch.training.experiments.report import write_report
from dynlatch.training.experiments.reproduce import run

pytestmark = pytest.mark.slow


@dataclass(frozen=True, eq=False)
class Wide:
    """A finding with a table wider than any telephone, and names that are markup."""

    title: str = "A table of <script>alert(1)</script>"
    notes: tuple = ("a note",)
    pictures: tuple = ()

    @property
    def verdicts(self):
        return tuple(
            Verdict(f"rule {row}, T = {T}", "error", "%", 12.3, 9.0, 15.0, 20, 40.0, how, "<b>The cause</b> is not explained.")
            for row, how in enumerate(Agreement)
            for T in (5, 10, 20, 50, 100, 500, 1000, 2000)
        )

    @property
    def columns(self):
        return {"rule": np.array(["rule 0"]), "runs": np.array(["Of 20 trials 3 failed; <i>all</i> latched the wrong class."])}

    def summary(self):
        return self.title


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    nothing = run([], store=folder / "trials.db")
    computed = ("figure3", "figure4")
    made = {"table1": Experiment("table1", "Errors", "NIPS", lambda *_: [], lambda *_: Wide())}
    made |= {name: experiments.ALL[name] for name in computed}
    findings = {name: experiment.read(nothing, Scale.MICRO) for name, experiment in made.items()}
    call = Call("dynlatch reproduce all --out " + 20 * "results/", "2000-01-01 00:00:00", 1.0, 1.0, 0, True)
    origin = Provenance(tuple(made), "micro", None, 0, 64 * "0", versions(), (call,))
    return write_report(folder, made, findings, nothing, origin).page


@pytest.mark.parametrize("width", [400, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_quiet_and_fits(browser, page_file, scheme, width):
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append("a dialog opened"))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(page_file.as_uri())
    assert said == []
    assert asked == [page_file.as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(int(part) for part in dark[4:-1].split(",")) < 200) == (scheme == "dark")
    page.close()


def test_wide_tables_scroll_by_keyboard_and_keep_their_names(browser, page_file):
    page = browser.new_page(viewport={"width": 400, "height": 900})
    page.goto(page_file.as_uri())
    table = page.locator(".scroll:has(table.grid)").first
    name = table.locator("tbody th").first
    before = name.bounding_box()["x"]
    table.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('.scroll:has(table.grid)').scrollLeft > 50")
    assert abs(name.bounding_box()["x"] - before) < 2.0
    page.close()
