"""Gate 5, first half: what can be checked about a draft for nothing. By kinds of parts, not by the words of headings,
so that articles need not look alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from cid.domain.draft import Article
from cid.domain.evidence import Claim, Report
from cid.domain.policy import Drafting
from cid.domain.review import Finding, Severity
from cid.text import markdown
from cid.text.injection import signs
from cid.text.links import foreign, sites
from cid.text.prose import numbers, quotations
from cid.text.words import words

QUICK = (15, 90)
"""Words of the paragraph that answers first."""
TITLE, DESCRIPTION = 110, 320


def check(article: Article, claims: Sequence[Claim], policy: Drafting) -> list[Finding]:
    parts = markdown.sections(article.body)
    return [
        *_size(article, policy),
        *_parts(parts),
        *_head(article),
        *_questions(article, policy),
        *_sources(article, claims),
        *_unsupported(article, claims),
        *_sites(article, claims),
        *_orders(article),
    ]


def suspicious(reports: Sequence[Report]) -> Iterator[Finding]:
    """A story of which a report speaks to a model is read by a person, whatever came of it."""
    for report in reports:
        if found := signs(report.title, report.summary):
            yield Finding(
                severity=Severity.MAJOR,
                category="brand_safety",
                where="evidence",
                what=f"A report ({report.publisher or 'unnamed'}) seems to address a model; it {', '.join(found)}.",
                fix="Compare the text with the other reports before you decide.",
            )


def _major(where: str, what: str, fix: str) -> Finding:
    return Finding(severity=Severity.MAJOR, category="structure", where=where, what=what, fix=fix)


def _minor(where: str, what: str, fix: str) -> Finding:
    return Finding(severity=Severity.MINOR, category="structure", where=where, what=what, fix=fix)


def _size(article: Article, policy: Drafting) -> Iterator[Finding]:
    count = len(words(markdown.plain(article.body)))
    if count < policy.min_words:
        yield _major("body", f"The body has {count} words, fewer than {policy.min_words}.", "Say more, or let it go.")
    if count > policy.max_words:
        yield _major("body", f"The body has {count} words, more than {policy.max_words}.", "Cut what repeats.")


def _parts(parts: Sequence[markdown.Section]) -> Iterator[Finding]:
    quick = len(words(markdown.paragraph(parts[0])))
    if not quick:
        yield _major("opening", "The body does not begin with a paragraph.", "Answer first, in one paragraph.")
    elif not QUICK[0] <= quick <= QUICK[1]:
        yield _minor("opening", f"The first paragraph has {quick} words.", f"Keep it within {QUICK[0]} to {QUICK[1]}.")
    if any(part.level == 1 for part in parts):
        yield _major("headings", "The body has a heading of level one.", "The title is the only one of that level.")
    if sum(part.level == 2 for part in parts) < 4:
        yield _major("headings", "The body has fewer than four sections.", "Give each part a section.")
    if not any(part.steps >= 2 for part in parts):
        yield _major("steps", "No section says step by step what to do.", "Add a numbered list of steps.")
    tables = [columns for part in parts for columns in part.tables]
    if len(tables) < 2:
        yield _major("tables", "There are fewer than two tables.", "Show the facts, and the mistakes, as tables.")
    elif max(tables) < 3:
        yield _major("tables", "No table says mistake, reason and remedy.", "Give the mistakes three columns.")
    if parts[-1].bullets < 3:
        yield _major("ending", "The body does not end with takeaways.", "End with three to five bullets.")


def _head(article: Article) -> Iterator[Finding]:
    if len(article.title) > TITLE:
        yield _minor("title", f"The title has more than {TITLE} characters.", "Shorten it.")
    if not 40 <= len(article.description) <= DESCRIPTION:
        yield _minor("description", f"The description is not within 40 to {DESCRIPTION} characters.", "Rewrite it.")
    if not article.linkedin:
        yield _major("linkedin", "There is no LinkedIn text.", "Write one.")
    if markdown.holds_html(article.body):
        yield _major("body", "The body holds HTML.", "Use Markdown only.")
    if "![" in article.body:
        yield _major("body", "The body holds an image.", "Images are chosen apart from the text.")


def _questions(article: Article, policy: Drafting) -> Iterator[Finding]:
    asked = [tuple(words(question.question)) for question in article.questions]
    if len(asked) != policy.questions:
        yield _major("questions", f"There are {len(asked)} questions.", f"Ask exactly {policy.questions}.")
    if len(set(asked)) < len(asked) or any(not question.answer for question in article.questions):
        yield _major("questions", "A question repeats, or has no answer.", "Ask and answer each once.")


def _sources(article: Article, claims: Sequence[Claim]) -> Iterator[Finding]:
    known = {claim.url for claim in claims}
    strangers = foreign(_written(article), known) + [ref.url for ref in article.references if ref.url not in known]
    for address in sorted(set(strangers)):
        yield Finding(
            severity=Severity.CRITICAL,
            category="fabrication",
            where="links",
            what=f"The address {address[:200]} is not in the evidence.",
            fix="Link only to the story's reports.",
        )
    if not article.references:
        yield _major("references", "No report is referred to.", "List the reports that were used.")


def _unsupported(article: Article, claims: Sequence[Claim]) -> Iterator[Finding]:
    """A quotation must stand in a report word for word; a figure that stands in none is worth a look."""
    evidence = "\n".join(f"{claim.text}\n{claim.title}" for claim in claims)
    text = markdown.plain(_written(article))
    folded = " ".join(words(evidence))
    for quotation in dict.fromkeys(quotations(text)):
        if " ".join(words(quotation)) not in folded:
            yield Finding(
                severity=Severity.MAJOR,
                category="fabrication",
                where=quotation[:80],
                what="The quotation stands in no report.",
                fix="Quote word for word, or do not quote.",
            )
    unknown = sorted(set(numbers(text)) - set(numbers(evidence)))
    if unknown:
        yield Finding(
            severity=Severity.MINOR,
            category="factual_risk",
            where=", ".join(unknown[:8]),
            what="These figures stand in no report.",
            fix="Check where they come from.",
        )


def _sites(article: Article, claims: Sequence[Claim]) -> Iterator[Finding]:
    """Many programs turn a site's name into a link. One that two publishers write is a name like any other."""
    for name in sites(_written(article), (claim.url for claim in claims)):
        named = {claim.publisher for claim in claims if name in f"{claim.text}\n{claim.title}".lower()}
        if len(named) < 2:
            yield Finding(
                severity=Severity.MAJOR,
                category="brand_safety",
                where=name[:80],
                what="The text names this site, which " + ("only one publisher does." if named else "no report does."),
                fix="Take it out, unless you know the site.",
            )


def _orders(article: Article) -> Iterator[Finding]:
    for text in _texts(article):
        for part in markdown.plain(text).splitlines():
            if found := signs(part):
                yield Finding(
                    severity=Severity.MAJOR,
                    category="brand_safety",
                    where=part[:80],
                    what=f"The text seems to address a model instead of readers: it {', '.join(found)}.",
                    fix="Take the sentence out.",
                )
                return


def _written(article: Article) -> str:
    return "\n".join(_texts(article))


def _texts(article: Article) -> Iterable[str]:
    yield from (article.title, article.description, article.body, article.linkedin)
    for question in article.questions:
        yield from (question.question, question.answer)
