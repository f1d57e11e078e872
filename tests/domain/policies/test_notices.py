"""The book's notices: a table with a gap, an unknown name or a person in it is no book."""

from datetime import timedelta

import pytest

from domain.policies.book import Book, BookError, require_adoptable
from domain.policies.notices import Notice
from tests.scenario import BOOK as FORMER
from tests.scenario import whole_book

BOOK = whole_book()


def test_the_book_says_who_is_told_when_and_how_often() -> None:
    """The figures, written down a second time: whoever changes one says so here too."""
    notification, survey = BOOK.notification, BOOK.survey
    assert notification is not None
    assert survey is not None
    assert survey.within == timedelta(days=7)
    assert [notification.wait(tries) for tries in (1, 2, 3, 7, 8, 100)] == [
        timedelta(seconds=30),
        timedelta(seconds=60),
        timedelta(seconds=120),
        timedelta(seconds=1_920),
        timedelta(hours=1),
        timedelta(hours=1),
    ]
    assert notification.tries == 8


def test_every_text_stands_in_both_languages_and_differs() -> None:
    """A text that was left untranslated is found here (TR-07)."""
    for notice in BOOK.notice:
        assert set(notice.text) == {"zh-CN", "en"}, notice.id
        assert notice.text["zh-CN"].body != notice.text["en"].body


def test_a_book_of_former_days_tells_nobody() -> None:
    """It was adopted when there were no notices, and is read as it was meant."""
    assert (FORMER.notice, FORMER.survey, FORMER.notification) == ((), None, None)


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ('id = "accepted"', 'id = "ruled"', "notice ruled stands twice"),
        ('on = "ticket.accepted.v1"', 'on = "ticket.adopted.v1"', "is no fact about a ticket"),
        ('on = "ticket.accepted.v1"', 'on = "order.placed.v1"', "about a ticket or a queue"),
        ('on = "ticket.accepted.v1"', 'on = "queue.eased.v1"', "to a desk that it names"),
        ('desk = "supervisor"\ncalendar = "around', 'calendar = "around', "the fact names no desk"),
        ("The queue {queue}", "The queue {ticket}", "names ticket in braces"),
        ("{ticket} is settled. If", "{queue} is settled. If", "names queue in braces"),
        ('id = "accepted"', 'id = "accepted"\nwhen = { mood = ["x"] }', "says nothing of mood"),
        ('"SL-17", "SL-22"]', '"SL-17", "SL-99"]', "no clock keeps SL-99"),
        ('"SL-17", "SL-22"]', '"SL-17"]', "public_opinion is brought before a desk"),
        ('to = "department"', 'to = "buyer"', "a party is told by channels that it names"),
        ('to = "department"', 'to = "desk"', "the fact names no desk"),
        ('id = "promise_warned"', 'id = "promise_warned"\ndesk = "cook"', "cook is no desk"),
        ('id = "resolved"', 'id = "resolved"\nencloses = "resolution"', "does not come with"),
        ('encloses = "resolution"\n', "", "what it encloses do not fit"),
        ("{ticket} is settled. If", "{buyer} is settled. If", "names buyer in braces"),
        ("{ticket} is settled. If", "{ticket!r} is settled. If", "names ticket in braces"),
        ("{ticket} is settled. If", "{ticket.x} is settled. If", "names ticket.x in braces"),
        ("{ticket} is settled. If", "{ticket is settled. If", "a brace too many"),
        ('locales = ["zh-CN", "en"]', 'locales = ["zh-CN", "fr"]', "notification.locales"),
        ('"im", "app", "file"]', '"im", "file"]', "the channel app is not one of notification"),
        ('"sms", "im", "app", "file"]', '"sms", "app", "file"]', "told by im, which is no channel"),
        ("tries = 8", "tries = 0", "notification.tries"),
        ('first_wait = "PT30S"', 'first_wait = "-PT30S"', "notification.first_wait"),
        ('on = "survey.asked.v1"', 'on = "nps.given.v1"', "survey is asked by no notice"),
        ('name = "pool_lead"\nzh = "专家组长"\nen = "Lead of an expert pool"\nnotify = ["email"]',
         'name = "pool_lead"\nzh = "专家组长"\nen = "Lead of an expert pool"',
         "desk pool_lead is called and told by no channel"),
    ],
)  # fmt: skip
def test_a_book_with_a_wrong_notice_is_refused_with_row_and_reason(
    before: str, after: str, why: str
) -> None:
    """Whoever edits it is told where and why."""
    with pytest.raises(BookError, match=r"notice|notification|survey|desk|clock") as told:
        whole_book((before, after))
    assert why in str(told.value)


def test_a_calendar_the_book_does_not_know_is_refused() -> None:
    """Nobody would know when to send it."""
    rows = [_with(BOOK, "accepted", calendar="full_moon")]
    with pytest.raises(ValueError, match="the calendar full_moon, which is not in the book"):
        Book.model_validate({**BOOK.model_dump(), "notice": rows})


def test_an_overflow_that_nobody_is_told_of_is_not_adopted() -> None:
    """RO-03 asks for an alert; a book that was adopted without one is still read."""
    rows = tuple(one for one in BOOK.notice if one.on != "queue.overflowed.v1")
    silent = Book.model_validate(
        {**BOOK.model_dump(), "notice": [one.model_dump() for one in rows]}
    )
    with pytest.raises(BookError, match="no notice tells a desk of that"):
        require_adoptable(silent)
    assert require_adoptable(BOOK) is BOOK


def _with(book: Book, notice: str, **said: str) -> dict[str, object]:
    row: Notice = next(one for one in book.notice if one.id == notice)
    return {**row.model_dump(), **said}
