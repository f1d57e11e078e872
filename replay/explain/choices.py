"""A choice among candidates, made again from what is on record of each; its words are elsewhere."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from msgspec.structs import replace

from domain.commands import ChooseAgent
from domain.errors import Refusal
from domain.events import AgentChosen, Event, TicketAssigned
from domain.policies.book import Book
from domain.policies.routing import Load
from domain.processes import assignment
from domain.processes.assignment import Available, Need
from domain.streams import parse_moment, position_text
from domain.ticket.routing import CANDIDATES_MAX, choose_agent
from domain.ticket.state import Agent, Ticket
from domain.values import BASIS_POINTS, ActorKind, Candidate, Examination, Instant, later
from replay.explain.history import Moment, context_of
from replay.explain.staff import States
from replay.explain.telling import Difference, differences, ref, text_of

_OFF_SHIFT = "off_shift"
_EXPIRED = "certificate_expired:"
_CERTIFICATES = ("certificate", "certificate_expired")
_ROUND_MAX = timedelta(minutes=1)
"""So long before a choice its round began, at most."""


def differing(
    moment: Moment, event: AgentChosen, book: Book, states: States | None
) -> Iterable[Difference]:
    """Yield where a choice on record is not what follows from its candidates' grounds.

    `states` are the agents by their own streams; None where these are not looked up.
    """
    ticket, load, place = moment.before, book.load, ref(moment.record)
    assert ticket is not None, "a ticket that is given to somebody is there"
    earlier = is_bare(event)
    if load is None:
        if not earlier:
            yield Difference("fact", event.TOPIC, "the book gives nothing out", place)
        return
    if earlier:  # nobody was put last for having let go
        ticket = replace(ticket, let_go=frozenset())
    need, at = _need(moment, ticket, book), moment.record.at
    known: States = {} if states is None else states
    again = [
        _again(one, ticket, _as_said(one, need) if earlier else need, load, at, known)
        for one in event.candidates
    ]
    for one, found in zip(event.candidates, again, strict=True):
        yield from _compared(moment, one, found)
    own = [one.agent for one in event.candidates if one.parts is not None and one.parts.dedicated]
    if len(own) > 1:
        yield Difference("dedicated", ", ".join(own), "one at most", place)
    kept = None if event.considered is None else min(event.considered, CANDIDATES_MAX)
    if kept is not None and kept != len(event.candidates):
        yield Difference("candidates", str(len(event.candidates)), str(kept), place)
    if states is not None:
        yield from _left_out(moment, event, states)
    yield from _not_before(moment, event)
    chosen = _chosen(moment, again, book, event.staff_at)
    ignored = ("candidates", "considered", *(("lease_until",) if earlier else ()))
    yield from differences(moment.record, chosen, ignored=ignored)
    if earlier:
        yield from _of_its_round(moment, event, later(at, load.lease))
    if isinstance(chosen, AgentChosen):
        names = [[one.agent for one in each.candidates] for each in (event, chosen)]
        if names[0] != names[1]:
            yield Difference("order", ", ".join(names[0]), ", ".join(names[1]), place)


def is_bare(event: AgentChosen) -> bool:
    """Return whether a choice was recorded before its grounds were kept with it.

    What it asked for then was said by the book in force, which it does not name, and its lease
    ran from the round in which it was looked at.
    """
    return (event.staff_at, event.considered) == (None, None) and all(
        (one.parts, one.certificates) == (None, None) for one in event.candidates
    )


def _as_said(one: Candidate, need: Need) -> Need:
    """Return a need that asks for what a candidate is said to lack, and for nothing else."""
    kind, _, name = (one.refused or "").partition(":")
    asked = kind in _CERTIFICATES
    return replace(
        need,
        skills=(name,) if kind == "skill" else (),
        certificates=tuple(each for each in Examination if asked and each == name),
        promised=(),
    )


def _of_its_round(moment: Moment, event: AgentChosen, latest: Instant) -> Iterable[Difference]:
    """Yield where a lease is not one from a round that ended in the choice."""
    if not later(latest, -_ROUND_MAX) < event.lease_until <= latest:
        yield Difference("lease_until", event.lease_until, latest, ref(moment.record))


def _not_before(moment: Moment, event: AgentChosen) -> Iterable[Difference]:
    """Yield where the staff is said to have been read behind the choice itself."""
    record = moment.record
    if event.staff_at is None:
        return
    try:
        place = parse_moment(event.staff_at).get(record.lane, 0)
    except ValueError:
        yield Difference("staff_at", event.staff_at, "no moment", ref(record))
        return
    if place >= record.position:
        before = position_text(record.lane, record.position)
        yield Difference("staff_at", event.staff_at, f"before {before}", ref(record))


def _left_out(moment: Moment, event: AgentChosen, states: States) -> Iterable[Difference]:
    """Yield who worked at the desk and was not looked at, and who was and did not work there.

    Who left the desk since may not have been read, so there may have been more.
    """
    place = ref(moment.record)
    at = {
        name: [None if one is None else one.desk for one in known] for name, known in states.items()
    }
    desks = {one for one in at.get(event.agent, ()) if one is not None}
    surely = {name for name, known in at.items() if desks.issuperset(known)}
    perhaps = {name for name, known in at.items() if not desks.isdisjoint(known)}
    named = {one.agent for one in event.candidates}
    if named - perhaps:
        yield Difference("candidates", ", ".join(sorted(named - perhaps)), "not at the desk", place)
    if event.considered is None:
        return
    if len(surely) > event.considered:
        yield Difference("considered", str(event.considered), str(len(surely)), place)
    if event.considered <= CANDIDATES_MAX and surely - named:
        yield Difference("left_out", "nobody", ", ".join(sorted(surely - named)), place)


def not_fit(
    moment: Moment, event: TicketAssigned, known: Candidate, book: Book
) -> Iterable[Difference]:
    """Yield where somebody who took a matter was not fit, by what is on record of them."""
    ticket, load, place = moment.before, book.load, ref(moment.record)
    assert ticket is not None, "a ticket that somebody takes is there"
    if known.agent != event.agent:
        yield Difference("agent", event.agent, known.agent, place)
    if event.policy != book.version:
        yield Difference("policy", text_of(event.policy), book.version, place)
    if load is None:
        return
    need, at = _need(moment, ticket, book), moment.record.at
    if moment.record.actor.kind is ActorKind.SUPERVISOR:  # who answers for what they are able to do
        need = replace(need, skills=())
    again = assignment.claimant(_available(known, need, load, at), need, load, now=at)
    yield from _compared(moment, replace(known, certificates=None), again)


def _need(moment: Moment, ticket: Ticket, book: Book) -> Need:
    queue = next((one for one in book.queue if one.name == ticket.queue), None)
    return assignment.need_of(ticket, moment.order, queue, book)


def _chosen(
    moment: Moment, candidates: Sequence[Candidate], book: Book, staff_at: str | None
) -> Event | None:
    """Return the choice among candidates, judged again."""
    assert moment.before is not None, "a ticket that is given to somebody is there"
    command = ChooseAgent(
        ticket=moment.record.subject, candidates=tuple(candidates), staff_at=staff_at
    )
    try:
        facts = choose_agent(command, moment.before, context_of(moment, book))
    except Refusal:
        return None
    return next((one for one in facts if isinstance(one, AgentChosen)), None)


def _again(  # noqa: PLR0917 - what a candidate is judged by
    one: Candidate, ticket: Ticket, need: Need, load: Load, at: Instant, states: States
) -> Candidate:
    """Return a candidate with figures worked out from the grounds on record.

    Who served the buyer before is one of them; a record without the parts of its scores does not
    say, so there either is right.
    """
    known_as = [each for each in states.get(one.agent, ()) if each is not None]
    is_own = (False, True) if one.parts is None else (one.parts.dedicated > 0,)
    found = [
        candidate
        for known in known_as or (None,)
        for served_by in (one.agent if each else None for each in is_own)
        for candidate in assignment.choose(
            *(ticket, need, [_available(one, need, load, at, known)], load),
            served_by=served_by,
            now=at,
        )
    ]
    return next((each for each in found if not _figures(one, each)), found[0])


def _available(
    one: Candidate, need: Need, load: Load, at: Instant, known: Agent | None = None
) -> Available:
    """Return an agent as who chose saw them: by their own stream, or as a candidate on record."""
    carried = -(-max(one.load_bp, 0) * load.matters // BASIS_POINTS)
    if known is not None:
        return Available(
            agent=one.agent,
            desk=known.desk,
            skills=known.skills,
            certificates=known.certificates,
            on_shift=known.on_shift,
            good_bp=known.good_bp,
            open=carried,
        )
    return Available(
        agent=one.agent,
        desk="",
        skills=one.skills,
        certificates=_held(one, need, at),
        on_shift=one.refused != _OFF_SHIFT,
        good_bp=min(max(one.rating_bp, 0), BASIS_POINTS),
        open=carried,
    )


def _held(one: Candidate, need: Need, at: Instant) -> dict[Examination, Instant]:
    """Return until when the certificates count that a candidate had, as far as it is on record."""
    counted = one.certificates
    refused = one.refused or ""
    if counted is None:
        counted = tuple(each for each in need.certificates if not refused.endswith(f":{each}"))
    held = dict.fromkeys(counted, later(at, timedelta(days=1)))
    if refused.startswith(_EXPIRED):
        held |= {each: at for each in need.certificates if refused == f"{_EXPIRED}{each}"}
    return held


def _compared(moment: Moment, one: Candidate, again: Candidate) -> Iterable[Difference]:
    """Yield which figures of a candidate are others."""
    for name in _figures(one, again):
        told, found = text_of(getattr(one, name)), text_of(getattr(again, name))
        yield Difference(f"candidate:{one.agent}.{name}", told, found, ref(moment.record))


def _figures(one: Candidate, again: Candidate) -> list[str]:
    """Return the names of the figures that differ; what was not kept is not compared."""
    return [
        name
        for name in one.__struct_fields__
        if getattr(one, name) != getattr(again, name)
        and not (getattr(one, name) is None and name in {"parts", "certificates"})
    ]
