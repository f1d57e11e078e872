"""The other commands, typed as a person types them, with what they print and how they end."""

import json
from collections.abc import Iterator

import psycopg2
import pytest

from api.demo.words import PERSONAL
from tests.acceptance.house import Shell, gone
from tests.api.embedded_cases import server_pid

STORY_EVENTS_MIN = 40


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A data directory whose server stays between commands, and the worked case in it."""
    shell = Shell(tmp_path_factory.mktemp("house") / "var")
    shell.say("db", "dsn")
    try:
        yield shell
    finally:
        shell.close()


@pytest.fixture(scope="module")
def story(shell: Shell) -> list[dict[str, object]]:
    """The worked case as `demo --story` tells it."""
    told = shell.say("demo", "--story", "--json")
    return [json.loads(line) for line in told.splitlines()]


def ticket_of(story: list[dict[str, object]]) -> str:
    """Return the ticket the story is about."""
    url = next(str(step["url"]) for step in story if "/tickets/" in str(step["url"]))
    return url.split("/")[3]


def test_the_story_is_told_twice_as_two_cases(shell: Shell, story: list[dict[str, object]]) -> None:
    """Telling it again tells another case, and disturbs nothing of the first."""
    first = ticket_of(story)
    before = shell.table("show", first)
    told = shell.say("demo", "--story")
    assert "POST /v1/tickets" in told
    assert "ruling.issued.v1" in told
    assert first not in told
    assert shell.table("show", first) == before


def test_show_tells_every_record_and_no_personal_value(
    shell: Shell, story: list[dict[str, object]]
) -> None:
    """What was told is what is on record; texts stay sealed."""
    ticket = ticket_of(story)
    shown = shell.table("show", ticket)
    assert len(shown["records"]) > 25
    assert [record["version"] for record in shown["records"]] == list(
        range(1, len(shown["records"]) + 1)
    )
    printed = shell.say("show", ticket)
    assert "ruling.issued.v1" in printed
    for text in (printed, json.dumps(shown, ensure_ascii=False)):
        assert not [value for value in PERSONAL if value in text]


def test_stats_count_what_is_there(shell: Shell, story: list[dict[str, object]]) -> None:
    """Tickets, events and where they stand, over everything recorded so far."""
    assert story
    numbers = shell.table("stats")
    assert numbers["tickets"] >= 1
    assert numbers["open"] == 0
    assert numbers["events"] > STORY_EVENTS_MIN
    assert sum(numbers["by_stage"].values()) == numbers["tickets"]
    assert {"by_source_state", "by_awaiting", "by_queue", "by_priority"} <= set(numbers)
    assert "tickets" in shell.say("stats")


def test_tail_prints_records_in_order_from_where_it_is_told(
    shell: Shell, story: list[dict[str, object]]
) -> None:
    """Without a place it begins with the newest few."""
    assert story
    lines = [
        json.loads(line) for line in shell.say("tail", "--after", "0-0", "--json").splitlines()
    ]
    positions = [int(line["position"].partition("-")[2]) for line in lines]
    assert positions == list(range(1, len(positions) + 1))
    assert len(shell.say("tail").splitlines()) == 10
    assert len(shell.say("tail", "--after", f"0-{positions[-1]}").splitlines()) < len(lines)


def test_a_token_is_one_line_and_lasts_as_long_as_asked(shell: Shell) -> None:
    """It can be put into a header as it comes."""
    token = shell.say("token", "--role", "supervisor", "--subject", "me").strip()
    assert token.count(".") == 2
    assert "\n" not in token
    table = shell.table("token", "--role", "buyer", "--subject", "b-1", "--ttl", "30m")
    assert table["role"] == "buyer"
    assert table["token"].count(".") == 2


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("show", "T0-261101-0000000"), 3),
        (("token", "--role", "emperor", "--subject", "me"), 2),
        (("token", "--role", "buyer", "--subject", "Lin Xiaoqing"), 2),
        (("token", "--role", "buyer", "--subject", "b-1", "--ttl", "forever"), 2),
        (("tail", "--after", "yesterday"), 2),
        (("tail", "--after", "7-1"), 3),
        (("import", "/no/such/file.csv", "--mapping", "uci498"), 3),
        (("import", "/no/such/file.csv", "--mapping", "no-such-mapping"), 5),
        (("demo", "--days", "0"), 2),
        (("no-such-command",), 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value),
)
def test_an_exit_code_tells_what_went_wrong(
    shell: Shell, words: tuple[str, ...], code: int
) -> None:
    """Scripts read the code, people the words; neither sees a traceback."""
    done = shell.run(*words)
    assert done.returncode == code, (done.stdout, done.stderr)
    assert done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_demo_leaves_a_ledger_alone_that_holds_records(
    shell: Shell, story: list[dict[str, object]]
) -> None:
    """Made-up matters never get among real ones; the words say what to do."""
    assert story
    done = shell.run("demo")
    assert done.returncode == 4
    assert "Traceback" not in done.stderr
    assert "--data-dir" in done.stderr


def test_db_dsn_lets_psql_in_and_db_stop_ends_the_server(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """The server is started if need be, and goes when it is told to; twice is no error."""
    shell = Shell(tmp_path_factory.mktemp("dsn") / "var")
    try:
        dsn = shell.say("db", "dsn").strip()
        connection = psycopg2.connect(dsn)
        with connection.cursor() as db:
            db.execute("select current_user")
            assert db.fetchone() == ("ticketledger_owner",)
        connection.close()
        pid = server_pid(shell.data_dir)
        assert shell.table("db", "stop") == {"stopped": True}
        assert gone([pid])
        assert shell.table("db", "stop") == {"stopped": False}
    finally:
        shell.close()
