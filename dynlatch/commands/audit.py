"""`dynlatch audit PATH...`."""

from __future__ import annotations

import glob
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from cyclopts import Parameter

from dynlatch import analysis
from dynlatch.analysis.audit import Audit, audit_until_interrupted
from dynlatch.commands.audit_input import Ask, Data
from dynlatch.commands.output import note, write, write_json
from dynlatch.errors import DynlatchError, InvalidInput, UnreadableFile
from dynlatch.interop import load_network
from dynlatch.maps import SmoothMap
from dynlatch.results import load

SCHEMA = "dynlatch.audits/1"
INTERRUPTED = 130


def audit(
    *paths: str,
    data: Data = Data(),  # noqa: B008  (frozen)
    context: Annotated[str | None, Parameter(name=["--context", "--input"], allow_leading_hyphen=True)] = None,
    layer: str | None = None,
    nonlinearity: str = "tanh",
    out: str | None = None,
    save: str | None = None,
    diff: str | None = None,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
    rng: int = 0,
) -> int:
    """Where the gradients of a trained network go, and why: memory states, horizons, findings in plain words.

    Several files (ckpt-*.pt) are audited one after the other, in the order of the numbers in their names, and shown side by
    side as a film strip. Ctrl-C ends with what is known by then.

    Parameters
    ----------
    paths
        Trained weights: .pt, .pth, .safetensors, .npz, .keras, .weights.h5 or .onnx.
    context
        Constant input under which the memory states are taken, as in "0.5,0"; zero by default.
    layer
        Prefix of the recurrent layer to take, where the file holds several.
    nonlinearity
        Of a plain RNN, where the file does not record it: tanh or relu.
    out
        Write the report (of several files the film strip) to this HTML file.
    save
        Write the audit to this .npz file, from which it can be loaded again; one file only.
    diff
        Show what moved since this audit: a file that --save wrote, or weights to be audited in the same way.
    as_json
        Print the numbers as JSON instead of the summary.
    rng
        Seed of the searches and of sampled inputs.
    """
    chosen = _files(paths)
    if len(chosen) > 1 and (save is not None or diff is not None):
        raise InvalidInput(f"`--save` and `--diff` are for one file; got {len(chosen)}.")
    page = None if out is None else _writable("--out", out)
    store = None if save is None else _writable("--save", save)
    ask = data.ask(context=context, layer=layer, nonlinearity=nonlinearity, rng=rng)
    if len(chosen) > 1:
        return _film(chosen, ask, page, as_json)
    before = None if diff is None else _earlier(diff, ask)
    report, whole = _audited(chosen[0], ask)
    if before is not None:
        compared = before.diff(report)
        _show(compared.summary(), compared.to_dict(), as_json)
    else:
        _show(report.summary(), report.to_dict(), as_json)
    if page is not None:
        report.to_html(page)
        note(f"report: {page}")
    if store is not None:
        note(f"audit: {report.save(store)}")
    return 0 if whole else _interrupted("later stages of the audit are missing")


def _files(paths: Sequence[str]) -> list[str]:
    """The files meant, in their natural order; patterns that the shell did not expand are expanded here."""
    if not paths:
        raise InvalidInput("give a file of trained weights, or several.")
    found: list[str] = []
    for path in paths:
        matches = [] if Path(path).exists() else sorted(glob.glob(path))
        found += matches or [path]
    return sorted(dict.fromkeys(found), key=_natural) if len(found) > 1 else found


def _natural(path: str) -> list[tuple[int, str]]:
    """Sorts ckpt-9 before ckpt-10: numbers by their value, all else as text."""
    return [(int(word), "") if word.isdigit() else (-1, word) for word in re.split(r"([0-9]+)", path)]


def _audited(path: str, ask: Ask) -> tuple[Audit, bool]:
    """The audit of one file, and whether it came to its end."""
    network = load_network(path, layer=ask.layer, nonlinearity=ask.nonlinearity)
    if not isinstance(network, SmoothMap):
        raise InvalidInput(f"{path!r} does not hold a network that can be audited.")
    report, interrupted = audit_until_interrupted(network, name=Path(path).name, progress=sys.stderr.isatty(), **ask.arguments)
    return report, not interrupted


def _earlier(path: str, ask: Ask) -> Audit:
    """The audit to compare with: a saved one, or that of other weights."""
    try:
        saved = load(path)
    except UnreadableFile:
        return _audited(path, ask)[0]
    if not isinstance(saved, Audit):
        raise InvalidInput(f"{path!r} holds a {type(saved).__name__}, no audit.")
    return saved


class _Reel(NamedTuple):
    """What was audited of several files: audits, and those that failed, as a film strip takes them."""

    frames: list[Audit | dict[str, Any]]
    whole: bool

    @property
    def audits(self) -> list[Audit]:
        return [frame for frame in self.frames if isinstance(frame, Audit)]


def _film(paths: list[str], ask: Ask, page: Path | None, as_json: bool) -> int:
    reel = _reel(paths, ask)
    if not reel.audits:
        if not reel.whole:
            raise KeyboardInterrupt
        failures = "; ".join(f"{frame['name']}: {frame['failure']}" for frame in reel.frames if not isinstance(frame, Audit))
        raise InvalidInput(f"none of the {len(paths)} files could be audited ({failures}).")
    film = analysis.film_strip(reel.frames)
    audits = [frame.to_dict() if isinstance(frame, Audit) else frame for frame in reel.frames]
    _show(film.summary(), {"schema": SCHEMA, "audits": audits}, as_json)
    if page is not None:
        film.to_html(page)
        note(f"film strip: {page}")
    if not reel.whole:
        return _interrupted(f"{len(paths) - len(reel.frames)} of {len(paths)} files were not audited")
    return int(len(reel.audits) < len(reel.frames))


def _reel(paths: list[str], ask: Ask) -> _Reel:
    """Audit one file after the other; one that fails is noted, an interrupt ends it."""
    frames: list[Audit | dict[str, Any]] = []
    for number, path in enumerate(paths, 1):
        try:
            report, whole = _audited(path, ask)
        except DynlatchError as error:
            reason = " ".join(str(error).split())
            frames.append({"name": Path(path).name, "failure": reason})
            note(f"{number}/{len(paths)} {path}: not audited: {reason}")
            continue
        except KeyboardInterrupt:
            return _Reel(frames, False)
        frames.append(report)
        note(f"{number}/{len(paths)} {path}: {len(report.memories)} memory states. {report.findings[0].sentence}")
        if not whole:
            return _Reel(frames, False)
    return _Reel(frames, True)


def _show(text: str, numbers: dict[str, Any], as_json: bool) -> None:
    if as_json:
        write_json(numbers)
    else:
        write(text)


def _interrupted(what: str) -> int:
    note(f"dynlatch: interrupted; {what}.")
    return INTERRUPTED


def _writable(option: str, out: str) -> Path:
    """A path to write to, refused before the work if its folder is not there."""
    path = Path(out)
    if not path.parent.is_dir():
        raise InvalidInput(f"`{option}` is {out!r}, but there is no folder {str(path.parent)!r}.")
    return path
