"""The past over HTTP: what is answered of a ticket as of a moment is what was answered then."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from httpx2 import Response

from api.models.base import MOMENT_CHARACTERS_MAX
from api.reads.past import seen_past
from domain.streams import LANES_MAX
from domain.values import Actor, ActorKind, later
from replay.as_of import At
from tests.api.served import START, Served, serving
from tests.conftest import Database

LANES = (1, 4)
STAFF = "supervisor"
_NOW_ONLY = {"position", "as_of", "verified", "actions"}
PATHS = ("", "/progress-board", "/case-file")


@pytest.fixture(scope="module")
def served(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The API over a fresh database, for every number of lanes."""
    with serving(database, tmp_path_factory.mktemp("data")) as running:
        yield running


def _ok(answer: Response) -> dict[str, Any]:
    assert answer.status_code in {200, 201}, answer.text
    told: dict[str, Any] = answer.json()
    return told


def _then(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name not in _NOW_ONLY}


class Course:
    """A ticket on which several things happen, with what was answered after each of them."""

    def __init__(self, served: Served, name: str) -> None:
        """Play it, ten minutes a step."""
        self.served = served
        self.buyer, self.merchant = f"buyer:{name}", f"merchant:{name}-shop"
        self.begun = served.head()
        served.clock.pass_by(timedelta(minutes=10))
        self.ticket = served.open_ticket(name, f"{name}-shop")
        self.moments: list[str] = []
        self.instants: list[str] = []
        self.seen: list[dict[str, dict[str, Any]]] = []
        self._look()
        for who, path, body in (
            ("agent", "acceptance", {}),
            ("agent", "notes", {"text": "She called before."}),
            (self.merchant, "refusal", {"reasons": "No fault was found."}),
            (self.merchant, "offers", {"terms": [{"kind": "exchange"}]}),
            (self.buyer, "messages", {"text": "I want my money."}),
        ):
            served.clock.pass_by(timedelta(minutes=10))
            answer = served.post(who, f"/v1/tickets/{self.ticket}/{path}", body)
            assert answer.status_code in {200, 201}, answer.text
            self._look()

    def read(self, who: str, path: str, **query: Any) -> Response:
        """Read something of the ticket."""
        return self.served.get(who, f"/v1/tickets/{self.ticket}{path}", **query)

    def _look(self) -> None:
        head = self.served.head()
        self.moments.append(head)
        self.instants.append(self.served.clock.at)
        self.seen.append(
            {
                f"{who} {path}": _ok(self.read(who, path, min_position=head))
                for who, path in self.reads()
            }
        )

    def reads(self) -> list[tuple[str, str]]:
        """Return who reads what."""
        parties = [
            (who, path) for who in (self.buyer, self.merchant) for path in ("", "/progress-board")
        ]
        return [*((STAFF, path) for path in PATHS), *parties]


@pytest.fixture(scope="module")
def course(served: Served) -> Course:
    """A ticket that came a long way, and others beside it."""
    served.open_ticket("before")
    course = Course(served, "anna")
    served.open_ticket("after")
    return course


def test_a_ticket_board_and_case_file_are_answered_as_they_were_at_a_position(
    course: Course,
) -> None:
    """By parties and by staff: the same words as then, and the moment they are of."""
    for moment, seen in zip(course.moments, course.seen, strict=True):
        for who, path in course.reads():
            told = _ok(course.read(who, path, at_position=moment))
            assert _then(told) == _then(seen[f"{who} {path}"])
            assert told["as_of"] == {"by": "position", "verified": True}
            assert told["position"] in moment.split(",")
            assert not told.get("actions")


def test_an_instant_and_a_version_name_the_same_past(course: Course) -> None:
    """What was recorded by then, whichever way the moment is told."""
    for at, seen in zip(course.instants, course.seen, strict=True):
        for who, path in course.reads():
            told = _ok(course.read(who, path, at_time=at))
            assert _then(told) == _then(seen[f"{who} {path}"])
            version = told["case"]["version"] if path == "/case-file" else told["version"]
            by_version = _ok(course.read(who, path, at_version=version))
            assert _then(by_version) == _then(told)
            assert by_version["as_of"]["version"] == version


def test_what_had_occurred_is_what_was_recorded_where_nothing_came_later(course: Course) -> None:
    """Our own facts occur when they are recorded."""
    for at in course.instants:
        for path in ("/progress-board", "/case-file"):
            recorded = _ok(course.read(STAFF, path, at_time=at))
            occurred = _ok(course.read(STAFF, path, at_occurred=at))
            assert _then(occurred) == _then(recorded)
            assert occurred["as_of"]["by"] == "occurred"


def test_a_ticket_by_what_had_occurred_is_told_by_views_and_says_so(course: Course) -> None:
    """Nothing is judged in that order: its members are those of a list, to parties as to staff."""
    for at in course.instants:
        for who in (STAFF, course.buyer, course.merchant):
            recorded = _ok(course.read(who, "", at_time=at))
            occurred = _ok(course.read(who, "", at_occurred=at))
            assert occurred["told_by"] == "views"
            assert occurred["as_of"] == {"by": "occurred", "instant": at, "verified": True}
            assert "offers" not in occurred
            for name in occurred.keys() & recorded.keys() - _NOW_ONLY:
                assert occurred[name] == recorded[name]
            address = urlsplit(occurred["progress_board"])
            board = _ok(course.served.get(who, address.path, **dict(parse_qsl(address.query))))
            assert board == _ok(course.read(who, "/progress-board", at_occurred=at))
    stranger = course.read("buyer:stranger", "", at_occurred=course.instants[-1])
    assert (stranger.status_code, stranger.json()["code"]) == (404, "unknown_ticket")


def test_a_ticket_in_a_list_is_what_the_views_tell_of_it_by_what_had_occurred(
    course: Course,
) -> None:
    """The two are one shape, of one row."""
    at = course.instants[-1]
    listed = _ok(course.served.get(STAFF, "/v1/tickets", min_position=course.served.head()))
    (summary,) = [one for one in listed["items"] if one["ticket"] == course.ticket]
    occurred = _ok(course.read(STAFF, "", at_occurred=at))
    assert {name: occurred[name] for name in summary} == summary


def test_a_fact_reported_late_is_known_late_and_true_early(served: Served) -> None:
    """What did the arbitrator know then? And what was true then?"""
    ticket = served.open_ticket("late")
    at = served.clock.at
    served.clock.pass_by(timedelta(hours=2))
    body = {"fact": "on_site", "occurred_at": later(at, timedelta(minutes=5))}
    answer = served.post("agent", f"/v1/tickets/{ticket}/facts", body)
    assert answer.status_code in {200, 201}, answer.text
    between = later(at, timedelta(hours=1))

    def topics(**asked: Any) -> list[str]:
        file = _ok(served.get(STAFF, f"/v1/tickets/{ticket}/case-file", **asked))
        return [entry["topic"] for entry in file["timeline"]]

    assert "ticket.fact_reported.v1" not in topics(at_time=between)
    assert "ticket.fact_reported.v1" in topics(at_occurred=between)


def test_the_texts_of_the_past_are_opened_as_now_and_the_look_is_on_record(
    course: Course,
) -> None:
    """Whoever reads yesterday's file reads personal data today."""
    served = course.served
    told = _ok(course.read("auditor:past-reader", "/case-file", at_position=course.moments[-1]))
    assert "She called before." in [one["text"] for one in told["texts"]]
    first = _ok(course.read("auditor:past-reader", "/case-file", at_position=course.moments[0]))
    assert "She called before." not in [one["text"] for one in first["texts"]]
    looks = served.services.ledger.stream(f"access:{course.ticket}")
    assert "past-reader" in {record.actor.ref for record in looks}


def test_strangers_learn_nothing_of_the_past(course: Course) -> None:
    """A party sees the past only as it may see the present."""
    for path in ("", "/progress-board"):
        for asked in ({"at_version": 1}, {"at_position": course.moments[0]}):
            answer = course.read("buyer:stranger", path, **asked)
            assert (answer.status_code, answer.json()["code"]) == (404, "unknown_ticket")
    assert course.read(course.buyer, "/case-file", at_version=1).status_code == 403


def test_a_moment_without_an_answer_is_said_clearly(course: Course) -> None:
    """Beyond the end, before the beginning, ahead, two at once, and not of this kind."""
    lane = int(course.ticket[1])
    end = course.served.services.ledger.position(lane)
    wrong: list[tuple[dict[str, Any], int, str]] = [
        ({"at_version": 9_999}, 404, "version_unknown"),
        ({"at_position": f"{lane}-{end + 1_000}"}, 422, "position_unknown"),
        ({"at_position": "99-1"}, 422, "malformed"),
        ({"at_position": "nonsense"}, 422, "malformed"),
        ({"at_position": course.begun}, 404, "not_yet_opened"),
        ({"at_time": later(START, -timedelta(days=400))}, 404, "before_the_beginning"),
        ({"at_time": later(START, timedelta(days=400))}, 422, "instant_ahead"),
        ({"at_occurred": later(START, timedelta(days=400))}, 422, "instant_ahead"),
        ({"at_time": "yesterday"}, 422, "malformed"),
        ({"at_version": 0}, 422, "malformed"),
        ({"at_version": 1, "at_time": START}, 422, "moments_combined"),
        ({"at_version": 1, "min_position": course.begun}, 422, "moments_combined"),
    ]
    for path in PATHS:
        for asked, status, code in wrong:
            answer = course.read(STAFF, path, **asked)
            assert (answer.status_code, answer.json()["code"]) == (status, code), (path, asked)


def test_a_moment_of_all_the_lanes_a_ledger_may_have_is_read(served: Served) -> None:
    """An address that is a place of each of many lanes is long, and not malformed for that."""
    lanes = ",".join(f"{lane}-{10**18 - 1}" for lane in range(10_000, 10_000 + LANES_MAX))
    assert len(lanes) == MOMENT_CHARACTERS_MAX - 1
    for path, name in (("queue", "at_position"), ("queue", "min_position"), ("feed", "after")):
        answer = served.get("auditor", f"/v1/{path}", **{name: lanes})
        (wrong,) = answer.json()["errors"]
        assert wrong["message"] == "The ledger has no such lane."


def test_what_the_other_side_laid_ready_and_took_back_is_not_told_as_of_then(
    served: Served,
) -> None:
    """Evidence that was never on record was the other side's alone, and is so for ever."""
    ticket = served.refused_claim("e-buyer", "e-shop")
    at = f"/v1/tickets/{ticket}"
    kept = served.client.post(
        f"{at}/contents",
        headers={**served.headers("merchant:e-shop"), "Content-Type": "text/plain"},
        content=b"What we thought of first.",
    )
    body = {"kind": "statement", "obtained": "written_by_party", "attachment": _ok(kept)}
    _ok(served.post("merchant:e-shop", f"{at}/evidence", body))
    staged, version = served.head(), served.version(ticket)
    item = _ok(served.get("auditor", at))["evidence"][-1]["item"]
    _ok(served.post("merchant:e-shop", f"{at}/evidence/{item}/withdrawal"))
    for asked in ({"at_position": staged}, {"at_version": version}):
        for path in ("", "/progress-board"):
            told = {
                who: [one["item"] for one in _ok(served.get(who, at + path, **asked))["evidence"]]
                for who in ("buyer:e-buyer", "merchant:e-shop", STAFF)
            }
            assert item not in told["buyer:e-buyer"]
            assert item in told["merchant:e-shop"]
            assert item in told[STAFF]
    for kind, ref, shows in (
        (ActorKind.BUYER, "e-buyer", False),
        (ActorKind.MERCHANT, "e-shop", True),
        (ActorKind.SUPERVISOR, "s", True),
    ):
        past = seen_past(served.services, Actor(kind, ref), ticket, At(version=version))
        assert past.shows(item) is shows
        assert not past.shows("E99"), "what is not known to be visible is not told"
