"""Pages of what counts lead to: rows that other systems told, tickets that a machine judged."""

from collections.abc import Mapping

import msgspec
from psycopg2.extensions import connection as Connection  # noqa: N812 - the class, by its name

from api.models.moments import AsOf
from api.models.outcomes import Moment, Position
from domain.streams import position_text
from domain.values import Instant
from projections import diagnosis, reports
from replay.as_of import Upto


class ReportItem(msgspec.Struct, frozen=True):
    """A row of another system: of which ticket, and which state it told."""

    ticket: str
    version: int
    position: Position
    state: str
    occurred_at: Instant
    """When the source says it was."""


class ReportList(msgspec.Struct, frozen=True):
    """A page of rows, by ticket and in the order of the record."""

    items: tuple[ReportItem, ...]
    next_cursor: str | None
    position: Moment
    as_of: AsOf | None = None
    """The moment of the past that was asked for."""


class DiagnosisEntry(msgspec.Struct, frozen=True):
    """What the machine said of a ticket and a person after it, by dimension."""

    ticket: str
    machine: Mapping[str, str]
    person: Mapping[str, str] | None


class DiagnosisList(msgspec.Struct, frozen=True):
    """A page of tickets that a machine judged, by their ids."""

    items: tuple[DiagnosisEntry, ...]
    next_cursor: str | None
    position: Moment
    as_of: AsOf | None = None
    """The moment of the past that was asked for."""


def report_page(
    connection: Connection,
    filters: reports.Filters,
    upto: Upto | None,
    after: reports.Key | None,
    limit: int,
) -> reports.ReportPage:
    """Return a page of rows that other systems told. Blocks."""
    bound = None if upto is None else reports.Bound(upto.places, upto.occurred)
    with connection.cursor() as db:
        return reports.page(db, filters, bound, after, limit)


def report_item(row: reports.Report) -> ReportItem:
    """Return a row as it is listed."""
    place = position_text(row.lane, row.position)
    return ReportItem(row.ticket, row.version, place, row.state, row.occurred_at)


def diagnosis_page(
    connection: Connection,
    filters: diagnosis.Filters,
    moment: str | None,
    after: diagnosis.Key | None,
    limit: int,
) -> diagnosis.RowPage:
    """Return a page of tickets that a machine judged. Blocks."""
    with connection.cursor() as db:
        return diagnosis.page(db, filters, moment, after, limit)


def diagnosis_entry(row: diagnosis.Row) -> DiagnosisEntry:
    """Return what was said of a ticket as it is listed."""
    return DiagnosisEntry(row.ticket, row.machine, row.person)
