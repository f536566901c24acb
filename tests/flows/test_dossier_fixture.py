"""The finished runs that tests of pages and exports read are what the tables give back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cid.store import runs
from tests import analysis
from tests.web.conftest import desk, empty_desk, prompts

if TYPE_CHECKING:
    from tests.web.conftest import Desk

__all__ = ["desk", "empty_desk", "prompts"]


async def test_what_is_written_is_what_is_read(desk: Desk) -> None:
    assert desk.room
    made = await analysis.furnish(desk.sv, desk.room.tenant, by=desk.room.people["analyst@acme.test"])
    for name, run in made.ids.items():
        async with desk.sv.db.read(desk.room.tenant) as tx:
            read = await runs.dossier(tx, desk.room.tenant, run)
        assert read
        wanted = made.dossiers[name]
        assert read.run.state is wanted.run.state, name
        assert read.run.score == wanted.run.score, name
        assert read.items == wanted.items, name
        assert [one.said for one in read.steps] == [one.said for one in wanted.steps]
        for mine, theirs in ((read.briefing, wanted.briefing), (read.scorecard, wanted.scorecard)):
            assert (mine and replace(mine, made_at=desk.sv.clock.now())) == (
                theirs and replace(theirs, made_at=desk.sv.clock.now())
            ), name
        by_id = {one.id: one.match for one in read.matches}
        assert by_id == {one.id: one.match for one in wanted.matches}, name
