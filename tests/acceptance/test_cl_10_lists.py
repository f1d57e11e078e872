"""CL-10, CO-03: the tickets behind a pilot's numbers, however the ledger goes on meanwhile."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import pytest

from api.moments import last_before
from api.reads import pilots
from domain.ledger.application import TicketLedger
from replay.as_of import Upto, heads
from replay.pilots import Compared, laid_out
from tests.acceptance.counting import leaves, link_of
from tests.acceptance.platform import AGENT, AUDITOR, Platform, platform_over
from tests.acceptance.staff import adopt
from tests.acceptance.test_cl_10_17 import (
    FAR,
    NEW,
    TAKEOVER,
    begin,
    drawn,
    open_about,
    until_both_arms,
)
from tests.conftest import Database
from tests.scenario import named, whole_bytes

NAME: Final = "lists"
COMPARISON: Final = f"/v1/pilots/{NAME}/comparison"
ASKED: Final = 'id = "department_asked"\non = "department.asked.v1"\nto = "department"'
OTHERWISE: Final = ASKED.replace('id = "department_asked"', 'id = "otherwise_asked"')
KINDS: Final = ("department_asked", "otherwise_asked", "accepted")
ACCEPTED: Final = 'id = "accepted"\non = "ticket.accepted.v1"'


@pytest.fixture
def platform(make_database: Callable[[int], Database], tmp_path: Path) -> Iterator[Platform]:
    """A platform that tries a book whose departments are told by another notice."""
    with platform_over(make_database(2), tmp_path) as running:
        adopt(running)
        tried = whole_bytes(
            named(NEW),
            (TAKEOVER, TAKEOVER.replace("PT30M", "PT20M")),
            (ASKED, OTHERWISE),
            (ACCEPTED, ACCEPTED.replace("ticket.accepted", "ticket.resolved")),
        )
        running.parts.ledger.adopt(tried, in_force_from=FAR)
        yield running


def work(platform: Platform) -> None:
    """Open tickets in the pilot, ask two departments about each, and be late."""
    for _ in range(3):
        ticket = open_about(platform, "phone")
        platform.do(AGENT, ticket, "acceptance")
        both = {"departments": ["legal", "supply_chain"], "question": "May we?"}
        platform.do(AGENT, ticket, "department-requests", both)
    platform.pass_by(timedelta(hours=3))


def pages(platform: Platform, href: str, limit: int) -> Iterator[dict[str, Any]]:
    """Yield the pages of a list."""
    following = f"{href}&limit={limit}"
    while True:
        page = platform.read(AUDITOR, following)
        yield page
        if page["next_cursor"] is None:
            return
        following = f"{href}&limit={limit}&cursor={page['next_cursor']}"


def listed(platform: Platform, href: str) -> list[str]:
    """Return all tickets of a list."""
    return [row["ticket"] for page in pages(platform, href, 2) for row in page["items"]]


def bare(href: str) -> str:
    """Return an address without the end it is of."""
    query = "&".join(f"{k}={v}" for k, v in parse_qsl(urlsplit(href).query) if k != "at_position")
    return f"{urlsplit(href).path}?{query}"


def test_co_03_the_lists_of_a_comparison_stay_while_the_ledger_goes_on(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every number of it, followed after more was opened, broken and asked in the same pilot."""
    begin(platform, NAME)
    work(platform)
    told = platform.read(AUDITOR, COMPARISON)
    work(platform)
    after = platform.read(AUDITOR, COMPARISON)
    assert after["piloted"] == 2 * told["piloted"]
    monkeypatch.setattr(pilots, "_LATELY", pilots._Lately())
    followed = list(leaves("compare_pilot", told))
    for leaf in followed:
        href = link_of(told, leaf.way)
        assert href is not None, leaf.way
        assert len(listed(platform, href)) == leaf.value, (leaf.way, href)
    assert sum(leaf.value > 2 for leaf in followed) > 3, "some lists have several pages"


def test_co_03_the_pages_of_a_list_of_now_are_of_one_end(platform: Platform) -> None:
    """What comes between two pages neither repeats a row nor hides one."""
    begin(platform, NAME)
    work(platform)
    before = platform.read(AUDITOR, COMPARISON)
    href = bare(before["links"]["days"][0]["piloted"]["broken"])
    found: list[str] = []
    ends: set[str] = set()
    for page in pages(platform, href, 2):
        found += [row["ticket"] for row in page["items"]]
        ends.add(page["position"])
        work(platform)
    assert ends == {before["position"]}
    assert len(found) == before["days"][0]["piloted"]["broken"] > 2
    assert found == sorted(found)
    assert len(listed(platform, href)) > len(found)


def test_the_pages_of_a_comparison_live_its_tickets_once(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty pages are not twenty comparisons, and few are kept."""
    begin(platform, NAME)
    work(platform)
    made: list[str] = []

    def counting(ledger: TicketLedger, *given: Any, **options: Any) -> Compared:
        found = laid_out(ledger, *given, **options)
        made.append(found.comparison.position)
        return found

    monkeypatch.setattr(pilots, "laid_out", counting)
    told = platform.read(AUDITOR, COMPARISON)
    for one in (told["links"]["piloted"], told["links"]["days"][0]["piloted"]["broken"]):
        assert listed(platform, one)
    assert made == [told["position"]]
    for _ in range(pilots.LATELY_MAX):
        platform.order()
        platform.read(AUDITOR, COMPARISON)
    assert len(made) == len(set(made)) == 1 + pilots.LATELY_MAX
    listed(platform, told["links"]["piloted"])
    assert made[-1] == told["position"], "the oldest is not kept"


def test_a_list_of_an_end_that_never_was_is_refused(platform: Platform) -> None:
    """No answer ever named it."""
    begin(platform, NAME)
    asked = f"/v1/pilots/{NAME}/tickets?figure=tickets&arm=piloted"
    for moment, code in (("0-1", "lane_missing"), ("0-99999,1-1", "position_unknown")):
        answer = platform.client.get("auditor", "aud-1", f"{asked}&at_position={moment}")
        assert (answer.status, answer.body["code"]) == (422, code)


def test_a_pilot_is_not_compared_at_an_end_before_its_announcement(platform: Platform) -> None:
    """Neither at the beginning of the record nor just before; from the announcement on it is."""
    ledger = platform.parts.ledger
    before = heads(ledger)
    begin(platform, NAME)
    asked = (f"{COMPARISON}?", f"/v1/pilots/{NAME}/tickets?figure=tickets&arm=piloted&")
    for moment in (dict.fromkeys(before, 0), before):
        for address in asked:
            at = f"{address}at_position={Upto(moment).moment}"
            answer = platform.client.get("auditor", "aud-1", at)
            assert (answer.status, answer.body["code"]) == (404, "before_the_beginning"), at
    for address in asked:
        platform.read(AUDITOR, f"{address}at_position={Upto(heads(ledger)).moment}")


def test_how_far_a_comparison_has_come_is_told_over_both_arms(platform: Platform) -> None:
    """What is told as done was lived, and the last that is told is all there is."""
    begin(platform, NAME, share_bp=5_000)
    arms: Counter[str] = Counter()
    for ticket in until_both_arms(platform, arms):
        told = drawn(platform, ticket)
        assert told is not None
        arms[told["arm"]] += 1
    (pilot,) = platform.parts.ledger.pilots()
    heard: list[tuple[int, int]] = []
    laid_out(
        platform.parts.ledger,
        pilot,
        last_before=last_before(platform.parts),
        progress=lambda done, total: heard.append((done, total)),
    )
    assert heard == [(arms["control"], arms.total()), (arms.total(), arms.total())]


@pytest.mark.parametrize(
    ("share_bp", "before", "after"), [(10_000, "new", "gone"), (0, "gone", "new")]
)
def test_notices_of_a_pilot_are_told_as_they_are_sent(
    platform: Platform, share_bp: int, before: str, after: str
) -> None:
    """Each department by itself; and a fact that names no book goes by the one in force for all.

    Nobody is told otherwise of an acceptance, whichever book serves the ticket.
    """
    begin(platform, NAME, share_bp=share_bp)
    work(platform)
    told = platform.read(AUDITOR, COMPARISON)
    notices = {
        one["subject"]: (one["change"], one["count"])
        for day in told["days"]
        for one in day["otherwise"]
        if one["kind"] == "notice" and one["subject"].startswith(KINDS)
    }
    assert notices == {
        "department_asked to department:legal": (before, 3),
        "department_asked to department:supply_chain": (before, 3),
        "otherwise_asked to department:legal": (after, 3),
        "otherwise_asked to department:supply_chain": (after, 3),
    }
