"""One range of bytes, as RFC 9110 writes it in a request; several are answered as the whole."""

import re
from typing import Annotated, Final

from fastapi import Depends, Header

from api.problems import Problem

_ONE: Final = re.compile(r"([0-9]{0,18})-([0-9]{0,18})")


async def _said(
    said: Annotated[
        str | None,
        Header(
            alias="Range",
            description="One range of bytes: `bytes=0-1023`, `bytes=1024-`, `bytes=-1024`.",
            examples=["bytes=0-1023"],
        ),
    ] = None,
    condition: Annotated[str | None, Header(alias="If-Range")] = None,
) -> tuple[str | None, str | None]:
    return said, condition


RangeDep = Annotated[tuple[str | None, str | None], Depends(_said)]
"""What a request says of the range it wants, and the tag under which it means it."""


def the_range(said: str | None, size: int) -> tuple[int, int] | None:
    """Return the first byte that is asked for and the one behind the last; None for the whole.

    Raises the 416 problem of a range that is broken or lies behind the end. Another unit than
    bytes, and several ranges at once, are not known here and mean the whole.
    """
    unit, equals, ranges = (said or "").partition("=")
    if said is None or "," in ranges or (equals and unit.strip().lower() != "bytes"):
        return None
    found = _ONE.fullmatch(ranges.strip())
    if found is None or found.group(0) == "-":
        raise _unsatisfiable(size)
    first, last = found.groups()
    if not first:
        start, stop = max(0, size - int(last)), size
    else:
        start = int(first)
        stop = min(size, int(last) + 1) if last else size
    if start >= stop:
        raise _unsatisfiable(size)
    return start, stop


def _unsatisfiable(size: int) -> Problem:
    return Problem("range_unsatisfiable", headers={"Content-Range": f"bytes */{size}"})
