"""Damaged copies of valid files. Every choice comes from the `random.Random` that is given, so an input can be made again."""

from __future__ import annotations

import io
import json
import re
import struct
import zipfile
from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any

import numpy as np

Mutator = Callable[[bytes, Random], bytes]

LONGEST = 1 << 17  # bytes of an input: what grows is cut
EDGES = [0, 1, 2, -1, 127, 128, 255, 256, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**53, 2**63 - 1, 2**64 - 1, 10**12]
MAGIC = [
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"\x93NUMPY\x01\x00",
    b"\x89HDF\r\n\x1a\n",
    b"SQLite format 3\0",
    b"\x80\x02",
    b"{",
    b"\x08\x08",
]
VALUES: list[Any] = [
    None,
    True,
    False,
    "",
    "x" * 300,
    "\0",
    "é",
    [],
    {},
    [[]],
    0.5,
    1e308,
    -1e308,
    float("nan"),
    float("inf"),
    *EDGES,
]


def damaged(data: bytes, random: Random) -> bytes:
    """One to four changes of the bytes."""
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        data = random.choice(CHANGES)(data, random)
    return data[:LONGEST]


def _flip(data: bytes, random: Random) -> bytes:
    changed = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 8)) if data else 0):
        changed[random.randrange(len(data))] ^= 1 << random.randrange(8)
    return bytes(changed)


def _overwrite(data: bytes, random: Random) -> bytes:
    start, patch = _place(data, random), _patch(random)
    return data[:start] + patch + data[start + len(patch) :]


def _insert(data: bytes, random: Random) -> bytes:
    start = _place(data, random)
    return data[:start] + _patch(random) + data[start:]


def _cut(data: bytes, random: Random) -> bytes:
    return data[: _place(data, random)]


def _delete(data: bytes, random: Random) -> bytes:
    start = _place(data, random)
    return data[:start] + data[start + random.choice((1, 2, 4, 8, 64, 512)) :]


def _repeat(data: bytes, random: Random) -> bytes:
    start = _place(data, random)
    piece = data[start : start + random.choice((1, 4, 16, 256))]
    return data[:start] + piece * random.choice((2, 3, 50)) + data[start + len(piece) :]


def _move(data: bytes, random: Random) -> bytes:
    start, size, to = _place(data, random), random.choice((1, 4, 16, 256)), _place(data, random)
    piece, rest = data[start : start + size], data[:start] + data[start + size :]
    return rest[:to] + piece + rest[to:]


def _number(data: bytes, random: Random) -> bytes:
    """Another number where one stands in text: shapes, sizes, offsets."""
    found = list(re.finditer(rb"[0-9]+", data[:LONGEST]))
    if not found:
        return _overwrite(data, random)
    match = random.choice(found)
    return data[: match.start()] + str(random.choice(EDGES)).encode() + data[match.end() :]


def _noise(data: bytes, random: Random) -> bytes:
    """Nothing of the file, sometimes its first bytes."""
    head = random.choice((b"", random.choice(MAGIC), data[: random.choice((4, 8, 64))]))
    return head + random.randbytes(random.choice((0, 1, 8, 100, 2000)))


CHANGES = (_flip, _flip, _overwrite, _overwrite, _insert, _cut, _delete, _repeat, _move, _number, _number, _noise)


def _place(data: bytes, random: Random) -> int:
    return random.randrange(len(data) + 1)


def _patch(random: Random) -> bytes:
    size = random.choice((1, 1, 2, 4, 8))
    if random.random() < 0.5:
        return random.randbytes(size)
    value = random.choice(EDGES) % (1 << 8 * size)
    return value.to_bytes(size, random.choice(("little", "big")))


def inside_zip(**by_suffix: Mutator) -> Mutator:
    """Change one member and pack the archive again, so that its checksums are right: the damage reaches the inner reader."""

    def change(data: bytes, random: Random) -> bytes:
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                members = [(info.filename, archive.read(info)) for info in archive.infolist()]
        except Exception:  # damaged by an earlier change
            return damaged(data, random)
        where = random.randrange(len(members))
        name, content = members[where]
        members[where] = name, by_suffix.get(name.rpartition(".")[2], damaged)(content, random)[:LONGEST]
        return packed(members)

    return change


def packed(members: list[tuple[str, bytes]]) -> bytes:
    """A zip archive, without compression."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


def inside_npy(data: bytes, random: Random) -> bytes:
    """Another header of a .npy, of the right length, or other numbers behind it."""
    if len(data) < 10 or random.random() < 0.2:
        return damaged(data, random)
    size = struct.unpack("<H", data[8:10])[0]
    header, numbers = data[10 : 10 + size], data[10 + size :]
    if random.random() < 0.3:
        return data[: 10 + size] + damaged(numbers, random)
    header = random.choice((damaged, _number, _kind))(header, random)[:60_000]
    return data[:8] + struct.pack("<H", len(header)) + header + numbers


def _kind(header: bytes, random: Random) -> bytes:
    kinds = (b"<f4", b"<f2", b"|O", b"<U9", b"|S3", b"<c16", b"|b1", b">i8", b"<M8[s]", b"|V0", b"<f16", b"<u8")
    return re.sub(rb"'descr': *'[^']*'", b"'descr': '" + random.choice(kinds) + b"'", header)


def inside_safetensors(data: bytes, random: Random) -> bytes:
    """Another header, its length corrected."""
    size = struct.unpack("<Q", data[:8].ljust(8, b"\0"))[0]
    header = inside_json(data[8 : 8 + size], random)
    return struct.pack("<Q", len(header)) + header + data[8 + size :]


def inside_json(data: bytes, random: Random) -> bytes:
    """Another value somewhere in the tree, a key lost, or a value in place of another; sometimes only other bytes."""
    if random.random() < 0.2:
        return damaged(data, random)
    try:
        tree = json.loads(data)
    except Exception:  # damaged by an earlier change
        return damaged(data, random)
    for _ in range(random.choice((1, 1, 2, 5))):
        tree = other_tree(tree, random)
    return json.dumps(tree).encode()[:LONGEST]


def other_tree(tree: Any, random: Random, values: list[Any] = VALUES) -> Any:
    """`tree` with one change."""
    places = list(_places(tree))
    if not places:
        return deepcopy(random.choice(values))
    container, key = random.choice(places)
    how = random.randrange(6)
    if how == 0:
        del container[key]
    elif how == 1:
        other, there = random.choice(places)
        container[key] = json.loads(json.dumps(other[there])) if there in other or isinstance(other, list) else None
    elif how == 2:
        container[key] = [container[key]] * random.choice((0, 1, 2, 100))
    elif how == 3:
        container[key] = _nested(container[key], random.choice((1, 3, 90)))
    else:
        container[key] = deepcopy(random.choice(values))  # a further change may go into it
    return tree


def _nested(value: Any, depth: int) -> Any:
    for _ in range(depth):
        value = [value]
    return value


def _places(tree: Any) -> Any:
    """Every (container, key) of a tree."""
    stack = [tree]
    while stack:
        item = stack.pop()
        inner = item.items() if isinstance(item, dict) else enumerate(item) if isinstance(item, list) else ()
        for key, value in inner:
            yield item, key
            stack.append(value)


def inside_result(data: bytes, random: Random) -> bytes:
    """Another tree in the header of a saved result, or other arrays; the archive stays whole."""
    try:
        tree, arrays = _taken_apart(data)
    except Exception:  # damaged by an earlier change
        return damaged(data, random)
    for _ in range(random.choice((1, 1, 2, 5))):
        tree = other_tree(tree, random, [*VALUES, *(value for value in PIECES if random.random() < 0.5)])
    if random.random() < 0.2 and arrays:
        name = random.choice(list(arrays))
        arrays[name] = random.choice((arrays[name][:1], arrays[name].astype(str), np.zeros((0, 3)), np.array(np.nan)))
    return archived({"header": np.array(json.dumps(tree)), **arrays})


def _taken_apart(data: bytes) -> tuple[Any, dict[str, np.ndarray]]:
    with np.load(io.BytesIO(data)) as archive:
        arrays = dict(archive)
    return json.loads(str(arrays.pop("header")[()])), arrays


def archived(arrays: dict[str, np.ndarray]) -> bytes:
    """An .npz of them."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def a_line(data: bytes, random: Random) -> bytes:
    """Another JSON object in one line of several."""
    lines = data.split(b"\n")
    where = random.randrange(len(lines))
    lines[where] = inside_json(lines[where], random)
    return b"\n".join(lines)


# Values as the header of a result writes them.
PIECES: list[Any] = [
    {"float": "nan"}, {"float": "0x1p+1023"}, {"float": "x"}, {"array": "array0"}, {"array": "none"}, {"tuple": []},
    {"enum": "Stability", "value": "saddle"}, {"enum": "Nothing", "value": 1}, {"array": "array0", "enum": "Stability"},
    {"complex": ["0x1p0", "0x0p0"]}, {"mapping": [["a", 1]]}, {"mapping": [[[], 1]]}, {"record": "Uniform", "fields": {}},
    {"record": "Popen", "fields": {}}, {"record": [], "fields": {}}, {"tuple": 5}, {"float": 5}, {"complex": []},
]  # fmt: skip
