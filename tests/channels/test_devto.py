"""Dev.to: its wire as recorded, and every way in which it says no ends in a sentence that names what to do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import web

from cid.channels import devto as adapter
from cid.channels.devto import DevTo
from cid.channels.json_api import AGENT
from cid.domain.errors import NotFound, Refused, Upstream
from cid.domain.publication import ChannelKind
from cid.outside.http import GuardedHttp
from cid.ports import Picture, Sent
from tests import devto
from tests.contracts.test_publishers import CANONICAL, VAULT, AtOnce, There, channel_at, http_to
from tests.wire import page

PICTURE = Picture(body=b"\xff\xd8", mime="image/jpeg", name="quay.jpg", alt="A quay", caption="Ada Lind")


@pytest.fixture
async def far() -> AsyncIterator[devto.DevTo]:
    async with devto.devto() as made:
        yield made


@pytest.fixture
async def there(far: devto.DevTo) -> AsyncIterator[There]:
    async with http_to(far.wire) as http:
        channel = channel_at(ChannelKind.DEVTO, far.base, devto.KEY)
        yield There(DevTo(http, VAULT, AtOnce()), channel, lambda: len(far.articles))


def says(far: devto.DevTo, answer: web.Response, *, method: str = "GET") -> None:
    far.instead = lambda request: answer if request.method == method else None


async def test_it_is_made_a_draft_first_and_published_second(there: There, far: devto.DevTo) -> None:
    await there.publisher.publish(there.sent())
    [create, change] = far.writes
    assert (create[0], create[1], create[2]["article"]["published"]) == ("POST", "/api/articles", False)
    assert (change[0], change[2]["article"]["published"]) == ("PUT", True)
    article = create[2]["article"]
    assert article["canonical_url"] == CANONICAL
    assert article["tags"] == ["abotwrotethis", "harbour", "ferries"]
    assert set(article) == {"title", "body_markdown", "description", "tags", "canonical_url", "published"}


async def test_every_request_says_who_asks(there: There, far: devto.DevTo) -> None:
    await there.publisher.publish(there.sent())
    assert {asked.headers["User-Agent"] for asked in far.wire.asked} == {AGENT}
    assert {asked.headers["api-key"] for asked in far.wire.asked} == {devto.KEY}


async def test_an_article_of_ours_that_names_the_original_already_is_taken_up(there: There, far: devto.DevTo) -> None:
    """As when the account imports the site's feed, which makes drafts there."""
    key = far.mine(CANONICAL + "/", published=False)
    placed = await there.publisher.publish(there.sent())
    assert (placed.external_id, [write[0] for write in far.writes]) == (str(key), ["PUT"])
    assert far.articles[key]["title"] == "Harbour opens its new quay"


async def test_one_that_appears_while_we_send_is_taken_up_too(there: There, far: devto.DevTo) -> None:
    def appears(request: web.Request) -> None:
        if request.method == "POST":
            far.mine(CANONICAL, published=False)

    far.instead = appears
    await there.publisher.publish(there.sent())
    assert (len(far.articles), [write[0] for write in far.writes]) == (1, ["POST", "PUT"])


async def test_ours_is_found_behind_many_others(there: There, far: devto.DevTo) -> None:
    far.mine(CANONICAL)
    for number in range(adapter.PER_PAGE):
        far.mine(f"https://acme.test/{number}")
    placed = await there.publisher.find(there.sent())
    assert placed is not None
    assert far.pages_asked == [1, 2]


async def test_more_articles_than_can_be_read_are_not_taken_for_none(
    there: There, far: devto.DevTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "PER_PAGE", 1)
    monkeypatch.setattr(adapter, "PAGES", 2)
    for number in range(3):
        far.mine(f"https://acme.test/{number}")
    with pytest.raises(Refused, match="over 2 articles"):
        await there.publisher.publish(there.sent())
    assert far.writes == []


async def test_without_a_canonical_address_nothing_is_sent(there: There, far: devto.DevTo) -> None:
    with pytest.raises(Refused, match="canonical channel"):
        await there.publisher.publish(replace(there.sent(), canonical=None))
    assert far.wire.asked == []


@pytest.mark.parametrize(
    ("status", "text", "headers", "error", "sentence"),
    [
        (401, '{"error": "unauthorized", "status": 401}', {}, Refused, "does not accept the secret: unauthorized"),
        (403, "Forbidden Bots", {}, Refused, "does not allow it"),
        (404, "<html>no</html>", {}, Refused, "nothing at that address"),
        (429, '{"error": "Retry later"}', {"Retry-After": "30"}, Upstream, "come back later: Retry later"),
        (500, "<html>oops</html>", {}, Upstream, "answers with status 500"),
        (503, "", {}, Upstream, "answers with status 503"),
    ],
)
async def test_each_no_has_its_sentence(
    there: There,
    far: devto.DevTo,
    status: int,
    text: str,
    headers: dict[str, str],
    error: type[Exception],
    sentence: str,
) -> None:
    says(far, web.Response(status=status, text=text, headers=headers))
    with pytest.raises(error, match=sentence) as raised:
        await there.publisher.publish(there.sent())
    assert far.articles == {}
    if isinstance(raised.value, Upstream):
        assert raised.value.retry_after == (timedelta(seconds=30) if headers else None)


async def test_tags_that_it_does_not_take_are_its_own_words(there: There, far: devto.DevTo) -> None:
    sent = there.sent()
    with pytest.raises(Refused, match='does not take the article: Tag "new-quay" contains non-alphanumeric'):
        await there.publisher.publish(replace(sent, payload={**sent.payload, "tags": ["new-quay"]}))


async def test_a_login_page_with_200_is_no_empty_list(there: There, far: devto.DevTo) -> None:
    far.wire.instead = page
    with pytest.raises(Refused, match="web page where data was asked for"):
        await there.publisher.publish(there.sent())


async def test_a_web_page_in_answer_to_a_write_is_looked_up_and_not_believed(there: There, far: devto.DevTo) -> None:
    says(far, web.Response(text="<html>", content_type="text/html"), method="POST")
    with pytest.raises(Upstream, match="has to be looked up"):
        await there.publisher.publish(there.sent())


async def test_an_address_that_leads_to_another_host_gets_no_key(there: There, far: devto.DevTo) -> None:
    async with devto.devto() as other:
        moved = web.Response(status=302, headers={"Location": f"{other.base}/api/articles/me/all?page=1&per_page=1"})
        says(far, moved)
        other.instead = lambda _: web.json_response([])
        ports = (far.wire.port, other.wire.port)
        async with GuardedHttp(allow_local=[f"127.0.0.1:{port}" for port in ports], spacing_s=0) as http:
            with pytest.raises(Refused, match="leads on to"):
                await DevTo(http, VAULT, AtOnce()).publish(replace(there.sent(), channel=there.channel))
        assert [asked.headers.get("api-key") for asked in other.wire.asked] == [None]


async def test_a_turn_that_is_far_off_is_waited_for_outside_and_a_near_one_inside(far: devto.DevTo) -> None:
    waits = {"create": timedelta(seconds=20)}
    taken: list[str] = []

    class Later:
        async def take(self, key: str, every: timedelta, burst: int = 1) -> timedelta:
            taken.append(key)
            return waits.pop(key.split(":")[1], timedelta(0))

    async with http_to(far.wire) as http:
        there = There(DevTo(http, VAULT, Later()), channel_at(ChannelKind.DEVTO, far.base, devto.KEY), lambda: 0)
        with pytest.raises(Upstream, match="this one waits") as raised:
            await there.publisher.publish(there.sent())
        assert raised.value.retry_after == timedelta(seconds=20)
        assert far.writes == []
        waits["write"] = timedelta(milliseconds=1)
        await there.publisher.publish(there.sent())
    assert len(far.writes) == 2
    assert not any(devto.KEY in key for key in taken)


async def test_what_it_did_not_keep_is_told(there: There, far: devto.DevTo) -> None:
    sent: Sent = there.sent(keywords=("harbour", "schiffsfähre und fahrpläne im überblick", "港", "a", "b", "c"))
    placed = await there.publisher.publish(sent)
    far.articles[int(placed.external_id)] |= {"tag_list": ["harbour"], "title": "Another", "body_markdown": "Another"}
    notes = await there.publisher.look(replace(sent, placed=placed, picture=PICTURE))
    assert [note.what for note in notes] == ["terms", "terms", "title", "html", "image"]
    assert "港" in notes[1].detail


async def test_retracting_makes_it_a_draft_there(there: There, far: devto.DevTo) -> None:
    sent = there.sent()
    placed = await there.publisher.publish(sent)
    await there.publisher.retract(replace(sent, placed=placed))
    assert far.writes[-1][2] == {"article": {"published": False}}
    assert [note.what for note in await there.publisher.look(replace(sent, placed=placed))] == ["gone"]


async def test_a_check_names_the_account(there: There) -> None:
    assert (await there.publisher.check(there.channel)).account == "@acme"


async def test_what_somebody_made_a_draft_there_is_not_made_public_by_an_update(there: There, far: devto.DevTo) -> None:
    sent = there.sent()
    placed = await there.publisher.publish(sent)
    far.articles[int(placed.external_id)]["published"] = False
    with pytest.raises(NotFound, match=r"not public on Dev\.to any more"):
        await there.publisher.update(replace(there.sent(title="Two quays"), key=sent.key, placed=placed))
    assert far.articles[int(placed.external_id)]["published"] is False


async def test_what_is_there_is_taken_back_when_nothing_is_canonical_any_more(there: There, far: devto.DevTo) -> None:
    sent = there.sent()
    placed = await there.publisher.publish(sent)
    alone = replace(sent, canonical=None, placed=placed)
    await there.publisher.retract(alone)
    assert far.articles[int(placed.external_id)]["published"] is False
    assert await there.publisher.find(alone) is None
