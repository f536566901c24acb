"""What each number of the gates means, and between which bounds a tenant may turn it. One line a number, beside
`cid/domain/policy.py`: a field there without a line here fails a test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cid.domain.policy import BY_EVIDENCE, GatePolicy


@dataclass(frozen=True, slots=True)
class Knob:
    label: str
    means: str
    least: float | None = None
    most: float | None = None
    """Of a number, and of each number in a list; of a duration in seconds."""
    many: int = 500
    """Entries of a list, at most."""
    long: int = 100
    """Characters of a text, and of each text in a list."""
    capped: bool = False
    """The platform's own value is the most that a tenant may ask for."""


OUTAGE = Knob(
    "When the other party is out",
    "retry: wait until it answers. drop: decide against the story. pass: let it through unjudged; its verdict says so.",
)
_HOUR, _DAY = 3600, 86_400


def _share(label: str, means: str) -> Knob:
    return Knob(label, means, 0, 1)


def _points(label: str, means: str) -> Knob:
    return Knob(label, means, 0, 100)


def _count(label: str, means: str, least: int, most: int) -> Knob:
    return Knob(label, means, least, most)


def _most(label: str, means: str, least: int, most: int) -> Knob:
    return Knob(label, means, least, most, capped=True)


def _time(label: str, means: str, least: float, most: float) -> Knob:
    return Knob(label, means, least, most)


KNOBS: Mapping[str, Mapping[str, Knob]] = {
    "rules": {
        "min_chars": _count("Least characters", "Title and summary together; what is shorter is dropped.", 0, 1000),
        "min_trust": _share("Least trust", "Of the best source that has the item; what is less trusted is dropped."),
        "max_age": _time("Oldest", "What was published longer ago is dropped; undated items are kept.", 60, 30 * _DAY),
        "urgent_words": Knob(
            "Urgent words",
            "A title with one passes gate 1 without a keyword, is worked on first and needs no signal. A line each.",
        ),
    },
    "relevance": {
        "min_score": _points("Least score", "How relevant a model must find the story, 0 to 100."),
        "per_call": _most("Stories a call", "Of one question to the model; the platform's number is the most.", 1, 50),
        "summary_chars": _count("Of the summary", "So many characters are judged by, with the title.", 0, 2000),
        "on_outage": OUTAGE,
        "prefilter": Knob(
            "Drop without asking",
            "on: what a filter learned from your own past scores would drop is dropped, once it has proved itself; see "
            "the figures of the gates.",
        ),
        "prefilter_recall": _share("It must keep", "Of what passes; below, it switches itself off."),
        "prefilter_sure": _share("It must surely keep", "At least, as far as that can be told of so many."),
        "prefilter_passes": _count("Proved from", "So many stories that passed were held back from it.", 20, 5000),
        "prefilter_sample": _share("Asked all the same", "The share of what it would drop: it goes on being measured."),
    },
    "signal": {
        "min_score": _points("Least score", "What publishers and search interest must come to together."),
        "spread_scores": Knob(
            "Score by publishers", "A line each: at least so many publishers, then the score.", 0, 100, many=20
        ),
        "urgent_spread": _count("Urgent from", "So many publishers make any story urgent.", 1, 1000),
        "rejudge_at": Knob(
            "Judged again at", "A waiting story is judged again when so many publishers have it.", 1, 1000, many=20
        ),
        "patience": _time(
            "Patience", "How long a story may go without a new publisher before it is dropped.", 60, 14 * _DAY
        ),
        "window": _time("Window", "The most publishers count whose first reports lie within this.", 60, 7 * _DAY),
        "spread_weight": _share("Weight of publishers", "In the score, beside the weight of search interest."),
        "interest_weight": _share("Weight of search interest", "0: nobody is asked how much is searched for."),
        "interest_keywords": _count("Keywords asked about", "The first of those that were found in the story.", 0, 10),
        "interest_places": _count("Places asked about", "The first of your countries.", 0, 5),
        "first_mover_boost": _points("First mover", "Points for a story that none of your competitors has."),
    },
    "evidence": {
        "tier": _count(
            "How far",
            "0: the story's own reports. 1: and what a web search shows. 2: and what the pages found say.",
            0,
            2,
        ),
        "results": _count("Results", "Of one web search.", 1, 10),
        "keywords": _count("Keywords", "Of your own, added to the headline in the first search.", 0, 10),
        "queries": _count("Further searches", "That the cheap model thinks of; each costs money.", 0, 10),
        "pages": _count("Pages", "Fetched and read for one story, at most.", 0, 10),
        "claims": _count("Claims", "From searches and pages, besides those of the story's own reports.", 0, 60),
        "on_outage": Knob(
            "When the search, a model or the money is out",
            "pass: go on with what there is; the evidence says so. retry: wait until it is back. drop: wait for money,"
            " and decide against the story when an outage lasts.",
        ),
    },
    "fit": {
        "min_audience": _share("Least audience", "How well the story must suit your audience, 0 to 1."),
        "min_actionability": _share("Least actionability", "How much readers must be able to do about it, 0 to 1."),
        "on_outage": OUTAGE,
        "patience": _time("Patience", "How long an outage is tried often; then the story waits.", 60, 7 * _DAY),
    },
    "drafting": {
        "min_words": _count("Least words", "Of a draft's body; a structure has bounds of its own.", 50, 10_000),
        "max_words": _count("Most words", "Of a draft's body.", 50, 10_000),
        "questions": _count("Questions", "In a draft's questions and answers, at most; 0: none.", 0, 20),
        "per_day": _most(
            "Drafts a day", "In UTC; what is over waits for a place. The platform's is the most.", 0, 1000
        ),
        "per_week": _most("Drafts a week", "From Monday on, in UTC. The platform's is the most.", 0, 7000),
        "description": Knob("Description", "Least and most characters that search results show.", 1, 1000, many=2),
        "short_post": _count("Short post", "Characters at most.", 50, 5000),
        "internal_links": _count("Internal links", "To your own published articles, at most.", 0, 50),
        "title_question": Knob("Titles ask", "Whether titles have to be questions."),
        "title_keyword_within": _count("Keyword within", "First words of a title that hold it; 0: anywhere.", 0, 50),
        "title_year": Knob("Titles end with the year", "Whether they have to."),
        "question_words": Knob("Question words", "A line each language, as in en: how, why."),
        "number_words": Knob("Number words", "A line each language, as in en: two, three."),
        "forbidden_titles": Knob("Forbidden titles", "Patterns, a line each language, as in en: {n} things."),
        "structure": Knob("Structure", "Of every draft, or by_evidence: chosen for each by what there is to say."),
        "on_outage": OUTAGE,
    },
    "follow": {
        "pause": _time("Pause", "From a further report of a drafted story to the look at what is new.", 60, _DAY),
        "min_claims": _count("Least new claims", "Fewer of them leave the draft as it is.", 1, 30),
        "per_draft": _most(
            "Follow-ups a draft", "Written anew so often, and so many updates. The platform's is the most.", 0, 20
        ),
        "on_outage": Knob(
            "When the model is out", "retry: wait until it answers. drop or pass: leave the draft as it is."
        ),
    },
    "reviewing": {
        "ready_score": _points("Ready from", "A review with this score and no grave finding needs no revision."),
        "revise_score": _points("Revised from", "From here to ready, one revision by the machine is worth its price."),
        "on_outage": OUTAGE,
    },
    "checks": {
        "unsupported": Knob("Unsupported", "How grave figures, dates and names are that stand in no claim."),
        "unsupported_strict": Knob("Unsupported, strictly", "The same in the industries below."),
        "strict": Knob(
            "Strict industries", "Words of a profile's industry where a wrong figure harms people. A line each."
        ),
        "quote_words": _count("Longest quotation", "In words.", 1, 500),
        "quote_share": _share("Quoted", "Share of the body's words, all quotations together."),
        "quotes_per_source": _count("Quotations of a source", "At most.", 0, 50),
        "run_words": _count("Words in a row", "That may stand as in a source, outside quotations.", 3, 100),
        "copied_minor": _share("Copied, minor", "Share of the draft's runs of five words that one source has, too."),
        "copied_major": _share("Copied, major", "The same share, from which it is major."),
        "copied_critical": _share("Copied, critical", "The same share, from which it is critical."),
        "title_likeness": _share("Like an earlier title", "How alike two titles may be, 0 to 1."),
        "skeleton_likeness": _share("Like an earlier skeleton", "Share of headings that an earlier post has, too."),
        "shared_major": _count("Shared sentences", "From so many shared with one earlier post it is major.", 1, 100),
        "elsewhere_major": _share("Off topic, major", "Share of the words in paragraphs about something else."),
        "elsewhere_critical": _share("Off topic, critical", "The same share, from which it is critical."),
        "avoid_near": _share("Near a claim to avoid", "Share of its words that no sentence may reach."),
        "max_age": _time("Oldest news", "Of the newest report behind a draft.", _HOUR, 90 * _DAY),
        "hype": Knob("Hype", "Phrases no draft may use. A line each language, as in en: this, that.", many=200),
    },
    "publishing": {
        "undo": _time(
            "Time to undo", "So long nothing of an approved draft is sent, and the approval can be taken back.", 0, _DAY
        ),
    },
    "tracking": {
        "min_score": _points("Least score", "How sure the model must be that a story belongs; 0 leaves it to its yes."),
        "batch": _count("Stories a call", "Of one question to the model.", 1, 12),
        "retry_after": Knob("Tried again after", "An answer that cannot be used: once after each.", 1, _HOUR, many=10),
        "window": _time("Window", "A report joins its story's entry that long after it was begun.", _HOUR, 90 * _DAY),
        "on_outage": OUTAGE,
    },
}
"""By section of config/gates.toml and name."""

ASCENDING = (
    ("drafting", "min_words", "max_words"),
    ("checks", "copied_minor", "copied_major"),
    ("checks", "copied_major", "copied_critical"),
    ("checks", "elsewhere_major", "elsewhere_critical"),
    ("reviewing", "revise_score", "ready_score"),
)
"""Section and two names, of which the first is never above the second."""


def options(policy: GatePolicy, section: str, name: str) -> tuple[str, ...]:
    """What a text may be, where it is one of several; empty: any."""
    if (section, name) == ("drafting", "structure"):
        return (BY_EVIDENCE, *(structure.name for structure in policy.drafting.structures))
    return ()


NOT_TURNED: frozenset[tuple[str, str]] = frozenset({("drafting", "structures")})
"""What is no number: it comes from files."""
