"""What changed at a watched outlet, in sentences and as a letter. Values in, text out."""

from __future__ import annotations

from collections.abc import Iterable

from cid.domain.digest import Changed
from cid.domain.mail import Letter
from cid.domain.monitor import VEILED, Change, Seen
from cid.domain.run import Tlp
from cid.render.letters import Button
from cid.render.letters import letter as short_letter

DOES = {"repeats": "repeated", "reports": "reported", "debunks": "debunked"}
SHOWN = 5
VEIL = "It may not be passed on, so this mail says no more."


def letter(to: str, *, tenant: str, outlet: str, tlp: Tlp, change: Change, url: str, settings: str) -> Letter:
    """At once, about one change. The subject carries the marking; what is red or for one organisation stays at home."""
    mark = f"TLP:{tlp.upper()}"
    after = [f"You asked to hear of urgent things at once: {settings}"]
    button = Button(label="See what changed", url=url)
    if tlp in VEILED:
        subject, said = f"[{mark}] Something changed at an outlet you watch – {tenant}", [f"{mark}. {VEIL}"]
    else:
        subject = f"[{mark}] {outlet} changed: {change.size} of 100 – {tenant}"
        said = [f"{mark}. {outlet}: a change of {change.size} of 100.", *lines(change)]
    return short_letter(to=to, subject=subject, paragraphs=said, button=button, after=after)


def lines(change: Change) -> list[str]:
    """The weightiest first; the parts that count something, with their reasons."""
    if not change.compared:
        return [f"Nothing was compared. {change.why}"]
    said = []
    if change.new:
        said.append(f"New: {_listed(change.new)}.")
    if change.gone:
        said.append(f"Gone: {_listed(change.gone)}.")
    if change.score and change.score.was != change.score.now:
        rating = f", rated {change.rating_now}" if change.rating_now != change.rating_was else ""
        said.append(f"Score {change.score.was} → {change.score.now} of 70{rating}.")
    if change.framing is not None:
        said.append(f"The wording is {change.framing} of 100 apart.")
    if change.actors:
        said.append(f"Named for the first time: {', '.join(change.actors[:SHOWN])}.")
    return said


def entry(one: Changed) -> tuple[str, str]:
    """As a digest has it: its headline and a line. What may not be passed on is not named."""
    mark = f"TLP:{one.tlp.upper()}"
    if one.tlp in VEILED:
        return f"[{mark}] An outlet you watch", f"Something changed. {VEIL}"
    return f"[{mark}] {one.outlet}: {one.change.size} of 100", brief(one.change)


def brief(change: Change) -> str:
    """One line of a list."""
    return " ".join(lines(change)[:2])


def _listed(found: Iterable[Seen]) -> str:
    names = [f"{one.name} ({DOES.get(one.stance, one.stance)})" for one in found]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
