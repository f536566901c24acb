"""Countries and languages by any of their usual names, as ISO 3166-1 and ISO 639 have them."""

from __future__ import annotations

import gettext
from functools import cache

import pycountry

from cid.text.words import words

# What people write, where the standard's names are others.
_ALSO = {
    "GB": ("uk", "great britain", "britain", "england", "scotland", "wales", "northern ireland"),
    "US": ("usa", "america", "united states of america"),
    "AE": ("uae", "emirates"),
    "RU": ("russia",),
    "TR": ("turkey",),
    "BN": ("brunei",),
    "MK": ("macedonia",),
    "SZ": ("swaziland",),
    "MM": ("burma",),
    "CV": ("cape verde",),
    "CI": ("ivory coast", "cote divoire"),
    "TL": ("east timor",),
    "VA": ("vatican", "vatican city"),
    "PS": ("palestine", "palestinian territories"),
    "CD": ("dr congo", "drc", "democratic republic of the congo", "democratic republic of congo", "congo kinshasa"),
    "CG": ("republic of the congo", "congo brazzaville"),
    "NL": ("holland", "the netherlands"),
    "CZ": ("czech republic",),
    "KP": ("dprk",),
    "CN": ("prc", "mainland china"),
    "FM": ("micronesia",),
    "GM": ("the gambia",),
    "BS": ("the bahamas",),
    "PH": ("the philippines",),
    "XK": ("xk", "xkx", "kosovo"),
}
"""Kosovo's code is of those that the standard leaves to its users, and the one that everybody uses."""
LANGUAGES = (
    "de", "fr", "es", "ru", "uk", "it", "pt", "pt_BR", "pl", "ro", "tr", "ar", "fa", "he", "zh_CN", "zh_TW", "ja",
    "ko", "nl", "sv", "da", "nb", "fi", "cs", "sk", "hu", "el", "bg", "sr", "hr", "lt", "lv", "et",
)  # fmt: skip
"""In which names of countries are understood, besides English."""
_SAID = {
    "RU": ("Russland", "Russie", "Rusia", "Россия", "Росія", "Rússia", "Rosja", "Rusya", "روسيا", "روسیه", "Русия",
           "Rusko", "Oroszország", "Rusija", "Русија", "Ryssland", "Rusland", "Venäjä", "Ρωσία", "רוסיה", "俄罗斯",
           "俄羅斯", "ロシア", "러시아", "Krievija", "Venemaa", "РФ", "Rossiya"),
    "GB": ("U.K.", "Großbritannien", "Grande-Bretagne", "Gran Bretaña", "Gran Bretagna", "Grã-Bretanha",
           "Wielka Brytania", "Великобритания", "Великобританія", "Велика Британія", "Marea Britanie", "İngiltere",
           "بريطانيا", "英国", "Англия", "England"),
    "US": ("USA", "U.S.A.", "U.S.", "США", "Сполучені Штати", "EE. UU.", "EEUU", "États-Unis", "Stati Uniti",
           "Estados Unidos", "Statele Unite", "Stany Zjednoczone", "ABD", "أمريكا", "美国", "アメリカ", "미국"),
    "BY": ("Weißrussland", "Белоруссия", "Білорусь", "Biélorussie", "Bielorrusia", "Bielorussia", "Bielorrússia"),
    "MD": ("Moldawien", "Moldavie", "Moldavia", "Молдавия", "Молдавія"),
    "CZ": ("Tschechische Republik", "République tchèque", "República Checa", "Чехия", "Чехія"),
    "NL": ("Holland", "Hollande", "Holanda", "Голландия", "Olanda"),
    "PS": ("Palästina", "Palestina", "Палестина", "فلسطين", "פלסטין"),
    "IR": ("Іран", "Persien"),
    "KR": ("Южная Корея", "Південна Корея", "韩国", "한국"),
    "KP": ("КНДР", "Північна Корея", "朝鲜", "북한"),
    "CN": ("КНР", "Volksrepublik China"),
    "TR": ("Турция", "Туреччина"),
    "XK": ("Kosova", "Косово"),
}  # fmt: skip
"""What people say where the standard's own names are longer, or others."""
_ALSO_SPOKEN = {
    "greek": "el", "farsi": "fa", "moldovan": "ro", "punjabi": "pa", "sinhalese": "si", "pashto": "ps", "kyrgyz": "ky",
    "flemish": "nl", "mandarin": "zh", "castilian": "es", "bokmal": "nb", "slovene": "sl", "burmese": "my",
}  # fmt: skip


def _key(name: str) -> str:
    return " ".join(words(name)).replace("'", "")


@cache
def _countries() -> dict[str, str]:
    table: dict[str, str] = {}
    for country in pycountry.countries:
        names = (country.alpha_2, country.alpha_3, country.name)
        others = (getattr(country, "official_name", ""), getattr(country, "common_name", ""))
        # "Iran, Islamic Republic of" is written the other way round, and without what follows the comma where no
        # other country is called so.
        turned = " ".join(reversed(country.name.split(", ")))
        table.update({_key(name): country.alpha_2 for name in (*names, *others, turned) if name})
    for code, also in _ALSO.items():
        table.update({_key(name): code for name in also})
    return table


def country(text: str) -> str:
    """ISO 3166-1 alpha-2 in upper case, from a code or a name in English; empty where nothing is called so."""
    return _countries().get(_key(text), "")


def country_anywhere(text: str) -> str:
    """The same, from a name in other languages as well. The first call takes some tenths of a second: not for the loop
    of events."""
    key = _key(text)
    return _countries().get(key) or _foreign().get(key, "")


@cache
def _foreign() -> dict[str, str]:
    """Names in LANGUAGES, as pycountry has them of iso-codes, and what people say there in place of those. A name that
    two countries have, which is a slip of the list, belongs to neither."""
    table: dict[str, set[str]] = {}
    for language_ in LANGUAGES:
        told = gettext.translation("iso3166-1", pycountry.LOCALES_DIR, languages=[language_], fallback=True)
        for each in pycountry.countries:
            for name in {each.name, getattr(each, "common_name", each.name)}:
                if (local := told.gettext(name)) != name:
                    table.setdefault(_key(local), set()).add(each.alpha_2)
    for code, also in _SAID.items():
        table.update({_key(name): {code} for name in also})
    return {key: next(iter(codes)) for key, codes in table.items() if len(codes) == 1 and key}


@cache
def codes() -> tuple[str, ...]:
    """Every code that `country` may give."""
    return tuple(sorted(set(_countries().values())))


@cache
def country_name(code: str) -> str:
    """For people; the code itself where it has none."""
    found = pycountry.countries.get(alpha_2=code)
    return getattr(found, "common_name", found.name) if found else code


def spoken(country_: str) -> str:
    """The language that most of a country's press is written in, ISO 639-1; empty where that is not known."""
    return _PRESS.get(country_, "")


_PRESS = {
    code: language_
    for language_, codes in {
        "en": "US GB IE AU NZ CA ZA NG KE GH UG TZ ZW ZM NA BW ET IN PK SG PH MY JM TT MT LK BD",
        "de": "DE AT CH LI LU",
        "fr": "FR BE MC SN CI ML BF NE TD CM GA CG CD BJ TG GN MG HT",
        "es": "ES MX AR CO CL PE VE EC BO PY UY CR PA GT HN SV NI DO CU PR GQ",
        "pt": "PT BR AO MZ CV GW ST TL",
        "ru": "RU BY KZ KG",
        "uk": "UA",
        "ar": "EG SA AE QA KW BH OM YE JO LB SY IQ PS LY TN DZ MA SD MR",
        "it": "IT SM VA",
        "nl": "NL SR",
        "ro": "RO MD",
        "sr": "RS ME",
        "zh": "CN TW HK MO",
        "pl": "PL", "cs": "CZ", "sk": "SK", "hu": "HU", "bg": "BG", "el": "GR CY", "tr": "TR", "he": "IL",
        "fa": "IR AF",
        "ja": "JP", "ko": "KR KP", "vi": "VN", "th": "TH", "id": "ID", "sv": "SE", "no": "NO", "da": "DK", "fi": "FI",
        "is": "IS", "et": "EE", "lv": "LV", "lt": "LT", "hr": "HR", "sl": "SI", "bs": "BA", "mk": "MK", "sq": "AL XK",
        "hy": "AM", "ka": "GE", "az": "AZ", "uz": "UZ", "tg": "TJ", "tk": "TM", "mn": "MN", "ne": "NP", "my": "MM",
        "km": "KH", "lo": "LA", "so": "SO",
    }.items()
    for code in codes.split()
}  # fmt: skip


@cache
def names() -> list[str]:
    """Of all countries, for people, by the alphabet."""
    return sorted(country_name(code) for code in set(_countries().values()))


def language(text: str) -> str:
    """ISO 639-1 in lower case, else 639-3, from a code or a name in English; empty where nothing is called so."""
    wanted = text.strip().lower()
    codes = pycountry.languages
    found = codes.get(alpha_2=wanted) or codes.get(alpha_3=wanted) or codes.get(bibliographic=wanted)
    if not found and len(wanted) > 3:  # shorter, and it is a code: there is a language called En
        found = codes.get(name=wanted)
        if not found:
            return _languages().get(wanted, "")
    return getattr(found, "alpha_2", found.alpha_3) if found else ""


@cache
def _languages() -> dict[str, str]:
    """Names without what the standard puts in parentheses after them, and names that it does not have."""
    listed = [each for each in pycountry.languages if hasattr(each, "alpha_2")]
    return {each.name.partition(" (")[0].lower(): each.alpha_2 for each in listed} | _ALSO_SPOKEN


def language_name(code: str) -> str:
    """In English, of a code that `language` gave; the code itself where it has no name."""
    found = pycountry.languages.get(**{f"alpha_{len(code)}": code}) if len(code) in {2, 3} else None
    return str(found.name).partition(" (")[0] if found else code
