"""What each number of the gates means, and between which bounds a tenant may turn it. One line a number, beside
`cid/domain/policy.py`: a field there without a line here fails a test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


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
        "on_outage": OUTAGE,
        "per_call": _count("Stories a question", "No more than the platform groups; fewer cost more.", 1, 50),
        "summary_chars": _count("Summary shown", "Characters that a model judges by, beside the title.", 0, 2000),
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
    },
    "evidence": {"on_outage": OUTAGE},
    "fit": {
        "min_audience": _share("Least audience", "How well the story must suit your audience, 0 to 1."),
        "min_actionability": _share("Least actionability", "How much readers must be able to do about it, 0 to 1."),
        "on_outage": OUTAGE,
        "patience": _time("Patience", "How long an outage is tried often; then the story waits.", 60, 7 * _DAY),
    },
    "drafting": {
        "min_words": _count("Least words", "Of a draft's body.", 50, 10_000),
        "max_words": _count("Most words", "Of a draft's body.", 50, 10_000),
        "questions": _count("Questions", "In a draft's questions and answers.", 0, 20),
        "on_outage": OUTAGE,
    },
    "reviewing": {
        "ready_score": _points("Ready from", "A review with this score and no grave finding needs no revision."),
        "on_outage": OUTAGE,
    },
    "tracking": {"on_outage": OUTAGE},
}
"""By section of config/gates.toml and name."""

ASCENDING = (("drafting", "min_words", "max_words"),)
"""Section and two names, of which the first is never above the second."""

NOT_TURNED: frozenset[tuple[str, str]] = frozenset({("drafting", "structures")})
"""What is no number: it comes from files."""
