"""Blocks on the workers of a Dask cluster instead of processes of this machine; results, store and progress are the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from dynlatch.errors import DynlatchError, InvalidInput, MissingExtra


@contextmanager
def cluster(scheduler: str | None) -> Iterator[None]:
    """Inside, joblib sends its work to this scheduler; None changes nothing.

    Raises
    ------
    MissingExtra
        If Dask is not installed.
    InvalidInput
        If there is no scheduler.
    DynlatchError
        If the cluster is lost on the way, or a block has killed several workers.
    """
    if scheduler is None:
        yield
        return
    try:
        from distributed import Client, KilledWorker
        from distributed.client import FutureCancelledError
        from distributed.comm import CommClosedError
    except ImportError:
        raise MissingExtra("a Dask cluster needs the extra `cluster`: pip install 'dynlatch[cluster]'.") from None
    from joblib import parallel_config

    try:
        client = Client(scheduler, timeout="10s", set_as_default=True)
    except (OSError, ValueError) as error:
        raise InvalidInput(f"there is no Dask scheduler at {scheduler!r} ({error}).") from None
    kept = "run the same command again when it is back; finished blocks are kept"
    try:
        with client, parallel_config(backend="dask"):
            yield
    except KilledWorker:
        raise DynlatchError(
            f"a block killed several workers of the cluster {scheduler}, for want of memory perhaps; {kept}."
        ) from None
    except (CommClosedError, FutureCancelledError, TimeoutError, OSError):
        raise DynlatchError(f"the connection to the Dask scheduler {scheduler} was lost: {kept}.") from None
