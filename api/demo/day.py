"""Makes days of a platform: matters open over the hours, and each goes its way until the end.

Where the days are too few for a ruling to be over, some matters that were ruled before lie first.
"""

import heapq
import itertools
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from random import Random
from typing import Any, Final, NamedTuple

from api.demo.client import Answer, Client
from api.demo.earlier import EARLIER, ENDINGS, Earlier
from api.demo.mix import MIX, PRODUCTS, Category, asks_for_exams
from api.demo.now import HeldNow
from api.demo.story import Story
from api.demo.tracks import TRACKS, Matter, Step, Track
from api.demo.words import Words
from api.wiring import Services
from api.worker import Worker, notary_of
from domain.ledger.notary import Notary
from domain.values import Examination, Instant, later

TICKETS_PER_DAY: Final = 320
STORY: Final = timedelta(hours=9)
"""How long before the days the worked case begins; it is over when they do."""
PAST: Final = timedelta(days=11)
"""How long before the worked case earlier matters begin: ruled, past appeal, and closed by then."""
PACE: Final = timedelta(minutes=15)
"""How much of the demo's time lies between two steps of the worked case."""
ROUND: Final = timedelta(minutes=30)
"""How often the worker gets its turn in the demo's time."""
_BY_HOUR: Final = (3, 2, 1, 1, 1, 2, 3, 5, 8, 10, 11, 11, 9, 9, 10, 10, 9, 9, 8, 9, 11, 12, 9, 6)
_CHANNELS: Final = ("app", "mini_program", "web_order_page", "chat", "phone", "logistics_page")


class Made(NamedTuple):
    """What the demo made."""

    tickets: int
    commands: int
    refused: int
    story: str
    """The id of the worked case."""


class _Going(NamedTuple):
    """A matter on its way: its ticket and what comes next."""

    ticket: str
    track: Track
    step: Step
    merchant: str


class Day:
    """Days of matters, drawn from a seed."""

    def __init__(
        self,
        seed: int,
        now: HeldNow,
        *,
        end: Instant,
        days: int,
        tickets_per_day: int = TICKETS_PER_DAY,
    ) -> None:
        """Make days that end at `end`; `now` stands so long before them as `lead` tells."""
        self.chance = Random(seed)  # noqa: S311 - a demo is drawn again, a secret is not
        self._seed = seed
        self._now = now
        self._start = later(end, -timedelta(days=days))
        self._end = end
        self._days = days
        self._openings_in_all = tickets_per_day * days
        self._numbers = itertools.count(1)
        self._commands = self._refused = self._tickets = 0
        self._idle_at: list[int] | None = None
        self._notary: Notary | None = None
        self._sign_at = self._now.at

    def make(self, parts: Services) -> Made:
        """Return what was made, when the demo's time has caught up with the end."""
        worker = Worker(parts)
        with ExitStack() as ending:
            client = ending.enter_context(Client(parts))
            if parts.dsns.notary is not None:
                self._notary = ending.enter_context(notary_of(parts, parts.dsns.notary))
            self._hire(client)
            if lead(self._days) > STORY:
                # Drawn by a chance of their own: the days are the same, whatever lies before them.
                chance, self.chance = self.chance, Random(f"{self._seed} earlier")  # noqa: S311 - as above
                self._live(parts, client, worker, self._earlier(), until=later(self._start, -STORY))
                self.chance = chance
            openings = [(at, None) for at in self._openings()]
            told = Story(client, self._now, pace=PACE, move=self._now.move).act()
            self._now.move(self._start)
            self._live(parts, client, worker, openings, until=self._end)
        return Made(self._tickets + 1, self._commands, self._refused, told)

    def _live(
        self,
        parts: Services,
        client: Client,
        worker: Worker,
        openings: Iterable[tuple[Instant, Earlier | None]],
        *,
        until: Instant,
    ) -> None:
        """Let matters open and go their way until an instant; the worker gets its turns."""
        agenda: list[tuple[Instant, int, Any]] = []
        for at, opening in openings:
            heapq.heappush(agenda, (at, next(self._numbers), opening))
        turn = later(self._now.at, ROUND)
        while agenda and agenda[0][0] <= until:
            at, _, going = heapq.heappop(agenda)
            turn = self._take_turns(parts, worker, turn, at)
            self._now.move(at)
            if isinstance(going, _Going):
                if going.step.path == "assignment":
                    parts.views.catch_up()  # what an agent carries is looked up
                going = self._go_on(client, going)
            else:
                going = self._open(client, going)
            if going is not None:
                due = later(at, timedelta(minutes=going.step.minutes))
                heapq.heappush(agenda, (due, next(self._numbers), going))
        self._take_turns(parts, worker, turn, until)
        self._take_turn(parts, worker, until)

    def _take_turns(
        self, parts: Services, worker: Worker, turn: Instant, until: Instant
    ) -> Instant:
        """Let the worker have the turns that come by an instant, and return when the next is."""
        while turn <= until:
            self._take_turn(parts, worker, turn)
            turn = later(turn, ROUND)
        return turn

    def _earlier(self) -> Iterator[tuple[Instant, Earlier]]:
        """Yield when which matters of the time before open: all on one day."""
        begun = self._now.at
        for number, one in enumerate(EARLIER):
            yield later(begun, timedelta(hours=3 * number)), one

    def _hire(self, client: Client) -> None:
        """Register the agents: they claim what they work on, and half of them passed every exam."""
        until = later(self._end, timedelta(days=365))
        for agent in _AGENTS:
            at = f"/v1/agents/{agent}"
            able = ["senior", "vip", "mother_and_baby", "phones"]
            skills = {"desk": "senior_desk", "skills": able}
            self._post(client, "supervisor", "sup-1", at, skills, key=f"hire-{agent}")
            for exam in Examination if agent in _CERTIFIED else ():
                passed = {"certificate": exam, "expires_at": until}
                key = f"exam-{agent}-{exam}"
                self._post(client, "supervisor", "sup-1", f"{at}/certificates", passed, key=key)

    def _openings(self) -> list[Instant]:
        """Return when matters open, in order, more of them in the busy hours."""
        first = int(self._start[11:13])
        openings: list[Instant] = []
        for _ in range(self._openings_in_all):
            hour = self.chance.choices(range(24), [_BY_HOUR[(first + h) % 24] for h in range(24)])
            day = self.chance.randrange(self._days)
            minutes = day * 1440 + hour[0] * 60 + self.chance.random() * 60
            openings.append(later(self._start, timedelta(minutes=minutes)))
        return sorted(openings)

    def _take_turn(self, parts: Services, worker: Worker, at: Instant) -> None:
        """Let views and deadlines come level with an instant.

        Where nothing was recorded since a turn in which nothing was left to do, only time can have
        made something due.
        """
        self._now.move(at)
        self._sign(parts)
        if self._idle_at == _ends(parts) and not worker.fire():
            return
        parts.views.catch_up()
        before = _ends(parts)
        while worker.step():
            parts.views.catch_up()
        self._idle_at = before if before == _ends(parts) else None

    def _sign(self, parts: Services) -> None:
        """Have the log signed once a day, or an audit would find that it was late to cover it."""
        if self._notary is None or self._now.at < self._sign_at:
            return
        self._sign_at = later(self._now.at, timedelta(days=1))
        for lane in range(parts.ledger.lanes):
            self._notary.step(lane)

    def _open(self, client: Client, earlier: Earlier | None) -> _Going | None:
        """Place an order some days ago and bring a matter about it."""
        mix = MIX if earlier is None else [one for one in MIX if one.track == earlier.track]
        category = self.chance.choices(mix, [one.weight for one in mix])[0]
        matter = self._matter(category)
        order = f"o-{next(self._numbers):06d}"
        self._place(client, order, matter)
        words = matter.words
        body: dict[str, Any] = {
            "channel": self.chance.choice(_CHANNELS),
            "order": order,
            "kind": category.kind,
            "scenario": category.scenario,
            "reason": category.reason,
            "remedy": category.remedy,
            "statement": words.opening(category.zh, category.en),
        }
        if category.remedy in {"refund", "return"}:
            body["claim"] = matter.money()
        answer = self._post(client, "buyer", matter.buyer, "/v1/tickets", body, key=f"open-{order}")
        if not answer.ok:
            return None
        self._tickets += 1
        ticket = answer.body["stream"].partition(":")[2]
        going = TRACKS[category.track] if earlier is None else ENDINGS[earlier.ending]
        track = going(matter)
        return _Going(ticket, track, next(track), matter.merchant)

    def _matter(self, category: Category) -> Matter:
        chance = self.chance
        merchant = f"m-{chance.randrange(1, 25):03d}"
        first, second = chance.sample(("arb-1", "arb-2", "arb-3", "arb-4"), 2)
        words = Words(chance, chinese=chance.random() < 0.7)
        product = chance.choice(PRODUCTS)
        buyer = f"b-{chance.randrange(1, 400):04d}"
        agent = chance.choice(_AGENTS)
        if asks_for_exams(category, product) and agent not in _CERTIFIED:
            agent = _CERTIFIED[_AGENTS.index(agent) // 2]
        return Matter(
            chance=chance,
            words=words,
            category=category,
            product=product,
            buyer=buyer,
            merchant=merchant,
            agent=agent,
            supervisor="sup-1",
            arbitrators=(first, second),
        )

    def _place(self, client: Client, order: str, matter: Matter) -> None:
        """Post the order's own facts, as the order, payment and carrier systems do."""
        placed = later(self._now.at, -timedelta(days=self.chance.uniform(1.5, 20)))
        body = {
            "order": order,
            "buyer": matter.buyer,
            "merchant": matter.merchant,
            "placed_at": placed,
            "deliver_by": later(placed, timedelta(days=3)),
            "lines": [
                {
                    "line": "1",
                    "sku": matter.product.sku,
                    "title": matter.product.title,
                    "category": matter.product.category,
                    "quantity": 1,
                    "paid": matter.money(),
                    "supplier": matter.product.supplier,
                }
            ],
        }
        self._post(client, "orders", "oms", "/v1/orders", body, key=f"order-{order}")
        payment = {"amount": matter.money(), "reference": f"pay-{order}", "settled_at": placed}
        at = f"/v1/orders/{order}"
        self._post(client, "payment", "pay-1", f"{at}/payments", payment, key=f"payment-{order}")
        parcel = {"carrier": "sf", "tracking": f"SF-{order}", "shipped_at": later(placed, _DAY)}
        self._post(client, "carrier", "sf", f"{at}/shipments", parcel, key=f"shipment-{order}")
        if matter.category.reason not in {"not_received", "late"}:
            signed = {"tracking": parcel["tracking"], "signed_at": later(placed, _DAY * 1.4)}
            self._post(client, "carrier", "sf", f"{at}/signatures", signed, key=f"signed-{order}")

    def _go_on(self, client: Client, going: _Going) -> _Going | None:
        """Take a matter's next step and return what comes after it, None at the end."""
        step, ticket = going.step, going.ticket
        at = f"/v1/tickets/{ticket}"
        body = dict(step.body)
        if step.upload is not None:
            kept = client.upload(
                step.role, step.subject, f"{at}/contents", step.upload, "image/png"
            )
            body["attachment"] = kept.body
        # Who decides looks first, for a deadline may have passed since the last step.
        seen = client.get(step.role, step.subject, at).body["version"] if step.decides else None
        answer = self._post(
            client,
            step.role,
            step.subject,
            f"{at}/{step.path}",
            body,
            key=f"{ticket}-{next(self._numbers)}",
            version=seen,
        )
        if not answer.ok:
            return None
        try:
            return going._replace(step=going.track.send(answer))
        except StopIteration:
            return None

    def _post(
        self,
        client: Client,
        role: str,
        subject: str,
        path: str,
        body: dict[str, Any],
        *,
        key: str,
        version: int | None = None,
    ) -> Answer:
        answer = client.post(role, subject, path, body, key=key, version=version)
        self._commands += 1
        self._refused += not answer.ok
        return answer


def lead(days: int) -> timedelta:
    """Return how long before so many days the demo's time begins."""
    return STORY if timedelta(days=days) > PAST else PAST + STORY


def _ends(parts: Services) -> list[int]:
    """Return how far each lane has come."""
    return [parts.ledger.position(lane) for lane in range(parts.ledger.lanes)]


_AGENTS: Final = tuple(f"agent-{number:02d}" for number in range(1, 13))
_CERTIFIED: Final = _AGENTS[1::2]
"""Those who passed every exam."""
_DAY: Final = timedelta(days=1)
