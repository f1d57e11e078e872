"""CO-03: any figure opens the list of tickets behind it, and any past moment can be asked for."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from api.ids import wall_clock
from api.imports.engine import import_history
from api.imports.mapping import parse_mapping
from api.imports.rejects import Rejects
from domain.values import Instant, later
from tests.acceptance.house import Shell
from tests.acceptance.platform import SUPERVISOR, Platform, platform_over
from tests.acceptance.test_in_09_import import GOOD, HEAD, MAPPING
from tests.conftest import Database

FACETS = ("tickets", "stage", "awaiting", "queue", "priority", "source_state", "kind")


class House:
    """A platform on which something happened, the moments of it, and its command line."""

    def __init__(self, platform: Platform, shell: Shell) -> None:
        """Let it be empty."""
        self.platform = platform
        self.shell = shell
        self.moments: list[tuple[str, Instant, dict[str, Any]]] = []

    def remember(self) -> None:
        """Keep what is counted now, and when this is."""
        self.platform.settle()
        counts = self.platform.read(SUPERVISOR, "/v1/queue/counts")
        self.moments.append((counts["position"], self.platform.now.at, counts))
        self.platform.pass_by(timedelta(minutes=1))

    def listed(self, href: str) -> list[str]:
        """Return the tickets of a list, page by page."""
        found: list[str] = []
        following: str | None = f"{href}&limit=3"
        while following is not None:
            page = self.platform.read(SUPERVISOR, following)
            found += [row["ticket"] for row in page["items"]]
            cursor = page["next_cursor"]
            following = None if cursor is None else f"{href}&limit=3&cursor={cursor}"
        assert len(set(found)) == len(found)
        return found

    def require_lists(self, counts: dict[str, Any]) -> int:
        """Insist that every count's list has as many tickets; return how many there were."""
        followed = 0
        for which in ("open", "everything"):
            for facet in FACETS:
                links = counts["links"][which][facet]
                assert links.keys() == counts[which][facet].keys()
                for value, href in links.items():
                    assert len(self.listed(href)) == counts[which][facet][value], href
                    followed += 1
        return followed

    def require_numbers(self, told: dict[str, Any]) -> None:
        """Insist that every number of the statistics that counts tickets has its list."""
        for name, link in told["links"].items():
            of = {"": link} if isinstance(link, str) else link
            numbers = {"": told[name]} if isinstance(link, str) else told[name]
            assert of.keys() == numbers.keys()
            for value, href in of.items():
                assert len(self.listed(href)) == numbers[value], href


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
        house.platform.open()
        house.remember()
        _bring(platform, directory)
        house.remember()
        house.platform.with_platform()
        house.remember()
        house.platform.open()
        house.platform.settle()
        yield house


def _bring(platform: Platform, directory: Path) -> None:
    """Take in a small log of another help desk, recorded when the platform says it is."""
    file = directory / "desk.csv"
    file.write_text("\n".join((HEAD, *GOOD, "")), encoding="utf-8")
    mapping = parse_mapping(MAPPING.format(name="co").encode(), where="co.toml")
    with Rejects(file, directory=directory, fallback=directory) as rejects:
        totals = import_history(file, mapping, platform.parts.ledger, rejects)
    assert totals.accepted == len(GOOD)


def test_co_03_every_count_of_now_opens_the_list_it_counts(house: House) -> None:
    """Over all facets: as many tickets as the number says."""
    counts = house.platform.read(SUPERVISOR, "/v1/queue/counts")
    assert house.require_lists(counts) > 20
    house.require_numbers(house.platform.read(SUPERVISOR, "/v1/statistics"))


def test_co_03_a_list_stays_the_one_that_was_counted_while_the_ledger_goes_on(
    house: House,
) -> None:
    """Whoever follows the number an hour later sees what it counted."""
    counts = house.platform.read(SUPERVISOR, "/v1/queue/counts")
    house.platform.open()
    house.platform.settle()
    later = house.platform.read(SUPERVISOR, "/v1/queue/counts")
    assert later["everything"]["tickets"] != counts["everything"]["tickets"]
    house.require_lists(counts)


@pytest.mark.parametrize("name", ["at_position", "at_time"])
def test_co_03_every_count_of_then_opens_the_list_of_then(house: House, name: str) -> None:
    """By what was recorded, the counts are those that were told then."""
    for moment, at, then in house.moments:
        asked = f"{name}={moment if name == 'at_position' else at}"
        counts = house.platform.read(SUPERVISOR, f"/v1/queue/counts?{asked}")
        for which in ("open", "everything"):
            for facet in FACETS:
                assert counts[which][facet] == then[which][facet]
        house.require_lists(counts)
        house.require_numbers(house.platform.read(SUPERVISOR, f"/v1/statistics?{asked}"))


def test_co_03_every_count_of_what_had_occurred_opens_its_list(house: House) -> None:
    """Imported history counts from when it happened, six years before it was brought in."""
    counts = house.platform.read(SUPERVISOR, "/v1/queue/counts?at_occurred=2020-02-03T05:00:00Z")
    assert counts["everything"]["source_state"] == {"new": 1}
    house.require_lists(counts)
    later = house.platform.read(SUPERVISOR, "/v1/queue/counts?at_occurred=2020-02-04T00:00:00Z")
    assert later["everything"]["source_state"] == {"closed": 1, "waiting": 1}
    house.require_lists(later)


def test_co_03_the_command_line_tells_the_same_with_the_same_links(house: House) -> None:
    """`stats` now and as of an instant, by what was recorded or by what had occurred."""
    house.require_numbers(house.shell.table("stats"))
    _, at, then = house.moments[0]
    told = house.shell.table("stats", "--as-of", at)
    assert told["tickets"] == then["everything"]["tickets"][""]
    assert told["by_stage"] == then["everything"]["stage"]
    house.require_numbers(told)
    occurred = house.shell.table("stats", "--as-of", "2020-02-04T00:00:00Z", "--by", "occurred")
    assert occurred["by_source_state"] == {"closed": 1, "waiting": 1}
    assert occurred["as_of"]["by"] == "occurred"
    house.require_numbers(occurred)


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
        (("replay", "weather", "T0-261122-7ZK4M2Q"), 3),
        (("replay", "board"), 2),
        (("replay", "T0-261122-7ZK4M2Q"), 3),
        (("stats", "--as-of", "1999-01-01T00:00:00Z"), 3),
        (("stats", "--as-of", "2190-01-01T00:00:00Z", "--by", "occurred"), 3),
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
