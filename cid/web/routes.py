"""Every address of the desk, in one table. The application is made from it, and the stranger's tests walk along it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias, TypeVar

from aiohttp import web

from cid.domain.tenants import Permission
from cid.web.forms import Nothing
from cid.web.gate_views import Back, Turn
from cid.web.handlers import (
    account,
    again,
    analysis,
    audit,
    calendar,
    calls,
    channels,
    decisions,
    disclosure,
    drafts,
    figures,
    gates,
    healing,
    health,
    items,
    links,
    mail,
    me,
    metrics,
    models,
    monitors,
    narratives,
    overview,
    people,
    pictures,
    plan,
    platform,
    platform_people,
    problems,
    prompts,
    quality,
    records,
    run_export,
    run_mail,
    run_new,
    runs,
    site,
    source_files,
    sources,
    tenant,
    tenants,
    tokens,
    tracker,
    trials,
)
from cid.web.money_views import Chain

F = TypeVar("F")
Handler: TypeAlias = Callable[..., Awaitable[web.StreamResponse]]
Get: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]
ID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


class Door(StrEnum):
    """Who may come to routes that belong to no tenant."""

    ANYBODY = "anybody"
    SIGNED_IN = "signed_in"
    ADMIN = "admin"
    """Whoever runs the desk for all its tenants. Everybody else finds nothing there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    method: str
    path: str
    handler: Handler
    permission: Permission | Door
    form: type | None
    name: str


def get(name: str, path: str, permission: Permission | Door, handler: Get) -> Route:
    return Route(method="GET", path=path, handler=handler, permission=permission, form=None, name=name)


def post(
    name: str,
    path: str,
    permission: Permission | Door,
    form: type[F],
    handler: Callable[[web.Request, F], Awaitable[web.StreamResponse]],
) -> Route:
    """`handler` takes the form that the body became: another pair than these two does not pass the type checker."""
    return Route(method="POST", path=path, handler=handler, permission=permission, form=form, name=name)


_read, _decide, _manage = Permission.READ, Permission.DECIDE, Permission.MANAGE
_people, _me, _analyse = Permission.PEOPLE, Door.SIGNED_IN, Permission.ANALYSE

ROUTES: tuple[Route, ...] = (
    get("home", "/", Door.ANYBODY, account.home),
    get("livez", "/livez", Door.ANYBODY, health.livez),
    get("readyz", "/readyz", Door.ANYBODY, health.readyz),
    get("metrics", "/metrics", Door.ANYBODY, metrics.shown),
    get("static", "/static/{name}", Door.ANYBODY, health.static),
    get("sign_in", "/sign-in", Door.ANYBODY, account.sign_in_page),
    post("sign_in_do", "/sign-in", Door.ANYBODY, account.SignIn, account.sign_in),
    post("sign_out", "/sign-out", Door.SIGNED_IN, Nothing, account.sign_out),
    post("sign_in_code", "/sign-in/code", Door.ANYBODY, account.Code, account.code),
    get("forgot", "/forgot", Door.ANYBODY, account.forgot_page),
    post("forgot_do", "/forgot", Door.ANYBODY, account.Forgot, account.forgot),
    get("reset", "/reset/{token:[A-Za-z0-9_-]{20,100}}", Door.ANYBODY, account.reset_page),
    post("reset_do", "/reset/{token:[A-Za-z0-9_-]{20,100}}", Door.ANYBODY, account.Reset, account.reset),
    get("account", "/account", _me, me.shown),
    post("account_profile", "/account", _me, me.Profile, me.profile),
    post("account_password", "/account/password", _me, me.Password, me.password),
    post("account_end", "/account/sessions/end", _me, me.End, me.end),
    post("account_end_others", "/account/sessions/end-others", _me, Nothing, me.end_others),
    get("account_second", "/account/second-factor", _me, me.second_page),
    post("account_second_on", "/account/second-factor", _me, me.TurnOn, me.second_on),
    post("account_second_off", "/account/second-factor/off", _me, me.Proof, me.second_off),
    post("account_codes", "/account/second-factor/codes", _me, me.Proof, me.new_codes),
    get("welcome", "/welcome/{token:[A-Za-z0-9_-]{20,100}}", Door.ANYBODY, account.welcome_page),
    post("welcome_do", "/welcome/{token:[A-Za-z0-9_-]{20,100}}", Door.ANYBODY, account.Welcome, account.welcome),
    get("link", "/r/{token}", Door.ANYBODY, links.show),
    post("link_do", "/r/{token}", Door.ANYBODY, links.Decide, links.act),
    get("link_preview", "/r/{token}/preview", Door.ANYBODY, links.preview),
    get("link_edit", "/r/{token}/edit", Door.ANYBODY, links.edit_page),
    post("link_edit_do", "/r/{token}/edit", Door.ANYBODY, links.Edit, links.edit),
    post("link_fresh", "/r/{token}/fresh", Door.ANYBODY, Nothing, links.fresh),
    get("unsubscribe", "/u/{token:[A-Za-z0-9_.-]{20,1500}}", Door.ANYBODY, mail.leave_page),
    post("unsubscribe_do", "/u/{token:[A-Za-z0-9_.-]{20,1500}}", Door.ANYBODY, mail.OneClick, mail.leave),
    get("mail", "/t/{tenant}/mail", _read, mail.shown),
    post("mail_wish", "/t/{tenant}/mail/wishes", _read, mail.Wish, mail.wish),
    post("mail_preview", "/t/{tenant}/mail/preview", _read, Nothing, mail.preview),
    post("mail_again", f"/t/{{tenant}}/mail/{{id:{ID}}}/again", _manage, Nothing, mail.again),
    get("tenant", "/t/{tenant}", _read, overview.bare),
    get("overview", "/t/{tenant}/", _read, overview.shown),
    get("people", "/t/{tenant}/people", _people, people.listed),
    post("people_invite", "/t/{tenant}/people", _people, people.Invite, people.invite),
    post("people_again", f"/t/{{tenant}}/people/{{id:{ID}}}/again", _people, Nothing, people.again),
    post("people_role", f"/t/{{tenant}}/people/{{id:{ID}}}/role", _people, people.Change, people.change),
    post("people_remove", f"/t/{{tenant}}/people/{{id:{ID}}}/remove", _people, Nothing, people.remove),
    get("sources", "/t/{tenant}/sources", _read, sources.listed),
    post("source_add", "/t/{tenant}/sources", _manage, sources.Add, sources.add),
    post("source_test", "/t/{tenant}/sources/test", _manage, sources.Add, sources.test),
    get("sources_many", "/t/{tenant}/sources/many", _manage, source_files.form),
    post("sources_many_do", "/t/{tenant}/sources/many", _manage, source_files.Many, source_files.add),
    get("sources_export", "/t/{tenant}/sources/export.opml", _read, source_files.export),
    post("source_text", f"/t/{{tenant}}/sources/{{id:{ID}}}/text", _manage, sources.Active, sources.set_full_text),
    post("source_active", f"/t/{{tenant}}/sources/{{id:{ID}}}/active", _manage, sources.Active, sources.set_active),
    post("source_trust", f"/t/{{tenant}}/sources/{{id:{ID}}}/trust", _manage, sources.Trust, sources.set_trust),
    post(
        "source_interval", f"/t/{{tenant}}/sources/{{id:{ID}}}/interval", _manage, sources.Every, sources.set_interval
    ),
    post("source_restore", f"/t/{{tenant}}/sources/{{id:{ID}}}/restore", _manage, Nothing, healing.restore),
    post("source_itself", f"/t/{{tenant}}/sources/{{id:{ID}}}/replace-itself", _manage, healing.Itself, healing.itself),
    post("sources_itself", "/t/{tenant}/sources/replace-themselves", _manage, healing.Itself, healing.themselves),
    post("proposal_take", f"/t/{{tenant}}/proposals/{{id:{ID}}}/take", _manage, Nothing, healing.take),
    post("proposal_reject", f"/t/{{tenant}}/proposals/{{id:{ID}}}/reject", _manage, Nothing, healing.reject),
    get("items", "/t/{tenant}/items", _read, items.listed),
    get("item", f"/t/{{tenant}}/items/{{id:{ID}}}", _read, items.one),
    post("item_rehearse", f"/t/{{tenant}}/items/{{id:{ID}}}/rehearse", _decide, again.From, again.rehearsed),
    post("item_again", f"/t/{{tenant}}/items/{{id:{ID}}}/again", _decide, again.From, again.run),
    get("quality", "/t/{tenant}/quality", _read, quality.shown),
    post("rule_add", "/t/{tenant}/quality/rules", _manage, quality.Rule, quality.add_rule),
    post("rule_end", f"/t/{{tenant}}/quality/rules/{{id:{ID}}}/end", _manage, Nothing, quality.end_rule),
    get("gates", "/t/{tenant}/gates", _read, gates.shown),
    post("gates_turn", "/t/{tenant}/gates", _manage, Turn, gates.turn),
    post("gates_reset", "/t/{tenant}/gates/reset", _manage, Back, gates.reset),
    get("gates_figures", "/t/{tenant}/gates/figures", _read, figures.shown),
    post("prefilter_again", "/t/{tenant}/gates/figures/filter", _manage, Nothing, figures.try_again),
    get("models", "/t/{tenant}/models", _manage, models.shown),
    post("models_chain", "/t/{tenant}/models/chain", _manage, Chain, models.chain),
    get("costs", "/t/{tenant}/costs", _read, models.costs),
    get("plan", "/t/{tenant}/plan", _read, plan.shown),
    post("plan_draft", f"/t/{{tenant}}/plan/{{id:{ID}}}/draft", _decide, Nothing, plan.draft_now),
    get("tenant_profile", "/t/{tenant}/tenant", _read, tenant.profile),
    post("tenant_profile_do", "/t/{tenant}/tenant", _manage, tenant.ProfileForm, tenant.set_profile),
    get("tenant_general", "/t/{tenant}/general", _read, tenant.general),
    post("tenant_general_do", "/t/{tenant}/general", _manage, tenant.General, tenant.set_general),
    post("tenant_pause", "/t/{tenant}/pause", _manage, tenant.Pause, tenant.pause),
    post("tenant_resume", "/t/{tenant}/resume", _manage, Nothing, tenant.resume),
    post("tenant_export", "/t/{tenant}/export", _manage, Nothing, tenant.export),
    post("tenant_deletion", "/t/{tenant}/deletion", _manage, tenant.Deletion, tenant.ask_deletion),
    post("tenant_deletion_withdraw", "/t/{tenant}/deletion/withdraw", _manage, Nothing, tenant.withdraw_deletion),
    get("audit", "/t/{tenant}/audit", _manage, audit.shown),
    get("audit_csv", "/t/{tenant}/audit/export.csv", _manage, audit.as_csv),
    get("audit_lines", "/t/{tenant}/audit/export.jsonl", _manage, audit.as_lines),
    get("calendar", "/t/{tenant}/calendar", _read, calendar.shown),
    post("calendar_feed", "/t/{tenant}/calendar/feed", _read, Nothing, calendar.make_feed),
    post("calendar_feed_end", "/t/{tenant}/calendar/feed/end", _read, Nothing, calendar.end_feed),
    post("calendar_move", f"/t/{{tenant}}/calendar/{{draft:{ID}}}", _decide, calendar.Move, calendar.move),
    get("calendar_read", "/calendar/{token:[A-Za-z0-9_-]{20,100}}.ics", Door.ANYBODY, calendar.feed),
    get("channels", "/t/{tenant}/channels", _manage, channels.listed),
    post("channel_add", "/t/{tenant}/channels", _manage, channels.Add, channels.add),
    post("channel_edit", f"/t/{{tenant}}/channels/{{id:{ID}}}/edit", _manage, channels.Edit, channels.edit),
    post("channel_secret", f"/t/{{tenant}}/channels/{{id:{ID}}}/secret", _manage, channels.Secret, channels.secret),
    post("channel_active", f"/t/{{tenant}}/channels/{{id:{ID}}}/active", _manage, channels.Active, channels.active),
    post("channel_canonical", f"/t/{{tenant}}/channels/{{id:{ID}}}/canonical", _manage, Nothing, channels.canonical),
    post("channel_pace", f"/t/{{tenant}}/channels/{{id:{ID}}}/pace", _manage, channels.Pace, channels.pace),
    post("channel_test", f"/t/{{tenant}}/channels/{{id:{ID}}}/test", _manage, Nothing, channels.test),
    get("problems", "/t/{tenant}/problems", _read, problems.listed),
    post("problem_again", "/t/{tenant}/problems/again", _decide, problems.Which, problems.again),
    post("problem_give_up", "/t/{tenant}/problems/give-up", _decide, problems.Because, problems.give_up),
    post("problem_hurry", "/t/{tenant}/problems/hurry", _manage, problems.Because, problems.hurry),
    post("problem_stand_in", "/t/{tenant}/problems/stand-in", _decide, problems.Because, problems.stand_in),
    post("publishing_stop", "/t/{tenant}/publishing/stop", _manage, problems.Stop, problems.stop),
    post("publishing_resume", "/t/{tenant}/publishing/resume", _manage, Nothing, problems.resume),
    get("publishing_back", "/t/{tenant}/publishing/back", _manage, problems.since),
    post("publishing_back_do", "/t/{tenant}/publishing/back", _manage, problems.Stop, problems.take_back),
    get("drafts", "/t/{tenant}/drafts", _read, drafts.listed),
    get("draft", f"/t/{{tenant}}/drafts/{{draft:{ID}}}", _read, drafts.one),
    get("draft_preview", f"/t/{{tenant}}/drafts/{{draft:{ID}}}/preview/{{version:{ID}}}", _read, drafts.preview),
    get("draft_diff", f"/t/{{tenant}}/drafts/{{draft:{ID}}}/diff", _read, drafts.compared),
    post("draft_keep", f"/t/{{tenant}}/drafts/{{draft:{ID}}}/edit/keep", _decide, decisions.Keep, decisions.keep),
    post("draft_forget", f"/t/{{tenant}}/drafts/{{draft:{ID}}}/edit/forget", _decide, Nothing, decisions.forget),
    get("draft_edit", f"/t/{{tenant}}/drafts/{{draft:{ID}}}/edit", _decide, decisions.edit_page),
    post("draft_edit_do", f"/t/{{tenant}}/drafts/{{draft:{ID}}}/edit", _decide, decisions.Edit, decisions.edit),
    post(
        "draft_approve", f"/t/{{tenant}}/drafts/{{draft:{ID}}}/approve", _decide, decisions.Approval, decisions.approve
    ),
    post("draft_reject", f"/t/{{tenant}}/drafts/{{draft:{ID}}}/reject", _decide, decisions.Rejection, decisions.reject),
    post(
        "draft_request_changes",
        f"/t/{{tenant}}/drafts/{{draft:{ID}}}/request-changes",
        _decide,
        decisions.Decision,
        decisions.request_changes,
    ),
    post("draft_undo", f"/t/{{tenant}}/drafts/{{draft:{ID}}}/undo", _decide, decisions.Decision, decisions.undo),
    post(
        "publish_again", f"/t/{{tenant}}/drafts/{{draft:{ID}}}/publish-again", _decide, decisions.Again, decisions.again
    ),
    get("draft_record", f"/t/{{tenant}}/drafts/{{draft:{ID}}}/record", _read, records.shown),
    get("draft_record_json", f"/t/{{tenant}}/drafts/{{draft:{ID}}}/record.json", _read, records.as_json),
    post("draft_renew", f"/t/{{tenant}}/drafts/{{draft:{ID}}}/renew", _decide, records.Renew, records.renew),
    get("disclosure", "/t/{tenant}/disclosure", _manage, disclosure.shown),
    post("disclosure_do", "/t/{tenant}/disclosure", _manage, disclosure.Terms, disclosure.change),
    post(
        "draft_retract", f"/t/{{tenant}}/drafts/{{draft:{ID}}}/retract", _decide, decisions.Retract, decisions.retract
    ),
    get("draft_picture", f"/t/{{tenant}}/drafts/{{draft:{ID}}}/picture", _decide, pictures.shown),
    post("draft_picture_pick", f"/t/{{tenant}}/drafts/{{draft:{ID}}}/picture", _decide, pictures.Pick, pictures.pick),
    post(
        "draft_picture_own", f"/t/{{tenant}}/drafts/{{draft:{ID}}}/picture/own", _decide, pictures.Own, pictures.bring
    ),
    post(
        "draft_picture_remove",
        f"/t/{{tenant}}/drafts/{{draft:{ID}}}/picture/remove",
        _decide,
        pictures.Remove,
        pictures.remove,
    ),
    get("image", f"/t/{{tenant}}/images/{{id:{ID}}}", _read, pictures.picture),
    get("tokens", "/t/{tenant}/tokens", _read, tokens.listed),
    post("token_add", "/t/{tenant}/tokens", _read, tokens.Add, tokens.add),
    post("token_revoke", f"/t/{{tenant}}/tokens/{{id:{ID}}}/revoke", _read, Nothing, tokens.revoke),
    get("tracker", "/t/{tenant}/tracker", _read, tracker.listed),
    get("tracker_report", "/t/{tenant}/tracker/report", _read, tracker.report),
    post("tracker_decide", "/t/{tenant}/tracker/decide", _decide, tracker.Decide, tracker.decide),
    post("tracker_retry", "/t/{tenant}/tracker/retry", _decide, tracker.Retry, tracker.retry),
    post("tracker_rule", "/t/{tenant}/tracker/rule", _manage, tracker.Rule, tracker.rule),
    get("entry", f"/t/{{tenant}}/tracker/entries/{{id:{ID}}}", _read, tracker.one),
    post(
        "entry_decide", f"/t/{{tenant}}/tracker/entries/{{id:{ID}}}/decide", _decide, tracker.Decide, tracker.decide_one
    ),
    post("entry_edit", f"/t/{{tenant}}/tracker/entries/{{id:{ID}}}/edit", _decide, tracker.Edit, tracker.edit),
    get("runs", "/t/{tenant}/runs", _read, runs.listed),
    get("run_new", "/t/{tenant}/runs/new", _analyse, run_new.form),
    post("run_new_do", "/t/{tenant}/runs/new", _analyse, run_new.New, run_new.start),
    get("run", f"/t/{{tenant}}/runs/{{id:{ID}}}", _read, runs.one),
    get("run_compare", f"/t/{{tenant}}/runs/{{id:{ID}}}/compare", _read, runs.compared),
    post("run_cancel", f"/t/{{tenant}}/runs/{{id:{ID}}}/cancel", _analyse, Nothing, runs.cancel),
    post("run_share", f"/t/{{tenant}}/runs/{{id:{ID}}}/share", _analyse, runs.Share, runs.share),
    post("run_mail", f"/t/{{tenant}}/runs/{{id:{ID}}}/mail", _analyse, run_mail.Mailing, run_mail.send),
    post("run_again", f"/t/{{tenant}}/runs/{{id:{ID}}}/again", _analyse, Nothing, runs.again),
    post("run_feedback", f"/t/{{tenant}}/runs/{{id:{ID}}}/feedback", _analyse, runs.Remark, runs.remark),
    get("batch", f"/t/{{tenant}}/batches/{{id:{ID}}}", _read, runs.batch),
    get("calls", "/t/{tenant}/calls", _read, calls.listed),
    get("call", f"/t/{{tenant}}/calls/{{id:{ID}}}", _read, calls.one),
    get("trials", "/t/{tenant}/trials", _read, trials.listed),
    get("trial", f"/t/{{tenant}}/trials/{{id:{ID}}}", _read, trials.one),
    post(
        "match_decide",
        f"/t/{{tenant}}/runs/{{id:{ID}}}/matches/{{match:{ID}}}",
        _analyse,
        narratives.Verdict,
        narratives.decide,
    ),
    get("monitors", "/t/{tenant}/monitors", _read, monitors.listed),
    get("monitor_new", "/t/{tenant}/monitors/new", _analyse, monitors.form),
    post("monitor_new_do", "/t/{tenant}/monitors/new", _analyse, monitors.New, monitors.add),
    get("monitor", f"/t/{{tenant}}/monitors/{{id:{ID}}}", _read, monitors.one),
    post("monitor_change", f"/t/{{tenant}}/monitors/{{id:{ID}}}", _analyse, monitors.Change, monitors.change),
    post("monitor_switch", f"/t/{{tenant}}/monitors/{{id:{ID}}}/switch", _analyse, monitors.Switch, monitors.switch),
    get("narratives", "/t/{tenant}/narratives", _read, narratives.listed),
    get("narrative", "/t/{tenant}/narratives/{narrative:[a-z0-9_]{1,60}}", _read, narratives.one),
    get("analysis", "/t/{tenant}/analysis", _read, analysis.shown),
    get("run_export", f"/t/{{tenant}}/runs/{{run:{ID}}}/export", _read, run_export.file),
    get("platform", "/platform", Door.ADMIN, platform.home),
    get("platform_tenants", "/platform/tenants", Door.ADMIN, tenants.listed),
    post("platform_pause", "/platform/tenants/pause", Door.ADMIN, tenants.Pause, tenants.pause),
    post("platform_resume", "/platform/tenants/resume", Door.ADMIN, tenants.Resume, tenants.resume),
    get("platform_audit", "/platform/audit", Door.ADMIN, audit.platform),
    get("platform_audit_csv", "/platform/audit/export.csv", Door.ADMIN, audit.as_csv),
    get("platform_audit_lines", "/platform/audit/export.jsonl", Door.ADMIN, audit.as_lines),
    get("platform_people", "/platform/people", Door.ADMIN, platform_people.listed),
    post("platform_off", f"/platform/people/{{id:{ID}}}/off", Door.ADMIN, Nothing, platform_people.disable),
    post("platform_on", f"/platform/people/{{id:{ID}}}/on", Door.ADMIN, Nothing, platform_people.enable),
    post(
        "platform_admin",
        f"/platform/people/{{id:{ID}}}/admin",
        Door.ADMIN,
        platform_people.Admin,
        platform_people.set_admin,
    ),
    get("platform_models", "/platform/models", Door.ADMIN, platform.models),
    get("platform_prompts", "/platform/prompts", Door.ADMIN, prompts.listed),
    get("platform_prompt", "/platform/prompts/{name}/versions/{version}", Door.ADMIN, prompts.one),
    post("prompt_live", "/platform/prompts/live", Door.ADMIN, prompts.Live, prompts.make_live),
    post("prompt_back", "/platform/prompts/back", Door.ADMIN, prompts.Back, prompts.unpin),
    post("prompt_try", "/platform/prompts/try", Door.ADMIN, prompts.Try, prompts.try_),
    post("prompt_stop", "/platform/prompts/stop", Door.ADMIN, prompts.Stop, prompts.stop),
    get("platform_quality", "/platform/quality", Door.ADMIN, quality.platform),
    post("platform_revision", "/platform/quality/revision", Door.ADMIN, quality.Switch, quality.switch),
    post(
        "platform_rule_add",
        "/platform/quality/rules",
        Door.ADMIN,
        quality.EverybodysRule,
        quality.add_everybodys_rule,
    ),
    post(
        "platform_rule_end",
        f"/platform/quality/rules/{{id:{ID}}}/end",
        Door.ADMIN,
        Nothing,
        quality.end_everybodys_rule,
    ),
    post("platform_chain", "/platform/models/chain", Door.ADMIN, Chain, platform.chain),
    post("platform_caps", "/platform/models/caps", Door.ADMIN, platform.CapsForm, platform.caps),
    post("platform_stop", "/platform/models/stop", Door.ADMIN, platform.Stop, platform.stop),
    post("platform_start", "/platform/models/start", Door.ADMIN, platform.Start, platform.start),
    post("platform_try", "/platform/models/try", Door.ADMIN, platform.Try, platform.try_again),
    get("site_bare", "/site/{tenant}", Door.ANYBODY, site.bare),
    get("site", "/site/{tenant}/{path:.*}", Door.ANYBODY, site.file),
)
