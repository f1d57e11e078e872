"""Moving one ticket to another book over HTTP: told beforehand, refused before its time, done."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from domain.values import later
from tests.api.served import START, Served, serving
from tests.api.test_promises_routes import code, offered, told, topics
from tests.conftest import Database
from tests.scenario import MOMENT, named, whole_bytes

TAKEOVER: Final = 'stops = ["taken_over"]\nwithin = "PT30M"'
SHORTER: Final = TAKEOVER.replace("PT30M", "PT20M") + "\npublic = false"
"""The other book keeps what it promises here to the staff, too."""
OWN_TIME: Final = (
    'name = "acceptance"\nclock = "complaint_takeover"\nawaits = "agent"\nsource = "SL-02"',
    'name = "acceptance"\nwithin = "PT30M"\nawaits = "agent"\nsource = "ours"',
)
"""There, what the parties are told is due later than what only staff know."""
BEGINS: Final = later(START, timedelta(minutes=25))
"""When the other book begins: by its figure, what was opened at the start is late by then."""


@pytest.fixture
def served(make_database: Callable[[int], Database], tmp_path: Path) -> Iterator[Served]:
    """The API over a database of the test's own, with a book in force and one to come."""
    with serving(make_database(1), tmp_path) as running:
        running.services.ledger.adopt(whole_bytes())
        running.services.ledger.adopt(
            whole_bytes(named("b-2"), (TAKEOVER, SHORTER), OWN_TIME), in_force_from=BEGINS
        )
        yield running


@pytest.fixture
def ticket(served: Served) -> str:
    """A complaint nobody took over yet."""
    return complaint(served)


def complaint(served: Served) -> str:
    """Open a complaint under the book in force."""
    order = served.place_order("buyer-1", "merchant-1")
    body = {"channel": "app", "kind": "complaint", "order": order}
    stream: str = told(served.post("buyer", "/v1/tickets", body), 201)["stream"]
    return stream.removeprefix("ticket:")


def move(served: Served, ticket: str, to: str, *, who: str = "supervisor") -> Any:
    """Move a ticket to a book."""
    body = {"policy": to, "why": "new_promises"}
    where = f"/v1/tickets/{ticket}/book"
    return served.post(who, where, body, key=served.fresh("move"), version=served.version(ticket))


def changes(served: Served, ticket: str, to: str, *, who: str = "supervisor") -> Any:
    """Ask what moving a ticket to a book would change."""
    return served.get(who, f"/v1/tickets/{ticket}/book-changes", to=to)


def test_what_a_move_would_change_is_told_before_and_nothing_is_written(
    served: Served, ticket: str
) -> None:
    """Due times, what is broken at once, and then the same on record."""
    served.clock.at = BEGINS
    version = served.version(ticket)
    head = served.services.ledger.position(0)
    found = told(changes(served, ticket, "b-2"))
    assert (found["ticket"], found["before"], found["after"]) == (ticket, "2026-11-22", "b-2")
    assert "refused" not in found
    (clock,) = found["clocks"]
    assert clock == {
        "clock": "complaint_takeover",
        "change": "moved",
        "due_before": later(START, timedelta(minutes=30)),
        "due_after": later(START, timedelta(minutes=20)),
        "breached_at_once": True,
    }
    assert (served.version(ticket), served.services.ledger.position(0)) == (version, head)
    done = topics(move(served, ticket, "b-2"))
    assert {"ticket.moved_to_book.v1", "clock.moved.v1", "clock.breached.v1"} <= set(done)
    shown = told(served.get("supervisor", f"/v1/tickets/{ticket}"))["clocks"]
    takeover = next(one for one in shown if one["detail"]["clock"] == "complaint_takeover")
    assert (takeover["due_at"], takeover["state"]) == (clock["due_after"], "breached")
    assert told(changes(served, ticket, "b-2")) == {
        "ticket": ticket,
        "before": "b-2",
        "after": "b-2",
    }


def test_what_a_move_is_refused_for_its_dry_run_is_refused_for(served: Served, ticket: str) -> None:
    """An unknown book, a matter that is over."""
    served.clock.at = BEGINS
    for ask in (changes, move):
        assert code(ask(served, ticket, "b-9"), 409) == "unknown_book"
    told(served.post("buyer", f"/v1/tickets/{ticket}/closing"))
    for ask in (changes, move):
        assert code(ask(served, ticket, "b-2"), 409) == "ticket_closed"
    assert code(changes(served, "T0-261122-0000000", "b-2"), 404) == "unknown_ticket"
    assert code(served.get("admin", f"/v1/tickets/{ticket}/book-changes"), 422) == "malformed"


def test_a_book_to_come_is_tried_on_a_ticket_that_it_can_not_be_moved_to_yet(
    served: Served, ticket: str
) -> None:
    """Whoever adopts a book wants to know beforehand what it breaks (CL-10)."""
    served.clock.at = later(BEGINS, -MOMENT)
    ahead = told(changes(served, ticket, "b-2"))
    assert ahead.pop("in_force_from") == BEGINS
    assert [one["breached_at_once"] for one in ahead["clocks"]] == [True]
    early = told(move(served, ticket, "b-2"), 409)
    assert (early["code"], early["in_force_from"]) == ("book_not_in_force", BEGINS)
    served.clock.at = BEGINS
    assert told(changes(served, ticket, "b-2")) == ahead


@pytest.mark.parametrize("who", ["buyer", "merchant", "agent", "arbitrator", "auditor", "orders"])
def test_only_who_may_move_is_told_what_it_would_change(
    served: Served, ticket: str, who: str
) -> None:
    """What is promised to staff alone stands there too."""
    served.clock.at = BEGINS
    assert code(changes(served, ticket, "b-2", who=who), 403) == "not_your_role"
    assert code(move(served, ticket, "b-2", who=who), 403) == "not_your_role"


def test_a_ticket_is_moved_to_a_book_in_force_and_judged_under_it(
    served: Served, ticket: str
) -> None:
    """Every due time that changes is a fact; what is judged next is judged by the other book."""
    assert topics(move(served, ticket, "2026-11-22")) == [], "it is there already"
    unread = {"policy": "2026-11-22", "why": "same"}
    assert code(served.post("supervisor", f"/v1/tickets/{ticket}/book", unread), 428)
    served.clock.at = BEGINS
    assert "move_to_book" in offered(served, "supervisor", ticket)
    assert "ticket.moved_to_book.v1" in topics(move(served, ticket, "b-2", who="admin"))
    assert told(served.get("agent", f"/v1/tickets/{ticket}"))["policy"] == "b-2"
    told(served.post("agent", f"/v1/tickets/{ticket}/queue", {"queue": "vip", "why": "moved"}))


def expected(served: Served, ticket: str, who: str) -> Any:
    """Return what somebody is told to wait for on the progress board of a ticket."""
    head = f"0-{served.services.ledger.position(0)}"
    board = served.get(who, f"/v1/tickets/{ticket}/progress-board", min_position=head)
    return told(board)["expected"]["deadline"]


def test_the_board_tells_parties_what_the_tickets_own_book_tells_them(
    served: Served, ticket: str
) -> None:
    """Another adopted book calls the promise public: that is for the tickets under that one."""
    served.clock.at = BEGINS
    told(move(served, ticket, "b-2"))
    for one in (ticket, complaint(served)):
        assert expected(served, one, "supervisor") == "clock:complaint_takeover"
        assert expected(served, one, "buyer") == "acceptance"
