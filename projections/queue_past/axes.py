"""The axes along which spans of the queue's past lie, and the tables that hold the spans of each.

A point is a number: a position of a lane, or an instant. Where a fact lies is for the pages.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple


class Axis(NamedTuple):
    """What spans are laid along: the name of their view, and what its tables hold besides."""

    name: str
    of_span: str = ""
    """More columns of a span."""
    of_ticket: str = ""
    """More columns of a ticket."""
    indexes: tuple[str, ...] = ()

    @property
    def spans(self) -> str:
        """Return the table of spans."""
        return f"view.{self.name}"

    @property
    def tickets(self) -> str:
        """Return the table of what a ticket's next fact needs."""
        return f"view.{self.name}_ticket"

    @property
    def tables(self) -> Mapping[str, Sequence[str]]:
        """Return table → the statements that make it and its indexes."""
        return {
            self.spans: (
                f"""create table {self.spans}(
                  ticket text collate "C" not null,
                  lane int not null,
                  since bigint not null,
                  until bigint not null,
                  level smallint not null,
                  node bigint not null,
                  open boolean not null,
                  priority int not null,
                  due_at timestamptz not null,
                  stage text not null,
                  awaiting text not null,
                  queue text not null,
                  kind text not null,
                  assignee text,
                  source_state text,
                  {self.of_span}
                  primary key (ticket, since))""",
                f"create index on {self.spans} (lane, level, node, open, priority, due_at, ticket, "
                "since, until, awaiting, queue, stage)",
                f"create index on {self.spans} (assignee, lane, since, until) "
                "where assignee is not null",
            ),
            self.tickets: (
                f"""create table {self.tickets}(
                  ticket text collate "C" primary key,
                  lane int not null,
                  buyer text not null,
                  merchant text,
                  order_ref text,
                  since bigint not null,
                  {self.of_ticket}
                  item text not null)""",
                f"create index on {self.tickets} (buyer)",
                f"create index on {self.tickets} (merchant)",
                f"create index on {self.tickets} (order_ref) where order_ref is not null",
                *self.indexes,
            ),
        }


RECORDED: Final = Axis("queue_past")
"""Positions of the record: what was known from when on."""
OCCURRED: Final = Axis(
    "queue_occurred",
    of_span="position bigint not null,",
    of_ticket="""position bigint not null,
                  begun bigint not null,
                  reached bigint not null,
                  disordered boolean not null,""",
    indexes=(
        "create index on view.queue_occurred_ticket (lane, position)",
        "create index on view.queue_occurred_ticket (ticket) where disordered",
    ),
)
"""Instants, in microseconds: what was true from when on, whenever it was recorded."""
