"""What becomes of a draft when further reports of its story come: what they say that is new, and where it belongs.

New is what carries a figure, a quotation, a month or a name that neither the evidence nor the draft has, and what is
said in mostly other words. Who repeats in other words what is known adds nothing. Pure; some milliseconds a report.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from cid.domain.draft import Article, Author, DraftState
from cid.domain.evidence import Claim, Pack, Report
from cid.domain.policy import Follow
from cid.domain.publication import PublicationState
from cid.text.dates import month_of
from cid.text.figures import figures
from cid.text.naming import names, writes_nouns_large
from cid.text.prose import quotations, sentences, significant
from cid.text.words import words

MOST = 12
"""New claims that go into a draft at once: each makes the question longer."""
REPEATED = 0.75
"""Share of a claim's significant words that one known sentence has, from which a new name alone is no news."""
OTHERWISE = 0.5
"""The same share, below which it is news whatever it names."""


COMING = {PublicationState.PLANNED, PublicationState.SENDING, PublicationState.UNKNOWN}
"""Of publications that may be live soon."""


class Course(StrEnum):
    ENRICH = "enrich"
    """The draft is written anew."""
    UPDATE = "update"
    """An article of its own says what happened since."""
    WAIT = "wait"
    """It is approved and not live yet: there is no address to lead to."""
    LEAVE = "leave"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where the newest draft of a story stands."""

    state: DraftState
    author: Author
    """Of its current version."""
    ordinal: int
    followed: int
    """How often a model was asked to follow it up."""
    published: Collection[PublicationState]
    address: str
    """Where it, or what it is an update of, can be read now; empty: nowhere yet."""


def course(standing: Standing, policy: Follow) -> tuple[Course, str]:
    """What is to be done with news, and where that is nothing why not."""
    if why := _against(standing, policy):
        return Course.LEAVE, why
    if standing.state is not DraftState.APPROVED:
        return Course.ENRICH, ""
    return (Course.UPDATE, "") if standing.address else (Course.WAIT, "it is not live yet")


def _against(standing: Standing, policy: Follow) -> str:
    approved = standing.state is DraftState.APPROVED
    said = {
        "the draft was rejected": standing.state is DraftState.REJECTED,
        "a person has written in the draft: it is theirs to add": not approved and standing.author is Author.PERSON,
        f"followed up {standing.followed} times: that is enough": standing.followed >= policy.per_draft,
        f"there are {standing.ordinal - 1} updates: that is enough": approved and standing.ordinal > policy.per_draft,
        "the draft was approved and is live nowhere": approved
        and not standing.address
        and not COMING & set(standing.published),
    }
    return next((why for why, holds in said.items() if holds), "")


def unread(reports: Sequence[Report], pack: Pack) -> list[Report]:
    """Those of which the pack has no claim."""
    known = {claim.item_id for claim in pack.claims}
    return [report for report in reports if str(report.item_id) not in known]


def news(claims: Sequence[Claim], pack: Pack, article: Article) -> tuple[Claim, ...]:
    """Those of `claims` that say something new, each also against the ones before it."""
    said = [sentence for text in _written(article) for sentence in sentences(text)]
    known = _Known([*(claim.text for claim in pack.claims), *said])
    found: list[Claim] = []
    for claim in claims:
        if len(found) < MOST and known.lacks(claim.text):
            found.append(claim)
            known.add(claim.text)
    return tuple(found)


def extended(pack: Pack, found: Sequence[Claim]) -> Pack:
    """The new claims come last, so that the numbers of the others stay. What they bear out need not be avoided."""
    borne = [significant(claim.text) for claim in found]
    avoid = tuple(
        one for one in pack.avoid if not any(_share(significant(one.text), said) >= REPEATED for said in borne)
    )
    return Pack(
        claims=(*pack.claims, *found), avoid=avoid, references=pack.references, state=pack.state, notes=pack.notes
    )


class _Known:
    """What was said before, taken apart once."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.large = writes_nouns_large(texts)
        self.said: list[set[str]] = []
        self.figures: set[Decimal] = set()
        self.words: set[str] = set()
        self.running = " "
        for text in texts:
            self.add(text)

    def add(self, text: str) -> None:
        folded = words(text)
        self.said.append(_terms(text))
        self.words.update(folded)
        self.running += " ".join(folded) + " "
        for figure in figures(text):
            self.figures |= figure.readings | figure.bare

    def lacks(self, text: str) -> bool:
        if not words(text):
            return False
        if any(not (figure.readings | figure.bare) & self.figures for figure in figures(text)):
            return True
        if any(f" {' '.join(words(quote))} " not in self.running for quote in quotations(text)):
            return True
        if any(month_of(word) and word not in self.words for word in words(text)):
            return True
        likeness = max((_share(_terms(text), known) for known in self.said), default=0.0)
        return likeness < OTHERWISE or (likeness < REPEATED and self._names_another(text))

    def _names_another(self, text: str) -> bool:
        for name in names(text, nouns=self.large):
            parts = [word for part in name.parts for word in words(part)]
            if parts and all(word not in self.words for word in parts):
                return True
        return False


def _terms(text: str) -> set[str]:
    """Where no word is long enough to be significant, all of them."""
    return significant(text) or set(words(text))


def _share(terms: set[str], known: set[str]) -> float:
    return len(terms & known) / len(terms) if terms else 0.0


def _written(article: Article) -> list[str]:
    answers = [text for question in article.questions for text in (question.question, question.answer)]
    return [article.title, article.description, article.body, *answers]
