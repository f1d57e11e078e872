"""What a view is: a name, a version, tables, and one function an event that folds rows in memory.

When pages are read, who may write them and what happens to a poison event is in
`projections.runner`; each view's tables, handlers and queries stand in the view's own module.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Generic, Protocol, TypeAlias, TypeVar

import msgspec
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.events import Event
from domain.record import Record
from projections.columns import texts

PAGE_SIZE_MAX: Final = 200
"""No list is longer: a page of a view holds at most so many rows."""

Fact: TypeAlias = tuple[str, Record]
"""What a record is about (a ticket's id, in most views), and the record."""

OF_TICKETS: Final = frozenset({"ticket"})
"""The streams most views are made of."""


class Source(Protocol):
    """Where records come from: the ledger, or a list held by a test."""

    def records(self, lane: int, after: int, limit: int) -> Sequence[Record]:
        """Return up to `limit` records of a lane that lie behind a position, in order."""
        ...

    def position(self, lane: int) -> int:
        """Return the position of the lane's newest record, 0 when there is none."""
        ...


class Row(msgspec.Struct, gc=False):
    """What every view keeps of a ticket: which record of it was folded last."""

    ticket: str
    lane: int
    version: int
    position: str
    """Of the record folded last, as the world outside writes it ("0-12345")."""


R = TypeVar("R", bound=Row)
Handler: TypeAlias = Callable[[R, Record, Any], None]
Opening: TypeAlias = Callable[[Record, Any], R]
H = TypeVar("H", bound=Callable[..., Any])


class Poisoned(Exception):  # noqa: N818 - a state of the record, named as one
    """A view can not fold this record; the text tells where it failed and nothing of its data."""

    def __init__(self, record: Record, why: str) -> None:
        """Keep the record and the reason."""
        super().__init__(why)
        self.record = record


class Page(Protocol):
    """One page of one view: facts are folded in memory, then written with few statements."""

    def load(self, db: Cursor, facts: Sequence[Fact]) -> None:
        """Read the rows that the facts touch, all at once."""
        ...

    def fold(self, facts: Sequence[Fact]) -> None:
        """Fold the facts in their order; raises Poisoned for one that can not be."""
        ...

    def write(self, db: Cursor) -> None:
        """Write every row that was touched."""
        ...


class Versioned(Protocol):
    """Tables that are made together, and made anew when their version is another one."""

    @property
    def name(self) -> str:
        """Return the name they are known under, which a position is kept under too."""
        ...

    @property
    def version(self) -> int:
        """Return the version of the tables, and of what fills them."""
        ...

    @property
    def tables(self) -> Mapping[str, Sequence[str]]:
        """Return table name → the statements that make it and its indexes."""
        ...


class View(Versioned, Protocol):
    """A read model that is a function of the records alone: another version means a rebuild."""

    @property
    def families(self) -> frozenset[str]:
        """Return the kinds of streams whose facts it folds."""
        ...

    @property
    def by_stream(self) -> bool:
        """Return whether its rows are the same when streams are folded whole, one by one."""
        ...

    def page(self, lane: int) -> Page:
        """Return an empty page of a lane."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class ProcessTables:
    """Tables that a process writes for itself: made and dropped as those of the views are."""

    name: str
    version: int
    tables: Mapping[str, Sequence[str]]


@dataclass(frozen=True, kw_only=True, eq=False)
class FactView:
    """A view whose pages know by themselves which facts mean what; one is the same as itself."""

    name: str
    version: int
    tables: Mapping[str, Sequence[str]]
    begin: Callable[[int], Page]
    """Returns an empty page of a lane."""
    families: frozenset[str] = OF_TICKETS
    by_stream: bool = True

    def page(self, lane: int) -> Page:
        """Return an empty page of a lane."""
        return self.begin(lane)


class TicketView(Generic[R]):
    """A view with one row a ticket: handlers by event class, and how rows are read and written."""

    def __init__(
        self,
        name: str,
        *,
        version: int,
        tables: Mapping[str, Sequence[str]],
        page: Callable[["TicketView[R]", int], Page],
    ) -> None:
        """Name the view; its handlers are added by `opens` and `on`."""
        self.name: str = name
        self.version: int = version
        self.families: frozenset[str] = OF_TICKETS
        self.by_stream: bool = True
        self.tables: Mapping[str, Sequence[str]] = tables
        self.openings: dict[type[Event], Opening[R]] = {}
        self.handlers: dict[type[Event], Handler[R]] = {}
        self._page = page

    def page(self, lane: int) -> Page:
        """Return an empty page of a lane."""
        return self._page(self, lane)

    def opens(self, event_class: type[Event]) -> Callable[[H], H]:
        """Register the function that returns the row of a new ticket."""

        def register(handler: H) -> H:
            self.openings[event_class] = handler
            return handler

        return register

    def on(self, *event_classes: type[Event]) -> Callable[[H], H]:
        """Register the function that folds facts of these classes into a ticket's row."""

        def register(handler: H) -> H:
            for event_class in event_classes:
                assert event_class not in self.handlers, "a class has one handler in a view"
                self.handlers[event_class] = handler
            return handler

        return register


class TicketPage(Generic[R]):
    """The rows of a ticket view that one page of records touches."""

    select: ClassVar[str]
    """Reads what `decode` understands, by an array of tickets."""
    keeps: ClassVar[bool] = False
    """Whether a row that was written is what would be read again: then it may be kept."""

    def __init__(self, view: TicketView[R], lane: int) -> None:
        """Begin with no rows."""
        self.view = view
        self.lane = lane
        self.rows: dict[str, R] = {}
        self._kept: dict[str, R] = {}

    def keep(self, before: "TicketPage[R]", limit: int) -> None:
        """Take over the rows of the page before this one, which nobody else has changed since.

        A few too many are forgotten all at once: they are in the database.
        """
        if self.keeps and len(before.rows) + len(before._kept) <= limit:
            self._kept = before._kept
            self._kept.update(before.rows)

    def load(self, db: Cursor, facts: Sequence[Fact]) -> None:
        """Read the rows of the tickets that were there before this page."""
        known = []
        for ticket in older(facts):
            kept = self._kept.get(ticket)
            if kept is None:
                known.append(ticket)
            else:
                self.rows[ticket] = kept
                self.loaded(kept)
        if known:
            db.execute(self.select, (texts(known),))
            for (item,) in db.fetchall():
                row = self.decode(item)
                self.rows[row.ticket] = row
                self.loaded(row)

    def fold(self, facts: Sequence[Fact]) -> None:
        """Fold the facts in their order; raises Poisoned for one that can not be."""
        rows = self.rows
        openings = self.view.openings
        handlers = self.view.handlers
        newest: dict[str, Record] = {}
        record: Record | None = None
        try:
            for ticket, record in facts:
                event = record.event
                version = record.envelope.version
                row = rows.get(ticket)
                if row is None:
                    assert version == 1, "a ticket's first fact is that it was opened"
                    rows[ticket] = openings[type(event)](record, event)
                    continue
                assert version == row.version + 1, "facts are folded in order, without gaps"
                handler = handlers.get(type(event))
                if handler is not None:
                    handler(row, record, event)
                row.version = version
                newest[ticket] = record
        except Exception as error:
            assert record is not None, "only a fact can fail"
            raise Poisoned(record, where(error)) from error
        # Only a row's last position is seen, so it is not written out fact by fact.
        for ticket, last in newest.items():
            rows[ticket].position = place(last)

    def decode(self, item: str) -> R:
        """Return the row that a stored text holds."""
        raise NotImplementedError

    def loaded(self, row: R) -> None:
        """Take note of a row as it was before this page."""

    def write(self, db: Cursor) -> None:
        """Write every row that was touched."""
        raise NotImplementedError

    def add(self, db: Cursor) -> None:
        """Write the rows of tickets of which the tables hold nothing yet: that can be cheaper."""
        self.write(db)


def older(facts: Sequence[Fact]) -> list[str]:
    """Return the tickets of the facts that were opened before the first of them."""
    first = {ticket: record.envelope.version for ticket, record in reversed(facts)}
    return [ticket for ticket, version in first.items() if version != 1]


def place(record: Record) -> str:
    """Return a record's position as the world outside writes it ("0-12345")."""
    return f"{record.lane}-{record.position}"


def where(error: BaseException) -> str:
    """Return an error's kind and the line it comes from: its message could hold personal data."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    code = trace.tb_frame.f_code
    module = trace.tb_frame.f_globals.get("__name__", "?")
    return f"{type(error).__name__} in {module}.{code.co_name}, line {trace.tb_lineno}"


def moment(db: Cursor, view: str) -> str:
    """Return how far a view has read, one place a lane ("0-12345,1-678")."""
    db.execute(f"select {MOMENT}", (view,))
    (text,) = db.fetchone() or ("",)
    return str(text)


MOMENT: Final = (
    "(select coalesce(string_agg(lane || '-' || position, ',' order by lane), '') "
    "from view.position where view = %s)"
)
"""An expression for a view's moment, to stand in the statement whose rows it dates."""
