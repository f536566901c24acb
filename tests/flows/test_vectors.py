"""What a predecessor got wrong, and this desk must not: what wants tables."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests import running
from tests.fakes import FrozenClock
from tests.vectors import FLOWS, FlowRow

if TYPE_CHECKING:
    from cid.pg.pool import AppDb, WorkerDb


@pytest.mark.parametrize("row", FLOWS, ids=lambda row: row.input)
async def test_what_was_once_wrong_stays_right(db: AppDb, platform: WorkerDb, owner: Any, row: FlowRow) -> None:
    desk = await running.desk(db, platform, owner, FrozenClock(datetime.now(UTC)))
    assert await row.outcome(desk) == row.expected
