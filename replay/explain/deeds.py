"""What one command put on record, judged again and compared fact by fact."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from domain.errors import Refusal
from domain.events import Event
from domain.record import Record
from replay.explain.telling import Difference, differences, ref

SEALED: Final = ("reasons", "grounds")
"""Texts that stand on record as commitments; what follows from them is not in their words."""


class Deeds:
    """The facts of every command, in the order of the record, up to a moment and whole.

    The facts of a command are recorded in one piece, and a moment may lie between two of them: what
    is told ends with the moment, but a command is judged by all that it put on record.
    """

    def __init__(self, records: Iterable[Record], upto: int | None = None) -> None:
        """Take whole streams, and the last position that counts; without it everything counts."""
        self._upto = upto
        self._whole = defaultdict[str, list[Record]](list)
        for record in sorted(records, key=lambda one: one.position):
            self._whole[record.envelope.cause.command].append(record)

    def counts(self, record: Record) -> bool:
        """Return whether a fact was on record at the moment."""
        return self._upto is None or record.position <= self._upto

    def whole(self, record: Record) -> Sequence[Record]:
        """Return all facts of a record's command, those behind the moment too."""
        return self._whole[record.envelope.cause.command]

    def told(self, record: Record) -> Sequence[Record]:
        """Return the facts of a record's command up to the moment."""
        return [one for one in self.whole(record) if self.counts(one)]

    def rest(self) -> Sequence[Record]:
        """Return what lies behind the moment of the command that it cuts."""
        return [
            one
            for facts in self._whole.values()
            if self.counts(facts[0])
            for one in facts
            if not self.counts(one)
        ]


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
