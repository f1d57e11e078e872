"""What the slow count comes to: two tables compared, and how many rows differ; no test is here."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

from domain import events as e
from domain.policies.book import Book
from domain.record import Record
from domain.values import Instant
from tests.replay.what_if_letters import said_on_record, told_otherwise
from tests.replay.what_if_reference import Row, Table, recorded
from tests.replay.what_if_second import Second

Counts = Counter[tuple[str, str, str, str]]
"""(kind, what, row of the rulebook, change)."""


class Counted(NamedTuple):
    """What the slow count comes to."""

    counts: Counts
    tickets: int
    changed: int
    before: Counter[str]
    after: Counter[str]


def counted(records: Sequence[Record], own: Book, other: Book, until: Instant) -> Counted:
    """Return what differs on all matters, counted one by one."""
    matters: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        if record.event.FAMILY == "order":
            matters[record.subject].append(record)
        elif record.event.FAMILY == "ticket":
            opened = record.event if isinstance(record.event, e.TicketOpened) else None
            if opened is not None:
                matters[record.subject] = matters[opened.order or ""]
            matters[record.subject].append(record)
    found = Counted(Counter(), 0, 0, Counter(), Counter())
    counts, tickets, changed = found.counts, 0, 0
    for name, of_matter in matters.items():
        if not name.startswith("T"):
            continue
        differences, before, after = _of_ticket(of_matter, own, other, until)
        counts.update(differences)
        tickets += 1
        changed += bool(differences)
        found.before.update(before)
        found.after.update(after)
    return found._replace(tickets=tickets, changed=changed)


def _of_ticket(
    records: Sequence[Record], own: Book, other: Book, until: Instant
) -> tuple[Counts, Counter[str], Counter[str]]:
    deeds = [
        list(group) for _, group in groupby(records, key=lambda one: one.envelope.cause.command)
    ]
    said = recorded(deeds, own)
    placed: Any = records[0].event
    second = Second(other, said, placed)
    second.live(deeds, until)
    counts: Counts = Counter()
    before, after = said.tally.table, second.tally.table
    for row in {*before, *after}:
        change = _change(row, before, after)
        if change is not None:
            promise = own.clock_rule(row[1].partition(":")[0].partition("/")[0])
            promised = promise if row[0] in {"due", "breach", "amount", "escalation"} else None
            counts[row[0], _what(row[1]), promised.row if promised else "", change] += 1
    for what, code in second.refused.elements():
        counts["refused", what, "", code] += 1
    counts.update(told_otherwise(said_on_record(records), second.told, own, other))
    said.level.append(said.level[-1])
    for number, kind in enumerate(("priority", "queue")):
        pairs = [(a[number], b[number]) for a, b in zip(said.level, second.level, strict=True)]
        for last, pair in zip([("", ""), *pairs], pairs, strict=False):
            if pair != last and pair[0] != pair[1]:
                counts[kind, "", "", f"{pair[0]} -> {pair[1]}"] += 1
    return counts, said.paid, second.paid


def _change(row: Row, before: Table, after: Table) -> str | None:
    old, new = before.get(row), after.get(row)
    if old == new:
        return None
    kind = row[0]
    if (kind == "breach" and "broken" not in {old, new}) or (
        kind == "late" and "late" not in {old, new}
    ):
        return None
    if kind in {"due", "amount"}:
        if old is None or new is None:
            return "new" if old is None else "gone"
        return "changed" if kind == "amount" else "later" if new > old else "sooner"
    return f"{old or '-'} -> {new or '-'}"


def _what(subject: str) -> str:
    """Return what is counted together, of whichever offer, item or remedy it is."""
    if subject.startswith(("deadline offer", "deadline remedy")):
        return subject.partition(":")[0]
    if subject.startswith("offer "):
        return "offer"
    if subject[0] == "E" and subject[1:].isdigit():
        return "evidence"
    name, _, about = subject.partition(":")
    about, slash, rung = about.partition("/")
    return f"{name}{slash}{rung}" if about[:1] == "R" and about[1:].isdigit() else subject
