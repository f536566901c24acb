"""One version on one channel, for a frame: the site's own page, or what another channel is given, in plain dress."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cid.render.markup import article_html
from cid.render.page import preview_html

if TYPE_CHECKING:
    from collections.abc import Mapping


def preview(payload: Mapping[str, Any], picture: str = "") -> str:
    """A whole page; `picture` is a data URL. Some hundredths of a second for a long text: not for the event loop."""
    if not {"body_markdown", "html"} & payload.keys():
        return preview_html(payload, picture)
    bare = {"body_html": _body(payload), "disclosure": [], "banner": ""}
    return preview_html({**payload, **bare}, picture)


def _body(payload: Mapping[str, Any]) -> str:
    """HTML came through the allow-list when the version was rendered; Markdown goes through it here."""
    if "body_markdown" in payload:
        return article_html(str(payload["body_markdown"]))
    return str(payload["html"])
