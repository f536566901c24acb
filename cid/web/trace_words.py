"""Words for what the funnel leaves behind: stages of calls, signals of verdicts."""

from __future__ import annotations

from cid.domain.llm import TRIAL
from cid.web.words import _

CALL_STAGES = {
    "relevance": _("Relevance"),
    "queries": _("Searches to make"),
    "search": _("Paid search"),
    "evidence": _("Evidence"),
    "track": _("Tracker"),
    "fit": _("Audience fit"),
    "draft": _("Draft"),
    "review": _("Review"),
    "revise": _("Revision"),
    "poll": _("Paid source"),
    "briefing": _("Briefing of an outlet"),
    "judge": _("One story or two"),
}

SIGNALS = {
    "characters": _("characters"),
    "trust": _("trust of the source"),
    "dated": _("has a date"),
    "age_h": _("age in hours"),
    "keywords": _("keywords"),
    "matched": _("keywords it is about"),
    "given": _("score before bounds"),
    "speaks_to_the_model": _("speaks to the model"),
    "speaks_to_model": _("speaks to the model"),
    "prefilter": _("score of the filter"),
    "prefilter_threshold": _("bar of the filter"),
    "prefilter_version": _("version of the filter"),
    "prefilter_sampled": _("asked all the same, by chance"),
    "publishers": _("publishers"),
    "publishers_within": _("of them close together"),
    "spread_score": _("score for spread"),
    "search_interest": _("search interest"),
    "search_interest_of": _("searched for"),
    "search_interest_missing": _("why no search interest"),
    "boost": _("boost for being first"),
    "competitors": _("competitors who have it"),
    "competitors_followed": _("competitors followed"),
    "urgent": _("urgent by"),
    "state": _("state of the evidence"),
    "claims": _("claims"),
    "of_reports": _("claims from its own reports"),
    "searches": _("searches"),
    "hits": _("results"),
    "pages_read": _("pages read"),
    "pages_failed": _("pages not read"),
    "thrown": _("quotes thrown away"),
    "audience_relevance": _("audience"),
    "business_relevance": _("business"),
    "actionability": _("actionability"),
    "risk_level": _("risk"),
    "recommended_angle": _("angle recommended"),
    "claims_to_use": _("claims to use"),
    "should_generate": _("worth writing"),
    "angle": _("angle"),
    "structure": _("structure"),
    "words": _("words"),
    "questions": _("questions"),
    "round": _("round"),
    "evidence": _("evidence"),
    "revision": _("why not revised"),
    "relevant": _("on the topic"),
    "category": _("category"),
    "regions": _("regions"),
    "foreign_figures": _("figures that the text has not"),
}
"""What a gate went by. A name that is not here is shown as it is, with spaces."""


def stage(name: str) -> str:
    """A stage of calls, as people say it."""
    text = CALL_STAGES.get(name.removeprefix(TRIAL), name.removeprefix(TRIAL))
    return _("Trial: {stage}").format(stage=text) if name.startswith(TRIAL) else text


def signal(name: str) -> str:
    return SIGNALS.get(name, name.replace("_", " "))
