"""Which words a book refuses: those with two meanings, without an effect, or of nothing."""

import copy
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.policies.lexicon import Lexicon
from tests.domain.words import lexicon, table

Edit = Callable[[dict[str, Any]], None]


def _double_word(raw: dict[str, Any]) -> None:
    raw["cue"][1].setdefault("zh", []).append(raw["cue"][0]["zh"][0])


def _double_cue(raw: dict[str, Any]) -> None:
    raw["cue"].append({"id": raw["cue"][0]["id"], "zh": ["新词"], "sentiment": 1})


def _idle_cue(raw: dict[str, Any]) -> None:
    raw["cue"].append({"id": "idle", "zh": ["新词"]})


def _wordless_cue(raw: dict[str, Any]) -> None:
    raw["cue"].append({"id": "mute", "sentiment": 1})


def _unknown_signal(raw: dict[str, Any]) -> None:
    raw["combination"].append({"id": "odd", "all": ["open", "nobody_raises_this"]})


def _unused_signal(raw: dict[str, Any]) -> None:
    raw["cue"].append({"id": "shout", "zh": ["新词"], "signals": ["heard_by_nobody"]})


def _capital(raw: dict[str, Any]) -> None:
    raw["cue"].append({"id": "loud", "en": ["LOUD"], "sentiment": 1})


def _traditional(raw: dict[str, Any]) -> None:
    raw["cue"].append({"id": "old", "zh": ["壞"], "sentiment": 1})


def _hollow(raw: dict[str, Any]) -> None:
    raw["cue"].append({"id": "hollow", "zh": ["新...*"], "sentiment": 1})


def _star_inside(raw: dict[str, Any]) -> None:
    raw["cue"].append({"id": "starred", "en": ["refuse* to go"], "sentiment": 1})


def _short_table(raw: dict[str, Any]) -> None:
    raw["simplified"] = raw["simplified"][:-1]


def _no_reason(raw: dict[str, Any]) -> None:
    del raw["reason"]["late"]


def _unknown_field(raw: dict[str, Any]) -> None:
    raw["cue"][0]["colour"] = 1


def _too_heavy(raw: dict[str, Any]) -> None:
    raw["cue"][0]["sentiment"] = 21


def _no_reach(raw: dict[str, Any]) -> None:
    raw["zh"]["reach"] = 0


def _unknown_party(raw: dict[str, Any]) -> None:
    raw["cue"][0]["responsible"] = {"weather": 1}


def _long_by_word(raw: dict[str, Any]) -> None:
    raw["cue"].append({"id": "lasting", "zh": ["新词"], "signals": ["long"]})


def _double_flow(raw: dict[str, Any]) -> None:
    raw["flow"].append(raw["flow"][0])


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (_double_word, "has two meanings"),
        (_double_cue, "stands twice"),
        (_idle_cue, "cue idle speaks for nothing"),
        (_wordless_cue, "cue mute has no words"),
        (_unknown_signal, "nothing raises the signal nobody_raises_this"),
        (_unused_signal, "nothing asks for the signal heard_by_nobody"),
        (_capital, "its spelling is loud"),
        (_traditional, "its spelling is 坏"),
        (_hollow, "has an empty part"),
        (_star_inside, "stands before the end of a part"),
        (_short_table, "not of one length"),
        (_no_reason, "reason late has no weights"),
        (_unknown_field, "Extra inputs"),
        (_too_heavy, "less than or equal to 20"),
        (_no_reach, "greater than 0"),
        (_unknown_party, "Input should be"),
        (_long_by_word, "is raised by a cue"),
        (_double_flow, "flow logistics_claim stands twice"),
    ],
)
def test_words_that_are_not_whole_are_refused_with_what_is_wrong(edit: Edit, says: str) -> None:
    """An editor who errs is told where; the book that was there stays."""
    raw = copy.deepcopy(table("lexicon")["lexicon"])
    edit(raw)
    with pytest.raises(ValidationError, match=says):
        Lexicon.model_validate(raw)


def test_the_words_of_the_book_are_whole() -> None:
    """The book that comes with the program passes its own proof."""
    assert Lexicon.model_validate(table("lexicon")["lexicon"]) == lexicon()


def test_folding_a_folded_text_changes_nothing() -> None:
    """Words and texts meet in one spelling."""
    folded = lexicon().fold("我的ＩＰＨＯＮＥ’s 螢幕壞了!\n客服說 it won't turn on")
    assert lexicon().fold(folded) == folded
    assert "will not turn on" in folded


ASCII = st.lists(
    st.characters(max_codepoint=127)
    | st.sampled_from(
        ["\n", "\r\n", "Won't", "I'M", "x^2", *(one for one, _ in lexicon().spelling)]
    ),
    max_size=20,
).map("".join)


@cache
def _with_a_plain_sign() -> Lexicon:
    """The words of the book, with a sign of English that is spelled otherwise."""
    raw = copy.deepcopy(table("lexicon")["lexicon"])
    return Lexicon.model_validate(
        raw | {"traditional": raw["traditional"] + "^", "simplified": raw["simplified"] + "v"}
    )


@pytest.mark.parametrize("words_of", [lexicon, _with_a_plain_sign])
@given(text=ASCII.filter(str.isascii))
def test_a_text_in_english_alone_is_folded_as_beside_chinese(
    words_of: Callable[[], Lexicon], text: str
) -> None:
    """The way for plain texts is shorter, and leads to the same spelling."""
    words = words_of()
    assert words.fold(text + "\n完") == (words.fold(text + "\n") + " 完").strip()


def test_a_sign_of_english_may_be_spelled_otherwise() -> None:
    """A book's table of characters holds for every text."""
    assert _with_a_plain_sign().fold("x^2") == "xv2"
