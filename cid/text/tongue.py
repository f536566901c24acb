"""Which language a text is in, by its script and its commonest little words. A guess, for texts that do not say."""

from __future__ import annotations

import re
from collections import Counter

from cid.text.words import words

READ = 4000
"""Characters."""
LEAST = 2
"""Little words that must be there."""
_LITTLE = {
    "en": "the of and to is that in was for on are with by it as not have has from be were",
    "de": "der die das und ist nicht mit von zu den dem des ein eine dass auf fur sich im wird hat sind",
    "fr": "le la les des et est que une du dans pour pas sur au aux avec par qui ne se sont",
    "es": "el la los las de que en un una por con para es del no se su al como mas",
    "it": "il lo gli di che e un una per con non sono della nel alla dei si come le piu",
    "pt": "o os as de que e um uma para com nao do da em por se no na mais foi",
    "nl": "de het een en van is dat niet met voor op zijn te er aan bij ook naar wordt",
    "pl": "i w na z nie ze sie do jest to o przez od po jak dla oraz byl za ktory",
    "cs": "a v na je se ze to z do s o ktery jsou pro jako by byl po i",
    "ru": "и в не на что с по это как к из от для но его за о у был все",
    "uk": "і в не на що з до та це як від для але про за у є був його які",
    "bg": "и в на да се от за не е с че по са това като но до при",
}
_BY_WORD: dict[str, tuple[str, ...]] = {}
for _language, _written in _LITTLE.items():
    for _word in words(_written):
        _BY_WORD[_word] = (*_BY_WORD.get(_word, ()), _language)
_SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
    ("ko", re.compile("[\uac00-\ud7a3]")),
    ("ar", re.compile("[\u0600-\u06ff]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("ka", re.compile("[\u10a0-\u10ff]")),
    ("hy", re.compile("[\u0530-\u058f]")),
    ("hi", re.compile("[\u0900-\u097f]")),
)
_UKRAINIAN, _RUSSIAN = re.compile("[іїєґІЇЄҐ]"), re.compile("[ыэъёЫЭЪЁ]")
_CYRILLIC, _LETTER = re.compile("[\u0400-\u04ff]"), re.compile(r"[^\W\d_]")


def guess(text: str) -> str:
    """Two letters of BCP 47; empty where nothing tells."""
    text = text[:READ]
    letters = len(_LETTER.findall(text))
    if not letters:
        return ""
    for language, script in _SCRIPTS:
        if 3 * len(script.findall(text)) > letters:
            return language
    counted = Counter(language for word in words(text) for language in _BY_WORD.get(word, ()))
    if 2 * len(_CYRILLIC.findall(text)) > letters:
        return _cyrillic(text, counted)
    ((language, most), *rest) = counted.most_common(2) or [("", 0)]
    return language if most >= LEAST and (not rest or rest[0][1] < most) else ""


def _cyrillic(text: str, counted: Counter[str]) -> str:
    """Letters that the other does not have say more than words."""
    if _UKRAINIAN.search(text):
        return "uk"
    if _RUSSIAN.search(text):
        return "ru"
    return max(("ru", "uk", "bg"), key=lambda language: counted[language])
