"""RSS 0.9x, 1.0 and 2.0 and Atom 0.3 and 1.0, by lxml: linear in whatever it is given, which feedparser is not."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from cid.sources.feed import wishes
from cid.sources.feed.raw import RawEntry, RawFeed, Unreadable
from cid.sources.feed.repair import giant_tag, legal, repair
from cid.text.urls import absolute

_ATOM = frozenset({"http://www.w3.org/2005/Atom", "http://purl.org/atom/ns#"})
_DC = frozenset({"http://purl.org/dc/elements/1.1/", "http://purl.org/dc/terms/"})
_CONTENT = frozenset({"http://purl.org/rss/1.0/modules/content/"})
_FOREIGN = re.compile(
    r"^https?://(?!purl\.org/rss/1\.0/$|my\.netscape\.com/|backend\.userland\.com/|blogs\.law\.harvard)"
)
_BASE = "{http://www.w3.org/XML/1998/namespace}base"
_DECLARATION = re.compile(r"^<\?xml[^>]*\?>")
_HTML = re.compile(r"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_FEED_ROOT = re.compile(r"<(?:[\w.-]+:)?(?:rss|feed|RDF|rdf|channel)\b")

Element = etree._Element  # noqa: SLF001 - lxml names its element type nowhere else


def read(text: str, url: str) -> RawFeed:
    """Raises Unreadable."""
    if text[0] != "<" and not _FEED_ROOT.search(text[:2000]):
        raise Unreadable("The answer is neither a feed nor a page.")
    if giant_tag(text):
        raise Unreadable("The feed holds a tag of more than 16 kB and was not read.")
    root, whole = document(legal(text[text.index("<") :]))
    name = _name(root)
    if name == "html" or (name not in {"rss", "rdf", "feed", "channel"} and _HTML.search(text[:2000])):
        raise Unreadable("The answer is a web page, not a feed.")
    if name not in {"rss", "rdf", "channel", "feed", "entry"}:
        raise Unreadable("The answer is XML, but not a feed.")
    feed = _atom(root, url) if name in {"feed", "entry"} else _rss(root, url)
    if not whole and not feed.entries:
        raise Unreadable("The feed is not well-formed XML, and nothing in it could be saved.")
    return feed


def document(text: str) -> tuple[Element, bool]:
    """Strictly, then mended, then what can be saved of it, which is not the whole. Raises Unreadable."""
    text = _DECLARATION.sub("", text, count=1)
    for attempt in (text, repair(text)):
        try:
            return etree.fromstring(attempt.encode(), _parser(recover=False)), True
        except etree.XMLSyntaxError:
            if _HTML.match(text):
                break
    try:
        root = etree.fromstring(repair(text).encode(), _parser(recover=True))
    except etree.XMLSyntaxError:
        root = None
    if root is None:
        page = _HTML.search(text[:2000])
        raise Unreadable("The answer is a web page, not a feed." if page else "The feed is not well-formed XML.")
    return root, False


def _parser(*, recover: bool) -> etree.XMLParser:
    """Entities of the document itself are expanded, within libxml2's bounds; nothing is loaded from anywhere."""
    return etree.XMLParser(
        recover=recover,
        encoding="utf-8",
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def _rss(root: Element, url: str) -> RawFeed:
    channel = root if _name(root) == "channel" else next(_children(root, "channel"), root)
    items = [*_children(channel, "item"), *(_children(root, "item") if channel is not root else ())]
    base = _base(channel, url)
    return RawFeed(
        title=_first(channel, "title") or _first(channel, "title", _DC),
        site=_site(channel, base),
        entries=tuple(_item(item) for item in items),
        wishes=wishes.read(channel),
    )


def _site(channel: Element, base: str) -> str:
    link = _first(channel, "link") or _atom_link(channel)
    return absolute(link, base) if link else ""


def _item(item: Element) -> RawEntry:
    guid = next(_children(item, "guid"), None)
    enclosure = next(_children(item, "enclosure"), None)
    is_link = guid is not None and (guid.get("isPermaLink") or "true").strip().lower() != "false"
    named = _text(guid) if guid is not None else _first(item, "identifier", _DC) or _about(item)
    return RawEntry(
        guid=named,
        guid_is_link=is_link,
        link=_first(item, "link")
        or _atom_link(item)
        or (named if is_link and absolute(named) else "")
        or (enclosure.get("url", "") if enclosure is not None else ""),
        base=item.get(_BASE, ""),
        title=_first(item, "title") or _first(item, "title", _DC),
        summary=_first(item, "description") or _first(item, "encoded", _CONTENT) or _first(item, "description", _DC),
        author=_first(item, "creator", _DC) or _first(item, "author"),
        published=(
            _first(item, "pubDate"),
            _first(item, "date", _DC),
            _first(item, "published", _ATOM),
            _first(item, "issued", _DC),
            _first(item, "updated", _ATOM),
            _first(item, "modified", _DC),
        ),
    )


def _atom(root: Element, url: str) -> RawFeed:
    base = _base(root, url)
    found = [root] if _name(root) == "entry" else _children(root, "entry", None)
    entries = tuple(_entry(entry, url) for entry in found)
    return RawFeed(
        title=_construct(root, "title"),
        site=absolute(_atom_link(root, None), base),
        entries=entries,
        wishes=wishes.read(root),
    )


def _entry(entry: Element, url: str) -> RawEntry:
    author = next(_children(entry, "author", None), None)
    return RawEntry(
        guid=_first(entry, "id", None),
        guid_is_link=True,
        link=_atom_link(entry, None),
        base=_base(entry, url),
        title=_construct(entry, "title"),
        summary=_construct(entry, "summary") or _construct(entry, "content"),
        author=_first(author, "name", None) if author is not None else "",
        published=tuple(
            _first(entry, name, None) for name in ("published", "issued", "created", "updated", "modified")
        ),
    )


def _construct(parent: Element, name: str) -> str:
    """An Atom text as markup: escaped HTML as it is, XHTML written out, plain text escaped."""
    element = next(_children(parent, name, None), None)
    if element is None:
        return ""
    kind = (element.get("type") or "text").lower()
    if kind in {"html", "text/html"} or element.get("mode") == "escaped":
        return _text(element)
    if len(element):
        return str(etree.tostring(element, encoding="unicode", method="xml", with_tail=False))
    text = _text(element)
    return text if kind.endswith("xml") else text.replace("&", "&amp;").replace("<", "&lt;")


def _atom_link(parent: Element, spaces: frozenset[str] | None = _ATOM) -> str:
    """The page that an entry or feed stands for, and not its edit, reply or media links."""
    links = [link for link in _children(parent, "link", spaces) if link.get("href")]
    pages = [link for link in links if (link.get("rel") or "alternate") == "alternate"]
    pages.sort(key=lambda link: "html" not in (link.get("type") or "html"))
    best = pages[0] if pages else None
    if best is None:
        return ""
    href = str(best.get("href", ""))
    return absolute(href, _base(best, "")) or href


def _base(element: Element, url: str) -> str:
    """xml:base, each relative to that around it."""
    bases = [step.get(_BASE) for step in (*reversed(list(element.iterancestors())), element)]
    for base in bases:
        url = absolute(base, url) or url if base else url
    return url


def _about(item: Element) -> str:
    return next((str(value) for key, value in item.attrib.items() if str(key).endswith("}about")), "")


def _children(parent: Element, name: str, spaces: frozenset[str] | None = frozenset()) -> Iterator[Element]:
    """Children by local name, in one of `spaces`. The empty set is RSS itself, in whatever namespace it is written;
    None is the parent's own."""
    own = _space(parent)
    for child in parent:
        if _name(child) != name.lower():
            continue
        space = _space(child)
        if space == own if spaces is None else space in spaces if spaces else not _FOREIGN.match(space):
            yield child


def _first(parent: Element, name: str, spaces: frozenset[str] | None = frozenset()) -> str:
    """The first that says anything."""
    return next(filter(None, (_text(child) for child in _children(parent, name, spaces))), "")


def _text(element: Element) -> str:
    return "".join(str(part) for part in element.itertext()).strip()


def _space(element: Element) -> str:
    return str(element.tag).rpartition("}")[0].removeprefix("{")


def _name(element: Element) -> str:
    """Local, in lower case. An entity or comment has none: its tag is a function."""
    return element.tag.rpartition("}")[2].lower() if isinstance(element.tag, str) else ""  # type: ignore[redundant-expr]
