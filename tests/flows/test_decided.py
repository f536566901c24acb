"""What people of a tenant said of matches becomes sentences to learn from, for that tenant alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cid.domain.ids import uuid7
from cid.domain.narratives import MatchVerdict, Where
from cid.flows import decided
from cid.store import narratives
from tests import analysis
from tests.web.conftest import desk, empty_desk, prompts

if TYPE_CHECKING:
    from tests.web.conftest import Desk

__all__ = ["desk", "empty_desk", "prompts"]


async def test_the_last_verdict_counts_and_another_tenant_learns_nothing_of_it(desk: Desk) -> None:
    assert desk.room
    person = desk.room.people["analyst@acme.test"]
    made = await analysis.furnish(desk.sv, desk.room.tenant, by=person)
    ours = [one for one in made.dossiers["completed"].matches if one.match.where is Where.ITEM]
    confirmed, rejected = ours[0], ours[1]
    verdicts = [
        (confirmed, MatchVerdict.REJECTED),
        (confirmed, MatchVerdict.CONFIRMED),
        (rejected, MatchVerdict.CONFIRMED),
        (rejected, MatchVerdict.REJECTED),
    ]
    for match, verdict in verdicts:
        async with desk.sv.db.tx(desk.room.tenant) as tx:
            id_ = uuid7(desk.sv.clock.now())
            await narratives.add_verdict(tx, id_, match.id, verdict, note="", user=person)
    cases = await decided.cases_of(desk.sv, desk.room.tenant)
    texts = {one.number: f"{one.title}\n{one.text}" for one in made.dossiers["completed"].items}
    for match, narrative in ((confirmed, {confirmed.match.narrative}), (rejected, set[str]())):
        span, item = match.match.spans[0], match.match.item
        assert item is not None
        said = [one for one in cases if span.text in one.text and one.text in " ".join(texts[item].split())]
        assert said, "the sentence that holds what was matched"
        assert all(one.narratives == narrative for one in said)
    assert await decided.cases_of(desk.sv, desk.room.other) == []
