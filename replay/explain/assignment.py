"""Why a ticket waits in its queue, and why somebody works on it: classes, candidates, scores."""

from collections.abc import Iterable

from domain.commands import ChooseAgent
from domain.errors import Refusal
from domain.events import (
    AgentChosen,
    AssignmentLapsed,
    AssignmentReleased,
    AssignmentReturned,
    Event,
    TicketAssigned,
    TicketQueued,
)
from domain.policies.book import Book
from domain.ticket import queueing
from domain.ticket.routing import choose_agent
from domain.values import Candidate
from replay.explain.classes import classed
from replay.explain.history import Moment, context_of
from replay.explain.telling import (
    NO_BOOK,
    Books,
    BookUsed,
    Decision,
    Input,
    Step,
    differences,
    ref,
    text_of,
    used,
)

CHOSEN_BY_HAND = ("clock:", "moved:")
"""What a queue's reasons begin with where no class led there."""


def explain(life: Iterable[Moment], books: Books) -> tuple[Decision, ...]:
    """Return every queue the ticket was brought to, and everybody it was given to or taken from."""
    found = []
    chosen: str | None = None
    for moment in life:
        event = moment.record.event
        match event:
            case TicketQueued():
                found.append(_queued(moment, event, books))
            case AgentChosen():
                found.append(_chosen(moment, event, books))
            case TicketAssigned() if event.agent != chosen:
                found.append(_by_hand(moment, event.agent, "took the matter, or was given it"))
            case AssignmentReleased():
                found.append(_by_hand(moment, event.agent, "let the matter go"))
            case AssignmentLapsed():
                found.append(_by_hand(moment, event.agent, "was silent until the lease was over"))
            case AssignmentReturned():
                what = f"carried {event.open} matters where {event.limit} are the limit"
                found.append(_by_hand(moment, event.agent, what))
            case _:
                pass
        chosen = event.agent if isinstance(event, AgentChosen) else None
    return tuple(found)


def _queued(moment: Moment, event: TicketQueued, books: Books) -> Decision:
    book, place = books(event.policy), ref(moment.record)
    result: dict[str, str | int | bool | None] = {"queue": event.queue, "why": ", ".join(event.why)}
    by_hand = any(why.startswith(CHOSEN_BY_HAND) for why in event.why)
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
    again = list(queueing.follow(None, moment.before, (), context_of(moment, book)))
    wrong = differences(moment.record, again[0] if again else None)
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


def _chosen(moment: Moment, event: AgentChosen, books: Books) -> Decision:
    book, place = books(event.policy), ref(moment.record)
    ranked = tuple(
        Step(_of_candidate(number, one), points=one.score)
        for number, one in enumerate(event.candidates, start=1)
    )
    again = None if book is None else _choice(moment, event, book)
    wrong = () if book is None else differences(moment.record, again)
    return Decision(
        about="agent",
        book=used(event.policy, books),
        inputs=tuple(Input(f"candidate:{one.agent}", text_of(one)) for one in event.candidates),
        steps=(
            *ranked,
            Step(f"{event.agent} is the first whom nothing stands against.", event=place),
            Step("Silent until then, the agent loses the matter.", until=event.lease_until),
        ),
        result={"agent": event.agent, "lease_until": event.lease_until},
        event=place,
        recomputed=None if book is None else not wrong,
        differences=wrong,
        not_recomputed=NO_BOOK if book is None else None,
    )


def _choice(moment: Moment, event: AgentChosen, book: Book) -> Event | None:
    """Return the choice among the candidates on record, judged again."""
    assert moment.before is not None, "a ticket that is given to somebody is there"
    command = ChooseAgent(
        ticket=moment.record.subject,
        candidates=event.candidates,
        lease_until=event.lease_until,
    )
    try:
        return choose_agent(command, moment.before, context_of(moment, book))[0]
    except Refusal:
        return None


def _of_candidate(number: int, one: Candidate) -> str:
    figures = f"score {one.score}, load {one.load_bp} bp, rating {one.rating_bp} bp"
    against = "nothing stands against it" if one.refused is None else f"refused: {one.refused}"
    return f"{number}. {one.agent}: {figures}; {against}."


def _by_hand(moment: Moment, agent: str, what: str) -> Decision:
    place = ref(moment.record)
    return Decision(
        about="agent",
        book=BookUsed("", None),
        inputs=(),
        steps=(Step(f"{agent} {what}.", event=place),),
        result={"agent": agent, "what": what},
        event=place,
        recomputed=None,
        not_recomputed="a person or the time decided it",
    )
