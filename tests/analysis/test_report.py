"""The page of an audit: self-contained, harmless whatever names hold, every word explained, figures for light and dark."""

import re
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest

import dynlatch as dl
from dynlatch import analysis
from dynlatch.analysis.plots.audit_states import one_line, principal_plane, principal_share, thinned
from dynlatch.analysis.report import memory_rules
from dynlatch.analysis.report.glossary import WORDS, explained, term
from dynlatch.analysis.report.page import Page, html
from dynlatch.analysis.report.svg import svg_of
from dynlatch.analysis.report.text import bracket, number, percent, values

EVIL = "<script>alert('x')</script><img src=x onerror=alert(1)>\"'&"


class Parsed(HTMLParser):
    """Tags, ids, and every attribute through which a page could reach out or run something."""

    VOID = ("meta", "img", "br", "hr", "link", "input")

    def __init__(self, text):
        super().__init__()
        self.tags, self.ids, self.links, self.handlers, self.open, self.crossed = [], [], [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.open += [] if tag in self.VOID else [tag]
        for key, value in attributes:
            self.ids += [value] if key == "id" else []
            self.links += [value] if key in ("src", "href", "xlink:href", "action") else []
            self.handlers += [key] if key.startswith("on") else []

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if self.open.pop() != tag:
            self.crossed.append(tag)


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    report = analysis.audit(dl.LatchNeuron(2.0), name=EVIL)
    return report.to_html(tmp_path_factory.mktemp("report") / "report.html").read_text(encoding="utf-8")


def test_the_page_is_whole_and_reaches_out_to_nothing(text):
    page = Parsed(text)
    assert page.open == []
    assert page.crossed == []
    assert not {"script", "img", "iframe", "object", "link", "form"} & set(page.tags)
    assert page.handlers == []
    assert all(link.startswith("#") for link in page.links)
    assert not re.search(r"url\(\s*['\"]?https?:|@import", text)
    assert "default-src 'none'" in text
    assert len(text) < 2_000_000


def test_names_are_harmless(text):
    assert "alert('x')" not in text
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&lt;img" in text


def test_every_link_leads_somewhere_and_ids_are_unique(text):
    page = Parsed(text)
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links} <= set(page.ids)


def test_figures_take_the_colours_of_the_page(text):
    figures = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    assert len(figures) >= 7
    for figure in figures:
        assert "var(--ink)" in figure
        assert "var(--soft)" in figure
        for fixed in ("#000000", "#ffffff", "#0072b2"):
            assert fixed not in figure.lower()
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text


def test_findings_come_first_with_evidence_and_advice(text):
    order = re.findall(r'<h2 id="([a-z-]+)"', text)
    assert order[0] == "findings"
    assert order[-1] == "words"
    assert text.index("memory state") < text.index("<svg")
    assert text.index('class="evidence"') < text.index("<svg")


def test_words_are_linked_once_and_escaped():
    said = str(explained("A memory state <b>holds</b> two bits; a memory state is `x < 1`."))
    assert said.count('href="#w-memory-state"') == 1
    assert said.count('href="#w-bits"') == 1
    assert "&lt;b&gt;holds" in said
    assert "<code>x &lt; 1</code>" in said
    assert str(explained("one ` alone")) == "one ` alone"
    assert 'role="tooltip"' in str(term("h50"))
    assert WORDS["h50"].meaning in str(term("h50"))


def test_the_glossary_holds_what_the_page_uses():
    empty = html(Page("t", "u", [], [], "f"))
    assert "<dt" not in empty


def test_tips_of_figures_are_escaped():
    svg = svg_of(lambda ax: ax.plot([0, 1], [0, 1], gid='tip:a <b> "c" & d'), (2.0, 2.0), "x")
    assert '<title>a &lt;b&gt; "c" &amp; d</title>' in svg
    assert 'id="x-' in svg


def test_numbers_as_people_read_them():
    assert [number(v) for v in (0.16637, 12.0, 1234.5, -0.74123, 1.3e-5, np.inf, -np.inf, 0.0)] == [
        "0.166", "12", "1234", "−0.741", "1.3e-05", "∞", "−∞", "0",
    ]  # fmt: skip
    assert [percent(v) for v in (0.0, 0.001, 0.125, 1.0)] == ["0 %", "< 1 %", "12 %", "100 %"]
    assert bracket(0.5328, 0.5328) == "0.5328"
    assert bracket(0.1, 0.2) == "0.1 – 0.2"
    assert values([1.0, -1.0]) == "+1.00, −1.00"
    assert "(9 in all)" in values(np.zeros(9))


def test_the_plane_holds_the_largest_variance():
    rng = np.random.default_rng(0)
    basis = np.linalg.qr(rng.standard_normal((5, 5)))[0]
    states = rng.standard_normal((400, 3, 5)) * [3.0, 2.0, 1.0, 0.1, 0.1] @ basis
    plane = principal_plane(states, "output h")
    np.testing.assert_allclose(plane.rows @ plane.rows.T, np.eye(2), atol=1e-12)
    expected = np.linalg.eigvalsh(np.cov(states.reshape(-1, 5).T, bias=True))[::-1]
    np.testing.assert_allclose(np.var(plane.of(states).reshape(-1, 2), axis=0), expected[:2], rtol=1e-10)
    assert f"({expected[0] / expected.sum():.0%})" in plane.names[0]
    third = principal_plane(states, "output h", (2, 1))
    np.testing.assert_allclose(np.abs(third.rows[1]), np.abs(plane.rows[1]), atol=1e-12)


def test_the_plane_of_fewer_states_than_components():
    rng = np.random.default_rng(0)
    states = rng.standard_normal((20, 2, 60))
    centred = states.reshape(-1, 60) - states.reshape(-1, 60).mean(0)
    expected = np.linalg.svd(centred, compute_uv=False) ** 2
    plane = principal_plane(states, "output h")
    np.testing.assert_allclose(np.square(centred @ plane.rows.T).sum(0), expected[:2], rtol=1e-10)
    assert principal_share(states, 2) == pytest.approx(expected[2] / expected.sum())
    two = principal_plane(states[:1], "output h", (2, 1))  # a picture of two states has three directions too
    np.testing.assert_allclose(two.rows @ two.rows.T, np.eye(2), atol=1e-12)
    assert principal_share(states[:1], 2) == pytest.approx(0.0, abs=1e-12)


def test_thinning_keeps_the_ends_and_lines_have_gaps():
    assert list(thinned(5, 9)) == [0, 1, 2, 3, 4]
    rows = thinned(1000, 7)
    assert len(rows) == 7
    assert rows[0] == 0
    assert rows[-1] == 999
    line = one_line(np.arange(12.0).reshape(3, 2, 2))
    np.testing.assert_array_equal(line[:3], [[0, 1], [4, 5], [8, 9]])
    assert np.isnan(line[3]).all()
    assert line.shape == (8, 2)


@pytest.mark.slow
def test_a_net_of_several_units_and_nothing_known_but_a_glance(tmp_path):
    watch = analysis.GradientAudit(every=1, at_most=1e9)
    report = watch(dl.AdditiveNetwork(np.diag([1.5, 1.5, 0.5]), input_matrix=np.eye(3)))
    assert len(report.memories) == 4
    page = Parsed(report.to_html(tmp_path / "glance.html").read_text(encoding="utf-8"))
    assert page.open == []
    assert page.tags.count("svg") == 6
    assert "left-out" in page.ids
    ax = report.plot()
    assert "principal component 1" in ax.get_xlabel()


@pytest.mark.slow
def test_a_cycle_alone(tmp_path):
    report = analysis.GradientAudit(every=1, at_most=1e9)(dl.LatchNeuron(-2.0))
    assert report.memories == ()
    assert Parsed(report.to_html(tmp_path / "none.html").read_text(encoding="utf-8")).open == []


def test_memory_states_that_the_readout_confuses_are_named():
    said = np.array([[0.0], [1.0], [1.0 + 1e-9], [5.0], [5.0 - 1e-9]])
    found = memory_rules.readout(SimpleNamespace(readouts=said), None)
    assert found.evidence == {"told apart": 3, "memory states": 5}
    assert "tells 3 of 5 memory states apart" in found.sentence
    assert memory_rules._groups([(2, 1), (4, 3)], 5) == [[1, 2], [3, 4]]
    assert memory_rules.readout(SimpleNamespace(readouts=said[[0, 1, 3]]), None) is None
