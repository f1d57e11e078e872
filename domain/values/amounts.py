"""Exact amounts, what was bought for them, and what is proposed or shared."""

from typing import Final

import msgspec

from domain.values.matters import RemedyKind, Responsible

BASIS_POINTS: Final = 10_000
"""The whole: shares and confidence are integers in basis points, never floats."""


class Money(msgspec.Struct, frozen=True, gc=False):
    """An exact amount: integer minor units and an ISO 4217 currency."""

    amount_minor: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        """Return the sum; two currencies have none, which is a programming error."""
        assert self.currency == other.currency, "amounts of one currency are added"
        return Money(amount_minor=self.amount_minor + other.amount_minor, currency=self.currency)


CURRENCIES: Final = frozenset(
    [
        "AED",
        "AUD",
        "BRL",
        "CAD",
        "CHF",
        "CNY",
        "CZK",
        "DKK",
        "EUR",
        "GBP",
        "HKD",
        "HUF",
        "IDR",
        "ILS",
        "INR",
        "JPY",
        "KRW",
        "MOP",
        "MXN",
        "MYR",
        "NOK",
        "NZD",
        "PHP",
        "PLN",
        "RUB",
        "SAR",
        "SEK",
        "SGD",
        "THB",
        "TRY",
        "TWD",
        "USD",
        "VND",
        "ZAR",
    ]
)
"""The ISO 4217 currencies the platform trades in."""


class OrderLine(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One line of an order as it was bought."""

    line: str
    sku: str
    title: str
    category: str
    quantity: int
    paid: Money
    """What was paid for the whole line; refunds never exceed it."""
    supplier: str | None = None


class Terms(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One remedy as it is proposed, approved or awarded."""

    kind: RemedyKind
    line: str | None = None
    amount: Money | None = None
    """For refund, return, compensation and coupon; the others move no money."""


class Share(msgspec.Struct, frozen=True, gc=False):
    """How much of the responsibility one party bears."""

    party: Responsible
    share_bp: int
