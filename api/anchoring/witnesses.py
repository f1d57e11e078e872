"""The client of a witness (C2SP tlog-witness): asks one to cosign each lane's newest checkpoint."""

import logging
from collections.abc import Callable
from typing import Final

from api.anchoring.posting import OutsiderUnavailable, Reply, post
from api.settings import WitnessPlace
from api.witness.exchange import SIZE_MEDIA_TYPE, AddCheckpoint, parse_size_answer
from domain.ledger.anchors import AnchorKind, Anchors
from domain.ledger.log import Anchor, Log, Signed
from domain.proof.errors import MalformedKey, ProofError, Untrusted
from domain.proof.keys import KeyType, parse_vkey
from domain.proof.note import Note, parse_note, parse_signatures, verify_note
from domain.values import Instant, moment_of

TIMEOUT_S: Final = 2.0
ANSWER_SIZE_MAX: Final = 65_536
log = logging.getLogger(__name__)


class Disowned(Exception):  # noqa: N818 - what a witness says of us
    """A witness holds another history of this log, or a longer one: somebody must look."""


class WitnessClient:
    """Carries checkpoints to one witness and its cosignatures home."""

    def __init__(
        self, place: WitnessPlace, source: Log, anchors: Anchors, *, now: Callable[[], Instant]
    ) -> None:
        """Ask the witness at a place; raise MalformedKey when its key is no cosigner's."""
        self.name = place.name
        self.alarms: dict[int, str] = {}
        """Lanes of which the witness holds another history, and what it said."""
        self.complaints: dict[int, str] = {}
        """Lanes that were not cosigned the last time, and why; each is told once."""
        self._url = f"{place.url.rstrip('/')}/add-checkpoint"
        self._key = parse_vkey(place.vkey)
        if self._key.type is not KeyType.COSIGNATURE:
            raise MalformedKey(f"the key of the witness {place.name} signs without a time")
        self._log = source
        self._anchors = anchors
        self._now = now
        self._sizes: dict[int, int] = {}

    def step(self, lane: int) -> bool:
        """Have a lane's newest checkpoint cosigned; return whether it was, and was not before.

        Raises OutsiderUnavailable, Disowned, or ProofError for an answer that is none.
        """
        newest = self._log.checkpoint(lane)
        if newest is None or newest.size == self._known(lane):
            return False
        line = self._ask(newest)
        self._sizes[lane] = newest.size
        at = moment_of(self._now())
        kept = Anchor(lane, newest.size, AnchorKind.WITNESS.value, self.name, line.encode(), at)
        return self._anchors.add(kept)

    def _known(self, lane: int) -> int:
        """Return the size that the witness cosigned last, as far as we know."""
        if lane not in self._sizes:
            last = self._anchors.newest(lane, AnchorKind.WITNESS, self.name)
            self._sizes[lane] = last.size if last else 0
        return self._sizes[lane]

    def _ask(self, newest: Signed) -> str:
        """Return the witness's line for a checkpoint; asked again when it says where it is."""
        note = parse_note(newest.note)
        reply = self._post(newest, note, old=min(self._known(newest.lane), newest.size))
        if reply.status == 409 and reply.media_type == SIZE_MEDIA_TYPE:
            size = parse_size_answer(reply.content)
            if size > newest.size:
                raise self._disowned(newest, f"has cosigned size {size}, and we are at less")
            reply = self._post(newest, note, old=size)
        if reply.status in {409, 422}:
            raise self._disowned(newest, "holds another history")
        if reply.status != 200:
            raise OutsiderUnavailable(f"the witness {self.name} answered {reply.status}")
        self.alarms.pop(newest.lane, None)
        return self._verified(note, reply.content)

    def _post(self, newest: Signed, note: Note, *, old: int) -> Reply:
        proof = self._log.consistency(newest.lane, old, newest.size) if old else ()
        body = str(AddCheckpoint(old, proof, note)).encode()
        return post(
            self._url,
            body,
            media_type="text/plain; charset=utf-8",
            timeout_s=TIMEOUT_S,
            limit=ANSWER_SIZE_MAX,
        )

    def _verified(self, note: Note, content: bytes) -> str:
        """Return the line of an answer that this witness's key has made; ProofError otherwise."""
        try:
            lines = parse_signatures(content.decode())
        except UnicodeDecodeError as error:
            raise Untrusted("the answer of the witness is not text") from error
        # Each is verified alone: a bad line of somebody else's spoils no good one.
        for line in lines:
            if (line.name, line.key_id) == (self._key.name, self._key.id):
                verify_note(Note(note.text, (line,)), [self._key])
                return line.line
        raise Untrusted(f"the witness {self.name} has not signed with its key")

    def _disowned(self, newest: Signed, what: str) -> Disowned:
        said = f"the witness {self.name} {what} (lane {newest.lane}, size {newest.size})"
        if newest.lane not in self.alarms:
            log.critical("ALARM: %s", said)
            at, kind = moment_of(self._now()), AnchorKind.REFUSED.value
            # Kept, so that every process can say that somebody must look.
            kept = Anchor(newest.lane, newest.size, kind, self.name, said.encode(), at)
            self._anchors.add(kept)
        self.alarms[newest.lane] = said
        return Disowned(said)


def step_all(client: WitnessClient, lanes: int) -> None:
    """Go through all lanes once; what goes wrong with one holds up no other."""
    for lane in range(lanes):
        try:
            client.step(lane)
        except Disowned:
            continue  # said once, aloud
        except (OutsiderUnavailable, ProofError, LookupError) as error:
            if client.complaints.get(lane) != str(error):
                client.complaints[lane] = str(error)
                log.warning("the witness %s cosigned nothing: %s", client.name, error)
        else:
            client.complaints.pop(lane, None)
