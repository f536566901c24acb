"""What changed between two versions: paragraphs are aligned first, then words within them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cid.domain.draft import Article

_TOKENS = re.compile(r"https?://[^\s)>\]]+|\s+|[^\W_]+(?:[.,'’_-][^\W_]+)*|[^\w\s]|_")
_WORTH_A_LOOK = re.compile(r"\d|https?://|[\"“”„«»]")
WORK_LIMIT = 4_000_000
"""Product of two token counts above which paragraphs are shown whole: difflib is quadratic and this runs on request."""


class Change(StrEnum):
    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Span:
    """`notable`: a number, an address or a quotation mark came or went, which is what an editor has to see."""

    change: Change
    text: str
    notable: bool = False


@dataclass(frozen=True, slots=True)
class Paragraph:
    change: Change | None
    """None: words within it changed."""
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    paragraphs: tuple[Paragraph, ...]

    @property
    def changed(self) -> bool:
        return any(paragraph.change is not Change.SAME for paragraph in self.paragraphs)


def articles(old: Article, new: Article) -> tuple[Field, ...]:
    """Every field of an article that people read, changed or not, in the order of the page."""
    return tuple(
        Field(name, text(before, after)) for name, before, after in zip(FIELDS, flat(old), flat(new), strict=True)
    )


FIELDS = (
    "Title",
    "Description",
    "Text",
    "Questions",
    "Sources",
    "LinkedIn text",
    "Short post",
    "Newsletter",
    "Picture",
    "Keywords",
    "Address on the site",
)


def flat(article: Article) -> tuple[str, ...]:
    """The fields as plain text, one for each of FIELDS."""
    return (
        article.title,
        article.description,
        article.body,
        "\n\n".join(f"{q.question}\n{q.answer}" for q in article.questions),
        "\n\n".join(f"{r.title} {r.url}" for r in article.references),
        article.linkedin,
        article.short_post,
        article.newsletter,
        article.image_brief,
        ", ".join(article.keywords),
        article.slug,
    )


def text(old: str, new: str) -> tuple[Paragraph, ...]:
    """Joining the spans that are not ADDED gives `old`, those that are not REMOVED `new`, but for space between
    paragraphs."""
    before, after = _split(old), _split(new)
    result: list[Paragraph] = []
    for op, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if op == "equal":
            result += [Paragraph(Change.SAME, (Span(Change.SAME, part),)) for part in before[i:j]]
        else:
            result += _block(before[i:j], after[k:m])
    return tuple(result)


def words(old: str, new: str) -> tuple[Span, ...]:
    """Word by word. Spans follow the reading order, what was removed before what came instead."""
    before, after = _TOKENS.findall(old), _TOKENS.findall(new)
    if len(before) * len(after) > WORK_LIMIT:
        return (*_spans(Change.REMOVED, before), *_spans(Change.ADDED, after))
    spans: list[Span] = []
    for op, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if op == "equal":
            spans.append(Span(Change.SAME, "".join(before[i:j])))
        else:
            spans += [*_spans(Change.REMOVED, before[i:j]), *_spans(Change.ADDED, after[k:m])]
    return tuple(spans)


def _block(old: Sequence[str], new: Sequence[str]) -> list[Paragraph]:
    """A run of paragraphs that became another: alike ones are paired in order, the others came or went whole."""
    result: list[Paragraph] = []
    start = 0
    for part in old:
        match = next((n for n in range(start, len(new)) if _alike(part, new[n])), None)
        if match is None:
            result.append(_whole(Change.REMOVED, part))
            continue
        result += [_whole(Change.ADDED, new[n]) for n in range(start, match)]
        result.append(Paragraph(None, words(part, new[match])))
        start = match + 1
    return result + [_whole(Change.ADDED, part) for part in new[start:]]


def _alike(old: str, new: str) -> bool:
    """More than a third of their words in common."""
    before, after = set(_TOKENS.findall(old.casefold())), set(_TOKENS.findall(new.casefold()))
    return len(before & after) * 3 > len(before | after)


def _whole(change: Change, part: str) -> Paragraph:
    return Paragraph(change, _spans(change, _TOKENS.findall(part)))


def _spans(change: Change, tokens: Sequence[str]) -> tuple[Span, ...]:
    """Runs of words, with those that want a look apart."""
    runs = groupby(tokens, key=lambda token: bool(_WORTH_A_LOOK.search(token)))
    return tuple(Span(change, "".join(run), notable=notable) for notable, run in runs)


def _split(value: str) -> list[str]:
    return [part for part in re.split(r"\n\s*\n", value.strip("\n")) if part.strip()]
