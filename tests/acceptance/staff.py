"""A platform with agents: they are hired, certified and on shift, and matters are given to them.

The worker takes its turns when the platform settles; nothing is given out by a test itself.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from importlib.resources import files
from itertools import count
from typing import Any, Final

from domain.policies import book as books
from domain.record import Record
from domain.values import Instant, later
from tests.acceptance.platform import SUPERVISOR, Platform

BOOK: Final = files("domain.policies").joinpath("tables/2026-11-22")
MICROSECOND: Final = timedelta(microseconds=1)
MINUTE: Final = timedelta(minutes=1)
_PLACED: Final = count(1)
EXPERT: Final = ("product", "law", "psychology")


def book_text() -> str:
    """Return the book as one document."""
    tables = sorted(BOOK.iterdir(), key=lambda one: (one.name != "book.toml", one.name))
    return books.join(one.read_bytes() for one in tables if one.name.endswith(".toml")).decode()


def adopt(platform: Platform) -> None:
    """Have the platform promise what the book says."""
    platform.parts.ledger.adopt(book_text().encode())


class Staff:
    """The agents of a platform, and the matters they are given."""

    def __init__(self, platform: Platform) -> None:
        """Begin with nobody."""
        self.platform = platform

    def hire(
        self,
        agent: str,
        desk: str = "senior_desk",
        *,
        skills: Sequence[str] = ("senior",),
        passed: Sequence[str] = (),
        until: Instant | None = None,
        good_bp: int | None = None,
        there: bool = True,
    ) -> str:
        """Have an agent work at a desk; return who they are."""
        self.do(agent, "", {"desk": desk, "skills": list(skills)})
        for one in passed:
            end = until or later(self.platform.now.at, timedelta(days=365))
            self.do(agent, "/certificates", {"certificate": one, "expires_at": end})
        if good_bp is not None:
            self.do(agent, "/rating", {"good_bp": good_bp})
        if there:
            self.do(agent, "/shifts")
        return agent

    def do(
        self, agent: str, path: str, body: Mapping[str, Any] | None = None, who: str = SUPERVISOR
    ) -> None:
        """Have something about an agent put on record."""
        answer = self.platform.call(who, f"/v1/agents/{agent}{path}", body)
        assert answer.ok, (path, answer)

    def look(self, agent: str) -> dict[str, Any]:
        """Return an agent as the view has them."""
        self.platform.parts.views.catch_up(60)
        found: dict[str, Any] = self.platform.read(SUPERVISOR, f"/v1/agents/{agent}")
        return found

    def overflowing(self) -> list[dict[str, Any]]:
        """Return the queues that overflow, as the list of agents tells them."""
        self.platform.parts.views.catch_up(60)
        found: list[dict[str, Any]] = self.platform.read(SUPERVISOR, "/v1/agents")["overflowing"]
        return found

    def value(self, customer: str, tier: str, spend_minor: int) -> None:
        """Have the order system report what a customer is."""
        body = {
            "tier": tier,
            "as_of": self.platform.now.at,
            "spend": {"amount_minor": spend_minor, "currency": "CNY"},
        }
        assert self.platform.call("orders:oms", f"/v1/customers/{customer}/standing", body).ok

    def matter(
        self,
        *,
        category: str = "phone",
        paid_minor: int = 399_900,
        buyer: str = "b-1",
        merchant: str = "m-1",
        services: Sequence[str] = (),
        **said: Any,
    ) -> str:
        """Have a buyer open a matter about a fresh order; return its ticket."""
        order = self._order(category, paid_minor, buyer, merchant, services)
        asked = {"kind": "complaint", "reason": "quality_fault", "scenario": "product", **said}
        return self.platform.open(order, who=f"buyer:{buyer}", **asked)

    def given_to(self, ticket: str) -> str | None:
        """Return who works on a ticket when all have come to rest."""
        self.platform.settle()
        found: str | None = self.platform.row(ticket)["assignee"]
        return found

    def may_take(self, who: str, ticket: str) -> str | None:
        """Return what actions[] say against a claim by somebody; None where it is offered."""
        actions = self.platform.ticket(who, ticket)["actions"]
        blocked = next(one["blocked"] for one in actions if one["name"] == "take_assignment")
        return None if blocked is None else str(blocked["code"])

    def queue_of(self, ticket: str) -> str:
        """Return the queue of the book a ticket waits in."""
        return str(self.platform.row(ticket)["routed"])

    def chosen(self, ticket: str) -> dict[str, Any]:
        """Return the last choice of an agent as it stands on record."""
        found = [
            one["data"]
            for one in self.platform.events(ticket).values()
            if one["topic"] == "assignment.chosen.v1"
        ]
        last: dict[str, Any] = found[-1]
        return last

    def against(self, ticket: str) -> dict[str, str | None]:
        """Return agent → what stood against them at the last choice."""
        return {one["agent"]: one.get("refused") for one in self.chosen(ticket)["candidates"]}

    def records(self, ticket: str) -> list[Record]:
        """Return a ticket's records."""
        return self.platform.parts.ledger.stream(f"ticket:{ticket}")

    def queue_facts(self, queue: str) -> list[dict[str, Any]]:
        """Return what is on record of a queue."""
        records = self.platform.parts.ledger.stream(f"queue:{queue}")
        return [{"topic": one.envelope.topic, "at": one.at, "fact": one.event} for one in records]

    def _order(
        self,
        category: str,
        paid_minor: int,
        buyer: str,
        merchant: str,
        services: Sequence[str],
    ) -> str:
        order = f"r-{next(_PLACED)}"
        body = {
            "order": order,
            "buyer": buyer,
            "merchant": merchant,
            "placed_at": later(self.platform.now.at, -timedelta(days=4)),
            "services": list(services),
            "lines": [
                {
                    "line": "1",
                    "sku": "sku-1",
                    "title": "A thing",
                    "category": category,
                    "quantity": 1,
                    "paid": {"amount_minor": paid_minor, "currency": "CNY"},
                }
            ],
        }
        answer = self.platform.call("orders:oms", "/v1/orders", body)
        assert answer.ok, answer
        return order
