"""What a text must not say: hype, claims that nothing bears out, orders to a model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cid.domain.review import Finding, Severity
from cid.gates.checks.material import Material, finding, listed, stem
from cid.text import markdown
from cid.text.figures import figures
from cid.text.injection import signs
from cid.text.prose import SIGNIFICANT, sentences
from cid.text.words import Phrase, phrases, words

LEAST = 3
"""Significant words that a claim to avoid must have to be looked for."""


def hype(one: Material) -> Iterator[Finding]:
    """Words that every mill of texts uses. In the sources' own quotations they are the sources'."""
    looked_for = phrases(phrase for listed in one.checks.hype.values() for phrase in listed)
    starts: dict[str, list[Phrase]] = {}
    for phrase in looked_for:
        starts.setdefault(phrase.words[0], []).append(phrase)
    found = []
    for passage in one.passages:
        said = words(_unquoted(passage.text, [(quote.start, quote.end) for quote in passage.quotes]))
        for at, word in enumerate(said):
            found += [
                phrase.written
                for phrase in starts.get(word, ())
                if tuple(said[at : at + len(phrase.words)]) == phrase.words
            ]
    if found:
        yield finding(Severity.MINOR, "style", listed(found), "These are words of advertising.", "Say what is so.")


def _unquoted(text: str, spans: Sequence[tuple[int, int]]) -> str:
    for start, end in reversed(spans):
        text = text[:start] + " | " + text[end:]
    return text


def avoided(one: Material) -> Iterator[Finding]:
    """A sentence that has nearly all words of a claim to avoid, and of no claim as many."""
    claims = [(avoid, _content(avoid.text)) for avoid in one.pack.avoid]
    looked_for = [(avoid, content) for avoid, content in claims if len(content) >= LEAST]
    if not looked_for:
        return
    borne = [_content(claim.text) for claim in one.pack.claims]
    for passage in one.passages:
        for sentence in sentences(passage.text):
            said = _content(sentence)
            for avoid, content in looked_for:
                share = len(content & said) / len(content)
                if share < one.checks.avoid_near or _is_borne_out(said, borne):
                    continue
                yield finding(
                    Severity.CRITICAL,
                    "factual_risk",
                    sentence,
                    f"This is to be avoided: {avoid.text[:200]} ({avoid.why[:200]})",
                    "Take it out.",
                )
                return


def _is_borne_out(said: set[str], borne: Sequence[set[str]]) -> bool:
    return any(len(said & claim) >= 0.9 * len(said) for claim in borne)


def _content(text: str) -> set[str]:
    told = {stem(word) for word in words(text) if len(word) >= SIGNIFICANT and not word.isdigit()}
    return told | {str(min(figure.readings)) for figure in figures(text)}


def orders(one: Material) -> Iterator[Finding]:
    for _, text in one.texts:
        for part in markdown.plain(text).splitlines():
            if found := signs(part):
                yield finding(
                    Severity.MAJOR,
                    "brand_safety",
                    part,
                    f"The text seems to address a model instead of readers: it {', '.join(found)}.",
                    "Take the sentence out.",
                )
                return
