"""Every decision of the demo's day comes out again when it is explained."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from api import demo
from api.reads.explanations import explanation
from api.settings import Settings
from api.wiring import Dsns
from domain.values import Actor, ActorKind, Instant
from replay.explain import Decision, What
from tests.acceptance.platform import SUPERVISOR, platform_over
from tests.conftest import Database

END = Instant("2026-11-22T12:00:00.000000Z")
TICKETS = 160
READER = Actor(ActorKind.AUDITOR, "aud-1")


class Explained(NamedTuple):
    """A decision on a ticket of the day."""

    ticket: str
    what: What
    decision: Decision


@pytest.fixture(scope="module")
def explained(database: Database, tmp_path_factory: pytest.TempPathFactory) -> list[Explained]:
    """Every decision on every ticket of a day, explained once."""
    data_dir = tmp_path_factory.mktemp("demo")
    dsns = Dsns(app=database.app_dsn, views=database.app_dsn)
    demo.load(Settings(data_dir=data_dir), dsns, tickets_per_day=TICKETS, end=END)
    with platform_over(database, data_dir, at=END) as platform:
        assert platform.parts.views.catch_up(60)
        page = platform.read(SUPERVISOR, "/v1/queue?open=any&limit=200")
        assert page["next_cursor"] is None

        def decisions() -> Iterator[Explained]:
            for row in page["items"]:
                for what in What:
                    told = explanation(platform.parts, READER, row["ticket"], what)
                    yield from (Explained(row["ticket"], what, one) for one in told.decisions)

        return list(decisions())


@pytest.mark.parametrize("what", What)
def test_no_decision_of_the_day_differs_from_what_is_on_record(
    explained: list[Explained], what: What
) -> None:
    """Nothing of the day was tampered with: a difference that is told is a fault of the telling."""
    told = [one for one in explained if one.what is what]
    assert any(one.decision.recomputed for one in told), "the day has decisions of this kind"
    differing = [
        (one.ticket, one.decision.about, one.decision.differences)
        for one in told
        if one.decision.recomputed is False
    ]
    assert differing == []


def test_a_share_of_an_order_is_owed_in_the_day(explained: list[Explained]) -> None:
    """SL-19 is told on two streams: a day without it would not show that it comes out again."""
    owed = {one.decision.about for one in explained if one.what is What.OWED}
    assert "payout:fresh_solution" in owed
