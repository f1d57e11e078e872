"""Pilots judged: which can be, and under which book a ticket is opened in one."""

from datetime import timedelta
from typing import Any, Final

import pytest
from msgspec.structs import replace

from domain import errors
from domain.commands import AnnouncePilot, EndPilot, OpenTicket
from domain.errors import Refusal
from domain.events import ArmDrawn, PilotAnnounced, PilotEnded, TicketOpened
from domain.policies.book import Book
from domain.ticket.adoption import NOTICE
from domain.ticket.following import settle
from domain.ticket.piloting import LASTS_MAX, Pilots, decide_pilot, evolve_pilots
from domain.ticket.pilots import Pilot, drawn_bp
from domain.values import (
    Actor,
    Arm,
    Channel,
    Instant,
    Money,
    OrderLine,
    later,
    moment_of,
)
from tests.scenario import (
    ADMIN,
    BOOK,
    BUYER,
    EVERYBODY,
    MOMENT,
    NOW,
    ORDER,
    TICKET,
    Scenario,
    for_each,
    named,
    ordered,
    whole_book,
)

SOON: Final = later(NOW, NOTICE)
WEEK: Final = timedelta(days=7)
TRIED: Final = whole_book(named("tried-1")).model_copy(
    update={"in_force_from": moment_of(Instant("2100-01-01T00:00:00.000000Z"))}
)
OPENING: Final = OpenTicket(channel=Channel.APP, order=ORDER)
RUNNING: Final = Pilot("p-1", TRIED.version, NOW, later(NOW, WEEK), 10_000, "try_first", "phones")


def announcing(**terms: Any) -> AnnouncePilot:
    """Return the command that announces a pilot of a week."""
    usual = {"begins_at": SOON, "ends_at": later(SOON, WEEK), "why": "try_first"}
    return AnnouncePilot(**{"pilot": "p-1", "policy": TRIED.version, **usual, **terms})


def judged(
    command: AnnouncePilot | EndPilot,
    pilots: Pilots = (),
    *,
    by: Actor = ADMIN,
    now: Instant = NOW,
    tried: Book = TRIED,
) -> tuple[PilotAnnounced | PilotEnded, ...]:
    """Return what follows where one book is in force and another one is adopted."""
    context = Scenario(now=now, book=BOOK, others=(tried,)).context(by)
    in_force = {True: tried, False: BOOK}
    return decide_pilot(
        command, pilots, context, lambda at: in_force[moment_of(at) >= tried.in_force_from]
    )


def announced(*commands: AnnouncePilot) -> Pilots:
    """Return the pilots after these announcements."""
    pilots: Pilots = ()
    for command in commands:
        for event in judged(command, pilots):
            pilots = evolve_pilots(pilots, event)
    return pilots


def refused(command: AnnouncePilot | EndPilot, pilots: Pilots = (), **how: Any) -> type[Refusal]:
    """Return why a command is refused."""
    with pytest.raises(Refusal) as found:
        judged(command, pilots, **how)
    return found.type


@pytest.mark.parametrize("actor", for_each(EVERYBODY, but=[ADMIN]))
def test_nobody_but_an_administrator_pilots(actor: Actor) -> None:
    """What tickets are promised is nobody else's to try."""
    assert refused(announcing(), by=actor) is errors.NotYourRole


@pytest.mark.parametrize(
    "terms",
    [
        {},
        {"share_bp": 0},
        {"share_bp": 10_000},
        {"ends_at": later(SOON, MOMENT)},
        {"ends_at": later(SOON, LASTS_MAX)},
    ],
)
def test_what_is_just_inside_the_figures_is_announced(terms: dict[str, Any]) -> None:
    """With every term on record as it was asked."""
    command = announcing(**terms)
    (event,) = judged(command)
    fields = command.__struct_fields__
    assert {name: getattr(event, name) for name in fields} == {
        name: getattr(command, name) for name in fields
    }


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"share_bp": -1}, errors.Unreasonable),
        ({"share_bp": 10_001}, errors.Unreasonable),
        ({"begins_at": later(SOON, -MOMENT)}, errors.PilotNotAhead),
        ({"ends_at": SOON}, errors.Unreasonable),
        ({"ends_at": later(SOON, LASTS_MAX + MOMENT)}, errors.Unreasonable),
        (
            {
                "begins_at": Instant("9999-12-30T00:00:00.000000Z"),
                "ends_at": Instant("9999-12-31T23:59:59.999999Z"),
            },
            errors.BookInForce,
        ),
        ({"policy": "nobody-s"}, errors.UnknownBook),
        ({"policy": BOOK.version}, errors.BookInForce),
    ],
)
def test_what_is_just_outside_the_figures_is_refused(
    terms: dict[str, Any], reason: type[Refusal]
) -> None:
    """Nothing in the past, no share of more than all, no end before the beginning."""
    assert refused(announcing(**terms)) is reason


@pytest.mark.parametrize(("begins", "refusal"), [(WEEK, None), (WEEK - MOMENT, errors.BookInForce)])
def test_a_pilot_ends_before_its_book_is_in_force_for_all(
    begins: timedelta, refusal: type[Refusal] | None
) -> None:
    """From then on there would be nothing beside it."""
    tried = TRIED.model_copy(update={"in_force_from": moment_of(later(SOON, begins))})
    if refusal is None:
        assert judged(announcing(), tried=tried)
    else:
        assert refused(announcing(), tried=tried) is refusal


@pytest.mark.parametrize(
    ("first", "second", "meet"),
    [
        ("phones", "phones", True),
        (None, "phones", True),
        ("phones", None, True),
        (None, None, True),
        ("phones", "tea", False),
    ],
)
def test_a_ticket_is_in_one_pilot_at_most(
    first: str | None, second: str | None, *, meet: bool
) -> None:
    """Those that could take the same ticket at the same instant are refused, and no others."""
    known = announced(announcing(category=first))
    other = announcing(pilot="p-2", category=second)
    assert (not meet) or refused(other, known) is errors.PilotOverlaps
    assert meet or judged(other, known)
    end = later(SOON, WEEK)
    after = announcing(pilot="p-2", category=second, begins_at=end, ends_at=later(end, WEEK))
    assert judged(after, known)
    inside = replace(after, begins_at=later(end, -MOMENT))
    assert (not meet) or refused(inside, known) is errors.PilotOverlaps


def test_the_same_again_is_one_pilot_and_other_terms_have_another_name() -> None:
    """A repeated request makes no second pilot, and a name says one thing for ever."""
    known = announced(announcing())
    assert judged(announcing(), known) == ()
    assert judged(announcing(), known, now=later(NOW, WEEK)) == ()
    assert refused(announcing(share_bp=1), known) is errors.PilotKnownOtherwise


def test_an_end_leaves_every_process_time_to_know_it() -> None:
    """Once ended it stays so; what is over by its time needs no end."""
    known = announced(announcing())
    ending = EndPilot(pilot="p-1", why="seen_enough")
    at = later(SOON, timedelta(days=1))
    (event,) = judged(ending, known, now=at)
    assert event == PilotEnded(pilot="p-1", ends_at=later(at, NOTICE), why="seen_enough")
    ended = evolve_pilots(known, event)
    assert [ended[0].runs_at(one) for one in (at, later(at, NOTICE - MOMENT))] == [True, True]
    assert not ended[0].runs_at(later(at, NOTICE))
    assert judged(ending, ended, now=later(at, MOMENT)) == ()
    assert judged(ending, known, now=later(SOON, WEEK)) == ()
    assert refused(EndPilot(pilot="p-2", why="x"), known) is errors.UnknownPilot
    assert refused(announcing(), ended) is errors.PilotKnownOtherwise


def test_a_pilot_that_ended_before_it_began_is_in_nobodys_way() -> None:
    """It takes no ticket, so another one may take its time."""
    known = announced(announcing(begins_at=later(NOW, WEEK), ends_at=later(NOW, 2 * WEEK)))
    (event,) = judged(EndPilot(pilot="p-1", why="not_now"), known)
    assert judged(
        announcing(pilot="p-2", ends_at=later(NOW, 3 * WEEK)), evolve_pilots(known, event)
    )


# --- opening ----------------------------------------------------------------------------------


def opened(
    pilot: Pilot | None, scenario: Scenario | None = None, command: OpenTicket = OPENING
) -> tuple[TicketOpened, ArmDrawn | None]:
    """Return the opening of a ticket and what it drew, where one pilot is announced or none."""
    story = scenario or ordered()
    context = replace(
        Scenario(order=story.order, now=story.now, others=(TRIED,)).context(BUYER),
        order=story.order if command.order else None,
        pilots=() if pilot is None else (pilot,),
    )
    facts = settle(command, None, context)
    drawn = [one for one in facts if isinstance(one, ArmDrawn)]
    assert isinstance(facts[0], TicketOpened)
    assert len(drawn) <= 1
    return facts[0], drawn[0] if drawn else None


DRAWN: Final = drawn_bp("p-1", TICKET)


@pytest.mark.parametrize("share_bp", [DRAWN, DRAWN + 1])
def test_below_the_share_a_ticket_is_piloted_and_at_it_it_is_not(share_bp: int) -> None:
    """The edge of the share, with both books and the draw on record."""
    first, drawn = opened(replace(RUNNING, share_bp=share_bp))
    assert drawn is not None
    piloted = share_bp > DRAWN
    assert drawn.arm is (Arm.PILOTED if piloted else Arm.CONTROL)
    assert (drawn.drawn_bp, drawn.share_bp) == (DRAWN, share_bp)
    books = (TRIED.version, BOOK.version)
    assert (drawn.policy, drawn.other) == (books if piloted else books[::-1])
    assert first.policy == drawn.policy


@pytest.mark.parametrize(
    ("begins", "ends", "inside"),
    [
        (NOW, later(NOW, MOMENT), True),
        (later(NOW, MOMENT), later(NOW, WEEK), False),
        (later(NOW, -WEEK), NOW, False),
    ],
)
def test_a_pilot_takes_tickets_from_its_first_instant_to_before_its_last(
    begins: Instant, ends: Instant, *, inside: bool
) -> None:
    """Half open, as everything here."""
    _, drawn = opened(replace(RUNNING, begins_at=begins, ends_at=ends))
    assert (drawn is not None) is inside


def test_the_category_is_the_lines() -> None:
    """Of an order with several lines it is the named one's; without an order there is none."""
    lines = [
        OrderLine(
            line=name,
            sku=name,
            title=name,
            category=category,
            quantity=1,
            paid=Money(100, "CNY"),
        )
        for name, category in (("1", "phones"), ("2", "tea"))
    ]
    story = ordered(*lines)
    assert opened(RUNNING, story, replace(OPENING, line="1"))[1] is not None
    assert opened(RUNNING, story, replace(OPENING, line="2"))[1] is None
    bare = replace(OPENING, order=None)
    assert opened(RUNNING, None, bare)[1] is None
    assert opened(replace(RUNNING, category=None), None, bare)[1] is not None


def test_what_is_refused_without_a_pilot_is_refused_in_one() -> None:
    """A line nobody bought tells nothing about pilots."""
    with pytest.raises(errors.UnknownLine):
        opened(RUNNING, None, replace(OPENING, line="9"))


def test_words_are_judged_by_the_book_of_the_arm() -> None:
    """The old book knows no words, the tried one does: its diagnosis names it."""
    said = replace(OPENING, statement="The screen is broken.")
    context = replace(
        Scenario(order=ordered().order, others=(TRIED,)).context(BUYER), order=ordered().order
    )
    facts = settle(said, None, replace(context, pilots=(RUNNING,)))
    assert {getattr(one, "policy", TRIED.version) for one in facts} == {TRIED.version}
    assert any(one.TOPIC == "diagnosis.made.v1" for one in facts)
    without = settle(said, None, context)
    assert not any(one.TOPIC == "diagnosis.made.v1" for one in without)


def test_imported_tickets_draw_nothing() -> None:
    """Another system's history was promised nothing by us."""
    context = Scenario(order=ordered().order, others=(TRIED,)).context(BUYER)
    there = replace(context, order=ordered().order, pilots=(RUNNING,), imported=True)
    facts = settle(OPENING, None, there)
    assert not any(isinstance(one, ArmDrawn) for one in facts)
