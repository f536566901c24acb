"""`cid narratives`: what is known of narratives, and what finds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import IO

import click

from cid import settings as settings_module
from cid.briefing import match as matcher
from cid.briefing.catalogue import Catalogue
from cid.cli import frame
from cid.cli.group import Group
from cid.cli.narratives_train import train
from cid.domain.errors import NotFound, Refused
from cid.domain.narratives import Match, Narrative, Where
from cid.domain.shape import plain

LONGEST = 4_000_000
"""Bytes of a file that is read: more than its first letters are never looked at."""


@click.group(cls=Group)
def narratives() -> None:
    """Known narratives, and the classifier that finds them beside the catalogue."""


narratives.add_command(train)


@narratives.command("list")
@frame.json_option
def list_(*, as_json: bool) -> None:
    """All of the catalogue, by category. Wants no database."""
    catalogue = settings_module.narratives()
    if as_json:
        frame.show({"version": catalogue.version, "narratives": [_brief(one) for one in catalogue.narratives]})
        return
    category = ""
    for one in catalogue.narratives:
        if one.category != category:
            category = one.category
            click.echo(f"{'' if one is catalogue.narratives[0] else chr(10)}{one.category_name}")
        ended = "" if one.active else "  (past its time)"
        click.echo(f"  {one.id:<16}{one.name}  [{one.frequency}, since {one.first_documented}]{ended}")
    click.echo(f"\nCatalogue {catalogue.version}")


def _brief(one: Narrative) -> dict[str, object]:
    languages = sorted(one.cues)
    found = {key: value for key, value in asdict(one).items() if key != "cues"}
    return {**found, "languages": languages, "cues": sum(map(len, one.cues.values()))}


@narratives.command()
@click.argument("narrative")
@frame.json_option
def show(*, narrative: str, as_json: bool) -> None:
    """What NARRATIVE says, who documented it, and by which words it is known."""
    catalogue = settings_module.narratives()
    one = catalogue.by_id(narrative)
    if one is None:
        raise NotFound(f"There is no narrative {narrative[:60]!r}: `cid narratives list` has them all.")
    if as_json:
        frame.show(asdict(one))
        return
    click.echo(f"{one.name}  [{one.id}, version {one.version}]\n{one.category_name}\n\n{one.description}\n")
    click.echo("\n".join(f"“{claim}”" for claim in one.claims))
    click.echo(f"\nDocumented since {one.first_documented} by {', '.join(one.sources)}")
    for language, cues in one.cues.items():
        click.echo(f"\n{language}")
        click.echo("\n".join(f"  {cue}" for cue in cues))


@narratives.command()
@click.argument("file", type=click.File("rb"))
@click.option("--language", default="", help="Of the text, such as ru; else it is guessed.")
@frame.json_option
def match(*, file: IO[bytes], language: str, as_json: bool) -> None:
    """What is found in the text of FILE (- reads the pipe), its first line taken for a title. Wants no database."""
    text = _read(file)
    first = text.find("\n") + 1
    catalogue = settings_module.narratives()
    found = matcher.of_text(
        catalogue, text, where=Where.ITEM, item=1, language=language, breaks=(first,) if first else ()
    )
    if as_json:
        frame.show({"version": catalogue.version, "matches": [plain(one) for one in found]})
        return
    click.echo(_told(catalogue, found) if found else "Nothing was found.")


def _read(file: IO[bytes]) -> str:
    """Raises Refused where it is no text."""
    raw = file.read(LONGEST + 1)
    if len(raw) > LONGEST:
        raise Refused(f"The file has more than {LONGEST} bytes.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused("The file is no text in UTF-8.") from error


def _told(catalogue: Catalogue, found: Sequence[Match]) -> str:
    names = catalogue.names()
    lines = []
    for one in found:
        lines.append(f"{names[one.narrative][0]}  [{one.narrative}]")
        lines.append(f"  {one.stance}, {one.strength} ({one.cues} cues){', ' + one.language if one.language else ''}")
        lines += [f"  {span.start}–{span.end}  “{' '.join(span.text.split())}”  by {span.cue}" for span in one.spans]
    return "\n".join(lines)
