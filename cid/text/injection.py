"""Text that speaks to the model which will read it, instead of to people.

Pure, and no proof: what it finds is kept from models and shown to a person; what it misses meets the checks of what
models answer.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from urllib.parse import unquote

from cid.text import orders
from cid.text.asking import ASKED, LITERALS, Sign
from cid.text.clean import clean
from cid.text.prose import sentences
from cid.text.words import fold, words

LOOKED_AT = 8000
"""Characters of a text: no field of an item or a claim is longer."""
HEARER_WITHIN = 25
NEAR = 70
"""Characters within which words belong to one call, and to one order."""
LEFT_OUT = "[…]"


_HIGH_FIGURE = re.compile(r"(?<![\d.,])(?:100|9[5-9]|0|10 ?/ ?10|10 von 10|10 sur 10)(?![\d]|[.,]\d| ?[-–:] ?\d)")
# Letters that look Latin and are not, as they are after folding.
_LOOK_ALIKE = dict(
    zip("аеорсухіјѕһԁԛԝкмтнвгпѵαεοριντκυχɡɑӏցօոս", "aeopcyxijshdqwkmthbrnvaeopivtkuxgalgonu", strict=True)
)
_TO_LATIN = str.maketrans(_LOOK_ALIKE)
_TO_LETTERS = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s"})
_MIXED = re.compile(rf"\b(?=\w*[a-z])\w*[{''.join(_LOOK_ALIKE)}][\w]*")
_FIGURES = re.compile(r"(?<![\w@$])(?=[\w@$]*[a-z][\w@$]*[a-z])[\w@$]*[013457@$][\w@$]*")
_OPEN = re.compile("[\u0e00-\u0eff]")
_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»＂〝〞", '"') | dict.fromkeys("‘‚‹›", "'"))
_SPACED = re.compile(r"(?:(?<![^\W_])[^\W\d_][ .\-_*·]){11,}[^\W\d_](?![^\W_])")
_FAR = re.compile(r"[^\x00-\x7f]+")
_BASE64 = re.compile(r"(?<![\w/+%.-])[A-Za-z0-9+/_-]{20,}={0,2}")
_HEX = re.compile(r"(?<!\w)(?:0x)?(?:[0-9a-fA-F]{2}[ :,]?){16,}(?!\w)")
_BINARY = re.compile(r"(?<!\w)(?:[01]{8} ?){6,}(?!\w)")
_SHORT = 3
"""Letters of a word that is only taken for one of an order's when it is that word, and not its beginning."""
_WORDS = frozenset(word for word in (*orders.BEGINNINGS, *LITERALS) if len(word) >= _SHORT)
_LONGEST = max(map(len, _WORDS))
_ESCAPES = re.compile(r"(?:\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|&#x?[0-9a-fA-F]{2,6};|%[0-9a-fA-F]{2})")


def signs(*texts: str, turned: bool = True) -> tuple[Sign, ...]:
    """What is suspicious about texts that stand together, in the order of Sign. An order may run from one into the
    next. Without `turned` nobody looks for orders written backwards or in rot13, which is most of the work: for texts
    of which it is known that they are made of words."""
    found = {sign for text in texts for sign in _signs(text, turned)}
    if len(texts) > 1:
        found |= _signs(" ".join(texts), turned)
    return tuple(sign for sign in Sign if sign in found)


def may_be_turned(text: str) -> bool:
    """Whether some word of it, read backwards or in rot13, is one that orders are made of. Costs a hundredth of looking
    for the orders themselves, and loses none that are looked for but those of words of two letters."""
    folded = fold(clean(text[:LOOKED_AT]))
    back = folded[::-1]
    if any(_is_known(word) for turned in (back, _rot13(folded)) for word in words(turned)):
        return True
    return not text.isascii() and any(word in back for word in orders.JOINED)


def _is_known(word: str) -> bool:
    if len(word) <= _SHORT:
        return word in _WORDS
    return any(word[:size] in _WORDS for size in range(_SHORT + 1, _LONGEST + 1))


def without(*texts: str) -> tuple[str, ...]:
    """The texts without the sentences that speak to a model, what stands between two of them, and what comes after a
    forged frame, which is said to be somebody else's; LEFT_OUT in their place. Unchanged where there is no sign."""
    if not signs(*texts):
        return texts
    parts = [_pieces(clean(text)) for text in texts]
    marked = _marked([sentence for part in parts for sentence in part])
    kept, start = [], 0
    for part in parts:
        own = marked[start : start + len(part)]
        start += len(part)
        kept.append(_without(part, own))
    if not signs(*kept):
        return tuple(kept)
    kept = [LEFT_OUT if _signs(text) else text for text in kept]
    return tuple(kept) if not signs(*kept) else (LEFT_OUT,) * len(texts)


def _pieces(text: str) -> list[str]:
    """Sentences; in scripts that end them with a space, what stands between spaces."""
    return [
        piece for sentence in sentences(text) for piece in (sentence.split() if _OPEN.search(sentence) else [sentence])
    ]


def _marked(found: Sequence[str]) -> list[bool]:
    """Sentence by sentence, and both of two neighbours that only together give an order."""
    marked = [bool(_signs(sentence)) for sentence in found]
    for number, (one, two) in enumerate(pairwise(found)):
        if _signs(f"{one} {two}") - _signs(one) - _signs(two):
            marked[number] = marked[number + 1] = True
    return marked


def _without(part: Sequence[str], marked: Sequence[bool]) -> str:
    if True not in marked:
        return " ".join(part)
    first, last = marked.index(True), len(marked) - 1 - list(reversed(marked)).index(True)
    if any(Sign.FRAME in _signs(piece) for piece in part):
        last = len(marked) - 1
    return " ".join([*part[:first], LEFT_OUT, *part[last + 1 :]])


@lru_cache(maxsize=4096)
def _signs(text: str, turned: bool = True) -> frozenset[Sign]:  # noqa: FBT001, FBT002 - the cache takes it so
    """Remembered, as one text is asked about by several gates."""
    shown = clean(text[:LOOKED_AT])
    folded = fold(shown.translate(_QUOTES))
    found: set[Sign] = set()
    for reading in dict.fromkeys((folded, _unmasked(folded))):
        found |= set(_plain_signs(reading))
    if _SPACED.search(folded) or any(_is_order(reading) for reading in _decoded(shown, folded, turned=turned)):
        found.add(Sign.ENCODED)
    return frozenset(found)


def _plain_signs(folded: str) -> Iterator[Sign]:
    if _lays_aside(folded):
        yield Sign.ORDERS
    if _gives_score(folded):
        yield Sign.SCORING
    if _speaks_to_model(folded):
        yield Sign.ADDRESSED
    for sign, patterns in ASKED.items():
        if any(pattern.search(folded) for pattern in patterns):
            yield sign


def _lays_aside(folded: str) -> bool:
    return any(
        _beside(orders.EARLIER_ANY, folded, verb) and _beside(orders.INSTRUCTIONS_ANY, folded, verb)
        for verb in orders.LAY_ASIDE_ANY.finditer(folded)
    )


def _gives_score(folded: str) -> bool:
    return any(
        _beside(_HIGH_FIGURE, folded, noun) and _beside(orders.GIVE_ANY, folded, noun)
        for noun in orders.SCORE_ANY.finditer(folded)
    )


def _beside(looked_for: re.Pattern[str], text: str, found: re.Match[str], near: int = NEAR) -> bool:
    """Within `near` characters before or after what was found, but not in it."""
    before = looked_for.search(text, max(found.start() - near, 0), found.start())
    return bool(before or looked_for.search(text, found.end(), found.end() + near))


def _speaks_to_model(folded: str) -> bool:
    """`If you are a language model`, `attention AI scorer`, and a model's name with a colon at the beginning."""
    if any(_beside(orders.MODEL_ANY, folded, call, HEARER_WITHIN) for call in orders.IF_YOU_ANY.finditer(folded)):
        return True
    hearer = orders.MODEL_ANY.search(folded)
    return bool(hearer and re.match(r"s?\s*[:：]\s", folded[hearer.end() :]) and hearer.start() < 3)


def _unmasked(folded: str) -> str:
    """Words that mix letters with look-alikes or figures, in the letters that are meant."""
    latin = _MIXED.sub(lambda word: word[0].translate(_TO_LATIN), folded)
    return _FIGURES.sub(lambda word: word[0].translate(_TO_LETTERS), latin)


def _decoded(shown: str, folded: str, *, turned: bool) -> Iterator[str]:
    """What the text may say in a code, folded."""
    if turned:
        yield folded[::-1]
        yield _rot13(folded)
    for token in _BASE64.findall(shown):
        yield from _printable(_base64(token))
    for token in _HEX.findall(shown):
        digits = re.sub(r"[^0-9a-fA-F]", "", token.removeprefix("0x"))
        yield from _printable(bytes.fromhex(digits[: len(digits) // 2 * 2]))
    for token in _BINARY.findall(shown):
        yield from _printable(bytes(int(octet, 2) for octet in re.findall("[01]{8}", token)))
    if len(_ESCAPES.findall(shown)) >= 4:
        yield fold(unquote(_ESCAPES.sub(_unescaped, shown)))


def _rot13(folded: str) -> str:
    return codecs.encode(_FAR.sub(" ", folded), "rot13")


def _base64(token: str) -> bytes:
    bare = token.rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        return base64.b64decode(bare[: len(bare) // 4 * 4])
    except (binascii.Error, ValueError):
        return b""


def _printable(raw: bytes) -> Iterator[str]:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return
    if text and sum(unicodedata.category(char)[0] in "LNPZ" for char in text) > len(text) * 0.9:
        yield fold(text)


def _unescaped(escape: re.Match[str]) -> str:
    digits = re.sub(r"^(?:\\[ux]|&#x?|%)|;$", "", escape[0])
    decimal = escape[0].startswith("&#") and not escape[0].startswith("&#x")
    number = int(digits, 10 if decimal and digits.isdigit() else 16)
    return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else ""


def _is_order(folded: str) -> bool:
    return bool(set(_plain_signs(folded)) & {Sign.ORDERS, Sign.SCORING, Sign.OUTPUT, Sign.ADDRESSED})
