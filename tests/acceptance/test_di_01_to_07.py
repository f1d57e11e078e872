"""DI-01 to DI-07: what a text says, what it opens, who is asked first, and what may go back."""

from typing import Any

import pytest

from api.wiring import first_book
from domain.policies.book import parse
from domain.values import later
from tests.acceptance.matters import OverHttp, begins, opened
from tests.acceptance.platform import AUDITOR, SUPERVISOR, Platform
from tests.rows import special
from tests.rows.checks import does
from tests.rows.played import AGENT, BUYER, MERCHANT, Deed, Ground
from tests.rows.promises import ACCEPTS, HOUR, MINUTE, complaint

QUESTION = {"kind": "consultation", "scenario": "service", "reason": "other"}


def told(platform: Platform, statement: str, **opening: Any) -> OverHttp:
    """Return a matter that came in with a text and nothing else that says what it is."""
    return opened(platform, Ground(opening={"reason": "other", "statement": statement, **opening}))


@pytest.mark.parametrize(
    ("statement", "responsible", "scenario"),
    [
        ("发错货了，颜色不对。", "merchant", "product"),
        ("The screen is cracked and it does not work.", "merchant", "product"),
        ("手机屏幕有一点划痕", "merchant", "product"),
        ("承诺送的赠品不给，说话不算数。", "merchant", "service"),
        ("包裹在路上压坏了，外壳碎了。", "logistics", "product"),
        ("物流丢件了", "logistics", "product"),
        ("快递太慢了，晚到了三天", "logistics", "experience"),
        ("快递员态度恶劣，骂人。", "logistics", "service"),
        ("外包装破破烂烂，箱子很脏。", "logistics", "experience"),
        ("系统重复扣款，订单出错了。", "platform", "experience"),
        ("平台客服态度很差。", "platform", "service"),
    ],
)
def test_di_01_two_dimensions(
    platform: Platform, statement: str, responsible: str, scenario: str
) -> None:
    """Who is responsible and what was hurt, by the words alone: the cells of the grid."""
    found = told(platform, statement).latest("diagnosis.made")
    assert (found["responsible"], found["scenario"]) == (responsible, scenario)


def test_di_01_both_dimensions_are_named_by_the_book_in_both_languages(platform: Platform) -> None:
    """Kind, party, scenario and channel of a ticket are told in words of its own book."""
    matter = told(platform, "快递太慢了，晚到了三天", kind="complaint")
    names = {one["subject"]: (one["word"], one["zh"], one["en"]) for one in matter.seen()["names"]}
    assert names["kind"] == ("complaint", "投诉", "Complaint")
    assert names["responsible"] == ("logistics", "物流", "Logistics")
    assert names["scenario"] == ("experience", "体验", "Experience")
    assert names["channel"] == ("app", "App", "App")
    page = platform.read(AUDITOR, "/v1/books/2026-11-22/subjects/vocabulary")
    words = page["tables"]["vocabulary"]
    for subject, (word, zh, en) in names.items():
        assert {"id": word, "zh": zh, "en": en} in words[subject]


def test_di_02_two_hundred_tags_in_two_languages_as_dated_data(platform: Platform) -> None:
    """Every tag has both names, its cell, examples, usual solution and clock; no name twice."""
    page = platform.read(AUDITOR, "/v1/books/2026-11-22/subjects/tags")
    tags = page["tables"]["tag"]
    assert page["version"] == "2026-11-22"
    assert len(tags) >= 200
    for language in ("zh", "en"):
        assert len({one[language].casefold() for one in tags}) == len(tags)
    cells = {(one["responsible"], one["scenario"]) for one in tags}
    assert {
        (party, scenario)
        for party in ("merchant", "logistics", "platform")
        for scenario in ("product", "service", "experience")
    } <= cells
    assert all(len(one["examples_zh"]) >= 2 and len(one["examples_en"]) >= 2 for one in tags)


def test_di_02_the_tree_is_edited_as_data(platform: Platform) -> None:
    """A book whose tag bears another name is another book; no line of the program changes."""
    text = first_book().decode()
    [tag] = [one for one in parse(first_book()).tag if one.id == "merchant.product.board_crack"]
    renamed = text.replace(f'zh = "{tag.zh}"', 'zh = "屏幕开裂"', 1)
    assert next(one.zh for one in parse(renamed.encode()).tag if one.id == tag.id) == "屏幕开裂"
    assert platform.read(AUDITOR, "/v1/books")["items"]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (
            "东西坏了，我非常生气，你们太过分了，再不处理我就投诉到消协！",
            {"kind": "dispute", "urgency": "high", "sentiment": "negative", "upset": True},
        ),
        (
            "Please tell me how to install it.",
            {"kind": "consultation", "urgency": "low", "sentiment": "neutral", "upset": False},
        ),
        (
            "It caught fire and burned my hand.",
            {"kind": "complaint", "urgency": "high", "upset": False},
        ),
        ("箱子破损，少件了一个", {"kind": "complaint", "urgency": "medium"}),
    ],
)
def test_di_03_the_diagnosis_is_in_the_opening_request(
    platform: Platform, statement: str, expected: dict[str, Any]
) -> None:
    """Tags, both dimensions, kind, urgency, sentiment, confidence and words, in one append."""
    matter = told(platform, statement)
    records = list(platform.events(matter.ticket).values())
    opening, judged = records[0], matter.latest("diagnosis.made")
    assert {name: judged[name] for name in expected} == expected
    file = platform.file(matter.ticket)
    (shown,) = file["diagnoses"]
    assert file["texts"][shown["words"]["version"], "words"], "it names the words it rests on"
    assert judged["words"].keys() == {"sd"}, "which the record only commits to"
    assert 0 < judged["confidence_bp"] <= 10_000
    assert (judged["policy"], judged["method"].partition(":")[0]) == ("2026-11-22", "lexicon")
    made = next(one for one in records if one["topic"] == "diagnosis.made.v1")
    assert (made["at"], made["cause"]["correlation"]) == (
        opening["at"],
        opening["cause"]["correlation"],
    )
    assert matter.row()["kind"] == judged["kind"]


def test_di_03_each_message_is_judged(platform: Platform) -> None:
    """What the buyer adds is judged when it is said; what others say is not."""
    matter = told(platform, "The screen is scratched.")
    does(matter, Deed(BUYER, "messages", {"text": "屏幕也不亮了，开不了机。"}, after=MINUTE))
    does(matter, Deed(MERCHANT, "messages", {"text": "坏了？太过分了！"}))
    made = matter.facts("diagnosis.made")
    assert len(made) == 2
    assert made[1].at == matter.now


def test_di_03_without_a_text_nothing_is_guessed(platform: Platform) -> None:
    """An order number is enough to open a matter; a diagnosis needs words."""
    matter = opened(platform, Ground(opening=complaint()))
    assert matter.facts("diagnosis.made") == []


@pytest.mark.parametrize(
    ("statement", "entry"),
    [
        ("收到就是破损的", "open_logistics_claim"),
        ("The parcel arrived damaged.", "open_logistics_claim"),
        ("包裹里少件了", "open_logistics_claim"),
        ("One item is missing from the box.", "open_logistics_claim"),
        ("我要开发票", "open_self_service_invoice"),
        ("I need an invoice for my company.", "open_self_service_invoice"),
    ],
)
def test_di_04_words_open_flows(platform: Platform, statement: str, entry: str) -> None:
    """Damage and missing items offer the logistics claim, an invoice self-service: in actions."""
    matter = told(platform, statement)
    for who in (BUYER, AGENT):
        found = matter.offered(who)[entry]
        assert found["flow"]["offers_zh"]
        assert found["flow"]["offers_en"]
        assert found["href"] == f"/v1/tickets/{matter.ticket}/messages"
    assert entry not in matter.offered(MERCHANT)
    does(matter, Deed(BUYER, found["href"].rpartition("/")[2], {"text": "Please open it."}))
    assert entry in matter.offered(BUYER), "what says nothing of it closes nothing"


def test_di_04_other_words_open_none(platform: Platform) -> None:
    """A question about an installation opens neither."""
    offered = told(platform, "Please tell me how to install it.").offered(BUYER)
    assert [one for one in offered if one.startswith("open_")] == []


def test_di_04_an_invoice_waits_in_self_service(platform: Platform) -> None:
    """The words alone bring the question there."""
    matter = told(platform, "我要开发票", reason="invoice")
    assert matter.queue() == "self_service"


@pytest.mark.parametrize(
    ("bought", "order", "queue"),
    [
        (["mother_and_baby"], {"category": "toys"}, "mother_and_baby"),
        ([], {"category": "mother_and_baby"}, "mother_and_baby"),
        (["mother_and_baby"], {"services": ["cross_border"]}, "mother_and_baby"),
        (["mother_and_baby"], {"live_session": "s-1"}, "mother_and_baby"),
        (["phones", "books"], {"category": "toys"}, "senior"),
        (["phones"], {"services": ["cross_border"]}, "cross_border"),
        (["phones"], {"live_session": "s-1"}, "live"),
    ],
)
def test_di_05_a_buyer_of_baby_goods_gets_their_route_first(
    platform: Platform, bought: list[str], order: dict[str, object], queue: str
) -> None:
    """What was bought before chooses the queue, whatever this matter is about."""
    ground = Ground(
        order=order,
        standing={"tier": "ordinary", "bought": bought},
        opening=complaint(remedy="return"),
    )
    matter = opened(platform, ground)
    assert matter.queue() == queue
    if queue == "mother_and_baby":
        assert matter.latest("ticket.queued")["why"][0] == "mother_and_baby"


@pytest.mark.parametrize(
    ("bought", "remedy", "priority"),
    [
        (["mother_and_baby"], "return", 2),
        (["mother_and_baby"], "refund", 3),
        (["phones"], "return", 3),
    ],
)
def test_di_05_a_return_by_who_buys_for_a_baby_is_reviewed_before_others(
    platform: Platform, bought: list[str], remedy: str, priority: int
) -> None:
    """The same return of the same goods: who bought for a baby before stands a priority higher."""
    ground = Ground(
        order={"category": "toys"},
        standing={"tier": "ordinary", "bought": bought},
        opening=complaint(remedy=remedy),
    )
    matter = opened(platform, ground)
    assert (matter.seen()["priority"], matter.row()["priority"]) == (priority, priority)
    why = platform.read(AUDITOR, f"/v1/tickets/{matter.ticket}/explain?what=priority")
    assert ("baby_return" in str(why)) is (priority == 2)


def test_di_06_machine_and_person_stay_side_by_side(platform: Platform) -> None:
    """A correction takes the machine's place on the ticket and leaves its judgement on record."""
    matter = told(platform, "The screen is cracked and it does not work.")
    does(matter, ACCEPTS)
    body = {"scenario": "experience", "responsible": "logistics", "kind": "dispute"}
    does(matter, Deed(AGENT, "diagnosis", body))
    machine, person = matter.latest("diagnosis.made"), matter.latest("diagnosis.corrected")
    assert (machine["responsible"], machine["scenario"]) == ("merchant", "product")
    assert {name: person[name] for name in body} == body
    seen = matter.seen()
    assert {name: seen[name] for name in body} == body
    does(matter, Deed(BUYER, "messages", {"text": "屏幕碎了，是质量问题"}, after=MINUTE))
    assert matter.seen()["responsible"] == "logistics", "a later judgement corrects no person"
    judged = [(one["by"], one["responsible"]) for one in platform.file(matter.ticket)["diagnoses"]]
    assert judged == [("machine", "merchant"), ("person", "logistics"), ("machine", "merchant")]


READING = {"scenario": "product", "responsible": "merchant", "kind": "complaint"}


def test_di_06_tags_urgency_and_feeling_are_corrected_too(platform: Platform) -> None:
    """Both readings stay on record; the classes of the book see the person's."""
    matter = told(platform, "The screen is cracked and it does not work.")
    does(matter, ACCEPTS)
    machine = matter.latest("diagnosis.made")
    tag = "merchant.product.touch_failure"
    assert tag not in machine["tags"]
    reading = {"tags": [tag], "urgency": "high", "sentiment": "positive"}
    does(matter, Deed(AGENT, "diagnosis", {**READING, **reading}))
    assert matter.latest("diagnosis.reading_corrected") == {**reading, "policy": "2026-11-22"}
    assert matter.latest("diagnosis.made") == machine
    shown = matter.seen()["diagnosis"]
    assert [one["tag"] for one in shown["tags"]] == [tag]
    assert (shown["urgency"], shown["sentiment"]) == ("high", "positive")
    assert shown["corrected"] is True
    judged = platform.file(matter.ticket)["diagnoses"]
    assert [(one["by"], list(one["tags"])) for one in judged] == [
        ("machine", list(machine["tags"])),
        ("person", [tag]),
    ]


def test_di_06_later_words_have_their_own_feeling_and_no_other_tags(platform: Platform) -> None:
    """What the matter is stays as the person said; how later words sound is judged anew."""
    matter = told(platform, "The screen is cracked and it does not work.")
    tag = "merchant.product.touch_failure"
    reading = {"tags": [tag], "urgency": "low", "sentiment": "neutral"}
    does(matter, ACCEPTS, Deed(AGENT, "diagnosis", {**READING, **reading}))
    words = "It caught fire and burned my hand. This is outrageous, I am furious!"
    does(matter, Deed(BUYER, "messages", {"text": words}, after=MINUTE))
    shown = matter.seen()["diagnosis"]
    assert [one["tag"] for one in shown["tags"]] == [tag]
    assert (shown["urgency"], shown["sentiment"]) == ("high", "negative")


def test_di_06_a_reading_names_tags_of_the_book_and_is_one_fact(platform: Platform) -> None:
    """An invented tag is refused by its place; what says nothing new is no fact."""
    matter = told(platform, "The screen is cracked and it does not work.")
    does(matter, ACCEPTS)
    tag = "merchant.product.touch_failure"
    invented = Deed(AGENT, "diagnosis", {**READING, "tags": [tag, "merchant.product.nothing"]})
    answer = platform.refused(AGENT, matter.ticket, "diagnosis", invented.body, code="unknown_tag")
    assert answer["places"] == [1]
    assert "nothing" not in str(answer), "what was sent is not repeated"
    corrected = Deed(AGENT, "diagnosis", {**READING, "urgency": "high"})
    does(matter, corrected, corrected, Deed(AGENT, "diagnosis", READING))
    assert len(matter.facts("diagnosis.reading_corrected")) == 1


SPOILED = Ground(order={"category": "fresh_food"}, opening=complaint(reason="other"))
ASKED_ONLY = {"scenario": "service", "responsible": "merchant", "kind": "consultation"}
OF_COMPLAINTS = ("complaint_takeover", "fresh_solution")


def test_di_06_what_a_person_corrects_is_owed_what_its_class_is_owed(platform: Platform) -> None:
    """A question taken for a complaint: nobody breaks or pays what only complaints are promised."""
    matter = opened(platform, SPOILED)
    since = matter.now
    matter.move_to(later(since, 10 * MINUTE))
    does(matter, Deed(SUPERVISOR, "diagnosis", ASKED_ONLY))
    ended = [one.data for one in matter.facts("clock.cancelled")]
    assert [one["why"] for one in ended if one["clock"] in OF_COMPLAINTS] == ["corrected"] * 2
    assert all(matter.running(one) is None for one in OF_COMPLAINTS)
    assert matter.running("bot_first") is not None, "what is owed to questions begins"
    matter.move_to(later(since, 2 * HOUR))
    broken = {one.data["clock"] for one in matter.facts("clock.breached")}
    assert broken.isdisjoint(OF_COMPLAINTS)
    assert matter.facts("payout.owed") == []
    told = platform.read(SUPERVISOR, f"/v1/tickets/{matter.ticket}/explain?what=due")
    assert all(one["recomputed"] for one in told["decisions"])


def test_di_06_what_was_broken_before_the_correction_stays_owed(platform: Platform) -> None:
    """At the instant of the breach it is too late, whoever looks first: the correction pays it."""
    matter = opened(platform, SPOILED)
    platform.now.move(later(matter.now, HOUR))
    does(matter, Deed(SUPERVISOR, "diagnosis", ASKED_ONLY))
    assert len(matter.facts("clock.breached", "fresh_solution")) == 1
    assert len(matter.facts("payout.owed")) == 1
    assert matter.facts("clock.cancelled", "fresh_solution") == []


def test_di_06_what_is_a_complaint_after_all_is_owed_from_then(platform: Platform) -> None:
    """Corrected back, the promise is made anew: nobody is late with what they did not owe."""
    matter = opened(platform, SPOILED)
    does(matter, Deed(SUPERVISOR, "diagnosis", ASKED_ONLY))
    matter.move_to(later(matter.now, 2 * HOUR))
    does(matter, Deed(SUPERVISOR, "diagnosis", {**ASKED_ONLY, "kind": "complaint"}))
    running = matter.running("fresh_solution")
    assert running is not None
    assert (running.due_at, running.missed) == (later(matter.now, HOUR), False)


def test_di_06_the_agreement_of_machine_and_person_is_a_metric(platform: Platform) -> None:
    """Of two corrected matters one party and both scenarios are as the machine said."""

    def counted() -> dict[str, Any]:
        platform.settle()
        found: dict[str, Any] = platform.read(SUPERVISOR, "/v1/statistics")["agreement"]
        return found

    before = counted()
    for responsible, kind in (("merchant", "dispute"), ("logistics", "complaint")):
        matter = told(platform, "The screen is cracked and it does not work.")
        body = {"scenario": "product", "responsible": responsible, "kind": kind}
        does(matter, ACCEPTS, Deed(AGENT, "diagnosis", body))
    after = counted()
    assert after["corrected"] - before["corrected"] == 2
    grown = {
        name: tuple(
            after["dimensions"][name][one] - before["dimensions"][name][one]
            for one in ("judged", "agreed")
        )
        for name in ("responsible", "scenario", "kind")
    }
    assert grown == {"responsible": (2, 1), "scenario": (2, 2), "kind": (2, 1)}
    share = after["dimensions"]["responsible"]
    assert share["agreed_bp"] == share["agreed"] * 10_000 // share["judged"]


@pytest.mark.parametrize("row", special.RETURNS, ids=lambda row: "-".join(map(str, row.values())))
def test_di_07_a_return_until_its_last_instant(platform: Platform, row: dict[str, Any]) -> None:
    """7 and 30 days to the microsecond; custom-made, fresh, opened: an answer with its clause."""
    special.return_goes_back_until(begins(platform), **row)


def test_di_07_before_the_signature_it_is_not_received(platform: Platform) -> None:
    """Nothing goes back that has not arrived."""
    ground = Ground(order={"signed_ago": None}, opening=complaint(remedy="return"))
    matter = opened(platform, ground)
    does(matter, ACCEPTS, Deed(AGENT, "return-review"))
    found = matter.latest("return.reviewed")
    assert (found["eligible"], found["clause"]) == (False, "returns.not_signed")


def test_di_07_where_nobody_knows_whether_it_was_opened_the_answer_says_so(
    platform: Platform,
) -> None:
    """The return is possible as long as the goods are closed."""
    ground = Ground(
        order={"category": "cosmetics", "signed_ago": HOUR},
        opening=complaint(remedy="return", reason="changed_mind"),
    )
    matter = opened(platform, ground)
    does(matter, ACCEPTS, Deed(AGENT, "return-review"))
    found = matter.latest("return.reviewed")
    assert (found["eligible"], found["if_unopened"]) == (True, True)


def test_di_07_the_answer_can_be_read_where_the_case_is_judged(platform: Platform) -> None:
    """The clause of the answer stands in the book with its words."""
    matter = opened(platform, Ground(opening=complaint(remedy="return")))
    does(matter, ACCEPTS, Deed(AGENT, "return-review"))
    clause = matter.latest("return.reviewed")["clause"]
    clauses = platform.read(SUPERVISOR, "/v1/books/2026-11-22/subjects/clauses")["tables"]["clause"]
    assert next(one for one in clauses if one["id"] == clause)["en"]
