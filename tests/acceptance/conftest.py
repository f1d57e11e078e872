"""What acceptance tests share: one platform per module, over a database of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.platform import AGENT, SUPERVISOR, Platform, platform_over
from tests.acceptance.staff import Staff, adopt
from tests.conftest import Database


@pytest.fixture(scope="module")
def platform(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform over a fresh database; its time only goes forward."""
    with platform_over(database, tmp_path_factory.mktemp("data")) as running:
        yield running


@pytest.fixture(scope="module")
def senior(platform: Platform) -> None:
    """The agent who takes tickets up is on record, and keeps what is promised on them."""
    registered = {"desk": "senior_desk", "skills": ["senior"]}
    assert platform.call(SUPERVISOR, f"/v1/agents/{AGENT.removeprefix('agent:')}", registered).ok


@pytest.fixture
def staff(make_database: Callable[[int], Database], tmp_path: Path) -> Iterator[Staff]:
    """Nobody yet, on a platform of their own: what waits for one test is no other's load."""
    with platform_over(make_database(4), tmp_path) as running:
        adopt(running)
        yield Staff(running)
