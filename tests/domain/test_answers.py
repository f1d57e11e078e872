"""One question, one answer (DI-14): what an agent says against what the book says."""

import copy
from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from domain.policies.answers import Answer, problems, resolved
from domain.policies.quoting import Measure
from domain.ticket.answers import Difference, differs
from tests.domain.words import lexicon, table


class _Rule(BaseModel):
    name: str
    within: timedelta


class _Returns(BaseModel):
    no_reason_days: int = 7
    quality_days: int = 30


class _Book(BaseModel):
    """As much of a book as answers quote."""

    returns: _Returns = _Returns()
    clock: tuple[_Rule, ...] = (
        _Rule(name="ruling", within=timedelta(hours=48)),
        _Rule(name="return_review", within=timedelta(hours=72)),
        _Rule(name="refund_to_balance", within=timedelta(hours=2)),
        _Rule(name="refund_to_card", within=timedelta(hours=12)),
    )


def _answers() -> tuple[Answer, ...]:
    return tuple(Answer.model_validate(one) for one in table("answers")["answer"])


def _differences(text: str) -> tuple[Difference, ...]:
    return differs(text, resolved(_answers(), _Book()), lexicon=lexicon())


@pytest.mark.parametrize(
    "text",
    [
        "价格保护是7天",
        "亲，七天内降价可以申请价保哦",
        "价保期一周",
        "Price protection is 7 days.",
        "The price is protected? Yes: price protection runs for seven days",
        "价保不是30天，是7天",
        "价格保护7天，退到银行卡12小时内到账",
        "无理由退货7天；质量问题可以退换，30天内",
        "我们会在24小时内回复您",
        "晚到赔2%",
        "平台介入后48小时内裁决",
        "平台介入后2天内裁决",
    ],
)
def test_what_the_book_says_passes_however_it_is_worded(text: str) -> None:
    """An agent is no parrot: only another figure is another answer."""
    assert _differences(text) == ()


@pytest.mark.parametrize(
    ("text", "topic", "said", "book"),
    [
        ("价格保护是30天", "price_protection", "30 days", "7 days"),
        ("價格保護三十天", "price_protection", "30 days", "7 days"),
        ("价保的话，是6天", "price_protection", "6 days", "7 days"),
        ("8天内可以申请价保", "price_protection", "8 days", "7 days"),
        ("Price protection lasts 30 days.", "price_protection", "30 days", "7 days"),
        ("价保7天，价保30天", "price_protection", "30 days", "7 days"),
        ("15天无理由退货", "return_without_reason", "15 days", "7 days"),
        ("退到银行卡要3天", "refund_to_card", "3 days", "12 hours"),
        ("退到银行卡13小时到账", "refund_to_card", "13 hours", "12 hours"),
        ("平台介入后72小时裁决", "ruling", "3 days", "2 days"),
        ("晚到赔5%", "late_delivery", "5 percent", "2 percent"),
    ],
)
def test_another_figure_than_the_books_is_flagged(
    text: str, topic: str, said: str, book: str
) -> None:
    """ "7 days" and "30 days" for one question are what buyers screenshot."""
    assert _differences(text) == (Difference(topic=topic, said=said, book=book),)


def test_a_figure_of_one_topic_is_not_taken_for_another() -> None:
    """Two topics in one sentence keep their own figures."""
    assert _differences("价格保护7天，无理由退货8天") == (
        Difference(topic="return_without_reason", said="8 days", book="7 days"),
    )


def test_a_quoted_figure_follows_the_book_it_stands_in() -> None:
    """The figure stands once: whoever changes the rule has changed the answer."""
    book = _Book(returns=_Returns(no_reason_days=8))
    (found,) = (one for one in resolved(_answers(), book) if one.topic == "return_without_reason")
    assert (found.measure, found.value) == (Measure.TIME, 8 * 24 * 60)
    assert "8天" in found.zh
    assert "8 days" in found.en
    assert differs("无理由退货8天", (found,), lexicon=lexicon()) == ()
    assert differs("无理由退货7天", (found,), lexicon=lexicon()) != ()


def test_the_answers_of_the_book_are_whole() -> None:
    """The book that comes with the program passes its own proof."""
    assert problems(_answers(), _Book()) == []


def _changed(**changes: Any) -> Answer:
    return Answer.model_validate({**table("answers")["answer"][0], **changes})


def test_a_topic_has_one_answer_and_a_word_one_topic() -> None:
    """Two answers to one question are what the rule is there against."""
    first = _answers()[0]
    assert problems((first, _changed(words_zh=["别的词"], words_en=["other"])), _Book()) == [
        "answer price_protection stands twice"
    ]
    assert problems((first, _changed(topic="another", words_en=["other"])), _Book()) == [
        f"answer {topic}: the word {word} belongs to two topics"
        for word in sorted(first.words_zh)
        for topic in ("price_protection", "another")
    ]


@pytest.mark.parametrize(
    "path", ["returns.nothing", "nothing.at_all", "clock.nothing.within", "clock.ruling.name"]
)
def test_a_quotation_of_nothing_is_told(path: str) -> None:
    """A reference that does not hold is found before the book is adopted."""
    raw = copy.deepcopy(table("answers")["answer"][0])
    del raw["value"]
    answer = Answer.model_validate({**raw, "quotes": path})
    assert problems((answer,), _Book()) == [
        f"answer price_protection quotes {path}, which is no figure"
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"value": None},
        {"quotes": "returns.quality_days"},
        {"zh": "没有数字"},
        {"en": "{figure} or {figure}"},
        {"value": -1},
        {"unit": "fortnight"},
        {"unknown": 1},
    ],
)
def test_an_answer_has_exactly_one_figure(changes: dict[str, Any]) -> None:
    """Neither none nor two, and no figure in the words beside it."""
    with pytest.raises(ValidationError):
        _changed(**changes)
