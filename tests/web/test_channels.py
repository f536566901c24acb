"""The channels page, its switch and its problems, as the people of a tenant use them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from cid.channels.ghost import Ghost
from cid.domain.errors import Refused
from cid.domain.ids import ChannelId
from cid.domain.publication import ChannelKind
from cid.flows import channels as flow
from cid.outside.keys import Keys
from cid.outside.vault import Vault
from cid.ports import Standing
from cid.store import channels
from tests.fakes import FakePublisher
from tests.newsroom import Newsroom
from tests.web.conftest import Desk, Person

if TYPE_CHECKING:
    import asyncpg

PAGE = "/t/acme/channels"
KEY = f"{'6' * 24}:{'ab' * 32}"
GHOST = {"kind": "ghost", "name": "Blog", "base_url": "https://blog.test"}


class Picky(FakePublisher):
    """Says who we are, or why not."""

    problem = ""

    async def check(self, channel: object) -> Standing:
        if self.problem:
            raise Refused(self.problem)
        return Standing(account="Acme blog", lacks=["It may not create tags: ask for the Editor role."])


@pytest.fixture
async def picky(desk: Desk) -> Picky:
    made = Picky()
    desk.sv.outside.channels[ChannelKind.GHOST] = made  # type: ignore[index]  # a dict in tests  # a dict, in the tests
    return made


async def the(owner: asyncpg.Connection[asyncpg.Record], name: str = "Blog") -> asyncpg.Record:
    row = await owner.fetchrow("select * from channels where name = $1", name)
    assert row
    return row


async def test_an_owner_adds_a_channel_and_its_secret_is_sealed_for_it_alone(
    desk: Desk, boss: Person, owner: asyncpg.Connection[asyncpg.Record]
) -> None:
    answer = await boss.post(PAGE, **GHOST, secret=KEY)
    assert answer.status == 303
    row = await the(owner)
    context = f"channel:{row['tenant_id']}:{row['id']}"
    assert desk.sv.vault
    assert desk.sv.vault.open(row["sealed"], context) == KEY
    text = await boss.text(PAGE)
    assert KEY not in text
    assert f"<code>{KEY[-4:]}</code>" in text
    assert KEY not in str([dict(found) for found in await owner.fetch("select * from audit")])


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"base_url": "http://blog.test"}, "has to begin with https://"),
        ({"base_url": "https://ada:pw@blog.test"}, "holds more than a place"),
        ({"base_url": "https://blog.test/?x=1"}, "holds more than a place"),
        ({"base_url": "ftp://blog.test"}, "has to begin with https://"),
        ({"base_url": "blog"}, "Give the channel&#39;s address"),
        ({"name": ""}, "needs a name"),
        ({"name": "Old blog"}, "There is a channel called Old blog already"),
        ({"secret": "content-key"}, "not the form of what Ghost calls Admin API key"),
        ({"set-admin_url": "http://10.0.0.1"}, "has to begin with https://"),
        ({"set-nonsense": "1"}, "Ghost has no setting nonsense"),
        ({"kind": "site"}, "added by whoever runs it"),
        ({"kind": "wordpress", "secret": "x"}, "User name is missing"),
    ],
)
async def test_what_cannot_be_is_said_at_the_form_and_nothing_is_kept(
    boss: Person, owner: asyncpg.Connection[asyncpg.Record], fields: dict[str, str], sentence: str
) -> None:
    answer = await boss.post(PAGE, **{**GHOST, **fields})
    text = await answer.text()
    assert (answer.status, sentence in text) == (422, True), text
    assert fields.get("secret", "no secret") not in text or fields["secret"] == "x"
    assert await owner.fetchval("select count(*) from channels") == 1


async def test_a_secret_is_for_its_address_and_goes_with_it(
    boss: Person, owner: asyncpg.Connection[asyncpg.Record]
) -> None:
    """Whoever may change an address could else have the secret sent to a place of theirs."""
    await boss.post(PAGE, **GHOST, secret=KEY)
    at = f"{PAGE}/{(await the(owner))['id']}"
    await boss.post(f"{at}/edit", name="Blog", base_url="https://blog.test/")
    assert (await the(owner))["sealed"] != ""
    answer = await boss.post(
        f"{at}/edit", **{"name": "Blog", "base_url": "https://blog.test", "set-admin_url": "https://evil.test"}
    )
    assert answer.headers["Location"].endswith("said=channel_lost")
    assert (await the(owner))["sealed"] == ""
    assert "no secret" in await boss.text(PAGE)


async def test_a_test_says_who_we_are_what_is_lacking_and_what_is_wrong(
    boss: Person, owner: asyncpg.Connection[asyncpg.Record], picky: Picky
) -> None:
    await boss.post(PAGE, **GHOST, secret=KEY)
    at = f"{PAGE}/{(await the(owner))['id']}"
    await boss.post(f"{at}/test")
    text = await boss.text(PAGE)
    assert "Acme blog" in text
    assert "It may not create tags" in text
    picky.problem = "Ghost does not accept the Admin API key."
    await boss.post(f"{at}/test")
    assert "Ghost does not accept the Admin API key." in await boss.text(PAGE)
    await boss.post(f"{at}/secret", secret=KEY)
    assert "does not accept" not in await boss.text(PAGE)


async def test_a_secret_that_no_key_opens_any_more_is_a_named_state(
    desk: Desk, boss: Person, owner: asyncpg.Connection[asyncpg.Record]
) -> None:
    await boss.post(PAGE, **GHOST, secret=KEY)
    stranger = Vault(Keys(b"another secret of thirty-two bytes or more"))
    desk.sv.outside.channels[ChannelKind.GHOST] = Ghost(desk.sv.outside.http, stranger, desk.sv.clock)  # type: ignore[index]  # a dict in tests
    await boss.post(f"{PAGE}/{(await the(owner))['id']}/test")
    assert "cannot be read with today" in await boss.text(PAGE)


async def test_one_channel_is_the_original(boss: Person, owner: asyncpg.Connection[asyncpg.Record]) -> None:
    fields = {"kind": "wordpress", "set-user": "ada"}
    await boss.post(PAGE, **fields, name="One", base_url="https://one.test")
    await boss.post(PAGE, **fields, name="Two", base_url="https://two.test")
    assert ((await the(owner, "One"))["canonical"], (await the(owner, "Two"))["canonical"]) == (True, False)
    await boss.post(f"{PAGE}/{(await the(owner, 'Two'))['id']}/canonical")
    assert ((await the(owner, "One"))["canonical"], (await the(owner, "Two"))["canonical"]) == (False, True)
    await boss.post(PAGE, kind="devto", name="Dev")
    answer = await boss.post(f"{PAGE}/{(await the(owner, 'Dev'))['id']}/canonical")
    assert (answer.status, "the others point at it" in await answer.text()) == (422, True)


async def test_numbers_have_bounds(boss: Person, owner: asyncpg.Connection[asyncpg.Record], room: Newsroom) -> None:
    at = f"{PAGE}/{room.channel}/pace"
    assert (await boss.post(at, per_week="5", hours="2.5", own="4.2")).status == 303
    row = await the(owner, "Old blog")
    assert (row["per_week"], row["apart"].total_seconds(), str(row["own_per_week"])) == (5, 9000, "4.2")
    for wrong in ({"per_week": "51"}, {"hours": "-1"}, {"hours": "nan"}, {"own": "x"}, {"own": "NaN"}, {"own": "1e9"}):
        answer = await boss.post(at, **{"per_week": "5", "hours": "2", **wrong})
        assert answer.status in {400, 422}, wrong
    assert (await the(owner, "Old blog"))["per_week"] == 5


async def test_a_channel_of_another_tenant_is_not_there(
    boss: Person, desk: Desk, owner: asyncpg.Connection[asyncpg.Record], room: Newsroom
) -> None:
    foreign = ChannelId(uuid4())
    async with desk.sv.db.tx(room.other) as tx:
        await channels.add(
            tx, room.other, foreign, kind=ChannelKind.GHOST, name="Theirs", base_url="https://t.test", canonical=False
        )
    for part, fields in (
        ("edit", {"name": "x", "base_url": "https://x.test"}),
        ("secret", {"secret": KEY}),
        ("active", {}),
        ("canonical", {}),
        ("pace", {"per_week": "5", "hours": "1"}),
        ("test", {}),
    ):
        assert (await boss.post(f"{PAGE}/{foreign}/{part}", **fields)).status == 404, part
    assert "Theirs" not in await boss.text(PAGE)


async def test_publishing_is_stopped_and_goes_on(boss: Person, owner: asyncpg.Connection[asyncpg.Record]) -> None:
    answer = await boss.post("/t/acme/publishing/stop", reason="<b>A wrong figure.</b>")
    assert answer.status == 303
    for path in (PAGE, "/t/acme/problems", "/t/acme/publishing/back", "/t/acme/drafts", "/t/acme/calendar"):
        text = await boss.text(path)
        assert "Publishing is stopped" in text
        assert "&lt;b&gt;A wrong figure.&lt;/b&gt;" in text
    await boss.post("/t/acme/publishing/resume")
    assert "Publishing is stopped" not in await boss.text("/t/acme/problems")
    assert await owner.fetchval("select count(*) from audit where action like 'publishing.%'") == 2


async def test_secrets_are_sealed_anew_under_the_newest_key(
    desk: Desk, boss: Person, owner: asyncpg.Connection[asyncpg.Record]
) -> None:
    await boss.post(PAGE, **GHOST, secret=KEY)
    row = await the(owner)
    old, new = b"x" * 40, b"y" * 40
    context = f"channel:{row['tenant_id']}:{row['id']}"
    await owner.execute("update channels set sealed = $1 where name = 'Blog'", Vault(Keys(old)).seal(KEY, context))
    await owner.execute("update channels set sealed = 'nonsense' where name = 'Old blog'")
    done = await flow.renew(replace(desk.sv, vault=Vault(Keys(new, old))))
    broken = (await the(owner, "Old blog"))["id"]
    assert done.renewed == 1
    assert [what for what in done.unreadable if what.startswith("channel")] == [f"channel {broken}"]
    assert Vault(Keys(new)).open((await the(owner))["sealed"], context) == KEY


async def test_the_page_of_problems_begins_empty(boss: Person) -> None:
    assert "Everything that was approved is out" in await boss.text("/t/acme/problems")
    text = await boss.text("/t/acme/publishing/back?days=7")
    assert "Nothing that went out since then" in text
    assert re.search(r'aria-current="page">\s*7 days', text)
