"""How like a draft is to what the tenant published before."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from cid.domain.archive import Post, Trace
from cid.domain.review import Finding, Severity
from cid.gates.checks.material import Material, finding
from cid.text.words import words

LONGER = 9
"""Words of a sentence from which on two texts do not share it by accident."""
HEADINGS = 3
"""Of fewer, the same ones say nothing."""
KEPT = 500
"""Sentences and headings of a text, at most: a longer one is known by its beginning."""


def trace(one: Material) -> Trace:
    """What later drafts are held against."""
    said = tuple(dict(_sentences(one)))
    return Trace(title=one.article.title, headings=_headings(one)[:KEPT], sentences=said[:KEPT])


def _others(one: Material) -> list[Post]:
    """Earlier posts about something else: one about the same may be titled and built like this."""
    return [post for post in one.archive.posts if not post.of_story]


def _headings(one: Material) -> tuple[int, ...]:
    return tuple(hashed(words(part.heading)) for part in one.sections if part.level)


def _sentences(one: Material) -> Iterator[tuple[int, str]]:
    """Hash and text of each longer sentence of the body, its quotations and all."""
    for passage in one.body:
        for sentence in passage.sentences:
            said = words(sentence)
            if len(said) >= LONGER:
                yield hashed(said), sentence


def hashed(said: Sequence[str]) -> int:
    """Fits a bigint."""
    digest = hashlib.blake2b(" ".join(said).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def titles(one: Material) -> Iterator[Finding]:
    mine = Counter(words(one.article.title))
    best = max(((_cosine(mine, Counter(words(post.title))), post.title) for post in _others(one)), default=None)
    if best and best[0] >= one.checks.title_likeness:
        yield finding(
            Severity.MINOR,
            "style",
            one.article.title,
            f"An earlier post has nearly the same title: {best[1][:200]}",
            "Say in the title what is new.",
        )


def _cosine(one: Counter[str], other: Counter[str]) -> float:
    if not one or not other:
        return 0.0
    shared = sum(count * other[word] for word, count in one.items())
    return shared / math.sqrt(sum(n * n for n in one.values()) * sum(n * n for n in other.values()))


def skeleton(one: Material) -> Iterator[Finding]:
    """The same headings in another post: the mark of a text made by a mould."""
    mine = set(_headings(one))
    if one.extractive or len(mine) < HEADINGS:
        return
    best = max((len(mine.intersection(post.headings)) / len(mine) for post in _others(one)), default=0.0)
    if best >= one.checks.skeleton_likeness:
        yield finding(
            Severity.MINOR,
            "style",
            "headings",
            f"{best:.0%} of the headings stand in an earlier post, too.",
            "Let headings say what this text says.",
        )


def repeated(one: Material) -> Iterator[Finding]:
    """An update of an earlier post may share a sentence or two with it: it is held from where a copy begins."""
    if one.extractive:
        return
    mine = dict(_sentences(one))
    shared = [(_common(one, mine, post), post.title) for post in one.archive.posts]
    keys, title = max(shared, key=lambda pair: len(pair[0]), default=(set(), ""))
    if keys:
        first = next(text for key, text in mine.items() if key in keys)
        yield finding(
            Severity.MAJOR if len(keys) >= one.checks.shared_major else Severity.MINOR,
            "style",
            first,
            f"{len(keys)} sentences stand in an earlier post, too: {title[:200]}",
            "Say it anew, or link to the earlier post.",
        )


def _common(one: Material, mine: Mapping[int, str], post: Post) -> set[int]:
    keys = {key for key in post.sentences if key in mine}
    return set() if post.of_story and len(keys) < one.checks.shared_major else keys


def within(one: Material) -> Iterator[Finding]:
    """A longer sentence of the body that stands there twice."""
    seen: set[int] = set()
    for key, text in _sentences(one):
        if key in seen and not one.extractive:
            yield finding(Severity.MINOR, "style", text, "This sentence stands in the text twice.", "Take one out.")
            return
        seen.add(key)
