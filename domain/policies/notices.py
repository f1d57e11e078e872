"""Notices: who is told of which fact, by which channels, in whose hours, and in which words.

A text names the ticket or the queue and things of the book, never anything of a person. When a
notice is due and how it is sent is not decided here.
"""

import inspect
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from string import Formatter
from typing import Final, Literal, Protocol, get_type_hints

import msgspec
from pydantic import Field

from domain.events import (
    EVENTS,
    ClockWarned,
    DepartmentAsked,
    Event,
    JourneyLaidOut,
    QueueOverflowed,
    ResolutionSigned,
    SurveyAsked,
    TicketEscalated,
    personal_fields,
)
from domain.milestones import Milestone
from domain.policies.calendar import Calendar
from domain.policies.clocks import ClockRule
from domain.policies.routing import Department, Desk, Load
from domain.policies.table import Duration, Source, Table, twice
from domain.values import Instant

NOTHING: Final = timedelta(0)
Locale = Literal["zh-CN", "en"]
NoticeChannel = Literal["email", "sms", "im", "app", "file"]
Recipient = Literal["buyer", "merchant", "desk", "department"]
PARTIES: Final = frozenset({"buyer", "merchant"})
FAMILIES: Final = frozenset({"ticket", "queue"})
"""Of the facts that somebody may be told of; those about a queue are for a desk alone."""
ENCLOSED: Final[Mapping[str, type[Event]]] = {"resolution": ResolutionSigned}
"""What can go with a notice, opened when it is sent → the fact it belongs to."""
OF_ENCLOSED: Final = frozenset({"resolution", "improvement", "compensation"})
"""The names a text may use for what is enclosed."""


class NoticeText(Table):
    """The words of a notice in one language; names in braces are filled in."""

    subject: str = Field(min_length=1, max_length=120)
    body: str = Field(min_length=1, max_length=600)
    enclosed: str | None = None
    """What follows the body when something is enclosed."""


class Notice(Table):
    """Somebody is told of a fact."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    on: str
    """The topic of the fact."""
    when: dict[str, tuple[str, ...]] = Field(default={})
    """What the fact must say of itself, by field; `row` is the promise its clock is of."""
    to: Recipient
    desk: str | None = None
    """Which desk; none for the one the fact itself names."""
    channels: tuple[NoticeChannel, ...] = ()
    """None at all for those of the desk or the department."""
    calendar: str
    """The hours in which it goes out."""
    encloses: str | None = None
    text: dict[Locale, NoticeText]
    source: Source


class Notification(Table):
    """What all notices have in common: languages, channels, and how often one is tried."""

    locales: tuple[Locale, ...] = Field(min_length=1)
    """The first for whom nobody knows which they read."""
    channels: tuple[NoticeChannel, ...] = Field(min_length=1)
    tries: int = Field(gt=0, le=100)
    first_wait: Duration = Field(gt=NOTHING)
    """After the first try; it doubles with each."""
    longest_wait: Duration = Field(gt=NOTHING)
    source: Source

    def wait(self, tries: int) -> timedelta:
        """Return how long to wait after so many tries."""
        assert tries > 0, "a wait follows a try"
        doubled: int = 2 ** min(tries - 1, 32)
        if doubled >= self.longest_wait / self.first_wait:  # a product may be too long to be told
            return self.longest_wait
        return self.first_wait * doubled


class Survey(Table):
    """When the buyer is asked, once a ticket, how likely they would recommend us (CL-02)."""

    within: Duration = Field(gt=NOTHING)
    """From the resolution; a matter that lives again before is asked after its next one."""
    source: Source


class Hours(Protocol):
    """What a book says of when it tells people something."""

    @property
    def notice(self) -> Sequence[Notice]:
        """Return its notices."""
        ...

    def calendar_of(self, name: str) -> Calendar:
        """Return one of its calendars."""
        ...


class LowRating(Table):
    """How low a rating is for the whole journey to be laid out by itself (CL-09)."""

    nps_max: int = Field(ge=0, le=9)
    """Up to so much, of 0 to 10, it is low."""
    mark_max: int = Field(ge=1, le=4)
    """Up to so much, of 1 to 5, a mark is low; one of the three is enough."""
    calendar: str
    """Waits are told by the wall clock, and by the open hours of this calendar beside it."""
    source: Source


def problems(
    notices: Sequence[Notice],
    notification: Notification | None,
    survey: Survey | None,
    low_rating: LowRating | None,
    *,
    calendars: frozenset[str],
    desks: Sequence[Desk],
    departments: Sequence[Department],
    clocks: Sequence[ClockRule],
) -> list[str]:
    """Return what is wrong with the notices, each with the table, the row and the reason."""
    found = [f"notice {name} stands twice" for name in twice([one.id for one in notices])]
    if notices and notification is None:
        found.append("notification is missing, and there are notices")
    if survey is not None and not any(one.on == SurveyAsked.TOPIC for one in notices):
        found.append("survey is asked by no notice")
    if low_rating is not None:
        if not any(one.on == JourneyLaidOut.TOPIC for one in notices):
            found.append("low_rating is told by no notice")
        if low_rating.calendar not in calendars:
            found.append(f"low_rating names {low_rating.calendar}, which is no calendar")
    known = frozenset(one.name for one in desks)
    for notice in notices:
        wrong = [
            *_of_fact(notice, frozenset(one.row for one in clocks), known),
            *_of_recipient(notice, known),
            *_of_text(notice, notification),
        ]
        if notice.calendar not in calendars:
            wrong.append(f"it names the calendar {notice.calendar}, which is not in the book")
        if notification is not None:
            others = {*notice.channels} - {*notification.channels}
            wrong += [f"the channel {one} is not one of notification" for one in sorted(others)]
        found += [f"notice {notice.id}: {one}" for one in wrong]
    if notification is not None:
        found += _unheard(notices, notification, desks, departments, clocks)
        found += _untold(notices, clocks)
    return found


def untold_overflow(notices: Sequence[Notice], load: Load | None) -> Iterable[str]:
    """Yield that a full queue raises an alert which nobody hears (RO-03)."""
    if load is not None and not any(one.on == QueueOverflowed.TOPIC for one in notices):
        yield "load lets queues overflow, and no notice tells a desk of that"


def untold(
    notices: Sequence[Notice],
    clocks: Sequence[ClockRule],
    departments: Sequence[Department],
) -> Iterable[str]:
    """Yield the warnings, requests and written resolutions of which nobody is told."""
    warned = [one for one in notices if one.on == ClockWarned.TOPIC and one.to == "desk"]
    asked = [one for one in notices if one.on == DepartmentAsked.TOPIC and one.to == "department"]
    copied = [
        one
        for one in notices
        if one.on == ResolutionSigned.TOPIC and one.to == "buyer" and "email" in one.channels
    ]
    for clock in clocks:
        if clock.warn_bp and not _fits(warned, "row", clock.row):
            yield f"clock {clock.id} warns a desk that no notice tells"
        if Milestone.WRITTEN_RESOLUTION in clock.stops and not copied:
            yield (
                f"clock {clock.id} is kept by a written resolution, and no notice copies it to "
                f"the buyer's e-mail ({clock.row})"
            )
    for department in departments:
        if not _fits(asked, "department", department.name):
            yield f"department {department.name} is asked for plans, and no notice tells it (RO-04)"


def _fits(notices: Iterable[Notice], field: str, word: str) -> bool:
    """Return whether one of the notices is of a fact that says a word of itself."""
    return any(word in one.when.get(field, (word,)) for one in notices)


def opens_at(topic: str, at: Instant, book: Hours) -> Instant:
    """Return when a fact that is recorded at an instant can first be told by a book."""
    told = {one.calendar for one in book.notice if one.on == topic}
    return min((book.calendar_of(name).next_open(at) for name in told), default=at)


def fields_of(notice: Notice) -> frozenset[str]:
    """Return the names a notice's text may use; `problems` proves that there is such a fact."""
    event = EVENTS[notice.on]
    told = {field.name for field in msgspec.structs.fields(event)}
    names = {event.FAMILY}
    if "clock" in told:
        names |= {"promise", "row"}
    if notice.to == "desk":
        names.add("desk")
    if "department" in told:
        names.add("department")
    return frozenset(names)


def _of_fact(notice: Notice, rows: frozenset[str], desks: frozenset[str]) -> Iterable[str]:
    """Yield what is wrong with the fact a notice is about, and with its condition."""
    event = EVENTS.get(notice.on)
    if event is None or event.FAMILY not in FAMILIES:
        yield f"{notice.on} is no fact about a ticket or a queue"
        return
    for name, values in notice.when.items():
        if name == "row" and "clock" in _codes(event):
            yield from (f"no clock keeps {one}" for one in values if one not in rows)
        elif name not in _codes(event):
            yield f"{notice.on} says nothing of {name}"
        elif name == "to" and "clock" in _codes(event):
            yield from (f"the desk {one} is not in the book" for one in values if one not in desks)
        if not values:
            yield f"no {name} fits it"
    if notice.encloses is not None and ENCLOSED.get(notice.encloses) is not event:
        yield f"{notice.encloses} does not come with {notice.on}"


def _codes(event: type[Event]) -> frozenset[str]:
    """Return the fields of a fact that hold a word for machines."""
    hints = get_type_hints(event)
    return frozenset(
        field.name
        for field in msgspec.structs.fields(event)
        if field.name not in personal_fields(event)
        and inspect.isclass(hints[field.name])
        and issubclass(hints[field.name], (str, StrEnum))
    )


def _of_recipient(notice: Notice, desks: frozenset[str]) -> Iterable[str]:
    """Yield what is wrong with who is told."""
    event = EVENTS.get(notice.on)
    said = frozenset[str]() if event is None else _codes(event)
    if notice.to in PARTIES and not notice.channels:
        yield "a party is told by channels that it names"
    if event is not None and event.FAMILY == "queue" and notice.desk is None:
        yield "a fact about a queue is told to a desk that it names"
    if notice.desk is not None and (notice.to != "desk" or notice.desk not in desks):
        yield f"{notice.desk} is no desk it can be told to"
    if notice.to == "desk" and notice.desk is None and not {"clock", "to"} <= said:
        yield "the fact names no desk, and it does neither"
    if notice.to == "department" and "department" not in said:
        yield "the fact names no department"
    if notice.encloses is not None and notice.to != "buyer":
        yield "what is enclosed is for the buyer"


def _of_text(notice: Notice, notification: Notification | None) -> Iterable[str]:
    """Yield what is wrong with its words."""
    locales = () if notification is None else notification.locales
    yield from (f"its text in {one} is missing" for one in locales if one not in notice.text)
    if notice.on not in EVENTS:
        return
    names = fields_of(notice)
    for locale, text in notice.text.items():
        if (text.enclosed is None) != (notice.encloses is None):
            yield f"its text in {locale} and what it encloses do not fit"
        yield from _braces(text.subject, names, locale)
        yield from _braces(text.body, names, locale)
        yield from _braces(text.enclosed or "", OF_ENCLOSED, locale)


def _braces(text: str, names: frozenset[str], locale: str) -> Iterable[str]:
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        yield f"its text in {locale} has a brace too many"
        return
    for _, name, form, conversion in parts:
        if name is not None and (name not in names or form or conversion):
            yield f"its text in {locale} names {name or 'nothing'} in braces"


def _unheard(
    notices: Sequence[Notice],
    notification: Notification,
    desks: Sequence[Desk],
    departments: Sequence[Department],
    clocks: Sequence[ClockRule],
) -> Iterable[str]:
    """Yield the desks and departments that would be called by no channel, or by an unknown one."""
    for kind, rows in (("desk", desks), ("department", departments)):
        for row in rows:
            others = sorted({*row.notify} - {*notification.channels})
            yield from (
                f"{kind} {row.name} is told by {one}, which is no channel" for one in others
            )
    called = {rung.to for clock in clocks for rung in clock.ladder}
    called |= {one.desk for one in notices if one.desk is not None and not one.channels}
    yield from (
        f"desk {desk.name} is called and told by no channel"
        for desk in desks
        if desk.name in called and not desk.notify
    )


def _untold(notices: Sequence[Notice], clocks: Sequence[ClockRule]) -> Iterable[str]:
    """Yield the promises whose breach is brought before a desk that no notice tells."""
    told = [one.when.get("row") for one in notices if one.on == TicketEscalated.TOPIC]
    for clock in clocks:
        if clock.ladder and not any(rows is None or clock.row in rows for rows in told):
            yield f"clock {clock.id} is brought before a desk that no notice tells"
