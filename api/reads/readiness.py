"""Whether the parts the API needs are there: database, schema, views; no data is looked at."""

from typing import Final

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from api.models.outcomes import Ready
from api.wiring import Services
from domain.ledger.connections import DatabaseUnavailable
from domain.ledger.migrations import migrations

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
    except DatabaseUnavailable:
        return Ready("not_ready", {"database": "it can not be reached"}, {}, 0)
    lag = services.views.lag()
    behind = {view: records for view, records in lag.items() if records > LAG_MAX}
    poisoned = len(services.views.poisoned())
    checks["views"] = _OK if not behind else "they are catching up"
    # A poison event holds back its own ticket and nothing else: it is told, and does not stop us.
    checks["poison"] = _OK if not poisoned else "records are put aside"
    ready = all(checks[part] == _OK for part in ("database", "schema", "views"))
    return Ready("ready" if ready else "not_ready", checks, lag, poisoned)


def _schema(services: Services) -> str:
    applied = services.ledger.record.connections.read(_applied)
    known = [migration.number for migration in migrations()]
    return _OK if applied == known else "migrate it: the program knows another version"


def _applied(db: Cursor) -> list[int]:
    db.execute(_APPLIED)
    return [number for (number,) in db.fetchall()]
