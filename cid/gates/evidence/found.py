"""Pages that searches led to: which of them are worth fetching, and what they say that a draft may stand on.

A quote counts when it stands in the page's stored text, word for word; everything else a model says about a page is
bounded by rules. A page that speaks to models is asked about without those sentences, and by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, zip_longest

from cid.domain.errors import BadReply
from cid.domain.evidence import Avoid, Claim, ClaimKind, Confidence, Report, SourceClass
from cid.domain.ids import TenantId
from cid.domain.llm import Ask, Json, Subject, Tier
from cid.domain.searching import Hit, SourceRules
from cid.gates.evidence.classes import bounded, called, classed
from cid.gates.evidence.quotes import kind_of, located
from cid.text import domains, urls
from cid.text.clean import line
from cid.text.injection import LEFT_OUT, signs, without
from cid.text.links import unlinked
from cid.text.prose import numbers, quotations, sentences
from cid.text.words import words

MOST_PAGES = 10
PER_HOUSE = 2
"""Pages of one registered domain: whoever fills the results with pages of one's own is one voice."""
PER_PAGE = 8
"""Claims."""
ROOM = 4000
"""Characters of a page that are looked at. Looking for orders to models costs 40 ms per thousand."""
SAFE, WHY = 300, 200
_CLAIM: Mapping[str, Json] = {
    "type": "object",
    "properties": {
        "page": {"type": "integer"},
        "quote": {"type": "string"},
        "kind": {"type": "string", "enum": [kind.value for kind in ClaimKind]},
        "confidence": {"type": "string", "enum": [level.value for level in Confidence]},
        "safe": {"type": "string"},
    },
    "required": ["page", "quote", "kind", "confidence", "safe"],
    "additionalProperties": False,
}
GUESSED = (SourceClass.PRESS, SourceClass.VENDOR, SourceClass.SOCIAL)
"""What a model may take a host for: that it is a state's, or a wire, only our lists say."""
_GUESSES = {kind.value: kind for kind in GUESSED}


def _rows(properties: Mapping[str, Json], most: int) -> Json:
    row = {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    return {"type": "array", "items": row, "maxItems": most}


SCHEMA: Mapping[str, Json] = {
    "type": "object",
    "properties": {
        "claims": {"type": "array", "items": _CLAIM, "maxItems": 120},
        "avoid": _rows({"page": {"type": "integer"}, "quote": {"type": "string"}, "why": {"type": "string"}}, 40),
        "sources": _rows(
            {"page": {"type": "integer"}, "is": {"type": "string", "enum": [kind.value for kind in GUESSED]}}, 20
        ),
    },
    "required": ["claims", "avoid", "sources"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The stored text of a page that could be read."""

    url: str
    sha256: str
    """In hex, of `text`."""
    title: str
    text: str
    publisher: str
    shown: str = ""
    """What a model sees of the text."""
    suspicious: bool = False
    """It seems to speak to models."""

    @property
    def lead(self) -> str:
        return self.text[:ROOM]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What was taken of pages."""

    claims: tuple[Claim, ...] = ()
    avoid: tuple[Avoid, ...] = ()
    thrown: int = 0
    """Quotes that do not stand in their page."""


def chosen(found: Sequence[Sequence[Hit]], reports: Iterable[Report], most: int) -> list[Hit]:
    """By turns, the best result of each search first. What the story's own reports are is known already."""
    known = {urls.identity(report.url) for report in reports}
    houses: dict[str, int] = {}
    taken: list[Hit] = []
    for hit in chain.from_iterable(zip_longest(*found)):
        if hit is None or urls.identity(hit.url) in known:
            continue
        house = domains.of(hit.url)
        known.add(urls.identity(hit.url))
        if houses.get(house, 0) < PER_HOUSE:
            houses[house] = houses.get(house, 0) + 1
            taken.append(hit)
    return taken[: min(max(most, 0), MOST_PAGES)]


def shown(page: Page) -> Page:
    """The same with what a model will see of it. Tens of milliseconds."""
    suspicious = bool(signs(page.title, page.lead))
    _, text = without(page.title, page.lead)
    publisher = called(page.publisher, page.url)
    return replace(page, shown=unlinked(text), suspicious=suspicious, publisher=publisher)


def ask(tenant: TenantId, key: str, headline: str, pages: Sequence[Page]) -> Ask:
    """`pages` as `shown` made them; `key` is the screening's id."""
    (said,) = without(headline)
    listed = [
        {"page": number, "publisher": page.publisher, "title": _title(page), "text": page.shown}
        for number, page in enumerate(pages, 1)
    ]
    return Ask(
        tenant=tenant,
        stage="evidence",
        tier=Tier.CHEAP,
        prompt="evidence",
        shared={},
        subjects=(Subject(key=key, input={"headline": unlinked(said), "pages": listed}),),
        schema=SCHEMA,
        max_tokens=800 + 900 * len(pages),
        timeout_s=60,
        patience_s=90,
    )


def read(value: Mapping[str, Json], pages: Sequence[Page], rules: SourceRules) -> Said:
    """Raises BadReply."""
    try:
        guesses = {row["page"]: _GUESSES[row["is"]] for row in value["sources"]}
        kinds = {
            number: classed(page.url, rules) or guesses.get(number, SourceClass.PRESS)
            for number, page in enumerate(pages, 1)
        }
        claims = [_claim(row, pages, kinds) for row in value["claims"]]
        avoid = [_avoid(row, pages) for row in value["avoid"]]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadReply(f"evidence: {error!r}") from error
    kept: dict[tuple[str, int | None], Claim] = {}
    for claim in filter(None, claims):
        kept.setdefault((claim.page, claim.offset), claim)
    return Said(claims=_shared_out(list(kept.values())), avoid=tuple(filter(None, avoid)), thrown=claims.count(None))


def snippet(hit: Hit, rules: SourceRules) -> Claim | None:
    """What a search shows of a page that nobody read: whole sentences of it, at little confidence."""
    kind = classed(hit.url, rules) or SourceClass.PRESS
    title, text = without(hit.title, hit.snippet)
    whole = [
        sentence
        for sentence in sentences(text)
        if "…" not in sentence and "..." not in sentence and sentence != LEFT_OUT and len(words(sentence)) >= 4
    ]
    if not whole:
        return None
    return Claim(
        text=" ".join(whole),
        item_id="",
        url=hit.url,
        title=title,
        publisher=called(hit.publisher, hit.url),
        confidence=Confidence.LOW,
        source_class=kind,
    )


def unborne(reports: Sequence[Report], claims: Sequence[Claim]) -> tuple[Avoid, ...]:
    """Figures of headlines that no sentence of the evidence holds."""
    borne = {number for claim in claims if claim.text != claim.title for number in numbers(claim.text)}
    said = dict.fromkeys(number for report in reports for number in numbers(report.title))
    return tuple(
        Avoid(text=number, why="A headline says so, and no sentence found bears it out.")
        for number in said
        if number not in borne
    )[:10]


def _claim(row: Mapping[str, Json], pages: Sequence[Page], kinds: Mapping[int, SourceClass]) -> Claim | None:
    page = _page(row["page"], pages)
    found = _quoted(page, row["quote"]) if page else None
    if page is None or found is None:
        return None
    offset, quote = found
    kind = kinds[row["page"]]
    confidence = Confidence.LOW if page.suspicious else bounded(Confidence(row["confidence"]), kind)
    return Claim(
        text=quote,
        item_id="",
        url=page.url,
        title=_title(page),
        publisher=page.publisher,
        kind=kind_of(quote, ClaimKind(row["kind"])),
        confidence=confidence,
        safe_phrasing=_safe(row["safe"], quote),
        source_class=kind,
        page=page.sha256,
        offset=offset,
    )


def _avoid(row: Mapping[str, Json], pages: Sequence[Page]) -> Avoid | None:
    page = _page(row["page"], pages)
    found = _quoted(page, row["quote"]) if page else None
    why = line(unlinked(row["why"]), WHY)
    return Avoid(text=found[1], why="" if signs(why) else why) if found else None


def _page(number: Json, pages: Sequence[Page]) -> Page | None:
    known = isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= len(pages)
    return pages[number - 1] if known else None


def _quoted(page: Page, quote: str) -> tuple[int, str] | None:
    """In what was shown, and in what is stored: a sentence that was left out is no evidence. Nor is one that reads as
    an order by itself."""
    if not located(quote, page.shown) or signs(quote):
        return None
    return located(quote, page.text)


def _safe(text: str, quote: str) -> str:
    """Empty where it says more than the quote: a figure or words in quotation marks that are not in it."""
    text = line(text, SAFE)
    more = set(numbers(text)) - set(numbers(quote)) or set(quotations(text)) - set(quotations(quote))
    return "" if more or unlinked(text) != text or signs(text) else text


def _title(page: Page) -> str:
    (title,) = without(page.title)
    return line(unlinked(title), 200)


def _shared_out(claims: Sequence[Claim]) -> tuple[Claim, ...]:
    """Pages take turns, each with as many as PER_PAGE, so that a cut loses tails and no page."""
    columns: dict[str, list[Claim]] = {}
    for claim in claims:
        columns.setdefault(claim.page, []).append(claim)
    turns = zip_longest(*(column[:PER_PAGE] for column in columns.values()))
    return tuple(claim for turn in turns for claim in turn if claim)
