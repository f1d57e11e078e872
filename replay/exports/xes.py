"""The tickets of the record as traces of an XES log (IEEE 1849-2016); OCEL has the other things.

A trace is in the order in which things happened. Of imported history it has the source's rows,
called by the source's own state; what we read out of a row stands in the other forms.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Final, NamedTuple
from xml.sax.saxutils import quoteattr

from domain.events import SourceReported
from domain.ledger.recorder import Recorder
from domain.record import Record
from domain.streams import parse_moment, position_text
from replay.exports.columns import (
    LEDGER,
    Kind,
    Value,
    columns_of,
    event_values,
    place_values,
)
from replay.exports.files import OtherExport, finish, hold, part_of
from replay.exports.leaves import Leaves
from replay.exports.reading import Span, Watch, opened_at, tickets
from replay.happened import happened_at

_ELEMENTS: Final = {
    Kind.STRING: "string",
    Kind.INTEGER: "int",
    Kind.BOOLEAN: "boolean",
    Kind.TIME: "date",
}
_NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What no XML document can hold, not even escaped."""
_HEAD: Final = b"""<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849-2016" xes.features="" xmlns="http://www.xes-standard.org/">
<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
<extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
<extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
<extension name="Lifecycle" prefix="lifecycle" uri="http://www.xes-standard.org/lifecycle.xesext"/>
<global scope="trace">
<string key="concept:name" value=""/>
</global>
<global scope="event">
<string key="concept:name" value=""/>
<date key="time:timestamp" value="1970-01-01T00:00:00.000000Z"/>
<string key="lifecycle:transition" value="complete"/>
</global>
<classifier name="Activity" keys="concept:name"/>
<string key="concept:name" value="ticketledger"/>
"""
_TRACE, _TRACE_END, _EVENT, _END = b"<trace>\n", b"</trace>\n", b"<event>\n", b"</log>\n"
_ATTRIBUTE: Final = (
    rb"<(?:string|int|boolean|date) key=\"[^\"<]+\" value=(?:\"[^\"<]*\"|'[^'<]*')/>\n"
)
_LINE: Final = re.compile(rb"</?trace>\n|</?event>\n|" + _ATTRIBUTE)
"""Every line behind the head: an attribute holds no line break, whatever it tells."""
_NAME: Final = re.compile(rb"<string key=\"concept:name\" value=\"(.*)\"/>\n")
_OF_SPAN: Final = re.compile(rb"<string key=\"(ledger_[a-z]+)\" value=\"(.*)\"/>\n")
_LAST_OF_SPAN: Final = "ledger_upto"
"""Where this is told, the part of the record is told whole."""


def export_xes(recorder: Recorder, span: Span, path: Path, watch: Watch) -> int:
    """Write the tickets of a span as XES to a new file, and return how many events it has.

    What an interrupted export of the same span has written is gone on with behind its last whole
    trace. Raises Taken, OtherExport or DamagedRecord.
    """
    part = part_of(path)
    with part.open("a+b") as out:
        hold(out, part)
        whole = _read(out, part, span)
        if whole.last is None:
            out.truncate(0)
            out.write(_head(span))
        else:
            out.truncate(whole.length)
        events = _write(recorder, span, whole, out, watch)
        out.write(_END)
        out.flush()
        finish(part, path)
    return events


def begun(part: Path) -> Span | None:
    """Return the span of an export that was begun here; None where there is none of ours."""
    try:
        with part.open("rb") as file:
            return _span_of(file)
    except OSError:
        return None


# --- what is there already --------------------------------------------------------------------


class _Whole(NamedTuple):
    """The traces of an export that are written and whole."""

    last: str | None = None
    """The ticket of the last trace; None before there is one."""
    events: int = 0
    length: int = 0


def _read(out: IO[bytes], part: Path, span: Span) -> _Whole:
    """Return what an export has written, line by line; a trace that was cut is written again."""
    out.seek(0)
    told = _span_of(out)
    if told is None:
        out.seek(0)
        if _head(span).startswith(out.read(len(_head(span)))):
            return _Whole()
        raise OtherExport(f"{part} is no export of ours; remove it to begin anew")
    if told != span:
        raise OtherExport(f"{part} was begun for another part of the record")
    whole, name, events, before = _Whole(), None, 0, b""
    out.seek(len(_HEAD))
    for line in out:
        if not line.endswith(b"\n") or line == _END:
            break
        if _LINE.fullmatch(line) is None:
            raise OtherExport(f"{part} is damaged: it holds {line[:40]!r}; remove it to begin anew")
        events += line == _EVENT
        if before == _TRACE and (named := _NAME.fullmatch(line)):
            name = named[1].decode()
        if line == _TRACE_END:
            whole = _Whole(name, events, out.tell())
        before = line
    return whole


def _write(recorder: Recorder, span: Span, whole: _Whole, out: IO[bytes], watch: Watch) -> int:
    """Write the traces behind those that are there, and return how many events there are then."""
    first, after = 0, 0
    if whole.last is not None:
        known = opened_at(recorder, whole.last)
        if known is None:
            raise OtherExport(f"what was begun tells of {whole.last}, which is not on record")
        first, after = known
    events = seen = whole.events
    leaves = Leaves(recorder)
    for lane in span.lanes[first:]:
        for page in tickets(recorder, span, lane, after if lane == first else 0):
            for rows in page:
                events += _trace(out, [leaves.record_of(row) for row in rows])
                seen += len(rows)
            out.flush()
            watch(min(seen, span.total), span.total)
    watch(span.total, span.total)
    return events


def _head(span: Span) -> bytes:
    """Return what stands before the traces, with the part of the record the log is of.

    What every log tells of that comes last: a head that was cut is not taken for another's.
    """
    tickets = {"ledger_tickets": " ".join(span.tickets)} if span.tickets else {}
    told = {**tickets, "ledger_since": _moment(span.since), _LAST_OF_SPAN: _moment(span.upto)}
    attributes = (_attribute("string", key, value) for key, value in told.items())
    return _HEAD + b"".join(attributes)


def _span_of(file: IO[bytes]) -> Span | None:
    """Return the span a file says it is of, read behind its head; None where it says none."""
    if file.read(len(_HEAD)) != _HEAD:
        return None
    told: dict[str, str] = {}
    for line in file:
        known = _OF_SPAN.fullmatch(line)
        if known is None:
            break
        told[known[1].decode()] = known[2].decode()
    try:
        since, upto = (parse_moment(told[name]) for name in ("ledger_since", _LAST_OF_SPAN))
    except (KeyError, ValueError):
        return None
    return Span(since, upto, tuple(told.get("ledger_tickets", "").split()))


def _moment(ends: Mapping[int, int]) -> str:
    return ",".join(position_text(lane, position) for lane, position in sorted(ends.items()))


# --- traces -----------------------------------------------------------------------------------


def _trace(out: IO[bytes], found: list[Record]) -> int:
    """Write one ticket, and return how many events it has; none makes no trace."""
    records = [record for record in found if _is_told(record)]
    if not records:
        return 0
    records.sort(key=lambda record: (happened_at(record), record.version))
    out.write(_TRACE)
    out.write(_attribute("string", "concept:name", records[0].subject))
    for record in records:
        out.write(_EVENT)
        out.writelines(_event(record))
        out.write(b"</event>\n")
    out.write(_TRACE_END)
    return len(records)


def _is_told(record: Record) -> bool:
    """Return whether a fact is an event of its own: our reading of a source's row is none."""
    return not record.imported or isinstance(record.event, SourceReported)


def _event(record: Record) -> Iterator[bytes]:
    """Give the attributes of an event."""
    event = record.event
    name, who = record.envelope.topic, record.actor.ref
    if isinstance(event, SourceReported):
        name, who = event.state, event.by or who
    yield _attribute("string", "concept:name", name)
    yield _attribute("date", "time:timestamp", happened_at(record))
    yield _attribute("string", "lifecycle:transition", "complete")
    yield _attribute("string", "org:resource", who)
    yield _attribute("string", "org:role", record.actor.kind.value)
    if isinstance(event, SourceReported):
        yield _attribute("string", "topic", record.envelope.topic)
    kinds = {column.name: column.kind for column in columns_of(type(event))}
    for key, value in place_values(record).items():
        yield _attribute(_ELEMENTS[LEDGER[key]], key, value)
    for key, value in event_values(event).items():
        yield _attribute(_ELEMENTS[kinds[key]], key, value)


def _attribute(element: str, key: str, value: Value) -> bytes:
    if isinstance(value, bool):
        text = "true" if value else "false"
    else:
        text = _NOT_XML.sub("\ufffd", str(value))
    return f'<{element} key="{key}" value={quoteattr(text)}/>\n'.encode()
