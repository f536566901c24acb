"""How much people search for something, from two places that say so.

    GET https://trends.google.com/trending/rss?geo=AU

is a list of some ten to twenty searches that rise in a country, each with `approx_traffic` such as `2,000+` in the
namespace https://trends.google.com/trending/rss. No contract, no key. What is not in it is not known.

    GET https://serpapi.com/search.json?engine=google_trends&data_type=TIMESERIES&q=…&geo=AU&date=now 7-d&api_key=…

is one keyword's interest hour by hour over a week (`interest_over_time.timeline_data[].values[].extracted_value`, 0 to
100 with 100 at the week's own peak); a point with `partial_data` is not over yet. Paid for like a source's searches.
"""

from __future__ import annotations

import json
import math
import re
from base64 import b64decode, b64encode
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from uuid import NAMESPACE_URL, uuid5

from lxml import etree

from cid.domain.interest import Heard, Question
from cid.domain.outside import ChildFailure, HttpFailure, HttpTrouble
from cid.domain.paid import SEARCH, Held, Order, Outcome
from cid.text import dates
from cid.text.clean import line
from cid.text.words import words

if TYPE_CHECKING:
    from datetime import datetime

    from cid.domain.ids import CallId, TenantId
    from cid.domain.llm import Json
    from cid.ports import Children, Clock, Http, Purse, Response

KEY = "SERPAPI_KEY"
MAX_BYTES = 2_000_000
TIMEOUT_S = 15.0
"""Seconds of one request: a story waits for it."""
REST = timedelta(hours=2)
"""How long to stay away when that is asked for without saying how long."""
RESTS = (timedelta(minutes=1), timedelta(hours=24))
SEARCHES = 300
LENGTH = 100
"""Characters of a search."""
DAY = 24
"""Points of the last day, hour by hour."""
_TRAFFIC = re.compile(r"(\d+)\s*([kmb]?)\s*\+?", re.IGNORECASE)
_TIMES = {"": 1, "k": 1_000, "m": 1_000_000, "b": 1_000_000_000}
_UNSENT = frozenset({HttpTrouble.ADDRESS, HttpTrouble.DNS, HttpTrouble.CONNECT, HttpTrouble.TLS})


class TrendingRss:
    """Satisfies `ports.Trends`."""

    name = "trending_rss"
    lists = True

    def __init__(self, http: Http, children: Children, clock: Clock, base: str) -> None:
        self._http = http
        self._children = children
        self._clock = clock
        self._base = base

    async def ask(self, tenant: TenantId, question: Question) -> Heard:  # noqa: ARG002 - the port's: nobody pays here
        url = f"{self._base}/trending/rss?{urlencode({'geo': question.place})}"
        try:
            answer = await self._http.request("GET", url, max_bytes=MAX_BYTES, timeout_s=TIMEOUT_S)
        except HttpFailure as failure:
            return Heard(missing=f"Google's list of searches: {failure.public}")
        if refused := _refused(answer, "Google's list of searches", self._clock.now()):
            return refused
        try:
            found = await self._children.call("parse_trending", {"body": b64encode(answer.body).decode()})
        except ChildFailure:
            return Heard(missing="Google's list of searches could not be read within its limits.")
        if found["error"]:
            return Heard(missing=found["error"])
        return Heard(scores=found["searches"])


class SerpApiTrends:
    """Satisfies `ports.Trends`."""

    name = "serpapi"
    lists = False

    def __init__(self, http: Http, children: Children, clock: Clock, purse: Purse, *, key: str, base: str) -> None:
        self._http = http
        self._children = children
        self._clock = clock
        self._purse = purse
        self._key = key
        self._base = base

    async def ask(self, tenant: TenantId, question: Question) -> Heard:
        if not self._key:
            return Heard(missing=f"There is no key for SerpApi: set {KEY}.")
        order = self._order(tenant, question)
        opened = await self._purse.open(order)
        if isinstance(opened, Held):
            return Heard(missing=opened.why, own=True)
        if opened.reply is not None:
            return _measured(opened.reply, question)
        try:
            answer = await self._http.request("GET", self._address(question), max_bytes=MAX_BYTES, timeout_s=TIMEOUT_S)
        except HttpFailure as failure:
            sent = failure.trouble not in _UNSENT
            await self._purse.close(order, opened.call, Outcome(error=failure.public, ambiguous=sent))
            return Heard(missing=f"SerpApi: {failure.public}")
        if refused := _refused(answer, "SerpApi", self._clock.now()):
            wait = refused.rest.total_seconds() if refused.rest else None
            await self._purse.close(order, opened.call, Outcome(error=refused.missing, wait_s=wait))
            return refused
        return await self._read(answer.body, question, order, opened.call)

    async def _read(self, body: bytes, question: Question, order: Order, call: CallId) -> Heard:
        try:
            found = await self._children.call("parse_interest", {"body": b64encode(body).decode()})
        except ChildFailure:
            found = {"error": "SerpApi's answer could not be read within its limits."}
        if error := found.get("error"):
            await self._purse.close(order, call, Outcome(error=error, ambiguous=not found.get("said")))
            return Heard(missing=error)
        await self._purse.close(order, call, Outcome(units={"search": 1}, reply=found))
        return _measured(found, question)

    def _order(self, tenant: TenantId, question: Question) -> Order:
        """A day's answer is paid for once, also when who asked did not live to keep it."""
        about = f"google_trends {question.place} {question.keyword}"
        return Order(
            tenant=tenant,
            source=uuid5(NAMESPACE_URL, about),
            stage=SEARCH,
            provider="serpapi",
            what="searches",
            most={"search": 1},
            mark=f"{about} {self._clock.now().date()}",
            timeout_s=TIMEOUT_S,
            request={"search interest of": question.keyword, "country": question.place},
        )

    def _address(self, question: Question) -> str:
        asked = {
            "engine": "google_trends",
            "data_type": "TIMESERIES",
            "q": question.keyword,
            "geo": question.place,
            "date": "now 7-d",
            "api_key": self._key,
        }
        return f"{self._base}/search.json?{urlencode(asked)}"


def _measured(found: Json, question: Question) -> Heard:
    if found["score"] is None:
        return Heard(missing="It is searched for too little to be measured.", settled=True)
    return Heard(scores={question.keyword: found["score"]})


def _refused(answer: Response, who: str, now: datetime) -> Heard | None:
    """What is no answer to a question. None: it may be one."""
    if answer.status in {429, 503} or "/sorry/" in answer.url or "//consent." in answer.url:
        return Heard(missing=f"{who}: asks to be left alone ({answer.status}).", rest=_rest(answer, now))
    if answer.status in {401, 403}:
        return Heard(missing=f"{who}: refuses us ({answer.status}).")
    if answer.status != 200:
        return Heard(missing=f"{who}: answers {answer.status}.")
    return None if answer.body.strip() else Heard(missing=f"{who}: answers nothing.")


def _rest(answer: Response, now: datetime) -> timedelta:
    """As Retry-After says, in seconds or as a date, within bounds."""
    said = answer.headers.get("retry-after", "").strip()
    shortest, longest = RESTS
    if said.isascii() and said.isdecimal():
        return min(max(timedelta(seconds=float(said[:9])), shortest), longest)
    at = dates.parse(said) if said else None
    return min(max(at - now, shortest), longest) if at else REST


# ------------------------------------------------------------------------------------------------------ in a child


def parse_trending(value: Json) -> Json:
    """{"body": base64} → {"error": sentence or empty, "searches": {folded search: 0 to 100}}. Runs in a child."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=True)
    try:
        root = etree.fromstring(b64decode(value["body"]).lstrip(), parser)
    except etree.XMLSyntaxError:
        root = None
    if root is None or etree.QName(root).localname.lower() != "rss":
        return {"error": "Google sends something else than its list of searches.", "searches": {}}
    searches: dict[str, float] = {}
    for item in list(root.iterfind(".//item"))[:SEARCHES]:
        search, score = _search(item)
        if search and score is not None:
            searches[search] = max(score, searches.get(search, 0.0))
    return {"error": "" if searches else "Google's list of searches is empty.", "searches": searches}


def _search(item: etree._Element) -> tuple[str, float | None]:
    title, traffic = "", ""
    for part in item:
        if isinstance(part.tag, str):
            match etree.QName(part).localname:
                case "title":
                    title = part.text or ""
                case "approx_traffic":
                    traffic = part.text or ""
    search = " ".join(words(line(title, LENGTH)))[:LENGTH].strip()
    return search, traffic_score(traffic)


def traffic_score(text: str) -> float | None:
    """0 to 100 for "200+", "2,000+", "20K+" or "1M+": 20 points for each power of ten, so that 100 searches are 40
    points and 100,000 are 100. Ours: the list says how many searches there were at least, and no more. None: nothing
    that can be read."""
    found = _TRAFFIC.fullmatch(re.sub(r"[\s.,\u202f'’]", "", text)[:20])
    if not found:
        return None
    searches = int(found[1]) * _TIMES[found[2].lower()]
    return round(min(100.0, 20 * math.log10(searches)), 2) if searches else 0.0


def parse_interest(value: Json) -> Json:
    """{"body": base64} → {"score": 0 to 100, or null: too little to be measured}, or {"error": sentence, "said":
    whether the service itself says so}. Runs in a child."""
    try:
        answer = json.loads(b64decode(value["body"]))
    except (ValueError, RecursionError):
        return {"error": "SerpApi answers something that is not JSON.", "said": False}
    if not isinstance(answer, dict):
        return {"error": "SerpApi answers something else than an interest.", "said": False}
    error = answer.get("error")
    if isinstance(error, str) and error:
        if "any results" in error:
            return {"score": None}
        return {"error": f"SerpApi says: {line(error, 150)}", "said": True}
    over = answer.get("interest_over_time")
    points = over.get("timeline_data") if isinstance(over, dict) else None
    if not isinstance(points, list):
        return {"error": "SerpApi answers something else than an interest.", "said": False}
    found = [score for point in points if (score := _point(point)) is not None][-DAY:]
    return {"score": round(sum(found) / len(found), 2) if found else None}


def _point(point: Json) -> float | None:
    """Of an hour that is over."""
    if not isinstance(point, dict) or point.get("partial_data"):
        return None
    values = point.get("values")
    first = values[0] if isinstance(values, list) and values and isinstance(values[0], dict) else {}
    score = first.get("extracted_value")
    if isinstance(score, bool) or not isinstance(score, int | float) or not math.isfinite(score):
        return None
    return float(min(max(score, 0), 100))
