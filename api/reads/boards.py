"""The progress board of one ticket, for the audience its reader belongs to."""

from collections.abc import Callable
from typing import Final

from psycopg2.extensions import connection as Connection  # noqa: N812 - the class, by its name

from api import moments
from api.models.moments import AsOf
from api.models.moments import as_of as told_as_of
from api.reads.past import seen_past
from api.reads.promises import is_public
from api.wiring import Services
from domain import errors
from domain.policies.book import Book
from domain.values import Actor, ActorKind
from projections import progress_board
from projections.progress_board import Audience, Board
from replay import as_of
from replay.as_of import At

_AUDIENCES: Final = {ActorKind.BUYER: Audience.BUYER, ActorKind.MERCHANT: Audience.MERCHANT}


class BoardAnswer(Board, frozen=True, omit_defaults=True):
    """The progress board of a ticket, now or as it was."""

    as_of: AsOf | None = None
    """The moment of the past that was asked for."""


def board(
    connection: Connection, actor: Actor, ticket: str, book_named: Callable[[str], Book | None]
) -> Board:
    """Return a ticket's board as an actor may see it; to strangers it is unknown. Blocks."""
    audience = _AUDIENCES.get(actor.kind, Audience.STAFF)
    with connection.cursor() as db:
        found = progress_board.board(
            db,
            ticket,
            audience,
            is_shown=lambda policy, clock: is_public(clock, book_named(policy)),
        )
    if found is None:
        raise errors.UnknownTicket
    own = {Audience.BUYER: found.buyer, Audience.MERCHANT: found.merchant}
    if own.get(audience, actor.ref) != actor.ref:
        raise errors.UnknownTicket
    return found


def board_at(services: Services, actor: Actor, ticket: str, at: At) -> BoardAnswer:
    """Return a ticket's board at a moment, of what an actor may see of it now. Blocks."""
    book_named = services.ledger.book_named
    with moments.told():
        found = seen_past(services, actor, ticket, at)
        then = as_of.board(
            found.past.records,
            found.past.moment,
            _AUDIENCES.get(actor.kind, Audience.STAFF),
            lambda policy, clock: is_public(clock, book_named(policy)),
        )
    told = {name: getattr(then, name) for name in Board.__struct_fields__}
    told["evidence"] = tuple(one for one in then.evidence if found.shows(one.item))
    if found.past.versions:
        told["version"] = max(found.past.versions.values())
    return BoardAnswer(**told, as_of=told_as_of(at, found.past.verified))
