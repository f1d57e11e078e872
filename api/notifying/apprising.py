"""The port to e-mail, SMS gateways, DingTalk, Feishu, WeCom and others: the library Apprise.

A place is an Apprise URL of the settings; it holds secrets, so neither it nor what the library
says of it is ever logged.
"""

import logging
import warnings
from typing import Final
from urllib.parse import quote

import apprise

from api.notifying.ports import Message, NotDelivered

ID_HEADER: Final = "X-Ticketledger-Notice"
"""Under which a channel that has headers is given the notice's id."""
ADDRESS: Final = "{address}"
"""Where the person's address stands in a URL."""
_SOMEBODY: Final = "13800000000"
"""Stands for an address where only the rest of a URL is looked at."""
_WITH_HEADERS: Final = ("json", "jsons", "xml", "xmls", "form", "forms", "mailto", "mailtos")
logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # it repeats URLs when one fails
with warnings.catch_warnings():
    # Its services are loaded at the first use of any, and some of them warn of themselves.
    warnings.simplefilter("ignore", DeprecationWarning)
    apprise.Apprise.instantiate("json://localhost")


def is_known(url: str) -> bool:
    """Return whether the library has a service for a URL of the settings, and it is whole."""
    return apprise.Apprise().add(url.replace(ADDRESS, _SOMEBODY))


class ApprisePort:
    """One place a message can go to."""

    name: str = "apprise"

    def __init__(self, url: str) -> None:
        """Send to an Apprise URL; `{address}` in it is the person's."""
        self._url = url

    def send(self, message: Message) -> None:
        """Hand a message to the library, which tries once within its own time limits."""
        url = self._url.replace(ADDRESS, quote(message.address or "", safe=""))
        if url.partition("://")[0].lower() in _WITH_HEADERS:
            url += f"{'&' if '?' in url else '?'}+{ID_HEADER}={message.notice}"
        place = apprise.Apprise()
        if not place.add(url):
            raise NotDelivered("the URL of the settings is none the library knows", for_good=True)
        body = message.body + (message.enclosed or "")
        try:
            taken = place.notify(
                body=body,
                title=message.subject,
                body_format=apprise.NotifyFormat.TEXT,
                interpret_escapes=False,
            )
        except Exception as error:
            # Its words may repeat the URL.
            raise NotDelivered(f"the library failed: {type(error).__name__}") from None
        if not taken:
            raise NotDelivered("the channel did not take it")
