"""What an order system reports of an order before there is a ticket about it."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from domain.values import Instant, later
from tests.rows.played import CARRIER, Deed

OMS, PAYMENTS, PRICE_MINOR = "orders:oms", "payment:pay-1", 399_900
DAY = timedelta(days=1)


def order_facts(order: str, now: Instant, fields: Mapping[str, Any]) -> Iterable[Deed]:
    """Return what is reported of an order that was signed for an hour ago, unless told."""
    yield Deed(
        OMS,
        "/",
        {
            "order": order,
            "buyer": "b-1",
            "merchant": "m-1",
            "placed_at": later(now, -4 * DAY),
            "lines": [
                {
                    "line": str(number),
                    "sku": "sku-1",
                    "title": "What was bought",
                    "category": fields.get("category", "phones"),
                    "quantity": 1,
                    "paid": {"amount_minor": price, "currency": "CNY"},
                }
                for number, price in enumerate(fields.get("paid", (PRICE_MINOR,)), start=1)
            ],
            **{name: fields[name] for name in ("services", "live_session") if name in fields},
        },
    )
    if "paid_by" in fields:
        yield Deed(
            PAYMENTS,
            "/payments",
            {
                "amount": {"amount_minor": PRICE_MINOR, "currency": "CNY"},
                "reference": f"paid-{order}",
                "settled_at": later(now, -4 * DAY),
                "paid_by": fields["paid_by"],
            },
        )
    signed_ago = fields.get("signed_ago", timedelta(hours=1))
    if signed_ago is None:
        return
    shipped = {"carrier": "sf", "tracking": f"SF-{order}", "shipped_at": later(now, -3 * DAY)}
    yield Deed(CARRIER, "/shipments", shipped)
    signed = {"tracking": f"SF-{order}", "signed_at": later(now, -signed_ago)}
    yield Deed(CARRIER, "/signatures", signed)
