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
from cid.cli import frame
from cid.pg import doctor
from cid.pg.doctor import Check, Level
from cid.pg.place import Place

Extra = Callable[[], Awaitable[Sequence[Check]]]
_MARKS = {Level.OK: "ok  ", Level.WARN: "warn", Level.FAIL: "FAIL"}


@click.command("doctor")
@frame.data_option
@frame.json_option
def command(data: Path | None, as_json: bool) -> None:
    """Check the database, its roles and policies, keys, folders and models; say how to mend what is wrong.

    Ends with exit code 1 when something must be mended before the desk can run.
    """
    chosen = frame.settings_for(frame.Options(data=data))
    given = chosen.secret_key.value.encode() if chosen.secret_key else None
    key = doctor.key(chosen.data / "secret.key", given)
    models = bootstrap.model_checks(chosen)
    if key.level is Level.FAIL or (chosen.database_url and key.level is Level.WARN):
        found = [*doctor.folder(chosen.data), key, *models]
    else:
        found = asyncio.run(examine(bootstrap.place_of(chosen), key, *models))
    report(found, settings=settings.effective(chosen), as_json=as_json)


async def examine(place: Place, *more: Check, extra: Sequence[Extra] = ()) -> list[Check]:
    """Every check in the order of printing; `extra` are other rooms' own."""
    found = [*doctor.folder(place.data), *more, *await doctor.database(place)]
    for look in extra:
        found += await look()
    return found


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
