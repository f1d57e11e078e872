"""Whether the parts the API needs are there, and what is the matter with the evidence beside it.

Not ready is who can not answer: database, schema, views. An alarm of notary or anchoring makes it
degraded: it goes on answering, since what is recorded now is recorded well and another process of
the same ledger would do no better.
"""

from typing import Final

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from api.alarms import Watched, standing_alarms
from api.models.outcomes import Alarm, Ready
from api.notifying import outbox
from api.wiring import Services
from domain.ledger.connections import DatabaseUnavailable
from domain.ledger.migrations import migrations
from domain.ledger.standing import Standing

LAG_MAX: Final = 50_000
"""Views this many records behind are catching up rather than showing what is."""
_APPLIED: Final = "select number from ledger_migration.applied order by number"
_OK: Final = "ok"


def readiness(services: Services) -> Ready:
    """Return how the parts are. Blocks."""
    checks: dict[str, str] = {}
    try:
        for lane in range(services.ledger.lanes):
            services.ledger.position(lane)
        checks["database"] = _OK
        checks["schema"] = _schema(services)
        alarms = _alarms(services) if checks["schema"] == _OK else []
    except DatabaseUnavailable:
        return Ready("not_ready", {"database": "it can not be reached"}, {}, 0, ())
    lag = services.views.lag()
    behind = {view: records for view, records in lag.items() if records > LAG_MAX}
    poisoned = len(services.views.poisoned())
    checks["views"] = _OK if not behind else "they are catching up"
    # A poison event holds back its own ticket and nothing else: it is told, and does not stop us.
    checks["poison"] = _OK if not poisoned else "records are put aside"
    checks["evidence"] = _OK if not alarms else "somebody must look: see the alarms"
    untold = services.read_now(lambda db: outbox.given_up(db.cursor()))
    # A channel that takes nothing stops no work: it is told, and the notices are listed.
    checks["notices"] = _OK if not untold else "some were given up: `ticketledger notices list`"
    ready = all(checks[part] == _OK for part in ("database", "schema", "views"))
    able = "degraded" if alarms or poisoned or untold else "ready"
    return Ready(able if ready else "not_ready", checks, lag, poisoned, tuple(alarms))


def _alarms(services: Services) -> list[Alarm]:
    record = services.ledger.record
    standing = Standing(record.connections, names=record.names)
    return standing_alarms(Watched(services.settings, standing, services.now()))


def _schema(services: Services) -> str:
    applied = services.ledger.record.connections.read(_applied)
    known = [migration.number for migration in migrations()]
    return _OK if applied == known else "migrate it: the program knows another version"


def _applied(db: Cursor) -> list[int]:
    db.execute(_APPLIED)
    return [number for (number,) in db.fetchall()]
