"""How a witness judges a checkpoint: it must extend what was cosigned before, or it is refused."""

import logging
from collections.abc import Callable, Iterable
from threading import Lock
from typing import NamedTuple

from api.witness.exchange import SIZE_MEDIA_TYPE, AddCheckpoint, parse_add_checkpoint
from api.witness.state import Memory
from domain.proof.checkpoint import Checkpoint, cosign, open_checkpoint, parse_checkpoint
from domain.proof.errors import MalformedKey, ProofError, Untrusted
from domain.proof.keys import KeyType, SigningKey, VerifierKey
from domain.proof.merkle import verify_consistency

_TEXT = "text/plain; charset=utf-8"
log = logging.getLogger(__name__)


class Answer(NamedTuple):
    """What is answered over HTTP."""

    status: int
    content: str
    media_type: str = _TEXT


class Witness:
    """Cosigns the checkpoints of known logs, each log in one line of growth."""

    def __init__(
        self,
        key: SigningKey,
        logs: Iterable[VerifierKey],
        memory: Memory,
        *,
        now: Callable[[], int],
    ) -> None:
        """Cosign for these logs; raise MalformedKey for a key that is no log's."""
        self.key = key
        self._logs: tuple[VerifierKey, ...] = ()
        self.know(logs)
        self._memory = memory
        self._now = now
        # One judgement at a time: what is compared is what is then replaced.
        self._lock = Lock()

    def know(self, logs: Iterable[VerifierKey]) -> None:
        """Cosign for these logs from now on; raise MalformedKey, and change nothing, for no log's.

        A log whose key was rotated has two lines here, as long as it signs with both.
        """
        known = tuple(dict.fromkeys(logs))
        if any(one.type is not KeyType.NOTE for one in known):
            raise MalformedKey("a log is known by a note key")
        self._logs = known

    def add_checkpoint(self, content: bytes) -> Answer:
        """Return the answer to a request (C2SP tlog-witness, add-checkpoint)."""
        try:
            asked = parse_add_checkpoint(content)
            checkpoint = parse_checkpoint(asked.note.text)
        except ProofError as error:
            return Answer(400, f"{error}\n")
        keys = [key for key in self._logs if key.name == checkpoint.origin]
        if not keys:
            return Answer(404, "this log is not known here\n")
        try:
            open_checkpoint(asked.note, keys)
        except Untrusted as error:
            return Answer(403, f"{error}\n")
        if asked.old > checkpoint.size:
            return Answer(400, "the old size is larger than the checkpoint's\n")
        with self._lock:
            return self._judge(asked, checkpoint)

    def _judge(self, asked: AddCheckpoint, checkpoint: Checkpoint) -> Answer:
        """Compare a checkpoint with the last one; remember it, then cosign it, or refuse."""
        last = self._memory.last(checkpoint.origin)
        size = last.size if last else 0
        if asked.old != size:
            return Answer(409, f"{size}\n", SIZE_MEDIA_TYPE)
        if last is not None and checkpoint.size == size and checkpoint.root != last.root:
            self._refuse(asked, checkpoint)
            return Answer(409, f"{size}\n", SIZE_MEDIA_TYPE)
        try:
            _check_growth(last, asked, checkpoint)
        except ProofError as error:
            self._refuse(asked, checkpoint)
            return Answer(422, f"{error}\n")
        if last is None or checkpoint.size > size:
            self._memory.keep(checkpoint.origin, asked.note)
        return Answer(200, cosign(checkpoint, self.key, at=self._now()).line)

    def _refuse(self, asked: AddCheckpoint, checkpoint: Checkpoint) -> None:
        """Keep what the log has signed and can not have meant."""
        log.critical("%s shows another history at size %d", checkpoint.origin, checkpoint.size)
        self._memory.keep_refused(checkpoint, asked.note)


def _check_growth(last: Checkpoint | None, asked: AddCheckpoint, now: Checkpoint) -> None:
    """Refuse a checkpoint that is not shown to begin with the last one."""
    if last is None or last.size == 0:
        if asked.proof:
            raise ProofError("from size 0 there is nothing to prove")
        return
    verify_consistency(
        old=last.size,
        new=now.size,
        old_root=last.root,
        new_root=now.root,
        proof=asked.proof,
    )
