"""Attempts and their comparison on the pure core: parts, points, order of commands, decisions."""

from typing import Any

import msgspec
import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from domain import errors
from domain.commands import AnswerKey, Room
from domain.events import (
    AnswerGiven,
    Event,
    MerchantApproved,
    RemedyOrdered,
    ResolutionSigned,
    RulingIssued,
    RulingOverturned,
    RulingUpheld,
    RulingVaried,
    SettlementReached,
    SourceOutcomeReported,
    TicketClosed,
    TicketReopened,
    TicketResolved,
)
from domain.ticket.decisions import Decision, evolve_decision
from domain.ticket.verdicts import compared, sound
from domain.values import (
    BASIS_POINTS,
    Decided,
    Difficulty,
    Ending,
    Money,
    Part,
    Party,
    Personal,
    Points,
    RemedyKind,
    Responsible,
    Share,
    Terms,
    Verdict,
)

REFUND = Terms(kind=RemedyKind.REFUND, line="line-1", amount=Money(10_000, "CNY"))
COUPON = Terms(kind=RemedyKind.COUPON, line="line-1", amount=Money(500, "CNY"))
WHOLE = (Share(Responsible.MERCHANT, BASIS_POINTS),)
REAL = Verdict(
    in_favour_of=Party.BUYER,
    shares=WHOLE,
    awards=(REFUND,),
    clauses=("a.one", "a.two"),
    relied_on=("E1",),
)
WORTH = (
    Points(Part.FAVOUR, 0, 10),
    Points(Part.SHARES, 0, 30),
    Points(Part.REMEDIES, 0, 30),
    Points(Part.CLAUSES, 0, 15),
    Points(Part.EVIDENCE, 0, 15),
)
KEY = AnswerKey(
    decided=Decided.RULING,
    real=REAL,
    worth=WORTH,
    scoring="test",
    evidence=("E1", "E2"),
    policy="p",
    clauses=("a.one", "a.two", "a.three"),
    rooms=(Room("line-1", Money(10_000, "CNY"), Money(3_000, "CNY")),),
)
TEXT = Personal("x", subject="ticket:T0-1")


def given(**change: Any) -> Verdict:
    """Return the real decision with something else."""
    fields = {name: getattr(REAL, name) for name in Verdict.__struct_fields__}
    return Verdict(**{**fields, **change})


def test_the_real_decision_has_every_point() -> None:
    """Nothing differs from itself."""
    found = compared(sound(REAL, KEY), KEY)
    assert (found.score, found.within_cap) == (100, True)
    assert [one.found for one in found.remedies] == ["same"]


@pytest.mark.parametrize(
    ("change", "part", "points"),
    [
        ({"in_favour_of": Party.MERCHANT}, Part.FAVOUR, 0),
        ({"shares": (Share(Responsible.BUYER, BASIS_POINTS),)}, Part.SHARES, 0),
        (
            {"shares": (Share(Responsible.BUYER, 5_000), Share(Responsible.MERCHANT, 5_000))},
            Part.SHARES,
            15,
        ),
        ({"awards": ()}, Part.REMEDIES, 0),
        ({"awards": (REFUND, COUPON)}, Part.REMEDIES, 15),
        ({"clauses": ("a.three",)}, Part.CLAUSES, 0),
        ({"clauses": ("a.one",)}, Part.CLAUSES, 7),
        ({"relied_on": ("E1", "E2")}, Part.EVIDENCE, 7),
    ],
)
def test_a_part_that_differs_costs_its_own_points(
    change: dict[str, Any], part: Part, points: int
) -> None:
    """One part wrong is one part wrong: the others keep what they are worth."""
    found = {one.part: one for one in compared(sound(given(**change), KEY), KEY).points}
    assert found[part].points == points
    assert all(one.points == one.of for name, one in found.items() if name is not part)


@drawn(amount=st.integers(1, 20_000), on_top=st.integers(1, 6_000))
def test_the_cap_is_told_exactly(amount: int, on_top: int) -> None:
    """What is given back and what is given on top have a room each."""
    awards = (
        Terms(kind=RemedyKind.REFUND, amount=Money(amount, "CNY")),
        Terms(kind=RemedyKind.COUPON, amount=Money(on_top, "CNY")),
    )
    found = compared(sound(given(awards=awards), KEY), KEY)
    assert found.within_cap is (amount <= 10_000 and on_top <= 3_000)
    assert 0 <= found.score <= 100


def test_two_lines_need_to_be_told_apart() -> None:
    """An amount on no line of several is on none."""
    two = AnswerKey(
        **{
            **{name: getattr(KEY, name) for name in AnswerKey.__struct_fields__},
            "rooms": (KEY.rooms[0], Room("line-2", Money(1, "CNY"), Money(0, "CNY"))),
        }
    )
    bare = Terms(kind=RemedyKind.REFUND, amount=Money(1, "CNY"))
    with pytest.raises(errors.LineRequired):
        sound(given(awards=(bare,)), two)
    assert compared(sound(given(awards=(REFUND,)), two), two).within_cap


def test_a_sources_outcome_is_asked_where_there_is_no_ruling_and_nowhere_else() -> None:
    """Another system's word is the real decision there."""
    real = Verdict(shares=(), awards=(), clauses=(), relied_on=(), outcome="6")
    key = AnswerKey(
        decided=Decided.SOURCE,
        real=real,
        worth=(Points(Part.OUTCOME, 0, 100),),
        scoring="test",
        evidence=(),
        policy="p",
        clauses=(),
        rooms=(),
    )
    assert compared(sound(real, key), key).score == 100
    with pytest.raises(errors.Unreasonable):
        sound(Verdict(shares=(), awards=(), clauses=(), relied_on=()), key)
    with pytest.raises(errors.Unreasonable):
        sound(given(outcome="6"), KEY)
    with pytest.raises(errors.NothingToRefund):
        sound(Verdict((), (REFUND,), (), (), outcome="6"), key)


# --- where a matter was decided ---------------------------------------------------------------


def ruling(kind: type = RulingIssued, **fields: Any) -> Event:
    """Return a decision of an arbitrator."""
    said = {
        "ruling": "J1",
        "in_favour_of": Party.BUYER,
        "shares": WHOLE,
        "awards": (),
        "reasons": TEXT,
        "clauses": (),
        "relied_on": (),
        "policy": "p",
    }
    event: Event = kind(**said, **fields)
    return event


ANSWER = AnswerGiven(text=TEXT, resolves=True)
GIFT = RemedyOrdered(remedy="R1", terms=COUPON, source="goodwill", policy="p")
APPROVAL = MerchantApproved(terms=REFUND)
UPHELD = RulingUpheld(appeal="A1", ruling="J1", reasons=TEXT, clauses=(), relied_on=(), policy="p")
VARIED = ruling(RulingVaried, appeal="A1")
OVERTURNED = ruling(RulingOverturned, appeal="A1")
SIGNED = ResolutionSigned()
RESOLVED, CLOSED = TicketResolved(outcome="remedied"), TicketClosed(outcome="remedied")
REOPENED = TicketReopened(round=2, policy="p")


@pytest.mark.parametrize(
    ("facts", "decided", "version", "over"),
    [
        ((), None, 0, False),
        ((AnswerGiven(text=TEXT, resolves=False),), None, 0, False),
        ((ANSWER, RESOLVED), Decided.ANSWER, 1, True),
        ((ANSWER, RESOLVED, REOPENED), Decided.ANSWER, 1, False),
        ((ANSWER, GIFT, GIFT, CLOSED), Decided.GOODWILL, 2, True),
        ((GIFT, ANSWER, CLOSED), Decided.GOODWILL, 1, True),
        ((APPROVAL, ANSWER, CLOSED), Decided.APPROVAL, 1, True),
        ((ANSWER, RESOLVED, REOPENED, APPROVAL), Decided.APPROVAL, 4, False),
        ((ANSWER, RESOLVED, REOPENED, APPROVAL, ANSWER, RESOLVED), Decided.APPROVAL, 4, True),
        ((GIFT, RESOLVED, REOPENED, APPROVAL, RESOLVED), Decided.APPROVAL, 4, True),
        ((GIFT, RESOLVED, REOPENED, ANSWER, GIFT, RESOLVED), Decided.GOODWILL, 5, True),
        ((GIFT, RESOLVED, REOPENED, RESOLVED), Decided.GOODWILL, 1, True),
        ((ruling(), RESOLVED, REOPENED, APPROVAL, CLOSED), Decided.RULING, 1, True),
        ((SettlementReached(offer="O1", terms=()), RESOLVED), Decided.SETTLEMENT, 1, True),
        ((GIFT, ruling(), RESOLVED), Decided.RULING, 2, False),
        ((ruling(), UPHELD, CLOSED), Decided.APPEAL, 2, True),
        ((ruling(), VARIED, GIFT, CLOSED), Decided.APPEAL, 2, True),
    ],
)
def test_a_matter_is_decided_where_it_was_judged_last(
    facts: tuple[Event, ...], decided: Decided | None, version: int, *, over: bool
) -> None:
    """A ruling outweighs what was given before and after; what may be appealed is not over.

    What was no ruling is not what decided a matter that lived again after it.
    """
    known = Decision()
    for number, fact in enumerate(facts, start=1):
        known = evolve_decision(known, fact, number, imported=False)
    assert (known.decided, known.version, known.over) == (decided, version, over)


def test_another_system_decides_where_it_first_says_the_end() -> None:
    """A reopening there takes the end back; then the next one counts."""
    said = SourceOutcomeReported(fields=())
    known = Decision()
    for number, fact in enumerate((RESOLVED, said, REOPENED, RESOLVED, said, CLOSED), start=1):
        known = evolve_decision(known, fact, number, imported=True)
        assert known.over is isinstance(fact, TicketClosed)
    assert (known.decided, known.version) == (Decided.SOURCE, 4)


def test_what_is_told_beforehand_follows_from_the_course_and_not_from_the_outcome() -> None:
    """Whether shares are divided, or an appeal changed anything, would be half the answer."""
    shares = (Share(Responsible.BUYER, 5_000), Share(Responsible.MERCHANT, 5_000))
    divided = msgspec.structs.replace(ruling(), shares=shares)
    agreed = SettlementReached(offer="O1", terms=())
    for facts, ending, difficulty in (
        ((ANSWER,), Ending.NO_RULING, Difficulty.EASY),
        ((GIFT,), Ending.NO_RULING, Difficulty.EASY),
        ((APPROVAL,), Ending.NO_RULING, Difficulty.EASY),
        ((agreed,), Ending.NO_RULING, Difficulty.EASY),
        ((SIGNED,), Ending.NO_RULING, Difficulty.EASY),
        ((ruling(),), Ending.RULING, Difficulty.MEDIUM),
        ((divided,), Ending.RULING, Difficulty.MEDIUM),
        ((ruling(), UPHELD), Ending.RULING, Difficulty.HARD),
        ((ruling(), VARIED), Ending.RULING, Difficulty.HARD),
        ((ruling(), OVERTURNED), Ending.RULING, Difficulty.HARD),
    ):
        known = Decision()
        for number, fact in enumerate(facts, start=1):
            known = evolve_decision(known, fact, number, imported=False)
        assert (known.ending, known.difficulty) == (ending, difficulty), facts
    assert Decision().ending is None
    source = evolve_decision(Decision(), SourceOutcomeReported(fields=()), 1, imported=True)
    assert (source.ending, source.difficulty) == (Ending.SOURCE, Difficulty.EASY)
