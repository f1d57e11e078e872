"""Notices on their way: each reaches its channel, ends once, and survives whoever falls."""

import json
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 - the class, by its name
from pydantic import ValidationError
from typer.testing import CliRunner

from api.cli import app
from api.doctor import examine
from api.notifying import outbox
from api.notifying import sender as sending
from api.notifying.apprising import ID_HEADER, ApprisePort, is_known
from api.notifying.directory import HttpAddresses
from api.notifying.ports import FILE, FilePort, Message, NotDelivered
from api.notifying.routes import port_of
from api.notifying.sender import Sender
from api.reads.readiness import readiness
from api.settings import Settings
from api.wiring import Dsns, Services, joined
from domain.events import NoticeFailed, NoticeSent
from domain.processes.notices import NoticeDue
from domain.record import Record
from domain.values import Instant, NoticeFailure, later
from tests.acceptance.post import Directory, Fallen, Post, ends, sender_of
from tests.api.test_promises_routes import whole_book
from tests.api.test_worker import Clock
from tests.conftest import Database
from tests.ledger.matters import accept, open_ticket
from tests.scenario import MOMENT

DAY = Instant("2026-11-23T03:00:00.000000Z")
"""Eleven in the morning in Shanghai: people may be written to."""
WAIT = timedelta(seconds=30)
LONGEST = timedelta(hours=1)
TRIES = 8
"""The book's figures, written down again so that a change of one is seen."""


@pytest.fixture
def clock() -> Clock:
    """The clock of every part of a test."""
    held = Clock()
    held.at = DAY
    return held


@pytest.fixture
def join(
    make_database: Callable[[int], Database], clock: Clock, tmp_path: Path
) -> Iterator[Callable[..., Services]]:
    """Join the parts of the program as one more process would."""
    own = make_database(1)
    with ExitStack() as opened:

        def make(**settings: Any) -> Services:
            told = Settings(data_dir=tmp_path, database_url=own.app_dsn, **settings)
            dsns = Dsns(app=own.app_dsn, views=own.app_dsn)
            parts = opened.enter_context(joined(told, dsns, now=clock))
            parts.ledger.adopt(whole_book())
            return parts

        yield make


@pytest.fixture
def parts(join: Callable[..., Services]) -> Services:
    """The parts of the program."""
    return join()


def accepted(parts: Services) -> str:
    """Return a ticket whose buyer is to be told that it was taken up."""
    ticket = open_ticket(parts.ledger)
    accept(parts.ledger, ticket)
    return ticket


def until_quiet(sender: Sender) -> None:
    """Take rounds until there is nothing more to do."""
    for _ in range(100):
        if not sender.step():
            return
    raise AssertionError("the sender does not come to rest")


def leases_over(parts: Services) -> None:
    """Let the time of whoever fell be over."""
    parts.write_view("update view.notice set lease_until = '-infinity'", ())


def _all(db: Connection, statement: str) -> list[Any]:
    with db.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def waiting(parts: Services, *, failed: bool = False) -> list[outbox.Waiting]:
    """Return what is on the list."""
    return parts.read_now(lambda db: outbox.listed(db.cursor(), failed=failed, limit=100))


# --- once -------------------------------------------------------------------------------------


def test_a_notice_is_sent_and_its_end_is_on_record(parts: Services) -> None:
    """On a stream beside the ticket's: who reads the ticket reads of the matter."""
    post = Post()
    with closing(sender_of(parts, post)) as sender:
        ticket = accepted(parts)
        before = parts.ledger.ticket(ticket).version
        until_quiet(sender)
    (message,) = post.taken
    (end,) = ends(parts, ticket)
    assert isinstance(end, NoticeSent)
    assert (end.notice, end.to, end.channel, end.port) == (message.notice, "buyer", "app", "post")
    assert parts.ledger.ticket(ticket).version == before
    assert waiting(parts) == []


def test_a_worker_that_falls_before_it_sends_has_sent_nothing(
    parts: Services, clock: Clock
) -> None:
    """The next one sends it when the lease is over and the wait of the counted try."""
    ticket = accepted(parts)
    post, fell = Post(), Post(on_send=_falls)
    with closing(sender_of(parts, fell)) as sender, pytest.raises(Fallen):
        until_quiet(sender)
    assert ends(parts, ticket) == []
    with closing(sender_of(parts, post)) as sender:
        leases_over(parts)
        until_quiet(sender)
        assert post.taken == [], "its try was counted: the next one waits"
        clock.forward(WAIT)
        until_quiet(sender)
    assert [one.ticket for one in post.taken] == [ticket]
    assert [one.tries for one in ends(parts, ticket)] == [2]


def test_a_worker_that_falls_after_it_sent_sends_again_under_the_same_id(
    parts: Services, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A channel may tell a repetition by it; the record tells one end."""
    ticket, post = accepted(parts), Post()

    def fallen(*_: Any, **__: Any) -> bool:
        raise Fallen

    with closing(sender_of(parts, post)) as sender, monkeypatch.context() as broken:
        broken.setattr(sender, "_on_record", fallen)
        with pytest.raises(Fallen):
            until_quiet(sender)
    assert (len(post.taken), ends(parts, ticket)) == (1, [])
    leases_over(parts)
    clock.forward(WAIT)
    with closing(sender_of(parts, post)) as sender:
        until_quiet(sender)
    first, second = post.taken
    assert first.notice == second.notice
    assert [one.notice for one in ends(parts, ticket)] == [first.notice]


def test_a_worker_that_falls_after_the_record_sends_nothing_more(
    parts: Services, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is on record is over, whatever the list says."""
    ticket, post = accepted(parts), Post()

    def fallen(*_: Any, **__: Any) -> None:
        raise Fallen

    with closing(sender_of(parts, post)) as sender, monkeypatch.context() as broken:
        broken.setattr(sender, "_take_off", fallen)
        with pytest.raises(Fallen):
            until_quiet(sender)
    assert len(waiting(parts)) == len(ends(parts, ticket)) == 1
    leases_over(parts)
    clock.forward(WAIT)
    with closing(sender_of(parts, post)) as sender:
        until_quiet(sender)
    assert (len(post.taken), len(ends(parts, ticket)), waiting(parts)) == (1, 1, [])


def test_four_workers_send_each_notice_once(join: Callable[..., Services]) -> None:
    """Each takes what no other has; nobody waits for anybody."""
    processes, post = [join() for _ in range(4)], Post()
    tickets = [accepted(processes[0]) for _ in range(30)]
    with ExitStack() as ending, ThreadPoolExecutor(4) as pool:
        senders = [ending.enter_context(closing(sender_of(one, post))) for one in processes]
        list(pool.map(until_quiet, senders))
        list(pool.map(until_quiet, senders))
    assert sorted(one.ticket for one in post.taken) == sorted(tickets)
    assert all(len(ends(processes[0], ticket)) == 1 for ticket in tickets)


def test_a_list_that_is_lost_is_told_again_by_the_record(parts: Services) -> None:
    """Views may be dropped at any time; what was sent is not sent again."""
    ticket, post = accepted(parts), Post()
    with closing(sender_of(parts, post)) as sender:
        until_quiet(sender)
    parts.write_view("delete from view.definition where view = %s", (outbox.OUTBOX.name,))
    with closing(sender_of(parts, post)) as sender:
        until_quiet(sender)
    assert (len(post.taken), len(ends(parts, ticket)), waiting(parts)) == (1, 1, [])


def test_a_list_from_before_it_named_queues_is_kept(parts: Services) -> None:
    """What was given up is not found again by reading the record anew: its end stands there."""
    ticket, post = accepted(parts), Post(refuses=1)
    assert outbox.OUTBOX.version == 1
    with closing(sender_of(parts, post)) as sender:
        until_quiet(sender)
    named = parts.read_now(lambda db: _all(db, "select ticket from view.notice"))
    assert named == [(ticket,)], "as the version before wrote it, and reads it"
    with closing(sender_of(parts, post)):
        (kept,) = waiting(parts)
    assert (kept.about, kept.ticket, kept.tries) == (f"ticket:{ticket}", ticket, 1)


def test_who_was_too_slow_does_not_say_that_nothing_was_sent(
    parts: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has the notice now may have sent it: only who holds it tells how it ended."""
    ticket, post = accepted(parts), Post()

    def slowly(*_: Any) -> bool:
        leases_over(parts)
        return True

    with closing(sender_of(parts, post)) as sender, monkeypatch.context() as patched:
        patched.setattr(sending, "moot", slowly)
        assert sender.step()
    assert (ends(parts, ticket), len(waiting(parts))) == ([], 1)
    with closing(sender_of(parts, post)) as sender, monkeypatch.context() as patched:
        patched.setattr(sending, "moot", lambda *_: True)
        until_quiet(sender)
    (end,) = ends(parts, ticket)
    assert isinstance(end, NoticeFailed)
    assert (end.why, end.tries, post.taken) == (NoticeFailure.MOOT, 0, [])


# --- again ------------------------------------------------------------------------------------


def test_a_channel_that_is_closed_is_tried_again_later_and_later(
    parts: Services, clock: Clock
) -> None:
    """Thirty seconds, then twice as long each time; inside that time nothing is sent."""
    ticket, post = accepted(parts), Post(refuses=3)
    with closing(sender_of(parts, post)) as sender:
        until_quiet(sender)
        for wait in (WAIT, 2 * WAIT, 4 * WAIT):
            assert post.taken == []
            clock.forward(wait - MOMENT)
            until_quiet(sender)
            assert post.taken == []
            clock.forward(MOMENT)
            until_quiet(sender)
    assert [one.tries for one in ends(parts, ticket)] == [4]


def test_a_notice_no_channel_takes_is_given_up_and_told(parts: Services, clock: Clock) -> None:
    """As often as the book says and no more; then somebody must look."""
    ticket, post = accepted(parts), Post(refuses=1_000)
    assert readiness(parts).checks["notices"] == "ok"
    with closing(sender_of(parts, post)) as sender:
        for _ in range(TRIES + 3):
            until_quiet(sender)
            clock.forward(LONGEST)
            clock.at = max(clock.at, DAY) if clock.at < later(DAY, timedelta(hours=10)) else DAY
    (end,) = ends(parts, ticket)
    assert isinstance(end, NoticeFailed)
    assert (end.why, end.tries, 1_000 - post.refuses) == (NoticeFailure.GAVE_UP, TRIES, TRIES)
    (dead,) = waiting(parts, failed=True)
    assert (dead.notice, dead.why, dead.to) == (end.notice, "gave_up", "buyer")
    ready = readiness(parts)
    assert ready.status == "degraded"
    assert "ticketledger notices list" in ready.checks["notices"]


def test_one_closed_channel_holds_up_no_other_notice(parts: Services) -> None:
    """Every notice has its own tries."""
    first, second = accepted(parts), accepted(parts)
    post = Post(refuses=1)
    with closing(sender_of(parts, post)) as sender:
        until_quiet(sender)
    assert len(post.taken) == 1
    assert len(ends(parts, first)) + len(ends(parts, second)) == 1


def test_a_broken_notice_holds_up_no_other(
    parts: Services, caplog: pytest.LogCaptureFixture
) -> None:
    """A fault of one channel's program is told without its words, which may be personal."""
    first, second = accepted(parts), accepted(parts)
    broken: list[str] = []

    def breaks(message: Message) -> None:
        if not broken:
            broken.append(message.ticket)
            raise RuntimeError("Mr Li, b@x.test")

    post = Post(on_send=breaks)
    with closing(sender_of(parts, post)) as sender:
        until_quiet(sender)
    assert [one.ticket for one in post.taken] == [
        ticket for ticket in (first, second) if ticket not in broken
    ]
    assert "could not be sent: RuntimeError" in caplog.text
    assert "Mr Li" not in caplog.text


def test_a_record_of_which_nobody_can_say_what_it_means_hides_no_other(
    parts: Services, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is put aside where an operator sees it, and a program that was mended sends it."""
    first, second = accepted(parts), accepted(parts)
    known = sending.notices_of

    def breaks(record: Record, *books: Any) -> tuple[NoticeDue, ...]:
        if record.subject == first and known(record, *books):
            raise RuntimeError("Mr Li, b@x.test")
        return known(record, *books)

    post = Post()
    with monkeypatch.context() as patched:
        patched.setattr(sending, "notices_of", breaks)
        for _ in range(2):  # started anew, it is as broken as before
            with closing(sender_of(parts, post)) as sender:
                until_quiet(sender)
    assert [one.ticket for one in post.taken] == [second]
    assert readiness(parts).checks["poison"] == "records are put aside"
    (aside,) = parts.views.poisoned()
    assert (aside.view, aside.stream) == ("process:notices", f"ticket:{first}")
    assert "RuntimeError" in (aside.error or "")
    assert "Mr Li" not in f"{caplog.text}{aside}"
    with closing(sender_of(parts, post)) as sender:
        until_quiet(sender)
    assert [one.ticket for one in post.taken] == [second, first]
    assert parts.views.poisoned() == []


def test_what_was_given_up_is_listed_and_dismissed_on_the_command_line(
    parts: Services, clock: Clock, tmp_path: Path
) -> None:
    """An operator sees which and why, and takes off what was looked after."""
    ticket = accepted(parts)

    class Nobody(Directory):
        def find(self, kind: str, reference: str, channel: str) -> None:  # type: ignore[override]
            """Know nobody."""

    with closing(sender_of(parts, Post(), addresses=Nobody())) as sender:
        until_quiet(sender)
    database = parts.settings.database_url or ""
    at = ["--data-dir", str(tmp_path), "--database-url", database]
    told = CliRunner().invoke(app, ["notices", "list", *at, "--json"])
    ((failed,),) = [json.loads(told.stdout)["notices"]]
    assert (failed["ticket"], failed["why"], failed["to"]) == (ticket, "no_address", "buyer")
    assert readiness(parts).checks["notices"] == "ok", "nobody can do anything about it"
    assert CliRunner().invoke(app, ["notices", "dismiss", failed["notice"], *at]).exit_code == 0
    assert waiting(parts, failed=True) == []
    assert CliRunner().invoke(app, ["notices", "dismiss", failed["notice"], *at]).exit_code != 0
    assert len(ends(parts, ticket)) == 1


def test_no_text_and_no_address_is_kept(parts: Services, caplog: pytest.LogCaptureFixture) -> None:
    """Neither on the list, nor on record, nor in a log."""
    caplog.set_level(logging.DEBUG)
    ticket, post = accepted(parts), Post(refuses=1)
    with closing(sender_of(parts, post)) as sender:
        until_quiet(sender)
    (row,) = waiting(parts)
    assert "@app.test" not in repr(row)
    assert "@app.test" not in caplog.text
    assert ends(parts, ticket) == []


# --- ports ------------------------------------------------------------------------------------


def message(**said: Any) -> Message:
    """Return a message to a buyer."""
    told = {
        "notice": "n-1",
        "ticket": "T0-261122-7ZK4M2Q",
        "to": "buyer",
        "channel": "email",
        "address": "b@x.test",
        "locale": "en",
        "subject": "Subject",
        "body": "Body",
    }
    return Message(**{**told, **said})


@pytest.fixture
def gateway() -> Iterator[ThreadingHTTPServer]:
    """A gateway on this machine; it answers what its `answers` say, 200 without."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Keep what came and answer."""
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.came.append((self.path, dict(self.headers), json.loads(body)))  # type: ignore[attr-defined]
            self.send_response(self.server.answers.pop() if self.server.answers else 200)  # type: ignore[attr-defined]
            self.end_headers()

        def do_GET(self) -> None:
            """Answer as a directory of customers."""
            known = self.server.known.get(self.path)  # type: ignore[attr-defined]
            self.send_response(200 if known else 404)
            self.end_headers()
            if known:
                self.wfile.write(json.dumps(known).encode())

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.came, server.answers, server.known = [], [], {}  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def test_apprise_posts_the_words_the_address_and_the_id(gateway: Any) -> None:
    """A gateway can tell a repetition, and knows whom it is for."""
    ApprisePort(f"json://127.0.0.1:{gateway.server_port}/to/{{address}}").send(
        message(enclosed="\nMore.")
    )
    ((path, headers, body),) = gateway.came
    assert path.rstrip("/") in {"/to/b%40x.test", "/to/b@x.test"}
    assert headers[ID_HEADER] == "n-1"
    assert (body["title"], body["message"]) == ("Subject", "Body\nMore.")


def test_what_apprise_can_not_deliver_is_told_without_the_urls_secrets(
    gateway: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """A URL holds passwords; neither log nor error repeats it."""
    caplog.set_level(logging.DEBUG)
    gateway.answers.append(500)
    port = ApprisePort(f"json://bob:s3cret-word@127.0.0.1:{gateway.server_port}/")
    with pytest.raises(NotDelivered) as told:
        port.send(message())
    assert not told.value.for_good
    with pytest.raises(NotDelivered) as unknown:
        ApprisePort("nosuch://bob:s3cret-word@host").send(message())
    assert unknown.value.for_good
    assert "s3cret-word" not in f"{told.value}{unknown.value}{caplog.text}"


@pytest.mark.parametrize(
    "url",
    [
        "mailtos://user:word@example.com?smtp=mail.example.com&to={address}",
        "dingtalk://0123456789abcdef",
        "feishu://0123456789abcdef",
        "wecombot://01234567-89ab-cdef-0123-456789abcdef",
        f"twilio://AC{'a' * 32}:{'b' * 32}@15551230001/{{address}}",
        "clicksend://user:word@{address}",
    ],
)
def test_the_channels_we_name_are_ones_the_library_knows(url: str, tmp_path: Path) -> None:
    """E-mail, DingTalk, Feishu, WeCom and SMS gateways, as docs/operating.md writes them."""
    assert is_known(url)
    told = examine(Settings(data_dir=tmp_path, notify_urls={"im": url}))
    (found,) = [one for one in told if one.what == "notices by im"]
    assert found.fine


@pytest.mark.parametrize("url", ["wecom://word", "sms://13800000000", "dingtalk://", "nosuch://x"])
def test_a_channel_the_library_does_not_know_is_found_by_the_doctor(
    url: str, tmp_path: Path
) -> None:
    """Before the first notice to it is given up; the URL is not repeated, it holds secrets."""
    assert not is_known(url)
    told = examine(Settings(data_dir=tmp_path, notify_urls={"im": url}))
    (found,) = [one for one in told if one.what == "notices by im"]
    assert not found.fine
    assert url not in str(found.table())


def test_a_notice_goes_through_the_settings_gateway(
    join: Callable[..., Services], gateway: Any
) -> None:
    """The parts as an installation joins them: a URL, a directory, and nothing else."""
    at = f"127.0.0.1:{gateway.server_port}"
    gateway.known["/people/buyer/b-1/app"] = {"address": "device-7", "locale": "en"}
    parts = join(
        notify_urls={"app/buyer": f"json://u:s3cret-word@{at}/push/{{address}}"},
        addresses_url=f"http://{at}/people",
    )
    ticket = accepted(parts)
    with closing(Sender(parts)) as sender:
        until_quiet(sender)
    ((path, _, body),) = gateway.came
    assert path.rstrip("/") == "/push/device-7"
    assert body["title"] == "Your request was taken up"
    (end,) = ends(parts, ticket)
    assert isinstance(end, NoticeSent)
    assert end.port == "apprise"
    assert "s3cret-word" not in repr(parts.settings)


def test_without_a_url_notices_are_written_to_a_file_and_what_is_enclosed_is_not(
    parts: Services, tmp_path: Path
) -> None:
    """The file is not encrypted; it is for an installation that has no channel yet."""
    ticket = accepted(parts)
    with closing(Sender(parts)) as sender:
        until_quiet(sender)
    (end,) = ends(parts, ticket)
    assert isinstance(end, NoticeSent)
    assert (end.channel, end.port) == ("file", "file"), "nobody reads that the app took it"
    port = port_of(parts.settings, "buyer", "email")
    assert port is not None
    port.send(message(enclosed="We are sorry, Mr Li."))
    file = tmp_path / FILE
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert (lines[0]["ticket"], lines[0]["channel"]) == (ticket, "app")
    assert lines[1]["encloses"]
    assert "Mr Li" not in file.read_text("utf-8")
    assert "b@x.test" not in file.read_text("utf-8")
    assert file.stat().st_mode & 0o077 == 0


def test_the_file_of_notices_is_bounded_and_its_last_lines_are_kept(tmp_path: Path) -> None:
    """A disk is not filled by what nobody reads; a line is whole, whichever file it is in."""
    port = FilePort(tmp_path, bytes_max=1_000, kept=2)
    for number in range(50):
        port.send(message(notice=f"n-{number}"))
    files = [tmp_path / f"{FILE}{end}" for end in (".2", ".1", "")]
    assert sorted(tmp_path.iterdir()) == sorted(files)
    assert all(0 < file.stat().st_size <= 1_000 for file in files)
    assert all(file.stat().st_mode & 0o077 == 0 for file in files)
    lines = [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]
    told = [one["notice"] for one in lines]
    assert told == [f"n-{number}" for number in range(50 - len(told), 50)]


def test_a_file_that_can_not_be_written_is_no_delivery(tmp_path: Path) -> None:
    """The notice is tried again, as with every channel that does not take it."""
    with pytest.raises(NotDelivered):
        FilePort(tmp_path / "nowhere").send(message())


@pytest.mark.parametrize(
    ("to", "found"),
    [
        ("desk:director", "for-director"),
        ("desk:supervisor", "for-desks"),
        ("department:legal", "for-all"),
        ("buyer", None),
    ],
)
def test_the_url_for_one_stands_before_the_url_for_all(
    tmp_path: Path, to: str, found: str | None
) -> None:
    """And no message for a buyer goes to a place that is everybody's."""
    settings = Settings(
        data_dir=tmp_path,
        notify_urls={
            "im": "json://for-all",
            "im/desk": "json://for-desks",
            "im/desk:director": "json://for-director",
        },
    )
    port = port_of(settings, to, "im")
    assert (port is None) == (found is None)
    if found is not None:
        assert isinstance(port, ApprisePort)
        assert found in port._url


def test_a_channel_the_program_does_not_know_is_no_setting(tmp_path: Path) -> None:
    """A slip is told at the start, without the secret."""
    with pytest.raises(ValidationError) as told:
        Settings(data_dir=tmp_path, notify_urls={"pigeon": "json://u:s3cret-word@host"})
    assert "s3cret-word" not in str(told.value)


def test_a_directory_that_does_not_answer_is_asked_again(gateway: Any) -> None:
    """Nobody known is an answer; no answer is none."""
    known = HttpAddresses(f"http://127.0.0.1:{gateway.server_port}/people")
    assert known.find("buyer", "b-9", "email") is None
    gateway.known["/people/buyer/b-9/email"] = {"address": "x@y.test"}
    found = known.find("buyer", "b-9", "email")
    assert found is not None
    assert (found.address, found.locale) == ("x@y.test", None)
    with pytest.raises(NotDelivered):
        HttpAddresses("http://127.0.0.1:1/people").find("buyer", "b-9", "email")


def test_texts_are_in_the_language_somebody_reads(parts: Services) -> None:
    """Of whom nobody knows, in the book's first."""
    accepted(parts)
    english, chinese = Post(), Post()
    with closing(sender_of(parts, english, addresses=Directory("en"))) as sender:
        until_quiet(sender)
    accepted(parts)
    with closing(sender_of(parts, chinese, addresses=Directory("fr"))) as sender:
        until_quiet(sender)
    assert "taken up" in english.taken[0].subject
    assert "受理" in chinese.taken[0].subject


def _falls(_message: Message) -> None:
    raise Fallen
