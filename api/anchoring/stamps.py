"""The client of an RFC 3161 authority: one stamp on one checkpoint, verified before it is kept."""

from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from api.anchoring.posting import OutsiderUnavailable, post
from domain.proof.stamp import (
    STAMP_SIZE_MAX,
    read_roots,
    read_stamp,
    stamp_request,
    verify_stamp,
)
from domain.values import Instant, instant

TIMEOUT_S: Final = 10.0
_REQUEST: Final = "application/timestamp-query"
_ANSWER: Final = "application/timestamp-reply"


class Taken(NamedTuple):
    """A stamp as it came, and when the authority says it was made."""

    answer: bytes
    at: Instant


class Authority:
    """A stamping authority, trusted by its certificates."""

    def __init__(self, url: str, roots: Path) -> None:
        """Ask the authority at an address; raise OSError or MalformedKey for unreadable roots."""
        self.name = urlsplit(url).hostname or url
        self._url = url
        self._roots = read_roots(roots.read_bytes())

    def stamp(self, body: str) -> Taken:
        """Return a stamp on a checkpoint's body; raise OutsiderUnavailable or ProofError."""
        request = stamp_request(body)
        reply = post(
            self._url,
            request.content,
            media_type=_REQUEST,
            timeout_s=TIMEOUT_S,
            limit=STAMP_SIZE_MAX,
        )
        if reply.status != 200 or reply.media_type != _ANSWER:
            raise OutsiderUnavailable(f"the authority {self.name} answered {reply.status}")
        at = verify_stamp(reply.content, body, self._roots, nonce=request.nonce)
        return Taken(reply.content, instant(at))


def stamped_at(answer: bytes) -> Instant:
    """Return when a stamp that was verified says it was made."""
    return instant(read_stamp(answer).at)
