"""Film strips of several audits, from records and from files."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import dynlatch as dl
from dynlatch import analysis
from dynlatch.analysis.plots.film import common_frame, common_plane
from dynlatch.errors import InvalidInput, UnreadableFile

EVIL = "<script>alert('x')</script>"


@pytest.fixture(scope="module")
def audits():
    watch = analysis.GradientAudit(every=1, at_most=1e9)
    networks = [dl.AdditiveNetwork(w * np.eye(2), input_matrix=np.eye(2)) for w in (0.5, 1.5, 2.0)]
    return [replace(watch(net), name=name) for net, name in zip(networks, ("first", "second", EVIL), strict=True)]


@pytest.fixture(scope="module")
def film(audits):
    return analysis.film_strip(audits)


def test_tracks_are_the_numbers_of_the_audits(audits, film):
    assert film.track("memories") == (1.0, 4.0, 4.0)
    for audit, half_life, h95 in zip(audits, film.track("half_life"), film.track("h95"), strict=True):
        assert half_life == max(memory.half_life for memory in audit.memories)
        assert h95 == float(np.median(audit.contributions.reach(0.95)))
    assert film.track("rate")[1] == float(np.exp(np.median(audits[1].along_inputs.rate)))
    with pytest.raises(InvalidInput, match="memories"):
        film.track("speed")


def test_a_film_of_dictionaries_has_the_same_numbers(audits, film):
    again = analysis.film_strip([json.loads(json.dumps(audit.to_dict())) for audit in audits])
    for one, other in zip(film.frames, again.frames, strict=True):
        assert one.numbers == other.numbers
        assert one.findings == other.findings
        for points, read in zip(one.memories, other.memories, strict=True):
            np.testing.assert_array_equal(points, read)
        np.testing.assert_array_equal(one.others, other.others)
    assert "memory states" in again.summary()


def test_one_pair_of_axes_holds_every_frame(film):
    plane = common_plane(film)
    lo, hi = common_frame(film, plane)
    for frame in film.frames:
        for states in (*frame.memories, frame.trajectories):
            where = plane.of(states).reshape(-1, 2)
            assert np.all((where >= lo) & (where <= hi))


def test_the_page_is_self_contained_and_escapes_names(audits, tmp_path):
    failed = {"step": 1, "name": "step 1", "failure": "`W` must be finite <b>"}
    film = analysis.film_strip([failed, *audits])
    text = film.to_html(tmp_path / "film.html").read_text(encoding="utf-8")
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "http://" not in text.replace('xmlns:xlink="http://www.w3.org/1999/xlink"', "")
    assert text.count("<svg") >= 6
    assert "What moved" in text
    assert "must be finite &lt;b&gt;" in text
    assert len(text) < 2_000_000


def test_saved_loaded_drawn_and_written(film, tmp_path):
    again = dl.load(film.save(tmp_path / "film"))
    assert again.summary() == film.summary()
    assert len(again.plot().lines) == 3
    data = json.loads(film.to_json(tmp_path / "film.json").read_text())
    assert data["schema"] == "dynlatch.film/1"
    assert [frame["name"] for frame in data["frames"]] == ["first", "second", EVIL]


def test_what_is_no_film(audits, tmp_path):
    with pytest.raises(InvalidInput, match="no audit"):
        analysis.film_strip([])
    other = analysis.GradientAudit()(dl.LatchNeuron(2.0))
    with pytest.raises(InvalidInput, match="1, 2 components"):
        analysis.film_strip([audits[0], other])
    with pytest.raises(UnreadableFile, match="no file"):
        analysis.film_strip(tmp_path / "missing.jsonl")
    odd = tmp_path / "odd.jsonl"
    for text in ("[1]\n", "no json\n", '{"dim": "two"}\n', '{"dim": Infinity}\n', '{"dim": 2, "fixed_points": []}\n'):
        odd.write_text(text)
        with pytest.raises(UnreadableFile):
            analysis.film_strip(odd)
    odd.write_bytes(b"\xff\xfe{}\n")
    with pytest.raises(UnreadableFile):
        analysis.film_strip(odd)


def test_audits_that_do_not_say_what_the_state_is(audits):
    film = analysis.film_strip([audit.to_dict() | {"coordinates": ""} for audit in audits])
    assert film.coordinates == ""
    assert len(film.audited) == len(audits)


def test_failures_are_shown_and_a_torn_last_line_is_left_out(audits, tmp_path):
    path = tmp_path / "audit.jsonl"
    lines = [
        {"step": 1, "name": "step 1", "failure": "`W` must be finite"},
        {"step": 2, **audits[0].to_dict()},
        audits[1].to_dict(),
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"schema": "dynlatch.au')
    film = analysis.film_strip(Path(path))
    assert len(film.frames) == 3
    assert film.frames[0].failure
    assert film.track("memories") == (None, 1.0, 4.0)
    assert "not audited" in film.summary()


def test_the_page_of_a_difference(audits, tmp_path):
    text = audits[1].diff(audits[2]).to_html(tmp_path / "diff.html").read_text(encoding="utf-8")
    assert "<script" not in text
    assert "What moved from second to &lt;script&gt;" in text
    assert "4 → 4</b>" in text
    assert text.count("<svg") == 1
    nothing = audits[0].diff(audits[0]).to_html(tmp_path / "same.html").read_text(encoding="utf-8")
    assert "same kinds in both" in nothing
