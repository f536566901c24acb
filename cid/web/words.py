"""The words of the pages. All text goes through `_()`; there is one language for now."""

from __future__ import annotations

from cid.domain.angles import Angle
from cid.domain.draft import DraftState
from cid.domain.evidence import ClaimKind, Confidence, EvidenceState, SourceClass
from cid.domain.health import Kinship, Tier
from cid.domain.news import PollOutcome, SourceState
from cid.domain.reading import TextState
from cid.domain.screening import ScreeningState, Stage, WaitFor
from cid.domain.tenants import Desk, Permission, Role
from cid.domain.tracker import EntryDecision, EntryState, Fault, Progress
from cid.domain.verdicts import Gate, Reason


def _(text: str) -> str:
    return text


def plural(one: str, many: str, n: int) -> str:
    return one if n == 1 else many


GATES = {
    Gate.RULES: _("Rules"),
    Gate.RELEVANCE: _("Relevance"),
    Gate.SIGNAL: _("Signal"),
    Gate.EVIDENCE: _("Evidence"),
    Gate.FIT: _("Audience fit"),
    Gate.DRAFT: _("Draft"),
    Gate.REVIEW: _("Review"),
    Gate.TRACK: _("Tracker"),
}

REASONS = {
    Reason.TOO_SHORT: _("too short to judge"),
    Reason.LOW_TRUST: _("source not trusted enough"),
    Reason.STALE: _("too old"),
    Reason.EXCLUDED_TOPIC: _("names an excluded topic"),
    Reason.URGENT: _("urgent"),
    Reason.KEYWORD: _("names a keyword"),
    Reason.NO_KEYWORD: _("names no keyword"),
    Reason.RELEVANT: _("relevant"),
    Reason.LOW_RELEVANCE: _("not relevant enough"),
    Reason.PREFILTERED: _("unlike what passed before"),
    Reason.SIGNAL: _("enough signal"),
    Reason.LOW_SIGNAL: _("too little signal"),
    Reason.GATHERED: _("evidence gathered"),
    Reason.REPORTS_ONLY: _("only the story's own reports as evidence"),
    Reason.NO_EVIDENCE: _("no evidence"),
    Reason.FITS: _("fits the audience"),
    Reason.WRONG_AUDIENCE: _("wrong audience"),
    Reason.NO_AUDIENCE: _("no audience to judge by"),
    Reason.WRITTEN: _("draft written"),
    Reason.NOT_AFFECTED: _("audience not affected"),
    Reason.OVER_PLAN: _("over plan"),
    Reason.FOLLOWED: _("further reports went into it"),
    Reason.NOTHING_NEW: _("further reports said nothing new"),
    Reason.NOT_FOLLOWED: _("further reports were left alone"),
    Reason.UNFILTERED: _("the tracker names no keywords"),
    Reason.TRACKED: _("on the tracker's topic"),
    Reason.OFF_TOPIC: _("off the tracker's topic"),
    Reason.REVIEWED: _("reviewed"),
    Reason.REVISED: _("revised by the machine"),
    Reason.MERGED: _("its story became part of one that had gone further"),
    Reason.OUTAGE: _("gate had an outage; its policy decided"),
}

SOURCE_CLASSES = {
    SourceClass.GOVERNMENT: _("government"),
    SourceClass.WIRE: _("wire"),
    SourceClass.PRESS: _("press"),
    SourceClass.VENDOR: _("vendor"),
    SourceClass.SOCIAL: _("social"),
}

CONFIDENCES = {
    Confidence.HIGH: (_("sure"), "good"),
    Confidence.MEDIUM: (_("fairly sure"), ""),
    Confidence.LOW: (_("unsure"), "warn"),
}

CLAIM_KINDS = {
    ClaimKind.NUMBER: _("figure"),
    ClaimKind.DATE: _("date"),
    ClaimKind.NAME: _("name"),
    ClaimKind.QUOTE: _("quotation"),
    ClaimKind.CAUSAL: _("cause"),
    ClaimKind.STATEMENT: _("statement"),
}

EVIDENCE_STATES = {
    EvidenceState.SEARCHED: _("The web was searched, and what was found was read."),
    EvidenceState.PARTLY: _("The web was searched, but part of that failed."),
    EvidenceState.REPORTS: _("Only the story's own reports: nothing besides was found."),
    EvidenceState.NONE: _("There is nothing that a draft could stand on."),
}

SOURCE_WORDS = {
    PollOutcome.NEW.value: (_("new items"), "good", _("The poll brought items.")),
    PollOutcome.NOT_MODIFIED.value: (_("nothing new"), "good", _("The server said that nothing has changed.")),
    PollOutcome.EMPTY.value: (_("empty"), "warn", _("A feed that is well formed and holds nothing.")),
    PollOutcome.RATE_LIMITED.value: (_("rate limited"), "warn", _("The server asks us to come less often.")),
    PollOutcome.BLOCKED.value: (_("blocked"), "bad", _("The server refuses us.")),
    PollOutcome.BROKEN.value: (_("broken"), "bad", _("What came cannot be read as a feed.")),
    PollOutcome.UNREACHABLE.value: (_("unreachable"), "bad", _("There was no answer.")),
    PollOutcome.GONE.value: (_("gone"), "bad", _("There is no feed at this address any more.")),
    SourceState.QUARANTINED.value: (_("quarantined"), "bad", _("It failed too often and rests before the next try.")),
    SourceState.RETIRED.value: (_("retired"), "plain", _("It is polled no more.")),
    "unpolled": (_("not polled yet"), "plain", _("Its first poll is still to come.")),
    "off": (_("off"), "plain", _("Switched off here.")),
}
"""What a source's state or last outcome is called, its tone, and what it means. In the order of lists."""

TIERS = {
    Tier.SITE: _("its own site"),
    Tier.NEWS: _("a news search"),
    Tier.DEFAULTS: _("the list for your industry"),
}
"""Where a replacement was looked for."""

KINSHIPS = {
    Kinship.HOST: (_("same site"), "good"),
    Kinship.TITLE: (_("same title"), "good"),
    Kinship.PUBLISHER: (_("same publisher"), "good"),
    Kinship.NONE: (_("another publisher"), "plain"),
}
"""How a replacement is related to what failed, and its tone."""

SCREENING_STATES = {
    ScreeningState.OPEN: _("in progress"),
    ScreeningState.WAITING: _("waiting"),
    ScreeningState.PASSED: _("became a draft"),
    ScreeningState.DROPPED: _("dropped"),
    ScreeningState.FAILED: _("failed"),
}

DESKS = {Desk.PUBLISHING: _("publishing"), Desk.TRACKER: _("tracker"), Desk.ANALYSIS: _("analysis")}

STAGES = {
    Stage.RELATE: _("relevance is judged next"),
    Stage.ASSESS: _("signal is judged next"),
    Stage.GATHER: _("evidence is gathered next"),
    Stage.FIT: _("audience fit is judged next"),
    Stage.DRAFT: _("a draft is written next"),
    Stage.TRACK: _("it is judged for the tracker next"),
}

WAITS = {
    WaitFor.SIGNAL: _("for more publishers to report it"),
    WaitFor.BUDGET: _("for budget"),
    WaitFor.BATCH: _("for a batch of questions"),
    WaitFor.PLAN: _("for the publishing plan"),
    WaitFor.APPROVAL: _("for approval"),
    WaitFor.OUTAGE: _("for a model that is out"),
}

DRAFT_STATES = {
    DraftState.WRITTEN: (_("being reviewed"), "live"),
    DraftState.READY: (_("ready"), "good"),
    DraftState.HELD: (_("held"), "warn"),
    DraftState.APPROVED: (_("approved"), "good"),
    DraftState.CHANGES_REQUESTED: (_("changes requested"), "warn"),
    DraftState.REJECTED: (_("rejected"), "plain"),
}

REJECTIONS = {
    "off_topic": _("Not for our readers"),
    "old": _("Old news"),
    "thin": _("Too thin"),
    "facts": _("Facts are in doubt"),
    "tone": _("Not our tone"),
    "duplicate": _("We have it already"),
    "risk": _("Legal or commercial risk"),
}
"""Why a draft is not wanted: the list that people choose from. The words are kept with the decision."""

CHECKLIST = {
    "critical": (_("No finding is critical"), _("Critical finding")),
    "evidence": (_("There is evidence to check it against"), _("There is no evidence to check it against")),
    "text": (_("It has a title and a text"), _("Title or text is missing")),
    "disclosure": (_("It says how it was made"), _("It does not say how it was made")),
    "canonical": (_("It goes to the channel whose address counts"), _("No text for the channel whose address counts")),
    "picture": (_("A picture has words beside it, or there is none"), _("The picture has no words beside it")),
    "major": (_("No finding is major"), _("Major findings")),
    "publishers": (_("Three publishers or more behind it"), _("Fewer than three publishers behind it")),
    "references": (_("Readers are sent to its sources"), _("No source is listed")),
    "title": (_("Title of 60 characters at most"), _("Title of more than 60 characters")),
    "description": (_("Description of a fitting length"), _("Description too short or too long")),
    "posts": (_("There is a LinkedIn text"), _("There is no LinkedIn text")),
    "channels": (_("It goes somewhere"), _("It goes nowhere: it was rendered for no channel")),
}
"""What the list before an approval says when it is so, and when it is not."""

SUPPORTS = {
    "supported": (_("supported"), "good"),
    "near": (_("near"), "warn"),
    "none": (_("no evidence"), "bad"),
}

BADGES = {"number": _("number"), "link": _("link"), "name": _("name"), "quote": _("quotation")}
"""What a change touches."""

OUTCOMES = {
    "ready_for_approval": (_("ready"), "good", _("ready for approval")),
    "auto_revised": (_("revised, ready"), "good", _("revised by the machine and ready")),
    "needs_admin_review": (_("needs a person"), "warn", _("held: a person has to look closely")),
    "blocked_factual_review": (_("facts in doubt"), "bad", _("held: facts are in doubt")),
    "review_failed": (_("review failed"), "warn", _("held: the review itself failed")),
}
"""What a review came to: short, its tone, and in full."""

KINDS = {
    "poll": _("Poll sources"),
    "heal": _("Find replacements"),
    "group": _("Group into stories"),
    "judge": _("One story or two"),
    "rules": _("Gate 1, rules"),
    "relate": _("Gate 2, relevance"),
    "read": _("Read articles"),
    "assess": _("Gate 3, signal"),
    "track": _("Tracker"),
    "gather": _("Gather evidence"),
    "fit": _("Gate 3.5, audience fit"),
    "draft": _("Write drafts"),
    "review": _("Review drafts"),
    "follow": _("Follow stories up"),
    "publish": _("Publish"),
    "mail": _("Send mail"),
    "digests": _("Whose digest is due"),
    "digest": _("Write digests"),
    "breaking": _("Tell of urgent drafts"),
    "change": _("Compare with the run before"),
    "changed": _("Tell of large changes"),
    "batches": _("Send and fetch batches"),
    "wake": _("Wake what waits"),
    "tidy": _("Housekeeping"),
    "learn": _("Learning what passes"),
    "try": _("Try prompts"),
}

ADDED = {
    "added": (_("added"), "good"),
    "already": (_("on the list already"), "plain"),
    "refused": (_("refused"), "bad"),
}

TEXT_STATES = {
    None: (_("being read"), "live"),
    TextState.READ: (_("read"), "good"),
    TextState.PAYWALLED: (_("behind a paywall"), "warn"),
    TextState.BLOCKED: (_("we are refused"), "warn"),
    TextState.SCRIPT: (_("needs a browser"), "warn"),
    TextState.FORBIDDEN: (_("robots.txt asks us not to"), "warn"),
    TextState.GONE: (_("gone"), "warn"),
    TextState.UNREACHABLE: (_("unreachable"), "warn"),
    TextState.TOO_SHORT: (_("hardly any text"), "warn"),
    TextState.UNREADABLE: (_("cannot be read"), "warn"),
}
"""What became of an article's own page."""

CALL_STATES = {
    "sent": (_("on its way"), "live", _("It was sent and nothing came back yet.")),
    "answered": (_("answered"), "good", ""),
    "failed": (_("failed"), "bad", _("Nothing was done and nothing is owed.")),
    "ambiguous": (
        _("ambiguous"),
        "warn",
        _("It was sent and no answer was stored: it may have been billed, and counts at its reservation."),
    ),
}
"""What a call's state is called, its tone, and what it means."""

CALL_STOPS = {
    "end": "",
    "length": _("cut off at its ceiling"),
    "refusal": _("refused by the model"),
}

TRIAL_STATES = {
    "waiting": (_("waiting"), "live"),
    "running": (_("running"), "live"),
    "done": (_("done"), "good"),
    "failed": (_("ended early"), "bad"),
}

TRIAL_VERDICTS = {
    "": "",
    "passed": _("passed"),
    "dropped": _("dropped"),
    "ready": _("ready"),
    "held": _("held"),
    "written": _("written"),
    "not affected": _("audience not affected"),
    "edited": _("edited"),
    "not edited": _("nothing edited"),
    "unreadable": _("cannot be read"),
}

READINGS = {
    "": "",
    "stored": _("its posts are stored as items"),
    "strict": _("the whole reply is the JSON"),
    "fenced": _("the JSON stood in a fenced block"),
    "widest": _("the JSON stood in prose, from the first brace to the last"),
}

ROLES = {
    Role.OWNER: _("owner"),
    Role.EDITOR: _("editor"),
    Role.ANALYST: _("analyst"),
    Role.VIEWER: _("viewer"),
}

NEEDS = {
    Permission.READ: _("any role"),
    Permission.DECIDE: _("owner or editor"),
    Permission.OVERRIDE: _("owner or editor"),
    Permission.ANALYSE: _("owner, editor or analyst"),
    Permission.MANAGE: _("owner"),
    Permission.PEOPLE: _("owner"),
}

ACTIONS = {
    Permission.READ: _("See items, gates, drafts, sources, costs and figures"),
    Permission.DECIDE: _("Edit, approve and reject drafts and entries; have something judged or drafted again"),
    Permission.OVERRIDE: _("Approve a draft that the review held or blocked, with a reason"),
    Permission.ANALYSE: _(
        "Start and cancel runs, confirm or reject what they matched, keep monitors, say what is wrong"
    ),
    Permission.MANAGE: _("Change sources, gates, rules, models, channels and the profile"),
    Permission.PEOPLE: _("Let people in, change their roles, take them out"),
}
"""What each permission is, for the table of roles."""

PROGRESS = {
    Progress.SCRAPED: (_("scraped"), "plain"),
    Progress.PROCESSING: (_("processing"), "live"),
    Progress.PROCESSED: (_("processed"), "good"),
    Progress.DROPPED: (_("dropped"), "plain"),
    Progress.FAILED: (_("failed"), "bad"),
}

ENTRY_STATES = {
    EntryState.PENDING: (_("pending"), "warn"),
    EntryState.APPROVED: (_("approved"), "good"),
    EntryState.HIDDEN: (_("hidden"), "plain"),
}

ENTRY_DECISIONS = {
    EntryDecision.APPROVE: _("Approved"),
    EntryDecision.HIDE: _("Hidden"),
    EntryDecision.EDIT: _("Corrected"),
}

FAULTS = {
    Fault.LEFT_OUT: _("answers that were missing, doubled or out of shape"),
    Fault.UNUSABLE: _("replies that could not be read"),
    Fault.CATEGORY: _("a category that is on no list"),
    Fault.REGION: _("a region that is on no list"),
    Fault.SUMMARY: _("summaries that break the rules"),
    Fault.ANSWER: _("answers without a score"),
    Fault.TIMEOUT: _("no answer in time"),
    Fault.OUTAGE: _("a model that is out"),
    Fault.SETTINGS: _("the desk's settings"),
    Fault.UNSEEN: _("items that are not visible any more"),
    Fault.RETRIED: _("tried anew"),
}

MAIL_STATES = {
    "planned": (_("waiting"), "live"),
    "sending": (_("being sent"), "live"),
    "sent": (_("sent"), "good"),
    "refused": (_("refused"), "bad"),
    "unknown": (_("not known whether it arrived"), "warn"),
    "bounced": (_("came back"), "bad"),
}
MAIL_KINDS = {
    "invite": _("invitation"),
    "reset": _("new password"),
    "digest": _("digest"),
    "breaking": _("urgent draft"),
    "change": _("large change at a watched outlet"),
    "briefing": _("briefing sent by hand"),
    "link": _("fresh link"),
    "notice": _("notice"),
}

SAID = {
    "run_started": _("Started. This page follows it."),
    "batch_started": _("Started. This page follows all of them."),
    "run_cancelled": _("Stopped. What was fetched so far is kept."),
    "run_too_late": _("It could not be stopped any more: the briefing is written, or the run is over."),
    "monitor_added": _("Added. Its first run starts within a minute."),
    "monitor_changed": _("Changed. It counts from the next run on."),
    "monitor_on": _("On again. A run starts within a minute."),
    "monitor_off": _("Off. What it saw is kept."),
    "run_shared": _("Changed. Exports say so from now on; copies that are out there do not."),
    "run_mailed": _("On its way. What became of it is on the page of mail."),
    "run_mailed_before": _("It was on its way already: nothing was sent twice."),
    "match_confirmed": _("Confirmed. The last word counts; earlier ones are kept."),
    "match_rejected": _("Rejected. The last word counts; earlier ones are kept."),
    "run_feedback": _("Kept with the run. Nothing that was said before is overwritten."),
    "disclosure": _("Kept. Drafts that were rendered under other settings are rendered anew before they are approved."),
    "draft_renewed": _("Rendered anew. It is being reviewed again; look at it before you decide."),
    "mail_wished": _("Saved."),
    "mail_preview": _("It is on its way to you."),
    "mail_again": _("It is sent again."),
    "draft_picture": _("Saved as a new version, with the picture as you chose. It is being reviewed."),
    "token_revoked": _("Revoked. It lets nobody in any more."),
    "entries_approve": _("Approved. What was approved before, or merged, stayed as it was."),
    "entries_hide": _("Hidden. They stay hidden when they are reported again."),
    "entry_approve": _("Approved."),
    "entry_hide": _("Hidden. It stays hidden when it is reported again."),
    "entry_edit": _("Corrected. What stood there before is kept with the decision."),
    "tracker_retry": _("What failed is tried anew, with all its tries."),
    "tracker_rule": _("The rule holds for what comes from now on."),
    "tracker_rule_off": _("The rule has ended. What it approved stays approved."),
    "channel_added": _("Channel added. Test it before a draft is approved for it."),
    "channel_changed": _("Changed. Drafts that nobody decided on are rendered anew by an edit."),
    "channel_lost": _("Changed. The secret was for the old place and is gone: enter one for the new."),
    "channel_secret": _("The secret is kept, sealed. Nobody can read it here again."),
    "channel_on": _("Channel switched on. Versions that are made from now on go there too."),
    "channel_off": _("Channel switched off. What was approved for it before still goes out."),
    "channel_canonical": _("This is where the original is from now on. The others point at it and wait for it."),
    "channel_pace": _("The numbers hold from the next piece on."),
    "problem_again": _("Tried again."),
    "problem_given_up": _("Given up. If anything is there, it is taken back."),
    "problem_hurried": _("It goes out now."),
    "problem_stands_in": _("It goes out as the original."),
    "publishing_stopped": _("Publishing is stopped. What was being sent at this moment ends; nothing else goes out."),
    "publishing_resumed": _("Publishing goes on. What waited is in the queue."),
    "publishing_back": _("They are being taken back, one after the other."),
    "source_added": _("Source added. Its first poll is on its way."),
    "source_on": _("Source switched on."),
    "source_off": _("Source switched off. What it brought stays."),
    "source_interval": _("Interval changed. The source is polled now, and then as you said."),
    "source_text_on": _("Its articles are read at their own pages, too."),
    "source_text_off": _("Its articles are no longer read at their own pages. What was read stays."),
    "source_restored": _("It is polled again now. Should it fail three more times, it rests for longer."),
    "source_itself_on": _("From now on its replacement is taken as soon as one is found and tested."),
    "source_itself_off": _("From now on you are asked before it is replaced."),
    "sources_itself_on": _("From now on tested replacements are taken as soon as they are found."),
    "sources_itself_off": _("From now on you are asked before a source is replaced."),
    "judged_again": _("It is judged again."),
    "draft_asked": _("It is drafted now, beyond the plan."),
    "proposal_taken": _("Replaced. The new source keeps what was set for the old one, and is polled now."),
    "proposal_rejected": _("Rejected. It is not proposed for this source again."),
    "source_trust": _("Trust changed. It counts from the next item on."),
    "draft_approved": _("Approved. It is on its way to publication."),
    "draft_approved_partly": _(
        "Approved, but not for every channel: one is younger than this version, which has no bytes for it. "
        "An edit would have rendered it anew."
    ),
    "draft_approved_nowhere": _("Approved. It is published nowhere, because this version was rendered for no channel."),
    "draft_scheduled": _("Approved. It goes out at the hour that you chose; until then you can take that back."),
    "draft_scheduled_first": _(
        "Approved. That hour comes twice on that day, for the clocks go back: it goes out at the first of the two."
    ),
    "edit_kept": _("Kept for you alone. Nothing is saved as a version yet."),
    "edit_forgotten": _("What you had typed is thrown away."),
    "draft_rejected": _("Rejected. The reason is kept with the decision."),
    "draft_rejected_out": _(
        "This version is rejected. What is out stays as it is: retract it under Publications if it should go."
    ),
    "draft_changes": _("Changes requested. Whoever edits it reads your note."),
    "draft_undone": _("The approval is taken back. Nothing was sent."),
    "draft_edited": _("Saved as a new version. It is reviewed again before anybody can approve it."),
    "publication_again": _("It is being tried again."),
    "publication_retract": _("It is being taken back. It is retracted once it was looked for and not found."),
    "rule_added": _("The rule stands: every later draft and review is told it."),
    "rule_ended": _("The rule is switched off. What it made stays as it is."),
    "revision_on": _("From now on the machine may revise a draft once."),
    "revision_off": _("From now on no draft is revised by the machine."),
    "prompt_live": _("It is live: the next question is asked with it."),
    "prompt_back": _("The newest version that is no candidate is live again."),
    "trial_started": _("The trial has begun. Its answers count for nothing else."),
    "trial_stopped": _("The trial has ended. What was answered stays."),
    "gates_turned": _("Saved. It counts from the next judgement on."),
    "prefilter_again": _("It learns anew. It drops nothing until it has proved itself again."),
    "gates_reset": _("As the platform has it again, from the next judgement on."),
    "models_chosen": _("Chosen. The next call asks as it stands below."),
    "models_capped": _("Caps set. What waited for them goes on."),
    "models_stopped": _("Models are switched off. Calls under way end by themselves."),
    "models_started": _("Models are switched on again. What waited goes on."),
    "models_tried": _("The next call tries it."),
    "moved": _("Moved. It goes out at its new time and not before."),
    "moved_twice": _("Moved. That night the clocks show this time twice: it goes out at the first of the two."),
    "feed_ended": _("The address leads nowhere any more."),
    "saved": _("Saved."),
    "same": _("Nothing differed: all stays as it was."),
    "tenant_paused": _("Paused. What is under way at this moment ends."),
    "tenant_resumed": _("It goes on where it was."),
    "deletion_asked": _("Asked for. Whoever runs this desk sees it."),
    "deletion_withdrawn": _("Taken back. Nothing was deleted."),
    "signed_out": _("You have signed out."),
    "password_reset": _(
        "The password is changed, and every session of the old one has ended. Sign in with the new one."
    ),
    "password_changed": _("The password is changed. Every other session has ended."),
    "account_saved": _("Saved."),
    "session_ended": _("That session has ended."),
    "sessions_ended": _("Every other session has ended."),
    "second_off": _("The second factor is off: from now on the password alone lets you in."),
    "member_invited": _("Let in. They are told by mail."),
    "member_reminded": _("They are told once more. A link that we mailed before does not work any more."),
    "member_changed": _("Role changed. It counts from their next page on."),
    "member_removed": _("Taken out. Links and tokens of theirs have ended here."),
    "person_off": _("Switched off: every session, link and token of theirs has ended."),
    "person_on": _("Let in again, with the roles they have."),
    "person_admin": _("They run this desk, too."),
    "person_no_admin": _("They do not run this desk any more."),
}
"""What a page says after a change led to it: `?said=key`. A closed set: a link can put no words into our mouth."""

ANGLES: dict[Angle, str] = {
    Angle.LOCAL_IMPACT: _("local impact"),
    Angle.ACTION_LIST: _("list of actions"),
    Angle.CONTRARIAN: _("contrarian view"),
    Angle.FAQ_EXPLAINER: _("questions answered"),
    Angle.EXPERT_COMMENTARY: _("expert commentary"),
    Angle.DATA_STORY: _("story told by data"),
    Angle.RISK_WARNING: _("warning of a risk"),
    Angle.OPPORTUNITY: _("opportunity"),
}

INTERVALS = (
    (0, _("by its rhythm")),
    (120, _("every 2 minutes")),
    (300, _("every 5 minutes")),
    (600, _("every 10 minutes")),
    (1800, _("every 30 minutes")),
    (3600, _("every hour")),
    (6 * 3600, _("every 6 hours")),
    (24 * 3600, _("every day")),
)
"""What the sources page offers; other intervals are set on the command line."""
