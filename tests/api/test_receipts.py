"""Receipts and publication: what a caller may hold against us before and after a checkpoint."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from httpx2 import Response

from api import preferences
from api.keys import FileKeys
from api.settings import Settings
from api.wiring import Dsns, joined
from api.worker import notary_of, work
from domain.ledger.signing import KEYS_STREAM, verifiers
from domain.proof.checkpoint import open_checkpoint
from domain.proof.receipt import open_receipt
from domain.values import KeyPurpose
from tests.api.served import Served, serving
from tests.conftest import Database
from tests.ledger.matters import open_ticket, query

MESSAGE = {"text": "The screen flickers."}


def said(
    served: Served, ticket: str, prefer: str | None = None, key: str | None = None
) -> Response:
    """Send a message on a ticket and return the answer."""
    headers = {} if prefer is None else {"Prefer": prefer}
    return served.post(
        "buyer:buyer-1", f"/v1/tickets/{ticket}/messages", MESSAGE, headers=headers, key=key
    )


def check_receipt(served: Served, answer: dict[str, object]) -> None:
    """Check that an answer's receipt is for the event it names, signed by the key on record."""
    ledger = served.services.ledger
    lane = int(str(answer["position"]).partition("-")[0])
    keys = verifiers(ledger.stream(KEYS_STREAM), ledger.origins[lane], KeyPurpose.RECEIPT)
    receipt = open_receipt(str(answer["receipt"]), keys)
    (record,) = ledger.stream(receipt.stream, receipt.version - 1, 1)
    assert receipt.stream == answer["stream"]
    assert receipt.version == answer["version"]
    assert receipt.leaf.hex() == answer["leaf_hash"] == record.leaf_hash
    assert receipt.at == record.at


@contextmanager
def signing(served: Served, database: Database) -> Iterator[None]:
    """Run a notary beside the API."""
    stop = threading.Event()
    with notary_of(served.services, database.notary_dsn) as notary:
        running = threading.Thread(target=notary.run, args=(stop,))
        running.start()
        try:
            yield
        finally:
            stop.set()
            running.join()


def test_an_answer_has_no_receipt_unless_it_is_asked_for(served: Served) -> None:
    """A signature on every answer cost a fifth of the rate."""
    answer = said(served, served.open_ticket())
    assert answer.status_code == 200
    assert "receipt" not in answer.json()
    assert "published" not in answer.json()
    assert "Preference-Applied" not in answer.headers


@pytest.mark.parametrize("prefer", ["receipt", "Receipt", "respond-async, receipt", "receipt; a=b"])
def test_who_prefers_a_receipt_gets_one_for_what_was_recorded(served: Served, prefer: str) -> None:
    """It covers the second until a checkpoint does: an event that goes missing is missed."""
    answer = said(served, served.open_ticket(), prefer)
    assert answer.status_code == 200
    assert answer.headers["Preference-Applied"] == "receipt"
    check_receipt(served, answer.json())


@pytest.mark.parametrize("prefer", ["", "receipts", "wait=10", "handling=strict", ",;=", "wait"])
def test_preferences_nobody_knows_are_not_looked_at(served: Served, prefer: str) -> None:
    """As RFC 7240 has it."""
    answer = said(served, served.open_ticket(), prefer)
    assert answer.status_code == 200
    assert "receipt" not in answer.json()
    assert "Preference-Applied" not in answer.headers


def test_a_repetition_gets_the_same_receipt(served: Served) -> None:
    """Two receipts of one event that differ would be two claims."""
    ticket = served.open_ticket()
    first = said(served, ticket, "receipt", key="k-1")
    said(served, ticket)
    again = said(served, ticket, "receipt", key="k-1")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json()["receipt"] == first.json()["receipt"]


def test_accepting_an_offer_is_always_receipted(served: Served) -> None:
    """Here somebody gives something up: they get it in writing, asked for or not."""
    ticket = served.refused_claim()
    offered = served.post(
        "merchant", f"/v1/tickets/{ticket}/offers", {"terms": [{"kind": "exchange"}]}
    )
    assert offered.status_code == 201, offered.text
    answer = served.post(
        "buyer:buyer-1",
        f"/v1/tickets/{ticket}/offers/O1/acceptance",
        key="accept",
        version=served.version(ticket),
    )
    assert answer.status_code == 200, answer.text
    check_receipt(served, answer.json())


def test_what_is_always_receipted_is_what_binds() -> None:
    """Sealing evidence, accepting an offer, and rulings: first and after review."""
    names = {one.__name__ for one in preferences._ALWAYS}
    assert names == {"SealEvidence", "AcceptOffer", "IssueRuling", "DecideAppeal"}


def test_who_waits_for_publication_is_answered_when_a_checkpoint_covers_it(
    served: Served, database: Database
) -> None:
    """From then on nobody can take it back without being found out."""
    ticket = served.open_ticket()
    with signing(served, database):
        answer = said(served, ticket, "wait=published, receipt")
    assert answer.status_code == 200
    assert answer.json()["published"] is True
    assert answer.headers["Preference-Applied"] == "receipt, wait=published"
    ledger = served.services.ledger
    lane, _, position = answer.json()["position"].partition("-")
    signed = ledger.merkle_log.covering(int(lane), int(position))
    assert signed is not None
    keys = verifiers(ledger.stream(KEYS_STREAM), ledger.origins[0], KeyPurpose.LOG)
    assert open_checkpoint(signed.note, keys).checkpoint.size >= int(position)


def test_without_a_checkpoint_in_time_it_is_told_as_recorded_and_not_published(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No 503: it is on record, and somebody without a key would send it twice."""
    monkeypatch.setattr(preferences, "WAIT_SECONDS_MAX", 0.0)
    ticket = served.open_ticket()
    answer = said(served, ticket, "wait=published")
    assert answer.status_code == 202
    assert answer.json()["published"] is False
    assert answer.headers["Retry-After"] == "1"
    assert "Preference-Applied" not in answer.headers
    assert served.version(ticket) == answer.json()["version"]


def test_frozen_keys_fail_no_command(
    make_database: Callable[[int], Database], tmp_path: Path
) -> None:
    """The matter goes on; there is just nothing more to show for it."""
    with serving(make_database(1), tmp_path) as served:
        ticket = served.open_ticket()
        check_receipt(served, said(served, ticket, "receipt").json())
        FileKeys(tmp_path / "keys").freeze()
        answer = said(served, ticket, "receipt")
        assert answer.status_code == 200
        assert "receipt" not in answer.json()
        assert "Preference-Applied" not in answer.headers


def test_the_worker_makes_the_keys_and_signs(
    make_database: Callable[[int], Database], tmp_path: Path
) -> None:
    """Nothing has to be set up: whoever runs a worker has a log."""
    own = make_database(1)
    dsns = Dsns(app=own.app_dsn, views=own.app_dsn, notary=own.notary_dsn)
    stop = threading.Event()
    with joined(Settings(data_dir=tmp_path), dsns) as parts:
        open_ticket(parts.ledger)
        position = parts.ledger.position(0)
        working = threading.Thread(target=work, args=(parts, stop))
        working.start()
        try:
            ticks = threading.Event()
            for _ in range(400):
                if parts.ledger.merkle_log.covering(0, position) is not None:
                    break
                ticks.wait(0.05)
            else:
                raise AssertionError("the worker signed nothing")
        finally:
            stop.set()
            working.join()
        assert set(parts.ledger.keys_on_record().in_use) == set(KeyPurpose)


def test_a_worker_whose_notary_breaks_ends(
    make_database: Callable[[int], Database], tmp_path: Path
) -> None:
    """It is started again, and somebody sees it; one that goes on unsigned is noticed too late."""
    own = make_database(1)
    dsns = Dsns(app=own.app_dsn, views=own.app_dsn, notary=own.notary_dsn)
    with joined(Settings(data_dir=tmp_path), dsns) as parts:
        query(own.superuser_dsn, "drop table ledger.tree")
        working = threading.Thread(target=work, args=(parts, threading.Event()))
        working.start()
        working.join(timeout=30)
        assert not working.is_alive()
