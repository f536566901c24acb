"""Countries and languages by any of their usual names, as ISO 3166-1 and ISO 639 have them."""

from __future__ import annotations

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


@cache
def country_name(code: str) -> str:
    """For people; the code itself where it has none."""
    found = pycountry.countries.get(alpha_2=code)
    return getattr(found, "common_name", found.name) if found else code


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
