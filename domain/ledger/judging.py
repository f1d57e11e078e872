"""One request on its way through a lane: which streams it needs, and what is judged on them."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast

from domain import errors
from domain.commands import (
    AdoptBook,
    AgentCommand,
    AnchorCheckpoint,
    AnnouncePilot,
    Command,
    CustomerCommand,
    EndPilot,
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
    RecordNotice,
    ReportCustomer,
    RequestErasure,
    RotateKey,
    SweepContents,
    TicketCommand,
    TrainingCommand,
    WatchQueue,
)
from domain.events import Event
from domain.ledger.anchors import decide_anchors
from domain.ledger.folding import Head
from domain.ledger.requests import Request
from domain.ledger.signing import decide_keys
from domain.policies.book import Book
from domain.streams import (
    customer_stream,
    lane_of,
    notice_stream,
    order_stream,
    stream_lane,
    ticket_stream,
)
from domain.ticket.access import record_access
from domain.ticket.adoption import BOOKS_STREAM, decide_adoption
from domain.ticket.agents import AnyAgentCommand, agent_stream, decide_agent
from domain.ticket.context import Context
from domain.ticket.customers import decide_customer
from domain.ticket.decide import AnyTicketCommand
from domain.ticket.diagnosing import by_words
from domain.ticket.following import settled
from domain.ticket.notices import record_notice
from domain.ticket.order import AnyOrderCommand, decide_order
from domain.ticket.overflow import watch_queue
from domain.ticket.parties import AnyPartyCommand, decide_party, party_stream
from domain.ticket.piloting import decide_pilot
from domain.ticket.pilots import PILOTS_STREAM, Pilot
from domain.ticket.privacy import decide_privacy
from domain.ticket.state import Agent, Ticket
from domain.ticket.training import AnyTrainingCommand, decide_training
from domain.values import Attachment, Instant

Facts = list[tuple[str, Event]]
"""(stream, event) in the order they are recorded."""


class Entailed(NamedTuple):
    """What a request entails, and the ticket it makes of the main stream's where it said."""

    facts: Facts
    ticket: Ticket | None = None
    """Folded from facts that nobody has sealed: equal to the fold of the record, at `now`."""


class Bench(NamedTuple):
    """What every judgement of one ledger has at hand."""

    book: Callable[[Instant, str | None], Book]
    """The book in force at an instant, or the adopted one of a version: what was promised stays."""
    named: Callable[[str], Book | None]
    """Finds an adopted book by its version."""
    keep: Callable[[bytes, str], Attachment]
    agents: Callable[[str], Agent | None]
    """Finds what is on record of an agent, in whatever lane that is."""
    pilots: Callable[[Instant], tuple[Pilot, ...]] = lambda _now: ()
    """The pilots that run at an instant."""


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


def main_stream(command: Command, *, ticket: str) -> str:  # noqa: PLR0911, PLR0912 - one a family
    """Return the stream a command is about; `ticket` is the id drawn for an opening."""
    match command:
        case OpenTicket():
            return ticket_stream(ticket)
        case TicketCommand() | ImportRow():
            return ticket_stream(command.ticket)
        case OrderCommand():
            return order_stream(command.order)
        case CustomerCommand():
            return customer_stream(command.customer)
        case PartyCommand():
            return party_stream(cast("AnyPartyCommand", command))
        case RecordLook() | RecordDamage() | RecordExport():
            return f"access:{command.ticket}"
        case RecordNotice():
            return notice_stream(command.about)
        case AgentCommand():
            return agent_stream(command)
        case WatchQueue():
            return f"queue:{command.queue}"
        case AdoptBook():
            return BOOKS_STREAM
        case AnnouncePilot() | EndPilot():
            return PILOTS_STREAM
        case TrainingCommand():
            return f"training:{command.attempt}"
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
) -> Entailed:
    """Return what follows from a request, or raise the Refusal.

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
    state = main.state
    promised = state.policy if isinstance(state, Ticket) and not state.imported else None
    book = bench.book(now, promised)
    context = Context(
        now=now,
        actor=request.actor,
        book=book,
        diagnose=by_words(book),
        ticket=main.stream.partition(":")[2],
        keep=bench.keep,
        order=heads[order_stream(order)].state if order else None,
        holder=holder.state if holder else None,
        books=bench.named,
        agents=bench.agents,
        pilots=bench.pilots(now) if isinstance(command, OpenTicket) else (),
        imported=request.source is not None and request.source.imported,
    )
    if isinstance(command, AnnouncePilot | EndPilot):
        return Entailed(
            [
                (main.stream, event)
                for event in decide_pilot(command, state, context, lambda at: bench.book(at, None))
            ]
        )
    events: tuple[Event, ...]
    if isinstance(command, TicketCommand | OpenTicket | ImportRow):
        events, ticket = settled(cast("AnyTicketCommand", command), state, context)
    else:
        events, ticket = _decide(command, state, context), None
    streams = {main.stream.partition(":")[0]: main.stream}
    if order:
        streams["order"] = order_stream(order)
    return Entailed([(streams[event.FAMILY], event) for event in events], ticket)


def _decide(  # noqa: PLR0911, PLR0912 - one a family
    command: Command, state: Any, context: Context
) -> tuple[Event, ...]:
    """Ask the judge of a family that is not about tickets."""
    match command:
        case OrderCommand():
            return decide_order(cast("AnyOrderCommand", command), state, context)
        case ReportCustomer():
            return decide_customer(command, state, context)
        case PartyCommand():
            return decide_party(cast("AnyPartyCommand", command))
        case AgentCommand():
            return decide_agent(cast("AnyAgentCommand", command), state, context)
        case WatchQueue():
            return watch_queue(command, state, context)
        case RecordLook() | RecordDamage() | RecordExport():
            return record_access(command, state, context)
        case RecordNotice():
            return record_notice(command, state, context)
        case TrainingCommand():
            return decide_training(cast("AnyTrainingCommand", command), state, context)
        case AdoptBook():
            return decide_adoption(command, state, context.now)
        case IntroduceKey() | RotateKey() | FreezeKeys():
            return decide_keys(command, state)
        case AnchorCheckpoint():
            return decide_anchors(command)
        case RequestErasure() | FinishErasure() | SweepContents():
            return decide_privacy(command, state, context)
        case _:
            raise AssertionError(f"{type(command).__name__} has no judge")
