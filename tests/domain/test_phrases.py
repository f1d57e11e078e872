"""Phrases are found by an automaton; here stands, slow and plain, what it is to find."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.policies.lexicon import GAP, STEM
from domain.ticket.phrases import CLAUSE_ENDS, Match, Owner, Phrase, Phrases, phrase

GAPS = (6, 3)
_NO_END = "[^" + re.escape("".join(sorted(CLAUSE_ENDS))) + "]"
_ENDING = "(?:s|es|ed|ing|ings|ly|[a-z]ed|[a-z]ing)?"
_WORDS = st.lists(
    st.sampled_from(["a", "ab", "abc", "b", "not", "no", "完", "完了", "不", "退"]), min_size=1
)


def latin(character: str) -> bool:
    """Whether a character is part of a Latin word."""
    return character.isascii() and character.isalnum()


def pattern_of(word: str, *, inflected: bool) -> re.Pattern[str]:
    """One phrase as a regular expression; each part is the nearest one there is."""
    gap = GAPS[0] if latin(word[0]) else GAPS[1]
    parts = []
    for part in word.split(GAP):
        text = part.removesuffix(STEM).strip()
        before = "(?<![a-z0-9])" if latin(text[0]) else ""
        whole = latin(text[-1]) and not part.endswith(STEM)
        after = f"{_ENDING if inflected else ''}(?![a-z0-9])" if whole else ""
        parts.append(before + re.escape(text) + after)
    first, *rest = parts
    return re.compile(first + "".join(f"(?>{_NO_END}{{0,{gap}}}?{one})" for one in rest))


def slowly(words: dict[str, bool], text: str) -> list[tuple[int, int, str]]:
    """Every place of every phrase, by trying each phrase at each place."""
    found = []
    for word, inflected in words.items():
        pattern = pattern_of(word, inflected=inflected)
        for start in range(len(text)):
            match = pattern.match(text, start)
            if match is not None:
                found.append((match.start(), match.end(), word))
    return sorted(found)


def compiled(words: dict[str, bool]) -> list[Phrase]:
    """The phrases, each of a table that says whether it is inflected."""
    return [
        phrase(word, Owner("tag", number), gaps=GAPS, inflected=inflected)
        for number, (word, inflected) in enumerate(words.items())
    ]


def places(found: list[Match]) -> list[tuple[int, int, str]]:
    """Matches by place and word alone."""
    return sorted((one.start, one.end, one.word) for one in found)


@st.composite
def written(draw: st.DrawFn) -> str:
    """A phrase of one to three parts, each with or without a stem."""
    parts = draw(st.lists(_WORDS.map("".join) | _WORDS.map(" ".join), min_size=1, max_size=3))
    return GAP.join(part + draw(st.sampled_from(["", STEM])) for part in parts)


@settings(max_examples=400)
@given(
    words=st.dictionaries(written(), st.booleans(), min_size=1, max_size=8),
    pieces=st.lists(
        st.sampled_from([*"abcs1 ,。完了不退", "ab", "abc", "not", "no", "ed", "ing", "  "]),
        max_size=24,
    ),
)
def test_the_automaton_finds_what_every_phrase_finds_alone(
    words: dict[str, bool], pieces: list[str]
) -> None:
    """Neither more nor less: a judgement of a text rests on every one of them, for ever."""
    text = "".join(pieces)
    assert places(Phrases(compiled(words)).find(text)) == slowly(words, text)


def test_matches_come_in_the_order_of_the_text_and_the_longest_beginning_first() -> None:
    """Which of two words is counted first can decide which of them is named."""
    words = {"no...reply": False, "reply": False, "no one...reply": False, "no": False}
    found = Phrases(compiled(words)).find("no one reply")
    assert [one.word for one in found] == ["no one...reply", "no...reply", "no", "reply"]


@pytest.mark.parametrize("text", ["", " ", "。", "😀", "a\u0301"])
def test_a_text_without_words_holds_no_phrase(text: str) -> None:
    """Nothing to find is no mistake."""
    assert Phrases(compiled({"ab": False, "完了": True})).find(text) == []
