"""Work goes to any executor, and a worker that dies fails only its own job."""

import sys
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from types import SimpleNamespace

import pytest

from phm_utils.batch.execute import Outcome
from phm_utils.batch.executors import executor_maker, outcomes
from phm_utils.errors import InputError
from phm_utils.params import Resources


class Pool(Executor):
    """Works at once in this process; a deadly job breaks the pool and every job after it."""

    def __init__(self) -> None:
        self.broken = False

    def submit(self, work, job) -> Future:
        future: Future = Future()
        self.broken = self.broken or job.step == "deadly"
        if self.broken:
            future.set_exception(BrokenProcessPool())
        else:
            future.set_result(work(job))
        return future


def job(step: str, tmp_path):
    return SimpleNamespace(step=step, html=tmp_path / f"{step}.html")


def work(job) -> Outcome:
    return Outcome(job.step, True, 0.0)


def test_outcomes_come_from_any_executor(tmp_path):
    jobs = [job(str(n), tmp_path) for n in range(5)]
    found = list(outcomes(lambda: ThreadPoolExecutor(2), work, jobs))
    assert sorted(o.step for o in found) == ["0", "1", "2", "3", "4"]


def test_a_worker_that_dies_fails_its_own_job_alone_and_leaves_no_stale_page(tmp_path):
    jobs = [job(step, tmp_path) for step in ("first", "deadly", "last")]
    jobs[1].html.write_text("last month's page")
    found = {o.step: o for o in outcomes(Pool, work, jobs)}
    assert [found[s].ok for s in ("first", "deadly", "last")] == [True, False, True]
    assert "worker process died" in found["deadly"].error
    assert not jobs[1].html.exists()


def test_a_dask_scheduler_without_dask_installed_is_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r"-r locks/dask\.txt"):
        executor_maker(Resources(dask_scheduler="tcp://127.0.0.1:8786"))()


def test_a_dask_scheduler_gets_the_work_and_its_client_is_closed(monkeypatch):
    said = []

    class DasksOwn(ThreadPoolExecutor):
        def shutdown(self, wait=True):  # as dask.distributed has it
            super().shutdown(wait=wait)

    class Client:
        def __init__(self, address: str, timeout: int) -> None:
            said.append(address)

        def get_executor(self) -> Executor:
            return DasksOwn(1)

        def close(self) -> None:
            said.append("closed")

    monkeypatch.setitem(sys.modules, "distributed", SimpleNamespace(Client=Client))
    make = executor_maker(Resources(dask_scheduler="tcp://127.0.0.1:8786"))
    assert [o.step for o in outcomes(make, work, [SimpleNamespace(step="one")])] == ["one"]
    assert said == ["tcp://127.0.0.1:8786", "closed"]


def test_a_dask_scheduler_that_does_not_answer_is_refused(monkeypatch):
    class Client:
        def __init__(self, address: str, timeout: int) -> None:
            raise OSError("Timed out")

    monkeypatch.setitem(sys.modules, "distributed", SimpleNamespace(Client=Client))
    with pytest.raises(InputError, match="No dask scheduler answers at tcp://"):
        executor_maker(Resources(dask_scheduler="tcp://127.0.0.1:8786"))()
