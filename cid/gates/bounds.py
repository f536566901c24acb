"""How much an article may hold that a person wrote. Pure."""

from __future__ import annotations

from cid.domain.draft import Article

BODY_LIMIT = 100_000
TITLE_LIMIT = 200


def excess(article: Article) -> str:
    """What is wrong with it, as a sentence; empty: nothing. Lengths are in characters."""
    if not article.title.strip() or not article.body.strip():
        return "An article needs a title and a text."
    if len(article.title) > TITLE_LIMIT:
        return f"The title is longer than {TITLE_LIMIT} characters."
    if any(not (question.question and question.answer) for question in article.questions):
        return "A question wants an answer, and an answer a question."
    for reference in article.references:
        if not reference.url:
            return f"The source {reference.title} has no address."
    posts = len(article.linkedin) + len(article.short_post) + len(article.newsletter) + len(article.image_brief)
    whole = len(article.body) + posts + sum(len(q.question + q.answer) for q in article.questions)
    return f"The text is longer than {BODY_LIMIT} characters." if whole > BODY_LIMIT else ""
