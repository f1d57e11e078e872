"""Instants as a person writes them on the command line; what they are for is said elsewhere."""

from typing import TYPE_CHECKING

from api.cli.terminal import CommandError, Exit

if TYPE_CHECKING:
    from domain.values import Instant


def instant_of(text: str, flag: str) -> "Instant":
    """Return the instant a flag was given, or say how one is written."""
    from pydantic import TypeAdapter  # noqa: PLC0415 - heavy

    from api.models.base import AtAnyTime  # noqa: PLC0415 - heavy
    from domain.values import Instant  # noqa: PLC0415 - heavy

    try:
        return Instant(TypeAdapter(AtAnyTime).validate_python(text))
    except ValueError as error:
        raise CommandError(
            f"{flag} is no instant.",
            why="an instant is a time of the calendar with an offset",
            remedy="write it like 2026-12-01T00:00:00+08:00",
            code=Exit.USAGE,
        ) from error
