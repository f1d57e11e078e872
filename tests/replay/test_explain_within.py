"""An explanation as of a moment between the facts of one command, which belong together."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cache

import pytest

from domain import commands as asked
from domain.events import (
    AppealFiled,
    DeadlineGiven,
    Event,
    GrantPaid,
    GrantReleased,
    OverduePayoutOwed,
    RefundGranted,
    RefundSettled,
    RemedyCancelled,
    RemedyCompleted,
    RemedyOrdered,
    RulingIssued,
    RulingOverturned,
    RulingUpheld,
    TicketClosed,
    TicketResolved,
)
from domain.record import Record
from domain.values import Kind, Money, Party, Responsible, Share
from replay.explain import Decision, What, explain, recomputed
from tests.replay.explaining import (
    COUPON,
    appealed,
    begun,
    book,
    forged,
    fresh_food,
    other_book,
    passed,
    ruled,
    the,
    worked,
)
from tests.replay.told import Told
from tests.scenario import (
    AGENT,
    LINE,
    MERCHANT,
    PAYMENT,
    SUPERVISOR,
    TICKET,
)

# --- matters ----------------------------------------------------------------------------------


@cache
def paid_out() -> Told:
    """Return a matter whose refund arrived, whose coupon was issued, and that was closed."""
    story = (
        ruled()
        .done(asked.SettleRefund(ticket=TICKET, remedy="R1", reference="p-1"), PAYMENT)
        .done(asked.IssueCoupon(ticket=TICKET, remedy="R2", coupon="c-1"), AGENT)
    )
    return passed(story, "closing")


@cache
def reopened() -> Told:
    """Return a matter that was resolved, and then appealed."""
    story = (
        ruled()
        .done(asked.SettleRefund(ticket=TICKET, remedy="R1", reference="p-1"), PAYMENT)
        .done(asked.IssueCoupon(ticket=TICKET, remedy="R2", coupon="c-1"), AGENT)
    )
    return story.done(asked.FileAppeal(ticket=TICKET, grounds="Look again."), MERCHANT)


@cache
def reviewed(outcome: str) -> Told:
    """Return a matter whose ruling was reviewed, and what was owed paid or taken off."""
    if outcome == "upheld":
        return appealed(outcome)
    favoured = Party.BUYER if outcome == "varied" else Party.MERCHANT
    blamed = Responsible.MERCHANT if outcome == "varied" else Responsible.BUYER
    return appealed(
        outcome,
        in_favour_of=favoured,
        shares=(Share(blamed, 10_000),),
        awards=(COUPON,) if outcome == "varied" else (),
    )


@cache
def taken_off() -> Told:
    """Return a matter with goodwill that was granted, and taken off again."""
    off = asked.CancelRemedy(ticket=TICKET, remedy="R1", why="granted_by_mistake")
    return (
        begun(kind=Kind.COMPLAINT)
        .done(asked.AcceptTicket(ticket=TICKET), AGENT)
        .done(asked.GrantRemedy(ticket=TICKET, terms=COUPON), SUPERVISOR)
        .done(off, SUPERVISOR)
    )


@cache
def abandoned() -> Told:
    """Return a matter that ended by itself, step by step."""
    story = (
        begun(kind=Kind.DISPUTE)
        .done(asked.AcceptTicket(ticket=TICKET), AGENT)
        .done(asked.RefuseClaim(ticket=TICKET, reasons="It was activated."), MERCHANT)
        .done(asked.MakeOffer(ticket=TICKET, terms=(COUPON,)), MERCHANT)
    )
    for deadline in ("offer:O1", "negotiation", "intervention", "closing"):
        story = passed(story, deadline)
    return story


@cache
def late() -> Told:
    """Return a complaint about fresh food that is given out, and whose promises are broken."""
    story = fresh_food()
    for _ in range(8):
        story = worked(story.after(timedelta(hours=6)))
    return story


MATTERS: dict[str, Callable[[], Told]] = {
    "paid_out": paid_out,
    "reopened": reopened,
    "upheld": lambda: reviewed("upheld"),
    "varied": lambda: reviewed("varied"),
    "overturned": lambda: reviewed("overturned"),
    "taken_off": taken_off,
    "abandoned": abandoned,
    "late": late,
}
SHOWN: dict[str, tuple[type[Event], ...]] = {
    "paid_out": (RulingIssued, RefundSettled, GrantPaid, TicketClosed),
    "reopened": (TicketResolved, AppealFiled),
    "upheld": (RulingUpheld,),
    "varied": (RemedyCancelled, GrantReleased),
    "overturned": (RulingOverturned, RemedyCancelled),
    "taken_off": (RemedyCancelled,),
    "abandoned": (TicketResolved, TicketClosed),
    "late": (OverduePayoutOwed,),
}
"""What each of them is there for."""


def as_of(
    what: What,
    story: Told,
    upto: int | None,
    *,
    ticket: Sequence[Record] | None = None,
    order: Sequence[Record] | None = None,
) -> tuple[Decision, ...]:
    """Return what is explained of a matter as of a position."""
    return explain(
        what,
        story.of_ticket if ticket is None else ticket,
        story.of_order if order is None else order,
        books={one.version: one for one in (book(), other_book())}.get,
        texts=story.texts,
        upto=upto,
    )


def positions(story: Told) -> range:
    """Return every position from the ticket's first fact to the last."""
    return range(story.of_ticket[0].position, story.records[-1].position + 1)


@cache
def every_moment(what: What, matter: str) -> dict[int, tuple[Decision, ...]]:
    """Return what is explained of a matter as of each position."""
    story = MATTERS[matter]()
    return {upto: as_of(what, story, upto) for upto in positions(story)}


def place_of(story: Told, kind: type[Event]) -> int:
    """Return the position of the first fact of a kind."""
    return next(one.position for one in story.records if isinstance(one.event, kind))


def until(records: Sequence[Record], upto: int) -> list[Record]:
    """Return records with all behind a position lost."""
    return [one for one in records if one.position <= upto]


# --- every moment comes out again -------------------------------------------------------------


@pytest.mark.parametrize("matter", MATTERS)
@pytest.mark.parametrize("what", What)
def test_every_moment_of_an_honest_matter_is_worked_out_again(what: What, matter: str) -> None:
    """A version lies between two facts of one command more often than not: that is no forgery."""
    story = MATTERS[matter]()
    kinds = {type(one.event) for one in story.records}
    assert kinds.issuperset(SHOWN[matter])
    wrong = [
        (upto, one.about, one.differences)
        for upto, decisions in every_moment(what, matter).items()
        for one in decisions
        if one.recomputed is False
    ]
    assert wrong == []


@pytest.mark.parametrize("matter", MATTERS)
@pytest.mark.parametrize("what", What)
def test_nothing_behind_the_moment_is_told(what: What, matter: str) -> None:
    """What was there then is told as it stood then, though its command went on."""
    for upto, decisions in every_moment(what, matter).items():
        for one in decisions:
            places = [one.event, *(each.event for each in (*one.inputs, *one.steps))]
            told = [int(each.position.partition("-")[2]) for each in places if each is not None]
            assert max(told) <= upto


@pytest.mark.parametrize("what", What)
def test_the_last_moment_is_what_is_explained_without_one(what: What) -> None:
    """A moment behind everything cuts nothing."""
    story = paid_out()
    assert as_of(what, story, story.records[-1].position) == as_of(what, story, None)


# --- what is wrong stays wrong ----------------------------------------------------------------


def test_a_payment_its_order_never_took_note_of_is_found_within_its_command_too() -> None:
    """The rest of the command excuses nothing that it does not hold."""
    story = paid_out()
    order = [one for one in story.of_order if not isinstance(one.event, GrantPaid)]
    for upto in (*range(place_of(story, RefundSettled), positions(story).stop), None):
        refund = the(as_of(What.OWED, story, upto, order=order), "remedy:R1")
        (wrong,) = refund.differences
        assert (wrong.what, wrong.on_record, wrong.recomputed) == ("paid", "paid", "not used up")


def test_a_payment_nobody_made_is_found_within_its_command_too() -> None:
    """The order says that it was used up, and nothing of its command says that it arrived."""
    story = ruled()
    paid = GrantPaid(ticket=TICKET, remedy="R1", line=LINE, amount=Money(499_900, "CNY"))
    story = story.given(paid, RemedyCompleted(remedy="R1"))
    for upto in (place_of(story, GrantPaid), None):
        (wrong,) = the(as_of(What.OWED, story, upto), "remedy:R1").differences
        assert (wrong.what, wrong.on_record, wrong.recomputed) == ("paid", "owed", "used up")


def test_a_ruling_whose_last_facts_are_lost_is_found_within_it_and_at_its_end() -> None:
    """What should have followed is missing from the whole command, not only before the moment."""
    story = ruled()
    lost = max(one.position for one in story.records if isinstance(one.event, DeadlineGiven))
    first = place_of(story, RulingIssued)
    assert first < lost - 1
    ticket, order = until(story.of_ticket, lost - 1), until(story.of_order, lost - 1)
    for upto in (*range(first, lost), None):
        (ruling,) = as_of(What.RULING, story, upto, ticket=ticket, order=order)
        (wrong,) = ruling.differences
        assert (wrong.on_record, wrong.recomputed) == ("nothing", DeadlineGiven.TOPIC)


def test_a_consequence_whose_last_facts_are_lost_is_found_within_it_and_at_its_end() -> None:
    """Time brought an end and the rest is not on record: it is missed from the first fact on."""
    story = abandoned()
    resolved = place_of(story, TicketResolved)
    ticket = until(story.of_ticket, resolved)
    for upto in (resolved - 1, resolved, None):
        decision = as_of(What.OUTCOME, story, upto, ticket=ticket)[-1]
        assert [one.recomputed for one in decision.differences] == [DeadlineGiven.TOPIC]


@pytest.mark.parametrize("what", [What.RULING, What.OWED])
def test_a_forged_grant_is_found_from_the_ruling_on(what: What) -> None:
    """What is not told yet counts in judging its command: another amount is one from the start."""
    story = ruled()
    order = forged(story.of_order, RefundGranted, amount=Money(1, "CNY"))
    first = place_of(story, RulingIssued if what is What.RULING else RemedyOrdered)
    for upto in range(first, positions(story).stop):
        assert not recomputed(as_of(what, story, upto, order=order))


# --- other tickets of the order ---------------------------------------------------------------


def test_what_another_ticket_takes_later_counts_in_the_sum_of_the_line() -> None:
    """RE-16: a line is told over all its tickets, whichever of them was written to last."""
    story = taken_off().given(
        RefundGranted(
            ticket="T0-261122-0000009",
            remedy="R1",
            line=LINE,
            amount=Money(700, "CNY"),
            cap=Money(499_900, "CNY"),
            policy=book().version,
        )
    )
    line = the(as_of(What.OWED, story, None), f"line:{LINE}:refunds")
    assert line.differences == ()
    assert line.result["taken_minor"] == 700
    before = story.records[-1].position - 1
    assert all(one.about != f"line:{LINE}:refunds" for one in as_of(What.OWED, story, before))
