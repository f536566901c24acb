"""What can be computed for a tracker: by its words whether a story belongs, the category whose definition shares most
words with it, the regions it names, and its own first sentences as the summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cid.domain.llm import Json
from cid.text.injection import LEFT_OUT, signs
from cid.text.links import unlinked
from cid.text.prose import sentences, significant
from cid.text.trackers import named
from cid.text.words import first_found, phrases, words

TITLE, TEXT, SHARED, SHARED_MOST = 60, 45, 5, 35
"""Points for a keyword in the title, else in the text, and for each word shared with the topic, of so many at most."""
RELEVANT = 45


def track(shared: Mapping[str, Json], item: Mapping[str, Json]) -> Mapping[str, Json]:
    tracker, title, text = shared["tracker"], unlinked(item["title"]), unlinked(item["text"])
    score = _score(tracker, title, text)
    answer = {"relevant": score >= RELEVANT, "score": score, "category": "", "regions": [], "summary": ""}
    if answer["relevant"]:
        answer |= {
            "category": _category(tracker["categories"], title, text),
            "regions": _regions(tracker, f"{title} . {text}"),
            "summary": _summary(tracker["summary"], title, text),
        }
    return {**answer, "injection_suspected": bool(signs(title, text))}


def _score(tracker: Mapping[str, Json], title: str, text: str) -> int:
    """A keyword decides where the tracker has any."""
    keywords, head, all_ = phrases(tracker["keywords"]), words(title), [*words(title), *words(text)]
    if _elsewhere(tracker, f"{title} . {text}"):
        return 0
    context = min(SHARED * len(significant(tracker["topic"]).intersection(all_)), SHARED_MOST)
    if not keywords:
        return min(2 * context, 100)
    if first_found(keywords, head):
        return TITLE + context
    return TEXT + context if first_found(keywords, all_) else context


def _elsewhere(tracker: Mapping[str, Json], text: str) -> bool:
    """Where the topic names the country, so must the story, or one of its regions."""
    country = [("", (tracker["national"]["name"],))]
    return bool(named(country, tracker["topic"])) and not named([*country, *_places(tracker)], text)


def _places(tracker: Mapping[str, Json]) -> list[tuple[str, tuple[str, ...]]]:
    return [(one["code"], (one["name"], *one["aliases"])) for one in tracker["regions"]]


def _category(categories: Sequence[Mapping[str, str]], title: str, text: str) -> str:
    """Of equals the first."""
    said = significant(f"{title} {text}")
    shared = [len(significant(f"{one['name']} {one['definition']}") & said) for one in categories]
    return categories[shared.index(max(shared))]["name"]


def _regions(tracker: Mapping[str, Json], text: str) -> list[str]:
    return list(named(_places(tracker), text)) or [tracker["national"]["code"]]


def _summary(rules: Mapping[str, Json], title: str, text: str) -> str:
    """Whole sentences, as many as there is room for; where there is none the headline, cut at a word."""
    chosen: list[str] = []
    for sentence in [one for one in sentences(text) if LEFT_OUT not in one] or [title]:
        if len(chosen) == rules["max_sentences"] or len(" ".join([*chosen, sentence])) > rules["max_chars"]:
            break
        chosen.append(sentence)
    return " ".join(chosen) or title[: rules["max_chars"]].rpartition(" ")[0] or title[: rules["max_chars"]]
