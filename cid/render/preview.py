"""One version on one channel, for a frame: the site's own page, or what another channel is given, in plain dress."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cid.render.markup import article_html
from cid.render.page import preview_html

if TYPE_CHECKING:
    from collections.abc import Mapping


def preview(payload: Mapping[str, Any], picture: str = "") -> str:
    """A whole page, with `picture` as a data URL. Not for the event loop: a long Markdown takes a while."""
    if not {"body_markdown", "html"} & payload.keys():
        return preview_html(payload, picture)
    return preview_html(
        {
            "title": payload.get("title", ""),
            "description": payload.get("description") or payload.get("excerpt", ""),
            "body_html": _body(payload),
            "keywords": list(payload.get("tags", ())),
            "language": payload.get("language", "en"),
            "site_name": payload.get("site_name", ""),
            "sample": bool(payload.get("sample")),
            "offline": bool(payload.get("offline")),
            "banner": payload.get("banner", ""),
            "disclosure": [],
            "json_ld": payload.get("json_ld", {}),
            "image": payload.get("image"),
        },
        picture,
    )


def _body(payload: Mapping[str, Any]) -> str:
    """HTML came through the allow-list when the version was rendered; Markdown goes through it here."""
    if "body_markdown" in payload:
        return article_html(str(payload["body_markdown"]))
    return str(payload["html"])
