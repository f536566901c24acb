"""An article made of the reports' own sentences, each with its source.

What connects them is ours, and short: no sentence of ours has more than eight words, so two stories never share a
longer one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from cid.domain.llm import Json
from cid.text.links import unlinked
from cid.text.prose import numbers, significant
from cid.text.words import first_found, phrases, words

Claim = Mapping[str, str]
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


def draft(shared: Mapping[str, Json], story: Mapping[str, Json]) -> Mapping[str, Json]:
    profile, headline = shared["profile"], unlinked(story["headline"])
    claims = [{**claim, **{key: unlinked(claim[key]) for key in STRANGERS}} for claim in story["claims"]]
    if not _concerned(profile, headline, claims):
        places = ", ".join(profile["geography"])
        return {"skip": "not_affected", "why": f"No report names {places}.", "article": None}
    ranked = _ranked(profile, claims)
    article = {
        "angle": next(iter(profile["preferred_angles"]), ""),
        "title": f"{_cut(headline, 80)}: what is known",
        "slug": "-".join(re.sub(r"[^a-z0-9]", "", word) for word in words(headline)[:8]).strip("-"),
        "description": _cut(claims[0]["text"], 155),
        "body": _body(claims, ranked),
        "keywords": [phrase.written for phrase in phrases(profile["keywords"]) if _says([phrase.written], claims)],
        "questions": _questions(claims, ranked, shared["form"]["questions"]),
        "references": [{"title": claim["title"], "url": claim["url"]} for claim in _first_of_each(claims, "url")],
        "linkedin": _linkedin(claims, ranked),
    }
    return {"skip": "none", "why": "", "article": article}


def _concerned(profile: Mapping[str, Json], headline: str, claims: Sequence[Claim]) -> bool:
    """Where no place is given, everything is near."""
    places = profile["geography"]
    return not places or _says(places, [*claims, {"text": headline, "title": ""}])


def _says(looked_for: Sequence[str], claims: Sequence[Claim]) -> bool:
    text = [word for claim in claims for word in words(f"{claim['title']} . {claim['text']}")]
    return first_found(phrases(looked_for), text) is not None


def _ranked(profile: Mapping[str, Json], claims: Sequence[Claim]) -> list[Claim]:
    """What shares most words with the audience's worries comes first; equals keep their order."""
    wanted = significant(" ".join([profile["primary_audience"], profile["business_goal"], *profile["pain_points"]]))
    return sorted(claims, key=lambda claim: -len(wanted & significant(claim["text"])))


def _body(claims: Sequence[Claim], ranked: Sequence[Claim]) -> str:
    figures = [claim for claim in claims if numbers(claim["text"])]
    later = [claim for claim in ranked if claim not in _opening(claims)]
    parts = [
        " ".join(_sourced(claim) for claim in _opening(claims)),
        "## What it means",
        "\n".join(f"- {_sourced(claim)}" for claim in (later or ranked)[:5]),
        "## At a glance",
        _table(("Reported", "Publisher"), [(_cell(claim), _link(claim)) for claim in _mixed(figures, claims, 6)]),
        "## What to do now",
        "\n".join(
            f"{number}. {step} {_sourced(claim)}"
            for number, (step, claim) in enumerate(
                zip(STEPS, _mixed(_first_of_each(claims, "url"), ranked, 4), strict=False), 1
            )
        ),
        "## Mistakes to avoid",
        _table(("Mistake", "Why", "Instead"), MISTAKES),
        "## Key takeaways",
        "\n".join(f"- {_sourced(claim)}" for claim in _mixed(figures, ranked, 4)),
    ]
    return "\n\n".join(parts)


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
    figure = next((claim for claim in claims if numbers(claim["text"])), claims[0])
    other = next((claim for claim in claims if claim["publisher"] != claims[0]["publisher"]), claims[-1])
    answers = _mixed([claims[0], figure, other], [*ranked, *claims], count)
    answers += [claims[-1]] * (count - len(answers))
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
