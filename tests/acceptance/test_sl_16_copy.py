"""SL-16, RO-04 and PR-05: what is decided on a ticket reaches those whom it concerns."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest

from api.notifying import outbox
from api.notifying.sender import Sender
from domain.events import ClockWarned, NoticeFailed, NoticeSent
from domain.values import Instant, NoticeFailure, later
from tests.acceptance.matters import employ
from tests.acceptance.platform import AGENT, BUYER, PAYMENT, SUPERVISOR, Platform, money
from tests.acceptance.post import Directory, Post, ends, sender_of, sent
from tests.acceptance.staff import MICROSECOND, adopt

TEXT, BETTER = "We sent the wrong phone, and we are sorry.", "The shelf is labelled now."
RESOLUTION = {
    "text": TEXT,
    "improvement": BETTER,
    "compensation": {"kind": "compensation", "line": "1", "amount": money(1_050)},
}


@pytest.fixture(scope="module", autouse=True)
def _promising(platform: Platform) -> None:
    adopt(platform)
    employ(platform)


@pytest.fixture
def post() -> Post:
    """What reaches people."""
    return Post()


@pytest.fixture
def sender(platform: Platform, post: Post) -> Iterator[Sender]:
    """A sender to the post."""
    with closing(sender_of(platform.parts, post)) as sending:
        sent(platform, sending)
        post.taken.clear()
        yield sending


def signed(platform: Platform) -> str:
    """Return a complaint that two contacts did not settle, resolved in writing and signed."""
    ticket = platform.accepted(kind="complaint")
    for _ in range(2):
        platform.do(AGENT, ticket, "answers", {"text": "We look into it.", "resolves": False})
        platform.do(BUYER, ticket, "messages", {"text": "Still nothing. This is useless."})
    platform.do(AGENT, ticket, "resolution", RESOLUTION)
    platform.do(SUPERVISOR, ticket, "resolution/signature")
    return ticket


def test_sl_16_the_signed_resolution_is_copied_to_the_buyers_email(
    platform: Platform, sender: Sender, post: Post
) -> None:
    """With compensation and improvement; that the text was opened for it is on record."""
    ticket = signed(platform)
    sent(platform, sender)
    (letter,) = [one for one in post.taken if one.ticket == ticket and one.channel == "email"]
    assert (letter.to, letter.address) == ("buyer", "buyer.b-1@email.test")
    assert letter.enclosed is not None
    assert TEXT in letter.enclosed
    assert BETTER in letter.enclosed
    assert "CNY 10.50" in letter.enclosed
    assert ticket in letter.subject
    (end,) = [one for one in ends(platform.parts, ticket) if one.rule == "resolution_copied"]
    assert isinstance(end, NoticeSent)
    assert (end.notice, end.channel, end.tries) == (letter.notice, "email", 1)
    assert TEXT not in str(end)
    assert "b-1" not in str(end)
    looks = platform.parts.ledger.stream(f"access:{ticket}")
    assert any(one.actor.kind == "system" for one in looks)


def test_sl_16_without_an_address_that_is_what_the_record_says(
    platform: Platform, post: Post
) -> None:
    """A copy nobody could send is no copy, and somebody may look why."""

    class Nobody(Directory):
        def find(self, kind: str, reference: str, channel: str) -> None:  # type: ignore[override]
            """Know nobody."""

    with closing(sender_of(platform.parts, post, addresses=Nobody())) as sending:
        ticket = signed(platform)
        sent(platform, sending)
    (end,) = [one for one in ends(platform.parts, ticket) if one.rule == "resolution_copied"]
    assert isinstance(end, NoticeFailed)
    assert (end.why, end.tries) == (NoticeFailure.NO_ADDRESS, 1)
    assert post.taken == []


def test_sl_16_what_was_erased_meanwhile_is_not_sent(
    platform: Platform, sender: Sender, post: Post
) -> None:
    """The text is opened when it is sent; a sender that was away for years finds it gone."""
    ticket = signed(platform)
    platform.do(PAYMENT, ticket, "remedies/R1/compensation", {"reference": f"pay-{ticket}"})
    platform.do(AGENT, ticket, "answers", {"text": "It is paid.", "resolves": True})
    platform.do(SUPERVISOR, ticket, "closing")
    platform.move_to(Instant("2029-12-24T03:00:00.000000Z"))
    platform.client._tokens.clear()
    erase = {"subject": AGENT, "ground": "consent_withdrawn"}
    assert platform.call("admin:adm-1", "/v1/erasures", erase).ok
    sent(platform, sender)
    (end,) = [one for one in ends(platform.parts, ticket) if one.rule == "resolution_copied"]
    assert isinstance(end, NoticeFailed)
    assert end.why is NoticeFailure.ERASED
    assert "buyer email" not in post.rules(ticket)


def test_ro_04_each_asked_department_is_told_by_its_own_channels(
    platform: Platform, sender: Sender, post: Post
) -> None:
    """Supply chain reads an IM group, legal its e-mail; two hours run, so at any hour."""
    ticket = platform.accepted(kind="complaint")
    platform.do(
        AGENT,
        ticket,
        "department-requests",
        {"departments": ["supply_chain", "legal"], "question": "Which lot was it?"},
    )
    sent(platform, sender)
    told = [one for one in post.taken if one.ticket == ticket and "department" in one.to]
    assert sorted((one.to, one.channel, one.address) for one in told) == [
        ("department:legal", "email", None),
        ("department:supply_chain", "im", None),
    ]
    assert any("供应链" in one.body for one in told)
    assert not any("Which lot" in one.body for one in told), "the question is on the ticket"
    # SL-15: two hours later its director is called, by the director's channels.
    platform.pass_by(timedelta(hours=2))
    sent(platform, sender)
    called = [one for one in post.taken if one.ticket == ticket and "已超时" in one.subject]
    assert sorted((one.to, one.channel) for one in called) == [
        ("desk:director", channel) for channel in ("email", "email", "sms", "sms")
    ]


def test_what_is_not_urgent_waits_for_the_morning_and_what_is_urgent_does_not(
    platform: Platform, sender: Sender, post: Post
) -> None:
    """I-ZM4432: nobody is woken by what can wait; a promise's own time runs by its own calendar."""
    quiet = next(night for night in _nights(platform.now.at) if night > platform.now.at)
    platform.move_to(quiet)
    platform.client._tokens.clear()
    ticket = platform.accepted(kind="complaint")
    platform.do(
        AGENT, ticket, "department-requests", {"departments": ["legal"], "question": "May we?"}
    )
    sent(platform, sender)
    assert post.rules(ticket) == ["department:legal email"]
    morning = Instant(quiet[:10] + "T23:59:59.999999Z")
    platform.move_to(morning)
    sent(platform, sender)
    assert "buyer app" not in post.rules(ticket)
    platform.pass_by(MICROSECOND)
    sent(platform, sender)
    assert "buyer app" in post.rules(ticket)


def test_a_promise_kept_before_the_morning_is_warned_of_nobody(
    platform: Platform, sender: Sender, post: Post
) -> None:
    """At 08:00 a desk reads of what it can still do; that a warning was due is on record."""
    quiet = next(night for night in _nights(platform.now.at) if night > platform.now.at)
    platform.move_to(quiet)
    platform.client._tokens.clear()
    kept, late = (platform.open(kind="complaint") for _ in range(2))
    platform.pass_by(timedelta(minutes=16))
    assert warned(platform, kept)
    assert warned(platform, late)
    platform.do(AGENT, kept, "assignment")
    platform.do(AGENT, kept, "acceptance")
    platform.move_to(later(quiet, timedelta(hours=6)))
    sent(platform, sender)
    told = [one.subject for one in post.taken if one.ticket in {kept, late}]
    assert not any("即将超时" in one for one in told)
    for ticket in (kept, late):
        moot = [one for one in ends(platform.parts, ticket) if one.rule == "promise_warned"]
        assert {(one.why, one.tries) for one in moot if isinstance(one, NoticeFailed)} == {
            (NoticeFailure.MOOT, 0)
        }
        assert len(moot) >= len(warned(platform, ticket)) > 0
    assert f"{late} 已超时" in told, "that it was broken is told, late or not"
    left = [*listed(platform, failed=True), *listed(platform, failed=False)]
    assert not {kept, late} & {one.ticket for one in left}, "nobody has to look after it"


def listed(platform: Platform, *, failed: bool) -> list[outbox.Waiting]:
    """Return what the sender has on its list."""
    return platform.parts.read_now(lambda db: outbox.listed(db.cursor(), failed=failed, limit=100))


def warned(platform: Platform, ticket: str) -> list[ClockWarned]:
    """Return the warnings on a ticket's record."""
    records = platform.parts.ledger.stream(f"ticket:{ticket}")
    return [one.event for one in records if isinstance(one.event, ClockWarned)]


def _nights(at: Instant) -> Iterator[Instant]:
    """Yield two in the morning, in Shanghai, of the days from a day on."""
    day = Instant(at[:10] + "T18:00:00.000000Z")
    while True:
        yield day
        day = later(day, timedelta(days=1))
