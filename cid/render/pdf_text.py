"""Text of any script for a PDF: each character in a font that has it, right-to-left lines in their order.

Needs the extra `pdf`. Fonts lie beside this module, with their licences; those for Chinese, Japanese and Korean are not
embedded, which readers make up for with fonts of their own (PDF 1.7, section 9.7.5.2). What no font has is told by its
name where it is a picture, and by an empty box where it is a letter: nothing vanishes unseen.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, partial
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr, unescape

import arabic_reshaper
from bidi import get_display
from reportlab import rl_config
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Flowable, Paragraph

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FOLDER = Path(__file__).parent / "fonts"
REGULAR, BOLD = "Text", "Text-Bold"
_FILES = {
    REGULAR: "NotoSans-Regular.ttf",
    BOLD: "NotoSans-Bold.ttf",
    "Arabic": "NotoSansArabic-Regular.ttf",
    "Hebrew": "NotoSansHebrew-Regular.ttf",
    "Thai": "NotoSansThai-Regular.ttf",
    "Rest": "DejaVuSans.ttf",
}
_OTHERS = ("Arabic", "Hebrew", "Thai", "Rest")
CHINESE, JAPANESE, KOREAN = "STSong-Light", "HeiseiKakuGo-W5", "HYGothic-Medium"
_WIDE = re.compile("[\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef]")
"""Of the basic plane, which is all that the encodings of those fonts reach."""
_KANA, _HANGUL = re.compile("[\u3040-\u30ff]"), re.compile("[\uac00-\ud7af]")
_LETTER_A = 0x1F1E6
"""Regional indicator symbols, pairs of which are flags: told as the letters that they are."""
BOX = "□"
_RTL = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
"""Hebrew, Arabic and their neighbours (Unicode Standard Annex 9, table 4; DerivedBidiClass.txt)."""
_OWN = re.compile(rf"{_RTL.pattern}|{_WIDE.pattern}|\S{{80}}")
"""What has to be broken into lines here."""
_TOKEN = re.compile(rf" |{_WIDE.pattern}[、。，．・：；？！」』）】〉》]*|(?:(?!{_WIDE.pattern})\S)+")
"""A line may end before each; marks of punctuation do not begin one."""
LINES = 40
"""Of one text: no honest one has more, and a column of single letters fills a book."""
_LINE = 400
"""Characters that no line of ours has room for."""
_STRONG = {"L", "R", "AL"}
_NAMED = re.compile(r" (?:LETTER|SYLLABLE|VOWEL|DIGIT|SIGN|MARK|IDEOGRAPH|NUMBER)\b")
"""What follows a script in the names of its characters."""
_BOXED: ContextVar[set[str] | None] = ContextVar("boxed", default=None)
_JOINER = "\u200c"
"""Keeps Persian letters apart: it is no letter, but what is drawn depends on it."""


@cache
def _ready() -> None:
    """Once per process: reading the fonts takes some tenths of a second."""
    rl_config.useA85 = 0  # a quarter smaller, and sooner: nothing here needs files to be text
    for name, file in _FILES.items():
        pdfmetrics.registerFont(TTFont(name, str(FOLDER / file)))
    pdfmetrics.registerFontFamily(REGULAR, normal=REGULAR, bold=BOLD, italic=REGULAR, boldItalic=BOLD)
    for name in (CHINESE, JAPANESE, KOREAN):
        pdfmetrics.registerFont(UnicodeCIDFont(name))


@cache
def _has(name: str) -> frozenset[int]:
    _ready()
    return frozenset(pdfmetrics.getFont(name).face.charToGlyph)


def _wide_font(text: str) -> str:
    """Han characters are drawn otherwise in each of the three; the rest of the text tells which it is."""
    if _HANGUL.search(text):
        return KOREAN
    return JAPANESE if _KANA.search(text) else CHINESE


@cache
def _font(one: str, text_font: str, wide: str) -> str:
    """The name of a font that has the character; empty: none does."""
    code = ord(one)
    if unicodedata.category(one) in {"Cc", "Cf"} and one != _JOINER:
        return ""  # some fonts draw what is not meant to be seen, and it may turn what follows around
    if code in _has(text_font):
        return text_font
    if _WIDE.match(one):
        return wide
    return next((name for name in _OTHERS if code in _has(name)), "")


@cache
def _instead(one: str) -> str:
    """Of a character that no font has."""
    kind, code = unicodedata.category(one), ord(one)
    if kind in {"Cc", "Cf", "Mn", "Me", "Sk"}:  # says nothing by itself: joiners, selectors, shades of skin
        return ""
    if 0 <= code - _LETTER_A < 26:
        return chr(ord("A") + code - _LETTER_A)
    name = unicodedata.name(one, "")
    return f"[{name.lower()}]" if name and kind == "So" else BOX


@contextmanager
def boxed_letters() -> Iterator[set[str]]:
    """The characters that an empty box stands for in what is made drawable meanwhile."""
    found: set[str] = set()
    token = _BOXED.set(found)
    try:
        yield found
    finally:
        _BOXED.reset(token)


def scripts(letters: Iterable[str]) -> list[str]:
    """Of which scripts they are, as far as their names in Unicode say."""
    names = {_NAMED.split(unicodedata.name(one, "UNNAMED SIGNS"), maxsplit=1)[0] for one in letters}
    return sorted(name.title() for name in names)


def drawable(text: str, font: str = REGULAR) -> str:
    """The text in characters that there is a font for, on one line."""
    _ready()
    wide = _wide_font(text)
    flat = " ".join(unicodedata.normalize("NFC", text).split())
    told = {one: _instead(one) for one in set(flat) if one != " " and not _font(one, font, wide)}
    boxed = _BOXED.get()
    if boxed is not None:
        boxed.update(one for one, said in told.items() if said == BOX)
    return "".join(told.get(one, one) for one in flat)


def runs(text: str, font: str = REGULAR) -> Iterator[tuple[str, str]]:
    """Pieces of drawable text, each with the name of its font."""
    wide = _wide_font(text)
    for name, some in groupby(text, lambda one: font if one == " " else _font(one, font, wide) or font):
        yield name, "".join(some)


def width(text: str, size: float, font: str = REGULAR) -> float:
    """In points."""
    return float(sum(pdfmetrics.stringWidth(piece, name, size) for name, piece in runs(text, font)))


def markup(text: str, font: str = REGULAR) -> str:
    """Drawable text as reportlab's paragraphs take it: nothing in it is markup of its own."""
    return "".join(
        escape(piece) if name == font else f'<font name="{name}">{escape(piece)}</font>'
        for name, piece in runs(text, font)
    )


def right_to_left(text: str) -> bool:
    return _RTL.search(text) is not None


def text(said: str, style: Any, *, link: str = "", before: str = "") -> Any:
    """A paragraph of what somebody wrote; breaks of lines stay. `before` is markup of ours, and left to right."""
    lines = [drawable(line, style.fontName) for line in islice(said.splitlines(), LINES + 1)] or [""]
    if len(lines) > LINES:
        lines[LINES] = "…"
    if _OWN.search(said):
        return OwnLines(lines, style, before, link)
    body = "<br/>".join(_linked(markup(line, style.fontName), link) for line in lines)
    return Paragraph(before + body, style)


def _linked(marked: str, link: str) -> str:
    return f"<a href={quoteattr(link)}>{marked}</a>" if link else marked


class OwnLines(Flowable):  # type: ignore[misc]  # reportlab has no types
    """A paragraph whose lines are broken here.

    Of words written from right to left it has to be known which ends a line before the line is put in order (Unicode
    Standard Annex 9, section 3.4). Chinese and Japanese have no spaces to break at, and words without end have none
    either: reportlab takes minutes for some of them.
    """

    def __init__(self, lines: list[str], style: Any, before: str = "", link: str = "") -> None:
        super().__init__()
        self.said, self.before, self.link = lines, before, link
        strong = next((kind for one in " ".join(lines) if (kind := unicodedata.bidirectional(one)) in _STRONG), "L")
        self.base = "L" if strong == "L" else "R"
        self.style = ParagraphStyle("rtl", parent=style, alignment=TA_RIGHT) if self.base == "R" else style
        self.inner: Any = None

    def wrap(self, wide: float, high: float) -> tuple[float, float]:
        room = wide - self.style.leftIndent - self.style.rightIndent - 1
        # what stands before it takes its share of the first line, and begins where reading begins
        taken = 0.0 if self.before.startswith("<bullet") else width(_bare(self.before), self.style.fontSize, BOLD)
        made = [
            _linked(markup(one, self.style.fontName), self.link)
            for n, said in enumerate(self.said)
            for one in self._lines(said, room, 0 if n else taken)
        ]
        if taken and self.base == "R":
            made[0] = f"{made[0]} {self.before}"
        else:
            made[0] = self.before + made[0]
        self.inner = Paragraph("<br/>".join(made), self.style)
        size: tuple[float, float] = self.inner.wrap(wide, high)
        return size

    def _lines(self, said: str, room: float, taken: float) -> Iterator[str]:
        line, left = "", room - taken
        for word in _TOKEN.findall(arabic_reshaper.reshape(said) if right_to_left(said) else said):
            longer = line + word
            if line.strip() and self._width(longer[:_LINE].rstrip()) > left:
                yield self._ordered(line.rstrip())
                longer, left = word.lstrip(), room
            while len(longer) > 1 and self._width(longer[:_LINE].rstrip()) > left:
                fits = max(1, bisect_right(range(_LINE), left, key=partial(self._begun, longer)) - 1)
                yield self._ordered(longer[:fits])
                longer, left = longer[fits:], room
            line = longer
        yield self._ordered(line.rstrip())

    def _begun(self, line: str, characters: int) -> float:
        return self._width(line[:characters])

    def _ordered(self, line: str) -> str:
        return str(get_display(line, base_dir=self.base)) if right_to_left(line) else line

    def _width(self, line: str) -> float:
        return width(line, self.style.fontSize, self.style.fontName)

    def split(self, wide: float, high: float) -> list[Any]:
        self.wrap(wide, high)
        parts: list[Any] = self.inner.split(wide, high)
        return parts

    def getSpaceBefore(self) -> float:  # noqa: N802 - reportlab's name
        return float(self.style.spaceBefore)

    def getSpaceAfter(self) -> float:  # noqa: N802 - as above
        return float(self.style.spaceAfter)

    def draw(self) -> None:
        self.inner.drawOn(self.canv, 0, 0)


def _bare(marked: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", marked).replace("&nbsp;", " "))


def on_canvas(canvas: Any, x: float, y: float, said: str, *, size: float, font: str = REGULAR, room: float = 0) -> None:
    """One line at a place, cut where `room` (points) ends; 0: as long as it is."""
    line = drawable(said, font)
    if right_to_left(line):
        line = get_display(arabic_reshaper.reshape(line))
    if room and width(line[:_LINE], size, font) > room:
        fits = bisect_right(range(_LINE), room, key=lambda n: width(f"{line[:n]}…", size, font)) - 1
        line = f"{line[: max(0, fits)].rstrip()}…"
    for name, piece in runs(line, font):
        canvas.setFont(name, size)
        canvas.drawString(x, y, piece)
        x += pdfmetrics.stringWidth(piece, name, size)
