"""Executors for reports: processes of this machine, or a dask cluster; any `concurrent.futures` executor works."""

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from typing import Any

from phm_utils.batch.execute import Job, Outcome
from phm_utils.errors import InputError
from phm_utils.params import Resources

SECONDS_TO_STOP = 5
Work = Callable[[Job], Outcome]


def executor_maker(resources: Resources, workers: int | None = None) -> Callable[[], Executor]:
    """A function that returns a new executor, as set in the parameter file."""
    if scheduler := resources.dask_scheduler:
        return lambda: _dask(scheduler)
    return lambda: processes(workers or resources.workers)


def processes(workers: int) -> Executor:
    """Worker processes, spawned: a forked one would inherit threads and open connections."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=start_worker)


def start_worker() -> None:
    """Initialise a worker process: it ends with the run that started it, and only that run may stop it.

    Without the watching thread, the workers of a killed run would wait for
    ever. Control-C reaches every process of a terminal: a worker ignores it
    and prints nothing.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL + 1)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=lambda: (wait([parent.sentinel]), os._exit(1)), daemon=True).start()


def _dask(address: str) -> Executor:
    try:
        from distributed import Client
    except ImportError:
        raise InputError(
            "resources.dask_scheduler is set, but dask.distributed is not installed. "
            "Run `pip install --require-hashes --no-deps -r locks/dask.txt` in the workbook's folder, or remove the "
            "setting to use this machine's processes."
        ) from None
    try:
        return DaskExecutor(Client(address, timeout=10))
    except (OSError, TimeoutError, ValueError):
        raise InputError(
            f"No dask scheduler answers at {address}. Start one (`dask scheduler`), or remove resources.dask_scheduler."
        ) from None


class DaskExecutor(Executor):
    """A dask cluster as an ordinary executor: dask's own takes no `cancel_futures`, and leaves its client open."""

    def __init__(self, client: Any) -> None:
        self.client, self.inner = client, client.get_executor()

    def submit(self, work: Callable, /, *given: Any, **named: Any) -> Future:
        return self.inner.submit(work, *given, **named)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self.inner.shutdown(wait=wait and not cancel_futures)
        self.client.close()


def outcomes(make: Callable[[], Executor], work: Work, jobs: list[Job]) -> Iterator[Outcome]:
    """Each job's outcome as it comes; a worker that dies fails only its own job.

    When a process dies, its pool fails every job that was not finished. These
    are then done one by one, so that the failing job is known and the others
    still get their reports.
    """
    unfinished = {job.step: job for job in jobs}
    executor = make()
    try:
        for future in as_completed([executor.submit(work, job) for job in jobs]):
            outcome = future.result()
            del unfinished[outcome.step]
            yield outcome
    except BrokenProcessPool:
        yield from _one_by_one(make, work, list(unfinished.values()))
    except BaseException:
        _stop_workers()
        raise
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


def _stop_workers() -> None:
    """End the processes at once, and so their kernels. The next run repeats their jobs."""
    for child in multiprocessing.active_children():
        child.terminate()
    for child in multiprocessing.active_children():
        child.join(SECONDS_TO_STOP)


def _one_by_one(make: Callable[[], Executor], work: Work, jobs: list[Job]) -> Iterator[Outcome]:
    executor = make()
    try:
        for job in jobs:
            try:
                yield executor.submit(work, job).result()
            except BrokenProcessPool:
                job.html.unlink(missing_ok=True)
                yield Outcome(job.step, False, 0.0, "The worker process died (out of memory?).")
                executor = make()
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
