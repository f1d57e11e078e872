"""The classes a ticket is in are those of this ticket, this order and this book, whoever asked."""

from msgspec.structs import replace

from domain.ticket.matter import classes_of
from domain.values import Tier
from tests.scenario import opened, ordered, placed, whole_book

LUXURY = 'any = [{ category = ["luxury"] }]'


def test_the_classes_follow_the_order_that_is_asked_with() -> None:
    """What is remembered of a ticket on one order says nothing of it on another."""
    book, ticket = whole_book(), opened().live
    (line,) = placed().lines
    plain = ordered(replace(line, category="books")).order
    costly = ordered(replace(line, category="luxury")).order
    for _ in range(2):
        assert "luxury" not in classes_of(ticket, plain, book)
        assert "luxury" in classes_of(ticket, costly, book)
        assert "luxury" not in classes_of(ticket, None, book)


def test_the_classes_follow_the_book_that_is_asked() -> None:
    """A pilot's book and the one in force are asked of one ticket in turn."""
    ticket = opened().live
    (line,) = placed().lines
    order = ordered(replace(line, category="luxury")).order
    running, other = whole_book(), whole_book((LUXURY, LUXURY.replace("luxury", "jewels")))
    for _ in range(2):
        assert "luxury" in classes_of(ticket, order, running)
        assert "luxury" not in classes_of(ticket, order, other)


def test_the_classes_follow_the_ticket_as_it_is_now() -> None:
    """Every fact may put a matter into another class."""
    book, story = whole_book(), opened()
    for _ in range(2):
        assert "top_member" not in classes_of(story.live, story.order, book)
        assert "top_member" in classes_of(replace(story.live, tier=Tier.TOP), story.order, book)
