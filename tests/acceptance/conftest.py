"""What acceptance tests share: one platform per module, over a database of its own."""

from collections.abc import Iterator

import pytest

from tests.acceptance.platform import Platform, platform_over
from tests.conftest import Database


@pytest.fixture(scope="module")
def platform(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform over a fresh database; its time only goes forward."""
    with platform_over(database, tmp_path_factory.mktemp("data")) as running:
        yield running
