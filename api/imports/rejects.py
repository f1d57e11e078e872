"""The file of rejected rows: number and reason of each, never what the row held."""

import json
from pathlib import Path
from types import TracebackType
from typing import IO, Self


class Rejects:
    """Writes one JSON line for each rejected row; without any there is no file."""

    def __init__(self, source: Path, *, directory: Path | None, fallback: Path) -> None:
        """Say where: in the directory, else beside the file, else where we may write."""
        self._name = f"{source.name}.rejected.jsonl"
        self._places = [directory] if directory is not None else [source.parent, fallback]
        self._file: IO[str] | None = None
        self.path: Path | None = None
        """Where the file is, once there is a rejected row."""

    def add(self, number: int, code: str, reason: str) -> None:
        """Tell of one row."""
        if self._file is None:
            self._file = self._open()
        line = {"row": number, "code": code, "reason": reason}
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def __enter__(self) -> Self:
        """Take away what an earlier run told of the same file: this one tells it anew."""
        for place in self._places:
            try:
                (place / self._name).unlink(missing_ok=True)
            except OSError:
                continue
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def _open(self) -> IO[str]:
        """Open the file in the first place that can be written."""
        for place in self._places:
            path = place / self._name
            try:
                place.mkdir(parents=True, exist_ok=True)
                opened = path.open("w", encoding="utf-8")
            except OSError as error:
                failure = error
                continue
            self.path = path
            return opened
        raise failure
