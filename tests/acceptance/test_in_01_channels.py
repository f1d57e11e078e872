"""IN-01: a ticket opens from any channel, and one matter seen through two is one ticket."""

import pytest

from tests.acceptance.platform import AGENT, BUYER, MERCHANT, STRANGER, SUPERVISOR, Platform

CHANNELS = (
    "app",
    "mini_program",
    "web_order_page",
    "logistics_page",
    "chat",
    "sms",
    "social_media",
    "live_room",
    "phone",
    "email",
    "open_api",
)


@pytest.mark.parametrize("channel", CHANNELS)
def test_in_01_a_ticket_opens_from_every_channel_and_says_which(
    platform: Platform, channel: str
) -> None:
    """Wherever buyers speak up, it becomes a ticket."""
    ticket = platform.open(channel=channel)
    assert platform.row(ticket)["channel"] == channel
    assert platform.file(ticket)["channels"] == [channel]


def test_in_01_there_is_no_channel_but_those(platform: Platform) -> None:
    """The list is closed: a mistyped channel is no new one."""
    body = {"channel": "carrier_pigeon", "order": platform.order()}
    answer = platform.call(BUYER, "/v1/tickets", body)
    assert (answer.status, answer.body["code"]) == (422, "malformed")


def test_in_01_the_same_matter_through_two_channels_is_one_ticket(platform: Platform) -> None:
    """The second door joins the first, and every door shows the same state."""
    order = platform.order()
    ticket = platform.open(order, channel="app")
    again = {"channel": "phone", "order": order, "reason": "quality_fault"}
    answer = platform.call(AGENT, "/v1/tickets", again)
    assert (answer.status, answer.body["stream"]) == (200, f"ticket:{ticket}")
    assert platform.topics(ticket).count("ticket.channel_joined") == 1
    assert platform.file(ticket)["channels"] == ["app", "phone"]
    assert platform.row(ticket)["channel"] == "phone"
    page = platform.read(SUPERVISOR, f"/v1/queue?order={order}")
    assert [row["ticket"] for row in page["items"]] == [ticket]
    platform.do(AGENT, ticket, "acceptance")
    states = {
        who: platform.board(who, ticket)["stage"] for who in (BUYER, MERCHANT, AGENT, SUPERVISOR)
    }
    assert set(states.values()) == {"intake"}
    assert all(
        platform.node(ticket, "accepted", who)["state"] == "current" for who in (BUYER, MERCHANT)
    )


def test_in_01_a_channel_joined_twice_is_joined_once(platform: Platform) -> None:
    """A caller who rings again changes nothing."""
    order = platform.order()
    ticket = platform.open(order, channel="app")
    for _ in range(2):
        assert platform.call(BUYER, "/v1/tickets", {"channel": "chat", "order": order}).ok
    assert platform.topics(ticket).count("ticket.channel_joined") == 1


def test_in_01_another_line_is_another_matter(platform: Platform) -> None:
    """Two things that broke are two tickets."""
    order = platform.order(10_000, 20_000)
    first = platform.open(order, line="1")
    second = platform.open(order, line="2")
    assert first != second


def test_in_01_nobody_opens_a_ticket_on_another_buyers_order(platform: Platform) -> None:
    """To a stranger the order does not exist."""
    body = {"channel": "app", "order": platform.order()}
    answer = platform.call(STRANGER, "/v1/tickets", body)
    assert (answer.status, answer.body["code"]) == (404, "unknown_order")
