"""The words of the newest book, for the tests that judge texts by them; no test lives here."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from domain.policies import book
from domain.policies.lexicon import Lexicon
from domain.policies.tags import Tag
from domain.ticket.diagnosis import Judgement, judge_text
from domain.values import Reason

TABLES = Path(book.__file__).parent / "tables" / "2026-11-22"


def table(subject: str) -> dict[str, Any]:
    """One file of the book, as it is written."""
    return tomllib.loads((TABLES / f"{subject}.toml").read_text(encoding="utf-8"))


@cache
def lexicon() -> Lexicon:
    """The lexicon of the book."""
    return Lexicon.model_validate(table("lexicon")["lexicon"])


@cache
def tags() -> tuple[Tag, ...]:
    """The tags of the book."""
    return tuple(Tag.model_validate(one) for one in table("tags")["tag"])


def judged(text: str, reason: Reason | None = None) -> Judgement:
    """What the words of the book say of a text."""
    return judge_text(text, reason=reason, tags=tags(), lexicon=lexicon())
