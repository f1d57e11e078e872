"""The worked case (AR-08): an activated phone without a network, from opening to enforced ruling.

At a November sale a buyer's new phone can not reach the network after activation. The merchant
refuses, since an activated phone hurts resale. An inspection shows a hardware fault; the platform
forces the refund and grants a coupon of 50 yuan.
"""

import json
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final, NamedTuple

from api.demo.client import Answer, Client
from domain.values import Instant, later

PRICE: Final = {"amount_minor": 399_900, "currency": "CNY"}
COUPON: Final = {"amount_minor": 5_000, "currency": "CNY"}
REPORT: Final = json.dumps(
    {
        "report": "INS-2026-1107",
        "device": "phone-a1",
        "tests": ["sim_detection", "antenna_path", "baseband_self_test"],
        "finding": "hardware_fault",
        "detail": "baseband chip does not answer; no sign of misuse",
    },
    sort_keys=True,
).encode()


class Told(NamedTuple):
    """One step as it is told."""

    who: str
    what: str
    url: str
    answer: Answer


class StoryError(RuntimeError):
    """A step of the worked case was refused; what was answered is said."""


class Story:
    """The case, acted through the API by everybody it takes."""

    def __init__(
        self,
        client: Client,
        now: Callable[[], Instant],
        *,
        pace: timedelta = timedelta(0),
        move: Callable[[Instant], None] | None = None,
    ) -> None:
        """Act through a client; with `move`, `pace` lies between two steps."""
        self._client = client
        self._now = now
        self._pace = pace
        self._move = move
        self._order = f"o-story-{now().replace(':', '').replace('.', '')[:-1].lower()}"
        self._ticket = ""
        self._version = 0
        self._steps = 0
        self._tell: Callable[[Told], None] = lambda _told: None

    def tell(self, *, as_json: bool) -> str:
        """Act the case, print each step with its URL, events, positions and hashes."""
        self._tell = _print_json if as_json else _print
        return self.act()

    def act(self) -> str:
        """Act the case to its end and return the ticket's id; raise StoryError at a refusal."""
        self._order_is_placed()
        self._open()
        self._refusal_and_offer()
        self._evidence()
        self._ruling()
        self._enforcement()
        return self._ticket

    def _order_is_placed(self) -> None:
        placed = later(self._now(), -timedelta(days=4))
        order = {
            "order": self._order,
            "buyer": "b-lin",
            "merchant": "m-qingsong",
            "placed_at": placed,
            "lines": [
                {
                    "line": "1",
                    "sku": "phone-a1",
                    "title": "青松 A1 手机 8+256 GB",
                    "category": "phones",
                    "quantity": 1,
                    "paid": PRICE,
                    "supplier": "s-qingsong",
                }
            ],
        }
        at = f"/v1/orders/{self._order}"
        paid = {"amount": PRICE, "reference": f"pay-{self._order}", "settled_at": placed}
        sent = {
            "carrier": "sf",
            "tracking": "SF1107",
            "shipped_at": later(placed, timedelta(days=1)),
        }
        signed = {"tracking": "SF1107", "signed_at": later(placed, timedelta(days=2))}
        self._do("orders", "oms", "the order is known to the ledger", "/v1/orders", order)
        self._do("payment", "pay-1", "it was paid", f"{at}/payments", paid)
        self._do("carrier", "sf", "it was shipped", f"{at}/shipments", sent)
        self._do("carrier", "sf", "and signed for", f"{at}/signatures", signed)

    def _open(self) -> None:
        opening = {
            "channel": "app",
            "order": self._order,
            "kind": "dispute",
            "scenario": "product",
            "reason": "quality_fault",
            "remedy": "refund",
            "claim": PRICE,
            "statement": "手机激活后无法连接网络，换卡也不行。联系电话13900001234，林晓晴。",
        }
        answer = self._do("buyer", "b-lin", "the buyer opens a ticket", "/v1/tickets", opening)
        self._ticket = answer.body["stream"].partition(":")[2]

    def _refusal_and_offer(self) -> None:
        reasons = {"reasons": "手机已经激活，影响二次销售，不同意退款。"}
        offer = {"terms": [{"kind": "repair"}], "text": "可以免费检修一次。"}
        no = {"reason": "刚买的新机，不接受维修。"}
        self._on("agent", "agent-07", "an agent takes it up", "acceptance")
        self._on("merchant", "m-qingsong", "the merchant refuses: activated", "refusal", reasons)
        self._on("merchant", "m-qingsong", "and offers a repair", "offers", offer)
        self._on("buyer", "b-lin", "the buyer declines", "offers/O1/decline", no)
        self._on("buyer", "b-lin", "negotiation failed: the platform is asked", "intervention")

    def _evidence(self) -> None:
        said = "激活当日拍摄的网络设置截图说明".encode()
        buyer = {"kind": "statement", "obtained": "written_by_buyer"}
        log = {"kind": "repair_record", "obtained": "exported_by_merchant"}
        report = {"kind": "inspection_report", "obtained": "posted_by_inspector"}
        self._attach(
            "buyer", "b-lin", "the buyer's statement", "evidence", buyer,
            content=said, media_type="text/plain",
        )  # fmt: skip
        self._on("buyer", "b-lin", "the buyer's set is final", "evidence/seal")
        self._attach(
            "merchant", "m-qingsong", "the activation log", "evidence", log,
            content=b'{"activated": true}', media_type="application/json",
        )  # fmt: skip
        self._on("merchant", "m-qingsong", "the merchant's set is final", "evidence/seal")
        self._attach(
            "inspector", "lab-3", "the inspection finds a hardware fault", "gathered-evidence",
            report, content=REPORT, media_type="application/json",
        )  # fmt: skip

    def _ruling(self) -> None:
        ruling = {
            "in_favour_of": "buyer",
            "shares": [{"party": "merchant", "share_bp": 10_000}],
            "awards": [{"kind": "refund", "amount": PRICE}, {"kind": "coupon", "amount": COUPON}],
            "reasons": "检测报告显示基带硬件故障，激活状态不影响退款；商家承担全部责任。",
            "clauses": ["quality.hardware_fault", "returns.quality"],
            "relied_on": ["E1", "E2", "E3", "E4"],
        }
        self._on(
            "supervisor", "sup-1", "an arbitrator without a conflict", "arbitrator",
            {"arbitrator": "arb-2"},
        )  # fmt: skip
        self._on("arbitrator", "arb-2", "the ruling: refund and a coupon", "rulings", ruling)

    def _enforcement(self) -> None:
        coupon = {"coupon": "c-50-1107"}
        paid = {"reference": f"refund-{self._order}"}
        marks = {"result": 5, "speed": 5, "attitude": 5, "text": "处理得很快，谢谢。"}
        self._on("payment", "pay-1", "the forced refund is settled", "remedies/R1/settlement", paid)
        self._on("agent", "agent-07", "the coupon is handed out", "remedies/R2/coupon", coupon)
        self._on("buyer", "b-lin", "the buyer says how it was", "satisfaction", marks)

    # --- acting -------------------------------------------------------------------------------

    def _attach(
        self,
        role: str,
        who: str,
        what: str,
        path: str,
        body: dict[str, Any],
        *,
        content: bytes,
        media_type: str,
    ) -> None:
        """Upload content, then put it on the record."""
        at = f"/v1/tickets/{self._ticket}/contents"
        kept = self._client.upload(role, who, at, content, media_type)
        if not kept.ok:
            raise StoryError(f"{what}: {kept.status} {kept.body}")
        self._on(role, who, what, path, {**body, "attachment": kept.body})

    def _on(
        self, role: str, who: str, what: str, path: str, body: dict[str, Any] | None = None
    ) -> None:
        """Do something on the ticket, acting on exactly the version that was last seen."""
        answer = self._do(
            role, who, what, f"/v1/tickets/{self._ticket}/{path}", body, version=self._version
        )
        self._version = answer.body["version"]

    def _do(
        self,
        role: str,
        who: str,
        what: str,
        url: str,
        body: dict[str, Any] | None = None,
        *,
        version: int | None = None,
    ) -> Answer:
        self._steps += 1
        if self._move is not None:
            self._move(later(self._now(), self._pace))
        key = f"{self._order}-{self._steps}"
        answer = self._client.post(role, who, url, body, key=key, version=version)
        if not answer.ok:
            raise StoryError(f"{what}: {answer.status} {answer.body}")
        self._version = answer.body["version"]
        self._tell(Told(role, what, url, answer))
        return answer


def _print(told: Told) -> None:
    """Print a step for people."""
    lines = [f"{told.who:>10}  {told.what}", f"{'':>10}  POST {told.url}"]
    for event in told.answer.body["events"]:
        place = f"{event['topic']:<28} {event['position']:>8}"
        lines.append(f"{'':>10}    {place}  {event['leaf_hash']}")
    print("\n".join(lines), file=sys.stdout, flush=True)  # noqa: T201 - this is the output


def _print_json(told: Told) -> None:
    """Print a step as one line of JSON."""
    step = {
        "who": told.who,
        "what": told.what,
        "url": told.url,
        "events": told.answer.body["events"],
    }
    print(json.dumps(step, ensure_ascii=False), file=sys.stdout, flush=True)  # noqa: T201
