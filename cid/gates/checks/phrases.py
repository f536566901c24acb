"""What a text must not say: hype, claims that nothing bears out, orders to a model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cid.domain.review import Finding, Severity
from cid.gates.checks.material import Material, content_of, finding, listed, long_stems
from cid.text import markdown
from cid.text.injection import may_be_turned, signs
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
    claims = [(avoid, content_of(avoid.text)) for avoid in one.pack.avoid]
    looked_for = [(avoid, content) for avoid, content in claims if len(content) >= LEAST]
    for passage in one.passages if looked_for else ():
        stems = long_stems(passage.words)
        near = [(avoid, content) for avoid, content in looked_for if _near(one, content, stems | _figures_of(content))]
        for sentence in passage.sentences if near else ():
            said = content_of(sentence)
            for avoid, content in near:
                if not _near(one, content, said) or _is_borne_out(said, one):
                    continue
                yield finding(
                    Severity.CRITICAL,
                    "factual_risk",
                    sentence,
                    f"This is to be avoided: {avoid.text[:200]} ({avoid.why[:200]})",
                    "Take it out.",
                )
                return


def _near(one: Material, content: set[str], said: set[str]) -> bool:
    return len(content & said) >= one.checks.avoid_near * len(content)


def _figures_of(content: set[str]) -> set[str]:
    """Taken for said until a sentence is looked at: finding the figures of a whole text is dear."""
    return {part for part in content if any(char.isdigit() for char in part)}


def _is_borne_out(said: set[str], one: Material) -> bool:
    enough, unsure = 0.9 * len(said), _figures_of(said)
    return any(
        len(said & (stems | unsure)) >= enough and len(said & one.content_of_claim(text)) >= enough
        for text, stems in one.claim_stems.items()
    )


def orders(one: Material) -> Iterator[Finding]:
    """Backwards and in rot13 only where a word of an order is found that way: what reads as words is no code."""
    for _, text in one.texts:
        for part in markdown.plain(text).splitlines():
            if found := signs(part, turned=may_be_turned(part)):
                yield finding(
                    Severity.MAJOR,
                    "brand_safety",
                    part,
                    f"The text seems to address a model instead of readers: it {', '.join(found)}.",
                    "Take the sentence out.",
                )
                return
