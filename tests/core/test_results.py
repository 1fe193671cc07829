import json

import numpy as np
import pytest

import dynlatch as dl
from dynlatch import analysis
from dynlatch.errors import UnreadableFile
from dynlatch.results import ENUMS, RECORDS, _allowed


def results():
    net = dl.AdditiveNetwork([[1.3, 2.6], [3.7, 0.3]])
    found = analysis.fixed_points(net, rng=0)
    return [
        found,
        found.attractors,
        analysis.escape_threshold(net, found.attractors[-1], steps=2),
        analysis.escape_threshold(dl.LatchNeuron(0.5), [0.0]),
        analysis.gradient_decay(net, np.zeros((3, 2)), steps=4),
        analysis.scalar_latch(2.0, 0.1),
        analysis.audit(dl.LatchNeuron(2.0)),
    ]


@pytest.mark.parametrize("result", results(), ids=lambda r: type(r).__name__)
def test_round_trip_keeps_every_bit(result, tmp_path):
    path = result.save(tmp_path / "result")
    assert path.suffix == ".npz"
    again = dl.load(path)
    assert type(again) is type(result)
    assert again.summary() == result.summary()
    same(again, result)
    assert list(tmp_path.iterdir()) == [path]  # no partial file is left


def same(a, b):
    if isinstance(b, np.ndarray):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)
    elif hasattr(b, "__dataclass_fields__"):
        for name in b.__dataclass_fields__:
            same(getattr(a, name), getattr(b, name))
    elif isinstance(b, dict):
        assert list(a) == list(b)
        for key in b:
            same(a[key], b[key])
    elif isinstance(b, (tuple, list)):
        for x, y in zip(a, b, strict=True):
            same(x, y)
    else:
        assert type(a) is type(b)
        assert a == b


def test_every_name_of_the_allow_list_exists():
    for table in (RECORDS, ENUMS):
        for name in table:
            assert _allowed(table, name).__name__ == name


def test_only_listed_classes_are_built(tmp_path):
    header = {"format": 1, "record": {"record": "Popen", "fields": {"args": "true"}}}
    np.savez(tmp_path / "x.npz", header=np.array(json.dumps(header)))
    with pytest.raises(UnreadableFile, match="Popen"):
        dl.load(tmp_path / "x.npz")


def test_pickles_are_not_opened(tmp_path):
    np.savez(tmp_path / "x.npz", header=np.array([object()], dtype=object))
    with pytest.raises(UnreadableFile, match="holds pickled objects"):
        dl.load(tmp_path / "x.npz")


def test_every_truncation_is_one_sentence(tmp_path):
    whole = analysis.scalar_latch(2.0).save(tmp_path / "r").read_bytes()
    cut = tmp_path / "cut.npz"
    for length in range(0, len(whole), max(1, len(whole) // 97)):
        cut.write_bytes(whole[:length])
        with pytest.raises(UnreadableFile):
            dl.load(cut)


def test_missing_folder_and_wrong_files(tmp_path):
    with pytest.raises(UnreadableFile, match="no file"):
        dl.load(tmp_path / "nothing.npz")
    with pytest.raises(UnreadableFile, match="cannot write"):
        analysis.scalar_latch(2.0).save(tmp_path / "a" / "b")
    with pytest.raises(UnreadableFile):
        dl.load(tmp_path)
    np.savez(tmp_path / "y.npz", a=np.zeros(3))
    with pytest.raises(UnreadableFile):
        dl.load(tmp_path / "y.npz")
    (tmp_path / "z.npz").write_text("hello")
    with pytest.raises(UnreadableFile):
        dl.load(tmp_path / "z.npz")
