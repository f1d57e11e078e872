"""What carries a notice, and who knows where a person is reached; the ports and their defaults.

An address is handed from one to the other and kept nowhere: not in a table, a log or the record.
"""

import json
import logging
import os
from contextlib import closing
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final, NamedTuple, NoReturn, Protocol

FILE: Final = "notices.jsonl"
"""Where the file port writes, in the data directory."""
FILE_BYTES_MAX: Final = 10 * 1024 * 1024
"""Of one file; the next line begins another one."""
FILES_KEPT: Final = 5
"""Beside the one that is written: `notices.jsonl.1` is the one before it."""
log = logging.getLogger(__name__)


class Message(NamedTuple):
    """One notice in words, ready to go."""

    notice: str
    """Its id, the same at every try: a channel that has taken it may answer a repetition so."""
    ticket: str | None
    """None of what is about a queue, which its words name."""
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


class _Lines(RotatingFileHandler):
    """Files of lines, bounded in size and number; for nobody else's eyes, and kept at once.

    Opened for each line: two processes that turn over at a time shift a file once more, and what
    one of them has open goes to the file it was.
    """

    def _open(self) -> TextIOWrapper:
        def private(path: str, flags: int) -> int:
            return os.open(path, flags, 0o600)

        return open(self.baseFilename, "a", encoding="utf-8", opener=private)

    def flush(self) -> None:
        """Bring the line to the disk."""
        super().flush()
        if self.stream is not None:
            os.fsync(self.stream.fileno())

    def handleError(self, record: logging.LogRecord) -> NoReturn:  # noqa: N802 - the library's name
        """Say that nothing was written, to whom asked for it."""
        raise  # noqa: PLE0704 - called while the error is handled


class FilePort:
    """Writes what would go out as JSON lines, and says so in the log; for want of a channel.

    A line names the channel that was meant; the record says `file`. Where a person is reached, and
    what is enclosed, is not written: the file is not encrypted.
    """

    name: str = "file"

    def __init__(
        self, directory: Path, *, bytes_max: int = FILE_BYTES_MAX, kept: int = FILES_KEPT
    ) -> None:
        """Write into a directory that is there."""
        self._path, self._bytes_max, self._kept = directory / FILE, bytes_max, kept

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
        text = json.dumps(line, ensure_ascii=False)
        lines = _Lines(self._path, maxBytes=self._bytes_max, backupCount=self._kept, delay=True)
        try:
            with closing(lines):
                lines.emit(logging.makeLogRecord({"msg": text}))
        except OSError as error:
            raise NotDelivered(f"the file can not be written: {type(error).__name__}") from error
        told = message.ticket or "-", message.to, message.channel, message.subject
        log.info("%s to %s, meant for %s and written down: %s", *told)
