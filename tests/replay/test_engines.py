"""Engines: wherever the work is done, and whoever dies meanwhile, the result is the same."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest
from msgspec.structs import replace

from replay.archive.checking import digest, verify
from replay.archive.figures import digest as digest_of_figures
from replay.archive.figures import figures
from replay.engines import Engine, EngineFailed, EngineMissing, merged, on_dask, open_engine
from replay.engines.inline import Inline
from replay.engines.on_dask import OnDask
from replay.engines.processes import Processes
from replay.what_if import Found, Trial
from replay.what_if.archived import held, over_archive
from tests.conftest import Database
from tests.replay.archives import Ledger, tell
from tests.replay.engine_work import deadly, divided, listed, worked
from tests.replay.scenes import Clock
from tests.replay.second_book import second_book

P = TypeVar("P")
R = TypeVar("R")
LANES = (4,)
MANY = 24
"""Partitions: enough that some are left when the first is done."""


@pytest.fixture(scope="module")
def archive(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive that everybody reads."""
    ledger = Ledger(database, tmp_path_factory.mktemp("ledger"), Clock())
    tell(ledger)
    directory = tmp_path_factory.mktemp("sealed") / "archive"
    ledger.archive(directory, parts=MANY)
    return directory


@pytest.fixture(scope="module")
def expected(archive: Path) -> tuple[str, str]:
    """The digests of what this process comes to by itself."""
    return results(archive, Inline())


def results(archive: Path, engine: Engine) -> tuple[str, str]:
    """Return the digests of a verification and of the figures."""
    report = verify(archive, engine)
    assert report.clean
    return digest(report), digest_of_figures(figures(archive, engine))


@pytest.fixture(scope="module")
def trial(archive: Path) -> Trial:
    """A second book that promises otherwise, tried on what the archive holds."""
    known = held(archive, Inline())
    return Trial(adopted=known.adopted, other=second_book(), until=known.until)


@pytest.fixture(scope="module")
def found(archive: Path, trial: Trial) -> Found:
    """What this process finds by itself."""
    found = over_archive(archive, trial, Inline())
    assert found.totals.tickets == found.totals.changed > MANY // 2
    assert len(found.differences) > found.totals.tickets
    return found


class Shuffled(Inline):
    """An engine whose results are ready in any order."""

    def map(self, work: Callable[[P], R], partitions: Sequence[P], /) -> Iterator[tuple[int, R]]:
        """Yield the results in an order of its own."""
        found = list(super().map(work, partitions))
        random.Random(len(found)).shuffle(found)
        yield from found


@pytest.fixture(scope="module")
def started() -> Iterator[dict[str, Engine]]:
    """An engine of each kind, started once."""
    with ExitStack() as ending:
        yield {
            name: ending.enter_context(open_engine(name, workers=2))
            for name in ("inline", "processes", "dask")
        }


@pytest.mark.parametrize("name", ["processes", "dask"])
def test_every_engine_comes_to_the_same(
    archive: Path, expected: tuple[str, str], started: dict[str, Engine], name: str
) -> None:
    """A figure that depends on where it was worked out is none."""
    assert results(archive, started[name]) == expected


def test_a_cluster_that_runs_already_is_used(
    archive: Path, expected: tuple[str, str], started: dict[str, Engine]
) -> None:
    """Whoever has machines has a scheduler."""
    running = started["dask"]
    assert isinstance(running, OnDask)
    address = running.client.scheduler.address
    with open_engine("dask", scheduler=address) as engine:
        assert results(archive, engine) == expected


def test_ray_comes_to_the_same(archive: Path, expected: tuple[str, str]) -> None:
    """Ray stands behind the same interface; where it is not installed nothing is said of it."""
    pytest.importorskip("ray", reason="the extra `ray` is not installed")
    with open_engine("ray", workers=2) as engine:
        assert results(archive, engine) == expected


def test_the_order_in_which_results_are_ready_changes_nothing(
    archive: Path, expected: tuple[str, str]
) -> None:
    """Merging need only be associative."""
    assert results(archive, Shuffled()) == expected
    told = merged(Shuffled(), listed, range(50), list.__add__, [])
    assert told == list(range(50))


def test_a_worker_of_dask_that_is_killed_in_the_middle_changes_nothing(
    archive: Path, expected: tuple[str, str]
) -> None:
    """SIGKILL when the first result is in: its work, and what it had not delivered, is repeated."""
    with open_engine("dask", workers=2) as engine:
        assert isinstance(engine, OnDask)
        pids = list(engine.client.run(os.getpid).values())
        assert len(pids) == 2
        killed: list[int] = []

        def kill(done: int, total: int) -> None:
            if done and not killed:
                assert done < total, "there is work left"
                os.kill(pids[0], signal.SIGKILL)
                killed.append(pids[0])

        report = verify(archive, engine, progress=kill)
        assert killed
        assert digest(report) == expected[0]
        pids = [one for one in engine.client.run(os.getpid).values() if one not in killed]
        killed.clear()
        told = figures(archive, engine, progress=kill)
        assert killed
        assert digest_of_figures(told) == expected[1]


@pytest.mark.parametrize("name", ["processes", "dask"])
def test_every_engine_finds_the_same_differences_under_a_second_book(
    archive: Path, trial: Trial, found: Found, started: dict[str, Engine], name: str
) -> None:
    """What another book would have done is asked of months of history, on many machines."""
    assert held(archive, started[name]).until == trial.until
    assert over_archive(archive, trial, started[name]) == found
    assert over_archive(archive, replace(trial, listed=False), started[name]) == Found(found.totals)


def test_what_if_comes_to_the_same_when_a_worker_of_dask_is_killed(
    archive: Path, trial: Trial, found: Found
) -> None:
    """SIGKILL when the first part is in: no ticket is lost, and none is counted twice."""
    with open_engine("dask", workers=2) as engine:
        assert isinstance(engine, OnDask)
        victim, _ = engine.client.run(os.getpid).values()
        killed: list[int] = []

        def kill(done: int, total: int) -> None:
            if done and not killed:
                assert done < total, "there is work left"
                os.kill(victim, signal.SIGKILL)
                killed.append(victim)

        assert over_archive(archive, trial, engine, progress=kill) == found
        assert killed == [victim]


def test_a_process_that_is_killed_in_the_middle_changes_nothing() -> None:
    """The dead one is replaced, and what it had begun is worked out again."""
    whole = {one: worked(one)[1] for one in range(MANY)}
    engine = Processes(2)
    found: dict[int, str] = {}
    killed = 0
    try:
        for number, (pid, value) in engine.map(worked, range(MANY)):
            assert number not in found
            found[number] = value
            if not killed:
                killed = pid
                os.kill(pid, signal.SIGKILL)
    finally:
        engine.close()
    assert killed != os.getpid()
    assert found == whole


def test_work_that_kills_every_worker_is_given_up() -> None:
    """Or it would be tried for ever."""
    engine = Processes(1)
    try:
        with pytest.raises(EngineFailed, match="died"):
            list(engine.map(deadly, range(3)))
    finally:
        engine.close()


@pytest.mark.parametrize("name", ["inline", "processes", "dask"])
def test_what_a_partition_raises_is_raised(started: dict[str, Engine], name: str) -> None:
    """An error is not a result, and no engine hides it."""
    with pytest.raises(ZeroDivisionError):
        list(started[name].map(partial(divided, 1), [1, 0]))
    assert sorted(started[name].map(partial(divided, 1), [1, 2])) == [(0, 1.0), (1, 0.5)]


def test_what_a_partition_raises_is_told_by_nobody_else(started: dict[str, Engine]) -> None:
    """A worker's own account of it would stand before the words for a person."""
    running = started["dask"]
    assert isinstance(running, OnDask)
    with pytest.raises(ZeroDivisionError):
        list(running.map(partial(divided, 1), [0]))
    told = str(running.client.get_worker_logs())
    assert "ZeroDivisionError" not in told
    assert "divided" not in told


CLUSTER = """
import signal
from distributed import LocalCluster

if __name__ == "__main__":
    quiet = {"dashboard_address": "127.0.0.1:0", "scheduler_kwargs": {"dashboard": False}}
    with LocalCluster(n_workers=WORKERS, processes=False, protocol="tcp", **quiet) as cluster:
        print(cluster.scheduler_address, flush=True)
        signal.pause()
"""


@contextmanager
def cluster(workers: int) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Give a Dask cluster by its address, and the one process it lives in."""
    process = subprocess.Popen(
        [sys.executable, "-c", CLUSTER.replace("WORKERS", str(workers))],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().decode().strip(), process
    finally:
        process.kill()
        process.wait(30)
        process.stdout.close()


def test_a_scheduler_that_is_killed_in_the_middle_is_said() -> None:
    """Nothing can be repeated without it, and a traceback tells nobody what to do."""
    with (
        cluster(workers=1) as (address, process),
        open_engine("dask", scheduler=address) as engine,
    ):
        answers = engine.map(worked, range(1_000))
        next(answers)
        process.kill()
        with pytest.raises(EngineFailed, match="the scheduler is gone"):
            list(answers)


def test_a_scheduler_without_workers_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would take the work and keep it for ever."""
    monkeypatch.setattr(on_dask, "CONNECT_S", 2)
    with (
        cluster(workers=0) as (address, _),
        pytest.raises(EngineFailed, match=f"{address} had no worker within 2 seconds"),
        open_engine("dask", scheduler=address),
    ):
        pass


def test_a_scheduler_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong address is the commonest mistake."""
    monkeypatch.setattr(on_dask, "CONNECT_S", 1)
    with (
        pytest.raises(EngineFailed, match="no Dask scheduler"),
        open_engine("dask", scheduler="tcp://127.0.0.1:9"),
    ):
        pass


def test_a_missing_package_is_said_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Extras are not for everybody."""
    for module, engine in (("distributed", "dask"), ("ray", "ray")):
        monkeypatch.setitem(sys.modules, module, None)
        monkeypatch.delitem(sys.modules, f"replay.engines.on_{engine}", raising=False)
        with pytest.raises(EngineMissing) as missing, open_engine(engine):
            pass
        assert missing.value.remedy == f"pip install 'ticketledger[{engine}]'"
