"""Which book a ticket is promised under: in force, drawn in a pilot, or moved to; worked out again.

A ticket that names another book is promised other things, so the name itself is no proof of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from dataclasses import replace as changed
from datetime import timedelta
from typing import Any, Final

import msgspec
import pytest
from msgspec.structs import replace

from domain import commands as asked
from domain.events import (
    ArmDrawn,
    PilotAnnounced,
    PilotEnded,
    PolicyAdopted,
    PolicyEvent,
    TicketMovedToBook,
    TicketOpened,
)
from domain.policies.book import Book
from domain.record import Cause, Envelope, Record, Source
from domain.ticket.context import Context
from domain.ticket.piloting import Pilots, evolve_pilots
from domain.ticket.pilots import drawn_bp
from domain.values import (
    SYSTEM,
    Actor,
    Channel,
    Instant,
    Money,
    OrderLine,
    Sha256,
    instant,
    later,
    moment_of,
)
from replay.explain import Decision, What, explain, recomputed
from replay.explain.book import NOT_READ
from replay.explain.telling import IMPORTED, NO_BOOK
from tests.replay.explaining import book, forged, rewritten, signed_by, words
from tests.replay.told import Told
from tests.scenario import (
    AGENT,
    BEGUN,
    BUYER,
    LINE,
    MOMENT,
    NOW,
    ORDER,
    SUPERVISOR,
    TICKET,
    named,
    placed,
    signed,
    whole_book,
)

FAR: Final = Instant("2100-01-01T00:00:00.000000Z")
DAY: Final = timedelta(days=1)
OPENING: Final = asked.OpenTicket(channel=Channel.APP, order=ORDER)
DRAWN: Final = drawn_bp("p-1", TICKET)
CONTROL: Final = "2026-11-22"
TRIED: Final = "tried-1"


def tried(begins: Instant = FAR) -> Book:
    """Return a book that is adopted and in force for all only later."""
    return whole_book(named(TRIED)).model_copy(update={"in_force_from": moment_of(begins)})


def pilot(**terms: Any) -> PilotAnnounced:
    """Return a pilot of a week that every ticket falls in and is piloted by, unless told."""
    usual = {"begins_at": NOW, "ends_at": later(NOW, 7 * DAY), "share_bp": 10_000}
    usual |= {"why": "try_first", "policy": TRIED}
    return PilotAnnounced(**{"pilot": "p-1", **usual, **terms})


@dataclass(frozen=True)
class Piloted(Told):
    """A story of a ledger in which pilots are announced, with what is on record of policies."""

    policies: tuple[Record, ...] = ()
    pilots: Pilots = ()

    def context(self, by: Actor) -> Context:
        """Return what a judgement may know, the pilots too."""
        return replace(super().context(by), pilots=self.pilots)

    def known(self, event: PolicyEvent, at: Instant) -> "Piloted":
        """Put a fact about books or pilots on record."""
        pilots = self.pilots
        if isinstance(event, PilotAnnounced | PilotEnded):
            pilots = evolve_pilots(pilots, event)
        told = recorded(event, at, len(self.policies) + 1)
        return changed(self, policies=(*self.policies, told), pilots=pilots)

    def explained(
        self,
        records: Sequence[Record] | None = None,
        *,
        upto: int | None = None,
        without: Sequence[str] = (),
    ) -> tuple[Decision, ...]:
        """Return what is explained of the book, by records that somebody may have forged."""
        books = {
            one.version: one for one in (self.book, *self.others) if one.version not in without
        }
        return explain(
            What.BOOK,
            self.of_ticket if records is None else records,
            self.of_order,
            books=books.get,
            texts={},
            policies=self.policies,
            upto=upto,
        )


def recorded(event: PolicyEvent, at: Instant, position: int) -> Record:
    """Return the record of a fact about books or pilots, which lie in a lane of their own."""
    digest = Sha256(f"{position:064x}")
    stream = "policy:book" if isinstance(event, PolicyAdopted) else "policy:pilots"
    envelope = Envelope(
        format=1,
        ledger="ledger.test/lane-1",
        stream=stream,
        version=position,
        prev=digest,
        id=f"policy-{position}",
        topic=event.TOPIC,
        at=at,
        actor=SYSTEM,
        cause=Cause(command=f"policy-{position}", correlation=f"policy-{position}"),
        data=msgspec.Raw(b"{}"),
    )
    return Record(1, position, digest, envelope, event)


def adopted(one: Book) -> PolicyAdopted:
    """Return the adoption of a book, in force from when it says."""
    return PolicyAdopted(one.version, Sha256(one.digest), instant(one.in_force_from))


def adopting(*others: Book, at: Instant = BEGUN) -> Piloted:
    """Return an order nobody complains of yet, in a ledger that has adopted books."""
    story = Piloted(others=others).given(placed(), signed()).promised(book())
    story = story.known(adopted(book()), at)
    for one in others:
        story = story.known(adopted(one), at)
    return story


def opened(*pilots: PilotAnnounced | PilotEnded, story: Piloted | None = None) -> Piloted:
    """Return a ticket that was opened where pilots are announced."""
    begun = story or adopting(tried())
    for one in pilots:
        begun = begun.known(one, later(NOW, -DAY))
    return begun.done(OPENING, BUYER)


def the(decisions: Sequence[Decision]) -> Decision:
    """Return the one decision there is."""
    (decision,) = decisions
    return decision


def told_wrong(decisions: Sequence[Decision]) -> list[tuple[str, str, str]]:
    """Return the differences, after checking that they make the whole not follow."""
    assert not recomputed(decisions)
    return [
        (wrong.what, wrong.on_record, wrong.recomputed)
        for one in decisions
        for wrong in one.differences
    ]


def without_draw(story: Piloted) -> list[Record]:
    """Return a ticket's records as if it had never drawn, without a gap."""
    kept = [one for one in story.of_ticket if not isinstance(one.event, ArmDrawn)]
    return [
        replace(one, envelope=replace(one.envelope, version=number))
        for number, one in enumerate(kept, 1)
    ]


# --- the book in force ------------------------------------------------------------------------


def test_a_ticket_is_opened_under_the_book_in_force() -> None:
    """Which it is, since when, and the adoption that says so."""
    decision = the(opened().explained())
    assert (decision.about, decision.recomputed, decision.differences) == ("book", True, ())
    assert decision.result == {"policy": CONTROL}
    assert (decision.book.version, decision.book.digest) == (CONTROL, book().digest)
    in_force = next(one for one in decision.inputs if one.name == "in_force")
    assert in_force.event is not None
    assert (in_force.value, in_force.event.stream) == (CONTROL, "policy:book")
    assert decision.steps[0].since == BEGUN


@pytest.mark.parametrize(("begins", "book_of"), [(NOW, TRIED), (later(NOW, MOMENT), CONTROL)])
def test_a_book_counts_from_its_first_instant(begins: Instant, book_of: str) -> None:
    """Just inside and just outside; a ticket under the other of the two does not follow."""
    story = adopting(tried(begins))
    if begins <= NOW:
        story = story.promised(tried(begins))
        story = changed(story, others=(book(),))
    story = opened(story=story)
    assert the(story.explained()).result == {"policy": book_of}
    assert recomputed(story.explained())
    other = {TRIED: CONTROL, CONTROL: TRIED}[book_of]
    wrong = told_wrong(story.explained(forged(story.of_ticket, TicketOpened, policy=other)))
    assert wrong == [("policy", other, book_of)]


def test_a_book_nobody_adopted_is_no_book_to_open_a_ticket_under() -> None:
    """Whatever it is called."""
    story = opened()
    wrong = told_wrong(story.explained(forged(story.of_ticket, TicketOpened, policy="mine")))
    assert wrong == [("policy", "mine", CONTROL)]


def test_before_any_book_is_in_force_the_first_one_counts() -> None:
    """So the ledger judges, and so it is told."""
    early = book().model_copy(update={"in_force_from": moment_of(later(NOW, DAY))})
    story = Piloted().given(placed(), signed()).promised(book()).known(adopted(early), BEGUN)
    story = opened(story=story)
    assert the(story.explained()).recomputed
    assert "the first that will be" in words(the(story.explained()))


def test_an_adoption_after_the_opening_does_not_reach_back() -> None:
    """A ledger refuses one; a forged one changes nothing of what is on record already."""
    story = opened(story=adopting()).known(adopted(tried(BEGUN)), later(NOW, MOMENT))
    assert the(changed(story, others=(tried(BEGUN),)).explained()).recomputed


def test_a_first_adoption_stamped_by_a_later_clock_counts() -> None:
    """Lanes are written by processes of their own, whose clocks differ a little."""
    story = opened(story=adopting(at=later(NOW, MOMENT)))
    assert the(story.explained()).recomputed


def test_nothing_is_worked_out_of_what_was_not_read_or_is_not_here() -> None:
    """An answer that rests on nothing would be worse than none."""
    story = opened(pilot())
    bare = explain(What.BOOK, story.of_ticket, story.of_order, books=lambda _: None, texts={})
    assert (the(bare).recomputed, the(bare).not_recomputed) == (None, NOT_READ)
    for gone in (CONTROL, TRIED):
        found = the(story.explained(without=[gone]))
        assert (found.recomputed, found.not_recomputed) == (None, NO_BOOK)
    none = the(changed(story, policies=()).explained())
    assert (none.recomputed, none.not_recomputed) == (None, NO_BOOK)


# --- pilots -----------------------------------------------------------------------------------


@pytest.mark.parametrize("share_bp", [0, DRAWN, DRAWN + 1, 10_000])
def test_a_draw_follows_from_the_tickets_id(share_bp: int) -> None:
    """Both arms, at the edge of the share: pilot, draw, share and books come out again."""
    decision = the(opened(pilot(share_bp=share_bp)).explained())
    arm, own, other = ("piloted", TRIED, CONTROL)
    if share_bp <= DRAWN:
        arm, own, other = ("control", CONTROL, TRIED)
    assert (decision.recomputed, decision.result) == (
        True,
        {
            "policy": own,
            "pilot": "p-1",
            "arm": arm,
            "drawn_bp": DRAWN,
            "share_bp": share_bp,
            "other": other,
        },
    )
    assert f"draws {DRAWN} in it" in words(decision)
    announced = next(one for one in decision.inputs if one.name == "pilot")
    assert announced.event is not None
    assert announced.event.topic == "policy.pilot_announced.v1"


@pytest.mark.parametrize("share_bp", [DRAWN, DRAWN + 1])
def test_a_draw_that_is_gone_is_missed(share_bp: int) -> None:
    """CL-10: the assignment is on record, of the control arm too."""
    story = opened(pilot(share_bp=share_bp))
    assert told_wrong(story.explained(without_draw(story))) == [("fact", "nothing", ArmDrawn.TOPIC)]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("drawn_bp", 9_999),
        ("share_bp", 5_000),
        ("arm", "control"),
        ("pilot", "p-9"),
        ("policy", CONTROL),
        ("other", TRIED),
    ],
)
def test_a_draw_that_is_told_otherwise_is_found(field: str, value: Any) -> None:
    """Every field of it follows from the id and the pilot."""
    story = opened(pilot())
    (wrong,) = told_wrong(story.explained(forged(story.of_ticket, ArmDrawn, **{field: value})))
    assert (wrong[0], wrong[1]) == (field, str(value))


def test_the_other_arms_book_is_no_book_of_a_piloted_ticket() -> None:
    """With the draw changed to match it, everything that was changed is told."""
    story = opened(pilot())
    records = forged(story.of_ticket, TicketOpened, policy=CONTROL)
    assert told_wrong(story.explained(records)) == [("policy", CONTROL, TRIED)]
    swapped = {"arm": "control", "policy": CONTROL, "other": TRIED, "drawn_bp": 9_999}
    both = told_wrong(story.explained(forged(records, ArmDrawn, **swapped)))
    assert {one[0] for one in both} == {"arm", "policy", "other", "drawn_bp"}


def test_an_arm_without_a_pilot_is_found() -> None:
    """Neither the book nor the arm of a pilot nobody announced is anything to be promised by."""
    story = opened(pilot())
    alone = changed(story, policies=story.policies[:2])
    wrong = told_wrong(alone.explained())
    assert wrong == [("policy", TRIED, CONTROL), ("fact", ArmDrawn.TOPIC, "nothing")]


def test_a_ticket_draws_once_and_when_it_is_opened() -> None:
    """A second draw, of the opening's command or of another one, is nobody's."""
    story = opened(pilot())
    (drawn,) = [one for one in story.of_ticket if isinstance(one.event, ArmDrawn)]
    last = story.of_ticket[-1]
    for command in (drawn.envelope.cause.command, "another"):
        again = replace(
            drawn,
            position=last.position + 1,
            envelope=replace(
                drawn.envelope,
                version=last.version + 1,
                cause=Cause(command=command, correlation=command),
            ),
        )
        wrong = told_wrong(story.explained([*story.of_ticket, again]))
        assert wrong == [("fact", ArmDrawn.TOPIC, "nothing")]


@pytest.mark.parametrize(
    ("ends", "inside"), [(later(NOW, MOMENT), True), (NOW, False)], ids=["inside", "outside"]
)
def test_a_pilot_that_was_ended_takes_none_from_then_on(ends: Instant, *, inside: bool) -> None:
    """Half open, by the end on record and not by the one that was announced."""
    story = opened(
        pilot(begins_at=later(NOW, -DAY)), PilotEnded(pilot="p-1", ends_at=ends, why="seen_enough")
    )
    decision = the(story.explained())
    assert (decision.recomputed, "pilot" in decision.result) == (True, inside)
    if not inside:
        assert "falls in no pilot" in words(decision)


@pytest.mark.parametrize(("category", "inside"), [("phones", True), ("tea", False)])
def test_the_category_is_that_of_the_goods(category: str, *, inside: bool) -> None:
    """As the order told it before the ticket was opened."""
    line = OrderLine(
        line=LINE,
        sku="x-1",
        title="X",
        category="phones",
        quantity=1,
        paid=Money(9_900, "CNY"),
    )
    story = Piloted(others=(tried(),)).given(placed(line), signed()).promised(book())
    story = story.known(adopted(book()), BEGUN).known(adopted(tried()), BEGUN)
    decision = the(opened(pilot(category=category), story=story).explained())
    assert (decision.recomputed, "pilot" in decision.result) == (True, inside)


def test_a_moment_inside_the_openings_command_tells_no_draw_and_misses_none() -> None:
    """A command is judged by all it put on record, and what lies behind the moment is not told."""
    story = opened(pilot())
    drawn = next(one for one in story.of_ticket if isinstance(one.event, ArmDrawn))
    before, at = (the(story.explained(upto=drawn.position - less)) for less in (1, 0))
    assert (before.recomputed, at.recomputed) == (True, True)
    assert ("pilot" in before.result, "pilot" in at.result) == (False, True)


def test_another_systems_ticket_is_in_no_pilot() -> None:
    """What it was promised is not ours to work out; a draw on it is nobody's."""
    story = opened(pilot())
    source = Source(system="old", ref="1", imported=True)

    def imported(one: Record) -> Record:
        return replace(one, envelope=replace(one.envelope, source=source))

    bare = the(story.explained(rewritten(without_draw(story), TicketOpened, imported)))
    assert (bare.recomputed, bare.not_recomputed) == (None, IMPORTED)
    drawn = story.explained(rewritten(story.of_ticket, TicketOpened, imported))
    assert told_wrong(drawn) == [("fact", ArmDrawn.TOPIC, "nothing")]


# --- moves ------------------------------------------------------------------------------------


def moved() -> Piloted:
    """Return a ticket that was moved to a book in the first instant in which that was in force."""
    story = adopting(tried(later(NOW, DAY))).done(OPENING, BUYER).after(DAY)
    return story.done(asked.MoveToBook(ticket=TICKET, policy=TRIED, why="more staff"), SUPERVISOR)


def test_a_ticket_is_under_the_book_it_was_moved_to_last() -> None:
    """Why it was moved is somebody's own word; that the book was in force is worked out."""
    first, second = moved().explained()
    assert (first.result, second.result) == (
        {"policy": CONTROL},
        {"policy": TRIED, "before": CONTROL},
    )
    assert (first.recomputed, second.recomputed, second.differences) == (True, True, ())
    assert second.steps[0].since == later(NOW, DAY)


FORGERIES: Final[dict[str, tuple[Callable[[Piloted], Piloted], dict[str, Any], Any]]] = {
    "to a book that is not adopted": (
        lambda story: changed(story, policies=story.policies[:1]),
        {},
        ("fact", TicketMovedToBook.TOPIC, "refused: unknown_book"),
    ),
    "to a book that begins later": (
        lambda story: changed(story, policies=story.policies[:1]).known(
            adopted(tried(later(NOW, DAY + MOMENT))), BEGUN
        ),
        {},
        ("fact", TicketMovedToBook.TOPIC, "refused: book_not_in_force"),
    ),
    "from another book": (lambda story: story, {"before": "mine"}, ("before", "mine", CONTROL)),
    "to its own book": (
        lambda story: story,
        {"policy": CONTROL},
        ("fact", TicketMovedToBook.TOPIC, "nothing"),
    ),
}


@pytest.mark.parametrize("what", FORGERIES)
def test_a_move_that_could_not_be_is_found(what: str) -> None:
    """A ticket moves to an adopted book in force, from the one it was under."""
    change, fields, expected = FORGERIES[what]
    story = moved()
    records = forged(story.of_ticket, TicketMovedToBook, **fields)
    assert told_wrong(change(story).explained(records)) == [expected]


def test_a_move_by_somebody_who_may_not_is_found() -> None:
    """A supervisor moves a ticket, and no agent."""
    story = moved()
    records = signed_by(story.of_ticket, TicketMovedToBook, AGENT)
    assert told_wrong(story.explained(records)) == [
        ("fact", TicketMovedToBook.TOPIC, "refused: not_your_role")
    ]
