"""TR-02: a person's right to erasure is honoured without breaking the chain."""

from datetime import timedelta
from typing import Any

from domain.values import Instant, later
from tests.acceptance.platform import AUDITOR, BUYER, SUPERVISOR, Platform

ADMIN = "admin:adm-1"
ERASE = {"subject": BUYER, "ground": "consent_withdrawn"}
MICROSECOND = timedelta(microseconds=1)


def move_to(platform: Platform, at: Instant) -> None:
    """Let years pass; everybody signs in again."""
    platform.move_to(at)
    platform.client._tokens.clear()


def erased(platform: Platform) -> dict[str, dict[str, Any]]:
    """Have the buyer forgotten and return what became of it on each ticket."""
    answer = platform.call(ADMIN, "/v1/erasures", ERASE)
    assert answer.ok, answer
    return {one["ticket"]: one for one in answer.body["tickets"]}


def statement(platform: Platform, ticket: str) -> dict[str, Any]:
    """Return the buyer's statement as the case file tells it."""
    texts = platform.read(SUPERVISOR, f"/v1/tickets/{ticket}/case-file")["texts"]
    return next(one for one in texts if one["field"] == "statement")


def test_tr_02_a_person_is_forgotten_after_three_years_to_the_microsecond(
    platform: Platform,
) -> None:
    """Not while it runs, not before three years are over, not under a hold; and then at once."""
    ticket = platform.accepted(statement="I live at 12 Peace Road.")
    held = platform.accepted(statement="And this is my number.")
    assert erased(platform)[ticket]["standing"] == "open"
    for one in (ticket, held):
        platform.do(BUYER, one, "closing")
    hold = {"hold": "court-7", "ground": "litigation"}
    platform.do(SUPERVISOR, held, "legal-hold", hold)
    closed_at = platform.now.at
    until = Instant(closed_at.replace(closed_at[:4], str(int(closed_at[:4]) + 3), 1))
    move_to(platform, later(until, -MICROSECOND))
    found = erased(platform)
    assert (found[ticket]["standing"], found[ticket]["until"]) == ("retention", until)
    assert found[held]["standing"] == "legal_hold"
    assert statement(platform, ticket)["text"] == "I live at 12 Peace Road."
    before = platform.read(AUDITOR, f"/v1/tickets/{ticket}/events")["items"]
    move_to(platform, until)
    found = erased(platform)
    assert (found[ticket].get("standing"), found[ticket]["texts"]) == (None, 1)
    told = statement(platform, ticket)
    assert (told["text"], told["erased"]["by"]) == (None, ADMIN)
    assert statement(platform, held)["text"] == "And this is my number."
    # The chain stands: what was recorded is what is recorded, and goes on from there.
    after = platform.read(AUDITOR, f"/v1/tickets/{ticket}/events")["items"]
    assert after[: len(before)] == before
    assert [one["topic"] for one in after[len(before) :]] == ["personal_data.erased.v1"]
    platform.do(SUPERVISOR, held, "legal-hold/release", {"hold": "court-7"})
    assert erased(platform)[held]["texts"] == 1
    assert statement(platform, held)["text"] is None
