"""Ghost: a token per request, ours told from a stranger's, and every way in which it says no has its sentence."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import jwt
import pytest
from aiohttp import web

from cid.channels.ghost import Ghost
from cid.domain.errors import Misconfigured, NotFound, Refused, Upstream
from cid.domain.publication import ChannelKind
from cid.ports import Picture
from tests import ghost
from tests.contracts.test_publishers import CANONICAL, NOW, VAULT, There, channel_at, http_to
from tests.fakes import FrozenClock
from tests.wire import page

PICTURE = Picture(body=b"\xff\xd8\xff picture", mime="image/jpeg", name="quay.jpg", alt="A quay", caption="Ada <Lind>")


@pytest.fixture
async def far() -> AsyncIterator[ghost.Ghost]:
    async with ghost.ghost(NOW) as made:
        yield made


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOW)


@pytest.fixture
async def there(far: ghost.Ghost, clock: FrozenClock) -> AsyncIterator[There]:
    async with http_to(far.wire) as http:
        yield There(Ghost(http, VAULT, clock), channel_at(ChannelKind.GHOST, far.base, ghost.KEY), lambda: 0)


def one(far: ghost.Ghost) -> dict[str, object]:
    [post] = far.posts.values()
    return post


async def test_it_is_made_a_draft_first_and_published_second_and_mailed_to_nobody(
    there: There, far: ghost.Ghost
) -> None:
    await there.publisher.publish(there.sent())
    assert [(method, value["posts"][0]["status"]) for method, _, _, value in far.writes] == [
        ("POST", "draft"),
        ("PUT", "published"),
    ]
    assert all(query["source"] == "html" and "newsletter" not in query for _, _, query, _ in far.writes)
    assert far.mailed == []


async def test_the_post_carries_all_that_was_approved(there: There, far: ghost.Ghost) -> None:
    sent = there.sent(description="Long " * 100)
    await there.publisher.publish(sent)
    post = one(far)
    assert str(post["html"]).startswith("<!--kg-card-begin: html-->")
    assert sent.payload["html"] in str(post["html"])
    assert len(str(post["custom_excerpt"])) <= 300
    assert post["canonical_url"] == CANONICAL
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', str(post["codeinjection_head"]), re.DOTALL)
    assert found
    article = json.loads(found[1])["@graph"][0]
    assert (article["url"], article["datePublished"]) == (CANONICAL, "2026-05-02T12:00:00+00:00")


async def test_each_request_has_a_token_of_its_own_that_is_short_lived(
    there: There, far: ghost.Ghost, clock: FrozenClock
) -> None:
    await there.publisher.find(there.sent())
    clock.advance(timedelta(seconds=2))
    far.now += timedelta(seconds=2)
    await there.publisher.find(there.sent())
    tokens = [asked.headers["Authorization"].removeprefix("Ghost ") for asked in far.wire.asked]
    claims = [jwt.decode(token, options={"verify_signature": False}) for token in tokens]
    assert tokens[0] != tokens[1]
    assert all(claim["exp"] - claim["iat"] <= 300 and claim["aud"] == "/admin/" for claim in claims)
    assert {asked.headers["Accept-Version"] for asked in far.wire.asked} == {"v5.0"}


@pytest.mark.parametrize(("minutes", "way"), [(10, "10 minutes ahead of"), (-10, "10 minutes behind")])
async def test_a_wrong_clock_is_told_from_a_wrong_key(there: There, clock: FrozenClock, minutes: int, way: str) -> None:
    clock.advance(timedelta(minutes=minutes))
    with pytest.raises(Refused, match=f"clock is {way} its own: the server's clock differs"):
        await there.publisher.check(there.channel)


async def test_a_key_that_it_does_not_know_is_named_so(there: There) -> None:
    sealed = VAULT.seal(f"{'7' * 24}:{'cd' * 32}", there.channel.secret_context)
    with pytest.raises(Refused, match="does not accept the Admin API key: Unknown Admin API Key"):
        await there.publisher.check(replace(there.channel, sealed=sealed))


async def test_a_key_of_another_form_is_named_before_anything_is_asked(there: There, far: ghost.Ghost) -> None:
    sealed = VAULT.seal("content-api-key", there.channel.secret_context)
    with pytest.raises(Misconfigured, match="not of the form ID:SECRET"):
        await there.publisher.check(replace(there.channel, sealed=sealed))
    assert far.wire.asked == []


async def test_a_secret_copied_from_another_channel_does_not_open(there: There) -> None:
    other = channel_at(ChannelKind.GHOST, there.channel.base_url, ghost.KEY)
    with pytest.raises(Misconfigured, match="sealed for something else"):
        await there.publisher.check(replace(there.channel, sealed=other.sealed))


async def test_a_collision_without_a_change_of_the_text_is_tried_once_more(there: There, far: ghost.Ghost) -> None:
    sent = there.sent()
    placed = await there.publisher.publish(sent)
    far.meanwhile = lambda: far.touch(placed.external_id)
    newer = replace(there.sent(title="Two quays", slug="x"), key=sent.key, placed=placed)
    await there.publisher.update(newer)
    assert one(far)["title"] == "Two quays"


async def test_what_somebody_wrote_there_meanwhile_is_not_overwritten(there: There, far: ghost.Ghost) -> None:
    sent = there.sent()
    placed = await there.publisher.publish(sent)
    far.meanwhile = lambda: far.touch(placed.external_id, title="By an editor")
    with pytest.raises(Refused, match="their text is not overwritten"):
        await there.publisher.update(replace(there.sent(title="Two quays"), key=sent.key, placed=placed))
    assert one(far)["title"] == "By an editor"


async def test_what_does_not_pass_its_checks_is_in_its_own_words(there: There) -> None:
    sent = there.sent()
    with pytest.raises(Refused, match=r"does not take the post: .*posts\.custom_excerpt"):
        await there.publisher.publish(replace(sent, payload={**sent.payload, "excerpt": "x" * 301}))


async def test_a_picture_goes_up_once_with_its_words(there: There, far: ghost.Ghost) -> None:
    sent = replace(there.sent(), picture=PICTURE)
    await there.publisher.publish(sent)
    await there.publisher.publish(sent)
    assert far.uploads == [PICTURE.body]
    assert (one(far)["feature_image_alt"], one(far)["feature_image_caption"]) == ("A quay", "Ada &lt;Lind&gt;")
    assert list(await there.publisher.look(sent)) == []


@pytest.mark.parametrize("status", [413, 415, 422])
async def test_a_picture_that_it_does_not_take_is_a_note_and_no_failure(
    there: There, far: ghost.Ghost, status: int
) -> None:
    far.image_status = status
    sent = replace(there.sent(), picture=PICTURE)
    await there.publisher.publish(sent)
    assert [note.what for note in await there.publisher.look(sent)] == ["image"]


async def test_what_it_did_not_keep_is_told(there: There, far: ghost.Ghost) -> None:
    far.forget = frozenset({"tags", "custom_excerpt", "meta_description", "canonical_url"})
    sent = there.sent()
    placed = await there.publisher.publish(sent)
    assert [note.what for note in await there.publisher.look(replace(sent, placed=placed))] == [
        "terms",
        "excerpt",
        "meta",
        "canonical",
    ]


async def test_a_draft_that_got_another_address_is_not_published(there: There, far: ghost.Ghost) -> None:
    sent = there.sent()
    slug = f"{sent.payload['slug']}-{sent.key.replace('-', '')[-8:]}"

    def appears(request: web.Request) -> None:
        if request.method == "POST" and not far.posts:
            far.post(slug, title="A stranger's", status="published")

    far.instead = appears
    with pytest.raises(Refused, match="because another post has"):
        await there.publisher.publish(sent)
    assert [post["status"] for post in far.posts.values()] == ["published", "draft"]


async def test_a_login_page_with_200_is_no_post(there: There, far: ghost.Ghost) -> None:
    far.wire.instead = page
    with pytest.raises(Refused, match="web page where data was asked for"):
        await there.publisher.find(there.sent())


async def test_an_outage_is_one(there: There, far: ghost.Ghost) -> None:
    far.instead = lambda _: web.Response(status=503, headers={"Retry-After": "120"})
    with pytest.raises(Upstream) as raised:
        await there.publisher.publish(there.sent())
    assert raised.value.retry_after == timedelta(seconds=120)


async def test_its_admin_may_live_at_another_address(there: There, far: ghost.Ghost) -> None:
    channel = replace(there.channel, base_url="https://blog.test", config={"admin_url": far.base + "/"})
    assert (await there.publisher.check(channel)).account == "Acme blog (Ghost 5.130)"


async def test_what_somebody_made_a_draft_there_is_not_made_public_by_an_update(there: There, far: ghost.Ghost) -> None:
    sent = there.sent()
    placed = await there.publisher.publish(sent)
    far.posts[placed.external_id]["status"] = "draft"
    with pytest.raises(NotFound, match="not public on Ghost any more"):
        await there.publisher.update(replace(there.sent(title="Two quays"), key=sent.key, placed=placed))
    assert one(far)["status"] == "draft"


async def test_an_update_shows_the_picture_that_was_approved_with_it_or_none(there: There, far: ghost.Ghost) -> None:
    first = replace(PICTURE, name=f"picture-{'1' * 16}.jpg")
    second = Picture(body=b"\xff\xd8second", mime="image/jpeg", name=f"picture-{'2' * 16}.jpg", alt="B", caption="C")
    sent = there.sent()
    placed = await there.publisher.publish(replace(sent, picture=first))
    again = replace(sent, placed=placed)
    await there.publisher.update(replace(again, picture=replace(first, alt="Another quay")))
    assert (len(far.uploads), one(far)["feature_image_alt"]) == (1, "Another quay")
    await there.publisher.update(replace(again, picture=second))
    assert (far.uploads, one(far)["feature_image_alt"]) == ([first.body, second.body], "B")
    assert second.name in str(one(far)["feature_image"])
    await there.publisher.update(again)
    assert one(far)["feature_image"] is None
    far.posts[placed.external_id]["feature_image"] = "https://acme.test/by-hand.jpg"
    await there.publisher.update(again)
    assert one(far)["feature_image"] == "https://acme.test/by-hand.jpg"
