"""What readers are told of how a text came to be: sentences of config/disclosure.toml, in the language of the text.

Article 50(4) of Regulation (EU) 2024/1689 asks whoever publishes a generated text on matters of public interest to
say so, unless a person reviewed it and somebody holds editorial responsibility. Hence the two modes; which one a
channel is in decides its tenant, and what the second one asks of the reviewer is checked when somebody approves.
The marks for machines (`digitalSourceType` of the structured data) are the same in both.
"""

from __future__ import annotations

import string
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cid.domain.publication import Disclosure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cid.domain.draft import Article

FILE = Path(__file__).resolve().parents[2] / "config" / "disclosure.toml"
FALLBACK = "en"
KNOWN = {
    "model": {"model", "basis"},
    "offline": {"basis"},
    "listed": set[str](),
    "reports": set[str](),
    "edited": set[str](),
    "approved": {"site"},
    "responsible": {"responsible"},
    "sample_note": set[str](),
    "offline_note": set[str](),
}
"""What a language has to say, and what is filled in there."""


def disclosure(article: Article, marks: Mapping[str, Any]) -> list[str]:
    """How the text was made, in sentences for its readers.

    `marks`: those of the version, with the channel's `mode` and `responsible`; without a mode everything is said.
    """
    said = phrases(marks["language"])
    sample = [said["sample_note"]] if marks["sample"] else []
    if marks.get("mode") == Disclosure.RESPONSIBILITY and marks.get("responsible"):
        return [said["responsible"].format(responsible=marks["responsible"]), *sample]
    basis = said["listed"] if article.references else said["reports"]
    if marks["offline"]:
        made = said["offline"].format(basis=basis)
    else:
        made = said["model"].format(model=marks.get("provider") or "?", basis=basis)
    edited = [said["edited"]] if marks.get("edited") else []
    return [made, *edited, said["approved"].format(site=marks["site_name"]), *sample]


def phrases(language: str) -> Mapping[str, str]:
    """Of the language, or of English where the file does not know it."""
    every = load(FILE)
    return every.get(language.partition("-")[0].lower(), every[FALLBACK])


@cache
def load(path: Path) -> Mapping[str, Mapping[str, str]]:
    """Every language of the file. Raises ValueError with a sentence about the first thing that is wrong in it."""
    every: dict[str, dict[str, str]] = tomllib.loads(path.read_text(encoding="utf-8"))
    if FALLBACK not in every:
        raise ValueError(f"[{FALLBACK}] is missing.")
    for language, said in every.items():
        if set(said) != set(KNOWN):
            raise ValueError(f"[{language}] lacks or does not know {', '.join(sorted(set(said) ^ set(KNOWN)))}.")
        for name, sentence in said.items():
            if (found := _fields(sentence)) != KNOWN[name]:
                raise ValueError(f"[{language}] {name} fills in {sorted(found)} instead of {sorted(KNOWN[name])}.")
    return every


def _fields(sentence: str) -> set[str]:
    return {name for _text, name, _spec, _conversion in string.Formatter().parse(sentence) if name is not None}
