"""The desk at a glance: what waits, what fails, what the gates did, what it cost, how fast it was."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from aiohttp import web

from cid.domain.ids import PLATFORM
from cid.domain.jobs import JobKind
from cid.domain.screening import FIRST
from cid.domain.tenants import Desk
from cid.domain.verdicts import GATE_NUMBER, Gate
from cid.flows import choices, turning
from cid.store import mails, pages, tenants
from cid.web import words
from cid.web.keys import actor, services
from cid.web.render import page
from cid.web.views import DeskView, Down, GateView, OverviewView, PieceView, ReasonCount, SpendLine, WordCount
from cid.web.words import _

SHARED = (JobKind.POLL, JobKind.GROUP)
OURS = (
    JobKind.RULES,
    JobKind.RELATE,
    JobKind.TRACK,
    JobKind.ASSESS,
    JobKind.GATHER,
    JobKind.FIT,
    JobKind.DRAFT,
    JobKind.FOLLOW,
    JobKind.REVIEW,
    JobKind.PUBLISH,
)
GATES = {Desk.PUBLISHING: frozenset(Gate) - {Gate.TRACK}, Desk.TRACKER: frozenset({Gate.RULES, Gate.TRACK})}
SHOWN_DROPS = 4


async def bare(request: web.Request) -> web.StreamResponse:
    """The address without its last slash."""
    raise web.HTTPSeeOther(f"/t/{actor(request).tenant.slug}/")


async def shown(request: web.Request) -> web.StreamResponse:
    sv, tenant = services(request), actor(request).tenant.id
    async with sv.platform.read() as tx:
        post = await mails.service(tx)
        shared = await pages.queue(tx, PLATFORM, SHARED)
        processes = await pages.processes(tx)
    standing = await choices.standing(sv, actor(request).tenant)
    async with sv.db.read(tenant) as tx:
        spend = await pages.spend(tx, tenant)
        view = OverviewView(
            queue=await pages.queue(tx, tenant, OURS),
            shared_queue=shared,
            sources=sources(await pages.sources_by_word(tx, tenant)),
            desks=[
                DeskView(
                    desk=desk,
                    funnel=funnel(await pages.funnel(tx, tenant, desk), desk),
                    backlog=await pages.backlog(tx, tenant, desk),
                )
                for desk in await tenants.desks(tx, tenant)
                if desk in FIRST
            ],
            decided=await pages.decided(tx, tenant),
            drafts=await pages.drafts_by_state(tx, tenant),
            spend=[_spend(line) for line in spend],
            spent=sum((line.dollars for line in spend), Decimal(0)),
            budget=await pages.budget(tx, tenant, sv.caps.per_day),
            notices=standing.notices,
            held=standing.held,
            unfit=await turning.unfit(tx, tenant, sv.policy),
            pieces=[_piece(piece) for piece in await pages.pieces(tx, tenant)],
            down=[*down(processes), *unsent(post)],
            processes=sum(not process.silent for process in processes),
        )
    return page(request, "overview.html", view)


def sources(counts: Iterable[pages.SourceCount]) -> list[WordCount]:
    """In the order of the words, not of the database."""
    by_word = {count.word: count.sources for count in counts}
    return [
        WordCount(word=word, text=text, tone=tone, count=by_word[word])
        for word, (text, tone, _means) in words.SOURCE_WORDS.items()
        if word in by_word
    ]


def funnel(counts: Iterable[pages.FunnelCount], desk: Desk) -> list[GateView]:
    """Every gate that `desk` has, also those that judged nothing yet; the commonest reasons to drop first."""
    passed: dict[Gate, int] = defaultdict(int)
    drops: dict[Gate, list[pages.FunnelCount]] = defaultdict(list)
    for count in counts:
        if count.outcome == "pass":
            passed[count.gate] += count.verdicts
        else:
            drops[count.gate].append(count)
    views = []
    for gate, number in GATE_NUMBER.items():
        dropped = sum(count.verdicts for count in drops[gate])
        judged = passed[gate] + dropped
        if not judged and gate not in GATES[desk]:
            continue
        reasons = [
            ReasonCount(reason=count.reason, count=count.verdicts, share=count.verdicts / judged)
            for count in sorted(drops[gate], key=lambda count: -count.verdicts)
        ]
        views.append(
            GateView(gate=gate, number=number, judged=judged, passed=passed[gate], dropped=dropped, drops=reasons)
        )
    return views


def unsent(post: mails.Service | None) -> list[Down]:
    """Why no mail goes out."""
    broken = post and post.broken
    return [Down(what=_("Mail"), where="", why=post.broken, since=post.since)] if post and broken else []


def down(processes: Sequence[pages.Process]) -> list[Down]:
    """Silent processes, and parts of living ones that say they are not up. Nothing alive at all comes first."""
    told = [
        Down(what=_("a process"), where=_where(process), why=_("silent"), since=process.beat_at)
        for process in processes
        if process.silent
    ]
    for process in processes:
        if process.silent:
            continue
        for name, part in process.parts.items():
            state = part.get("state", "") if isinstance(part, dict) else str(part)
            if state not in {"running", "ended"}:
                why = str(part.get("error") or state) if isinstance(part, dict) else state
                told.append(Down(what=name, where=_where(process), why=why[:200], since=_since(part)))
    if all(process.silent for process in processes):
        told.insert(
            0,
            Down(
                what=_("every worker"), where="", why=_("no process is alive: nothing is polled or judged"), since=None
            ),
        )
    return told


def _where(process: pages.Process) -> str:
    """The machine's name goes on with what tells boots and containers apart; people need its beginning."""
    return f"{process.host.split('/')[0]}, {process.pid}"


def _since(part: object) -> datetime | None:
    told = part.get("since") if isinstance(part, dict) else None
    try:
        return datetime.fromisoformat(told) if isinstance(told, str) else None
    except ValueError:
        return None


def _spend(line: pages.Spend) -> SpendLine:
    return SpendLine(
        stage=line.stage, provider=line.provider, calls=line.calls, unanswered=line.unanswered, dollars=line.dollars
    )


def _piece(piece: pages.Piece) -> PieceView:
    decided, live = piece.decided_at, piece.live_at
    return PieceView(
        piece=piece,
        offline=piece.provider.startswith("offline"),
        to_draft=piece.drafted_at - piece.found_at,
        to_decision=decided - piece.drafted_at if decided else None,
        to_live=live - decided if live and decided else None,
        total=live - piece.found_at if live else None,
    )
