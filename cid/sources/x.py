"""Accounts and searches on X, API v2: what is new since the last read, and what it cost.

Every read is priced before it is sent: the most it can bring is set aside, what came is charged. It asks for posts
after the newest one that is stored, so nothing is bought twice; what a process paid for and did not live to store is
taken from the ledger by whoever polls next. https://docs.x.com/x-api
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode
from uuid import UUID

from cid.domain.errors import Refused
from cid.domain.ids import CallId, TenantId
from cid.domain.llm import Json
from cid.domain.news import Cause, Polled, PollOutcome, Source
from cid.domain.outside import HttpFailure, HttpTrouble
from cid.domain.paid import Held, Hold, Order, Outcome
from cid.sources import answers, x_posts
from cid.sources.accounts import FEWEST, FEWEST_FOUND
from cid.sources.accounts import X as Wanted
from cid.sources.options import read
from cid.sources.posts import entries
from cid.sources.shapes import mapping, number, rows, text
from cid.sources.x_posts import Told

if TYPE_CHECKING:
    from cid.ports import Clock, Http, Purse, Response

KEY = "X_BEARER_TOKEN"
API = "https://api.x.com"
PAGE = 100
SEARCHED = timedelta(days=6, hours=23)
"""A search reaches back 7 days; an older `since_id` is refused."""
MAX_BYTES = 3_000_000
TIMEOUT_S = 20.0
BUSY_S = 60.0
"""No further page is asked for after so long: a job that outlives its deadline has paid for what nobody stores."""
WAIT = (15, 86_400)
"""Seconds. What X asks for is taken as at least this and at most a day."""
NO_CREDITS_S = 3600.0
_EPOCH_MS = 1_288_834_974_657
_UNSENT = frozenset({HttpTrouble.ADDRESS, HttpTrouble.DNS, HttpTrouble.CONNECT, HttpTrouble.TLS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    user: str = ""
    """The account's id, which never changes; its name may."""
    since: str = ""
    call: str = ""
    """The last read, whose posts are stored."""

    @classmethod
    def of(cls, cursor: str) -> Cursor:
        try:
            found = mapping(json.loads(cursor)) if cursor else {}
        except ValueError:
            found = {}
        return cls(user=text(found.get("user")), since=text(found.get("since")), call=text(found.get("call")))

    def spelled(self) -> str:
        return json.dumps(asdict(self))


@dataclass(kw_only=True)
class Reading:
    """What one poll got so far."""

    bodies: list[Json] = field(default_factory=list)
    user: str = ""
    failure: Polled | None = None
    error: str = ""
    sent_in_vain: bool = False
    """The last request was sent and nothing came back."""
    wait_s: float | None = None
    more: bool = False
    """There is more than what was asked for."""


class XReader:
    """Satisfies `ports.SourceReader`. Raises Stopping never: it parses nothing that strangers lay out."""

    def __init__(self, http: Http, clock: Clock, purse: Purse, *, token: str, api: str = API) -> None:
        self._http = http
        self._clock = clock
        self._purse = purse
        self._token = token
        self._api = api.rstrip("/")

    async def poll(self, source: Source) -> Polled:
        try:
            want = read(Wanted, source.config)
        except Refused as refusal:
            return answers.config(refusal.public)
        if source.tenant_id is None:
            return answers.config("Reading X costs money: the source has to belong to one newsroom, which pays for it.")
        if not self._token:
            return answers.no_key(f"There is no key for X: set {KEY}.")
        cursor = Cursor.of(source.cursor)
        order = _order(source, source.tenant_id, want, cursor)
        opened = await self._purse.open(order)
        if isinstance(opened, Held):
            return _held(opened, self._clock.now())
        if opened.reply is not None:
            reading = Reading(bodies=list(opened.reply), user=cursor.user or _looked_up(list(opened.reply)))
        else:
            reading = await self._read(want, cursor)
            await self._purse.close(order, opened.call, _outcome(reading))
        polled = _polled(want, cursor, reading, opened.call)
        profile = x_posts.profile(reading.bodies, want.account) if want.account else None
        return replace(polled, profile=profile, paid=opened.call if reading.bodies else None)

    async def _read(self, want: Wanted, cursor: Cursor) -> Reading:
        reading = Reading(user=cursor.user)
        if want.account and not cursor.user:
            asked = {"user.fields": x_posts.USER_FIELDS}
            body = await self._get(f"/2/users/by/username/{want.account}", asked, reading)
            if body is None:
                return reading
            reading.user = _looked_up([body])
            if not reading.user:
                return reading
        await self._pages(want, cursor, reading)
        return reading

    async def _pages(self, want: Wanted, cursor: Cursor, reading: Reading) -> None:
        path = "/2/tweets/search/recent" if want.query else f"/2/users/{quote(reading.user, safe='')}/tweets"
        left, page = want.most, ""
        until = asyncio.get_running_loop().time() + BUSY_S
        while left >= (FEWEST_FOUND if want.query else FEWEST):
            size = min(left, PAGE)
            query = _query(want, cursor, size, page, self._clock.now())
            body = await self._get(path, query, reading)
            if body is None:
                return
            meta = mapping(body.get("meta"))
            page = text(meta.get("next_token"))
            left -= size
            if not page:
                return
            if asyncio.get_running_loop().time() > until:
                break
        reading.more = bool(page)

    async def _get(self, path: str, query: Mapping[str, str], reading: Reading) -> Mapping[str, Json] | None:
        """One answer with status 200, added to the reading; None: it is over, and the reading says why."""
        address = f"{self._api}{path}" + (f"?{urlencode(query)}" if query else "")
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        try:
            answer = await self._http.request("GET", address, headers=headers, max_bytes=MAX_BYTES, timeout_s=TIMEOUT_S)
        except HttpFailure as failure:
            reading.failure, reading.error = answers.failed(failure), failure.public
            reading.sent_in_vain = failure.trouble not in _UNSENT
            return None
        body = _json(answer)
        now = self._clock.now()
        if answer.status != 200:
            reading.failure = _refused(answer, body, now)
            reading.error, reading.wait_s = reading.failure.detail, reading.failure.retry_after_s
            return None
        if body is None:
            detail = "X answered something that is not JSON."
            reading.failure = Polled(outcome=PollOutcome.BROKEN, cause=Cause.PARSE_ERROR, detail=detail)
            reading.error, reading.sent_in_vain = detail, True
            return None
        if answer.headers.get("x-rate-limit-remaining") == "0":
            reading.wait_s = _reset(answer, now)
        reading.bodies.append(body)
        return body


def _order(source: Source, tenant: TenantId, want: Wanted, cursor: Cursor) -> Order:
    lookup = bool(want.account and not cursor.user)
    requests = 1 + lookup + want.most // PAGE
    users = int(lookup) + want.most * (2 * want.expand + bool(want.query))
    return Order(
        tenant=tenant,
        source=source.id,
        provider="x",
        what="posts",
        most={"post": want.most * (3 if want.expand else 1), "user": users},
        mark=source.cursor,
        timeout_s=TIMEOUT_S * requests,
        request={"account": want.account, "search": want.query, "most": want.most, "since": cursor.since},
        stored=_call(cursor.call),
    )


def _call(text_: str) -> CallId | None:
    try:
        return CallId(UUID(text_)) if text_ else None
    except ValueError:
        return None


def _query(want: Wanted, cursor: Cursor, size: int, page: str, now: datetime) -> dict[str, str]:
    expansions = ["author_id"] if want.query else []
    if want.expand:
        expansions += ["referenced_tweets.id", "referenced_tweets.id.author_id"]
    query = {
        "max_results": str(size),
        "tweet.fields": x_posts.FIELDS,
        "expansions": ",".join(expansions),
        "query": want.asked,
        "exclude": "" if want.query else ",".join(want.exclude),
        "next_token" if want.query else "pagination_token": page,
    }
    if want.query and cursor.since and _written(cursor.since) < now - SEARCHED:
        query["start_time"] = (now - SEARCHED).strftime("%Y-%m-%dT%H:%M:%SZ")
    else:
        query["since_id"] = cursor.since
    return {name: value for name, value in query.items() if value}


def _written(id_: str) -> datetime:
    """When a post with this id was made: the id says so, in milliseconds since X's own beginning."""
    return datetime.fromtimestamp(0, tz=UTC) + timedelta(milliseconds=(x_posts.snowflake(id_) >> 22) + _EPOCH_MS)


def _outcome(reading: Reading) -> Outcome:
    """A request that was sent in vain counts whole only where nothing else is known to have come."""
    if not reading.bodies:
        return Outcome(error=reading.error, ambiguous=reading.sent_in_vain, wait_s=reading.wait_s)
    units = x_posts.told(reading.bodies).units
    return Outcome(units=units, reply=reading.bodies, error=reading.error, wait_s=reading.wait_s)


def _polled(want: Wanted, cursor: Cursor, reading: Reading, call: CallId) -> Polled:
    found = x_posts.told(reading.bodies)
    after = Cursor(
        user=reading.user,
        since=max(found.newest, cursor.since, key=x_posts.snowflake),
        call=str(call) if reading.bodies else cursor.call,
    ).spelled()
    if not found.posts and (nothing := _nothing(want, found, reading)):
        # what is on record as read is not taken from there again
        return replace(nothing, cursor=after if reading.bodies else None)
    stored, remark = entries(x_posts.posts(found, want.account))
    remarks = [remark]
    if found.errors:
        remarks.append(f"X left out {len(found.errors)} ({found.errors[0]})")
    if reading.failure:
        remarks.append(f"cut short: {reading.failure.detail}")
    if reading.more and cursor.since:
        remarks.append(f"there were more than {len(found.posts)} new posts: the older ones were not read")
    return Polled(
        outcome=PollOutcome.NEW if stored else PollOutcome.NOT_MODIFIED,
        cause=Cause.NEW if stored else Cause.NOTHING_NEW,
        detail="; ".join(filter(None, remarks)),
        entries=stored,
        title=f"@{want.account} on X" if want.account else f"“{want.query}” on X",
        publisher=f"x.com/{want.account}" if want.account else "",  # a search has no voice of its own
        retry_after_s=int(reading.wait_s) if reading.wait_s else None,
        cursor=after,
    )


def _held(held: Held, now: datetime) -> Polled:
    """Not the source's fault: it is polled again when money, pause or the other process let it."""
    causes = {Hold.PAUSE: Cause.RATE_LIMITED, Hold.BUSY: Cause.INTERNAL, Hold.PRICE: Cause.INTERNAL}
    return Polled(
        outcome=PollOutcome.RATE_LIMITED,
        cause=causes.get(held.hold, Cause.BUDGET),
        detail=held.why,
        retry_after_s=max(1, int((held.until - now).total_seconds())),
    )


def _looked_up(bodies: list[Json]) -> str:
    """The account's id, of the answer of a lookup."""
    for body in map(mapping, bodies):
        if isinstance(body.get("data"), dict):
            return text(body["data"].get("id"))
    return ""


def _nothing(want: Wanted, found: Told, reading: Reading) -> Polled | None:
    """Why no post came; None: there is none that is new."""
    if reading.failure:
        return reading.failure
    if any(isinstance(mapping(body).get("meta"), dict) for body in reading.bodies):
        return None
    if want.account and not reading.user and any("Not Found" in error for error in found.errors):
        detail = f"There is no account @{want.account} at X."
        return Polled(outcome=PollOutcome.GONE, cause=Cause.NOT_FOUND, detail=detail)
    if found.errors:  # 200, and errors in place of posts: suspended, or protected
        why = "; ".join(dict.fromkeys(found.errors))
        return Polled(outcome=PollOutcome.BLOCKED, cause=Cause.BLOCKED, detail=f"X shows no posts of it: {why}.")
    if _looked_up(reading.bodies):  # on record of a process that got no further
        return Polled(outcome=PollOutcome.NOT_MODIFIED, cause=Cause.NOTHING_NEW, detail="The account was found.")
    detail = "X answered something that is no answer of its API."
    return Polled(outcome=PollOutcome.BROKEN, cause=Cause.PARSE_ERROR, detail=detail)


def _refused(answer: Response, body: Mapping[str, Json] | None, now: datetime) -> Polled:
    said = x_posts.problem({**mapping(body), **next(iter(rows(mapping(body).get("errors"))), {})})
    if answer.status == 401:
        return answers.no_key(f"X does not accept the key: check {KEY}.")
    if answer.status == 402 or "CreditsDepleted" in said or "UsageCapExceeded" in said:
        return Polled(
            outcome=PollOutcome.RATE_LIMITED,
            cause=Cause.BUDGET,
            detail=f"The account at X has no credit left ({said}).",
            retry_after_s=int(NO_CREDITS_S),
        )
    if answer.status == 429:
        return answers.limited("X asks to be left alone for a while (429).", _reset(answer, now))
    if answer.status == 400:
        return answers.config(f"X does not take the request: {said}.")
    return answers.refused(answer, now)


def _reset(answer: Response, now: datetime) -> float | None:
    """Seconds until the window opens again, within WAIT; None: X does not say."""
    at = number(answer.headers.get("x-rate-limit-reset", ""))
    return None if at is None else min(max(at - now.timestamp(), WAIT[0]), WAIT[1])


def _json(answer: Response) -> Mapping[str, Json] | None:
    try:
        value = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
