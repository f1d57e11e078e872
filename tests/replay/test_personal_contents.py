"""Personal contents under audit: as they lie, as they open, and after they were lawfully erased."""

import hashlib
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import msgspec
import pytest

from domain.commands import GatherEvidence, PersonalFile
from domain.ledger.application import TicketLedger
from domain.ledger.erasure import Eraser
from domain.ledger.vault_sealing import keep_sealed
from domain.ticket.files import CONTENT_KEY, DESCRIPTOR, Descriptor
from domain.values import Actor, ActorKind, ErasureGround, EvidenceKind, Sha256
from tests.ledger.matters import asked, close, open_ticket, place
from tests.replay.scenes import Scene
from tests.scenario import AGENT, BUYER

FACE = b"a face " * 20_000
TRUE = Descriptor(Sha256("00" * 32), len(FACE), "text/plain", "face.txt")
FOUR_YEARS = timedelta(days=4 * 366)


def digest_of(content: bytes) -> Sha256:
    """Return a content's digest."""
    return Sha256(hashlib.sha256(content).hexdigest())


def brought(
    ledger: TicketLedger,
    ticket: str,
    *,
    descriptor: Descriptor | None = None,
    key: bytes | None = None,
) -> Sha256:
    """Have the desk bring a personal content, told as it is unless said otherwise."""
    attachment, own = keep_sealed(ledger.vault, BytesIO(FACE))
    honest = msgspec.structs.replace(TRUE, sha256=digest_of(FACE))
    file = PersonalFile((descriptor or honest).text, (key or own).hex())
    command = GatherEvidence(
        ticket=ticket,
        kind=EvidenceKind.CHAT_RECORD,
        attachment=attachment,
        obtained="exported_from_chat",
        personal=file,
    )
    ledger.handle(asked(command, AGENT))
    return attachment.sha256


def bring(scene: Scene, *, descriptor: Descriptor | None = None, key: bytes | None = None) -> Path:
    """Bring a content to a fresh ticket, have it signed, and return where it lies."""
    with scene.ledger() as ledger:
        ticket = open_ticket(ledger, place(ledger))
        digest = brought(ledger, ticket, descriptor=descriptor, key=key)
    scene.notarize()
    (path,) = (scene.directory / "vault").rglob(digest)
    return path


def test_a_whole_one_is_clean_and_what_lies_there_is_checked(scene: Scene) -> None:
    """Missing and changed are found by the ciphertext, for which no key is needed."""
    path = bring(scene)
    assert scene.audit().findings == ()
    content = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert scene.found() == {"E21"}
    path.unlink()
    assert scene.found() == {"E20"}


def test_one_that_was_never_what_its_descriptor_says_is_found(scene: Scene) -> None:
    """Who took it in could lie about the clear bytes: the audit opens it and looks."""
    bring(scene, descriptor=msgspec.structs.replace(TRUE, sha256=Sha256("ab" * 32)))
    (finding,) = scene.audit().findings
    assert (finding.code, "descriptor" in finding.what) == ("E21", True)


def test_one_that_its_key_never_opened_is_found(scene: Scene) -> None:
    """The key is committed to, so nobody can say afterwards that it was another one."""
    bring(scene, key=bytes(32))
    (finding,) = scene.audit().findings
    assert (finding.code, finding.stream is not None) == ("E22", True)


@pytest.mark.parametrize("field", [DESCRIPTOR, CONTENT_KEY])
def test_a_lost_or_swapped_disclosure_is_found(scene: Scene, field: str) -> None:
    """Of what it is and of what opens it alike; and nothing breaks on the way."""
    bring(scene)
    where = f"pointer = '/data/{field}'"
    scene.break_in(f"update personal.disclosure set sealed = sealed || '\\x00' where {where}")
    assert scene.found() == {"E22"}
    scene.break_in(f"delete from personal.disclosure where {where}")
    assert scene.found() == {"E22"}


def test_lawful_erasure_is_clean_with_the_file_gone(scene: Scene) -> None:
    """The commitments stay, every proof holds, and nothing opens any more."""
    with scene.ledger() as ledger:
        ticket = open_ticket(ledger, place(ledger))
        digest = brought(ledger, ticket)
        close(ledger, ticket)
        scene.notarize()
        scene.clock.pass_by(FOUR_YEARS)
        eraser = Eraser(ledger, scene.database.eraser_dsn, scene.clock)
        admin = Actor(ActorKind.ADMIN, "admin-1")
        found = eraser.erase(f"buyer:{BUYER.ref}", ErasureGround.OBJECTION, admin)
        (one,) = [one for one in found.tickets if one.ticket == ticket]
        assert (one.standing, one.contents) == (None, 1)
        with pytest.raises(KeyError):
            ledger.vault.get(digest)
    scene.notarize()
    assert scene.audit().findings == ()
