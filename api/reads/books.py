"""The adopted books as they are shown: which there are, their bytes, a subject's tables."""

import tomllib
from datetime import date, datetime, time
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from api.models.outcomes import Digest
from api.problems import Problem
from api.wiring import Services
from domain.policies.subjects import SUBJECTS, of_subject
from domain.ticket.adoption import Adopted
from domain.values import Instant


class AdoptedBook(msgspec.Struct, frozen=True):
    """A book that was adopted."""

    version: str
    digest: Digest
    """The SHA-256 of its bytes, which stands in its adoption too."""
    in_force_from: Instant
    in_force: bool
    """Whether what is opened now is promised by it."""


class Books(msgspec.Struct, frozen=True):
    """Every adopted book, in the order in which they begin to be in force."""

    items: tuple[AdoptedBook, ...]


class BookSubject(msgspec.Struct, frozen=True):
    """The tables of one subject of a book, as they were written."""

    version: str
    digest: Digest
    subject: Annotated[str, Meta(examples=["clocks"])]
    tables: dict[str, Any]


def adopted_books(services: Services) -> Books:
    """Return the adopted books."""
    ledger = services.ledger
    current = ledger.book.version
    found = sorted(ledger.adoptions(), key=lambda one: (one.in_force_from, one.version))
    return Books(
        tuple(
            AdoptedBook(one.version, one.digest, one.in_force_from, in_force=one.version == current)
            for one in found
        )
    )


def adopted_book(services: Services, book: str) -> tuple[Adopted, bytes]:
    """Return an adopted book, by its version or its digest, with its bytes."""
    for one in services.ledger.adoptions():
        if book in {one.version, one.digest}:
            content = services.ledger.book_content(one.digest)
            assert content is not None, "an adopted book's bytes are kept before its adoption"
            return one, content
    raise Problem("no_such_book")


def book_subject(services: Services, book: str, subject: str) -> BookSubject:
    """Return the tables of a subject of an adopted book."""
    adopted, content = adopted_book(services, book)
    if subject not in SUBJECTS:
        raise Problem("no_such_book")
    tables = plain(of_subject(tomllib.loads(content.decode()), subject))
    return BookSubject(adopted.version, adopted.digest, subject, tables)


def plain(value: Any) -> Any:
    """Return a value of a table as JSON can hold it: days and times as they are written."""
    match value:
        case dict():
            return {name: plain(one) for name, one in value.items()}
        case list():
            return [plain(one) for one in value]
        case datetime() | date() | time():
            return value.isoformat()
        case _:
            return value
