"""Checking a file by what it is: which form it has is seen by its first bytes."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Any, Final
from xml.etree import ElementTree

from domain.proof.keys import VerifierKey
from replay.exports.checked import Checked, UnreadableExport
from replay.exports.lines import Header, MalformedLine, Progress, read_header, unsigned
from replay.exports.ocel_check import check_json, check_sqlite, is_time

SQLITE: Final = b"SQLite format 3\x00"
_SNIFFED: Final = 512


def check(path: Path, keys: Iterable[VerifierKey] = ()) -> Checked:
    """Return what is wrong with an exported file; signatures are checked by the keys given.

    Raises OSError, or UnreadableExport where it is no export.
    """
    with path.open("rb") as file:
        head = file.read(_SNIFFED)
    if head.startswith(SQLITE):
        return check_sqlite(path)
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return check_xes(path)
    if b'"ticketledger.jsonl.' in head.partition(b"\n")[0] or head.startswith(b'{"format":'):
        return check_lines(path, keys)
    return check_json(path)


def check_lines(path: Path, keys: Iterable[VerifierKey] = ()) -> Checked:
    """Return what is wrong with JSON lines; what follows the first wrong line is not looked at."""
    checked, trusted = Checked(form="jsonl"), tuple(keys)
    with path.open("rb") as file:
        try:
            header = read_header(file.readline())
        except MalformedLine as error:
            raise UnreadableExport(str(error)) from error
        checked.things = len(header.lanes)
        progress, closed = Progress(header), False
        try:
            for line in file:
                if closed:
                    raise MalformedLine("something follows the last line")  # noqa: TRY301
                if progress.is_closing(line):
                    progress.close(line)
                    closed = True
                else:
                    progress.take(line)
            if not closed:
                raise MalformedLine("the last line is not there: the file was cut")  # noqa: TRY301
            progress.ended()
        except MalformedLine as error:
            checked.find(str(error))
    checked.events = progress.records
    _signatures(checked, header, trusted)
    if header.tickets:
        checked.not_checked.append("whether a ticket has records beyond its last one here")
    return checked


def _signatures(checked: Checked, header: Header, trusted: Sequence[VerifierKey]) -> None:
    """Check who signed, and tell what is covered by no signature."""
    empty = [str(one.lane) for one in header.lanes if one.checkpoint is None]
    if trusted:
        for what in unsigned(header, trusted):
            checked.find(what)
    elif len(empty) < len(header.lanes):
        checked.not_checked.append("signatures, for no key of the log was given")
    else:
        checked.not_checked.append("signatures, for there is no checkpoint: nothing here is signed")
    if empty:
        what = "whether there are records in lanes of which nothing is here"
        checked.not_checked.append(f"{what}: {', '.join(empty)}")


def check_xes(path: Path) -> Checked:
    """Return what is wrong with an XES log: traces and events are named once and in order."""
    with path.open("rb") as file:
        return _of_traces(file)


def _of_traces(file: IO[bytes]) -> Checked:
    checked, traces = Checked(form="xes"), set[str]()
    try:
        # Expat itself bounds what entities may grow to, and knows no files or addresses.
        parsed = ElementTree.iterparse(file, events=("start", "end"))  # noqa: S314
        _, root = next(parsed)
        namespace, brace, name = root.tag.rpartition("}")
        if name != "log":
            raise UnreadableExport("this is no XES log")
        for moment, element in parsed:
            if moment == "end" and element.tag == f"{namespace}{brace}trace":
                trace = _told(element).get("concept:name", "")
                if not trace or trace in traces:
                    checked.find(f"a trace is called {trace!r}, as none or another is")
                traces.add(trace)
                _trace(checked, trace, element, f"{namespace}{brace}event")
                root.clear()
    except ElementTree.ParseError as error:
        if not traces:
            raise UnreadableExport(f"this is no XES log: {error}") from error
        checked.find(f"the file is damaged: {error}")
    checked.things = len(traces)
    return checked


def _trace(checked: Checked, trace: str, element: Any, tag: str) -> None:
    before = ""
    for number, event in enumerate(element.iterfind(tag), 1):
        checked.events += 1
        told, where = _told(event), f"event {number} of {trace}"
        if not told.get("concept:name"):
            checked.find(f"{where} has no name")
        at = told.get("time:timestamp")
        if not is_time(at):
            checked.find(f"{where} has a time that is none: {at!r}")
            continue
        if at is not None and at.endswith("Z"):
            if before.endswith("Z") and at < before:
                checked.find(f"{where} is earlier than the one before it")
            before = at


def _told(element: Any) -> dict[str, str]:
    return {one.get("key", ""): one.get("value", "") for one in element if one.get("key")}
