"""A platform in miniature: what its people and machines do on a ticket, through the API.

The verbs are the field's own. `do` insists that a command is accepted, `refused` that it is
refused with the stated code; who acts is told as "role:reference".
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from threading import Event, Thread
from typing import Any

from api.demo.client import Answer, Client
from api.demo.now import HeldNow
from api.settings import Settings
from api.wiring import Dsns, Services, joined
from api.worker import Worker
from domain.values import Instant, later
from tests.conftest import Database

START = Instant("2026-11-22T03:00:00.000000Z")
PRICE_MINOR = 399_900
PRICE = {"amount_minor": PRICE_MINOR, "currency": "CNY"}
SECOND = timedelta(seconds=1)

BUYER, STRANGER = "buyer:b-1", "buyer:b-2"
MERCHANT, OTHER_MERCHANT = "merchant:m-1", "merchant:m-2"
AGENT, SECOND_AGENT = "agent:agent-1", "agent:agent-2"
SUPERVISOR = "supervisor:sup-1"
ARBITRATOR, SECOND_ARBITRATOR = "arbitrator:arb-1", "arbitrator:arb-2"
AUDITOR = "auditor:aud-1"
PAYMENT = "payment:pay-1"
LAB = "inspector:lab-3"

RULING: Mapping[str, Any] = {
    "in_favour_of": "buyer",
    "shares": [{"party": "merchant", "share_bp": 10_000}],
    "awards": [{"kind": "refund", "amount": PRICE}],
    "reasons": "The inspection shows a hardware fault.",
    "clauses": ["quality.hardware_fault"],
    "relied_on": ["E1"],
}
_NUMBERS = count(1)


def money(amount_minor: int) -> dict[str, Any]:
    """Return an amount in the order's currency."""
    return {"amount_minor": amount_minor, "currency": "CNY"}


@dataclass
class Platform:
    """The API with everybody who calls it, under a now that is held."""

    parts: Services
    now: HeldNow
    client: Client
    worker: Worker = field(init=False)

    def __post_init__(self) -> None:
        """Hire the worker, who takes a turn when time passes."""
        self.worker = Worker(self.parts)

    # --- calling ------------------------------------------------------------------------------

    def call(
        self,
        who: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        version: int | None = None,
        key: str | None = None,
    ) -> Answer:
        """Return whatever is answered to a command."""
        role, _, subject = who.partition(":")
        key = key or f"key-{next(_NUMBERS)}"
        sent = dict(body or {})
        return self.client.post(role, subject, path, sent, key=key, version=version)

    def do(self, who: str, ticket: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """Return the answer to a command on the ticket as it stands now, which is accepted."""
        if path == "assignment":
            assert self.parts.views.catch_up(60), "what an agent carries is looked up"
        version = self.ticket(AUDITOR, ticket)["version"]
        answer = self.call(who, f"/v1/tickets/{ticket}/{path}", body, version=version)
        assert answer.ok, (path, answer)
        return answer

    def refused(
        self,
        who: str,
        ticket: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        code: str,
    ) -> dict[str, Any]:
        """Return the problem document of a command that is refused for the stated reason."""
        if path == "assignment":
            assert self.parts.views.catch_up(60), "what an agent carries is looked up"
        before = self.ticket(AUDITOR, ticket)["version"]
        answer = self.call(who, f"/v1/tickets/{ticket}/{path}", body, version=before)
        assert not answer.ok, (path, answer)
        assert answer.body["code"] == code, (path, answer)
        assert self.ticket(AUDITOR, ticket)["version"] == before, "a refusal writes nothing"
        return answer.body

    def read(self, who: str, path: str) -> dict[str, Any]:
        """Return what is answered to a read, which is allowed."""
        role, _, subject = who.partition(":")
        answer = self.client.get(role, subject, path)
        assert answer.ok, (path, answer)
        return answer.body

    def unknown_to(self, who: str, path: str) -> None:
        """Insist that something does not exist for somebody."""
        role, _, subject = who.partition(":")
        answer = self.client.get(role, subject, path)
        assert answer.status == 404, (path, answer)

    # --- time ---------------------------------------------------------------------------------

    def pass_by(self, within: timedelta) -> None:
        """Let time pass, and let what is due fire by itself."""
        self.move_to(later(self.now.at, within))

    def move_to(self, at: Instant) -> None:
        """Let it become an instant, and let what is due fire by itself."""
        self.now.move(at)
        self.settle()

    def settle(self) -> None:
        """Let views and worker come to rest."""
        assert self.parts.views.catch_up(60)
        while self.worker.step():
            assert self.parts.views.catch_up(60)

    # --- looking ------------------------------------------------------------------------------

    def ticket(self, who: str, ticket: str) -> dict[str, Any]:
        """Return a ticket as it stands on record."""
        return self.read(who, f"/v1/tickets/{ticket}")

    def row(self, ticket: str, at: str | None = None) -> dict[str, Any]:
        """Return a ticket's row of the queue, open or not."""
        order = self.ticket(AUDITOR, ticket)["order"]
        page = self.read(SUPERVISOR, f"/v1/queue?open=any&order={order}{self._seen(at, '&')}")
        return next(row for row in page["items"] if row["ticket"] == ticket)

    def board(self, who: str, ticket: str, at: str | None = None) -> dict[str, Any]:
        """Return a ticket's progress board as somebody sees it."""
        return self.read(who, f"/v1/tickets/{ticket}/progress-board{self._seen(at, '?')}")

    def node(self, ticket: str, key: str, who: str = SUPERVISOR) -> dict[str, Any]:
        """Return one node of the board."""
        nodes = self.board(who, ticket)["nodes"]
        return next(node for node in nodes if node["key"] == key)

    def file(self, ticket: str, at: str | None = None) -> dict[str, Any]:
        """Return a ticket's case file, with its texts by place."""
        found = self.read(SUPERVISOR, f"/v1/tickets/{ticket}/case-file{self._seen(at, '?')}")
        texts = {(one["version"], one["field"]): one["text"] for one in found["texts"]}
        return {**found["case"], "timeline": found["timeline"], "texts": texts}

    def events(self, ticket: str) -> dict[str, dict[str, Any]]:
        """Return a ticket's records by their positions."""
        page = self.read(AUDITOR, f"/v1/tickets/{ticket}/events?limit=200")
        return {record["position"]: record for record in page["items"]}

    def topics(self, ticket: str) -> list[str]:
        """Return what happened on a ticket, without the versions of the topics."""
        return [one["topic"].rpartition(".")[0] for one in self.events(ticket).values()]

    def _seen(self, at: str | None, mark: str) -> str:
        if at is None:
            self.parts.views.catch_up(60)
            return ""
        return f"{mark}min_position={at}"

    # --- the field's verbs --------------------------------------------------------------------

    def order(
        self, *paid_minor: int, buyer: str = "b-1", merchant: str = "m-1", signed: bool = True
    ) -> str:
        """Have the order system report an order, one line for each price; return its id."""
        order = f"o-{next(_NUMBERS)}"
        prices = paid_minor or (PRICE_MINOR,)
        body = {
            "order": order,
            "buyer": buyer,
            "merchant": merchant,
            "placed_at": later(self.now.at, -timedelta(days=4)),
            "lines": [
                {
                    "line": str(number),
                    "sku": "phone-a1",
                    "title": "Phone 8+256 GB",
                    "category": "phone",
                    "quantity": 1,
                    "paid": money(price),
                }
                for number, price in enumerate(prices, start=1)
            ],
        }
        assert self.call("orders:oms", "/v1/orders", body).ok
        if signed:
            at = later(self.now.at, -timedelta(days=1))
            self.ship(order, "SF-1")
            sign = {"tracking": "SF-1", "signed_at": at}
            assert self.call("carrier:sf", f"/v1/orders/{order}/signatures", sign).ok
        return order

    def ship(self, order: str, tracking: str) -> None:
        """Have the carrier report a parcel of an order, sent two days ago."""
        at = later(self.now.at, -timedelta(days=2))
        parcel = {"carrier": "sf", "tracking": tracking, "shipped_at": at}
        assert self.call("carrier:sf", f"/v1/orders/{order}/shipments", parcel).ok

    def open(self, order: str | None = None, **body: Any) -> str:
        """Have the buyer open a ticket about an order, a fresh one unless told; return its id."""
        who = body.pop("who", BUYER)
        asked = {"channel": "app", "reason": "quality_fault", "remedy": "refund", **body}
        answer = self.call(who, "/v1/tickets", {**asked, "order": order or self.order()})
        assert answer.status == 201, answer
        return str(answer.body["stream"]).removeprefix("ticket:")

    def accepted(self, order: str | None = None, **body: Any) -> str:
        """Return a ticket an agent has taken up."""
        ticket = self.open(order, **body)
        self.do(AGENT, ticket, "acceptance")
        return ticket

    def disputed(self, order: str | None = None, **body: Any) -> str:
        """Return a ticket whose claim the merchant refused."""
        ticket = self.accepted(order, **body)
        self.do(MERCHANT, ticket, "refusal", {"reasons": "An activated phone can not be resold."})
        return ticket

    def failed(self, order: str | None = None, **body: Any) -> str:
        """Return a ticket whose negotiation has failed."""
        ticket = self.disputed(order, **body)
        self.do(MERCHANT, ticket, "offers", {"terms": [{"kind": "repair"}]})
        self.do(BUYER, ticket, "offers/O1/decline", {"reason": "It is three days old."})
        return ticket

    def with_platform(self, order: str | None = None, **body: Any) -> str:
        """Return a ticket the platform is asked to decide."""
        ticket = self.failed(order, **body)
        self.do(BUYER, ticket, "intervention")
        return ticket

    def judged_by(self, arbitrator: str, ticket: str) -> None:
        """Have the supervisor name the arbitrator."""
        ref = arbitrator.partition(":")[2]
        self.do(SUPERVISOR, ticket, "arbitrator", {"arbitrator": ref})

    def ruled(self, order: str | None = None, **ruling: Any) -> str:
        """Return a ticket that is ruled on, for the buyer unless told otherwise."""
        ticket = self.with_platform(order)
        self.judged_by(ARBITRATOR, ticket)
        self.do(ARBITRATOR, ticket, "rulings", {**RULING, **ruling})
        return ticket

    def upload(self, who: str, ticket: str, content: bytes) -> dict[str, Any]:
        """Return the attachment of an uploaded content."""
        role, _, subject = who.partition(":")
        at = f"/v1/tickets/{ticket}/contents"
        kept = self.client.upload(role, subject, at, content, "text/plain")
        assert kept.status == 201, kept
        return kept.body

    def bring(self, who: str, ticket: str, content: bytes, **fields: Any) -> str:
        """Bring an evidence item; return its id."""
        machine = who.startswith(("inspector:", "agent:"))
        obtained = "posted_by_inspector" if machine else "written_by_party"
        kind = "inspection_report" if machine else "statement"
        attachment = self.upload(who, ticket, content)
        body = {"kind": kind, "obtained": obtained, "attachment": attachment, **fields}
        self.do(who, ticket, "gathered-evidence" if machine else "evidence", body)
        return str(self.ticket(AUDITOR, ticket)["evidence"][-1]["item"])


@contextmanager
def platform_over(
    database: Database, directory: Path, *, folding: bool = False, at: Instant = START
) -> Iterator[Platform]:
    """Give a platform over a database; with `folding`, a thread keeps its views level."""
    now = HeldNow(at)
    dsns = Dsns(app=database.app_dsn, views=database.app_dsn, eraser=database.eraser_dsn)
    with (
        joined(Settings(data_dir=directory), dsns, now=now) as parts,
        Client(parts) as client,
        _folded(parts, folding=folding),
    ):
        yield Platform(parts, now, client)


@contextmanager
def _folded(parts: Services, *, folding: bool) -> Iterator[None]:
    if not folding:
        yield
        return
    stop = Event()
    thread = Thread(target=parts.views.run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        parts.views.stop(stop)
        thread.join()
