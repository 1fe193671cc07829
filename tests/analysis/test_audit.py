import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import dynlatch as dl
from dynlatch import analysis
from dynlatch.analysis.audit import SEQUENCES, STEPS
from dynlatch.errors import InvalidInput, UnreadableFile

DATA = Path(__file__).parents[2] / "examples" / "data"


@pytest.fixture(scope="module", params=["gru", "rnn"])
def flipflop(request):
    network = dl.load_network(DATA / f"flipflop_{request.param}.safetensors")
    return network, analysis.audit(network, name=f"flipflop {request.param}")


def test_the_flipflop_has_its_eight_memories(flipflop):
    network, report = flipflop
    assert len(report.memory_states) == 8
    assert report.bits == 3.0
    patterns = np.sign(report.readouts)
    assert len(np.unique(patterns, axis=0)) == 8
    np.testing.assert_allclose(np.abs(report.readouts), 1.0, atol=0.1)
    assert report.fixed_points.index_sum == 1
    # An independent check that they are where the network rests: follow it from random states.
    a = np.random.default_rng(0).uniform(-1, 1, (64, network.dim))
    for _ in range(3000):
        a = network.step(a)
    assert np.abs(a[:, None] - report.memory_states.points).max(-1).min(-1).max() < 1e-9


def test_numbers_of_the_report_are_those_of_the_verbs(flipflop):
    network, report = flipflop
    state = report.memory_states[0]
    radius = np.abs(np.linalg.eigvals(network.jacobian(state.point))).max()
    np.testing.assert_allclose(report.half_lives[0], np.log(0.5) / np.log(radius), rtol=1e-10)
    assert report.along_inputs.log_norms.shape == (STEPS, SEQUENCES)
    assert abs(report.occupancy.sum() - 1.0) < 1e-12
    assert report.at_memory.log_norms.shape[1] == 8
    again = analysis.gradient_decay(network, state.point, steps=60)
    np.testing.assert_allclose(report.at_memory.log_norms[:, 0], again.log_norms, rtol=1e-10)


def test_given_inputs_and_their_order():
    rng = np.random.default_rng(0)
    network = dl.GRU(*(rng.standard_normal(shape) for shape in ((9, 3), (9, 3), 9, 9)))
    inputs = np.load(DATA / "flipflop_inputs.npy").astype(float)[:40, :4]
    first = analysis.audit(network, inputs)
    swapped = analysis.audit(network, np.swapaxes(inputs, 0, 1), batch_first=True)
    np.testing.assert_array_equal(first.along_inputs.log_norms, swapped.along_inputs.log_norms)
    assert f"{inputs.shape[1]} given sequences" in first.summary()
    alone = analysis.audit(network, inputs[:, 0])
    np.testing.assert_allclose(alone.along_inputs.log_norms[:, 0], first.along_inputs.log_norms[:, 0], rtol=1e-10)


def test_small_systems():
    one = analysis.audit(dl.LatchNeuron(0.5))
    assert "forgotten" in one.summary()
    two = analysis.audit(dl.LatchNeuron(2.0))
    assert two.bits == 1.0
    assert "0.53284" in two.summary()
    cycle = analysis.audit(dl.LatchNeuron(-2.0))
    assert len(cycle.memory_states) == 0
    assert "latches no bit" in cycle.summary()
    assert cycle.occupancy[-1] == 1.0
    no_input = analysis.audit(dl.ElmanNetwork([[2.0]], np.zeros((1, 0)), None))
    assert no_input.bits == 1.0


def test_networks_that_structure_does_not_bound():
    rng = np.random.default_rng(0)
    relu = dl.ElmanNetwork(0.3 * rng.standard_normal((6, 6)), rng.standard_normal((6, 2)), 0.2 * np.ones(6), "relu")
    report = analysis.audit(relu)
    assert len(report.memory_states) == 1
    np.testing.assert_allclose(relu.step(report.memory_states.points), report.memory_states.points, atol=1e-12)
    two = dl.AdditiveNetwork(
        2.0 * np.eye(2), [-1.0, -1.0], "relu"
    )  # each unit: 0 -> -1 attracts, 1 repels, beyond it runs away
    assert len(analysis.audit(two, np.zeros((5, 2))).memory_states) == 1


class Links(HTMLParser):
    """Every attribute through which a page could reach out."""

    def __init__(self):
        super().__init__()
        self.out, self.tags = [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.out += [v for k, v in attributes if k in ("src", "href", "xlink:href", "action") and v and not v.startswith("#")]


def test_the_page_is_self_contained_and_escapes_names(tmp_path):
    report = analysis.audit(dl.LatchNeuron(2.0), name="<script>alert('x')</script> lone surrogate \udc80")
    text = report.to_html(tmp_path / "report.html").read_text()
    page = Links()
    page.feed(text)
    assert page.out == []
    assert "script" not in page.tags
    assert page.tags.count("svg") >= 9
    assert "&lt;script&gt;" in text
    assert "memory states" in text
    assert not re.search(r"url\(\s*['\"]?https?:", text)


def test_json_is_json_and_round_trips(tmp_path, flipflop):
    _, report = flipflop
    data = json.loads(report.to_json(tmp_path / "a.json").read_text())
    assert data["schema"] == "dynlatch.audit/2"
    assert data["fixed_points"]["count"] == 27
    np.testing.assert_array_equal(data["memory_states"]["points"], report.memory_states.points)
    infinite = analysis.audit(dl.LatchNeuron(0.5))
    text = json.dumps(infinite.to_dict(), allow_nan=False)
    assert '"inf"' in text


def test_save_and_load(tmp_path, flipflop):
    _, report = flipflop
    again = dl.load(report.save(tmp_path / "audit"))
    assert again.summary() == report.summary()
    np.testing.assert_array_equal(again.fixed_points.eigenvalues, report.fixed_points.eigenvalues)
    np.testing.assert_array_equal(again.trajectories, report.trajectories)
    ax = again.plot()
    assert "output h" in ax.get_xlabel()


def test_bad_input(tmp_path):
    network = dl.load_network(DATA / "flipflop_gru.safetensors")
    with pytest.raises(InvalidInput, match="3"):
        analysis.audit(network, np.zeros((10, 2)))
    with pytest.raises(InvalidInput, match="empty"):
        analysis.audit(network, np.zeros((0, 4, 3)))
    with pytest.raises(InvalidInput, match="finite"):
        analysis.audit(network, np.full((10, 3), np.nan))
    with pytest.raises(InvalidInput, match="shape"):
        analysis.audit(network, np.zeros((10, 2, 2, 3)))
    report = analysis.audit(dl.LatchNeuron(2.0))
    with pytest.raises(UnreadableFile, match="cannot write"):
        report.to_html(tmp_path / "no" / "such" / "folder.html")


def test_an_audit_goes_on_where_a_verb_refuses():
    assert analysis.audit(dl.ElmanNetwork([[2.0]], [[0.0]], None)).bits == 1.0
    assert len(analysis.audit(dl.AdditiveNetwork(np.eye(2))).memory_states) == 0
    with pytest.raises(InvalidInput, match="takes a network"):
        analysis.audit(dl.WithInput(dl.LatchNeuron(2.0), [0.1]))


def test_audits_of_different_spaces_are_compared_without_their_states():
    one, two = (analysis.audit(dl.AdditiveNetwork(w * np.eye(n)), np.zeros((12, 2, n))) for n, w in ((1, 2.0), (2, 0.5)))
    moved = one.diff(two)
    assert not moved.comparable
    assert moved.kept == ()
    words = moved.summary()
    assert "bits: 1 -> 0" in words
    assert "The states of the two live in different spaces" in words
    assert words.index("Gone:") < words.index("New:")
