"""What every vault promises, held against files, obstore's own stores and an S3 server."""

import hashlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import obstore
import pytest
from obstore.store import LocalStore, MemoryStore, ObjectStore, S3Store

from domain.ledger.vault import FileVault, Vault, place_of
from domain.ledger.vault_drafts import CHUNK_BYTES, SEALED_BYTES_MAX
from domain.ledger.vault_errors import Damaged, TooLarge, VaultError, VaultUnavailable
from domain.ledger.vault_objects import AT_ONCE_BYTES, ObjectVault, object_vault
from domain.values import Sha256
from tests.ledger.object_store import store_at

CONTENT = b"a photograph"
DAY = timedelta(days=1)
Forge = Callable[[Sha256, bytes], None]
"""Puts other bytes in the place of a content, behind the vault's back."""


def digest_of(content: bytes) -> Sha256:
    """Return where a content belongs."""
    return Sha256(hashlib.sha256(content).hexdigest())


@pytest.fixture(params=["files", "memory", "local", pytest.param("s3", marks=pytest.mark.interop)])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Vault, Forge]]:
    """A vault, and how somebody with the rights of its store forges what is in it."""
    if request.param == "files":

        def forge_file(digest: Sha256, content: bytes) -> None:
            path = tmp_path / place_of(digest)
            path.chmod(0o600)
            path.write_bytes(content)

        yield FileVault(tmp_path), forge_file
        return
    stores: dict[str, Callable[[], ObjectStore]] = {
        "memory": MemoryStore,
        "local": lambda: LocalStore(tmp_path),
        "s3": lambda: store_at(request.getfixturevalue("object_store")),
    }
    store = stores[request.param]()

    def forge(digest: Sha256, content: bytes) -> None:
        obstore.put(store, place_of(digest), content)

    yield ObjectVault(store), forge


@pytest.fixture
def vault(kept: tuple[Vault, Forge]) -> Vault:
    """The vault alone."""
    return kept[0]


def received(vault: Vault, content: bytes) -> Sha256:
    """Have a vault receive a content that streams in."""
    with vault.draft() as draft:
        for start in range(0, len(content), CHUNK_BYTES):
            draft.write(content[start : start + CHUNK_BYTES])
        vault.receive(draft)
        assert draft.size == len(content)
        assert not vault_leaves(draft.path)
        return draft.sha256


def vault_leaves(path: Path) -> bool:
    """Return whether somebody else could read a draft."""
    return path.exists() and path.stat().st_mode & 0o077 != 0


def test_what_was_kept_comes_back(vault: Vault) -> None:
    """Every byte, handed over or streamed, read whole or opened."""
    vault.keep({digest_of(CONTENT): CONTENT, digest_of(b""): b""})
    streamed = received(vault, b"streamed")
    for content in (CONTENT, b"", b"streamed"):
        assert vault.get(digest_of(content)) == content
        with vault.open(digest_of(content)) as file:
            assert file.read() == content
    assert streamed == digest_of(b"streamed")


@pytest.mark.parametrize("size", [AT_ONCE_BYTES, AT_ONCE_BYTES + 1, 3 * AT_ONCE_BYTES + 7])
def test_a_large_content_is_the_same_in_parts(vault: Vault, size: int) -> None:
    """On both sides of the size from which it is sent in parts."""
    content = os.urandom(1024) * (size // 1024) + bytes(size % 1024)
    digest = received(vault, content)
    assert received(vault, content) == digest == digest_of(content)
    with vault.open(digest) as file:
        assert hashlib.file_digest(file, "sha256").hexdigest() == digest
        file.seek(size - 5)
        assert file.read() == content[-5:]


def test_keeping_again_changes_nothing(kept: tuple[Vault, Forge]) -> None:
    """Create-only: not even the right bytes are written over what is there."""
    vault, forge = kept
    digest = digest_of(CONTENT)
    vault.keep({digest: CONTENT})
    forge(digest, b"forged")
    vault.keep({digest: CONTENT})
    received(vault, CONTENT)
    with pytest.raises(Damaged):
        vault.get(digest)


@pytest.mark.parametrize("forged", [b"a photograpH", b"a photograph ", b"", b"x" * CHUNK_BYTES])
def test_a_forged_content_never_leaves(kept: tuple[Vault, Forge], forged: bytes) -> None:
    """One flipped bit is an error that names both digests, and not one byte is handed out."""
    vault, forge = kept
    digest = digest_of(CONTENT)
    vault.keep({digest: CONTENT})
    forge(digest, forged)
    for read in (vault.get, vault.open):
        with pytest.raises(Damaged) as damage:
            read(digest)
        assert (damage.value.sha256, damage.value.found) == (digest, digest_of(forged))


def test_what_was_opened_stays_as_it_was_checked(kept: tuple[Vault, Forge]) -> None:
    """Who forges between the look and the answer comes too late."""
    vault, forge = kept
    content = os.urandom(CHUNK_BYTES + 1)
    digest = received(vault, content)
    with vault.open(digest) as file:
        forge(digest, b"forged")
        assert file.read() == content


def test_what_is_not_kept_is_a_key_error(vault: Vault) -> None:
    """Also before anything was kept at all."""
    for read in (vault.get, vault.open):
        with pytest.raises(KeyError):
            read(digest_of(CONTENT))


@pytest.mark.parametrize("name", ["", "../" * 21 + "x", "A" * 64, "0" * 63, "é" * 64])
def test_only_digests_are_names(vault: Vault, name: str) -> None:
    """No text of a caller's becomes a path or a key."""
    for read in (vault.get, vault.open):
        with pytest.raises(KeyError):
            read(Sha256(name))
    with pytest.raises(KeyError):
        vault.keep({Sha256(name): CONTENT})


def test_what_lies_in_a_vault_is_told_with_its_time(vault: Vault) -> None:
    """By digest; nothing else that a store holds for itself is taken for a content."""
    before = datetime.now(UTC) - timedelta(seconds=5)
    assert list(vault.contents()) == []
    vault.keep({digest_of(CONTENT): CONTENT})
    large = received(vault, bytes(AT_ONCE_BYTES + 1))
    received(vault, bytes(AT_ONCE_BYTES + 1))
    vault.keep({digest_of(CONTENT): CONTENT})
    found = {one.sha256: one for one in vault.contents()}
    assert {one.sha256: one.size for one in found.values()} == {
        digest_of(CONTENT): len(CONTENT),
        large: AT_ONCE_BYTES + 1,
    }
    assert all(before < one.handed_over_at < datetime.now(UTC) + DAY for one in found.values())


def test_only_what_nobody_handed_over_since_is_let_go(vault: Vault) -> None:
    """Handing over the same content again makes it young again."""
    digest, start = digest_of(CONTENT), datetime.now(UTC)
    assert not vault.let_go(digest, before=start + DAY)
    vault.keep({digest: CONTENT})
    assert not vault.let_go(digest, before=start - DAY)
    assert vault.get(digest) == CONTENT
    assert vault.let_go(digest, before=start + DAY)
    assert list(vault.contents()) == []
    vault.keep({digest: CONTENT})
    assert vault.get(digest) == CONTENT


@pytest.mark.parametrize("after", range(6))
def test_who_hands_over_while_it_is_let_go_finds_it_kept(
    monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """A store has no lock: before each request of the removal in turn, somebody hands it over."""
    store, digest = MemoryStore(), digest_of(CONTENT)
    vault, rival = ObjectVault(store), ObjectVault(store)
    vault.keep({digest: CONTENT})
    limit = datetime.now(UTC)
    requests: list[str] = []
    ask = ObjectVault._ask

    def counted(self: ObjectVault, work: Callable[[], Any]) -> Any:
        if self is vault:
            requests.append("asked")
            if len(requests) == after + 1:
                rival.keep({digest: CONTENT})
        return ask(self, work)

    monkeypatch.setattr(ObjectVault, "_ask", counted)
    vault.let_go(digest, before=limit)
    if len(requests) <= after:
        rival.keep({digest: CONTENT})
    assert rival.get(digest) == CONTENT
    assert [one.sha256 for one in rival.contents()] == [digest]


def test_a_removal_that_was_interrupted_is_undone_by_the_next_look() -> None:
    """Moved aside and then killed: what was kept is kept."""
    store, digest = MemoryStore(), digest_of(CONTENT)
    vault = ObjectVault(store)
    vault.keep({digest: CONTENT})
    obstore.rename(store, place_of(digest), f"leaving/{place_of(digest)}")
    with pytest.raises(KeyError):
        vault.get(digest)
    assert [one.sha256 for one in vault.contents()] == [digest]
    assert vault.get(digest) == CONTENT


def test_a_file_is_not_let_go_while_somebody_hands_it_over(tmp_path: Path) -> None:
    """Whoever removes is alone with the vault: here one waits for the other's lock."""
    vault, digest = FileVault(tmp_path), digest_of(CONTENT)
    vault.keep({digest: CONTENT})
    os.utime(tmp_path / place_of(digest), (0, 0))
    with ThreadPoolExecutor(1) as pool:
        with vault._handing_over():
            removal = pool.submit(vault.let_go, digest, before=datetime.now(UTC))
            with pytest.raises(TimeoutError):
                removal.result(timeout=0.2)
            os.utime(tmp_path / place_of(digest))
        assert removal.result(timeout=10) is False
    assert vault.get(digest) == CONTENT


def test_a_draft_has_a_limit(vault: Vault) -> None:
    """It is held while the content streams in, and by no vault above its own."""
    with vault.draft(10) as draft:
        draft.write(b"0123456789")
        with pytest.raises(TooLarge):
            draft.write(b"0")
        assert (draft.size, draft.path.stat().st_size <= 10) == (10, True)
    with vault.draft(SEALED_BYTES_MAX * 2) as draft, pytest.raises(TooLarge) as refused:
        draft.write(bytes(SEALED_BYTES_MAX + 1))
    assert refused.value.limit == SEALED_BYTES_MAX


def test_a_draft_that_is_given_up_leaves_nothing(vault: Vault) -> None:
    """A caller that goes away in the middle fills no disk."""
    with vault.draft() as draft:
        draft.write(CONTENT)
    assert not draft.path.exists()
    with pytest.raises(KeyError):
        vault.get(digest_of(CONTENT))


def test_drafts_of_processes_that_died_go_with_time(tmp_path: Path) -> None:
    """A crash in the middle of an upload leaves half a content, for a day."""
    vault = FileVault(tmp_path)
    drafts = [vault.draft() for _ in range(3)]
    old, young, open_one = (one.path for one in drafts)
    os.utime(old, (0, 0))
    with vault.draft():
        assert not old.exists()
        assert young.exists()
        assert open_one.exists()
    for one in drafts:
        one.close()


def test_a_store_that_does_not_answer_is_told_from_one_that_holds_nothing() -> None:
    """Else an outage would look like lost evidence."""
    away = ObjectVault(
        S3Store(
            "vault",
            endpoint="http://127.0.0.1:9",
            region="us-east-1",
            access_key_id="tests",
            secret_access_key="tests",
            client_options={"allow_http": True},
            retry_config={"max_retries": 0},
        )
    )
    for ask in (lambda: away.get(digest_of(CONTENT)), lambda: away.keep({digest_of(b""): b""})):
        with pytest.raises(VaultUnavailable) as unavailable:
            ask()
        assert "127.0.0.1" not in str(unavailable.value)
    assert issubclass(VaultUnavailable, VaultError)


def test_a_url_names_a_store(tmp_path: Path) -> None:
    """What the settings say is what is used."""
    vault = object_vault(tmp_path.as_uri())
    vault.keep({digest_of(CONTENT): CONTENT})
    assert (tmp_path / place_of(digest_of(CONTENT))).read_bytes() == CONTENT
