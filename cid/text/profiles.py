"""What a tenant's profile may say: bounds that keep prompts short and pages readable. Pure."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from cid.domain.tenants import Profile
from cid.text import languages

ENTRIES = 60
"""Of a list."""
ENTRY = 120
"""Characters of one entry of a list."""
TEXT = 1000
"""Characters of a text."""
SHORT = 200
"""Characters of a name."""
_SHORT = {"industry"}


def wrong(profile: Profile) -> dict[str, str]:
    """By field, one sentence about what does not fit."""
    found: dict[str, str] = {}
    for field in fields(Profile):
        value = getattr(profile, field.name)
        if isinstance(value, tuple):
            sentence = _list(value)
        else:
            most = SHORT if field.name in _SHORT else TEXT
            sentence = f"At most {most} characters; these are {len(value)}." if len(value) > most else ""
        if field.name == "language" and not languages.tag(value):
            sentence = "A language is a tag such as en, de or pt-br."
        if sentence:
            found[field.name] = sentence
    return found


def _list(entries: tuple[str, ...]) -> str:
    if len(entries) > ENTRIES:
        return f"At most {ENTRIES} entries; these are {len(entries)}."
    longest = max(map(len, entries), default=0)
    return f"An entry has at most {ENTRY} characters; one has {longest}." if longest > ENTRY else ""


def entries(text: str) -> tuple[str, ...]:
    """One a line, each once, in the order of the lines."""
    return tuple(dict.fromkeys(line for line in (" ".join(line.split()) for line in text.splitlines()) if line))


def changed(was: Profile, now: Profile) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields that differ: as they were, and as they are."""
    names = [field.name for field in fields(Profile) if getattr(was, field.name) != getattr(now, field.name)]

    def told(profile: Profile) -> dict[str, Any]:
        values = {name: getattr(profile, name) for name in names}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}

    return told(was), told(now)
