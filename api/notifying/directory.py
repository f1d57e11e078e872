"""The directory of customers and merchants over HTTP: the platform's own service knows them."""

import http.client
import json
from typing import Final
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import HTTPRedirectHandler, Request, build_opener

from api.notifying.ports import Addressee, NotDelivered

TIMEOUT_S: Final = 5
ANSWER_MAX: Final = 10_000
_NOBODY: Final = 404


class _Unmoved(HTTPRedirectHandler):
    """Follows nobody elsewhere: the token and the reference are for one service."""

    def redirect_request(self, *_redirect: object) -> None:
        """Return no request: the redirect is the answer, and an error."""


_ASKING: Final = build_opener(_Unmoved)


class HttpAddresses:
    """Asks `<url>/<buyer or merchant>/<reference>/<channel>` for `{"address", "locale"}`."""

    def __init__(self, url: str, token: str | None = None) -> None:
        """Ask below a URL, with a bearer token where it wants one."""
        self._url = url.rstrip("/")
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}

    def find(self, kind: str, reference: str, channel: str) -> Addressee | None:
        """Return where somebody is reached; None when the service answers 404."""
        path = "/".join(quote(part, safe="") for part in (kind, reference, channel))
        asked = Request(f"{self._url}/{path}", headers=self._headers)  # noqa: S310 - of the settings
        try:
            with _ASKING.open(asked, timeout=TIMEOUT_S) as answer:
                found = json.loads(answer.read(ANSWER_MAX))
        except HTTPError as error:
            if error.code == _NOBODY:
                return None
            raise NotDelivered(f"the directory answered {error.code}") from None
        except (URLError, http.client.HTTPException, OSError, ValueError) as error:
            # Its words may repeat the address that was asked for.
            raise NotDelivered(f"the directory failed: {type(error).__name__}") from None
        address = found.get("address") if isinstance(found, dict) else None
        locale = found.get("locale") if isinstance(found, dict) else None
        if not isinstance(address, str) or not address:
            return None
        return Addressee(address, locale if isinstance(locale, str) else None)
