"""Evidence: asked for in time, staged, sealed, late when late, seen only by whom it was shown."""

import hashlib
from datetime import timedelta

import pytest
from msgspec.structs import replace

from domain import errors
from domain.commands import (
    AssignArbitrator,
    ContestEvidence,
    DiscloseEvidence,
    GatherEvidence,
    ReplaceEvidence,
    RequestEvidence,
    SealEvidence,
    WithdrawEvidence,
)
from domain.events import (
    DeadlineMet,
    EvidenceContested,
    EvidenceDisclosed,
    EvidenceGathered,
    EvidenceRequested,
    EvidenceSealed,
    EvidenceStaged,
    EvidenceSupplemented,
)
from domain.ticket.evidence import set_digest
from domain.ticket.state import Certificate, EvidenceState
from domain.values import Actor, ActorKind, Awaiting, EvidenceKind, Instant, Party, Personal, later
from tests.domain.play import (
    AGENT,
    BUYER,
    CARRIER,
    INSPECTOR,
    JUDGE,
    MERCHANT,
    PAYMENT,
    SUPERVISOR,
    T1,
    Play,
    attachment,
    book_with,
    names,
    refund,
    ruling,
    staging,
)

SEAL = SealEvidence(ticket=T1)
BOTH = frozenset({Party.BUYER, Party.MERCHANT})
JUDGE_TAKES = AssignArbitrator(ticket=T1, arbitrator=JUDGE.ref)


def asking(party: Party = Party.BUYER) -> RequestEvidence:
    """Asking a side for a photo."""
    return RequestEvidence(ticket=T1, party=party, kinds=(EvidenceKind.PHOTO,))


def replacing(item: str, content: str) -> ReplaceEvidence:
    """Putting a better photo in the place of another."""
    return ReplaceEvidence(
        ticket=T1,
        item=item,
        kind=EvidenceKind.PHOTO,
        attachment=attachment(content),
        obtained="taken",
    )


def gathering(content: str, *shown_to: Party) -> GatherEvidence:
    """Putting an inspection report on record."""
    return GatherEvidence(
        ticket=T1,
        kind=EvidenceKind.INSPECTION_REPORT,
        attachment=attachment(content),
        obtained="posted_by_inspector",
        shown_to=shown_to or (Party.BUYER, Party.MERCHANT),
    )


def disclosing(item: str, to: Party) -> DiscloseEvidence:
    """Showing an item to a side."""
    return DiscloseEvidence(ticket=T1, item=item, to=to)


def contesting(item: str) -> ContestEvidence:
    """Disputing an item."""
    return ContestEvidence(ticket=T1, item=item, why="That is another phone.")


# --- asked for --------------------------------------------------------------------------------


def test_a_side_is_asked_for_evidence_by_the_books_deadline() -> None:
    """AR-03: both sides are asked, with a deadline."""
    play = Play().intervened()
    play.wait(hours=1)
    due_at = play.book.due("evidence", play.now)
    events = play.do(JUDGE, asking())
    assert events[0] == EvidenceRequested(
        party=Party.BUYER, kinds=(EvidenceKind.PHOTO,), due_at=due_at, policy=play.book.version
    )
    running = play.ticket.deadlines["evidence:buyer"]
    assert (running.due_at, running.awaits) == (due_at, Awaiting.BUYER)


def test_an_evidence_deadline_lies_inside_that_of_the_ruling() -> None:
    """SL-13: the ruling's 48 hours are never moved by what is asked on the way."""
    play = Play().intervened()
    ruling_due = play.due("ruling")
    play.wait(hours=24)
    play.do(AGENT, asking())
    assert play.due("evidence:buyer") == ruling_due
    play.wait(minutes=1)
    play.do(AGENT, asking())
    assert play.due("evidence:buyer") == ruling_due
    play.now = ruling_due
    play.do(AGENT, asking())
    assert play.due("evidence:buyer") == play.book.due("evidence", play.now)


def test_only_who_prepares_or_makes_the_decision_asks() -> None:
    """A side does not summon the other."""
    play = Play().intervened()
    for actor in (BUYER, MERCHANT, PAYMENT, CARRIER):
        with pytest.raises(errors.NotYourRole):
            play.do(actor, asking())
    for actor in (AGENT, SUPERVISOR, JUDGE):
        play.do(actor, asking())


def test_only_a_side_is_asked() -> None:
    """Others post what they have; nobody waits for them by a deadline."""
    with pytest.raises(errors.Unreasonable):
        Play().intervened().do(AGENT, asking(Party.PLATFORM))


def test_nobody_is_asked_before_the_intervention_or_after_the_ruling() -> None:
    """While the sides negotiate the platform gathers nothing against them."""
    for play in (Play().negotiating(), Play().ruled(refund(1))):
        with pytest.raises(errors.WrongStage):
            play.do(AGENT, asking())
    Play().appealed(refund(1)).do(AGENT, asking())


# --- staged -----------------------------------------------------------------------------------


def test_what_is_staged_is_seen_by_its_own_side_only() -> None:
    """Nobody shapes a story to what the other is about to bring."""
    play = Play().intervened()
    events = play.do(BUYER, staging("photo", caption="No signal."))
    assert events == (
        EvidenceStaged(
            item="E2",
            party=Party.BUYER,
            kind=EvidenceKind.PHOTO,
            attachment=attachment("photo"),
            obtained="taken",
            confidential=False,
            caption=Personal("No signal.", subject="buyer:buyer-1"),
        ),
    )
    item = play.ticket.evidence["E2"]
    assert (item.state, item.shown_to) == (EvidenceState.STAGED, {Party.BUYER})


@pytest.mark.parametrize("place", ["opened", "negotiating", "intervened", "appealed"])
def test_a_side_brings_evidence_until_the_matter_is_decided(place: str) -> None:
    """From the first day, and again for the appeal."""
    play = getattr(Play(), place)()
    play.do(BUYER, staging("photo"))


def test_a_side_brings_nothing_to_a_decided_matter() -> None:
    """After the ruling only an appeal opens the file again."""
    with pytest.raises(errors.WrongStage):
        Play().ruled(refund(1)).do(BUYER, staging("photo"))


def test_only_sides_bring_evidence_and_only_to_their_own_ticket() -> None:
    """The platform gathers; a stranger has no say."""
    for actor in (AGENT, JUDGE, CARRIER):
        with pytest.raises(errors.NotYourRole):
            Play().intervened().do(actor, staging("photo"))
    with pytest.raises(errors.NotYourTicket):
        Play().intervened().do(Actor(ActorKind.BUYER, "buyer-2"), staging("photo"))


def test_the_same_content_of_a_side_is_one_item() -> None:
    """A second upload is a slip of the hand; the other side's same photo is its own statement."""
    play = Play().intervened()
    play.do(BUYER, staging("photo"))
    assert play.do(BUYER, staging("photo", obtained="sent again")) == ()
    assert names(play.do(MERCHANT, staging("photo"))) == ["EvidenceStaged"]


def test_a_ticket_holds_as_many_items_as_the_book_says() -> None:
    """The limit of a side counts its own and the platform's items, the snapshot too."""
    play = Play(book=book_with(evidence_items=3)).intervened()
    play.do(BUYER, staging("1"))
    play.do(INSPECTOR, gathering("2"))
    for actor, command in (
        (BUYER, staging("3")),
        (BUYER, replacing("E2", "3")),
    ):
        with pytest.raises(errors.LimitReached):
            play.do(actor, command)


def test_a_side_brings_as_many_bytes_as_the_book_says() -> None:
    """Alone and together, whatever the way in; what it brings takes no room from the other."""
    one = replace(staging("a"), attachment=replace(attachment("a"), size=60))
    more = replace(staging("b"), attachment=replace(attachment("b"), size=41))
    gathered = replace(gathering("c"), attachment=replace(attachment("c"), size=41))
    play = Play().intervened()
    snapshot = play.ticket.evidence["E1"].attachment.size
    play.book = book_with(content_bytes=60, evidence_bytes=100 + snapshot)
    with pytest.raises(errors.LimitReached):
        play.do(BUYER, replace(one, attachment=replace(one.attachment, size=61)))
    play.do(BUYER, one)
    for command in (more, replacing("E2", "x" * 41)):
        with pytest.raises(errors.LimitReached):
            play.do(BUYER, command)
    play.do(BUYER, replace(more, attachment=replace(more.attachment, size=40)))
    play.do(MERCHANT, more)
    with pytest.raises(errors.LimitReached):
        play.do(INSPECTOR, replace(gathered, attachment=replace(gathered.attachment, size=61)))


def test_what_came_with_the_order_takes_no_room_from_a_side() -> None:
    """A talkative service does not keep a buyer from bringing evidence."""
    play = Play(book=book_with(evidence_items=2)).intervened()
    play.do(INSPECTOR, gathering("certificate"))
    with pytest.raises(errors.LimitReached):
        play.do(BUYER, staging("photo"))
    certificate = Certificate(
        EvidenceKind.BATCH_REPORT, attachment("certificate"), play.now, None, ActorKind.CHAIN
    )
    play.order = replace(play.order, certificates={"lab/1": certificate})
    play.do(BUYER, staging("photo"))


def test_a_staged_item_gives_way_to_a_better_one() -> None:
    """Both stay on record; only the new one is in the set."""
    play = Play().intervened()
    play.do(BUYER, staging("blurred"))
    play.do(BUYER, replacing("E2", "sharp"))
    assert play.ticket.evidence["E2"].state is EvidenceState.REPLACED
    sealed = play.do(BUYER, SEAL)[0]
    assert isinstance(sealed, EvidenceSealed)
    assert sealed.items == ("E3",)


def test_a_staged_item_may_be_taken_back_and_brought_again() -> None:
    """That it was there stays on record; it is not held against its content."""
    play = Play().intervened()
    play.do(BUYER, staging("photo"))
    play.do(BUYER, WithdrawEvidence(ticket=T1, item="E2"))
    assert play.ticket.evidence["E2"].state is EvidenceState.WITHDRAWN
    with pytest.raises(errors.AlreadyDone):
        play.do(BUYER, WithdrawEvidence(ticket=T1, item="E2"))
    play.do(BUYER, staging("photo"))
    assert play.ticket.evidence["E3"].state is EvidenceState.STAGED


def test_a_side_touches_only_its_own_staged_items() -> None:
    """The other side's items are unknown to it, and what is sealed is final."""
    play = Play().intervened()
    play.do(BUYER, staging("photo"))
    for command in (WithdrawEvidence(ticket=T1, item="E2"), replacing("E2", "other")):
        with pytest.raises(errors.UnknownEvidence):
            play.do(MERCHANT, command)
    play.do(BUYER, SEAL)
    for command in (WithdrawEvidence(ticket=T1, item="E2"), replacing("E2", "other")):
        with pytest.raises(errors.EvidenceSealedAlready):
            play.do(BUYER, command)


# --- sealed -----------------------------------------------------------------------------------


def test_a_sealed_set_is_final_digested_and_shown() -> None:
    """What is confidential is part of the set and is not shown."""
    play = Play().intervened()
    play.do(BUYER, staging("a"))
    play.do(BUYER, staging("b", confidential=True))
    play.do(MERCHANT, staging("c"))
    lines = "".join(
        f"{item} {attachment(text).sha256}\n" for item, text in (("E2", "a"), ("E3", "b"))
    )
    events = play.do(BUYER, SEAL)
    assert events == (
        EvidenceSealed(
            party=Party.BUYER,
            items=("E2", "E3"),
            set_digest=hashlib.sha256(lines.encode()).hexdigest(),  # type: ignore[arg-type]
            shown=("E2",),
        ),
        DeadlineMet(deadline="evidence:buyer"),
    )
    evidence = play.ticket.evidence
    assert [evidence[name].shown_to for name in ("E2", "E3", "E4")] == [
        BOTH,
        {Party.BUYER},
        {Party.MERCHANT},
    ]


def test_the_digest_of_a_set_does_not_depend_on_its_order() -> None:
    """Anyone who has the items can recompute it."""
    pairs = [(f"E{number}", attachment(str(number)).sha256) for number in (2, 10, 3)]
    assert set_digest(pairs) == set_digest(reversed(pairs))
    assert set_digest(pairs) != set_digest(pairs[:2])


def test_an_empty_seal_says_that_there_is_nothing_to_bring() -> None:
    """It answers the request; a second one changes nothing."""
    play = Play().intervened()
    events = play.do(MERCHANT, SEAL)
    assert names(events) == ["EvidenceSealed", "DeadlineMet"]
    assert play.do(MERCHANT, SEAL) == ()
    play.do(AGENT, asking(Party.MERCHANT))
    assert play.do(MERCHANT, SEAL) == (DeadlineMet(deadline="evidence:merchant"),)


def test_after_sealing_an_item_is_a_supplement_and_shown_at_once() -> None:
    """In time it is not late, unless the deadline is over."""
    play = Play().intervened()
    play.do(BUYER, SEAL)
    (event,) = play.do(BUYER, staging("photo"))
    assert isinstance(event, EvidenceSupplemented)
    assert not event.late
    item = play.ticket.evidence["E2"]
    assert (item.state, item.shown_to) == (EvidenceState.ON_RECORD, BOTH)
    play.do(BUYER, staging("secret", confidential=True))
    assert play.ticket.evidence["E3"].shown_to == {Party.BUYER}


@pytest.mark.parametrize("said", [True, False])
def test_evidence_is_late_from_the_deadline_on(*, said: bool) -> None:
    """The instant counts, whether the clock has said so yet or not; just before is in time."""
    play = Play().intervened()
    due_at = play.due("evidence:buyer")
    play.now = later(due_at, timedelta(microseconds=-1))
    assert names(play.do(BUYER, staging("in time"))) == ["EvidenceStaged"]
    play.now = due_at
    if said:
        play.passes("evidence:buyer")
    (event,) = play.do(BUYER, staging("late"))
    assert isinstance(event, EvidenceSupplemented)
    assert event.late
    assert names(play.do(MERCHANT, staging("his")))[0] == "EvidenceSupplemented"


def test_lateness_is_not_hidden_by_replacing_or_sealing() -> None:
    """After the deadline what was staged in time may be sealed; the deadline stays missed."""
    play = Play().intervened()
    play.do(BUYER, staging("in time"))
    play.now = play.due("evidence:buyer")
    with pytest.raises(errors.WindowPassed):
        play.do(BUYER, replacing("E2", "late"))
    assert names(play.do(BUYER, SEAL)) == ["EvidenceSealed"]
    assert play.ticket.evidence["E2"].state is EvidenceState.ON_RECORD
    assert names(play.passes("evidence:buyer")) == ["DeadlineMissed"]
    assert play.ticket.evidence_missed == {Party.BUYER}


def test_whoever_is_asked_again_has_time_again() -> None:
    """A new request is a new deadline."""
    play = Play().intervened()
    play.passes("evidence:buyer")
    play.do(JUDGE, asking())
    assert names(play.do(BUYER, staging("photo"))) == ["EvidenceStaged"]


# --- gathered ---------------------------------------------------------------------------------


@pytest.mark.parametrize("actor", [AGENT, SUPERVISOR, JUDGE, INSPECTOR])
def test_the_platform_puts_things_on_record(actor: Actor) -> None:
    """AR-03: the platform gathers by itself, and both sides see it unless it says not."""
    play = Play().intervened()
    (event,) = play.do(actor, gathering("report"))
    assert isinstance(event, EvidenceGathered)
    item = play.ticket.evidence["E2"]
    assert (item.party, item.state, item.shown_to) == (
        Party.PLATFORM,
        EvidenceState.ON_RECORD,
        BOTH,
    )
    assert play.do(INSPECTOR, gathering("report")) == ()


def test_what_a_carrier_posts_is_the_carriers() -> None:
    """Whose statement it is stays visible."""
    play = Play().opened()
    play.do(CARRIER, gathering("signature"))
    assert play.ticket.evidence["E2"].party is Party.CARRIER
    assert play.do(CARRIER, gathering("signature")) == ()


def test_a_side_gathers_nothing_for_the_platform() -> None:
    """Its own evidence it stages."""
    for actor in (BUYER, MERCHANT, PAYMENT):
        with pytest.raises(errors.NotYourRole):
            Play().intervened().do(actor, gathering("report"))


# --- shown and contested ----------------------------------------------------------------------


def confidential() -> Play:
    """The buyer sealed one item that is kept from the merchant."""
    play = Play().intervened()
    play.do(BUYER, staging("secret", confidential=True))
    play.do(BUYER, SEAL)
    return play


@pytest.mark.parametrize("actor", [BUYER, JUDGE])
def test_the_owner_or_who_decides_shows_an_item(actor: Actor) -> None:
    """Nothing is decided on what one side never saw."""
    play = confidential()
    play.do(JUDGE, JUDGE_TAKES)
    events = play.do(actor, disclosing("E2", Party.MERCHANT))
    assert events == (EvidenceDisclosed(item="E2", to=Party.MERCHANT),)
    assert play.do(actor, disclosing("E2", Party.MERCHANT)) == ()
    play.do(JUDGE, ruling(relied_on=("E2",)))


def test_a_side_does_not_know_what_it_was_not_shown() -> None:
    """Not even that it is there."""
    play = confidential()
    for command in (disclosing("E2", Party.MERCHANT), contesting("E2")):
        with pytest.raises(errors.UnknownEvidence):
            play.do(MERCHANT, command)


def test_what_is_staged_is_shown_to_nobody() -> None:
    """It is not on record yet, for an arbitrator neither."""
    play = Play().intervened()
    play.do(BUYER, staging("photo"))
    for actor in (BUYER, JUDGE):
        with pytest.raises(errors.UnknownEvidence):
            play.do(actor, disclosing("E2", Party.MERCHANT))


def test_a_side_shows_only_what_is_its_own() -> None:
    """The platform's item is shown by the platform."""
    play = Play().intervened()
    play.do(AGENT, gathering("report", Party.BUYER))
    with pytest.raises(errors.NotYourRole):
        play.do(BUYER, disclosing("E2", Party.MERCHANT))
    play.do(AGENT, disclosing("E2", Party.MERCHANT))


def test_evidence_is_shown_to_sides() -> None:
    """Others read the case file by their role."""
    with pytest.raises(errors.Unreasonable):
        confidential().do(BUYER, disclosing("E2", Party.CARRIER))


def test_a_side_disputes_what_it_was_shown() -> None:
    """The other side's or the platform's, and not its own."""
    play = Play().intervened()
    play.do(BUYER, staging("photo"))
    play.do(BUYER, SEAL)
    events = play.do(MERCHANT, contesting("E2"))
    why = Personal("That is another phone.", subject="merchant:merchant-1")
    assert events == (EvidenceContested(item="E2", by=Party.MERCHANT, why=why),)
    play.do(BUYER, contesting("E1"))
    with pytest.raises(errors.NotYourRole):
        play.do(BUYER, contesting("E2"))


def test_time_of_a_request_is_a_figure_of_the_book() -> None:
    """One unit more in the book is one unit more for the side."""
    play = Play().intervened()
    asked = later(play.now, timedelta(hours=24))
    assert play.due("evidence:merchant") == Instant(asked)
