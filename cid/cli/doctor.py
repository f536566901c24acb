"""`cid doctor`: what is wrong with this desk, and how to mend it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cid.cli.place import place_of, place_options, run
from cid.pg import doctor
from cid.pg.doctor import Check, Level

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from cid.pg.place import Place

    Extra = Callable[[], Awaitable[Sequence[Check]]]

_MARKS = {Level.OK: "ok  ", Level.WARN: "warn", Level.FAIL: "FAIL"}


@click.command("doctor")
@place_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(as_json: bool, **options: Any) -> None:
    """Check the database, its roles and policies, keys, folders and models; say how to mend what is wrong.

    Ends with exit code 1 when something must be mended before the desk can run.
    """
    given = options["secret_key"].encode() if options["secret_key"] else None
    key = doctor.key(Path(options["data"]) / "secret.key", given)
    if key.level is Level.FAIL or (options["database_url"] and key.level is Level.WARN):
        found = [*doctor.folder(Path(options["data"])), key]
    else:
        found = run(examine(place_of(options), key))
    report(found, settings={}, as_json=as_json)


async def examine(place: Place, *more: Check, extra: Sequence[Extra] = ()) -> list[Check]:
    """Every check in the order of printing; `extra` are other rooms' own, such as the models'."""
    found = [*doctor.folder(place.data), *more, *await doctor.database(place)]
    for look in extra:
        found += await look()
    return found


def report(found: Sequence[Check], *, settings: Mapping[str, str], as_json: bool) -> None:
    """Print; `settings` are the effective ones with secrets hidden already. Exits with 1 on any failure."""
    failed = any(check.level is Level.FAIL for check in found)
    if as_json:
        click.echo(
            json.dumps({"ok": not failed, "settings": dict(settings), "checks": [asdict(check) for check in found]})
        )
    else:
        for name, value in settings.items():
            click.echo(f"      {name} = {value}")
        for check in found:
            click.echo(f"{_MARKS[check.level]}  {check.name}: {check.what}")
            if check.remedy:
                click.echo(f"      {check.remedy}")
    if failed:
        raise SystemExit(1)
