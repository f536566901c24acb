"""Doubles of Telegram on loopback: the public page of channels, as it is laid out, and the Bot API."""

# ruff: noqa: E501 - markup as it comes

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import escape
from typing import Any

from aiohttp import web

TOKEN = "4815162342:AAF-token-of-the-bot"
PER_PAGE = 20

HEAD = (
    '<!DOCTYPE html><html><head><meta charset="utf-8"><title>{title} – Telegram</title></head><body>'
    '<header class="tgme_header"><div class="tgme_header_info"><div class="tgme_header_title"><span dir="auto">{title}'
    '</span></div></div></header><main class="tgme_main"><section class="tgme_channel_info"><div class='
    '"tgme_channel_info_header"><div class="tgme_channel_info_header_title"><span dir="auto">{title}</span></div>'
    '<div class="tgme_channel_info_header_username"><a href="https://t.me/{name}">@{name}</a></div></div><div class='
    '"tgme_channel_info_counters"><div class="tgme_channel_info_counter"><span class="counter_value">12.3K</span> '
    '<span class="counter_type">subscribers</span></div></div></section><section class="tgme_channel_history">'
)


@dataclass(frozen=True, kw_only=True)
class Message:
    id: int
    text: str = ""
    """As HTML."""
    at: str = "2026-11-20T10:00:00+00:00"
    views: str = "12.3K"
    reply: str = ""
    """HTML of what it replies to."""
    forwarded: str = ""
    """HTML of whom it is from."""
    preview: str = ""
    media: str = ""
    author: str = ""
    edited: bool = False
    service: bool = False

    def laid_out(self, channel: str) -> str:
        kind = "tgme_widget_message text_not_supported_wrap js-widget_message" + (
            " service_message" if self.service else ""
        )
        reply = (
            f'<a class="tgme_widget_message_reply" href="https://t.me/{channel}/1"><div class="tgme_widget_message_author">'
            f'<span class="tgme_widget_message_author_name">Harbour</span></div><div class="tgme_widget_message_text '
            f'js-message_reply_text" dir="auto">{self.reply}</div></a>'
            if self.reply
            else ""
        )
        forwarded = (
            f'<div class="tgme_widget_message_forwarded_from accent_color">Forwarded from&nbsp;{self.forwarded}</div>'
            if self.forwarded
            else ""
        )
        said = (
            f'<div class="tgme_widget_message_text js-message_text" dir="auto">{self.text}</div>' if self.text else ""
        )
        author = f'<span class="tgme_widget_message_from_author" dir="auto">{self.author}</span>' if self.author else ""
        meta = f"{author}{' edited ' if self.edited else ''}"
        return (
            f'<div class="tgme_widget_message_wrap js-widget_message_wrap"><div class="{kind}" data-post="{channel}/{self.id}" '
            f'data-view="eyJj"><div class="tgme_widget_message_user"><a href="https://t.me/{channel}"><i></i></a></div>'
            f'<div class="tgme_widget_message_bubble"><div class="tgme_widget_message_author accent_color"><a class='
            f'"tgme_widget_message_owner_name" href="https://t.me/{channel}"><span dir="auto">Harbour</span></a></div>'
            f"{forwarded}{reply}{self.media}{said}{self.preview}"
            f'<div class="tgme_widget_message_footer compact js-message_footer"><div class="tgme_widget_message_info short '
            f'js-message_info"><span class="tgme_widget_message_views">{self.views}</span><span class="copyonly"> views</span>'
            f'<span class="tgme_widget_message_meta">{meta}<a class="tgme_widget_message_date" href='
            f'"https://t.me/{channel}/{self.id}"><time datetime="{self.at}" class="time">10:00</time></a></span></div></div>'
            "</div></div></div>"
        )


@dataclass
class Telegram:
    port: int = 0
    channels: dict[str, list[Message]] = field(default_factory=dict)
    """Name → messages, the oldest first."""
    bodies: dict[str, str] = field(default_factory=dict)
    """Name → a page that is shown instead."""
    statuses: list[int] = field(default_factory=list)
    """Of the next pages."""
    asked: list[str] = field(default_factory=list)
    updates: list[dict[str, Any]] = field(default_factory=list)
    """Of the bot, until they are confirmed."""
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    problem: tuple[int, dict[str, Any]] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def page(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path_qs)
        name = request.match_info["name"]
        if self.statuses and (status := self.statuses.pop(0)) != 200:
            return web.Response(status=status)
        if name in self.bodies:
            return web.Response(text=self.bodies[name], content_type="text/html")
        if name.lower() not in self.channels:
            raise web.HTTPFound(f"/{name}")
        found = self.channels[name.lower()]
        before = int(request.query.get("before", 10**9))
        older = [message for message in found if message.id < before]
        shown = older[-PER_PAGE:]
        more = (
            f'<a class="tme_messages_more js-messages_more" data-before="{shown[0].id}" href="/s/{name}?before={shown[0].id}"></a>'
            if len(older) > PER_PAGE
            else ""
        )
        body = (
            HEAD.format(title=escape(f"{name} & Tram"), name=name) + more + "".join(one.laid_out(name) for one in shown)
        )
        return web.Response(text=body + "</section></main></body></html>", content_type="text/html")

    async def contact(self, _request: web.Request) -> web.StreamResponse:
        """What is shown of whatever has no public posts."""
        return web.Response(
            text="<html><body>If you have Telegram, you can contact…</body></html>", content_type="text/html"
        )

    async def bot(self, request: web.Request) -> web.StreamResponse:
        method, asked = request.match_info["method"], await request.json()
        self.calls.append((method, asked))
        if request.match_info["token"] != TOKEN:
            return web.json_response({"ok": False, "error_code": 401, "description": "Unauthorized"}, status=401)
        if self.problem:
            status, body = self.problem
            return web.json_response({"ok": False, "error_code": status, **body}, status=status)
        if method == "getMe":
            return web.json_response(
                {"ok": True, "result": {"id": 4815162342, "is_bot": True, "username": "HarbourBot"}}
            )
        assert method == "getUpdates"
        self.updates = [one for one in self.updates if one["update_id"] >= asked["offset"]]
        return web.json_response({"ok": True, "result": self.updates[: asked["limit"]]})


def update(number: int, *, kind: str = "channel_post", **over: Any) -> dict[str, Any]:
    chat = {"id": -1001234567890, "title": "Harbour news", "username": "harbour", "type": "channel"}
    post = {
        "message_id": number,
        "chat": chat,
        "date": 1_700_000_000,
        "text": f"Post {number} on the harbour ferry",
        **over,
    }
    return {"update_id": 9000 + number, kind: post}


@asynccontextmanager
async def telegram() -> AsyncIterator[Telegram]:
    double = Telegram()
    app = web.Application()
    app.router.add_get("/s/{name}", double.page)
    app.router.add_post("/bot{token}/{method}", double.bot)
    app.router.add_get("/{name}", double.contact)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    double.port = runner.addresses[0][1]
    try:
        yield double
    finally:
        await runner.cleanup()
