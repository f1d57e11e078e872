"""The registry of facts: what a class must be to be evidence, and how stored data are read."""

from typing import ClassVar, get_args

import msgspec
import pytest

from domain.events import EVENTS, Event, TicketEvent, TicketOpened, personal_fields, read_event
from domain.events.base import OrderEvent
from domain.events.registry import check_class
from domain.ticket import evolve as fold
from domain.ticket.order import AnyOrderEvent
from domain.values import AuthorText, Commitment, Money, Of


class Good(TicketEvent, frozen=True):
    """A class that may stand in the registry."""

    TOPIC: ClassVar[str] = "tests.accepted.v1"

    count: int
    flag: bool
    amount: Money
    names: tuple[str, ...]
    text: AuthorText | None = None
    note: str | None = None


class Floating(TicketEvent, frozen=True):
    """A class with a float."""

    TOPIC: ClassVar[str] = "tests.floating.v1"

    share: float


class Defaulted(TicketEvent, frozen=True):
    """A class whose default is a value."""

    TOPIC: ClassVar[str] = "tests.defaulted.v1"

    count: int = 0


class Nullable(TicketEvent, frozen=True):
    """A class with a field that may be null in the record."""

    TOPIC: ClassVar[str] = "tests.nullable.v1"

    note: str | None


class Open(TicketEvent, frozen=True):
    """A class with an open dictionary."""

    TOPIC: ClassVar[str] = "tests.open.v1"

    facts: dict[str, str]


class Listed(TicketEvent, frozen=True):
    """A class with a list that can be changed."""

    TOPIC: ClassVar[str] = "tests.listed.v1"

    names: list[str]


class Shouting(TicketEvent, frozen=True):
    """A class with a topic out of form."""

    TOPIC: ClassVar[str] = "TicketOpened"


class Unversioned(TicketEvent, frozen=True):
    """A class whose topic has no version."""

    TOPIC: ClassVar[str] = "tests.unversioned"


class Homeless(Event, frozen=True):
    """A class of no family of streams."""

    TOPIC: ClassVar[str] = "tests.homeless.v1"


def test_a_plain_class_is_accepted() -> None:
    """The refusals below would mean nothing if everything were refused."""
    check_class(Good)


@pytest.mark.parametrize(
    "event_class",
    [Floating, Defaulted, Nullable, Open, Listed, Shouting, Unversioned, Homeless],
)
def test_a_class_that_would_not_survive_as_evidence_is_refused(event_class: type[Event]) -> None:
    """A float has many spellings, a default can be changed later: both would break the hash."""
    with pytest.raises(TypeError, match=event_class.__name__):
        check_class(event_class)


def test_every_topic_is_the_topic_of_its_class() -> None:
    """The table is the only way from stored bytes to a class."""
    assert all(topic == event_class.TOPIC for topic, event_class in EVENTS.items())


def test_a_topic_nobody_knew_is_not_read() -> None:
    """Bytes become objects through the table only."""
    with pytest.raises(KeyError):
        read_event("ticket.vanished.v1", b"{}")


@pytest.mark.parametrize(
    "data",
    [
        b'{"channel":"app"}',
        b'{"channel":"app","unknown":1}',
        b'{"channel":"carrier_pigeon"}',
        b"[]",
        b"null",
    ],
)
def test_data_of_another_shape_are_not_read(data: bytes) -> None:
    """A record that does not fit its topic is broken, not interpreted."""
    with pytest.raises(msgspec.ValidationError):
        read_event("ticket.opened.v1", data)


def test_a_personal_field_is_read_as_a_commitment_only() -> None:
    """A clear text in a record would be personal data that nobody can forget."""
    sealed = read_event("note.added.v1", b'{"text":{"sd":"abc"}}')
    assert sealed.text == Commitment("abc")  # type: ignore[attr-defined]  # it is a NoteAdded
    for clear in (b'{"text":"hello"}', b'{"text":{"sd":"abc","salt":"x"}}', b'{"text":null}'):
        with pytest.raises(msgspec.ValidationError):
            read_event("note.added.v1", clear)


def test_personal_fields_say_whose_they_are() -> None:
    """Whoever seals a text must know under whose key."""
    assert personal_fields(TicketOpened) == {"statement": Of.BUYER}


def test_the_fold_knows_every_fact_of_a_ticket() -> None:
    """A fact on record that the fold can not apply would stop every later command."""
    subjects = {one.__name__ for one in fold._SUBJECTS}
    facts = {one.__name__ for one in EVENTS.values() if issubclass(one, TicketEvent)}
    assert facts == subjects | {"TicketOpened"}


def test_the_fold_knows_every_fact_of_an_order() -> None:
    """The caps are judged by the fold of the order's stream."""
    known = {one.__name__ for one in get_args(AnyOrderEvent)}
    assert known == {one.__name__ for one in EVENTS.values() if issubclass(one, OrderEvent)}
