"""Why a ticket waits in its queue, and why somebody works on it: classes, candidates, scores."""

from collections.abc import Iterable, Sequence

import msgspec

from domain.events import (
    AgentChosen,
    AssignmentLapsed,
    AssignmentReleased,
    AssignmentReturned,
    TicketAssigned,
    TicketQueued,
)
from domain.events.routing import CHOSEN
from domain.policies.book import Book
from domain.ticket import queueing
from domain.values import ActorKind, Candidate
from replay.explain import choices
from replay.explain.classes import classed
from replay.explain.history import Moment, context_of, promised_under
from replay.explain.staff import AgentRecords, ReadAgents, states_of
from replay.explain.telling import (
    NO_BOOK,
    Books,
    BookUsed,
    Decision,
    Difference,
    Input,
    Step,
    differences,
    ref,
    text_of,
    used,
)

_BY_STREAMS = "Skills, certificates, ratings and shifts are those on their own streams up to {}."
_BY_REASONS = (
    "What it asked for was said by the book in force then, which the record does not name: "
    "skills and certificates are asked for as far as the reasons on record say so."
)
_NOT_LOOKED_UP = "what an agent could do and had passed then is on the agent's own stream"
_TOO_LONG = "the streams of the agents are longer than is read for one answer"


def explain(
    life: Sequence[Moment], books: Books, staff: ReadAgents | None = None
) -> tuple[Decision, ...]:
    """Return every queue the ticket was brought to, and everybody it was given to or taken from.

    With the streams of the agents a choice is held against what these say of them, too.
    """
    found = []
    chosen: str | None = None
    former: Moment | None = None
    streams = None if staff is None else _streams(life, staff)
    for moment, after in zip(life, (*life[1:], None), strict=True):
        event = moment.record.event
        match event:
            case TicketQueued():
                found.append(_queued(moment, event, books))
            case AgentChosen():
                looked_up = staff is not None and event.staff_at is not None
                judged = _when_judged(moment, former)
                found.append(_chosen(judged, event, books, streams, looked_up=looked_up))
            case TicketAssigned() if chosen is None:
                found.append(_taken(moment, event, books))
            case TicketAssigned() if chosen is not None and event.agent != chosen:
                found.append(_not_the_chosen(moment, event.agent, chosen))
            case AssignmentReleased():
                found.append(_released(moment, event, after))
            case AssignmentLapsed():
                found.append(_by_hand(moment, event.agent, "was silent until the lease was over"))
            case AssignmentReturned():
                what = f"carried {event.open} matters where {event.limit} are the limit"
                found.append(_by_hand(moment, event.agent, what))
            case _:
                pass
        chosen = event.agent if isinstance(event, AgentChosen) else None
        former = moment
    return tuple(found)


def _streams(life: Sequence[Moment], staff: ReadAgents) -> AgentRecords | None:
    """Return the streams that the choices rest on; None where none does, or they are too long."""
    names, until = set[str](), None
    for moment in life:
        event = moment.record.event
        if isinstance(event, AgentChosen) and event.staff_at is not None:
            names |= {event.agent, *(one.agent for one in event.candidates)}
            until = max(until or moment.record.at, moment.record.at)
    return None if until is None else staff(frozenset(names), until)


def _when_judged(moment: Moment, former: Moment | None) -> Moment:
    """Return a choice with the ticket as it was judged: before the release that is part of it."""
    if former is None or not isinstance(former.record.event, AssignmentReleased):
        return moment
    return moment._replace(before=former.before) if _cause(former) == _cause(moment) else moment


def _queued(moment: Moment, event: TicketQueued, books: Books) -> Decision:
    book, place = promised_under(moment, event.policy, books), ref(moment.record)
    result: dict[str, str | int | bool | None] = {"queue": event.queue, "why": ", ".join(event.why)}
    by_hand = any(why.startswith(CHOSEN) for why in event.why)
    if book is None or moment.before is None or by_hand:
        steps = tuple(Step(f"It was brought there by {why}.", event=place) for why in event.why)
        return Decision(
            about="queue",
            book=used(event.policy, books),
            inputs=(),
            steps=steps,
            result=result,
            event=place,
            recomputed=None,
            not_recomputed=NO_BOOK if book is None else "no class led there, and none is asked",
        )
    told = classed(moment, book)
    again = queueing.follow(None, moment.before, (), context_of(moment, book))
    queued = next((one for one in again if isinstance(one, TicketQueued)), None)
    wrong = differences(moment.record, queued)
    return Decision(
        about="queue",
        book=used(event.policy, books),
        inputs=told.inputs,
        steps=(*told.steps, *_passed_over(event, book)),
        result=result,
        event=place,
        recomputed=not wrong,
        differences=wrong,
    )


def _passed_over(event: TicketQueued, book: Book) -> Iterable[Step]:
    for queue in book.queue:
        asks = ", ".join(queue.any) or "nothing"
        if queue.name == event.queue:
            yield Step(f"{queue.name} is the first queue that takes it; it asks for {asks}.")
            return
        if not queue.by_hand:
            yield Step(f"{queue.name} does not take it; it asks for one of {asks}.")


def _chosen(
    moment: Moment,
    event: AgentChosen,
    books: Books,
    streams: AgentRecords | None,
    *,
    looked_up: bool,
) -> Decision:
    book, place = promised_under(moment, event.policy, books), ref(moment.record)
    ranked = tuple(
        Step(_of_candidate(number, one), points=one.score)
        for number, one in enumerate(event.candidates, start=1)
    )
    states = None
    if streams is not None and event.staff_at is not None:
        states = states_of(streams, event.staff_at, moment.record.at)
    wrong = () if book is None else tuple(choices.differing(moment, event, book, states))
    untold = NO_BOOK if book is None else None
    if untold is None and looked_up and states is None and not wrong:
        untold = _TOO_LONG
    return Decision(
        about="agent",
        book=used(event.policy, books),
        inputs=(
            *(Input(f"candidate:{one.agent}", text_of(one)) for one in event.candidates),
            *_of_choice(event, book),
        ),
        steps=(
            *ranked,
            *(() if states is None else (Step(_BY_STREAMS.format(event.staff_at)),)),
            *((Step(_BY_REASONS),) if choices.is_bare(event) else ()),
            Step(f"{event.agent} is the first whom nothing stands against.", event=place),
            Step("Silent until then, the agent loses the matter.", until=event.lease_until),
        ),
        result={"agent": event.agent, "lease_until": event.lease_until},
        event=place,
        recomputed=None if untold is not None else not wrong,
        differences=wrong,
        not_recomputed=untold,
    )


def _of_choice(event: AgentChosen, book: Book | None) -> Iterable[Input]:
    """Yield what the choice rests on beside the candidates: how many there were, and the book."""
    if event.considered is not None:
        yield Input("considered", str(event.considered))
    if event.staff_at is not None:
        yield Input("staff_at", event.staff_at)
    load = None if book is None else book.load
    if load is not None:
        yield Input("matters_at_most", str(load.matters))
        yield Input("lease_s", str(int(load.lease.total_seconds())))
        yield Input("top_rating_bp", str(load.top_rating_bp))
        yield Input("source", load.source)


def _of_candidate(number: int, one: Candidate) -> str:
    figures = f"score {one.score}, load {one.load_bp} bp, rating {one.rating_bp} bp"
    if one.parts is not None:
        parts = msgspec.structs.asdict(one.parts)
        summed = " + ".join(f"{points} {name}" for name, points in parts.items() if points)
        figures = f"score {one.score} = {summed or 0}, load {one.load_bp} bp"
    against = "nothing stands against it" if one.refused is None else f"refused: {one.refused}"
    return f"{number}. {one.agent}: {figures}; {against}."


def _taken(moment: Moment, event: TicketAssigned, books: Books) -> Decision:
    """Return why somebody could take the matter unasked, as far as it was judged."""
    known, version = event.candidate, event.policy
    if known is None or version is None:
        return _by_hand(moment, event.agent, "took the matter, or was given it")
    book, place = promised_under(moment, version, books), ref(moment.record)
    wrong = () if book is None else tuple(choices.not_fit(moment, event, known, book))
    return Decision(
        about="agent",
        book=used(version, books),
        inputs=(Input(f"candidate:{known.agent}", text_of(known)),),
        steps=(
            Step(f"{known.agent} carried {known.load_bp} bp of what one may carry."),
            Step(f"{event.agent} took the matter, or was given it.", event=place),
        ),
        result={"agent": event.agent, "what": "took the matter, or was given it"},
        event=place,
        recomputed=None if book is None else not wrong,
        differences=wrong,
        not_recomputed=NO_BOOK if book is None else None,
    )


def _not_the_chosen(moment: Moment, agent: str, chosen: str) -> Decision:
    """Return that the matter was given to somebody else than was chosen just before."""
    place = ref(moment.record)
    return Decision(
        about="agent",
        book=BookUsed("", None),
        inputs=(),
        steps=(Step(f"{agent} was given the matter, and {chosen} was chosen.", event=place),),
        result={"agent": agent, "what": "was given the matter"},
        event=place,
        recomputed=False,
        differences=(Difference("agent", agent, chosen, place),),
    )


def _released(moment: Moment, event: AssignmentReleased, after: Moment | None) -> Decision:
    """Return why somebody let go: for what the matter asks for where it came to, or by a word."""
    if after is None or _cause(after) != _cause(moment):
        if moment.record.actor.kind is not ActorKind.SYSTEM:
            return _by_hand(moment, event.agent, "let the matter go")
        what = "was not to work on the matter any more"
        return _by_hand(moment, event.agent, what, _NOT_LOOKED_UP)
    queued = after.record.event
    if not isinstance(queued, TicketQueued) or _is_moved(queued):
        return _by_hand(moment, event.agent, "let the matter go")
    what = f"lacks a skill or certificate that the matter asks for in {queued.queue}"
    return _by_hand(moment, event.agent, what, _NOT_LOOKED_UP)


def _cause(moment: Moment) -> str:
    return moment.record.envelope.cause.command


def _is_moved(event: TicketQueued) -> bool:
    return any(why.startswith("moved:") for why in event.why)


def _by_hand(
    moment: Moment, agent: str, what: str, why: str = "a person or the time decided it"
) -> Decision:
    place = ref(moment.record)
    return Decision(
        about="agent",
        book=BookUsed("", None),
        inputs=(),
        steps=(Step(f"{agent} {what}.", event=place),),
        result={"agent": agent, "what": what},
        event=place,
        recomputed=None,
        not_recomputed=why,
    )
