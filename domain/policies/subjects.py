"""The subjects of a book and what differs between two books, table by table and row by row.

Here a book is its tables as they were written; what they mean is each subject's own to say.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from domain.policies.book import ROW_NAMES

SUBJECTS: Final[Mapping[str, tuple[str, ...]]] = {
    "answers": ("answer",),
    "calendars": ("calendar",),
    "clauses": ("clause",),
    "clocks": ("clock", "contacts"),
    "deadlines": ("deadline",),
    "lexicon": ("lexicon",),
    "matters": ("matter",),
    "notices": ("notification", "survey", "low_rating", "notice"),
    "priorities": ("priority", "weight", "level"),
    "remedies": ("cap", "limit", "usual"),
    "retention": ("retention",),
    "returns": ("returns", "return_exception"),
    "routing": ("desk", "queue", "department", "seniority", "load"),
    "tags": ("tag",),
    "vocabulary": ("vocabulary",),
}
"""What a subject's tables are called."""
NO_SUBJECT: Final = frozenset({"version", "in_force_from"})
"""What stands at the head of a book."""


class Difference(msgspec.Struct, frozen=True, omit_defaults=True):
    """One place at which two books differ."""

    table: str
    row: str | None
    """None for a table that has no rows."""
    column: str | None
    """None where the whole row is only in one of them."""
    before: Any = None
    after: Any = None


def of_subject(tables: Mapping[str, Any], subject: str) -> dict[str, Any]:
    """Return the tables of a subject; raise KeyError for a subject there is not."""
    return {name: tables[name] for name in SUBJECTS[subject] if name in tables}


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterable[Difference]:
    """Return every place at which two books differ, in the order of the first."""
    for table in dict.fromkeys((*before, *after)):
        old, new = before.get(table), after.get(table)
        if _has_rows(old) or _has_rows(new):
            yield from _rows(table, _named(old or []), _named(new or []))
        else:
            yield from _columns(table, None, _flat(old), _flat(new))


def _rows(table: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterable[Difference]:
    for row in dict.fromkeys((*old, *new)):
        if row not in old or row not in new:
            yield Difference(table, row, None, old.get(row), new.get(row))
        else:
            yield from _columns(table, row, _flat(old[row]), _flat(new[row]))


def _columns(
    table: str, row: str | None, old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterable[Difference]:
    for column in dict.fromkeys((*old, *new)):
        if old.get(column) != new.get(column):
            yield Difference(table, row, column or None, old.get(column), new.get(column))


def _has_rows(table: object) -> bool:
    return isinstance(table, list) and all(isinstance(one, dict) for one in table)


def _named(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return rows by what they are called; the second of a name has its number behind it."""
    found: dict[str, Any] = {}
    for number, row in enumerate(rows, start=1):
        name = next((str(row[one]) for one in ROW_NAMES if one in row), str(number))
        found[name if name not in found else f"{name} ({number})"] = row
    return found


def _flat(value: object, place: str = "") -> dict[str, Any]:
    """Return the values of a table by their columns, those of a table within by both names."""
    if value is None:
        return {}
    if _has_rows(value) and value:
        value = _named(value)  # type: ignore[arg-type]  # they are rows
    if not isinstance(value, dict):
        return {place: value}
    found: dict[str, Any] = {}
    for name, one in value.items():
        found |= _flat(one, f"{place}.{name}" if place else name)
    return found
