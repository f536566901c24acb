"""RSS 0.9x, 1.0 and 2.0 and Atom 0.3 and 1.0, by lxml: linear in whatever it is given, which feedparser is not."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from lxml import etree

from cid.sources.feed import wishes
from cid.sources.feed.raw import FORBIDDEN, RawEntry, RawFeed, Unreadable
from cid.sources.feed.repair import declared, giant_tag, legal, repair
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
_ENDS = re.compile(r"</(?:[\w.-]+:)?(?:rss|feed|rdf|channel)\s*>\s*$", re.IGNORECASE)
_FEED_ROOT = re.compile(r"<(?:[\w.-]+:)?(?:rss|feed|RDF|rdf|channel)\b")

Element = etree._Element  # noqa: SLF001 - lxml names its element type nowhere else


def read(text: str, url: str) -> RawFeed:
    """Raises Unreadable."""
    if text[0] != "<" and not _FEED_ROOT.search(text[:2000]):
        raise Unreadable("The answer is neither a feed nor a page.")
    if giant_tag(text):
        raise Unreadable("The feed holds a tag of more than 16 kB and was not read.")
    allowed = legal(text)
    root, whole, remarks = _mended(allowed[allowed.index("<") :])
    name = _name(root)
    if name == "html" or (name not in {"rss", "rdf", "feed", "channel"} and _HTML.search(text[:2000])):
        raise Unreadable("The answer is a web page, not a feed.")
    if name not in {"rss", "rdf", "channel", "feed", "entry"}:
        raise Unreadable("The answer is XML, but not a feed.")
    feed = _atom(root, url) if name in {"feed", "entry"} else _rss(root, url)
    if not whole and not feed.entries and not _ENDS.search(text[-200:]):
        raise Unreadable("The feed is not well-formed XML, and nothing in it could be saved.")
    return replace(feed, remarks=(*remarks, *((FORBIDDEN,) if len(allowed) < len(text) else ())))


def document(text: str) -> tuple[Element, bool]:
    """Strictly, then mended, then what can be saved of it, which is not the whole. Raises Unreadable."""
    root, whole, _ = _mended(text)
    return root, whole


def _mended(text: str) -> tuple[Element, bool, tuple[str, ...]]:
    """As `document`, and what was done."""
    text = _DECLARATION.sub("", text, count=1)
    for attempt in (None, repair, declared):  # each mends what the one before it left
        text = attempt(text) if attempt else text
        try:
            root = etree.fromstring(text.encode(), _parser(recover=False))
        except etree.XMLSyntaxError:
            if _HTML.match(text):
                break
        else:
            return root, True, ("the XML was mended",) if attempt else ()
    try:
        root = etree.fromstring(text.encode(), _parser(recover=True))
    except etree.XMLSyntaxError:
        root = None
    if root is None:
        page = _HTML.search(text[:2000])
        raise Unreadable("The answer is a web page, not a feed." if page else "The feed is not well-formed XML.")
    return root, False, ("the XML is broken, and what could be saved of it was read",)


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
        language=_first(channel, "language") or _first(channel, "language", _DC) or _lang(root) or _lang(channel),
        entries=tuple(_item(item) for item in items),
        wishes=wishes.read(channel),
    )


def _site(channel: Element, base: str) -> str:
    link = _first(channel, "link") or _atom_link(channel)
    return absolute(link, base) if link else ""


def _item(item: Element) -> RawEntry:
    held = _branch(item)
    guid = next(_children(held, "guid"), None)
    enclosure = next(_children(held, "enclosure"), None)
    is_link = guid is not None and (guid.get("isPermaLink") or "true").strip().lower() != "false"
    named = _text(guid) if guid is not None else _first(held, "identifier", _DC) or _about(item)
    return RawEntry(
        guid=named,
        guid_is_link=is_link,
        link=_first(held, "link")
        or _atom_link(held)
        or (named if is_link and absolute(named) else "")
        or (enclosure.get("url", "") if enclosure is not None else ""),
        base=_base(item, ""),
        title=_first(held, "title") or _first(held, "title", _DC),
        summary=_first(held, "description") or _first(held, "encoded", _CONTENT) or _first(held, "description", _DC),
        author=_first(held, "creator", _DC) or _first(held, "author"),
        published=(
            _first(held, "pubDate"),
            _first(held, "date", _DC),
            _first(held, "published", _ATOM),
            _first(held, "issued", _DC),
            _first(held, "updated", _ATOM),
            _first(held, "modified", _DC),
        ),
    )


def _atom(root: Element, url: str) -> RawFeed:
    base = _base(root, url)
    found = [root] if _name(root) == "entry" else _children(root, "entry", None)
    entries = tuple(_entry(entry, url) for entry in found)
    return RawFeed(
        title=_construct(root, "title"),
        site=absolute(_atom_link(root, None), base),
        language=_lang(root),
        entries=entries,
        wishes=wishes.read(root),
    )


def _entry(entry: Element, url: str) -> RawEntry:
    held = _branch(entry)
    author = next(_children(held, "author", None), None)
    return RawEntry(
        guid=_first(held, "id", None),
        guid_is_link=True,
        link=_atom_link(held, None),
        base=_base(entry, url),
        title=_construct(held, "title"),
        summary=_construct(held, "summary") or _construct(held, "content"),
        author=_first(author, "name", None) if author is not None else "",
        published=tuple(_first(held, name, None) for name in ("published", "issued", "created", "updated", "modified")),
    )


def _construct(parent: Element | Branch, name: str) -> str:
    """An Atom text as markup: escaped HTML as it is, XHTML written out, plain text escaped."""
    element = next(_children(parent, name, None), None)
    if element is None:
        return ""
    kind = (element.get("type") or "text").lower()
    mode = element.get("mode", "")
    if kind in {"html", "text/html"} or mode == "escaped":
        return _text(element)
    if mode == "base64" or (kind.count("/") and not kind.startswith("text/") and not kind.endswith("xml")):
        return _decoded(_text(element))
    if len(element):
        return str(etree.tostring(element, encoding="unicode", method="xml", with_tail=False))
    text = _text(element)
    return text if kind.endswith("xml") else text.replace("&", "&amp;").replace("<", "&lt;")


def _decoded(text: str) -> str:
    """What Atom 0.3 marks as base64, and 1.0 by a media type that is neither text nor XML. As it is where it is not."""
    try:
        return b64decode(text, validate=True).decode()
    except ValueError:
        return text


def _atom_link(parent: Element | Branch, spaces: frozenset[str] | None = _ATOM) -> str:
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


def _lang(element: Element) -> str:
    return str(element.get("{http://www.w3.org/XML/1998/namespace}lang", ""))


def _about(item: Element) -> str:
    return next((str(value) for key, value in item.attrib.items() if str(key).endswith("}about")), "")


@dataclass(frozen=True, slots=True)
class Branch:
    """An element with its children by their local names: what is asked for a dozen things is gone through once."""

    space: str
    children: Mapping[str, Sequence[tuple[Element, str, bool]]]


def _branch(element: Element) -> Branch:
    children: dict[str, list[tuple[Element, str, bool]]] = {}
    for child in element:
        name, space, foreign = _tag(child)
        children.setdefault(name, []).append((child, space, foreign))
    return Branch(_tag(element)[1], children)


def _children(parent: Element | Branch, name: str, spaces: frozenset[str] | None = frozenset()) -> Iterator[Element]:
    """Children by local name, in one of `spaces`. The empty set is RSS itself, in whatever namespace it is written;
    None is the parent's own."""
    branch = parent if isinstance(parent, Branch) else _branch(parent)
    for child, space, foreign in branch.children.get(name.lower(), ()):
        if space == branch.space if spaces is None else space in spaces if spaces else not foreign:
            yield child


def _first(parent: Element | Branch, name: str, spaces: frozenset[str] | None = frozenset()) -> str:
    """The first that says anything."""
    return next(filter(None, (_text(child) for child in _children(parent, name, spaces))), "")


def _text(element: Element) -> str:
    return "".join(str(part) for part in element.itertext()).strip()


def _name(element: Element) -> str:
    """Local, in lower case."""
    return _tag(element)[0]


def _tag(element: Element) -> tuple[str, str, bool]:
    """Local name in lower case, namespace, and whether that is none of RSS's own. An entity or comment has no name: its
    tag is a function."""
    return _split(element.tag) if isinstance(element.tag, str) else ("", "", True)  # type: ignore[redundant-expr]


@lru_cache(maxsize=1000)
def _split(tag: str) -> tuple[str, str, bool]:
    """A document has thousands of elements and a few dozen tags."""
    space, _, name = tag.rpartition("}")
    space = space.removeprefix("{")
    return name.lower(), space, _FOREIGN.match(space) is not None
