"""X: what is new is read once, named with whom it amplifies, and paid for to the cent by its tenant."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from cid.domain.jobs import JobKind
from cid.domain.llm import Caps
from cid.domain.news import Cause, Polled, PollOutcome, Source, SourceKind
from cid.llm.reads import Purse, load_read_prices
from cid.outside.http import GuardedHttp
from cid.pg.pool import AppDb, WorkerDb
from cid.sources import x
from cid.sources.x import XReader
from cid.workers.table import TABLE
from tests import make
from tests.fakes import FrozenClock
from tests.xapi import TOKEN, XApi, post, problem, told, x_api

PRICES = load_read_prices(Path(__file__).resolve().parents[2] / "config" / "prices.toml")


class Desk:
    """One newsroom that follows accounts; polls are stored as the flow would: the cursor moves with them."""

    def __init__(self, api: XApi, db: AppDb, http: GuardedHttp, owner: Any, tenant: Any) -> None:
        self.api, self.db, self.http, self.owner, self.tenant = api, db, http, owner, tenant
        self.clock = FrozenClock()
        self.source = self.of(account="harbour")

    def of(self, **config: Any) -> Source:
        return make.polled_source("https://x.com/", tenant_id=self.tenant, kind=SourceKind.X, config=config)

    def reader(self, caps: Caps | None = None, token: str = TOKEN) -> XReader:
        purse = Purse(self.db, self.clock, caps=caps or Caps(), prices=PRICES)
        return XReader(self.http, self.clock, purse, token=token, api=self.api.url)

    async def poll(self, caps: Caps | None = None) -> Polled:
        polled = await self.reader(caps).poll(self.source)
        if polled.cursor is not None:
            self.source = replace(self.source, cursor=polled.cursor)
        return polled

    async def ledger(self) -> list[Any]:
        query = """select state, cost, reserved, units, error, reply is not null as kept, read_at is not null as read
                   from calls order by sent_at"""
        return list(await self.owner.fetch(query))

    async def budget(self) -> tuple[Decimal | int, Decimal | int]:
        row = await self.owner.fetchrow(
            "select spent, reserved from budgets where tenant_id = $1 and period = 'day' and scope = 'poll'",
            self.tenant,
        )
        return (row["spent"], row["reserved"]) if row else (Decimal(0), Decimal(0))


@pytest.fixture
async def api() -> AsyncIterator[XApi]:
    async with x_api() as double:
        yield double


@pytest.fixture
async def desk(api: XApi, db: AppDb, platform: WorkerDb, owner: Any) -> AsyncIterator[Desk]:
    tenant = await make.tenant(platform)
    async with GuardedHttp(allow_local=[f"127.0.0.1:{api.port}"]) as http:
        yield Desk(api, db, http, owner, tenant)


async def test_an_account_is_looked_up_once_and_read_from_its_newest_post_on(desk: Desk) -> None:
    desk.api.posts = [post(2), post(1)]
    first = await desk.poll()
    assert [entry.url for entry in first.entries] == [
        "https://x.com/harbour/status/1900000000000000002",
        "https://x.com/harbour/status/1900000000000000001",
    ]
    desk.api.posts.insert(0, post(3))
    second = await desk.poll()
    third = await desk.poll()
    assert (len(second.entries), third.outcome, third.cause) == (1, PollOutcome.NOT_MODIFIED, Cause.NOTHING_NEW)
    paths = [path for path, _query in desk.api.asked]
    assert paths == ["/2/users/by/username/harbour", *["/2/users/11/tweets"] * 3]
    assert [query.get("since_id") for _path, query in desk.api.asked[1:]] == [
        None,
        "1900000000000000002",
        "1900000000000000003",
    ]


async def test_the_ledger_says_to_the_cent_what_x_charges(desk: Desk) -> None:
    desk.api.posts = [post(4, refers=("quoted", 1)), post(3), post(1, author="22")]
    await desk.poll()
    desk.api.posts.insert(0, post(5))
    await desk.poll()
    rows = await desk.ledger()
    assert [json.loads(row["units"]) for row in rows] == [{"post": 3, "user": 2}, {"post": 1}]
    assert sum(row["cost"] for row in rows) == desk.api.bill == Decimal("0.040")
    assert await desk.budget() == (desk.api.bill, 0)
    assert all(row["reserved"] >= row["cost"] for row in rows)


async def test_what_a_read_brought_is_forgotten_by_the_ledger_once_it_is_stored(desk: Desk) -> None:
    desk.api.posts = [post(1)]
    await desk.poll()
    assert [(row["kept"], row["read"]) for row in await desk.ledger()] == [(True, False)]
    await desk.poll()
    assert [(row["kept"], row["read"]) for row in await desk.ledger()] == [(False, True), (True, False)]


async def test_a_read_that_was_paid_and_not_stored_is_not_paid_again(desk: Desk) -> None:
    desk.api.posts = [post(1)]
    lost = await desk.reader().poll(desk.source)  # its process dies before it stores anything
    asked, bill = len(desk.api.asked), desk.api.bill
    again = await desk.poll()
    assert again == lost
    assert (len(desk.api.asked), desk.api.bill) == (asked, bill)
    assert await desk.budget() == (bill, 0)


async def test_twins_that_poll_one_source_at_once_pay_once(desk: Desk) -> None:
    desk.api.posts = [post(1)]
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_request: web.Request) -> web.StreamResponse:
        begun.set()
        await go_on.wait()
        return desk.api._lookup("harbour")

    desk.api.next = [slow]
    async with asyncio.TaskGroup() as group:
        first = group.create_task(desk.reader().poll(desk.source))
        await begun.wait()
        second = await desk.reader().poll(desk.source)
        go_on.set()
    assert (second.outcome, second.cause, second.cursor) == (PollOutcome.RATE_LIMITED, Cause.INTERNAL, None)
    assert "Another process" in second.detail
    assert first.result().outcome is PollOutcome.NEW
    assert len(await desk.ledger()) == 1


async def test_without_money_left_nothing_is_sent_and_the_poll_waits_for_the_next_day(desk: Desk) -> None:
    polled = await desk.poll(Caps(per_stage={"poll": Decimal("0.10")}))
    assert (polled.outcome, polled.cause) == (PollOutcome.RATE_LIMITED, Cause.BUDGET)
    assert polled.detail == "the day’s budget of $0.1 for paid sources is used up"
    assert polled.retry_after_s is not None and 0 < polled.retry_after_s <= 86_400
    assert desk.api.asked == []
    assert await desk.ledger() == []
    assert (await desk.poll(Caps(per_stage={"poll": Decimal(5)}))).outcome is PollOutcome.NOT_MODIFIED


async def test_the_switch_that_stops_models_stops_paid_reads(desk: Desk) -> None:
    await desk.owner.execute("select inspect.stop_models('too dear')")
    polled = await desk.poll()
    assert (polled.cause, desk.api.asked) == (Cause.BUDGET, [])
    assert "too dear" in polled.detail


async def test_a_source_without_a_price_a_key_or_a_payer_reads_nothing(desk: Desk) -> None:
    priceless = XReader(
        desk.http, desk.clock, Purse(desk.db, desk.clock, caps=Caps(), prices=()), token=TOKEN, api=desk.api.url
    )
    assert (await priceless.poll(desk.source)).cause is Cause.INTERNAL
    keyless = await desk.reader(token="").poll(desk.source)
    assert (keyless.cause, x.KEY in keyless.detail) == (Cause.NO_KEY, True)
    assert (await desk.reader().poll(replace(desk.source, tenant_id=None))).cause is Cause.CONFIG
    assert desk.api.asked == []


async def test_a_wrong_key_is_named_and_never_shown(desk: Desk) -> None:
    polled = await desk.reader(token="wrong-key").poll(desk.source)
    assert (polled.outcome, polled.cause) == (PollOutcome.BLOCKED, Cause.NO_KEY)
    assert "wrong-key" not in polled.detail
    (row,) = await desk.ledger()
    assert (row["state"], row["cost"]) == ("failed", 0)
    assert await desk.budget() == (0, 0)


async def test_an_account_that_is_not_there_costs_nothing(desk: Desk) -> None:
    desk.source = desk.of(account="nobody")
    polled = await desk.poll()
    assert (polled.outcome, polled.cause) == (PollOutcome.GONE, Cause.NOT_FOUND)
    assert await desk.budget() == (0, 0)


async def test_what_failed_once_is_asked_again_and_not_taken_from_the_record(desk: Desk) -> None:
    desk.source = desk.of(account="later")
    desk.api.next = [told({"data": {"id": "33", "username": "later"}}), problem(503, "Service Unavailable")]
    assert (await desk.poll()).cause is Cause.HTTP_5XX
    lost = await desk.reader().poll(replace(desk.source, cursor=""))  # had its process died before it stored the id
    assert (lost.outcome, json.loads(lost.cursor or "{}")["user"]) == (PollOutcome.NOT_MODIFIED, "33")
    desk.source = desk.of(account="later")
    desk.api.next = [told({"surprise": True}), told({"surprise": True})]
    assert (await desk.poll()).cause is Cause.PARSE_ERROR
    assert (await desk.poll()).cause is Cause.PARSE_ERROR
    gone = await desk.poll()
    assert (gone.outcome, (await desk.poll()).outcome) == (PollOutcome.GONE, PollOutcome.GONE)
    desk.api.users["later"], desk.api.posts = "33", [post(1, author="33")]
    assert (await desk.poll()).outcome is PollOutcome.NEW


async def test_a_protected_account_is_blocked_and_not_empty(desk: Desk) -> None:
    error = {"resource_type": "user", "title": "Authorization Error", "detail": "Sorry, you are not authorized"}
    desk.api.next = [told({"data": {"id": "11", "username": "harbour"}}), told({"errors": [error]})]
    polled = await desk.poll()
    assert (polled.outcome, polled.cause) == (PollOutcome.BLOCKED, Cause.BLOCKED)
    assert "Authorization Error" in polled.detail
    assert json.loads(polled.cursor or "{}")["user"] == "11"


async def test_what_x_leaves_out_of_an_answer_is_said(desk: Desk) -> None:
    error = {"resource_type": "tweet", "title": "Not Found Error", "parameter": "referenced_tweets.id"}
    desk.api.next = [
        told({"data": {"id": "11", "username": "harbour"}}),
        told({"data": [post(1)], "errors": [error], "meta": {"result_count": 1}}),
    ]
    polled = await desk.poll()
    assert (polled.outcome, len(polled.entries)) == (PollOutcome.NEW, 1)
    assert polled.detail == "X left out 1 (Not Found Error)"


async def test_a_limit_holds_every_account_back_until_x_opens_again(desk: Desk) -> None:
    reset = str(int(desk.clock.now().timestamp()) + 300)
    desk.api.next = [problem(429, "Too Many Requests", x_rate_limit_reset=reset)]
    polled = await desk.poll()
    assert (polled.outcome, polled.cause) == (PollOutcome.RATE_LIMITED, Cause.RATE_LIMITED)
    assert polled.retry_after_s is not None and 298 <= polled.retry_after_s <= 300
    desk.source = desk.of(account="rival")
    other = await desk.poll()
    assert (other.outcome, len(desk.api.asked)) == (PollOutcome.RATE_LIMITED, 1)
    assert other.retry_after_s and other.retry_after_s > 200


@pytest.mark.parametrize(
    ("status", "title", "outcome", "cause"),
    [
        (402, "CreditsDepleted", PollOutcome.RATE_LIMITED, Cause.BUDGET),
        (403, "Forbidden", PollOutcome.BLOCKED, Cause.BLOCKED),
        (400, "Invalid Request", PollOutcome.BROKEN, Cause.CONFIG),
        (404, "Not Found", PollOutcome.GONE, Cause.NOT_FOUND),
        (503, "Service Unavailable", PollOutcome.UNREACHABLE, Cause.HTTP_5XX),
    ],
)
async def test_each_refusal_has_its_name_and_costs_nothing(
    desk: Desk, status: int, title: str, outcome: PollOutcome, cause: Cause
) -> None:
    desk.api.next = [problem(status, title)]
    polled = await desk.poll()
    assert (polled.outcome, polled.cause) == (outcome, cause)
    assert await desk.budget() == (0, 0)


async def test_an_answer_that_was_lost_counts_as_paid(desk: Desk) -> None:
    desk.api.next = [lambda _request: web.Response(body=b"<html>proxy</html>", content_type="text/html")]
    polled = await desk.poll()
    assert (polled.outcome, polled.cause) == (PollOutcome.BROKEN, Cause.PARSE_ERROR)
    (row,) = await desk.ledger()
    assert (row["state"], row["cost"]) == ("ambiguous", row["reserved"])
    assert (await desk.budget())[0] == row["reserved"] > 0


async def test_pages_are_followed_as_far_as_was_paid_for_and_the_rest_is_named(desk: Desk) -> None:
    desk.source = desk.of(account="harbour", most=150, expand=False)
    desk.api.posts = [post(1)]
    await desk.poll()
    desk.api.posts = [post(number) for number in range(200, 0, -1)]
    polled = await desk.poll()
    assert len(polled.entries) == 150
    assert "more than 150 new posts" in polled.detail
    assert [query["max_results"] for _path, query in desk.api.asked[-2:]] == ["100", "50"]
    assert json.loads(polled.cursor or "{}")["since"] == "1900000000000000200"


async def test_a_slow_api_is_not_asked_for_pages_that_the_jobs_time_would_not_reach(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.source = desk.of(account="harbour", most=300, expand=False)
    desk.api.posts = [post(1)]
    await desk.poll()
    longest = x.BUSY_S + 2 * x.TIMEOUT_S  # the lookup, and the last page
    assert TABLE[JobKind.POLL].deadline.total_seconds() > longest
    monkeypatch.setattr(x, "BUSY_S", 0.0)
    desk.api.posts = [post(number) for number in range(300, 0, -1)]
    polled = await desk.poll()
    assert len(polled.entries) == 100
    assert "more than 100 new posts" in polled.detail
    assert (await desk.ledger())[-1]["state"] == "answered"


async def test_reposts_quotes_and_replies_say_whom_they_amplify(desk: Desk) -> None:
    original = post(1, "The whole of a long statement, which X cuts in reposts of it", author="22")
    desk.api.posts = [
        post(4, "RT @rival: The whole of a long statem…", refers=("retweeted", 1)),
        post(3, "Look at this ferry statement", refers=("quoted", 1)),
        post(2, "@rival That is not what happened at all", refers=("replied_to", 1)),
        original,
    ]
    polled = await desk.poll()
    url = "https://x.com/rival/status/1900000000000000001"
    assert [entry.facts["amplifies"] for entry in polled.entries] == [
        [{"how": how, "who": "@rival", "url": url}] for how in ("repost", "quote", "reply")
    ]
    assert polled.entries[0].summary == "RT @rival: The whole of a long statement, which X cuts in reposts of it"
    assert polled.entries[0].facts["engagement"]["views"] == 600


async def test_a_long_post_is_whole_and_its_addresses_are_what_they_stand_for(desk: Desk) -> None:
    long = "Ferry &amp; tram: the city council votes tonight. " + "Every word of it counts. " * 20
    link = {"url": "https://t.co/abc", "expanded_url": "https://post.test/vote"}
    note = {"text": f"{long}https://t.co/abc", "entities": {"urls": [link]}}
    desk.api.posts = [post(1, long[:100], note_tweet=note, lang="und")]
    (entry,) = (await desk.poll()).entries
    assert entry.title == "Ferry & tram: the city council votes tonight."
    assert entry.summary.endswith("Every word of it counts. https://post.test/vote")
    assert (entry.language, entry.author, entry.facts["links"]) == ("", "@harbour", ["https://post.test/vote"])


async def test_a_search_is_another_way_to_ask(desk: Desk) -> None:
    desk.source = desk.of(query="ferry", exclude=["retweets"], most=10)
    desk.api.posts = [post(2, "A ferry sinks", author="22"), post(1, "RT: ferry", refers=("retweeted", 2))]
    polled = await desk.poll()
    assert [(entry.url, entry.author) for entry in polled.entries] == [
        ("https://x.com/rival/status/1900000000000000002", "@rival")
    ]
    assert desk.api.asked[0][1]["query"] == "ferry -is:retweet"
    assert (await desk.budget())[0] == desk.api.bill


async def test_a_search_that_was_away_for_a_week_asks_by_time(desk: Desk) -> None:
    desk.source = desk.of(query="ferry", most=10)
    old = json.dumps({"user": "", "since": "1500000000000000000", "call": ""})
    desk.source = replace(desk.source, cursor=old)
    await desk.poll()
    query = desk.api.asked[0][1]
    assert "since_id" not in query
    assert query["start_time"] == (desk.clock.now() - timedelta(days=6, hours=23)).strftime("%Y-%m-%dT%H:%M:%SZ")


async def test_another_tenant_sees_nothing_of_what_was_read(desk: Desk, platform: WorkerDb) -> None:
    desk.api.posts = [post(1)]
    await desk.poll()
    stranger = await make.tenant(platform, slug="stranger")
    async with desk.db.tx(stranger) as tx:
        assert await tx.fetchval("select count(*) from calls") == 0
    (call,) = await desk.owner.fetch("select id from calls")
    async with desk.db.tx(stranger) as tx:
        assert not await tx.fetchval("select forget_read($1, $2)", stranger, call["id"])
    with pytest.raises(Exception, match="forgotten by their own tenant"):
        async with desk.db.tx(stranger) as tx:
            await tx.fetchval("select forget_read($1, $2)", desk.tenant, call["id"])
