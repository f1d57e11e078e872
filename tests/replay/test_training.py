"""Scenarios on records alone: what is told of a fact, where the steps end, and the tables."""

from itertools import product
from typing import Final

import msgspec
import pytest

from domain.events import EVENTS, RulingIssued, personal_fields
from domain.ticket.training import Attempt
from domain.values import (
    STAFF,
    About,
    Actor,
    AnsweredBy,
    Decided,
    Ending,
    Money,
    Party,
    Personal,
    Reason,
    RemedyKind,
    Responsible,
    Share,
    Stage,
    Terms,
)
from replay.training import Drawn, NoScenario, answer_of, answer_told, draw
from replay.training.tables import scoring, script, sentences
from replay.training.telling import PLAIN, told_fields
from tests.replay.explaining import appealed, book, ruled
from tests.replay.told import Told
from tests.scenario import AGENT, ARBITRATOR, BUYER, MERCHANT, ORDER, TICKET

REFERENCES: Final = frozenset(
    {
        *("buyer", "merchant", "order", "ticket", "other", "supplier", "carrier", "tracking"),
        *("reference", "attachment", "sha256", "coupon", "label", "provider", "repair_order"),
        *("issuer", "finding", "why", "holds", "approved_by", "due_at", "opened_at", "placed_at"),
    }
)
"""Fields that name somebody, something or a date outside the scenario, or may hold free words."""


def drawn(story: Told, decision: int | None = None) -> Drawn:
    """Return the scenario of a story, at its last ruling unless told otherwise."""
    records = story.of_ticket
    last = decision or max(
        one.version for one in records if one.envelope.topic.startswith("ruling.")
    )
    sealed = {
        (one.version, name): len(value.value)
        for one in records
        for name in one.event.__struct_fields__
        if isinstance(value := getattr(one.event, name), Personal)
    }
    return draw(
        "S1",
        records,
        story.of_order,
        decision=last,
        books={"2026-11-22": book()}.get,
        sealed=sealed,
    )


def test_only_listed_fields_are_told_and_none_of_them_names_anybody() -> None:
    """A field that is personal, a reference or a date is never on the list."""
    wrong = []
    for event_class, fields in PLAIN.items():
        known = {one.name for one in msgspec.structs.fields(event_class)}
        forbidden = REFERENCES | set(personal_fields(event_class))
        wrong += [(event_class.__name__, one) for one in fields if one not in known]
        wrong += [(event_class.__name__, one) for one in fields if one in forbidden]
    assert wrong == []
    assert set(PLAIN) <= set(EVENTS.values())


def test_every_personal_text_of_a_step_has_a_sentence_in_its_place() -> None:
    """A kind of text nobody wrote a sentence for would be left out unseen."""
    kinds = {kind for kind in told_fields().values() if kind != "statement"}
    assert kinds <= set(sentences().text)
    opened = {"descriptor", "content_key", "words"}
    untold = [
        (event_class.__name__, name)
        for event_class in PLAIN
        for name in personal_fields(event_class)
        if (event_class, name) not in told_fields() and name not in opened
    ]
    assert untold == []


def test_the_steps_end_before_the_ruling_and_bear_names_of_their_own() -> None:
    """Nothing of the decision is told, and nobody is named."""
    found = drawn(ruled())
    what = [one.what for one in found.scenario.steps]
    assert what[-1] == "arbitrator.assigned"
    assert not {one for one in what if one.startswith(("ruling", "remedy"))}
    assert [one.step for one in found.scenario.steps] == list(range(1, len(what) + 1))
    text = msgspec.json.encode(found.scenario).decode()
    for secret in (BUYER.ref, MERCHANT.ref, AGENT.ref, ARBITRATOR.ref, ORDER, TICKET, "2026-"):
        assert secret not in text, secret
    assert found.key.real.awards == (
        Terms(kind=RemedyKind.REFUND, amount=Money(499_900, "CNY")),
        Terms(kind=RemedyKind.COUPON, amount=Money(5_000, "CNY")),
    )
    (room,) = found.key.rooms
    assert (room.refund.amount_minor, room.payout.amount_minor) == (499_900, 149_970)
    assert found.key.policy == "2026-11-22"


def test_an_upheld_ruling_is_decided_at_its_appeal_and_is_what_stands() -> None:
    """Were it decided at the ruling, an appeal among the steps would say that it was changed."""
    story = appealed("upheld")
    version = next(one.version for one in story.of_ticket if isinstance(one.event, RulingIssued))
    found = drawn(story)
    assert found.scenario.decided is Decided.APPEAL
    what = [one.what for one in found.scenario.steps]
    assert "appeal.filed" in what
    assert "ruling.upheld" not in what
    assert found.key.real == drawn(story, version).key.real
    with pytest.raises(NoScenario):
        drawn(story, version + 1)


def test_what_is_told_beforehand_is_the_same_whatever_the_appeal_came_to() -> None:
    """Only when the trainee has ruled is the kind of decision told."""
    varied = {
        "in_favour_of": Party.BUYER,
        "shares": (Share(Responsible.MERCHANT, 10_000),),
        "awards": (Terms(kind=RemedyKind.COUPON, amount=Money(4_999, "CNY")),),
    }
    upheld, changed = (
        drawn(appealed("upheld")).scenario,
        drawn(appealed("varied", **varied)).scenario,
    )
    for name in ("ending", "difficulty", "beforehand", "asked"):
        assert getattr(upheld, name) == getattr(changed, name), name
    assert [one.what for one in upheld.steps] == [one.what for one in changed.steps]
    assert upheld.ending is Ending.RULING
    assert upheld.beforehand.en != upheld.against.en


def test_a_varied_ruling_is_decided_at_its_appeal() -> None:
    """What stands in the end is compared; the first ruling is a step."""
    varied = {
        "in_favour_of": Party.BUYER,
        "shares": (Share(Responsible.MERCHANT, 10_000),),
        "awards": (Terms(kind=RemedyKind.COUPON, amount=Money(4_999, "CNY")),),
    }
    found = drawn(appealed("varied", **varied))
    assert found.scenario.decided is Decided.APPEAL
    assert "ruling.issued" in [one.what for one in found.scenario.steps]
    assert found.key.real.awards == varied["awards"]


def test_an_erased_text_is_told_as_forgotten() -> None:
    """That there was one stands on record; how long it was does not any more."""
    story = ruled()
    lengths = {text.length for step in drawn(story).scenario.steps for text in step.texts}
    assert lengths == {"short"}
    version = max(one.version for one in story.of_ticket if isinstance(one.event, RulingIssued))
    bare = draw(
        "S1",
        story.of_ticket,
        story.of_order,
        decision=version,
        books={"2026-11-22": book()}.get,
        sealed={},
    )
    assert {text.length for step in bare.scenario.steps for text in step.texts} == {"forgotten"}


def test_the_tables_are_total() -> None:
    """Every reason has its sentence, every question its lines, every decision its worth."""
    assert set(sentences().statement) == set(Reason)
    assert all(sum(one.of for one in scoring().worth[decided]) == 100 for decided in Decided)
    for party, about, reason, stage in product((Party.BUYER, Party.MERCHANT), About, Reason, Stage):
        assert any(one.fits(party, about, reason, stage) for one in script())


def test_the_script_is_the_same_for_a_seed_and_another_for_others() -> None:
    """A trainer can give two trainees the very same other side."""
    scenario = drawn(ruled()).scenario
    trainee = Actor(kind=min(STAFF), ref="t-1")

    def answers(seed: int) -> list[str]:
        begun = Attempt(trainee, "S1", seed, len(scenario.steps), 1)
        found = [
            answer_of(scenario, begun, party, about)
            for party in (Party.BUYER, Party.MERCHANT)
            for about in About
        ]
        assert {one.by for one in found} == {AnsweredBy.SCRIPT}
        assert all(answer_told(scenario, one.by, one.refers_to) for one in found)
        return [name for one in found for name in one.refers_to]

    assert answers(1) == answers(1)
    # Where nobody has spoken yet the stage leaves one line a question; later there are more.
    late = Attempt(trainee, "S1", 1, 99, 1, shown=len(scenario.steps))
    spoken = answer_of(scenario, late, Party.MERCHANT, About.STATEMENT)
    assert spoken.by is AnsweredBy.HISTORY
    said = [one.en for one in answer_told(scenario, spoken.by, spoken.refers_to)]
    assert "The merchant gave reasons for the refusal." in said
