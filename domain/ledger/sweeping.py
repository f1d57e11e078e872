"""The sweep: contents that were uploaded and that no event ever came to name leave the vault.

What is on record is never touched here: every digest that stands in any event of any stream keeps
its content, and what a person had erased is `domain.ledger.erasure`'s to destroy.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import msgspec

from domain.commands import SweepContents
from domain.ledger.application import TicketLedger
from domain.ledger.requests import Request
from domain.ledger.vault import Lying
from domain.values import SYSTEM, Instant, Sha256, later, moment_of

KEPT_FOR: Final = timedelta(days=30)
"""How long an uploaded content waits to be named. It may be named for a day (api.receipts), so no
append on its way can be about one that is so old: the judge refuses it, or it was handed over
again, which makes it young."""
SWEPT_MAX: Final = 1_000
"""How many contents one pass lets go of; the rest waits for the next."""
PAGE: Final = 5_000
_NAMED: Final = re.compile(rb'"([0-9a-f]{64})"')
"""Any digest an event spells, whatever the field is called: it errs on the side of keeping."""


class Swept(msgspec.Struct, frozen=True):
    """What a pass came to."""

    contents: int
    """How many left the vault, or would."""
    bytes: int
    uploaded_before: Instant
    """Only what was handed over before this is looked at."""


class Sweeper:
    """Sweeps the vault of one ledger; two at once are harmless."""

    def __init__(
        self,
        ledger: TicketLedger,
        now: Callable[[], Instant],
        *,
        kept_for: timedelta = KEPT_FOR,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        """Sweep what is older than `kept_for`, unless told to stop on the way."""
        if kept_for < KEPT_FOR:
            raise ValueError("an upload waits at least thirty days to be named")
        self._ledger = ledger
        self._now = now
        self._kept_for = kept_for
        self._stopped = stopped

    def find(self) -> tuple[list[Lying], Instant]:
        """Return what no event names, oldest first, and before when it was handed over.

        The vault is read first: what is named while the record is read is seen there.
        """
        before = later(self._now(), -self._kept_for)
        limit = moment_of(before)
        old = {one.sha256: one for one in self._ledger.vault.contents()
               if one.handed_over_at < limit}  # fmt: skip
        for lane in range(self._ledger.lanes):
            after = 0
            while old and (rows := self._ledger.record.read(lane, after, PAGE)):
                if self._stopped():
                    return [], before
                for row in rows:
                    for digest in _NAMED.findall(row.state):
                        old.pop(Sha256(digest.decode()), None)
                after = rows[-1].position
        found = sorted(old.values(), key=lambda one: (one.handed_over_at, one.sha256))
        return found[:SWEPT_MAX], before

    def sweep(self) -> Swept:
        """Let go of what no event names, after it is on record that it is let go of and why."""
        found, before = self.find()
        if not found:
            return Swept(0, 0, before)
        command = SweepContents(
            contents=len(found),
            bytes=sum(one.size for one in found),
            uploaded_before=before,
        )
        self._ledger.handle(Request(command=command, actor=SYSTEM))
        limit = moment_of(before)
        gone = [one for one in found if self._ledger.vault.let_go(one.sha256, before=limit)]
        return Swept(len(gone), sum(one.size for one in gone), before)
