"""Moving open tickets to another book, batch by batch: what would change is told, and then done.

What a move changes is the judgement's to say (`replay.what_changes`); here tickets are found and
commands are sent. Done again after a crash, it goes on with those that are not moved yet.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Final, NamedTuple

from msgspec.structs import replace
from psycopg2.extensions import connection as Connection  # noqa: N812 - the class, by its name

from api.wiring import Services
from domain import errors
from domain.commands import MoveToBook
from domain.ledger.requests import Case, Request
from domain.policies.book import Book
from domain.ticket.context import Context
from domain.values import Actor, Attachment, Instant, instant, moment_of
from projections import queue
from replay.what_changes import Changes, what_changes

BATCH: Final = 100
TRIES: Final = 5
"""How often a ticket on which something else happens meanwhile is looked at again."""


class Move(NamedTuple):
    """Where tickets are to be moved, why, and who says so."""

    to: str
    why: str
    actor: Actor
    tried: Book | None = None
    """The book itself, where a dry run tells of it as if it were in force already."""
    begins: Instant | None = None
    """When that book begins, where this lies ahead."""


def require_in_force(parts: Services, to: str) -> None:
    """Raise UnknownBook or BookNotInForce for what no ticket can be moved to now."""
    book = parts.ledger.book_named(to)
    if book is None:
        raise errors.UnknownBook
    if instant(book.in_force_from) > parts.now():
        raise errors.BookNotInForce(in_force_from=instant(book.in_force_from))


def open_tickets(parts: Services) -> Iterator[list[str]]:
    """Give all tickets that are neither resolved nor closed, a batch at a time.

    By their ids: whatever moves meanwhile, none is given twice.
    """
    last = ""

    def following(db: Connection) -> list[str]:
        return queue.open_after(db.cursor(), last, BATCH)

    while batch := parts.read_now(following):
        yield batch
        last = batch[-1]


def batches(tickets: Sequence[str]) -> Iterator[list[str]]:
    """Give named tickets, a batch at a time."""
    for start in range(0, len(tickets), BATCH):
        yield list(tickets[start : start + BATCH])


def trial(parts: Services, book: Book, why: str, actor: Actor) -> Move:
    """Return a move to a book, adopted or not, that can be told and never made."""
    now, begins = parts.now(), instant(book.in_force_from)
    if begins <= now:
        return Move(book.version, why, actor, tried=book)
    begun = book.model_copy(update={"in_force_from": moment_of(now)})
    return Move(book.version, why, actor, tried=begun, begins=begins)


def surveyed(parts: Services, tickets: Iterable[str], move: Move) -> list[Changes]:
    """Return what a move would change on tickets; nothing is recorded."""
    return [_changes(parts, parts.ledger.case(ticket), move) for ticket in tickets]


def foreseen(parts: Services, actor: Actor, ticket: str, to: str) -> Changes:
    """Return what a move would change on a ticket once the book is in force; raise a refusal.

    Blocks.
    """
    book = parts.ledger.book_named(to)
    if book is None:
        raise errors.UnknownBook
    return _foreseen(parts, parts.ledger.case(ticket), trial(parts, book, "dry_run", actor))


def moved(parts: Services, tickets: Iterable[str], move: Move) -> list[Changes]:
    """Move tickets and return what that changed on each.

    A ticket is moved at the very version its changes were told of, so what is told is what is done.
    """
    assert move.tried is None, "a trial is told and never made"
    waiting, done = list(tickets), dict[str, Changes]()
    for _ in range(TRIES):
        sent = []
        for case in map(parts.ledger.case, waiting):
            found = done[case.ticket.ticket] = _changes(parts, case, move)
            if found.refused is None and found.before != found.after:
                sent.append((found, parts.ledger.submit(_request(case, move))))
        waiting = []
        for found, answer in sent:
            try:
                answer.result()
            except (errors.TicketChanged, errors.Contended, errors.Overloaded) as refusal:
                waiting.append(found.ticket)
                done[found.ticket] = replace(found, refused=refusal.code)
            except errors.Refusal as refusal:
                done[found.ticket] = replace(found, refused=refusal.code)
        if not waiting:
            break
    return list(done.values())


def _changes(parts: Services, case: Case, move: Move) -> Changes:
    try:
        return _foreseen(parts, case, move)
    except errors.Refusal as refusal:
        ticket = case.ticket
        return Changes(
            ticket=ticket.ticket,
            before=ticket.policy,
            after=move.to,
            refused=refusal.code,
            in_force_from=move.begins,
        )


def _foreseen(parts: Services, case: Case, move: Move) -> Changes:
    ledger, now = parts.ledger, parts.now()
    context = Context(
        now=now,
        actor=move.actor,
        book=ledger.book_for(now, None if case.ticket.imported else case.ticket.policy),
        ticket=case.ticket.ticket,
        keep=_keeps_nothing,
        order=case.order,
        books=partial(_book, parts, move),
    )
    found = what_changes(_command(case, move), case.ticket, context)
    return replace(found, in_force_from=move.begins)


def _book(parts: Services, move: Move, version: str) -> Book | None:
    """Return a book by its version; the one that is tried needs no adoption."""
    if move.tried is not None and version == move.tried.version:
        return move.tried
    return parts.ledger.book_named(version)


def _request(case: Case, move: Move) -> Request:
    version = case.ticket.version
    said = f"{move.to}\x1f{case.ticket.ticket}\x1f{version}\x1f{move.why}"
    return Request(
        command=_command(case, move),
        actor=move.actor,
        key=f"move-{hashlib.sha256(said.encode()).hexdigest()}",
        expected_version=version,
    )


def _command(case: Case, move: Move) -> MoveToBook:
    return MoveToBook(ticket=case.ticket.ticket, policy=move.to, why=move.why)


def _keeps_nothing(_content: bytes, _media_type: str) -> Attachment:
    raise AssertionError("a move brings no content")
