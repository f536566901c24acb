"""What a WordPress may do to us, each with its name: recorded refusals, lost answers, pages instead of data."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from cid.channels.wordpress import WordPressPublisher
from cid.domain.errors import NotFound, Refused, Upstream
from cid.domain.publication import Channel
from cid.outside.http import GuardedHttp
from tests.press import ARTICLE
from tests.wordpress import posts
from tests.wordpress.double import PASSWORD, USER, Double, Fault, page, refusal


@pytest.fixture
async def double() -> AsyncIterator[Double]:
    async with Double() as started:
        yield started


@pytest.fixture
async def publisher(double: Double) -> AsyncIterator[WordPressPublisher]:
    async with GuardedHttp(allow_local=[double.place]) as http:
        yield posts.publisher(http, request_s=5, whole_s=20)


def blog(double: Double, **config: Any) -> Channel:
    return posts.channel(double.url, USER, PASSWORD, **config)


def once(method: str, route: str, what: web.Response | str) -> Fault:
    """At the first request like this."""
    left = [what]

    def fault(asked: str, at: str) -> web.Response | str | None:
        return left.pop() if left and asked == method and at.startswith(f"/wp/v2{route}") else None

    return fault


def always(method: str, route: str, make: Callable[[], web.Response | str]) -> Fault:
    return lambda asked, at: make() if asked == method and at.startswith(f"/wp/v2{route}") else None


STEPS = ("/posts", "/categories", "/tags", "/media", "/media/", "/posts/")
"""What is written, in order. A read whose answer is lost is repeated by the client itself."""


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("route", STEPS)
async def test_an_answer_lost_at_any_step_leaves_one_post_with_one_of_each_part(
    double: Double, publisher: WordPressPublisher, route: str, when: str
) -> None:
    sent = posts.sent(blog(double, categories=["Port"]), body=posts.png())
    double.fault = once("POST", route, when)
    with pytest.raises(Upstream):
        await publisher.publish(sent)
    assert await publisher.find(sent) is None
    placed = await publisher.publish(sent)
    assert await publisher.find(sent) == placed
    assert [post["status"] for post in double.posts.values()] == ["publish"]
    assert (len(double.terms["categories"]), len(double.terms["tags"]), len(double.media)) == (1, 2, 1)
    assert [note.what for note in await publisher.look(replace(sent, placed=placed))] == ["meta"]


async def test_published_with_the_answer_lost_it_is_found_and_not_sent_again(
    double: Double, publisher: WordPressPublisher
) -> None:
    sent = posts.sent(blog(double))
    seen: list[str] = []

    def second(method: str, route: str) -> str | None:
        seen.append(f"{method} {route}")
        return "after" if seen.count("POST /wp/v2/posts/1") == 2 and seen[-1] == "POST /wp/v2/posts/1" else None

    double.fault = second
    with pytest.raises(Upstream):
        await publisher.publish(sent)
    assert await publisher.find(sent) is not None
    before = len(seen)
    await publisher.publish(sent)
    assert not [asked for asked in seen[before:] if asked.startswith("POST")]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (always("GET", "/posts", lambda: refusal(401, "rest_not_logged_in")), "strips the Authorization header"),
        (always("GET", "/posts", lambda: refusal(401, "incorrect_password")), "password is not accepted"),
        (always("POST", "/posts", lambda: refusal(403, "rest_cannot_create")), "role Author or Editor"),
        (always("POST", "/posts/", lambda: refusal(403, "rest_cannot_publish")), "role Author or Editor"),
        (always("GET", "/posts", page), "web page where data was asked for"),
        (always("GET", "/posts", lambda: page(403, "<html>Access denied by the firewall")), "firewall or security"),
        (always("GET", "/posts", lambda: page(404)), "switched off"),
        (always("POST", "/posts", lambda: page(413)), "too large"),
        (
            always("GET", "/posts", lambda: web.Response(status=302, headers={"Location": "http://127.0.0.1:9/"})),
            "addre",
        ),
        (always("POST", "/posts", lambda: web.Response(status=307, headers={"Location": "/"})), "redirect"),
        (always("GET", "/posts", lambda: web.json_response({"no": "list"})), "sends no list"),
        (always("GET", "/posts", lambda: web.Response(body=b"[" * 100_000)), "not JSON"),
        (always("GET", "/tags", lambda: refusal(400, "rest_invalid_param")), "refuses the fields"),
    ],
)
async def test_a_refusal_says_its_remedy_and_nothing_is_public(
    double: Double, publisher: WordPressPublisher, fault: Fault, said: str
) -> None:
    double.fault = fault
    with pytest.raises(Refused, match=said):
        await publisher.publish(posts.sent(blog(double)))
    assert double.public() == []


@pytest.mark.parametrize(
    "answer",
    [
        lambda: web.Response(status=429, headers={"Retry-After": "120"}),
        lambda: page(503),
        lambda: page(502),
        lambda: web.Response(body=b"x" * 9_000_000),
        lambda: page(200, "<br />Warning: something in a plugin {}"),
    ],
    ids=["429", "503", "502", "huge", "a warning before the data"],
)
async def test_what_may_pass_is_tried_again_later(
    double: Double, publisher: WordPressPublisher, answer: Callable[[], web.Response]
) -> None:
    double.fault = always("POST", "/posts", answer)
    with pytest.raises(Upstream) as raised:
        await publisher.publish(posts.sent(blog(double)))
    if answer().status == 429:
        assert raised.value.retry_after is not None
        assert raised.value.retry_after.total_seconds() == 120


async def test_without_rights_the_article_goes_without_and_the_notes_say_so(
    double: Double, publisher: WordPressPublisher
) -> None:
    double.rights = frozenset({"publish_posts"})
    sent = posts.sent(blog(double, categories=["Port"]), body=posts.png())
    placed = await publisher.publish(sent)
    [post] = double.public()
    assert "schema.org" not in post["content"]
    assert "cid-credit" not in post["content"]
    notes = [note.what for note in await publisher.look(replace(sent, placed=placed))]
    assert notes == ["json_ld", "terms", "image", "meta"]
    assert len((await publisher.check(sent.channel)).lacks) == 3


@pytest.mark.parametrize("status", [400, 413, 500])
async def test_a_picture_that_the_site_does_not_take_is_left_out(
    double: Double, publisher: WordPressPublisher, status: int
) -> None:
    double.fault = always("POST", "/media", lambda: page(status))
    sent = posts.sent(blog(double), body=posts.png())
    placed = await publisher.publish(sent)
    assert "image" in [note.what for note in await publisher.look(replace(sent, placed=placed))]


async def test_a_term_that_another_spelling_hides_is_taken_as_it_is(
    double: Double, publisher: WordPressPublisher
) -> None:
    double.terms["tags"][77] = {"name": "harbour", "slug": "hafen"}
    await publisher.publish(posts.sent(blog(double)))
    [post] = double.public()
    assert 77 in post["tags"]


async def test_where_categories_may_not_be_made_the_channels_own_is_taken(
    double: Double, publisher: WordPressPublisher
) -> None:
    double.rights -= {"manage_categories"}
    double.terms["categories"][5] = {"name": "News", "slug": "news"}
    await publisher.publish(posts.sent(blog(double, categories=["Port"], default_category="News")))
    assert double.public()[0]["categories"] == [5]


async def test_with_a_plugin_for_it_description_and_canonical_are_kept(
    double: Double, publisher: WordPressPublisher
) -> None:
    double.plugin = True
    sent = posts.sent(blog(double), canonical="https://home.test/a")
    placed = await publisher.publish(sent)
    assert double.public()[0]["meta"]["_yoast_wpseo_canonical"] == "https://home.test/a"
    assert '"mainEntityOfPage": "https://home.test/a"' in double.public()[0]["content"]
    assert await publisher.look(replace(sent, placed=placed)) == []


async def test_plain_permalinks_are_found_out(double: Double, publisher: WordPressPublisher) -> None:
    double.pretty = False
    sent = posts.sent(blog(double))
    assert await publisher.find(sent) is None
    await publisher.publish(sent)
    assert len(double.public()) == 1


async def test_another_address_than_ours_stops_it_and_leaves_nothing(
    double: Double, publisher: WordPressPublisher
) -> None:
    sent = posts.sent(blog(double))
    slug = f"{sent.payload['slug']}-{sent.key[-8:]}"
    double.posts[99] = {"id": 99, "slug": slug, "status": "inherit", "content": "a file", "featured_media": 0}
    with pytest.raises(Refused, match="gives the post another address"):
        await publisher.publish(sent)
    assert {post["status"] for post in double.posts.values()} == {"inherit", "trash"}


async def test_an_update_is_the_same_post_and_what_is_gone_is_not_made_anew(
    double: Double, publisher: WordPressPublisher
) -> None:
    at = blog(double)
    sent = posts.sent(at)
    placed = await publisher.publish(sent)
    newer = posts.sent(at, replace(ARTICLE, title="Later", keywords=()), key=sent.key, placed=placed)
    double.fault = once("POST", "/posts/", "after")
    with pytest.raises(Upstream):
        await publisher.update(newer)
    assert await publisher.update(newer) == placed
    [post] = double.public()
    assert (post["title"], post["tags"]) == ("Later", [])
    double.posts.clear()
    with pytest.raises(NotFound):
        await publisher.update(newer)
    await publisher.retract(newer)
    assert double.posts == {}


async def test_a_secret_for_another_channel_or_over_plain_http_is_not_sent(
    double: Double, publisher: WordPressPublisher
) -> None:
    for at, said in (
        (replace(blog(double), base_url="http://blog.test"), "https address"),
        (replace(blog(double), sealed=""), "enter the user name"),
        (replace(blog(double), config={"user": "a:b"}), "colon"),
    ):
        with pytest.raises(Refused, match=said):
            await publisher.find(replace(posts.sent(blog(double)), channel=at))
    assert not double.asked
