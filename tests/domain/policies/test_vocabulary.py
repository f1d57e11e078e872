"""The vocabulary of the real book: every word the program knows, and names that say one thing."""

import json
import re
from importlib.resources import files
from pathlib import Path

import pytest

from domain.policies.vocabulary import KNOWN, SUBJECTS, TOLD, Vocabulary
from tests.scenario import whole_book

ROOT = Path(__file__).parents[3]


def vocabulary() -> Vocabulary:
    """Return the vocabulary of the real book."""
    found = whole_book().vocabulary
    assert found is not None
    return found


@pytest.mark.parametrize("subject", list(KNOWN))
def test_every_word_the_program_knows_is_named_in_both_languages(subject: str) -> None:
    """Whoever reads a ticket reads words, and not the names of a program's constants."""
    words = vocabulary()
    assert [one.id for one in words.of(subject)] == [one.value for one in KNOWN[subject]]
    for one in words.of(subject):
        assert re.search("[\u4e00-\u9fff]|^App$", one.zh), one
        assert one.en.isascii(), one


def test_a_word_that_is_told_means_one_thing_wherever_it_stands() -> None:
    """The buyer who is waited for and the buyer who is responsible have one name."""
    names: dict[str, set[tuple[str, str]]] = {}
    for one in vocabulary().told():
        names.setdefault(one.id, set()).add((one.zh, one.en))
    assert {name for name, called in names.items() if len(called) > 1} == set()
    assert set(TOLD) < set(SUBJECTS)


def test_a_report_for_older_books_calls_things_as_this_book_does() -> None:
    """What a page knows by itself, for books without a vocabulary, says the same."""
    page = json.loads(files("replay.bundle.report").joinpath("words.json").read_text("utf-8"))
    for one in vocabulary().told():
        for language, name in (("zh-CN", one.zh), ("en", one.en)):
            known = page[language]["values"].get(one.id)
            assert known in {None, name}, (one.id, language)


def test_the_glossary_calls_the_kinds_as_the_book_does() -> None:
    """One word for one thing, in the docs too."""
    row = re.search(r"^\| kind \|.*$", (ROOT / "docs/glossary.md").read_text("utf-8"), re.MULTILINE)
    assert row is not None
    for one in vocabulary().kind:
        assert f"{one.id} {one.zh}" in row[0]
