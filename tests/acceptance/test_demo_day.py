"""The demo's day: believable, the same for a seed, traced, and without a person in it."""

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import psycopg2
import pytest
from psycopg2 import sql

from api import demo
from api.demo.client import Client
from api.demo.day import Made
from api.demo.earlier import EARLIER, ENDINGS
from api.demo.mix import MIX
from api.demo.tracks import TRACKS
from api.demo.words import PERSONAL
from api.settings import Settings
from api.wiring import Dsns
from domain.values import Instant, later
from tests.acceptance.platform import AUDITOR, SUPERVISOR, Platform, platform_over
from tests.acceptance.tracing import assert_traced
from tests.conftest import Database

END = Instant("2026-11-22T12:00:00.000000Z")
TICKETS = 160


class Loaded(NamedTuple):
    """A day that was made, and everything that was seen on the way."""

    made: Made
    database: Database
    data_dir: Path
    answers: list[tuple[str, int, dict[str, Any]]]
    log: list[str]


class _Heard(logging.Handler):
    """Keeps every line that is logged."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


def load(database: Database, data_dir: Path) -> Made:
    """Fill a database with a small day that ends at a fixed instant."""
    dsns = Dsns(app=database.app_dsn, views=database.app_dsn)
    settings = Settings(data_dir=data_dir)
    return demo.load(settings, dsns, tickets_per_day=TICKETS, end=END)


@pytest.fixture(scope="module")
def loaded(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """One day of the demo, watched while it was made."""
    data_dir = tmp_path_factory.mktemp("demo")
    answers: list[tuple[str, int, dict[str, Any]]] = []
    heard = _Heard()
    root = logging.getLogger()
    level = root.level
    ask = Client.post

    def watched(client: Client, role: str, subject: str, path: str, *rest: Any, **more: Any) -> Any:
        answer = ask(client, role, subject, path, *rest, **more)
        answers.append((path, answer.status, answer.body))
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Client, "post", watched)
        root.addHandler(heard)
        root.setLevel(logging.DEBUG)
        try:
            made = load(database, data_dir)
        finally:
            root.removeHandler(heard)
            root.setLevel(level)
    return Loaded(made, database, data_dir, answers, heard.lines)


@pytest.fixture(scope="module")
def platform(loaded: Loaded) -> Iterator[Platform]:
    """The platform after the demo's day."""
    with platform_over(loaded.database, loaded.data_dir, at=END) as running:
        running.parts.views.catch_up(60)
        yield running


def test_no_step_of_the_demo_is_refused(loaded: Loaded) -> None:
    """What the demo's people do is what may be done; no answer is an error of ours."""
    problems = Counter(
        (path.rpartition("/")[2], status, body["code"])
        for path, status, body in loaded.answers
        if status >= 300
    )
    assert not problems
    assert loaded.made.refused == 0
    assert loaded.made.tickets == TICKETS + 1 + len(EARLIER)


def test_the_mix_names_tracks_that_exist_and_uses_all_of_them() -> None:
    """A category that leads nowhere would be no matter, and a track nobody takes no demo."""
    assert {category.track for category in MIX} == set(TRACKS)
    assert {one.track for one in EARLIER} <= set(TRACKS)
    assert {one.ending for one in EARLIER} == set(ENDINGS)


def test_the_matters_before_the_day_were_ruled_and_are_closed(platform: Platform) -> None:
    """A day is too short for a ruling to be over: what there is to look back on lies before it."""
    begun = later(END, -timedelta(days=2))
    rows = platform.read(SUPERVISOR, "/v1/queue?open=any&limit=200")["items"]
    earlier = [row for row in rows if row["opened_at"] < begun]
    assert [row["stage"] for row in earlier] == ["closed"] * len(EARLIER)
    assert {row["resolved"] for row in earlier} == {"remedied", "rejected"}


def test_every_stage_and_every_remedy_occurs(platform: Platform) -> None:
    """A newcomer sees each kind of work on the first page."""
    counts = platform.read(SUPERVISOR, "/v1/queue/counts")
    assert set(counts["everything"]["stage"]) == {
        "intake",
        "negotiation",
        "intervention",
        "remedy",
        "closed",
    }
    assert set(counts["everything"]["kind"]) == {"consultation", "complaint", "dispute"}
    kinds = {
        remedy["terms"]["kind"]
        for ticket in _tickets(platform)
        for remedy in platform.ticket(AUDITOR, ticket)["remedies"]
    }
    assert kinds >= {"refund", "return", "exchange", "repair", "reshipment", "coupon"}


def test_tracks_end_where_they_should(platform: Platform, loaded: Loaded) -> None:
    """Answered, remedied and rejected matters are resolved; the worked case is enforced."""
    outcomes = Counter(
        platform.row(ticket).get("resolved") or "going on" for ticket in _tickets(platform)
    )
    assert outcomes["answered"] > 0
    assert outcomes["remedied"] > outcomes["rejected"]
    assert outcomes["going on"] > 0
    story = platform.row(loaded.made.story)
    assert (story["stage"], story["resolved"]) == ("remedy", "remedied")


def test_nothing_is_recorded_after_the_end_of_the_day(loaded: Loaded) -> None:
    """The demo catches up with the clock and does not run ahead of it."""
    with closing(psycopg2.connect(loaded.database.superuser_dsn)) as connection:
        moments = sorted(match for _, text in _rows(connection) for match in _recorded_at(text))
    assert moments
    assert moments[-1] <= END


def test_pr_03_every_ticket_of_the_day_is_traced(platform: Platform) -> None:
    """Whatever became of a ticket, board and queue name the events that brought it there."""
    for ticket in _tickets(platform):
        assert_traced(platform, ticket)


def test_the_same_seed_and_start_make_the_same_day(
    platform: Platform,
    make_database: Callable[[int], Database],
    tmp_path: Path,
    loaded: Loaded,
) -> None:
    """What is shown to one person can be shown to the next."""
    twin = make_database(1)
    made = load(twin, tmp_path)
    assert made == loaded.made
    with platform_over(twin, tmp_path, at=END) as other:
        other.parts.views.catch_up(60)
        for read in ("/v1/queue/counts", "/v1/statistics"):
            assert other.read(SUPERVISOR, read) == platform.read(SUPERVISOR, read)


def test_the_demo_leaves_a_ledger_alone_that_holds_records(loaded: Loaded) -> None:
    """Made-up matters never get among real ones."""
    with pytest.raises(demo.NotEmpty, match="holds records"):
        load(loaded.database, loaded.data_dir)


def test_no_personal_value_stands_in_any_column_of_any_table(loaded: Loaded) -> None:
    """Not in the record, not in a view, not in what is sealed: every row is read as text."""
    with closing(psycopg2.connect(loaded.database.superuser_dsn)) as connection:
        rows = 0
        found: list[tuple[str, str]] = []
        for table, text in _rows(connection):
            rows += 1
            found += [(table, value) for value in _written(text)]
        tables = len(_tables(connection))
    assert not found
    assert tables > 15
    assert rows > 4_000


def test_the_search_for_personal_values_would_find_one(
    make_database: Callable[[int], Database],
) -> None:
    """As text, as bytes and escaped in JSON: a check that can not fail is worse than none."""
    database = make_database(1)
    value = PERSONAL[0]
    with closing(psycopg2.connect(database.superuser_dsn)) as connection:
        with connection.cursor() as db:
            db.execute("create table public.leak (as_text text, as_bytes bytea, as_json json)")
            db.execute("insert into public.leak (as_text) values (%s)", (f"call {value} now",))
            db.execute("insert into public.leak (as_bytes) values (%s)", (value.encode(),))
            db.execute("insert into public.leak (as_json) values (%s)", (json.dumps(value),))
        leaks = [text for table, text in _rows(connection) if table == "public.leak"]
    assert [_written(text) for text in leaks] == [[value]] * 3


def test_no_personal_value_stands_in_the_vault_or_any_file_beside_it(loaded: Loaded) -> None:
    """Snapshots are the platform's own, and no statement is copied into a file."""
    files = [path for path in loaded.data_dir.rglob("*") if path.is_file()]
    assert any("vault" in str(path) for path in files)
    for path in files:
        content = path.read_bytes()
        assert not [value for value in PERSONAL if value.encode() in content], path


def test_no_personal_value_stands_in_an_answer_to_a_command_or_in_the_log(
    loaded: Loaded, platform: Platform
) -> None:
    """What a command answers is about facts; problem documents and log lines are no way out."""
    assert loaded.log, "the log was listened to"
    for text in (
        *loaded.log,
        *(json.dumps(body, ensure_ascii=False) for *_, body in loaded.answers),
    ):
        assert not _written(text)
    for body in _refused_with_personal_values(platform, loaded.made.story):
        assert not _written(json.dumps(body, ensure_ascii=False))


def test_the_days_texts_are_there_for_who_may_read_them(platform: Platform, loaded: Loaded) -> None:
    """Sealed is not lost: the case file opens what no table shows."""
    texts = platform.file(loaded.made.story)["texts"]
    assert any(PERSONAL[0] in text for text in texts.values() if text)


def _refused_with_personal_values(platform: Platform, ticket: str) -> Iterator[dict[str, Any]]:
    """Send personal values where they are refused; yield what is answered."""
    name, phone = PERSONAL[0], PERSONAL[7]
    statement = {"order": "o-nowhere", "statement": f"{name}, {phone}"}
    tries: tuple[tuple[str, dict[str, Any]], ...] = (
        ("/v1/tickets", statement),
        ("/v1/tickets", {**statement, "channel": name}),
        ("/v1/tickets", {**statement, "order": name}),
        ("/v1/tickets", {**statement, name: phone}),
        (f"/v1/tickets/{ticket}/messages", {"text": {"name": name}}),
        (f"/v1/tickets/{ticket}/refusal", {"reasons": name}),
    )
    for path, body in tries:
        answer = platform.call("buyer:b-lin", path, body)
        assert 400 <= answer.status < 500, answer
        yield answer.body


def _tickets(platform: Platform) -> list[str]:
    page = platform.read(SUPERVISOR, "/v1/queue?open=any&limit=200")
    assert page["next_cursor"] is None
    return [row["ticket"] for row in page["items"]]


def _tables(connection: Any) -> list[tuple[str, str]]:
    with connection.cursor() as db:
        db.execute(
            "select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = "
            "c.relnamespace where c.relkind in ('r', 'm') and n.nspname not like 'pg\\_%' "
            "and n.nspname <> 'information_schema' order by 1, 2"
        )
        return [(schema, table) for schema, table in db.fetchall()]


def _rows(connection: Any) -> Iterator[tuple[str, str]]:
    """Yield every row of every table as text, and the text its bytes would be."""
    for schema, table in _tables(connection):
        with connection.cursor() as db:
            db.execute(
                sql.SQL("select t.* from {}.{} t").format(
                    sql.Identifier(schema), sql.Identifier(table)
                )
            )
            for row in db:
                yield f"{schema}.{table}", "\n".join(_as_text(value) for value in row)


def _as_text(value: Any) -> str:
    if isinstance(value, memoryview | bytes):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=_as_text)
    return str(value)


def _written(text: str) -> list[str]:
    """Return the personal values a text holds, spelled out or escaped as JSON."""
    return [value for value in PERSONAL if value in text or json.dumps(value)[1:-1] in text]


def _recorded_at(text: str) -> Iterator[str]:
    """Yield the recorded times in a row of the record, as its canonical bytes spell them."""
    mark = '"at":"'
    start = text.find(mark)
    while start >= 0:
        yield text[start + len(mark) : start + len(mark) + 27]
        start = text.find(mark, start + 1)


def test_the_log_is_signed_as_the_days_go_by(
    make_database: Callable[[int], Database], tmp_path: Path
) -> None:
    """Or an audit would say that what lies before the day was covered too late (E24)."""
    database = make_database(1)
    dsns = Dsns(app=database.app_dsn, views=database.app_dsn, notary=database.notary_dsn)
    demo.load(Settings(data_dir=tmp_path), dsns, tickets_per_day=5, end=END)
    with closing(psycopg2.connect(database.owner_dsn)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select max(e.recorded_at - c.published_at), max(c.published_at - e.recorded_at), "
            "count(distinct c.size) from ledger.event e, "
            "lateral (select * from ledger.checkpoint c where c.lane = e.lane "
            "and c.size >= e.position order by c.size limit 1) as c"
        )
        ((ahead, behind, signed),) = cursor.fetchall()
    assert ahead <= timedelta(0)
    assert behind <= timedelta(days=1, hours=1)
    assert signed > 3
