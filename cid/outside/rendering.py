"""A version's bytes, rendered in a killable child: an article is long enough to hold up the event loop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from cid.domain.draft import Article
from cid.domain.llm import Json
from cid.domain.publication import Channel
from cid.ports import Children


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What has to be said on the page about how it came to be."""

    sample: bool
    offline: bool
    language: str
    site_name: str
    made_at: str
    """ISO 8601 in UTC."""
    provider: str = ""
    """The provider and model that wrote the first version."""
    edited: bool = False
    """A person changed the text since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    article: str
    payloads: str
    renderer: str


async def render_version(children: Children, article: Article, channels: Sequence[Channel], marks: Marks) -> Rendered:
    """Raises ChildFailure."""
    value = {
        "article": asdict(article),
        "channels": [_told(channel) for channel in channels],
        "marks": asdict(marks),
    }
    answer = await children.call("render_version", value)
    return Rendered(article=answer["article"], payloads=answer["payloads"], renderer=answer["renderer"])


def _told(channel: Channel) -> Mapping[str, Json]:
    """Never its secret."""
    return {
        "id": str(channel.id),
        "kind": str(channel.kind),
        "base_url": channel.base_url,
        "config": dict(channel.config),
        "disclosure": str(channel.disclosure),
        "responsible": channel.responsible,
        "settings": channel.settings,
    }
