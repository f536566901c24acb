"""Own Telegram channels by a bot that is their administrator: `getUpdates` of the Bot API, one source per bot.

Telegram keeps updates for 24 hours and forgets those before the offset of the next request: the offset is stored with
the posts, so that nothing is forgotten there before it is kept here. https://core.telegram.org/bots/api#getupdates
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cid.domain.errors import Refused
from cid.domain.llm import Json
from cid.domain.news import Cause, Polled, PollOutcome, Source
from cid.domain.outside import HttpFailure
from cid.domain.posts import Amplified, How, Post
from cid.sources import answers
from cid.sources.accounts import TelegramBot as Wanted
from cid.sources.options import read
from cid.sources.posts import entries
from cid.sources.shapes import mapping, number, rows, text
from cid.text.clean import line

if TYPE_CHECKING:
    from cid.ports import Clock, Http

KEY = "TELEGRAM_BOT_TOKEN"
API = "https://api.telegram.org"
MOST = 100
"""Updates of one request, as many as Telegram gives."""
MAX_BYTES = 5_000_000
TIMEOUT_S = 20.0
WAIT = (1, 86_400)
_KINDS = ("channel_post", "edited_channel_post")
_MEDIA = ("photo", "video", "animation", "audio", "document", "voice", "video_note", "sticker", "poll", "location")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    bot: str = ""
    """The name under which the token is known, in lower case."""
    offset: int = 0

    @classmethod
    def of(cls, cursor: str) -> Cursor:
        try:
            found = mapping(json.loads(cursor)) if cursor else {}
        except ValueError:
            found = {}
        return cls(bot=text(found.get("bot")), offset=number(found.get("offset")) or 0)

    def spelled(self) -> str:
        return json.dumps(asdict(self))


class TelegramBotReader:
    """Satisfies `ports.SourceReader`. The token is part of every address: no address is ever shown or logged."""

    def __init__(self, http: Http, clock: Clock, *, token: str, api: str = API) -> None:
        self._http = http
        self._clock = clock
        self._token = token
        self._api = api.rstrip("/")

    async def poll(self, source: Source) -> Polled:
        if source.tenant_id is None:
            return answers.config("A bot reads its owner's channels: the source has to belong to one newsroom.")
        if not self._token:
            return answers.no_key(f"There is no key for the bot: set {KEY}.")
        try:
            wanted = read(Wanted, source.config).bot
        except Refused as refusal:
            return answers.config(refusal.public)
        cursor = Cursor.of(source.cursor)
        if not cursor.bot:
            me = await self._ask("getMe", {})
            if isinstance(me, Polled):
                return me
            cursor = Cursor(bot=text(mapping(me).get("username")).lower())
        return await self._updates(wanted, cursor)

    async def _updates(self, wanted: str, cursor: Cursor) -> Polled:
        if wanted != cursor.bot:
            return answers.config(f"The token in {KEY} is another bot's, @{line(cursor.bot, 64)}.")
        asked = {"offset": cursor.offset, "limit": MOST, "timeout": 0, "allowed_updates": list(_KINDS)}
        found = await self._ask("getUpdates", asked)
        if isinstance(found, Polled):
            return found
        return _polled(cursor, rows(found)) if isinstance(found, list) else _strange()

    async def _ask(self, method: str, parameters: Mapping[str, Json]) -> Json | Polled:
        try:
            answer = await self._http.request(
                "POST",  # a redirect of a write is not followed: the token stays here
                f"{self._api}/bot{self._token}/{method}",
                headers={"Content-Type": "application/json"},
                body=json.dumps(parameters).encode(),
                max_bytes=MAX_BYTES,
                timeout_s=TIMEOUT_S,
            )
        except HttpFailure as failure:
            return answers.failed(failure)
        try:
            body = mapping(json.loads(answer.body))
        except (ValueError, RecursionError):
            body = {}
        if answer.status == 200 and body.get("ok") is True:
            return body.get("result")
        if answer.status == 200:
            return _strange()
        return _refused(answer.status, body) or answers.refused(answer, self._clock.now())


def _strange() -> Polled:
    detail = "Telegram answered something that is no answer of its API."
    return Polled(outcome=PollOutcome.BROKEN, cause=Cause.PARSE_ERROR, detail=detail)


def _refused(status: int, body: Mapping[str, Json]) -> Polled | None:
    """None: it is nothing that is Telegram's own."""
    if status in {401, 404}:
        return answers.no_key(f"Telegram does not accept the bot's token: check {KEY}.")
    if status == 409:
        webhook = "webhook" in text(body.get("description")).lower()
        return answers.config(
            "The bot has a webhook, which takes its updates: remove that, or use another bot."
            if webhook
            else "Another program reads this bot's updates: only one can."
        )
    if status == 429:
        asked = number(mapping(body.get("parameters")).get("retry_after"))
        wait = None if asked is None else min(max(asked, WAIT[0]), WAIT[1])
        return answers.limited("Telegram asks to be left alone for a while (429).", wait)
    return None


def _polled(cursor: Cursor, updates: list[Mapping[str, Json]]) -> Polled:
    """A post that was edited before it was stored is stored as it is now; what is stored is not changed."""
    latest: dict[tuple[int, int], Mapping[str, Json]] = {}
    offset = cursor.offset
    for update in updates:
        offset = max(offset, (number(update.get("update_id")) or -1) + 1)
        for kind in _KINDS:
            post = mapping(update.get(kind))
            place = number(mapping(post.get("chat")).get("id")), number(post.get("message_id"))
            if place[0] is not None and place[1] is not None:
                latest[place[0], place[1]] = post
    stored, remark = entries([_post(post) for post in latest.values()])
    more = "there is more, which the next poll reads" if len(updates) >= MOST else ""
    return Polled(
        outcome=PollOutcome.NEW if stored else PollOutcome.NOT_MODIFIED,
        cause=Cause.NEW if stored else Cause.NOTHING_NEW,
        detail="; ".join(filter(None, (remark, more))),
        entries=stored,
        title=f"Channels of @{cursor.bot} on Telegram",
        publisher=f"t.me/{cursor.bot}",
        cursor=Cursor(bot=cursor.bot, offset=offset).spelled(),
    )


def _post(told: Mapping[str, Json]) -> Post:
    chat = mapping(told.get("chat"))
    said = text(told.get("text")) or text(told.get("caption")) or text(mapping(told.get("poll")).get("question"))
    entities = rows(told.get("entities")) or rows(told.get("caption_entities"))
    return Post(
        platform="telegram",
        id=f"{text(chat.get('username')) or chat.get('id')}/{told.get('message_id')}",
        url=_address(chat, told.get("message_id")),
        text=said,
        at=_moment(told.get("date")),
        author=text(told.get("author_signature")) or text(chat.get("title")),
        amplifies=_amplified(told),
        media=[kind for kind in _MEDIA if kind in told],
        links=_links(said, entities),
        edited="edit_date" in told,
    )


def _address(chat: Mapping[str, Json], message: Json) -> str:
    """Where members read it: channels without a public name are addressed by their number, without its prefix."""
    if name := text(chat.get("username")):
        return f"https://t.me/{name}/{message}"
    return f"https://t.me/c/{str(chat.get('id')).removeprefix('-100')}/{message}"


def _amplified(told: Mapping[str, Json]) -> list[Amplified]:
    origin, found = mapping(told.get("forward_origin")), []
    if origin:
        chat = mapping(origin.get("chat")) or mapping(origin.get("sender_chat"))
        user = mapping(origin.get("sender_user"))
        who = text(chat.get("title")) or text(user.get("first_name")) or text(origin.get("sender_user_name"))
        message = number(origin.get("message_id"))
        url = _address(chat, message) if chat and message else ""
        found.append(Amplified(how=How.FORWARD, who=line(who, 200), url=url))
    if reply := mapping(told.get("reply_to_message")):
        chat = mapping(reply.get("chat"))
        found.append(Amplified(how=How.REPLY, who=text(chat.get("title")), url=_address(chat, reply.get("message_id"))))
    return found


def _links(said: str, entities: list[Mapping[str, Json]]) -> list[str]:
    """Offsets and lengths count UTF-16 code units, of which an emoji has two."""
    units, links = said.encode("utf-16-le", "surrogatepass"), []
    for entity in entities:
        if entity.get("type") == "text_link":
            links.append(text(entity.get("url")))
        elif entity.get("type") == "url":
            start, length = number(entity.get("offset")) or 0, number(entity.get("length")) or 0
            link = units[2 * max(start, 0) : 2 * max(start + length, 0)].decode("utf-16-le", "replace")
            links.append(link if "://" in link else f"https://{link}")
    return [link[:2000] for link in dict.fromkeys(links) if link.startswith(("http://", "https://"))]


def _moment(seconds: Json) -> datetime | None:
    value = number(seconds)
    return datetime.fromtimestamp(value, tz=UTC) if value and 0 < value < 4_102_444_800 else None
