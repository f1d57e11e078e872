"""Hypothesis plays the parties, and what they did is lived again: the machine itself is judged."""

from datetime import timedelta
from typing import ClassVar

from hypothesis import settings

from domain.policies.book import Book
from replay.what_if.fairness import fairness
from replay.what_if.lives import Rules
from replay.what_if.trying import no_texts
from tests.replay.lived import Recorded, differing, lived
from tests.simulation.test_parties import PromisedParties


class LivedAgain(PromisedParties):
    """Whatever the parties tried, under books that promise much."""

    PLAY: ClassVar[type[Recorded]] = Recorded

    def teardown(self) -> None:
        """Under its own books history comes out as it stands on record, fact by fact.

        Under another one it comes to its end, whatever became impossible on the way.
        """
        play = self.play
        assert isinstance(play, Recorded)
        books = {one.version: one for one in (play.book, *play.others)}
        for texts in (play.text, no_texts):
            again = lived(play.records, books, None, texts)
            assert differing(again) == []
            told = [(life.refused, life.turned) for life in again.lives.values()]
            assert told == [([], [])] * len(again.lives)
        told = fairness(play.records, Rules(books.__getitem__, books.__getitem__, play.text))
        assert told.unfair == (), told.examples
        assert told.asked > 0
        for other in (play.book, *play.others, self.stern()):
            lived(play.records, books, other, play.text)

    def stern(self) -> Book:
        """A book that gives nobody much time, so that nearly everything passes or is refused."""
        book = self.play.book
        short = tuple(
            one.model_copy(update={"within": timedelta(hours=1)}) for one in book.deadline
        )
        swift = tuple(one.model_copy(update={"within": one.within / 20}) for one in book.clock)
        return book.model_copy(
            update={"version": "stern", "deadline": short, "clock": swift, "answer": ()}
        )


TestLivedAgain = LivedAgain.TestCase
TestLivedAgain.settings = settings(max_examples=15, stateful_step_count=50, deadline=None)
