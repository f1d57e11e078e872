"""Every decision names the book it was taken under: walked over all events there are."""

from typing import Final

import msgspec

from domain.events import EVENTS

UNDER_NO_BOOK: Final = {
    "what somebody did, said or reported; the ledger decided nothing by it": (
        *(
            "access.",
            "agent.certif",
            "agent.rated",
            "agent.retrained",
            "agent.shift_",
            "answer.given",
        ),
        *(
            "answer.automatic",
            "claim.amended",
            "compensation.",
            "customer.",
            "evidence.",
            "merchant.",
        ),
        *(
            "message.",
            "note.",
            "order.certificate_posted",
            "order.live_session_ended",
            "order.page_browsed",
            "order.placed",
        ),
        *(
            "order.shipped",
            "order.signed",
            "payment.",
            "plan.",
            "refund.",
            "repair.",
            "replacement.",
        ),
        *(
            "reshipment.",
            "resolution.",
            "return.",
            "satisfaction.",
            "source.",
            "supplier.",
            "survey.",
        ),
        *(
            "ticket.accepted",
            "ticket.channel_joined",
            "ticket.customer_noted",
            "ticket.fact_reported",
        ),
        *("ticket.linked", "ticket.reprioritised", "ticket.routed", "ticket.transferred", "wait."),
        *("department.planned", "coupon.", "legal_hold.", "nps.", "contents.", "erasure."),
        *("training.started", "training.step_", "training.question_", "training.ruling_"),
    ),
    "the ledger's own keys, anchors and books": ("checkpoint.", "key.", "keys.", "policy."),
    "an end that follows from what was decided before, under the book that is named there": (
        *("clock.stopped", "clock.cancelled", "deadline.met", "deadline.missed", "offer.accepted"),
        *("offer.declined", "offer.lapsed", "offer.superseded", "offer.withdrawn", "settlement."),
        *("order.grant_paid", "order.grant_released", "remedy.cancelled", "remedy.completed"),
        *("ticket.resolved", "ticket.closed", "assignment.lapsed", "assignment.released"),
        "personal_data.erased",
    ),
    "who works on a matter, by a person's own choice": ("arbitrator.",),
}
"""Reason → beginnings of the topics that need no book for it."""


def _named() -> set[str]:
    return {
        topic
        for topic, event in EVENTS.items()
        if "policy" in {f.name for f in msgspec.structs.fields(event)}
    }


def test_every_event_that_decides_by_the_book_has_a_field_for_it() -> None:
    """A topic that is new has a `policy`, or stands here with the reason why it needs none."""
    excused = tuple(one for beginnings in UNDER_NO_BOOK.values() for one in beginnings)
    assert (
        sorted(topic for topic in EVENTS if topic not in _named() and not topic.startswith(excused))
        == []
    )


def test_no_excuse_is_left_over() -> None:
    """An excuse that excuses nothing would hide the next event of that name."""
    without = set(EVENTS) - _named()
    for beginnings in UNDER_NO_BOOK.values():
        for one in beginnings:
            assert any(topic.startswith(one) for topic in without), one


def test_the_book_is_named_wherever_a_promise_is_made_moved_or_broken() -> None:
    """SL-27, TR-06: what an auditor asks first."""
    decisive = {
        *("ticket.opened.v1", "ticket.reopened.v1", "ticket.prioritised.v1", "ticket.queued.v1"),
        *("clock.started.v1", "clock.moved.v1", "clock.paused.v1", "clock.resumed.v1"),
        *("clock.warned.v1", "clock.breached.v1", "ticket.escalated.v1", "payout.owed.v1"),
        *(
            "deadline.given.v1",
            "deadline.extended.v1",
            "diagnosis.made.v1",
            "diagnosis.corrected.v1",
        ),
        *("ruling.issued.v1", "ruling.upheld.v1", "ruling.varied.v1", "ruling.overturned.v1"),
        *("return.reviewed.v1", "remedy.ordered.v1", "order.refund_granted.v1"),
        *("order.payout_granted.v1", "contact.fruitless.v1", "answer.differed.v1"),
        *("intervention.requested.v1", "appeal.filed.v1", "assignment.chosen.v1"),
        *("ticket.moved_to_book.v1", "personal_data.restricted.v1", "department.asked.v1"),
    }
    assert decisive <= _named()
    optional = {
        topic
        for topic in decisive
        for field in msgspec.structs.fields(EVENTS[topic])
        if field.name == "policy" and not field.required
    }
    assert optional <= {"personal_data.restricted.v1"}, "a hold of the law needs no book"
