"""DI-09, DI-10, DI-14: photos of flaws, anger, and one answer to one question."""

import pytest

from domain.values import later
from tests.acceptance.matters import begins, opened
from tests.acceptance.platform import Platform
from tests.rows import special
from tests.rows.checks import does
from tests.rows.played import AGENT, BOT, BUYER, CARRIER, MERCHANT, Deed, Ground
from tests.rows.promises import (
    COMPLAINED,
    HOUR,
    MINUTE,
    RETURN,
    complaint,
    reported,
)

ANGRY = "This is outrageous! I am furious, you are liars and thieves, worst shop ever!"


@pytest.mark.parametrize("who", [BOT, AGENT])
def test_di_09_a_flaw_photo_starts_the_fast_review(platform: Platform, who: str) -> None:
    """The recogniser or a person reports it: 2 h run from the photo, a day before are no help."""
    matter = opened(platform, RETURN)
    assert "flaw_photo_review" not in special.clocks(matter)
    does(matter, reported("flaw_photo", who)._replace(after=HOUR))
    running = matter.running("flaw_photo_review")
    assert running is not None
    assert running.due_at == later(matter.now, 2 * HOUR)


def test_di_09_counts_from_the_photo_and_not_from_its_report(platform: Platform) -> None:
    """What was recognised half an hour late has an hour and a half left."""
    matter = opened(platform, RETURN)
    taken = later(matter.now, MINUTE)
    platform.move_to(later(taken, 30 * MINUTE))
    does(matter, Deed(BOT, "facts", {"fact": "flaw_photo", "occurred_at": taken}))
    running = matter.running("flaw_photo_review")
    assert running is not None
    assert running.due_at == later(taken, 2 * HOUR)


def test_di_09_who_has_no_eye_on_it_reports_no_photo(platform: Platform) -> None:
    """Neither side nor a carrier says what the recogniser sees."""
    matter = opened(platform, RETURN)
    for who in (MERCHANT, CARRIER):
        matter.refused(reported("flaw_photo", who), code="not_your_role")


def test_di_10_anger_raises_urgency_and_starts_two_hours_with_a_payout(
    platform: Platform,
) -> None:
    """The text alone: a senior queue, more points, SL-12 with its 2 h and its payout."""
    calm = opened(platform, Ground(opening=complaint(statement="The screen is scratched.")))
    angry = opened(platform, Ground(opening=complaint(statement=ANGRY)))
    assert angry.row()["priority"] < calm.row()["priority"]
    assert angry.queue() == "senior"
    inputs = {one["name"]: one for one in angry.latest("ticket.prioritised")["inputs"]}
    assert inputs["urgency"]["value"] == "negative"
    running = angry.running("negative_resolved")
    assert running is not None
    assert running.due_at == later(angry.now, 2 * HOUR)
    angry.move_to(later(angry.now, 2 * HOUR))
    assert [one.data["row"] for one in angry.facts("payout.owed")] == ["SL-12"]


def test_di_10_a_voice_recogniser_may_hear_it_too(platform: Platform) -> None:
    """The port of voice reports the feeling as a fact."""
    matter = opened(platform, COMPLAINED)
    before = matter.row()["priority"]
    does(matter, reported("negative_sentiment", BOT))
    assert matter.row()["priority"] < before
    assert matter.running("negative_resolved") is not None


def test_di_10_a_later_message_counts_as_the_first(platform: Platform) -> None:
    """Anger that comes later raises the matter then."""
    matter = opened(platform, Ground(opening=complaint(reason="other")))
    before = matter.row()["priority"]
    does(matter, Deed(BUYER, "messages", {"text": ANGRY}, after=MINUTE))
    assert matter.row()["priority"] < before


@pytest.mark.parametrize("topic", sorted(special.ANSWERS))
def test_di_14_an_answer_that_differs_from_the_book_is_flagged(
    platform: Platform, topic: str
) -> None:
    """The book's figure passes in either language, every other one is on record with both."""
    special.an_answer_that_differs_from_the_book_is_flagged(begins(platform), topic)


def test_di_14_price_protection_is_seven_days_nowhere_thirty(platform: Platform) -> None:
    """The flag names topic, what was said and what the book says, and never the sentence."""
    matter = opened(platform, COMPLAINED)
    sentence = "亲爱的顾客，价格保护是30天哦。"
    does(matter, Deed(AGENT, "messages", {"text": sentence}))
    data = matter.latest("answer.differed")
    assert (data["topic"], data["policy"]) == ("price_protection", "2026-11-22")
    assert "30" in data["said"]
    assert "7" in data["book"]
    assert sentence not in str(data)


def test_di_14_what_a_buyer_says_is_no_answer(platform: Platform) -> None:
    """A buyer may hope for thirty days."""
    matter = opened(platform, COMPLAINED)
    does(matter, Deed(BUYER, "messages", {"text": "价格保护是30天吧？"}))
    assert matter.facts("answer.differed") == []
