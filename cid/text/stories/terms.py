"""A title made ready for comparison: its terms, the amounts in it, and whether it denies."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from cid.text.words import fold, words

MOST_TERMS = 16
"""Of one title; more is no headline."""

# Words that say little about what happened, in the languages that the desk meets most. A word that is missing here does
# no harm: it is frequent, and weighs little for that.
_LIGHT_WORDS = (
    "a an the and or but of to in on at for from by with as is are was be been it its this that will has have had not "
    "no never without says said say after over up out how why what who his her their you your we our does did can "
    "could would should may might must about into than then them they she him he i me my us so yes if when where just "
    "more most some any all also get gets got make makes made back off down now time year years day days week today "
    "first last watch video photos photo news report reports update live here there one two three top best see show "
    "shows set sets going go goes want wants still via being do new don't can't won't isn't doesn't it's i'm he's "
    "she's that's what's who's here's let's you're we're der die das den dem des und ein eine von zu mit im auf ist "
    "für nicht kein keine le la les de du un une et en au aux sur pour est pas ne el los las y o con por para il lo "
    "gli di da del per che non"
)
# What turns a sentence into its opposite.
_DENIALS = frozenset(words("not no never without cannot nicht kein keine pas ne non sin ohne sans nunca jamais"))
_ENDINGS = ("ings", "ing", "edly", "ed", "ies", "es", "s", "ly")

_CURRENCY = {
    "rs": "inr", "rs.": "inr", "inr": "inr", "₹": "inr",
    "$": "usd", "us$": "usd", "usd": "usd",
    "€": "eur", "eur": "eur", "£": "gbp", "gbp": "gbp",
}  # fmt: skip
_SCALE = {
    "k": 1e3, "thousand": 1e3, "lakh": 1e5, "lakhs": 1e5, "m": 1e6, "mn": 1e6, "mln": 1e6, "million": 1e6,
    "cr": 1e7, "crore": 1e7, "crores": 1e7, "b": 1e9, "bn": 1e9, "billion": 1e9, "tn": 1e12, "trillion": 1e12,
}  # fmt: skip
_INDIAN = {"lakh", "lakhs", "cr", "crore", "crores"}
_PERCENT = {"%", "percent", "per cent"}
_AMOUNT = re.compile(
    r"(?<![\w.,])(?:(rs\.?|inr|₹|us\$|\$|usd|€|eur|£|gbp)\s?)?(\d{1,15}(?:,\d{2,3}){0,5}(?:\.\d{1,6})?)"
    rf"((?:\s?(?:{'|'.join(sorted(_SCALE, key=len, reverse=True))})\b){{0,2}})(?:\s?(%|percent\b|per cent\b))?(?![\d%])"
)
_DIGITS = re.compile(r"\d")
_YEAR = re.compile(r"(?:19|20)\d\d")


@dataclass(frozen=True, slots=True)
class Amount:
    unit: str
    """A currency, `%`, or empty where none was said."""
    value: float


@dataclass(frozen=True, slots=True)
class Title:
    text: str
    terms: tuple[str, ...]
    """Folded, without their endings, each once, in order; the light ones only where there are no others."""
    amounts: tuple[Amount, ...]
    """Of money and shares; plain numbers are terms."""
    denies: bool
    years: frozenset[str]

    @property
    def same(self) -> str:
        """Equal for titles that differ in nothing that a reader would notice."""
        return " ".join(self.terms)


@lru_cache(maxsize=8192)
def title(text: str) -> Title:
    """Of any text in any language; the work is bounded by its length."""
    rest, amounts = _amounts(fold(text)) if _DIGITS.search(text) else (text, {})
    found = words(rest)
    terms = dict.fromkeys(stem(word) for word in found if word not in LIGHT) or dict.fromkeys(found)
    return Title(
        text,
        (*list(terms)[:MOST_TERMS], *amounts),
        tuple(amounts.values()),
        any(word in _DENIALS or word.endswith("n't") for word in found),
        frozenset(word for word in found if _YEAR.fullmatch(word)),
    )


def stem(word: str) -> str:
    """Without the endings of English that change with a sentence; what they are in other languages stays."""
    if not word.isascii() or len(word) < 4 or word[0].isdigit():
        return word
    if len(word) == 4:
        return word[:-1] if word[-1] == "s" and word[-2] != "s" else word
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)] + ("y" if ending == "ies" else "")
            break
    if len(word) > 4 and word[-1] == "e":
        word = word[:-1]
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "sl" else word


def _amounts(text: str) -> tuple[str, dict[str, Amount]]:
    """Folded text without the amounts in it, and those as terms: 5k crore is 5000 crore."""
    found: dict[str, Amount] = {}

    def take(match: re.Match[str]) -> str:
        currency, number, scale, percent = match.groups()
        scales = scale.split() if " " in scale.strip() else _split(scale.strip())
        if not (currency or scales or percent):
            return match[0]
        value = float(number.replace(",", ""))
        for name in scales:
            value *= _SCALE[name]
        unit = "%" if percent else _CURRENCY.get(currency or "", "inr" if _INDIAN & set(scales) else "")
        found[f"{value:.4g}{'%' if percent else ''}"] = Amount(unit, value)
        return " "

    return _AMOUNT.sub(take, text), found


def _split(scale: str) -> list[str]:
    """`kcr` cannot be told from a word, so what stands together is one."""
    return [scale] if scale else []


LIGHT = frozenset(words(_LIGHT_WORDS))
