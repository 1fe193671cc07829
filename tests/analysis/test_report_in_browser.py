"""The report in a real browser: no console message, no request, nothing wider than the window, tips by hover and keyboard.

Needs the extra `browser` (playwright) and Chromium: the one of playwright, or one found on the path.
"""

import numpy as np
import pytest

import dynlatch as dl
from dynlatch import analysis

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    networks = [dl.AdditiveNetwork(w * np.eye(2), input_matrix=np.eye(2)) for w in (0.5, 1.5)]
    audits = [analysis.audit(network, name=f"<script>alert({k})</script>") for k, network in enumerate(networks)]
    return audits[1].to_html(folder / "audit.html"), analysis.film_strip(audits).to_html(folder / "film.html")


@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("which", [0, 1])
def test_pages_are_quiet_and_fit(browser, pages, which, scheme, width):
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append("a dialog opened"))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(pages[which].as_uri())
    assert said == []
    assert asked == [pages[which].as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(int(part) for part in dark[4:-1].split(",")) < 200) == (scheme == "dark")
    page.close()


def test_words_are_explained_by_hover_and_by_keyboard(browser, pages):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(pages[0].as_uri())
    link, tip = page.locator("ul.numbers .t a").first, page.locator("ul.numbers .t .tip").first
    assert not tip.is_visible()
    link.hover()
    assert tip.is_visible()
    page.mouse.move(0, 0)
    assert not tip.is_visible()
    link.focus()
    assert tip.is_visible()
    page.keyboard.press("Enter")
    assert page.url.endswith("#w-memory-state")
    page.close()
