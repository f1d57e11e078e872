"""Which command lives at which address: routes write it down, `actions[]` reads it."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from api.models.base import Body
from domain.commands import Command

_CAPITAL: Final = re.compile(r"(?<!^)(?=[A-Z])")


class Address(NamedTuple):
    """Where a command is posted, and what its body must and may hold."""

    template: str
    required: tuple[str, ...]
    optional: tuple[str, ...]

    def href(self, ticket: str, target: str | None) -> str:
        """Return the address for one ticket and, where there is one, its offer, item or remedy."""
        path = self.template.replace("{ticket}", ticket)
        return re.sub(r"{\w+}", target or "", path)


_addresses: dict[type[Command], Address] = {}
ADDRESSES: Final[Mapping[type[Command], Address]] = MappingProxyType(_addresses)
"""The address of every command that has a route."""


def add(command: type[Command], template: str, body: type[Body]) -> None:
    """Write down where a command lives."""
    assert command not in _addresses, "a command has one address"
    fields = body.model_fields.items()
    _addresses[command] = Address(
        template=template,
        required=tuple(name for name, field in fields if field.is_required()),
        optional=tuple(name for name, field in fields if not field.is_required()),
    )


def operation_of(command: type[Command]) -> str:
    """Return the operation id of a command: its name in snake case."""
    return _CAPITAL.sub("_", command.__name__).lower()
