"""What changed between two versions: paragraphs are aligned first, then words within them.

Numbers, names, addresses and quotations are what a reviewer has to see: a change that touches one of them carries a
badge, be it one digit in a sentence that is otherwise the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING

from cid.text import figures, naming, prose
from cid.text.edits import Budget, edits

if TYPE_CHECKING:
    from cid.domain.draft import Article

_TOKENS = re.compile(r"https?://[^\s)>\]]+|\s+|\d+(?:[.,'’]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)*|[^\w\s]|_")
_LINK = re.compile(
    r"https?://[^\s)>\]]+|www\.[^\s)>\]]+|\]\([^)\s]{0,500}\)"
    r"|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"
)
_SENTENCE_BEGINS = re.compile(r"(?:^|[.!?…:]\s|[\n#*>|•-]\s*)[\s\"“„«(]*$")
_MARK = re.compile('["“”„«»「」『』]')
STEPS = 250_000
"""Of one comparison, all fields together: a few tenths of a second at worst."""
MOST = 1200
"""Paragraphs of one text; what follows is one."""
ENOUGH, TELLING = 300, 6000
"""Characters that a language's way with capitals is told from, at least and at most."""
AHEAD = 12
"""So many paragraphs on, one that became another is looked for."""


class Change(StrEnum):
    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


class Badge(StrEnum):
    """In the order in which one stands for several on a few words."""

    NUMBER = "number"
    LINK = "link"
    NAME = "name"
    QUOTE = "quote"


@dataclass(frozen=True, slots=True)
class Span:
    """`badge`: the change touches a number, an address, a name or a quotation."""

    change: Change
    text: str
    badge: Badge | None = None

    @property
    def notable(self) -> bool:
        return self.badge is not None


@dataclass(frozen=True, slots=True)
class Paragraph:
    change: Change | None
    """None: words within it changed."""
    spans: tuple[Span, ...]
    badges: tuple[Badge, ...] = ()
    """What the changes in it touch."""


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    paragraphs: tuple[Paragraph, ...]

    @property
    def changed(self) -> bool:
        return any(paragraph.change is not Change.SAME for paragraph in self.paragraphs)

    @property
    def badges(self) -> tuple[Badge, ...]:
        return _ordered(badge for paragraph in self.paragraphs for badge in paragraph.badges)


def articles(old: Article, new: Article) -> tuple[Field, ...]:
    """Every field of an article that people read, changed or not, in the order of the page. Up to some tenths of a
    second of CPU: not for the event loop."""
    how = _How(Budget(STEPS), _nouns_large(f"{old.body}\n{new.body}"))
    return tuple(
        Field(name, _text(before, after, how)) for name, before, after in zip(FIELDS, flat(old), flat(new), strict=True)
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
    picture = [article.image_brief]
    if article.image:
        picture += [article.image.alt, article.image.credit, article.image.page_url, article.image.sha256]
    return (
        article.title,
        article.description,
        article.body,
        "\n\n".join(f"{q.question}\n{q.answer}" for q in article.questions),
        "\n\n".join(f"{r.title} {r.url}" for r in article.references),
        article.linkedin,
        article.short_post,
        article.newsletter,
        "\n\n".join(part for part in picture if part),
        ", ".join(article.keywords),
        article.slug,
    )


@dataclass(frozen=True, slots=True)
class _How:
    budget: Budget
    large: bool
    """The language writes every noun with a capital, as German does."""


def text(old: str, new: str) -> tuple[Paragraph, ...]:
    """Joining the spans that are not ADDED gives `old`, those that are not REMOVED `new`, but for space between
    paragraphs."""
    return _text(old, new, _How(Budget(STEPS), _nouns_large(f"{old}\n{new}")))


def _text(old: str, new: str, how: _How) -> tuple[Paragraph, ...]:
    before, after = _split(old), _split(new)
    result: list[Paragraph] = []
    for edit in edits(before, after, how.budget):
        if edit.same:
            result += [Paragraph(Change.SAME, (Span(Change.SAME, part),)) for part in before[edit.i : edit.j]]
        else:
            result += _block(before[edit.i : edit.j], after[edit.k : edit.m], how)
    return tuple(result)


def words(old: str, new: str) -> tuple[Span, ...]:
    """Word by word. Spans follow the reading order, what was removed before what came instead."""
    return _compared(old, new, _How(Budget(STEPS), _nouns_large(f"{old}\n{new}"))).spans


def _compared(old: str, new: str, how: _How) -> Paragraph:
    before, after = _Side(old, how), _Side(new, how)
    spans: list[Span] = []
    touched: set[Badge] = set()
    for same, i, j, k, m in _joined(before.tokens, after.tokens, how.budget):
        if same:
            spans.append(Span(Change.SAME, "".join(before.tokens[i:j])))
        else:
            spans += [*before.spans(Change.REMOVED, i, j, touched), *after.spans(Change.ADDED, k, m, touched)]
    return Paragraph(None, tuple(spans), _ordered(touched))


def _joined(old: Sequence[str], new: Sequence[str], budget: Budget) -> list[tuple[bool, int, int, int, int]]:
    """White space alone between two changes changed with them: a phrase is struck out whole."""
    found = edits(old, new, budget)
    made: list[tuple[bool, int, int, int, int]] = []
    for at, edit in enumerate(found):
        within = 0 < at < len(found) - 1
        same = edit.same and not (within and not "".join(old[edit.i : edit.j]).strip())
        if made and not same and not made[-1][0]:
            _, i, _, k, _ = made[-1]
            made[-1] = (False, i, edit.j, k, edit.m)
        else:
            made.append((same, edit.i, edit.j, edit.k, edit.m))
    return made


class _Side:
    """One of the two texts: its words, and which of them belong to what has to be seen."""

    def __init__(self, value: str, how: _How) -> None:
        self.tokens: list[str] = _TOKENS.findall(value)
        self._marks = _marks(value, self.tokens, how)

    def spans(self, change: Change, start: int, end: int, touched: set[Badge]) -> list[Span]:
        """Runs of words with the same badge; what they touch goes into `touched`."""
        marks = self._marks[start:end]
        touched.update(badge for mark in marks for badge in mark)
        pairs = zip(self.tokens[start:end], marks, strict=True)
        runs = groupby(pairs, key=lambda pair: _first(pair[1]))
        return [Span(change, "".join(token for token, _ in run), badge) for badge, run in runs]


_NONE: frozenset[Badge] = frozenset()


def _marks(value: str, tokens: Sequence[str], how: _How) -> list[frozenset[Badge]]:
    """For each token, what it is a part of."""
    ranges = [(start, end, Badge.NUMBER) for start, end in figures.places(value)]
    ranges += [(match.start(), match.end(), Badge.LINK) for match in _LINK.finditer(value)]
    ranges += [(quote.start, quote.end, Badge.QUOTE) for quote in prose.quoted(value)]
    ranges += [(start, end, Badge.NAME) for start, end in _names(value, tokens, how)]
    ranges += [(match.start(), match.end(), Badge.QUOTE) for match in _MARK.finditer(value)]
    ranges.sort()
    marks: list[frozenset[Badge]] = []
    open_: list[tuple[int, int, Badge]] = []
    at = following = 0
    for token in tokens:
        end = at + len(token)
        while following < len(ranges) and ranges[following][0] < end:
            open_.append(ranges[following])
            following += 1
        if open_:
            open_ = [one for one in open_ if one[1] > at]
        held = frozenset(one[2] for one in open_) if open_ else _NONE
        marks.append(held if held <= {Badge.QUOTE} or token.strip() else held & {Badge.QUOTE})
        at = end
    return marks


def _names(value: str, tokens: Sequence[str], how: _How) -> Iterable[tuple[int, int]]:
    """Words with a capital, in a row or inside a sentence; where nouns have one too, only in a row."""
    if not any(char.isupper() for char in value):
        return
    at, run = 0, list[tuple[int, int]]()
    for token in [*tokens, ""]:
        if token[:1].isupper() and token[:1].isalpha():
            run.append((at, at + len(token)))
        elif run and not (token.isspace() and "\n" not in token) and token not in {"-", "."}:
            single = len(run) == 1
            begins = single and bool(_SENTENCE_BEGINS.search(value, max(run[0][0] - 6, 0), run[0][0]))
            if not single or not (how.large or begins):
                yield run[0][0], run[-1][1]
            run = []
        at += len(token)
    if run:
        yield run[0][0], run[-1][1]


def _nouns_large(value: str) -> bool:
    """Of a few sentences nobody can tell."""
    told = prose.sentences(value[:TELLING])
    return sum(len(sentence) for sentence in told) > ENOUGH and naming.writes_nouns_large(told)


def _first(mark: frozenset[Badge]) -> Badge | None:
    return next((badge for badge in Badge if badge in mark), None) if mark else None


def _ordered(found: Iterable[Badge]) -> tuple[Badge, ...]:
    seen = set(found)
    return tuple(badge for badge in Badge if badge in seen)


def _block(old: Sequence[str], new: Sequence[str], how: _How) -> list[Paragraph]:
    """A run of paragraphs that became another: alike ones are paired in order, the others came or went whole."""
    result: list[Paragraph] = []
    sets = [frozenset(_TOKENS.findall(part.casefold())) for part in new]
    start = 0
    for part in old:
        mine = frozenset(_TOKENS.findall(part.casefold()))
        near = range(start, min(start + AHEAD, len(new)))
        match = next((n for n in near if _alike(mine, sets[n])), None)
        if match is None:
            result.append(_whole(Change.REMOVED, part, how))
            continue
        result += [_whole(Change.ADDED, new[n], how) for n in range(start, match)]
        result.append(_compared(part, new[match], how))
        start = match + 1
    return result + [_whole(Change.ADDED, part, how) for part in new[start:]]


def _alike(old: frozenset[str], new: frozenset[str]) -> bool:
    """More than a third of their words in common."""
    return len(old & new) * 3 > len(old | new)


def _whole(change: Change, part: str, how: _How) -> Paragraph:
    side, touched = _Side(part, how), set[Badge]()
    spans = side.spans(change, 0, len(side.tokens), touched)
    return Paragraph(change, tuple(spans), _ordered(touched))


def _split(value: str) -> list[str]:
    parts = [part for part in re.split(r"\n\s*\n", value.strip("\n")) if part.strip()]
    return parts if len(parts) <= MOST else [*parts[: MOST - 1], "\n\n".join(parts[MOST - 1 :])]
