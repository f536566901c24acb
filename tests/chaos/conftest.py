"""One server and one nursery for all trials of a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.chaos import grounds
from tests.chaos.field import Grounds


@pytest.fixture(scope="module", name="grounds")
def made_grounds() -> Iterator[Grounds]:
    with grounds.grounds() as made:
        yield made
