"""Personal contents: encrypted as they come in, clear to whom they were shown, gone when erased."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from httpx2 import Response

from domain.events import ContentDamaged, EvidenceGathered, EvidenceStaged
from domain.record import Record
from domain.ticket.files import CONTENT_KEY, PERSONAL_BY_NATURE, SEALED_TYPE
from domain.values import EvidenceKind
from tests.api.served import Served
from tests.ledger.contents import film, png

FACE = png()
FOUR_YEARS = timedelta(days=4 * 366)


@pytest.fixture
def buyer(served: Served) -> str:
    """A buyer nobody else's test knows."""
    return served.fresh("face")


@pytest.fixture
def ticket(served: Served, buyer: str) -> str:
    """A ticket whose two sides may bring evidence."""
    return served.refused_claim(buyer)


def told(answer: Response, status: int = 200) -> dict[str, Any]:
    """Return what an answer of a status says."""
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def upload(
    served: Served,
    ticket: str,
    who: str,
    content: bytes = FACE,
    media_type: str = "image/png",
    *,
    personal: bool = True,
) -> dict[str, Any]:
    """Upload a content; return what names it."""
    sent = {**served.headers(who), "Content-Type": media_type}
    path = f"/v1/tickets/{ticket}/contents?personal={str(personal).lower()}"
    return told(served.client.post(path, headers=sent, content=content), 201)


def stage(
    served: Served, ticket: str, who: str, kept: dict[str, Any], kind: str = "photo"
) -> Response:
    """Lay an uploaded content ready."""
    body = {"kind": kind, "attachment": kept, "obtained": "taken_by_party"}
    return served.post(who, f"/v1/tickets/{ticket}/evidence", body)


def event_of(served: Served, ticket: str, kept: dict[str, Any]) -> Record:
    """Return the record that brought a content."""
    for record in served.services.ledger.stream(f"ticket:{ticket}"):
        event = record.event
        if isinstance(event, EvidenceStaged | EvidenceGathered) and (
            event.attachment.sha256 == kept["sha256"]
        ):
            return record
    raise AssertionError("nothing names it")


def vault_of(served: Served) -> dict[str, bytes]:
    """Return every file of the vault."""
    place = served.services.settings.data_dir / "vault"
    return {one.name: one.read_bytes() for one in place.rglob("*") if one.is_file()}


def close(served: Served, ticket: str, buyer: str) -> None:
    """Have the buyer withdraw, so that what was said may be forgotten in time."""
    told(served.post(f"buyer:{buyer}", f"/v1/tickets/{ticket}/closing"))


def erase(served: Served, buyer: str) -> dict[str, Any]:
    """Have the buyer forgotten."""
    body = {"subject": f"buyer:{buyer}", "ground": "consent_withdrawn"}
    return told(served.post("admin", "/v1/erasures", body), 201)


def test_it_lies_encrypted_and_is_read_in_clear_by_whom_it_was_shown(
    served: Served, ticket: str, buyer: str
) -> None:
    """The record and the vault tell neither its bytes nor their digest."""
    who, content = f"buyer:{buyer}", film(b"isom", bytes(range(256)) * 600)
    kept = upload(served, ticket, who, content, "video/mp4")
    clear = hashlib.sha256(content).hexdigest()
    assert (kept["media_type"], kept["sha256"] != clear) == (SEALED_TYPE, True)
    told(stage(served, ticket, who, kept, "video"), 201)
    path = f"/v1/tickets/{ticket}/contents/{kept['sha256']}"
    back = served.get(who, path)
    assert (back.status_code, back.content == content) == (200, True)
    assert back.headers["Content-Type"] == "video/mp4"
    assert told(served.get("merchant", path), 404)["code"] == "unknown_content"
    told(served.post(who, f"/v1/tickets/{ticket}/evidence/seal"))
    part = served.client.get(
        path, headers={**served.headers("merchant"), "Range": "bytes=70000-70009"}
    )
    assert (part.status_code, part.content) == (206, content[70_000:70_010])
    record = event_of(served, ticket, kept)
    assert clear not in bytes(record.envelope.data).decode()
    files = vault_of(served)
    assert clear not in files
    assert not any(content[1000:1064] in one for one in files.values())


def test_what_opens_it_is_told_to_nobody(served: Served, ticket: str, buyer: str) -> None:
    """The key stands sealed beside the record like a text, but is no text."""
    kept = upload(served, ticket, f"buyer:{buyer}")
    told(stage(served, ticket, f"buyer:{buyer}", kept), 201)
    opened = served.services.ledger.open_content(event_of(served, ticket, kept))
    assert opened is not None
    path, key = f"/v1/tickets/{ticket}", opened[1].hex()
    head = served.head()
    for who in ("supervisor", "arbitrator", "auditor", f"buyer:{buyer}"):
        for one in ("", "/case-file", "/events", "/messages", "/evidence/E2/custody"):
            assert key not in served.get(who, f"{path}{one}", min_position=head).text
    case = served.get("arbitrator", f"{path}/case-file", min_position=head).json()
    assert CONTENT_KEY not in {one["field"] for one in case["texts"]}
    assert key not in repr(opened[0])


def test_every_kind_says_whether_it_is_personal_by_nature() -> None:
    """A table with a row for each, so that a new kind can not be forgotten."""
    assert set(PERSONAL_BY_NATURE) == set(EvidenceKind)


@pytest.mark.parametrize("kind", [kind for kind, is_so in PERSONAL_BY_NATURE.items() if is_so])
def test_what_is_personal_by_nature_comes_in_as_such_or_not_at_all(
    served: Served, ticket: str, buyer: str, kind: EvidenceKind
) -> None:
    """Whoever forgot to say so is told, and nothing is on record."""
    who = f"buyer:{buyer}"
    clear = upload(served, ticket, who, personal=False)
    assert told(stage(served, ticket, who, clear, kind), 409)["code"] == "personal_by_nature"
    told(stage(served, ticket, who, upload(served, ticket, who), kind), 201)


def test_a_staged_address_keeps_the_name_with_the_content_alone(
    served: Served, ticket: str, buyer: str
) -> None:
    """The name is personal too: it is in the descriptor, and nowhere else."""
    said = {"media_type": "image/png", "size": len(FACE), "name": "张伟.png", "personal": True}
    who = f"buyer:{buyer}"
    place = told(served.post(who, f"/v1/tickets/{ticket}/uploads", said), 201)
    kept = told(served.client.put(place["href"], content=FACE), 201)
    told(stage(served, ticket, who, kept), 201)
    opened = served.services.ledger.open_content(event_of(served, ticket, kept))
    assert opened is not None
    assert (opened[0].name, opened[0].size, opened[0].type) == ("张伟.png", len(FACE), "image/png")
    assert served.get(who, f"/v1/tickets/{ticket}/contents/{kept['sha256']}").content == FACE


def test_a_receipt_is_its_owners_and_for_its_content(
    served: Served, ticket: str, buyer: str
) -> None:
    """Nobody names another's content, and nobody turns a personal one into a clear one."""
    who = f"buyer:{buyer}"
    kept, other = upload(served, ticket, who), upload(served, ticket, who, personal=False)
    assert told(stage(served, ticket, "merchant", kept), 422)["errors"][0]["code"] == "receipt"
    for forged in (
        {**kept, "receipt": other["receipt"]},
        {**kept, "receipt": kept["receipt"][:-2] + "AA"},
        {**other, "media_type": "image/jpeg"},
    ):
        assert told(stage(served, ticket, who, forged), 422)["errors"][0]["code"] == "receipt"


def test_an_upload_is_named_within_a_day_and_a_retry_at_any_time(
    served: Served, ticket: str, buyer: str
) -> None:
    """So the sweep, which waits for thirty days, never takes what somebody is about to name."""
    who = f"buyer:{buyer}"
    body = {"kind": "photo", "obtained": "taken_by_party"}
    path = f"/v1/tickets/{ticket}/evidence"
    first, second = ({**body, "attachment": upload(served, ticket, who)} for _ in range(2))
    told(served.post(who, path, first, key="k-1"), 201)
    served.clock.pass_by(timedelta(hours=24))
    late = served.post(who, path, second)
    assert told(late, 409)["code"] == "window_passed"
    again = served.post(who, path, first, key="k-1")
    assert (again.status_code // 100, again.headers["Idempotency-Replayed"]) == (2, "true")
    assert told(served.post(who, path, first))["events"] == []


def test_a_forged_one_never_leaves_the_vault(served: Served, ticket: str, buyer: str) -> None:
    """One bit of its ciphertext is an alarm on record."""
    who = f"buyer:{buyer}"
    kept = upload(served, ticket, who)
    told(stage(served, ticket, who, kept), 201)
    place = served.services.settings.data_dir / "vault"
    (path,) = place.rglob(kept["sha256"])
    path.chmod(0o600)
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    answer = served.get(who, f"/v1/tickets/{ticket}/contents/{kept['sha256']}")
    assert told(answer, 500)["code"] == "content_damaged"
    looks = served.services.ledger.stream(f"access:{ticket}")
    assert any(isinstance(one.event, ContentDamaged) for one in looks)


def test_erasing_a_person_destroys_the_file_and_its_key(
    served: Served, ticket: str, buyer: str
) -> None:
    """Also what a carrier gathered of the buyer; what the merchant brought stays."""
    who = f"buyer:{buyer}"
    own = upload(served, ticket, who)
    told(stage(served, ticket, who, own), 201)
    signed = upload(served, ticket, "carrier")
    body = {"kind": "delivery_signature", "attachment": signed, "obtained": "posted_by_carrier"}
    told(served.post("carrier", f"/v1/tickets/{ticket}/gathered-evidence", body), 201)
    theirs = upload(served, ticket, "merchant")
    told(stage(served, ticket, "merchant", theirs), 201)
    close(served, ticket, buyer)
    served.clock.pass_by(FOUR_YEARS)
    (found,) = erase(served, buyer)["tickets"]
    assert found["contents"] == 2
    files = vault_of(served)
    assert not {own["sha256"], signed["sha256"]} & files.keys()
    assert theirs["sha256"] in files
    for one in (own, signed):
        assert served.services.ledger.open_content(event_of(served, ticket, one)) is None
        answer = served.get("supervisor", f"/v1/tickets/{ticket}/contents/{one['sha256']}")
        assert told(answer, 410)["code"] == "content_erased"
    path = f"/v1/tickets/{ticket}/contents/{theirs['sha256']}"
    assert served.get("supervisor", path).content == FACE


def test_what_waits_for_its_erasure_is_kept_from_view(
    served: Served, ticket: str, buyer: str
) -> None:
    """The desk does not see it any more; the person and who answers for it do."""
    who = f"buyer:{buyer}"
    kept = upload(served, ticket, who)
    told(stage(served, ticket, who, kept), 201)
    close(served, ticket, buyer)
    erase(served, buyer)
    path = f"/v1/tickets/{ticket}/contents/{kept['sha256']}"
    assert told(served.get("agent", path), 404)["code"] == "unknown_content"
    for reader in ("auditor", who):
        assert served.get(reader, path).content == FACE
