"""How often the words of the book agree with people's labels, with bars they must not fall below.

The bars are what is reached less a margin: the words were chosen with these texts at hand, so on
texts nobody has seen the agreement is lower than what is printed here.
"""

import csv
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from api.cli.diagnosing import measured
from domain.ticket.diagnosis import diagnoser
from tests.domain.words import judged, lexicon, tags

MARGIN_BP = 1_000
"""By how much a bar that is called clear lies above what a constant answer reaches."""
BARS_BP = {
    ("zh", "party"): 8_500,
    ("zh", "scenario"): 8_500,
    ("zh", "urgency"): 8_000,
    ("zh", "triple"): 7_000,
    ("en", "scenario"): 8_700,
    ("en", "urgency"): 7_000,
    ("en", "triple"): 6_200,
}
ENGLISH_PARTY_BAR_BP = 8_500
"""95 of the 100 English texts are the merchant's: no judgement can clearly beat a constant."""
SENTIMENT_BAR_BP = 6_300
DECIDED_BAR_BP = 8_000
"""Of the texts that are not called neutral; the corpus knows no neutral ones."""
CONFIDENT_BAR_BP = 500
"""By how much the surer half of the judgements is right more often than the other."""


def _rows(path: Path) -> Sequence[Mapping[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _measured(path: Path) -> dict[str, dict[str, int]]:
    found = measured(_rows(path), diagnoser(tags(), lexicon()))
    for question, figures in found.items():
        print(path.stem, question, figures)  # noqa: T201 - the figures are what is asked for
    return found


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_judgement_agrees_with_people_and_beats_a_constant_answer(
    shared: Path, language: str
) -> None:
    """Always naming the most frequent label is what any judgement has to be better than."""
    found = _measured(shared / "data" / "text" / f"gold_{language}_shared.csv")
    expected = json.loads((shared / "data" / "expected" / f"gold_{language}.json").read_text())
    for question, baseline in expected["majority_baseline_accuracy"].items():
        assert found[question]["texts"] == expected["n"]
        assert found[question]["majority_bp"] == round(baseline * 10_000)
    for question in ("party", "scenario", "urgency", "triple"):
        bar = BARS_BP.get((language, question))
        if bar is None:
            assert found[question]["share_bp"] >= ENGLISH_PARTY_BAR_BP
            continue
        assert found[question]["share_bp"] >= bar, (question, found[question])
        assert bar >= found[question]["majority_bp"] + MARGIN_BP


def test_the_feeling_of_a_text_is_mostly_heard(shared: Path) -> None:
    """Half of the corpus is negative; its labels are noisy, and sober texts are called neutral."""
    rows = _rows(shared / "data" / "text" / "sentiment_zh_shared.csv")
    found = _measured(shared / "data" / "text" / "sentiment_zh_shared.csv")["sentiment"]
    assert found["share_bp"] >= SENTIMENT_BAR_BP >= found["majority_bp"] + MARGIN_BP
    pairs = Counter((row["sentiment"], str(judged(row["text"]).sentiment)) for row in rows)
    right = pairs["negative", "negative"] + pairs["positive", "positive"]
    wrong = pairs["negative", "positive"] + pairs["positive", "negative"]
    assert right * 10_000 // (right + wrong) >= DECIDED_BAR_BP


def test_a_sure_judgement_is_right_more_often_than_an_unsure_one(shared: Path) -> None:
    """Confidence is worth recording only if it says something."""
    rows = [
        row
        for language in ("zh", "en")
        for row in _rows(shared / "data" / "text" / f"gold_{language}_shared.csv")
    ]
    ranked = sorted(
        (
            found.confidence_bp,
            (found.responsible, found.scenario) == (row["party"], row["scenario"]),
        )
        for row in rows
        for found in (judged(row["text"]),)
    )
    half = len(ranked) // 2
    unsure, sure = (sum(right for _, right in part) for part in (ranked[:half], ranked[half:]))
    assert (sure - unsure) * 10_000 // half >= CONFIDENT_BAR_BP
