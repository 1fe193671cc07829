"""Files without torch: round trips, and every way to be wrong. Nothing but a DynlatchError may come out."""

import io
import json
import os
import pickle
import struct
import sys
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save as safetensors_bytes

import dynlatch as dl
from dynlatch.errors import DynlatchError, InvalidInput, MissingExtra, ReducedPrecision, UnreadableFile

RNG = np.random.default_rng(4)
ARRAYS = {
    "net.rnn.weight_ih_l0": RNG.normal(size=(6, 1)),
    "net.rnn.weight_hh_l0": RNG.normal(size=(6, 2)),
    "net.rnn.bias_ih_l0": RNG.normal(size=6),
    "net.rnn.bias_hh_l0": RNG.normal(size=6),
    "net.out.weight": RNG.normal(size=(1, 2)),
}


def npz_bytes(arrays, save=np.savez):
    buffer = io.BytesIO()
    save(buffer, **arrays)
    return buffer.getvalue()


WRITERS = {".npz": npz_bytes, ".safetensors": safetensors_bytes}
SUFFIXES = [".npz", ".safetensors", ".pt", ".pth"]


def written(folder, suffix, data):
    path = folder / f"net{suffix}"
    path.write_bytes(data)
    return path


def assert_same(network, reference):
    assert type(network) is type(reference)
    for name, value in reference.parameters.items():
        np.testing.assert_array_equal(network.parameters[name], value, err_msg=name)
    np.testing.assert_array_equal(network.readout.matrix, reference.readout.matrix)


@pytest.mark.parametrize("suffix", WRITERS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_round_trip(tmp_path, suffix, dtype):
    arrays = {name: value.astype(dtype) for name, value in ARRAYS.items()}
    path = written(tmp_path, suffix, WRITERS[suffix](arrays))
    for given_path in (path, str(path)):
        assert_same(dl.load_network(given_path), dl.from_torch(arrays))


@pytest.mark.parametrize("suffix", WRITERS)
def test_half_precision_is_converted_and_said(tmp_path, suffix):
    arrays = {name: value.astype(np.float16) for name, value in ARRAYS.items()}
    with pytest.warns(ReducedPrecision, match="float16"):
        network = dl.load_network(written(tmp_path, suffix, WRITERS[suffix](arrays)))
    assert_same(network, dl.from_torch({name: value.astype(np.float64) for name, value in arrays.items()}))


def test_compressed_and_fortran_ordered_npz(tmp_path):
    arrays = {name: np.asfortranarray(value) for name, value in ARRAYS.items()}
    path = written(tmp_path, ".npz", npz_bytes(arrays, np.savez_compressed))
    assert_same(dl.load_network(path), dl.from_torch(ARRAYS))


def test_an_upper_case_suffix(tmp_path):
    assert_same(dl.load_network(written(tmp_path, ".NPZ", npz_bytes(ARRAYS))), dl.from_torch(ARRAYS))


def test_bfloat16_safetensors(tmp_path):
    halves = {name: (value.astype("<f4").view("<u4") >> 16).astype("<u2") for name, value in ARRAYS.items()}
    header = {}
    data = b""
    for name, value in halves.items():
        header[name] = {"dtype": "BF16", "shape": value.shape, "data_offsets": [len(data), len(data) + value.nbytes]}
        data += value.tobytes()
    text = json.dumps(header).encode()
    with pytest.warns(ReducedPrecision, match="bfloat16"):
        network = dl.load_network(written(tmp_path, ".safetensors", struct.pack("<Q", len(text)) + text + data))
    # Cutting the lower half of a float32 keeps 8 significant bits.
    np.testing.assert_allclose(network.weight_hh, ARRAYS["net.rnn.weight_hh_l0"], rtol=2**-7)
    assert not np.array_equal(network.weight_hh, ARRAYS["net.rnn.weight_hh_l0"])
    assert network.weight_hh[0, 0] == (halves["net.rnn.weight_hh_l0"][:1, :1].astype("<u4") << 16).view("<f4")[0, 0]


def test_layer_and_nonlinearity_are_passed_on(tmp_path):
    arrays = {f"{prefix}.{role}": np.full((2, 2), 0.5) for prefix in "ab" for role in ("weight_ih", "weight_hh")}
    path = written(tmp_path, ".npz", npz_bytes(arrays))
    with pytest.raises(InvalidInput, match=r"'a' \(RNN, 2 inputs, 2 units\); 'b'"):
        dl.load_network(path)
    assert dl.load_network(path, layer="b", nonlinearity="relu").f.name == "relu"


@pytest.mark.parametrize("name", ["net", "net.pkl", "net.npy", ".npz"])
def test_an_unknown_suffix_lists_what_is_read(tmp_path, name):
    with pytest.raises(UnreadableFile, match=r"what is read: \.pt, \.pth, \.safetensors, \.npz, \.keras, \.h5, \.onnx"):
        dl.load_network(tmp_path / name)


@pytest.mark.parametrize("path", [None, 3, b"net.npz"])
def test_no_path(path):
    with pytest.raises(InvalidInput, match="`path`"):
        dl.load_network(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_missing_empty_and_directory(tmp_path, suffix):
    with pytest.raises(UnreadableFile, match="there is no file"):
        dl.load_network(tmp_path / f"net{suffix}")
    with pytest.raises(UnreadableFile, match="is empty"):
        dl.load_network(written(tmp_path, suffix, b""))
    (tmp_path / f"folder{suffix}").mkdir()
    with pytest.raises(UnreadableFile, match="directory"):
        dl.load_network(tmp_path / f"folder{suffix}")
    with pytest.raises(UnreadableFile):
        dl.load_network(f"null\0byte{suffix}")


@pytest.mark.parametrize("suffix", WRITERS)
@pytest.mark.parametrize("data", [b"x", b"hello, world\n" * 50, b"PK\x03\x04", b"\x93NUMPY\x01\x00", b"\xff" * 64, bytes(64)])
def test_wrong_content(tmp_path, suffix, data):
    with pytest.raises(UnreadableFile, match=r"is not a.* or is damaged"):
        dl.load_network(written(tmp_path, suffix, data))


def test_one_format_under_the_name_of_another(tmp_path):
    with pytest.raises(UnreadableFile, match="not a NumPy archive"):
        dl.load_network(written(tmp_path, ".npz", safetensors_bytes(ARRAYS)))
    with pytest.raises(UnreadableFile, match="not a safetensors file"):
        dl.load_network(written(tmp_path, ".safetensors", npz_bytes(ARRAYS)))
    buffer = io.BytesIO()
    np.save(buffer, ARRAYS["net.out.weight"])
    with pytest.raises(UnreadableFile, match="not a NumPy archive"):
        dl.load_network(written(tmp_path, ".npz", buffer.getvalue()))


@pytest.mark.parametrize("suffix", WRITERS)
def test_every_truncation(tmp_path, suffix):
    whole = WRITERS[suffix](ARRAYS)
    for length in range(len(whole)):
        with pytest.raises(UnreadableFile):
            dl.load_network(written(tmp_path, suffix, whole[:length]))


@pytest.mark.parametrize("suffix", WRITERS)
@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_bytes_give_only_our_errors(tmp_path, suffix, data):
    """Some bytes overwritten: what comes out is a network (an unused byte was hit) or a DynlatchError."""
    damaged = bytearray(WRITERS[suffix](ARRAYS))
    start = data.draw(st.integers(0, len(damaged) - 1))
    patch = data.draw(st.binary(min_size=1, max_size=8))
    damaged[start : start + len(patch)] = patch
    try:
        network = dl.load_network(written(tmp_path, suffix, bytes(damaged)))
    except DynlatchError:
        return
    assert network.dim == 2


# Files made to do harm.
class Touch:
    """Unpickling this makes a folder."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_the_bomb_works(tmp_path):
    pickle.loads(pickle.dumps(Touch(tmp_path / "ran")))
    assert (tmp_path / "ran").exists()


def test_an_npz_with_pickled_objects_is_not_run(tmp_path):
    arrays = ARRAYS | {"net.rnn.bias_ih_l0": np.array([Touch(tmp_path / "ran")], dtype=object)}
    with pytest.raises(UnreadableFile, match=r"'net\.rnn\.bias_ih_l0\.npy' holds pickled objects"):
        dl.load_network(written(tmp_path, ".npz", npz_bytes(arrays)))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("suffix", SUFFIXES[:2])
def test_a_plain_pickle_is_not_run(tmp_path, suffix):
    with pytest.raises(UnreadableFile):
        dl.load_network(written(tmp_path, suffix, pickle.dumps(Touch(tmp_path / "ran"))))
    assert not (tmp_path / "ran").exists()


def npy_header(shape):
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return buffer.getvalue()


@pytest.mark.parametrize("shape", [(10**12,), (3,), (1,), (-1, -2), (2**62, 4)])
def test_an_npz_member_that_declares_another_size(tmp_path, shape):
    path = tmp_path / "net.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("rnn.weight_hh_l0.npy", npy_header(shape) + bytes(16))
    with pytest.raises(UnreadableFile, match=r"declares shape|is not a NumPy archive"):
        dl.load_network(path)


def test_an_archive_that_declares_too_much_is_refused_unread(tmp_path):
    path = written(tmp_path, ".npz", npz_bytes(ARRAYS))
    data = bytearray(path.read_bytes())
    at = 0
    for _ in range(3):
        at = data.index(b"PK\x01\x02", at) + 24  # a member's uncompressed size in the central directory
        data[at : at + 4] = struct.pack("<I", 0xFFFFFFF0)
    with pytest.raises(UnreadableFile, match=r"declares 12 GiB of data and is refused unread: at most 8 GiB"):
        dl.load_network(written(tmp_path, ".npz", bytes(data)))


@pytest.mark.parametrize(
    ("entry", "size"),
    [
        ({"dtype": "F64", "shape": [10**12], "data_offsets": [0, 8 * 10**12]}, 16),
        ({"dtype": "F64", "shape": [3], "data_offsets": [0, 16]}, 16),
        ({"dtype": "F64", "shape": [2], "data_offsets": [8, 24]}, 24),
        ({"dtype": "F64", "shape": [2], "data_offsets": [16, 0]}, 16),
        ({"dtype": "F63", "shape": [2], "data_offsets": [0, 16]}, 16),
        ({"dtype": "F64", "shape": [2**63, 2**63], "data_offsets": [0, 16]}, 16),
        ({"dtype": "F64", "shape": [-2], "data_offsets": [0, 16]}, 16),
        ({"shape": [2]}, 16),
    ],
)
def test_a_safetensors_header_that_lies(tmp_path, entry, size):
    text = json.dumps({"rnn.weight_hh_l0": entry}).encode()
    with pytest.raises(UnreadableFile, match="not a safetensors file, or is damaged"):
        dl.load_network(written(tmp_path, ".safetensors", struct.pack("<Q", len(text)) + text + bytes(size)))


@pytest.mark.parametrize("length", [2**63, 2**64 - 1, 10**9, 17])
def test_a_safetensors_header_of_absurd_length(tmp_path, length):
    with pytest.raises(UnreadableFile, match="not a safetensors file, or is damaged"):
        dl.load_network(written(tmp_path, ".safetensors", struct.pack("<Q", length) + b'{"a":1}'))


def test_a_safetensors_type_that_numpy_lacks(tmp_path):
    text = json.dumps({"w": {"dtype": "F8_E4M3", "shape": [2], "data_offsets": [0, 2]}}).encode()
    with pytest.raises(UnreadableFile, match="'w' holds numbers of type F8_E4M3"):
        dl.load_network(written(tmp_path, ".safetensors", struct.pack("<Q", len(text)) + text + bytes(2)))


@pytest.mark.parametrize("suffix", [".pt", ".pth"])
def test_without_torch_the_message_brings_it(tmp_path, suffix, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtra, match=r"pip install 'dynlatch\[torch\]'"):
        dl.load_network(written(tmp_path, suffix, b"anything"))
