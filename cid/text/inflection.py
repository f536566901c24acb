"""Forms of one word told as one: rate and rates, ставка and ставки, बैंक and बैंकों, شركة and الشركات, 은행 and 은행이.

Number in the Latin script (English above all, with what French, Spanish and Portuguese add by rule), the commonest
endings of nouns and adjectives in Cyrillic, Devanagari and Hangul, the article and the regular endings in Arabic. No
verbs: mining is not mine, and what a tenant excludes as gaming does not exclude a game of chess. German plurals, and
whatever changes a word in its middle, stay apart.
"""

from __future__ import annotations

from functools import lru_cache

from cid.text.words import fold

LONGEST = 40
"""Letters. Beyond, a word is taken as it is: nobody inflects an address, and what is kept here stays small."""

# They end like a plural and are none, or mean another thing than their singular.
_AS_THEY_ARE = frozenset(
    [
        "news",
        "customs",
        "arms",
        "odds",
        "means",
        "lens",
        "bias",
        "atlas",
        "canvas",
        "always",
        "perhaps",
        "besides",
        "whereas",
        "thus",
        "this",
        "species",
        "series",
        "mars",
        "wales",
        "texas",
        "dallas",
        "vegas",
        "kansas",
        "hamas",
        "brussels",
        "thames",
        "athens",
        "james",
        "charles",
        "jones",
        "williams",
        "reuters",
        "forbes",
        "hermes",
        "mercedes",
        "siemens",
        "physics",
        "economics",
        "politics",
        "mathematics",
    ]
)
_IRREGULAR = {"buses": "bus", "gases": "gas", "men": "man", "women": "woman", "children": "child", "people": "person"}
_HISSING = ("se", "xe", "ze", "che", "she", "oe")
_HISSED = tuple(f"{ending}s" for ending in _HISSING)


def _table(endings: str) -> tuple[str, ...]:
    """The longest first, as folding leaves them."""
    return tuple(sorted({fold(ending) for ending in endings.split()}, key=lambda ending: (-len(ending), ending)))


_CYRILLIC = _table(
    """иями ями ами иях иям ией ого его ому ему ыми ими ах ях ам ям ов ев ів ом ем ой ою ей ею ый ий ая яя ое ее ые ие
    ую юю ых их ым им ию ия ии ії ью а я о е ы и і у ю ь"""
)
_DEVANAGARI = _table("ियों ियाँ ियां ाओं ुओं ाएं ाएँ ों ें ीं ां ाँ ा ि ी े ो")
_HANGUL = _table("에서 으로 에게 까지 부터 은 는 이 가 을 를 의 에 와 과 도 로 만")
_BY_RULE = (
    ("\u0400", "\u0530", _CYRILLIC, 3),
    ("\u0900", "\u0980", _DEVANAGARI, 2),
    ("\uac00", "\ud7a4", _HANGUL, 2),
)
"""Letters from and before, endings, and how many letters are left at least."""
_ARABIC_BEFORE = _table("وال بال كال فال لل ال")
_ARABIC_AFTER = _table("ات ون ين ية ة")


def key(word: str) -> str:
    """What all forms of a folded word share. It need not be a word."""
    return word if len(word) > LONGEST else _key(word)


@lru_cache(maxsize=50_000)
def _key(word: str) -> str:
    last = word[-1:]
    if last < "\u0250":
        return _IRREGULAR.get(word) or _latin(word)
    if "\u0600" <= last < "\u0700":
        return _arabic(word)
    for first, beyond, endings, least in _BY_RULE:
        if first <= last < beyond:
            return _without(word, endings, least=least)
    return word


def _latin(word: str) -> str:
    size = len(word)
    if size < 4 or word in _AS_THEY_ARE:
        return word
    return _singular(word, size) if word[-1] == "s" else _alone(word, size)


def _alone(word: str, size: int) -> str:
    """What its plural is told by as well."""
    if size > 4 and word.endswith("ie"):
        return f"{word[:-2]}y"  # a movie, as movies
    return word[:-1] if size > 4 and word.endswith(_HISSING) else word  # a house, as houses


def _singular(word: str, size: int) -> str:
    if size > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    if size > 4 and word.endswith("coes"):
        return f"{word[:-3]}ao"  # eleições, eleição
    if (size > 4 and word.endswith(("xes", "iones", "dades"))) or (size > 5 and word.endswith(_HISSED)):
        return word[:-2]
    return word if word.endswith(("ss", "us", "is")) else word[:-1]


def _arabic(word: str) -> str:
    for before in _ARABIC_BEFORE:
        if word.startswith(before) and len(word) - len(before) >= 3:
            word = word[len(before) :]
            break
    return _without(word, _ARABIC_AFTER, least=3)


def _without(word: str, endings: tuple[str, ...], *, least: int) -> str:
    for ending in endings:
        if word.endswith(ending) and len(word) - len(ending) >= least:
            return word[: -len(ending)]
    return word
