"""A version's bytes: the same every time, safe to publish, and honest about how they came to be."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cid.domain.draft import Article, Question, Reference
from cid.render import page
from cid.render.article import read_article
from cid.render.disclosure import phrases
from cid.render.version import SLUG_LENGTH, render_version, slug

ARTICLE = Article(
    title="Quay opens",
    slug="",
    description="It opens in May.",
    body="Text.",
    keywords=("quay",),
    questions=(Question(question="When?", answer="In May."),),
    references=(Reference(title="Port", url="https://port.test/a"),),
    linkedin="Read this.",
)
ADDRESS = page.Address(
    url="https://acme.test/quay-1.html",
    canonical="https://acme.test/quay-1.html",
    published=datetime(2026, 5, 1, 9, 30, tzinfo=UTC),
    key="018f0000-0000-7000-8000-000000000001",
    home="https://acme.test/",
    feed="https://acme.test/feed.xml",
)
NOTES = phrases("en")
VECTORS = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.test/x.js></sCrIpT>",
    "<img src=x onerror=alert(1)>",
    '<img src="https://e.test/x.png" onload=alert(1) srcset="x">',
    "<svg/onload=alert(1)>",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    "<object data=javascript:alert(1)></object><embed src=x>",
    '<form action="//evil.test"><input name=p onfocus=alert(1) autofocus></form>',
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'><base href=//evil.test>",
    "<p style=\"background:url('javascript:alert(1)')\">x</p><style>@import '//evil.test'</style>",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "<template><img src=x onerror=alert(1)></template><details open ontoggle=alert(1)>",
    "<title></title><script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<!--><script>alert(1)</script-->",
    "<a href='jav&#x09;ascript:alert(1)'>x</a>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:msgbox(1))",
    '[x](https://e.test/"onmouseover="alert(1))',
    "[x](//evil.test/protocol-relative)",
    "![x](javascript:alert(1))",
    "![x](data:image/svg+xml;base64,PHN2Zz4=)",
    '![x" onerror="alert(1)](https://e.test/x.png)',
    "<javascript:alert(1)>",
    "[x]: javascript:alert(1)\n\n[x]",
    "`<script>alert(1)</script>`",
    "# <img src=x onerror=alert(1)>",
    "|<script>|\n|-|\n|<svg onload=x>|",
    "\x00<scr\x00ipt>alert(1)</script>",
    "\u2028</script>\u2029",
    "\ud800 lone surrogate",
]
LINKS = ["href", "src", "action", "data", "xlink:href", "formaction", "poster"]


def render(article: Article, *, channels: int = 1, **marks: Any) -> dict[str, str]:
    said = {"sample": False, "offline": False, "language": "en", "site_name": "Acme", "made_at": "", "provider": "p/m"}
    places = [{"id": f"c{n}", "kind": "site", "base_url": "https://acme.test"} for n in range(channels)]
    return render_version({"article": asdict(article), "channels": places, "marks": said | marks})


def payload(article: Article, **marks: Any) -> dict[str, Any]:
    first: dict[str, Any] = json.loads(render(article, **marks)["payloads"])["c0"]
    return first


class Seen(HTMLParser):
    """What a browser would make of it."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.scripts: list[str] = []
        self.text: list[str] = []
        self.inside = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside = tag if tag in {"script", "style"} else ""
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside == "script":
            self.scripts.append(data)
        elif not self.inside:
            self.text.append(data)


def harmless(html: str) -> Seen:
    """The page runs nothing and refers to nothing but the web."""
    seen = Seen(html)
    for tag, attributes in seen.tags:
        assert tag not in {"iframe", "object", "embed", "form", "base", "svg", "math", "template", "input"}
        assert tag != "script" or attributes == {"type": "application/ld+json"}
        assert not [name for name in attributes if name.startswith("on") or name in {"style", "srcdoc", "srcset"}]
        for name in LINKS:
            if (target := attributes.get(name)) is not None:
                assert re.match(r"(https?://|mailto:|#text$)", target), (tag, target)
    assert len([tag for tag, _ in seen.tags if tag == "script"]) == 1
    return seen


@pytest.mark.parametrize("vector", VECTORS)
@pytest.mark.parametrize(
    "field", ["title", "description", "body", "linkedin", "question", "answer", "source", "keyword"]
)
def test_nothing_that_runs_survives_in_any_field(vector: str, field: str) -> None:
    changed = {
        "question": {"questions": (Question(question=vector, answer="a"),)},
        "answer": {"questions": (Question(question="q", answer=vector),)},
        "source": {
            "references": (Reference(title=vector, url=vector), Reference(title="", url=f"https://e.test/{vector}"))
        },
        "keyword": {"keywords": (vector,)},
    }.get(field, {field: vector})
    made = payload(replace(ARTICLE, **changed))  # type: ignore[arg-type]
    for html in (page.preview_html(made), page.article_page(made, ADDRESS)):
        [data] = harmless(html).scripts
        assert "<" not in data
        assert json.loads(data)["@context"] == "https://schema.org"


def test_images_links_and_tables_that_are_honest_stay() -> None:
    made = payload(
        replace(ARTICLE, body="[a](https://e.test/?x=1&y=2) ![i](https://e.test/i.png)\n\n|a|b|\n|-|-:|\n|1|2|")
    )
    assert '<a href="https://e.test/?x=1&amp;y=2" rel="nofollow noopener">a</a>' in made["body_html"]
    assert '<img src="https://e.test/i.png" alt="i">' in made["body_html"]
    assert '<td align="right">2</td>' in made["body_html"]


def test_the_page_has_one_first_level_heading_whatever_the_text_has() -> None:
    html = page.preview_html(payload(replace(ARTICLE, body="# One\n\nTwo\n===")))
    assert [tag for tag, _ in Seen(html).tags].count("h1") == 1


def test_the_structured_questions_are_the_visible_ones() -> None:
    article = replace(ARTICLE, questions=(Question(question="A & B?", answer="Yes <b>\n\nno"),))
    made = payload(article)
    node = made["json_ld"]["@graph"][1]
    visible = " ".join(Seen(page.preview_html(made)).text)
    assert node["mainEntity"][0]["name"] == "A & B?"
    for part in ("A & B?", *node["mainEntity"][0]["acceptedAnswer"]["text"].split("\n\n")):
        assert part in visible
    assert [n["@type"] for n in payload(replace(ARTICLE, questions=()))["json_ld"]["@graph"]] == ["NewsArticle"]


def test_the_structured_data_names_its_sources() -> None:
    node = payload(ARTICLE)["json_ld"]["@graph"][0]
    assert node["isBasedOn"] == ["https://port.test/a"]
    assert node["citation"] == [{"@type": "CreativeWork", "name": "Port", "url": "https://port.test/a"}]
    assert payload(replace(ARTICLE, references=()))["json_ld"]["@graph"][0]["@type"] == "Article"


def test_address_and_time_are_all_that_publishing_adds() -> None:
    made = payload(ARTICLE)
    before = made["json_ld"]["@graph"][0]
    [data] = Seen(page.article_page(made, ADDRESS)).scripts
    after = json.loads(data)["@graph"][0]
    assert {name: value for name, value in after.items() if name in before} == before
    assert {name: after[name] for name in after.keys() - before.keys()} == {
        "url": ADDRESS.url,
        "mainEntityOfPage": ADDRESS.url,
        "datePublished": "2026-05-01T09:30:00+00:00",
        "dateModified": "2026-05-01T09:30:00+00:00",
    }
    assert before == payload(ARTICLE)["json_ld"]["@graph"][0], "filling in changed the payload"


def test_the_page_says_how_it_was_made() -> None:
    modelled = " ".join(payload(ARTICLE)["disclosure"])
    assert "language model (p/m)" in modelled
    assert "A person at Acme read and approved it" in modelled
    assert "edited" not in modelled
    assert "A person edited" in " ".join(payload(ARTICLE, edited=True)["disclosure"])
    assert "without a language model" in " ".join(payload(ARTICLE, offline=True)["disclosure"])


def test_a_preview_and_a_sample_are_for_no_index() -> None:
    assert 'content="noindex"' in page.preview_html(payload(ARTICLE))
    assert 'content="noindex"' in page.article_page(payload(ARTICLE, sample=True), ADDRESS)
    assert "noindex" not in page.article_page(payload(ARTICLE), ADDRESS)


def test_a_page_reads_in_the_direction_of_its_language() -> None:
    assert '<html lang="ar-EG" dir="rtl">' in page.preview_html(payload(ARTICLE, language="ar-EG"))
    assert '<html lang="en" dir="ltr">' in page.preview_html(payload(ARTICLE))


anything = st.text(max_size=60)
written = st.builds(
    Article,
    title=anything,
    slug=anything,
    description=anything,
    body=st.lists(st.sampled_from(VECTORS) | anything, max_size=4).map("\n\n".join),
    keywords=st.lists(anything, max_size=2).map(tuple),
    questions=st.lists(st.builds(Question, question=anything, answer=anything), max_size=2).map(tuple),
    references=st.lists(st.builds(Reference, title=anything, url=anything), max_size=2).map(tuple),
    linkedin=anything,
    angle=anything,
)


@given(article=written, sample=st.booleans(), offline=st.booleans())
def test_any_article_renders_alike_twice_safely_and_with_its_marks(
    article: Article, *, sample: bool, offline: bool
) -> None:
    first, second = (render(article, channels=2, sample=sample, offline=offline) for _ in range(2))
    assert first == second
    assert (
        json.dumps(json.loads(first["payloads"]), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        == (first["payloads"])
    )
    assert "\x00" not in first["article"] + first["payloads"]
    first["payloads"].encode()
    made = json.loads(first["payloads"])["c1"]
    for html in (page.preview_html(made), page.article_page(made, ADDRESS)):
        text = " ".join(harmless(html).text)
        assert (NOTES["sample_note"] in text) == sample
        assert ("Offline draft" in text) == offline
        assert ("without a language model" in text) == offline
    if made["linkedin"]:
        assert (NOTES["sample_note"] in made["linkedin"], NOTES["offline_note"] in made["linkedin"]) == (
            sample,
            offline,
        )


@given(article=written)
def test_what_was_stored_is_read_again(article: Article) -> None:
    stored = render(article)["article"]
    assert render(read_article(stored))["article"] == stored


@given(st.text(max_size=200))
def test_a_slug_is_short_and_fit_for_a_file_name(title: str) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug(title))
    assert len(slug(title)) <= SLUG_LENGTH


@pytest.mark.parametrize(
    ("title", "made"),
    [
        ("Zürich’s Café: 5 new rules!", "zurichs-cafe-5-new-rules"),
        ("Ferry guide 2026", "ferry-guide"),
        ("2026", "2026"),
        ("港口", "article"),
        ("../../etc/passwd", "etc-passwd"),
        ("x" * 90, "x" * SLUG_LENGTH),
    ],
)
def test_slugs(title: str, made: str) -> None:
    assert slug(title) == made


@given(st.lists(st.tuples(st.text(max_size=40), st.text(max_size=40)), max_size=4))
def test_any_list_of_articles_makes_a_feed_that_parses(texts: list[tuple[str, str]]) -> None:
    entries = [
        page.Listed(
            key=f"k{n}",
            url=f"https://acme.test/{n}.html",
            title=made["title"],
            description=made["description"],
            language="en",
            site_name="Acme",
            sample=False,
            published=datetime(2026, 5, 1, tzinfo=UTC),
        )
        for n, (title, description) in enumerate(texts)
        for made in [payload(replace(ARTICLE, title=title, description=description))]
    ]
    root = ET.fromstring(page.feed("Acme", entries, home="https://acme.test/", feed_url="https://acme.test/feed.xml"))
    assert [item.findtext("guid") for item in root.iter("item")] == [entry.key for entry in entries]
    seen = Seen(page.index_page("Acme", entries, home="https://acme.test/"))
    assert not [tag for tag, _ in seen.tags if tag == "script"]
