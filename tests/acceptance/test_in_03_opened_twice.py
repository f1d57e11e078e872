"""IN-03: opening twice, by a retried request or a double click, yields one ticket."""

from concurrent.futures import ThreadPoolExecutor

from api.demo.client import Answer, Client
from tests.acceptance.platform import BUYER, SUPERVISOR, Platform

CLICKS = 6


def test_in_03_a_retried_request_gets_the_first_answer(platform: Platform) -> None:
    """Whoever lost the answer asks again with the same key and loses nothing."""
    body = {"order": platform.order(), "reason": "damaged"}
    first = platform.call(BUYER, "/v1/tickets", body, key="retry-1")
    again = platform.call(BUYER, "/v1/tickets", body, key="retry-1")
    assert first.status == again.status == 201
    assert again.body == first.body
    assert _tickets(platform, body["order"]) == [first.body["stream"].removeprefix("ticket:")]


def test_in_03_a_key_does_not_answer_for_something_else(platform: Platform) -> None:
    """The same key with another request is a mistake of the caller, and is told so."""
    assert platform.call(BUYER, "/v1/tickets", {"order": platform.order()}, key="retry-2").ok
    other = platform.order()
    answer = platform.call(BUYER, "/v1/tickets", {"order": other}, key="retry-2")
    assert (answer.status, answer.body["code"]) == (422, "key_reused")
    assert _tickets(platform, other) == []


def test_in_03_a_double_click_is_one_ticket(platform: Platform) -> None:
    """Two clicks have two keys, and the matter is still one."""
    body = {"order": platform.order()}
    first = platform.call(BUYER, "/v1/tickets", body)
    second = platform.call(BUYER, "/v1/tickets", body)
    assert (first.status, second.status) == (201, 200)
    assert second.body["events"] == []
    assert second.body["stream"] == first.body["stream"]


def test_in_03_clicks_at_the_same_time_are_one_ticket(platform: Platform) -> None:
    """The database decides who was first, not the order of the answers."""
    order = platform.order()

    def click(number: int) -> Answer:
        with Client(platform.parts) as client:
            return client.post("buyer", "b-1", "/v1/tickets", {"order": order}, key=f"c-{number}")

    with ThreadPoolExecutor(CLICKS) as pool:
        answers = list(pool.map(click, range(CLICKS)))
    assert sorted(answer.status for answer in answers) == [200] * (CLICKS - 1) + [201], answers
    assert len({answer.body["stream"] for answer in answers}) == 1
    ticket = answers[0].body["stream"].removeprefix("ticket:")
    assert _tickets(platform, order) == [ticket]
    assert platform.topics(ticket).count("ticket.opened") == 1


def test_in_03_what_is_closed_may_be_opened_anew(platform: Platform) -> None:
    """One ticket at a time, not one for ever."""
    order = platform.order()
    first = platform.open(order)
    platform.do(BUYER, first, "closing")
    second = platform.open(order)
    assert second != first
    assert set(_tickets(platform, order)) == {first, second}


def _tickets(platform: Platform, order: str) -> list[str]:
    platform.settle()
    page = platform.read(SUPERVISOR, f"/v1/queue?open=any&order={order}")
    return [row["ticket"] for row in page["items"]]
