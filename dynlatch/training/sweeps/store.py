"""Where finished trials are kept: one SQLite file, one writer. A trial is done if and only if its row exists.

Rows are written a block at a time, in one transaction; after a kill the file holds every block that was acknowledged, whole.
SQLite has no checksums: every row carries one, the seal, so that a damaged number is not taken for a result.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from operator import eq
from pathlib import Path
from struct import Struct
from struct import error as StructError
from typing import Any, NamedTuple
from zlib import crc32

from dynlatch.errors import DynlatchError, InvalidInput, UnreadableFile

FORMAT = "dynlatch.sweep/2"
EVERY = 2**62  # trials: more than there are
LONGEST_ROOT = 4000  # digits: Python reads no longer numbers
PATIENCE = 1.0  # seconds to wait for another process that writes at this moment
SCHEMA = """
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE cells (name TEXT PRIMARY KEY, settings TEXT NOT NULL, facts TEXT NOT NULL, seal INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE trials (
    cell TEXT NOT NULL, trial INTEGER NOT NULL, error REAL NOT NULL, presentations INTEGER NOT NULL, outcome TEXT NOT NULL,
    weights BLOB NOT NULL, words TEXT NOT NULL, facts BLOB NOT NULL, seal INTEGER NOT NULL, PRIMARY KEY (cell, trial)
) WITHOUT ROWID;
"""


class Entry(NamedTuple):
    """One cell."""

    name: str
    settings: str
    facts: str  # names of what the monitor measures, comma between


class Row(NamedTuple):
    """One finished trial."""

    cell: str
    trial: int
    error: float
    presentations: int
    outcome: str
    weights: bytes  # float64, little-endian
    words: str  # what the monitor saw
    facts: bytes  # what it measured, float64, little-endian; the names are with the cell


NUMBERS = Struct("<qdq")  # of a row

Columns = tuple[tuple[Any, ...], ...]


def _seal(
    cell: str, trial: int, error: float, presentations: int, outcome: str, weights: bytes, words: str, facts: bytes
) -> int:
    """CRC-32 of a row."""
    numbers = NUMBERS.pack(trial, error, presentations)
    return crc32(b"\0".join((cell.encode(), numbers, outcome.encode(), weights, words.encode(), facts)))


def _whole(seal: Callable[..., int], columns: Sequence[tuple[Any, ...]], seals: tuple[Any, ...]) -> bool:
    try:
        return all(map(eq, map(seal, *columns), seals))
    except (TypeError, AttributeError, StructError):  # a value of another type
        return False


def _seal_of_cell(name: str, settings: str, facts: str) -> int:
    return crc32("\0".join((name, settings, facts)).encode())


class Store:
    """An open store; use `opened`."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self._checked = False  # before the first write

    @property
    def root(self) -> int:
        """The root of all seeds."""
        root = self._about("root")
        if not root.isdecimal() or len(root) > LONGEST_ROOT:
            raise self._damaged(f"the root of its seeds is {root!r}")
        return int(root)

    def _about(self, name: str) -> str:
        found = self._connection.execute("SELECT value FROM about WHERE name = ?", (name,)).fetchone()
        return "" if found is None else str(found[0])

    def enter(self, cells: Iterable[Entry]) -> None:
        """Note the settings of cells; refuse cells that the store holds with other settings."""
        known = self.cells()
        fresh = []
        for entry in cells:
            if known.get(entry.name, entry) != entry:
                raise InvalidInput(
                    f"the store {str(self.path)!r} holds the cell {entry.name!r} with other settings: "
                    "rename the cell, or take another store."
                )
            if entry.name not in known:
                fresh.append((*entry, _seal_of_cell(*entry)))
        if fresh:
            with self._writing():
                self._connection.executemany("INSERT INTO cells VALUES (?, ?, ?, ?)", fresh)

    def cells(self) -> dict[str, Entry]:
        """Every cell, by name."""
        found = self._connection.execute("SELECT * FROM cells ORDER BY name").fetchall()
        *columns, seals = zip(*found, strict=True) if found else ((), ())
        if not _whole(_seal_of_cell, columns, seals):
            raise self._damaged("the settings of a cell do not have their checksum")
        return {name: Entry(name, settings, facts) for name, settings, facts, _ in found}

    def write(self, rows: Iterable[Row]) -> None:
        """Acknowledge a block: all of its rows or none."""
        sealed = [(*row, _seal(*row)) for row in rows]
        with self._writing():
            self._connection.executemany("INSERT OR IGNORE INTO trials VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", sealed)

    def columns(self, cell: str, trials: int = EVERY) -> Columns:
        """The finished ones of the first `trials` trials of a cell, in order, a tuple a column of `Row`; () if none is."""
        asked = "SELECT * FROM trials WHERE cell = ? AND trial < ? ORDER BY trial"
        found = self._connection.execute(asked, (cell, trials)).fetchall()
        if not found:
            return ()
        *columns, seals = zip(*found, strict=True)
        if not _whole(_seal, columns, seals):
            raise self._damaged(f"a trial of the cell {cell!r} does not have its checksum")
        return tuple(columns)

    def rows(self, cell: str) -> list[Row]:
        """All finished trials of a cell, in order."""
        return [Row(*values) for values in zip(*self.columns(cell), strict=True)]

    def sound(self) -> None:
        """Refuse a file that SQLite finds damaged."""
        found = self._connection.execute("PRAGMA quick_check").fetchone()[0]
        if found != "ok":
            raise self._damaged(str(found).splitlines()[-1])

    def _damaged(self, why: str) -> UnreadableFile:
        return UnreadableFile(f"the store {str(self.path)!r} is damaged ({why}): restore a copy, or start a new one.")

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with _sentences(self.path):
            if not self._checked:
                self.sound()
                self._checked = True
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise


@contextmanager
def opened(path: str | Path, root: int | None = None) -> Iterator[Store]:
    """The store at `path`, to be read; with `root` made if there is none, and checked to have been made with that root.

    Raises
    ------
    UnreadableFile
        If the file is damaged, something else, of another version, locked, or the disk is full. It is left as it was.
    InvalidInput
        If it was made with another root of the seeds.
    """
    target = Path(path)
    with _sentences(target):
        if not target.exists():
            if root is None:
                raise UnreadableFile(f"there is no store {str(target)!r}.")
            _make(target, root)
        connection = sqlite3.connect(f"{target.absolute().as_uri()}?mode=rw", uri=True, timeout=PATIENCE, isolation_level=None)
        try:
            _check(connection, target)
            store = Store(target, connection)
            if root is not None and store.root != root:
                raise InvalidInput(
                    f"the store {str(target)!r} was made with `rng={store.root}`, not {root}: take another store."
                )
            yield store
        finally:
            connection.close()


@contextmanager
def alone(path: str | Path) -> Iterator[None]:
    """Keep other writers out for as long as the process lives: a lock of SQLite's on a file beside the store."""
    target = Path(path)
    beside = target.with_name(target.name + ".lock")
    with _sentences(beside):
        connection = sqlite3.connect(beside, timeout=0.0, isolation_level=None)
    try:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            raise UnreadableFile(
                f"another process is filling the store {str(target)!r}: wait for it, or take another store."
            ) from None
        yield
    finally:
        connection.close()


def _make(path: Path, root: int) -> None:
    """An empty store; it appears under its name only when it is complete."""
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    connection = sqlite3.connect(partial, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(SCHEMA)
        connection.executemany("INSERT INTO about VALUES (?, ?)", [("format", FORMAT), ("root", str(root))])
        connection.close()
        partial.replace(path)
    finally:
        connection.close()
        partial.unlink(missing_ok=True)


def _check(connection: sqlite3.Connection, path: Path) -> None:
    found = dict(connection.execute("SELECT name, sql FROM sqlite_master"))
    if "about" not in found:
        raise UnreadableFile(f"{str(path)!r} is a database of something else, no store of dynlatch.")
    version = connection.execute("SELECT value FROM about WHERE name = 'format'").fetchone()
    if version is None or version[0] != FORMAT:
        kind = None if version is None else version[0]
        raise UnreadableFile(f"{str(path)!r} has format {kind!r}; this version of dynlatch reads {FORMAT!r}.")
    # A view in place of a table is a program, and may run for ever.
    if sorted(map(str, found.values())) != sorted(part.strip() for part in SCHEMA.split(";") if part.strip()):
        raise UnreadableFile(f"{str(path)!r} is no store of dynlatch, or is damaged (its tables are others).")


@contextmanager
def _sentences(path: Path) -> Iterator[None]:
    """Errors of SQLite and of the file system as one sentence each."""
    try:
        yield
    except DynlatchError:  # one of them is an OSError
        raise
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise UnreadableFile(_sentence(path, " ".join(str(error).split()))) from None
    except OSError as error:
        raise UnreadableFile(f"cannot use {str(path)!r}: {error.strerror or error}.") from None


def _sentence(path: Path, error: str) -> str:
    name = repr(str(path))
    if "locked" in error:
        return f"the store {name} is locked by another process: close it and try again; nothing that was stored is lost."
    if "full" in error or "disk I/O error" in error:
        return (
            f"the disk of the store {name} is full or fails ({error}): make room and run the same command again; "
            "finished blocks are kept."
        )
    if "readonly" in error:
        return f"the store {name} may only be read: take another place."
    if "unable to open" in error:
        return f"cannot open or make the store {name}: does the folder exist, and may it be written?"
    return f"{name} is no store of dynlatch, or is damaged ({error})."
