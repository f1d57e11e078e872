"""What a bundle is made of, gathered already for its recipient; who may see what is settled before.

The paths of its members are here too, for those who write them and those who check them.
"""

from collections.abc import Callable, Mapping
from typing import IO, Any, Final

import msgspec

from domain.proof.keys import VerifierKey
from domain.proof.note import Note
from domain.values import ExportPurpose, Instant, Recipient, Sha256

FORMAT: Final = "1"
"""The version of the bundle's form."""
BAGIT: Final = "bagit.txt"
BAG_INFO: Final = "bag-info.txt"
MANIFEST: Final = "manifest-sha256.txt"
TAG_MANIFEST: Final = "tagmanifest-sha256.txt"
DECLARATION: Final = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
RECORDS: Final = "data/records"
PROOFS: Final = "data/proofs"
EXPORT: Final = "export"
"""The name of the export's own record and proof, beside those of the ticket."""
DISCLOSURES: Final = "data/disclosures.jsonl"
CUSTODY: Final = "data/custody.jsonl"
ATTACHMENTS: Final = "data/attachments"
LOG: Final = "data/log"
TIME: Final = "data/time"
TSA_CHAIN: Final = f"{TIME}/tsa-chain.pem"
ANCHORS: Final = "data/anchors"
POLICIES: Final = "data/policies"
REPORT: Final = "data/report.html"
READ_ME: Final = "data/READ-ME-FIRST.{}.txt"
COMMANDS: Final = "data/verify/COMMANDS.txt"


class Entry(msgspec.Struct, frozen=True):
    """One record with its proof; of one that the recipient may not see, the leaf hash alone."""

    version: int
    position: int
    leaf: bytes
    state: bytes | None
    hashes: tuple[bytes, ...]


class Disclosure(msgspec.Struct, frozen=True):
    """A personal value that is shown: the record commits to the digest of `disclosure`."""

    version: int
    pointer: str
    disclosure: str
    value: str


class Kept(msgspec.Struct, frozen=True):
    """A content that is shown, and how to open a checked copy of it."""

    sha256: Sha256
    extension: str
    open: Callable[[], IO[bytes]]


class Stamped(msgspec.Struct, frozen=True):
    """A stamp on a checkpoint, and the proof that the bundle's checkpoint continues that one."""

    answer: bytes
    note: Note
    consistency: tuple[bytes, ...]


class Bundle(msgspec.Struct, frozen=True):
    """Everything a bundle holds."""

    ticket: str
    origin: str
    recipient: Recipient
    purpose: ExportPurpose
    exported_at: Instant
    entries: tuple[Entry, ...]
    export: Entry
    """The record of the export: it says how far the ticket had come."""
    note: Note
    key: VerifierKey
    """The log's key that signed the checkpoint."""
    trust_policy: str
    disclosures: tuple[Disclosure, ...]
    attachments: tuple[Kept, ...]
    custody: tuple[Mapping[str, Any], ...]
    stamps: tuple[Stamped, ...]
    tsa_chain: bytes | None
    anchors: tuple[Mapping[str, Any], ...]
    books: Mapping[str, bytes]
    """The books of rules that were applied, by digest."""


def numbered(number: int) -> str:
    """Return the name of the record of a version."""
    return f"{number:06}"
