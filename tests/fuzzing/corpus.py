"""Valid files to begin with, small: what is damaged is their bytes, and small files are read quickly."""

from __future__ import annotations

import io
import json
import sqlite3
import tempfile
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from . import mutate

HERE = Path(__file__).parents[1]
SHIPPED = HERE / "interop" / "data"
ROLES = {"weight_ih_l0": (1,), "weight_hh_l0": (2,), "bias_ih_l0": (), "bias_hh_l0": ()}


def torch_arrays(gates: int, kind: type = np.float64) -> dict[str, np.ndarray]:
    """The names of a PyTorch layer of two units, with a readout."""
    rng = np.random.default_rng(gates)
    arrays = {f"net.rnn.{role}": rng.normal(size=(2 * gates, *columns)) for role, columns in ROLES.items()}
    return {name: value.astype(kind) for name, value in (arrays | {"net.out.weight": rng.normal(size=(1, 2))}).items()}


def npz() -> list[bytes]:
    """PyTorch's names, and Flax's."""
    cell = {f"params/cell/{gate}/kernel": np.eye(2) for gate in ("ir", "iz", "in", "hr", "hz", "hn")}
    return [
        _npz(torch_arrays(1)),
        _npz(torch_arrays(3, np.float16)),
        _npz(cell),
        _npz({k.replace("/", "."): v for k, v in cell.items()}),
    ]


def _npz(arrays: dict[str, np.ndarray]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def safetensors() -> list[bytes]:
    from safetensors.numpy import save

    halves = {name: value.view("<u2") for name, value in torch_arrays(3, np.float16).items()}
    return [save(torch_arrays(1)), save(torch_arrays(4, np.float32)), _as_bfloat16(save(halves))]


def _as_bfloat16(data: bytes) -> bytes:
    size = int.from_bytes(data[:8], "little")
    header = data[8 : 8 + size].replace(b'"U16"', b'"BF16"')
    return len(header).to_bytes(8, "little") + header + data[8 + size :]


def keras() -> list[bytes]:
    return [(SHIPPED / name).read_bytes() for name in ("rnn_relu.keras", "gru_reset_before.keras")] + [_small_keras()]


def _small_keras() -> bytes:
    layers = [{"class_name": "LSTM", "config": {"name": "low", "activation": "tanh", "recurrent_activation": "sigmoid"}},
              {"class_name": "Dense", "config": {"name": "out", "activation": "softmax"}}]  # fmt: skip
    config = {"class_name": "Sequential", "config": {"name": "net", "layers": layers}}
    return mutate.packed(
        [("metadata.json", b"{}"), ("config.json", json.dumps(config).encode()), ("model.weights.h5", _hdf5())]
    )


def hdf5() -> list[bytes]:
    return [_hdf5(), _hdf5(libver="latest"), _hdf5(compression="gzip"), (SHIPPED / "lstm.weights.h5").read_bytes()]


def _hdf5(libver: str = "earliest", compression: str | None = None) -> bytes:
    import h5py

    buffer, rng = io.BytesIO(), np.random.default_rng(0)
    with h5py.File(buffer, "w", libver=libver) as file:
        for place, shapes in {"layers/lstm/cell": ((1, 8), (2, 8), (8,)), "layers/dense": ((2, 1), (1,))}.items():
            for key, shape in enumerate(shapes):
                name, numbers = f"{place}/vars/{key}", rng.normal(size=shape).astype("<f4")
                file.create_dataset(name, data=numbers, compression=compression, chunks=shape if compression else None)
    return buffer.getvalue()


def onnx() -> list[bytes]:
    names = ("onnx_gru_reset_after", "onnx_lstm", "onnx_rnn_relu", "onnx_stack", "torch_lstm")
    return [(SHIPPED / f"{name}.onnx").read_bytes() for name in names]


def checkpoints(legacy: bool) -> list[bytes]:
    import torch

    found = []
    for gates, wrap in ((1, dict), (3, lambda state: {"state_dict": state, "epoch": 3})):
        state = {name: torch.tensor(value, dtype=torch.float32) for name, value in torch_arrays(gates).items()}
        buffer = io.BytesIO()
        torch.save(wrap(state), buffer, _use_new_zipfile_serialization=not legacy)
        found.append(buffer.getvalue())
    return found


def results() -> list[bytes]:
    """Results that take no time to compute."""
    import dynlatch as dl
    from dynlatch import analysis

    net = dl.AdditiveNetwork([[1.3, 2.6], [3.7, 0.3]])
    found = [
        analysis.scalar_latch(2.0, 0.1),
        analysis.gradient_decay(net, np.zeros((2, 2)), steps=3),
        analysis.guarantees(net),
        analysis.lyapunov_exponents(net, [0.1, 0.2], steps=20),
    ]
    with tempfile.TemporaryDirectory() as folder:
        return [result.save(Path(folder) / f"{k}").read_bytes() for k, result in enumerate(found)]


def any_record(random: Random) -> bytes:
    """A result file whose header names any class of the allow-list, with values that have the types of its fields."""
    from dynlatch.results import FORMAT, RECORDS

    name = random.choice(sorted(RECORDS))
    kind = getattr(import_module(RECORDS[name]), name)
    tree = {"record": name, "fields": {f.name: _value(str(f.type), random) for f in fields(kind) if f.init}}
    arrays = {"array0": np.arange(6.0).reshape(3, 2), "array1": np.array(["saddle", "learned"]), "array2": np.arange(3)}
    return mutate.archived({"header": np.array(json.dumps({"format": FORMAT, "record": tree})), **arrays})


def _value(kind: str, random: Random) -> Any:
    if random.random() < 0.1:
        return None
    numbers = (0, 1, 2, 3, -1, 50, 10**9, 2**63)
    if "int" in kind and "tuple" not in kind:
        return random.choice(numbers)
    if "float" in kind and "tuple" not in kind:
        return {"float": random.choice((0.0, 0.5, -1.0, 2.0, 1e300, float("inf"), float("nan"))).hex()}
    if kind == "str" or "Literal" in kind:
        return random.choice(("", "tanh", "saddle", "x"))
    if "tuple" in kind:
        return {"tuple": [random.choice(numbers) for _ in range(random.choice((0, 1, 3, 2000)))]}
    return random.choice(({"array": "array0"}, {"array": "array1"}, {"array": "array2"}, {"tuple": []}, {"mapping": []}, True))


def store() -> list[bytes]:
    """A store of two cells, its journal folded in."""
    from dynlatch.training.sweeps.store import Entry, Row, opened

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.db"
        with opened(path, 4) as kept:
            kept.enter([Entry("a", "settings of a", ""), Entry("b", "settings of b", "horizon")])
            for name, facts in (("a", b""), ("b", bytes(8))):
                kept.write(Row(name, k, 0.5, 100, "budget", bytes(24), "latched at 7", facts) for k in range(4))
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
        connection.close()
        return [path.read_bytes()]


def npy() -> list[bytes]:
    found = []
    for array in (np.zeros((5, 2, 1)), np.arange(4), np.ones((3, 1), order="F", dtype="<f4")):
        buffer = io.BytesIO()
        np.save(buffer, array)
        found.append(buffer.getvalue())
    return found


def provenance() -> list[bytes]:
    call = {"command": "dynlatch reproduce all", "started": "2026-01-01 00:00:00", "wall_seconds": 1.0, "cpu_seconds": 1.0,
            "trials": 3, "finished": True}  # fmt: skip
    return [json.dumps({"schema": "x", "calls": [call, call]}, indent=1).encode()]


def audits() -> list[bytes]:
    """A file of audits, a JSON object a line, as a training loop writes them: one that failed among them."""
    import dynlatch as dl
    from dynlatch import analysis

    report = _short(analysis.audit(dl.LatchNeuron(2.0)).to_dict())
    lines = [json.dumps(one) for one in (report, {"name": "b", "failure": "not finite"})]
    return ["\n".join([*lines, ""]).encode(), (lines[0] + "\n").encode()]


def _short(tree: Any) -> Any:
    """The first two items of every list."""
    if isinstance(tree, dict):
        return {key: _short(value) for key, value in tree.items()}
    return [_short(item) for item in tree[:2]] if isinstance(tree, list) else tree


def arguments() -> list[bytes]:
    """Command lines, a word a line."""
    lines = (
        "escape --weights 2.2,0.5;-0.5,2.2 --bias 0.1,-0.2 --activation tanh --input 0.5,0 --rng 3",
        "fixed-points net.npz --layer rnn --nonlinearity relu --bounds -3,3 --json",
        "portrait --weights 2 --out p.png --bounds -1,1",
        "train --task two-sequence --rule back-propagation -T 20 --trials 3 --set eta=0.05 --set prototypes=const --rng 1",
        "reproduce table1 figure2b --scale micro --shard 2/8 --jobs 2 --store s.db --rng 7",
        "audit a.npz b.npz --context 0.5 --lengths l.npy --batch-first --cost cross-entropy",
        "theorem 4 --w 2 --counterexample",
        "merge a.db b.db --into c.db",
    )
    return ["\n".join(line.split()).encode() for line in lines]
