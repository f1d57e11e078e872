"""The real logs, imported: every figure equals what was computed from the files beforehand."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from api.imports.engine import Totals, import_history
from api.imports.mapping import load_mapping
from api.imports.rejects import Rejects
from domain.events import (
    SourceBreachReported,
    SourceOutcomeReported,
    SourceReported,
    TicketReopened,
    TicketTransferred,
)
from domain.ledger.application import TicketLedger
from replay.promises import counts, outcomes, parse
from tests.conftest import Database
from tests.imports.conftest import all_records, open_ledger

UCI = "logs/uci498_shared.csv.gz"
HELPDESK = "logs/helpdesk_mendeley.csv.gz"
CFPB = "complaints/cfpb_2014_oct_nov.csv.gz"
PROMISES = Path(__file__).parents[1] / "replay" / "promises"
OUTCOME = frozenset({"resolved_at", "resolved_by", "closed_code", "closed_at"})


@dataclass
class Story:
    """What the record tells of an imported log, read once."""

    records: int = 0
    states: Counter[str] = field(default_factory=Counter)
    events: Counter[type] = field(default_factory=Counter)
    streams: dict[type, set[str]] = field(default_factory=dict)
    backward: list[str] = field(default_factory=list)
    """When the rows of INC0000137 happened, in the order of the record."""
    foretold: list[str] = field(default_factory=list)
    """Positions of records that know an outcome before it was one."""


@dataclass
class Imported:
    """A log in a ledger of its own."""

    ledger: TicketLedger
    expected: dict[str, Any]
    totals: Totals
    again: Callable[[], Totals]
    story: Story


def bring(
    shared: Path, file: str, mapping: str, database: Database, place: Path
) -> Iterator[Imported]:
    """Import a log whole."""
    path = shared / "data" / file
    expected = shared / "data" / "expected" / f"{path.name.partition('.')[0]}.json"
    ledger = open_ledger(database, place)

    def take() -> Totals:
        with Rejects(path, directory=place, fallback=place) as rejects:
            return import_history(path, load_mapping(mapping), ledger, rejects)

    try:
        totals = take()
        yield Imported(ledger, json.loads(expected.read_text()), totals, take, read(ledger))
    finally:
        ledger.close()


def read(ledger: TicketLedger) -> Story:
    """What the record tells."""
    story = Story()
    for record in all_records(ledger):
        source = record.envelope.source
        if source is None:
            continue
        assert source.occurred_at is not None
        event = record.event
        story.records += 1
        story.events[type(event)] += 1
        story.streams.setdefault(type(event), set()).add(record.stream)
        match event:
            case SourceReported():
                story.states[event.state] += 1
                if source.ref.startswith("INC0000137/"):
                    story.backward.append(source.occurred_at)
                if OUTCOME & {field.name for field in event.fields or ()}:
                    story.foretold.append(record.stream)
            case SourceOutcomeReported():
                if event.at is not None and event.at > source.occurred_at:
                    story.foretold.append(record.stream)
            case _:
                pass
    return story


@pytest.fixture(scope="module")
def uci(
    shared: Path,
    make_database: Callable[[int], Database],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Imported]:
    """The incident log."""
    yield from bring(shared, UCI, "uci498", make_database(1), tmp_path_factory.mktemp("uci"))


@pytest.fixture(scope="module")
def helpdesk(
    shared: Path,
    make_database: Callable[[int], Database],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Imported]:
    """The help desk's log, in a ledger of four lanes."""
    place = tmp_path_factory.mktemp("helpdesk")
    yield from bring(shared, HELPDESK, "helpdesk", make_database(4), place)


@pytest.fixture(scope="module")
def cfpb(
    shared: Path,
    make_database: Callable[[int], Database],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Imported]:
    """The complaints."""
    yield from bring(shared, CFPB, "cfpb", make_database(1), tmp_path_factory.mktemp("cfpb"))


def test_every_row_of_the_incident_log_is_taken_in(uci: Imported) -> None:
    """70,339 rows of 12,343 incidents, one of them out of time order."""
    assert uci.totals.accepted == uci.totals.rows == uci.expected["events"] == 70_339
    assert uci.totals.tickets == uci.expected["cases"] == 12_343
    assert (uci.totals.skipped, uci.totals.rejected, uci.totals.rejects) == (0, 0, None)
    assert uci.totals.events == uci.story.records


def test_the_incident_log_tells_the_states_it_told(uci: Imported) -> None:
    """The source's own states stand beside our stages, row for row."""
    assert uci.story.states == uci.expected["events_per_state"]


def test_transfers_and_reopenings_of_the_incident_log_are_counted(uci: Imported) -> None:
    """A counter that went up is as many facts as it went up by."""
    events, streams = uci.story.events, uci.story.streams
    assert events[TicketTransferred] == uci.expected["reassignment_total"] == 11_727
    assert events[TicketReopened] == uci.expected["reopen_total"]
    assert len(streams[TicketReopened]) == 128
    assert len(streams[SourceBreachReported]) == uci.expected["final_made_sla"]["false"]


def test_the_row_that_goes_back_in_time_is_kept_as_recorded(uci: Imported) -> None:
    """INC0000137 was written down at 11:10 and then at 09:52; so it stands in the record."""
    times = uci.story.backward
    assert times[:2] == ["2016-02-29T11:10:00.000000Z", "2016-02-29T09:52:00.000000Z"]
    assert sum(after < before for before, after in pairwise(times)) == 1


def test_no_row_of_the_incident_log_knows_its_end_beforehand(uci: Imported) -> None:
    """The log writes the end on every row; the record learns it from the row that made it true."""
    assert uci.story.events[SourceOutcomeReported] > uci.expected["cases"]
    assert uci.story.foretold == []


@pytest.mark.parametrize(
    ("promise", "gross", "net", "ended"),
    [
        (
            "closed_within_120_hours",
            ("closed_within_hours", "120"),
            ("net_of_pause_closed_within_120h",),
            None,
        ),
        (
            "resolved_within_24_hours",
            ("resolved_within_hours", "24"),
            ("resolved_within_hours", "24"),
            ("opened_to_resolved_hours", "n"),
        ),
    ],
)
def test_a_promise_over_the_incident_log_was_kept_as_often_as_was_worked_out(
    promise: str,
    gross: tuple[str, ...],
    net: tuple[str, ...],
    ended: tuple[str, ...] | None,
    uci: Imported,
) -> None:
    """76 closed within 120 hours, 85 when the wait for the user is taken off; 5,936 of 11,546."""

    def expected(place: tuple[str, ...]) -> int:
        found: Any = uci.expected
        for step in place:
            found = found[step]
        assert isinstance(found, int)
        return found

    held = parse((PROMISES / f"{promise}.toml").read_bytes())
    found = counts(outcomes(all_records(uci.ledger), held))

    cases = uci.expected["cases"]
    assert (found["kept_gross"], found["kept_net"]) == (expected(gross), expected(net))
    assert found["begun"] == found["ended"] + found["open"] == cases == 12_343
    assert found["ended"] == (cases if ended is None else expected(ended))
    assert found["kept_net"] + found["broken_net"] == found["ended"]


def test_importing_the_incident_log_twice_adds_nothing(uci: Imported) -> None:
    """Every row is known by source, case and sequence."""
    before = uci.ledger.position(0)

    again = uci.again()

    assert (again.rows, again.accepted, again.skipped) == (70_339, 0, 70_339)
    assert (again.events, again.tickets, again.rejected) == (0, 0, 0)
    assert uci.ledger.position(0) == before


def test_the_help_desk_log_is_taken_in(helpdesk: Imported) -> None:
    """Another log of this kind needs only a mapping."""
    assert helpdesk.totals.accepted == helpdesk.totals.rows == helpdesk.expected["events"]
    assert helpdesk.totals.tickets == helpdesk.expected["cases"]
    assert helpdesk.story.states == helpdesk.expected["events_per_state"]


def test_the_complaints_are_taken_in_fact_by_fact(cfpb: Imported) -> None:
    """A row is a whole complaint and tells up to four facts in their order."""
    assert cfpb.totals.accepted == cfpb.totals.rows == cfpb.totals.tickets == cfpb.expected["rows"]
    states = dict(cfpb.story.states)
    assert states.pop("Received") == states.pop("Sent to company") == cfpb.expected["rows"]
    assert states.pop("Disputed") == cfpb.expected["disputed"]["Yes"]
    assert states == cfpb.expected["company_response"]
    late = cfpb.story.streams[SourceBreachReported]
    assert len(late) == cfpb.expected["timely"]["No"]
