"""What `dynlatch reproduce` was asked for: every flag checked before anything costly is loaded."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from dynlatch.errors import InvalidInput
from dynlatch.validation import count

# What `experiments.ALL` has: written here so that a slip of the pen is answered before Numba is loaded.
PAPERS = (
    *("table1", "table2", "table3", "table4", "latch"),
    *("figure1b", "figure2a", "figure2b", "figure3", "figure4", "flip-flop"),
)
CHAPTER = ("diffusion", "guessing", "iohmm", "lstm", "narx", "time-constants", "chunker", "ring", "remedies")
NAMES = (*PAPERS, *CHAPTER)
GROUPS = {"all": PAPERS, "chapter": CHAPTER}  # the papers' own results, and those of the remedies that the 2001 chapter names
SCALES = ("micro", "mini", "full")
STORE = "trials.db"


class Asked(NamedTuple):
    """What was asked for, checked."""

    names: tuple[str, ...]
    scale: str
    trials: int | None
    jobs: int
    out: Path | None
    store: Path | None
    shard: tuple[int, int] | None
    scheduler: str | None
    rng: int

    @property
    def command(self) -> str:
        """The same again, in one line."""
        options = {
            "--scale": self.scale,
            "--trials": self.trials,
            "--jobs": None if self.jobs == 1 else self.jobs,
            "--shard": None if self.shard is None else "{}/{}".format(*self.shard),
            "--backend": None if self.scheduler is None else "dask",
            "--scheduler": self.scheduler,
            "--rng": self.rng,
            "--out": self.out,
            "--store": None if self.store == _store(self.out, None, self.shard) else self.store,
        }
        given = [word for name, value in options.items() if value is not None for word in (name, str(value))]
        return shlex.join(["dynlatch", "reproduce", *self._named, *given])

    @property
    def _named(self) -> tuple[str, ...]:
        return next(((group,) for group, names in GROUPS.items() if names == self.names), self.names)


def checked(
    names: Sequence[str],
    scale: str,
    trials: int | None,
    jobs: int,
    out: str | None,
    store: str | None,
    shard: str | None,
    backend: str,
    scheduler: str | None,
    rng: int,
) -> Asked:
    """The arguments of `reproduce`, each refused in one sentence if it makes no sense."""
    unknown = [name for name in names if name not in (*NAMES, *GROUPS)]
    if unknown:
        raise InvalidInput(f"there is no experiment {unknown[0]!r}; there are {', '.join((*NAMES, *GROUPS))}.")
    if scale not in SCALES:
        raise InvalidInput(f"`--scale` must be one of {', '.join(SCALES)}; got {scale!r}.")
    if trials is not None:
        count("--trials", trials, least=1)
    if jobs != -1 and jobs < 1:
        raise InvalidInput(f"`--jobs` must be at least 1, or -1 for one process a core; got {jobs}.")
    if backend not in ("loky", "dask"):
        raise InvalidInput(f"`--backend` must be loky or dask; got {backend!r}.")
    if (backend == "dask") != (scheduler is not None):
        raise InvalidInput("`--backend dask` and `--scheduler tcp://HOST:PORT` go together: give both or neither.")
    chosen = tuple(dict.fromkeys(one for name in names or ("all",) for one in GROUPS.get(name, (name,))))
    folder, part = _folder(out), _part(shard)
    if part is not None and folder is None and store is None:
        raise InvalidInput("`--shard` fills a store: give `--store FILE` or `--out FOLDER`.")
    return Asked(chosen, scale, trials, jobs, folder, _store(folder, store, part), part, scheduler, count("--rng", rng))


def _folder(out: str | None) -> Path | None:
    """The folder of the report; made before the work, so that it is not in vain."""
    if out is None:
        return None
    path = Path(out)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInput(f"`--out` is {out!r}, which cannot be a folder: {error.strerror or error}.") from None
    return path


def _part(shard: str | None) -> tuple[int, int] | None:
    if shard is None:
        return None
    found = re.fullmatch(r"(\d+)/(\d+)", shard)
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        raise InvalidInput(f"`--shard` must be i/n with 1 <= i <= n, as in 2/8; got {shard!r}.")
    return int(found[1]), int(found[2])


def _store(folder: Path | None, store: str | None, part: tuple[int, int] | None) -> Path | None:
    """Where trials are kept: every shard has a file of its own, since a store has one writer."""
    if store is not None:
        return Path(store)
    if folder is None:
        return None
    return folder / (STORE if part is None else "trials-{}-of-{}.db".format(*part))
