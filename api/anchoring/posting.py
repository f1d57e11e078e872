"""One HTTP request to an outsider, bounded in time and size; it follows nobody elsewhere."""

import time
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Final, NamedTuple
from urllib.parse import urlsplit

_CHUNK: Final = 16_384


class OutsiderUnavailable(Exception):  # noqa: N818 - a state of the world, named as one
    """Somebody outside did not answer, or not in time, or too much."""


class Reply(NamedTuple):
    """What somebody outside answered."""

    status: int
    media_type: str
    content: bytes


def post(url: str, content: bytes, *, media_type: str, timeout_s: float, limit: int) -> Reply:
    """Return the answer to a POST; raise OutsiderUnavailable."""
    parts = urlsplit(url)
    until = time.monotonic() + timeout_s
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection: HTTPConnection | None = None
    try:
        connection = kind(parts.hostname or "", parts.port, timeout=timeout_s)
        target = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        connection.request("POST", target, body=content, headers={"Content-Type": media_type})
        answer = connection.getresponse()
        received = _bounded(connection, answer, until=until, limit=limit)
        return Reply(answer.status, answer.headers.get_content_type(), received)
    except (OSError, HTTPException, ValueError) as error:
        raise OutsiderUnavailable(f"{parts.hostname} did not answer: {error}") from error
    finally:
        if connection is not None:
            connection.close()


def _bounded(
    connection: HTTPConnection, answer: HTTPResponse, *, until: float, limit: int
) -> bytes:
    """Return a body that is not longer than the limit and was there in time."""
    chunks: list[bytes] = []
    size = 0
    while chunk := answer.read1(_CHUNK):
        chunks.append(chunk)
        size += len(chunk)
        if size > limit:
            raise HTTPException(f"more than {limit} bytes")
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer took too long")
        if connection.sock is not None:
            connection.sock.settimeout(left)
    return b"".join(chunks)
