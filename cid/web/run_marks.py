"""An item's text with what was quoted and matched in it marked, and the piece of it that is worth showing at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from cid.domain import narratives

AROUND = 160
"""Letters shown on each side of what is marked."""
OPENING = 320
"""Letters of a text in which nothing is marked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A place in an item's title, a line feed and its text."""

    start: int
    end: int
    id: str
    """The anchor that leads here."""
    kind: str
    """`quote` or `cue`."""
    label: str
    """What it is, for who points at it or hears it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    text: str
    ids: tuple[str, ...] = ()
    """Of the spans that begin here."""
    kinds: tuple[str, ...] = ()
    """None: it is not marked."""
    label: str = ""
    gap: bool = False
    """Stands for what was left out."""


def pieces(text: str, spans: Iterable[Span]) -> list[Piece]:
    """The whole text cut where a span begins or ends; spans may lie over each other, and those that lie outside of the
    text are left out."""
    inside = sorted((s for s in spans if 0 <= s.start < s.end <= len(text)), key=lambda s: (s.start, s.end))
    cuts = sorted({0, len(text), *(s.start for s in inside), *(s.end for s in inside)})
    made, ahead, over = [], 0, list[Span]()
    for start, end in pairwise(cuts):
        over = [s for s in over if s.end > start]
        while ahead < len(inside) and inside[ahead].start == start:
            over.append(inside[ahead])
            ahead += 1
        made.append(
            Piece(
                text=text[start:end],
                ids=tuple(s.id for s in over if s.start == start),
                kinds=tuple(sorted({s.kind for s in over})),
                label="; ".join(dict.fromkeys(s.label for s in over)),
            )
        )
    return made


def excerpt(whole: Sequence[Piece]) -> list[Piece]:
    """What is marked with a little around it; the opening where nothing is."""
    if not any(piece.kinds for piece in whole):
        text = "".join(piece.text for piece in whole)
        return (
            [Piece(text=text)]
            if len(text) <= OPENING
            else [Piece(text=text[:OPENING].rstrip()), Piece(text="", gap=True)]
        )
    made: list[Piece] = []
    for place, piece in enumerate(whole):
        before, after = place > 0, place < len(whole) - 1
        made.extend([piece] if piece.kinds else _between(piece.text, before=before, after=after))
    return made


def _between(text: str, *, before: bool, after: bool) -> list[Piece]:
    """An unmarked stretch: what stands beside something marked is kept, the middle is left out."""
    keep = AROUND * (before + after)
    if len(text) <= keep + 20:
        return [Piece(text=text)]
    head, tail = text[:AROUND] if before else "", text[-AROUND:] if after else ""
    return [*([Piece(text=head)] if head else []), Piece(text="", gap=True), *([Piece(text=tail)] if tail else [])]


def split(spans: Sequence[Span], title: str) -> tuple[list[Span], list[Span]]:
    """Those in the title, and those in the text with places in the text alone. One across both is in the text."""
    edge = len(title) + 1
    in_title = [s for s in spans if s.end <= len(title)]
    in_text = [
        Span(start=max(0, s.start - edge), end=s.end - edge, id=s.id, kind=s.kind, label=s.label)
        for s in spans
        if s.end > edge
    ]
    return in_title, in_text


def cues(spans: Sequence[narratives.Span], anchor: str) -> list[tuple[str, str, str]]:
    """(words, cue, where they are marked first): the same words by the same cue are told once."""
    told: dict[tuple[str, str], str] = {}
    for s, one in enumerate(spans, start=1):
        told.setdefault((one.text, one.cue), f"{anchor}{s}" if anchor else "")
    return [(text, cue, href) for (text, cue), href in told.items()]
