"""Writing a bundle: a BagIt 1.0 ZIP whose manifests are made of what was really written."""

import hashlib
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from typing import IO, Any, Final

import msgspec

from domain.policies.book import Book, parse
from domain.proof import base64text
from domain.proof.canonical import canonical
from domain.proof.checkpoint import parse_checkpoint
from domain.proof.note import Note
from domain.proof.proof_file import ProofFile
from replay.bundle import parts, words
from replay.bundle.parts import Bundle, Entry
from replay.bundle.report import Language, page

CHUNK_BYTES: Final = 1024 * 1024
REPORT_LANGUAGE: Final[Language] = "zh-CN"
_TIME: Final = (1980, 1, 1, 0, 0, 0)
"""Of every member: when they were made the export says, and the same bundle is the same bytes."""
_READABLE: Final = 0o100644 << 16


class _Bag:
    """A ZIP under way, with what was written to it."""

    def __init__(self, archive: zipfile.ZipFile, directory: str) -> None:
        self._archive = archive
        self._directory = directory
        self.digests: dict[str, str] = {}
        self.payload_bytes = 0

    def add(self, path: str, content: bytes | str) -> None:
        """Write a member."""
        self.copy(path, BytesIO(content.encode() if isinstance(content, str) else content))

    def copy(self, path: str, source: IO[bytes]) -> None:
        """Write a member from a file."""
        member = zipfile.ZipInfo(f"{self._directory}/{path}", _TIME)
        member.compress_type = zipfile.ZIP_DEFLATED
        member.external_attr = _READABLE
        digest, size = hashlib.sha256(), 0
        with self._archive.open(member, "w", force_zip64=True) as target:
            while chunk := source.read(CHUNK_BYTES):
                digest.update(chunk)
                size += len(chunk)
                target.write(chunk)
        self.digests[path] = digest.hexdigest()
        if path.startswith("data/"):
            self.payload_bytes += size

    def manifest(self, *, payload: bool) -> str:
        """Return the lines of a manifest, of the payload or of what is beside it."""
        chosen = {
            path: digest
            for path, digest in self.digests.items()
            if path.startswith("data/") is payload
        }
        return "".join(f"{digest}  {path}\n" for path, digest in sorted(chosen.items()))


def write(bundle: Bundle, out: IO[bytes]) -> None:
    """Write a bundle to a file that can seek."""
    with zipfile.ZipFile(out, "w") as archive:
        bag = _Bag(archive, bundle.ticket)
        for path, content in _members(bundle):
            bag.add(path, content)
        for kept in bundle.attachments:
            with kept.open() as source:
                bag.copy(f"{parts.ATTACHMENTS}/{kept.sha256}.{kept.extension}", source)
        bag.add(parts.MANIFEST, bag.manifest(payload=True))
        bag.add(parts.BAGIT, parts.DECLARATION)
        count = sum(path.startswith("data/") for path in bag.digests)
        bag.add(parts.BAG_INFO, _bag_info(bundle, f"{bag.payload_bytes}.{count}"))
        bag.add(parts.TAG_MANIFEST, bag.manifest(payload=False))


def _members(bundle: Bundle) -> Iterator[tuple[str, bytes | str]]:
    """Yield the members of the payload but the attachments."""
    for language, text in words.read_me(bundle).items():
        yield parts.READ_ME.format(language), text
    yield parts.COMMANDS, words.commands(bundle)
    yield parts.REPORT, _report(bundle)
    for entry in bundle.entries:
        yield from _entry(parts.numbered(entry.version), entry, bundle.note)
    yield from _entry(parts.EXPORT, bundle.export, bundle.note)
    yield parts.DISCLOSURES, _lines(msgspec.to_builtins(one) for one in bundle.disclosures)
    yield parts.CUSTODY, _lines(bundle.custody)
    yield from _log(bundle)
    for number, stamp in enumerate(bundle.stamps, 1):
        path = f"{parts.TIME}/{number:03}"
        yield f"{path}.tsr", stamp.answer
        yield f"{path}.body", stamp.note.text
        yield f"{path}.checkpoint", str(stamp.note)
        hashes = (base64text.encode(one) for one in stamp.consistency)
        yield f"{path}.consistency", "".join(f"{one}\n" for one in hashes)
    if bundle.stamps and bundle.tsa_chain is not None:
        yield parts.TSA_CHAIN, bundle.tsa_chain
    for number, anchor in enumerate(bundle.anchors, 1):
        yield f"{parts.ANCHORS}/{number:03}.json", canonical(anchor)
    for digest, content in sorted(bundle.books.items()):
        yield f"{parts.POLICIES}/{digest}.toml", content


def _entry(name: str, entry: Entry, note: Note) -> Iterator[tuple[str, bytes | str]]:
    if entry.state is None:
        yield f"{parts.RECORDS}/{name}.withheld", f"{entry.leaf.hex()}\n"
    else:
        yield f"{parts.RECORDS}/{name}.json", entry.state
    yield (
        f"{parts.PROOFS}/{name}.tlog-proof",
        str(ProofFile(entry.position - 1, entry.hashes, note)),
    )


def _report(bundle: Bundle) -> bytes:
    checkpoint = parse_checkpoint(bundle.note.text)
    return page(
        ticket=bundle.ticket,
        records=[entry.state for entry in bundle.entries if entry.state is not None],
        disclosures=[
            {
                "version": one.version,
                "field": one.pointer.removeprefix("/data/"),
                "disclosure": one.disclosure,
                "value": one.value,
            }
            for one in bundle.disclosures
        ],
        proofs=[
            {
                "version": entry.version,
                "index": entry.position - 1,
                "hashes": [base64text.encode(one) for one in entry.hashes],
            }
            for entry in bundle.entries
        ],
        checkpoint={
            "origin": checkpoint.origin,
            "size": checkpoint.size,
            "root": base64text.encode(checkpoint.root),
            "vkey": bundle.key.vkey,
            "note": str(bundle.note),
        },
        language=REPORT_LANGUAGE,
        withheld={entry.version: entry.leaf for entry in bundle.entries if entry.state is None},
        attachments={kept.sha256: kept.extension for kept in bundle.attachments},
        names=_names(bundle.books.values()),
    )


def _names(books: Iterable[bytes]) -> Mapping[Language, Mapping[str, str]]:
    """Return what the applied books call things; of two that differ, the newer one says it."""
    chinese: dict[str, str] = {}
    english: dict[str, str] = {}
    for book in sorted(map(parse, books), key=lambda one: one.in_force_from):
        for name, zh, en in _called(book):
            chinese[name], english[name] = zh, en
    return {"zh-CN": chinese, "en": english}


def _called(book: Book) -> Iterator[tuple[str, str, str]]:
    """Yield what a book calls things in Chinese and English; the last one of an id is meant."""
    yield from ((one.id, one.zh, one.en) for one in book.clock)
    yield from ((one.id, one.zh, one.en) for one in book.tag)
    yield from ((one.name, one.zh, one.en) for one in book.department)
    yield from ((one.name, one.zh, one.en) for one in book.desk)
    yield from ((one.name, one.zh, one.en) for one in book.queue)
    if book.vocabulary is not None:
        yield from ((one.id, one.zh, one.en) for one in book.vocabulary.told())


def _log(bundle: Bundle) -> Iterator[tuple[str, bytes | str]]:
    signature = next(
        one.signature
        for one in bundle.note.signatures
        if (one.name, one.key_id) == (bundle.key.name, bundle.key.id)
    )
    yield f"{parts.LOG}/checkpoint", str(bundle.note)
    yield f"{parts.LOG}/checkpoint.body", bundle.note.text
    yield f"{parts.LOG}/checkpoint.sig", signature
    yield f"{parts.LOG}/log.pem", bundle.key.pem
    yield f"{parts.LOG}/log.vkey", f"{bundle.key.vkey}\n"
    yield f"{parts.LOG}/trust-policy.txt", bundle.trust_policy


def _bag_info(bundle: Bundle, oxum: str) -> str:
    told = {
        "Source-Organization": bundle.origin,
        "External-Identifier": bundle.ticket,
        "Bagging-Date": bundle.exported_at[:10],
        "Payload-Oxum": oxum,
        "Ticketledger-Bundle-Format": parts.FORMAT,
        "Ticketledger-Recipient": bundle.recipient.value,
        "Ticketledger-Purpose": bundle.purpose.value,
        "Ticketledger-Upto-Version": str(len(bundle.entries)),
    }
    return "".join(f"{name}: {value}\n" for name, value in told.items())


def _lines(rows: Iterable[Mapping[str, Any]]) -> str:
    return "".join(f"{json.dumps(row, ensure_ascii=False, sort_keys=True)}\n" for row in rows)
