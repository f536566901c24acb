"""Figures in text, however they are spelled: grouping, decimal comma, scale words, percent, currencies. Pure.

A spelling that two languages read differently has both readings: `1.200` is 1200 and 1.2. Comparing asks whether any
reading of one is a reading of the other, so that nobody is accused for a way of writing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from cid.text.words import fold, words

_GAP = "\u00a0\u202f\u2009"
_SIGN = re.compile(r"(?<![\w.,])(?P<money>(?:us|au?|ca?|nz|s|hk)?\$|[€£₹¥₽])\s?(?=\d)", re.IGNORECASE)
_FIGURE = re.compile(rf"(?<![\w.])\d+(?:[.,'’{_GAP}]\d+|(?<=\d) \d{{3}}(?!\d))*")
_AFTER = re.compile(
    rf"[\s{_GAP}-]?(?:(?P<scale>[kmbKMB](?:n|io|rd|illn)?\b)|(?P<sign>[%€£₹¥₽]|\$)|(?P<word>[^\W\d_][^\W\d_'’.]*))"
)
_NEXT = re.compile(rf"[\s{_GAP}-]{{0,2}}([%€£₹¥₽]|[^\W\d_]+)")
_RANGE = re.compile(r"\s?(?:to|and|or|bis|und|oder|y|a|e|et|à|ou|и|до|[-–—])\s?|[–—-]")

_SCALES: Mapping[str, int] = {
    fold(name): size
    for size, names in {
        10**3: "k thousand tausend mille mil тысяч тысячи हज़ार हजार",
        10**5: "lakh lakhs लाख",
        10**6: "m mn mio million millions millionen millon millones miljoen milioni миллион миллиона миллионов млн",
        10**7: "crore crores करोड़",
        10**9: "b bn mrd billion billions milliarde milliarden milliard milliards miljard миллиард миллиарда миллиардов"
        " млрд",
    }.items()
    for name in names.split()
}
"""A billion is read as English does; `billones` and `Billionen` are left out, for they are a thousand times more."""
_UNITS: Mapping[str, str] = {
    fold(name): unit
    for unit, names in {
        "%": "% percent pc prozent procent porcento процент процента процентов प्रतिशत फीसदी",
        "bp": "bp bps basispunkte basispunkten basis-points",
        "pp": "pp prozentpunkte prozentpunkten",
        "$": "$ dollar dollars usd aud cad dólares dolares",
        "€": "€ euro euros eur",
        "£": "£ gbp",
        "₹": "₹ rupee rupees inr रुपये",
        "¥": "¥ yen yuan jpy cny",
        "₽": "₽ рублей рубля rub",
    }.items()
    for name in names.split()
}
_TWO_WORDS: Mapping[tuple[str, str], str] = {
    ("per", "cent"): "%",
    ("por", "ciento"): "%",
    ("pour", "cent"): "%",
    ("per", "cento"): "%",
    ("basis", "points"): "bp",
    ("basis", "point"): "bp",
    ("puntos", "basicos"): "bp",
    ("percentage", "points"): "pp",
    ("percentage", "point"): "pp",
    ("puntos", "porcentuales"): "pp",
}
_SMALL: Mapping[str, int] = {
    fold(name): value
    for value, names in {
        1: "one ein eine einen einer un una une uno один одна",
        2: "two both zwei beide dos deux due два две दो",
        3: "three drei tres trois tre три तीन",
        4: "four vier cuatro quatre quattro четыре चार",
        5: "five fünf cinco cinq cinque пять पांच",
        6: "six sechs seis sei шесть छह",
        7: "seven sieben siete sept sette семь सात",
        8: "eight acht ocho huit otto восемь आठ",
        9: "nine neun nueve neuf nove девять नौ",
        10: "ten zehn diez dix dieci десять दस",
        11: "eleven elf once onze undici",
        12: "twelve dozen zwölf doce douze dodici",
        15: "fifteen fünfzehn quince quinze",
        20: "twenty zwanzig veinte vingt venti двадцать",
        30: "thirty dreißig treinta trente тридцать",
        40: "forty vierzig cuarenta quarante",
        50: "fifty half fünfzig cincuenta cinquante",
        100: "hundred hundert cien cent сто",
    }.items()
    for name in names.split()
}


COUNTED = 4
"""Letters of a word that may say what is counted: `to` and `of` do not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    written: str
    start: int
    end: int
    """Where its digits stand."""
    readings: frozenset[Decimal]
    """Scaled, where a scale word follows."""
    bare: frozenset[Decimal]
    """Without it: a table says `in millions` once."""
    scaled: bool
    unit: str
    """%, bp, pp or a currency's sign; empty: none is given, or none that is known."""
    counted: str
    """The folded word after it: what is counted."""


def figures(text: str) -> list[Figure]:
    """In order. Digits that are part of a word, as in A320, are none."""
    found = [_figure(text, match) for match in _FIGURE.finditer(text)]
    for at in range(len(found) - 2, -1, -1):  # `4 to 5 %`: the first is of the second's unit
        one, then = found[at], found[at + 1]
        if not one.unit and _RANGE.fullmatch(text, one.end, then.start):
            found[at] = replace(one, unit=then.unit, counted=then.counted)
    return found


def _figure(text: str, match: re.Match[str]) -> Figure:
    bare = _readings(match[0])
    end, scale, unit, counted = match.end(), 1, "", ""
    money = _SIGN.search(text, max(match.start() - 5, 0), match.start() + 1)
    if money:
        unit = _unit(money["money"][-1])
    if after := _AFTER.match(text, end):
        name = fold(after["scale"] or after["word"] or "")
        if name in _SCALES and _is_scale(after["scale"] or after["word"]):
            scale, end = _SCALES[name], after.end()
            end += text.startswith(".", end)  # `3,5 Mio. Euro`
    counted = _words_after(text, end)
    unit = unit or _unit_after(text, end)
    return Figure(
        written=text[match.start() : end].strip(),
        start=match.start(),
        end=match.end(),
        readings=frozenset(value * scale for value in bare),
        bare=bare,
        scaled=scale > 1,
        unit=unit,
        counted=counted,
    )


def _is_scale(written: str) -> bool:
    """`5 m` may be metres, and `5 b` anything."""
    return len(written) > 1 or written in "kM"


def _unit(sign: str) -> str:
    return _UNITS.get(fold(sign), "")


def _unit_after(text: str, end: int) -> str:
    first = _NEXT.match(text, end)
    if not first:
        return ""
    one = fold(first[1])
    second = _NEXT.match(text, first.end())
    pair = (one, fold(second[1])) if second else (one, "")
    return _TWO_WORDS.get(pair) or _UNITS.get(one, "")


def _words_after(text: str, end: int) -> str:
    following = _NEXT.match(text, end)
    return fold(following[1]) if following and len(following[1]) >= COUNTED else ""


def _readings(written: str) -> frozenset[Decimal]:
    """`1,200`: 1200 and 1.2. `4,35`: 4.35. `1,234,567` and `12,34,567`: grouped. `1.234,5`: 1234.5."""
    digits = "".join(str(unicodedata.digit(c)) if c.isdigit() else c for c in written)
    parts = re.split(r"[^\d]", digits)
    marks = re.findall(r"[^\d]", digits)
    whole = Decimal("".join(parts))
    if not marks:
        return frozenset({whole})
    point = Decimal("".join(parts[:-1]) + "." + parts[-1])
    if len(set(marks)) > 1:
        return frozenset({point if len(set(marks[:-1])) == 1 and marks[-1] in ".," else whole})
    if len(marks) > 1 or marks[0] not in ".,":
        return frozenset({whole})
    if len(parts[1]) == 3 and parts[0] != "0":
        return frozenset({whole, point})
    return frozenset({point})


class Known:
    """The figures of some evidence, ready to be asked about."""

    __slots__ = ("_any", "_counts", "_units")

    def __init__(self, texts: Iterable[str]) -> None:
        self._any: set[Decimal] = set()
        self._units: dict[Decimal, set[str]] = {}
        self._counts: dict[str, set[Decimal]] = {}
        for text in texts:
            for figure in figures(text):
                self._add(figure)
            self._add_words(text)

    def _add(self, figure: Figure) -> None:
        self._any |= figure.bare
        for value in figure.readings:
            self._units.setdefault(value, set()).add(figure.unit)
        if figure.counted:
            self._counts.setdefault(figure.counted, set()).update(figure.readings)

    def _add_words(self, text: str) -> None:
        said = words(text)
        for number, word in enumerate(said):
            value = _SMALL.get(word)
            if value is None:
                continue
            then = said[number + 1] if number + 1 < len(said) else ""
            scale = _SCALES.get(then, 1)
            scaled = Decimal(value) * scale
            self._any.add(Decimal(value))
            unit = _UNITS.get(then, "") or _TWO_WORDS.get(
                (then, said[number + 2] if number + 2 < len(said) else ""), ""
            )
            self._units.setdefault(scaled, set()).add(unit)
            if then:
                self._counts.setdefault(then, set()).add(scaled)

    def holds(self, figure: Figure) -> bool:
        """Whether some evidence gives this figure, of the same unit where both say one."""
        for value in figure.readings:
            units = self._units.get(value)
            if units and (not figure.unit or figure.unit in units or units == {""}):
                return True
        return not figure.scaled and not figure.unit and not figure.bare.isdisjoint(self._any)

    def counts_otherwise(self, figure: Figure) -> bool:
        """Whether the evidence counts the same things, and never comes to this figure."""
        counted = self._counts.get(figure.counted)
        return bool(counted) and figure.readings.isdisjoint(counted or ())


_BEFORE = re.compile(r"[-−–+±~<>≤≥$€£₹¥₽#№§]+\s?$")
_ANY = re.compile(r"\d+(?:[^\w\s]\d+)*")


def places(text: str) -> list[tuple[int, int]]:
    """Where every number stands, digits in words too, with its sign, its currency, and a scale or unit after it; and
    words that count, as `three` does. In order; for telling what changed, not what it means."""
    found = [(_begins(text, match.start()), _ends(text, match.end())) for match in _ANY.finditer(text)]
    found += [match.span() for match in re.finditer(r"[^\W\d_]+", text) if _counts(match[0])]
    return sorted(found)


def _begins(text: str, start: int) -> int:
    before = _BEFORE.search(text, max(start - 4, 0), start)
    return before.start() if before else start


def _ends(text: str, end: int) -> int:
    for _ in range(2):  # `5 million euros`
        after = _NEXT.match(text, end)
        if after is None or not (fold(after[1]) in _UNITS or fold(after[1]) in _SCALES):
            return end
        end = after.end()
    return end


def _counts(word: str) -> bool:
    """`one` is an article in most languages."""
    folded = fold(word)
    return _SMALL.get(folded, 0) > 1 or (len(word) > 1 and folded in _SCALES)
