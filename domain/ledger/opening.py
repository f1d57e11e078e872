"""Opening the personal values of records: what was not erased, as the record commits to it.

Who may read them is decided at the edge, and that they were read goes on record there.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from domain.ledger.recorder import Recorder
from domain.ledger.sealing import (
    KeyEncryptionKey,
    Unopenable,
    disclosed_value,
    place,
    subject_of,
    unseal,
)
from domain.record import Record
from domain.streams import stream_lane
from domain.ticket.files import CONTENT_KEY, DESCRIPTOR, Descriptor, read_descriptor
from domain.values import Commitment

log = logging.getLogger(__name__)
Places = dict[tuple[str, int, str], "Disclosed | None"]
"""(stream, version, field) → what stands there, None where it was erased or does not open."""


class Disclosed(NamedTuple):
    """A personal value, and the disclosure that proves it to be the one on record."""

    disclosure: bytes
    value: str


class Opening:
    """Opens what is sealed beside the records of one ledger."""

    def __init__(
        self,
        record: Recorder,
        origins: Sequence[str],
        key_encryption_key: KeyEncryptionKey,
        forgotten: Callable[[str], Mapping[str, tuple[int, ...]]],
    ) -> None:
        """Open with a key; `forgotten` tells which versions of a stream erased whose values."""
        self._record = record
        self._origins = origins
        self._kek = key_encryption_key
        self._forgotten = forgotten

    def disclosures(self, records: Sequence[Record]) -> Places:
        """Return the disclosures of records' personal values.

        What opens a personal file is not among them: it is shown to nobody.
        """
        return self._open(records, lambda name: name != CONTENT_KEY)

    def content(self, record: Record) -> tuple[Descriptor, bytes] | None:
        """Return what the personal file of a record is and what opens it; None when erased."""
        opened = self._open([record], lambda name: name in {DESCRIPTOR, CONTENT_KEY})
        found = {name: one for (_, _, name), one in opened.items()}
        told, key = found.get(DESCRIPTOR), found.get(CONTENT_KEY)
        if told is None or key is None:
            return None
        return read_descriptor(told.value), bytes.fromhex(key.value)

    def _open(self, records: Sequence[Record], is_wanted: Callable[[str], bool]) -> Places:
        opened: Places = {}
        wanted: dict[tuple[str, int, str], str] = {}
        for record in records:
            for name in record.event.__struct_fields__:
                value = getattr(record.event, name)
                if isinstance(value, Commitment) and is_wanted(name):
                    wanted[record.stream, record.version, name] = value.sd
        for stream in {stream for stream, _, _ in wanted}:
            opened |= self._open_stream(
                stream, {where: sd for where, sd in wanted.items() if where[0] == stream}
            )
        return opened

    def _open_stream(self, stream: str, wanted: Mapping[tuple[str, int, str], str]) -> Places:
        lane = stream_lane(stream, len(self._origins))
        # What the record says was erased is not opened, destroyed yet or not.
        forgotten = self._forgotten(stream)
        sealed = {
            (stream, value.version, value.pointer.removeprefix("/data/")): value
            for value in self._record.disclosures(lane, stream)
            if value.version > max(forgotten.get(subject_of(value.subject), (0,)))
        }
        pairs = {(stream, sealed[where].subject) for where in wanted if where in sealed}
        keys = {
            pair: self._kek.unwrap(wrapped)
            for pair, wrapped in self._record.keys(lane, pairs).items()
        }
        opened: Places = {}
        for where, sd in wanted.items():
            value = sealed.get(where)
            key = keys.get((stream, value.subject)) if value else None
            if value is None or key is None:
                opened[where] = None
                continue
            bound = place(self._origins[lane], stream, value.version, value.pointer, sd)
            try:
                disclosed = unseal(key, value.sealed, place=bound)
                opened[where] = Disclosed(disclosed, disclosed_value(disclosed, sd))
            except Unopenable:
                # The rest of the ticket stays readable: verify tells damage from erasure.
                log.error("%s of %s at %d does not open", value.pointer, stream, value.version)  # noqa: TRY400 - where says enough
                opened[where] = None
        return opened
