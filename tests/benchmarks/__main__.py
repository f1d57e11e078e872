"""The command line of the benchmarks; what is measured stands in the modules beside it."""

import argparse
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from importlib import import_module
from types import FrameType, MappingProxyType
from typing import Final, NoReturn

from api.settings import Settings
from tests.benchmarks.arithmetic import Row, Skipped
from tests.benchmarks.effort import QUICK, Effort
from tests.benchmarks.place import Place, open_place
from tests.benchmarks.processes import BenchmarkError
from tests.benchmarks.report import as_json, line, table

BENCHMARKS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "http": "over_http",
        "append": "appending",
        "notary": "with_notary",
        "queue": "queue_pages",
        "past": "past",
        "clocks": "lateness",
        "verify": "verifying",
        "rebuild": "rebuilding",
        "archive": "archiving",
        "disk": "disk",
    }
)
"""Name → module, imported when it is measured: processes that one starts read this module too."""

BUSY: Final = 0.7
"""The load average above which somebody else is at work on the machine."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what was measured; return 0 when all of it could be, whatever the figures are."""
    chosen = _parser().parse_args(arguments)
    effort = QUICK if chosen.quick else Effort(rounds=chosen.rounds)
    signal.signal(signal.SIGTERM, _end_in_order)
    if (others := os.getloadavg()[0]) > BUSY:
        _tell(f"the machine is busy (load {others:.1f}): a figure of this run says little")
    rows: list[Row] = []
    skipped: list[Skipped] = []
    failed = False
    try:
        with open_place(Settings().data_dir / "benchmarks") as place:
            for name in chosen.only or BENCHMARKS:
                try:
                    for result in _measure(name, place, effort):
                        _tell(line(result))
                        if isinstance(result, Row):
                            rows.append(result)
                        else:
                            skipped.append(result)
                except BenchmarkError as error:
                    failed = True
                    skipped.append(Skipped(name, f"failed: {error}"))
    except KeyboardInterrupt:
        _tell("interrupted; nothing is left behind")
        return 130
    if chosen.json:
        print(as_json(rows, skipped, asdict(effort)))  # noqa: T201 - this is what was asked for
    else:
        print(table(rows, skipped))  # noqa: T201 - this is what was asked for
    return int(failed)


def _measure(name: str, place: Place, effort: Effort) -> Iterator[Row | Skipped]:
    """Yield the rows of one benchmark."""
    module = import_module(f"tests.benchmarks.{BENCHMARKS[name]}")
    yield from module.measure(place, effort)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print all samples as JSON")
    parser.add_argument(
        "--only", action="append", choices=list(BENCHMARKS), help="may be given more than once"
    )
    parser.add_argument(
        "--rounds", type=_at_least_five, default=Effort().rounds, help="default %(default)s"
    )
    parser.add_argument("--quick", action="store_true", help="see that it works; no figures")
    return parser


def _tell(words: str) -> None:
    print(words, file=sys.stderr)  # noqa: T201 - words go to stderr


def _at_least_five(text: str) -> int:
    rounds = int(text)
    if rounds < 5:
        raise argparse.ArgumentTypeError("a median needs five rounds or more")
    return rounds


def _end_in_order(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
