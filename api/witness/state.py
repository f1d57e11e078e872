"""What a witness remembers: its key, and the last checkpoint it cosigned of each log; on disk.

A witness that forgot would cosign a second history. So the memory is made together with the key,
and a key without its memory is not used again.
"""

import fcntl
import hashlib
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

from domain.proof.checkpoint import Checkpoint, parse_checkpoint
from domain.proof.errors import ProofError
from domain.proof.keys import KeyType, SigningKey, parse_secret
from domain.proof.note import Note, parse_note

REFUSED_MAX: Final = 1_000
"""So many refused histories are kept as proof, so that nobody can fill the disk."""
_WHOSE: Final = "witness"


class WitnessStateError(RuntimeError):
    """The key and the memory of a witness do not go together; what to do is said."""


def key_of(path: Path, *, name: str | None, state: Path) -> SigningKey:
    """Return the key of a file; with a name, it and its memory are made when neither is there."""
    if not path.exists():
        if name is None:
            raise WitnessStateError(
                f"{path} is not there; --name makes a new witness, with a new key"
            )
        if (state / _WHOSE).exists():
            raise WitnessStateError(f"{state} is the memory of another key: restore {path}")
        key = SigningKey(name, secrets.token_bytes(32), KeyType.COSIGNATURE)
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # The memory first: a key is never there without it.
        _replace(state / _WHOSE, key.verifier.vkey.encode() + b"\n")
        _replace(path, key.secret.encode() + b"\n", mode=0o600)
    try:
        key = parse_secret(path.read_text(encoding="ascii").strip())
    except (ProofError, ValueError) as error:
        raise WitnessStateError(f"{path} holds no key of a witness") from error
    if key.verifier.type is not KeyType.COSIGNATURE:
        raise WitnessStateError(f"{path} holds a key that signs without a time")
    return key


class Memory:
    """The last checkpoint cosigned of each log; one process at a time has it."""

    def __init__(self, directory: Path, key: SigningKey) -> None:
        """Take the memory of this key; raise WitnessStateError when it is lost or in use."""
        self._directory = directory
        whose = directory / _WHOSE
        if not whose.exists() or whose.read_text().strip() != key.verifier.vkey:
            raise WitnessStateError(
                f"{directory} is not the memory of this key: restore it, or retire the key; "
                "a witness that has forgotten would cosign a second history"
            )
        self._lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            raise WitnessStateError(f"another witness works with {directory}") from error

    def close(self) -> None:
        """Let another process have it."""
        os.close(self._lock)

    def last(self, origin: str) -> Checkpoint | None:
        """Return the last checkpoint cosigned of a log; raise WitnessStateError if unreadable."""
        try:
            content = self._path(origin).read_bytes()
        except FileNotFoundError:
            return None
        try:
            checkpoint = parse_checkpoint(parse_note(content).text)
        except ProofError as error:
            raise WitnessStateError(f"{self._path(origin)} is damaged: restore it") from error
        if checkpoint.origin != origin:
            raise WitnessStateError(f"{self._path(origin)} is of another log: restore it")
        return checkpoint

    def keep(self, origin: str, note: Note) -> None:
        """Remember a checkpoint, durably, in place of the one before it."""
        _replace(self._path(origin), str(note).encode())

    def keep_refused(self, checkpoint: Checkpoint, note: Note) -> None:
        """Keep a signed checkpoint that does not extend what was cosigned: it is proof."""
        directory = self._directory / "refused"
        directory.mkdir(exist_ok=True, mode=0o700)
        if sum(1 for _ in directory.iterdir()) < REFUSED_MAX:
            digest = hashlib.sha256(checkpoint.body.encode()).hexdigest()
            _replace(directory / f"{digest}.note", str(note).encode())

    def _path(self, origin: str) -> Path:
        return self._directory / f"{hashlib.sha256(origin.encode()).hexdigest()}.note"


def _replace(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """Put content in a file's place, whole or not at all, and flush it to disk."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        with suppress(FileNotFoundError):
            draft.unlink()
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
