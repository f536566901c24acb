"""The words of the analysis desk: states, reasons, ways, ratings, and what each of them means for whoever reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from cid.domain.briefing import Found
from cid.domain.dossier import Feeling
from cid.domain.narratives import By, MatchVerdict, Stance, Strength, Where
from cid.domain.run import BatchState, Failure, Grain, Period, Platform, RunState, Shortfall, Tlp, Via
from cid.domain.scorecard import Rating
from cid.web.words import _

S = TypeVar("S", bound=str)

STATES = {
    RunState.QUEUED: (_("queued"), "plain"),
    RunState.FETCHING: (_("fetching"), "live"),
    RunState.ASKING: (_("asking"), "live"),
    RunState.SCORING: (_("scoring"), "live"),
    RunState.COMPLETED: (_("completed"), "good"),
    RunState.PARTIAL: (_("partial"), "warn"),
    RunState.FAILED: (_("failed"), "bad"),
}
DOES = {
    RunState.QUEUED: _("Waiting for its turn"),
    RunState.FETCHING: _("Looking for what the outlet published"),
    RunState.ASKING: _("Having it read, and a briefing written"),
    RunState.SCORING: _("Checking quotes, scoring, looking for known narratives"),
    RunState.COMPLETED: _("The briefing is done"),
    RunState.PARTIAL: _("There is a briefing, and something of it is missing"),
    RunState.FAILED: _("It ended without a briefing"),
}
FAILURES: dict[Failure, tuple[str, str]] = {
    Failure.NO_ITEMS: (
        _("The sources answered, and had nothing of this outlet in this time."),
        _("Try a longer period, another spelling of the outlet's name, or its address."),
    ),
    Failure.SOURCES: (
        _("No source that was asked could be read."),
        _("What each of them said is below. Try again later, or permit that other sources stand in."),
    ),
    Failure.NO_KEY: (
        _("What this run wanted to ask has no key here."),
        _("Whoever runs the desk sets the key; until then choose another source or model."),
    ),
    Failure.MODEL: (
        _("No model answered with anything of use, and there is no reply to keep."),
        _("Nothing is lost: what was fetched is kept below. Run it again when the model answers."),
    ),
    Failure.CANCELLED: (_("Somebody stopped it."), _("Run it again when it is wanted after all.")),
    Failure.INTERNAL: (
        _("This is a defect of the desk; the job is in the list of dead ones."),
        _("Tell whoever runs the desk. Running it again may go well."),
    ),
}
SHORTFALLS = {
    Shortfall.FETCH: _("A source that was asked failed; the items are those of the others."),
    Shortfall.SCHEMA: _(
        "The model's answer is no briefing of the agreed shape, or only a part of one. It is kept as it came."
    ),
    Shortfall.SCORER: _("The scorer failed: the briefing has no points and no rating."),
    Shortfall.MATCHER: _("The search for known narratives failed: none being listed says nothing."),
}
SHORT = {
    Shortfall.FETCH: _("a source failed"),
    Shortfall.SCHEMA: _("answer not in shape"),
    Shortfall.SCORER: _("not scored"),
    Shortfall.MATCHER: _("narratives not looked for"),
}
WHY = {
    Failure.NO_ITEMS: _("nothing found"),
    Failure.SOURCES: _("sources failed"),
    Failure.NO_KEY: _("no key"),
    Failure.MODEL: _("no model answered"),
    Failure.CANCELLED: _("stopped by somebody"),
    Failure.INTERNAL: _("defect of the desk"),
}
BATCHES = {
    BatchState.QUEUED: (_("queued"), "plain"),
    BatchState.RUNNING: (_("running"), "live"),
    BatchState.COMPLETED: (_("completed"), "good"),
    BatchState.PARTIAL: (_("partial"), "warn"),
    BatchState.FAILED: (_("failed"), "bad"),
}
VIAS = {
    Via.OWN_FEED: _("the outlet's own feed"),
    Via.SERPAPI: _("SerpApi, news search"),
    Via.GOOGLE_NEWS: _("Google News"),
    Via.GDELT: _("GDELT"),
    Via.X: _("X"),
    Via.TELEGRAM: _("Telegram"),
    Via.SAMPLE: _("the sample"),
}
GRAINS = {
    Grain.ARTICLE: (_("whole article"), "good"),
    Grain.SUMMARY: (_("summary only"), "warn"),
    Grain.TITLE: (_("title only"), "warn"),
    Grain.POST: (_("post"), "good"),
}
PLATFORMS = {Platform.NEWS: _("news"), Platform.X: _("X"), Platform.TELEGRAM: _("Telegram")}
PERIODS = {
    Period.HOUR: _("the last hour"),
    Period.DAY: _("the last day"),
    Period.WEEK: _("the last week"),
    Period.MONTH: _("the last month"),
    Period.YEAR: _("the last year"),
}
RATINGS = {
    Rating.EXCELLENT: (_("excellent"), "good"),
    Rating.GOOD: (_("good"), "good"),
    Rating.ACCEPTABLE: (_("acceptable"), "warn"),
    Rating.POOR: (_("poor"), "bad"),
    Rating.FAILING: (_("failing"), "bad"),
}
TLPS = {
    Tlp.CLEAR: (_("TLP:CLEAR"), _("may be shared with anybody")),
    Tlp.GREEN: (_("TLP:GREEN"), _("may be shared in the community, not in public")),
    Tlp.AMBER: (_("TLP:AMBER"), _("for the organisation and its clients, who need to know")),
    Tlp.AMBER_STRICT: (_("TLP:AMBER+STRICT"), _("for the organisation alone")),
    Tlp.RED: (_("TLP:RED"), _("for the eyes of those named, nobody else")),
}
CONFIDENCE = {"high": (_("high"), "good"), "moderate": (_("moderate"), "warn"), "low": (_("low"), "bad")}
UNSAID = (_("not said"), "plain")
FACTORS = {
    "data_completeness": _("Completeness of the data"),
    "source_reliability": _("Reliability of the source"),
    "analytical_consistency": _("Consistency of the analysis"),
    "corroboration": _("Corroboration"),
}
FREQUENCY = {
    "dominant": _("in more than half of the items"),
    "frequent": _("in a fifth to a half of the items"),
    "occasional": _("in less than a fifth of the items"),
}
ROLES = {
    "official_state_media": _("official state media"),
    "proxy": _("proxy"),
    "deniable": _("deniable"),
    "authentic": _("authentic"),
    "unknown": _("unknown"),
}
FOUND = {
    Found.FOUND: (_("quote found"), "good", _("It stands in the item, to the letter.")),
    Found.NEAR: (_("nearly found"), "warn", _("It stands there in other punctuation, or a word or two are left out.")),
    Found.NOT_FOUND: (_("quote not found"), "bad", _("It does not stand in the item as it was fetched.")),
    Found.NO_ITEM: (_("no such item"), "bad", _("The item it names is none of this run.")),
}
UNLOOKED = (_("not looked up"), "plain", _("Nobody has looked yet whether it stands there."))
STANCES = {
    Stance.REPEATS: (_("repeats it"), "bad", _("The text makes the claim its own.")),
    Stance.REPORTS: (_("reports it"), "warn", _("The text says that somebody makes the claim.")),
    Stance.DEBUNKS: (_("debunks it"), "good", _("The text says that the claim is wrong.")),
}
STRENGTHS = {Strength.LOW: _("weak"), Strength.MODERATE: _("moderate"), Strength.HIGH: _("strong")}
WHERE = {
    Where.ITEM: _("in an item"),
    Where.REPORT: _("in the briefing's own words, which have read the catalogue: such a match says little by itself"),
}
BY = {By.CATALOGUE: _("by the catalogue"), By.CLASSIFIER: _("by the classifier")}
VERDICTS = {MatchVerdict.CONFIRMED: (_("confirmed"), "good"), MatchVerdict.REJECTED: (_("rejected"), "plain")}
DIMENSIONS = {
    "structural_completeness": (_("Structure"), _("All sections are there")),
    "attribution_quality": (_("Attribution"), _("Findings say what they rest on")),
    "confidence_signaling": (_("Confidence"), _("How sure it is, and what would change that")),
    "evidence_presentation": (_("Evidence"), _("How much of it, and of how many kinds")),
    "analytical_rigor": (_("Rigour"), _("Period, counts, limits, other readings")),
    "actionability": (_("Use"), _("Findings that somebody can act on")),
    "readability": (_("Reading"), _("Length, order, completeness")),
}
FEELINGS = {
    Feeling.USEFUL: (_("useful"), "good"),
    Feeling.WRONG: (_("wrong"), "bad"),
    Feeling.MISLEADING: (_("misleading"), "warn"),
    Feeling.MISSING: (_("something is missing"), "warn"),
}
LIMITS = {
    "cannot_determine": _("What cannot be told"),
    "data_gaps": _("What is missing from the data"),
    "alternative_interpretations": _("Other readings of the same facts"),
    "assessment_changing_factors": _("What would change the assessment"),
}
READY = {
    "ready": (_("ready"), "good"),
    "untested": (_("untested"), "plain"),
    "missing": (_("missing"), "warn"),
    "failing": (_("failing"), "bad"),
}


def plain(name: str) -> str:
    """A name of a program as words: what has no words of its own is not hidden."""
    return name.replace("_", " ").strip().capitalize()


def named(table: Mapping[S, str], name: str) -> str:
    """As the table has it; what is none of its words is not hidden."""
    return next((text for key, text in table.items() if key == name), "") or plain(name)
