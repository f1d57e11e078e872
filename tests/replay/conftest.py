"""What tests of verification may ask for: one history a session's worker, a copy of it a test."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from replay.rebuild import SCHEMA
from tests.conftest import Database, Server
from tests.projections.conftest import MakeViews, db
from tests.projections.conftest import make_views as live_views
from tests.projections.history import History
from tests.replay.rebuilt import rebuild_of
from tests.replay.scenes import Clock, Scene, copy_directory, tell

__all__ = ["another", "db", "live_views", "make_views", "scene", "story"]


class Story(NamedTuple):
    """A history nobody touches, and the tickets in it."""

    scene: Scene
    living: str
    ended: str


@pytest.fixture(scope="session")
def story(
    make_database: Callable[[int], Database], tmp_path_factory: pytest.TempPathFactory
) -> Story:
    """A history of more than one tile and three checkpoints."""
    scene = Scene(make_database(1), tmp_path_factory.mktemp("story"), Clock())
    return Story(scene, *tell(scene))


@pytest.fixture
def another(story: Story, server: Server, tmp_path: Path) -> Iterator[Callable[[], Scene]]:
    """Make one more copy of the history."""
    made: list[str] = []

    def make() -> Scene:
        name = f"test_{server.run}_{secrets.token_hex(6)}"
        template = story.scene.database.name
        server.execute(
            sql.SQL("CREATE DATABASE {} OWNER ticketledger_owner TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        made.append(name)
        directory = copy_directory(story.scene.directory, tmp_path / name)
        return Scene(Database(name, 1, server), directory, Clock(story.scene.clock.at))

    yield make
    server.clear(made)


@pytest.fixture
def scene(another: Callable[[], Scene]) -> Scene:
    """A copy of the history that the test may break."""
    return another()


@pytest.fixture
def make_views(live_views: MakeViews, database: Database, db: Cursor, lanes: int) -> MakeViews:
    """Make live views over a history; there are none at first, and no shadow."""
    db.execute("select to_regclass(%s) is null", (f"{SCHEMA}.build",))
    if db.fetchone() != (True,):
        with rebuild_of(database, History(lanes)) as work:
            work.drop()
    return live_views
