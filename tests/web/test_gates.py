"""What the gates go by, as people see and turn it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg
import pytest

from cid.cli import frame, main
from cid.domain.ids import StoryId, VerdictId
from cid.domain.tenants import Profile
from cid.domain.verdicts import Gate, Pass, Reason
from cid.services import Services
from cid.store import policies, verdicts
from cid.text.policies import configured
from tests import make
from tests.newsroom import Newsroom
from tests.web.conftest import Desk, Person

if TYPE_CHECKING:
    from cid.domain.policy import GatePolicy

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Run = Callable[..., Awaitable[tuple[int, str, str]]]


async def turn(person: Person, number: str, value: str, tenant: str = "acme") -> Any:
    section, _, name = number.partition(".")
    return await person.post(f"/t/{tenant}/gates", section=section, name=name, value=value)


async def in_force(desk: Desk, room: Newsroom) -> GatePolicy:
    async with desk.sv.db.read(room.tenant) as tx:
        return await policies.of(tx, room.tenant, desk.sv.policy)


async def audited(owner: Owner) -> list[tuple[str, Any]]:
    rows = await owner.fetch("select action, detail from audit where action like 'gates.%' order by at, id")
    return [(row["action"], json.loads(row["detail"])) for row in rows]


async def test_a_number_is_turned_shown_written_down_and_given_back(
    boss: Person, viewer: Person, desk: Desk, room: Newsroom, owner: Owner
) -> None:
    assert (await turn(boss, "rules.min_chars", "80")).status == 303
    assert (await in_force(desk, room)).rules.min_chars == 80
    text = await viewer.text("/t/acme/gates")
    assert "1 is your own." in text
    assert 'class="mine"' in text
    assert "Turned by " in text
    assert "Saved." in await boss.text("/t/acme/gates?said=gates_turned")
    for _ in range(2):
        assert (await boss.post("/t/acme/gates/reset", section="rules", name="min_chars")).status == 303
    assert (await in_force(desk, room)).rules.min_chars == desk.sv.policy.rules.min_chars
    assert await audited(owner) == [
        ("gates.turned", {"number": "rules.min_chars", "was": None, "is": 80}),
        ("gates.reset", {"number": "rules.min_chars", "was": 80, "is": None}),
    ]


async def test_a_wrong_value_is_refused_in_one_sentence_kept_in_its_field_and_saved_nowhere(
    boss: Person, owner: Owner
) -> None:
    for number, value, why in (
        ("rules.min_trust", "1.5", "Least trust: 1.5 is not between 0 and 1."),
        ("rules.max_age", "<b>", "Oldest: &#39;&lt;b&gt;&#39; is no duration like"),
        ("relevance.on_outage", "shrug", "none of retry, pass, drop."),
        ("drafting.min_words", "9000", "Least words is above Most words."),
        ("rules.min_luck", "3", "There is no number rules.min_luck that a tenant may turn."),
        ("polling.first", "3", "There is no number polling.first that a tenant may turn."),
    ):
        answer = await turn(boss, number, value)
        assert answer.status == 422, number
        assert why in await answer.text()
    assert 'value="1.5"' in await (await turn(boss, "rules.min_trust", "1.5")).text()
    assert await owner.fetchval("select count(*) from policies") == 0
    assert await audited(owner) == []


async def test_one_tenants_numbers_are_nobody_elses(
    boss: Person, stranger: Person, desk: Desk, room: Newsroom, owner: Owner
) -> None:
    await turn(boss, "rules.min_chars", "80")
    assert (await turn(stranger, "rules.min_chars", "90")).status == 404
    assert 'value="80"' not in await stranger.text("/t/other/gates")
    assert (await turn(stranger, "rules.min_chars", "90", "other")).status == 303
    assert (await in_force(desk, room)).rules.min_chars == 80


async def test_that_stories_go_on_unjudged_is_shown_as_somebodys_choice(boss: Person, viewer: Person) -> None:
    assert "let through unjudged" not in await viewer.text("/t/acme/gates")
    await turn(boss, "relevance.on_outage", "pass")
    text = await viewer.text("/t/acme/gates")
    assert "let through unjudged" in text
    assert text.index("let through unjudged") < text.index("Turned by")


async def test_two_people_who_turn_two_numbers_at_once_lose_none(boss: Person, desk: Desk, room: Newsroom) -> None:
    numbers = {"rules.min_chars": "81", "rules.min_trust": "0.3", "signal.patience": "3h", "relevance.min_score": "61"}
    answers = await asyncio.gather(*(turn(boss, number, value) for number, value in numbers.items()))
    assert [answer.status for answer in answers] == [303] * 4
    policy = await in_force(desk, room)
    assert (policy.rules.min_chars, policy.rules.min_trust, policy.relevance.min_score) == (81, 0.3, 61)
    assert policy.signal.patience.total_seconds() == 3 * 3600


async def test_a_stored_number_that_fits_no_more_is_said_where_people_look_first(
    boss: Person, viewer: Person, desk: Desk, room: Newsroom, owner: Owner
) -> None:
    async with desk.sv.db.tx(room.tenant) as tx:
        await policies.set_(tx, room.tenant, {"rules": {"min_chars": 80_000, "min_luck": 3}}, None)
        await policies.set_(tx, room.tenant, {"rules": {"min_trust": 0.3}}, None)
    policy = await in_force(desk, room)
    assert policy.rules == replace(desk.sv.policy.rules, min_trust=0.3)
    overview, page = await viewer.text("/t/acme/"), await boss.text("/t/acme/gates")
    for text in (overview, page):
        assert "Least characters: 80000 is not between 0 and 1000." in text
        assert "rules has no number &#39;min_luck&#39;" in text
    assert "2 of your own do not fit any more." in page
    for name in ("min_chars", "min_luck"):
        await boss.post("/t/acme/gates/reset", section="rules", name=name)
    assert "fit any more" not in await viewer.text("/t/acme/")
    assert await owner.fetchval("select count(*) from policies") == 1


@pytest.fixture
def run(desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Type a command; what it wants of the desk is done on the test's own connections."""

    async def typed(*args: str) -> tuple[int, str, str]:
        loop = asyncio.get_running_loop()

        def with_services(_options: frame.Options, body: Callable[[Services], Awaitable[Any]]) -> Any:
            async def done() -> Any:
                return await body(desk.sv)

            return asyncio.run_coroutine_threadsafe(done(), loop).result()

        monkeypatch.setattr(frame, "with_services", with_services)
        code = await asyncio.to_thread(frame.run, main, list(args))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return typed


async def test_the_command_line_does_the_same_and_names_who(run: Run, desk: Desk, room: Newsroom) -> None:
    me = ("--tenant", "acme", "--as", "owner@acme.test")
    assert await run("gates", "set", "rules.max_age", "24h", *me) == (0, "rules.max_age is 24h.\n", "")
    assert (await in_force(desk, room)).rules.max_age.total_seconds() == 86_400
    code, out, _ = await run("gates", "show", "rules.max_age", "--tenant", "acme", "--json")
    (told,) = json.loads(out)
    assert (code, told["number"], told["platform"], told["own"]) == (0, "rules.max_age", "48h", "24h")
    assert told["changed_by"]
    assert "rules.max_age" in (await run("gates", "show", "--tenant", "acme"))[1]
    assert (await run("gates", "reset", "rules.max_age", *me))[1] == "rules.max_age is 48h.\n"
    for args, why in (
        (("set", "rules.max_age", "soon", *me), "no duration"),
        (("set", "rules", "3", *me), "There is no number"),
        (("reset", "rules.max_age", *me), "is no number of acme's own"),
        (("set", "rules.max_age", "24h", "--tenant", "acme", "--as", "viewer@acme.test"), "may not turn"),
        (("set", "rules.max_age", "24h", "--tenant", "acme", "--as", "stranger@other.test"), "There is no member"),
        (("show", "rules.min_luck", "--tenant", "acme"), "There is no number"),
    ):
        code, _, err = await run("gates", *args)
        assert code == 1, args
        assert why in err


async def test_a_trace_says_what_the_gate_was_set_to(viewer: Person, desk: Desk, room: Newsroom) -> None:
    item = room.items["drafted"]
    set_to = replace(desk.sv.policy, rules=replace(desk.sv.policy.rules, min_chars=77))
    async with desk.sv.db.tx(room.tenant) as tx:
        config = await policies.note(tx, configured(Gate.RULES, set_to, Profile()))
        verdict, story = VerdictId(make.uuid7_now()), StoryId(make.uuid7_now())
        said = Pass(Reason.KEYWORD, "harbour")
        await verdicts.add(tx, verdict, Gate.RULES, said, story=story, item=item, config=config)
    text = await viewer.text(f"/t/acme/items/{item}")
    assert "What the gate was set to" in text
    assert "<dt>min_chars</dt><dd>77</dd>" in text
