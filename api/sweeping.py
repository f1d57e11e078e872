"""The sweep of the vault as the worker runs it: once a day, and never in anybody's way."""

import logging
import threading
from typing import Final

from api.wiring import Services
from domain import errors
from domain.ledger.connections import AppendUnknown, DatabaseUnavailable
from domain.ledger.sweeping import Sweeper
from domain.ledger.vault_errors import VaultUnavailable

EVERY_S: Final = 24 * 3_600
NOT_TODAY: Final = (
    DatabaseUnavailable,
    AppendUnknown,
    VaultUnavailable,
    OSError,
    errors.Overloaded,
    errors.Contended,
)
log = logging.getLogger(__name__)


def run(parts: Services, stop: threading.Event) -> None:
    """Sweep now and once a day until told to stop; what can not be swept waits for the next.

    Only files of our own data directory: a bucket may be another ledger's too, a copy's of the
    database say, and what this record does not name that one might.
    """
    if parts.settings.vault_url is not None:
        return
    while not stop.is_set():
        try:
            swept = Sweeper(parts.ledger, parts.now, stopped=stop.is_set).sweep()
        except NOT_TODAY as error:
            log.warning("the vault is swept another day: %s", type(error).__name__)
        except Exception:
            log.exception("the vault could not be swept")
        else:
            if swept.contents:
                log.info("%d contents that nothing names left the vault", swept.contents)
        stop.wait(EVERY_S)
