"""Files made by hand to do harm: lying headers, bombs, programs. Refused in one sentence, at once, in little memory."""

import io
import json
import sqlite3
import struct
import time
import tracemalloc
import zipfile

import numpy as np
import onnx
import pytest
from fuzzing import corpus

import dynlatch as dl
from dynlatch import reading
from dynlatch.errors import DynlatchError, InvalidInput, UnreadableFile, UnsupportedNetwork
from dynlatch.results import FORMAT
from dynlatch.training.sweeps.store import opened

SECONDS, BYTES = 2.0, 64 << 20


def refused(read, *words, errors=(DynlatchError,)):
    """The sentence with which `read` refuses, within the time and the memory."""
    tracemalloc.start()
    started = time.process_time()
    try:
        with pytest.raises(errors) as caught:
            read()
        spent, (_, most) = time.process_time() - started, tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    said = str(caught.value)
    assert spent < SECONDS
    assert most < BYTES
    assert "\n" not in said
    assert all(word in said for word in words), said
    return said


def written(folder, name, data):
    path = folder / name
    path.write_bytes(data)
    return path


# Results.
def result_file(folder, tree, **arrays):
    buffer = io.BytesIO()
    np.savez(buffer, header=np.array(tree if isinstance(tree, str) else json.dumps(tree)), **arrays)
    return written(folder, "r.npz", buffer.getvalue())


def record(name, **fields):
    return {"format": FORMAT, "record": {"record": name, "fields": fields}}


@pytest.mark.parametrize(
    ("tree", "word"),
    [
        (record("Uniform", half_width={"float": "nan"}), "half_width"),
        (record("Uniform", half_width=-1), "half_width"),
        (record("Uniform", width=1), "width"),
        (record("Uniform", half_width={"array": "a"}), "damaged"),
        (record("Popen", args="true"), "Popen"),
        (record([], args="true"), "damaged"),
        ({"format": FORMAT, "record": {"enum": "Stability", "value": "x"}}, "damaged"),
        ({"format": FORMAT, "record": {"enum": "Stability", "value": "saddle"}}, "no result"),
        ({"format": {"long": "x" * 5000}, "record": 1}, "has format"),
        ([], "damaged"),
        ("[" * 100_000, "damaged"),
        ('{"format": 1, "record": ' + '{"tuple": [' * 5000 + "]}" * 5000 + "}", "damaged"),
    ],
    ids=["nan", "negative", "unknown field", "no such array", "other class", "no name", "bad word", "a word", "format", "list",
         "deep text", "deep tree"],
)  # fmt: skip
def test_a_result_whose_header_lies(tmp_path, tree, word):
    path = result_file(tmp_path, tree)
    assert len(refused(lambda: dl.load(path), word, errors=UnreadableFile)) < 500


def bomb(size, method):
    """A .npy of zeros in an archive of some kilobytes."""
    buffer, header = io.BytesIO(), io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (size // 8,)})
    with zipfile.ZipFile(buffer, "w", method) as archive, archive.open("rnn.weight_hh_l0.npy", "w") as member:
        member.write(header.getvalue())
        for _ in range(size // 2**20):
            member.write(bytes(2**20))
    return buffer.getvalue()


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA], ids=["bzip2", "lzma"])
@pytest.mark.parametrize("read", [dl.load, dl.load_network], ids=["result", "network"])
def test_archives_that_swell(tmp_path, monkeypatch, method, read):
    """Packed better than NumPy can, so that no limit for honest archives applies."""
    monkeypatch.setattr(reading, "INNOCENT", 2**20)
    path = written(tmp_path, "net.npz", bomb(2**21, method))
    assert path.stat().st_size < 2**13
    refused(lambda: read(path), "refused unread", errors=UnreadableFile)


@pytest.mark.parametrize("read", [dl.load, dl.load_network], ids=["result", "network"])
def test_an_array_that_declares_more_than_there_is(tmp_path, read):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**11,)})
    with zipfile.ZipFile(tmp_path / "net.npz", "w") as archive:
        archive.writestr("header.npy", header.getvalue() + bytes(16))
    refused(lambda: read(tmp_path / "net.npz"), "declares shape (100000000000,)", errors=UnreadableFile)


def test_a_result_as_regular_as_can_be_is_read(tmp_path, monkeypatch):
    """Labels of a plain picture compress more than weights ever do."""
    monkeypatch.setattr(reading, "INNOCENT", 2**10)
    decay = dl.analysis.gradient_decay(dl.LatchNeuron(0.5), np.zeros((40_000, 1)), steps=1)
    assert dl.load(decay.save(tmp_path / "r")).log_norms.shape == decay.log_norms.shape


# Safetensors.
def safetensors_file(folder, header, data=bytes(64)):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return written(folder, "net.safetensors", struct.pack("<Q", len(text)) + text + data)


@pytest.mark.parametrize(
    "header",
    [
        {name: {"dtype": "F64", "shape": [8], "data_offsets": [0, 64]} for name in ("weight_ih", "weight_hh")},
        {"weight_ih": {"dtype": "F64", "shape": [4], "data_offsets": [0, 32]},
         "weight_hh": {"dtype": "F64", "shape": [5], "data_offsets": [24, 64]}},
        b"[" * 100_000,
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
        b'{"w": {"dtype": "F64", "shape": [8], "data_offsets": [0, 64]}, "w": 3}',
        {"w": {"dtype": "F64", "shape": [1] * 100_000 + [8], "data_offsets": [0, 64]}},
    ],
    ids=["one place twice", "overlap", "deep lists", "deep mappings", "one name twice", "many axes"],
)  # fmt: skip
def test_safetensors_headers_that_lie(tmp_path, header):
    path = safetensors_file(tmp_path, header)
    refused(lambda: dl.load_network(path), errors=(UnreadableFile, UnsupportedNetwork, InvalidInput))


# Mappings and graphs that can be walked in more ways than there is time for.
def test_mappings_that_share_their_insides_are_walked_once():
    tree = {"end": {"kernel": np.ones((2, 2))}}
    for _ in range(45):
        tree = {"a": tree, "b": tree}
    refused(lambda: dl.from_flax(tree), "no Flax cell", errors=UnsupportedNetwork)
    cell = {name: {"kernel": np.eye(2)} for name in ("ir", "iz", "in", "hr", "hz", "hn")}
    assert dl.from_flax({"cell": cell, "rest": tree}).dim == 2


def onnx_with(folder, make, count):
    model = onnx.load(corpus.SHIPPED / "onnx_lstm.onnx")
    layer = next(node for node in model.graph.node if node.op_type == "LSTM")
    width = next(tensor.dims[2] for tensor in model.graph.initializer if tensor.name == layer.input[2])
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.ones((width, 500), dtype="<f4"), "large"))
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.ones(500, dtype="<f4"), "offset"))
    model.graph.node.extend(node for k in range(count) for node in make(layer.output[0], k))
    return written(folder, "net.onnx", model.SerializeToString())


def test_very_many_layers_that_read_a_node_cost_no_more_than_two(tmp_path):
    make = onnx.helper.make_node
    path = onnx_with(tmp_path, lambda source, k: [make("MatMul", [source, "large"], [f"y{k}"]),
                                                  make("Add", [f"y{k}", "offset"], [f"z{k}"])], 4000)  # fmt: skip
    started = time.process_time()
    assert dl.load_network(path).readout is None  # more than one
    assert time.process_time() - started < SECONDS


# Stores.
def store_with(folder, *statements):
    path = written(folder, "s.db", corpus.store()[0])
    connection = sqlite3.connect(path)
    connection.executescript(";".join(statements))
    connection.close()
    return path


def asked(path):
    with opened(path) as kept:
        return kept.root, kept.rows("a"), kept.cells()


ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x, x, x, x, x, x, x, x, x FROM n"


@pytest.mark.parametrize(
    ("statements", "word"),
    [
        (("DROP TABLE trials", f"CREATE VIEW trials AS {ENDLESS}"), "its tables are others"),
        (("CREATE TRIGGER t AFTER INSERT ON trials BEGIN DELETE FROM trials; END",), "its tables are others"),
        (("CREATE INDEX i ON trials (error)",), "its tables are others"),
        (("DROP TABLE cells",), "its tables are others"),
        (("UPDATE about SET value = x'ff' WHERE name = 'format'",), "has format"),
        (("UPDATE about SET value = '" + "9" * 5000 + "' WHERE name = 'root'",), "the root of its seeds"),
        (("UPDATE about SET value = '-1' WHERE name = 'root'",), "the root of its seeds"),
        (("UPDATE cells SET settings = x'00ff'",), "do not have their checksum"),
        (("UPDATE trials SET outcome = 7",), "does not have its checksum"),
        (("UPDATE trials SET presentations = 'many'",), "does not have its checksum"),
    ],
    ids=["endless view", "trigger", "index", "table gone", "format", "long root", "root", "bytes", "number", "text"],
)
def test_stores_that_somebody_edited(tmp_path, statements, word):
    path = store_with(tmp_path, *statements)
    refused(lambda: asked(path), word, errors=UnreadableFile)


def test_a_store_as_it_was_made_is_read(tmp_path):
    root, rows, cells = asked(store_with(tmp_path))
    assert (root, len(rows), list(cells)) == (4, 4, ["a", "b"])
