"""`cid eval`: how good the desk is at what can be measured against answers that people gave."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from cid.cli import frame
from cid.cli.eval_narratives import narratives
from cid.cli.eval_relevance import relevance
from cid.cli.group import Group
from cid.domain.errors import Misconfigured
from cid.domain.ids import ItemId
from cid.flows import grading, group
from cid.services import Services
from cid.text.clean import clean
from cid.text.dates import FIRST_YEAR, LAST_YEAR
from cid.text.stories.grade import b_cubed, pairwise
from cid.text.urls import canonical

NEEDED = ("title", "publisher", "published_ms", "story")
HAND_OUT = 500
"""As many as the desk places at once."""
ENDS = 1000
"""Items at either end whose cost is compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    row: grading.Row
    story: str
    """As people grouped it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """B-cubed; the pairwise figures are for comparison with those of others."""

    items: int
    stories: int
    groups: int
    precision: float
    recall: float
    f1: float
    pairwise_precision: float
    pairwise_recall: float
    pairwise_f1: float
    seconds: float
    items_per_second: float
    first_ms_per_item: float
    last_ms_per_item: float
    last_over_first: float | None
    """Cost of the last ENDS items over that of the first; None where these are the same items."""


@click.group("eval", cls=Group)
def eval_() -> None:
    """Measure against answers that people gave."""


eval_.add_command(relevance)
eval_.add_command(narratives)


@eval_.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--hand-out", default=HAND_OUT, show_default=True, type=click.IntRange(1, 5000), help="Items at once.")
@frame.json_option
def stories(*, file: Path, hand_out: int, as_json: bool) -> None:
    """Group the headlines of FILE.csv as they come in, and compare with its column `story`.

    Columns: title, publisher, published_ms (milliseconds since 1970), story; url may be there too. Runs the desk's own
    code and SQL in a database of its own, which is gone afterwards; no desk need run.
    """
    rows = read(file)
    report = frame.with_scratch(lambda sv: measured(sv, rows, hand_out))
    if as_json:
        frame.show(asdict(report))
        return
    last = "" if report.last_over_first is None else f" ({report.last_over_first:.2f} times the first {ENDS})"
    click.echo(
        f"{report.items} items of {report.stories} stories: {report.groups} groups\n"
        f"B-cubed   precision {report.precision:.3f}  recall {report.recall:.3f}  F1 {report.f1:.3f}\n"
        f"pairwise  precision {report.pairwise_precision:.3f}  recall {report.pairwise_recall:.3f}  "
        f"F1 {report.pairwise_f1:.3f}\n"
        f"{report.items_per_second:.0f} items/s; the last {ENDS} at {report.last_ms_per_item:.2f} ms each{last}"
    )


def read(file: Path) -> list[Labelled]:
    """In order of publication; rows of one moment in the order of the file. Raises Misconfigured."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.DictReader(handle)
            missing = [name for name in NEEDED if name not in (reader.fieldnames or ())]
            if missing:
                raise Misconfigured(f"{file} has no column {', '.join(missing)}.")
            rows = [_row(file, number, values) for number, values in enumerate(reader, 1)]
    except (csv.Error, UnicodeDecodeError) as error:
        raise Misconfigured(f"{file} is no CSV in UTF-8 ({error}).") from error
    if not rows:
        raise Misconfigured(f"{file} has no rows.")
    return sorted(rows, key=lambda one: one.row.at)


def _row(file: Path, number: int, values: dict[str, str | None]) -> Labelled:
    try:
        at = datetime.fromtimestamp(int(values["published_ms"] or "") / 1000, UTC)
    except (ValueError, OverflowError, OSError) as error:
        said = values["published_ms"]
        raise Misconfigured(f"{file}, row {number}: published_ms is {said!r}, not milliseconds.") from error
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise Misconfigured(
            f"{file}, row {number}: published_ms lies in the year {at.year}: the desk takes no such date."
        )
    title, publisher, story = (values[name] or "" for name in ("title", "publisher", "story"))
    url = canonical(values.get("url") or "") or f"https://row.invalid/{number}"
    return Labelled(row=grading.Row(title=title, publisher=clean(publisher), at=at, url=url), story=story)


async def measured(sv: Services, labelled: Sequence[Labelled], hand_out: int) -> Report:
    found = await grading.fill(sv, [one.row for one in labelled])
    items = list(dict.fromkeys(found))
    costs = await placed(sv, items, hand_out)
    groups, right = await grading.stories_of(sv, found), [one.story for one in labelled]
    cubed, pairs = b_cubed(groups, right), pairwise(groups, right)
    first, last = mean_ms(costs), mean_ms(reversed(costs))
    return Report(
        items=len(items),
        stories=len(set(right)),
        groups=len(set(groups)),
        precision=cubed.precision,
        recall=cubed.recall,
        f1=cubed.f1,
        pairwise_precision=pairs.precision,
        pairwise_recall=pairs.recall,
        pairwise_f1=pairs.f1,
        seconds=(seconds := sum(cost for _, cost in costs)),
        items_per_second=len(items) / seconds,
        first_ms_per_item=first,
        last_ms_per_item=last,
        last_over_first=last / first if len(items) >= 2 * ENDS else None,
    )


async def placed(sv: Services, items: Sequence[ItemId], hand_out: int) -> list[tuple[int, float]]:
    """(items, seconds) of each hand-out."""
    costs = []
    for start in range(0, len(items), hand_out):
        some = items[start : start + hand_out]
        began = time.perf_counter()
        await group.place(sv, some)
        costs.append((len(some), time.perf_counter() - began))
    return costs


def mean_ms(costs: Iterable[tuple[int, float]]) -> float:
    """Per item, over the first ENDS of them or so."""
    number, seconds = 0, 0.0
    for some, cost in costs:
        number, seconds = number + some, seconds + cost
        if number >= ENDS:
            break
    return 1000 * seconds / number if number else 0.0
