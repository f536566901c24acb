"""The pages about calls."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from uuid import uuid4

from cid.domain.ids import uuid7
from tests.newsroom import Newsroom
from tests.web.conftest import Person

if TYPE_CHECKING:
    import asyncpg


async def test_the_list_leads_to_each_call_and_filters_by_address(boss: Person, room: Newsroom) -> None:
    text = await boss.text("/t/acme/calls")
    for call in room.calls.values():
        assert f'href="/t/acme/calls/{call}"' in text
    assert "anthropic/model-1" in text
    assert "$0.0021" in text
    assert "1.2 s" in text
    text = await boss.text("/t/acme/calls?stage=draft&model=offline/model-1&state=answered&since=24h")
    assert str(room.calls["quality"]) in text
    assert str(room.calls["cheap"]) not in text
    assert "No such call." in await boss.text("/t/acme/calls?state=failed")
    assert "No such call." in await boss.text("/t/acme/calls?model=x")


async def test_words_that_are_none_of_ours_count_as_not_given(boss: Person, room: Newsroom) -> None:
    text = await boss.text("/t/acme/calls?state=nonsense&since=yesterday&before=nonsense&stage=%00")
    assert str(room.calls["cheap"]) in text


async def test_long_lists_go_on_by_the_last_row(
    boss: Person, room: Newsroom, owner: asyncpg.Connection[asyncpg.Record]
) -> None:
    await owner.execute(
        """insert into calls (id, tenant_id, stage, tier, provider, model, prompt, prompt_version, prompt_hash,
             input_hash, reserved, state, sent_at, deadline)
           select (left(uuid7_floor($2)::text, 24) || lpad(to_hex(n), 12, '0'))::uuid, $1, 'review', 'cheap', 'p', 'm',
             'review', 'v1', '', '', 0.5, 'sent', $2, $2 from generate_series(1, 120) n""",
        room.tenant,
        room.now,
    )
    seen: list[str] = []
    path = "/t/acme/calls?stage=review"
    while path:
        text = await boss.text(path)
        seen += re.findall(r'class="title"><a href="/t/acme/calls/([0-9a-f-]+)"', text)
        found = re.search(r'href="([^"]+)" rel="next"', text)
        path = found[1].replace("&amp;", "&") if found else ""
    assert len(seen) == len(set(seen)) == 120


async def test_one_call_shows_tokens_cost_prompt_request_and_reply(boss: Person, room: Newsroom) -> None:
    text = await boss.text(f"/t/acme/calls/{room.calls['cheap']}")
    for part in (
        "Relevance by model-1",
        "$0.00214",
        "900",
        "relevance v1",
        "1.250 s",
        "subject of cheap",
        "Norhaven opens a harbour",
        "matched",
        "read the same today",
        "320 tokens",
    ):
        assert part in text, part


async def test_a_call_that_would_be_read_otherwise_says_what_differs(
    boss: Person, room: Newsroom, owner: asyncpg.Connection[asyncpg.Record]
) -> None:
    await owner.execute(
        "update call_subjects set answer = jsonb_set(answer, '{score}', '12') where call_id = $1", room.calls["cheap"]
    )
    text = await boss.text(f"/t/acme/calls/{room.calls['cheap']}")
    assert "a1: score was 12 and is 88" in text
    assert "read the same today" not in text


async def test_what_a_model_said_is_shown_as_text_and_nothing_else(
    boss: Person, room: Newsroom, owner: asyncpg.Connection[asyncpg.Record]
) -> None:
    await owner.execute(
        """update calls set reply = '<script>alert(1)</script>', error = '<b>bad</b>', state = 'failed',
             instead_of = 'a/b: <i>no key</i>; c/d: retired', attempt = 2 where id = $1""",
        room.calls["cheap"],
    )
    text = await boss.text(f"/t/acme/calls/{room.calls['cheap']}")
    assert "<script>alert" not in text
    assert "&lt;script&gt;" in text
    assert "<b>bad" not in text
    assert "<li>c/d: retired</li>" in text
    assert "Nothing was done and nothing is owed." in text


async def test_a_call_that_is_not_there_is_not_found(boss: Person, stranger: Person, room: Newsroom) -> None:
    assert (await boss.get(f"/t/acme/calls/{uuid4()}")).status == 404
    assert (await stranger.get(f"/t/other/calls/{room.calls['cheap']}")).status == 404
    assert str(room.calls["cheap"]) not in await stranger.text("/t/other/calls")


async def test_the_overview_leads_to_the_calls_of_a_stage(boss: Person) -> None:
    assert 'href="/t/acme/calls?stage=relevance"' in await boss.text("/t/acme/")


async def test_a_read_that_was_paid_for_says_what_came_and_whose_it_is(
    boss: Person, stranger: Person, room: Newsroom, owner: asyncpg.Connection[asyncpg.Record]
) -> None:
    call, source = uuid7(room.now), uuid4()
    await owner.execute(
        """insert into sources (id, tenant_id, kind, url, title)
           values ($1, $2, 'x', 'https://x.com/harbour', '@harbour on X')""",
        source,
        room.tenant,
    )
    await owner.execute(
        """insert into calls (id, tenant_id, stage, tier, provider, model, prompt, prompt_version, prompt_hash,
             input_hash, state, stop, reserved, cost, units, sent_at, answered_at, read_at, reading, subjects)
           values ($1, $2, 'poll', '', 'x', 'posts', '', '', '', '', 'answered', 'end', 0.71, 0.07,
             '{"post": 12, "user": 1}', $3, $3, $3, 'stored', $4)""",
        call,
        room.tenant,
        room.now,
        json.dumps([["s1", str(source), ""]]),
    )
    text = await boss.text("/t/acme/calls?stage=poll")
    assert "12 post, 1 user" in text
    text = await boss.text(f"/t/acme/calls/{call}")
    for part in ("Paid source by posts", "@harbour on X", "What came is stored as items.", "$0.07", ">12<"):
        assert part in text
    assert "Tier" not in text
    assert (await stranger.get(f"/t/acme/calls/{call}")).status == 404
    assert "x/posts" in await boss.text("/t/acme/costs")
