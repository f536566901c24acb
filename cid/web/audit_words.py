"""The audit log in sentences: who did what to what, and what stood there before."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cid.web.words import _

if TYPE_CHECKING:
    from cid.store.audit import Line

SENTENCES = {
    "tenant.added": _("added the tenant"),
    "tenant.profile": _("changed the profile"),
    "tenant.general": _("changed the general settings"),
    "tenant.desks": _("changed which desks are on"),
    "tenant.paused": _("paused the tenant"),
    "tenant.resumed": _("resumed the tenant"),
    "tenant.exported": _("exported everything of the tenant"),
    "tenant.deletion_asked": _("asked for the tenant to be deleted"),
    "tenant.deletion_withdrawn": _("took the wish to delete the tenant back"),
    "tenant.deleted": _("deleted the tenant"),
    "run.exported": _("exported a briefing"),
    "audit.exported": _("exported the log"),
    "batch.started": _("had some outlets analysed together"),
    "calendar.feed_made": _("made a new secret address of the calendar"),
    "calendar.feed_ended": _("ended the secret address of the calendar"),
    "channel.added": _("added a channel"),
    "channel.changed": _("changed a channel"),
    "channel.secret": _("entered another secret for a channel"),
    "channel.on": _("switched a channel on"),
    "channel.off": _("switched a channel off"),
    "channel.canonical": _("made a channel the place of the original"),
    "channel.pace": _("changed how much a channel gets"),
    "publishing.stopped": _("stopped publishing"),
    "publishing.resumed": _("let publishing go on"),
    "publication.stands_in": _("let a publication go out as the original"),
    "publication.hurried": _("let a publication go before its place"),
    "publication.rescheduled": _("moved a publication to another time"),
    "draft.approve": _("approved a draft"),
    "draft.reject": _("rejected a draft"),
    "draft.request_changes": _("asked for changes to a draft"),
    "draft.undo": _("took an approval back"),
    "draft.edit": _("edited a draft"),
    "draft.asked_for": _("asked for a draft beyond the plan"),
    "entry.approve": _("approved an entry of the tracker"),
    "entry.hide": _("hid an entry of the tracker"),
    "entry.edit": _("corrected an entry of the tracker"),
    "monitor.added": _("had an outlet watched"),
    "monitor.changed": _("changed how an outlet is watched"),
    "monitor.on": _("had an outlet watched again"),
    "monitor.off": _("had an outlet watched no more"),
    "match.confirmed": _("confirmed a narrative match"),
    "match.rejected": _("rejected a narrative match"),
    "gates.turned": _("turned a number of a gate"),
    "gates.reset": _("set a number of a gate back"),
    "guardrail.added": _("made a rule for drafts"),
    "guardrail.ended": _("ended a rule for drafts"),
    "prefilter.cleared": _("let the filter learn anew"),
    "prefilter.tripped": _("switched the filter off"),
    "prompt.pinned": _("made a prompt live"),
    "prompt.unpinned": _("let the newest prompt be live"),
    "revision.switched": _("switched the machine's revision"),
    "run.cancelled": _("cancelled a run"),
    "run.shared": _("changed with whom a run may be shared"),
    "run.mailed": _("mailed a briefing to members"),
    "run.started": _("had an outlet analysed"),
    "run.feedback": _("said something about a run"),
    "session.opened": _("signed in"),
    "session.ended": _("signed out"),
    "story.judged_again": _("had a story judged again"),
    "tracker.retry": _("had failed items of the tracker tried anew"),
    "tracker.rule": _("changed the standing rule of the tracker"),
    "tracker.set": _("set the tracker up"),
    "trial.started": _("started a trial of a prompt"),
    "trial.stopped": _("stopped a trial of a prompt"),
    "user.added": _("added a person"),
    "user.disabled": _("switched a person off"),
    "user.invited": _("made a link to set a password"),
    "user.joined": _("gave a person a role"),
    "user.password_set": _("set a password"),
    "user.profile": _("changed their name or time zone"),
    "user.welcomed": _("set their password"),
    "source.added": _("added a source"),
    "source.moved": _("replaced a source"),
    "models.chosen": _("chose models"),
    "job.retry": _("had a dead job tried again"),
    "job.retry_all": _("had dead jobs tried again"),
    "job.cancel": _("cancelled a job"),
    "job.cancel_all": _("cancelled jobs"),
    "jobs.pause": _("paused a kind of job"),
    "jobs.resume": _("resumed a kind of job"),
}
"""What follows a person's name. An action that is none of these is said in its own words."""
HIDDEN = frozenset({"was", "is", "sha256"})
LONGEST = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    name: str
    was: str
    now: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineView:
    id: str
    at: datetime
    who: str
    user: str
    """Their id, empty for nobody."""
    sentence: str
    action: str
    target: str
    changes: list[Change]
    rest: list[tuple[str, str]]
    """What else is on record: names and values."""


def sentence(action: str) -> str:
    noun, _dot, verb = action.partition(".")
    return SENTENCES.get(action) or f"{noun}: {verb.replace('_', ' ')}"


def view(line: Line, names: Mapping[Any, str]) -> LineView:
    return LineView(
        id=str(line.id),
        at=line.at,
        who=names.get(line.user_id, _("Somebody who has left")) if line.user_id else _("The desk"),
        user=str(line.user_id or ""),
        sentence=sentence(line.action),
        action=line.action,
        target=line.target,
        changes=changes(line.detail),
        rest=[(name.replace("_", " "), told(value)) for name, value in line.detail.items() if name not in HIDDEN],
    )


def changes(detail: Mapping[str, Any]) -> list[Change]:
    """What stood there and what stands there, thing by thing."""
    if "was" not in detail and "is" not in detail:
        return []
    was, now = detail.get("was"), detail.get("is")
    if isinstance(was, dict) and isinstance(now, dict):
        return [
            Change(name=name.replace("_", " "), was=told(was.get(name)), now=told(now.get(name)))
            for name in dict.fromkeys([*was, *now])
        ]
    return [Change(name=str(detail.get("number", "")), was=told(was), now=told(now))]


def told(value: Any) -> str:
    """As people read it: lists by commas, nothing as a dash; cut where it would fill the page."""
    if value is None or value in ("", [], {}):
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list) and all(isinstance(part, (str, int, float)) for part in value):
        text = ", ".join(map(str, value))
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else text[:LONGEST].rstrip() + "…"
