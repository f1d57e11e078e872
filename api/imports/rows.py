"""Reading rows by a mapping: what one row says becomes requests; the ledger is not asked here."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from api.imports.files import BadRow
from api.imports.mapping import Choice, Mapping, Outcome, Step
from domain.commands import ImportRow, OpenTicket
from domain.ledger.requests import Request
from domain.record import Source
from domain.streams import imported_ticket_id, lane_of
from domain.values import Actor, ActorKind, Instant, instant

CASE_LENGTH_MAX: Final = 200
COUNT_MAX: Final = 1_000_000
YEAR_MIN: Final = 1900
"""Before it there was no system whose history could be imported; such a time is a mistake."""

T = TypeVar("T")
Values = dict[str, str]


@dataclass(frozen=True, slots=True)
class Fact:
    """What one row, or one step of it, says of its ticket, ready to be sent."""

    number: int
    """The row of the file."""
    lane: int
    occurred_at: Instant
    seq: int
    """The place among the facts of the same instant, as the source recorded it."""
    request: Request

    @property
    def command(self) -> ImportRow:
        """Return the row as the ledger is told of it."""
        assert isinstance(self.request.command, ImportRow), "a fact is an imported row"
        return self.request.command


class RowReader:
    """Reads rows by one mapping, for a ledger with a number of lanes."""

    def __init__(self, mapping: Mapping, *, lanes: int) -> None:
        """Keep the mapping and who speaks for its source."""
        self._mapping = mapping
        self._lanes = lanes
        self._nulls = frozenset(mapping.row.nulls)
        self._actor = Actor(kind=ActorKind.SYSTEM, ref=f"import/{mapping.source}")
        self._opener = Actor(kind=ActorKind.AGENT, ref=f"intake/{mapping.source}")
        self._instant = _instants(mapping.row.time_format, ZoneInfo(mapping.row.zone))
        prefix = mapping.ticket.buyer_prefix
        self._buyer_prefix = f"{mapping.source}-" if prefix is None else prefix

    def case(self, values: Values) -> str:
        """Return which case a row is about.

        Raises BadRow when it names none.
        """
        return self._case(self._cleared(values))

    def facts(self, number: int, values: Values) -> list[Fact]:
        """Return what a row says: one fact, or one for each of its steps, in time order.

        Raises BadRow with the first reason why the row can not be read.
        """
        values = self._cleared(values)
        case = self._case(values)
        return [
            self._fact(number, case, self._known(values, step), occurred_at, step)
            for occurred_at, step in self._dated(values)
        ]

    def moments(self, values: Values) -> list[tuple[Instant, int]]:
        """Return when each of a row's facts happened, with its place among those of that instant.

        It costs a fraction of reading the facts. Raises BadRow when the row has no time.
        """
        values = self._cleared(values)
        seq = self._count(values, self._mapping.row.seq) or 0
        return [(occurred_at, seq) for occurred_at, _ in self._dated(values)]

    def opening(self, number: int, values: Values) -> Request:
        """Return the request that opens a live ticket for the case of a row (`--intake`).

        Raises BadRow with the first reason why the row can not be read.
        """
        values = self._cleared(values)
        case = self._case(values)
        ticket, intake = self._mapping.ticket, self._mapping.intake
        order = self._text(values, intake.order)
        statement = None
        if intake.statement is not None:
            told = {name: self._text(values, name) or "" for name in intake.statement_columns}
            statement = " ".join(intake.statement.format_map(told).split())
        return Request(
            command=OpenTicket(
                channel=self._choose("ticket.channel", ticket.channel, values),
                order=order,
                line=self._text(values, intake.line) if order is not None else None,
                buyer=None if order is not None else self._buyer(case, values),
                kind=self._choose("ticket.kind", ticket.kind, values),
                scenario=self._choose("ticket.scenario", ticket.scenario, values),
                reason=self._choose("ticket.reason", ticket.reason, values),
                remedy=intake.remedy,
                statement=statement,
            ),
            actor=self._opener,
            key=_key(self._mapping.source, "intake", case),
            source=Source(system=self._mapping.source, ref=f"{case} row {number}", imported=False),
        )

    def _case(self, values: Values) -> str:
        """Return which case a cleared row is about."""
        case = self._text(values, self._mapping.row.case)
        if case is None:
            raise BadRow("no_case", f"column {self._mapping.row.case!r} names no case")
        if len(case) > CASE_LENGTH_MAX or not case.isprintable():
            raise BadRow("bad_case", f"column {self._mapping.row.case!r} holds no usable reference")
        return case

    def _dated(self, values: Values) -> list[tuple[Instant, Step | None]]:
        """Return the row's steps that happened, in time order; without steps, the row itself."""
        if not self._mapping.step:
            return [(self._time(values, self._mapping.row.time), None)]
        found = [
            (self._time(values, step.time), step)
            for step in self._mapping.step
            if (step.when is None or values.get(step.when.column) in step.when.values)
            and self._text(values, step.time) is not None
        ]
        if not found:
            raise BadRow("no_time", "none of the row's steps has a time")
        return sorted(found, key=lambda dated: dated[0])

    def _known(self, values: Values, step: Step | None) -> Values:
        """Return the row as it was known at a step: what later ones bring is still empty."""
        if step is None:
            return values
        steps = self._mapping.step
        later = {column for one in steps[steps.index(step) + 1 :] for column in one.brings}
        return {column: "" if column in later else text for column, text in values.items()}

    def _fact(
        self, number: int, case: str, values: Values, occurred_at: Instant, step: Step | None
    ) -> Fact:
        """Return one fact of a row, from the values that are known by then."""
        mapping, ticket = self._mapping, self._mapping.ticket
        lane = lane_of(f"{mapping.source}/{case}", self._lanes)
        state = self._state(values, step)
        meaning = mapping.state.values[state]
        opened_at = self._text(values, mapping.row.opened_at)
        broken = ticket.breach is not None and values.get(ticket.breach.column) == (
            ticket.breach.value
        )
        outcome = self._outcome(values, state, occurred_at)
        command = ImportRow(
            ticket=imported_ticket_id(lane, mapping.source, case),
            buyer=self._buyer(case, values),
            channel=self._choose("ticket.channel", ticket.channel, values),
            kind=self._choose("ticket.kind", ticket.kind, values),
            scenario=self._choose("ticket.scenario", ticket.scenario, values),
            reason=self._choose("ticket.reason", ticket.reason, values),
            priority=self._choose("ticket.priority", ticket.priority, values),
            state=state,
            stage=meaning.stage,
            awaiting=meaning.awaiting,
            resolved=meaning.is_resolved,
            occurred_at=occurred_at,
            opened_at=None if opened_at is None else self._time(values, mapping.row.opened_at),
            by=self._text(values, mapping.row.by),
            fields=tuple([(column, values.get(column, "")) for column in mapping.columns.clear]),
            text=self._personal(values),
            queue=self._text(values, ticket.queue) or ticket.no_queue,
            agent=self._text(values, ticket.agent),
            transfers=self._count(values, ticket.transfers),
            reopened=self._count(values, ticket.reopened),
            breached=ticket.breach.promise if broken and ticket.breach is not None else None,
            outcome=tuple(outcome.items()),
            outcome_at=self._outcome_at(values, outcome),
        )
        identity = self._identity(values, step)
        return Fact(
            number=number,
            lane=lane,
            occurred_at=occurred_at,
            seq=self._count(values, mapping.row.seq) or 0,
            request=Request(
                command=command,
                actor=self._actor,
                key=_key(mapping.source, case, *identity),
                source=Source(
                    system=mapping.source,
                    ref=f"{'/'.join((case, *identity))} row {number}",
                    imported=True,
                    occurred_at=occurred_at,
                ),
            ),
        )

    def _identity(self, values: Values, step: Step | None) -> tuple[str, ...]:
        """Return what tells the fact from every other of its case."""
        named = []
        for column in (self._mapping.row.identity, self._mapping.row.seq):
            if column is None:
                continue
            text = self._text(values, column)
            if text is None or len(text) > CASE_LENGTH_MAX or not text.isprintable():
                raise BadRow("no_identity", f"column {column!r} does not tell the row from others")
            named.append(text)
            break
        return (*named, step.name) if step is not None else tuple(named)

    def _state(self, values: Values, step: Step | None) -> str:
        """Return the source's state, which the mapping gives a meaning."""
        if step is not None and step.state is not None:
            return step.state
        assert self._mapping.state.column is not None, "the mapping was validated"
        state = self._text(values, self._mapping.state.column)
        if state is None or state not in self._mapping.state.values:
            why = "holds no state" if state is None else "holds a state the mapping does not know"
            raise BadRow("unknown_state", f"column {self._mapping.state.column!r} {why}")
        return state

    def _buyer(self, case: str, values: Values) -> str:
        """Return the reference of whom the case is about."""
        return f"{self._buyer_prefix}{self._text(values, self._mapping.ticket.buyer) or case}"

    def _choose(self, place: str, choice: Choice[T], values: Values) -> T:
        """Return our value for a column's text."""
        if choice.column is not None:
            found = choice.values.get(values.get(choice.column, ""))
            if found is not None:
                return found
        if choice.default is None:
            why = f"column {choice.column!r} holds a value that {place} does not know"
            raise BadRow("unknown_value", why)
        return choice.default

    def _personal(self, values: Values) -> str | None:
        """Return the personal columns that have a value, as one JSON text."""
        told = {
            column: text
            for column in self._mapping.columns.personal
            if (text := self._text(values, column)) is not None
        }
        return _json(told) if told else None

    def _outcome(self, values: Values, state: str, occurred_at: Instant) -> Values:
        """Return the outcome columns that are true by now."""
        return {
            column: text
            for outcome in self._mapping.outcome
            if state in outcome.states and self._has_come(values, outcome, occurred_at)
            for column in outcome.columns
            if (text := self._text(values, column)) is not None
        }

    def _has_come(self, values: Values, outcome: Outcome, occurred_at: Instant) -> bool:
        """Return whether the instant an outcome names is not in the row's future."""
        if outcome.at is None or self._text(values, outcome.at) is None:
            return True
        return self._time(values, outcome.at) <= occurred_at

    def _outcome_at(self, values: Values, told: Values) -> Instant | None:
        """Return the latest instant among the outcomes that are told."""
        instants = [
            self._time(values, outcome.at)
            for outcome in self._mapping.outcome
            if outcome.at is not None and outcome.at in told
        ]
        return max(instants, default=None)

    def _cleared(self, values: Values) -> Values:
        """Return a row with "" wherever the source says that there is no value."""
        nulls = self._nulls
        return {column: "" if text in nulls else text for column, text in values.items()}

    @staticmethod
    def _text(values: Values, column: str | None) -> str | None:
        """Return a column's text, or None when the source has no value there."""
        return values.get(column) or None if column is not None else None

    def _count(self, values: Values, column: str | None) -> int | None:
        """Return a column's whole number."""
        text = self._text(values, column)
        if text is None:
            return None
        if not (text.isascii() and text.isdigit() and len(text) <= 7 and int(text) <= COUNT_MAX):
            raise BadRow("bad_number", f"column {column!r} holds no number from 0 to {COUNT_MAX}")
        return int(text)

    def _time(self, values: Values, column: str | None) -> Instant:
        """Return a column's instant."""
        text = self._text(values, column)
        if text is None:
            raise BadRow("no_time", f"column {column!r} holds no time")
        try:
            return self._instant(text)
        except (ValueError, OverflowError):
            raise BadRow("bad_time", f"column {column!r} holds no time of the form") from None


def _instants(form: str, zone: ZoneInfo) -> Callable[[str], Instant]:
    """Return what reads times of a form; logs repeat themselves, so answers are kept."""

    @lru_cache(maxsize=100_000)
    def read(text: str) -> Instant:
        at = datetime.fromisoformat(text) if form == "iso" else datetime.strptime(text, form)  # noqa: DTZ007 - the zone follows
        at = (at if at.tzinfo is not None else at.replace(tzinfo=zone)).astimezone(UTC)
        if at.year < YEAR_MIN:
            raise ValueError("a time before there were such systems")
        return instant(at)

    return read


def _key(*parts: str) -> str:
    """Return an idempotency key in which no part can be taken for another."""
    return _json(parts)


def _json(value: object) -> str:
    return msgspec.json.encode(value, order="sorted").decode()
