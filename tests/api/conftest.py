"""What the tests of the API share: one served API per module."""

from collections.abc import Iterator

import pytest

from tests.api.served import Served, serving
from tests.conftest import Database


@pytest.fixture(scope="module")
def served(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The API over a fresh database."""
    with serving(database, tmp_path_factory.mktemp("data")) as running:
        yield running
