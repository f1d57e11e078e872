"""AR-03: evidence is asked for with a deadline, and each item carries its whole custody."""

import hashlib
from datetime import timedelta

from domain.values import later
from tests.acceptance.platform import (
    ARBITRATOR,
    BUYER,
    LAB,
    MERCHANT,
    RULING,
    SECOND,
    SUPERVISOR,
    Platform,
)

NOTE = b"The network mark is grey."


def test_ar_03_the_order_snapshot_is_gathered_by_the_platform_itself(platform: Platform) -> None:
    """Nobody has to prove what the platform knows."""
    ticket = platform.with_platform()
    item = platform.file(ticket)["evidence"]["E1"]
    assert (item["kind"], item["party"], item["state"]) == (
        "order_snapshot",
        "platform",
        "on_record",
    )
    assert item["shown_to"] == ["buyer", "merchant"]


def test_ar_03_both_sides_are_asked_with_24_hours_inside_those_of_the_ruling(
    platform: Platform,
) -> None:
    """Each side knows what it is asked for, and until when."""
    ticket = platform.with_platform()
    asked_at = platform.now.at
    calls = {call["party"]: call for call in platform.file(ticket)["calls"]}
    assert set(calls) == {"buyer", "merchant"}
    for party, call in calls.items():
        assert call["due_at"] == later(asked_at, timedelta(hours=24)), party
        assert call["kinds"], party


def test_ar_03_evidence_is_in_time_in_its_last_second_and_late_at_the_deadline(
    platform: Platform,
) -> None:
    """What comes late is kept, and marked."""
    ticket = platform.with_platform()
    due_at = later(platform.now.at, timedelta(hours=24))
    platform.move_to(later(due_at, -SECOND))
    in_time = platform.bring(BUYER, ticket, NOTE)
    platform.do(BUYER, ticket, "evidence/seal")
    platform.move_to(due_at)
    late = platform.bring(MERCHANT, ticket, b"activated on day one")
    evidence = platform.file(ticket)["evidence"]
    assert "late" not in evidence[in_time]
    assert evidence[late]["late"] is True
    states = {
        name: one["state"]
        for name, one in platform.file(ticket)["deadlines"].items()
        if name.startswith("evidence:")
    }
    assert states == {"evidence:buyer": "met", "evidence:merchant": "missed"}


def test_ar_03_an_item_carries_who_when_how_and_its_digest(platform: Platform) -> None:
    """The digest is that of the very bytes, which can be read again."""
    ticket = platform.with_platform()
    item = platform.bring(BUYER, ticket, NOTE, caption="as seen on the first day")
    found = platform.file(ticket)["evidence"][item]
    digest = hashlib.sha256(NOTE).hexdigest()
    assert (found["sha256"], found["size"], found["obtained"]) == (
        digest,
        len(NOTE),
        "written_by_party",
    )
    mark = found["mark"]
    assert (mark["at"], mark["by"]) == (platform.now.at, "buyer")
    record = platform.events(ticket)[mark["position"]]
    assert (record["topic"], record["leaf_hash"]) == ("evidence.staged.v1", mark["leaf_hash"])
    assert record["actor"]["ref"] == "b-1"
    assert record["data"]["attachment"]["sha256"] == digest


def test_ar_03_the_chain_of_custody_is_complete(platform: Platform) -> None:
    """Staged, replaced, withdrawn, sealed, disclosed, contested: each is an event of the item."""
    ticket = platform.with_platform()
    first = platform.bring(BUYER, ticket, b"first take")
    better = platform.upload(BUYER, ticket, b"second take")
    body = {"kind": "photo", "obtained": "photographed_by_buyer", "attachment": better}
    platform.do(BUYER, ticket, f"evidence/{first}/replacement", body)
    second = list(platform.file(ticket)["evidence"])[-1]
    third = platform.bring(BUYER, ticket, b"a mistake")
    platform.do(BUYER, ticket, f"evidence/{third}/withdrawal")
    secret = platform.bring(BUYER, ticket, b"my medical note", confidential=True)
    platform.do(BUYER, ticket, "evidence/seal")
    platform.do(MERCHANT, ticket, f"evidence/{second}/contest", {"why": "Another phone."})
    platform.do(BUYER, ticket, f"evidence/{secret}/disclosure", {"to": "merchant"})
    file = platform.file(ticket)
    evidence = file["evidence"]
    assert [evidence[item]["state"] for item in (first, second, third, secret)] == [
        "replaced",
        "on_record",
        "withdrawn",
        "on_record",
    ]
    assert evidence[second]["replaces"] == first
    assert evidence[second]["contested"][0]["by"] == "merchant"
    assert evidence[secret]["shown_to"] == ["buyer", "merchant"]
    seal = file["seals"][0]
    lines = sorted(f"{item} {evidence[item]['sha256']}\n" for item in (second, secret))
    assert seal["set_digest"] == hashlib.sha256("".join(lines).encode()).hexdigest()
    happened = platform.topics(ticket)
    for topic in ("staged", "replaced", "withdrawn", "sealed", "disclosed", "contested"):
        assert f"evidence.{topic}" in happened


def test_ar_03_what_is_sealed_can_not_be_taken_back(platform: Platform) -> None:
    """A set is final once it was called so."""
    ticket = platform.with_platform()
    item = platform.bring(BUYER, ticket, NOTE)
    platform.do(BUYER, ticket, "evidence/seal")
    platform.refused(BUYER, ticket, f"evidence/{item}/withdrawal", code="evidence_sealed")


def test_ar_03_the_other_side_sees_neither_staged_nor_confidential_items(
    platform: Platform,
) -> None:
    """Not in the ticket, not on the board, not its content, before and after sealing."""
    ticket = platform.with_platform()
    staged = platform.bring(BUYER, ticket, b"not yet final")
    secret = platform.bring(BUYER, ticket, b"for the arbitrator only", confidential=True)
    assert _seen(platform, BUYER, ticket) == {"E1", staged, secret}
    assert _seen(platform, MERCHANT, ticket) == {"E1"}
    _unreadable(platform, MERCHANT, ticket, b"not yet final", b"for the arbitrator only")
    platform.do(BUYER, ticket, "evidence/seal")
    assert _seen(platform, MERCHANT, ticket) == {"E1", staged}
    _unreadable(platform, MERCHANT, ticket, b"for the arbitrator only")
    assert _seen(platform, SUPERVISOR, ticket) == {"E1", staged, secret}
    # The merchant's own words are as hidden from the buyer.
    theirs = platform.bring(MERCHANT, ticket, b"our purchase price", confidential=True)
    platform.do(MERCHANT, ticket, "evidence/seal")
    assert theirs not in _seen(platform, BUYER, ticket)
    _unreadable(platform, BUYER, ticket, b"our purchase price")


def test_ar_03_an_inspection_report_is_gathered_with_the_inspector_as_actor(
    platform: Platform,
) -> None:
    """Who looked at the device answers for what was found."""
    ticket = platform.with_platform()
    report = platform.bring(LAB, ticket, b"hardware fault")
    item = platform.file(ticket)["evidence"][report]
    assert (item["kind"], item["mark"]["by"]) == ("inspection_report", "inspector")
    assert report in _seen(platform, BUYER, ticket) & _seen(platform, MERCHANT, ticket)


def test_ar_03_what_a_side_was_never_shown_carries_no_ruling(platform: Platform) -> None:
    """Nobody loses by evidence they could not answer."""
    ticket = platform.with_platform()
    secret = platform.bring(BUYER, ticket, NOTE, confidential=True)
    platform.do(BUYER, ticket, "evidence/seal")
    platform.judged_by(ARBITRATOR, ticket)
    relying = {**RULING, "relied_on": ["E1", secret]}
    problem = platform.refused(ARBITRATOR, ticket, "rulings", relying, code="evidence_not_shown")
    assert problem["hidden"] == {secret: ["merchant"]}
    platform.do(ARBITRATOR, ticket, f"evidence/{secret}/disclosure", {"to": "merchant"})
    platform.do(ARBITRATOR, ticket, "rulings", relying)


def _seen(platform: Platform, who: str, ticket: str) -> set[str]:
    """Return the items somebody sees, which are the same in the ticket and on the board."""
    on_ticket = {one["item"] for one in platform.ticket(who, ticket)["evidence"]}
    on_board = {one["item"] for one in platform.board(who, ticket)["evidence"]}
    assert on_ticket == on_board
    return on_ticket


def _unreadable(platform: Platform, who: str, ticket: str, *contents: bytes) -> None:
    for content in contents:
        digest = hashlib.sha256(content).hexdigest()
        platform.unknown_to(who, f"/v1/tickets/{ticket}/contents/{digest}")
        assert digest not in str(platform.ticket(who, ticket))
        assert digest not in str(platform.board(who, ticket))


def test_ar_03_twenty_items_are_enough(platform: Platform) -> None:
    """A case nobody can read is decided by nobody; the snapshot is one of them."""
    ticket = platform.with_platform()
    for number in range(2, 21):
        platform.bring(BUYER, ticket, f"photo {number}".encode())
    assert len(platform.file(ticket)["evidence"]) == 20
    attachment = platform.upload(BUYER, ticket, b"photo 21")
    body = {"kind": "photo", "obtained": "photographed_by_buyer", "attachment": attachment}
    platform.refused(BUYER, ticket, "evidence", body, code="limit_reached")
