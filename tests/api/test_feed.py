"""The feed: every record once and in order, as pages and as a stream that resumes."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, NamedTuple

import httpx2
import pytest
import uvicorn

from api import streaming
from api.app import create_app
from api.routes import feed
from api.server import _Server
from domain.streams import parse_moment
from tests.api.served import Served

LANES = (1, 4)
TIMEOUT = 20.0


class Event(NamedTuple):
    """One event as it came down the stream."""

    id: str
    topic: str
    data: dict[str, Any]


def _places(events: list[dict[str, Any]]) -> list[str]:
    return [one["position"] for one in events]


def _everything(served: Served) -> list[str]:
    """Return the position of every record, lane by lane, as the ledger has them."""
    ledger = served.services.ledger
    return [
        f"{record.lane}-{record.position}"
        for lane in range(ledger.lanes)
        for record in ledger.records(lane, 0, 10_000)
    ]


def _in_lane_order(places: list[str]) -> bool:
    lanes: dict[str, list[int]] = {}
    for place in places:
        lane, _, position = place.partition("-")
        lanes.setdefault(lane, []).append(int(position))
    return all(
        positions == list(range(positions[0], positions[0] + len(positions)))
        for positions in lanes.values()
    )


@pytest.fixture
def origin(served: Served) -> Iterator[str]:
    """The address of a real server over the same services: a stream needs one."""
    with _listening(served) as (where, _):
        yield where


class QuietServer(_Server):
    """The server of `serve`, in a thread: signals stay with the tests."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


@contextmanager
def _listening(served: Served) -> Iterator[tuple[str, uvicorn.Server]]:
    app = create_app(served.services)
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_level="critical", timeout_graceful_shutdown=1
    )
    server = QuietServer(config, served.services.settings)
    started = threading.Event()
    startup = server.startup

    async def tell(sockets: Any = None) -> None:
        await startup(sockets)
        started.set()

    server.startup = tell  # type: ignore[method-assign]
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert started.wait(TIMEOUT)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}", server
    finally:
        server.should_exit = True
        thread.join(TIMEOUT)
        assert not thread.is_alive()


def _stream(
    served: Served,
    origin: str,
    until: Callable[[list[Event]], bool],
    *,
    last: str | None = None,
    **query: Any,
) -> list[Event]:
    """Return the events of a stream up to where the caller has seen enough."""
    headers = {**served.headers("auditor"), "Accept": "text/event-stream"}
    if last is not None:
        headers["Last-Event-ID"] = last
    found: list[Event] = []
    with httpx2.stream(
        "GET", f"{origin}/v1/feed", headers=headers, params=query, timeout=TIMEOUT
    ) as answer:
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        fields: dict[str, str] = {}
        for line in answer.iter_lines():
            name, _, value = line.partition(": ")
            if name:
                fields[name] = value
                continue
            if "data" in fields:
                data = json.loads(fields["data"])
                found.append(Event(fields["id"], fields["event"], data))
            fields = {}
            if until(found):
                return found
    return found


def test_pages_of_the_feed_hold_every_record_once(served: Served) -> None:
    """Paged by position, so nothing that commits late is skipped."""
    for number in range(4):
        served.open_ticket(f"feed-{number}", f"feed-shop-{number}")
    places: list[str] = []
    after = ""
    while True:
        page = served.get(
            "auditor", "/v1/feed", limit=7, **({"after": after} if after else {})
        ).json()
        if not page["items"]:
            break
        places += _places(page["items"])
        after = page["after"]
    assert parse_moment(after) == parse_moment(page["position"])
    assert sorted(places) == sorted(_everything(served))
    assert _in_lane_order(places)


def test_a_stream_resumes_after_the_last_event_without_loss_or_repetition(
    served: Served, origin: str
) -> None:
    """Whatever the connection was cut after, the next one goes on right behind it."""
    for number in range(3):
        served.open_ticket(f"sse-{number}", f"sse-shop-{number}")
    whole = len(_everything(served))
    places: list[str] = []
    last: str | None = None
    for size in (1, 3, 5):
        part = _stream(served, origin, lambda found, size=size: len(found) >= size, last=last)  # type: ignore[misc]
        part = part[:size]
        places += _places([one.data for one in part])
        last = part[-1].id
        assert [one.topic for one in part] == [one.data["topic"] for one in part]
    rest = _stream(served, origin, lambda found: len(found) >= whole - 9, last=last)
    places += _places([one.data for one in rest])
    assert sorted(places) == sorted(_everything(served))
    assert _in_lane_order(places)


def test_a_stream_goes_on_as_the_record_grows(served: Served, origin: str) -> None:
    """What is recorded while it is open comes down it."""
    head = served.head()
    opened: list[str] = []

    def act_then_wait(found: list[Event]) -> bool:
        if not opened:
            opened.append(served.open_ticket("live", "live-shop"))
        return any(one.topic == "ticket.opened.v1" for one in found)

    events = _stream(served, origin, act_then_wait, after=head)
    (ticket,) = [one for one in events if one.topic == "ticket.opened.v1"]
    assert ticket.data["stream"] == f"ticket:{opened[0]}"
    assert ticket.data["data"]["statement"].keys() == {"sd"}


def test_last_event_id_is_stronger_than_after(served: Served, origin: str) -> None:
    """A browser that reconnects repeats the address and adds the header."""
    served.open_ticket()
    first = _stream(served, origin, lambda found: len(found) >= 2)
    again = _stream(served, origin, lambda found: len(found) >= 1, last=first[0].id, after="0-0")
    assert again[0] == first[1]


def test_a_stream_that_has_nothing_to_say_says_so(
    served: Served, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A comment keeps the connection open through whatever stands between."""
    monkeypatch.setattr(feed, "HEARTBEAT_SECONDS", 0.05)
    headers = {**served.headers("auditor"), "Accept": "text/event-stream"}
    query = {"after": served.head()}
    with httpx2.stream(
        "GET", f"{origin}/v1/feed", headers=headers, params=query, timeout=TIMEOUT
    ) as answer:
        lines = answer.iter_lines()
        assert next(lines) == f"retry: {feed.RETRY_MS}"
        assert (next(lines), next(lines)) == ("", ": still here")


def test_a_stream_ends_with_its_token(
    served: Served, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token that has run out opens nothing any more, a stream neither."""
    monkeypatch.setattr(feed, "HEARTBEAT_SECONDS", 0.05)
    token = served.token("auditor", "u-1", ttl=timedelta(minutes=1))
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
    query = {"after": served.head()}
    with httpx2.stream(
        "GET", f"{origin}/v1/feed", headers=headers, params=query, timeout=TIMEOUT
    ) as answer:
        lines = answer.iter_lines()
        next(lines)
        served.clock.pass_by(timedelta(minutes=1))
        assert set(lines) <= {"", ": still here"}


def test_a_stream_ends_when_the_server_stops(served: Served) -> None:
    """An open page must not keep a server from ending; what was sent was whole."""
    headers = {**served.headers("auditor"), "Accept": "text/event-stream"}
    with (
        _listening(served) as (origin, server),
        httpx2.stream("GET", f"{origin}/v1/feed", headers=headers, timeout=TIMEOUT) as answer,
    ):
        lines = answer.iter_lines()
        next(lines)
        server.should_exit = True
        assert list(lines)[-1] == ""


def test_so_many_streams_are_open_and_no_more(
    served: Served, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full house is said at the door, with when to come again."""
    monkeypatch.setattr(streaming, "STREAMS_MAX", 1)
    headers = {**served.headers("auditor"), "Accept": "text/event-stream"}
    place = f"{origin}/v1/feed"
    with httpx2.stream("GET", place, headers=headers, timeout=TIMEOUT) as answer:
        lines = answer.iter_lines()
        assert next(lines)
        with httpx2.stream("GET", place, headers=headers, timeout=TIMEOUT) as full:
            assert full.status_code == 503
            assert json.loads(full.read())["code"] == "busy"
            assert full.headers["Retry-After"] == "1"
        assert next(lines) == ""
