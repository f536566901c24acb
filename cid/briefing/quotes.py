"""Whether a quote stands in the item that it is said to be from: a look at letters, then at words.

found: letter by letter; kinds of spaces, quotation marks and dashes, and what nobody sees, do not matter.
near: the same words in their order, in other case or punctuation; or parts of it with a marked gap between them; or a
word or two left out, none of which says no and none of which is a figure. Everything else is not found: a word that was
added, put in another's place or moved is an invention.

The time is linear in the item's text, whatever the text and the quote are made of.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property

from cid.domain.briefing import Found
from cid.domain.run import RunItem
from cid.text.letters import Letters, Words, found_in, in_words, letters

LEFT_OUT = 2
"""Words that a quote may leave out without saying so."""
BLOCKS = LEFT_OUT + 1
"""One of so many parts of a quote is whole where no more words are left out than that."""
FEWEST = 2 * BLOCKS
"""Words of a quote from which on some may be missing."""
PARTS, PART = 4, 2
"""Parts between marked gaps, and words of each."""
GAP = 1_000
"""Letters that a marked gap may stand for."""
LONGEST = 3_000
"""Letters of a quote of which words may be missing; a longer one has to stand there."""
_GAP = re.compile(r"[\[(]? ?\.{3,} ?[\])]?")
_BEFORE = re.compile(r"(?:\[\.{3,}\]|\.{2,}|[ \"'])+")
_BEHIND = re.compile(r"(?:\]\.{3,}\[|\.{2,}|[ \"'])+")
"""Of the text read backwards."""
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
# Folded. Whoever leaves one of these out says the opposite.
_NO = frozenset(
    [
        "not",
        "no",
        "never",
        "without",
        "nor",
        "neither",
        "none",
        "nobody",
        "nothing",
        "cannot",
        "hardly",
        "nicht",
        "kein",
        "keine",
        "keinen",
        "keinem",
        "keiner",
        "keines",
        "nie",
        "niemals",
        "ohne",
        "weder",
        "ne",
        "pas",
        "jamais",
        "sans",
        "ni",
        "nunca",
        "jamas",
        "sin",
        "non",
        "mai",
        "senza",
        "nao",
        "nem",
        "sem",
        "не",
        "нет",
        "ни",
        "никогда",
        "без",
        "нельзя",
        "ні",
        "немає",
        "ніколи",
        "nie",
        "bez",
        "nigdy",
        "nu",
        "fara",
        "niciodata",
        "nem",
        "nincs",
        "ikke",
        "ingen",
        "aldri",
        "inte",
        "ej",
        "aldrig",
        "uden",
        "utan",
        "niet",
        "geen",
        "zonder",
        "nooit",
        "degil",
        "yok",
        "hicbir",
        "tidak",
        "bukan",
        "tanpa",
        "khong",
        "chua",
        "لا",
        "لم",
        "لن",
        "ليس",
        "ليست",
        "غير",
        "بدون",
        "ما",
        "नहीं",
        "न",
        "मत",
        "لیس",
        "نہ",
        "نہیں",
        "δεν",
        "μην",
        "οχι",
        "ποτε",
        "χωρις",
        "לא",
        "אין",
        "בלי",
        "לעולם",
    ]
)

Where = tuple[Found, int | None, int | None]
NOWHERE: Where = (Found.NOT_FOUND, None, None)


def text_of(item: RunItem) -> str:
    """What citations count their letters in."""
    return f"{item.title}\n{item.text}"


@dataclass(frozen=True)
class Source:
    """A text in which quotes are looked up, taken apart once and not before it is needed."""

    text: str

    @cached_property
    def letters(self) -> Letters:
        return letters(self.text)

    @cached_property
    def words(self) -> Words:
        return in_words(self.letters)


def check(quote: str, item_text: str | Source) -> Where:
    """And where, in letters of the text; of what is not found nowhere."""
    source = item_text if isinstance(item_text, Source) else Source(item_text)
    wanted = _bare(letters(quote).text)
    if not any(letter.isalnum() for letter in wanted):
        return NOWHERE
    return _by_letters(wanted, source) or _by_words(wanted, source) or NOWHERE


def _bare(text: str) -> str:
    """Without the marks around it, and dots at its ends that say that there is more."""
    start = _BEFORE.match(text)
    text = text[start.end() :] if start else text
    end = _BEHIND.match(text[::-1])
    return text[: len(text) - end.end()] if end else text


def _by_letters(wanted: str, source: Source) -> Where | None:
    text = source.letters.text
    for at in found_in(wanted, text):
        end = at + len(wanted)
        if not (_inside_a_word(text, at) or _inside_a_word(text, end)):
            return (Found.FOUND, *source.letters.span(at, end))
    return None


def _inside_a_word(text: str, at: int) -> bool:
    """Between two letters of one word, where words have spaces between them."""
    if not 0 < at < len(text):
        return False
    if unicodedata.combining(text[at]):
        return True
    return text[at - 1].isalnum() and text[at].isalnum() and not _UNSPACED.search(text[at - 1 : at + 1])


def _by_words(wanted: str, source: Source) -> Where | None:
    whole = in_words(letters(wanted))
    span = _in_order(whole.text, source.words)
    if span is None and "..." in wanted:
        span = _with_gaps([in_words(letters(part)) for part in _GAP.split(wanted)[: PARTS + 1]], source.words)
    elif span is None and len(whole) >= FEWEST and len(wanted) <= LONGEST:
        span = _with_less(whole, source.words)
    if span is None:
        return None
    first, last = span
    return Found.NEAR, source.words.spans[first][0], source.words.spans[last][1]


def _in_order(wanted: str, text: Words, start: int = 0, end: int | None = None) -> tuple[int, int] | None:
    """Numbers of the first and the last word."""
    at = text.text.find(wanted, start, end) if wanted.strip() else -1
    return (text.number(at + 1), text.number(at + len(wanted) - 2)) if at >= 0 else None


def _with_gaps(parts: list[Words], text: Words) -> tuple[int, int] | None:
    if not 2 <= len(parts) <= PARTS or any(len(part) < PART for part in parts):
        return None
    for at in found_in(parts[0].text, text.text):
        first, end = text.number(at + 1), at + len(parts[0].text) - 1
        last = None
        for part in parts[1:]:
            last = _in_order(part.text, text, end, end + GAP + len(part.text))
            if last is None:
                break
            end = text.starts[last[1]] + len(text[last[1]])
        if last is not None:
            return first, last[1]
    return None


def _with_less(wanted: Words, text: Words) -> tuple[int, int] | None:
    """One block of it stands in the text whole; from there the rest is followed to both sides."""
    size = len(wanted) // BLOCKS
    said = wanted.text.split()
    for number in range(BLOCKS):
        block = said[number * size : (number + 1) * size]
        for at in found_in(f" {' '.join(block)} ", text.text):
            start = text.number(at + 1)
            left = _followed(said[: number * size][::-1], text, start - 1, -1, LEFT_OUT)
            if left is None:
                continue
            first, missed = left
            right = _followed(said[(number + 1) * size :], text, start + size, 1, LEFT_OUT - missed)
            if right is not None:
                return (first if number else start), right[0]
    return None


def _followed(said: list[str], text: Words, at: int, step: int, room: int) -> tuple[int, int] | None:
    """The words one by one from `at` on, passing over at most `room` of the text's: the last one's number, and how many
    were passed over."""
    missed, last = 0, at - step
    for word in said:
        while 0 <= at < len(text) and text[at] != word:
            if missed == room or not _may_go(text[at]):
                return None
            missed += 1
            at += step
        if not 0 <= at < len(text):
            return None
        last, at = at, at + step
    return last, missed


def _may_go(word: str) -> bool:
    return not (
        word in _NO or word.endswith("n't") or any(letter.isdigit() for letter in word) or _UNSPACED.match(word)
    )
