"""Why a matter was decided so: judge, evidence, clauses, caps, deadlines; a wrong one is found."""

from typing import Any

import pytest
from msgspec.structs import replace

from domain.events import (
    ArbitratorAssigned,
    DeadlineGiven,
    EvidenceGathered,
    RefundGranted,
    RulingIssued,
    RulingVaried,
)
from domain.values import Money, Party, RemedyKind, Responsible, Share, Terms
from replay.explain import What, recomputed
from tests.replay.explaining import (
    COUPON,
    again,
    appealed,
    book,
    forged,
    ruled,
    signed_by,
    the,
    told,
    words,
)
from tests.scenario import AGENT, ARBITRATOR, OTHER_ARBITRATOR, SUPERVISOR


def test_a_ruling_is_told_with_all_it_rests_on() -> None:
    """AR-04: who, on which evidence, by which clauses, within which cap, and in time."""
    story = ruled()
    (ruling,) = told(What.RULING, story)
    assert (ruling.about, ruling.recomputed, ruling.differences) == ("J1", True, ())
    assert ruling.book.digest == book().digest
    assert ruling.result == {
        "outcome": "ruled",
        "in_favour_of": "buyer",
        "share_bp:merchant": 10_000,
    }
    inputs = {one.name: one for one in ruling.inputs}
    assert inputs["by"].value == f"arbitrator:{ARBITRATOR.ref}"
    evidence = inputs["evidence:E2"]
    assert "ab" * 32 in evidence.value
    assert evidence.value.endswith("shown to buyer, merchant")
    assert evidence.event is not None
    assert evidence.event.topic == "evidence.gathered.v1"
    clause = next(one for one in book().clause if one.id == "quality.hardware_fault")
    assert inputs["clause:quality.hardware_fault"].value == f"{clause.zh} / {clause.en}"
    said = words(ruling)
    assert str(clause.legal_base) in said
    assert f"{ARBITRATOR.ref} has no conflict of interest." in said
    assert said.count(": no.") == 4
    assert "Refunds of line 1 may come to 499900 × 10000 / 10000 = 499900 CNY" in said
    assert "It takes 499900 of 499900: 0 are left." in said
    assert "499900 × 3000 / 10000 = 149970 CNY" in said
    assert "It takes 5000 of 149970: 144970 are left." in said
    in_time = next(one for one in ruling.steps if one.words.startswith("The deadline ruling"))
    assert in_time.words.endswith("in time.")
    assert in_time.until is not None
    assert ruling.event.at < in_time.until


@pytest.mark.parametrize(
    ("outcome", "decided"),
    [
        ("upheld", {}),
        (
            "varied",
            {
                "in_favour_of": Party.BUYER,
                "shares": (Share(Responsible.MERCHANT, 10_000),),
                "awards": (Terms(kind=RemedyKind.COUPON, amount=Money(4_999, "CNY")),),
            },
        ),
        (
            "overturned",
            {
                "in_favour_of": Party.MERCHANT,
                "shares": (Share(Responsible.BUYER, 10_000),),
                "awards": (),
            },
        ),
    ],
)
def test_the_appeal_stands_beside_the_ruling(outcome: str, decided: dict[str, Any]) -> None:
    """AR-06: the first ruling stays; who reviewed it is another, without a conflict."""
    decisions = told(What.RULING, appealed(outcome, **decided))
    assert [one.result.get("outcome") for one in decisions] == ["ruled", None, outcome]
    assert [one.differences for one in decisions] == [(), (), ()]
    assert recomputed(decisions)
    assert the(decisions, "A1").result["ruling"] == "J1"
    last = decisions[-1]
    assert f"{OTHER_ARBITRATOR.ref} has no conflict of interest." in words(last)
    assert "The deadline appeal_ruling was due; the decision came in time." in words(last)


@pytest.mark.parametrize(
    "fields",
    [
        {"clauses": ("evidence.made_up",)},
        {"clauses": ()},
        {"relied_on": ("E9",)},
        {"shares": (Share(Responsible.MERCHANT, 9_999),)},
        {"awards": (COUPON,)},
        {"awards": (Terms(kind=RemedyKind.REFUND, amount=Money(499_901, "CNY")),)},
        {"ruling": "J2"},
        {"in_favour_of": Party.PLATFORM},
    ],
)
def test_a_ruling_that_does_not_follow_is_found(fields: dict[str, Any]) -> None:
    """What would have been refused, or awards another amount than is owed, is no such ruling."""
    story = ruled()
    decisions = again(What.RULING, story, forged(story.of_ticket, RulingIssued, **fields))
    assert not recomputed(decisions)
    assert decisions[0].differences


@pytest.mark.parametrize("actor", [AGENT, SUPERVISOR, OTHER_ARBITRATOR])
def test_a_judge_who_may_not_judge_is_found(actor: Any) -> None:
    """The ruling bears somebody else's name: its checks are made again on that name."""
    story = ruled()
    decisions = again(What.RULING, story, signed_by(story.of_ticket, RulingIssued, actor))
    assert decisions[0].differences[0].recomputed.startswith("refused: ")


def test_a_judge_with_a_conflict_is_found() -> None:
    """An assignment forged to somebody who worked on the matter does not pass."""
    story = ruled()
    forgery = forged(story.of_ticket, ArbitratorAssigned, arbitrator=AGENT.ref)
    handler = replace(ARBITRATOR, ref=AGENT.ref)
    (ruling,) = again(What.RULING, story, signed_by(forgery, RulingIssued, handler))
    assert ruling.differences[0].recomputed == "refused: conflict_of_interest"
    assert f"{AGENT.ref} handled the matter: yes." in words(ruling)


def test_evidence_a_side_never_saw_is_found() -> None:
    """Nobody is judged on what they do not know."""
    story = ruled()
    hidden = forged(story.of_ticket, EvidenceGathered, shown_to=(Party.BUYER,))
    (ruling,) = again(What.RULING, story, hidden)
    assert ruling.differences[0].recomputed == "refused: evidence_not_shown"


def test_a_grant_above_what_was_left_is_found() -> None:
    """The cap is reckoned from the order's own facts, as they stood then."""
    story = ruled()
    order = forged(story.of_order, RefundGranted, amount=Money(499_901, "CNY"))
    assert not recomputed(again(What.RULING, story, story.of_ticket, order))
    order = forged(story.of_order, RefundGranted, cap=Money(600_000, "CNY"))
    assert not recomputed(again(What.RULING, story, story.of_ticket, order))


def test_a_ruling_with_a_moved_window_is_found() -> None:
    """The right to appeal is the book's, to the microsecond."""
    story = ruled()
    records = story.of_ticket
    last = next(
        one
        for one in reversed(records)
        if isinstance(one.event, DeadlineGiven) and one.event.deadline == "appeal"
    )
    assert isinstance(last.event, DeadlineGiven)
    event = replace(last.event, due_at="2026-12-01T00:00:00.000000Z")
    forgery = [replace(one, event=event) if one is last else one for one in records]
    assert not recomputed(again(What.RULING, story, forgery))


def test_a_review_that_changes_nothing_is_not_called_varied() -> None:
    """A varied ruling with the first one's shares and awards would have been refused."""
    varied = {
        "in_favour_of": Party.BUYER,
        "shares": (Share(Responsible.MERCHANT, 10_000),),
        "awards": (COUPON,),
    }
    story = appealed("varied", **varied)
    first = next(one.event for one in story.of_ticket if isinstance(one.event, RulingIssued))
    records = forged(story.of_ticket, RulingVaried, awards=first.awards)
    assert not recomputed(again(What.RULING, story, records))


def test_a_ruling_under_a_book_that_is_not_here_is_not_called_right() -> None:
    """Without its clauses nobody can say that they were applied."""
    story = ruled()
    (ruling,) = again(
        What.RULING, story, forged(story.of_ticket, RulingIssued, policy="2025-01-01")
    )
    assert (ruling.recomputed, ruling.not_recomputed) == (None, "the book is not adopted here")
