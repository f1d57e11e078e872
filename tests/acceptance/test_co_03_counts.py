"""CO-03: any figure opens the list of tickets behind it, and any past moment can be asked for."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from api.ids import wall_clock
from api.imports.engine import import_history
from api.imports.mapping import parse_mapping
from api.imports.rejects import Rejects
from domain.values import Instant, later
from tests.acceptance.counting import (
    NO_COUNTS,
    OF_OTHERS,
    counts_of,
    has_past,
    leaves,
    link_of,
    name_of,
    operations,
    places_of,
)
from tests.acceptance.house import Shell
from tests.acceptance.platform import AGENT, AUDITOR, BUYER, SUPERVISOR, Platform, platform_over
from tests.acceptance.staff import EXPERT, Staff, adopt
from tests.acceptance.test_in_09_import import GOOD, HEAD, MAPPING
from tests.conftest import Database
from tests.scenario import named, whole_bytes

JUDGED = (
    {"scenario": "product", "responsible": "merchant", "kind": "complaint"},
    {"scenario": "experience", "responsible": "logistics", "kind": "dispute"},
    {"scenario": "product", "responsible": "logistics", "kind": "complaint"},
)


class Remembered(NamedTuple):
    """A moment, and what was told at it."""

    position: str
    at: Instant
    told: Mapping[tuple[str, str], Any]
    """Operation and address → the answer."""

    @property
    def counts(self) -> Any:
        """Return the counts of the queue."""
        return self.told["count_queue", "/v1/queue/counts"]


class House:
    """A platform on which something happened, the moments of it, and its command line."""

    def __init__(self, platform: Platform, shell: Shell) -> None:
        """Let it be empty."""
        self.platform = platform
        self.shell = shell
        self.moments: list[Remembered] = []

    def remember(self) -> None:
        """Keep what is counted now, and when this is."""
        self.platform.settle()
        told = {
            (operation, address): self.platform.read(AUDITOR, address)
            for operation, found in _addresses(self).items()
            for address in found
        }
        position = told["count_queue", "/v1/queue/counts"]["position"]
        self.moments.append(Remembered(position, self.platform.now.at, told))
        self.platform.pass_by(timedelta(minutes=1))

    def listed(self, href: str) -> list[str]:
        """Return the ticket of everything in a list, page by page."""
        found: list[str] = []
        following: str | None = _with(href, "limit=3")
        while following is not None:
            page = self.platform.read(AUDITOR, following)
            assert len(page["items"]) <= 3
            found += [row["ticket"] for row in page["items"]]
            cursor = page["next_cursor"]
            following = None if cursor is None else _with(href, f"limit=3&cursor={cursor}")
        return found

    def require_lists(self, operation: str, told: dict[str, Any]) -> dict[str, int]:
        """Insist that every count's list has as much as it says; return the places counted."""
        followed: dict[str, int] = {}
        for leaf in leaves(operation, told):
            href = link_of(told, leaf.way)
            assert href is not None, f"{operation}: no list behind {leaf.way}"
            found = self.listed(href)
            assert len(found) == leaf.value, (leaf.way, href)
            if href.startswith(("/v1/queue?", "/v1/diagnoses?")):
                assert len(set(found)) == len(found), "a ticket is counted once"
            followed[leaf.place] = max(followed.get(leaf.place, 0), leaf.value)
        return followed


def _with(href: str, more: str) -> str:
    return f"{href}{'&' if '?' in href else '?'}{more}"


@pytest.fixture(scope="module")
def house(
    make_database: Callable[[int], Database], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """Own tickets of every stage and imported ones, in four lanes."""
    database, directory = make_database(4), tmp_path_factory.mktemp("house")
    environment = {"TICKETLEDGER_DATABASE_URL": database.app_dsn}
    # The command line goes by the clock on the wall, before which all of this has to be.
    yesterday = later(wall_clock(), -timedelta(days=1))
    with platform_over(database, directory / "data", at=yesterday) as platform:
        house = House(platform, Shell(directory / "data", environment))
        _begin(house.platform)
        house.platform.open(statement="The screen is cracked and it does not work.")
        house.remember()
        _bring(platform, directory)
        house.remember()
        house.platform.with_platform()
        _work(house.platform)
        house.remember()
        house.platform.open()
        house.platform.settle()
        yield house


def _begin(platform: Platform) -> None:
    """Have agents at work, and try another book on half of the tickets."""
    adopt(platform)
    staff = Staff(platform)
    staff.hire("agent-7", passed=EXPERT, good_bp=9_000)
    staff.hire("sup-1", "director")
    tried = whole_bytes(named("tried-1"), ("amount_minor = 2000", "amount_minor = 3000"))
    platform.parts.ledger.adopt(tried, in_force_from=Instant("2100-01-01T00:00:00.000000Z"))
    begins = later(platform.now.at, timedelta(seconds=5))
    terms = {"begins_at": begins, "ends_at": later(begins, timedelta(days=7)), "share_bp": 5_000}
    body = {"pilot": "half", "policy": "tried-1", "why": "try_first", **terms}
    assert platform.call("admin:x-1", "/v1/pilots", body).ok
    platform.pass_by(timedelta(seconds=5))


def _work(platform: Platform) -> None:
    """Have people judge, ask other departments, and be late and in time, in both arms."""
    tickets: list[str] = []
    for said in JUDGED:
        words = "The screen is cracked and it does not work."
        ticket = platform.accepted(kind="complaint", scenario="product", statement=words)
        platform.do(AGENT, ticket, "diagnosis", said)
        tickets.append(ticket)
    _, asks, ends = tickets
    question = {"question": "May we?"}
    platform.do(AGENT, asks, "department-requests", {"departments": ["legal"], **question})
    both = {"departments": ["legal", "supply_chain"], **question}
    platform.do(AGENT, ends, "department-requests", both)
    platform.do(SUPERVISOR, ends, "department-requests/D1/plan", {"plan": "We may."})
    platform.do(BUYER, ends, "closing")
    arms: set[str] = set()
    while len(arms) < 2:
        ticket = platform.open(kind="complaint")
        events = platform.events(ticket).values()
        arms |= {one["data"]["arm"] for one in events if one["topic"] == "ticket.arm_drawn.v1"}
        platform.do(AGENT, ticket, "acceptance")
        fact = {"fact": "negative_sentiment", "occurred_at": platform.now.at}
        platform.do(AGENT, ticket, "facts", fact)
        platform.do(AGENT, ticket, "department-requests", {"departments": ["legal"], **question})
        platform.do(SUPERVISOR, ticket, "department-requests/D1/plan", {"plan": "We may."})
    platform.pass_by(timedelta(hours=3))


def _bring(platform: Platform, directory: Path) -> None:
    """Take in a small log of another help desk, recorded when the platform says it is."""
    file = directory / "desk.csv"
    file.write_text("\n".join((HEAD, *GOOD, "")), encoding="utf-8")
    mapping = parse_mapping(MAPPING.format(name="co").encode(), where="co.toml")
    with Rejects(file, directory=directory, fallback=directory) as rejects:
        totals = import_history(file, mapping, platform.parts.ledger, rejects)
    assert totals.accepted == len(GOOD)


def _addresses(house: House) -> dict[str, list[str]]:
    """Return where every operation is read that tells a count."""
    tickets = house.platform.read(AUDITOR, "/v1/queue?limit=200")["items"]
    positions = [f"/v1/tickets/{one['ticket']}/queue-position" for one in tickets]
    return {
        "count_queue": ["/v1/queue/counts"],
        "read_statistics": ["/v1/statistics"],
        "list_agents": ["/v1/agents"],
        "read_agent": ["/v1/agents/agent-7"],
        "list_departments": ["/v1/departments"],
        "compare_pilot": ["/v1/pilots/half/comparison"],
        "read_queue_position": positions[:3],
    }


def test_co_03_no_number_is_told_that_is_neither_a_count_nor_said_to_be_none(
    house: House,
) -> None:
    """A new count is either read by the tests below or named as what it is."""
    places = {name: places_of(name) for name, _, _ in operations()}
    assert {name for name in places if counts_of(name)} == set(_addresses(house))
    told = {(name, name_of(place)) for name, found in places.items() for place in found}
    gone = "what is no number any more is not excused"
    assert set(NO_COUNTS) <= {name for _, name in told}, gone
    assert set(OF_OTHERS) <= told, gone


def test_co_03_every_count_of_now_opens_the_list_it_counts(house: House) -> None:
    """Of every operation every count, through all pages; and none of them is zero everywhere."""
    for operation, addresses in _addresses(house).items():
        followed: dict[str, int] = {}
        for address in addresses:
            told = house.platform.read(AUDITOR, address)
            for place, most in house.require_lists(operation, told).items():
                followed[place] = max(followed.get(place, 0), most)
        assert set(followed) == counts_of(operation)
        nought = {place for place, most in followed.items() if most == 0}
        assert nought == set(), f"{operation}: the house has something of everything counted"


def test_co_03_a_list_stays_the_one_that_was_counted_while_the_ledger_goes_on(
    house: House,
) -> None:
    """Whoever follows the number an hour later sees what it counted."""
    kept = {
        operation: [(one, house.platform.read(AUDITOR, one)) for one in addresses]
        for operation, addresses in _addresses(house).items()
    }
    _work(house.platform)
    house.platform.settle()
    for operation, answers in kept.items():
        now = [house.platform.read(AUDITOR, address) for address, _ in answers]
        assert any(
            [one.value for one in leaves(operation, told)]
            != [one.value for one in leaves(operation, later)]
            for (_, told), later in zip(answers, now, strict=True)
        ), f"{operation}: the ledger went on"
        for _, told in answers:
            house.require_lists(operation, told)


@pytest.mark.parametrize("name", ["at_position", "at_time"])
def test_co_03_every_count_of_then_opens_the_list_of_then(house: House, name: str) -> None:
    """By what was recorded, whatever counts tickets tells what it told then."""
    assert {one for one in _addresses(house) if has_past(one)} == set(_addresses(house))
    for moment in house.moments:
        asked = f"{name}={moment.position if name == 'at_position' else moment.at}"
        for (operation, address), told in moment.told.items():
            answer = house.platform.read(AUDITOR, _with(address, asked))
            assert answer["as_of"]["by"] == name.removeprefix("at_")
            assert _bare(answer) == _bare(told), f"{operation} {address} {asked}"
            house.require_lists(operation, answer)


def test_co_03_of_what_occurs_when_it_is_recorded_both_are_the_same(house: House) -> None:
    """Nobody tells of an assignment or of a request to a department afterwards."""
    for moment in house.moments:
        for (operation, address), told in moment.told.items():
            if operation in {"list_agents", "read_agent", "list_departments"}:
                answer = house.platform.read(AUDITOR, _with(address, f"at_occurred={moment.at}"))
                assert _bare(answer) == _bare(told), f"{operation} {address}"
                house.require_lists(operation, answer)
    early = "at_occurred=2020-02-04T00:00:00Z"
    assert house.platform.read(AUDITOR, f"/v1/agents?{early}")["items"] == []
    refused = house.platform.client.get("auditor", "aud-1", f"/v1/pilots/half/comparison?{early}")
    assert (refused.status, refused.body["code"]) == (422, "not_by_occurred")


def test_co_03_a_rank_by_what_had_occurred_is_that_of_the_list(house: House) -> None:
    """Imported matters stand among the others from when they happened."""
    early = "at_occurred=2020-02-04T00:00:00Z"
    queue = house.platform.read(AUDITOR, f"/v1/queue?{early}")["items"]
    assert queue
    for rank, row in enumerate(queue, 1):
        path = f"/v1/tickets/{row['ticket']}/queue-position?{early}"
        told = house.platform.read(AUDITOR, path)
        assert (told["overall"]["rank"], told["overall"]["total"]) == (rank, len(queue))
        house.require_lists("read_queue_position", told)


def _bare(told: Any) -> Any:
    """Return an answer without the addresses in it, and without the moment it was asked for."""
    if isinstance(told, dict):
        return {name: _bare(one) for name, one in told.items() if name not in {"links", "as_of"}}
    return [_bare(one) for one in told] if isinstance(told, list) else told


def test_co_03_every_count_of_what_had_occurred_opens_its_list(house: House) -> None:
    """Imported history counts from when it happened, six years before it was brought in."""
    for at, states in (
        ("2020-02-03T05:00:00Z", {"new": 1}),
        ("2020-02-04T00:00:00Z", {"closed": 1, "waiting": 1}),
    ):
        counts = house.platform.read(AUDITOR, f"/v1/queue/counts?at_occurred={at}")
        assert counts["everything"]["source_state"] == states
        assert sum(counts["everything"]["reports"].values()) >= len(states)
        house.require_lists("count_queue", counts)
        numbers = house.platform.read(AUDITOR, f"/v1/statistics?at_occurred={at}")
        assert numbers["agreement"]["diagnosed"] == 0
        house.require_lists("read_statistics", numbers)
    moment = house.moments[-1]
    then = moment.told["read_statistics", "/v1/statistics"]
    numbers = house.platform.read(AUDITOR, f"/v1/statistics?at_occurred={moment.at}")
    assert numbers["agreement"]["diagnosed"] == then["agreement"]["diagnosed"] > 0
    house.require_lists("read_statistics", numbers)


def test_co_03_the_command_line_tells_the_same_with_the_same_links(house: House) -> None:
    """`stats` now and as of an instant, by what was recorded or by what had occurred."""
    house.require_lists("read_statistics", house.shell.table("stats"))
    moment = house.moments[0]
    told = house.shell.table("stats", "--as-of", moment.at)
    assert told["tickets"] == moment.counts["everything"]["tickets"][""]
    assert told["by_stage"] == moment.counts["everything"]["stage"]
    house.require_lists("read_statistics", told)
    occurred = house.shell.table("stats", "--as-of", "2020-02-04T00:00:00Z", "--by", "occurred")
    assert occurred["by_source_state"] == {"closed": 1, "waiting": 1}
    assert occurred["as_of"]["by"] == "occurred"
    house.require_lists("read_statistics", occurred)


def test_co_03_the_counts_of_any_moment_are_replayed_on_the_command_line(house: House) -> None:
    """At a position, by what had occurred, and now: what the API tells."""
    moment, *_ = house.moments[0]
    for name, asked in (("position", moment), ("occurred", "2020-02-04T00:00:00Z")):
        told = house.shell.table("replay", "counts", f"--at-{name}", asked)
        assert told == house.platform.read(AUDITOR, f"/v1/statistics?at_{name}={asked}")
    now = house.shell.table("replay", "counts")
    assert now["as_of"]["by"] == "position"
    then = house.platform.read(AUDITOR, f"/v1/statistics?at_position={now['position']}")
    assert now == then


def test_co_03_a_ticket_and_the_queue_are_replayed_on_the_command_line(house: House) -> None:
    """Its state, its board, its case file, and the queue it stood in."""
    moment, at, _ = house.moments[-1]
    queue = house.shell.table("replay", "queue", "--at-position", moment)
    page = house.platform.read(SUPERVISOR, f"/v1/queue?at_position={moment}")
    assert queue["items"] == page["items"]
    ticket = queue["items"][0]["ticket"]
    for row in islice(queue["items"], 2):
        one = house.shell.table("replay", row["ticket"], "--at-time", at)
        assert (one["stage"], one["version"]) == (row["stage"], row["version"])
    for view, who in (("board", "progress-board"), ("case-file", "case-file")):
        told = house.shell.table("replay", view, ticket, "--at-version", "1")
        read = house.platform.read(SUPERVISOR, f"/v1/tickets/{ticket}/{who}?at_version=1")
        version = read["version"] if view == "board" else read["case"]["version"]
        assert version == 1
        assert told["as_of"] == {"by": "version", "version": 1, "verified": True}
        assert json.dumps(told["nodes" if view == "board" else "timeline"]) == json.dumps(
            read["nodes" if view == "board" else "timeline"]
        )


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("replay", "queue", "--at-position", "0-1"), 2),
        (("replay", "queue", "--at-position", "0-99999,1-0,2-0,3-0"), 3),
        (("replay", "queue", "--at-time", "1999-01-01T00:00:00Z"), 3),
        (("replay", "queue", "--at-time", "2190-01-01T00:00:00Z"), 3),
        (("replay", "queue", "--at-time", "yesterday"), 2),
        (("replay", "queue", "--at-version", "1"), 2),
        (("replay", "counts", "--at-version", "1"), 2),
        (("replay", "counts", "--at-position", "0-1"), 2),
        (("replay", "counts", "--at-occurred", "1999-01-01T00:00:00Z"), 3),
        (("replay", "counts", "--where", "stage=closed"), 2),
        (("replay", "counts", "T0-261122-7ZK4M2Q"), 2),
        (("replay", "weather", "T0-261122-7ZK4M2Q"), 3),
        (("replay", "board"), 2),
        (("replay", "T0-261122-7ZK4M2Q"), 3),
        (("replay", "queue", "--at-occurred", "1999-01-01T00:00:00Z"), 3),
        (("stats", "--as-of", "1999-01-01T00:00:00Z"), 3),
        (("stats", "--as-of", "1999-01-01T00:00:00Z", "--by", "occurred"), 3),
        (("stats", "--as-of", "2190-01-01T00:00:00Z", "--by", "occurred"), 3),
        (("stats", "--as-of", "0001-01-01T00:00:00Z"), 3),
        (("stats", "--as-of", "2999-01-01T00:00:00Z"), 3),
        (("stats", "--as-of", "the day before"), 2),
        (("stats", "--by", "chance"), 2),
    ],
)
def test_co_03_a_moment_that_is_none_is_said_with_its_exit_code(
    house: House, words: tuple[str, ...], code: int
) -> None:
    """2 for what is written wrongly, 3 for what is not there; what, why and what to do next."""
    ended = house.shell.run(*words)
    assert ended.returncode == code, ended.stderr
    assert "why:" in ended.stderr
    assert "next:" in ended.stderr
    assert ended.stdout == ""
    assert "--at-time" not in ended.stderr or "--as-of" not in words, "it is named as it was given"
