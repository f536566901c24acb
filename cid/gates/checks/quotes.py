"""Quotations: word for word, short, few, and said whose they are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from cid.domain.review import Finding, Severity
from cid.gates.checks.material import Material, Passage, Source, finding
from cid.text.prose import Quoted
from cid.text.words import fold, words

TERM = 2
"""Words: what is no longer is a name or a word held at arm's length rather than somebody's speech."""
NEAR = 30
"""Words before and after a quotation in which its speaker has to stand."""
_GAP = re.compile(r"\[[^\]]*\]|\.\.\.|…|\([^)]*\)")
_SPEECH = frozenset(
    [
        "said",
        "says",
        "say",
        "told",
        "tells",
        "according",
        "wrote",
        "writes",
        "stated",
        "states",
        "added",
        "adds",
        "called",
        "calls",
        "argued",
        "argues",
        "warned",
        "warns",
        "explained",
        "explains",
        "asked",
        "asks",
        "noted",
        "notes",
        "quoted",
        "confirmed",
        "replied",
        "spokesman",
        "spokeswoman",
        "spokesperson",
        "sagte",
        "sagt",
        "sagten",
        "so",
        "laut",
        "erklarte",
        "erklart",
        "betonte",
        "betont",
        "teilte",
        "zufolge",
        "warnte",
        "warnt",
        "hieß",
        "heisst",
        "heißt",
        "sprecher",
        "sprecherin",
        "dijo",
        "dice",
        "decia",
        "segun",
        "afirmo",
        "afirma",
        "senalo",
        "senala",
        "explico",
        "explica",
        "declaro",
        "declara",
        "aseguro",
        "asegura",
        "advirtio",
        "portavoz",
        "dit",
        "selon",
        "affirme",
        "explique",
        "declare",
        "estime",
        "ajoute",
        "precise",
        "annonce",
        "averti",
        "ha",
        "detto",
        "secondo",
        "disse",
        "afferma",
        "segundo",
        "afirmou",
        "сказал",
        "сказала",
        "сообщил",
        "сообщила",
        "заявил",
        "заявила",
        "словам",
        "пояснил",
        "пояснила",
        "отметил",
        "отметила",
        "कहा",
        "बताया",
        "अनुसार",
    ]
)


@dataclass(frozen=True, slots=True)
class Placed:
    """One quotation, where it stands and where it is from."""

    quote: Quoted
    passage: Passage
    words: tuple[str, ...]
    source: Source | None


def found(one: Material) -> list[Placed]:
    """Each once, the first place first."""
    placed: dict[tuple[str, ...], Placed] = {}
    for passage in one.passages:
        for quote in passage.quotes:
            said = tuple(words(quote.text))
            if said and (said not in placed):
                placed[said] = Placed(quote, passage, said, _source(one, quote))
    return list(placed.values())


def _source(one: Material, quote: Quoted) -> Source | None:
    parts = [" ".join(words(part)) for part in _GAP.split(quote.text)]
    parts = [part for part in parts if part]
    return next((source for source in one.sources if _holds(source.folded, parts)), None)


def _holds(said: str, parts: list[str]) -> bool:
    """In this order: an ellipsis leaves out, and puts nothing elsewhere."""
    at = 0
    for part in parts:
        at = said.find(f" {part} ", at)
        if at < 0:
            return False
        at += len(part)
    return True


def exact(one: Material) -> Iterator[Finding]:
    """Nobody can check a translated quotation word for word: a person has to."""
    titles = " | ".join(" ".join(words(text)) for text in one.ground)
    for placed in found(one):
        if placed.source is not None or f" {' '.join(placed.words)} " in f" {titles} ":
            continue
        severity = Severity.MAJOR if one.foreign_tongue else Severity.CRITICAL
        yield finding(
            Severity.MINOR if len(placed.words) <= TERM else severity,
            "fabrication",
            placed.quote.text,
            "The quotation stands in no report.",
            "Quote word for word, or do not quote.",
        )


def length(one: Material) -> Iterator[Finding]:
    if one.extractive:
        return
    for placed in found(one):
        if len(placed.words) > one.checks.quote_words:
            yield finding(
                Severity.CRITICAL,
                "brand_safety",
                placed.quote.text,
                f"The quotation has {len(placed.words)} words, more than {one.checks.quote_words}.",
                "Quote what matters, and say the rest yourself.",
            )


def share(one: Material) -> Iterator[Finding]:
    """Of what the body says. A text of few words may hold two short quotations all the same."""
    lengths = [
        len(placed.words) for placed in found(one) if placed.passage.field == "body" and len(placed.words) > TERM
    ]
    if len(lengths) > 2 and sum(lengths) > one.checks.quote_share * one.body_words and not one.extractive:
        yield finding(
            Severity.CRITICAL,
            "brand_safety",
            "body",
            f"Quotations are {sum(lengths)} of {one.body_words} words, more than {one.checks.quote_share:.0%}.",
            "Quote less.",
        )


def per_source(one: Material) -> Iterator[Finding]:
    speech = [placed for placed in found(one) if placed.source and len(placed.words) > TERM]
    counts = Counter(placed.source.url for placed in speech if placed.source)
    for url, count in counts.items():
        if count > one.checks.quotes_per_source and not one.extractive:
            yield finding(
                Severity.CRITICAL,
                "brand_safety",
                url,
                f"{count} quotations are from this one report, more than {one.checks.quotes_per_source}.",
                "Keep the best, and say the rest yourself.",
            )


def attributed(one: Material) -> Iterator[Finding]:
    """Somebody who speaks stands beside each: by name, by a word for speaking, as a publisher, or behind a link."""
    for placed in found(one):
        if placed.source is None or len(placed.words) <= TERM or _has_speaker(placed, placed.source):
            continue
        yield finding(
            Severity.MAJOR,
            "factual_risk",
            placed.quote.text,
            "Nothing beside the quotation says whose words these are.",
            "Name who said it, and where.",
        )


def _has_speaker(placed: Placed, source: Source) -> bool:
    text, quote = placed.passage.text, placed.quote
    before, after = text[: quote.start], text[quote.end :]
    if "](" in placed.passage.raw and source.url in placed.passage.raw:
        return True
    near = [*before.split()[-NEAR:], *after.split()[:NEAR]]
    beside = {word for part in near for word in words(part)}
    if not beside.isdisjoint(_SPEECH):
        return True
    publishers = {word for name in source.publishers for word in words(name) if len(word) > TERM}
    speakers = {fold(word) for claim in source.claims for word in _inner_capitals(claim.text.replace(quote.text, ""))}
    return not beside.isdisjoint(publishers) or not {
        word for part in near if part[:1].isupper() for word in words(part)
    }.isdisjoint(speakers)


def _inner_capitals(text: str) -> Iterator[str]:
    """Words with a capital that begin no sentence."""
    return (match[1] for match in re.finditer(r"[^\s.!?]\s+([^\W\d_a-z][\w-]{2,})", text) if match[1][0].isupper())
