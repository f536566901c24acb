"""Gate 5, the one revision: a model proposes edits to what the review found, and we apply them.

It can lose and corrupt nothing: an edit names the very words that it replaces, those stand there once, and whatever was
not found fault with is compared afterwards. One edit that does not fit fails them all, and the draft stays as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from difflib import SequenceMatcher
from itertools import pairwise

from cid.domain.draft import Article, Question
from cid.domain.errors import BadReply
from cid.domain.evidence import Pack
from cid.domain.ids import TenantId
from cid.domain.llm import Ask, Json, Subject, Tier
from cid.domain.review import Change, Finding, Severity
from cid.domain.tenants import Profile
from cid.text.briefs import about, avoided
from cid.text.clean import unhidden
from cid.text.injection import signs, without
from cid.text.links import foreign, sites
from cid.text.words import words

FIELDS = ("title", "description", "body", "questions")
"""All that it may touch."""
FIELD_OF = {
    "title": "title",
    "description": "description",
    "body": "body",
    "question": "questions",
    "answer": "questions",
}
"""What an edit may name, and the part of the article that this is."""
PLACES = {
    **dict.fromkeys(("body", "opening", "headings", "steps", "tables", "ending"), "body"),
    **dict.fromkeys(("linkedin", "links", "references", "evidence", "story", "review"), "other"),
    **dict.fromkeys(
        ("short post", "short_post", "newsletter", "image_brief", "keywords", "slug", "structure"), "other"
    ),
}
"""Where checks say that something is wrong, and the part of the article that this is."""
ELSEWHERE = frozenset({"suspicious", "stale", "evidence", "posts", "references", "like_skeleton", "topic"})
"""Checks of which no edit mends what they find."""
LONGEST = {"title": 200, "description": 600, "body": 60_000, "question": 300, "answer": 3_000}
"""Characters."""
SHARE = 0.5
"""Of the body's characters, at most, that edits replace: beyond that it is another article and not a revision."""
SCHEMA: Mapping[str, Json] = {
    "type": "object",
    "properties": {
        "edits": {
            "type": "array",
            "maxItems": 60,
            "items": {
                "type": "object",
                "properties": {
                    "field": {"type": "string", "enum": list(FIELD_OF)},
                    "number": {"type": "integer", "minimum": 0, "maximum": 40},
                    "old": {"type": "string", "minLength": 1, "maxLength": 8000},
                    "new": {"type": "string", "maxLength": 8000},
                },
                "required": ["field", "number", "old", "new"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["edits"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """`number`: which of the questions, from 1; 0 for what there is one of."""

    field: str
    number: int = 0
    old: str
    new: str


def flagged(article: Article, findings: Iterable[Finding]) -> frozenset[str]:
    """The parts of the article that something was found in, `other` for what no revision touches."""
    return frozenset(_part(article, finding) for finding in findings)


def mendable(article: Article, findings: Sequence[Finding]) -> bool:
    """Whether a revision could make it ready: all that is major stands in parts that it may touch. An article that
    speaks to models is shown to people only."""
    if not findings or signs(*_texts(article)):
        return False
    grave = [finding for finding in findings if finding.severity is not Severity.MINOR]
    return flagged(article, grave) <= set(FIELDS) and bool(flagged(article, findings) & set(FIELDS))


def ask(
    profile: Profile,
    article: Article,
    pack: Pack,
    findings: Sequence[Finding],
    *,
    rules: Sequence[str] = (),
    tenant: TenantId,
    key: str,
) -> Ask:
    """`key` is the version's id."""
    questions = [{"number": number, **asdict(question)} for number, question in enumerate(article.questions, 1)]
    return Ask(
        tenant=tenant,
        stage="revise",
        tier=Tier.QUALITY,
        prompt="revise",
        shared={"profile": about(profile, rules)},
        subjects=(
            Subject(
                key=key,
                input={
                    "article": {
                        "title": article.title,
                        "description": article.description,
                        "body": article.body,
                        "questions": questions,
                    },
                    "findings": [_shown(article, finding) for finding in findings],
                    "claims": [asdict(claim) for claim in pack.claims],
                    "avoid": avoided(pack),
                },
            ),
        ),
        schema=SCHEMA,
        # Thinking counts against the ceiling; the edits themselves are some hundred tokens.
        max_tokens=12_000,
        timeout_s=120,
        patience_s=260,
        addresses=tuple(sorted({*_known(pack, article), *foreign(_written(article), ())})),
    )


def _shown(article: Article, finding: Finding) -> Mapping[str, Json]:
    where, what, fix = without(finding.where, finding.what, finding.fix)
    kind = {"severity": str(finding.severity), "category": finding.category, "field": _part(article, finding)}
    return {**kind, "where": where, "what": what, "fix": fix}


def read(value: Mapping[str, Json]) -> tuple[Edit, ...]:
    """Raises BadReply."""
    try:
        return tuple(_edit(row) for row in value["edits"])
    except (KeyError, TypeError, ValueError) as error:
        raise BadReply(f"revision: {error!r}") from error


def _edit(row: Mapping[str, Json]) -> Edit:
    number = row["number"]
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise ValueError("a number of another kind")
    texts = (row["field"], row["old"], row["new"])
    if not all(isinstance(text, str) for text in texts) or row["field"] not in FIELD_OF or not row["old"]:
        raise ValueError("an edit of another shape")
    # Postgres keeps no NUL, and half a surrogate pair has no bytes.
    new = row["new"].replace("\0", "").encode(errors="ignore").decode()
    return Edit(field=row["field"], number=number, old=row["old"], new=unhidden(new))


def revised(article: Article, edits: Sequence[Edit], findings: Sequence[Finding], pack: Pack) -> Article:
    """The article with all edits applied. Raises BadReply, which says what does not fit."""
    allowed = flagged(article, findings) & set(FIELDS)
    for edit in edits:
        if FIELD_OF[edit.field] not in allowed:
            raise BadReply(f"the revision touches the {edit.field}, in which nothing was found")
    after = applied(article, edits)
    if after == article:
        raise BadReply("the revision changes nothing")
    unchanged(article, after, allowed)
    _fits(article, after, pack)
    return after


def applied(article: Article, edits: Sequence[Edit]) -> Article:
    """Each edit against the article as it was, in whatever order they came. Raises BadReply."""
    by_place: dict[tuple[str, int], list[Edit]] = {}
    for edit in edits:
        by_place.setdefault((edit.field, edit.number), []).append(edit)
    questions = list(article.questions)
    whole: dict[str, str] = {}
    for (field, number), there in by_place.items():
        if FIELD_OF[field] == "questions":
            if not 1 <= number <= len(questions):
                raise BadReply(f"the revision names question {number} of {len(questions)}")
            old = questions[number - 1]
            text = _replaced(getattr(article.questions[number - 1], field), there)
            questions[number - 1] = Question(**{**asdict(old), field: text})
        elif number:
            raise BadReply(f"the revision names {field} {number}, and there is one")
        else:
            whole[field] = _replaced(getattr(article, field), there)
    return replace(
        article,
        title=whole.get("title", article.title),
        description=whole.get("description", article.description),
        body=whole.get("body", article.body),
        questions=tuple(questions),
    )


def _replaced(text: str, edits: Sequence[Edit]) -> str:
    places = []
    for edit in edits:
        found = text.find(edit.old)
        if found < 0 or text.find(edit.old, found + 1) >= 0:
            times = "not" if found < 0 else "more than once"
            raise BadReply(f"the revision replaces words that stand {times} in the {edit.field}: {edit.old[:60]!r}")
        places.append((found, found + len(edit.old), edit.new))
    places.sort()
    if any(end > start for (_start, end, _new), (start, _end, _next) in pairwise(places)):
        raise BadReply("two edits of the revision overlap")
    if edits[0].field == "body" and sum(end - start for start, end, _new in places) > SHARE * len(text):
        raise BadReply("the revision rewrites more than half of the text")
    for start, end, new in reversed(places):
        text = text[:start] + new + text[end:]
    return text if edits[0].field in {"body", "answer"} else " ".join(text.split())


def unchanged(before: Article, after: Article, allowed: Iterable[str]) -> None:
    """Raises BadReply when anything but the `allowed` parts differs."""
    touched = {field.name for field in fields(Article) if getattr(before, field.name) != getattr(after, field.name)}
    if strange := sorted(touched - set(allowed)):
        raise BadReply(f"the revision would change {', '.join(strange)}, in which nothing was found")


def _fits(before: Article, after: Article, pack: Pack) -> None:
    """What a revision may not bring in, whatever it takes out."""
    known = _known(pack, before)
    text, old = _written(after), _written(before)
    if strange := sorted(set(foreign(text, known)) - set(foreign(old, known))):
        raise BadReply(f"the revision links outside the evidence: {strange[0][:200]}")
    if strange := sorted(set(sites(text, known)) - set(sites(old, known))):
        raise BadReply(f"the revision names a site that the text did not: {strange[0][:200]}")
    if found := signs(*_texts(after)):
        raise BadReply(f"the revision speaks to a model: it {', '.join(found)}")
    parts = [("title", after.title), ("description", after.description), ("body", after.body)]
    parts += [("question", row.question) for row in after.questions]
    parts += [("answer", row.answer) for row in after.questions]
    for name, part in parts:
        if not part.strip():
            raise BadReply(f"the revision leaves no {name}")
        if len(part) > LONGEST[name]:
            raise BadReply(f"the revision makes the {name} longer than {LONGEST[name]} characters")


def changes(before: Article, after: Article) -> list[Change]:
    """What differs, place by place: whole titles and questions, of the body the paragraphs."""
    made = [
        Change(name, getattr(before, name), getattr(after, name))
        for name in ("title", "description")
        if getattr(before, name) != getattr(after, name)
    ]
    old, new = before.body.split("\n\n"), after.body.split("\n\n")
    for op, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if op != "equal":
            made.append(Change("body", "\n\n".join(old[i:j]), "\n\n".join(new[k:m])))
    for one, two in zip(before.questions, after.questions, strict=False):
        if one != two:
            made.append(Change("questions", f"{one.question}\n{one.answer}", f"{two.question}\n{two.answer}"))
    return made


def _part(article: Article, finding: Finding) -> str:
    """As the finding says; else by the place that a check names, or by the words that it quotes."""
    if finding.field:
        return finding.field if finding.field in FIELDS else "other"
    if finding.check in ELSEWHERE:
        return "other"
    if finding.where in (*FIELDS, *PLACES):
        return PLACES.get(finding.where, finding.where)
    quoted = " ".join(words(finding.where))
    for name in ("body", "title", "description", "questions"):
        if quoted and quoted in " ".join(words(_text_of(article, name))):
            return name
    return "other" if quoted and quoted in " ".join(words(article.linkedin)) else "body"


def _text_of(article: Article, name: str) -> str:
    if name == "questions":
        return "\n".join(f"{row.question}\n{row.answer}" for row in article.questions)
    text: str = getattr(article, name)
    return text


def _texts(article: Article) -> list[str]:
    return [part for name in FIELDS for part in _text_of(article, name).splitlines() if part.strip()]


def _written(article: Article) -> str:
    return "\n".join(_text_of(article, name) for name in FIELDS)


def _known(pack: Pack, article: Article) -> set[str]:
    """Where an article may link to: its evidence. Its own references are checked to be some of that."""
    return {
        *(claim.url for claim in pack.claims),
        *(url for _title, url in pack.references),
        *(reference.url for reference in article.references),
    }
