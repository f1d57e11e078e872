"""What is told of a deed that the other book refuses: which it is, and by which figures."""

from typing import Final

from domain.errors import Refusal, UnknownClause, WindowPassed
from domain.events import DeadlineExtended, DeadlineGiven, Event
from domain.ticket.decide import KnownTicketCommand
from domain.values import Terms
from replay.what_if.deeds import Deed, said
from replay.what_if.lives import Life, Made, Refused

_CALLED: Final = ("appeal", "ruling", "offer", "remedy", "item", "request")
"""Fields that name what a fact is about; of an appeal against a ruling it is the appeal."""
_ASKED: Final = ("terms", "awards", "compensation")
"""Fields of a command that hold what is to be given."""
_WINDOW: Final = {"FileAppeal": "appeal"}
"""By command: the deadline that has to run for it."""


def refused(command: KnownTicketCommand, refusal: Refusal, deed: Deed, life: Life) -> Refused:
    """Return what is told of a deed that the book of a life refuses."""
    name = type(command).__name__
    fact = _of_record(deed)
    figures = {
        **{key: _plain(value) for key, value in refusal.facts.items()},
        **_looked_up(command, refusal, life),
        **_asked(command),
    }
    return Refused(deed.at, deed.place, name, refusal.code, fact, figures)


def called(fact: Event) -> str:
    """Return what a fact is about by its own name on the ticket, like J1; empty where by none."""
    return next((getattr(fact, one) for one in _CALLED if getattr(fact, one, None)), "")


def _of_record(deed: Deed) -> Made:
    """Return what a deed put on record first, without what had to be noted before."""
    first = next(iter(said(deed.facts)), deed.facts[0])
    record = next(one for one in deed.records if one.event is first)
    return Made(first, record.at, record.position, record.version, record.actor)


def _looked_up(command: KnownTicketCommand, refusal: Refusal, life: Life) -> dict[str, str | int]:
    """Return what a refusal that has no figures of its own was held against."""
    if isinstance(refusal, UnknownClause):
        named = getattr(command, "clauses", None) or (getattr(command, "clause", None),)
        missing = [one for one in named if one and not life.book.has_clause(one)]
        return {"clauses": ", ".join(missing)} if missing else {}
    window = _WINDOW.get(type(command).__name__)
    if isinstance(refusal, WindowPassed) and window is not None:
        for one in reversed(life.otherwise):
            event = one.event
            if isinstance(event, DeadlineGiven | DeadlineExtended) and event.deadline == window:
                return {"due_at": event.due_at}
    return {}


def _asked(command: KnownTicketCommand) -> dict[str, str | int]:
    """Return what a command would give, as it asks for it."""
    for name in _ASKED:
        value = getattr(command, name, None)
        if value is not None:
            terms = value if isinstance(value, tuple) else (value,)
            told = ", ".join(_term(one) for one in terms)
            return {"asked": told} if told else {}
    return {}


def _term(one: object) -> str:
    """Return what is to be given as one text."""
    if not isinstance(one, Terms):
        return str(_plain(one))
    amount = "" if one.amount is None else f" {one.amount.amount_minor} {one.amount.currency}"
    return f"{one.kind}{amount}"


def _plain(value: object) -> str | int:
    """Return a fact of a refusal as it can be sent and printed."""
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return value if isinstance(value, int) else str(value)
