"""The documents are held to what the program is."""

import re
from pathlib import Path

from domain import errors
from tests.rules.events_page import PAGE, page

ROOT = Path(__file__).parents[2]


def test_every_event_stands_on_its_page() -> None:
    """An auditor reads docs/events.md; it says what the registry says, to the letter."""
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_file_a_document_points_to_is_there() -> None:
    """A link that leads nowhere costs the reader's trust in the rest."""
    missing = []
    for document in [ROOT / "README.md", *ROOT.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text("utf-8")):
            if not (document.parent / target).exists():
                missing.append(f"{document.relative_to(ROOT)} -> {target}")
    assert missing == []


def test_every_refusal_has_a_code_of_its_own() -> None:
    """A machine tells refusals apart by their codes."""
    classes = list(_children(errors.Refusal))
    codes = [one.code for one in classes]
    assert len(set(codes)) == len(codes)
    assert all(one.__doc__ for one in classes)


def test_every_refusal_stands_in_the_tree_at_the_top_of_its_module() -> None:
    """The tree is what a newcomer reads first."""
    tree = errors.__doc__ or ""
    assert [one.__name__ for one in _children(errors.Refusal) if one.__name__ not in tree] == []


def test_every_decision_names_what_enforces_it() -> None:
    """A decision nobody checks is a wish; a file it names must be there."""
    for decision in ROOT.glob("docs/adr/*.md"):
        text = decision.read_text(encoding="utf-8")
        enforced = text.partition("**Enforced by**")[2]
        assert enforced, decision.name
        for named in re.findall(r"`(tests/[^`]+)`", enforced):
            assert list(ROOT.glob(named.rstrip("/"))), f"{decision.name} names {named}"


def _children(parent: type[errors.Refusal]) -> list[type[errors.Refusal]]:
    return [one for child in parent.__subclasses__() for one in (child, *_children(child))]
