"""The command `rebuild`, over the demo's day."""

import json
import sys
from collections.abc import Callable
from contextlib import closing
from multiprocessing import active_children
from pathlib import Path
from signal import SIGINT, SIGKILL
from typing import NamedTuple

import psycopg2
import pytest

from api import cli, demo
from api.settings import Settings
from api.wiring import Dsns
from domain.ledger.recorder import Recorder
from domain.values import Instant
from projections.runner import Views
from projections.views import VIEWS
from replay.rebuild import HelperLost, Helpers, Rebuild, RecordSource, building, rebuilding, source
from tests.conftest import Database
from tests.projections.conftest import all_rows

NAMES = [view.name for view in VIEWS]


class Said(NamedTuple):
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture(scope="module")
def day(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Database:
    """A database with a small day of the demo, its views level with it."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("day"))
    dsns = Dsns(app=database.app_dsn, views=database.app_dsn)
    demo.load(settings, dsns, tickets_per_day=17, end=Instant("2026-11-22T12:00:00.000000Z"))
    level(database)
    return database


@pytest.fixture
def run(
    day: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Run the command on the day's database."""
    monkeypatch.setenv("TICKETLEDGER_DATABASE_URL", day.app_dsn)
    monkeypatch.setenv("TICKETLEDGER_DATA_DIR", str(tmp_path / "var"))

    def command(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["ticketledger", "rebuild", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return Said(int(ended.value.code or 0), said.out, said.err)

    return command


def level(database: Database) -> None:
    """Bring the live views level with the record, as a worker does."""
    with (
        closing(Recorder.connect(database.app_dsn)) as recorder,
        closing(Views(database.app_dsn, RecordSource(recorder))) as views,
    ):
        views.prepare()
        assert views.catch_up(120), views.failure()


def execute(database: Database, statement: str) -> None:
    """Change a live view behind everybody's back."""
    with (
        closing(psycopg2.connect(database.app_dsn)) as connection,
        connection,
        connection.cursor() as db,
    ):
        db.execute(statement)


def test_views_of_the_demos_day_are_what_the_record_says(run: Run) -> None:
    """The release gate in one command, and nothing is left behind."""
    said = run("--compare", "--json")
    assert said.code == 0, said.out
    found = json.loads(said.out)
    assert (found["rebuilt"], found["same"], found["swapped"]) == (NAMES, True, False)
    tables = {one["table"]: one for view in found["views"] for one in view["tables"]}
    assert tables["queue"]["live_rows"] == tables["queue"]["rebuilt_rows"] >= 25
    assert run("queue", "--compare").out.splitlines()[-1] == "Nothing differs."


def test_deleting_all_views_of_the_day_loses_nothing(run: Run, day: Database) -> None:
    """Dropped by hand, and put there again by the command alone."""
    with closing(psycopg2.connect(day.app_dsn, options="-c timezone=UTC")) as connection:
        connection.autocommit = True
        with connection.cursor() as db:
            before = all_rows(db)
            views = Views(day.app_dsn, None)  # type: ignore[arg-type] # nothing is read
            views.drop()
            views.close()
            assert run("--compare").code == 3, "there is nothing to compare with"
            assert run("--swap").code == 0
            assert all_rows(db) == before


def test_what_differs_is_told_and_not_exchanged_after_a_comparison(run: Run, day: Database) -> None:
    """Exit 6 holds a release up; only who asks for the exchange alone gets it."""
    execute(day, "update view.queue set priority = 9 where ticket like 'T0-%'")
    said = run("queue", "progress_board", "--compare", "--swap", "--examples", "2")
    assert said.code == 6
    lines = said.out.splitlines()
    assert lines[0].startswith("queue at 0-")
    assert lines[0].endswith(": DIFFERENT")
    assert "differing" in lines[1]
    assert lines[2].startswith("    differing T0-")
    assert lines[2].endswith(": priority")
    assert any(line.startswith("    and ") for line in lines)
    assert lines[-1] == "The views are not what the record says."
    assert run("queue", "--compare").code == 6
    assert run("queue", "--swap").out == "Now read: queue, as rebuilt.\n"
    assert run("queue", "--compare").code == 0


def test_an_unknown_view_is_refused_with_those_there_are(run: Run) -> None:
    """Nothing is begun for the others either."""
    said = run("queue", "tomorrow", "--compare")
    assert said.code == 3
    assert "There is no view tomorrow." in said.err
    assert all(name in said.err for name in NAMES)
    assert not said.out


def test_an_interrupted_rebuild_says_that_it_goes_on(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """130, and the same command does the rest."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(building, "build", interrupted)
        said = run("--compare")
    assert said.code == 130
    assert "the same command goes on" in said.err
    assert run("--compare").code == 0


def test_several_processes_build_what_one_builds(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes parts and views of its own; who reads the result can not tell."""
    monkeypatch.setattr(rebuilding, "SHARED_MIN", 0)
    said = run("--compare", "--anew", "--processes", "2", "--json")
    assert said.code == 0, said.err
    assert json.loads(said.out)["same"]


def test_parts_and_pages_of_any_size_give_the_same_rows(
    day: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the ledger's answer is cut in pieces is chance."""
    asked: list[int] = []
    monkeypatch.setattr(source, "PAGE", 37)
    with (
        closing(Recorder.connect(day.app_dsn)) as recorder,
        Rebuild(day.app_dsn, RecordSource(recorder), lanes=1, views=VIEWS, part=300) as work,
    ):
        work.build(lambda done, _: asked.append(done), anew=True)
        assert work.compare().same
        work.drop()
    assert len(asked) > 3, "there were several parts"


@pytest.mark.parametrize("signal", [SIGINT, SIGKILL])
def test_a_rebuild_that_lost_its_processes_is_gone_on_with(
    day: Database, monkeypatch: pytest.MonkeyPatch, signal: int
) -> None:
    """Whoever is interrupted ends the others; who loses one of them says so. Nothing is lost."""
    monkeypatch.setattr(rebuilding, "SHARED_MIN", 0)
    helpers = Helpers(day.app_dsn, day.app_dsn, 1)

    def end(_done: int, _total: int) -> None:
        if signal == SIGINT:
            raise KeyboardInterrupt
        for process in active_children():
            process.kill()

    with (
        closing(Recorder.connect(day.app_dsn)) as recorder,
        Rebuild(
            day.app_dsn,
            RecordSource(recorder),
            lanes=1,
            views=VIEWS,
            part=200,
            helpers=helpers,
        ) as work,
    ):
        with pytest.raises(KeyboardInterrupt if signal == SIGINT else HelperLost):
            work.build(end, anew=True)
        work.build()
        assert work.compare().same
        work.drop()


def test_one_rebuild_at_a_time(run: Run, day: Database) -> None:
    """A conflict is no failure: the other one is at work."""
    with (
        closing(Recorder.connect(day.app_dsn)) as recorder,
        Rebuild(day.app_dsn, RecordSource(recorder), lanes=1, views=VIEWS),
    ):
        assert run().code == 4
