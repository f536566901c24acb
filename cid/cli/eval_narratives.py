"""`cid eval narratives`: the catalogue and the classifier against sentences that people labelled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from cid import settings as settings_module
from cid.briefing import cases, match
from cid.briefing.cases import Case
from cid.briefing.catalogue import Catalogue
from cid.briefing.classify import Classifier
from cid.cli import frame, narrative_files
from cid.cli.narrative_files import FILE, Given
from cid.cli.narratives_train import line, share
from cid.domain.llm import Json
from cid.domain.run import Grain, RunItem, Via

Find = Callable[[Sequence[Case]], list[frozenset[str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What is measured with."""

    said: tuple[Case, ...]
    ordinary: tuple[Case, ...]
    narratives: tuple[str, ...]


@click.command()
@click.argument("file", type=FILE)
@click.option(
    "--labels", type=FILE, help="Which keywords make a case one of a narrative; without it: column narratives."
)
@click.option("--ordinary", required=True, type=FILE, help="Headlines (column title) in which nothing is to be found.")
@click.option("--model", type=FILE, help="A file of `cid narratives train`: measured on what it has not seen alone.")
@frame.json_option
def narratives(*, file: Path, labels: Path | None, ordinary: Path, model: Path | None, as_json: bool) -> None:
    """How much of what FILE.csv labels is found, how much that is found is right, how often ordinary headlines alarm.

    Columns as for `cid narratives train`. The catalogue alone is measured on everything; with --model the catalogue,
    the model, and both together on the part that the model was not trained on. Precision is over the narratives that
    the labels name; a headline alarms when any narrative is found in it. Every sentence counts once.
    """
    given = narrative_files.given(file, labels, ordinary)
    report = measured(given, settings_module.narratives(), _model(model) if model else None)
    if as_json:
        frame.show(report)
    else:
        click.echo(told(report))


def _model(path: Path) -> Classifier:
    return settings_module.classifier_in(path, f"{path}:")


def measured(given: Given, catalogue: Catalogue, model: Classifier | None) -> dict[str, Json]:
    part = (
        _unseen(given, model) if model else Part(said=given.told, ordinary=given.ordinary, narratives=given.narratives)
    )
    by_words = _by_catalogue(catalogue)
    report: dict[str, Json] = {
        "part": "held out" if model else "all",
        "sentences": len(part.said),
        "labelled": sum(bool(one.narratives) for one in part.said),
        "ordinary": len(part.ordinary),
        "catalogue": {"version": catalogue.version, **_figures(part, by_words)},
    }
    if model:
        report["model"] = {"version": model.version, **_figures(part, model_of := _by_model(model))}
        report["both"] = _figures(
            part, lambda some: [a | b for a, b in zip(by_words(some), model_of(some), strict=True)]
        )
        report["same_files"] = dict(given.sha256) == model.facts["files"]
    return report


def _unseen(given: Given, model: Classifier) -> Part:
    def kept(some: Sequence[Case]) -> tuple[Case, ...]:
        return tuple(case for case in some if cases.held_out(case.text, model.salt))

    return Part(said=kept(given.told), ordinary=kept(given.ordinary), narratives=given.narratives)


def _figures(part: Part, find: Find) -> dict[str, Json]:
    said, found, titles = [one.narratives for one in part.said], find(part.said), find(part.ordinary)
    return {
        **asdict(cases.figures(said, found, part.narratives)),
        "false_alarms": cases.alarms(titles),
        "narratives": {
            name: {
                **asdict(cases.figures(said, found, [name])),
                "false_alarms": cases.alarms([one & {name} for one in titles]),
            }
            for name in part.narratives
        },
    }


def _by_model(model: Classifier) -> Find:
    return lambda some: [frozenset(model.narratives(one.text)) for one in some]


def _by_catalogue(catalogue: Catalogue) -> Find:
    """As titles of a run's items are looked at."""

    def find(some: Sequence[Case]) -> list[frozenset[str]]:
        found: list[set[str]] = [set() for _ in some]
        for one in match.matches(catalogue, [_item(number, case.text) for number, case in enumerate(some)], ""):
            if one.item is not None:
                found[one.item].add(one.narrative)
        return [frozenset(one) for one in found]

    return find


def _item(number: int, text: str) -> RunItem:
    nobody = datetime(1970, 1, 1, tzinfo=UTC)
    return RunItem(
        number=number,
        via=Via.SAMPLE,
        url="",
        title=text,
        text="",
        grain=Grain.TITLE,
        text_state="",
        sha256=b"",
        publisher="",
        author="",
        language="",
        published_at=None,
        fetched_at=nobody,
    )


def told(report: Mapping[str, Any]) -> str:
    sentences, labelled, ordinary = report["sentences"], report["labelled"], report["ordinary"]
    lines = [f"{sentences} sentences ({report['part']}), {labelled} of them labelled, and {ordinary} ordinary titles"]
    for name in ("catalogue", "model", "both"):
        if name in report:
            figures = report[name]
            lines.append(f"{name:12}{line(figures)}  false alarms {share(figures['false_alarms'])}")
            lines += [f"  {narrative:22}{line(one)}" for narrative, one in figures["narratives"].items()]
    return "\n".join(lines)
