"""An audit of this installation: its database, keys and vault handed to the verifier, and no more.

Nothing is made or migrated for it, save that the embedded server is started.
"""

from pathlib import Path
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from api.ids import wall_clock
from api.keys import KeyFileError
from api.settings import Settings
from api.wiring import database, vault_of
from domain.ledger.migrations import Names
from domain.ledger.recorder import Recorder
from domain.proof.errors import MalformedKey
from domain.proof.keys import KeyType, parse_vkey
from domain.proof.stamp import read_roots
from domain.values import KeyPurpose, moment_of
from replay.verify.auditing import Interrupted, Progress, Scope, audit
from replay.verify.joining import Whole
from replay.verify.outside import Copies, read_copies
from replay.verify.reading import Audited
from replay.verify.report import Report
from replay.verify.stamps import Outsiders

RESUME_FILE: Final = "verify.resume.json"


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody asked to have audited."""

    since: int = 0
    workers: int = 1
    vkeys: tuple[str, ...] = ()
    """Keys of logs that the auditor brings; without any, those of this installation count."""
    afresh: bool = False
    """Whether what an interrupted audit had done is to be done again."""
    copies: tuple[Path, ...] = ()


class Resumed(msgspec.Struct):
    """How far an interrupted audit had come."""

    since: int
    origins: tuple[str, ...]
    log_keys: tuple[bytes, ...]
    wholes: dict[int, Whole]


def audit_ledger(settings: Settings, order: Order, progress: Progress) -> Report:
    """Return what an audit comes to.

    Raises Interrupted after writing down how far it came, UnusableCopy and MalformedKey for what
    the auditor brought.
    """
    with database(settings) as dsns:
        audited = _audited(settings, order, dsns.app)
        path = settings.data_dir / RESUME_FILE
        wanted = Resumed(order.since, audited.origins, audited.log_keys, {})
        taken_up = {} if order.afresh else _taken_up(path, wanted)
        copies = Copies({}, {})
        if order.copies:
            receipt_keys = public_keys(settings.data_dir / "keys", KeyPurpose.RECEIPT)
            copies = read_copies(order.copies, audited.origins, audited.log_keys, receipt_keys)
        scope = Scope(
            since=order.since,
            workers=order.workers,
            vault=vault_of(settings),
            outsiders=_outsiders(settings),
            copies=copies,
            taken_up=taken_up,
        )
        try:
            report = audit(audited, scope, now=moment_of(wall_clock()), progress=progress)
        except Interrupted as stopped:
            if not order.copies:
                wanted.wholes = stopped.wholes
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                path.write_bytes(msgspec.json.encode(wanted))
            raise
        if not order.copies:
            path.unlink(missing_ok=True)
        return report


def public_keys(directory: Path, purpose: KeyPurpose) -> tuple[bytes, ...]:
    """Return the public halves of an installation's keys for a purpose, of every generation.

    They are read from files, not from the record: who rewrites the record would name his own.
    """
    found = []
    for path in sorted(directory.glob(f"{purpose}*.pem")):
        try:
            private = load_pem_private_key(path.read_bytes(), password=None)
        except (ValueError, TypeError) as error:
            raise KeyFileError(f"{path} holds no key") from error
        if not isinstance(private, Ed25519PrivateKey):
            raise KeyFileError(f"{path} holds no Ed25519 key")
        found.append(private.public_key().public_bytes_raw())
    return tuple(found)


def _audited(settings: Settings, order: Order, dsn: str) -> Audited:
    keys = settings.data_dir / "keys"
    kek = keys / "personal.kek"
    recorder = Recorder.connect(dsn, readers_max=1)
    try:
        origins = recorder.genesis().origins
    finally:
        recorder.close()
    return Audited(
        dsn=dsn,
        names=Names(),
        origins=origins,
        log_keys=_brought(order.vkeys) or public_keys(keys, KeyPurpose.LOG),
        key_encryption_key=kek.read_bytes() if kek.exists() else None,
    )


def _brought(vkeys: tuple[str, ...]) -> tuple[bytes, ...]:
    keys = [parse_vkey(vkey) for vkey in vkeys]
    if any(key.type is not KeyType.NOTE for key in keys):
        raise MalformedKey("a log signs with a note key, not with a witness's")
    return tuple(dict.fromkeys(key.public for key in keys))


def _outsiders(settings: Settings) -> Outsiders:
    roots = read_roots(settings.stamp_roots.read_bytes()) if settings.stamp_roots else ()
    return Outsiders(roots, {one.name: parse_vkey(one.vkey) for one in settings.witnesses})


def _taken_up(path: Path, wanted: Resumed) -> dict[int, Whole]:
    """Return what an interrupted audit of the same kind had joined."""
    try:
        written = msgspec.json.decode(path.read_bytes(), type=Resumed)
    except (FileNotFoundError, msgspec.DecodeError):
        return {}
    same = (written.since, written.origins, written.log_keys)
    return written.wholes if same == (wanted.since, wanted.origins, wanted.log_keys) else {}
