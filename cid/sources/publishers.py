"""What a news search says about publishers. Runs in a killable child."""

from __future__ import annotations

from base64 import b64decode

from lxml import etree

from cid.domain.llm import Json
from cid.text import urls
from cid.text.clean import TITLE_LIMIT, line


def find_publishers(value: Json) -> Json:
    """{"body": base64, "content_type"} → {"publishers": [{"url", "title"}]}, or {"error": a sentence}.

    Of an RSS document whose items name where they come from by `<source url="https://publisher">name</source>`, as a
    search at Google News does. Each site once, in the order of their first items.
    """
    parser = etree.XMLParser(recover=True, no_network=True, load_dtd=False, resolve_entities=False, huge_tree=False)
    try:
        root = etree.fromstring(b64decode(value["body"]), parser)
    except etree.XMLSyntaxError:
        root = None
    if root is None or str(root.tag).lower() != "rss":
        return {"error": "The news search did not answer with a feed."}
    found: dict[str, Json] = {}
    for source in root.iter("source"):
        url = urls.located(urls.absolute(source.get("url", "")))
        if url:
            found.setdefault(urls.site(url), {"url": url, "title": line(source.text or "", TITLE_LIMIT)})
    return {"publishers": list(found.values())}
