"""Drafts to a real WordPress through a line that loses every second answer, with kills on the way. One JSON line.

python -m bench.wordpress --real [--drafts 20] [--kills 10]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import replace
from hashlib import sha256
from typing import Any, Self

from aiohttp import ClientSession, ClientTimeout, web

from cid.domain.draft import Article, Image
from cid.flows import decide, publish
from tests.chaos import grounds, sites
from tests.chaos.field import Grounds
from tests.press import ARTICLE
from tests.wordpress import posts
from tests.wordpress.site import PACKAGES, Site, missing

PORT = 8895


class Lossy:
    """Passes requests on to the site, and loses every second answer of a write."""

    def __init__(self, upstream: str, port: int) -> None:
        self._upstream = upstream
        self._port = port
        self.asked = 0
        self.writes = 0
        self.lost = 0
        self.losing = True

    async def __aenter__(self) -> Self:
        self._session = ClientSession(timeout=ClientTimeout(30), auto_decompress=False)
        app = web.Application(client_max_size=20_000_000)
        app.router.add_route("*", "/{path:.*}", self._pass)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()
        await self._session.close()

    async def _pass(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.asked += 1
        headers = {name: value for name, value in request.headers.items() if name.lower() != "content-length"}
        url = f"{self._upstream}{request.raw_path}"
        async with self._session.request(
            request.method, url, data=body, headers=headers, allow_redirects=False
        ) as came:
            answer = web.Response(status=came.status, body=await came.read(), content_type=came.content_type)
        if request.method != "GET" and self.losing:
            self.writes += 1
            if self.writes % 2:
                self.lost += 1
                if request.transport:
                    request.transport.abort()
        return answer


async def measure(on: Grounds, real: Site, *, user: str, drafts: int, kills: int) -> dict[str, Any]:
    async with Lossy(real.url, PORT) as line:
        at = f"http://127.0.0.1:{PORT}"
        room = await sites.newsroom(
            on, at, user, real.passwords[user], asked=lambda: line.asked, categories="Port news"
        )
        try:
            told = await _run(room, real, line, drafts=drafts, kills=kills)
        finally:
            await sites.close(room)
    return {"as": user, "wordpress": real.version, "writes": line.writes, "answers_lost": line.lost, **told}


async def _run(room: sites.Newsroom, real: Site, line: Lossy, *, drafts: int, kills: int) -> dict[str, Any]:
    made = [await _pictured(room, article, n) for n, article in enumerate(sites.articles(drafts))]
    approved = await room.approve(made)
    for _ in range(2):
        room.hire()
    for n in range(kills):
        await room.progress(12)
        await room.kill(n % 2)
    await room.settle(400)
    states = dict(await room.states())
    line.losing = False
    slugs = await room.desk.owner.fetch("select id, url, external_id from publications order by id")
    counted = "select count(*) from wp_posts where post_type = 'post' and post_name like '%{}%'"
    times = Counter(int(real.sql(counted.format(str(row["id"])[-8:]))) for row in slugs)
    found = Counter[str]()
    for row in slugs:
        html = await asyncio.to_thread(_page, row["url"])
        found.update(_read(html, row["url"]))
    notes = await room.desk.owner.fetch(
        "select n ->> 'what' as what, count(*) as n from publications, jsonb_array_elements(notes) n group by 1"
    )
    changed = await _changes(room, approved[0], approved[1])
    await room.dismiss()
    return {
        "drafts": drafts,
        "kills": room.outcome.kills,
        "states": states,
        "posts_by_times_found": dict(times),
        "public_pages_with": dict(found),
        "notes": {row["what"]: row["n"] for row in notes},
        **changed,
    }


async def _pictured(room: sites.Newsroom, article: Article, n: int) -> Article:
    body = posts.png(n)
    image: Image = posts.image(body)
    async with room.desk.sv.db.tx(room.desk.tenant) as tx:
        await tx.execute(
            "insert into images (tenant_id, id, sha256, mime, width, height, bytes, provider) "
            "values ($1, $2, $3, 'image/png', 8, 8, $4, 'own')",
            room.desk.tenant,
            image.id,
            sha256(body).digest(),
            body,
        )
    return replace(article, image=image, keywords=("harbour", "Häfen"))


def _page(url: str) -> str:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return str(answer.read().decode())


def _status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return int(error.code)


def _read(html: str, url: str) -> list[str]:
    """Which parts the public page has."""
    [script, *_] = [*re.findall(r'<script type="application/ld\+json">(.*?)</script>', html, re.DOTALL), ""]
    graph = json.loads(script)["@graph"] if script else [{}]
    parts = {
        "text": "The quay opens on <strong>3 May</strong>" in html,
        "questions": "When does it open?" in html,
        "excerpt": ARTICLE.description in html.partition('class="excerpt"')[2].partition("</div>")[0],
        "terms": "Häfen" in html.partition('class="terms"')[2],
        "category": "Port news" in html.partition('class="terms"')[2],
        "image": bool(re.search(r"<img[^>]*picture-[0-9a-f]{16}", html)),
        "json_ld_with_own_address": graph[0].get("url") == url,
        "json_ld_questions": any(node.get("@type") == "FAQPage" for node in graph),
    }
    return [name for name, there in parts.items() if there]


async def _changes(room: sites.Newsroom, first: Any, second: Any) -> dict[str, Any]:
    """One is updated, one retracted."""
    desk = room.desk
    before = (await desk.posted(first))[room.channel.name]
    version = await desk.version(first)
    newer = replace(ARTICLE, title="Harbour opens late", body="It opens on **9 May**.")
    await decide.edit(desk.sv, desk.actor, first, version.id, newer)
    await desk.review(first, held=False)
    await decide.approve(desk.sv, desk.actor, *await desk.shown(first), via="page")
    await publish.retract(desk.sv, desk.actor, (await desk.posted(second))[room.channel.name].id, "It was wrong.")
    gone = (await desk.posted(second))[room.channel.name]
    await room.due()
    await room.settle(120)
    after = (await desk.posted(first))[room.channel.name]
    html, status = await asyncio.to_thread(_page, after.url), await asyncio.to_thread(_status, gone.url)
    return {
        "updated": {"same_address": before.url == after.url, "shows_the_new": "9 May" in html and newer.title in html},
        "retracted": {"public_page": status, "state": dict(await room.states()).get("retracted", 0)},
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--real", action="store_true", required=True)
    parser.add_argument("--drafts", type=int, default=20)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--user", choices=("admin", "author"), default="admin")
    given = parser.parse_args()
    if lacks := missing():
        raise SystemExit(f"not installed: {lacks} (Debian: apt-get install --no-install-recommends {PACKAGES})")
    with Site(shown=f"http://127.0.0.1:{PORT}") as real, grounds.grounds() as on:
        told = asyncio.run(measure(on, real, user=given.user, drafts=given.drafts, kills=given.kills))
        print(json.dumps(told, ensure_ascii=False))


if __name__ == "__main__":
    main()
