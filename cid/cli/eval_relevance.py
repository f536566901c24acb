"""`cid eval relevance`: gate 2 against what people of a tenant say matters to them."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from cid.cli import frame
from cid.cli.profiles import profile_of
from cid.domain.errors import Misconfigured, NotFound
from cid.domain.ids import TenantId, uuid7
from cid.domain.llm import TRIAL
from cid.domain.policy import GatePolicy
from cid.domain.tenants import Profile
from cid.flows import relate
from cid.gates import gate2_relevance as gate2
from cid.services import Services
from cid.store import calls, policies, tenants
from cid.text.clean import SUMMARY_LIMIT, TITLE_LIMIT, line
from cid.text.html import plain
from cid.text.shares import Cut, cuts

LARGEST = 50_000
"""Rows of one file."""
STEPS = range(0, 101, 5)
YES = {"1": True, "yes": True, "true": True, "0": False, "no": False, "false": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    headline: gate2.Headline
    wanted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """At one threshold."""

    threshold: int
    precision: float | None
    recall: float | None
    f1: float | None
    right: int
    wrong: int
    missed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    items: int
    wanted: int
    scored: int
    unscored: Mapping[str, int]
    """Why items have no score, and how many: they count in no share."""
    at_threshold: Figures
    over: Sequence[Figures]
    flagged: int
    """Texts that seem to speak to the model."""
    calls: int
    stories_per_call: float | None
    tokens_in: int
    tokens_cached: int
    tokens_out: int
    dollars: Decimal


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--tenant", "slug", metavar="SLUG", help="Of this desk: its profile, numbers, models and budget.")
@click.option(
    "--profile",
    "profile_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Instead: a profile as `cid tenants profile` takes it, in a database of its own.",
)
@click.option("--offline", is_flag=True, help="With --profile: judged by words, with no model and no key.")
@frame.data_option
@frame.json_option
def relevance(
    *, file: Path, slug: str | None, profile_file: Path | None, offline: bool, data: Path | None, as_json: bool
) -> None:
    """Judge the items of FILE (.csv or .jsonl) by gate 2, and compare with what people said of each.

    Columns: title; summary and publisher may be there; and either label (1 or 0: does it matter to the tenant?) or
    score (0 to 100, wanted from the tenant's threshold on). Nothing is stored but the calls, under a
    stage of their own.
    """
    if (slug is None) == (profile_file is None):
        raise click.UsageError("Give either --tenant or --profile.")
    if offline and slug is not None:
        raise click.UsageError("--offline goes with --profile: a tenant's models are chosen on its page.")
    rows = list(_rows(file))
    if profile_file is not None:
        wanted = profile_of(profile_file)
        report = frame.with_scratch(lambda sv: _in_scratch(sv, wanted, rows, file, offline=offline))
    else:
        assert slug is not None
        report = frame.with_services(frame.Options(data=data), lambda sv: _of_tenant(sv, slug, rows, file))
    if as_json:
        frame.show(asdict(report))
    else:
        click.echo(_told(report))


def _rows(file: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Each with its number. Raises Misconfigured."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as handle:
            if file.suffix.lower() in {".jsonl", ".ndjson"}:
                found: Iterator[Any] = (json.loads(text) for text in handle if text.strip())
            else:
                found = iter(csv.DictReader(handle))
            for number, row in enumerate(found, 1):
                if not isinstance(row, dict):
                    raise Misconfigured(f"{file}, row {number} is no object with a title and a label.")
                if number > LARGEST:
                    raise Misconfigured(f"{file} has more than {LARGEST} rows.")
                yield number, row
    except (csv.Error, UnicodeDecodeError, ValueError) as error:
        raise Misconfigured(f"{file} is neither CSV nor JSON lines in UTF-8 ({error}).") from error


def labelled(rows: Sequence[tuple[int, Mapping[str, Any]]], policy: GatePolicy, file: Path) -> list[Item]:
    """Cleaned as items are when they come in. Raises Misconfigured: which row is wrong."""
    if not rows:
        raise Misconfigured(f"{file} has no rows.")
    return [
        Item(
            headline=gate2.Headline(
                key=f"row {number}",
                title=_title(row, f"{file}, row {number}"),
                summary=line(plain(str(row.get("summary") or "")), SUMMARY_LIMIT),
                publisher=line(str(row.get("publisher") or ""), TITLE_LIMIT),
            ),
            wanted=_wanted(row, policy, f"{file}, row {number}"),
        )
        for number, row in rows
    ]


def _title(row: Mapping[str, Any], where: str) -> str:
    title = line(plain(str(row.get("title") or "")), TITLE_LIMIT)
    if not title:
        raise Misconfigured(f"{where} has no title.")
    return title


def _wanted(row: Mapping[str, Any], policy: GatePolicy, where: str) -> bool:
    label, score = (str(row[name] if row.get(name) is not None else "").strip().lower() for name in ("label", "score"))
    if label in YES:
        return YES[label]
    try:
        value = float(score)
    except ValueError:
        value = -1.0
    if label or not 0 <= value <= 100:
        raise Misconfigured(f"{where}: label is {label!r} and score {score!r}; wanted is 1 or 0, or 0 to 100.")
    return value >= policy.relevance.min_score


async def _in_scratch(
    sv: Services, profile: Profile, rows: Sequence[tuple[int, Mapping[str, Any]]], file: Path, *, offline: bool
) -> Report:
    tenant = TenantId(uuid7(sv.clock.now()))
    items = labelled(rows, sv.policy, file)
    async with sv.platform.tx() as tx:
        await tenants.add(tx, tenant, slug="eval", name="eval", sample=offline)
        await tenants.set_profile(tx, tenant, profile)
    return await measured(sv, tenant, items)


async def _of_tenant(sv: Services, slug: str, rows: Sequence[tuple[int, Mapping[str, Any]]], file: Path) -> Report:
    async with sv.platform.read() as tx:
        found = await tenants.by_slug(tx, slug)
    if found is None:
        raise NotFound(f"There is no tenant {slug}.")
    async with sv.db.read(found.id) as tx:
        policy = await policies.of(tx, found.id, sv.policy)
    return await measured(sv, found.id, labelled(rows, policy, file))


async def measured(sv: Services, tenant: TenantId, items: Sequence[Item]) -> Report:
    """Through gate 2's own flow: its groups, its bounds, its numbers."""
    began = sv.clock.now()
    async with sv.db.read(tenant) as tx:
        room = await relate.room(sv, tx, tenant)
    results = await relate.judged(sv, tenant, room, [item.headline for item in items], trial=True)
    scores: list[tuple[float, bool]] = []
    unscored: Counter[str] = Counter()
    flagged = 0
    for item in items:
        result = results[item.headline.key]
        if isinstance(result, relate.Judged) and result.verdict.score is not None:
            scores.append((result.verdict.score, item.wanted))
            flagged += bool(result.verdict.signals.get("speaks_to_the_model"))
        else:
            unscored[str(result) if isinstance(result, Exception) else "no score"] += 1
    async with sv.db.read(tenant) as tx:
        spent = await calls.spent_since(tx, tenant, f"{TRIAL}relevance", began)
    threshold = room.policy.relevance.min_score
    return Report(
        items=len(items),
        wanted=sum(item.wanted for item in items),
        scored=len(scores),
        unscored=dict(unscored),
        at_threshold=_figures(cuts(scores, [threshold])[0]),
        over=[_figures(cut) for cut in cuts(scores, STEPS)],
        flagged=flagged,
        calls=spent.calls,
        stories_per_call=spent.subjects / spent.calls if spent.calls else None,
        tokens_in=spent.input,
        tokens_cached=spent.cached,
        tokens_out=spent.output,
        dollars=spent.dollars.normalize() if spent.dollars else Decimal(0),
    )


def _figures(cut: Cut) -> Figures:
    return Figures(
        threshold=cut.at,
        precision=cut.precision,
        recall=cut.recall,
        f1=cut.f1,
        right=cut.right,
        wrong=cut.wrong,
        missed=cut.missed,
    )


def _told(report: Report) -> str:
    lines = [f"{report.items} items, {report.wanted} wanted, {report.scored} scored"]
    lines += [f"  {count} without a score: {why}" for why, count in report.unscored.items()]
    for one, mark in [(report.at_threshold, " (the tenant's threshold)"), *((cut, "") for cut in report.over)]:
        lines.append(
            f"from {one.threshold:3}  precision {_share(one.precision)}  recall {_share(one.recall)}  "
            f"F1 {_share(one.f1)}  {one.right} right, {one.wrong} wrong, {one.missed} missed{mark}"
        )
    fill = f", {report.stories_per_call:.1f} stories a call" if report.stories_per_call else ""
    lines.append(
        f"{report.calls} calls{fill}, {report.tokens_in} tokens in ({report.tokens_cached} cached), "
        f"{report.tokens_out} out, ${report.dollars:f}"
    )
    return "\n".join(lines)


def _share(value: float | None) -> str:
    return "  –  " if value is None else f"{value:.3f}"
