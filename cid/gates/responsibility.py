"""Whether a review was one that somebody can hold editorial responsibility on. Pure.

Article 50(4) of Regulation (EU) 2024/1689 lets a generated text go without a disclosure only where a person reviewed
it and somebody answers for it. A click is no review: it takes time on the page, and a look at what changed or a hand in
it, by somebody who signed in.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewing:
    """How somebody came to approve a version."""

    via: str
    seconds: int | None
    """On the page; None: nobody knows."""
    compared: bool
    edited: bool
    """A version of the draft is theirs."""


def lacking(done: Reviewing, *, responsible: str, seconds: int) -> str:
    """What is missing, as a sentence for whoever approves; empty: nothing. `seconds`: on the page, at least."""
    if not responsible:
        return (
            "This channel publishes under editorial responsibility, and nobody is named who holds it. "
            "Name a person or an entity in the settings of disclosure."
        )
    if done.via != "page":
        return (
            "This channel publishes under editorial responsibility: only somebody who signed in and reviewed the text "
            "on its page can approve it."
        )
    if not (done.compared or done.edited):
        return (
            "This channel publishes under editorial responsibility: look at what changed between two versions, or edit "
            "the text, before you approve it."
        )
    if done.seconds is None or done.seconds < seconds:
        return (
            f"This channel publishes under editorial responsibility: a review takes at least {seconds} s on the page. "
            "Read on, and approve it then."
        )
    return ""
