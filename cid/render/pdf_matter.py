"""What the briefing was made from, and how. Needs the extra `pdf`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from reportlab.platypus import KeepTogether, Paragraph, Spacer

from cid.domain.run import RunState
from cid.render import briefing_words as words
from cid.render.pdf_bits import MIDDLE, MOST, SHORT, bullets, count, cut, heading, human, small, when
from cid.render.pdf_look import (
    BODY,
    CELL_LINK,
    H2,
    LINK,
    QUIET,
    SMALL,
    facts,
    grid,
    quoted,
)
from cid.render.pdf_text import BOLD, markup, text
from cid.text.countries import language_name
from cid.text.urls import located

if TYPE_CHECKING:
    from cid.domain.dossier import Dossier
    from cid.domain.run import RunItem

_TOLD_OF_A_READING = (("key_claims", "Claims"), ("actors", "Actors"), ("unverified", "Nobody is named for"))


def items(dossier: Dossier) -> Iterator[Any]:
    if not dossier.items:
        return
    yield from heading("Items")
    kept = dossier.briefing.briefing if dossier.briefing else None
    read = {one.item: one for one in kept.item_readings} if kept else {}
    for item in dossier.items[:MOST]:
        yield KeepTogether(list(_item(item)))
        one = read.get(item.number)
        if one:
            pairs = [("Framing", one.framing)] if one.framing else []
            for name, title in _TOLD_OF_A_READING:
                if getattr(one, name):
                    pairs.append((title, " · ".join(getattr(one, name))))
            if pairs:
                yield quoted(
                    [
                        text(cut(said, MIDDLE), SMALL, before=f"<font name='{BOLD}'>{title}:</font> ")
                        for title, said in pairs
                    ]
                )
        yield Spacer(0, 7)


def _item(item: RunItem) -> Iterator[Any]:
    label = f"{item.number}. " if item.title else f"{item.number}. Without a title"
    yield text(cut(item.title, SHORT), H2, before=label)
    language = language_name(item.language)
    told = [item.publisher, item.author, when(item.published_at), language, words.GRAINS[item.grain]]
    told += [f"by {words.VIAS[item.via]}", "sample" if item.sample else ""]
    yield text(" · ".join(filter(None, told)), QUIET)
    if item.url:
        yield text(cut(item.url, SHORT), LINK, link=located(item.url))


def sources(dossier: Dossier) -> Iterator[Any]:
    if not dossier.fetches:
        return
    yield from heading("Sources that were asked")
    rows = []
    for one in dossier.fetches[:MOST]:
        address = text(cut(one.address, SHORT), CELL_LINK, link=located(one.address)) if one.address else small("–")
        outcome = [small(human(one.outcome))]
        why = "; ".join(filter(None, (one.cause, one.detail)))
        if why:
            outcome.append(text(cut(why, SHORT), QUIET))
        rows.append([[small(human(words.VIAS[one.via])), address], outcome, small(f"{one.kept} of {one.found}")])
    yield grid(["Source", "Outcome", "Items kept"], rows, [6, 3, 1.4])


def method(dossier: Dossier) -> Iterator[Any]:
    kept = dossier.briefing.briefing if dossier.briefing else None
    if not kept:
        return
    method = kept.methodology
    said = {
        "Collection": method.data_collection,
        "Period": method.period,
        "Items analysed": count(method.items_analyzed),
        "Model": method.model,
        "Prompt": method.prompt_version,
        "Checks": method.validation,
    }
    pairs = [(name, small(value)) for name, value in said.items() if value]
    if pairs:
        yield from heading("Methodology")
        yield facts(pairs)


def made(dossier: Dossier) -> Iterator[Any]:
    run, kept = dossier.run, dossier.briefing
    yield from heading("How this was made")
    for line in words.disclosure(dossier):
        yield text(line, BODY)
    said = {"Run": f"{run.id}, {words.STATES[run.state]}"}
    if kept:
        said |= {
            "Written by": kept.provider,
            "At": when(kept.made_at),
            "Prompt": f"{kept.prompt_version}, SHA-256 {kept.prompt_hash.hex()}",
            "Input": f"SHA-256 {kept.input_hash.hex()}",
            "Call": str(kept.call_id) if kept.call_id else "",
            "Schema": kept.schema_version,
        }
    if dossier.scorecard:
        said["Scoring"] = dossier.scorecard.card.version
    yield facts([(name, small(value)) for name, value in said.items() if value])
    if kept and kept.problems:
        yield Paragraph(markup("What was wrong with the answer", BOLD), H2)
        yield from bullets(kept.problems)
    if run.state is RunState.FAILED and dossier.steps:
        yield Paragraph(markup("Steps", BOLD), H2)
        yield from bullets(
            [f"{when(one.at)}: {': '.join(filter(None, (words.STATES[one.state], one.said)))}" for one in dossier.steps]
        )
