"""The document: what stands on its pages in which order is `pdf_story`'s, how they look is `pdf_look`'s.

It is set twice, because a page says of how many it is one.
"""

from __future__ import annotations

import io
from datetime import UTC
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate

from cid import __version__
from cid.render import briefing_words as words
from cid.render.pdf_look import BOTTOM, HIGH, LEFT, ROOM, TOP, furniture
from cid.render.pdf_story import story
from cid.render.pdf_text import REGULAR, drawable

if TYPE_CHECKING:
    from datetime import datetime

    from cid.domain.dossier import Dossier

LANGUAGE = "en"
"""Of what the desk writes; what it quotes may be in any."""


def pages(dossier: Dossier, *, tenant: str) -> bytes:
    total = 0
    body = b""
    for _once in range(3):  # the second says how many there are; a third where that made one more
        body, count = _set(dossier, tenant, total)
        if count == total:
            break
        total = count
    return body


def _set(dossier: Dossier, tenant: str, total: int) -> tuple[bytes, int]:
    run, out = dossier.run, io.BytesIO()
    document = BaseDocTemplate(
        out,
        pagesize=A4,
        title=_whole(f"Analysis of {run.outlet}"),
        author=_whole(tenant),
        subject=f"{words.tlp_label(run)}. {words.SHARE[run.tlp]}",
        creator=f"Content Intelligence Desk {__version__}",
        keywords=" ".join(("analysis briefing", words.tlp_label(run), *_kinds(dossier))),
        lang=LANGUAGE,
        displayDocTitle=1,
        invariant=1,
        initialFontName=REGULAR,
        allowSplitting=1,
    )
    drawable("")  # the fonts have to be known before the first page asks for one
    head, foot = f"{tenant} · Analysis briefing · {run.outlet}", f"Run {run.id}"
    furnished = partial(furniture, tlp=run.tlp, label=words.tlp_label(run), head=head, foot=foot, pages=total)
    frame = Frame(LEFT, BOTTOM, ROOM, HIGH - TOP - BOTTOM, 0, 0, 0, 0, id="text")
    document.addPageTemplates(PageTemplate("page", [frame], onPage=lambda canvas, at: furnished(canvas, page=at.page)))
    document.afterFlowable = partial(_bookmark, document)
    document.build(story(dossier), canvasmaker=partial(_canvas, run.ended_at or run.changed_at))
    return out.getvalue(), document.page


def _whole(said: str) -> str:
    """Half of a pair of UTF-16, which strangers' JSON may hold, is no character that a file can."""
    return said.encode("utf-8", "replace").decode()


def _kinds(dossier: Dossier) -> list[str]:
    return [mark.partition(":")[0].lower() for mark in words.marks(dossier)]


def _canvas(made: datetime, *given: Any, **named: Any) -> Any:
    """Dated as the run is, where reportlab's reproducible files are all of the year 2000."""
    canvas = Canvas(*given, **named)
    at = made.astimezone(UTC)
    moment = (at.year, at.month, at.day, at.hour, at.minute, at.second)
    canvas._doc._timeStamp = SimpleNamespace(YMDhms=moment, dhh=0, dmm=0, lt=at.timetuple(), t=at.timestamp())  # noqa: SLF001
    canvas.showOutline()
    return canvas


def _bookmark(document: Any, flowable: Any) -> None:
    """Headings become the document's outline."""
    entry = getattr(flowable, "outline", None)
    if entry is not None:
        level, title = entry
        key = f"h{document.seq.nextf('outline')}"
        document.canv.bookmarkPage(key)
        document.canv.addOutlineEntry(title, key, level, closed=0)
