"""A ticket that was folded to be judged is what its recorded facts make, or is folded again."""

from itertools import count

from domain.events import Event, MessageSent, PersonalDataErased
from domain.ledger.folding import Head
from domain.ledger.sealing import KEY_BYTES, KeyEncryptionKey
from domain.ledger.stamping import Circumstances, Stamped, Stamper
from domain.record import Cause
from domain.streams import ticket_stream
from domain.values import ErasureGround, Instant, Party, later
from tests.scenario import BUYER, MOMENT, NOW, TICKET, by_buyer, opened

STREAM = ticket_stream(TICKET)
SUBJECT = by_buyer("").subject
EARLIER = later(NOW, -MOMENT)
SAID = MessageSent(by=Party.BUYER, text=by_buyer("It broke."))
ERASED = PersonalDataErased(
    erasure=1, subject=SUBJECT, ground=ErasureGround.CONSENT_WITHDRAWN, places=()
)


def stamped(*facts: Event, folded: bool, at: Instant = NOW) -> Stamped:
    """Facts on an open ticket, its last one at NOW, with what they make of it or without."""
    story = opened()
    head = Head(STREAM, story.live.version, b"\1" * 32, NOW, 0, story.live)
    numbers = count()
    stamper = Stamper(
        "ledger.test/lane-0", KeyEncryptionKey(bytes(KEY_BYTES)), lambda: str(next(numbers))
    )
    after = story.at(at).given(*facts, by=BUYER).live if folded else None
    circumstances = Circumstances(at, BUYER, Cause("c", "c"), None, None)
    return stamper.stamp([(STREAM, one) for one in facts], {STREAM: head}, {}, circumstances, after)


def test_a_ticket_that_was_folded_already_is_what_the_record_leads_to() -> None:
    """Folding the sealed facts again would make the same of them."""
    found = stamped(SAID, SAID, folded=True).heads[STREAM]
    assert found.state == stamped(SAID, SAID, folded=False).heads[STREAM].state


def test_a_ticket_that_was_folded_earlier_than_the_record_says_is_folded_again() -> None:
    """A fact is recorded no earlier than the one before it, and a ticket knows when things were."""
    found = stamped(SAID, folded=True, at=EARLIER).heads[STREAM]
    assert found.at == NOW
    assert found.state == stamped(SAID, folded=False, at=EARLIER).heads[STREAM].state
    assert found.state != opened().at(EARLIER).given(SAID, by=BUYER).live


def test_what_was_said_before_an_erasure_is_sealed_with_the_key_that_it_destroys() -> None:
    """A fact's key hangs on the facts before it, and never on those behind."""
    found = stamped(SAID, SAID, ERASED, SAID, folded=True)
    erased = found.lines[2].version
    assert [one.subject for one in found.disclosures] == [SUBJECT, SUBJECT, f"{SUBJECT}~{erased}"]
    assert [one.subject for one in found.keys] == [SUBJECT, f"{SUBJECT}~{erased}"]
