"""The documentation as it was built: no broken link or image, quiet, no wider than the window, usable by keyboard.

Needs the extras `docs` and `browser`. The site of `docs/_build/html` is looked at; else it is built, scripts unrun.
"""

import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
SITE = ROOT / "docs" / "_build" / "html"
PAGES = (
    "index",
    "questions",
    "rules",
    "comparison",
    "limits",
    "contributing",
    "gallery/index",
    "gallery/theory_08_vanishing",
    "gallery/use_06_regions_during_training",
    "made/papers",
    "made/errata",
    "made/experiments",
    "made/presets",
    "made/api_analysis",
    "made/api/dynlatch.analysis.escape_threshold",
    "made/api/dynlatch.GRU",
)


class Links(HTMLParser):
    """What a page names, and the places in it that can be named."""

    def __init__(self):
        super().__init__()
        self.named, self.anchors = set(), {""}

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name in ("href", "src") and value:
                self.named.add(value)
            if name in ("id", "name") and value:
                self.anchors.add(value)


@pytest.fixture(scope="module")
def site():
    pytest.importorskip("sphinx")
    if not (SITE / "index.html").exists():
        environment = {**os.environ, "NO_GALLERY": "1", "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "sphinx", "-q", "-b", "html", str(ROOT / "docs"), str(SITE)]
        subprocess.run(command, env=environment, check=True)
    return SITE


def read(path):
    links = Links()
    links.feed(path.read_text(encoding="utf-8"))
    return links


def test_every_link_and_image_is_there(site):
    pages = {path.resolve(): read(path) for path in site.rglob("*.html")}
    broken = []
    for path, links in pages.items():
        for name in links.named:
            parts = urlsplit(name)
            if parts.scheme or name.startswith("//"):
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            there = target.exists() and (target not in pages or unquote(parts.fragment) in pages[target].anchors)
            broken += [] if there else [f"{path.relative_to(site.resolve())}: {name}"]
    assert broken == []
    assert len(pages) > 200


@pytest.mark.parametrize("width", [400, 1400])
@pytest.mark.parametrize("name", PAGES)
def test_pages_are_quiet_and_fit(browser, site, name, width):
    page = browser.new_page(viewport={"width": width, "height": 900})
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("requestfailed", lambda request: said.append(request.url))
    page.on("request", lambda request: asked.append(request.url))
    page.goto((site / f"{name}.html").as_uri())
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")  # images that are loaded when they come into view
    page.wait_for_function("[...document.images].every(image => image.complete)")
    assert said == []
    assert all(url.startswith(("file:", "data:")) for url in asked)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("[...document.images].filter(image => image.naturalWidth === 0).length") == 0
    page.close()


def test_links_work_by_keyboard(browser, site):
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.goto((site / "index.html").as_uri())
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == "Errata to the papers":
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/made/errata.html")
    assert "Errata" in page.title()
    page.close()


def test_wide_tables_scroll_by_keyboard(browser, site):
    page = browser.new_page(viewport={"width": 400, "height": 900})
    page.goto((site / "comparison.html").as_uri())
    wide = "[...document.querySelectorAll('.table-wrapper')].find(box => box.scrollWidth > box.clientWidth + 50)"
    page.evaluate(f"{wide}.scrollIntoView()")
    page.evaluate(f"{wide}.focus()")
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    page.wait_for_function(f"{wide}.scrollLeft > 20")
    assert page.evaluate("document.documentElement.scrollLeft") == 0
    page.close()
