"""Gates against what people decided, and the filter that was learned, as people see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from cid.domain.ids import StoryId
from cid.domain.prefilter import Filter, Learned, Proof, Word
from cid.store import figures, policies, prefilters
from cid.web.handlers.figures import MOST, WITHIN
from tests import funnel, make
from tests.newsroom import Newsroom
from tests.web.conftest import Desk, Person

if TYPE_CHECKING:
    from cid.domain.ids import TenantId

LEARNED = Learned(
    filter=Filter(bias=-0.4, threshold=-3.0, weights={"quay": 3.25}),
    proof=Proof(labels=900, decided=40, passes=300, held=270, held_passes=120, recall=0.9917, sure=0.9612, saved=0.43),
    up=(Word(word="quay", weight=3.25, wanted=80, unwanted=3), Word(word="<b>गाड़ी", weight=2.0, wanted=9, unwanted=1)),
    down=(Word(word="plum", weight=-4.5, wanted=0, unwanted=61),),
)


async def decided(desk: Desk, owner: Any, tenant: TenantId, state: str, *gates: tuple[str, str, str]) -> None:
    """A story with verdicts (gate, outcome, reason) and a draft that a person decided about."""
    story, draft, version = StoryId(uuid4()), uuid4(), uuid4()
    async with desk.sv.platform.tx() as tx:
        item = await funnel.report(tx, story, publisher="P", title="T", summary="")
    async with desk.sv.db.tx(tenant) as tx:
        screening = await funnel.screening(tx, story, item)
    for gate, outcome, reason in gates:
        await owner.execute(
            """insert into verdicts (id, tenant_id, story_id, screening_id, gate, outcome, reason)
               values ($1, $2, $3, $4, $5, $6, $7)""",
            make.uuid7_now(),
            tenant,
            story,
            screening,
            gate,
            outcome,
            reason,
        )
    async with owner.transaction():
        await owner.execute(
            """insert into drafts (tenant_id, id, screening_id, story_id, current_version_id, found_at, state)
               values ($1, $2, $3, $4, $5, cid_now(), $6)""",
            tenant,
            draft,
            screening,
            story,
            version,
            state,
        )
        await owner.execute(
            """insert into versions (tenant_id, id, draft_id, number, author, article, payloads, sha256, renderer)
               values ($1, $2, $3, 1, 'machine', '{}', '{}', sha256('{}'), 'r1')""",
            tenant,
            version,
            draft,
        )


async def agreed(desk: Desk, tenant: TenantId) -> dict[str, tuple[int, int, int, int]]:
    async with desk.sv.db.read(tenant) as tx:
        found = await figures.gates(tx, tenant, within=WITHIN, most=MOST)
    return {one.gate: (one.right, one.wrong, one.missed, one.spared) for one in found}


PASSED = ("relevance", "pass", "relevant")
DROPPED = ("relevance", "drop", "low_relevance")


async def test_gates_are_counted_by_what_people_decided_of_their_stories(
    desk: Desk, room: Newsroom, owner: Any
) -> None:
    told: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
        ("approved", (PASSED, ("signal", "pass", "signal"))),
        ("approved", (PASSED,)),
        ("rejected", (PASSED,)),
        ("approved", (DROPPED, PASSED)),
        ("rejected", (("relevance", "drop", "prefiltered"),)),
        ("approved", (("relevance", "drop", "outage"), PASSED)),
        ("ready", (PASSED,)),
    )
    for state, gates in told:
        await decided(desk, owner, room.tenant, state, *gates)
    found = await agreed(desk, room.tenant)
    assert found["relevance"] == (3, 1, 1, 1)
    assert found["signal"] == (1, 0, 0, 0)
    assert await agreed(desk, room.other) == {}


async def test_few_decisions_are_counted_and_no_share_is_made_of_them(
    viewer: Person, desk: Desk, room: Newsroom, owner: Any
) -> None:
    assert "Nobody approved or rejected a draft yet." in await viewer.text("/t/acme/gates/figures")
    for _ in range(19):
        await decided(desk, owner, room.tenant, "approved", PASSED)
    text = await viewer.text("/t/acme/gates/figures")
    assert text.count("too few decisions to say") == 2
    await decided(desk, owner, room.tenant, "rejected", PASSED)
    text = await viewer.text("/t/acme/gates/figures")
    assert "<strong>0.950</strong>" in text
    assert text.count("too few decisions to say") == 1, "of recall there are nineteen"


async def test_the_filter_is_shown_with_its_words_and_what_bears_it_out(
    boss: Person, viewer: Person, desk: Desk, room: Newsroom
) -> None:
    assert "nothing learned yet" in await viewer.text("/t/acme/gates/figures")
    async with desk.sv.db.tx(room.tenant) as tx:
        await prefilters.put(tx, room.tenant, LEARNED, lacking="")
    text = await viewer.text("/t/acme/gates/figures")
    for part in (
        "It is off",
        "0.992",
        "43 %",
        "quay",
        "+3.2",
        "80 passed, 3 did not",
        "&lt;b&gt;गाड़ी",
        "−4.5",
        "proved",
    ):
        assert part.replace("−", "-") in text, part
    assert (await boss.post("/t/acme/gates", section="relevance", name="prefilter", value="on")).status == 303
    assert "It is on: what it would drop" in await viewer.text("/t/acme/gates/figures")
    async with desk.sv.db.read(room.tenant) as tx:
        assert (await policies.of(tx, room.tenant, desk.sv.policy)).relevance.prefilter == "on"


async def test_one_that_switched_itself_off_says_why_and_a_manager_lets_it_try_again(
    boss: Person, viewer: Person, desk: Desk, room: Newsroom, owner: Any
) -> None:
    assert (await boss.post("/t/acme/gates/figures/filter")).status == 409
    async with desk.sv.db.tx(room.tenant) as tx:
        await prefilters.put(tx, room.tenant, LEARNED, lacking="")
    await owner.execute("update prefilters set state = 'tripped', why = '2 of 9 that it would have dropped passed'")
    text = await viewer.text("/t/acme/gates/figures")
    assert "switched itself off" in text
    assert "2 of 9 that it would have dropped passed" in text
    assert "try again" not in text
    assert "try again" in await boss.text("/t/acme/gates/figures")
    assert (await viewer.post("/t/acme/gates/figures/filter")).status == 403
    answer = await boss.post("/t/acme/gates/figures/filter")
    assert answer.status == 303
    assert await owner.fetchval("select state from prefilters") == "learning"
    assert await owner.fetchval("select count(*) from jobs where kind = 'learn'") == 1
