"""The tickets of the record as traces of an XES log (IEEE 1849-2016); OCEL has the other things.

A trace is in the order in which things happened. Of imported history it has the source's rows,
called by the source's own state; what we read out of a row stands in the other forms.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final
from xml.sax.saxutils import quoteattr

from domain.events import SourceReported
from domain.ledger.recorder import Recorder, StoredRow
from domain.record import Record
from replay.exports.columns import (
    LEDGER,
    Kind,
    Value,
    columns_of,
    event_values,
    happened_at,
    place_values,
)
from replay.exports.files import begun_anew, finish, part_of
from replay.exports.reading import Span, Watch, record_of, tickets

_ELEMENTS: Final = {
    Kind.STRING: "string",
    Kind.INTEGER: "int",
    Kind.BOOLEAN: "boolean",
    Kind.TIME: "date",
}
_NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What no XML document can hold, not even escaped."""
_HEAD: Final = """<?xml version="1.0" encoding="UTF-8"?>
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
"""


def export_xes(recorder: Recorder, span: Span, path: Path, watch: Watch) -> int:
    """Write the tickets of a span as XES to a new file, and return how many events it has.

    It is written anew each time: an interrupted one leaves nothing to go on with.
    """
    part, events, seen = part_of(path), 0, 0
    with begun_anew(part) as out:
        out.write(_HEAD.encode())
        out.write(_attribute("string", "concept:name", "ticketledger"))
        for lane in span.lanes:
            for page in tickets(recorder, span, lane):
                for rows in page:
                    events += _trace(out, rows)
                    seen += len(rows)
                watch(min(seen, span.total), span.total)
        watch(span.total, span.total)
        out.write(b"</log>\n")
        out.flush()
        finish(part, path)
    return events


def _trace(out: IO[bytes], rows: list[StoredRow]) -> int:
    """Write one ticket, and return how many events it has; none makes no trace."""
    records = [record for row in rows if _is_told(record := record_of(row))]
    if not records:
        return 0
    records.sort(key=lambda record: (happened_at(record), record.version))
    out.write(b"<trace>\n")
    out.write(_attribute("string", "concept:name", records[0].subject))
    for record in records:
        out.write(b"<event>\n")
        out.writelines(_event(record))
        out.write(b"</event>\n")
    out.write(b"</trace>\n")
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
