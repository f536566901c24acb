"""What the tests send to a WordPress, real or not."""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import uuid4

from cid.channels.wordpress import WordPressPublisher
from cid.domain.draft import Article, Image
from cid.domain.ids import ChannelId, TenantId, uuid7
from cid.domain.publication import Channel, ChannelKind
from cid.outside.keys import Keys
from cid.outside.vault import Vault
from cid.ports import Http, Picture, Sent
from cid.render.version import render_version
from cid.render.wordpress import compared
from tests.fakes import InlineChildren
from tests.press import ARTICLE

VAULT = Vault(Keys(b"for the tests only: thirty-two and more bytes"))
CHILDREN = InlineChildren({"compare_post": compared})
START = datetime(2026, 5, 1, 9, tzinfo=UTC)


def png(colour: int = 0) -> bytes:
    """A small picture."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
    rows = b"".join(b"\0" + bytes([colour % 256, 80, 120]) * 8 for _ in range(8))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def image(body: bytes) -> Image:
    return Image(
        id=str(uuid4()),
        sha256=sha256(body).hexdigest(),
        mime="image/png",
        width=8,
        height=8,
        alt="A quay with two ferries",
        credit="Photo by Ada Lind on Pexels",
        credit_url="https://pexels.test/@ada",
        page_url="https://pexels.test/photo/1",
    )


def picture(of: Image, body: bytes) -> Picture:
    return Picture(body=body, mime=of.mime, name=f"picture-{of.sha256[:16]}.png", alt=of.alt, caption=of.credit)


def channel(url: str, user: str, password: str, **config: Any) -> Channel:
    made = Channel(
        tenant_id=TenantId(uuid4()),
        id=ChannelId(uuid4()),
        kind=ChannelKind.WORDPRESS,
        name="The blog",
        base_url=url,
        canonical=True,
        active=True,
        tenant_slug="acme",
        config={"user": user, **config},
    )
    return replace(made, sealed=VAULT.seal(password, made.secret_context))


def publisher(http: Http, **given: float) -> WordPressPublisher:
    return WordPressPublisher(http, VAULT, CHILDREN, **given)


def rendered(article: Article, at: Channel) -> dict[str, Any]:
    marks = {"sample": False, "offline": False, "language": "en", "site_name": "Acme", "provider": "fake/model"}
    told = {"id": str(at.id), "kind": "wordpress", "base_url": at.base_url, "config": dict(at.config)}
    value = {"article": asdict(article), "channels": [told], "marks": marks}
    payload: dict[str, Any] = json.loads(render_version(json.loads(json.dumps(value)))["payloads"])[str(at.id)]
    return payload


def sent(at: Channel, article: Article = ARTICLE, *, minute: int = 0, body: bytes | None = None, **given: Any) -> Sent:
    """`body`: of its picture."""
    its = image(body) if body else None
    article = replace(article, image=its)
    values = {"canonical": None, "live": True, "picture": picture(its, body) if its and body else None} | given
    key = values.pop("key", None) or str(uuid7(START + timedelta(minutes=minute)))
    return Sent(channel=at, key=key, payload=rendered(article, at), **values)
