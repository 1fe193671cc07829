"""`dynlatch merge STORE... --into STORE`."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from dynlatch.commands.output import note, write
from dynlatch.training.sweeps import merge as join


def merge(*stores: str, into: Annotated[str, Parameter(name="--into")]) -> int:
    """Join the stores that the shards of a sweep filled into one.

    Parameters
    ----------
    stores
        Stores that `sweep` wrote with the same seed and settings.
    into
        The store to write; made if there is none, added to if there is.
    """
    table = join(stores, into)
    write(table.summary())
    note(f"store: {into}")
    return 0
