"""What can be computed about a draft: statements without ground, and reports that contradict each other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from cid.domain.llm import Json
from cid.text import markdown
from cid.text.prose import numbers, quotations, sentences, significant
from cid.text.words import first_found, phrases, words

COST = {"critical": 40, "major": 15, "minor": 4}
BEST = 94
"""A machine that only counts should not claim more."""
ALIKE = 3
"""Words that two sentences share besides their figures, when they speak of the same thing."""
Finding = Mapping[str, str]


def review(shared: Mapping[str, Json], copy: Mapping[str, Json]) -> Mapping[str, Json]:
    article, claims = copy["article"], copy["claims"]
    found = [
        *_unsupported(article, claims),
        *_contradictions(claims),
        *_avoided(shared["profile"], article),
    ]
    # What the rules found already costs as much as if it had been found here.
    score = BEST - sum(COST[finding["severity"]] for finding in found) - COST["minor"] * len(copy["found"])
    return {"score": max(score, 0), "findings": found}


def _finding(kind: tuple[str, str, str], where: str, what: str, fix: str) -> Finding:
    """`kind`: severity, category and field."""
    severity, category, field = kind
    named = {"severity": severity, "category": category, "field": field}
    return {**named, "where": where[:120], "what": what, "fix": fix}


def _unsupported(article: Mapping[str, Json], claims: Sequence[Mapping[str, str]]) -> Iterator[Finding]:
    evidence = "\n".join(f"{claim['text']}\n{claim['title']}" for claim in claims)
    known, folded = set(numbers(evidence)), " ".join(words(evidence))
    for field, sentence in _sentences(article):
        for figure in numbers(sentence):
            if figure not in known:
                said = f"No report says {figure}."
                yield _finding(("critical", "fabrication", field), sentence, said, "Take the figure out.")
        for quotation in quotations(sentence):
            if " ".join(words(quotation)) not in folded:
                said = "The quotation stands in no report."
                yield _finding(("critical", "fabrication", field), sentence, said, "Take it out.")


SHORT = ("short_post", "newsletter")


def _sentences(article: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """Each after the part of the article that it stands in."""
    parts = [(name, article[name]) for name in ("title", "description", "body", "linkedin", *SHORT)]
    parts += [("questions", text) for row in article["questions"] for text in (row["question"], row["answer"])]
    for name, text in parts:
        for line in markdown.plain(text.replace("\\", "")).splitlines():
            for sentence in sentences(line):
                yield name, sentence


def _contradictions(claims: Sequence[Mapping[str, str]]) -> Iterator[Finding]:
    """Two publishers' sentences about the same thing with different figures for the same measure."""
    measured = [(claim, _measures(claim["text"]), _subject(claim["text"])) for claim in claims]
    said: set[str] = set()
    for (one, first, about), (two, second, of) in combinations(measured, 2):
        if one["publisher"] == two["publisher"] or len(about & of) < ALIKE:
            continue
        for unit in sorted(first.keys() & second.keys()):
            if first[unit].isdisjoint(second[unit]) and unit not in said:
                said.add(unit)
                yield _finding(
                    ("critical", "factual_risk", "body"),
                    one["text"],
                    f"Reports differ: {one['publisher']} says {_or(first[unit])} {unit}, "
                    f"{two['publisher']} says {_or(second[unit])} {unit}.",
                    "Find out which holds, or say that they differ.",
                )


def _measures(text: str) -> dict[str, set[str]]:
    """Unit → figures: the word right after a figure is what it counts."""
    found: dict[str, set[str]] = {}
    for match in re.finditer(r"(?<![\w.])(\d[\d.,]*)\s*([^\W\d_]{2,}|%)", text):
        figures = numbers(match[1].rstrip(".,"))
        unit = "percent" if match[2] == "%" else words(match[2])[0]
        found.setdefault(unit, set()).update(figures)
    return found


def _subject(text: str) -> set[str]:
    return {word for word in significant(text) if not any(char.isdigit() for char in word)}


def _or(figures: set[str]) -> str:
    return " or ".join(sorted(figures))


def _avoided(profile: Mapping[str, Json], article: Mapping[str, Json]) -> Iterator[Finding]:
    text = words(f"{article['title']} . {article['body']}")
    for phrase in phrases(profile.get("avoided_angles", ())):
        if first_found([phrase], text):
            said = f"It speaks of {phrase.written}."
            yield _finding(("major", "audience_fit", "body"), "body", said, "Choose another angle.")
