"""`cid prompts`: versions, what differs between them, and what another one would answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from difflib import unified_diff
from pathlib import Path

import click

from cid.cli import frame
from cid.cli.choice import tenant_named, tenant_option
from cid.cli.group import Group
from cid.flows import prompts as flow
from cid.flows import trial as trying
from cid.services import Services
from cid.store import trials
from cid.store.trials import Pair, Trial

SHOWN = 20
"""Subjects printed without --json."""


@click.group(cls=Group)
def prompts() -> None:
    """See versions of prompts, compare them, and try one on what was asked already."""


@prompts.command("list")
@frame.data_option
@frame.json_option
def list_(*, data: Path | None, as_json: bool) -> None:
    """Every version, which one is live, and what it was asked in the last 30 days by all tenants."""
    shelves = frame.with_services(frame.Options(data=data), flow.shelves)
    if as_json:
        frame.show([asdict(shelf) for shelf in shelves])
        return
    for shelf in shelves:
        if shelf.problem:
            click.echo(f"{shelf.name}: {shelf.problem}")
        for one in shelf.versions:
            state = "candidate" if one.candidate else ""
            if one.live:
                state = "live, pinned" if shelf.pinned else "live"
            asked = "no calls"
            if one.figure:
                found = one.figure
                asked = f"{found.calls} calls, ${found.cost:.4f}, {found.repairs} repairs, {found.refused} refused"
            click.echo(f"{shelf.name} {one.version:<4} {one.hash[:12]}  {state:<13} {asked}")


@prompts.command("diff")
@click.argument("name")
@click.argument("old")
@click.argument("new")
@frame.data_option
def diff_(*, name: str, old: str, new: str, data: Path | None) -> int:
    """What changed from one version to another, line by line. Ends with exit code 1 where anything did."""

    async def body(sv: Services) -> tuple[str, str]:
        return flow.version(sv, name, old).text, flow.version(sv, name, new).text

    before, after = (
        frame.without_database(body) if data is None else frame.with_services(frame.Options(data=data), body)
    )
    lines = list(unified_diff(before.splitlines(), after.splitlines(), f"{name} {old}", f"{name} {new}", lineterm=""))
    for line in lines:
        click.echo(line)
    return frame.FAILED if lines else frame.OK


@prompts.command("try")
@click.argument("name")
@click.argument("version")
@click.option("--last", default=50, type=click.IntRange(1, trying.MOST), show_default=True, help="Calls to ask again.")
@tenant_option
@frame.data_option
@frame.json_option
def try_(*, name: str, version: str, last: int, tenant: str | None, data: Path | None, as_json: bool) -> None:
    """Ask the inputs of the last calls again with this version, and show old and new answers side by side.

    It costs what the calls cost, out of the tenant's budget; its answers count for nothing else.
    """

    def tell(trial: Trial) -> None:
        click.echo(f"{trial.asked} of {trial.total} asked, ${trial.cost:.4f}", err=True)

    async def body(sv: Services) -> tuple[Trial, list[Pair]]:
        of = await tenant_named(sv, tenant)
        id_ = await trying.start(sv, of.id, name, version, last=last, user=None, queued=False)
        done = await trying.ask_all(sv, of.id, id_, tell)
        async with sv.db.read(of.id) as tx:
            return done, await trials.subjects(tx, of.id, id_)

    done, pairs = frame.with_services(frame.Options(data=data), body)
    if as_json:
        frame.show({"trial": asdict(done), "subjects": [asdict(pair) for pair in pairs]})
        return
    for line in (*_sums(done), *_sides(pairs)):
        click.echo(line)


def _sums(trial: Trial) -> Iterable[str]:
    yield f"{trial.prompt} {trial.version} on {trial.total} subjects of {trial.tenant}: {trial.id}"
    if trial.offline:
        yield "No model was asked: offline computes the same whatever a prompt says."
    yield f"verdicts   {trial.changed} of {trial.judged} are others"
    yield f"failed     {trial.failed}"
    if trial.shift is not None:
        yield f"score      {trial.shift:+.1f} on average"
    yield f"tokens     {trial.before_tokens} before, {trial.tokens} now"
    yield f"cost       ${trial.before_cost:.6f} before, ${trial.cost:.6f} now"


def _sides(pairs: list[Pair]) -> Iterable[str]:
    for pair in pairs[:SHOWN]:
        before = (
            f"{'' if pair.before_score is None else pair.before_score} {pair.before_verdict or 'no answer'}".strip()
        )
        after = f"{'' if pair.after_score is None else pair.after_score} {pair.after_verdict or pair.error}".strip()
        yield f"{'*' if pair.changed else ' '} {pair.subject}  {before} → {after}"
    if len(pairs) > SHOWN:
        yield f"… and {len(pairs) - SHOWN} more: --json"
