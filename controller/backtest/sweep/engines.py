"""Where the pieces of a sweep are done: in threads and processes of this machine, or on a cluster by Dask.

Dask and not Ray: it is a plain Python package for every platform, its workers are started by one command, and a piece
whose worker has died is done again elsewhere without a word. Whoever does a piece, it has the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from controller.backtest.sweep.store import Store
from controller.backtest.sweep.work import COMPILED, Piece, Work
from controller.errors import InputError, MissingExtraError

Progress = Callable[[int], None]
"""Told how many more configurations are done."""


def sweep(
    work: Work, store: Store, *, jobs: int = 1, cluster: str | None = None, progress: Progress = lambda _done: None
) -> None:
    """Does what is missing; each piece is in the store as soon as it is done.

    Parameters
    ----------
    jobs : threads where all is compiled, else processes; -1: one for each core.
    cluster : address of a Dask scheduler, ``tcp://host:8786``.

    Raises
    ------
    InputError
        When the cluster cannot be reached.
    """
    missing = store.missing()
    progress(store.count - sum(min(store.size, store.count - first) for first in missing))
    done = _local(work, store, missing, jobs) if cluster is None else _remote(work, store, missing, cluster)
    for piece in done:
        store.write(work, piece)
        progress(len(piece.table))


def _local(work: Work, store: Store, missing: list[int], jobs: int) -> Iterable[Piece]:
    if jobs == 1 or len(missing) < 2:
        return (work.piece(first, store.size) for first in missing)
    try:
        from joblib import Parallel, delayed
    except ImportError:
        raise MissingExtraError("research", "joblib") from None
    _ = work.track  # threads share it
    threads = {"prefer": "threads"} if work.size == COMPILED else {}
    run = Parallel(n_jobs=jobs, return_as="generator_unordered", **threads)
    found: Iterable[Piece] = run(delayed(work.piece)(first, store.size) for first in missing)
    return found


def _remote(work: Work, store: Store, missing: list[int], address: str) -> Iterable[Piece]:
    try:
        from distributed import Client, as_completed
    except ImportError:
        raise MissingExtraError("cluster", "distributed") from None
    try:
        client: Any = Client(address, timeout=5)  # type: ignore[no-untyped-call]
    except OSError as error:
        raise InputError(
            f"There is no cluster at {address}: {error}.", "Start one with dask scheduler and dask worker."
        ) from None
    with client:
        # every worker has its own copy, so that none of them is needed for it
        everywhere = client.scatter(work, broadcast=True, hash=False)
        futures = [client.submit(_piece, everywhere, first, store.size, pure=False, retries=5) for first in missing]
        for future in as_completed(futures):  # type: ignore[no-untyped-call]
            yield future.result()


def _piece(work: Work, first: int, count: int) -> Piece:
    return work.piece(first, count)
