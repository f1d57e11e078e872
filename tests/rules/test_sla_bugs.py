"""Every complaint about service levels that we collected has a golden test that bears its id."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ("tests/domain/test_sla_bugs.py", "tests/domain/policies/test_sla_bugs.py")
_TEST = re.compile(r"^def test_i_([a-z]+)([0-9]*)_", re.MULTILINE)
_ID = re.compile(r"([A-Z]{2})?([0-9]+)")


def ids_of(cell: str) -> Iterator[str]:
    """Yield the ids of a row: "I-CW6889, 13515/6" is cw6889, cw13515 and cw13516."""
    letters = number = ""
    for prefix, digits in _ID.findall(cell.removeprefix("I-")):
        letters = prefix.lower() or letters
        short = not prefix and len(digits) < 3
        number = number[: -len(digits)] + digits if short else digits
        yield letters + number


def test_every_sla_bug_of_the_list_has_a_test_of_its_name(shared: Path) -> None:
    """A complaint without a test is one we could earn ourselves."""
    text = (shared / "peers" / "ISSUES.md").read_text()
    family = re.search(r"^## A\..*?(?=^## )", text, re.MULTILINE | re.DOTALL)
    assert family is not None
    rows = [line.split("|") for line in family[0].splitlines() if line.startswith("| ")]
    wanted = {name for row in rows for name in ids_of(row[1].strip())}
    # One complaint has no thread and is called by its program.
    wanted |= {re.split(r"[/]", row[2])[4] for row in rows if row[1].strip() == "–"}
    tested = {
        "".join(found) for file in GOLDEN for found in _TEST.findall((ROOT / file).read_text())
    }
    assert len(wanted) > 30
    assert sorted(wanted - tested) == []
    assert sorted(tested - wanted) == []


def test_the_ids_of_a_row_are_told_apart() -> None:
    """The list shortens them."""
    assert list(ids_of("I-GL6902/15605, PR16383")) == ["gl6902", "gl15605", "pr16383"]
    assert list(ids_of("I-CW6889, 14508, 13515/6")) == ["cw6889", "cw14508", "cw13515", "cw13516"]
    assert list(ids_of("I-CW14009, FH2212, OS2131")) == ["cw14009", "fh2212", "os2131"]
