"""Which port carries a notice: an Apprise URL of the settings, or the file where none is set."""

from collections.abc import Mapping
from typing import Final

from pydantic import SecretStr

from api.notifying.ports import Addresses, FilePort, NoAddresses, Port
from api.settings import Settings

ADDRESS: Final = "{address}"
PARTIES: Final = frozenset({"buyer", "merchant"})


def port_of(settings: Settings, to: str, channel: str) -> Port | None:
    """Return what carries notices to somebody by a channel; None when that channel is not theirs.

    A URL for one recipient stands before one for all: `im/desk:director` before `im`. Parties are
    reached by a URL that holds `{address}`, desks and departments by one that does not.
    """
    set_up = {key: url for key, url in settings.notify_urls.items() if _channel(key) == channel}
    if not set_up or channel == "file":
        return FilePort(settings.data_dir)
    url = _url(set_up, to, channel)
    if url is None:
        return None
    from api.notifying.apprising import ApprisePort  # noqa: PLC0415 - of the extra `notify`

    return ApprisePort(url)


def addresses_of(settings: Settings) -> Addresses:
    """Return the directory of customers and merchants, an empty one where none is set."""
    if settings.addresses_url is None:
        return NoAddresses()
    from api.notifying.directory import HttpAddresses  # noqa: PLC0415 - only who has one

    token = settings.addresses_token
    return HttpAddresses(
        settings.addresses_url, None if token is None else token.get_secret_value()
    )


def _url(urls: Mapping[str, SecretStr], to: str, channel: str) -> str | None:
    kind = to.partition(":")[0]
    for key in (f"{channel}/{to}", f"{channel}/{kind}", channel):
        secret = urls.get(key)
        if secret is not None:
            url = secret.get_secret_value()
            if (ADDRESS in url) == (kind in PARTIES):
                return url
    return None


def _channel(key: str) -> str:
    return key.partition("/")[0]
