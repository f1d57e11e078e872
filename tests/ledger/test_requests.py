"""One request and its repetitions: answered once, and judged on the version that was seen."""

import hashlib
import hmac
import json
from collections import Counter
from typing import Any

import msgspec
import pytest

from domain import errors
from domain.commands import (
    AcceptTicket,
    ChooseAgent,
    CorrectDiagnosis,
    ReleaseAssignment,
    ReopenTicket,
    SendMessage,
    TakeAssignment,
    TicketCommand,
)
from domain.ledger.application import TicketLedger
from domain.ledger.requests import BodyHmac, Outcome
from domain.values import Kind, Responsible, Scenario
from tests.ledger.conftest import MakeLedger
from tests.ledger.many import at_once
from tests.ledger.matters import (
    accept,
    asked,
    close,
    fresh,
    give_back,
    open_ticket,
    opening,
    place,
    refund,
    say,
    ticket_of,
)
from tests.scenario import AGENT, OTHER_AGENT, SUPERVISOR, yuan

LANES = (1, 4)


def replay_of(first: Outcome) -> Outcome:
    """Return what a repetition of the request must be answered."""
    return msgspec.structs.replace(first, replayed=True)


CORRECTION = CorrectDiagnosis(
    ticket="T", scenario=Scenario.PRODUCT, responsible=Responsible.MERCHANT, kind=Kind.DISPUTE
)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (CORRECTION, {"scenario": "product", "responsible": "merchant", "kind": "dispute"}),
        (ChooseAgent(ticket="T", candidates=()), {"candidates": None, "lease_until": None}),
    ],
)
def test_a_command_that_learned_a_field_has_the_digest_it_had(
    command: TicketCommand, said: dict[str, Any]
) -> None:
    """A client that repeats itself across an upgrade is not told that it asks for another thing."""
    body = json.dumps({"ticket": "T", **said}, separators=(",", ":"))
    before = f"{type(command).__name__}\x00{body}".encode()
    assert BodyHmac(b"secret").of(command) == hmac.digest(b"secret", before, hashlib.sha256)


def test_what_a_new_field_says_is_part_of_the_digest() -> None:
    """Also that a buyer was not angry: only what is left out is as before."""
    said = [msgspec.structs.replace(CORRECTION, upset=upset) for upset in (None, False, True)]
    assert len({BodyHmac(b"secret").of(one) for one in said}) == len(said)


# --- idempotency ------------------------------------------------------------------------------


def test_a_repeated_request_gets_the_first_answer_though_the_state_has_moved_on(
    ledger: TicketLedger, make_ledger: MakeLedger
) -> None:
    """A client that lost the answer asks again, much later, of another process: nothing is lost."""
    ticket = open_ticket(ledger)
    first = accept(ledger, ticket, key="once")
    close(ledger, ticket)
    with pytest.raises(errors.TicketClosedAlready):
        ledger.handle(asked(AcceptTicket(ticket=ticket), OTHER_AGENT, key="once"))
    for asked_again in (ledger, make_ledger()):
        assert accept(asked_again, ticket, key="once") == replay_of(first)
        again = accept(asked_again, ticket, key="once", expected_version=1)
        assert again == replay_of(first)


def test_the_repetition_of_an_opening_is_the_same_ticket(
    ledger: TicketLedger, make_ledger: MakeLedger
) -> None:
    """Each opening draws an id before it is judged; the stored answer names the first one."""
    order = place(ledger)
    first = ledger.handle(asked(opening(order), key=f"open {order}"))
    close(ledger, ticket_of(first))
    for asked_again in (ledger, make_ledger()):
        again = asked_again.handle(asked(opening(order), key=f"open {order}"))
        assert again == replay_of(first)


def test_the_repetition_of_a_payment_is_answered_about_its_ticket(ledger: TicketLedger) -> None:
    """It wrote to the order before it wrote to the ticket; it is still a command on the ticket."""
    ticket = open_ticket(ledger)
    key = fresh("key")
    first = give_back(ledger, ticket, yuan(10), key=key)
    assert first.stream == f"ticket:{ticket}"
    assert {written.stream.partition(":")[0] for written in first.events} == {"order", "ticket"}
    version = first.version
    say(ledger, ticket)
    again = ledger.handle(
        asked(refund(ticket, yuan(10)), SUPERVISOR, key=key, expected_version=version)
    )
    assert again == replay_of(first)


def test_a_key_with_another_request_is_refused_whatever_else_stands_against_it(
    ledger: TicketLedger,
) -> None:
    """The caller's mistake is named, and not hidden behind a refusal of the second request."""
    ticket = open_ticket(ledger)
    accept(ledger, ticket, key="mine")
    others = [
        asked(SendMessage(ticket=ticket, text="hello"), AGENT, key="mine"),
        asked(AcceptTicket(ticket=ticket), AGENT, key="mine"),
        asked(SendMessage(ticket=ticket, text="x"), AGENT, key="mine", expected_version=1),
    ]
    with pytest.raises(errors.KeyReused):
        ledger.handle(others[0])
    assert ledger.handle(others[1]).replayed
    with pytest.raises(errors.KeyReused):
        ledger.handle(others[2])
    close(ledger, ticket)
    with pytest.raises(errors.KeyReused):
        ledger.handle(others[0])


def test_a_key_is_its_actors_own(ledger: TicketLedger) -> None:
    """Nobody gets somebody else's answer by guessing a key."""
    ticket = open_ticket(ledger)
    key = fresh("key")
    by_buyer = say(ledger, ticket, "hello", key=key)
    by_agent = say(ledger, ticket, "hello", key=key, by=AGENT)
    assert not by_agent.replayed
    assert by_agent.version == by_buyer.version + 1


def test_one_key_sent_twice_at_once_is_one_record(
    ledger: TicketLedger, make_ledger: MakeLedger
) -> None:
    """The double click that reaches two processes."""
    other = make_ledger()
    ticket = open_ticket(ledger)
    before = ledger.ticket(ticket).version
    rounds = 15
    for number in range(rounds):
        key = f"{ticket} {number}"
        answers = at_once(
            *(
                lambda to=to, key=key: say(to, ticket, "hello", key=key)
                for to in (ledger, other, ledger, other)
            )
        )
        assert Counter(answer.replayed for answer in answers) == {True: 3, False: 1}
        assert len({msgspec.structs.replace(one, replayed=False) for one in answers}) == 1
    assert ledger.ticket(ticket).version == before + rounds


def test_one_key_with_two_requests_at_once_is_one_record_and_one_refusal(
    ledger: TicketLedger, make_ledger: MakeLedger
) -> None:
    """Whoever comes second has reused the key."""
    other = make_ledger()
    ticket = open_ticket(ledger)
    for number in range(10):
        key = f"{ticket} {number}"
        answers = at_once(
            lambda key=key: say(ledger, ticket, "one", key=key),
            lambda key=key: say(other, ticket, "two", key=key),
        )
        assert sum(isinstance(answer, errors.KeyReused) for answer in answers) == 1
        assert sum(isinstance(answer, Outcome) for answer in answers) == 1


def test_a_refusal_stores_nothing_and_is_judged_anew(ledger: TicketLedger, lanes: int) -> None:
    """A key that was refused is still good: the same request may succeed later."""
    ticket = open_ticket(ledger)
    close(ledger, ticket)
    before = [ledger.position(lane) for lane in range(lanes)]
    for _ in range(2):
        with pytest.raises(errors.Refusal):
            say(ledger, ticket, "hello", key=f"late {ticket}")
    assert [ledger.position(lane) for lane in range(lanes)] == before
    ledger.handle(asked(ReopenTicket(ticket=ticket)))
    assert not say(ledger, ticket, "hello", key=f"late {ticket}").replayed


# --- versions ---------------------------------------------------------------------------------


def test_who_acts_on_a_former_version_is_told_what_was_missed(
    ledger: TicketLedger, make_ledger: MakeLedger
) -> None:
    """And may decide again, knowing it; whichever process wrote it."""
    ticket = open_ticket(ledger)
    seen = ledger.ticket(ticket).version
    missed = [say(make_ledger(), ticket), accept(make_ledger(), ticket)]
    with pytest.raises(errors.TicketChanged) as refused:
        say(ledger, ticket, "on what I saw", expected_version=seen)
    now = ledger.ticket(ticket).version
    facts = refused.value.facts
    assert (facts["expected_version"], facts["actual_version"]) == (seen, now)
    written = [one for outcome in missed for one in outcome.events]
    assert [(one["topic"], one["version"], one["position"]) for one in facts["missed"]] == [
        (one.topic, one.version, one.position) for one in written
    ]
    assert not say(ledger, ticket, expected_version=now).replayed


@pytest.mark.parametrize("version", [-1, 0, 2**31, 10**20])
def test_a_version_that_never_was_is_a_changed_ticket(ledger: TicketLedger, version: int) -> None:
    """Whatever number a caller makes up."""
    ticket = open_ticket(ledger)
    with pytest.raises(errors.TicketChanged):
        say(ledger, ticket, expected_version=version)


def test_money_moves_only_with_a_key_and_on_a_version_that_was_seen(ledger: TicketLedger) -> None:
    """A repetition would cost money, and acting on an unseen state would be wrong."""
    ticket = open_ticket(ledger)
    version = ledger.ticket(ticket).version
    command = refund(ticket, yuan(1))
    with pytest.raises(errors.VersionRequired) as refused:
        ledger.handle(asked(command, SUPERVISOR, key=fresh()))
    assert refused.value.facts == {"actual_version": version}
    with pytest.raises(errors.KeyRequired):
        ledger.handle(asked(command, SUPERVISOR, expected_version=version))
    assert ledger.ticket(ticket).version == version


def test_nothing_is_refused_on_what_another_process_has_changed(
    ledger: TicketLedger, make_ledger: MakeLedger
) -> None:
    """A warm cache that is behind the record may cost a second look, never a wrong answer."""
    other = make_ledger()
    ticket = open_ticket(ledger)
    close(ledger, ticket)  # here the ticket is known as closed
    other.handle(asked(ReopenTicket(ticket=ticket)))
    assert say(ledger, ticket).events
    close(other, ticket)  # here as open
    with pytest.raises(errors.TicketClosedAlready):
        say(ledger, ticket)
    other.handle(asked(ReopenTicket(ticket=ticket)))
    version = other.ticket(ticket).version
    assert say(ledger, ticket, expected_version=version).version == version + 1


def test_nothing_counts_as_done_that_another_process_has_undone(
    ledger: TicketLedger, make_ledger: MakeLedger
) -> None:
    """A harmless repetition is harmless only while it is one."""
    other = make_ledger()
    ticket = open_ticket(ledger)
    take = asked(TakeAssignment(ticket=ticket), AGENT)
    assert ledger.handle(take).events
    assert not ledger.handle(take).events
    other.handle(asked(ReleaseAssignment(ticket=ticket), AGENT))
    assert ledger.handle(take).events
    other.handle(asked(ReleaseAssignment(ticket=ticket), AGENT))
    other.handle(asked(TakeAssignment(ticket=ticket), OTHER_AGENT))
    with pytest.raises(errors.AssignedToAnother):
        ledger.handle(take)


def test_an_unknown_ticket_becomes_known_when_another_process_opens_it(
    ledger: TicketLedger, make_ledger: MakeLedger
) -> None:
    """That a stream is empty is not remembered as a truth."""
    order = fresh()
    with pytest.raises(errors.UnknownOrder):
        ledger.handle(asked(opening(order)))
    place(make_ledger(), order)
    assert ledger.handle(asked(opening(order))).events
