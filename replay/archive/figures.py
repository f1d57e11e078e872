"""Figures of an archive: what `stats` tells, by folding every matter again; or by SQL, as far as
columns tell it.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import msgspec

from domain.record import Record
from projections import queue
from projections.queue.rows import count_row
from replay.archive import manifest
from replay.archive.layout import range_path
from replay.archive.manifest import DamagedArchive
from replay.archive.matters import Matter, map_matters
from replay.archive.partitions import open_file
from replay.as_of.moments import NoSuchMoment
from replay.as_of.views import queue_row
from replay.engines import Engine

Progress = Callable[[int, int], None]
Tally = dict[tuple[str, str, bool], int]
"""Facet, value and whether the ticket is open → how many."""


class Columns(msgspec.Struct, frozen=True):
    """What the columns of an archive tell."""

    position: str
    """Up to where each lane is archived."""
    events: int
    by_topic: Mapping[str, int]
    by_day: Mapping[str, int]
    """By the day on which they were recorded, in UTC."""


class Figures(Columns, frozen=True):
    """What folding every matter tells beside them."""

    tickets: int
    open: int
    """Neither resolved nor closed."""
    by_stage: Mapping[str, int]
    by_source_state: Mapping[str, int]
    """Imported tickets by the source's own state."""
    by_awaiting: Mapping[str, int]
    """Open tickets by whose turn it is."""
    by_queue: Mapping[str, int]
    """Open tickets by desk."""
    by_priority: Mapping[str, int]
    """Open tickets by priority."""
    reports_by_source_state: Mapping[str, int]
    """Rows of the source by the state they told."""
    put_aside: int
    """Tickets whose first record can not be folded; they stand in no other number of tickets."""


class Facet(NamedTuple):
    """What is counted of tickets."""

    name: str
    only_open: bool = False

    def counts(self, name: str, *, is_open: bool) -> bool:
        """Return whether a count under this name is one of its own."""
        return name == self.name and (is_open or not self.only_open)


NUMBERS: Final = MappingProxyType(
    {
        "tickets": Facet("tickets"),
        "open": Facet("tickets", only_open=True),
        "put_aside": Facet("put_aside"),
    }
)
"""Figure → what it is the number of."""
TABLES: Final = MappingProxyType(
    {
        "by_stage": Facet("stage"),
        "by_source_state": Facet("source_state"),
        "by_awaiting": Facet("awaiting", only_open=True),
        "by_queue": Facet("queue", only_open=True),
        "by_priority": Facet("priority", only_open=True),
    }
)
"""Figure → whose values it has a number for."""


def figures(
    directory: Path, engine: Engine, *, progress: Progress = lambda _done, _all: None
) -> Figures:
    """Return the figures of an archive; raise DamagedArchive."""
    nothing: Tally = {}
    tally = map_matters(directory, _count, _added, nothing, engine, progress=progress)

    def table(facet: Facet) -> dict[str, int]:
        found: dict[str, int] = {}
        for (name, value, is_open), number in sorted(tally.items()):
            if facet.counts(name, is_open=is_open):
                found[value] = found.get(value, 0) + number
        return found

    by_topic = table(Facet("topic"))
    of_tickets: dict[str, Any] = {name: table(facet).get("", 0) for name, facet in NUMBERS.items()}
    of_tickets |= {name: table(facet) for name, facet in TABLES.items()}
    return Figures(
        position=manifest.read(directory).moment,
        events=sum(by_topic.values()),
        by_topic=by_topic,
        by_day=table(Facet("day")),
        reports_by_source_state=table(Facet("reports")),
        **of_tickets,
    )


def columns_by_sql(directory: Path) -> Columns:
    """Return what DuckDB counts in the columns of an archive; raise DamagedArchive."""
    import duckdb  # noqa: PLC0415 - an extra, and heavy

    whole = manifest.read(directory)
    paths = []
    for lane in whole.lanes:
        for one in lane.ranges:
            for file in (file for file in one.files if file.part is not None):
                path = f"{range_path(lane.lane, one.extent)}/{file.name}"
                wrong = open_file(str(directory), lane.lane, one, file).wrong
                if wrong is not None:
                    raise DamagedArchive(f"{path}: {wrong}")
                paths.append(str(directory / path))
    with duckdb.connect(":memory:", config=_ALONE) as database:
        database.execute("set timezone = 'UTC'")

        def table(value: str) -> dict[str, int]:
            if not paths:
                return {}
            statement = f"select {value}, count(*) from read_parquet(?) group by 1 order by 1"
            return dict(database.execute(statement, [paths]).fetchall())

        by_topic = table("topic")
        if sum(by_topic.values()) != whole.events:
            raise DamagedArchive(f"{directory}: its files hold other rows than the manifest says")
        by_day = table("strftime(recorded_at, '%Y-%m-%d')")
    return Columns(
        position=whole.moment,
        events=sum(by_topic.values()),
        by_topic=by_topic,
        by_day=by_day,
    )


def digest(told: Columns) -> str:
    """Return the SHA-256 of figures: the same wherever they were worked out."""
    return hashlib.sha256(msgspec.json.encode(told, order="sorted")).hexdigest()


_ALONE: Final[dict[str, str | bool | int | float | list[str]]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
"""Nothing is fetched from anywhere."""


def tallies(matter: Matter) -> Iterator[tuple[str, Tally]]:
    """Yield each ticket of a matter with what is counted of it."""
    tickets: dict[str, list[Record]] = {}
    for record in matter.records:
        if record.event.FAMILY in queue.VIEW.families:
            tickets.setdefault(record.subject, []).append(record)
    for ticket, records in tickets.items():
        tally: Tally = {}
        try:
            count_row(tally, queue_row(records), 1)
        except NoSuchMoment:
            _add(tally, ("put_aside", "", False))
        yield ticket, tally


def _count(matter: Matter) -> Tally:
    """Return the counts of one matter."""
    tally: Tally = {}
    for record in matter.records:
        _add(tally, ("topic", record.envelope.topic, False))
        _add(tally, ("day", record.at[:10], False))
    for _, of_ticket in tallies(matter):
        for key, number in of_ticket.items():
            _add(tally, key, number)
    return tally


def _add(tally: Tally, key: tuple[str, str, bool], number: int = 1) -> None:
    tally[key] = tally.get(key, 0) + number


def _added(one: Tally, other: Tally) -> Tally:
    """Return the sums of two tallies."""
    whole = dict(one)
    for key, number in other.items():
        _add(whole, key, number)
    return whole
