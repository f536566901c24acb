"""What a draft stands on, as its page and `cid items evidence` show it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from cid.cli import frame, main
from cid.domain.evidence import Avoid, Claim, ClaimKind, Confidence, EvidenceState, Pack, SourceClass
from cid.domain.ids import ScreeningId
from cid.domain.reading import Reading, TextState
from cid.store import evidence, found_pages
from cid.text.urls import url_hash

if TYPE_CHECKING:
    import asyncpg

    from cid.services import Services
    from tests.newsroom import Newsroom
    from tests.web.conftest import Desk, Person

    Owner = asyncpg.Connection[asyncpg.Record]

QUOTE = "Berths are <b>rationed</b> from Monday."
TEXT = f"{'Long before. ' * 40}The harbour office writes: {QUOTE} Ferries go first.{' Long after.' * 40}"
URL = "https://port.gov.uk/berths"


async def gathered(desk: Desk, room: Newsroom, owner: Owner, *, kept: bool = True) -> None:
    """The newest pack of the draft named `drafted`, with one claim of a page."""
    id_ = await owner.fetchval("select screening_id from drafts where id = $1", room.drafts["drafted"])
    claim = Claim(
        text=QUOTE,
        item_id="",
        url=URL,
        title="Notice to mariners",
        publisher="Harbour Office",
        kind=ClaimKind.STATEMENT,
        confidence=Confidence.HIGH,
        safe_phrasing="The harbour office says that berths are rationed.",
        source_class=SourceClass.GOVERNMENT,
        page=found_pages.text_hash(TEXT).hex(),
        offset=TEXT.index(QUOTE),
    )
    pack = Pack(
        claims=(claim,),
        avoid=(Avoid(text="Ships may queue for weeks.", why="Nobody else says so."),),
        references=((claim.title, URL),),
        state=EvidenceState.PARTLY,
        notes=("The web search failed (500).", "gone.test: There is nothing at the address any more (404)."),
    )
    if kept:
        async with desk.sv.platform.tx() as tx:
            reading = Reading(state=TextState.READ, text=TEXT, title="Notice", language="en", status=200)
            await found_pages.store(tx, URL, reading, publisher="port.gov.uk")
    async with desk.sv.db.tx(room.tenant) as tx:
        made = uuid4()
        await evidence.add(tx, made, ScreeningId(id_), pack)
        await found_pages.stand_on(tx, made, [found_pages.text_hash(TEXT)])
    await owner.execute("update evidence_packs set made_at = cid_now() + interval '1 second' where id = $1", made)


def page_of(room: Newsroom) -> str:
    return f"/t/acme/drafts/{room.drafts['drafted']}"


async def test_a_claim_is_shown_with_who_says_so_and_where_it_stands(
    desk: Desk, room: Newsroom, owner: Owner, editor: Person
) -> None:
    await gathered(desk, room, owner)
    text = await editor.text(page_of(room))
    shown = "Berths are &lt;b&gt;rationed&lt;/b&gt; from Monday."
    assert f"The harbour office writes: <mark>{shown}</mark> Ferries go first." in text
    for line in (
        "Harbour Office",
        "Notice to mariners",
        "government",
        "sure",
        "Safe to say: The harbour office says that berths are rationed.",
        "The web was searched, but part of that failed.",
        "Ships may queue for weeks.",
        "Nobody else says so.",
        "The web search failed (500).",
        "gone.test: There is nothing at the address any more (404).",
    ):
        assert line in text
    assert "Long before. " * 30 not in text, "only what stands around it"


async def test_a_page_that_is_not_kept_any_more_leaves_the_quote(
    desk: Desk, room: Newsroom, owner: Owner, editor: Person
) -> None:
    await gathered(desk, room, owner, kept=False)
    text = await editor.text(page_of(room))
    assert "Berths are &lt;b&gt;rationed&lt;/b&gt; from Monday." in text
    assert "Where it stands" not in text


async def test_a_stranger_sees_neither_the_claim_nor_the_page(
    desk: Desk, room: Newsroom, owner: Owner, stranger: Person
) -> None:
    await gathered(desk, room, owner)
    answer = await stranger.get(page_of(room))
    assert answer.status == 404
    assert "rationed" not in await answer.text()


async def test_the_command_prints_the_pack(
    desk: Desk, room: Newsroom, owner: Owner, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await gathered(desk, room, owner)
    loop = asyncio.get_running_loop()

    def with_services(_options: frame.Options, body: Callable[[Services], Coroutine[Any, Any, Any]]) -> Any:
        return asyncio.run_coroutine_threadsafe(body(desk.sv), loop).result()

    monkeypatch.setattr(frame, "with_services", with_services)
    url = "https://www.feed0.test/drafted"
    await owner.execute("update items set url_hash = $2 where id = $1", room.items["drafted"], url_hash(url))
    typed = ["items", "evidence", url, "--tenant", "acme"]
    assert await asyncio.to_thread(frame.run, main, typed) == 0
    said = capsys.readouterr().out
    for line in (
        "1 claim(s), state: partly",
        f"{QUOTE}\n  statement of Harbour Office (government, high confidence) at {TEXT.index(QUOTE)} of page",
        "safe to say: The harbour office says that berths are rationed.",
        "not to be said: Ships may queue for weeks.  (Nobody else says so.)",
        "note: The web search failed (500).",
    ):
        assert line in said
    assert await asyncio.to_thread(frame.run, main, [*typed, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["state"], told["claims"][0]["offset"]) == ("partly", TEXT.index(QUOTE))
    assert await asyncio.to_thread(frame.run, main, ["items", "evidence", url, "--tenant", "other"]) != 0
    assert "rationed" not in capsys.readouterr().out
