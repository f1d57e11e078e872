"""The progress board of one ticket, for the audience its reader belongs to."""

from collections.abc import Sequence
from typing import Final

from psycopg2.extensions import connection as Connection  # noqa: N812 - the class, by its name

from api.reads.promises import is_public
from domain import errors
from domain.policies.book import Book
from domain.values import Actor, ActorKind
from projections import progress_board
from projections.progress_board import Audience, Board

_AUDIENCES: Final = {ActorKind.BUYER: Audience.BUYER, ActorKind.MERCHANT: Audience.MERCHANT}


def board(connection: Connection, actor: Actor, ticket: str, books: Sequence[Book] = ()) -> Board:
    """Return a ticket's board as an actor may see it; to strangers it is unknown. Blocks."""
    audience = _AUDIENCES.get(actor.kind, Audience.STAFF)
    with connection.cursor() as db:
        found = progress_board.board(
            db, ticket, audience, is_shown=lambda clock: is_public(clock, books)
        )
    if found is None:
        raise errors.UnknownTicket
    own = {Audience.BUYER: found.buyer, Audience.MERCHANT: found.merchant}
    if own.get(audience, actor.ref) != actor.ref:
        raise errors.UnknownTicket
    return found
