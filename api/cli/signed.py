"""The ledger a command reads, with where its lanes end: on record, or as far as they are signed."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from api.settings import Settings
    from api.wiring import Services
    from domain.ledger.application import TicketLedger

SIGN_S: Final = 10.0
"""So long a notary of this process may take to sign for what is new."""


@contextmanager
def ledger_of(
    settings: "Settings", *, signed: bool = False
) -> Iterator[tuple["TicketLedger", Mapping[int, int]]]:
    """Give the ledger and where each of its lanes ends: on record, or as far as it is signed."""
    from api.wiring import services  # noqa: PLC0415 - heavy

    with services(settings) as parts:
        ledger = parts.ledger
        ends = {lane: ledger.position(lane) for lane in range(ledger.lanes)}
        if signed:
            _sign(parts, ends)
            newest = {lane: ledger.merkle_log.checkpoint(lane) for lane in ends}
            ends = {lane: one.size if one is not None else 0 for lane, one in newest.items()}
        yield ledger, ends


def _sign(parts: "Services", ends: Mapping[int, int]) -> None:
    """Have what is on record signed for, where this process may."""
    if parts.dsns.notary is None:
        return
    from api.worker import notary_of  # noqa: PLC0415 - heavy

    log, until, pause = parts.ledger.merkle_log, monotonic() + SIGN_S, Event()
    with notary_of(parts, parts.dsns.notary) as notary:
        for lane, position in ends.items():
            while position and log.covering(lane, position) is None and monotonic() < until:
                notary.step(lane)
                pause.wait(0.02)
