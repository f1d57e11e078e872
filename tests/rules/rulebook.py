"""Writes docs/rulebook.md: `python -m tests.rules.rulebook`; a test compares.

A scenario bears the id of its row in its name (test_sl_01_…), and its docstring says what it
drives; which rows are built, and what of them comes later, stands in rulebook.toml beside this.
"""

import ast
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "rulebook.md"
ROWS = Path(__file__).with_name("rulebook.toml")
_NAME = re.compile(r"test_([a-z]{2})_([0-9]{2})_\w+")

HEAD = """# Rulebook

What after-sales practice asks of the ledger, by row, and the scenarios that drive it through the
public interface. A row is *done* when every clause and figure of it is driven, just inside and
just outside, and the result is read from a view. *First form* means that what its scenarios say is
driven, and the rest comes later. The figures stand in the tests as practice gives them, never read
from the book: `tests/acceptance/test_book_mutations.py` raises and lowers every figure of the book
by one unit (618 in that of 22 November 2026: clocks, deadlines, calendars, shifts, limits, weights
of words and all others) and expects a scenario, played on the pure core, to fail wherever a book
may have the other figure at all. Rows that are not here are not built yet.

This page is written from the tests by `python -m tests.rules.rulebook`.

| row | what it asks for | state | scenarios |
| --- | --- | --- | --- |
"""

TAIL = """
`tests/acceptance/test_lifecycle.py` and `test_command_line.py` drive the program itself: start,
Ctrl-C, kill, start again, and the commands a person types. `test_demo_day.py` searches every table
for personal values.
"""


class Scenario(NamedTuple):
    """One test that bears the id of a row."""

    row: str
    path: str
    name: str
    says: str
    """The first sentence of its docstring."""


@cache
def rows() -> tuple[Mapping[str, Any], ...]:
    """Return the rows that are built, in their order."""
    return tuple(tomllib.loads(ROWS.read_text(encoding="utf-8"))["row"])


@cache
def scenarios() -> Mapping[str, tuple[Scenario, ...]]:
    """Return the scenarios of every row, in the order of files and lines."""
    found: dict[str, list[Scenario]] = defaultdict(list)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for one in _of_a_file(path):
            found[one.row].append(one)
    return {row: tuple(those) for row, those in found.items()}


def _of_a_file(path: Path) -> Iterator[Scenario]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and (match := _NAME.fullmatch(node.name)):
            says = (ast.get_docstring(node) or "").partition("\n\n")[0].replace("\n", " ")
            row = f"{match[1].upper()}-{match[2]}"
            yield Scenario(row, path.relative_to(ROOT).as_posix(), node.name, says)


def page() -> str:
    """Return the page's text."""
    known = scenarios()
    table = [
        f"| {row['id']} | {row['title']} | {_state(row)} | {len(known.get(row['id'], ()))} |\n"
        for row in rows()
    ]
    return "".join([HEAD, *table, *(_section(row) for row in rows()), TAIL])


def _state(row: Mapping[str, Any]) -> str:
    if row["id"] not in scenarios():
        return "not driven"
    return "first form" if row.get("form") == "first" else "done"


def _section(row: Mapping[str, Any]) -> str:
    those = scenarios().get(row["id"], ())
    lines = [f"\n## {row['id']} · {row['title']}\n\n"]
    lines += [f"- {_rule(one)}: {one.says}\n" for one in those]
    places = dict.fromkeys([*(one.path for one in those), *row.get("also", ())])
    lines.append(f"\nDriven by {', '.join(f'`{one}`' for one in places)}.\n")
    if "note" in row:
        lines.append(f"\n{row['note']}\n")
    return "".join(lines)


def _rule(scenario: Scenario) -> str:
    """Return a scenario's name as the sentence it is, without its row."""
    return scenario.name.split("_", 3)[3].replace("_", " ")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
