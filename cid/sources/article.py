"""An article's page → its text, and what the page says about itself. Runs in a killable child."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Iterator
from functools import cache
from urllib.parse import urlsplit

from lxml import etree, html
from publicsuffixlist import PublicSuffixList
from trafilatura import extract

from cid.domain.llm import Json
from cid.domain.reading import TextState
from cid.sources.feed.decode import decode
from cid.sources.feed.repair import giant_tag, legal
from cid.text import dates, robots, urls
from cid.text.clean import TITLE_LIMIT, clean, line
from cid.text.languages import tag
from cid.text.words import words

TEXT_LIMIT = 40_000
"""Characters kept of an article."""
SHORTEST = 300
"""Characters; an extraction below that is a teaser or a menu."""
PAYWALL_BELOW = 2500
"""Characters; where more than this could be read, a call to subscribe is only advertising."""
DATA_BLOCKS, DATA_BYTES, DATA_NODES = 12, 300_000, 500
"""Bounds on structured data (JSON-LD): blocks, characters of one, things in all."""

_UNSEEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|font-size\s*:\s*0*(?:\.\d+|0|1)?(?:px|pt|em|rem|%)?\s*(?:;|!|$)"
    r"|opacity\s*:\s*0?(?:\.0\d*|0)?\s*(?:;|!|$)|(?:left|top|text-indent)\s*:\s*-\d{3,}"
    r"|(?:max-)?(?:height|width)\s*:\s*0(?:px)?\s*(?:;|!|$)",
    re.IGNORECASE,
)
_WHOLE = frozenset({"html", "body", "main", "article"})
"""Hidden until a script shows them: that hides nothing from readers."""
_ARTICLES = re.compile(r"(?:Article|BlogPosting|Report)$")
_CHALLENGE = re.compile(
    r"just a moment|attention required|access denied|are you (?:a robot|human)|security check|verify you are|"
    r"before you continue|pardon our interruption|ddos|captcha|robot check",
    re.IGNORECASE,
)
_CHALLENGE_MARKS = ("cf-challenge", "_cf_chl", "ddos-guard", "px-captcha", "g-recaptcha", "h-captcha", "datadome")
_NEEDS_SCRIPT = re.compile(
    r"(?:enable|activate|requires?|turn on|aktivieren|activez|activer|habilit\w+|attiva\w*)\W+(?:\w+\W+){0,3}"
    r"java ?script|"
    r"java ?script\W+(?:\w+\W+){0,4}(?:enabled?|required|disabled|aktivieren|deaktiviert|activ\w+|désactivé)",
    re.IGNORECASE,
)
_SUBSCRIBE = re.compile(
    r"subscribe (?:now )?to (?:continue|read|keep|unlock)|(?:already a|become a) subscriber|subscribers? only|"
    r"(?:for|to) subscribers|to continue reading|sign (?:in|up) to (?:continue|read)|premium (?:article|content)|"
    r"weiterlesen mit|jetzt abonnieren|mit .{0,20}abo (?:weiter)?lesen|für abonnenten|réservé aux abonnés|"
    r"abonnez-vous pour|contenido exclusivo para suscriptores|suscríbete para|riservato agli abbonati|"
    r"conteúdo exclusivo para assinantes|dla subskrybentów|для подписчиков",
    re.IGNORECASE,
)


def read_article(value: Json) -> Json:
    """{"body": base64, "content_type", "url", "language"} → {"state", "detail", "text", "words", "title", "language",
    "canonical", "published": ISO 8601 or null}. `language` is what is believed where the page says nothing.

    An error is an answer, too: the child did its work, and the page is at fault.
    """
    text = decode(b64decode(value["body"]), value["content_type"]).lstrip("\ufeff \t\r\n\0")
    if giant_tag(text):
        return _answer(TextState.UNREADABLE, "The page holds a tag of more than 16 kB and was not read.")
    try:
        root = html.document_fromstring(legal(text).encode(), parser=html.HTMLParser(encoding="utf-8"))
    except (etree.ParserError, etree.XMLSyntaxError):
        return _answer(TextState.UNREADABLE, "The page cannot be read.")
    data = list(_data(root))
    said = {
        "title": line(_meta(root, "og:title") or root.findtext(".//title") or "", TITLE_LIMIT),
        "language": _language(root) or tag(value["language"]),
        "canonical": _canonical(root, value["url"]),
        "published": _published(root, data),
    }
    return {**_judged(root, text, data), **said}


def read_robots(value: Json) -> Json:
    """{"body": base64, "token"} → the rules that hold for us, as `text.robots.packed` has them."""
    text = b64decode(value["body"]).decode("utf-8", "replace")
    return robots.packed(robots.rules(text, value["token"]))


def _judged(root: html.HtmlElement, source: str, data: list[Json]) -> dict[str, Json]:
    title = " ".join((root.findtext(".//title") or "")[:500].split())
    shown = _shown(root)
    short = len(shown) < PAYWALL_BELOW
    if short and (_CHALLENGE.search(title) or any(mark in source[:100_000] for mark in _CHALLENGE_MARKS)):
        return _answer(TextState.BLOCKED, "The page wants to see a browser.")
    locked = _locked(root, data)
    found = _extracted(root)
    if locked or (len(found) < PAYWALL_BELOW and _SUBSCRIBE.search(shown)):
        return _answer(TextState.PAYWALLED, "The page says so itself." if locked else "It asks readers to subscribe.")
    if len(found) >= SHORTEST:
        return {**_answer(TextState.READ), "text": found, "words": len(words(found))}
    scripts = root.find(".//script") is not None
    if scripts and (_NEEDS_SCRIPT.search(_noscript(root) + shown[:2000]) or len(shown) < SHORTEST):
        return _answer(TextState.SCRIPT, "The page holds no text until a browser runs its script.")
    return _answer(TextState.TOO_SHORT, f"Only {len(found)} characters of text were found.")


def _answer(state: TextState, detail: str = "") -> dict[str, Json]:
    nothing = {"text": "", "words": 0, "title": "", "language": "", "canonical": "", "published": None}
    return {"state": state.value, "detail": detail, **nothing}


def _extracted(root: html.HtmlElement) -> str:
    """The article's paragraphs. What the page hides from readers is none of it."""
    for element in list(root.iter(etree.Element)):
        hidden = "hidden" in element.attrib or element.get("aria-hidden", "").lower() == "true"
        unseen = hidden or _UNSEEN.search((element.get("style") or "")[:2000])
        if unseen and element.tag not in _WHOLE and element.getparent() is not None:
            element.drop_tree()
    found = extract(
        root,
        fast=True,  # the slower ways in are for pages that this one fails on, at ten times the cost
        include_comments=False,
        include_tables=False,
        with_metadata=False,
        favor_precision=True,
    )
    paragraphs = filter(None, (clean(paragraph) for paragraph in (found or "").splitlines()))
    return "\n\n".join(paragraphs)[:TEXT_LIMIT].strip()


def _shown(root: html.HtmlElement) -> str:
    """The words of the body that a reader may see, script and style apart; at most 20,000 characters are looked at."""
    kept, length = [], 0
    body = root.find("body")
    for element in (body if body is not None else root).iter(etree.Element):
        if element.tag in {"script", "style", "noscript", "template"}:
            text = element.tail
        else:
            text = f"{element.text or ''} {element.tail or ''}"
        piece = " ".join((text or "").split())
        if piece:
            kept.append(piece)
            length += len(piece)
        if length > 20_000:
            break
    return " ".join(kept)


def _noscript(root: html.HtmlElement) -> str:
    return " ".join(element.text_content()[:500] for element in list(root.iter("noscript"))[:5]) + " "


def _meta(root: html.HtmlElement, name: str) -> str:
    for element in root.iter("meta"):
        if name in {(element.get("property") or "").lower(), (element.get("name") or "").lower()}:
            return (element.get("content") or "").strip()
    return ""


def _language(root: html.HtmlElement) -> str:
    said = (
        root.get("lang") or "",
        root.get("{http://www.w3.org/XML/1998/namespace}lang") or "",
        _meta(root, "og:locale"),
    )
    return next(filter(None, map(tag, said)), "")


def _canonical(root: html.HtmlElement, url: str) -> str:
    """Only on the site itself: a page cannot speak for another one. Nor is the home page an article's address."""
    links = [link for link in root.iter("link") if "canonical" in (link.get("rel") or "").lower().split()]
    named = {urls.canonical(urls.absolute(link.get("href") or "", url)) for link in links}
    if len(named) != 1:
        return ""
    (found,) = named
    if not found or _domain(found) != _domain(url):
        return ""
    home = urlsplit(found).path in {"", "/"} and not urlsplit(found).query
    return "" if home and urlsplit(url).path not in {"", "/"} else found


def _domain(url: str) -> str:
    """What somebody registered, such as `post.co.uk`."""
    host = urls.site(url)
    return _suffixes().privatesuffix(host) or host


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def _data(root: html.HtmlElement) -> Iterator[Json]:
    """Things that the page describes in JSON-LD, out of lists and graphs."""
    blocks = [script for script in root.iter("script") if "ld+json" in (script.get("type") or "").lower()]
    left = DATA_NODES
    for block in blocks[:DATA_BLOCKS]:
        text = (block.text or "")[:DATA_BYTES]
        try:
            todo = [json.loads(text, strict=False)]
        except (ValueError, RecursionError):
            continue
        while todo and left:
            left -= 1
            thing = todo.pop()
            if isinstance(thing, list):
                todo += reversed(thing[:DATA_NODES])
            elif isinstance(thing, dict):
                yield thing
                todo += [thing[name] for name in ("@graph", "mainEntity", "hasPart") if name in thing]


def _published(root: html.HtmlElement, data: list[Json]) -> str | None:
    articles = [thing for thing in data if any(_ARTICLES.search(kind) for kind in _kinds(thing))]
    said = [thing.get("datePublished") for thing in articles]
    said += [_meta(root, "article:published_time"), _meta(root, "og:article:published_time")]
    for text in said:
        found = dates.parse(text[:100]) if isinstance(text, str) and text else None
        if found:
            return found.isoformat()
    return None


def _locked(root: html.HtmlElement, data: list[Json]) -> bool:
    """Whether the page itself says that it is not for everybody (schema.org's isAccessibleForFree, content_tier)."""
    free = [str(thing.get("isAccessibleForFree", "")).lower().rpartition("/")[2] for thing in data]
    return "false" in free or _meta(root, "article:content_tier").lower() in {"locked", "paid"}


def _kinds(thing: Json) -> list[str]:
    kinds = thing.get("@type")
    return [kind for kind in (kinds if isinstance(kinds, list) else [kinds]) if isinstance(kind, str)]
