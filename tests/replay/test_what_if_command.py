"""What `what-if` is asked and refuses: which book, which tickets, and which options go together."""

import hashlib
import json
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from api import cli
from api.keys import FileKeys, introduce
from domain.commands import AnnouncePilot
from domain.values import Arm, Instant, KeyPurpose, later
from replay.pilots import laid_out
from replay.what_if import Trial, Trying
from tests.conftest import Database
from tests.ledger.matters import open_ticket, opened_ledger, place
from tests.scenario import ADMIN, BOOK_FILE, named, whole_bytes

archives = pytest.importorskip(
    "tests.replay.archives", reason="archives need the extra `archive`", exc_type=ImportError
)

LANES = (1,)
OPENED = Instant("2026-11-25T08:00:00.000000Z")
"""Later than what the book to come says of itself, and long before its adoption says it begins."""
FAR = Instant("2099-12-31T16:00:00.000000Z")
NOBODYS = "T0-261122-0000001"
TO_COME = whole_bytes(named("b-1"))
OLD = BOOK_FILE.read_bytes()


class Said(NamedTuple):
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Said]


class Here(NamedTuple):
    """A ledger with a ticket under a book, a richer book that was adopted to come, and a copy."""

    database: Database
    directory: Path
    archive: Path
    ticket: str


@pytest.fixture(scope="module")
def here(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Here:
    """A short history; nobody changes it."""
    directory = tmp_path_factory.mktemp("ledger")
    archive = tmp_path_factory.mktemp("sealed") / "archive"
    ledger = archives.Ledger(database, directory, archives.Clock(OPENED))
    with ledger.opened() as opened:
        introduce(opened, FileKeys(directory / "keys"), *KeyPurpose)
        ticket = open_ticket(opened, place(opened))
        opened.adopt(TO_COME, in_force_from=FAR)
    ledger.notarize()
    ledger.archive(archive)
    return Here(database, directory, archive, ticket)


@pytest.fixture
def run(here: Here, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Ask what another book would have done."""
    monkeypatch.setenv("TICKETLEDGER_DATABASE_URL", here.database.app_dsn)
    monkeypatch.setenv("TICKETLEDGER_DATA_DIR", str(here.directory))

    def command(*arguments: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["ticketledger", "what-if", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return Said(int(ended.value.code or 0), said.out, said.err)

    return command


@pytest.fixture(params=["ledger", "archive"])
def source(request: pytest.FixtureRequest, here: Here) -> tuple[object, ...]:
    """Where history is read from; both are asked the same and answer the same."""
    return () if request.param == "ledger" else ("--archive", here.archive)


def test_a_book_begins_when_its_adoption_says_and_not_its_file(
    run: Run, source: tuple[object, ...], tmp_path: Path
) -> None:
    """A ticket that was opened before is only tried, whatever date was written in the book."""
    path = tmp_path / "b-1.toml"
    path.write_bytes(TO_COME)
    answers = []
    for name in ("b-1", hashlib.sha256(TO_COME).hexdigest(), path):
        said = run("--book", name, *source, "--json")
        assert said.code == 0, said.err
        assert f"1 of 1 tickets were opened before this book begins to be in force ({FAR})" in (
            said.err
        )
        answers.append(json.loads(said.out))
    assert answers[0]["in_force_from"] == FAR
    assert answers[0]["opened_before_in_force"] == 1
    assert answers[1:] == answers[:1] * 2, "version, digest and the very bytes are one book"
    other = tmp_path / "b-2.toml"
    other.write_bytes(whole_bytes(named("b-2")))
    written = json.loads(run("--book", other, *source, "--json").out)
    assert written["in_force_from"] == "2026-11-21T16:00:00.000000Z"
    assert written["opened_before_in_force"] == 0, "who was never adopted begins as it says"


def test_a_book_covers_the_history_that_was_made_under_it(
    run: Run, source: tuple[object, ...]
) -> None:
    """A richer book that decided nothing yet has nothing in it that could be missed."""
    said = run("--book", "2026-11-01", *source, "--json")
    assert said.code == 0, said.err
    told = json.loads(said.out)
    assert (told["changed"], told["books_before"]) == (0, ["2026-11-01"])


@pytest.mark.parametrize(
    ("known", "lacks"),
    [
        ({"named": frozenset({"2026-11-01"})}, False),
        ({"named": frozenset({"2026-11-01", "b-1"})}, True),
        ({"begins": {"b-1": FAR}}, False),
        ({"begins": {"b-1": OPENED}}, True),
    ],
)
def test_only_books_that_decided_are_asked_what_another_one_lacks(
    known: dict[str, Any], *, lacks: bool
) -> None:
    """Where it is not known which those are, every book that has begun may be one."""
    adopted = {"2026-11-01": OLD, "b-1": TO_COME}
    trying = Trying(Trial(adopted=adopted, other=OLD, until=OPENED, **known))
    assert ("clock" in trying.uncovered, bool(trying.uncovered)) == (lacks, lacks)


def test_a_book_that_can_not_be_adopted_is_not_tried(
    run: Run, source: tuple[object, ...], tmp_path: Path
) -> None:
    """`books check` and a dry run say the same of the same bytes."""
    path = tmp_path / "cut-short.toml"
    longer = ('name = "appeal"\nwithin = "P7D"', 'name = "appeal"\nwithin = "P8D"')
    path.write_bytes(whole_bytes(named("b-2"), longer))
    for asked in (("--book", path), ("--book", "b-1", "--judge", path)):
        if asked[-2] == "--judge" and source:
            continue
        said = run(*asked, *source)
        assert (said.code, said.out) == (5, "")
        assert "deadline closing is shorter than appeal" in said.err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--engine", "dask"), "name one with --archive"),
        (("--workers", "2"), "name one with --archive"),
        (("--scheduler", "tcp://127.0.0.1:1"), "name one with --archive"),
        (("--drill", "T0-1", "--ticket", "T0-2"), "leave out --ticket"),
    ],
)
def test_an_option_that_would_be_left_out_is_refused(
    run: Run, options: tuple[str, ...], says: str
) -> None:
    """Silence would be taken for an answer to what was asked."""
    said = run("--book", "b-1", *options)
    assert (said.code, said.out) == (2, "")
    assert says in said.err


@pytest.mark.parametrize("option", ["--ticket", "--drill"])
def test_a_ticket_that_is_not_there_is_said_wherever_it_is_looked_for(
    run: Run, source: tuple[object, ...], option: str
) -> None:
    """No difference on a ticket, and no ticket, are two answers."""
    said = run("--book", "b-1", option, NOBODYS, *source)
    assert (said.code, said.out) == (3, "")
    assert "unknown_ticket" in said.err


def test_a_window_in_which_no_ticket_is_names_every_option_that_chooses(
    run: Run, here: Here, source: tuple[object, ...]
) -> None:
    """Whoever named a ticket looks there first."""
    asked = ("--book", "b-1", "--ticket", here.ticket, "--to", "2020-01-01T00:00:00Z")
    said = run(*asked, *source)
    assert said.code == 0
    assert "see --from, --to, --category and --ticket" in said.err


def test_a_list_begins_with_the_books_it_is_between(
    run: Run, here: Here, source: tuple[object, ...]
) -> None:
    """Which one was tried must be on the page, not in the memory of who asked."""
    for listed in (("--list",), ("--drill", here.ticket)):
        head, blank, first, *_ = run("--book", "b-1", *listed, *source).out.splitlines()
        assert (head, blank) == ("books     2026-11-01 -> b-1", "")
        assert first.startswith(here.ticket)
    same = run("--book", "2026-11-01", "--list", *source).out.splitlines()
    assert same[0] == "books     2026-11-01 -> 2026-11-01"


def test_an_arm_of_a_pilot_is_not_tried_under_a_book_that_lacks_what_it_was_under(
    make_database: Callable[[int], Database], tmp_path: Path
) -> None:
    """Its book begins for everybody much later, and decided on the piloted tickets all the same."""
    clock = archives.Clock(OPENED)
    with opened_ledger(make_database(1).app_dsn, tmp_path, now=clock) as ledger:
        ledger.adopt(TO_COME, in_force_from=FAR)
        begins = later(OPENED, timedelta(days=1))
        for number, share_bp in enumerate((10_000, 1)):
            ledger.pilot(
                AnnouncePilot(
                    pilot=f"p-{number}",
                    policy="b-1",
                    begins_at=later(begins, timedelta(days=2 * number)),
                    ends_at=later(begins, timedelta(days=2 * number + 1)),
                    why="w",
                    share_bp=share_bp,
                ),
                actor=ADMIN,
            )
        tried = []
        for pilot in ledger.pilots():
            clock.at = pilot.begins_at
            for _ in range(3):
                open_ticket(ledger)
            found = laid_out(ledger, pilot, last_before=lambda _lane, _at: 0)
            tried += found.comparison.tried
    piloted, control = (
        next(one for one in tried if one.arm is arm) for arm in (Arm.PILOTED, Arm.CONTROL)
    )
    assert (piloted.under, piloted.tickets) == ("2026-11-01", 0)
    assert "clock" in piloted.uncovered
    assert (control.under, control.uncovered) == ("b-1", ())
    assert control.tickets > 0
