"""Sweeps on a Dask cluster of two worker processes: the same table, and one sentence when the cluster is lost."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time

import pytest

from dynlatch.errors import DynlatchError, InvalidInput
from dynlatch.training import BackPropagation, TwoSequence
from dynlatch.training.sweeps import Cell, sweep

pytestmark = [pytest.mark.cluster, pytest.mark.filterwarnings("default")]  # Dask's own warnings are not ours

CELLS = [Cell(f"T={T}", BackPropagation(), TwoSequence(T=T), 9, max_presentations=300, test_sequences=20) for T in (5, 20)]
LONG = [Cell("long", BackPropagation(), TwoSequence(T=50), 160, max_presentations=20_000, test_sequences=20)]


@pytest.fixture
def cluster():
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, processes=True) as made:
        yield made


def test_the_table_is_that_of_one_process(cluster, tmp_path):
    alone = sweep(CELLS, store=tmp_path / "alone.db", rng=4)
    shared = sweep(CELLS, store=tmp_path / "shared.db", rng=4, block=2, scheduler=cluster.scheduler_address)
    assert shared.digest == alone.digest


def test_a_killed_worker_is_replaced(cluster, tmp_path):
    alone = sweep(CELLS, store=tmp_path / "alone.db", rng=4)
    sweep(CELLS[:1], store=tmp_path / "shared.db", rng=4, block=2, scheduler=cluster.scheduler_address)
    for worker in list(cluster.workers.values())[:1]:
        os.kill(worker.pid, signal.SIGKILL)
    shared = sweep(CELLS, store=tmp_path / "shared.db", rng=4, block=2, scheduler=cluster.scheduler_address)
    assert shared.digest == alone.digest


def test_a_lost_scheduler_is_one_sentence(cluster, tmp_path):
    def lose():
        time.sleep(2.0)
        asyncio.run_coroutine_threadsafe(cluster.scheduler.close(), cluster.loop.asyncio_loop).result(20)

    losing = threading.Thread(target=lose)
    losing.start()
    with pytest.raises(DynlatchError, match="was lost: run the same command again"):
        sweep(LONG, store=tmp_path / "s.db", rng=4, block=4, scheduler=cluster.scheduler_address)
    losing.join()
    assert sweep(CELLS, store=tmp_path / "s.db", rng=4).names == ("T=5", "T=20")  # the store can be used


def test_no_scheduler_is_one_sentence(tmp_path):
    with pytest.raises(InvalidInput, match="there is no Dask scheduler at"):
        sweep(CELLS, store=tmp_path / "s.db", scheduler="tcp://127.0.0.1:9")
