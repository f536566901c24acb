"""An article made of the reports' own sentences, each with its source.

What connects them is ours, and short: no sentence of ours has more than eight words, so two stories never share a
longer one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from cid.domain.angles import Angle
from cid.domain.llm import Json
from cid.text.links import unlinked
from cid.text.prose import numbers, significant
from cid.text.words import first_found, phrases, words

Claim = Mapping[str, str]
ANGLES = tuple(str(angle) for angle in Angle)
STRANGERS = ("text", "title", "publisher")
"""What of a claim strangers wrote freely: addresses in it are not passed on."""
QUICK = 45
"""Words of the opening, at most, once it has one sentence."""
QUESTIONS = (
    "What happened?",
    "Which figures are named?",
    "What do other publishers add?",
    "What else was reported?",
    "What comes next?",
    "Who is concerned?",
    "What is said about the reasons?",
)
STEPS = (
    "Read this report in full.",
    "Check this statement at its source.",
    "Set this against your own plans.",
    "Note who is meant, and when.",
)
MISTAKES = (
    ("Trusting one report", "Publishers know different parts.", "Read two of them."),
    ("Passing on a figure alone", "Figures have conditions.", "Quote the whole sentence."),
    ("Waiting for certainty", "Dates pass meanwhile.", "Prepare what costs nothing."),
)


HEADINGS: Mapping[str, str] = {
    "what_you_will_learn": "What you will learn",
    "what_it_is": "What it is",
    "why_it_happens": "Why it happens",
    "at_a_glance": "At a glance",
    "how_to": "What to do now",
    "if_ignored": "If you do nothing",
    "mistakes": "Mistakes to avoid",
    "tips": "Worth checking",
    "takeaways": "Key takeaways",
    "what_happened": "What happened",
    "what_it_means": "What it means",
    "what_to_do": "What to do now",
    "what_is_known": "What is known",
    "comparison": "The reports beside each other",
    "what_follows": "What follows",
    "open_questions": "What reports leave open",
}
FALLBACK: Sequence[Mapping[str, Json]] = (
    {"name": "answer", "kind": "opening"},
    {"name": "what_it_means", "kind": "bullets", "entries": [2, 5]},
    {"name": "at_a_glance", "kind": "table", "columns": 2, "entries": [3, 6]},
    {"name": "what_to_do", "kind": "steps", "entries": [2, 4]},
    {"name": "mistakes", "kind": "table", "columns": 3},
    {"name": "takeaways", "kind": "bullets", "entries": [3, 4]},
)
"""Where no structure is wanted."""
PROSE = 5
"""Claims in a part of prose that has no bounds."""
WORDS = 17
"""Of a claim with its source, as a rule."""


def draft(shared: Mapping[str, Json], story: Mapping[str, Json]) -> Mapping[str, Json]:
    client, rules, headline = shared["client"], shared["rules"], unlinked(story["headline"])
    claims = [{**claim, **{key: unlinked(claim[key]) for key in STRANGERS}} for claim in story["claims"]]
    if not _concerned(client, headline, claims):
        places = ", ".join(client["places"])
        return {"skip": "not_affected", "why": f"No report names {places}.", "article": None}
    ranked = _ranked(client, claims)
    article = {
        "angle": _angle(story),
        "angle_reason": "Chosen by fixed rules.",
        "title": f"{_cut(headline, 80)}: what is known",
        "slug": "-".join(re.sub(r"[^a-z0-9]", "", word) for word in words(headline)[:8]).strip("-"),
        "description": _description(claims, rules["description_characters"][1]),
        "body": _body(shared["structure"].get("parts", FALLBACK), claims, ranked, rules["words"][0], _earlier(story)),
        "keywords": list(story["keywords"]),
        "questions": _questions(claims, ranked, rules["questions"][1]),
        "references": _references(shared["structure"], claims),
        "linkedin": _linkedin(claims, ranked),
        "short_post": _cut(claims[0]["text"], rules["short_post_characters"]),
        "newsletter": "\n\n".join(claim["text"] for claim in _mixed([claims[0]], ranked, 2)),
        "image_brief": _cut(f"A plain picture without people: {', '.join(story['keywords']) or headline}", 300),
    }
    return {"skip": "none", "why": "", "article": article}


def _angle(story: Mapping[str, Json]) -> str:
    """What is recommended, else what nobody took, else the first that is not taken."""
    taken = set(story["angles_taken"])
    wanted = [story["recommended_angle"], *story["angles_free"], *ANGLES]
    return next((angle for angle in wanted if angle and angle not in taken), ANGLES[0])


def _description(claims: Sequence[Claim], most: int) -> str:
    text = ""
    for claim in claims:
        text = f"{text} {claim['text']}".strip()
        if len(text) >= most:
            break
    return _cut(text, most)


def _references(structure: Mapping[str, Json], claims: Sequence[Claim]) -> list[Mapping[str, str]]:
    most = next((part["entries"][1] for part in structure.get("parts", ()) if part["kind"] == "references"), 60)
    linked = _first_of_each(claims, "url")[:most]
    return [{"title": claim["title"], "url": claim["url"]} for claim in linked]


def _concerned(client: Mapping[str, Json], headline: str, claims: Sequence[Claim]) -> bool:
    """Where no place is given, everything is near."""
    places = client.get("places", ())
    return not places or _says(places, [*claims, {"text": headline, "title": ""}])


def _says(looked_for: Sequence[str], claims: Sequence[Claim]) -> bool:
    text = [word for claim in claims for word in words(f"{claim['title']} . {claim['text']}")]
    return first_found(phrases(looked_for), text) is not None


def _ranked(client: Mapping[str, Json], claims: Sequence[Claim]) -> list[Claim]:
    """What shares most words with the audience's worries comes first; equals keep their order."""
    said = [client.get("primary_audience", ""), client.get("business_goal", ""), *client.get("pain_points", ())]
    wanted = significant(" ".join(said))
    return sorted(claims, key=lambda claim: -len(wanted & significant(claim["text"])))


def _earlier(story: Mapping[str, Json]) -> str:
    """Where it is an update: the article that was published, as a link."""
    if "update_of" not in story:
        return ""
    published = story["update_of"]
    return f"An update of [{_plain(' '.join(published['title'].split()))}](<{published['url']}>):"


def _body(
    parts: Sequence[Mapping[str, Json]],
    claims: Sequence[Claim],
    ranked: Sequence[Claim],
    least: int,
    earlier: str,
) -> str:
    """Each part by its kind, from claims dealt out in turn; those that were used first are used again last. `least`:
    words of all of it."""
    opening = _opening(claims)
    deal = _Deal([*(claim for claim in ranked if claim not in opening), *opening])
    written = [" ".join(filter(None, [earlier, *(_sourced(claim) for claim in opening)]))]
    sections = [part for part in parts if part["kind"] in MAKERS]
    prose = sum(part["kind"] == "prose" for part in sections)
    lists = sum(part.get("entries", [0, 4])[1] for part in sections if part["kind"] != "prose")
    share = max(PROSE, -(-(least // WORDS - lists) // max(prose, 1)))
    for part in sections:
        heading = HEADINGS.get(part["name"], part["name"].replace("_", " ").capitalize())
        written += [f"## {heading}", MAKERS[part["kind"]](part, deal, share)]
    return "\n\n".join(written)


class _Deal:
    """Claims in turn, so that no part says what the part before it said."""

    def __init__(self, claims: Sequence[Claim]) -> None:
        self.claims, self.next = list(claims), 0

    def out(self, count: int) -> list[Claim]:
        """So many, each once: fewer where there are not so many."""
        count = min(count, len(self.claims))
        dealt = [self.claims[(self.next + number) % len(self.claims)] for number in range(count)]
        self.next += count
        return dealt


def _prose(part: Mapping[str, Json], deal: _Deal, share: int) -> str:
    most = part.get("words", [0, 0])[1]
    count = min(share, max(2, most // WORDS)) if most else share
    return "\n\n".join(_sourced(claim) for claim in deal.out(count))


def _bullets(part: Mapping[str, Json], deal: _Deal, _share: int) -> str:
    return "\n".join(f"- {_sourced(claim)}" for claim in deal.out(part.get("entries", [2, 4])[1]))


def _steps(part: Mapping[str, Json], deal: _Deal, _share: int) -> str:
    dealt = deal.out(min(part.get("entries", [2, 4])[1], len(STEPS)))
    return "\n".join(
        f"{number}. {step} {_sourced(claim)}" for number, (step, claim) in enumerate(zip(STEPS, dealt, strict=False), 1)
    )


def _rows(part: Mapping[str, Json], deal: _Deal, _share: int) -> str:
    if part.get("columns", 2) > 2:
        return _table(("Mistake", "Why", "Instead"), MISTAKES)
    rows = [(_cell(claim), _link(claim)) for claim in deal.out(part.get("entries", [3, 6])[1])]
    return _table(("Reported", "Publisher"), rows)


MAKERS: Mapping[str, Callable[[Mapping[str, Json], _Deal, int], str]] = {
    "prose": _prose,
    "bullets": _bullets,
    "steps": _steps,
    "table": _rows,
}


def _opening(claims: Sequence[Claim]) -> list[Claim]:
    taken = [claims[0]]
    for claim in claims[1:4]:
        if sum(len(words(one["text"])) for one in [*taken, claim]) <= QUICK:
            taken.append(claim)
    return taken


def _mixed(first: Sequence[Claim], then: Sequence[Claim], count: int) -> list[Claim]:
    chosen: list[Claim] = []
    for claim in [*first, *then]:
        if claim not in chosen:
            chosen.append(claim)
    return chosen[:count]


def _first_of_each(claims: Sequence[Claim], key: str) -> list[Claim]:
    return list({claim[key]: claim for claim in reversed(claims)}.values())[::-1]


def _questions(claims: Sequence[Claim], ranked: Sequence[Claim], count: int) -> list[Mapping[str, str]]:
    """None of which two have one answer."""
    figure = next((claim for claim in claims if numbers(claim["text"])), claims[0])
    other = next((claim for claim in claims if claim["publisher"] != claims[0]["publisher"]), claims[-1])
    answers = _mixed([claims[0], figure, other], [*ranked, *claims], count)
    return [
        {"question": question, "answer": f"{answer['publisher'] or 'One report'}: {answer['text']}"}
        for question, answer in zip(QUESTIONS, answers, strict=False)
    ]


def _linkedin(claims: Sequence[Claim], ranked: Sequence[Claim]) -> str:
    chosen = _mixed([claims[0]], ranked, 4)
    links = [f"{claim['publisher'] or 'Report'}: {claim['url']}" for claim in _first_of_each(claims, "url")[:3]]
    return "\n\n".join([*(claim["text"] for claim in chosen), "The reports in full:", "\n".join(links)])


def _sourced(claim: Claim) -> str:
    return f"{_plain(claim['text'])} ({_link(claim)})"


def _link(claim: Claim) -> str:
    # Angle brackets: an address may hold round ones.
    return f"[{_plain(claim['publisher'] or 'report')}](<{claim['url']}>)"


def _plain(text: str) -> str:
    """A stranger's sentence as text, whatever marks it holds."""
    return re.sub(r"([\\`*_\[\]<>#|~!])", r"\\\1", text)


def _cell(claim: Claim) -> str:
    return _plain(claim["text"])


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    return text[: limit - 1].rpartition(" ")[0].rstrip(" ,;:-") + "…"
