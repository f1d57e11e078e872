"""When a lane is anchored, what is kept of it, and what of that is told on record.

Whatever is obtained is kept before it is told on record, under a key made of lane and size (and
witness); so a crash between two steps loses nothing and tells nothing twice.

The rule by which a ledger comes to rest: an anchoring is due only when something else was recorded
than what the anchoring records itself, and each anchoring has every witness told once, by its
first cosignature on a checkpoint at least that large, however late it comes. So what is told calls
for no anchoring, and without a new anchoring nothing more is told.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final, NamedTuple, Protocol

from api.anchoring.copies import Differs, WriteOnce
from api.anchoring.posting import OutsiderUnavailable
from api.anchoring.stamps import Taken, stamped_at
from domain import errors
from domain.commands import AnchorCheckpoint
from domain.commands.anchors import StampTaken
from domain.events import (
    KeyIntroduced,
    KeyRotated,
    KeysFrozen,
    RulingIssued,
    RulingOverturned,
    RulingUpheld,
    RulingVaried,
)
from domain.ledger.anchors import AnchorKind, Anchors, anchors_reference, cosigned
from domain.ledger.application import TicketLedger
from domain.ledger.log import Anchor, Log, Signed
from domain.ledger.requests import Request
from domain.proof import base64text
from domain.proof.errors import ProofError
from domain.values import SYSTEM, Instant, instant, later, moment_of

WEIGHTY: Final = (
    RulingIssued.TOPIC,
    RulingUpheld.TOPIC,
    RulingVaried.TOPIC,
    RulingOverturned.TOPIC,
    KeyIntroduced.TOPIC,
    KeyRotated.TOPIC,
    KeysFrozen.TOPIC,
    "evidence.exported.v1",
)
"""What is anchored at once and not by the clock."""
WEIGHTY_PAUSE: Final = timedelta(seconds=10)
"""Between two stamps of a lane, however much of weight happens in it."""
RETRY: Final = timedelta(seconds=30)
"""After an outsider has not answered."""
log = logging.getLogger(__name__)


class Stamping(Protocol):
    """A stamping authority, as a round needs it."""

    name: str

    def stamp(self, body: str) -> Taken:
        """Return a stamp that was verified; raise OutsiderUnavailable or ProofError."""
        ...


class Plan(NamedTuple):
    """Who vouches, and how often they are asked."""

    authority: Stamping | None
    copies: WriteOnce | None
    witnesses: Sequence[str]
    quorum: int
    every: timedelta


class _Last(NamedTuple):
    """What was anchored last of a lane."""

    size: int = 0
    at: Instant | None = None


class Anchoring:
    """Anchors the lanes of one ledger; two of them at once do the same twice, harmlessly."""

    def __init__(
        self,
        plan: Plan,
        *,
        ledger: TicketLedger,
        source: Log,
        anchors: Anchors,
        now: Callable[[], Instant],
    ) -> None:
        """Anchor by a plan; `anchors` writes in the notary's role."""
        self._plan = plan
        self._ledger = ledger
        self._log = source
        self._anchors = anchors
        self._now = now
        self._lasts: dict[int, _Last] = {}
        self._untold: dict[int, int] = {}
        """Sizes whose stamps are kept and perhaps not on record, by lane."""
        self._owed: dict[int, set[str]] = {}
        """Witnesses of whom nothing is on record since the last anchoring, by lane."""
        self._weighty: dict[int, int] = {}
        self._looked_to: dict[int, int] = {}
        self._not_before: dict[int, Instant] = {}

    def step(self, lane: int) -> int | None:
        """Anchor a lane if that is due, and tell what is known by now; return the size that was."""
        last = self._last(lane)
        self._tell(lane)
        due = self._due(lane, last)
        if due is None:
            return None
        try:
            self._stamp(due)
        except (OutsiderUnavailable, ProofError) as error:
            log.warning("lane %d is not stamped: %s", lane, error)
            self._not_before[lane] = later(self._now(), RETRY)
            return None
        self._copy(due)
        self._begin(lane, _Last(due.size, self._now()))
        self._tell(lane)
        return due.size

    # --- what is due --------------------------------------------------------------------------

    def _last(self, lane: int) -> _Last:
        """Return what was anchored last, by whichever process."""
        if lane not in self._lasts:
            self._begin(lane, self._found(lane))
        return self._lasts[lane]

    def _begin(self, lane: int, last: _Last) -> None:
        """Take this for what was anchored last; what was told of it is told again in vain."""
        self._lasts[lane] = last
        if last.size:
            self._untold[lane] = last.size
            self._owed[lane] = set(self._plan.witnesses)

    def _found(self, lane: int) -> _Last:
        """Return what is kept of the last anchoring; with witnesses alone, what is on record."""
        plan = self._plan
        if plan.authority is None and plan.copies is None:
            told = self._anchors.last_told(lane)
            return _Last() if told is None else _Last(*told)
        kind, name = (
            (AnchorKind.STAMP, plan.authority.name)
            if plan.authority
            else (AnchorKind.COPY, plan.copies.name if plan.copies else "")
        )
        found = self._anchors.newest(lane, kind, name)
        return _Last() if found is None else _Last(found.size, instant(found.obtained_at))

    def _due(self, lane: int, last: _Last) -> Signed | None:
        """Return the checkpoint to anchor now, if any."""
        now = self._now()
        newest = self._log.checkpoint(lane)
        if newest is None or newest.size <= last.size or now < self._not_before.get(lane, now):
            return None
        weighty = self._last_weighty(lane, last.size, newest.size)
        pause = WEIGHTY_PAUSE if weighty > last.size else self._plan.every
        if last.at is not None and now < later(last.at, pause):
            return None
        if not self._anchors.has_grown(lane, after=last.size, upto=newest.size):
            return None
        return self._witnessed(newest, max(last.size + 1, weighty)) or newest

    def _last_weighty(self, lane: int, after: int, upto: int) -> int:
        """Return the last position of weight; what was looked through is not read again."""
        looked_to = max(after, self._looked_to.get(lane, 0))
        if upto > looked_to:
            found = self._anchors.last_of(lane, WEIGHTY, after=looked_to, upto=upto)
            self._weighty[lane] = found or self._weighty.get(lane, 0)
            self._looked_to[lane] = upto
        return self._weighty.get(lane, 0)

    def _witnessed(self, newest: Signed, from_size: int) -> Signed | None:
        """Return the newest checkpoint from a size on that has its quorum, if there is one."""
        plan = self._plan
        if not plan.quorum:
            return None
        size = self._anchors.witnessed(
            newest.lane, plan.witnesses, plan.quorum, from_size=from_size
        )
        return None if size is None else self._log.checkpoint_at(newest.lane, size)

    # --- anchoring ----------------------------------------------------------------------------

    def _stamp(self, due: Signed) -> None:
        """Have a checkpoint stamped, and keep the answer."""
        authority = self._plan.authority
        if authority is None:
            return
        taken = authority.stamp(_body(due))
        self._keep(due, AnchorKind.STAMP, authority.name, taken.answer)

    def _copy(self, due: Signed) -> None:
        """Put a copy of a checkpoint, with all that is said of it, where it can not be changed."""
        copies = self._plan.copies
        if copies is None:
            return
        said = self._log.anchors(due.lane, due.size)
        stamps = [one.content for one in said if one.kind == AnchorKind.STAMP]
        place = f"lane-{due.lane}/{due.size:012}"
        try:
            copies.keep(f"{place}.checkpoint", str(cosigned(due, said)).encode())
            for number, stamp in enumerate(stamps, 1):
                copies.keep(f"{place}-{number}.tsr", stamp)
        except (Differs, OSError) as error:
            log.critical("ALARM: there is no copy of size %d: %s", due.size, error)
            return
        self._keep(due, AnchorKind.COPY, copies.name, f"{place}.checkpoint".encode())

    def _keep(self, due: Signed, kind: AnchorKind, name: str, content: bytes) -> None:
        at = moment_of(self._now())
        self._anchors.add(Anchor(due.lane, due.size, kind.value, name, content, at))

    # --- telling ------------------------------------------------------------------------------

    def _tell(self, lane: int) -> None:
        """Put on record what is kept of the last anchoring, and what witnesses said since."""
        if lane in self._untold:
            self._tell_stamps(lane, self._untold[lane])
            del self._untold[lane]
        owed = self._owed.get(lane)
        if not owed:
            return
        size = self._lasts[lane].size
        for said in self._anchors.first_cosigned(lane, sorted(owed), from_size=size):
            self._tell_cosignature(said)
            owed.discard(said.name)

    def _tell_stamps(self, lane: int, size: int) -> None:
        stamps = tuple(
            StampTaken(one.name, stamped_at(one.content), base64text.encode(one.content))
            for one in self._log.anchors(lane, size)
            if one.kind == AnchorKind.STAMP
        )
        if stamps:
            self._record(lane, size, f"anchor:{lane}:{size}", stamps=stamps)

    def _tell_cosignature(self, said: Anchor) -> None:
        key = f"cosigned:{said.lane}:{said.size}:{said.name}"
        line = said.content.decode().strip()
        self._record(said.lane, said.size, key, cosignatures=(line,))

    def _record(
        self,
        lane: int,
        size: int,
        key: str,
        *,
        stamps: tuple[StampTaken, ...] = (),
        cosignatures: tuple[str, ...] = (),
    ) -> None:
        """Put on record who vouches for a checkpoint; once, whoever tells it first."""
        signed = self._log.checkpoint_at(lane, size)
        if signed is None:
            raise LookupError(f"the checkpoint of size {size} is not there any more")
        command = AnchorCheckpoint(
            stream=anchors_reference(lane, self._ledger.lanes),
            lane=lane,
            size=size,
            root=base64text.encode(signed.root),
            stamps=stamps,
            cosignatures=cosignatures,
        )
        try:
            self._ledger.handle(Request(command=command, actor=SYSTEM, key=key))
        except errors.KeyReused:
            log.debug("size %d of lane %d was told already, by fewer", size, lane)


def _body(signed: Signed) -> str:
    """Return the three lines of a checkpoint, from the note that was signed."""
    return signed.note.decode().partition("\n\n")[0] + "\n"
