"""From judged events to lines of the record: versions, links, commitments, canonical bytes."""

from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any, Final, NamedTuple

import msgspec

from domain.events import Event, personal_fields
from domain.ledger.batch import Line, SealedValue, WrappedKey
from domain.ledger.folding import FOLDS, Head
from domain.ledger.sealing import KeyEncryptionKey, commitment, disclosure, key_name, place, seal
from domain.proof.canonical import canonical
from domain.proof.chain import leaf_hash
from domain.record import FORMAT, Cause, Covered, Envelope, Source
from domain.streams import ticket_stream
from domain.ticket.state import Stamp, Ticket
from domain.values import Actor, Commitment, Instant, Personal, Sha256, moment_of

DataKeys = dict[tuple[str, str], bytes]
"""(stream, subject) → the key its personal values are sealed with."""


class Circumstances(NamedTuple):
    """Who, when and why: the same for all events of one command."""

    now: Instant
    actor: Actor
    cause: Cause
    source: Source | None
    after: Covered | None


class Stamped(NamedTuple):
    """A command's events as they will stand in the record, and the heads they lead to."""

    lines: tuple[Line, ...]
    hashes: tuple[bytes, ...]
    """The leaf hash of each line."""
    keys: tuple[WrappedKey, ...]
    disclosures: tuple[SealedValue, ...]
    heads: dict[str, Head]
    new_data_keys: DataKeys


class Stamper:
    """Makes the lines of one lane's ledger."""

    def __init__(
        self, origin: str, key_encryption_key: KeyEncryptionKey, new_id: Callable[[], str]
    ) -> None:
        """Stamp records of the ledger `origin`; ids come from `new_id`."""
        self.origin = origin
        self._kek = key_encryption_key
        self._new_id = new_id

    def stamp(
        self,
        facts: Sequence[tuple[str, Event]],
        heads: Mapping[str, Head],
        data_keys: Mapping[tuple[str, str], bytes],
        circumstances: Circumstances,
        ticket: Ticket | None = None,
    ) -> Stamped:
        """Return (stream, event) pairs as lines on the given heads.

        A subject's key that is not among `data_keys` is made, so the caller looks first. `ticket`
        is what the facts make of a ticket at this very instant, where that was folded already.
        """
        lines: list[Line] = []
        hashes: list[bytes] = []
        wrapped: list[WrappedKey] = []
        sealed: list[SealedValue] = []
        ends = dict(heads)
        fresh: DataKeys = {}
        now, actor, cause, source, after = circumstances
        imported = source is not None and source.imported
        folded = None if ticket is None else _folded(ticket, heads, now)
        for stream, judged in facts:
            head = ends[stream]
            version = head.version + 1
            event, values = self._seal(
                judged, head, version, data_keys, fresh=fresh, wrapped=wrapped
            )
            sealed += values
            at = max(now, head.at)
            state = canonical(
                Envelope(
                    format=FORMAT,
                    ledger=self.origin,
                    stream=stream,
                    version=version,
                    prev=Sha256(head.leaf_hash.hex()),
                    id=self._new_id(),
                    topic=event.TOPIC,
                    at=at,
                    actor=actor,
                    cause=cause,
                    data=event,
                    after=after,
                    source=source,
                )
            )
            lines.append(Line(stream, version, event.TOPIC, moment_of(at), state))
            hashes.append(leaf_hash(state))
            if stream == folded:
                made: Any = ticket
            else:
                kind, _, subject = stream.partition(":")
                stamp = Stamp(subject, version, at, actor, imported)
                made = FOLDS[kind](head.state, event, stamp)
            ends[stream] = Head(stream, version, hashes[-1], at, 0, made)
        return Stamped(tuple(lines), tuple(hashes), tuple(wrapped), tuple(sealed), ends, fresh)

    def _seal(
        self,
        event: Event,
        head: Head,
        version: int,
        data_keys: Mapping[tuple[str, str], bytes],
        *,
        fresh: DataKeys,
        wrapped: list[WrappedKey],
    ) -> tuple[Event, list[SealedValue]]:
        """Return the event with commitments for its personal values, and the sealed values."""
        names = personal_fields(type(event))
        if not names:
            return event, _NOTHING
        stream = head.stream
        commitments: dict[str, Commitment] = {}
        values: list[SealedValue] = []
        for name in names:
            value = getattr(event, name)
            if value is None:
                continue
            assert isinstance(value, Personal), "a judgement returns personal values open"
            owner = (stream, key_name(value.subject, erased_at(head, value.subject)))
            key = data_keys.get(owner) or fresh.get(owner)
            if key is None:
                key, wrapped_key = self._kek.new_key()
                fresh[owner] = key
                wrapped.append(WrappedKey(*owner, wrapped_key))
            disclosed = disclosure(name, value.value)
            sd = commitment(disclosed)
            pointer = f"/data/{name}"
            bound = place(self.origin, stream, version, pointer, sd)
            content = seal(key, disclosed, place=bound)
            values.append(SealedValue(stream, version, pointer, owner[1], content))
            commitments[name] = Commitment(sd)
        return msgspec.structs.replace(event, **commitments), values


def _folded(ticket: Ticket, heads: Mapping[str, Head], now: Instant) -> str | None:
    """Return the stream that need not be folded again, because its facts were as they are judged.

    A fact is never recorded at an instant before the one it follows, and which key seals it may
    hang on an erasure among the facts before: then they are folded one by one.
    """
    head = heads[ticket_stream(ticket.ticket)]
    before: Mapping[str, tuple[int, ...]] = getattr(head.state, "forgotten", _NONE_FORGOTTEN)
    same_keys = ticket.forgotten is before or not ticket.forgotten
    return head.stream if same_keys and now >= head.at else None


_NONE_FORGOTTEN: Final[Mapping[str, tuple[int, ...]]] = {}
_NO_KEYS: Final[frozenset[tuple[str, str]]] = frozenset()
_NOTHING: Final[list[SealedValue]] = []


def key_names(
    facts: Sequence[tuple[str, Event]], heads: Mapping[str, Head]
) -> set[tuple[str, str]]:
    """Return the keys, by stream and name, that the personal values of facts are sealed with."""
    return {
        (stream, key_name(value.subject, erased_at(heads[stream], value.subject)))
        for stream, event in facts
        for name in personal_fields(type(event))
        if isinstance(value := getattr(event, name), Personal)
    }


def forgotten_keys(head: Head) -> Set[tuple[str, str]]:
    """Return the keys of a stream that erasures on record have destroyed."""
    forgotten: Mapping[str, tuple[int, ...]] | None = getattr(head.state, "forgotten", None)
    if not forgotten:
        return _NO_KEYS
    return {
        (head.stream, key_name(subject, erased[:count]))
        for subject, erased in forgotten.items()
        for count in range(len(erased))
    }


def erased_at(head: Head, subject: str) -> tuple[int, ...]:
    """Return the versions that erased what was personal of a subject on a stream."""
    forgotten: Mapping[str, tuple[int, ...]] | None = getattr(head.state, "forgotten", None)
    return forgotten.get(subject, ()) if forgotten else ()
