"""What a caller prefers beside a command's answer (RFC 7240): a signed receipt, and publication.

Nothing here can fail a command: it is on record before any of this is tried.
"""

import asyncio
import logging
from typing import Final, NamedTuple

import msgspec

from api.keys import introduce
from api.models.outcomes import Accepted
from api.wiring import Services
from domain import errors
from domain.commands import AcceptOffer, Command, DecideAppeal, IssueRuling, SealEvidence
from domain.ledger.connections import AppendUnknown, DatabaseUnavailable
from domain.ledger.requests import Outcome
from domain.ledger.signing import (
    KeyMissing,
    KeysFrozenAlready,
    key_name,
    sign_text,
    signers_in_use,
)
from domain.proof.receipt import Receipt
from domain.streams import parse_moment
from domain.values import KeyPurpose

WAIT_SECONDS_MAX: Final = 5.0
"""How long an answer is held back for publication; a checkpoint comes every second."""
RETRY_AFTER_SECONDS: Final = 1
_PAUSE_SECONDS: Final = 0.1
_ALWAYS: Final = (SealEvidence, AcceptOffer, IssueRuling, DecideAppeal)
"""Commands whose answer has a receipt whether or not it is asked for."""
_NO_RECEIPT: Final = (
    KeyMissing,
    KeysFrozenAlready,
    DatabaseUnavailable,
    AppendUnknown,
    errors.Refusal,
)
"""What stands in the way of a receipt; the command is on record all the same."""
log = logging.getLogger(__name__)


class Preferences(NamedTuple):
    """What was asked for in `Prefer`."""

    receipt: bool = False
    published: bool = False


NONE: Final = Preferences()


class Honoured(msgspec.Struct, frozen=True):
    """What came of the preferences."""

    receipt: str | None = None
    published: bool | None = None
    """None when nobody asked to wait."""

    def told_in(self, answer: Accepted, headers: dict[str, str]) -> Accepted:
        """Return the answer with what came of the preferences, told in its headers too."""
        done = (("receipt", self.receipt is not None), ("wait=published", self.published is True))
        if applied := ", ".join(name for name, is_done in done if is_done):
            headers["Preference-Applied"] = applied
        if self.published is False:
            headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
        return msgspec.structs.replace(
            answer,
            receipt=msgspec.UNSET if self.receipt is None else self.receipt,
            published=msgspec.UNSET if self.published is None else self.published,
        )


def read(headers: list[str]) -> Preferences:
    """Return what `Prefer` headers ask for; preferences nobody knows are not looked at."""
    named = {
        one.partition(";")[0].replace(" ", "").replace('"', "").lower()
        for header in headers
        for one in header.split(",")
    }
    return Preferences("receipt" in named, "wait=published" in named)


async def honour(
    services: Services, wanted: Preferences, command: Command, outcome: Outcome
) -> Honoured | None:
    """Return the receipt and whether the outcome is published, as far as asked for."""
    receipt = wanted.receipt or isinstance(command, _ALWAYS)
    if not receipt and not wanted.published:
        return None
    return Honoured(
        await services.run(_receipt, services, outcome) if receipt else None,
        await _is_published(services, outcome.position) if wanted.published else None,
    )


def _receipt(services: Services, outcome: Outcome) -> str | None:
    """Return the receipt of an outcome's last event on its main stream; None when keys forbid it.

    What is signed is read from the record, so a receipt is never given for what is not there.
    """
    ledger = services.ledger
    try:
        (record,) = ledger.stream(outcome.stream, outcome.version - 1, 1)
        keys = introduce(ledger, services.key_store, KeyPurpose.RECEIPT)
        signers = signers_in_use(KeyPurpose.RECEIPT, keys, services.key_store, services.now())
    except _NO_RECEIPT as error:
        log.error("a receipt could not be given: %s", error)  # noqa: TRY400 - the reason says it
        return None
    said = Receipt(record.stream, record.version, bytes.fromhex(record.leaf_hash), record.at)
    name = key_name(ledger.origins[record.lane], KeyPurpose.RECEIPT)
    return str(sign_text(said.body, name, signers))


async def _is_published(services: Services, position: str) -> bool:
    """Return whether a checkpoint covers a position, after waiting a little for one."""
    ((lane, number),) = parse_moment(position).items()
    loop = asyncio.get_running_loop()
    until = loop.time() + WAIT_SECONDS_MAX
    while True:
        try:
            if await services.run(services.ledger.merkle_log.covering, lane, number) is not None:
                return True
        except DatabaseUnavailable as error:
            log.warning("whether %s is published is not known: %s", position, error)
            return False
        if loop.time() >= until:
            return False
        await asyncio.sleep(_PAUSE_SECONDS)
