"""A tenant's feeds as OPML 2.0, to take elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import quoteattr

from cid.text.clean import clean


def opml(title: str, feeds: Iterable[tuple[str, str]]) -> str:
    """`feeds` are (title, address)."""
    lines = [
        f'    <outline type="rss" text={quoteattr(clean(name) or url)} xmlUrl={quoteattr(url)}/>' for name, url in feeds
    ]
    head = clean(title).replace("&", "&amp;").replace("<", "&lt;")
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            f'<opml version="2.0">\n  <head><title>{head}</title></head>\n  <body>',
            *lines,
            "  </body>\n</opml>\n",
        ]
    )
