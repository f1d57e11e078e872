"""What a mapping file may say: which columns of a source are what; reading rows by it is elsewhere.

A mapping is TOML. Every column of the source has a role here or is declared clear, personal or
dropped; a column that is neither is an error, so nothing enters the record unnoticed.
"""

import tomllib
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from string import Formatter
from typing import Annotated, Final, Generic, Literal, Self, TypeVar
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from domain.values import Awaiting, Channel, Kind, Reason, RemedyKind, Scenario, Stage

SHIPPED: Final = Path(__file__).parent / "mappings"
"""The mappings that come with the program; each is named like its file."""

Column = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
Priority = Annotated[int, Field(ge=1, le=4)]
T = TypeVar("T")


class MappingError(ValueError):
    """The mapping can not be found, read or understood; the sentence names the place."""


class Part(BaseModel):
    """A table of the mapping; a key it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class FileForm(Part):
    """How the file is written, where its name does not tell."""

    form: Literal["csv", "jsonl"] | None = None
    delimiter: Annotated[str, StringConstraints(min_length=1, max_length=1)] = ","


class RowRoles(Part):
    """What a row is about, when it happened, and how it is told from every other row."""

    case: Column
    seq: Column | None = None
    """The order inside a case as the source recorded it: an integer."""
    identity: Column | None = None
    """A column that names the row in its case, when there is no `seq` or it is not unique."""
    time: Column | None = None
    opened_at: Column | None = None
    by: Column | None = None
    time_format: str = "iso"
    """"iso", or a strptime format."""
    zone: str = "UTC"
    """The zone of times without one."""
    nulls: tuple[str, ...] = ("",)
    """Cell texts that mean: no value."""

    @field_validator("zone")
    @classmethod
    def zone_is_known(cls, value: str) -> str:
        """Refuse a zone the zone data does not hold."""
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError("is no time zone, like UTC or Europe/Lisbon") from None
        return value


class Choice(Part, Generic[T]):
    """A value of ours, by the text of a column, with a default for every other text."""

    column: Column | None = None
    values: dict[str, T] = {}
    default: T | None = None
    """Without one, a text not in the table makes the row a bad one."""

    @model_validator(mode="after")
    def says_something(self) -> Self:
        """A choice reads a column or has a default."""
        if self.column is None and (self.default is None or self.values):
            raise ValueError("needs `column` with `values`, or `default` alone")
        return self


class Breach(Part):
    """When the source counts its promise as broken."""

    column: Column
    value: str
    promise: Name


class TicketRoles(Part):
    """What the row says of its ticket."""

    buyer: Column | None = None
    """Who the matter is about; without it, every case is about somebody of its own."""
    buyer_prefix: str | None = None
    """Put before the source's reference so that it meets none of ours; default "<source>-"."""
    channel: Choice[Channel] = Choice[Channel](default=Channel.IMPORT)
    kind: Choice[Kind] = Choice[Kind](default=Kind.COMPLAINT)
    scenario: Choice[Scenario] = Choice[Scenario](default=Scenario.SERVICE)
    reason: Choice[Reason] = Choice[Reason](default=Reason.OTHER)
    priority: Choice[Priority] = Choice[Priority](default=3)
    queue: Column | None = None
    no_queue: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = None
    """The queue of a row whose column names none; without it, such a row moves nothing."""
    agent: Column | None = None
    transfers: Column | None = None
    reopened: Column | None = None
    breach: Breach | None = None


class StateMeaning(Part):
    """What a state of the source is for us."""

    stage: Stage
    awaiting: Awaiting
    resolved: bool = False

    @property
    def is_resolved(self) -> bool:
        """Return whether the matter is settled in this state; a closed one always is."""
        return self.resolved or self.stage is Stage.CLOSED


class States(Part):
    """Where the source says how a ticket stands, and what each of its words means."""

    column: Column | None = None
    values: Annotated[dict[str, StateMeaning], Field(min_length=1)]


class Outcome(Part):
    """Columns that hold the later outcome on every row, and from when on they are true."""

    columns: Annotated[tuple[Column, ...], Field(min_length=1)]
    states: Annotated[tuple[str, ...], Field(min_length=1)]
    """They enter with rows in one of these states ..."""
    at: Column | None = None
    """... and, where this one of them holds an instant, not before it."""


class When(Part):
    """A condition on one column."""

    column: Column
    values: Annotated[tuple[str, ...], Field(min_length=1)]


class Step(Part):
    """One of several dated facts that a single row of the source tells."""

    name: Name
    time: Column
    """A step without a time did not happen."""
    state: str | None = None
    """The state the ticket is in after it; without it, the state column tells."""
    when: When | None = None
    brings: tuple[Column, ...] = ()
    """Columns that are known from this step on; before it they count as empty."""


class Columns(Part):
    """What becomes of every column that is kept or left out as such."""

    clear: tuple[Column, ...] = ()
    """Kept readable; must hold nothing about a person."""
    personal: tuple[Column, ...] = ()
    """About the buyer: sealed, and gone for good when the buyer's key is erased."""
    dropped: tuple[Column, ...] = ()


class Intake(Part):
    """How live tickets are opened from the first row of each case (`import --intake`)."""

    order: Column | None = None
    line: Column | None = None
    remedy: RemedyKind | None = None
    statement: str | None = None
    """The buyer's words, with columns in braces: "{product}: {issue}"."""

    @cached_property
    def statement_columns(self) -> tuple[str, ...]:
        """Return the columns the statement is made of."""
        return tuple(name for _, name, _, _ in Formatter().parse(self.statement or "") if name)

    @field_validator("statement")
    @classmethod
    def statement_names_columns_only(cls, value: str | None) -> str | None:
        """Refuse anything in braces but a column's plain name."""
        for _, name, form, conversion in Formatter().parse(value or ""):
            if name is not None and (not name or form or conversion or set(name) & set(".[]")):
                raise ValueError("holds something in braces that is not a column")
        return value


class Mapping(Part):
    """Everything there is to know to read one source."""

    title: str
    source: Name
    file: FileForm = FileForm()
    row: RowRoles
    ticket: TicketRoles = TicketRoles()
    state: States
    outcome: tuple[Outcome, ...] = ()
    step: tuple[Step, ...] = ()
    columns: Columns = Columns()
    intake: Intake = Intake()

    @cached_property
    def kept(self) -> frozenset[str]:
        """Return the columns that may be in the file."""
        declared = {*self.columns.clear, *self.columns.personal, *self.columns.dropped}
        outcomes = {column for outcome in self.outcome for column in outcome.columns}
        return frozenset(declared | outcomes | {column for _, column in self._roles()})

    @cached_property
    def needed(self) -> frozenset[str]:
        """Return the columns that must be in the file."""
        return self.kept - set(self.columns.dropped)

    @model_validator(mode="after")
    def columns_are_declared_once(self) -> Self:
        """A column is kept in one way, and one with later outcomes in no other."""
        ways = (
            *self.columns.clear,
            *self.columns.personal,
            *self.columns.dropped,
            *(column for outcome in self.outcome for column in outcome.columns),
        )
        if twice := sorted(column for column, times in Counter(ways).items() if times > 1):
            raise ValueError(f"these columns are declared twice: {', '.join(twice)}")
        for place, column in self._roles():
            if column in self.columns.dropped:
                raise ValueError(f"{place} uses the column {column!r}, which is dropped")
        open_roles = {column for place, column in self._roles() if not place.startswith("intake")}
        if exposed := sorted(open_roles & set(self.columns.personal)):
            raise ValueError(
                f"these columns are personal and would enter a role readable by all: "
                f"{', '.join(exposed)}"
            )
        return self

    @model_validator(mode="after")
    def rows_are_told_apart(self) -> Self:
        """A row has a time and an identity; a row of several steps has one for each."""
        if not self.step and (self.row.time is None or self.state.column is None):
            raise ValueError("row.time and state.column are needed where there are no steps")
        if self.step and self.row.time is not None:
            raise ValueError("row.time is for rows without steps: each step has its own time")
        if not self.step and self.row.seq is None and self.row.identity is None:
            raise ValueError("row.seq or row.identity must tell the rows of a case apart")
        names = [step.name for step in self.step]
        if len(names) != len(set(names)):
            raise ValueError("two steps have one name")
        for step in self.step:
            if step.state is None and self.state.column is None:
                raise ValueError(f"step {step.name!r} needs a state, or state.column")
        return self

    @model_validator(mode="after")
    def named_states_are_known(self) -> Self:
        """What steps and outcomes call a state is in the table of states."""
        named = [(f"step {step.name!r}", step.state) for step in self.step if step.state]
        named += [("outcome", state) for outcome in self.outcome for state in outcome.states]
        for place, state in named:
            if state not in self.state.values:
                raise ValueError(f"{place} names the state {state!r}, which has no meaning given")
        for outcome in self.outcome:
            if outcome.at is not None and outcome.at not in outcome.columns:
                raise ValueError(f"outcome.at is {outcome.at!r}, which is not of its columns")
        return self

    def _roles(self) -> Iterator[tuple[str, str]]:
        """Give every place that reads a column, with the column."""
        row, ticket = self.row, self.ticket
        single = {
            "row.case": row.case,
            "row.seq": row.seq,
            "row.identity": row.identity,
            "row.time": row.time,
            "row.opened_at": row.opened_at,
            "row.by": row.by,
            "ticket.buyer": ticket.buyer,
            "ticket.channel": ticket.channel.column,
            "ticket.kind": ticket.kind.column,
            "ticket.scenario": ticket.scenario.column,
            "ticket.reason": ticket.reason.column,
            "ticket.priority": ticket.priority.column,
            "ticket.queue": ticket.queue,
            "ticket.agent": ticket.agent,
            "ticket.transfers": ticket.transfers,
            "ticket.reopened": ticket.reopened,
            "ticket.breach": ticket.breach.column if ticket.breach else None,
            "state.column": self.state.column,
            "intake.order": self.intake.order,
            "intake.line": self.intake.line,
        }
        yield from ((place, column) for place, column in single.items() if column is not None)
        for step in self.step:
            yield f"step {step.name!r}", step.time
            if step.when is not None:
                yield f"step {step.name!r}", step.when.column
        yield from (("intake.statement", column) for column in self.intake.statement_columns)


def shipped_names() -> list[str]:
    """Return the names of the mappings that come with the program."""
    return sorted(path.stem for path in SHIPPED.glob("*.toml"))


def load_mapping(name_or_path: str) -> Mapping:
    """Return the mapping of a shipped name, or of a TOML file by its path.

    Raises MappingError with a sentence that names file and place.
    """
    path = SHIPPED / f"{name_or_path}.toml"
    if name_or_path not in shipped_names():
        path = Path(name_or_path)
    try:
        content = path.read_bytes()
    except OSError as error:
        known = ", ".join(shipped_names())
        raise MappingError(
            f"{name_or_path} is neither a mapping that ships ({known}) "
            f"nor a file that can be read ({error.strerror})"
        ) from error
    return parse_mapping(content, where=path.name)


def parse_mapping(content: bytes, *, where: str) -> Mapping:
    """Return the mapping that TOML bytes say; `where` names them in errors."""
    try:
        table = tomllib.loads(content.decode())
    except ValueError as error:
        raise MappingError(f"{where} is not TOML: {error}") from error
    try:
        return Mapping.model_validate(table)
    except ValidationError as error:
        raise MappingError(_sentence(error, where)) from error


def _sentence(error: ValidationError, where: str) -> str:
    """Return what is wrong, place by place."""
    problems = []
    for problem in error.errors(include_url=False, include_input=False):
        place = ".".join(str(step) for step in problem["loc"]) or "the whole"
        if problem["type"] == "extra_forbidden":
            problems.append(f"{place} is not a key of a mapping")
        else:
            problems.append(f"{place}: {problem['msg'].removeprefix('Value error, ')}")
    return f"{where}: " + "; ".join(problems)
