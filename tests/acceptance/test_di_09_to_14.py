"""DI-09, DI-10, DI-14: photos of flaws, anger, and one answer to one question."""

import pytest

from domain.values import later
from tests.acceptance.matters import begins, opened
from tests.acceptance.platform import Platform
from tests.rows import special
from tests.rows.checks import does
from tests.rows.played import AGENT, BOT, BUYER, CARRIER, MERCHANT, Deed, Ground
from tests.rows.promises import (
    ACCEPTS,
    COMPLAINED,
    HOUR,
    IN_VAIN,
    MINUTE,
    RETURN,
    SETTLES,
    WRITTEN,
    bot_says,
    complaint,
    planned,
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


def test_di_10_the_words_of_a_reopening_count_as_a_message(platform: Platform) -> None:
    """Who comes back angry is as urgent as who writes so: queue, points and SL-12 with it."""
    matter = opened(platform, Ground(opening=complaint(reason="other")))
    before = matter.row()["priority"]
    does(matter, ACCEPTS, SETTLES)
    does(matter, Deed(BUYER, "reopening", {"reason": ANGRY}, after=MINUTE))
    [judged] = matter.facts("diagnosis.made")
    [reopened] = matter.facts("ticket.reopened")
    assert (judged.at, judged.data["upset"]) == (reopened.at, True)
    assert matter.queue() == "senior"
    assert matter.row()["priority"] < before
    running = matter.running("negative_resolved")
    assert running is not None
    assert running.due_at == later(matter.now, 2 * HOUR)


def test_di_10_who_reopens_for_the_buyer_is_not_heard_as_the_buyer(platform: Platform) -> None:
    """The desk's words are no feeling of the buyer's, and a reopening without words has none."""
    for deed in (Deed(AGENT, "reopening", {"reason": ANGRY}), Deed(BUYER, "reopening")):
        matter = opened(platform, Ground(opening=complaint(reason="other")))
        does(matter, ACCEPTS, SETTLES, deed._replace(after=MINUTE))
        assert matter.facts("diagnosis.made") == []
        assert matter.running("negative_resolved") is None


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


def _said(deed: Deed, **words: str) -> Deed:
    return deed._replace(body={**deed.body, **words})


@pytest.mark.parametrize(
    "deed",
    [planned("framework"), planned("executable"), bot_says(effective=False)],
    ids=["framework", "executable", "machine"],
)
def test_di_14_a_plan_and_a_machine_answer_as_the_book_does(platform: Platform, deed: Deed) -> None:
    """The buyer reads them as they read an answer, so they are held to the book's figure too."""
    matter = opened(platform, COMPLAINED)
    does(matter, ACCEPTS, _said(deed, text="The price protection is 7 days."))
    assert matter.facts("answer.differed") == []
    does(matter, _said(deed, text="The price protection is 30 days.")._replace(after=MINUTE))
    [flagged] = matter.facts("answer.differed")
    assert (flagged.data["said"], flagged.data["book"]) == ("30 days", "7 days")


@pytest.mark.parametrize(
    "words",
    [
        {"text": "The price protection is 30 days."},
        {"improvement": "The price protection is 30 days."},
        dict.fromkeys(("text", "improvement"), "The price protection is 30 days."),
    ],
    ids=["text", "improvement", "both"],
)
def test_di_14_a_written_resolution_answers_as_the_book_does(
    platform: Platform, words: dict[str, str]
) -> None:
    """What is written, and what is to be better, is sent to the buyer; the same is flagged once."""
    matter = opened(platform, COMPLAINED)
    written, _ = WRITTEN
    does(matter, ACCEPTS, *IN_VAIN, *IN_VAIN, _said(written, **words))
    [flagged] = matter.facts("answer.differed")
    assert (flagged.data["said"], flagged.data["book"]) == ("30 days", "7 days")


def test_di_14_a_written_resolution_by_the_book_is_not_flagged(platform: Platform) -> None:
    """Most resolutions name no figure, or the book's."""
    matter = opened(platform, COMPLAINED)
    written, _ = WRITTEN
    right = _said(written, text="The price protection is 7 days.")
    does(matter, ACCEPTS, *IN_VAIN, *IN_VAIN, right)
    assert matter.facts("answer.differed") == []
