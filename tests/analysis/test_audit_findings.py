"""Findings say what is so: one network of each kind, and what must be said of it."""

import json
from dataclasses import replace

import numpy as np
import pytest

import dynlatch as dl
from dynlatch import analysis
from dynlatch.analysis.report import schema
from dynlatch.analysis.report.findings import findings
from dynlatch.analysis.report.words import decades, numbered


def _kinds(report):
    return {finding.kind: finding for finding in report.findings}


@pytest.fixture(scope="module")
def latch():
    return analysis.audit(dl.LatchNeuron(2.0), name="latch")


def test_findings_are_ranked_and_carry_evidence(latch):
    effects = [finding.effect for finding in latch.findings]
    assert effects == sorted(effects, reverse=True)
    assert all(0.0 <= effect <= 1.0 for effect in effects)
    assert all(np.isfinite(value) for finding in latch.findings for value in finding.evidence.values())
    assert len(_kinds(latch)) == len(latch.findings)


def test_a_latch_vanishes_because_it_latches(latch):
    finding = _kinds(latch)["latching"]
    assert latch.findings[0] is finding
    assert "0.001" in finding.sentence
    assert "curriculum" in finding.advice
    assert finding.evidence["factor per step"] == pytest.approx(float(np.exp(np.median(latch.along_inputs.rate))))
    assert _kinds(latch)["horizon"].evidence["h_95"] == np.median(latch.contributions.reach(0.95))


def test_one_state_forgets():
    found = _kinds(analysis.audit(dl.LatchNeuron(0.5)))
    assert "forgetting" in found
    assert "latching" not in found
    assert "forgotten" in found["memory"].sentence


def test_chaos_explodes():
    W = np.random.default_rng(0).standard_normal((30, 30)) / np.sqrt(30)
    report = analysis.audit(dl.AdditiveNetwork(4.0 * W), 0.1 * np.random.default_rng(1).standard_normal((120, 4, 30)))
    finding = _kinds(report)["exploding"]
    exponent = finding.evidence["largest conditional exponent"]
    assert exponent > 0.05
    assert f"{np.log(2.0) / exponent:.3g} steps" in finding.sentence
    assert "Clip" in finding.advice


def test_a_rotation_passes_gradients_on():
    rotation = np.array([[0.6, -0.8], [0.8, 0.6]])
    report = analysis.audit(dl.AdditiveNetwork(rotation, activation="linear"), np.zeros((50, 2)))
    found = _kinds(report)
    assert "passing" in found
    assert not {"latching", "forgetting", "vanishing", "exploding"} & set(found)


def test_an_integrator_is_the_third_case():
    found = _kinds(analysis.audit(dl.AdditiveNetwork(np.eye(2), activation="linear")))
    assert "integrat" in found["integrator"].sentence
    assert "drift" in found["integrator"].sentence


@pytest.mark.parametrize("W", [[[-1.0]], [[0.6, -0.8], [0.8, 0.6]]])
def test_what_alternates_or_turns_integrates_nothing(W):
    """Its multipliers have modulus 1, and none of them is 1: no value is held."""
    found = _kinds(analysis.audit(dl.AdditiveNetwork(W, activation="linear")))
    assert "integrator" not in found
    assert "a phase" in found["turning"].sentence


def test_not_every_run_falls_back():
    report = analysis.audit(dl.LatchNeuron(0.5))
    assert "every run falls back" in _kinds(report)["forgetting"].sentence
    some = findings(replace(report, occupancy=np.array([0.5, 0.5])))
    assert not any("every run" in str(finding) for finding in some)
    assert any("1 memory state exists." in str(finding) for finding in some)


def test_a_norm_that_only_shrinks_is_not_said_to_grow():
    (finding,) = [one for one in analysis.audit(dl.LatchNeuron(0.5)).findings if one.kind == "rest"]
    assert "grow" not in finding.sentence


def test_inputs_below_the_threshold_are_too_weak():
    inputs = np.full((40, 3, 1), 0.5)
    weak = _kinds(analysis.audit(dl.LatchNeuron(2.0), inputs))["weak inputs"]
    assert "0.5" in weak.sentence
    assert "0.53284" in weak.sentence
    strong = _kinds(analysis.audit(dl.LatchNeuron(2.0), inputs * 1.1))
    assert "weak inputs" not in strong
    assert "0.53284" in strong["thresholds"].sentence


def test_which_sequences_cross_and_when():
    inputs = np.zeros((40, 2, 1))
    inputs[0] = 1.0
    inputs[20:30, 1] = -1.0
    report = analysis.audit(dl.LatchNeuron(2.0), inputs)
    finding = _kinds(report)["crossings"]
    assert finding.evidence["sequences that cross"] == 1
    (when,) = np.flatnonzero(np.diff(report.regions[1:, 1])) + 2
    assert 20 < when <= 30
    assert f"Sequence 1, for one, crosses at step {when}" in finding.sentence


def test_a_readout_that_sees_nothing():
    W = [[2.0, 0.0], [0.0, 0.5]]
    blind = dl.ElmanNetwork(W, np.eye(2), None, readout=(np.array([[0.0, 1.0]]), np.zeros(1)))
    assert "cannot see" in _kinds(analysis.audit(blind))["blind readout"].sentence
    seeing = dl.ElmanNetwork(W, np.eye(2), None, readout=(np.array([[1.0, 1.0]]), np.zeros(1)))
    assert "blind readout" not in _kinds(analysis.audit(seeing))


def test_saturated_units_are_named():
    found = _kinds(analysis.audit(dl.LatchNeuron(4.0)))
    assert found["saturation"].evidence["units"] > 0.5
    assert "saturation" not in _kinds(analysis.audit(dl.LatchNeuron(0.5)))


def test_cycles_are_memory_states_too():
    report = analysis.audit(dl.LatchNeuron(-2.0))
    assert [row.period for row in report.memories] == [2]
    assert report.cycle_occupancy.tolist() == [1.0]
    assert "1 attracting cycle (period 2)" in _kinds(report)["memory"].sentence
    turned = dl.AdditiveNetwork(1.5 * np.array([[0.0, -1.0], [1.0, 0.0]]))
    periods = {row.period for row in analysis.audit(turned).memories}
    assert periods == {4}


def test_maps_without_weights():
    henon = dl.FunctionMap(lambda a, u: np.array([1 - 1.4 * a[0] ** 2 + a[1], 0.3 * a[0]]), dim=2)
    report = analysis.audit(henon)
    assert report.contributions is None
    assert report.parameter_count == 0
    assert "exploding" in _kinds(report)


def test_the_summary_fits_80_columns(latch):
    lines = latch.summary().splitlines()
    assert max(map(len, lines)) <= 80
    odd = analysis.audit(dl.LatchNeuron(2.0), name="\x1b[31mred <b>\n")
    assert "\x1b" not in odd.summary()


def test_numbers_in_words():
    assert numbered([1]) == "1"
    assert numbered([1, 2, 5]) == "1, 2 and 5"
    assert numbered(list(range(9)), 3) == "0, 1, 2 and 6 more"
    assert decades(-np.inf) == "0"
    assert decades(np.log(0.5)) == "0.5"
    assert decades(-100 * np.log(10.0)) == "10^-100.0"


def _check(value, rule, root):
    """Enough of JSON Schema for ours: raises AssertionError where `value` does not follow `rule`."""
    if "$ref" in rule:
        _check(value, root["$defs"][rule["$ref"].removeprefix("#/$defs/")], root)
    if "anyOf" in rule:
        assert any(_follows(value, option, root) for option in rule["anyOf"]), (value, rule)
    if "const" in rule:
        assert value == rule["const"]
    if "enum" in rule:
        assert value in rule["enum"]
    kinds = {
        "object": dict,
        "array": list,
        "string": str,
        "integer": int,
        "number": (int, float),
        "boolean": bool,
        "null": type(None),
    }
    if "type" in rule:
        assert isinstance(value, kinds[rule["type"]]), (value, rule)
        assert not (isinstance(value, bool) and rule["type"] in ("integer", "number"))
    for name in rule.get("required", ()):
        assert name in value, name
    for name, inner in rule.get("properties", {}).items():
        if name in value:
            _check(value[name], inner, root)
    if "items" in rule:
        for item in value:
            _check(item, rule["items"], root)


def _follows(value, rule, root):
    try:
        _check(value, rule, root)
    except AssertionError:
        return False
    return True


@pytest.mark.parametrize("w", [2.0, 0.5, -2.0])
def test_the_json_follows_its_schema(w):
    described = schema()
    data = json.loads(json.dumps(analysis.audit(dl.LatchNeuron(w), name="</script>").to_dict(), allow_nan=False))
    _check(data, described, described)
    assert set(data) == set(described["properties"])
    assert not _follows({**data, "bits": "one"}, described, described)
    assert not _follows({**data, "memories": [{}]}, described, described)


def test_what_moved_between_two_audits(tmp_path, latch):
    later = analysis.audit(dl.LatchNeuron(1.3), name="later")
    diff = latch.diff(later)
    assert (len(diff.kept), diff.lost, diff.gained) == (2, (), ())
    moved = abs(later.memory_states.points[0, 0] - latch.memory_states.points[0, 0])
    assert diff.kept[0].distance == pytest.approx(moved)
    assert diff.kept[0].radius == (latch.memories[0].radius, later.memories[0].radius)
    assert diff.kept[0].threshold[0][0] == pytest.approx(0.532839975354)
    assert diff.horizons["h_95"][0] < diff.horizons["h_95"][1]
    assert dl.load(diff.save(tmp_path / "diff")).summary() == diff.summary()
    json.dumps(diff.to_dict(), allow_nan=False)
    assert max(map(len, diff.summary().splitlines())) <= 80
    assert diff.plot().get_xlabel()


def test_states_lost_and_gained(latch):
    one = analysis.audit(dl.LatchNeuron(0.5))
    diff = latch.diff(one)
    assert len(diff.kept) + len(diff.lost) == 2
    assert len(diff.lost) >= 1
    assert any("forgotten" in sentence for sentence in (*diff.findings_gained, *(f.sentence for f in one.findings)))
    assert not latch.diff(analysis.audit(dl.AdditiveNetwork(0.5 * np.eye(2)))).comparable
    same = latch.diff(latch)
    assert (same.lost, same.gained, same.findings_lost, same.findings_gained) == ((), (), (), ())
    assert all(pair.distance == 0.0 for pair in same.kept)
