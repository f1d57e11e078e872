"""The secrets of an installation: made once, whoever comes first, for their owner's eyes only."""

import multiprocessing
import os
import stat
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from api import keys

FILES = ("root.key", "personal.kek", "token.pem")


def told(directory: Path) -> tuple[bytes, bytes, bytes, bytes]:
    """Return what a process makes of the keys below a directory."""
    own = keys.load(directory)
    wrapped = b"\0" * 40
    try:
        own.key_encryption_key.unwrap(wrapped)
    except Exception as error:
        wrapped = type(error).__name__.encode()
    public = own.token_public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return own.hmac_secret, own.cursor_key, public, wrapped


def test_keys_are_made_once_by_whoever_comes_first(tmp_path: Path) -> None:
    """`serve` and its worker start together; with two keys one could not read the other's data."""
    directory = tmp_path / "keys"
    with ProcessPoolExecutor(8, multiprocessing.get_context("spawn")) as pool:
        answers = [one.result() for one in [pool.submit(told, directory) for _ in range(24)]]
    assert len(set(answers)) == 1
    assert set(answers) == {told(directory)}
    assert sorted(one.name for one in directory.iterdir()) == sorted(FILES)


def test_only_the_owner_may_read_them(tmp_path: Path) -> None:
    """Whatever the umask says."""
    previous = os.umask(0)
    try:
        keys.load(tmp_path / "keys")
    finally:
        os.umask(previous)
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    for name in FILES:
        assert stat.S_IMODE((tmp_path / "keys" / name).stat().st_mode) == 0o600


def test_no_secret_serves_two_purposes(tmp_path: Path) -> None:
    """A leaked cursor must say nothing about a request's body."""
    own = keys.load(tmp_path)
    root = (tmp_path / "root.key").read_bytes()
    kek = (tmp_path / "personal.kek").read_bytes()
    assert len({own.hmac_secret, own.cursor_key, root, kek}) == 4


def test_no_representation_shows_a_secret(tmp_path: Path) -> None:
    """It may reach a log."""
    own = keys.load(tmp_path)
    shown = repr(own) + str(own)
    assert own.hmac_secret.hex() not in shown
    assert repr(own.hmac_secret) not in shown


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("size", [0, 1, 31])
def test_a_truncated_file_is_named_and_left_alone(tmp_path: Path, name: str, size: int) -> None:
    """It must be restored: made anew, it would lock everybody out of what it protects."""
    keys.load(tmp_path)
    file = tmp_path / name
    cut = file.read_bytes()[:size]
    file.write_bytes(cut)
    with pytest.raises(keys.KeyFileError, match=name):
        keys.load(tmp_path)
    assert file.read_bytes() == cut


def _pem(key: X25519PrivateKey | Ed25519PrivateKey, how: KeySerializationEncryption) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how)


@pytest.mark.parametrize(
    "content",
    [
        _pem(X25519PrivateKey.generate(), NoEncryption()),
        _pem(Ed25519PrivateKey.generate(), BestAvailableEncryption(b"a password")),
    ],
    ids=["another kind", "protected"],
)
def test_a_token_key_that_can_not_be_used_is_named(tmp_path: Path, content: bytes) -> None:
    """A token signed with something else would be accepted nowhere."""
    keys.load(tmp_path)
    (tmp_path / "token.pem").write_bytes(content)
    with pytest.raises(keys.KeyFileError, match=r"token\.pem"):
        keys.load(tmp_path)


def test_a_key_of_ones_own_is_used(tmp_path: Path) -> None:
    """An operator may bring the key that signs."""
    own = Ed25519PrivateKey.generate()
    (tmp_path / "token.pem").write_bytes(_pem(own, NoEncryption()))
    loaded = keys.load(tmp_path).token_public
    assert loaded == own.public_key()
