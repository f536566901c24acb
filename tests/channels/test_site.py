"""The site is a projection of publications: nothing doubled, nothing lost, the same bytes when made anew."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4
from xml.etree import ElementTree as ET

import pytest

from cid.channels import site
from cid.channels.site import SitePublisher
from cid.domain.errors import Refused, Upstream
from cid.domain.ids import ChannelId, TenantId, uuid7
from cid.domain.publication import Channel, ChannelKind
from cid.ports import Projection, Sent
from tests.press import ARTICLE
from tests.unit.test_render import payload

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

CHANNEL = Channel(
    tenant_id=TenantId(uuid4()),
    id=ChannelId(uuid4()),
    kind=ChannelKind.SITE,
    name="site",
    base_url="https://acme.test/news",
    canonical=True,
    active=True,
    tenant_slug="acme",
)


def key(minute: int = 0) -> str:
    return str(uuid7(datetime(2026, 5, 1, 9, minute, tzinfo=UTC)))


def sent(channel: Channel, it: str, given: dict[str, Any] | None = None, canonical: str | None = None) -> Sent:
    return Sent(channel=channel, key=it, payload=given or {}, canonical=canonical, live=True)


def snapshot(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def untouched(folder: Path) -> bool:
    return list(folder.iterdir()) == []


@pytest.fixture
def publisher(tmp_path: Path) -> SitePublisher:
    return SitePublisher(tmp_path)


async def test_an_article_is_a_page_in_the_index_and_in_the_feed(publisher: SitePublisher, tmp_path: Path) -> None:
    it = key(30)
    placed = await publisher.publish(sent(CHANNEL, it, payload(ARTICLE), None))
    assert placed.url == f"https://acme.test/news/harbour-opens-its-new-quay-{it[-8:]}.html"
    page = (tmp_path / "acme" / placed.external_id).read_text()
    assert f'<link rel="canonical" href="{placed.url}">' in page
    assert '"datePublished": "2026-05-01T09:30:00+00:00"' in page
    assert placed.url in (tmp_path / "acme" / "index.html").read_text()
    item = ET.parse(tmp_path / "acme" / "feed.xml").find("channel/item")
    assert item is not None
    assert (item.findtext("guid"), item.findtext("link")) == (it, placed.url)


async def test_a_text_at_home_elsewhere_points_there(publisher: SitePublisher, tmp_path: Path) -> None:
    placed = await publisher.publish(sent(CHANNEL, key(), payload(ARTICLE), "https://home.test/a"))
    page = (tmp_path / "acme" / placed.external_id).read_text()
    assert '<link rel="canonical" href="https://home.test/a">' in page
    assert '"mainEntityOfPage": "https://home.test/a"' in page


async def test_what_is_there_is_found_by_its_key_and_what_is_not_is_not(publisher: SitePublisher) -> None:
    it = key()
    assert await publisher.find(sent(CHANNEL, it)) is None
    placed = await publisher.publish(sent(CHANNEL, it, payload(ARTICLE), None))
    assert await publisher.find(sent(CHANNEL, it)) == placed
    assert await publisher.find(sent(CHANNEL, key())) is None
    assert await publisher.find(sent(replace(CHANNEL, tenant_slug="other"), it)) is None


async def test_publishing_twice_is_publishing_once(publisher: SitePublisher, tmp_path: Path) -> None:
    it = key()
    first = await publisher.publish(sent(CHANNEL, it, payload(ARTICLE), None))
    before = snapshot(tmp_path / "acme")
    assert await publisher.publish(sent(CHANNEL, it, payload(ARTICLE), None)) == first
    assert snapshot(tmp_path / "acme") == before


async def test_two_publishers_at_once_lose_neither(tmp_path: Path) -> None:
    keys = [key(n) for n in range(12)]
    await asyncio.gather(*(SitePublisher(tmp_path).publish(sent(CHANNEL, it, payload(ARTICLE), None)) for it in keys))
    feed = ET.parse(tmp_path / "acme" / "feed.xml")
    assert [item.findtext("guid") for item in feed.iter("item")] == keys[::-1]
    assert len(list((tmp_path / "acme").glob("harbour-*.html"))) == 12


@pytest.mark.parametrize("writes", range(4))
async def test_stopped_after_any_write_it_is_finished_by_the_next_try(
    publisher: SitePublisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    """Page, index, feed, record: what is found is whole, what is not whole is not found."""
    first, it, left = key(1), key(2), [writes]
    await publisher.publish(sent(CHANNEL, first, payload(ARTICLE), None))
    whole, write = tmp_path / "whole", site._write
    for done in (first, it):
        await SitePublisher(whole).publish(sent(CHANNEL, done, payload(ARTICLE), None))

    def stops(path: Path, text: str) -> None:
        if not left[0]:
            raise SystemError("killed")
        left[0] -= 1
        write(path, text)

    monkeypatch.setattr(site, "_write", stops)
    with pytest.raises(SystemError):
        await publisher.publish(sent(CHANNEL, it, payload(ARTICLE), None))
    monkeypatch.undo()
    assert await publisher.find(sent(CHANNEL, it)) is None
    await publisher.publish(sent(CHANNEL, it, payload(ARTICLE), None))
    assert snapshot(tmp_path / "acme") == snapshot(whole / "acme")


async def test_made_anew_the_folder_has_the_same_bytes_and_nothing_else(
    publisher: SitePublisher, tmp_path: Path
) -> None:
    keys, folder = [key(1), key(2)], tmp_path / "acme"
    for it in keys:
        await publisher.publish(sent(CHANNEL, it, payload(ARTICLE), None))
    before = snapshot(folder)
    for path in folder.iterdir():
        path.unlink()
    (folder / "left-over-00000000.html").write_text("old")
    assert await publisher.rebuild(CHANNEL, loads(*(out(it) for it in keys))) == 2
    assert snapshot(folder) == before


async def test_making_anew_deletes_nothing_that_is_being_published(publisher: SitePublisher, tmp_path: Path) -> None:
    written, coming = key(1), key(2)
    await publisher.publish(sent(CHANNEL, written, payload(ARTICLE), None))
    count = await publisher.rebuild(CHANNEL, loads(out(written, live=False), out(coming, live=False)))
    assert count == 1
    assert await publisher.find(sent(CHANNEL, written)) is not None
    assert await publisher.find(sent(CHANNEL, coming)) is None


async def test_making_anew_waits_for_who_is_writing_and_looks_afterwards(
    publisher: SitePublisher, tmp_path: Path
) -> None:
    looked: list[str] = []

    async def load() -> Sequence[Sent]:
        looked.append("looked")
        return []

    with site._lock(tmp_path / "acme"):
        task = asyncio.ensure_future(publisher.rebuild(CHANNEL, load))
        for _ in range(20):
            await asyncio.sleep(0)
        assert looked == []
    assert await task == 0


async def test_a_record_that_cannot_be_read_says_the_remedy_and_the_remedy_works(
    publisher: SitePublisher, tmp_path: Path
) -> None:
    it = key()
    await publisher.publish(sent(CHANNEL, it, payload(ARTICLE), None))
    (tmp_path / "acme" / site.RECORD).write_text('{"half')
    with pytest.raises(Refused, match="cid site build"):
        await publisher.publish(sent(CHANNEL, key(), payload(ARTICLE), None))
    await publisher.rebuild(CHANNEL, loads(out(it)))
    assert await publisher.find(sent(CHANNEL, it)) is not None


async def test_retracted_is_gone_from_everywhere(publisher: SitePublisher, tmp_path: Path) -> None:
    it = key()
    placed = await publisher.publish(sent(CHANNEL, it, payload(ARTICLE), None))
    for _ in range(2):
        await publisher.retract(sent(CHANNEL, it))
    assert await publisher.find(sent(CHANNEL, it)) is None
    assert not (tmp_path / "acme" / placed.external_id).exists()
    assert it not in (tmp_path / "acme" / "feed.xml").read_text()


@pytest.mark.parametrize("slug", ["../evil", "..", "", "a/b", "/etc", "A", "x" * 41, ".hidden", "a\n"])
async def test_no_tenant_has_a_folder_outside(publisher: SitePublisher, tmp_path: Path, slug: str) -> None:
    channel = replace(CHANNEL, tenant_slug=slug)
    for act in (publisher.publish(sent(channel, key(), payload(ARTICLE), None)), publisher.find(sent(channel, key()))):
        with pytest.raises(Refused):
            await act
    assert untouched(tmp_path)


@pytest.mark.parametrize("slug", ["../evil", "..", "", "a/b", "/etc/x", "a.b", "index\x00", "x" * 90, "a--b"])
async def test_no_article_is_written_outside(publisher: SitePublisher, tmp_path: Path, slug: str) -> None:
    with pytest.raises(Refused):
        await publisher.publish(sent(CHANNEL, key(), payload(ARTICLE) | {"slug": slug}, None))
    assert untouched(tmp_path)


async def test_a_key_without_a_time_is_refused(publisher: SitePublisher) -> None:
    with pytest.raises(Refused):
        await publisher.publish(sent(CHANNEL, str(uuid4()), payload(ARTICLE), None))


async def test_a_folder_that_cannot_be_written_may_be_mended(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Upstream, match="site folder"):
        await SitePublisher(tmp_path / "file").publish(sent(CHANNEL, key(), payload(ARTICLE), None))
    with pytest.raises(Upstream, match="site folder"):
        await SitePublisher(tmp_path / "file").rebuild(CHANNEL, loads())


async def test_a_sample_is_marked_on_every_page(publisher: SitePublisher, tmp_path: Path) -> None:
    placed = await publisher.publish(sent(CHANNEL, key(), payload(ARTICLE, sample=True), None))
    for name in (placed.external_id, "index.html"):
        assert "made up to show how the desk works" in (tmp_path / "acme" / name).read_text()
    assert "Sample: Harbour" in (tmp_path / "acme" / "feed.xml").read_text()
    assert json.loads((tmp_path / "acme" / site.RECORD).read_text())


def test_it_is_a_projection(publisher: SitePublisher) -> None:
    assert isinstance(publisher, Projection)


def out(it: str, *, live: bool = True) -> Sent:
    return Sent(channel=CHANNEL, key=it, payload=payload(ARTICLE), canonical=None, live=live)


def loads(*out: Sent) -> Any:
    async def load() -> Sequence[Sent]:
        return out

    return load
