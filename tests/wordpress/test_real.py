"""The adapter at a real WordPress, as administrator, author and contributor."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import pytest

from cid.channels.wordpress import WordPressPublisher
from cid.domain.errors import NotFound, Refused
from cid.domain.publication import Channel
from cid.outside.http import GuardedHttp
from tests.press import ARTICLE
from tests.wordpress import posts, site

PAGE = replace(ARTICLE, keywords=("harbour", "Ferries & boats", "Häfen"))


@pytest.fixture(scope="module")
def wordpress() -> Iterator[site.Site]:
    if lacks := site.missing():
        pytest.skip(f"NO POST WAS TRIED AT A REAL WORDPRESS: missing {lacks} (Debian: apt-get install {site.PACKAGES})")
    with site.Site() as started:
        yield started


@pytest.fixture
async def publisher(wordpress: site.Site) -> AsyncIterator[WordPressPublisher]:
    async with GuardedHttp(allow_local=[f"127.0.0.1:{wordpress.port}"]) as http:
        yield posts.publisher(http)


def blog(wordpress: site.Site, user: str = "admin", **config: Any) -> Channel:
    return posts.channel(wordpress.url, user, wordpress.passwords[user], **config)


def public(url: str) -> str:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return str(answer.read().decode())


async def test_an_article_with_all_its_parts_is_on_the_public_page(
    wordpress: site.Site, publisher: WordPressPublisher
) -> None:
    at = blog(wordpress, categories=["Port news"])
    sent = posts.sent(at, PAGE, body=posts.png())
    assert await publisher.find(sent) is None
    placed = await publisher.publish(sent)
    assert await publisher.find(sent) == placed == await publisher.find(replace(sent, placed=placed))
    assert await publisher.publish(sent) == placed
    html = public(placed.url)
    assert sent.payload["body_html"] in html
    assert "A person at Acme read and approved it" in html
    assert 'class="cid-credit"' in html
    assert re.search(r"<img[^>]*picture-[0-9a-f]{16}", html)
    [script] = re.findall(r'<script type="application/ld\+json">(.*?)</script>', html, re.DOTALL)
    node = json.loads(script)["@graph"][0]
    assert node["url"] == node["mainEntityOfPage"] == placed.url
    for term in ("Port news", "harbour", "Ferries &amp; boats", "Häfen"):
        assert term in html
    notes = await publisher.look(replace(sent, placed=placed))
    assert [note.what for note in notes] == ["meta"]


async def test_for_an_author_the_site_filters_and_the_notes_say_what(
    wordpress: site.Site, publisher: WordPressPublisher
) -> None:
    at = blog(wordpress, "author", categories=["Only editors make this"])
    sent = posts.sent(at, PAGE, minute=1, body=posts.png())
    placed = await publisher.publish(sent)
    html = public(placed.url)
    assert "ld+json" not in html
    assert "schema.org" not in html
    assert "The quay opens on" in html
    assert "When does it open?" in html
    notes = {note.what: note.detail for note in await publisher.look(replace(sent, placed=placed))}
    assert set(notes) == {"json_ld", "meta", "terms"}
    assert "Only editors make this" in notes["terms"]


async def test_an_update_changes_the_same_post_and_a_retraction_hides_it(
    wordpress: site.Site, publisher: WordPressPublisher
) -> None:
    at = blog(wordpress)
    sent = posts.sent(at, minute=2)
    placed = await publisher.publish(sent)
    newer = replace(ARTICLE, title="Harbour opens late", body="It opens on **9 May**.", keywords=("ferries",))
    changed = posts.sent(at, newer, key=sent.key, placed=placed, modified=posts.START.replace(day=4))
    for _ in range(2):
        assert await publisher.update(changed) == placed
    html = public(placed.url)
    assert "Harbour opens late" in html
    assert "9 May" in html
    assert "3 May" not in html.partition("<article")[2].partition("cid-made")[0].partition("faq")[0]
    assert '"dateModified": "2026-05-04' in html
    assert [note.what for note in await publisher.look(changed)] == ["meta"]
    for _ in range(2):
        await publisher.retract(changed)
        assert await publisher.find(changed) is None
    with pytest.raises(urllib.request.HTTPError, match="404"):
        public(placed.url)
    with pytest.raises(NotFound, match="draft there now"):
        await publisher.update(changed)
    assert wordpress.sql(f"select count(*) from wp_posts where post_name like '%{sent.key[-8:]}%'").strip() == "1"


async def test_to_the_trash_where_the_channel_says_so_and_from_there_a_person_brings_it_back(
    wordpress: site.Site, publisher: WordPressPublisher
) -> None:
    sent = posts.sent(blog(wordpress, retract_to="trash"), minute=3)
    placed = await publisher.publish(sent)
    await publisher.retract(replace(sent, placed=placed))
    assert wordpress.sql(f"select post_status from wp_posts where ID = {placed.external_id}").strip() == "trash"
    for known in (None, placed):
        assert await publisher.find(replace(sent, placed=known)) is None
    with pytest.raises(Refused, match="trash on the site"):
        await publisher.publish(sent)


async def test_the_same_picture_is_there_once(wordpress: site.Site, publisher: WordPressPublisher) -> None:
    at, body = blog(wordpress), posts.png(7)
    for minute in (4, 5):
        await publisher.publish(posts.sent(at, minute=minute, body=body))
    stem = posts.sent(at, body=body).picture.name.partition(".")[0]  # type: ignore[union-attr]  # it has one
    assert wordpress.sql(f"select count(*) from wp_posts where post_name like '{stem}%'").strip() == "1"


async def test_a_foreign_post_at_our_address_is_refused_and_nothing_is_left(
    wordpress: site.Site, publisher: WordPressPublisher
) -> None:
    sent = posts.sent(blog(wordpress), minute=6)
    address = f"{sent.payload['slug']}-{sent.key[-8:]}"
    wordpress.sql(
        f"insert into wp_posts (post_author, post_title, post_content, post_status, post_name, post_type, "
        f"post_excerpt, to_ping, pinged, post_content_filtered) "
        f"values (1, 'x', 'y', 'publish', '{address}', 'post', '', '', '', '')"
    )
    with pytest.raises(Refused, match="another post on the site has the address"):
        await publisher.publish(sent)
    assert wordpress.sql(f"select count(*) from wp_posts where post_name like '{address}%'").strip() == "1"


async def test_who_may_not_publish_is_refused_with_the_remedy(
    wordpress: site.Site, publisher: WordPressPublisher
) -> None:
    with pytest.raises(Refused, match="role Author or Editor"):
        await publisher.publish(posts.sent(blog(wordpress, "contributor"), minute=7))
    with pytest.raises(Refused, match="application password may be wrong"):
        await publisher.find(posts.sent(posts.channel(wordpress.url, "admin", "wrong wrong"), minute=8))


async def test_the_check_says_who_we_are_and_what_we_lack(wordpress: site.Site, publisher: WordPressPublisher) -> None:
    standing = await publisher.check(blog(wordpress))
    assert standing.account.startswith("admin at 127.0.0.1")
    assert list(standing.lacks) == []
    lacks = (await publisher.check(blog(wordpress, "author"))).lacks
    assert [sentence.split(":")[0] for sentence in lacks] == [
        "The user may not make categories",
        "The site filters this user's HTML",
    ]


async def test_with_plain_permalinks_it_comes_in_by_the_other_door(
    wordpress: site.Site, publisher: WordPressPublisher
) -> None:
    kept = wordpress.sql("select option_value from wp_options where option_name = 'permalink_structure'").strip()
    wordpress.sql(
        "update wp_options set option_value = '' where option_name in ('permalink_structure', 'rewrite_rules')"
    )
    try:
        sent = posts.sent(blog(wordpress), minute=10)
        placed = await publisher.publish(sent)
        assert placed.url == f"{wordpress.url}/?p={placed.external_id}"
        assert '"url": "' + placed.url in public(placed.url)
    finally:
        wordpress.sql(f"update wp_options set option_value = '{kept}' where option_name = 'permalink_structure'")
