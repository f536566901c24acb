"""One suite for every kind of channel: what is there under our key is found and not doubled, whatever was lost."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from cid.channels.devto import DevTo
from cid.channels.ghost import Ghost
from cid.channels.site import SitePublisher
from cid.domain.errors import Refused, Upstream
from cid.domain.ids import ChannelId, TenantId, uuid7
from cid.domain.publication import Channel, ChannelKind
from cid.outside.http import GuardedHttp
from cid.outside.keys import Keys
from cid.outside.vault import Vault
from cid.ports import Publisher, Sent
from cid.render.version import RENDERERS
from tests import devto, ghost
from tests.fakes import FakePublisher, FrozenClock
from tests.press import ARTICLE

if TYPE_CHECKING:
    from tests.wire import Wire

NOW = datetime(2026, 5, 2, 12, tzinfo=UTC)
VAULT = Vault(Keys(b"x" * 32))
MARKS = {"sample": False, "offline": False, "language": "en", "site_name": "Acme", "provider": "anthropic/x"}
LOST = {"POST": 1, "PUT": 2}
"""The client itself repeats a PUT that was cut off on a connection it had used before."""
CANONICAL = "https://acme.test/news/harbour.html"


class AtOnce:
    """Nobody waits for a turn."""

    async def take(self, key: str, every: timedelta, burst: int = 1) -> timedelta:
        return timedelta(0)


@dataclass
class There:
    """One kind of channel and its far side. `count` says how many public posts are there, `lose` cuts off the answers
    of the next writes of a method after they were done, and `squat` puts a stranger's post in the way of ours."""

    publisher: Publisher
    channel: Channel
    count: Callable[[], int]
    lose: Callable[[str], None] | None = None
    squat: Callable[[Sent], None] | None = None

    def sent(self, **changes: Any) -> Sent:
        article = replace(ARTICLE, **changes)
        return Sent(
            channel=self.channel,
            key=str(uuid7(NOW)),
            payload=RENDERERS[self.channel.kind](article, MARKS),
            canonical=CANONICAL,
            live=True,
        )


def channel_at(kind: ChannelKind, base: str, secret: str = "") -> Channel:
    made = Channel(
        tenant_id=TenantId(uuid4()),
        id=ChannelId(uuid4()),
        kind=kind,
        name=str(kind),
        base_url=base,
        canonical=False,
        active=True,
        tenant_slug="acme",
    )
    return replace(made, sealed=VAULT.seal(secret, made.secret_context) if secret else "")


def http_to(wire: Wire) -> GuardedHttp:
    return GuardedHttp(allow_local=[f"127.0.0.1:{wire.port}"], spacing_s=0)


@asynccontextmanager
async def at_devto() -> AsyncIterator[There]:
    async with devto.devto() as far, http_to(far.wire) as http:

        def squat(sent: Sent) -> None:
            far.elsewhere.add(CANONICAL)

        yield There(
            DevTo(http, VAULT, AtOnce()),
            channel_at(ChannelKind.DEVTO, far.base, devto.KEY),
            lambda: sum(1 for row in far.articles.values() if row["published"]),
            lambda method: far.lose.update({method: LOST[method]}),
            squat,
        )


@asynccontextmanager
async def at_ghost() -> AsyncIterator[There]:
    async with ghost.ghost(NOW) as far, http_to(far.wire) as http:

        def squat(sent: Sent) -> None:
            far.post(
                f"{sent.payload['slug']}-{sent.key.replace('-', '')[-8:]}", title="A stranger's", status="published"
            )

        yield There(
            Ghost(http, VAULT, FrozenClock(NOW)),
            channel_at(ChannelKind.GHOST, far.base, ghost.KEY),
            lambda: sum(1 for row in far.posts.values() if row["status"] == "published"),
            lambda method: far.lose.update({method: LOST[method]}),
            squat,
        )


@asynccontextmanager
async def at_fake() -> AsyncIterator[There]:
    fake = FakePublisher()
    yield There(fake, channel_at(ChannelKind.SITE, "https://fake.test"), lambda: len(fake.posts))


KINDS = {"devto": at_devto, "ghost": at_ghost, "fake": at_fake}


@pytest.fixture(params=["site", *KINDS])
async def there(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[There]:
    if request.param == "site":
        folder = tmp_path / "acme"

        def pages() -> int:
            return sum(1 for page in folder.glob("*.html") if page.name != "index.html")

        yield There(SitePublisher(tmp_path), channel_at(ChannelKind.SITE, "https://acme.test/news"), pages)
        return
    async with KINDS[request.param]() as made:
        yield made


async def test_nothing_is_found_before_anything_was_sent(there: There) -> None:
    assert await there.publisher.find(there.sent()) is None


async def test_what_was_published_is_found_where_it_was_said_to_be(there: There) -> None:
    sent = there.sent()
    placed = await there.publisher.publish(sent)
    assert await there.publisher.find(sent) == placed
    assert await there.publisher.find(replace(sent, placed=placed)) == placed
    assert there.count() == 1


async def test_a_second_sending_takes_up_the_first(there: There) -> None:
    if isinstance(there.publisher, FakePublisher):
        pytest.skip("the fake tells its test of a second sending")
    sent = there.sent()
    assert await there.publisher.publish(sent) == await there.publisher.publish(sent)
    assert there.count() == 1


async def test_an_update_changes_the_same_post(there: There) -> None:
    sent = there.sent()
    placed = await there.publisher.publish(sent)
    newer = replace(there.sent(title="Harbour opens two quays", slug="harbour-opens-its-new-quay"), key=sent.key)
    assert (await there.publisher.update(replace(newer, placed=placed))).external_id == placed.external_id
    assert there.count() == 1
    assert [note.what for note in await there.publisher.look(replace(newer, placed=placed))] == []


async def test_what_is_retracted_is_gone_and_may_be_retracted_again(there: There) -> None:
    sent = there.sent()
    sent = replace(sent, placed=await there.publisher.publish(sent))
    await there.publisher.retract(sent)
    await there.publisher.retract(sent)
    assert there.count() == 0
    assert await there.publisher.find(sent) is None


async def test_what_was_never_there_may_be_retracted(there: There) -> None:
    await there.publisher.retract(there.sent())


async def test_reading_back_finds_nothing_to_say_of_what_was_kept(there: There) -> None:
    sent = there.sent()
    sent = replace(sent, placed=await there.publisher.publish(sent))
    assert list(await there.publisher.look(sent)) == []


async def test_a_check_says_who_we_are_and_changes_nothing(there: There) -> None:
    assert (await there.publisher.check(there.channel)).account
    assert there.count() == 0


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_an_answer_lost_after_it_was_done_leaves_one_post(there: There, method: str) -> None:
    if there.lose is None:
        pytest.skip("there is no answer to lose")
    sent = there.sent()
    there.lose(method)
    with suppress(Upstream):  # where the client's own repetition is told apart, it is resolved on the spot
        await there.publisher.publish(sent)
    found = await there.publisher.find(sent)
    assert (found is not None) == (method == "PUT"), "a draft is not yet published"
    placed = await there.publisher.publish(sent)
    assert await there.publisher.find(sent) == placed
    assert there.count() == 1


async def test_what_a_stranger_has_in_our_place_stops_us_and_stays(there: There) -> None:
    if there.squat is None:
        pytest.skip("nobody else can write there")
    sent = there.sent()
    there.squat(sent)
    before = there.count()
    assert await there.publisher.find(sent) is None
    with pytest.raises(Refused, match="somebody has to look"):
        await there.publisher.publish(sent)
    assert there.count() == before


async def test_a_channel_without_its_secret_says_so(there: There) -> None:
    if not there.channel.sealed:
        pytest.skip("it takes none")
    with pytest.raises(Refused, match="enter one"):
        await there.publisher.find(replace(there.sent(), channel=replace(there.channel, sealed="")))
