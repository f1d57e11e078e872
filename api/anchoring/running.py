"""The anchoring as threads of the worker: one a witness, so that a slow one slows nobody."""

import logging
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Final, NamedTuple

from api.anchoring.copies import CopyDirectory, WriteOnce
from api.anchoring.rounds import Anchoring, Plan
from api.anchoring.stamps import Authority
from api.anchoring.witnesses import WitnessClient, step_all
from api.settings import Settings
from api.wiring import Services
from domain import errors
from domain.ledger.anchors import Anchors
from domain.ledger.connections import AppendUnknown, Connections, DatabaseUnavailable
from domain.ledger.log import Log
from domain.proof.errors import ProofError
from domain.proof.stamp import StampsUnavailable

ROUND_S: Final = 1.0
"""A checkpoint comes every second, and every one is to be witnessed."""
log = logging.getLogger(__name__)


class AnchorSettingsError(RuntimeError):
    """What the settings say of stamps or copies can not be used; what to do is said."""


class Loop(NamedTuple):
    """Something to do every second until told to stop."""

    name: str
    run: Callable[[Event], None]


def authority_of(settings: Settings) -> Authority | None:
    """Return the stamping authority of the settings; raise AnchorSettingsError."""
    if settings.stamp_url is None or settings.stamp_roots is None:
        return None
    try:
        import rfc3161_client  # noqa: F401, PLC0415 - an extra, looked for at start

        return Authority(settings.stamp_url, settings.stamp_roots)
    except ImportError as error:
        raise AnchorSettingsError("install ticketledger[stamps] to have stamps made") from error
    except (OSError, ProofError, StampsUnavailable) as error:
        raise AnchorSettingsError(f"stamp_roots can not be used: {error}") from error


def require_anchors(settings: Settings) -> None:
    """Raise AnchorSettingsError when a worker could not anchor by these settings."""
    authority_of(settings)
    copies_of(settings)


def copies_of(settings: Settings) -> WriteOnce | None:
    """Return the write-once storage of the settings; raise AnchorSettingsError."""
    place = settings.anchor_copies
    if place is None or "://" not in place:
        return CopyDirectory(Path(place)) if place else None
    try:
        from api.anchoring.copies_objects import CopyObjects  # noqa: PLC0415 - an extra

        return CopyObjects.at(place)
    except ImportError as error:
        raise AnchorSettingsError("install ticketledger[s3] to have copies there") from error
    except OSError as error:
        raise AnchorSettingsError(f"anchor_copies can not be used: {error}") from error


@contextmanager
def anchoring_of(parts: Services, dsn: str) -> Iterator[list[Loop]]:
    """Give the loops that anchor a ledger, over connections of the notary's role."""
    settings = parts.settings
    plan = Plan(
        authority=authority_of(settings),
        copies=copies_of(settings),
        witnesses=[witness.name for witness in settings.witnesses],
        quorum=settings.witness_quorum,
        every=timedelta(seconds=settings.stamp_every_s),
    )
    if not (plan.authority or plan.copies or plan.witnesses):
        yield []
        return
    with closing(Connections(dsn, readers_max=2 + len(plan.witnesses))) as connections:
        anchors, source = Anchors(connections), Log(connections)
        anchoring = Anchoring(
            plan, ledger=parts.ledger, source=source, anchors=anchors, now=parts.now
        )
        loops = [Loop("anchors", _every_round(lambda: _step_lanes(anchoring, parts.ledger.lanes)))]
        for place in settings.witnesses:
            client = WitnessClient(place, source, anchors, now=parts.now)
            loops.append(Loop(f"witness-{place.name}", _every_round(_asking(client, parts))))
        yield loops


def _asking(client: WitnessClient, parts: Services) -> Callable[[], None]:
    return lambda: step_all(client, parts.ledger.lanes)


def _step_lanes(anchoring: Anchoring, lanes: int) -> None:
    """Go through all lanes once; one whose anchors are damaged holds up no other."""
    for lane in range(lanes):
        try:
            anchoring.step(lane)
        except (ProofError, LookupError) as error:
            log.critical("ALARM: lane %d is not anchored: %s", lane, error)


def _every_round(step: Callable[[], None]) -> Callable[[Event], None]:
    """Return a loop that takes a step every second; a database that is away is waited for."""

    def run(stop: Event) -> None:
        while not stop.is_set():
            try:
                step()
            except (DatabaseUnavailable, AppendUnknown) as error:
                log.warning("the anchoring waits for the database: %s", error)
            except errors.Refusal as refusal:
                log.warning("what vouches for a checkpoint is told later: %s", refusal.code)
            stop.wait(ROUND_S)

    return run
