"""CO-03: agents, full queues, departments and ranks of every moment are those of that moment."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote

import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 - the class, by its name

from api.reads.counts import then_of
from domain.record import Record
from domain.values import later
from projections.agents import AgentList
from replay.as_of import Upto, heads
from replay.as_of.staff import CHUNKS_MAX, agent_list
from tests.acceptance.platform import AUDITOR, SUPERVISOR, Platform
from tests.acceptance.staff import MINUTE, Staff
from tests.scenario import named, whole_bytes

DEPARTMENT: Final = "/v1/departments/legal/requests"
PLAN: Final = {"plan": "We may."}


class Watch:
    """Everything that is told of agents and departments, kept at each moment."""

    def __init__(self, platform: Platform) -> None:
        """Begin with nothing."""
        self.platform = platform
        self.tickets: list[str] = []
        self.kept: list[tuple[str, str, dict[str, Any]]] = []

    def look(self) -> None:
        """Keep what is told now."""
        self.platform.settle()
        told = {address: self.platform.read(AUDITOR, address) for address in self._addresses()}
        position = told["/v1/agents"]["position"]
        self.kept.append((position, self.platform.now.at, told))
        self.platform.pass_by(MINUTE)

    def _addresses(self) -> Iterator[str]:
        yield from ("/v1/agents", "/v1/agents?desk=senior_desk", "/v1/departments", DEPARTMENT)
        for state in ("open", "planned", "moot"):
            yield f"{DEPARTMENT}?state={state}"
        known = {one["agent"] for one in self.platform.read(AUDITOR, "/v1/agents")["items"]}
        for name in sorted(known):
            yield from (f"/v1/agents/{name}", f"/v1/agents/{name}/assignments")
        for ticket in self.tickets:
            yield f"/v1/tickets/{ticket}/queue-position"


def live(platform: Platform, watch: Watch, staff: Staff) -> None:
    """Let agents come, move, take, give back and leave, and departments be asked and answer."""

    def asks(ticket: str) -> None:
        body = {"departments": ["legal", "supply_chain"], "question": "May we?"}
        platform.do(SUPERVISOR, ticket, "department-requests", body)
        watch.look()

    watch.look()
    staff.hire("sup-1", "director")
    staff.hire("a-1", there=False)
    watch.tickets += [staff.matter(buyer=f"b-{number}") for number in range(3)]
    watch.look()
    platform.pass_by(timedelta(minutes=20))
    watch.look()
    staff.do("a-1", "/shifts")
    watch.look()
    first, second, third = watch.tickets
    platform.do("agent:a-1", first, "acceptance")
    platform.do("agent:a-1", second, "acceptance")
    platform.do("agent:a-1", third, "assignment/release")
    staff.do("a-1", "/shifts/end")
    watch.look()
    asks(first)
    asks(second)
    platform.do(SUPERVISOR, first, "department-requests/D1/plan", PLAN)
    watch.look()
    staff.hire("a-2", "general_desk", skills=())
    staff.do("a-1", "/moves", {"desk": "general_desk", "why": "helps_out"})
    watch.look()
    platform.pass_by(timedelta(days=2))
    watch.look()
    platform.do("buyer:b-1", second, "closing")
    watch.look()
    platform.do("buyer:b-0", first, "closing")
    watch.look()
    _move(platform, third)
    watch.look()


def _move(platform: Platform, ticket: str) -> None:
    """Promise on a ticket what a book promises that calls the queue it waits in otherwise."""
    begins = later(platform.now.at, MINUTE)
    other = whole_bytes(
        named("other-names"),
        ('name = "senior"\n', 'name = "senior_x"\n'),
        ('moves_to = "senior"\n', 'moves_to = "senior_x"\n'),
    )
    platform.parts.ledger.adopt(other, in_force_from=begins)
    platform.pass_by(MINUTE)
    platform.do("admin:x-1", ticket, "book", {"policy": "other-names", "why": "other_names"})


@pytest.fixture
def watch(staff: Staff) -> Watch:
    """A platform of which everything was looked at while it lived."""
    found = Watch(staff.platform)
    live(staff.platform, found, staff)
    return found


def test_co_03_agents_departments_and_ranks_are_told_as_they_were_told_then(watch: Watch) -> None:
    """Whether by position or by instant, now or after much else has happened."""
    platform, seen = watch.platform, list[dict[str, Any]]()
    for position, at, told in watch.kept:
        for address, then in told.items():
            for asked in (f"at_position={position}", f"at_time={at}", f"at_occurred={at}"):
                answer = platform.read(AUDITOR, _with(address, asked))
                assert answer.pop("as_of")["by"] == asked.split("=")[0].removeprefix("at_")
                if address.endswith("queue-position") and asked.startswith("at_occurred"):
                    answer["position"] = then["position"]  # what occurred is told from the end
                assert _bare(answer) == _bare(then), (address, asked)
        seen.append(told)
    _has_something_of_everything(seen)


def _has_something_of_everything(seen: list[dict[str, Any]]) -> None:
    """Insist that what was looked at was worth it."""
    agents = [told["/v1/agents"] for told in seen]
    assert agents[0]["items"] == []
    assert {bool(one["overflowing"]) for one in agents} == {True, False}
    carried = {item["open"] for one in agents for item in one["items"]}
    assert {0, 2, 3} <= carried
    desks = {item["desk"] for one in agents for item in one["items"] if item["agent"] == "a-1"}
    assert desks == {"senior_desk", "general_desk"}
    states = [len(told[f"{DEPARTMENT}?state=moot"]["items"]) for told in seen]
    assert (min(states), max(states)) == (0, 1)
    late = {one["breached"] for told in seen for one in told[DEPARTMENT]["items"]}
    assert late == {True, False}
    third = [one for one in seen[-1] if one.endswith("queue-position")][-1]
    names = [
        one["book_queue"] and one["book_queue"]["queue"]
        for one in (told[third] for told in seen if third in told)
    ]
    assert set(names) >= {"senior", "senior_x"}, names


def test_co_03_the_pages_of_a_list_of_then_are_of_one_moment(watch: Watch) -> None:
    """Page by page the same as at once; a cursor of one moment is none of another."""
    platform = watch.platform
    position, at, told = next(one for one in watch.kept if _open(one[2]) == 3)
    for address in ("/v1/agents", "/v1/agents/a-1/assignments", DEPARTMENT):
        for asked in (f"at_position={position}", f"at_time={at}", f"at_occurred={at}"):
            pages = list(_pages(platform.read, _with(address, asked)))
            rows = [row for page in pages for row in page["items"]]
            assert _bare(rows) == _bare(told[address]["items"])
            assert {page["position"] for page in pages} == {position}
    asked = f"/v1/agents/a-1/assignments?limit=1&at_time={at}"
    cursor = platform.read(AUDITOR, asked)["next_cursor"]
    other = platform.client.get(
        "auditor",
        "aud-1",
        f"/v1/agents/a-1/assignments?limit=1&at_position={position}&cursor={cursor}",
    )
    assert (other.status, other.body["code"]) == (422, "cursor_invalid")


def test_co_03_who_was_not_there_yet_is_unknown_then(watch: Watch) -> None:
    """As now, for somebody who never was."""
    position, at, _ = watch.kept[0]
    for path in ("/v1/agents/a-1", "/v1/agents/a-1/assignments"):
        for asked in (f"at_position={position}", f"at_time={at}"):
            answer = watch.platform.client.get("auditor", "aud-1", _with(path, asked))
            assert (answer.status, answer.body["code"]) == (404, "unknown_agent")
    path = f"/v1/tickets/{watch.tickets[0]}/queue-position?at_position={position}"
    answer = watch.platform.client.get("auditor", "aud-1", path)
    assert (answer.status, answer.body["code"]) == (404, "not_yet_opened")
    path = f"/v1/tickets/T0-261122-0000000/queue-position?at_position={position}"
    answer = watch.platform.client.get("auditor", "aud-1", path)
    assert (answer.status, answer.body["code"]) == (404, "unknown_ticket")


def test_co_03_a_page_of_then_looks_at_few_agents_and_reads_nothing_later(staff: Staff) -> None:
    """However many are at other desks, or how much was recorded since; the pages have them all."""
    platform, parts = staff.platform, staff.platform.parts
    others = [f"g-{number:02}" for number in range(20)]
    for one in others:
        staff.hire(one, "general_desk", skills=(), there=False)
    staff.hire("s-1", there=False)
    upto = Upto(heads(parts.ledger))
    for one in (*others, "s-1"):
        staff.do(one, "/shifts")
    platform.settle()
    read: list[Record] = []

    def look(connection: Connection) -> AgentList:
        with connection.cursor() as db:
            then = then_of(parts, db, upto)

            def watched(lane: int, streams: Sequence[str]) -> Iterator[Record]:
                for record in then.streams(lane, streams):
                    read.append(record)
                    yield record

            return agent_list(then._replace(streams=watched), "senior_desk", None, 1)

    found = parts.read_now(look)
    looked_at = others[: 2 * CHUNKS_MAX]
    assert (found.agents, found.next) == ((), looked_at[-1])
    assert {one.subject for one in read} == set(looked_at)
    assert all(one.position <= upto.places[one.lane] for one in read)
    asked = f"/v1/agents?desk=senior_desk&at_position={upto.moment}"
    pages = list(_pages(platform.read, asked))
    assert [[one["agent"] for one in page["items"]] for page in pages] == [[], ["s-1"]]


def _open(told: dict[str, Any]) -> int:
    return max((item["open"] for item in told["/v1/agents"]["items"]), default=0)


def _pages(read: Callable[[str, str], dict[str, Any]], address: str) -> Iterator[dict[str, Any]]:
    following: str | None = f"{address}&limit=1"
    while following is not None:
        page = read(AUDITOR, following)
        yield page
        cursor = page["next_cursor"]
        following = None if cursor is None else f"{address}&limit=1&cursor={cursor}"


def _with(address: str, asked: str) -> str:
    name, _, value = asked.partition("=")
    return f"{address}{'&' if '?' in address else '?'}{name}={quote(value)}"


def _bare(told: Any) -> Any:
    """Return an answer without the addresses in it."""
    if isinstance(told, dict):
        return {name: _bare(one) for name, one in told.items() if name not in {"links", "as_of"}}
    return [_bare(one) for one in told] if isinstance(told, list) else told
