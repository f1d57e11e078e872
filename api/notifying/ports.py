"""What carries a notice, and who knows where a person is reached; the ports and their defaults.

An address is handed from one to the other and kept nowhere: not in a table, a log or the record.
"""

import json
import logging
import os
from pathlib import Path
from typing import Final, NamedTuple, Protocol

FILE: Final = "notices.jsonl"
"""Where the file port writes, in the data directory."""
log = logging.getLogger(__name__)


class Message(NamedTuple):
    """One notice in words, ready to go."""

    notice: str
    """Its id, the same at every try: a channel that has taken it may answer a repetition so."""
    ticket: str
    to: str
    channel: str
    address: str | None
    """Where a person is reached; None for a desk, whose place is in the settings."""
    locale: str
    subject: str
    body: str
    enclosed: str | None = None
    """A personal text that goes with it, opened a moment ago."""


class NotDelivered(Exception):  # noqa: N818 - a state of the world, named as one
    """A channel did not take a message; `for_good` when it never will."""

    def __init__(self, why: str, *, for_good: bool = False) -> None:
        """Keep why, in words that hold no address and no secret."""
        super().__init__(why)
        self.for_good = for_good


class Port(Protocol):
    """Something that carries messages."""

    @property
    def name(self) -> str:
        """Return what the record calls it."""
        ...

    def send(self, message: Message) -> None:
        """Hand a message over, or raise NotDelivered; it may be sent again under its id. Blocks."""
        ...


class Addressee(NamedTuple):
    """Where a person is reached, and what they read."""

    address: str
    locale: str | None = None


class Addresses(Protocol):
    """The platform's directory of its customers and merchants."""

    def find(self, kind: str, reference: str, channel: str) -> Addressee | None:
        """Return where a buyer or merchant is reached by a channel, None when nobody knows.

        Raises NotDelivered when the directory does not answer. Blocks.
        """
        ...


class NoAddresses:
    """No directory: nobody is known, but every customer is reached in the app by reference."""

    def find(self, kind: str, reference: str, channel: str) -> Addressee | None:
        """Return the reference itself for the app, and nothing else."""
        return Addressee(reference) if channel == "app" else None


class FilePort:
    """Writes what would go out as JSON lines, and says so in the log; for want of a channel.

    Where a person is reached, and what is enclosed, is not written: the file is not encrypted.
    """

    name: str = "file"

    def __init__(self, directory: Path) -> None:
        """Write into a directory that is there."""
        self._path = directory / FILE

    def send(self, message: Message) -> None:
        """Append one line, durably."""
        line = {
            "notice": message.notice,
            "ticket": message.ticket,
            "to": message.to,
            "channel": message.channel,
            "locale": message.locale,
            "subject": message.subject,
            "body": message.body,
            "encloses": message.enclosed is not None,
        }
        text = json.dumps(line, ensure_ascii=False) + "\n"
        try:
            file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(file, text.encode())
                os.fsync(file)
            finally:
                os.close(file)
        except OSError as error:
            raise NotDelivered(f"the file can not be written: {type(error).__name__}") from error
        log.info("%s to %s by %s: %s", message.ticket, message.to, message.channel, message.subject)
