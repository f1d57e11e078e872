"""The command line as a person and as a script meet it: answers, words, exit codes."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from api import cli
from api.auth import Authenticator
from api.ids import wall_clock
from api.keys import load
from domain.record import Record
from domain.values import ActorKind
from replay import promises
from tests.conftest import Database

HEAVY = {"cryptography", "eventsourcing", "fastapi", "msgspec", "psycopg2", "pydantic", "uvicorn"}
PROMISES = Path(__file__).parents[1] / "replay" / "promises"
TAKE = ("import", "log.csv", "--mapping", "helpdesk")
LOG = """case_id,seq,time,state
1,1,2012-04-03T16:55:38Z,A1
1,2,2012-04-03T16:55:53Z,A8
1,3,2012-04-05T17:15:52Z,A6
2,1,2012-04-04T08:00:00Z,A1
"""


class Said(NamedTuple):
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture
def run(
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Run a command on this module's database, in a directory of the test's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TICKETLEDGER_DATABASE_URL", database.app_dsn)
    monkeypatch.setenv("TICKETLEDGER_DATA_DIR", str(tmp_path / "var"))

    def command(*arguments: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["ticketledger", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return Said(int(ended.value.code or 0), said.out, said.err)

    return command


@pytest.fixture
def own(
    run: Run, make_database: Callable[[int], Database], monkeypatch: pytest.MonkeyPatch
) -> Database:
    """A database of the test's own, which `run` uses from here on: for commands that write."""
    assert run
    made = make_database(1)
    monkeypatch.setenv("TICKETLEDGER_DATABASE_URL", made.app_dsn)
    return made


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A small log of the help desk's form."""
    path = tmp_path / "log.csv"
    path.write_text(LOG, encoding="utf-8")
    return path


def test_asking_for_help_loads_nothing_heavy() -> None:
    """Help is there at once: what a command needs is imported when it runs."""
    program = "import sys, api.cli; print(*sys.modules)"
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert not HEAVY & {name.partition(".")[0] for name in answer.stdout.split()}


@pytest.mark.parametrize(
    "command",
    [
        *("serve", "worker", "migrate", "demo", "import", "stats", "show", "tail", "token"),
        *("openapi", "doctor", "db dsn", "db stop"),
    ],
)
def test_every_command_says_what_it_does(command: str, run: Run) -> None:
    """Nobody needs the manual to begin."""
    said = run(*command.split(), "--help")
    assert said.code == 0
    assert "Usage: ticketledger" in said.out


@pytest.mark.usefixtures("own")
def test_a_log_is_imported_and_counted(run: Run, log: Path) -> None:
    """Totals go to stdout as JSON, ready for a script; the second time nothing happens."""
    first = run("import", log, "--mapping", "helpdesk", "--json")
    again = run("import", log, "--mapping", "helpdesk", "--json")
    counted = run("stats", "--json")

    assert (first.code, again.code, counted.code) == (0, 0, 0)
    totals = json.loads(first.out)
    assert {name: totals[name] for name in ("rows", "accepted", "skipped", "rejected")} == {
        "rows": 4,
        "accepted": 4,
        "skipped": 0,
        "rejected": 0,
    }
    assert (totals["tickets"], totals["interrupted"], totals["rejects"]) == (2, False, None)
    assert {"events", "seconds"} <= totals.keys()
    assert json.loads(again.out)["skipped"] == 4
    stats = json.loads(counted.out)
    assert (stats["tickets"], stats["open"]) == (2, 1)
    assert stats["by_source_state"] == {"A1": 1, "A6": 1}
    assert stats["by_stage"] == {"closed": 1, "intake": 1}
    assert {"events", "by_awaiting", "by_queue", "by_priority"} <= stats.keys()
    assert first.err == again.err == counted.err == ""


@pytest.mark.usefixtures("own")
def test_live_tickets_are_opened_from_a_log(run: Run, log: Path) -> None:
    """An intake is work of ours: its tickets are open and have a turn to wait for."""
    said = run("import", log, "--mapping", "helpdesk", "--intake", "--json")

    totals, stats = json.loads(said.out), json.loads(run("stats", "--json").out)
    assert (totals["accepted"], totals["skipped"], totals["tickets"]) == (2, 2, 2)
    assert (stats["tickets"], stats["open"], stats["by_source_state"]) == (2, 2, {})
    assert sum(stats["by_awaiting"].values()) == 2


@pytest.mark.usefixtures("own")
def test_a_ticket_and_its_records_are_shown(run: Run, log: Path) -> None:
    """What is on record of a ticket can be read without a web page."""
    run("import", log, "--mapping", "helpdesk")
    records = [
        json.loads(line) for line in run("tail", "--after", "0-0", "--json").out.splitlines()
    ]
    positions = [int(one["position"].removeprefix("0-")) for one in records]
    assert positions == list(range(1, len(records) + 1))
    (ticket,) = {
        one["stream"].removeprefix("ticket:")
        for one in records
        if one["topic"] == "ticket.closed.v1"
    }

    as_json = run("show", ticket, "--json")
    for_people = run("show", ticket)

    shown = json.loads(as_json.out)
    assert (shown["ticket"], shown["source_state"], shown["stage"]) == (ticket, "A6", "closed")
    assert [one["version"] for one in shown["records"]] == list(range(1, shown["version"] + 1))
    assert shown["records"][1]["source"]["ref"] == "1/1 row 1"
    assert ticket in for_people.out
    assert "ticket.closed.v1" in for_people.out


@pytest.mark.usefixtures("own")
def test_tail_begins_where_it_is_told(run: Run, log: Path) -> None:
    """A script goes on from the last position it saw."""
    run("import", log, "--mapping", "helpdesk")
    everything = run("tail", "--after", "0-0", "--json").out.splitlines()

    rest = run("tail", "--after", f"0-{len(everything) - 1}", "--json").out.splitlines()
    newest = run("tail").out.splitlines()

    assert rest == everything[-1:]
    assert len(newest) == min(10, len(everything))


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        pytest.param(["show", "T0-260101-NOTHING"], 3, id="unknown ticket"),
        pytest.param(["show", "../../etc"], 3, id="no ticket id"),
        pytest.param(["tail", "--after", "yesterday"], 2, id="no moment"),
        pytest.param(["tail", "--after", "7-1"], 3, id="unknown lane"),
        pytest.param(["import", "nowhere.csv", "--mapping", "helpdesk"], 3, id="no file"),
        pytest.param(["import", "log.csv", "--mapping", "mine"], 5, id="no mapping"),
        pytest.param(["import", "log.csv", "--mapping", "uci498"], 5, id="another mapping"),
        pytest.param(["import", "log.csv"], 2, id="no mapping named"),
        pytest.param([*TAKE, "--until", "2016"], 2, id="no instant"),
        pytest.param(
            [*TAKE, "--until", "2016-04-01T00:00:00"],
            2,
            id="no zone",
        ),
        pytest.param(
            [
                "import",
                "log.csv",
                "--mapping",
                "helpdesk",
                "--intake",
                "--until",
                "2016-04-01T00:00:00Z",
            ],
            2,
            id="two that do not go together",
        ),
        pytest.param([*TAKE, "--batch", "0"], 2, id="0"),
        pytest.param(["stats", "--colour"], 2, id="unknown option"),
        pytest.param(["dance"], 2, id="unknown command"),
        pytest.param(["token", "--role", "king", "--subject", "me"], 2, id="unknown role"),
        pytest.param(["token", "--role", "system", "--subject", "me"], 2, id="our own role"),
        pytest.param(["token", "--role", "agent", "--subject", "no one"], 2, id="no reference"),
        pytest.param(
            ["token", "--role", "agent", "--subject", "me", "--ttl", "long"], 2, id="no duration"
        ),
        pytest.param(
            ["token", "--role", "agent", "--subject", "me", "--ttl", "9999999d"], 2, id="for ever"
        ),
        pytest.param(["db", "stop"], 2, id="no server of ours"),
        pytest.param(["stats", "--promise", "no-such-file.toml"], 2, id="no promise"),
        pytest.param(["stats", "--list"], 2, id="a list of no promise"),
        pytest.param(["stats", "--database-url", "host=/nowhere dbname=x"], 1, id="no database"),
        pytest.param(["stats", "--database-url", "no dsn at all"], 2, id="no dsn"),
    ],
)
def test_what_can_not_be_done_is_told_in_words_with_the_right_code(
    arguments: list[str], code: int, run: Run, log: Path
) -> None:
    """What, why, what next; a traceback is for faults of ours alone."""
    assert log.exists()
    said = run(*arguments)

    assert said.code == code
    assert said.out == ""
    assert said.err.strip()
    assert "Traceback" not in said.err


def test_wrong_settings_are_told_by_name(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable to correct is named, its value is not repeated."""
    monkeypatch.setenv("TICKETLEDGER_PORT", "secret")

    said = run("stats")

    assert said.code == 2
    assert "port" in said.err
    assert "secret" not in said.err


@pytest.mark.usefixtures("own")
def test_a_promise_is_held_against_what_was_imported(run: Run, log: Path) -> None:
    """Kept or broken is counted for every ticket on record; nothing is started by it."""
    text = (PROMISES / "closed_within_120_hours.toml").read_text(encoding="utf-8")
    promise = log.with_name("promise.toml")
    promise.write_text(text.partition("[told]")[0], encoding="utf-8")
    run("import", log, "--mapping", "helpdesk")
    before = run("stats", "--json").out

    said = run("stats", "--promise", promise, "--json")

    assert (said.code, said.err) == (0, "")
    counted = json.loads(said.out)
    assert [counted[name] for name in ("begun", "ended", "open", "moot")] == [2, 1, 1, 0]
    assert (counted["kept_gross"], counted["kept_net"], counted["broken_net"]) == (1, 1, 0)
    assert run("stats", "--json").out == before

    listed = json.loads(run("stats", "--promise", promise, "--list", "--json").out)
    tickets = listed.pop("tickets")
    assert listed == counted
    for name, number in counted.items():
        assert sum(name in one["counted"] for one in tickets) == number, name
    assert len({one["ticket"] for one in tickets}) == 2
    lines = run("stats", "--promise", promise, "--list").out.splitlines()
    assert [line.split()[0] for line in lines[:2]] == [one["ticket"] for one in tickets]
    assert [line.split()[-3:] for line in lines[:2] if "ended" in line] == [
        ["ended", "kept_gross", "kept_net"]
    ]


@pytest.mark.usefixtures("own")
def test_what_became_of_a_promise_is_counted_as_it_comes(
    run: Run, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a list nothing is kept of a ticket that was counted, however many there are."""
    promise = log.with_name("promise.toml")
    text = (PROMISES / "closed_within_120_hours.toml").read_text(encoding="utf-8")
    promise.write_text(text.partition("[told]")[0], encoding="utf-8")
    run("import", log, "--mapping", "helpdesk")
    seen: list[str] = []
    came, counted = promises.outcomes, promises.counted_as

    def coming(records: Iterable[Record], of: promises.Promise) -> Iterator[promises.Outcome]:
        for one in came(records, of):
            seen.append("came")
            yield one

    def counting(one: promises.Outcome) -> tuple[str, ...]:
        seen.append("counted")
        return counted(one)

    monkeypatch.setattr(promises, "outcomes", coming)
    monkeypatch.setattr(promises, "counted_as", counting)
    assert run("stats", "--promise", promise, "--json").code == 0
    assert seen == ["came", "counted"] * 2


@pytest.mark.usefixtures("own")
def test_rejected_rows_are_told_on_stderr_and_in_the_totals(run: Run, log: Path) -> None:
    """The good rows are kept and the exit is a success: the file of rejects says the rest."""
    log.write_text(LOG + "3,1,never,A1\n3,2,2012-04-04T08:00:00Z,A9\n", encoding="utf-8")

    said = run("import", log, "--mapping", "helpdesk", "--json")

    totals = json.loads(said.out)
    assert (said.code, totals["rejected"]) == (0, 1)
    assert Path(totals["rejects"]) == log.with_name("log.csv.rejected.jsonl")
    assert "log.csv.rejected.jsonl" in said.err
    assert json.loads(Path(totals["rejects"]).read_text())["row"] == 5


@pytest.mark.usefixtures("own")
def test_rejects_go_where_they_can_be_written(run: Run, log: Path, tmp_path: Path) -> None:
    """A log often lies where only its owner writes."""
    log.write_text(LOG + "3,1,never,A1\n", encoding="utf-8")
    log.with_name("log.csv.rejected.jsonl").mkdir()

    beside = json.loads(run("import", log, "--mapping", "helpdesk", "--json").out)
    named = json.loads(
        run("import", log, "--mapping", "helpdesk", "--json", "--rejects", "told").out
    )

    assert Path(beside["rejects"]).parent == tmp_path / "var" / "rejected"
    assert Path(named["rejects"]) == Path("told/log.csv.rejected.jsonl")


def test_a_token_speaks_for_its_role_until_it_ends(run: Run, tmp_path: Path) -> None:
    """What is minted here is what the API believes."""
    plain = run("token", "--role", "supervisor", "--subject", "me")
    told = json.loads(
        run("token", "--role", "agent", "--subject", "a-1", "--ttl", "30m", "--json").out
    )

    believes = Authenticator(load(tmp_path / "var" / "keys").token_public, wall_clock)
    assert believes.caller(f"Bearer {plain.out.strip()}").actor.kind is ActorKind.SUPERVISOR
    caller = believes.caller(f"Bearer {told['token']}")
    assert (caller.actor.kind, caller.actor.ref) == (ActorKind.AGENT, "a-1")
    assert told["expires_at"] > wall_clock()


def test_the_api_is_described_without_a_database(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client is generated on a machine that has nothing of ours running."""
    monkeypatch.setenv("TICKETLEDGER_DATABASE_URL", "host=/nowhere dbname=x")

    said = run("openapi")

    assert said.code == 0
    assert json.loads(said.out)["openapi"].startswith("3.1")


def test_migrating_again_changes_nothing(run: Run, database: Database) -> None:
    """An operator may run it before every start."""
    first = run("migrate", "--database-url", database.owner_dsn, "--json")
    again = run("migrate", "--database-url", database.owner_dsn, "--json")

    assert first.code == again.code == 0
    assert json.loads(first.out) == json.loads(again.out)


def test_the_dsn_of_a_database_of_your_own_is_printed(run: Run, database: Database) -> None:
    """`psql "$(ticketledger db dsn)"` works with every database."""
    assert run("db", "dsn").out.strip() == database.app_dsn
    assert json.loads(run("db", "dsn", "--json").out) == {"dsn": database.app_dsn}


def test_a_ticket_is_explained_and_its_journey_laid_out(run: Run, log: Path) -> None:
    """Another system's history in its own times; what there is not to explain is said."""
    assert run(*TAKE, "--json").code == 0
    assert log.exists()
    records = [
        json.loads(line) for line in run("tail", "--after", "0-0", "--json").out.splitlines()
    ]
    streams = [one["stream"] for one in records if one["stream"].startswith("ticket:")]
    ticket = streams[0].removeprefix("ticket:")
    told = json.loads(run("journey", ticket, "--json").out)
    assert told["imported"]
    assert sum(one["wall_us"] for one in told["waits"]) == told["span_us"]
    shown = run("journey", ticket)
    assert shown.code == 0
    assert shown.out.startswith(f"{ticket}  {told['since']} to {told['until']}")
    rank = json.loads(run("explain", ticket, "--what", "rank", "--json").out)
    assert rank["decisions"][0]["not_recomputed"] == "the system it was imported from decided it"
    assert run("explain", ticket, "--what", "rank").out.startswith("rank  (")
    book = json.loads(run("explain", ticket, "--what", "book", "--json").out)
    assert [(one["about"], one["recomputed"]) for one in book["decisions"]] == [("book", None)]
    assert run("explain", ticket, "--what", "luck").code == 2
    assert run("explain", "T0-261122-0000000", "--what", "due").code == 3
    assert run("journey", "T0-261122-0000000").code == 3
    assert run("journey", "nowhere", "--order").code == 3
