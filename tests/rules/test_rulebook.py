"""What the rulebook's page says is driven is driven, row by row."""

import pytest

from domain.policies.table import is_row
from tests.rules.rulebook import PAGE, ROOT, page, rows, scenarios


def numbered(chapter: str, *numbers: int) -> frozenset[str]:
    """Return rows of a chapter."""
    return frozenset(f"{chapter}-{number:02d}" for number in numbers)


COMPLETED = (
    numbered("IN", 1, 2, 3, 9)
    | numbered("DI", 1, 2, 3, 4, 5, 6, 7, 9, 10, 14)
    | numbered("SL", *range(1, 28))
    | numbered("RO", 1, 2, 3, 4, 5, 6, 7)
    | numbered("RE", 16)
    | numbered("AR", 1, 2, 3, 4, 5, 6, 8)
    | numbered("PR", 1, 3)
    | numbered("CL", 2, 10, 17)
    | numbered("TR", 1, 2, 3, 6)
)
"""The rows that are promised to be built, in full or in a first form."""


def test_the_page_is_what_the_tests_say() -> None:
    """A reader who trusts the page trusts the tests; `python -m tests.rules.rulebook` writes it."""
    assert PAGE.read_text(encoding="utf-8") == page()


@pytest.mark.parametrize("row", sorted(COMPLETED))
def test_every_row_that_is_built_has_a_scenario_that_bears_its_id(row: str) -> None:
    """A row nobody drives is a claim."""
    assert scenarios().get(row), f"no test is named test_{row.lower().replace('-', '_')}_…"


def test_every_row_that_is_built_or_driven_stands_on_the_page_once() -> None:
    """Neither is a row forgotten there, nor does one stand there that the rulebook lacks."""
    listed = [row["id"] for row in rows()]
    assert len(set(listed)) == len(listed)
    assert frozenset(listed) >= COMPLETED
    assert frozenset(listed) == frozenset(scenarios()) | COMPLETED
    assert all(is_row(*row.split("-")) for row in listed)


def test_every_scenario_says_what_it_drives() -> None:
    """The page is made of these sentences."""
    silent = [one.name for those in scenarios().values() for one in those if not one.says]
    assert silent == []


def test_every_other_place_that_a_row_names_is_there() -> None:
    """What also drives a row is a file or a folder of tests."""
    named = [place for row in rows() for place in row.get("also", ())]
    assert [place for place in named if not (ROOT / place).exists()] == []
