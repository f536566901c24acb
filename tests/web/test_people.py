"""Letting people into a tenant, changing what they may do, taking them out."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from cid.domain.errors import NotFound, Refused
from cid.domain.ids import UserId, uuid7
from cid.domain.tenants import Role, Tenant
from cid.flows import people as operating
from cid.flows.people import members
from cid.store import exports, people
from tests import letters
from tests.newsroom import ADMIN, Newsroom
from tests.web.conftest import Desk, Person

if TYPE_CHECKING:
    import asyncpg

    from tests.conftest import DatabaseTime

    Owner = asyncpg.Connection[asyncpg.Record]

PEOPLE = "/t/acme/people"
SENTENCE = "a good long sentence"


@pytest.fixture
async def acme(desk: Desk, room: Newsroom) -> Tenant:
    return await operating.tenant_of(desk.sv, "acme")


async def role_of(owner: Owner, email: str, slug: str = "acme") -> str | None:
    role: str | None = await owner.fetchval(
        """select m.role from members m join users u on u.id = m.user_id join tenants t on t.id = m.tenant_id
           where u.email = $1 and t.slug = $2""",
        email,
        slug,
    )
    return role


async def test_somebody_new_is_invited_by_mail_and_comes_in_as_what_they_were_invited(
    boss: Person, desk: Desk, owner: Owner
) -> None:
    answer = await boss.post(PEOPLE, email="New@Else.test", role="analyst")
    assert answer.headers["Location"] == f"{PEOPLE}?said=member_invited"
    (letter,) = await letters.to(desk.sv, owner, "new@else.test")
    assert letter.subject == "Your invitation to Acme Harbour News"
    assert "owner@acme.test let you into Acme Harbour News" in letter.text
    assert "as analyst" in letter.text
    async with desk.person() as newcomer:
        assert (await newcomer.post(letters.link(letter), password=SENTENCE, name="Nia")).status == 303
        assert "Role: analyst" in await newcomer.text("/")
    page = await boss.text(PEOPLE)
    assert "Nia" in page
    assert await owner.fetchval("select count(*) from jobs where kind = 'mail' and payload->>'mail' is not null") == 1


async def test_who_has_an_account_elsewhere_belongs_at_once_and_the_inviter_does_not_learn_it(
    boss: Person, stranger: Person, desk: Desk, owner: Owner
) -> None:
    """The page is the same for both until they come; only the letters differ, and those are theirs to read."""
    for email in ("stranger@other.test", "nobody-yet@other.test"):
        answer = await boss.post(PEOPLE, email=email, role="viewer")
        assert answer.headers["Location"] == f"{PEOPLE}?said=member_invited"
    rows = {}
    for row in re.findall(r"<li>.*?</li>", await boss.text(PEOPLE), re.DOTALL):
        for email in ("stranger@other.test", "nobody-yet@other.test"):
            if email in row:
                whose = re.sub(r"<time.*?</time>", "", row, flags=re.DOTALL)
                rows[email] = re.sub(r"[0-9a-f-]{36}", "", whose.replace(email, "EMAIL"))
    assert rows["stranger@other.test"] == rows["nobody-yet@other.test"]
    (letter,) = await letters.to(desk.sv, owner, "stranger@other.test")
    assert letters.link(letter) == "/t/acme/"
    # nor does the log say more of the one than of the other, nor what may be taken along
    log = await boss.text("/t/acme/audit")
    assert log.count(">stranger@other.test</option>") == log.count(">nobody-yet@other.test</option>") == 1
    async with desk.sv.db.read((await operating.tenant_of(desk.sv, "acme")).id) as tx:
        taken = "".join(await exports.people(tx, tx.tenant))
    assert "stranger@other.test" in taken
    # their session sees the other tenant at once, goes on under another token, and the switcher leads there
    was = stranger.cookie()
    assert 'href="/t/acme/"' in await stranger.text("/t/other/")
    assert stranger.cookie() not in {"", was}
    assert (await stranger.get("/t/acme/")).status == 200
    assert "Role: viewer" in await stranger.text("/t/acme/")
    assert "Role: owner" in await stranger.text("/t/other/")
    assert "stranger</strong>" in await boss.text(PEOPLE), "who was here has a name"


async def test_the_link_of_an_invitation_is_shown_to_nobody_but_its_reader(
    boss: Person, desk: Desk, owner: Owner
) -> None:
    """An owner who saw it could choose the password of an account that others let in later."""
    await boss.post(PEOPLE, email="new@else.test", role="viewer")
    (letter,) = await letters.to(desk.sv, owner, "new@else.test")
    token = letters.link(letter).rpartition("/")[2]
    assert token not in await boss.text(PEOPLE)
    stored = await owner.fetchval("select string_agg(m::text, ' ') from mails m")
    assert token not in stored
    assert token not in str(await owner.fetch("select detail from audit"))


async def test_a_role_counts_from_the_next_request_on_under_another_token(
    boss: Person, editor: Person, room: Newsroom
) -> None:
    was = editor.cookie()
    assert (await editor.get(PEOPLE)).status == 403
    path = f"{PEOPLE}/{room.people['editor@acme.test']}/role"
    assert (await boss.post(path, role="owner", was="editor")).status == 303
    assert (await editor.get(PEOPLE)).status == 200
    assert editor.cookie() not in {"", was}
    assert (await editor.get("/t/acme/")).status == 200, "the new token is theirs"
    late = await boss.post(path, role="viewer", was="editor")
    assert late.status == 422, "the page showed another role than there is by now"
    assert "Somebody else changed the role" in await late.text()


async def test_the_last_owner_neither_goes_nor_becomes_something_else(
    boss: Person, room: Newsroom, owner: Owner
) -> None:
    me = room.people["owner@acme.test"]
    for path, fields in ((f"{PEOPLE}/{me}/remove", {}), (f"{PEOPLE}/{me}/role", {"role": "editor", "was": "owner"})):
        answer = await boss.post(path, **fields)
        assert answer.status == 422
        assert "Somebody who may come in has to own Acme Harbour News" in await answer.text()
    # somebody who was invited and never came could not let anybody in either
    await boss.post(PEOPLE, email="new@else.test", role="owner")
    assert (await boss.post(f"{PEOPLE}/{me}/remove")).status == 422
    assert await role_of(owner, "owner@acme.test") == "owner"


async def test_of_two_owners_who_take_each_other_out_one_stays(desk: Desk, acme: Tenant, owner: Owner) -> None:
    for attempt in range(6):
        first, second = [UserId(uuid7(desk.sv.clock.now())) for _ in range(2)]
        async with desk.sv.platform.tx() as tx:
            tenant = replace(acme, id=acme.id)
            for number, user in enumerate((first, second)):
                email = f"o{attempt}-{number}@acme.test"
                await people.add(tx, user, email=email, name="", password_hash="x", admin=False)
                await people.join(tx, tenant.id, user, Role.OWNER)
            await tx.execute("update members set role = 'viewer' where user_id <> all($1::uuid[])", [first, second])
        results = await asyncio.gather(
            members.remove(desk.sv, first, acme, second),
            members.change_role(desk.sv, second, acme, first, role=Role.VIEWER),
            members.remove(desk.sv, second, acme, second),
            return_exceptions=True,
        )
        assert {type(result) for result in results} <= {type(None), NotFound, Refused}
        left = await owner.fetchval("select count(*) from members where tenant_id = $1 and role = 'owner'", acme.id)
        assert left >= 1, results


async def test_taking_somebody_out_ends_their_links_and_tokens_here_and_nothing_elsewhere(
    boss: Person, editor: Person, room: Newsroom, owner: Owner
) -> None:
    who = room.people["editor@acme.test"]
    await owner.execute("insert into members (tenant_id, user_id, role) values ($1, $2, 'viewer')", room.other, who)
    for tenant in (room.tenant, room.other):
        await owner.execute(
            """insert into api_tokens (tenant_id, id, user_id, name, hash, scopes)
               values ($1, gen_random_uuid(), $2, 'n', sha256(gen_random_uuid()::text::bytea), '{drafts:read}')""",
            tenant,
            who,
        )
    await owner.execute(
        """insert into review_links (tenant_id, id, draft_id, version_id, user_id, expires_at)
           values ($1, gen_random_uuid(), $2, $3, $4, cid_now() + interval '1 day')""",
        room.tenant,
        room.drafts["drafted"],
        room.versions["drafted"],
        who,
    )
    assert (await boss.post(f"{PEOPLE}/{who}/remove")).status == 303
    assert (await editor.get("/t/acme/")).status == 404, "they see it at once"
    assert (await editor.get("/t/other/")).status == 200, "and stay signed in where they belong"
    ended = await owner.fetch("select tenant_id, revoked_at is not null as ended from api_tokens")
    assert {row["tenant_id"]: row["ended"] for row in ended} == {room.tenant: True, room.other: False}
    assert await owner.fetchval("select count(*) from review_links where revoked_at is null") == 0
    told = await owner.fetchrow("select tenant_id, detail from audit where action = 'member.removed'")
    assert told is not None
    assert told["tenant_id"] == room.tenant
    assert (await boss.post(f"{PEOPLE}/{who}/remove")).status == 404


async def test_an_invitation_can_be_mailed_again_and_withdrawn(boss: Person, desk: Desk, owner: Owner) -> None:
    await boss.post(PEOPLE, email="new@else.test", role="viewer")
    who = await owner.fetchval("select id from users where email = 'new@else.test'")
    assert (await boss.post(f"{PEOPLE}/{who}/again")).status == 303
    first, second = [letters.link(letter) for letter in await letters.to(desk.sv, owner, "new@else.test")]
    async with desk.person() as newcomer:
        assert (await newcomer.get(first)).status == 404
        assert (await newcomer.get(second)).status == 200
        assert (await boss.post(f"{PEOPLE}/{who}/remove")).status == 303
        assert (await newcomer.get(second)).status == 404
        assert (await newcomer.post(second, password=SENTENCE)).status == 404
    assert "new@else.test" not in await boss.text(PEOPLE)


async def test_who_was_here_is_not_invited_again(boss: Person, editor: Person, room: Newsroom) -> None:
    await editor.text("/t/acme/")
    answer = await boss.post(f"{PEOPLE}/{room.people['editor@acme.test']}/again")
    assert answer.status == 422
    assert "was here already" in await answer.text()
    assert (
        "is in Acme Harbour News already"
        in await (await boss.post(PEOPLE, email="editor@acme.test", role="owner")).text()
    )


async def test_invitations_go_out_with_measure(boss: Person, database_time: DatabaseTime) -> None:
    """To one address three a day, of one tenant twenty an hour."""
    statuses = [(await boss.post(PEOPLE, email=f"p{n}@else.test", role="viewer")).status for n in range(21)]
    assert statuses == [303] * 20 + [429]
    await database_time.advance(timedelta(hours=1))
    for _ in range(3):
        await boss.post(PEOPLE, email="one@else.test", role="viewer")
    assert (await boss.post(PEOPLE, email="one@else.test", role="viewer")).status == 429


async def test_the_page_says_where_no_mail_goes_out(boss: Person) -> None:
    assert "cid users password ADDRESS" in await boss.text(PEOPLE)


async def test_a_long_list_of_people_is_found_and_leafed_through(boss: Person, room: Newsroom, owner: Owner) -> None:
    await owner.execute(
        """with u as (insert into users (id, email) select gen_random_uuid(), 'p' || lpad(n::text, 3, '0') || '@x.test'
                      from generate_series(1, 60) n returning id)
           insert into members (tenant_id, user_id, role) select $1, id, 'viewer' from u""",
        room.tenant,
    )
    page = await boss.text(PEOPLE)
    next_ = re.search(rf'href="({PEOPLE}\?after=[^"]+)" rel="next"', page)
    assert next_
    second = await boss.text(next_[1])
    assert "p060@x.test" in second
    assert "p060@x.test" not in page
    found = await boss.text(f"{PEOPLE}?q=P042")
    assert "p042@x.test" in found
    assert "p041@x.test" not in found
    assert (await boss.get(f"{PEOPLE}?q=%00")).status == 404


async def test_running_the_desk_is_passed_on_and_never_lost(
    admin: Person, boss: Person, room: Newsroom, owner: Owner
) -> None:
    me = await owner.fetchval("select id from users where email = $1", ADMIN)
    for path in (f"/platform/people/{me}/off", f"/platform/people/{me}/admin"):
        answer = await admin.post(path)
        assert answer.status == 422
        assert "Somebody has to run this desk" in await answer.text()
    other = room.people["owner@acme.test"]
    assert (await boss.get("/platform/people")).status == 404
    assert (await admin.post(f"/platform/people/{other}/admin", wanted="1")).status == 303
    assert (await boss.get("/platform/people")).status == 200
    assert (await admin.post(f"/platform/people/{me}/admin")).status == 303
    assert (await admin.get("/platform/people")).status == 404


async def test_switching_somebody_off_ends_all_that_acts_for_them_and_letting_in_again_gives_back_the_roles(
    admin: Person, editor: Person, desk: Desk, room: Newsroom, owner: Owner
) -> None:
    who = room.people["editor@acme.test"]
    await owner.execute(
        """insert into api_tokens (tenant_id, id, user_id, name, hash, scopes)
           values ($1, gen_random_uuid(), $2, 'n', sha256('x'), '{drafts:read}')""",
        room.tenant,
        who,
    )
    assert (await admin.post(f"/platform/people/{who}/off")).status == 303
    assert (await editor.get("/t/acme/")).status == 303
    assert await owner.fetchval("select revoked_at is not null from api_tokens where name = 'n'") is True
    assert "switched off" in await admin.text("/platform/people?q=editor")
    assert (await admin.post(f"/platform/people/{who}/on")).status == 303
    assert (await admin.post(f"/platform/people/{who}/on")).status == 422
    async with desk.person("editor@acme.test") as again:
        assert "Role: editor" in await again.text("/t/acme/")
    assert await owner.fetchval("select revoked_at is not null from api_tokens where name = 'n'") is True


async def test_of_two_admins_who_switch_each_other_off_one_stays(desk: Desk, room: Newsroom, owner: Owner) -> None:
    for _ in range(5):
        await owner.execute("update users set admin = email in ($1, 'owner@acme.test'), disabled_at = null", ADMIN)
        await asyncio.gather(
            operating.disable_user(desk.sv, email=ADMIN),
            operating.set_admin(desk.sv, email="owner@acme.test", admin=False),
            return_exceptions=True,
        )
        assert await owner.fetchval("select count(*) from users where admin and disabled_at is null") == 1


async def test_last_seen_is_kept_for_each_tenant(boss: Person, editor: Person, owner: Owner) -> None:
    at = "select seen_at from members m join users u on u.id = m.user_id where u.email = 'analyst@acme.test'"
    assert await owner.fetchval(at) is None
    assert "has not come yet" in await boss.text(PEOPLE)
    await editor.text("/t/acme/")
    seen = await owner.fetchval(at.replace("analyst", "editor"))
    await editor.text("/t/acme/items")
    assert await owner.fetchval(at.replace("analyst", "editor")) == seen, "written once a minute and no oftener"
