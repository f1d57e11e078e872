"""XES: a ticket is a trace, in the order in which things happened."""

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from api.demo.words import PERSONAL
from api.imports.engine import import_history
from api.imports.mapping import parse_mapping
from api.imports.rejects import Rejects
from replay.exports import reading
from replay.exports.checked import UnreadableExport
from replay.exports.checking import check
from replay.exports.files import OtherExport, Taken, part_of
from replay.exports.reading import Span
from replay.exports.xes import begun, export_xes
from tests.conftest import Database
from tests.imports.conftest import COLUMNS, SMALL, open_ledger, row
from tests.replay.exports.conftest import History, Interrupting, unwatched

NAMESPACE = "{http://www.xes-standard.org/}"
Trace = list[dict[str, str]]


def traces(path: Path) -> dict[str, Trace]:
    """Return the events of every trace, by its name."""
    found: dict[str, Trace] = {}
    for trace in ElementTree.parse(path).getroot().iter(f"{NAMESPACE}trace"):
        name = next(one.get("value", "") for one in trace if one.get("key") == "concept:name")
        found[name] = [
            {one.get("key", ""): one.get("value", "") for one in event}
            for event in trace.iter(f"{NAMESPACE}event")
        ]
    return found


def export(history: History, path: Path, *tickets: str) -> Path:
    """Export everything, or some tickets, to a file."""
    export_xes(history.ledger.record, history.whole(*tickets), path, unwatched)
    return path


def test_a_ticket_is_a_trace_of_its_facts(history: History, tmp_path: Path) -> None:
    """Every ticket, every fact on its stream, called by its topic, when it happened."""
    path = export(history, tmp_path / "all.xes")
    wanted: dict[str, list[tuple[str, str, str]]] = {}
    for record in sorted(history.records(), key=lambda one: (one.occurred_at, one.version)):
        if record.stream.startswith("ticket:"):
            told = (record.envelope.topic, record.occurred_at, str(record.position))
            wanted.setdefault(record.subject, []).append(told)
    found = {
        name: [(e["concept:name"], e["time:timestamp"], e["ledger_position"]) for e in trace]
        for name, trace in traces(path).items()
    }
    assert found == wanted
    checked = check(path)
    assert checked.findings == []
    assert (checked.events, checked.things) == (sum(map(len, wanted.values())), len(wanted))


def test_no_personal_value_leaves_the_ledger(history: History, tmp_path: Path) -> None:
    """Of a forgotten person and of all others only commitments are told."""
    text = export(history, tmp_path / "all.xes").read_text("utf-8")
    assert [value for value in PERSONAL if value in text] == []
    assert "personal_data.erased.v1" in text


def test_a_part_has_the_facts_of_that_part(history: History, tmp_path: Path) -> None:
    """Positions bound what is told; a ticket without a fact in them is no trace."""
    whole = history.whole()
    middle = {lane: position // 2 for lane, position in whole.upto.items()}
    events = [
        export_xes(history.ledger.record, span, tmp_path / name, unwatched)
        for name, span in (
            ("a.xes", Span(whole.since, middle)),
            ("b.xes", Span(middle, whole.upto)),
            ("c.xes", whole),
        )
    ]
    assert events[0] + events[1] == events[2]
    assert min(events) > 0
    assert all(traces(tmp_path / "a.xes").values())


def test_one_ticket_is_one_trace(history: History, tmp_path: Path) -> None:
    """And those of other lanes are not looked at."""
    ticket, other = history.tickets()[0], history.tickets()[-1]
    assert set(traces(export(history, tmp_path / "two.xes", ticket, other))) == {ticket, other}


def test_a_ledger_without_tickets_is_a_log_without_traces(bare: History, tmp_path: Path) -> None:
    """An empty log is a log."""
    path = export(bare, tmp_path / "bare.xes")
    assert traces(path) == {}
    assert check(path).findings == []


def interrupted(history: History, path: Path, *tickets: str) -> Path:
    """Return the part of an export that was interrupted after a few pages."""
    with pytest.raises(KeyboardInterrupt):
        export_xes(history.ledger.record, history.whole(*tickets), path, Interrupting(3))
    assert not path.exists()
    return part_of(path)


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read few tickets at once, so that there is something to interrupt."""
    monkeypatch.setattr(reading, "TICKETS_PAGE", 2)


@pytest.mark.usefixtures("small_pages")
def test_an_interrupted_export_goes_on_behind_its_last_whole_trace(
    history: History, tmp_path: Path
) -> None:
    """Wherever it was cut, in a line, a trace, the head or behind it, the bytes are the same."""
    whole = export(history, tmp_path / "whole.xes").read_bytes()
    part = interrupted(history, tmp_path / "half.xes")
    written = part.read_bytes()
    assert 0 < written.count(b"</trace>") < whole.count(b"</trace>")
    assert begun(part) == history.whole()
    ends = (len(written), *range(0, len(written), len(written) // 15), whole.index(b"<trace>"))
    for end in ends:
        part.write_bytes(written[:end])
        export(history, tmp_path / "half.xes")
        assert (tmp_path / "half.xes").read_bytes() == whole
        assert not part.exists()
        with pytest.raises(Taken):
            export(history, tmp_path / "half.xes")
        (tmp_path / "half.xes").unlink()


def test_what_is_whole_but_has_no_name_yet_gets_it(history: History, tmp_path: Path) -> None:
    """A process may be killed between the last byte and the name."""
    path = tmp_path / "whole.xes"
    part = part_of(path)
    events = export_xes(history.ledger.record, history.whole(), path, unwatched)
    whole = path.read_bytes()
    path.rename(part)
    assert export_xes(history.ledger.record, history.whole(), path, unwatched) == events
    assert path.read_bytes() == whole


def test_an_interrupted_export_of_some_tickets_goes_on(history: History, tmp_path: Path) -> None:
    """Each with its own place in the order."""
    named = history.tickets()[::3]
    whole = export(history, tmp_path / "whole.xes", *named).read_bytes()
    part = part_of(tmp_path / "half.xes")
    part.write_bytes(whole[: whole.index(b"</trace>") + 100])
    export(history, tmp_path / "half.xes", *named)
    assert (tmp_path / "half.xes").read_bytes() == whole


def test_a_head_of_some_tickets_is_gone_on_with_wherever_it_was_cut(
    history: History, tmp_path: Path
) -> None:
    """Cut among the tickets' names it is not one of other tickets, and not one of all of them."""
    named = history.tickets()[::3]
    whole = export(history, tmp_path / "whole.xes", *named).read_bytes()
    part, path = part_of(tmp_path / "half.xes"), tmp_path / "half.xes"
    told = whole.index(b"<trace>")
    for end in range(whole.index(b'<string key="ledger_'), told + len(b"<trace>\n")):
        part.write_bytes(whole[:end])
        assert begun(part) == (history.whole(*named) if end >= told else None), whole[:end][-40:]
        if end % 30 == 0 or end in {told - 1, told}:
            export(history, path, *named)
            assert path.read_bytes() == whole
            path.unlink()


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"<event>\n", b"\x00\x00\x00\x00\x00\x00\x00\x00\n", "is damaged"),
        (b'timestamp" value="20', b'timestamp" value="2"', "is damaged"),
        (b"<log xes.version", b"<log xes_version", "no export of ours"),
        (b'"ledger_since" value="0-0', b'"ledger_since" value="0-1', "another part of the record"),
    ],
)
def test_what_is_not_ours_or_damaged_is_not_gone_on_with(
    history: History, tmp_path: Path, old: bytes, new: bytes, words: str
) -> None:
    """Half a log of another question, or with a hole in it, would look like a log."""
    part = interrupted(history, tmp_path / "half.xes")
    assert old in part.read_bytes()
    part.write_bytes(part.read_bytes().replace(old, new, 1))
    kept = part.read_bytes()
    with pytest.raises(OtherExport, match=words):
        export(history, tmp_path / "half.xes")
    assert part.read_bytes() == kept


def test_imported_history_is_told_as_the_source_told_it(
    make_database: Callable[[int], Database], tmp_path: Path
) -> None:
    """Its states, its times, its order; and whatever a field holds, the log stays readable."""
    source = tmp_path / "desk.csv"
    rows = [
        row("c1", 1, "2026-01-05T10:00:00Z", worker="a\x01<&>b", desk="front"),
        row("c1", 2, "2026-01-05T12:00:00Z", state="solved", desk="back", moves=1),
        row("c1", 3, "2026-01-05T11:00:00Z", state="waiting", desk="back", moves=1),
    ]
    source.write_text("\n".join((COLUMNS, *rows)) + "\n", encoding="utf-8")
    mapping = parse_mapping(SMALL.replace("SOURCE", "desk").encode(), where="small.toml")
    ledger = open_ledger(make_database(1), tmp_path)
    try:
        with Rejects(source, directory=tmp_path, fallback=tmp_path) as rejects:
            assert import_history(source, mapping, ledger, rejects).accepted == 3
        span, path = Span({0: 0}, {0: ledger.position(0)}), tmp_path / "desk.xes"
        assert export_xes(ledger.record, span, path, unwatched) == 3
    finally:
        ledger.close()
    (trace,) = traces(path).values()
    assert [(one["concept:name"], one["time:timestamp"]) for one in trace] == [
        ("new", "2026-01-05T10:00:00.000000Z"),
        ("waiting", "2026-01-05T11:00:00.000000Z"),
        ("solved", "2026-01-05T12:00:00.000000Z"),
    ]
    assert trace[0]["org:resource"] == "a\ufffd<&>b"
    assert check(path).findings == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('<string key="concept:name" value="ticket.opened.v1"/>\n', "", "has no name"),
        ('<date key="time:timestamp" value="2026', '<date key="time:timestamp" value="x', "none"),
        ("</log>", "", "damaged"),
    ],
)
def test_a_planted_fault_is_found(
    history: History, tmp_path: Path, old: str, new: str, words: str
) -> None:
    """Names, times and the end of the file."""
    text = export(history, tmp_path / "good.xes").read_text("utf-8")
    head, mark, rest = text.partition("<trace>")
    path = tmp_path / "bad.xes"
    path.write_text(head + mark + rest.replace(old, new, 1), encoding="utf-8")
    assert any(words in finding for finding in check(path).findings)


def test_a_trace_that_is_there_twice_or_out_of_order_is_found(
    history: History, tmp_path: Path
) -> None:
    """Readers would put the two together, or believe the order."""
    text = export(history, tmp_path / "good.xes").read_text("utf-8")
    head, mark, rest = text.partition("<trace>")
    first = rest.partition("</trace>\n")[0] + "</trace>\n"
    twice = tmp_path / "twice.xes"
    twice.write_text(head + mark + first + mark + rest, encoding="utf-8")
    assert any("as none or another is" in finding for finding in check(twice).findings)
    name, event, events = first.partition("<event>")
    last = events.removesuffix("</trace>\n").rpartition("<event>")
    turned = name + event + last[2] + event + last[0] + "</trace>\n"
    backward = tmp_path / "backward.xes"
    backward.write_text(head + mark + turned + "</log>", encoding="utf-8")
    assert any("is earlier than" in finding for finding in check(backward).findings)


@pytest.mark.parametrize("content", ["<", "<html/>", "<log", "<a>&b;</a>"])
def test_what_is_no_log_is_said_to_be_none(tmp_path: Path, content: str) -> None:
    """Not an empty log, and no crash."""
    path = tmp_path / "no.xes"
    path.write_text(content)
    with pytest.raises(UnreadableExport):
        check(path)


def test_the_running_example_is_read(shared: Path) -> None:
    """Our check takes others' logs as they are meant."""
    checked = check(shared / "vectors/xes/running-example.xes")
    assert checked.findings == []
    assert (checked.events, checked.things) == (42, 6)
