"""What exports of a run say in words, so that every format says the same."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from cid.domain.briefing import Found
from cid.domain.export import ENDINGS, Format
from cid.domain.narratives import MatchVerdict, Stance
from cid.domain.run import Failure, Grain, Period, Platform, RunState, Shortfall, Tlp, Via

if TYPE_CHECKING:
    from cid.domain.dossier import Dossier
    from cid.domain.run import Run

TLP = {tlp: f"TLP:{tlp.upper()}" for tlp in Tlp}
"""As FIRST writes the labels: in capitals and without a space (https://www.first.org/tlp/, version 2.0)."""
SHARE = {
    Tlp.CLEAR: "Recipients may share this with everybody.",
    Tlp.GREEN: "Recipients may share this within their community, and not where everybody can read it.",
    Tlp.AMBER: "Recipients may share this within their organisation and with its clients, where they need to know it.",
    Tlp.AMBER_STRICT: "Recipients may share this within their organisation only, where others need to know it.",
    Tlp.RED: "For the recipients alone: they may share it with nobody.",
}
STATES = {
    RunState.QUEUED: "queued",
    RunState.FETCHING: "fetching",
    RunState.ASKING: "asking",
    RunState.SCORING: "scoring",
    RunState.COMPLETED: "completed",
    RunState.PARTIAL: "partial",
    RunState.FAILED: "failed",
}
FAILURES = {
    Failure.NO_ITEMS: "The sources answered, and had nothing of this outlet in this time.",
    Failure.SOURCES: "No source that was asked could be read.",
    Failure.NO_KEY: "What the run wants to ask has no key here.",
    Failure.MODEL: "No model answered with anything of use.",
    Failure.CANCELLED: "It was cancelled.",
    Failure.INTERNAL: "A defect of the desk ended it.",
}
LACKS = {
    Shortfall.FETCH: "A source that was asked failed; others brought items.",
    Shortfall.SCHEMA: "The model's answer does not have the agreed shape, or only in part.",
    Shortfall.SCORER: "The scorer failed: there is no scorecard.",
    Shortfall.MATCHER: "The matcher failed: known narratives were not looked for.",
}
PLATFORMS = {Platform.NEWS: "News", Platform.X: "X", Platform.TELEGRAM: "Telegram"}
PERIODS = {
    Period.HOUR: "last hour",
    Period.DAY: "last 24 hours",
    Period.WEEK: "last 7 days",
    Period.MONTH: "last 30 days",
    Period.YEAR: "last 12 months",
}
VIAS = {
    Via.OWN_FEED: "the outlet's own feed",
    Via.SERPAPI: "SerpApi",
    Via.GOOGLE_NEWS: "Google News",
    Via.GDELT: "GDELT",
    Via.X: "X",
    Via.TELEGRAM: "Telegram",
    Via.SAMPLE: "sample",
}
GRAINS = {Grain.ARTICLE: "whole article", Grain.SUMMARY: "summary only", Grain.TITLE: "title only", Grain.POST: "post"}
FOUND = {
    Found.FOUND: "found",
    Found.NEAR: "near",
    Found.NOT_FOUND: "not found",
    Found.NO_ITEM: "no such item",
    None: "not checked",
}
STANCES = {Stance.REPEATS: "repeats", Stance.REPORTS: "reports", Stance.DEBUNKS: "debunks"}
VERDICTS = {MatchVerdict.CONFIRMED: "confirmed", MatchVerdict.REJECTED: "rejected", None: "not reviewed"}
_UNSAFE = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+')
LONGEST_NAME = 60
"""Characters of the outlet in a file's name: 240 bytes in UTF-8 at most, where file systems take 255."""


def tlp_label(run: Run) -> str:
    return TLP[run.tlp]


def marks(dossier: Dossier) -> tuple[str, ...]:
    """What must be seen before anything is believed, a sentence each."""
    said, kept = [], dossier.briefing
    if dossier.run.sample or any(item.sample for item in dossier.items):
        said.append("Sample: the outlet and its items are made up to show how the desk works.")
    if kept and kept.extractive:
        said.append("Extractive: put together of extracts from the items by fixed rules, without a language model.")
    if kept and not kept.structured:
        said.append("Unstructured: the model's answer is kept as it came, and could not be read as a briefing.")
    if dossier.run.state is RunState.FAILED:
        said.append(f"Failed: {failure(dossier.run)}")
    elif dossier.run.state is not RunState.COMPLETED and dossier.run.state is not RunState.PARTIAL:
        said.append(f"Unfinished: the run was {STATES[dossier.run.state]} when this was exported.")
    said += [f"Partial: {LACKS[one]}" for one in dossier.run.shortfalls]
    return tuple(said)


def failure(run: Run) -> str:
    return run.detail or (FAILURES[run.failure] if run.failure else "No reason was kept.")


def looked_for_narratives(dossier: Dossier) -> bool:
    """Whether no match means that there is none."""
    over = dossier.run.state in {RunState.COMPLETED, RunState.PARTIAL}
    return bool(dossier.matches) or (over and Shortfall.MATCHER not in dossier.run.shortfalls)


def disclosure(dossier: Dossier) -> tuple[str, ...]:
    """How the text came to be, for its readers (Article 50 of Regulation (EU) 2024/1689)."""
    kept, count = dossier.briefing, len(dossier.items)
    said = f"{count} item" if count == 1 else f"{count} items"
    if kept is None:
        return ("No briefing was written for this run.",)
    if kept.extractive:
        made = f"A program put this briefing together of extracts from {said} by fixed rules; no model wrote any of it."
    else:
        made = f"A language model ({kept.provider}) wrote this briefing from {said}."
    return (
        made,
        "Quotes, scores and matches with known narratives were worked out by programs.",
        "No person has approved it: a person must read it before anybody acts on it or passes it on.",
    )


def disclosed(provider: str) -> tuple[str, ...]:
    """The same of a run in a list, as far as its row tells. `provider`: empty while nothing is written."""
    if not provider:
        return ("No briefing was written for this run.",)
    offline = provider.startswith("offline")
    made = "put together of extracts by fixed rules" if offline else f"written by a language model ({provider})"
    return (f"Its briefing was {made}.", "No person has approved it: a person must read it before anybody acts on it.")


def file_name(dossier: Dossier, form: Format) -> str:
    """In the outlet's own script: `РТ 2026-11-21 1f3a9c02.pdf`."""
    outlet = _UNSAFE.sub(" ", unicodedata.normalize("NFC", dossier.run.outlet))
    outlet = " ".join(outlet.split())[:LONGEST_NAME].strip(" .") or "run"
    day = (dossier.run.ended_at or dossier.run.created_at).date().isoformat()
    return f"{outlet} {day} {str(dossier.run.id)[-8:]}.{ENDINGS.get(form, form)}"
