"""One request on its way through a lane: which streams it needs, and what is judged on them."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast

from domain import errors
from domain.commands import (
    AdoptBook,
    AnchorCheckpoint,
    Command,
    FinishErasure,
    FreezeKeys,
    ImportRow,
    IntroduceKey,
    LedgerCommand,
    OpenTicket,
    OrderCommand,
    PartyCommand,
    RecordDamage,
    RecordExport,
    RecordLook,
    RequestErasure,
    RotateKey,
    TicketCommand,
)
from domain.events import Event, PolicyAdopted
from domain.ledger.anchors import decide_anchors
from domain.ledger.folding import Head
from domain.ledger.requests import Request
from domain.ledger.signing import decide_keys
from domain.policies.book import Book
from domain.streams import lane_of, order_stream, stream_lane, ticket_stream
from domain.ticket.access import record_access
from domain.ticket.decide import AnyTicketCommand, decide
from domain.ticket.order import AnyOrderCommand, decide_order
from domain.ticket.parties import AnyPartyCommand, decide_party, party_stream
from domain.ticket.privacy import decide_privacy
from domain.ticket.state import Context, Ticket
from domain.values import Attachment, Instant

Facts = list[tuple[str, Event]]
"""(stream, event) in the order they are recorded."""


class Bench(NamedTuple):
    """What every judgement of one ledger has at hand."""

    book: Callable[[Instant], Book]
    keep: Callable[[bytes, str], Attachment]


def lane_of_request(request: Request, lanes: int) -> int:
    """Return the lane a request belongs to; raise UnknownTicket for an id of no lane."""
    command = request.command
    if isinstance(command, OpenTicket):
        return lane_of(command.order or command.buyer or request.actor.ref, lanes)
    stream = main_stream(command, ticket="")
    try:
        lane = stream_lane(stream, lanes)
    except ValueError as error:
        raise errors.UnknownTicket from error
    if lane >= lanes:
        raise errors.UnknownTicket
    return lane


def main_stream(command: Command, *, ticket: str) -> str:  # noqa: PLR0911 - one a family
    """Return the stream a command is about; `ticket` is the id drawn for an opening."""
    match command:
        case OpenTicket():
            return ticket_stream(ticket)
        case TicketCommand() | ImportRow():
            return ticket_stream(command.ticket)
        case OrderCommand():
            return order_stream(command.order)
        case PartyCommand():
            return party_stream(cast("AnyPartyCommand", command))
        case RecordLook() | RecordDamage() | RecordExport():
            return f"access:{command.ticket}"
        case AdoptBook():
            return "policy:book"
        case AnchorCheckpoint():
            return f"ledger:{command.stream}"
        case LedgerCommand():
            return f"ledger:{command.STREAM}"
        case _:
            raise AssertionError(f"{type(command).__name__} has no stream")


def order_of(command: Command, main: Head) -> str | None:
    """Return the order whose stream a judgement needs beside the main one."""
    if isinstance(command, OpenTicket) and main.state is None:
        return command.order
    return main.state.order if isinstance(main.state, Ticket) else None


def judge(
    request: Request,
    main: Head,
    heads: Mapping[str, Head],
    bench: Bench,
    now: Instant,
    *,
    holder: Head | None = None,
) -> Facts:
    """Return the facts that follow from a request, or raise the Refusal.

    `heads` holds the main stream and, where there is one, its order's; `holder` is the ticket
    that holds the name a correction would reserve.
    """
    command = request.command
    if isinstance(command, TicketCommand) and main.state is None:
        raise errors.UnknownTicket
    if request.expected_version is not None and request.expected_version != main.version:
        raise errors.TicketChanged(
            expected_version=request.expected_version, actual_version=main.version
        )
    if command.NEEDS_VERSION and request.expected_version is None:
        raise errors.VersionRequired(actual_version=main.version)
    if command.MOVES_MONEY and request.key is None:
        raise errors.KeyRequired
    order = order_of(command, main)
    context = Context(
        now=now,
        actor=request.actor,
        book=bench.book(now),
        ticket=main.stream.partition(":")[2],
        keep=bench.keep,
        order=heads[order_stream(order)].state if order else None,
        holder=holder.state if holder else None,
    )
    events = _decide(command, main.state, context)
    streams = {main.stream.partition(":")[0]: main.stream}
    if order:
        streams["order"] = order_stream(order)
    return [(streams[event.FAMILY], event) for event in events]


def _decide(  # noqa: PLR0911 - one a family
    command: Command, state: Any, context: Context
) -> tuple[Event, ...]:
    """Ask the judge of the command's family."""
    match command:
        case OrderCommand():
            return decide_order(cast("AnyOrderCommand", command), state, context)
        case PartyCommand():
            return decide_party(cast("AnyPartyCommand", command))
        case RecordLook() | RecordDamage() | RecordExport():
            return record_access(command, state, context)
        case AdoptBook():
            if command.digest in (state or ()):
                return ()
            return (
                PolicyAdopted(
                    version=command.version,
                    digest=command.digest,
                    in_force_from=command.in_force_from,
                ),
            )
        case IntroduceKey() | RotateKey() | FreezeKeys():
            return decide_keys(command, state)
        case AnchorCheckpoint():
            return decide_anchors(command)
        case RequestErasure() | FinishErasure():
            return decide_privacy(command, state, context)
        case OpenTicket() | ImportRow() | TicketCommand():
            return decide(cast("AnyTicketCommand", command), state, context)
        case _:
            raise AssertionError(f"{type(command).__name__} has no judge")
