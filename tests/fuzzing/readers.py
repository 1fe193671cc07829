"""Everything of dynlatch that reads a file or a line typed by somebody: what is fed to it, and what may come out."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import numpy as np

from dynlatch.errors import DynlatchError, InvalidInput, ReducedPrecision, UnreadableFile, UnsupportedNetwork

from . import corpus, mutate

NETWORKS = (UnreadableFile, UnsupportedNetwork, InvalidInput)  # what `load_network` documents, beside MissingExtra
LONGEST_SENTENCE = 2000  # characters


class Reader(NamedTuple):
    """One reader. `changes` are drawn from with equal chances; `refusals` are the errors that its documentation names."""

    name: str
    suffix: str
    corpus: Callable[[], list[bytes]]
    read: Callable[[Path], Any]
    changes: tuple[mutate.Mutator, ...] = (mutate.damaged,)
    refusals: tuple[type[Exception], ...] = (UnreadableFile,)
    needs: str = ""  # an optional package


class Unsound(AssertionError):
    """What was read breaks a promise."""


def network(path: Path) -> str:
    """A network is accepted if its numbers are finite and it can be run."""
    import dynlatch as dl

    net = dl.load_network(path)
    broken = [name for name, value in net.parameters.items() if not np.isfinite(value).all()]
    if broken:
        raise Unsound(f"the parameters {broken} are not finite")
    with np.errstate(over="ignore"):  # weights of 1e308 are numbers
        state = net.step(np.zeros(net.dim))
    if state.shape != (net.dim,) or not np.isfinite(state).all():
        raise Unsound(f"a step from zero gives {state}")
    return type(net).__name__


def result(path: Path) -> str:
    import dynlatch as dl

    return type(dl.load(path)).__name__


def store(path: Path) -> str:
    """Everything that a sweep asks of a store that exists."""
    from dynlatch.training.sweeps.result import finished
    from dynlatch.training.sweeps.store import EVERY, opened

    try:
        with opened(path) as kept:
            kept.root  # noqa: B018  (read, and checked)
            kept.sound()
            finished(kept, dict.fromkeys(kept.cells(), EVERY))
    finally:
        for beside in ("-journal", "-wal", "-shm"):
            path.with_name(path.name + beside).unlink(missing_ok=True)
    return "store"


def sequences(path: Path) -> str:
    """The .npy files of `dynlatch audit`, as far as the file is what refuses."""
    from dynlatch.commands.audit_input import _array

    return str(_array(str(path)).shape)


def audits(path: Path) -> str:
    from dynlatch import analysis

    return str(len(analysis.film_strip(path).frames))


def provenance(path: Path) -> str:
    from dynlatch.training.experiments.provenance import earlier_calls

    return str(len(earlier_calls(path)))


def command_line(path: Path) -> str:
    """What is typed, up to where the work would begin."""
    from cyclopts import CycloptsError

    from dynlatch.cli import app, one_line
    from dynlatch.commands.system import System, bounds_of, numbers

    words = path.read_bytes().decode(errors="replace").split("\n")
    try:
        command, bound, _ = app.parse_args(words, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        raise InvalidInput(one_line(error)) from None
    given = bound.arguments
    for value in given.values():
        if isinstance(value, System):
            value.load()
    for name, check in {"bounds": bounds_of, "context": partial(numbers, "--context")}.items():
        if isinstance(given.get(name), str):
            check(given[name])
    if command.__name__ == "train":
        _training(given)
    return command.__name__


def _training(given: dict[str, Any]) -> None:
    """Task and rule as `dynlatch train` makes them."""
    from dynlatch.commands import train
    from dynlatch.training.rules import RULES
    from dynlatch.training.tasks import TASKS

    settings = dict(train._setting(text) for text in given.get("settings", ()))
    for option, kinds, own in (("task", TASKS, {"T": given.get("T", 20)}), ("rule", RULES, {})):
        if option in given:
            train._made(train._named(f"--{option}", given[option], kinds), own, settings)


def _made_up(data: bytes, random: Random) -> bytes:
    return corpus.any_record(random)


_ZIPPED = mutate.inside_zip(npy=mutate.inside_npy, json=mutate.inside_json)
_RESULT = (mutate.damaged, mutate.inside_result, mutate.inside_result, _made_up)
_TWO = (UnreadableFile, InvalidInput)
_ALL = (
    Reader("npz", ".npz", corpus.npz, network, (mutate.damaged, _ZIPPED), NETWORKS),
    Reader("safetensors", ".safetensors", corpus.safetensors, network, (mutate.damaged, mutate.inside_safetensors), NETWORKS),
    Reader("keras", ".keras", corpus.keras, network, (mutate.damaged, _ZIPPED), NETWORKS, "h5py"),
    Reader("hdf5", ".weights.h5", corpus.hdf5, network, (mutate.damaged,), NETWORKS, "h5py"),
    Reader("onnx", ".onnx", corpus.onnx, network, (mutate.damaged,), NETWORKS, "onnx"),
    Reader("torch", ".pt", partial(corpus.checkpoints, False), network, (mutate.damaged, _ZIPPED), NETWORKS, "torch"),
    Reader("torch older", ".pt", partial(corpus.checkpoints, True), network, (mutate.damaged,), NETWORKS, "torch"),
    Reader("result", ".npz", corpus.results, result, _RESULT),
    Reader("store", ".db", corpus.store, store, (mutate.damaged,), _TWO),
    Reader("sequences", ".npy", corpus.npy, sequences, (mutate.damaged, mutate.inside_npy)),
    Reader("audits", ".jsonl", corpus.audits, audits, (mutate.damaged, mutate.a_line), _TWO),
    Reader("provenance", ".json", corpus.provenance, provenance, (mutate.damaged, mutate.inside_json)),
    Reader("command line", ".txt", corpus.arguments, command_line, (mutate.damaged,), (DynlatchError,)),
)
READERS = {reader.name: reader for reader in _ALL}


def missing(reader: Reader) -> str:
    """Why a reader cannot be tried here; empty if it can."""
    return f"{reader.name}: {reader.needs} is not installed" if reader.needs and find_spec(reader.needs) is None else ""


@cache
def seeds(name: str) -> list[bytes]:
    return READERS[name].corpus()


def made(name: str, index: int) -> bytes:
    """Input number `index` of a reader: always the same bytes."""
    random, reader = Random(f"{name} {index}"), READERS[name]
    return random.choice(reader.changes)(random.choice(seeds(name)), random)


def tried(name: str, path: Path) -> tuple[bool, str]:
    """Whether the file was accepted, and what is wrong with that or with the refusal; empty if nothing is."""
    reader = READERS[name]
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            reader.read(path)
            accepted, wrong = True, ""
        except reader.refusals as error:
            accepted, wrong = False, _about(str(error))
        except BaseException as error:  # anything else is what is looked for
            accepted, wrong = False, f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
    others = {f"{one.category.__name__}: {str(one.message)[:200]}" for one in heard if one.category is not ReducedPrecision}
    return accepted, wrong or "; ".join(sorted(others))


def _about(sentence: str) -> str:
    if "\n" in sentence:
        return f"an error of several lines: {sentence[:300]!r}"
    return "" if 0 < len(sentence) <= LONGEST_SENTENCE else f"an error of {len(sentence)} characters: {sentence[:200]!r}"


def scratch() -> Path:
    """Where inputs are written: memory, if there is a file system in it."""
    memory = Path("/dev/shm")
    return memory if memory.is_dir() and os.access(memory, os.W_OK) else Path(os.environ.get("TMPDIR", "/var/tmp"))
