"""The secrets of one installation: made at first start, kept in the data directory with 0600."""

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from domain.commands import IntroduceKey
from domain.ledger.application import TicketLedger
from domain.ledger.requests import Request
from domain.ledger.sealing import KEY_BYTES, KeyEncryptionKey
from domain.ledger.signing import KeyMissing, KeyRecord, KeysFrozenAlready, Signer, key_text
from domain.values import SYSTEM, KeyPurpose

_FROZEN: Final = "frozen"
"""The file that stops every signature, also while the database is away."""
_NEW_TOKENS: Final = (
    "put the right one back, or remove it: then a new one is made, and the tokens there are are "
    "not accepted any more"
)
_RIGHT_ONE: Final = "restore it from your backup: the one on record is the only one that counts"


class KeyFileError(RuntimeError):
    """A key file is not what it should be; what to do is said."""


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """The secrets of one installation; no representation shows them."""

    key_encryption_key: KeyEncryptionKey
    """Wraps the keys of personal data; whoever loses it loses the data, not the proof."""
    hmac_secret: bytes
    """Tells a repeated request body from another one."""
    cursor_key: bytes
    """Signs the cursors of lists."""
    token_private: Ed25519PrivateKey
    """Signs development tokens."""

    @property
    def token_public(self) -> Ed25519PublicKey:
        """Return the key that verifies tokens."""
        return self.token_private.public_key()


def load(directory: Path) -> Keys:
    """Return the keys below a directory, made there when they are not there yet."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    root = _content(directory / "root.key", secrets.token_bytes(KEY_BYTES))
    kek = _content(directory / "personal.kek", secrets.token_bytes(KEY_BYTES))
    fresh = _fresh_ed25519()
    token = _ed25519(directory / "token.pem", fresh, remedy=_NEW_TOKENS)
    for name, content in (("root.key", root), ("personal.kek", kek)):
        if len(content) != KEY_BYTES:
            raise KeyFileError(
                f"{directory / name} holds {len(content)} bytes, not {KEY_BYTES}; "
                "restore it from a backup: what it protects can not be read without it"
            )
    return Keys(
        key_encryption_key=KeyEncryptionKey(kek),
        hmac_secret=_derived(root, "body hmac"),
        cursor_key=_derived(root, "cursor"),
        token_private=token,
    )


class FileSigner:
    """One of the ledger's signing keys, read from its file."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        """Sign with a private key."""
        self._private = private
        self.public = private.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """Return the signature of a message, 64 bytes."""
        return self._private.sign(message)


class FileKeys:
    """The keys a ledger signs with, a file for each purpose and generation.

    `log.pem` is the first, `log-2.pem` follows it. Which one is in use is on record, not here.
    """

    def __init__(self, directory: Path) -> None:
        """Keep keys below a directory; it and they are made when a key is first asked to be."""
        self._directory = directory
        self._read: dict[Path, FileSigner] = {}

    @property
    def is_frozen(self) -> bool:
        """Whether nothing is signed any more with what is here."""
        return (self._directory / _FROZEN).exists()

    def find(self, purpose: KeyPurpose, generation: int) -> Signer:
        """Return the key of a generation; raise KeyMissing or KeysFrozenAlready."""
        path = self._path(purpose, generation)
        if not path.exists():
            raise KeyMissing(f"{path} is not here: restore it from your backup")
        return self.make(purpose, generation)

    def make(self, purpose: KeyPurpose, generation: int) -> Signer:
        """Return the key of a generation, made if it is not there; raise KeysFrozenAlready."""
        if self.is_frozen:
            raise KeysFrozenAlready(f"{self._directory / _FROZEN} says that nothing is signed")
        path = self._path(purpose, generation)
        if path not in self._read:
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                private = _ed25519(path, _fresh_ed25519(), remedy=_RIGHT_ONE)
            except KeyFileError as error:
                raise KeyMissing(str(error)) from error
            self._read[path] = FileSigner(private)
        return self._read[path]

    def freeze(self) -> None:
        """Sign nothing any more, whatever is on record; for good."""
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        _content(self._directory / _FROZEN, b"Nothing is signed with these keys any more.\n")
        self._read.clear()

    def _path(self, purpose: KeyPurpose, generation: int) -> Path:
        return self._directory / (
            f"{purpose}.pem" if generation == 1 else f"{purpose}-{generation}.pem"
        )


def introduce(ledger: TicketLedger, store: FileKeys, *purposes: KeyPurpose) -> KeyRecord:
    """Return what is on record about keys, after putting first ones there where none are."""
    record = ledger.keys_on_record()
    missing = [one for one in purposes if one not in record.in_use]
    if not missing or record.frozen:
        return record
    for purpose in missing:
        key = key_text(store.make(purpose, 1).public)
        ledger.handle(Request(command=IntroduceKey(purpose=purpose, key=key), actor=SYSTEM))
    return ledger.keys_on_record()


def _fresh_ed25519() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )


def _ed25519(path: Path, fresh: bytes, *, remedy: str) -> Ed25519PrivateKey:
    """Return the Ed25519 key of a file."""
    try:
        key = load_pem_private_key(_content(path, fresh), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if isinstance(key, Ed25519PrivateKey):
        return key
    raise KeyFileError(f"{path} holds no Ed25519 key; {remedy}")


def _content(path: Path, fresh: bytes) -> bytes:
    """Return a key file's content; the first process to get there makes it, whole or not at all."""
    if not path.exists():
        draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(fresh)
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):  # another process was first: its key is the one
                os.link(draft, path)
            _sync(path.parent)
        finally:
            draft.unlink()
    return path.read_bytes()


def _sync(directory: Path) -> None:
    """Flush a directory's entries to disk: with a lost key, what it protects is lost."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _derived(root: bytes, purpose: str) -> bytes:
    """Return the key for one purpose, so that no secret serves two."""
    info = f"ticketledger {purpose}".encode()
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(root)
