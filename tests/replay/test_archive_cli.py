"""`ticketledger archive` as a person and as a script meet it: answers, words, exit codes."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from api import cli
from api.cli.progress import Bar
from replay.archive.manifest import read
from replay.archive.matters import read_matters
from replay.archive.partitions import matter_parts
from tests.conftest import Database
from tests.replay.archives import Ledger, first_file, flip, tell
from tests.replay.scenes import Clock
from tests.replay.second_book import second_book

LANES = (1,)
PROMISE = Path(__file__).parent / "promises" / "closed_within_120_hours.toml"


class Said(NamedTuple):
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture(scope="module")
def ledger(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """A ledger with a history."""
    made = Ledger(database, tmp_path_factory.mktemp("ledger"), Clock())
    tell(made)
    return made


@pytest.fixture(scope="module")
def sealed(ledger: Ledger, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive nobody touches."""
    directory = tmp_path_factory.mktemp("sealed") / "archive"
    ledger.archive(directory)
    return directory


@pytest.fixture
def run(ledger: Ledger, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command on this module's ledger."""
    monkeypatch.setenv("TICKETLEDGER_DATABASE_URL", ledger.database.app_dsn)
    monkeypatch.setenv("TICKETLEDGER_DATA_DIR", str(ledger.directory))

    def command(*arguments: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["ticketledger", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return Said(int(ended.value.code or 0), said.out, said.err)

    return command


def test_an_archive_is_written_verified_and_counted(run: Run, tmp_path: Path) -> None:
    """The whole way, with the database gone for the second half of it."""
    archive = tmp_path / "archive"
    said = run("archive", "write", archive, "--json")
    assert said.code == 0, said.err
    told = json.loads(said.out)
    assert told["events"] == read(archive).events
    first = run("archive", "verify", archive, "--database-url", "x")
    assert first.code == 2, "a verification asks no database"
    said = run("archive", "verify", archive)
    assert said.code == 0
    assert "Nothing was found." in said.out
    assert "NOT ANCHORED OUTSIDE" in said.out
    one = json.loads(run("archive", "figures", archive, "--json").out)
    other = json.loads(run("archive", "figures", archive, "--json", "--engine", "duckdb").out)
    assert one["events"] == other["events"] == told["events"]
    assert one["by_topic"] == other["by_topic"]
    kept = json.loads(run("archive", "figures", archive, "--promise", PROMISE, "--json").out)
    assert kept["begun"] == one["tickets"]
    listed = json.loads(run("archive", "figures", archive, "--list", "open", "--json").out)
    assert (len(listed["tickets"]), listed["more"]) == (one["open"], False)
    named = ("archive", "figures", archive, "--promise", PROMISE, "--list", "begun", "--limit", "2")
    said = run(*named)
    assert len(said.out.splitlines()) == 2
    assert "more than 2" in said.err


def test_processes_come_to_the_digest_of_one(run: Run, sealed: Path) -> None:
    """The digest is what two people compare who verified on machines of their own."""
    alone = json.loads(run("archive", "verify", sealed, "--json").out)
    together = run("archive", "verify", sealed, "--json", "--engine", "processes", "--workers", "2")
    assert json.loads(together.out)["digest"] == alone["digest"]


@pytest.mark.parametrize("engine", ["processes", "dask"])
def test_what_another_book_would_have_done_is_one_table_wherever_it_is_worked_out(
    run: Run, sealed: Path, tmp_path: Path, engine: str
) -> None:
    """Who asks a cluster reads what who asks one process reads, to the letter."""
    book = tmp_path / "second.toml"
    book.write_bytes(second_book())
    asked = ("what-if", "--book", book, "--archive", sealed, "--list")
    alone = run(*asked)
    assert alone.code == 0, alone.err
    assert alone.out.count("\n") > 13, "every ticket has a difference, and a table follows"
    together = run(*asked, "--engine", engine, "--workers", "2")
    assert (together.code, together.out) == (0, alone.out)


@pytest.mark.parametrize(("before", "after"), [(b"ours", b"theirs"), (b"\n", b"\n\n")])
def test_a_book_that_is_not_the_sealed_one_is_tried_against_nothing(
    run: Run, sealed: Path, tmp_path: Path, before: bytes, after: bytes
) -> None:
    """It parses and has the right version: only its bytes tell that it was changed."""
    archive = Path(shutil.copytree(sealed, tmp_path / "archive"))
    (book,) = (archive / "books").iterdir()
    content = book.read_bytes()
    assert before in content
    book.write_bytes(content.replace(before, after, 1))
    second = tmp_path / "second.toml"
    second.write_bytes(second_book())
    said = run("what-if", "--book", second, "--archive", archive)
    assert said.code == 5
    assert f"{book.name} is not what was sealed" in said.err
    assert said.out == ""


def test_findings_end_with_6_and_a_damaged_manifest_with_5(
    run: Run, sealed: Path, tmp_path: Path
) -> None:
    """A script tells the two apart: something is not as it was written, or nothing can be read."""
    archive = Path(shutil.copytree(sealed, tmp_path / "archive"))
    victim = first_file(archive)
    flip(victim)
    said = run("archive", "verify", archive)
    assert said.code == 6
    assert f"A01 at 0-1: {victim.relative_to(archive)}" in said.out
    assert run("archive", "figures", archive).code == 5
    said = run("archive", "write", archive)
    assert said.code == 5
    assert f"{victim.relative_to(archive)} is not what the manifest says" in said.err
    flip(archive / "manifest.json")
    said = run("archive", "verify", archive)
    assert said.code == 5
    assert "manifest.json" in said.err
    assert run("archive", "verify", tmp_path / "nothing").code == 5


def test_what_can_not_be_archived_is_said(run: Run, sealed: Path, tmp_path: Path) -> None:
    """What, why, and what to do next; nothing is left half-written."""
    archive = tmp_path / "archive"
    assert run("archive", "write", archive, "--upto", "0-999999").code == 3
    assert run("archive", "write", archive, "--upto", "7-1").code == 3
    assert run("archive", "write", archive, "--upto", "yesterday").code == 2
    assert not archive.exists()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "of-something").write_text("else")
    said = run("archive", "write", tmp_path / "full")
    assert said.code == 4
    assert "name another directory" in said.err
    assert run("archive", "write", tmp_path / "full" / "of-something").code == 1
    assert run("archive", "verify", sealed, "--engine", "abacus").code == 2
    assert run("archive", "verify", sealed, "--engine", "duckdb").code == 2
    assert run("archive", "verify", sealed, "--scheduler", "tcp://x:1").code == 2
    assert run("archive", "verify", sealed, "--key", "no key").code == 2
    both = ("archive", "figures", sealed, "--engine", "duckdb", "--promise", PROMISE)
    assert run(*both).code == 2
    assert run("archive", "figures", sealed, "--engine", "duckdb", "--list", "open").code == 2
    said = run("archive", "figures", sealed, "--list", "by_topic=x")
    assert said.code == 2
    assert "'by_topic=x' is none of" in said.err


def test_a_moment_within_a_command_is_moved_and_that_is_said(
    run: Run, sealed: Path, tmp_path: Path
) -> None:
    """Who asked for a position must not believe that the archive ends there."""
    batches = (read_matters(task) for task in matter_parts(sealed, read(sealed)))
    commands: dict[str, list[int]] = {}
    for record in (one for matters in batches for matter in matters for one in matter.records):
        commands.setdefault(record.envelope.cause.command, []).append(record.position)
    positions = sorted(max(commands.values(), key=len))
    assert len(positions) > 1
    said = run("archive", "write", tmp_path / "cut", "--upto", f"0-{positions[0]}", "--json")
    assert said.code == 0, said.err
    assert json.loads(said.out)["upto"] == f"0-{positions[-1]}"
    assert f"Lane 0 ends at {positions[-1]}, not {positions[0]}" in said.err
    said = run("archive", "write", tmp_path / "cut", "--upto", f"0-{positions[-1]}")
    assert "ends at" not in said.err


def test_ctrl_c_ends_with_130_and_the_same_command_goes_on(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A night's work is not lost."""
    archive = tmp_path / "archive"
    with monkeypatch.context() as stopped:
        stopped.setattr(Bar, "draw", _interrupted)
        said = run("archive", "write", archive)
    assert said.code == 130
    assert "Run the same command again" in said.err
    assert not (archive / "manifest.json").exists()
    assert run("archive", "write", archive).code == 0
    assert run("archive", "verify", archive).code == 0


def test_unfinished_additions_end_with_4_and_what_to_do(
    run: Run, sealed: Path, tmp_path: Path
) -> None:
    """Nothing is wrong with it, and a script must not take it for whole."""
    archive = Path(shutil.copytree(sealed, tmp_path / "archive"))
    (archive / ".unfinished").mkdir()
    said = run("archive", "verify", archive)
    assert said.code == 4
    assert "Nothing was found." in said.out
    assert "Unfinished additions: run `archive write` again" in said.out
    told = json.loads(run("archive", "verify", archive, "--json").out)
    assert (told["findings"], told["unfinished"]) == ([], True)
    assert run("archive", "write", archive).code == 0
    assert run("archive", "verify", archive).code == 0


def test_a_missing_extra_is_said_with_its_command(
    run: Run, sealed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who does not archive needs no Parquet."""
    for module in [one for one in sys.modules if one.startswith("replay.archive")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    said = run("archive", "verify", sealed)
    assert said.code == 1
    assert "pip install 'ticketledger[archive]'" in said.err


def test_a_missing_engine_is_said_with_its_command(
    run: Run, sealed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor Dask who has one machine."""
    monkeypatch.delitem(sys.modules, "replay.engines.on_dask", raising=False)
    monkeypatch.setitem(sys.modules, "distributed", None)
    said = run("archive", "verify", sealed, "--engine", "dask")
    assert said.code == 2
    assert "pip install 'ticketledger[dask]'" in said.err


def _interrupted(_bar: Bar, _share: float, _words: Callable[[], str]) -> None:
    raise KeyboardInterrupt
