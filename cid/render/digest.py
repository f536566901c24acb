"""The daily digest as a letter: a subject that states the work, complete plain text, and HTML that any reader shows."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from cid.domain.digest import Digest, Item, Out
from cid.domain.draft import DraftState
from cid.domain.mail import Letter
from cid.domain.publication import PublicationState
from cid.render.changes import entry
from cid.render.letters import Button, environment, headline
from cid.render.letters import letter as short_letter

WHY = 200
"""Characters of why a story: two lines at 600 pixels."""
STATES = {PublicationState.FAILED: "failed", PublicationState.UNKNOWN: "not known whether it arrived"}
OUTCOMES = {
    "needs_admin_review": "held: needs a close look",
    "blocked_factual_review": "held: facts are in doubt",
    "review_failed": "held: the review failed",
    "auto_revised": "revised by the machine",
}


def letter(to: str, digest: Digest) -> Letter:
    subject = headline(subject_of(digest))
    html = environment().get_template("digest.html").render(d=digest, subject=subject, words=_Words)
    return Letter(to=to, subject=subject, text=text_of(digest), html=html)


def urgent_letter(to: str, tenant: str, item: Item, settings: str) -> Letter:
    """About one draft that should not wait for the morning."""
    return short_letter(
        to=to,
        subject=f"Urgent: {item.draft.title} – {tenant}",
        paragraphs=[item.draft.title, short(item.draft.why), marks_of(item)],
        button=Button(label="Review", url=item.url),
        after=[f"You asked to hear of urgent drafts at once: {settings}"],
    )


def subject_of(digest: Digest) -> str:
    """The work that waits, and whose it is: 3 drafts to review, 1 failed publication – Acme."""
    work = [
        _counted(digest.to_review, "draft to review", "drafts to review"),
        _counted(digest.troubles, "failed publication", "failed publications"),
        _counted(digest.pending, "tracker entry to decide", "tracker entries to decide"),
    ]
    rest = [
        _counted(digest.lives, "published", "published"),
        _counted(digest.changes, "change at a watched outlet", "changes at watched outlets"),
        _counted(digest.ailings, "source in trouble", "sources in trouble"),
    ]
    said = [part for part in work if part] or [part for part in rest if part]
    return f"{', '.join(said) or 'Nothing to do'} – {digest.tenant}"


def text_of(digest: Digest) -> str:
    """All of it, for whoever reads no HTML."""
    parts = [f"{digest.tenant}, {digest.day:%A} {digest.day.day} {digest.day:%B %Y}"]
    if digest.to_review:
        parts += [_title("Drafts to review", digest.to_review), *map(_draft, digest.items)]
        parts += _more(digest.to_review, len(digest.items), f"{digest.home}/drafts")
    if digest.troubles:
        parts += [_title("Publications in trouble", digest.troubles)]
        parts += [
            f"* {out.title}\n  {trouble_of(out)}\n  {digest.home}/drafts/{out.draft_id}" for out in digest.trouble
        ]
        parts += _more(digest.troubles, len(digest.trouble), f"{digest.home}/drafts")
    if digest.lives:
        parts += [_title("Published yesterday", digest.lives)]
        parts += [f"* {out.title} ({out.channel})\n  {out.url}" for out in digest.live]
        parts += _more(digest.lives, len(digest.live), f"{digest.home}/drafts")
    if digest.changes:
        parts += [_title("What changed at the outlets you watch", digest.changes)]
        for one in digest.changed:
            head, line = entry(one)
            parts += [f"* {head}\n  {line}\n  {digest.home}/monitors/{one.monitor_id}"]
        parts += _more(digest.changes, len(digest.changed), f"{digest.home}/monitors")
    if digest.pending:
        parts += [_title("Tracker", digest.pending), f"Entries to decide: {digest.home}/tracker"]
    if digest.ailings:
        parts += [_title("Sources in trouble", digest.ailings)]
        parts += ["\n".join(f"* {one.title}: {one.why or 'no answer'}" for one in digest.ailing)]
        parts += _more(digest.ailings, len(digest.ailing), f"{digest.home}/sources")
    parts += [
        money_of(digest),
        f"--\nHour, time zone, or none: {digest.settings}\nNo more digests: {digest.unsubscribe}",
    ]
    return "\n\n".join(parts) + "\n"


def _draft(item: Item) -> str:
    sign = "" if item.direct else " (after signing in)"
    return f"* {item.draft.title}\n  {short(item.draft.why)}\n  {marks_of(item)}\n  Review{sign}: {item.url}"


def marks_of(item: Item) -> str:
    draft = item.draft
    first = ["urgent" if draft.urgent else "", f"score {draft.score}" if draft.score is not None else ""]
    return ", ".join([*filter(None, first), rest_of(item)])


def rest_of(item: Item) -> str:
    """What stands beside the badges."""
    draft = item.draft
    said = [
        "sample" if draft.sample else "",
        "not scored" if draft.score is None else "",
        _counted(draft.findings, "finding", "findings") or "no findings",
        OUTCOMES.get(draft.outcome or "", "held" if draft.state is DraftState.HELD else ""),
    ]
    return ", ".join(filter(None, said))


def trouble_of(out: Out) -> str:
    return f"{out.channel}: {STATES[out.state]}{f'. {short(out.error)}' if out.error else ''}"


def money_of(digest: Digest) -> str:
    cap = f" of {dollars(digest.cap)}" if digest.cap is not None else ", without a cap"
    return f"Spent on models yesterday (UTC): {dollars(digest.spent)}{cap}"


def dollars(amount: Decimal) -> str:
    return f"${amount:,.2f}"


def short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= WHY else line[: WHY - 1].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}" if number else ""


def _title(text: str, number: int) -> str:
    head = f"{text} ({number})"
    return f"{head}\n{'-' * len(head)}"


def _more(whole: int, shown: int, where: str) -> Sequence[str]:
    return [f"{whole - shown} more: {where}"] if whole > shown else []


class _Words:
    """What the template calls."""

    rest, trouble = staticmethod(rest_of), staticmethod(trouble_of)
    entry = staticmethod(entry)
    money, short = staticmethod(money_of), staticmethod(short)
