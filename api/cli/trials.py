"""What commands that live history again share: the book they try, the matters, and their end."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer

from api.cli.replaying import require_level
from api.cli.terminal import CommandError, Exit, say

if TYPE_CHECKING:
    from api.wiring import Services
    from projections.queue import Filters, Key, QueueList
    from replay.what_if import History
    from replay.what_if.reading import Surveyed

PAGE: Final = 200
"""So many tickets of an order are looked up at once."""


@contextmanager
def in_order() -> Iterator[None]:
    """End in words: after Ctrl-C nothing is lost, and a book that is missing is named."""
    try:
        yield
    except KeyboardInterrupt:
        say("Interrupted. Nothing was written; the same command begins anew.")
        raise typer.Exit(Exit.INTERRUPTED) from None
    except Exception as error:
        from replay.what_if.lives import UnknownBook  # noqa: PLC0415 - heavy

        if not isinstance(error, UnknownBook):
            raise
        raise CommandError(
            "A book of this history is missing.",
            why=str(error),
            remedy="ask the ledger, or an archive all of whose lanes end after its adoption",
            code=Exit.INVALID,
        ) from error


def surveyed(parts: "Services", history: "History", tickets: frozenset[str]) -> "Surveyed":
    """Return the matters to go through: those of the named tickets, or all."""
    from projections import queue  # noqa: PLC0415 - heavy

    def of_order(order: str) -> list[str]:
        """Return the tickets of an order, the closed ones too, as far as the queue knows them."""
        asked = queue.Filters(open=None, order=order)
        found: list[str] = []
        after: Key | None = None
        while True:
            page = parts.read_now(partial(_page, asked=asked, after=after))
            found += [json.loads(one)["ticket"] for one in page.items]
            after = page.next
            if after is None:
                return found

    if not tickets:
        return history.survey()
    require_level(parts)
    matters = dict.fromkeys(history.matter_of(one, of_order) for one in sorted(tickets))
    return history.survey_of(list(matters))


def book_named(adopted: Mapping[str, bytes], name: str) -> bytes:
    """Return the bytes of the book to try: an adopted one's, or a file's or folder's proved whole.

    `adopted` are by version. The very bytes of one are tried as they are: it was adopted.
    """
    from domain.policies.book import parse, require_adoptable  # noqa: PLC0415 - heavy

    by_digest = {sha256(content).hexdigest(): content for content in adopted.values()}
    known = adopted.get(name) or by_digest.get(name)
    if known is not None:
        return known
    content = written_book(name)
    if sha256(content).hexdigest() not in by_digest:
        with in_book_words():
            require_adoptable(parse(content))
    return content


@contextmanager
def in_book_words() -> Iterator[None]:
    """Tell every place at which a book is wrong, and what to do."""
    from domain.policies.book import BookError  # noqa: PLC0415 - heavy

    try:
        yield
    except BookError as error:
        raise CommandError(
            "The book is refused.",
            why="; ".join(error.problems),
            remedy="correct it; `ticketledger books check` proves it whole",
            code=Exit.INVALID,
        ) from error


def written_book(name: str) -> bytes:
    """Return the bytes of a book that lies in a file or a folder, and can be read as one."""
    from api.wiring import book_bytes  # noqa: PLC0415 - heavy
    from domain.policies.book import parse  # noqa: PLC0415 - heavy

    path = Path(name)
    try:
        with in_book_words():
            content = book_bytes(path)
            parse(content)
    except OSError as error:
        raise CommandError(
            "There is no such book.",
            why="neither a file nor an adopted version or digest is called so",
            remedy="`ticketledger books list` tells which are adopted",
            code=Exit.INVALID if path.exists() else Exit.NOT_FOUND,
        ) from error
    return content


def _page(connection: Any, *, asked: "Filters", after: "Key | None") -> "QueueList":
    from projections import queue  # noqa: PLC0415 - heavy

    with connection.cursor() as db:
        return queue.page(db, asked, after, PAGE)
