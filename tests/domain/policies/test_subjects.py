"""The subjects of a book, and what differs between two books."""

import tomllib
from typing import Any

from domain.policies.book import Book
from domain.policies.subjects import (
    NO_SUBJECT,
    SUBJECTS,
    Difference,
    differences,
    of_subject,
)
from tests.scenario import BOOK_FILE

TABLES: dict[str, Any] = tomllib.loads(BOOK_FILE.read_text())


def test_every_table_of_a_book_belongs_to_one_subject() -> None:
    """A table that joins the form is shown, or this fails."""
    of_subjects = [table for tables in SUBJECTS.values() for table in tables]
    assert len(set(of_subjects)) == len(of_subjects)
    assert set(of_subjects) | NO_SUBJECT | {"digest"} == set(Book.model_fields)


def test_a_subject_is_its_tables() -> None:
    """Whoever asks for the clauses is not given the rest."""
    assert of_subject(TABLES, "clauses") == {"clause": TABLES["clause"]}
    assert of_subject(TABLES, "clocks") == {}


def test_two_books_differ_by_table_row_and_column() -> None:
    """An approver reads three lines, and not two books."""
    other = tomllib.loads(
        BOOK_FILE.read_text()
        .replace('within = "PT72H"', 'within = "PT71H"', 1)
        .replace("refund_bp = 10000", "refund_bp = 9000")
        .replace('id = "returns.excluded"', 'id = "returns.except"')
    )
    found = list(differences(TABLES, other))
    assert Difference("deadline", "merchant_review", "within", "PT72H", "PT71H") in found
    assert Difference("cap", None, "refund_bp", 10000, 9000) in found
    assert [(one.row, one.column) for one in found if one.table == "clause"] == [
        ("returns.excluded", None),
        ("returns.except", None),
    ]
    assert len(found) == 4
    assert list(differences(TABLES, TABLES)) == []
