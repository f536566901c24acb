"""The web through Serper, one paid search at a time.

    POST https://google.serper.dev/search or /news, header X-API-KEY, JSON {"q", "gl", "hl", "num"}
    → {"organic": [{"title", "link", "snippet", "date"?, "position"}], …} or {"news": [{…, "source"}]}

https://serper.dev: the same credit for either, two for more than ten results. `date` is told from the moment of asking
("2 hours ago"). What was paid for stays with its row of the ledger until whoever asked has stored what came of it.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from datetime import datetime
from typing import TYPE_CHECKING

from cid.domain.llm import Json
from cid.domain.outside import ChildFailure, HttpFailure, HttpTrouble
from cid.domain.paid import SEARCH, Held, Hold, Order, Outcome
from cid.domain.searching import MOST_RESULTS, Found, Hit, SearchState, Wanted
from cid.text import ago, urls
from cid.text.clean import SUMMARY_LIMIT, TITLE_LIMIT, line

if TYPE_CHECKING:
    from cid.domain.ids import CallId
    from cid.ports import Children, Clock, Http, Purse, Response

KEY = "SERPER_API_KEY"
MAX_BYTES = 2_000_000
TIMEOUT_S = 20.0
REST_S = 60.0
"""How long all of us leave it alone when it asks for that without saying how long."""
_SURE = frozenset({HttpTrouble.ADDRESS, HttpTrouble.DNS, HttpTrouble.CONNECT, HttpTrouble.TLS})
"""Nothing was sent, so nothing was charged."""
_NO_KEY = f"There is no key for a web search: set {KEY}."


class Serper:
    """Satisfies `ports.Search`."""

    def __init__(self, http: Http, children: Children, clock: Clock, purse: Purse, *, key: str, base: str) -> None:
        self._http = http
        self._children = children
        self._clock = clock
        self._purse = purse
        self._key = key
        self._base = base

    async def search(self, wanted: Wanted) -> Found:
        if not self._key:
            return Found(state=SearchState.NO_KEY, detail=_NO_KEY)
        order = _order(wanted)
        opened = await self._purse.open(order)
        if isinstance(opened, Held):
            money = opened.hold in {Hold.BUDGET, Hold.SWITCH}
            return Found(state=SearchState.HELD, detail=opened.why, until=opened.until, waits_for_money=money)
        if opened.reply is not None:
            return _found(opened.reply, opened.call)
        return await self._bought(wanted, order, opened.call)

    async def _bought(self, wanted: Wanted, order: Order, call: CallId) -> Found:
        """The search itself, and its end in the ledger."""
        answer = await self._asked(wanted)
        if isinstance(answer, HttpFailure):
            sure = answer.trouble in _SURE
            await self._purse.close(order, call, Outcome(error=answer.public, ambiguous=not sure))
            return Found(state=SearchState.FAILED, detail=f"The web search: {answer.public}")
        if refused := _refused(answer):
            wait = REST_S if answer.status == 429 else None
            await self._purse.close(order, call, Outcome(error=refused.detail, wait_s=wait))
            return refused
        reply = await self._read(answer)
        if isinstance(reply, Found):
            await self._purse.close(order, call, Outcome(error=reply.detail, ambiguous=True))
            return reply
        await self._purse.close(order, call, Outcome(units={"search": 1}, reply=reply))
        return _found(reply, call)

    async def _asked(self, wanted: Wanted) -> Response | HttpFailure:
        headers = {"X-API-KEY": self._key, "Content-Type": "application/json"}
        try:
            return await self._http.request(
                "POST",
                f"{self._base}/{_kind(wanted)}",
                headers=headers,
                body=json.dumps(_body(wanted)).encode(),
                max_bytes=MAX_BYTES,
                timeout_s=TIMEOUT_S,
            )
        except HttpFailure as failure:
            return failure

    async def _read(self, answer: Response) -> Json | Found:
        value = {"body": b64encode(answer.body).decode(), "now": self._clock.now().isoformat()}
        try:
            reply = await self._children.call("parse_serper", value)
        except ChildFailure:
            reply = {"error": "something that could not be read within its limits"}
        if error := reply.get("error"):
            return Found(state=SearchState.FAILED, detail=f"The web search answers {error}.")
        return reply


def parse_serper(value: Json) -> Json:
    """{"body": base64, "now": ISO 8601} → {"hits": [{url, title, snippet, publisher, published}]} or {"error"}. Runs in
    a child."""
    now = datetime.fromisoformat(value["now"])
    try:
        answer = json.loads(b64decode(value["body"]))
    except (ValueError, RecursionError):
        return {"error": "something that is not JSON"}
    named = [answer[name] for name in ("organic", "news") if name in answer] if isinstance(answer, dict) else []
    listed = named[0] if named else None
    if not isinstance(listed, list):
        return {"error": "nothing about results"}
    found: dict[str, Json] = {}
    for row in listed[: 2 * MOST_RESULTS]:
        hit = _hit(row, now) if isinstance(row, dict) else None
        if hit:
            found.setdefault(hit["url"], hit)
    return {"hits": list(found.values())}


def _hit(row: Json, now: datetime) -> Json | None:
    named = ("title", "link", "snippet", "source", "date")
    said = {name: row[name] for name in named if isinstance(row.get(name), str)}
    url, title = urls.canonical(said.get("link", "")), line(said.get("title", ""), TITLE_LIMIT)
    if not url or not title or urls.secret(url):
        return None
    at = ago.told(said.get("date", "")[:80], now)
    return {
        "url": url,
        "title": title,
        "snippet": line(said.get("snippet", ""), SUMMARY_LIMIT),
        "publisher": line(said.get("source", ""), 100) or urls.site(url),
        "published": at.at.isoformat() if at else "",
    }


def _found(reply: Json, call: CallId) -> Found:
    hits = tuple(
        Hit(
            url=row["url"],
            title=row["title"],
            snippet=row["snippet"],
            publisher=row["publisher"],
            published_at=datetime.fromisoformat(row["published"]) if row["published"] else None,
        )
        for row in reply["hits"]
    )
    return Found(state=SearchState.FOUND if hits else SearchState.EMPTY, hits=hits, call=call)


def _refused(answer: Response) -> Found | None:
    """What a status says; None: there may be results."""
    status = answer.status
    if status == 200:
        return None
    if status in {401, 403}:
        return Found(state=SearchState.REFUSED, detail=f"The web search does not take the key in {KEY} ({status}).")
    if status in {400, 402, 404, 422}:
        return Found(state=SearchState.REFUSED, detail=f"The web search refuses what it is asked ({status}).")
    why = "asks to be left alone for a while" if status == 429 else "failed"
    return Found(state=SearchState.FAILED, detail=f"The web search {why} ({status}).")


def _order(wanted: Wanted) -> Order:
    body = _body(wanted)
    return Order(
        tenant=wanted.tenant,
        source=wanted.about,
        provider="serper",
        what="searches",
        most={"search": 1},
        mark=json.dumps([_kind(wanted), body], sort_keys=True),
        timeout_s=TIMEOUT_S,
        request={"kind": _kind(wanted), **body},
        stage=SEARCH,
    )


def _kind(wanted: Wanted) -> str:
    return "news" if wanted.news else "search"


def _body(wanted: Wanted) -> dict[str, Json]:
    body: dict[str, Json] = {"q": wanted.text, "num": min(max(wanted.results, 1), MOST_RESULTS)}
    if wanted.country:
        body["gl"] = wanted.country.lower()
    if wanted.language:
        body["hl"] = wanted.language.lower()
    return body
