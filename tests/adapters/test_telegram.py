"""Telegram, by the public page of a channel and by a bot: what stands there, and a name for each way it goes wrong."""

# ruff: noqa: E501 - one refusal a line

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from cid.domain.ids import TenantId
from cid.domain.news import Cause, Polled, PollOutcome, Source, SourceKind
from cid.outside.children import ChildPool
from cid.outside.http import GuardedHttp
from cid.sources.telegram import TelegramReader
from cid.sources.telegram_bot import TelegramBotReader
from tests import make
from tests.fakes import FrozenClock
from tests.telegram import HEAD, TOKEN, Message, Telegram, telegram, update

NEW, SAME, BROKEN = PollOutcome.NEW, PollOutcome.NOT_MODIFIED, PollOutcome.BROKEN


@pytest.fixture
async def there() -> AsyncIterator[Telegram]:
    async with telegram() as double:
        yield double


@pytest.fixture
async def http(there: Telegram) -> AsyncIterator[GuardedHttp]:
    async with GuardedHttp(allow_local=[f"127.0.0.1:{there.port}"]) as client:
        yield client


@pytest.fixture
async def reader(there: Telegram, http: GuardedHttp) -> AsyncIterator[TelegramReader]:
    async with ChildPool(size=1) as children:
        yield TelegramReader(http, children, FrozenClock(), place=there.url)


def source(cursor: str = "", url: str = "https://t.me/harbour", **over: Any) -> Source:
    config = {"channel": url.rpartition("/")[2]}
    return make.polled_source(url, kind=SourceKind.TELEGRAM, cursor=cursor, config=config, **over)


def messages(*ids: int) -> list[Message]:
    return [Message(id=id_, text=f"Message {id_} about the harbour ferry") for id_ in ids]


async def test_a_channel_is_read_from_the_last_post_that_is_stored(there: Telegram, reader: TelegramReader) -> None:
    there.channels["harbour"] = messages(1, 2)
    first = await reader.poll(source())
    assert [entry.url for entry in first.entries] == ["https://t.me/harbour/2", "https://t.me/harbour/1"]
    assert (first.outcome, first.cursor, first.title) == (NEW, "2", "harbour & Tram")
    there.channels["harbour"] += messages(3)
    second = await reader.poll(source(first.cursor or ""))
    assert ([entry.key for entry in second.entries], second.cursor) == (["telegram:harbour/3"], "3")
    third = await reader.poll(source("3"))
    assert (third.outcome, third.cause, third.cursor) == (SAME, Cause.NOTHING_NEW, "3")


async def test_pages_are_gone_back_until_what_is_stored_is_met(there: Telegram, reader: TelegramReader) -> None:
    there.channels["harbour"] = messages(*range(1, 66))
    polled = await reader.poll(source("10"))
    assert [entry.key for entry in polled.entries] == [f"telegram:harbour/{id_}" for id_ in range(65, 10, -1)]
    assert there.asked == ["/s/harbour", "/s/harbour?before=46", "/s/harbour?before=26"]
    assert polled.detail == ""


async def test_the_first_poll_reads_one_page(there: Telegram, reader: TelegramReader) -> None:
    there.channels["harbour"] = messages(*range(1, 66))
    polled = await reader.poll(source())
    assert (len(polled.entries), there.asked, polled.cursor) == (20, ["/s/harbour"], "65")


async def test_what_lies_further_back_than_a_poll_goes_is_named(there: Telegram, reader: TelegramReader) -> None:
    there.channels["harbour"] = messages(*range(1, 301))
    polled = await reader.poll(source("10"))
    assert (len(polled.entries), len(there.asked)) == (100, 5)
    assert "the older ones were not read" in polled.detail


async def test_a_page_that_fails_on_the_way_back_is_come_by_again(there: Telegram, reader: TelegramReader) -> None:
    there.channels["harbour"] = messages(*range(1, 46))
    there.statuses = [200, 500]
    polled = await reader.poll(source("1"))
    assert (polled.outcome, len(polled.entries), polled.cursor) == (NEW, 20, None)
    assert "older pages could not be read" in polled.detail


async def test_a_name_that_another_channel_took_over_is_read_from_its_beginning(
    there: Telegram, reader: TelegramReader
) -> None:
    there.channels["harbour"] = messages(1, 2)
    before = datetime(2026, 11, 1, tzinfo=UTC)
    polled = await reader.poll(source("500", polled_at=before))
    assert (len(polled.entries), polled.cursor) == (2, "2")
    deleted = await reader.poll(source("500", polled_at=datetime(2026, 11, 21, tzinfo=UTC)))
    assert (deleted.outcome, deleted.cursor) == (SAME, "500")


async def test_a_post_is_its_own_words_with_whom_it_passes_on(there: Telegram, reader: TelegramReader) -> None:
    there.channels["harbour"] = [
        Message(
            id=7,
            text='The ferry is back.<br>Tickets cost <b>3 €</b> <i class="emoji"><b>⛴</b></i> '
            '<a href="https://post.test/ferry">here</a>',
            reply="The words of somebody else",
            forwarded='<a class="tgme_widget_message_forwarded_from_name" href="https://t.me/rival/55">Rival</a>',
            media='<a class="tgme_widget_message_photo_wrap" href="https://t.me/harbour/7"></a>',
            author="Ed",
            edited=True,
            at="2026-11-20T12:00:00+02:00",
        )
    ]
    (entry,) = (await reader.poll(source())).entries
    assert entry.summary == "The ferry is back. Tickets cost 3 € ⛴ here"
    assert (entry.title, entry.author) == ("The ferry is back.", "Ed")
    assert entry.published_at == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert entry.facts == {
        "platform": "telegram",
        "id": "harbour/7",
        "engagement": {"views": 12_300},
        "amplifies": [
            {"how": "forward", "who": "Rival", "url": "https://t.me/rival/55"},
            {"how": "reply", "who": "Harbour", "url": "https://t.me/harbour/1"},
        ],
        "media": ["photo"],
        "links": ["https://post.test/ferry"],
        "edited": True,
    }


async def test_a_link_alone_is_called_what_it_leads_to_and_a_picture_alone_is_left_out(
    there: Telegram, reader: TelegramReader
) -> None:
    preview = (
        '<a class="tgme_widget_message_link_preview" href="https://post.test/1"><div class="link_preview_site_name">Post'
        '</div><div class="link_preview_title">Ferry back in service</div><div class="link_preview_description">After years'
        "</div></a>"
    )
    photo = '<a class="tgme_widget_message_photo_wrap" href="#"></a>'
    there.channels["harbour"] = [
        Message(id=1, text="Channel created", service=True),
        Message(id=2, media=photo),
        Message(id=3, preview=preview),
    ]
    polled = await reader.poll(source())
    assert [(entry.title, entry.facts["links"]) for entry in polled.entries] == [
        ("Ferry back in service", ["https://post.test/1"])
    ]
    assert (polled.detail, polled.cursor) == ("posts without words: 1", "3")


async def test_no_public_page_is_a_matter_of_the_source_and_not_nothing_new(
    there: Telegram, reader: TelegramReader
) -> None:
    polled = await reader.poll(source(url="https://t.me/private"))
    assert (polled.outcome, polled.cause) == (BROKEN, Cause.CONFIG)
    assert "no posts of it to the public" in polled.detail


@pytest.mark.parametrize("body", [HEAD.format(title="Harbour", name="harbour"), "<html>Something new</html>", ""])
async def test_a_channel_without_a_readable_post_raises_an_alarm(
    there: Telegram, reader: TelegramReader, body: str
) -> None:
    there.bodies["harbour"] = body
    polled = await reader.poll(source("5"))
    assert (polled.outcome, polled.cause, polled.cursor) == (BROKEN, Cause.ALARM, None)


async def test_hostile_markup_costs_nothing_but_itself(there: Telegram, reader: TelegramReader) -> None:
    there.bodies["harbour"] = "<div class='tgme_widget_message' data-post='a/1'>" * 60_000
    assert (await reader.poll(source())).outcome in {NEW, SAME, BROKEN}
    there.channels["other"] = messages(1)
    assert (await reader.poll(source(url="https://t.me/other"))).outcome is NEW


class Bot:
    def __init__(self, there: Telegram, http: GuardedHttp) -> None:
        self.there, self.http = there, http
        self.source = make.polled_source(
            "https://t.me/harbourbot",
            kind=SourceKind.TELEGRAM_BOT,
            tenant_id=TenantId(uuid4()),
            config={"bot": "harbourbot"},
        )

    async def poll(self, token: str = TOKEN) -> Polled:
        reader = TelegramBotReader(self.http, FrozenClock(), token=token, api=self.there.url)
        polled = await reader.poll(self.source)
        assert TOKEN not in repr(polled)
        if polled.cursor is not None:
            self.source = replace(self.source, cursor=polled.cursor)
        return polled


@pytest.fixture
def bot(there: Telegram, http: GuardedHttp) -> Bot:
    return Bot(there, http)


async def test_a_bot_confirms_posts_only_once_they_are_stored(bot: Bot) -> None:
    bot.there.updates = [update(1), update(2)]
    lost = await bot.poll()
    bot.source = replace(bot.source, cursor="")  # its process died before it stored them
    again = await bot.poll()
    assert lost.entries == again.entries
    assert [entry.url for entry in again.entries] == ["https://t.me/harbour/1", "https://t.me/harbour/2"]
    assert len(bot.there.updates) == 2
    assert (await bot.poll()).outcome is SAME
    assert bot.there.updates == []
    assert bot.there.calls[-1][1]["allowed_updates"] == ["channel_post", "edited_channel_post"]


async def test_lengths_of_links_count_as_telegram_counts_them(bot: Bot) -> None:
    said = "⛴🚋 Ferry and tram: post.test/ferry today"
    start = len("⛴🚋 Ferry and tram: ".encode("utf-16-le")) // 2
    entities = [{"type": "url", "offset": start, "length": len("post.test/ferry")}]
    bot.there.updates = [update(1, text=said, entities=entities)]
    (entry,) = (await bot.poll()).entries
    assert entry.facts["links"] == ["https://post.test/ferry"]


async def test_captions_forwards_and_nameless_channels_are_understood(bot: Bot) -> None:
    private = {"id": -1009876543210, "title": "Inside", "type": "channel"}
    origin = {"type": "channel", "chat": {"id": -1, "title": "Rival", "username": "rival"}, "message_id": 5}
    bot.there.updates = [
        update(3, text="", caption="A caption that says a lot", photo=[{}], chat=private, forward_origin=origin),
        update(4, kind="edited_channel_post", text="What it says after it was edited", edit_date=1_700_000_100),
    ]
    one, two = (await bot.poll()).entries
    assert (one.url, one.title) == ("https://t.me/c/9876543210/3", "A caption that says a lot")
    assert one.facts["amplifies"] == [{"how": "forward", "who": "Rival", "url": "https://t.me/rival/5"}]
    assert (one.facts["media"], two.facts["edited"]) == (["photo"], True)


@pytest.mark.parametrize(
    ("status", "body", "outcome", "cause", "said"),
    [
        (409, {"description": "Conflict: can't use getUpdates method while webhook is active"}, BROKEN, Cause.CONFIG, "webhook"),
        (409, {"description": "Conflict: terminated by other getUpdates request"}, BROKEN, Cause.CONFIG, "Another program"),
        (401, {"description": "Unauthorized"}, PollOutcome.BLOCKED, Cause.NO_KEY, "TELEGRAM_BOT_TOKEN"),
        (429, {"parameters": {"retry_after": 42}}, PollOutcome.RATE_LIMITED, Cause.RATE_LIMITED, "429"),
        (502, {}, PollOutcome.UNREACHABLE, Cause.HTTP_5XX, "502"),
    ],
)  # fmt: skip
async def test_each_refusal_of_a_bot_has_its_name(
    bot: Bot, status: int, body: dict[str, Any], outcome: PollOutcome, cause: Cause, said: str
) -> None:
    bot.there.problem = (status, body)
    polled = await bot.poll()
    assert (polled.outcome, polled.cause, said in polled.detail) == (outcome, cause, True)
    assert polled.retry_after_s == (42 if status == 429 else None)


async def test_a_bot_is_asked_for_what_it_is_and_whose_it_is(bot: Bot) -> None:
    bot.source = replace(bot.source, config={"bot": "another_bot"})
    assert (await bot.poll()).cause is Cause.CONFIG
    assert [method for method, _asked in bot.there.calls] == ["getMe"]
    assert (await bot.poll(token="")).cause is Cause.NO_KEY
    bot.source = replace(bot.source, tenant_id=None)
    assert (await bot.poll()).cause is Cause.CONFIG
