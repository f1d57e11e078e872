"""What one command put on record, judged again and compared fact by fact."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from domain.errors import Refusal
from domain.events import Event
from domain.record import Record
from replay.explain.telling import Difference, differences, ref

Deeds = Mapping[str, Sequence[Record]]
"""Command → its facts on the ticket and its order, in the order of the record."""
SEALED: Final = ("reasons", "grounds")
"""Texts that stand on record as commitments; what follows from them is not in their words."""


def deeds(records: Iterable[Record]) -> Deeds:
    """Return the facts of every command among these records."""
    found: dict[str, list[Record]] = {}
    for record in sorted(records, key=lambda one: one.position):
        found.setdefault(record.envelope.cause.command, []).append(record)
    return found


def judged(
    record: Record, facts: Sequence[Record], judge: Callable[[], Iterable[Event]]
) -> tuple[Difference, ...]:
    """Return in what the facts of a command are not those that follow when it is judged again.

    `record` tells of the command. What followed behind its own facts is explained elsewhere.
    """
    try:
        again = tuple(judge())
    except Refusal as refusal:
        refused = f"refused: {refusal.code}"
        return (Difference("fact", record.envelope.topic, refused, ref(record)),)
    missing = tuple(
        Difference("fact", "nothing", event.TOPIC, ref(record)) for event in again[len(facts) :]
    )
    return tuple(
        one
        for fact, event in zip(facts, again, strict=False)
        for one in differences(fact, event, ignored=SEALED)
    ) + (missing)


def amount_text(amount_minor: int, currency: str) -> str:
    """Return an amount as explanations tell it, in minor units."""
    return f"{amount_minor} {currency} (minor units)"
