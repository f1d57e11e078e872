"""The API over a real database, as its tests speak to it: callers with tokens, a clock we hold."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from httpx2 import Response
from starlette.testclient import TestClient

from api.app import create_app
from api.auth import mint
from api.settings import Settings
from api.wiring import Dsns, Services, joined
from domain.values import ActorKind, Instant, later
from tests.conftest import Database

START = Instant("2026-11-22T03:00:00.000000Z")
MONEY = {"amount_minor": 19_900, "currency": "CNY"}


@dataclass
class Clock:
    """The time of a test; it moves when it is told to."""

    at: Instant = START

    def now(self) -> Instant:
        """Return the time it is."""
        return self.at

    def pass_by(self, within: timedelta) -> None:
        """Move on."""
        self.at = later(self.at, within)


@dataclass
class Served:
    """A running API and those who call it."""

    client: TestClient
    app: FastAPI
    services: Services
    clock: Clock
    _number: Iterator[int] = field(default_factory=lambda: count(1))

    def fresh(self, prefix: str) -> str:
        """Return a reference nobody has used."""
        return f"{prefix}-{next(self._number)}"

    def token(self, role: str, subject: str, *, ttl: timedelta = timedelta(days=365)) -> str:
        """Return a valid token."""
        return mint(
            self.services.keys.token_private,
            role=ActorKind(role),
            subject=subject,
            ttl=ttl,
            now=self.clock.now(),
        )

    def headers(self, who: str) -> dict[str, str]:
        """Return the headers of a caller, told as "role:subject"."""
        role, _, subject = who.partition(":")
        return {"Authorization": f"Bearer {self.token(role, subject or f'{role}-1')}"}

    def get(self, who: str, path: str, **query: Any) -> Response:
        """Read something as somebody."""
        return self.client.get(path, headers=self.headers(who), params=query)

    def post(
        self,
        who: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        version: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Send a command as somebody."""
        sent = {**self.headers(who), **(headers or {})}
        if key is not None:
            sent["Idempotency-Key"] = key
        if version is not None:
            sent["If-Match"] = f'"{version}"'
        return self.client.post(path, headers=sent, json={} if body is None else body)

    def place_order(self, buyer: str, merchant: str) -> str:
        """Have the order system report an order of one line, signed for; return its id."""
        order = self.fresh("order")
        body = {
            "order": order,
            "buyer": buyer,
            "merchant": merchant,
            "lines": [
                {
                    "line": "1",
                    "sku": "sku-1",
                    "title": "Phone 12+256G",
                    "category": "phone",
                    "quantity": 1,
                    "paid": MONEY,
                }
            ],
            "placed_at": "2026-11-18T10:00:00+08:00",
        }
        placed = self.post("orders", "/v1/orders", body)
        assert placed.status_code == 201, placed.text
        sent = {
            "carrier": "sf",
            "tracking": self.fresh("SF"),
            "shipped_at": "2026-11-19T10:00:00+08:00",
        }
        assert self.post("orders", f"/v1/orders/{order}/shipments", sent).status_code == 200
        signed = {"tracking": sent["tracking"], "signed_at": "2026-11-20T10:00:00+08:00"}
        assert self.post("orders", f"/v1/orders/{order}/signatures", signed).status_code == 200
        return order

    def hire(self, agent: str) -> None:
        """Put somebody on record who is able to work on anything that asks for no certificate."""
        skills = ["mother_and_baby", "senior", "vip"]
        body = {"desk": "senior_desk", "skills": skills}
        answer = self.post("supervisor", f"/v1/agents/{agent}", body, key=f"hire-{agent}")
        assert answer.is_success, answer.text

    def open_ticket(self, buyer: str = "buyer-1", merchant: str = "merchant-1") -> str:
        """Have a buyer open a ticket about a fresh order; return its id."""
        body = {
            "channel": "app",
            "order": self.place_order(buyer, merchant),
            "reason": "quality_fault",
            "remedy": "refund",
            "claim": MONEY,
            "statement": "The screen flickers.",
        }
        opened = self.post(f"buyer:{buyer}", "/v1/tickets", body)
        assert opened.status_code == 201, opened.text
        return str(opened.json()["stream"].removeprefix("ticket:"))

    def refused_claim(self, buyer: str = "buyer-1", merchant: str = "merchant-1") -> str:
        """Return a ticket whose claim the merchant refused: the two sides may talk."""
        ticket = self.open_ticket(buyer, merchant)
        for who, path, body in (
            ("agent", "acceptance", {}),
            (f"merchant:{merchant}", "refusal", {"reasons": "No fault was found."}),
        ):
            answer = self.post(who, f"/v1/tickets/{ticket}/{path}", body)
            assert answer.status_code == 200, answer.text
        return ticket

    def version(self, ticket: str) -> int:
        """Return the version a ticket has now."""
        return int(self.get("supervisor", f"/v1/tickets/{ticket}").json()["version"])

    def head(self) -> str:
        """Return how far the record has come."""
        ledger = self.services.ledger
        return ",".join(f"{lane}-{ledger.position(lane)}" for lane in range(ledger.lanes))


@contextmanager
def serving(database: Database, directory: Path, *, folding: bool = True) -> Iterator[Served]:
    """Serve the API over a database; unless told not to, a thread beside it folds the views."""
    clock = Clock()
    settings = Settings(data_dir=directory)
    dsns = Dsns(app=database.app_dsn, views=database.app_dsn, eraser=database.eraser_dsn)
    with joined(settings, dsns, now=clock.now) as services:
        stop = threading.Event()
        folder = threading.Thread(target=services.views.run, args=(stop,))
        if folding:
            folder.start()
        try:
            app = create_app(services)
            with TestClient(app) as client:
                yield Served(client, app, services, clock)
        finally:
            services.views.stop(stop)
            if folding:
                folder.join()
