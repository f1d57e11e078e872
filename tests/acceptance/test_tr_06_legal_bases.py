"""TR-06: a clause of a book names the branch of law it rests on, where it has one."""

import pytest

from api.wiring import first_book
from domain.policies.book import BookError, parse
from tests.acceptance.platform import ARBITRATOR, AUDITOR, RULING, Platform

BRANCHES = {"consumer protection", "network security", "personal information"}


def test_tr_06_a_clause_names_its_legal_base(platform: Platform) -> None:
    """All three branches are there; what has no base is a rule of the house and names none."""
    book = platform.read(AUDITOR, "/v1/books")["items"][-1]["version"]
    page = platform.read(AUDITOR, f"/v1/books/{book}/subjects/clauses")
    clauses = page["tables"]["clause"]
    assert {one["legal_base"] for one in clauses if "legal_base" in one} == BRANCHES
    assert next(one for one in clauses if one["id"] == "quality.hardware_fault")["legal_base"]


def test_tr_06_a_ruling_quotes_clauses_of_its_book(platform: Platform) -> None:
    """Whoever reads the ruling finds the law behind it; a clause that does not exist is refused."""
    ticket = platform.with_platform()
    platform.judged_by(ARBITRATOR, ticket)
    unknown = {**RULING, "clauses": ["quality.nowhere"]}
    platform.refused(ARBITRATOR, ticket, "rulings", unknown, code="unknown_clause")
    platform.do(ARBITRATOR, ticket, "rulings", RULING)
    [issued] = [
        one["data"]
        for one in platform.events(ticket).values()
        if one["topic"].startswith("ruling.issued.")
    ]
    assert (issued["clauses"], issued["policy"]) == (["quality.hardware_fault"], "2026-11-22")


def test_tr_06_another_branch_of_law_is_no_base() -> None:
    """The list is closed: a book that names something else is refused with the place."""
    text = first_book().decode()
    other = text.replace('legal_base = "network security"', 'legal_base = "common sense"')
    with pytest.raises(BookError, match="legal_base"):
        parse(other.encode())
