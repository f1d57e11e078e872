"""How matters go: each track is a sequence of calls, a pause before each, from acceptance on.

A track yields what is done next and is given the answer. Where the day ends in the middle of a
track, the ticket simply stands there: so the demo has tickets in all stages.
"""

import struct
import zlib
from collections.abc import Callable, Generator, Mapping
from random import Random
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from api.demo.client import Answer
from api.demo.mix import Category, Product
from api.demo.words import Words


class Step(NamedTuple):
    """One call: after so many minutes, who posts what where under the ticket."""

    minutes: float
    role: str
    subject: str
    path: str
    body: Mapping[str, Any] = MappingProxyType({})
    upload: bytes | None = None
    """Content to upload first; its attachment goes into the body."""

    @property
    def decides(self) -> bool:
        """Whether it must act on exactly what was seen: the API asks for If-Match."""
        accepts = self.path.startswith("offers/") and self.path.endswith("/acceptance")
        return accepts or self.path in _DECISIONS


_DECISIONS: Final = frozenset({"approval", "rulings", "appeals/decision", "remedies"})


class Matter(NamedTuple):
    """One ticket of the demo: what it is about and who is on it."""

    chance: Random
    words: Words
    category: Category
    product: Product
    buyer: str
    merchant: str
    agent: str
    supervisor: str
    arbitrators: tuple[str, str]

    def money(self, share: float = 1.0) -> dict[str, Any]:
        """Return a share of the price."""
        return {"amount_minor": max(1, int(self.product.price_minor * share)), "currency": "CNY"}

    def terms(self) -> dict[str, Any]:
        """Return what the category usually leads to, as terms."""
        kind = self.category.remedy
        if kind in {"exchange", "repair", "reshipment"}:
            return {"kind": kind}
        if kind in {"refund", "return"}:
            return {"kind": kind, "amount": self.money()}
        return {"kind": kind, "amount": self.money(0.1)}

    def soon(self, least: float, most: float) -> float:
        """Return a pause in minutes; short ones are likelier."""
        return least + (most - least) * self.chance.random() ** 2


Track = Generator[Step, Answer, None]


def answered(matter: Matter) -> Track:
    """A consultation: an agent answers, the buyer may rate it."""
    yield from _accept(matter)
    text = matter.words.say("您好，已为您核实，请留意站内通知。", "We have checked this for you.")
    yield _agent(matter, 2, 40, "answers", {"text": text, "resolves": True})
    yield from _end(matter)


def approved_return(matter: Matter) -> Track:
    """The merchant approves, the goods travel back, the price is paid back."""
    yield from _accept(matter)
    yield _agent(matter, 5, 120, "return-review", {})
    yield _merchant(matter, 20, 600, "approval", {"terms": matter.terms()})
    yield from _return_steps(matter, "R1")
    yield from _end(matter)


def approved_refund(matter: Matter) -> Track:
    """The merchant approves a refund without a return."""
    yield from _accept(matter)
    yield _merchant(matter, 15, 500, "approval", {"terms": matter.terms()})
    yield paid(matter, "R1")
    yield from _end(matter)


def approved_exchange(matter: Matter) -> Track:
    """The wrong thing goes back, the right one comes."""
    yield from _accept(matter)
    yield _merchant(matter, 20, 400, "approval", {"terms": matter.terms()})
    yield _merchant(
        matter, 10, 90, "remedies/R1/return-authorisation", {"path": "pick_up", "label": "L-77"}
    )
    parcel = {"carrier": "sf", "tracking": f"SF{matter.chance.randrange(10**10):010d}"}
    yield Step(matter.soon(60, 500), "buyer", matter.buyer, "remedies/R1/return-shipment", parcel)
    yield _merchant(matter, 100, 600, "remedies/R1/return-receipt", {})
    right = {"carrier": "sf", "tracking": f"SF{matter.chance.randrange(10**10):010d}"}
    yield _merchant(matter, 10, 120, "remedies/R1/replacement-shipment", right)
    yield Step(matter.soon(200, 900), "carrier", "sf", "remedies/R1/replacement-delivery", {})


def approved_repair(matter: Matter) -> Track:
    """A workshop takes the device."""
    yield from _accept(matter)
    yield _merchant(matter, 20, 500, "approval", {"terms": matter.terms()})
    booking = {"repair_order": f"W-{matter.chance.randrange(10**6)}", "provider": "w-linan"}
    yield _merchant(matter, 20, 200, "remedies/R1/repair-booking", booking)
    yield _merchant(matter, 200, 700, "remedies/R1/repair-receipt", {})
    yield _merchant(
        matter, 300, 1400, "remedies/R1/repair-completion", {"finding": "part_replaced"}
    )


def approved_reshipment(matter: Matter) -> Track:
    """What was missing is sent."""
    yield from _accept(matter)
    yield _merchant(matter, 20, 300, "approval", {"terms": matter.terms()})
    parcel = {"carrier": "yto", "tracking": f"YT{matter.chance.randrange(10**10):010d}"}
    yield _merchant(matter, 20, 300, "remedies/R1/reshipment", parcel)
    yield Step(matter.soon(200, 900), "carrier", "yto", "remedies/R1/reshipment-delivery", {})
    yield from _end(matter)


def late_coupon(matter: Matter) -> Track:
    """A small coupon for the wait, out of goodwill."""
    yield from _accept(matter)
    coupon = {"kind": "coupon", "amount": {"amount_minor": 1_000, "currency": "CNY"}}
    yield _agent(matter, 5, 120, "remedies", {"terms": coupon})
    yield _agent(
        matter, 1, 20, "remedies/R1/coupon", {"coupon": f"c-{matter.chance.randrange(10**8)}"}
    )
    text = matter.words.say("优惠券已发放，给您添麻烦了。", "A coupon is on its way; we are sorry.")
    yield _agent(matter, 1, 20, "answers", {"text": text, "resolves": True})
    yield from _end(matter)


def negotiated(matter: Matter) -> Track:
    """Refused, offered, countered, and often settled."""
    yield from _refuse(matter)
    offer = {"terms": [{"kind": "compensation", "amount": matter.money(0.05)}]}
    yield _merchant(matter, 10, 200, "offers", offer)
    counter = {"terms": [{"kind": "compensation", "amount": matter.money(0.12)}]}
    yield Step(matter.soon(10, 200), "buyer", matter.buyer, "offers/O1/counter", counter)
    if matter.chance.random() < 0.7:
        yield _merchant(matter, 10, 300, "offers/O2/acceptance", {})
        yield Step(
            matter.soon(5, 60),
            "payment",
            "pay-1",
            "remedies/R1/compensation",
            {"reference": f"p-{matter.chance.randrange(10**9)}"},
        )
        yield from _end(matter)
    else:
        yield _merchant(matter, 10, 300, "offers/O2/decline", {})


def rejected(matter: Matter) -> Track:
    """The platform decides for the merchant."""
    yield from intervened(matter)
    yield from decided(matter, ruling(matter, for_buyer=False))


def ruled(matter: Matter) -> Track:
    """The platform decides for the buyer and sees to it."""
    yield from intervened(matter)
    yield from decided(matter, ruling(matter))
    yield paid(matter, "R1")


def appealed(matter: Matter) -> Track:
    """The merchant appeals, and another arbitrator upholds the ruling."""
    yield from intervened(matter)
    yield from decided(matter, ruling(matter))
    upheld = {
        "outcome": "upheld",
        "reasons": matter.words.say("经复核，原裁决维持。", "On review the ruling stands."),
        "clauses": ["evidence.burden"],
        "relied_on": ["E1"],
    }
    yield from reviewed(matter, upheld)


def intervened(matter: Matter) -> Track:
    """The sides do not agree, the platform is asked, and an arbitrator is named."""
    yield from _refuse(matter)
    offer = {"terms": [{"kind": "coupon", "amount": matter.money(0.02)}]}
    yield _merchant(matter, 5, 60, "offers", offer)
    yield Step(matter.soon(5, 60), "buyer", matter.buyer, "offers/O1/decline", {})
    yield Step(matter.soon(2, 60), "buyer", matter.buyer, "intervention", {})
    photo = {"kind": "photo", "obtained": "photographed_by_buyer"}
    yield Step(matter.soon(5, 90), "buyer", matter.buyer, "evidence", photo, upload=_photo(matter))
    yield Step(matter.soon(1, 30), "buyer", matter.buyer, "evidence/seal", {})
    first = matter.arbitrators[0]
    yield Step(
        matter.soon(10, 90), "supervisor", matter.supervisor, "arbitrator", {"arbitrator": first}
    )


def ruling(
    matter: Matter, *, for_buyer: bool = True, merchant_bp: int = 10_000, paid_bp: int = 0
) -> dict[str, Any]:
    """Return a decision: who wins, how much the merchant bears, and what is paid already."""
    borne = {"merchant": merchant_bp, "buyer": 10_000 - merchant_bp} if for_buyer else _BUYER_ALL
    award = {"kind": "refund", "amount": matter.money((merchant_bp - paid_bp) / 10_000)}
    return {
        "in_favour_of": "buyer" if for_buyer else "merchant",
        "shares": [{"party": one, "share_bp": share} for one, share in borne.items() if share],
        "awards": [award] if for_buyer else [],
        "reasons": matter.words.say(
            "结合交易快照与双方举证，作出如下裁决。",
            "Decided on the snapshot and both sides' proof.",
        ),
        "clauses": ["delivery.not_received" if for_buyer else "evidence.no_fault_found"],
        "relied_on": ["E1", "E2"],
    }


def decided(matter: Matter, decision: Mapping[str, Any]) -> Track:
    """The arbitrator who was named decides."""
    first = matter.arbitrators[0]
    yield Step(matter.soon(120, 1800), "arbitrator", first, "rulings", decision)


def reviewed(matter: Matter, decision: Mapping[str, Any], *, by: str = "merchant") -> Track:
    """A side appeals, and another arbitrator decides."""
    grounds = matter.words.say("我方认为证据不足。", "We find the evidence too thin.")
    who = matter.merchant if by == "merchant" else matter.buyer
    yield Step(matter.soon(20, 200), by, who, "appeals", {"grounds": grounds})
    second = matter.arbitrators[1]
    yield Step(
        matter.soon(10, 60), "supervisor", matter.supervisor, "arbitrator", {"arbitrator": second}
    )
    yield Step(matter.soon(30, 240), "arbitrator", second, "appeals/decision", decision)


def paid(matter: Matter, remedy: str) -> Step:
    """Return that the payment system tells of a settled refund."""
    reference = {"reference": f"p-{matter.chance.randrange(10**9)}"}
    return Step(matter.soon(3, 120), "payment", "pay-1", f"remedies/{remedy}/settlement", reference)


TRACKS: Final[Mapping[str, Callable[[Matter], Track]]] = {
    track.__name__: track
    for track in (
        answered,
        approved_return,
        approved_refund,
        approved_exchange,
        approved_repair,
        approved_reshipment,
        late_coupon,
        negotiated,
        rejected,
        ruled,
        appealed,
    )
}
"""Every track by its name."""


_BUYER_ALL: Final = {"buyer": 10_000}


def _accept(matter: Matter) -> Track:
    yield _agent(matter, 1, 45, "acceptance", {})
    # Who passed no exam claims nothing that asks for one (RO-02).
    if matter.chance.random() < 0.4 and matter.product.category != "luxury":
        yield _agent(matter, 0.5, 5, "assignment", {})


def _refuse(matter: Matter) -> Track:
    yield from _accept(matter)
    reasons = matter.words.say("商品激活后影响二次销售。", "Opened goods can not be sold again.")
    yield _merchant(matter, 15, 240, "refusal", {"reasons": reasons})


def _return_steps(matter: Matter, remedy: str) -> Track:
    at = f"remedies/{remedy}"
    yield _merchant(matter, 5, 60, f"{at}/return-authorisation", {"path": "prepaid_label"})
    parcel = {"carrier": "sf", "tracking": f"SF{matter.chance.randrange(10**10):010d}"}
    yield Step(matter.soon(60, 400), "buyer", matter.buyer, f"{at}/return-shipment", parcel)
    yield _merchant(matter, 200, 800, f"{at}/return-receipt", {})
    finding = {"passed": True, "finding": "as_described"}
    yield _merchant(matter, 10, 120, f"{at}/return-inspection", finding)
    yield paid(matter, remedy)


def _end(matter: Matter) -> Track:
    """The buyer may say how it was, and somebody may close what is resolved."""
    if matter.chance.random() < 0.5:
        yield _rating(matter)
    if matter.chance.random() < 0.5:
        by_buyer = matter.chance.random() < 0.5
        role, subject = ("buyer", matter.buyer) if by_buyer else ("agent", matter.agent)
        yield Step(matter.soon(5, 120), role, subject, "closing")


def _rating(matter: Matter) -> Step:
    draw = matter.chance.choices((5, 4, 3, 2, 1), (50, 25, 12, 7, 6), k=3)
    marks = dict(zip(("result", "speed", "attitude"), draw, strict=True))
    return Step(matter.soon(5, 200), "buyer", matter.buyer, "satisfaction", marks)


def _agent(matter: Matter, least: float, most: float, path: str, body: dict[str, Any]) -> Step:
    return Step(matter.soon(least, most), "agent", matter.agent, path, body)


def _merchant(matter: Matter, least: float, most: float, path: str, body: dict[str, Any]) -> Step:
    return Step(matter.soon(least, most), "merchant", matter.merchant, path, body)


def _photo(matter: Matter) -> bytes:
    """Return a small PNG, a grey pixel of its own shade."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", 1, 1, 16, 0, 0, 0, 0)
    shade = struct.pack(">H", matter.chance.getrandbits(16))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\x00" + shade))
        + chunk(b"IEND", b"")
    )
