"""Whether the parts are there: by kinds of parts, not by the words of headings, so that articles need not look
alike."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from cid.domain.review import Finding, Severity
from cid.domain.structures import Part, PartKind
from cid.gates.checks.material import Material, finding
from cid.text import markdown, titles
from cid.text.words import words

QUICK = (15, 90)
"""Words of the paragraph that answers first."""
TITLE = 110
LEEWAY = 0.2
"""Of a part's bounds in words, before it is worth a finding: a good paragraph is not spoilt for three words."""
_YEAR = re.compile(r"(?<!\d)20\d{2}(?!\d)")


def _major(where: str, what: str, fix: str) -> Finding:
    return finding(Severity.MAJOR, "structure", where, what, fix)


def _minor(where: str, what: str, fix: str) -> Finding:
    return finding(Severity.MINOR, "structure", where, what, fix)


def size(one: Material) -> Iterator[Finding]:
    """Questions and answers are read with the body, and count."""
    asked = " ".join(f"{row.question} {row.answer}" for row in one.article.questions)
    count = len(words(markdown.plain(one.article.body))) + len(words(asked))
    least, most = one.drafting.min_words, one.drafting.max_words
    if structure := one.structure:
        least, most = max(least, structure.min_words), min(most, structure.max_words)
    if count < least:
        yield _major("body", f"The text has {count} words, fewer than {least}.", "Say more, or let it go.")
    if count > most:
        yield _major("body", f"The text has {count} words, more than {most}.", "Cut what repeats.")


def opening(one: Material) -> Iterator[Finding]:
    quick = len(words(markdown.paragraph(one.sections[0])))
    least, most = QUICK
    if one.structure and one.structure.opens:
        least, most = one.structure.body[0].words
    if not quick:
        yield _major("opening", "The body does not begin with a paragraph.", "Answer first, in one paragraph.")
    elif most and not least <= quick <= most:
        yield _minor("opening", f"The first paragraph has {quick} words.", f"Keep it within {least} to {most}.")


def headings(one: Material) -> Iterator[Finding]:
    if any(part.level == 1 for part in one.sections):
        yield _major("headings", "The body has a heading of level one.", "The title is the only one of that level.")


def parts(one: Material) -> Iterator[Finding]:
    """In order, each with a section of its kind."""
    if one.structure is None:
        yield from _kinds(one)
        return
    wanted = [part for part in one.structure.body if part.kind is not PartKind.OPENING]
    found = [section for section in one.sections if section.level]
    pairs = _aligned(wanted, found)
    for number, part in enumerate(wanted):
        if number not in pairs and not part.optional:
            yield _major(
                part.name,
                f"The part “{part.name}” is missing, or stands out of order.",
                f"Add a section with {_HOLDS[part.kind]}, where it belongs.",
            )
    for number in sorted(set(range(len(found))) - set(pairs.values())):
        yield _minor(found[number].heading, "This section is no part of the structure.", "Take it out, or join it.")
    for number, at in pairs.items():
        yield from _bounds(wanted[number], found[at])


_HOLDS = {
    PartKind.PROSE: "prose",
    PartKind.BULLETS: "a list",
    PartKind.STEPS: "numbered steps",
    PartKind.TABLE: "a table",
}


def _aligned(wanted: Sequence[Part], found: Sequence[markdown.Section]) -> dict[int, int]:
    """Part → section, in order, so that as many parts as possible have one, and what is required comes first."""
    rows, columns = len(wanted), len(found)
    best = [[0] * (columns + 1) for _ in range(rows + 1)]
    for row in range(rows - 1, -1, -1):
        for column in range(columns - 1, -1, -1):
            fits = _fits(wanted[row], found[column])
            taken = fits + best[row + 1][column + 1] if fits else 0
            best[row][column] = max(taken, best[row + 1][column], best[row][column + 1])
    pairs: dict[int, int] = {}
    row = column = 0
    while row < rows and column < columns:
        fits = _fits(wanted[row], found[column])
        if fits and best[row][column] == fits + best[row + 1][column + 1]:
            pairs[row] = column
            row, column = row + 1, column + 1
        elif best[row][column] == best[row][column + 1]:
            column += 1
        else:
            row += 1
    return pairs


def _fits(part: Part, section: markdown.Section) -> int:
    """0: not at all. Prose may stand in a section of any kind, and is most at home alone."""
    if section.level != 2:
        return 0
    held = {
        PartKind.PROSE: bool(markdown.paragraph(section)),
        PartKind.BULLETS: section.bullets > 0,
        PartKind.STEPS: section.steps > 1,
        PartKind.TABLE: bool(section.tables),
    }
    if not held.get(part.kind, False):
        return 0
    alone = part.kind is not PartKind.PROSE or not (section.bullets or section.steps or section.tables)
    return (4 if alone else 2) - part.optional


def _bounds(part: Part, section: markdown.Section) -> Iterator[Finding]:
    entries = {
        PartKind.BULLETS: section.bullets,
        PartKind.STEPS: section.steps,
        PartKind.TABLE: section.rows,
    }.get(part.kind)
    least, most = part.entries
    if entries is not None and most and not least <= entries <= most:
        yield _minor(section.heading, f"It has {entries} entries.", f"Keep them within {least} to {most}.")
    if part.columns and max(section.tables, default=0) < part.columns:
        yield _major(section.heading, f"Its table has fewer than {part.columns} columns.", "Add what is missing.")
    count = len(words(markdown.plain("\n".join(section.lines))))
    least, most = part.words
    if most and not least * (1 - LEEWAY) <= count <= most * (1 + LEEWAY):
        yield _minor(section.heading, f"It has {count} words.", f"Keep it within {least} to {most}.")


def _kinds(one: Material) -> Iterator[Finding]:
    """Of an article that names no structure that there is."""
    if sum(part.level == 2 for part in one.sections) < 4:
        yield _major("headings", "The body has fewer than four sections.", "Give each part a section.")
    if not any(part.steps >= 2 for part in one.sections):
        yield _major("steps", "No section says step by step what to do.", "Add a numbered list of steps.")
    tables = [columns for part in one.sections for columns in part.tables]
    if len(tables) < 2:
        yield _major("tables", "There are fewer than two tables.", "Show the facts, and the mistakes, as tables.")
    elif max(tables) < 3:
        yield _major("tables", "No table says mistake, reason and remedy.", "Give the mistakes three columns.")
    if one.sections[-1].bullets < 3:
        yield _major("ending", "The body does not end with takeaways.", "End with three to five bullets.")


def title(one: Material) -> Iterator[Finding]:
    article = one.article
    if len(article.title) > TITLE:
        yield _minor("title", f"The title has more than {TITLE} characters.", "Shorten it.")
    told = {year for text in one.ground if text not in one.own for year in _YEAR.findall(text)}
    if year := next((year for year in _YEAR.findall(article.title) if year not in told), None):
        yield _minor("title", f"The title names the year {year}, which no report does.", "Leave the year out.")


def title_pattern(one: Material) -> Iterator[Finding]:
    """Of a kind that the policy forbids."""
    return _title(one, "pattern")


def title_question(one: Material) -> Iterator[Finding]:
    """No question, where the policy wants one."""
    return _title(one, "question")


def title_keyword(one: Material) -> Iterator[Finding]:
    """The first keyword comes late, or not at all."""
    return _title(one, "keyword")


def title_year(one: Material) -> Iterator[Finding]:
    """A year hung on, or none where the policy wants one."""
    return _title(one, "year")


def _title(one: Material, kind: str) -> Iterator[Finding]:
    article = one.article
    for fault in titles.faults(article.title, next(iter(article.keywords), ""), one.drafting):
        if fault.kind == kind:
            yield (_major if fault.grave else _minor)("title", fault.what, fault.fix)


def description(one: Material) -> Iterator[Finding]:
    least, most = one.drafting.description
    if not least <= len(one.article.description) <= most:
        yield _minor("description", f"The description is not within {least} to {most} characters.", "Rewrite it.")


def posts(one: Material) -> Iterator[Finding]:
    if not one.article.linkedin:
        yield _major("linkedin", "There is no LinkedIn text.", "Write one.")
    if len(one.article.short_post) > one.drafting.short_post:
        yield _major("short post", f"The short post has more than {one.drafting.short_post} characters.", "Shorten it.")


def markup(one: Material) -> Iterator[Finding]:
    if markdown.holds_html(one.article.body):
        yield _major("body", "The body holds HTML.", "Use Markdown only.")
    if "![" in one.article.body:
        yield _major("body", "The body holds an image.", "Images are chosen apart from the text.")


def questions(one: Material) -> Iterator[Finding]:
    asked = [tuple(words(question.question)) for question in one.article.questions]
    least, most = 0, one.drafting.questions
    if one.structure:
        least, most = one.structure.questions(most)
    if not least <= len(asked) <= most:
        yield _major("questions", f"There are {len(asked)} questions.", f"Ask {least} to {most}.")
    if len(set(asked)) < len(asked) or any(not question.answer for question in one.article.questions):
        yield _major("questions", "A question repeats, or has no answer.", "Ask and answer each once.")


def references(one: Material) -> Iterator[Finding]:
    count = len(one.article.references)
    least, most = next((part.entries for part in one.parts_of(PartKind.REFERENCES)), (1, 0))
    if not count:
        yield _major("references", "No report is referred to.", "List the reports that were used.")
    elif count < min(least, len(one.sources)) or (most and count > most):
        yield _minor("references", f"There are {count} references.", f"Keep them within {least} to {most}.")
