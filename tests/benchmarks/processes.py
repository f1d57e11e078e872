"""Starting, asking and ending the processes of a benchmark; nothing outlives its starter."""

import json
import os
import select
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

ROOT: Final = Path(__file__).resolve().parents[2]
_ANSWER_SECONDS_MAX: Final = 120.0
_END_SECONDS_MAX: Final = 10.0


class BenchmarkError(Exception):
    """A benchmark cannot go on; the message says why."""


class Obedient:
    """A process that answers orders, in a session of its own: Ctrl-C reaches us, and we end it."""

    def __init__(
        self, module: str, setup: Mapping[str, Any], *, python: Path | None = None
    ) -> None:
        """Start the module and wait until it is ready."""
        self.module = module
        self._process = start_module(module, python=python, stdout=subprocess.PIPE)
        try:
            self.ask(setup)
        except BaseException:
            self.close()
            raise

    def ask(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer to an order, or raise what went wrong over there."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise BenchmarkError(f"{self.module} has ended") from error
        if not select.select([self._process.stdout], [], [], _ANSWER_SECONDS_MAX)[0]:
            raise BenchmarkError(f"{self.module} did not answer within {_ANSWER_SECONDS_MAX:g} s")
        line = self._process.stdout.readline()
        if not line:
            raise BenchmarkError(f"{self.module} ended without an answer")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise BenchmarkError(f"{self.module}: {answer['error']}")
        return answer

    def close(self) -> None:
        """Let it end, and make it end if it does not."""
        end(self._process)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def start_module(
    module: str,
    arguments: Sequence[str] = (),
    *,
    python: Path | None = None,
    stdout: int | None = None,
) -> subprocess.Popen[bytes]:
    """Start a module of this repository with our Python or another one."""
    return subprocess.Popen(
        [str(python or sys.executable), "-m", module, *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.PIPE,
        stdout=sys.stderr.fileno() if stdout is None else stdout,
        bufsize=0,
        start_new_session=True,
    )


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process that we started: politely, then firmly, then for certain."""
    if process.stdin is not None:
        process.stdin.close()
    polite: tuple[Callable[[], None], ...] = (lambda: None, process.terminate, process.kill)
    for urge in polite:
        urge()
        try:
            process.wait(_END_SECONDS_MAX)
            break
        except subprocess.TimeoutExpired:
            continue
    if process.stdout is not None:
        process.stdout.close()
