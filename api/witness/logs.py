"""The file that says which logs a witness knows, read again whenever it has changed."""

import logging
from pathlib import Path
from typing import Final

from api.witness.cosigning import Witness
from domain.proof.errors import MalformedKey
from domain.proof.keys import VerifierKey, parse_vkey

LOGS_SIZE_MAX: Final = 1_048_576
log = logging.getLogger(__name__)
_Seen = tuple[int, int, int] | None


class KnownLogs:
    """The vkeys of logs: some for good, some in a file, one or several a line, # for remarks."""

    def __init__(self, always: tuple[VerifierKey, ...] = (), path: Path | None = None) -> None:
        """Know these, and those of a file; raise MalformedKey or OSError."""
        self._always = always
        self._path = path
        self._seen: _Seen = self._state()
        self.keys = self._read()

    def refresh(self, witness: Witness) -> None:
        """Let a witness know what the file says by now; one that is no good changes nothing."""
        if self._path is None:
            return
        try:
            state = self._state()
            if state == self._seen:
                return
            self._seen = state
            keys = self._read()
            witness.know(keys)
        except (OSError, MalformedKey) as error:
            if self._seen is not None:
                log.critical("%s: the logs known before stay known: %s", self._path, error)
            self._seen = None
            return
        self.keys = keys
        log.warning("%d keys of logs are known now", len(self.keys))

    def _state(self) -> _Seen:
        """Return what changes when the file does."""
        if self._path is None:
            return None
        found = self._path.stat()
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _read(self) -> tuple[VerifierKey, ...]:
        if self._path is None:
            return self._always
        with self._path.open("rb") as file:
            content = file.read(LOGS_SIZE_MAX + 1)
        if len(content) > LOGS_SIZE_MAX:
            raise MalformedKey(f"a list of logs has at most {LOGS_SIZE_MAX} bytes")
        try:
            lines = content.decode("ascii").splitlines()
        except UnicodeDecodeError as error:
            raise MalformedKey("a list of logs is plain text") from error
        words = [word for line in lines for word in line.partition("#")[0].split()]
        return (*self._always, *(parse_vkey(word) for word in words))
