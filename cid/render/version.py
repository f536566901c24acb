"""A version's bytes: what each planned channel will receive, made once and decided on.

Everything that a reader sees is in the payload, and the payload is what the hash covers. Filled in at publication are
only what cannot be known before: the address (`rel=canonical`, `og:url`, and `url` and `mainEntityOfPage` of the
structured data) and the time (`datePublished`, `dateModified` and the line that shows it), which is the moment of the
decision, taken from the publication's own id.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import asdict
from html import escape
from typing import TYPE_CHECKING, Any

from cid.render import blogs
from cid.render.article import article_of, canonical, cleaned, write_article
from cid.render.disclosure import disclosure, phrases
from cid.render.markup import article_html, paragraphs, web_address
from cid.render.wordpress import wordpress_payload

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cid.domain.draft import Article, Image

RENDERER = "site/2"
"""Raised whenever the same article would come out differently."""
SLUG_LENGTH = 51
"""The channel adds a hyphen and eight characters of the publication's key: 60 in all."""
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/"


def render_version(value: Mapping[str, Any]) -> dict[str, str]:
    """`value`: {"article": Article's fields, "channels": [{"id", "kind", "base_url", …}], "marks": Marks' fields}.

    A channel says in which mode it discloses and who is responsible; its `settings` go into its payload, so that it can
    be told later under which of them these bytes were made.

    Answers {"article", "payloads", "renderer"}: both are canonical JSON, `payloads` an object channel id → payload.
    Raises KeyError for a channel of a kind that nothing here can render.
    """
    article = cleaned(article_of(value["article"]))
    payloads = {channel["id"]: _payload(channel, article, value["marks"]) for channel in value["channels"]}
    return {"article": write_article(article), "payloads": canonical(payloads), "renderer": RENDERER}


def _payload(channel: Mapping[str, Any], article: Article, marks: Mapping[str, Any]) -> dict[str, Any]:
    mode = channel.get("disclosure", "")
    told = {**marks, "config": channel.get("config") or {}, "mode": mode, "responsible": channel.get("responsible", "")}
    made = RENDERERS[channel["kind"]](article, told)
    return made | {"disclosure_mode": mode, "settings": channel.get("settings", "")}


def site_payload(article: Article, marks: Mapping[str, Any]) -> dict[str, Any]:
    """What the `site` channel is given: all that its page shows; the picture's bytes by their hash."""
    pictured = {"image": asdict(article.image)} if article.image else {}
    return pictured | {
        "title": article.title,
        "slug": slug(article.slug or article.title),
        "description": article.description,
        "body_html": article_html(article.body) + _questions(article) + _sources(article),
        "keywords": list(article.keywords),
        "language": marks["language"],
        "site_name": marks["site_name"],
        "sample": bool(marks["sample"]),
        "offline": bool(marks["offline"]),
        "banner": phrases(marks["language"])["sample_note"] if marks["sample"] else "",
        "disclosure": disclosure(article, marks),
        "json_ld": _pictured(structured(article, marks), article.image),
        "linkedin": linkedin(article, marks),
    }


def _wordpress(article: Article, marks: Mapping[str, Any]) -> dict[str, Any]:
    return wordpress_payload(article, marks, site_payload(article, marks))


def _pictured(json_ld: dict[str, Any], image: Image | None) -> dict[str, Any]:
    """With the picture and its credit; where it will be is filled in at publication."""
    if image:
        json_ld["@graph"][0]["image"] = {
            "@type": "ImageObject",
            "caption": image.alt,
            "creditText": image.credit,
            "width": image.width,
            "height": image.height,
            **({"acquireLicensePage": image.page_url} if image.page_url else {}),
        }
    return json_ld


def devto_payload(article: Article, marks: Mapping[str, Any]) -> dict[str, Any]:
    """What the site is given, for previews, and the same in Markdown."""
    given = site_payload(article, marks)
    return given | blogs.devto(
        article, banner=given["banner"], disclosure=given["disclosure"], bot=bool(given["disclosure"])
    )


def ghost_payload(article: Article, marks: Mapping[str, Any]) -> dict[str, Any]:
    """What the site is given, and the same as one piece of HTML."""
    given = site_payload(article, marks)
    return given | blogs.ghost(article, given)


RENDERERS: dict[str, Callable[[Article, Mapping[str, Any]], dict[str, Any]]] = {
    "site": site_payload,
    "wordpress": _wordpress,
    "devto": devto_payload,
    "ghost": ghost_payload,
}
"""By the channel's kind. `marks` carry its `config`."""


def slug(text: str) -> str:
    """Lower-case ASCII words joined by hyphens, at most SLUG_LENGTH, cut between words, without a year at the end."""
    folded = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", folded)
    while len(words) > 1 and re.fullmatch(r"(19|20)\d\d", words[-1]):
        words.pop()
    short = ""
    for word in words:
        longer = f"{short}-{word}" if short else word[:SLUG_LENGTH]
        if len(longer) > SLUG_LENGTH:
            break
        short = longer
    return short or "article"


def linkedin(article: Article, marks: Mapping[str, Any]) -> str:
    """Text travels without its page, so the marks travel in it."""
    if not article.linkedin:
        return ""
    said = phrases(marks["language"])
    notes = [said[name] for name, on in (("sample_note", marks["sample"]), ("offline_note", marks["offline"])) if on]
    return "\n\n".join([article.linkedin, *notes])


def structured(article: Article, marks: Mapping[str, Any]) -> dict[str, Any]:
    """schema.org: the article, and its questions only because the page shows the same text."""
    publisher = {"@type": "Organization", "name": marks["site_name"]}
    sources = [
        {"@type": "CreativeWork", "name": reference.title or url, "url": url}
        for reference in article.references
        if (url := web_address(reference.url))
    ]
    kind = "algorithmicMedia" if marks["offline"] else "compositeWithTrainedAlgorithmicMedia"
    node: dict[str, Any] = {
        "@type": "NewsArticle" if sources else "Article",
        "headline": article.title[:110],
        "description": article.description,
        "inLanguage": marks["language"],
        "author": publisher,
        "publisher": publisher,
        "digitalSourceType": SOURCE_TYPE + kind,
        "isAccessibleForFree": True,
    }
    if article.keywords:
        node["keywords"] = list(article.keywords)
    if sources:
        node["isBasedOn"] = [source["url"] for source in sources]
        node["citation"] = sources
    if marks["sample"]:
        node["creativeWorkStatus"] = "Sample"
    return {"@context": "https://schema.org", "@graph": [node, *_faq(article)]}


def _faq(article: Article) -> list[dict[str, Any]]:
    if not article.questions:
        return []
    entities = [
        {"@type": "Question", "name": q.question, "acceptedAnswer": {"@type": "Answer", "text": q.answer}}
        for q in article.questions
    ]
    return [{"@type": "FAQPage", "mainEntity": entities}]


def _questions(article: Article) -> str:
    if not article.questions:
        return ""
    rows = "".join(f"<h3>{escape(q.question)}</h3>{paragraphs(q.answer)}" for q in article.questions)
    return f'<section class="faq"><h2>Questions and answers</h2>{rows}</section>'


def _sources(article: Article) -> str:
    if not article.references:
        return ""
    rows = "".join(f"<li>{_source(r.title, r.url)}</li>" for r in article.references)
    return f'<section class="sources"><h2>Sources</h2><ol>{rows}</ol></section>'


def _source(title: str, address: str) -> str:
    """An address that is none of the web's is shown, never linked."""
    url = web_address(address)
    name = escape(title or address)
    if url is None:
        return f"{name} ({escape(address)})" if title else name
    host = escape(re.sub(r"^https?://(www\.)?", "", url, flags=re.IGNORECASE).split("/")[0])
    return f'<a href="{escape(url)}" rel="nofollow noopener">{name}</a> <span class="host">{host}</span>'
