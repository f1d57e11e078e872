"""What a contact in vain is, and how many of them a complaint may have (SL-16)."""

from enum import StrEnum

from pydantic import Field

from domain.policies.table import Source, Table


class Answering(StrEnum):
    """A way in which the platform answers a buyer."""

    ANSWER = "answer"
    MESSAGE = "message"
    AUTOMATIC_ANSWER = "automatic_answer"


class CameBack(StrEnum):
    """A way in which a buyer comes back after an answer."""

    MESSAGE = "message"
    REOPENING = "reopening"


class Contacts(Table):
    """How often a complaint may be answered in vain (SL-16).

    A contact is an answer after which the buyer came back and did not say that all is well.
    """

    zh: str = ""
    en: str = ""
    """The definition in words; books that were adopted before it stood in one have none."""
    answers: tuple[Answering, ...] = Field(default=tuple(Answering), min_length=1)
    """What of the platform's is an answer."""
    came_back: tuple[CameBack, ...] = Field(default=tuple(CameBack), min_length=1)
    """What of the buyer's is coming back."""
    fruitless: int = Field(gt=0)
    source: Source


def undefined(contacts: Contacts | None) -> list[str]:
    """Return what is missing where contacts are counted and not defined in words."""
    if contacts is None or (contacts.zh and contacts.en):
        return []
    return ["contacts has no definition in zh and en"]
