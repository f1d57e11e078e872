"""What people write in the demo; every name, number and address is invented."""

from random import Random
from typing import Final

NAMES: Final = (
    "林晓晴",
    "周建国",
    "Anna Petrov",
    "王雨桐",
    "James Okafor",
    "陈思远",
    "Maria Silva",
)
PHONES: Final = ("13900001234", "13711112222", "+44 20 7946 0123", "18622223333", "+1 202 555 0147")
PLACES: Final = ("杭州市西湖区柳浪路8号", "12 Elm Row, Leeds", "成都市锦江区春熙路99号")

PERSONAL: Final = (*NAMES, *PHONES, *PLACES)
"""Every personal value that occurs: a test looks for them where they must not be."""

_OPENING_ZH: Final = (
    "我是{name}，电话{phone}。{what}，请尽快处理。",
    "{what}。客服一直没有回复，我的电话是{phone}。",
    "订单有问题：{what}。收货地址{place}，收件人{name}。",
)
_OPENING_EN: Final = (
    "This is {name}, phone {phone}: {what}. Please look into it.",
    "{what}. Nobody answers me. Call {phone} if you need more.",
    "There is a problem: {what}. Delivered to {place}, for {name}.",
)


class Words:
    """Texts of one language, drawn by chance."""

    def __init__(self, chance: Random, *, chinese: bool) -> None:
        """Draw from the given chance."""
        self._chance = chance
        self._chinese = chinese

    def opening(self, zh: str, en: str) -> str:
        """Return what a buyer writes at opening, with personal details in it."""
        template = self._chance.choice(_OPENING_ZH if self._chinese else _OPENING_EN)
        return template.format(
            name=self._chance.choice(NAMES),
            phone=self._chance.choice(PHONES),
            place=self._chance.choice(PLACES),
            what=zh if self._chinese else en,
        )

    def say(self, zh: str, en: str) -> str:
        """Return one of two wordings, by language."""
        return zh if self._chinese else en
