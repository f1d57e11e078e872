"""How every body is read: strict scalars, no unknown field, bounded and printable text."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from domain.streams import LANES_MAX, PLACE_CHARACTERS_MAX
from domain.values import CURRENCIES, Instant, instant, moment_of

REFERENCE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""What an id of another system looks like to us: opaque, and never a name."""
TICKET_ID: Final = re.compile(r"T[0-9]{1,4}-[A-Za-z0-9][A-Za-z0-9._-]{0,57}")
MOMENT: Final = r"^[0-9]{1,5}-[0-9]{1,18}(,[0-9]{1,5}-[0-9]{1,18})*$"
"""One place per lane, as callers write it; which lanes there are is the ledger's to say."""
MOMENT_CHARACTERS_MAX: Final = LANES_MAX * PLACE_CHARACTERS_MAX
AMOUNT_MINOR_MAX: Final = 10**12
TEXT_CHARACTERS_MAX: Final = 5_000
CAPTION_CHARACTERS_MAX: Final = 500

_PRINTABLE: Final = r"^[^\u0000-\u0008\u000b-\u001f\u007f-\u009f]*$"
"""Everything but control characters; a line feed and a tab are text."""
_RFC_3339: Final = (
    r"-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?"
    r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)


class Body(BaseModel):
    """What a caller sends: every field declared, every scalar of exactly its type."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        hide_input_in_errors=True,
        regex_engine="rust-regex",
    )


def _known_currency(text: str) -> str:
    if text not in CURRENCIES:
        raise ValueError("the platform does not trade in this currency")
    return text


def _as_instant(text: str) -> Instant:
    """Return the one spelling of an RFC 3339 time with an offset."""
    try:
        return instant(moment_of(Instant(text)))
    except (ValueError, OverflowError):
        raise ValueError("this is no time of the calendar") from None


Reference = Annotated[str, StringConstraints(pattern=f"^{REFERENCE.pattern}$")]
"""An opaque id: of an order, a line, a person, a tracking."""
Text = Annotated[
    str, StringConstraints(min_length=1, max_length=TEXT_CHARACTERS_MAX, pattern=_PRINTABLE)
]
"""What a person wrote."""
Caption = Annotated[
    str, StringConstraints(min_length=1, max_length=CAPTION_CHARACTERS_MAX, pattern=_PRINTABLE)
]
"""One line about something."""
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_PRINTABLE)]
"""What a thing is called."""
AmountMinor = Annotated[int, Field(gt=0, le=AMOUNT_MINOR_MAX)]
Currency = Annotated[
    str,
    AfterValidator(_known_currency),
    Field(json_schema_extra={"enum": sorted(CURRENCIES)}, examples=["CNY"]),
]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 in hexadecimal digits."""
At = Annotated[
    str,
    StringConstraints(pattern=f"^(19|20|21)[0-9]{{2}}{_RFC_3339}"),
    AfterValidator(_as_instant),
    Field(json_schema_extra={"format": "date-time"}, examples=["2026-11-22T11:08:00+08:00"]),
]
"""An RFC 3339 time with an offset, of something on record; kept in UTC."""
AtAnyTime = Annotated[
    str,
    StringConstraints(pattern=f"^[0-9]{{4}}{_RFC_3339}"),
    AfterValidator(_as_instant),
    Field(json_schema_extra={"format": "date-time"}, examples=["2026-11-22T11:08:00+08:00"]),
]
"""The same of any year: whether it lies before the record or ahead is not for its form to say."""
