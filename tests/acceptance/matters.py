"""A matter played over HTTP on the platform in miniature; its scenarios are in `tests.rows`."""

from collections.abc import Mapping
from itertools import count
from typing import Any

from domain.values import Instant
from tests.acceptance.platform import AUDITOR, SUPERVISOR, Platform
from tests.rows.checks import driven
from tests.rows.orders import order_facts
from tests.rows.people import PEOPLE
from tests.rows.played import NOW, Begin, Deed, Fact, Ground, Running
from tests.rows.promises import promise

BUYERS = count(1)


class OverHttp:
    """One matter with an order and a buyer of its own; what is seen is read from views."""

    def __init__(self, platform: Platform) -> None:
        """Play on a platform that others play on too."""
        self.platform = platform
        self.ticket = ""
        self._of = f"{next(BUYERS)}"

    @property
    def now(self) -> Instant:
        """The instant it is."""
        return self.platform.now.at

    @property
    def order(self) -> str:
        """The order the matter is about."""
        return f"order-{self._of}"

    def begin(self, ground: Ground) -> None:
        """Report the order and the customer, and have the buyer open a ticket."""
        employ(self.platform)
        for deed in (*order_facts(self.order, self.now, ground.order), *ground.first):
            self.do(deed)
        if ground.standing is not None:
            self._report_standing(ground.standing)
        opening = {"channel": "app", "order": self.order, **ground.opening}
        answer = self.platform.call(self._who("buyer:b-1"), "/v1/tickets", opening)
        assert answer.status == 201, answer
        self.ticket = str(answer.body["stream"]).removeprefix("ticket:")
        self.platform.settle()

    def do(self, deed: Deed) -> None:
        """Have somebody do something that must be accepted."""
        said = {name: self.now if one == NOW else one for name, one in deed.body.items()}
        who = self._who(deed.who)
        if not deed.path.startswith("/"):
            self.platform.do(who, self.ticket, deed.path, said)
            return
        if deed.path == "/":
            said = {**said, "buyer": self._who("buyer:b-1").partition(":")[2]}
        path = f"/v1/orders{deed.path if deed.path == '/' else f'/{self.order}{deed.path}'}"
        answer = self.platform.call(who, path.rstrip("/"), said)
        assert answer.ok, (path, answer)
        if self.ticket:
            self.platform.settle()

    def move_to(self, at: Instant) -> None:
        """Let it become an instant, and let what is due happen."""
        self.platform.move_to(at)

    def facts(self, topic: str, clock: str | None = None) -> list[Fact]:
        """Return the facts of a topic, of one clock where one is named."""
        return [
            Fact(topic, Instant(one["at"]), one["data"])
            for one in self.platform.events(self.ticket).values()
            if one["topic"].rpartition(".")[0] == topic
            and clock in {None, one["data"].get("clock")}
        ]

    def running(self, clock: str) -> Running | None:
        """Return a promise that runs or is overdue, as the queue shows it."""
        found = self.row()["deadlines"].get(f"clock:{clock}")
        if found is None:
            return None
        return Running(found["due_at"], found["awaits"], found.get("missed", False))

    def queue(self) -> str:
        """Return the queue the ticket is in."""
        return str(self.row()["queue"])

    def row(self) -> dict[str, Any]:
        """Return the ticket's row of the queue."""
        return self.platform.row(self.ticket)

    def seen(self, who: str = AUDITOR) -> dict[str, Any]:
        """Return the ticket as it stands on record."""
        return self.platform.ticket(self._who(who), self.ticket)

    def offered(self, who: str) -> dict[str, dict[str, Any]]:
        """Return what somebody may do now, by name."""
        actions = self.seen(who)["actions"]
        return {one["name"]: one for one in actions if one["blocked"] is None}

    def latest(self, topic: str) -> Mapping[str, Any]:
        """Return the data of the latest fact of a topic."""
        return self.facts(topic)[-1].data

    def refused(self, deed: Deed, *, code: str) -> None:
        """Insist that something is refused for the stated reason."""
        said = {name: self.now if one == NOW else one for name, one in deed.body.items()}
        self.platform.refused(self._who(deed.who), self.ticket, deed.path, said, code=code)

    def _who(self, who: str) -> str:
        """Every matter has a buyer of its own: what is known of one is of no other."""
        return f"buyer:b-{self._of}" if who == "buyer:b-1" else who

    def _report_standing(self, known: Mapping[str, Any]) -> None:
        body = {"tier": known["tier"], "as_of": self.now, "bought": known.get("bought", [])}
        if "spend_minor" in known:
            body["spend"] = {"amount_minor": known["spend_minor"], "currency": "CNY"}
        path = f"/v1/customers/b-{self._of}/standing"
        answer = self.platform.call("orders:oms", path, body)
        assert answer.ok, answer


def employ(platform: Platform) -> None:
    """Have those who work for the platform put on record."""
    for ref, known in PEOPLE.items():
        path = f"/v1/agents/{ref}"
        body = {"desk": known.desk, "skills": list(known.skills)}
        assert platform.call(SUPERVISOR, path, body).ok
        for one, end in known.certificates.items():
            passed = {"certificate": one, "expires_at": end}
            assert platform.call(SUPERVISOR, f"{path}/certificates", passed).ok


def hired(platform: Platform, who: str, desk: str, *skills: str) -> None:
    """Put somebody on record with a desk and skills; they begin no shift."""
    path = f"/v1/agents/{who.partition(':')[2]}"
    assert platform.call(SUPERVISOR, path, {"desk": desk, "skills": skills}).ok
    assert platform.parts.views.catch_up(60)


def begins(platform: Platform) -> Begin:
    """Return what gives a fresh matter on a platform, for scenarios told once for all."""
    return lambda: OverHttp(platform)


def drive(platform: Platform, clock: str) -> None:
    """Drive a promise over HTTP: kept in its last moment, broken at its instant, at rest or not."""
    driven(begins(platform), promise(clock))


def opened(platform: Platform, ground: Ground) -> OverHttp:
    """Return a matter that has just come in."""
    matter = OverHttp(platform)
    matter.begin(ground)
    return matter
