"""What-if and erasure: words whose erasure was asked for are opened for no trial."""

from api.ids import wall_clock
from domain.ledger.erasure import Eraser
from domain.policies.book import Book
from domain.ticket.diagnosing import by_words
from domain.ticket.diagnosis import Diagnoser, Judgement
from domain.values import Actor, ActorKind, ErasureGround, Reason
from replay.what_if import History, Trial, Trying, over_ledger
from tests.conftest import Database
from tests.ledger.conftest import MakeLedger
from tests.ledger.matters import asked, fresh, opening
from tests.replay.second_book import second_book

ADMIN = Actor(ActorKind.ADMIN, "admin-1")


def test_words_that_are_restricted_are_judged_by_no_other_book(
    make_ledger: MakeLedger, database: Database
) -> None:
    """They are kept for proceedings alone, and trying a book is none."""
    ledger = make_ledger()
    heard: list[str] = []

    def listening(book: Book) -> Diagnoser | None:
        usual = by_words(book)
        if usual is None:
            return None

        def judge(text: str, reason: Reason | None) -> Judgement:
            heard.append(text)
            return usual(text, reason)

        return judge

    buyers = [Actor(ActorKind.BUYER, fresh("b")) for _ in range(2)]
    for buyer, words in zip(buyers, ("of the first", "of the second"), strict=True):
        ledger.handle(asked(opening(None, buyer=buyer.ref, statement=words), buyer))

    def tried() -> set[str]:
        heard.clear()
        adopted = {
            one.version: ledger.book_content(one.digest) or b"" for one in ledger.adoptions()
        }
        history = History(ledger)
        trial = Trial(adopted=adopted, other=second_book(), until=history.until())
        over_ledger(ledger, history, Trying(trial, listening), matters=history.matters())
        return {one for one in heard if one.startswith("of the ")}

    assert tried() == {"of the first", "of the second"}
    eraser = Eraser(ledger, database.eraser_dsn, wall_clock)
    (told,) = eraser.erase(f"buyer:{buyers[0].ref}", ErasureGround.CONSENT_WITHDRAWN, ADMIN).tickets
    assert told.standing is not None, "an open matter is kept"
    assert tried() == {"of the second"}
