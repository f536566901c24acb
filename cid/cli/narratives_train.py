"""`cid narratives train`: a classifier of narratives from sentences that people labelled."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import cast

import click

from cid import settings as settings_module
from cid.briefing import cases, classify
from cid.briefing import train as training
from cid.briefing.cases import Case
from cid.briefing.classify import Classifier
from cid.cli import frame, narrative_files
from cid.cli.narrative_files import FILE, Given
from cid.domain.errors import Misconfigured, NotFound
from cid.domain.llm import Json
from cid.domain.tenants import Tenant
from cid.flows import decided
from cid.outside.clock import SystemClock
from cid.services import Services
from cid.store import tenants


@click.command()
@click.argument("file", type=FILE)
@click.option(
    "--labels", type=FILE, help="Which keywords make a case one of a narrative; without it: column narratives."
)
@click.option("--ordinary", required=True, type=FILE, help="Headlines (column title) in which nothing is to be found.")
@click.option("--model", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The file to write.")
@click.option("--salt", default="", help="Another part of the sentences is held out: how much hangs on the split.")
@click.option(
    "--decisions", is_flag=True, help="Learn from what --tenant confirmed and rejected too: a model for it alone."
)
@click.option("--tenant", "slug", metavar="SLUG", help="Whose decisions.")
@frame.data_option
@frame.json_option
def train(
    *,
    file: Path,
    labels: Path | None,
    ordinary: Path,
    model: Path,
    salt: str,
    decisions: bool,
    slug: str | None,
    data: Path | None,
    as_json: bool,
) -> None:
    """Train on FILE.csv and write a model that CID_NARRATIVE_MODEL can name.

    Columns: claim; keywords and countries (plus-separated) where --labels says what they mean, else narratives
    (plus-separated ids). Only the claim's text is ever learned from. A hash of each text holds some out: the figures
    are of those, and the file keeps them.
    """
    if decisions != (slug is not None):
        raise click.UsageError("--decisions and --tenant go together.")
    given = narrative_files.given(file, labels, ordinary)
    tenant = ""
    said: list[Case] = []
    if slug is not None:
        found, said = frame.with_services(frame.Options(data=data), lambda sv: _decided(sv, slug))
        tenant = str(found.id)
    made = trained(given, said, salt=salt, tenant=tenant)
    written(model, made)
    facts = classify.load(made).facts
    if as_json:
        frame.show({"model": str(model), "bytes": len(made), **facts})
    else:
        click.echo(f"{model}: {len(made)} bytes\n{told(facts)}")


async def _decided(sv: Services, slug: str) -> tuple[Tenant, list[Case]]:
    async with sv.platform.read() as tx:
        tenant = await tenants.by_slug(tx, slug)
    if tenant is None:
        raise NotFound(f"There is no tenant {slug}.")
    return tenant, await decided.cases_of(sv, tenant.id)


def trained(given: Given, decisions: Sequence[Case], *, salt: str = "", tenant: str = "") -> bytes:
    """A model file. What is held out is so wherever it came from: of decisions too."""
    told = cases.distinct([*given.told, *decisions])
    kept = [case for case in told if not cases.held_out(case.text, salt)]
    titles = [case for case in given.ordinary if not cases.held_out(case.text, salt)]
    seen = {cases.key(case.text) for case in told}
    taught = [claim for claim in settings_module.claims() if cases.key(claim.text) not in seen]
    learned = training.train(kept, titles, settings_module.concepts(), taught)
    body: dict[str, Json] = {
        **learned.body,
        "tenant": tenant,
        "split": {"salt": salt, "held_out": cases.HELD_OUT},
        "facts": {},
    }
    judged = classify.load(classify.dump(body))
    facts: dict[str, Json] = {
        "version": judged.version,
        "trained_at": SystemClock().now().isoformat(timespec="seconds"),
        "files": dict(given.sha256),
        "sentences": {
            "trained": len(kept),
            "held_out": len(told) - len(kept),
            "decisions": len(decisions),
            "taught": learned.taught,
        },
        "ordinary": {"trained": len(titles), "held_out": len(given.ordinary) - len(titles)},
        "left_out": list(learned.left_out),
        "held_out": measured(judged, [case for case in told if cases.held_out(case.text, salt)], given, salt),
    }
    return classify.dump({**body, "facts": facts})


def measured(model: Classifier, unseen: Sequence[Case], given: Given, salt: str) -> dict[str, Json]:
    """Over the held-out part alone: micro, per narrative, and on ordinary titles."""
    said, found = [one.narratives for one in unseen], [frozenset(model.narratives(one.text)) for one in unseen]
    titles = [one.text for one in given.ordinary if cases.held_out(one.text, salt)]
    return {
        "all": asdict(cases.figures(said, found, given.narratives)),
        "narratives": {name: asdict(cases.figures(said, found, [name])) for name in given.narratives},
        "false_alarms": cases.alarms([model.narratives(title) for title in titles]),
    }


def written(path: Path, made: bytes) -> None:
    """Whole or not at all. Raises Misconfigured."""
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(made)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise Misconfigured(f"{path} cannot be written ({error.strerror}).") from error


def told(facts: Mapping[str, Json]) -> str:
    held = _table(facts["held_out"])
    sentences, titles = _table(facts["sentences"]), _table(facts["ordinary"])
    lines = [
        f"version {facts['version']}, of {sentences['trained']} sentences and {titles['trained']} ordinary titles",
        f"on {sentences['held_out']} sentences and {titles['held_out']} titles that it has not seen:",
        f"  {'all':22}{line(_table(held['all']))}  false alarms {share(held['false_alarms'])}",
    ]
    lines += [f"  {name:22}{line(_table(one))}" for name, one in _table(held["narratives"]).items()]
    few = cast("list[str]", facts["left_out"])
    lines += [f"left out, with fewer than {training.FEWEST} sentences: {name}" for name in few]
    return "\n".join(lines)


def line(one: Mapping[str, Json]) -> str:
    return f"precision {share(one['precision'])}  recall {share(one['recall'])}  {one['right']} of {one['said']}"


def share(value: Json) -> str:
    return f"{value:.4f}" if isinstance(value, int | float) else "  –   "


def _table(value: Json) -> dict[str, Json]:
    return cast("dict[str, Json]", value)
