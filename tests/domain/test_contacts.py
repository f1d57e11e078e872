"""SL-16: what a contact in vain is stands in the book, and is counted as it stands there."""

import re
from functools import partial

import pytest

from domain.policies.book import Book, BookError, parse, require_adoptable
from tests.rows.checks import does
from tests.rows.memory import InMemory
from tests.rows.played import AGENT, BUYER, Deed
from tests.rows.promises import ACCEPTS, COMPLAINED, IN_VAIN, MINUTE, SETTLES, bot_says
from tests.rows.special import two_fruitless_contacts_ask_for_a_written_resolution
from tests.scenario import whole_book, whole_bytes

ANSWERS = 'answers = ["answer", "message", "automatic_answer"]'
CAME_BACK = 'came_back = ["message", "reopening"]'
COMES_BACK = Deed(BUYER, "messages", {"text": "It is as before."}, after=MINUTE)
SAYS = Deed(AGENT, "messages", {"text": "Please restart it."}, after=MINUTE)
ANSWERED = Deed(AGENT, "answers", {"text": "Restart it.", "resolves": False}, after=MINUTE)


def in_vain(book: Book, *deeds: Deed) -> int:
    """Return how many contacts were in vain on a complaint that was taken up."""
    played = InMemory(book)
    played.begin(COMPLAINED)
    does(played, ACCEPTS, *deeds)
    return len(played.facts("contact.fruitless"))


@pytest.mark.parametrize(
    ("answer", "only"),
    [(SAYS, "message"), (ANSWERED, "answer"), (bot_says(effective=False), "automatic_answer")],
)
def test_what_is_an_answer_stands_in_the_book(answer: Deed, only: str) -> None:
    """Each way counts where the book names it, and does not where it names the others alone."""
    others = {"message", "answer", "automatic_answer"} - {only}
    named = whole_book((ANSWERS, f'answers = ["{only}"]'))
    unnamed = whole_book((ANSWERS, f"answers = {sorted(others)}".replace("'", '"')))
    deeds = (answer, COMES_BACK)
    assert [in_vain(one, *deeds) for one in (whole_book(), named, unnamed)] == [1, 1, 0]


def test_what_is_coming_back_stands_in_the_book() -> None:
    """A buyer who reopens has come back, as one who writes; under a book that says so."""
    again = Deed(BUYER, "reopening", {"reason": "It is as before."}, after=MINUTE)
    by_message = whole_book((CAME_BACK, 'came_back = ["message"]'))
    by_reopening = whole_book((CAME_BACK, 'came_back = ["reopening"]'))
    assert [in_vain(one, *IN_VAIN) for one in (by_message, by_reopening)] == [1, 0]
    assert [in_vain(one, SETTLES, again) for one in (by_message, by_reopening)] == [0, 1]


def test_a_kept_book_without_the_definition_counts_as_it_was_meant() -> None:
    """Before it stood in the book, every answer and every way of coming back counted."""
    text = whole_bytes().decode()
    start = text.index("[contacts]")
    end = text.index("fruitless", start)
    kept = f"{text[:start]}[contacts]\n{text[end:]}"
    old = parse(kept.encode())
    both = [whole_book(), whole_book().model_copy(update={"contacts": old.contacts})]
    for book in both:
        two_fruitless_contacts_ask_for_a_written_resolution(partial(InMemory, book))
    with pytest.raises(BookError, match=re.escape("contacts has no definition in zh and en")):
        require_adoptable(old)
