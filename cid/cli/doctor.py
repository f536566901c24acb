"""`cid doctor`: what is wrong with this desk, and how to mend it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from cid import bootstrap, settings
from cid.bootstrap import checks
from cid.briefing.classify import Classifier
from cid.cli import frame
from cid.domain.choices import Notice
from cid.domain.errors import Misconfigured, Upstream
from cid.flows import choices, people
from cid.pg import doctor
from cid.pg.doctor import Check, Level
from cid.pg.embedded import join
from cid.pg.place import Place
from cid.services import Services
from cid.settings import Settings
from cid.sources.kinds import OFFERED
from cid.store import sources

Extra = Callable[[], Awaitable[Sequence[Check]]]
_MARKS = {Level.OK: "ok  ", Level.WARN: "warn", Level.FAIL: "FAIL"}


@click.command("doctor")
@frame.data_option
@frame.json_option
def command(data: Path | None, as_json: bool) -> None:
    """Check the database, its roles and policies, keys, folders, models and sources; say how to mend what is wrong.

    Ends with exit code 1 when something must be mended before the desk can run.
    """
    chosen = frame.settings_for(frame.Options(data=data))
    given = chosen.secret_key.value.encode() if chosen.secret_key else None
    key = doctor.key(chosen.data / "secret.key", given)
    mail = asyncio.run(checks.mail_check(chosen))
    models = [*checks.model_checks(chosen), *checks.key_checks(chosen), narratives(chosen), mail]
    if key.level is Level.FAIL or (chosen.database_url and key.level is Level.WARN):
        found = [*doctor.folder(chosen.data), key, *models]
    else:
        found = asyncio.run(examine(bootstrap.place_of(chosen), key, *models, extra=[_inside(chosen)]))
    report(found, settings=settings.effective(chosen), as_json=as_json)


async def examine(place: Place, *more: Check, extra: Sequence[Extra] = ()) -> list[Check]:
    """Every check in the order of printing; `extra` are other rooms' own."""
    found = [*doctor.folder(place.data), *more, *await doctor.database(place)]
    for look in extra:
        found += await look()
    return found


def _inside(chosen: Settings) -> Extra:
    """What is set on pages and waits for keys, where a database can be asked without starting one."""

    async def look() -> Sequence[Check]:
        sockets = join(chosen.data)
        if not chosen.database_url and not sockets:
            return []
        try:
            async with bootstrap.open_services(chosen, bootstrap.logins(chosen, sockets)) as sv:
                whole = await choices.standing(sv, None)
                own = [(tenant.slug, await choices.standing(sv, tenant)) for tenant in await people.all_tenants(sv)]
                keyless = await _keyless(chosen, sv)
        except (Upstream, Misconfigured):
            return []  # the checks of the database have said what is wrong with it
        said = {notice.what for notice in whole.notices}
        return [
            *(_check("everybody", notice) for notice in whole.notices),
            *(_check(slug, notice) for slug, found in own for notice in found.notices if notice.what not in said),
            *keyless,
        ]

    return look


async def _keyless(chosen: Settings, sv: Services) -> list[Check]:
    """Sources that wait for a key."""
    lacking = {kind: about for kind, about in OFFERED.items() if about.key and about.key not in chosen.source_keys}
    async with sv.platform.read() as tx:
        waiting = await sources.wanted_of(tx, lacking)
    return [
        doctor.warn(f"sources of the kind {kind}", f"{count} without a key", f"Set {lacking[kind].key}.")
        for kind, count in waiting.items()
    ]


def narratives(chosen: Settings) -> Check:
    """By what known narratives are found: the catalogue alone, or a classifier of this version beside it."""
    name = "narratives"
    try:
        model = settings.classifier(chosen)
    except Misconfigured as error:
        return doctor.fail(name, str(error), "Correct CID_NARRATIVE_MODEL, or unset it: the catalogue works alone.")
    if model is None:
        return doctor.ok(name, "by the catalogue alone: CID_NARRATIVE_MODEL names no classifier")
    return doctor.ok(name, f"by the catalogue, and {learned(model)}")


def learned(model: Classifier) -> str:
    """Which classifier it is, when it was trained, and what it was measured at; of what its file does not say, that."""
    held = model.facts.get("held_out")
    figures = held.get("all") if isinstance(held, Mapping) else None
    shares = figures if isinstance(figures, Mapping) else {}
    said = [f"{name} {share:.3f}" for name in ("recall", "precision") if isinstance(share := shares.get(name), float)]
    told = [
        f"a classifier of version {model.version}",
        f"trained {model.facts.get('trained_at') or 'nobody knows when'}",
        f"{', '.join(said)} on what it had not seen" if said else "without figures",
        f"for tenant {model.tenant} alone" if model.tenant else "",
    ]
    return ", ".join(filter(None, told))


def _check(whose: str, notice: Notice) -> Check:
    """A warning, however grave: the desk runs, and says on its pages what waits."""
    return doctor.warn(f"models of {whose}", notice.what, notice.remedy)


def report(found: Sequence[Check], *, settings: Mapping[str, Any], as_json: bool) -> None:
    """Print; `settings` are the effective ones with secrets hidden already. Exits with 1 on any failure."""
    failed = any(check.level is Level.FAIL for check in found)
    if as_json:
        said = {"ok": not failed, "settings": dict(settings), "checks": [asdict(check) for check in found]}
        click.echo(json.dumps(said, default=str))
    else:
        for name, value in settings.items():
            click.echo(f"      {name} = {value}")
        for check in found:
            click.echo(f"{_MARKS[check.level]}  {check.name}: {check.what}")
            if check.remedy:
                click.echo(f"      {check.remedy}")
    if failed:
        raise SystemExit(1)
