"""The secrets of one installation: made at first start, kept in the data directory with 0600."""

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

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

from domain.ledger.sealing import KEY_BYTES, KeyEncryptionKey


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
    fresh = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    token = _token(directory / "token.pem", fresh)
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


def _token(path: Path, fresh: bytes) -> Ed25519PrivateKey:
    """Return the key that signs tokens."""
    try:
        token = load_pem_private_key(_content(path, fresh), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        token = None
    if isinstance(token, Ed25519PrivateKey):
        return token
    raise KeyFileError(
        f"{path} holds no Ed25519 key; put the right one back, or remove it: then a new one is "
        "made, and the tokens there are are not accepted any more"
    )


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
