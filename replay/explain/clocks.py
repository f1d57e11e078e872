"""Why a promise is, or was, due when it is: its rule, its starts, its rests, and the time added."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from domain.events import (
    ClockBreached,
    ClockCancelled,
    ClockMoved,
    ClockPaused,
    ClockResumed,
    ClockStarted,
    ClockStopped,
    ClockWarned,
    Event,
    PayoutOwed,
    TicketEscalated,
    TicketMovedToBook,
    clocks,
)
from domain.policies.book import Book
from domain.policies.clocks import ClockRule
from domain.policies.zones import zone_version
from domain.ticket.clock import Clock
from domain.ticket.clocks.following import paused, resumed, since_when, started, stopped
from domain.ticket.clocks.running import facts_due, rule_of
from domain.ticket.matter import classes_of
from domain.ticket.milestones import heeded, name_of, seen
from domain.ticket.moving import moved
from domain.ticket.state import Ticket
from domain.values import Instant, moment_of
from replay.explain.classes import classed
from replay.explain.deeds import Deeds
from replay.explain.following import Deed, book_of, clocks_missing, deeds_of
from replay.explain.history import Moment, context_of, promised_under
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
    used,
)
from replay.explain.working_time import additions

_FACTS = (
    ClockPaused
    | ClockResumed
    | ClockMoved
    | ClockStopped
    | ClockCancelled
    | ClockWarned
    | ClockBreached
    | PayoutOwed
    | TicketEscalated
)
MISSING: Final = "not_on_record"
"""The state of a promise that should have begun to run, and did not by the record."""


@dataclass
class _Run:
    """One run of a promise, from its start on."""

    moment: Moment
    event: ClockStarted
    book: BookUsed
    due_at: Instant
    inputs: list[Input] = field(default_factory=list)
    started: list[Step] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    wrong: list[Difference] = field(default_factory=list)
    clock: Clock | None = None
    """As it was before it ended."""
    rules: Book | None = None
    """The book the clock runs under."""
    expected: list[Event] = field(default_factory=list)
    """What is still to be told of what became due at one moment."""
    state: str = "running"
    result: dict[str, str | int | bool | None] = field(default_factory=dict)
    ended: Instant | None = None


def explain(life: Sequence[Moment], deeds: Deeds, books: Books) -> tuple[Decision, ...]:
    """Return every run of every promise on the ticket, in the order in which they started.

    One that should run at the end of a command and was not put on record is told as that.
    """
    found: list[_Run] = []
    running: dict[str, _Run] = {}
    unmade: dict[tuple[str, int], Decision] = {}
    for deed in deeds_of(life, deeds):
        for moment in deed.moments:
            event = moment.record.event
            if isinstance(event, ClockStarted):
                running[event.clock] = _begun(moment, event, books, deed.moments[0].before)
                found.append(running[event.clock])
            elif isinstance(event, TicketMovedToBook):
                for name in moment.after.clocks:
                    running[name].rules = books(event.policy)
            elif isinstance(event, _FACTS):
                _goes_on(running[event.clock], moment, event, books)
            for name, clock in moment.after.clocks.items():
                running[name].clock = clock
        for run in running.values():
            _left_over(run, deed, deeds)
        for fact in _missing(running, deed, books):
            key = (fact.clock, deed.last.after.round)
            unmade.setdefault(key, _unmade(fact, deed.last, books))
    return (*(_told(run) for run in found), *unmade.values())


def _left_over(run: _Run, deed: Deed, deeds: Deeds) -> None:
    """Miss what became due together with facts of a command, and is not among them."""
    behind = [one.event for one in deeds.rest()] if deed.cut and run.expected else []
    for event in run.expected:
        if event not in behind:
            _missed(run, event, deed.last)
    run.expected = []


def _missing(running: dict[str, _Run], deed: Deed, books: Books) -> Iterable[ClockStarted]:
    """Miss what follows from a command on promises that run; yield those that do not run at all."""
    book = book_of(deed, books)
    for fact in () if book is None else clocks_missing(deed, book):
        if isinstance(fact, ClockStarted):
            yield fact
        elif isinstance(fact, _FACTS):
            _missed(running[fact.clock], fact, deed.last)


def _missed(run: _Run, event: Event, moment: Moment) -> None:
    """Say once of a run that a kind of fact is missing from its record."""
    kind = ("nothing", event.TOPIC)
    if all((one.on_record, one.recomputed) != kind for one in run.wrong):
        run.wrong.append(Difference("fact", *kind, ref(moment.record)))


def _unmade(fact: ClockStarted, moment: Moment, books: Books) -> Decision:
    """Return a promise that should have begun to run with a command, and did not."""
    place = ref(moment.record)
    return Decision(
        about=fact.clock,
        book=used(fact.policy, books),
        inputs=(),
        steps=(Step("It runs by the book, and nothing on record began it.", since=fact.since),),
        result={"row": fact.row, "since": fact.since, "due_at": fact.due_at, "state": MISSING},
        event=place,
        recomputed=False,
        differences=(Difference("clock", "nothing", fact.clock, place),),
    )


def _begun(moment: Moment, event: ClockStarted, books: Books, at_command: Ticket | None) -> _Run:
    """Return a run from its start; `at_command` is the ticket before the command that began it."""
    book = promised_under(moment, event.policy, books)
    run = _Run(moment, event, used(event.policy, books), event.due_at, rules=book)
    rule = None if book is None else rule_of(event.clock, book)
    if book is None:
        return run
    if rule is None:
        run.wrong.append(Difference("clock", event.clock, "none of the book's", ref(moment.record)))
        return run
    assert moment.before is not None, "a promise is made on a ticket that is there"
    about = event.clock.partition(":")[2] or None
    known = seen(moment.before, moment.order)
    told = classed(moment, book)
    run.inputs += [*_of_rule(event, rule, book), *told.inputs]
    asked = {*rule.when, *rule.unless}
    run.started += [
        Step(f"The book promises it to matters of the classes {', '.join(rule.when) or 'any'}.")
    ]
    run.started += [
        one for one in told.steps if any(f"class {name}," in one.words for name in asked)
    ]
    for start in rule.starts:
        cause = moment.milestones.get(name_of(start, about))
        at = known.get(name_of(start, about))
        run.started.append(
            Step(f"It starts on {start}.", since=at, event=None if cause is None else ref(cause))
        )
    since = since_when(rule, about, known)
    if since is not None and since < moment.record.at and _entered(rule, moment, book, at_command):
        since = moment.record.at
        run.started.append(Step("The matter came into its classes: it counts from now.", since))
    elif since is not None and since < moment.record.at and rule.payout is not None:
        since = moment.record.at
        run.started.append(Step("Its breach costs: it counts from when it is on record.", since))
    elif since is not None:
        run.started.append(Step("It counts from the latest of its starts.", since=since))
    again = None if since is None else started(event.clock, rule, since, book)
    run.wrong += differences(moment.record, again, ignored=("zones",))
    if not rule.is_made_to(told.names):
        run.wrong.append(
            Difference("classes", "in them", ", ".join(sorted(told.names)), ref(moment.record))
        )
    return run


def _entered(rule: ClockRule, moment: Moment, book: Book, at_command: Ticket | None) -> bool:
    """Return whether the promise is made only since the command that began it."""
    assert moment.before is not None, "a promise is made on a ticket that is there"
    if at_command is None or at_command.round != moment.before.round:
        return False
    return not rule.is_made_to(classes_of(at_command, moment.order, book))


def _of_rule(event: ClockStarted, rule: ClockRule, book: Book) -> Iterable[Input]:
    calendar = book.calendar_of(event.calendar)
    yield Input("rule", rule.id)
    yield Input("row", rule.row)
    yield Input("name_zh", rule.zh)
    yield Input("name_en", rule.en)
    yield Input("source", rule.source)
    yield Input("target_s", str(event.target_s))
    yield Input("calendar", f"{calendar.name} {calendar.version}")
    yield Input("zone", calendar.zone)
    yield Input("zone_data_on_record", event.zones)
    yield Input("zone_data_here", zone_version())
    yield Input("rests_while_others_are_waited_for", "yes" if rule.pauses else "never")


def _goes_on(run: _Run, moment: Moment, event: _FACTS, books: Books) -> None:
    place = ref(moment.record)
    if isinstance(event, ClockMoved):
        run.book = used(event.policy, books)
    if run.rules is not None:
        run.wrong += _differing(run, moment, event, run.rules)
    match event:
        case ClockPaused():
            run.state = "paused"
            run.steps.append(Step(f"It rests: {event.why}.", since=place.at, event=place))
        case ClockResumed():
            run.state, run.due_at = "running", event.due_at
            words = "It runs on with what was left."
            run.steps.append(Step(words, since=place.at, until=event.due_at, event=place))
        case ClockMoved():
            run.due_at = event.due_at
            words = f"The ticket was moved to the book {event.policy}: {event.why}."
            run.steps.append(Step(words, until=event.due_at, seconds=event.target_s, event=place))
        case ClockStopped():
            run.state, run.ended = "kept" if event.kept else "broken", event.at
            run.result |= {"elapsed_s": event.elapsed_s, "kept": event.kept, "ended_by": event.by}
            run.steps.append(
                Step(
                    f"It ends with {event.by}.",
                    until=event.at,
                    seconds=event.elapsed_s,
                    event=place,
                )
            )
        case ClockCancelled():
            run.state, run.ended = "cancelled", place.at
            run.steps.append(Step(f"It is moot: {event.why}.", until=place.at, event=place))
        case ClockWarned():
            words = f"{event.share_bp} basis points of the time were used; {event.to} is told."
            run.steps.append(Step(words, until=event.due_at, event=place))
        case ClockBreached():
            run.state = "breached"
            run.steps.append(Step("It is broken.", until=event.due_at, event=place))
        case TicketEscalated():
            words = f"It comes before {event.to}, rung {event.rung}."
            run.steps.append(Step(words, until=event.due_at, event=place))
        case PayoutOwed():
            words = f"{event.amount.amount_minor} {event.amount.currency} (minor units) are owed."
            run.steps.append(Step(words, event=place))


def _differing(run: _Run, moment: Moment, event: _FACTS, rules: Book) -> Iterable[Difference]:
    if isinstance(event, ClockCancelled):
        if _is_moot(run, moment, event, rules):
            return ()
        return (Difference("why", event.why, "it is not moot", ref(moment.record)),)
    return differences(moment.record, _again(run, moment, event, rules), ignored=("zones",))


def _again(  # noqa: PLR0911 - one a fact
    run: _Run, moment: Moment, event: _FACTS, rules: Book
) -> Event | None:
    """Return what follows of a running promise by the functions of the domain, done again."""
    ticket, clock, rule = moment.before, run.clock, rule_of(event.clock, rules)
    if rule is None or ticket is None or clock is None:
        return None
    context = context_of(moment, rules)
    match event:
        case ClockPaused():
            return paused(event.clock, ticket, context)
        case ClockResumed():
            return resumed(event.clock, clock, rule, context)
        case ClockMoved():
            return moved(event.clock, clock, rule, rules, event.why)
        case ClockStopped():
            known = heeded(ticket, moment.order)
            about = event.clock.partition(":")[2]
            by = [one for one in rule.stop_names if one.partition("@")[0] == event.by]
            at = max(
                [
                    known[one]
                    for name in by
                    for one in (f"{name}:{about}", f"{name}")
                    if one in known
                ],
                default=None,
            )
            if at is None:
                return None
            stop = (event.by, min(at, context.now))
            return stopped(event.clock, clock, stop, context)
        case _:
            if not run.expected:
                due = facts_due(event.clock, clock, rule, ticket, context)
                # A share of the order is told on the order's stream too, which is not read here.
                run.expected = [one for one in due if one.FAMILY == event.FAMILY]
            if type(event) not in {type(one) for one in run.expected}:
                return None
            while type(run.expected[0]) is not type(event):
                _missed(run, run.expected.pop(0), moment)
            return run.expected.pop(0)


def _is_moot(run: _Run, moment: Moment, event: ClockCancelled, rules: Book) -> bool:
    """Return whether what is said to end a promise without its being kept does so."""
    ticket, clock, rule = moment.before, run.clock, rule_of(event.clock, rules)
    assert ticket is not None, "a promise runs on a ticket that is there"
    match event.why:
        case clocks.REOPENED:
            return ticket.round != run.moment.after.round
        case clocks.NOT_IN_BOOK:
            classes = classes_of(ticket, moment.order, rules)
            return rule is None or not rule.is_made_to(classes)
        case clocks.WITHDRAWN:
            starts = () if rule is None else rule.starts
            return any(one in ticket.withdrawn and one not in ticket.milestones for one in starts)
        case clocks.CORRECTED:
            classes = classes_of(ticket, moment.order, rules)
            whole = clock is not None and not clock.breached
            dropped = rule is not None and not rule.is_made_to(classes)
            return ticket.corrected and whole and dropped
        case milestone:
            name, _, about = milestone.partition(":")
            at = seen(ticket, moment.order).get(milestone)
            if rule is None or clock is None or at is None or at < clock.since:
                return False
            return name in rule.cancels and about in {"", event.clock.partition(":")[2]}


def _told(run: _Run) -> Decision:
    event = run.event
    gone = NO_BOOK if run.rules is None else None
    counted: tuple[Step, ...] = ()
    if run.rules is not None and run.clock is not None:
        counted = tuple(
            additions(
                run.rules.calendar_of(run.clock.calendar),
                run.clock.transitions,
                target=timedelta(seconds=run.clock.target_s),
                ended=run.ended,
            )
        )
    if run.state == "running" and run.clock is not None and run.clock.breached:
        run.state = "breached"
    return Decision(
        about=event.clock,
        book=run.book,
        inputs=tuple(run.inputs),
        steps=(*run.started, *counted, *sorted(run.steps, key=_by_event)),
        result={
            "row": event.row,
            "since": event.since,
            "due_at": run.due_at,
            "state": run.state,
            **run.result,
        },
        event=ref(run.moment.record),
        recomputed=None if gone else not run.wrong,
        differences=tuple(run.wrong),
        not_recomputed=gone,
    )


def _by_event(step: Step) -> float:
    return 0.0 if step.event is None else moment_of(step.event.at).timestamp()
