"""When we fail: the answer tells nothing of the inside, and the log nothing of the caller."""

import logging
from collections.abc import Callable
from pathlib import Path

import psycopg2
import pytest
from fastapi import APIRouter
from psycopg2 import sql
from starlette.testclient import TestClient

from api.app import create_app
from api.gate import GatedRoute
from tests.api.served import Served, serving
from tests.conftest import Database

SECRET = "林晓 138 0013 8000"


def test_a_failure_of_ours_is_told_by_its_request_id_alone(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    """An exception's message may repeat what a person wrote; frames do not."""
    app = create_app(served.services)

    async def break_down() -> None:
        raise LookupError(SECRET)

    app.add_api_route("/broken", break_down)
    with TestClient(app) as client, caplog.at_level(logging.DEBUG):
        answer = client.get("/broken", headers={"X-Request-Id": "request-to-find"})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert SECRET not in answer.text
    assert SECRET not in caplog.text
    assert "request request-to-find failed: LookupError" in caplog.text
    assert "in break_down" in caplog.text


@pytest.mark.parametrize("ticket", ["T0-261122-7ZK4M2Q", "T99-261122-7ZK4M2Q", "none"])
def test_a_failure_stays_what_it_is_when_its_record_can_not_be_looked_through(
    served: Served, caplog: pytest.LogCaptureFixture, ticket: str
) -> None:
    """There is no such ticket, no such lane, or no such id: the first failure is to be found."""
    app = create_app(served.services)
    broken = APIRouter(route_class=GatedRoute)

    @broken.get("/broken/{ticket}")
    async def break_down(ticket: str) -> None:
        raise LookupError(SECRET + ticket)

    app.include_router(broken)
    with TestClient(app) as client, caplog.at_level(logging.DEBUG):
        answer = client.get(f"/broken/{ticket}", headers={"X-Request-Id": "request-to-find"})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert SECRET not in caplog.text
    assert "whether the record is damaged is not known" in caplog.text
    assert "request request-to-find failed: LookupError" in caplog.text
    assert "in break_down" in caplog.text


def test_memory_that_runs_out_accuses_no_record(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    """What fails then says nothing of what was read, and looking would fail the same way."""
    app = create_app(served.services)
    broken = APIRouter(route_class=GatedRoute)

    @broken.get("/broken/{ticket}")
    async def break_down(ticket: str) -> None:
        raise MemoryError(ticket)

    app.include_router(broken)
    with TestClient(app) as client, caplog.at_level(logging.DEBUG):
        answer = client.get("/broken/none")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "failed: MemoryError" in caplog.text
    assert "damaged" not in caplog.text


def test_a_database_that_is_away_is_503_and_comes_back_by_itself(
    make_database: Callable[[int], Database], tmp_path: Path
) -> None:
    """Nothing was written, when to ask again is said, and nobody has to start us anew."""
    database = make_database(1)
    with serving(database, tmp_path) as served:
        ticket = served.open_ticket()
        name = sql.Identifier(database.name)
        _set_connections(database, name, allowed=False)
        try:
            for who, path in (
                ("buyer", f"/v1/tickets/{ticket}"),
                ("agent", "/v1/queue"),
                ("auditor", "/v1/feed"),
            ):
                answer = served.get(who, path)
                assert (answer.status_code, answer.json()["code"]) == (503, "unavailable"), path
                assert answer.headers["Retry-After"] == "1"
            sent = served.post("buyer", f"/v1/tickets/{ticket}/messages", {"text": SECRET}, key="k")
            assert sent.status_code == 503
            assert SECRET not in sent.text
            ready = served.client.get("/readyz")
            assert (ready.status_code, ready.json()["status"]) == (503, "not_ready")
            assert served.client.get("/livez").status_code == 200
        finally:
            _set_connections(database, name, allowed=True)
        assert served.get("buyer", f"/v1/tickets/{ticket}").status_code == 200
        retried = served.post("buyer", f"/v1/tickets/{ticket}/messages", {"text": SECRET}, key="k")
        assert retried.status_code == 200
        assert served.client.get("/readyz").status_code == 200


def _set_connections(database: Database, name: sql.Identifier, *, allowed: bool) -> None:
    """Let the database's users in, or keep them out and end their sessions."""
    connection = psycopg2.connect(database.server.superuser_dsn)
    try:
        connection.autocommit = True
        with connection.cursor() as db:
            value = sql.SQL("true" if allowed else "false")
            db.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}").format(name, value))
            if not allowed:
                db.execute(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                    "WHERE datname = %s",
                    (database.name,),
                )
    finally:
        connection.close()
