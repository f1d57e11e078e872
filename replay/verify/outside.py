"""Copies that lie outside the database: checkpoints and receipts others have kept; what they say.

A copy is worth what its keeper is worth; that our key signed it is checked, who kept it is not.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from domain.proof.checkpoint import Checkpoint, open_checkpoint
from domain.proof.errors import MalformedCheckpoint, ProofError
from domain.proof.keys import KeyType, VerifierKey
from domain.proof.note import parse_note
from domain.proof.proof_file import HEADER, parse_proof_file
from domain.proof.receipt import SUFFIX, Receipt, open_receipt
from replay.verify.report import Finding

FILE_SIZE_MAX: Final = 1_048_576
FILES_MAX: Final = 100_000


class UnusableCopy(ValueError):  # noqa: N818 - named for what is wrong with it
    """What was given is no copy of anything of this ledger, or nobody we know has signed it."""


class Copies(NamedTuple):
    """What others have kept, by lane."""

    checkpoints: Mapping[int, Sequence[Checkpoint]]
    """Also of lanes of the ledger that what is verified has not."""
    receipts: Mapping[int, Sequence[Receipt]]


def read_copies(
    paths: Sequence[Path],
    origins: Sequence[str],
    log_keys: Sequence[bytes],
    receipt_keys: Sequence[bytes],
) -> Copies:
    """Return the checkpoints and receipts that files and directories hold.

    A file is a checkpoint, a receipt or an inclusion proof; of a directory every file named
    `checkpoint`, or ending in `.checkpoint`, `.receipt`, `.note` or `.tlog-proof`, is read. Raises
    UnusableCopy with the first that is none, or is of another ledger, or not signed by our keys.
    """
    checkpoints: dict[int, dict[Checkpoint, None]] = {}
    receipts: dict[int, list[Receipt]] = {}
    for path in _files(paths):
        content = _content(path)
        try:
            if content.startswith(HEADER.encode()):
                content = str(parse_proof_file(content).checkpoint).encode()
            note = parse_note(content)
            name = note.signatures[0].name
            if any(one.name == origin + SUFFIX for one in note.signatures for origin in origins):
                lane = origins.index(name.removesuffix(SUFFIX))
                keys = [VerifierKey(name, KeyType.NOTE, public) for public in receipt_keys]
                receipts.setdefault(lane, []).append(open_receipt(content, keys))
                continue
            origin = note.text.partition("\n")[0]
            of_lane = lane_of_origin(origin, origins)
            if of_lane is None:
                raise MalformedCheckpoint(f"it is of {origin!r}, which is no lane of this ledger")
            keys = [VerifierKey(origin, KeyType.NOTE, public) for public in log_keys]
            checkpoint = open_checkpoint(note, keys).checkpoint
            checkpoints.setdefault(of_lane, {})[checkpoint] = None
        except ProofError as error:
            raise UnusableCopy(f"{path}: {error}") from error
    if not checkpoints and not receipts:
        raise UnusableCopy("there is no checkpoint and no receipt in what was given")
    return Copies({lane: tuple(found) for lane, found in checkpoints.items()}, receipts)


def lane_of_origin(origin: str, origins: Sequence[str]) -> int | None:
    """Return the lane of a ledger that an origin names, also one beyond those that are there.

    None of another ledger's.
    """
    if origin in origins:
        return origins.index(origin)
    ledger, _, lane = origin.rpartition(_LANE)
    if not origins or ledger != origins[0].rpartition(_LANE)[0] or not _NUMBER.fullmatch(lane):
        return None
    return int(lane) if int(lane) >= len(origins) else None


def missing_lanes(copies: Mapping[int, Sequence[Checkpoint]], lanes: int) -> Iterator[Finding]:
    """Yield each copy of a lane beyond those that are there: what it covers is gone."""
    for lane in sorted(one for one in copies if one >= lanes):
        largest = max(one.size for one in copies[lane])
        what = f"an outside copy has size {largest} of a lane that is not here"
        yield Finding("X01", lane, 1, None, None, what)


def compare(
    lane: int, checkpoints: Sequence[Checkpoint], last: int, roots: Mapping[int, bytes]
) -> tuple[list[Finding], int]:
    """Return where outside checkpoints contradict the events, and the largest that agrees.

    `roots` is of the trees that the events on record come to, by size up to `last`.
    """
    found, agreed = [], 0
    for one in sorted(checkpoints, key=lambda checkpoint: (checkpoint.size, checkpoint.root)):
        place = (lane, min(one.size, last + 1), None, None)
        if one.size > last:
            what = f"an outside copy has size {one.size}, the record ends at {last}"
            found.append(Finding("X01", *place, what))
        elif one.size and roots[one.size] != one.root:
            what = f"an outside copy of size {one.size} has the root {one.root.hex()}, the events "
            found.append(Finding("X02", *place, what + f"come to {roots[one.size].hex()}"))
        else:
            agreed = one.size
    return found, agreed


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    """Yield the files to read, of directories those that can be copies."""
    count = 0
    for path in paths:
        if not path.exists():
            raise UnusableCopy(f"{path}: there is no such file or directory")
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        for one in inside:
            if one.is_file() and (one == path or _is_named_so(one)):
                count += 1
                if count > FILES_MAX:
                    raise UnusableCopy(f"more than {FILES_MAX} files at once")
                yield one


def _is_named_so(path: Path) -> bool:
    return path.name == "checkpoint" or path.suffix in _SUFFIXES


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(FILE_SIZE_MAX + 1)
    except OSError as error:
        raise UnusableCopy(f"{path}: {error.strerror}") from error
    if len(content) > FILE_SIZE_MAX:
        raise UnusableCopy(f"{path}: it has more than {FILE_SIZE_MAX} bytes")
    return content


_LANE: Final = "/lane-"
_NUMBER: Final = re.compile("[1-9][0-9]{0,8}")
_SUFFIXES: Final = frozenset({".checkpoint", ".receipt", ".note", ".tlog-proof"})
