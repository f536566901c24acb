"""`cid tenants` and `cid audit`, as they are typed: a rest, an archive, an end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
import pytest

from cid.pg.embedded import OWNER
from tests.web.test_people_commands import Run, run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Database

__all__ = ["run"]


async def test_a_tenant_rests_and_goes_on_and_the_log_says_so(run: Run) -> None:
    await run("tenants", "add", "Pier")
    assert (await run("tenants", "pause", "pier"))[0] == 2
    assert (await run("tenants", "pause", "pier", "--reason", "A bill."))[
        1
    ] == "Pier is paused. What is under way ends.\n"
    assert "(paused: A bill.)" in (await run("tenants", "list"))[1]
    code, _out, said = await run("tenants", "pause", "pier", "--reason", "Again.")
    assert (code, "paused already" in said) == (1, True)
    assert (await run("tenants", "resume", "pier"))[1] == "Pier goes on.\n"
    lines = json.loads((await run("audit", "--tenant", "pier", "--json"))[1])
    assert {line["action"] for line in lines} == {"tenant.paused", "tenant.resumed"}
    assert "tenant.paused" not in (await run("audit"))[1]
    assert "Nothing on record" in (await run("audit", "--tenant", "pier", "--action", "none.such"))[1]
    assert (await run("audit", "--as", "nobody@pier.test"))[0] == 1


async def test_an_archive_is_a_file_or_a_folder_that_was_not_there(run: Run, tmp_path: Path) -> None:
    await run("tenants", "add", "Pier")
    for name in ("pier.zip", "folder"):
        assert (await run("tenants", "export", "pier", str(tmp_path / name)))[0] == 0
        assert (await run("tenants", "export", "pier", str(tmp_path / name)))[0] == 2
    assert (tmp_path / "pier.zip").read_bytes()[:2] == b"PK"
    manifest = json.loads((tmp_path / "folder" / "manifest.json").read_text())
    assert manifest["tenant"] == "pier"
    assert (tmp_path / "folder" / "channels.jsonl").read_text().count("\n") == 1


async def test_a_tenant_goes_only_when_it_is_named_twice(
    run: Run,
    database: Database,
    owner: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def deleted(_place: object, tenant: UUID) -> dict[str, int]:
        conn = await asyncpg.connect(database.dsn(OWNER))
        try:
            return dict(json.loads(await conn.fetchval("select delete_tenant($1)::text", tenant)))
        finally:
            await conn.close()

    monkeypatch.setattr("cid.cli.tenants.delete_tenant", deleted)
    await run("tenants", "add", "Pier")
    site = tmp_path / "site" / "pier"
    site.mkdir(parents=True)
    for typed in ((), ("--yes-delete", "other")):
        code, _out, said = await run("tenants", "delete", "pier", *typed, "--data", str(tmp_path))
        assert (code, "nothing was deleted" in said) == (2, True)
    assert await owner.fetchval("select count(*) from tenants where slug = 'pier' and paused_at is null") == 1
    code, said, _err = await run("tenants", "delete", "pier", "--yes-delete", "pier", "--data", str(tmp_path))
    assert (code, "Pier is gone" in said) == (0, True)
    assert await owner.fetchval("select count(*) from tenants where slug = 'pier'") == 0
    assert not site.exists()
    assert "tenant.deleted" in (await run("audit"))[1]
