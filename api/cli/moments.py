"""Moments as a person writes them on the command line; what they are for is said elsewhere."""

from typing import TYPE_CHECKING

from api.cli.terminal import CommandError, Exit

if TYPE_CHECKING:
    from domain.ledger.application import TicketLedger


def written_moment(text: str, flag: str) -> dict[int, int]:
    """Return the positions, by lane, that a flag was given, packed or not; or say what is wrong."""
    from api.packed import from_address  # noqa: PLC0415 - heavy

    try:
        return dict(from_address(text))
    except ValueError as error:
        raise CommandError(
            f"{flag} names no moment.", why=str(error), remedy="write it so", code=Exit.USAGE
        ) from error


def known_moment(text: str, flag: str, ledger: "TicketLedger") -> dict[int, int]:
    """Return the same, where the ledger has all these lanes."""
    moment = written_moment(text, flag)
    if unknown := sorted(set(moment) - set(range(ledger.lanes))):
        raise CommandError(
            f"{flag} names a lane there is not.",
            why=f"this ledger has no lane {unknown[0]}",
            remedy=f"lanes are numbered from 0 to {ledger.lanes - 1}",
            code=Exit.NOT_FOUND,
        )
    return moment
