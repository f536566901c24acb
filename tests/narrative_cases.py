"""Sentences of three made-up narratives, and ordinary headlines, for tests of the classifier."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from itertools import product
from pathlib import Path

from cid.briefing.cases import Case

PLACES = ("Norhaven", "Eastmoor", "Sandwick", "Lindholm", "Carrow", "Vessby", "Tarn", "Oldport")
CLAIMS = {
    "light_001": (
        "The lighthouse of {} is a secret radar",
        "{} hides a radar in its lighthouse",
        "A hidden radar turns in the lighthouse near {}",
        "The old lighthouse at {} listens to sailors by radar",
    ),
    "fish_001": (
        "Quotas starve the fishermen of {}",
        "Fishermen in {} are ruined by the herring quotas",
        "The quota was invented to ruin the herring fleet of {}",
        "Every quota takes bread from a fisherman in {}",
    ),
    "bell_001": (
        "The bells of {} ring by themselves before a war",
        "Before each war a bell rings in {} that nobody touches",
        "{} silenced its bells to hide the coming war",
        "No hand rang the bells of {} when the war came",
    ),
}
KEYWORDS = {"light_001": "Radar+Lighthouses", "fish_001": "Quotas", "bell_001": "Omens+War"}
NOTHING = (
    "The mayor of {} opens a library",
    "{} wins the rowing cup",
    "Rain delays the ferry to {}",
    "A new bakery opens at the station of {}",
)
ORDINARY = (
    "Shares of the port of {} rise",
    "School in {} plants forty trees",
    "How to spend a weekend in {}",
    "{} council votes on parking fees",
    "Phone maker opens a store in {}",
)
LABELS = {
    "narratives": {
        "light_001": {"keywords_any": ["Radar"], "keywords_all": [["Lighthouses", "Towers"]]},
        "fish_001": {"keywords_any": ["Quotas", "Herring"]},
        "bell_001": {"keywords_any": ["War"], "countries_any": ["Norway"]},
    }
}
COLUMNS = ("case", "date", "claim", "countries", "keywords", "languages", "outlets")


def labelled() -> list[Case]:
    told = [
        Case(text=claim.format(place), narratives=frozenset([narrative]))
        for narrative, claims in CLAIMS.items()
        for claim, place in product(claims, PLACES)
    ]
    return told + [Case(text=one.format(place)) for one, place in product(NOTHING, PLACES)]


def ordinary() -> list[Case]:
    return [Case(text=one.format(place)) for one, place in product(ORDINARY, PLACES)]


def rows(told: Sequence[Case], outlet: str = "Harbour Post") -> list[dict[str, str]]:
    return [
        {
            "case": f"case-{number}",
            "date": f"2024-01-{1 + number % 28:02}",
            "claim": one.text,
            "countries": "Norway" if one.narratives else "",
            "keywords": "+".join(KEYWORDS[narrative] for narrative in sorted(one.narratives)),
            "languages": "English",
            "outlets": outlet,
        }
        for number, one in enumerate(told)
    ]


def write(file: Path, some: Sequence[dict[str, str]]) -> Path:
    with file.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(some[0]))
        writer.writeheader()
        writer.writerows(some)
    return file


def files(folder: Path) -> tuple[Path, Path, Path]:
    """Cases, labels, ordinary headlines."""
    labels = folder / "labels.json"
    labels.write_text(json.dumps(LABELS))
    titles = write(folder / "headlines.csv", [{"id": "1", "title": one.text} for one in ordinary()])
    return write(folder / "cases.csv", rows(labelled())), labels, titles
