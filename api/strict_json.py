"""Request bodies read strictly: bounded while they stream in, JSON of one meaning only."""

import json
from typing import Any, Final, NoReturn

from starlette.requests import ClientDisconnect, Request

from api.problems import Problem, malformed

BODY_BYTES_MAX: Final = 256 * 1024
"""The largest body of a command; contents have a limit of their own."""
DEPTH_MAX: Final = 32
"""How deep a body may be nested; none of ours needs more than five."""
_SURROGATE: Final = ("\\ud", "\\uD")


async def bounded_body(request: Request, limit: int) -> bytes:
    """Return a request's body; raise the 413 problem as soon as it is longer than the limit."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and (len(declared) > 12 or int(declared) > limit):
        raise Problem("too_large", limit_bytes=limit)
    chunks: list[bytes] = []
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit:
                raise Problem("too_large", limit_bytes=limit)
            chunks.append(chunk)
    except ClientDisconnect:
        raise Problem("bad_request") from None
    return b"".join(chunks)


def parse(content: bytes) -> Any:
    """Return what JSON text means; raise the problem of text that has not exactly one meaning.

    Duplicate keys, NaN, Infinity, lone surrogates, a byte order mark and depth beyond any body of
    ours are refused here; what the values must be is the models' to say.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise malformed("/body", "json_encoding", "The body is not UTF-8.") from None
    try:
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        # The parser's words repeat the text; and a whole number of 5,000 digits is a ValueError.
        raise malformed("/body", "json_invalid", "The body is not JSON.") from None
    if _depth(value) > DEPTH_MAX:
        raise malformed("/body", "json_depth", "The body is nested too deep.")
    if any(mark in text for mark in _SURROGATE) and not _is_unicode(value):
        raise malformed("/body", "json_surrogate", "A text holds half a character.")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise malformed("/body", "json_duplicate_key", "A key stands twice in one object.")
    return found


def _no_constant(_text: str) -> NoReturn:
    raise malformed("/body", "json_not_a_number", "NaN and Infinity are not JSON.")


def _depth(value: Any) -> int:
    """Return how deep a parsed value is nested, without recursion."""
    deepest, level = 0, [value]
    while level and deepest <= DEPTH_MAX:
        inner: list[Any] = []
        for one in level:
            if isinstance(one, dict):
                inner.extend(one.values())
            elif isinstance(one, list):
                inner.extend(one)
        level = inner
        deepest += 1
    return deepest


def _is_unicode(value: Any) -> bool:
    """Return whether every text of a parsed value can be written as UTF-8."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True
