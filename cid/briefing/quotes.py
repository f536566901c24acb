"""Whether a quote stands in the item that it is said to be from: a look at letters, then at words.

found: letter by letter; kinds of spaces, quotation marks and dashes, and what nobody sees, do not matter.
near: the same words in their order, in other case or punctuation; or parts of it with a marked gap between them; or a
word or two left out, none of which says no and none of which is a figure. Everything else is not found: a word that was
added, put in another's place or moved is an invention.

The time is linear in the item's text, whatever the text and the quote are made of. What all quotes of a briefing may
cost together is counted in steps (`Work`) and not in seconds: every machine looks at the same ones.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from cid.domain.briefing import Found
from cid.domain.run import RunItem
from cid.text.letters import Letters, Words, found_in, in_words, letters, plain, plain_words

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
STEPS = 1_000_000
"""That looking quotes up may cost a briefing: one for a letter of a quote, and for a word that is followed in a text.
A hundred quotes of 300 letters cost 60,000."""
LOOK = 2_000
"""Letters of a text that a search passes in the time of a step."""
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

    @cached_property
    def in_order(self) -> list[str]:
        return self.words.text.split()

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        return frozenset(self.in_order)


@dataclass(slots=True)
class Work:
    """What is left to be spent on the quotes of one briefing."""

    left: int = STEPS

    @property
    def over(self) -> bool:
        return self.left <= 0

    def spend(self, steps: int) -> None:
        self.left -= steps


def check(quote: str, item_text: str | Source, work: Work | None = None) -> Where:
    """And where, in letters of the text; of what is not found nowhere. What it took is taken from `work`, which whoever
    asks looks at before: a quote is looked at to its end or not at all."""
    work = work or Work()
    source = item_text if isinstance(item_text, Source) else Source(item_text)
    work.spend(1 + len(quote) + len(source.text) // LOOK)
    wanted = _bare(plain(quote))
    if not any(letter.isalnum() for letter in wanted):
        return NOWHERE
    return _by_letters(wanted, source) or _by_words(wanted, source, work) or NOWHERE


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


def _by_words(wanted: str, source: Source, work: Work) -> Where | None:
    text = source.words
    whole = plain_words(wanted)
    gaps = "..." in wanted
    if not gaps and not source.vocabulary.issuperset(whole):
        return None  # whatever may be left out is the text's: each word of the quote has to be there
    span = _in_order(whole, text)
    work.spend(len(wanted) + len(text.text) // LOOK)
    if span is None and gaps:
        span = _with_gaps([plain_words(part) for part in _GAP.split(wanted)[: PARTS + 1]], source, work)
    elif span is None and len(whole) >= FEWEST and len(wanted) <= LONGEST:
        span = _with_less(whole, source, work)
    if span is None:
        return None
    first, last = span
    return Found.NEAR, text.spans[first][0], text.spans[last][1]


def _written(words: Sequence[str]) -> str:
    """As `Words.text` has them."""
    return f" {' '.join(words)} "


def _in_order(wanted: Sequence[str], text: Words, start: int = 0, end: int | None = None) -> tuple[int, int] | None:
    """Numbers of the first and the last word."""
    written = _written(wanted)
    at = text.text.find(written, start, end) if wanted else -1
    return (text.number(at + 1), text.number(at + len(written) - 2)) if at >= 0 else None


def _with_gaps(parts: list[list[str]], source: Source, work: Work) -> tuple[int, int] | None:
    if not 2 <= len(parts) <= PARTS or any(
        len(part) < PART or not source.vocabulary.issuperset(part) for part in parts
    ):
        return None
    text, begin = source.words, _written(parts[0])
    for at in found_in(begin, text.text):
        work.spend(len(text.text) // LOOK)
        first, end = text.number(at + 1), at + len(begin) - 1
        last = None
        for part in parts[1:]:
            last = _in_order(part, text, end, end + GAP + len(_written(part)))
            if last is None:
                break
            end = text.starts[last[1]] + len(text[last[1]])
        if last is not None:
            return first, last[1]
    return None


def _with_less(said: Sequence[str], source: Source, work: Work) -> tuple[int, int] | None:
    """One block of it stands in the text whole; from there the rest is followed to both sides."""
    size = len(said) // BLOCKS
    text = source.words
    for number in range(BLOCKS):
        block = said[number * size : (number + 1) * size]
        before, behind = said[: number * size][::-1], said[(number + 1) * size :]
        for at in found_in(_written(block), text.text):
            start = text.number(at + 1)
            work.spend(len(said))
            left = _followed(before, source.in_order, start - 1, -1, LEFT_OUT)
            if left is None:
                continue
            first, missed = left
            right = _followed(behind, source.in_order, start + size, 1, LEFT_OUT - missed)
            if right is not None:
                return (first if number else start), right[0]
        work.spend(len(text.text) // LOOK)
    return None


def _followed(said: Sequence[str], text: Sequence[str], at: int, step: int, room: int) -> tuple[int, int] | None:
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
