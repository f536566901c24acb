"""`cid calls` and the pages about calls: made by the router, listed, shown, and read again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID, uuid4

import pytest

from cid.cli import frame, main
from cid.domain.errors import BadReply, NotFound, Refused, Upstream
from cid.domain.ids import CallId, TenantId
from cid.domain.llm import Raw, Stop, Usage, Wire
from cid.domain.tenants import Profile
from cid.flows import calls as flow
from cid.gates import gate2_relevance
from cid.llm.prompts import canonical
from cid.llm.router import Router
from cid.services import Services
from cid.store import calls as store
from cid.store.calls import CallState, Mark
from tests import funnel, make
from tests.fakes import FrozenClock

if TYPE_CHECKING:
    import asyncpg

    from cid.pg.pool import AppDb, WorkerDb

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Run = Callable[..., Awaitable[tuple[int, str, str]]]
MODEL = "anthropic/claude-haiku-5-5"
GOOD = {"score": 70, "matched": [1]}


class Scripted:
    """Stands for Anthropic: says or raises what is next, then answers well."""

    name = "anthropic"

    def __init__(self) -> None:
        self.script: list[Callable[[Wire], Raw]] = []

    async def complete(self, wire: Wire) -> Raw:
        return self.script.pop(0)(wire) if self.script else said(wire, GOOD)


def said(wire: Wire, *answers: Mapping[str, Any], text: str = "", stop: Stop = Stop.END) -> Raw:
    """The same answer for every id, or one each."""
    ids = list(wire.inputs)
    rows = answers if len(answers) == len(ids) else answers * len(ids)
    body = json.dumps({"answers": [{"id": id_, **row} for id_, row in zip(ids, rows, strict=False)]})
    usage = Usage(input=1000, cache_read=200, cache_write=300, output=400, thinking=50)
    return Raw(text=text or body, stop=stop, usage=usage, model="served", request_id="req_7")


def failing(_wire: Wire) -> Raw:
    raise Upstream("the vendor is down")


@pytest.fixture
def provider() -> Scripted:
    return Scripted()


@pytest.fixture
def sv(db: AppDb, platform: WorkerDb, provider: Scripted) -> Services:
    clock = FrozenClock()
    return make.services(db, platform, llm=funnel.router(db, clock, provider), clock=clock)


@pytest.fixture
async def tenant(platform: WorkerDb) -> TenantId:
    return await make.tenant(platform)


async def asked(sv: Services, tenant: TenantId, *titles: str) -> None:
    """One question of gate 2."""
    headlines = [
        gate2_relevance.Headline(key=str(uuid4()), title=title, summary="S", publisher="P") for title in titles
    ]
    assert isinstance(sv.llm, Router)
    await sv.llm.ask(gate2_relevance.ask(tenant, Profile(keywords=("harbour",)), headlines, sv.policy.relevance))


async def newest(sv: Services, tenant: TenantId, **filters: Any) -> list[store.CallRow]:
    async with sv.db.read(tenant) as tx:
        return await store.listed(tx, tenant, **{"limit": 100, **filters})


@pytest.fixture
def run(sv: Services, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    async def typed(*args: str) -> tuple[int, str, str]:
        loop = asyncio.get_running_loop()

        def with_services(_options: frame.Options, body: Callable[[Services], Awaitable[Any]]) -> Any:
            async def done() -> Any:
                return await body(sv)

            return asyncio.run_coroutine_threadsafe(done(), loop).result()

        monkeypatch.setattr(frame, "with_services", with_services)
        code = await asyncio.to_thread(frame.run, main, ["calls", *args])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return typed


# -------------------------------------------------------------------------------------------------------------- lists


async def test_calls_are_listed_newest_first_by_stage_model_state_and_time(
    sv: Services, owner: Owner, tenant: TenantId, provider: Scripted
) -> None:
    provider.script = [failing]
    await asked(sv, tenant, "one")
    await asked(sv, tenant, "two", "three")
    rows = await newest(sv, tenant)
    assert [(row.state, row.subjects) for row in rows] == [("answered", 2), ("answered", 1), ("failed", 1)]
    assert rows[0].read == 1500
    assert [row.id for row in await newest(sv, tenant, state=CallState.FAILED)] == [rows[2].id]
    assert len(await newest(sv, tenant, stage="relevance", model=MODEL, state=CallState.ANSWERED)) == 2
    assert await newest(sv, tenant, stage="draft") == []
    assert await newest(sv, tenant, model="anthropic/other") == []
    await owner.execute("update calls set sent_at = sent_at - interval '2 days' where id = $1", rows[2].id)
    since = rows[1].sent_at - timedelta(hours=1)
    assert [row.id for row in await newest(sv, tenant, since=since)] == [rows[0].id, rows[1].id]


async def test_pages_go_on_after_the_last_row_also_where_many_were_sent_at_once(
    sv: Services, owner: Owner, tenant: TenantId
) -> None:
    for number in range(7):
        await asked(sv, tenant, f"t{number}")
    await owner.execute(
        "update calls set sent_at = '2026-11-01 12:00+00', stage = case when attempt % 2 = 0 then 'x' else stage end"
    )
    seen: list[CallId] = []
    mark: Mark | None = None
    while rows := await newest(sv, tenant, before=mark, limit=3):
        seen += [row.id for row in rows]
        mark = Mark(rows[-1].sent_at, rows[-1].id)
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == 7


async def test_nobody_sees_calls_of_another_tenant(sv: Services, platform: WorkerDb, tenant: TenantId) -> None:
    await asked(sv, tenant, "ours")
    (ours,) = await newest(sv, tenant)
    other = await make.tenant(platform, "other")
    assert await newest(sv, other) == []
    async with sv.db.read(other) as tx:
        assert await store.one(tx, other, ours.id) is None
        assert await store.one(tx, tenant, ours.id) is None
        assert await store.kept(tx, tenant, ours.id) == []
        assert await store.kinds(tx, tenant) == []
    with pytest.raises(NotFound):
        await flow.read_again(sv, other, ours.id)


async def test_a_rare_kind_is_found_along_the_index_among_many_calls(owner: Owner, tenant: TenantId) -> None:
    await owner.execute(
        """insert into calls (id, tenant_id, stage, tier, provider, model, prompt, prompt_version, prompt_hash,
             input_hash, reserved, state, sent_at)
           select (left(uuid7_floor(cid_now() - n * interval '1 s')::text, 24) || lpad(to_hex(n), 12, '0'))::uuid, $1,
             case when n = 19000 then 'draft' else 'relevance' end, 'cheap', 'p', 'm', 'p', 'v1', '', '', 0,
             case when n = 18000 then 'ambiguous' else 'answered' end, cid_now() - n * interval '1 s'
           from generate_series(1, 20000) n""",
        tenant,
    )
    await owner.execute("analyze calls")
    for wanted in ((None, None, None), ("draft", None, None), (None, None, "ambiguous"), ("nothing", None, None)):
        plan = json.loads(
            await owner.fetchval(
                f"explain (analyze, buffers, format json) {store.LISTED}", tenant, *wanted, None, None, None, 51
            )
        )
        assert visited(plan[0]["Plan"]) < 1000, wanted
        assert "Seq Scan" not in [node["Node Type"] for node in nodes(plan[0]["Plan"]) if reads_calls(node)], wanted


def nodes(plan: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [plan, *(inner for child in plan.get("Plans", ()) for inner in nodes(child))]


def reads_calls(node: Mapping[str, Any]) -> bool:
    return str(node.get("Relation Name", "")).startswith("calls") and node["Actual Rows"] > 0


def visited(plan: Mapping[str, Any]) -> float:
    """Rows of calls that were looked at, kept or not."""
    return float(
        sum(
            (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
            for node in nodes(plan)
            if str(node.get("Relation Name", "")).startswith("calls")
        )
    )


# --------------------------------------------------------------------------------------------------------- read again


async def test_a_reply_is_read_again_as_it_was_kept(sv: Services, tenant: TenantId) -> None:
    await asked(sv, tenant, "one", "two")
    (row,) = await newest(sv, tenant)
    again = await flow.read_again(sv, tenant, row.id)
    assert again.answers == {"a1": GOOD, "a2": GOOD}
    assert (again.differences, again.notes) == ((), ())


async def test_a_repair_is_linked_both_ways_and_each_half_reads_the_same(
    sv: Services, tenant: TenantId, provider: Scripted
) -> None:
    provider.script = [lambda wire: said(wire, GOOD, {**GOOD, "score": 400})]
    await asked(sv, tenant, "one", "two")
    repair, first = await newest(sv, tenant)
    assert repair.repaired_from == first.id
    async with sv.db.read(tenant) as tx:
        call = await store.one(tx, tenant, first.id)
        assert call
        assert await store.followed(tx, tenant, call) == [repair.id]
    for row in (first, repair):
        assert (await flow.read_again(sv, tenant, row.id)).differences == ()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            """update call_subjects set answer = jsonb_set(answer, '{score}', '12')""",
            "a1: score was 12 and is 70",
        ),
        (
            "delete from call_subjects",
            f"a1: nothing was kept; today there is an answer: {canonical(GOOD)}",
        ),
        (
            "update calls set reply = replace(reply, '70', '700')",
            "a1: an answer was kept; today there is none (score breaks the rule maximum)",
        ),
        ("update calls set reading = 'fenced'", "the JSON was found as fenced and is found as strict"),
    ],
)
async def test_what_would_be_read_otherwise_is_named_and_ends_with_1(
    sv: Services, owner: Owner, tenant: TenantId, run: Run, change: str, told: str
) -> None:
    await asked(sv, tenant, "one")
    (row,) = await newest(sv, tenant)
    assert (await run("replay", str(row.id)))[:2] == (0, "Read as it was kept: 1 of 1 answers.\n")
    await owner.execute(change)
    assert (await flow.read_again(sv, tenant, row.id)).differences == (told,)
    code, out, _err = await run("replay", str(row.id))
    assert (code, out) == (1, f"differs: {told}\n")
    code, out, _err = await run("replay", str(row.id), "--json")
    assert code == 1
    assert json.loads(out)["differences"] == [told]


async def test_an_answer_that_another_call_gave_first_is_a_note_and_no_difference(
    sv: Services, owner: Owner, tenant: TenantId
) -> None:
    await asked(sv, tenant, "one")
    (row,) = await newest(sv, tenant)
    await owner.execute("update call_subjects set call_id = gen_random_uuid(), answer = '{}'")
    again = await flow.read_again(sv, tenant, row.id)
    assert again.differences == ()
    assert again.notes == ("a1: the kept answer is another call's",)


async def test_a_cut_reply_was_not_read_and_is_not_missed(sv: Services, tenant: TenantId, provider: Scripted) -> None:
    provider.script = [lambda wire: said(wire, GOOD, stop=Stop.LENGTH)]
    await asked(sv, tenant, "one")
    _larger, cut = await newest(sv, tenant)
    again = await flow.read_again(sv, tenant, cut.id)
    assert again.differences == ()
    assert "the reply ended with length and was not read" in again.notes


async def test_a_call_without_a_reply_is_refused_with_its_state(
    sv: Services, tenant: TenantId, provider: Scripted, run: Run
) -> None:
    provider.script = [failing]
    await asked(sv, tenant, "one")
    _answered, failed = await newest(sv, tenant)
    with pytest.raises(Refused, match="it is failed"):
        await flow.read_again(sv, tenant, failed.id)
    code, _out, err = await run("replay", str(failed.id))
    assert code == 1
    assert "no stored reply" in err


async def test_addresses_that_were_given_may_stand_in_a_reply_that_is_read_again(
    sv: Services, tenant: TenantId
) -> None:
    async with sv.db.read(tenant) as tx:
        assert await store.one(tx, tenant, CallId(UUID(int=1))) is None
    call = stored_call(addresses=["https://given.test/1"], text="see https://given.test/1")
    assert flow.compared(tenant, call, []).problems == {}
    call = stored_call(addresses=[], text="see https://given.test/1")
    assert flow.compared(tenant, call, []).problems == {"a1": "holds an address that was not given"}


def stored_call(*, addresses: list[str], text: str) -> store.Call:
    schema = {"type": "object", "properties": {"say": {"type": "string"}}, "required": ["say"]}
    now = FrozenClock().now()
    return store.Call(
        id=CallId(uuid4()),
        stage="other",
        tier="cheap",
        provider="p",
        model="m",
        prompt="other",
        prompt_version="v1",
        prompt_hash="",
        attempt=1,
        repaired_from=None,
        instead_of="",
        request={"inputs": {"a1": {}}, "schema": schema, "addresses": addresses},
        state=CallState.ANSWERED,
        stop="end",
        served="",
        request_id="",
        input=0,
        cache_read=0,
        cache_write=0,
        cache_write_1h=0,
        output=0,
        thinking=0,
        units={},
        reserved=Decimal(0),
        cost=Decimal(0),
        price_from=None,
        error="",
        reply=json.dumps({"answers": [{"id": "a1", "say": text}]}),
        reading="",
        subjects=[["a1", "k", "00"]],
        sent_at=now,
        deadline=now,
        answered_at=now,
        read_at=None,
    )


# ------------------------------------------------------------------------------------------------------------ as typed


async def test_calls_as_they_are_typed(sv: Services, tenant: TenantId, provider: Scripted, run: Run) -> None:
    provider.script = [lambda wire: said(wire, text="x" * 5000), lambda wire: said(wire, GOOD)]
    await asked(sv, tenant, "one")
    repair, first = await newest(sv, tenant)
    code, out, _err = await run("list", "--stage", "relevance", "--model", MODEL, "--since", "2h")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == [str(repair.id), str(first.id)]
    assert "1500+400 tokens" in out
    assert json.loads((await run("list", "--json", "--limit", "1"))[1])[0]["id"] == str(repair.id)
    assert (await run("list", "--state", "failed"))[1] == "No such calls.\n"
    assert (await run("list", "--since", "soon"))[0] == 2

    _code, out, _err = await run("show", str(first.id))
    for part in (
        f"repaired by  {repair.id}",
        "input 1000, cache read 200, cache write 300, of an hour 0, output 400 (thinking 50)",
        "relevance v2 ",
        "price of 20",
        "req_7",
        '"title": "one"',
        "… 3800 more characters: --full",
    ):
        assert part in out
    assert "more characters" not in (await run("show", str(first.id), "--full"))[1]
    shown = json.loads((await run("show", str(repair.id), "--json"))[1])
    assert shown["repaired_from"] == str(first.id)
    assert shown["kept"][0]["answer"] == GOOD
    code, _out, err = await run("show", str(uuid4()))
    assert (code, "has no call" in err) == (1, True)


async def test_a_question_nothing_of_which_can_be_used_leaves_its_calls_readable(
    sv: Services, tenant: TenantId, provider: Scripted
) -> None:
    provider.script = [lambda wire: said(wire, text="sorry")] * 9
    with pytest.raises(BadReply):
        await asked(sv, tenant, "one")
    for row in await newest(sv, tenant):
        again = await flow.read_again(sv, tenant, row.id)
        assert (again.differences, again.problems) == ((), {"a1": "the reply is not JSON"})
